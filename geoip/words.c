/* SPDX-License-Identifier: BSD-2-Clause */
#include "geoip/words.h"
#include "geoip/place.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CODE_LEN = 2, SUBDIVISION_MIN = 4, SUBDIVISION_MAX = 6 };

static const char *const kind_names[] = {
    [PLACE_WORD_GLOBAL] = "global",
    [PLACE_WORD_REGION] = "region",
    [PLACE_WORD_CONTINENT] = "continent",
    [PLACE_WORD_COUNTRY] = "country",
    [PLACE_WORD_SUBDIVISION] = "subdivision",
    [PLACE_WORD_ASN] = "asn",
    [PLACE_WORD_TAG] = "tag",
    [PLACE_WORD_NET] = "net",
};

struct problem {
    char *text;
    size_t size;
};

static enum status refuse(const struct problem *problem, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static enum status
refuse(const struct problem *problem, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(problem->text, problem->size, format, args);
    va_end(args);
    return ERR_FORMAT;
}

static void
upper(const char *text, char *to, size_t size)
{
    size_t i = 0;

    for (; text[i] && i + 1 < size; i++)
        to[i] = (char)toupper((unsigned char)text[i]);
    to[i] = '\0';
}

static bool
is_country(const char *code)
{
    return strlen(code) == CODE_LEN && country_continent(code) != NULL;
}

static bool
is_continent(const char *code)
{
    return strlen(code) == CODE_LEN && continent_is_known(code);
}

/* ISO 3166-2: a country, a hyphen, one to three letters or digits. */
static bool
is_subdivision(const char *code)
{
    const size_t len = strlen(code);
    char country[CODE_LEN + 1] = "";

    if (len < SUBDIVISION_MIN || len > SUBDIVISION_MAX || code[CODE_LEN] != '-')
        return false;
    memcpy(country, code, CODE_LEN);
    for (const char *at = code + CODE_LEN + 1; *at; at++) {
        if (!isdigit((unsigned char)*at) && !isupper((unsigned char)*at))
            return false;
    }
    return is_country(country);
}

/* Tags and regions: letters, digits, '-', '_', '.'. */
static bool
is_name(const char *text)
{
    const size_t len = strlen(text);

    if (len == 0 || len >= PLACE_NAME_SIZE)
        return false;
    for (const char *at = text; *at; at++) {
        if (!isalnum((unsigned char)*at) && !strchr("-_.", *at))
            return false;
    }
    return true;
}

static void
set_name(struct place_word *word, enum place_kind kind, const char *name)
{
    word->kind = kind;
    (void)snprintf(word->name, sizeof(word->name), "%s", name);
}

static enum status
parse_asn(const char *value, struct place_word *word, const struct problem *problem)
{
    const char *const digits = strncasecmp(value, "AS", 2) == 0 ? value + 2 : value;
    char *end;
    const unsigned long long number = strtoull(digits, &end, 10);

    if (digits != value)
        return refuse(problem, "'asn:%s': write the number alone, 'asn:%s'", value,
                      digits);
    if (!isdigit((unsigned char)*digits) || *end || number == 0 || number > UINT32_MAX)
        return refuse(problem, "'asn:%s' is not an AS number from 1 to 4294967295",
                      value);
    word->kind = PLACE_WORD_ASN;
    word->asn = (uint32_t)number;
    return OK;
}

static enum status
parse_net(const char *value, struct place_word *word, const struct problem *problem)
{
    const enum status status = prefix_parse(value, &word->net);

    word->kind = PLACE_WORD_NET;
    if (status == ERR_RANGE)
        return refuse(problem, "'net:%s' has address bits past its length", value);
    if (status != OK)
        return refuse(problem, "'net:%s' is not a prefix, such as net:192.0.2.0/24",
                      value);
    return OK;
}

static enum status
parse_code(const char *value, enum place_kind kind, struct place_word *word,
           const struct problem *problem)
{
    static bool (*const checks[])(const char *) = {
        [PLACE_WORD_REGION] = is_name,     [PLACE_WORD_CONTINENT] = is_continent,
        [PLACE_WORD_COUNTRY] = is_country, [PLACE_WORD_SUBDIVISION] = is_subdivision,
        [PLACE_WORD_TAG] = is_name,
    };
    char big[PLACE_NAME_SIZE], better[PLACE_WORD_TEXT_SIZE + PLACE_NAME_SIZE];

    if (checks[kind](value)) {
        set_name(word, kind, value);
        return OK;
    }
    upper(value, big, sizeof(big));
    (void)snprintf(better, sizeof(better), "%s:%s", kind_names[kind], big);
    if (checks[kind](big))
        return refuse(problem, "codes are written in capitals: '%s' is '%s'", value,
                      better);
    return refuse(problem, "'%s:%s' is no %s", kind_names[kind], value, kind_names[kind]);
}

/* "kind:value". */
static enum status
parse_kind(const char *text, const char *colon, struct place_word *word,
           const struct problem *problem)
{
    const size_t len = (size_t)(colon - text);

    for (size_t kind = PLACE_WORD_REGION; kind <= PLACE_WORD_NET; kind++) {
        if (strlen(kind_names[kind]) != len || strncmp(kind_names[kind], text, len) != 0)
            continue;
        if (kind == PLACE_WORD_ASN)
            return parse_asn(colon + 1, word, problem);
        if (kind == PLACE_WORD_NET)
            return parse_net(colon + 1, word, problem);
        return parse_code(colon + 1, (enum place_kind)kind, word, problem);
    }
    return refuse(
        problem,
        "'%s': a place is continent:, country:, subdivision:, asn:, net:, tag:, "
        "region: and a name, or global",
        text);
}

/* "EU-DE", "NA-US-CA"; the continent may be the wrong one. */
static bool
is_octodns(const char *text)
{
    char continent[CODE_LEN + 1] = "", country[CODE_LEN + 1] = "";
    const size_t len = strlen(text);

    if (len >= PLACE_NAME_SIZE || len < 5 || text[2] != '-')
        return false;
    memcpy(continent, text, CODE_LEN);
    memcpy(country, text + 3, CODE_LEN);
    return is_continent(continent) &&
           (len > 5 ? is_subdivision(text + 3) : is_country(country));
}

/* Only the country counts; a wrong continent is a warning. */
static enum status
parse_octodns(const char *text, struct place_word *word, const struct problem *problem)
{
    char big[PLACE_NAME_SIZE] = "";

    upper(text, big, sizeof(big));
    if (!is_octodns(text))
        return is_octodns(big)
                   ? refuse(problem, "codes are written in capitals: '%s' is '%s'", text,
                            big)
                   : refuse(problem, "'%s' is not a place, such as EU or country:DE",
                            text);
    const char *const code = text + 3;
    set_name(word, code[CODE_LEN] ? PLACE_WORD_SUBDIVISION : PLACE_WORD_COUNTRY, code);
    const char *const continent = country_continent(code);
    if (memcmp(continent, text, CODE_LEN) != 0)
        (void)snprintf(problem->text, problem->size, "'%s': %.2s is in %s; write '%s-%s'",
                       text, code, continent, continent, code);
    return OK;
}

static enum status
parse_bare(const char *text, struct place_word *word, const struct problem *problem)
{
    char big[PLACE_NAME_SIZE], better[PLACE_WORD_TEXT_SIZE + PLACE_NAME_SIZE];

    if (is_continent(text)) {
        set_name(word, PLACE_WORD_CONTINENT, text);
        return OK;
    }
    if (strcasecmp(text, "global") == 0)
        return refuse(problem, "'%s' is not a place: write 'global'", text);
    upper(text, big, sizeof(big));
    (void)snprintf(better, sizeof(better), "country:%s", big);
    if (is_country(big))
        return refuse(problem, "'%s' alone is ambiguous: write '%s'", text, better);
    (void)snprintf(better, sizeof(better), "continent:%s", big);
    if (is_continent(big))
        return refuse(problem, "codes are written in capitals: '%s' is '%s'", text,
                      better);
    if (strncmp(big, "AS", 2) == 0 && isdigit((unsigned char)big[2])) {
        (void)snprintf(better, sizeof(better), "asn:%s", big + 2);
        return refuse(problem, "'%s' is not a place: write '%s'", text, better);
    }
    if (is_subdivision(big) && !is_continent((const char[]){ big[0], big[1], '\0' })) {
        (void)snprintf(better, sizeof(better), "subdivision:%s", big);
        return refuse(problem, "'%s' is not a place: write '%s'", text, better);
    }
    return parse_octodns(text, word, problem);
}

enum status
place_word_parse(const char *text, struct place_word *ret_word, char *ret_problem,
                 size_t problem_size)
{
    const struct problem problem = { ret_problem, problem_size };
    const char *const colon = strchr(text, ':');
    struct place_word word = { 0 };

    ret_problem[0] = '\0';
    if (prefix_parse(text, &word.net) == OK)
        return refuse(&problem, "'%s' is not a place: write 'net:%s'", text, text);
    const enum status status = strcmp(text, "global") == 0 ? OK
                               : colon ? parse_kind(text, colon, &word, &problem)
                                       : parse_bare(text, &word, &problem);
    if (status == OK)
        *ret_word = word;
    return status;
}

const char *
place_word_text(const struct place_word *word, char buffer[PLACE_WORD_TEXT_SIZE])
{
    char net[PREFIX_TEXT_SIZE];

    if (word->kind == PLACE_WORD_GLOBAL)
        (void)snprintf(buffer, PLACE_WORD_TEXT_SIZE, "global");
    else if (word->kind == PLACE_WORD_ASN)
        (void)snprintf(buffer, PLACE_WORD_TEXT_SIZE, "asn:%u", (unsigned)word->asn);
    else
        (void)snprintf(buffer, PLACE_WORD_TEXT_SIZE, "%s:%s", kind_names[word->kind],
                       word->kind == PLACE_WORD_NET ? prefix_text(&word->net, net)
                                                    : word->name);
    return buffer;
}

int
place_word_compare(const struct place_word *a, const struct place_word *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->kind == PLACE_WORD_ASN)
        return (a->asn > b->asn) - (a->asn < b->asn);
    if (a->kind != PLACE_WORD_NET)
        return strcmp(a->name, b->name);
    if (a->net.len != b->net.len)
        return a->net.len < b->net.len ? -1 : 1;
    return addr_compare(&a->net.addr, &b->net.addr);
}

