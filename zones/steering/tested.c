/* SPDX-License-Identifier: BSD-2-Clause */
/* Words and nets that rules test. Two-letter codes are direct tables, the others sorted
 * arrays. */
#include "zones/steering/tested.h"
#include "dns/base/array.h"
#include <stdlib.h>
#include <string.h>

enum { KEY_BITS_MAX = 63 }; /* all ones stays free for the caller's own use */

/* ---- codes ------------------------------------------------------------------------ */

/* Index of a two-letter code, or CODE_PAIRS for anything else. */
static size_t
code_index(const char *code)
{
    if (code[0] < 'A' || code[0] > 'Z' || code[1] < 'A' || code[1] > 'Z')
        return CODE_PAIRS;
    return (size_t)(code[0] - 'A') * 26 + (size_t)(code[1] - 'A');
}

/* Up to eight bytes of text as a number; subdivisions have at most six. */
static uint64_t
pack_text(const char *text)
{
    uint64_t packed = 0;

    for (size_t i = 0; i < 8 && text[i]; i++)
        packed |= (uint64_t)(unsigned char)text[i] << (8 * i);
    return packed;
}

/* ---- collecting ------------------------------------------------------------------- */

/* What grows while words are collected. */
struct collector {
    struct tested *tested;
    size_t subdivision_capacity, asn_capacity, tag_capacity, net_capacity;
};

static void
mark(struct tested *tested, enum tested_field field, uint16_t *table, const char *code)
{
    const size_t index = code_index(code);

    if (index < CODE_PAIRS && !table[index])
        table[index] = (uint16_t)++tested->count[field];
}

static enum status
add_subdivision(struct collector *collector, const char *name)
{
    struct tested *tested = collector->tested;
    const size_t count = tested->count[TESTED_SUBDIVISION];
    const enum status status =
        array_reserve(&tested->subdivisions, &collector->subdivision_capacity, count + 1,
                      sizeof(*tested->subdivisions));

    if (status == OK) {
        tested->subdivisions[count] = pack_text(name);
        tested->count[TESTED_SUBDIVISION]++;
    }
    return status;
}

static enum status
add_asn(struct collector *collector, uint32_t asn)
{
    struct tested *tested = collector->tested;
    const size_t count = tested->count[TESTED_ASN];
    const enum status status = array_reserve(&tested->asns, &collector->asn_capacity,
                                             count + 1, sizeof(*tested->asns));

    if (status == OK) {
        tested->asns[count] = asn;
        tested->count[TESTED_ASN]++;
    }
    return status;
}

static enum status
add_tag(struct collector *collector, const char *name)
{
    struct tested *tested = collector->tested;
    const size_t count = tested->count[TESTED_TAG];
    const enum status status = array_reserve(&tested->tags, &collector->tag_capacity,
                                             count + 1, sizeof(*tested->tags));

    if (status == OK) {
        memcpy(tested->tags[count], name, PLACE_NAME_SIZE);
        tested->count[TESTED_TAG]++;
    }
    return status;
}

static enum status
add_word(struct collector *collector, const struct place_word *word)
{
    struct tested *tested = collector->tested;

    switch (word->kind) {
    case PLACE_WORD_CONTINENT:
        mark(tested, TESTED_CONTINENT, tested->continents, word->name);
        return OK;
    case PLACE_WORD_COUNTRY:
        mark(tested, TESTED_COUNTRY, tested->countries, word->name);
        return OK;
    case PLACE_WORD_SUBDIVISION: return add_subdivision(collector, word->name);
    case PLACE_WORD_ASN: return add_asn(collector, word->asn);
    case PLACE_WORD_TAG: return add_tag(collector, word->name);
    case PLACE_WORD_GLOBAL:
    case PLACE_WORD_REGION:
    case PLACE_WORD_NET: break;
    }
    return OK;
}

static enum status
add_rule(struct collector *collector, const struct rule *rule)
{
    struct tested *tested = collector->tested;
    enum status status = OK;

    for (size_t i = 0; status == OK && i < rule->word_count; i++)
        status = add_word(collector, &rule->words[i]);
    if (status == OK)
        status =
            array_reserve(&tested->nets, &collector->net_capacity,
                          tested->net_count + rule->subnet_count, sizeof(*tested->nets));
    for (size_t i = 0; status == OK && i < rule->subnet_count; i++)
        tested->nets[tested->net_count++].net = rule->subnets[i];
    return status;
}

/* ---- sorting ---------------------------------------------------------------------- */

