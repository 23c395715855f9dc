/* SPDX-License-Identifier: BSD-2-Clause */
/* Mention maps: address → which of the words that health names hold it. For decision.c.
 */
#ifndef ZONES_STEERING_MENTIONS_H
#define ZONES_STEERING_MENTIONS_H
#include "dns/base/part.h"
#include "dns/base/status.h"
#include "geoip/words.h"

struct geo_base;
struct geo_map;
struct mentions_cache;

/* Which words hold a client: mention number → words. A part; immutable. */
struct mentions {
    struct part part;
    struct geo_map *map; /* values: mention numbers; CLASS_RESOLVER for special space */
    const struct place_word *words; /* [word_count], sorted */
    size_t word_count;
    const uint64_t *sets; /* [count × set_len]: bit i: word i holds the client */
    size_t set_len;       /* 64-bit words of one set */
    uint32_t count;
    uint32_t unlocated; /* number of the empty set */
};

/* The map for these words (sorted, each once, none global; at least one), made or from
 * the cache; one reference for the caller. ERR_NOMEM. */
MUST_CHECK enum status mentions_get(struct mentions_cache *cache,
                                    const struct geo_base *base,
                                    const struct place_word *const *words, size_t count,
                                    struct mentions **ret_mentions);
/* Forgets maps of other bases, for a new base may lie where an old one was. */
void mentions_keep(struct mentions_cache *cache, const struct geo_base *base);
struct decision;
/* Those of a decision with a mention map. */
const struct mentions *decision_mentions(const struct decision *decision);
static inline bool
mentions_hold(const struct mentions *mentions, uint32_t mention, size_t word)
{
    return mentions->sets[mention * mentions->set_len + word / 64] >> word % 64 & 1U;
}

#endif