bool
place_word_equal(const struct place_word *a, const struct place_word *b)
{
    return place_word_compare(a, b) == 0;
}

bool
place_word_holds(const struct place_word *word, const struct place *place,
                 const char *const *tags)
{
    switch (word->kind) {
    case PLACE_WORD_GLOBAL: return true;
    case PLACE_WORD_CONTINENT: return strcmp(place->continent, word->name) == 0;
    case PLACE_WORD_COUNTRY: return strcmp(place->country, word->name) == 0;
    case PLACE_WORD_SUBDIVISION: return strcmp(place->subdivision, word->name) == 0;
    case PLACE_WORD_ASN: return place->asn == word->asn;
    case PLACE_WORD_TAG: return place->tag && strcmp(tags[place->tag], word->name) == 0;
    case PLACE_WORD_NET:
    case PLACE_WORD_REGION: break;
    }
    return false;
}

bool
place_word_covers(const struct place_word *wide, const struct place_word *narrow)
{
    if (wide->kind == PLACE_WORD_GLOBAL || place_word_equal(wide, narrow))
        return true;
    if (wide->kind == PLACE_WORD_NET)
        return narrow->kind == PLACE_WORD_NET && prefix_covers(&wide->net, &narrow->net);
    const bool has_country =
        narrow->kind == PLACE_WORD_COUNTRY || narrow->kind == PLACE_WORD_SUBDIVISION;
    if (!has_country)
        return false;
    if (wide->kind == PLACE_WORD_COUNTRY)
        return memcmp(wide->name, narrow->name, CODE_LEN) == 0;
    return wide->kind == PLACE_WORD_CONTINENT &&
           memcmp(country_continent(narrow->name), wide->name, CODE_LEN) == 0;
}

bool
place_word_to_place(const struct place_word *word, const char *const *tags,
                    size_t tag_count, struct place *ret_place)
{
    struct place place = { .special = false };

    switch (word->kind) {
    case PLACE_WORD_GLOBAL: break;
    case PLACE_WORD_CONTINENT: memcpy(place.continent, word->name, CODE_LEN); break;
    case PLACE_WORD_SUBDIVISION:
        (void)snprintf(place.subdivision, sizeof(place.subdivision), "%.6s", word->name);
        __attribute__((fallthrough));
    case PLACE_WORD_COUNTRY:
        memcpy(place.country, word->name, CODE_LEN);
        memcpy(place.continent, country_continent(word->name), CODE_LEN);
        break;
    case PLACE_WORD_ASN: place.asn = word->asn; break;
    case PLACE_WORD_TAG:
        for (size_t i = 1; i < tag_count; i++) {
            if (strcmp(tags[i], word->name) == 0)
                place.tag = (uint16_t)i;
        }
        break;
    case PLACE_WORD_NET:
    case PLACE_WORD_REGION: return false;
    }
    *ret_place = place;
    return true;
}
