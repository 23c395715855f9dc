/* SPDX-License-Identifier: BSD-2-Clause */
/* Words and nets of all rules, sorted by content and then by rule, so that each wider
 * word (the country of a subdivision, a shorter prefix …) is one binary search. */
#include "zones/steering/cover.h"
#include "geoip/place.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMED_RULES_MAX = 8, WIDER_MAX = 3 };

struct word_at {
    const struct place_word *word;
    size_t rule;
};
struct net_at {
    struct prefix net;
    size_t rule;
};

struct cover {
    struct word_at *words; /* owned */
    size_t word_count;
    struct net_at *nets; /* owned */
    size_t net_count;
};

static int
compare_words(const void *a, const void *b)
{
    const struct word_at *left = a;
    const struct word_at *right = b;
    const int order = place_word_compare(left->word, right->word);

    return order ? order : (left->rule > right->rule) - (left->rule < right->rule);
}

static int
compare_prefixes(const struct prefix *a, const struct prefix *b)
{
    const int order = addr_compare(&a->addr, &b->addr);

    return order ? order : a->len - b->len;
}

static int
compare_nets(const void *a, const void *b)
{
    const struct net_at *left = a;
    const struct net_at *right = b;
    const int order = compare_prefixes(&left->net, &right->net);

    return order ? order : (left->rule > right->rule) - (left->rule < right->rule);
}

static void
collect(struct cover *cover, const struct rule *rules, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < rules[i].word_count; j++)
            cover->words[cover->word_count++] = (struct word_at){ &rules[i].words[j], i };
        for (size_t j = 0; j < rules[i].subnet_count; j++)
            cover->nets[cover->net_count++] = (struct net_at){ rules[i].subnets[j], i };
    }
    if (cover->word_count)
        qsort(cover->words, cover->word_count, sizeof(*cover->words), compare_words);
    if (cover->net_count)
        qsort(cover->nets, cover->net_count, sizeof(*cover->nets), compare_nets);
}

enum status
cover_new(const struct rule *rules, size_t count, struct cover **ret_cover)
{
    struct cover *cover = calloc(1, sizeof(*cover));
    size_t words = 1;
    size_t nets = 1;

    if (!cover)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        words += rules[i].word_count;
        nets += rules[i].subnet_count;
    }
    cover->words = calloc(words, sizeof(*cover->words));
    cover->nets = calloc(nets, sizeof(*cover->nets));
    if (!cover->words || !cover->nets) {
        cover_free(cover);
        return ERR_NOMEM;
    }
    collect(cover, rules, count);
    *ret_cover = cover;
    return OK;
}

void
cover_free(struct cover *cover)
{
    if (!cover)
        return;
    free(cover->words);
    free(cover->nets);
    free(cover);
}

/* The first rule that has exactly this word. */
static size_t
first_with_word(const struct cover *cover, const struct place_word *word)
{
    size_t low = 0;
    size_t high = cover->word_count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (place_word_compare(cover->words[middle].word, word) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == cover->word_count || place_word_compare(cover->words[low].word, word) != 0)
        return SIZE_MAX;
    return cover->words[low].rule;
}

static size_t
first_with_net(const struct cover *cover, const struct prefix *net)
{
    size_t low = 0;
    size_t high = cover->net_count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (compare_prefixes(&cover->nets[middle].net, net) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == cover->net_count || compare_prefixes(&cover->nets[low].net, net) != 0)
        return SIZE_MAX;
    return cover->nets[low].rule;
}

/* The word itself and every one that covers it (as place_word_covers has it), but
 * `global`. */
static size_t
wider_words(const struct place_word *word, struct place_word out[WIDER_MAX])
{
    size_t count = 0;
    const char *continent = NULL;

    out[count++] = *word;
    if (word->kind == PLACE_WORD_SUBDIVISION) {
        out[count] = (struct place_word){ .kind = PLACE_WORD_COUNTRY };
        memcpy(out[count++].name, word->name, 2);
    }
    if (word->kind == PLACE_WORD_SUBDIVISION || word->kind == PLACE_WORD_COUNTRY)
        continent = country_continent(word->name);
    if (continent) {
        out[count] = (struct place_word){ .kind = PLACE_WORD_CONTINENT };
        memcpy(out[count++].name, continent, 2);
    }
    return count;
}

