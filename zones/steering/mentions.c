/* SPDX-License-Identifier: BSD-2-Clause */
#include "zones/steering/mentions.h"
#include "dns/base/array.h"
#include "geoip/base.h"
#include "geoip/map.h"
#include "geoip/trie.h"
#include "zones/steering/decision.h"
#include <stdlib.h>
#include <string.h>

enum { CACHE_MAX = 16 };

struct mentions_cache {
    const struct geo_base *base;
    struct mentions *kept[CACHE_MAX]; /* newest first; one reference each */
    size_t count;
};

struct mentions_cache *
mentions_cache_new(void)
{
    return calloc(1, sizeof(struct mentions_cache));
}

static void
forget(struct mentions_cache *cache, size_t from)
{
    for (size_t i = from; i < cache->count; i++)
        part_drop(&cache->kept[i]->part);
    if (from < cache->count)
        cache->count = from;
}

void
mentions_cache_free(struct mentions_cache *cache)
{
    if (!cache)
        return;
    forget(cache, 0);
    free(cache);
}

void
mentions_keep(struct mentions_cache *cache, const struct geo_base *base)
{
    if (cache->base != base)
        forget(cache, 0);
    cache->base = base;
}

/* ---- making ----------------------------------------------------------------------- */

struct making {
    struct mentions *mentions;
    struct place_word *words;
    uint64_t *sets;
    size_t set_capacity;
    size_t net; /* the word being painted */
    enum status status;
};

static void
free_mentions(struct part *part)
{
    struct mentions *const mentions = (struct mentions *)(void *)part;
    void *owned[2];

    memcpy(&owned[0], &mentions->words, sizeof(owned[0]));
    memcpy(&owned[1], &mentions->sets, sizeof(owned[1]));
    geo_map_free(mentions->map);
    free(owned[0]);
    free(owned[1]);
    free(mentions);
}

/* The number of a set of words, new or old. There are few, so they are compared one by
 * one. */
static uint32_t
set_number(struct making *making, const uint64_t *set)
{
    struct mentions *const mentions = making->mentions;
    const size_t len = mentions->set_len;

    for (uint32_t i = 0; making->sets && i < mentions->count; i++) {
        if (memcmp(making->sets + i * len, set, len * sizeof(*set)) == 0)
            return i;
    }
    const enum status status = array_reserve(&making->sets, &making->set_capacity,
                                             (mentions->count + 1) * len, sizeof(*set));
    if (status != OK) {
        making->status = status;
        return 0;
    }
    memcpy(making->sets + mentions->count * len, set, len * sizeof(*set));
    return mentions->count++;
}

static uint32_t
value_of_place(struct making *making, const struct place *place, const char *const *tags,
               uint64_t *set)
{
    const struct mentions *const mentions = making->mentions;

    if (place->special)
        return CLASS_RESOLVER;
    memset(set, 0, mentions->set_len * sizeof(*set));
    for (size_t i = 0; i < mentions->word_count; i++) {
        if (place_word_holds(&making->words[i], place, tags))
            set[i / 64] |= UINT64_C(1) << i % 64;
    }
    return set_number(making, set);
}

/* A net: joins what is there; special space within it is taken at its word. */
static uint32_t
paint_net(void *context, uint32_t old)
{
    struct making *const making = context;
    const size_t len = making->mentions->set_len;
    uint64_t *const set = calloc(len, sizeof(*set));

    if (!set) {
        making->status = ERR_NOMEM;
        return old;
    }
    if (old != CLASS_RESOLVER)
        memcpy(set, making->sets + old * len, len * sizeof(*set));
    set[making->net / 64] |= UINT64_C(1) << making->net % 64;
    const uint32_t number = set_number(making, set);
    free(set);
    return number;
}

static enum status
values_of_places(struct making *making, const struct geo_base *base,
                 uint32_t **ret_values)
{
    const struct place_table *const places = geo_base_places(base);
    const size_t count = place_count(places);
    size_t tag_count;
    const char *const *const tags = geo_base_tags(base, &tag_count);
    uint32_t *const values = malloc((count + 1) * sizeof(*values));
    uint64_t *const set = calloc(making->mentions->set_len + 1, sizeof(*set));

    if (!values || !set) {
        free(values);
        free(set);
        return ERR_NOMEM;
    }
    making->mentions->unlocated = set_number(making, set);
    for (size_t i = 0; i < count; i++)
        values[i] = value_of_place(making, place_get(places, (uint32_t)i), tags, set);
    free(set);
    if (making->status != OK) {
        free(values);
        return making->status;
    }
    *ret_values = values;
    return OK;
}

/* Wide nets first: the words are sorted so. */
static enum status
paint_nets(struct making *making, struct trie *trie)
{
    enum status status = OK;

    for (size_t i = 0; i < making->mentions->word_count && status == OK; i++) {
        if (making->words[i].kind != PLACE_WORD_NET)
            continue;
        making->net = i;
        status = trie_paint(trie, &making->words[i].net, paint_net, making);
        if (status == OK)
            status = making->status;
    }
    return status;
}

static enum status
make_map(struct making *making, const struct geo_base *base)
{
    uint32_t *values;
    struct trie *trie;
    enum status status = values_of_places(making, base, &values);

    if (status != OK)
        return status;
    status = trie_fold(geo_base_trie(base), values, &trie);
    free(values);
    if (status != OK)
        return status;
    status = paint_nets(making, trie);
    if (status == OK)
        status = geo_map_new(trie, &making->mentions->map);
    trie_free(trie);
    return status;
}

static enum status
make(const struct geo_base *base, const struct place_word *const *words, size_t count,
     struct mentions **ret_mentions)
{
    struct mentions *const mentions = calloc(1, sizeof(*mentions));
    struct making making = { .mentions = mentions,
                             .words = calloc(count + 1, sizeof(*making.words)) };

    if (!mentions || !making.words) {
        free(mentions);
        free(making.words);
        return ERR_NOMEM;
    }
    part_init(&mentions->part, free_mentions);
    for (size_t i = 0; i < count; i++)
        making.words[i] = *words[i];
    mentions->word_count = count;
    mentions->set_len = (count + 63) / 64;
    const enum status status = make_map(&making, base);
    mentions->words = making.words;
    mentions->sets = making.sets;
    if (status != OK) {
        part_drop(&mentions->part);
        return status;
    }
    *ret_mentions = mentions;
    return OK;
}

static bool
same_words(const struct mentions *mentions, const struct place_word *const *words,
           size_t count)
{
    if (mentions->word_count != count)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!place_word_equal(&mentions->words[i], words[i]))
            return false;
    }
    return true;
}

enum status
mentions_get(struct mentions_cache *cache, const struct geo_base *base,
             const struct place_word *const *words, size_t count,
             struct mentions **ret_mentions)
{
    struct mentions *found;

    for (size_t i = 0; i < cache->count; i++) {
        if (!same_words(cache->kept[i], words, count))
            continue;
        found = cache->kept[i];
        memmove(&cache->kept[1], &cache->kept[0], i * sizeof(struct mentions *));
        cache->kept[0] = found;
        part_hold(&found->part);
        *ret_mentions = found;
        return OK;
    }
    const enum status status = make(base, words, count, &found);
    if (status != OK)
        return status;
    if (cache->count == CACHE_MAX)
        forget(cache, CACHE_MAX - 1);
    memmove(&cache->kept[1], &cache->kept[0], cache->count * sizeof(struct mentions *));
    cache->kept[0] = found;
    cache->count++;
    part_hold(&found->part);
    *ret_mentions = found;
    return OK;
}
