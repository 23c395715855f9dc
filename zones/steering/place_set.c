/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets of place words while they are read. */
#include "zones/steering/place_set.h"
#include "dns/base/arena.h"
#include "dns/base/array.h"
#include "dns/base/yaml.h"
#include "zones/steering/policy.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { PROBLEM_SIZE = 256 };

void
place_set_init(struct place_set *set)
{
    *set = (struct place_set){ 0 };
}

void
place_set_done(struct place_set *set)
{
    free(set->words);
    free(set->nets);
    place_set_init(set);
}

enum status
place_set_add_net(struct place_set *set, const struct prefix *net)
{
    if (set->net_count == PLACES_MAX)
        return ERR_LIMIT;
    const enum status status = array_reserve(&set->nets, &set->net_capacity,
                                             set->net_count + 1, sizeof(*set->nets));
    if (status == OK)
        set->nets[set->net_count++] = *net;
    return status;
}

enum status
place_set_add(struct place_set *set, const struct place_word *word)
{
    assert(word->kind != PLACE_WORD_REGION);
    if (word->kind == PLACE_WORD_NET)
        return place_set_add_net(set, &word->net);
    if (word->kind == PLACE_WORD_GLOBAL) {
        set->everyone = true;
        return OK;
    }
    if (set->word_count == PLACES_MAX)
        return ERR_LIMIT;
    const enum status status = array_reserve(&set->words, &set->word_capacity,
                                             set->word_count + 1, sizeof(*set->words));
    if (status == OK)
        set->words[set->word_count++] = *word;
    return status;
}

static int
compare_words(const void *a, const void *b)
{
    return place_word_compare(a, b);
}

static int
compare_nets(const void *a, const void *b)
{
    const struct prefix *left = a;
    const struct prefix *right = b;
    const int order = addr_compare(&left->addr, &right->addr);

    return order ? order : left->len - right->len;
}

/* qsort must not be given NULL, even for nothing. */
void
place_set_finish(struct place_set *set)
{
    size_t kept = 0;

    if (set->word_count) {
        qsort(set->words, set->word_count, sizeof(*set->words), compare_words);
        for (size_t i = 0; i < set->word_count; i++)
            if (!i || compare_words(&set->words[kept - 1], &set->words[i]) != 0)
                set->words[kept++] = set->words[i];
        set->word_count = kept;
    }
    if (!set->net_count)
        return;
    kept = 0;
    qsort(set->nets, set->net_count, sizeof(*set->nets), compare_nets);
    for (size_t i = 0; i < set->net_count; i++)
        if (!i || compare_nets(&set->nets[kept - 1], &set->nets[i]) != 0)
            set->nets[kept++] = set->nets[i];
    set->net_count = kept;
}

enum status
place_set_words(const struct place_set *set, struct arena *arena,
                const struct place_word **ret_words)
{
    *ret_words = NULL;
    if (!set->word_count)
        return OK;
    struct place_word *copy = arena_calloc(arena, set->word_count, sizeof(*copy));
    if (!copy)
        return ERR_NOMEM;
    memcpy(copy, set->words, set->word_count * sizeof(*copy));
    *ret_words = copy;
    return OK;
}

enum status
place_set_nets(const struct place_set *set, struct arena *arena,
               const struct prefix **ret_nets)
{
    *ret_nets = NULL;
    if (!set->net_count)
        return OK;
    struct prefix *copy = arena_calloc(arena, set->net_count, sizeof(*copy));
    if (!copy)
        return ERR_NOMEM;
    memcpy(copy, set->nets, set->net_count * sizeof(*copy));
    *ret_nets = copy;
    return OK;
}

enum status
place_set_read_word(const struct yaml_node *node, const char *where, struct diag *diag,
                    struct place_word *ret_word)
{
    char problem[PROBLEM_SIZE] = "";
    const char *text = NULL;
    struct place_word word = { 0 };
    enum status status = yaml_text(node, where, diag, &text);

    if (status != OK)
        return status;
    status = place_word_parse(text, &word, problem, sizeof(problem));
    if (status != OK) {
        /* The problem names the word. */
        diag_error(diag, node->at, "%s: %s", where,
                   *problem ? problem : "no memory for a place word");
        return ERR_INVALID;
    }
    if (*problem)
        diag_warning(diag, node->at, "%s: %s", where, problem);
    *ret_word = word;
    return OK;
}

enum status
place_set_read_net(const struct yaml_node *node, const char *where, struct diag *diag,
                   struct prefix *ret_net)
{
    const char *text = NULL;
    enum status status = yaml_text(node, where, diag, &text);

    if (status != OK)
        return status;
    status = prefix_parse(text, ret_net);
    if (status == OK)
        return OK;
    if (status == ERR_RANGE)
        diag_error(diag, node->at, "%s: '%s' has bits set past its length", where, text);
    else
        diag_error(diag, node->at, "%s: '%s' is no address block such as 198.51.100.0/24",
                   where, text);
    return ERR_INVALID;
}