size_t
cover_of_word(const struct cover *cover, const struct place_word *word, size_t rule,
              struct place_word *ret_wide)
{
    struct place_word wider[WIDER_MAX];
    const size_t count = wider_words(word, wider);
    size_t best = SIZE_MAX;

    for (size_t i = 0; i < count; i++) {
        const size_t found = first_with_word(cover, &wider[i]);

        if (found < rule && found < best) {
            best = found;
            *ret_wide = wider[i];
        }
    }
    return best;
}

size_t
cover_of_net(const struct cover *cover, const struct prefix *net, size_t rule,
             struct prefix *ret_wide)
{
    struct prefix wide = *net;
    size_t best = SIZE_MAX;

    for (unsigned len = (unsigned)net->len + 1; len-- > 0;) {
        addr_mask(&wide.addr, len);
        wide.len = (uint8_t)len;
        const size_t found = first_with_net(cover, &wide);
        if (found < rule && found < best) {
            best = found;
            *ret_wide = wide;
        }
    }
    return best;
}

/* ---- rules that are never reached ------------------------------------------------- */

/* Numbers of the rules that hold another one's places, as text: "rule 1", "rules 1, 3".
 */
struct holders {
    size_t rules[NAMED_RULES_MAX];
    size_t count;
    bool more;
};

static void
note_holder(struct holders *holders, size_t rule)
{
    for (size_t i = 0; i < holders->count; i++)
        if (holders->rules[i] == rule)
            return;
    if (holders->count == NAMED_RULES_MAX)
        holders->more = true;
    else
        holders->rules[holders->count++] = rule;
}

static void
print_holders(const struct holders *holders, char *buffer, size_t size)
{
    size_t len = 0;

    buffer[0] = '\0';
    for (size_t i = 0; i < holders->count && len < size; i++)
        len += (size_t)snprintf(buffer + len, size - len, "%s%zu", i ? ", " : "",
                                holders->rules[i] + 1);
    if (holders->more && len < size)
        (void)snprintf(buffer + len, size - len, " …");
}

static bool
is_held(const struct cover *cover, const struct rule *rules, size_t index,
        struct holders *holders)
{
    const struct rule *rule = &rules[index];
    struct place_word wide_word;
    struct prefix wide_net;

    for (size_t i = 0; i < rule->word_count; i++) {
        const size_t found = cover_of_word(cover, &rule->words[i], index, &wide_word);

        if (found == SIZE_MAX)
            return false;
        note_holder(holders, found);
    }
    for (size_t i = 0; i < rule->subnet_count; i++) {
        const size_t found = cover_of_net(cover, &rule->subnets[i], index, &wide_net);

        if (found == SIZE_MAX)
            return false;
        note_holder(holders, found);
    }
    return holders->count > 0;
}

static void
warn_held(const struct cover *cover, const struct rule *rules, size_t index,
          const char *where, struct diag *diag)
{
    struct holders holders = { 0 };
    char numbers[128];

    if (rules[index].everyone || !is_held(cover, rules, index, &holders))
        return;
    print_holders(&holders, numbers, sizeof(numbers));
    diag_warning(diag, rules[index].at,
                 "%s: rule %zu can never be reached: rule%s %s hold%s all of its places",
                 where, index + 1, holders.count > 1 ? "s" : "", numbers,
                 holders.count > 1 ? "" : "s");
}

enum status
cover_warn(const struct rule *rules, size_t count, const char *where, struct diag *diag)
{
    struct cover *cover = NULL;
    const enum status status = cover_new(rules, count, &cover);

    if (status != OK)
        return status;
    for (size_t i = 0; i < count; i++) {
        if (rules[i].everyone && i + 1 < count) {
            diag_warning(diag, rules[i + 1].at,
                         "%s: rule %zu can never be reached: rule %zu holds everyone",
                         where, i + 2, i + 1);
            break;
        }
        warn_held(cover, rules, i, where, diag);
    }
    cover_free(cover);
    return OK;
}