static int
compare_u64(const void *a, const void *b)
{
    const uint64_t left = *(const uint64_t *)a;
    const uint64_t right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

static int
compare_u32(const void *a, const void *b)
{
    const uint32_t left = *(const uint32_t *)a;
    const uint32_t right = *(const uint32_t *)b;

    return (left > right) - (left < right);
}

static int
compare_tags(const void *a, const void *b)
{
    return strcmp(a, b);
}

static int
compare_nets(const void *a, const void *b)
{
    const struct tested_net *left = a;
    const struct tested_net *right = b;
    const int order = addr_compare(&left->net.addr, &right->net.addr);

    return order ? order : left->net.len - right->net.len;
}

/* Sorts and keeps one of equal items; returns how many are left. */
static size_t
sort_once(void *items, size_t count, size_t size,
          int (*compare)(const void *, const void *))
{
    unsigned char *bytes = items;
    size_t kept = 0;

    if (!count)
        return 0;
    qsort(items, count, size, compare);
    for (size_t i = 0; i < count; i++)
        if (!i || compare(bytes + (kept - 1) * size, bytes + i * size) != 0)
            memmove(bytes + kept++ * size, bytes + i * size, size);
    return kept;
}

static void
link_nets(struct tested *tested)
{
    for (size_t i = 0; i < tested->net_count; i++) {
        uint32_t parent = (uint32_t)i; /* index + 1 of the one before */

        while (parent &&
               !prefix_covers(&tested->nets[parent - 1].net, &tested->nets[i].net))
            parent = tested->nets[parent - 1].parent;
        tested->nets[i].parent = parent;
    }
}

static enum status
finish(struct tested *tested)
{
    unsigned total = 0;

    tested->count[TESTED_SUBDIVISION] =
        sort_once(tested->subdivisions, tested->count[TESTED_SUBDIVISION],
                  sizeof(*tested->subdivisions), compare_u64);
    tested->count[TESTED_ASN] = sort_once(tested->asns, tested->count[TESTED_ASN],
                                          sizeof(*tested->asns), compare_u32);
    tested->count[TESTED_TAG] = sort_once(tested->tags, tested->count[TESTED_TAG],
                                          sizeof(*tested->tags), compare_tags);
    tested->net_count =
        sort_once(tested->nets, tested->net_count, sizeof(*tested->nets), compare_nets);
    link_nets(tested);
    for (unsigned field = 0; field < TESTED_FIELDS; field++) {
        while (tested->count[field] >> tested->bits[field])
            tested->bits[field]++;
        total += tested->bits[field];
    }
    return total > KEY_BITS_MAX ? ERR_LIMIT : OK;
}

enum status
tested_new(const struct policy *const *policies, size_t count, struct tested **ret_tested)
{
    struct collector collector = { .tested = calloc(1, sizeof(struct tested)) };
    enum status status = collector.tested ? OK : ERR_NOMEM;

    for (size_t i = 0; status == OK && i < count; i++)
        for (size_t j = 0; status == OK && j < policies[i]->rule_count; j++)
            status = add_rule(&collector, &policies[i]->rules[j]);
    if (status == OK)
        status = finish(collector.tested);
    if (status == OK)
        *ret_tested = collector.tested;
    else
        tested_free(collector.tested);
    return status;
}

void
tested_free(struct tested *tested)
{
    if (!tested)
        return;
    free(tested->subdivisions);
    free(tested->asns);
    free(tested->tags);
    free(tested->nets);
    free(tested);
}

static bool
same_bytes(const void *a, const void *b, size_t count, size_t size)
{
    return !count || memcmp(a, b, count * size) == 0;
}

static bool
same_nets(const struct tested *a, const struct tested *b)
{
    for (size_t i = 0; i < a->net_count; i++)
        if (!prefix_equal(&a->nets[i].net, &b->nets[i].net))
            return false;
    return true;
}

static bool
same_tags(const struct tested *a, const struct tested *b)
{
    for (size_t i = 0; i < a->count[TESTED_TAG]; i++)
        if (strcmp(a->tags[i], b->tags[i]) != 0)
            return false;
    return true;
}

/* Codes are numbered as they come, so only whether they are tested is compared. */
static bool
same_codes(const uint16_t *a, const uint16_t *b)
{
    for (size_t i = 0; i < CODE_PAIRS; i++)
        if (!a[i] != !b[i])
            return false;
    return true;
}

bool
tested_equal(const struct tested *a, const struct tested *b)
{
    return memcmp(a->count, b->count, sizeof(a->count)) == 0 &&
           a->net_count == b->net_count && same_codes(a->continents, b->continents) &&
           same_codes(a->countries, b->countries) &&
           same_bytes(a->subdivisions, b->subdivisions, a->count[TESTED_SUBDIVISION],
                      sizeof(*a->subdivisions)) &&
           same_bytes(a->asns, b->asns, a->count[TESTED_ASN], sizeof(*a->asns)) &&
           same_tags(a, b) && same_nets(a, b);
}

/* ---- look-ups --------------------------------------------------------------------- */

static uint32_t
find_subdivision(const struct tested *tested, const char *name)
{
    const uint64_t wanted = pack_text(name);
    size_t low = 0;
    size_t high = tested->count[TESTED_SUBDIVISION];

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (tested->subdivisions[middle] < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    const bool found =
        low < tested->count[TESTED_SUBDIVISION] && tested->subdivisions[low] == wanted;
    return found ? (uint32_t)low + 1 : 0;
}

static uint32_t
find_asn(const struct tested *tested, uint32_t asn)
{
    size_t low = 0;
    size_t high = tested->count[TESTED_ASN];

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (tested->asns[middle] < asn)
            low = middle + 1;
        else
            high = middle;
    }
    const bool found = low < tested->count[TESTED_ASN] && tested->asns[low] == asn;
    return found ? (uint32_t)low + 1 : 0;
}

static uint32_t
find_tag(const struct tested *tested, const char *name)
{
    const char(*found)[PLACE_NAME_SIZE] = NULL;
    const size_t count = tested->count[TESTED_TAG];

    if (count)
        found = bsearch(name, tested->tags, count, sizeof(*tested->tags), compare_tags);
    return found ? (uint32_t)(found - (const char(*)[PLACE_NAME_SIZE])tested->tags) + 1
                 : 0;
}

static uint32_t
find_code(const uint16_t *table, const char *code)
{
    const size_t index = code_index(code);

    return index < CODE_PAIRS ? table[index] : 0;
}

uint32_t
tested_word(const struct tested *tested, const struct place_word *word,
            enum tested_field *ret_field)
{
    switch (word->kind) {
    case PLACE_WORD_CONTINENT:
        *ret_field = TESTED_CONTINENT;
        return find_code(tested->continents, word->name);
    case PLACE_WORD_COUNTRY:
        *ret_field = TESTED_COUNTRY;
        return find_code(tested->countries, word->name);
    case PLACE_WORD_SUBDIVISION:
        *ret_field = TESTED_SUBDIVISION;
        return find_subdivision(tested, word->name);
    case PLACE_WORD_ASN: *ret_field = TESTED_ASN; return find_asn(tested, word->asn);
    case PLACE_WORD_TAG: *ret_field = TESTED_TAG; return find_tag(tested, word->name);
    case PLACE_WORD_GLOBAL:
    case PLACE_WORD_REGION:
    case PLACE_WORD_NET: break;
    }
    return 0;
}

size_t
tested_find_net(const struct tested *tested, const struct prefix *net)
{
    const struct tested_net wanted = { *net, 0 };
    const struct tested_net *found = NULL;

    if (tested->net_count)
        found = bsearch(&wanted, tested->nets, tested->net_count, sizeof(wanted),
                        compare_nets);
    return found ? (size_t)(found - tested->nets) : SIZE_MAX;
}

enum status
tested_tags(const struct tested *tested, const char *const *tags, size_t tag_count,
            uint32_t **ret_by_tag)
{
    uint32_t *by_tag = calloc(tag_count + 1, sizeof(*by_tag));

    if (!by_tag)
        return ERR_NOMEM;
    for (size_t i = 1; i < tag_count; i++) /* 0 is "no tag" */
        by_tag[i] = find_tag(tested, tags[i]);
    *ret_by_tag = by_tag;
    return OK;
}

/* The database's own continent, else the country's, as place words have it. */
static uint32_t
continent_of(const struct tested *tested, const struct place *place)
{
    const char *code = place->continent;

    if (!tested->count[TESTED_CONTINENT])
        return 0;
    if (!*code && *place->country)
        code = country_continent(place->country);
    return code ? find_code(tested->continents, code) : 0;
}

void
tested_place(const struct tested *tested, const uint32_t *by_tag,
             const struct place *place, uint32_t numbers[TESTED_FIELDS])
{
    numbers[TESTED_CONTINENT] = continent_of(tested, place);
    numbers[TESTED_COUNTRY] = find_code(tested->countries, place->country);
    numbers[TESTED_SUBDIVISION] = tested->count[TESTED_SUBDIVISION] && *place->subdivision
                                      ? find_subdivision(tested, place->subdivision)
                                      : 0;
    numbers[TESTED_ASN] =
        tested->count[TESTED_ASN] && place->asn ? find_asn(tested, place->asn) : 0;
    numbers[TESTED_TAG] = by_tag[place->tag];
}

uint64_t
tested_pack(const struct tested *tested, const uint32_t numbers[TESTED_FIELDS])
{
    uint64_t key = 0;

    for (unsigned field = 0; field < TESTED_FIELDS; field++)
        key = key << tested->bits[field] | numbers[field];
    return key;
}

void
tested_unpack(const struct tested *tested, uint64_t key, uint32_t numbers[TESTED_FIELDS])
{
    for (unsigned field = TESTED_FIELDS; field-- > 0;) {
        numbers[field] = (uint32_t)(key & ((UINT64_C(1) << tested->bits[field]) - 1));
        key >>= tested->bits[field];
    }
}
