/* SPDX-License-Identifier: BSD-2-Clause */
/* Binary trie over IPv4 and IPv6: every address has exactly one value (24 bits). The form
 * for overlaying, merging and checking; queries use struct geo_map made from it.
 *
 *   node = two 32-bit children; child = leaf bit | value, or the index of a node
 *
 * Depth is at most 128, which bounds every recursion here. */
#ifndef GEOIP_TRIE_H
#define GEOIP_TRIE_H
#include "dns/base/addr.h"
#include "dns/base/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TRIE_VALUE_MAX = (1 << 24) - 1 };

struct trie;

/* All addresses have `value`. NULL when out of memory. */
struct trie *trie_new(uint32_t value);
void trie_free(struct trie *trie);         /* NULL is fine */
size_t trie_size(const struct trie *trie); /* bytes held */
/* All addresses of the prefix get the value. ERR_NOMEM leaves a sound trie. */
MUST_CHECK enum status trie_set(struct trie *trie, const struct prefix *prefix,
                                uint32_t value);
/* new = paint(context, old) for every leaf within the prefix (splitting the one that
 * holds it). */
typedef uint32_t (*trie_paint_fn)(void *context, uint32_t old);
MUST_CHECK enum status trie_paint(struct trie *trie, const struct prefix *prefix,
                                  trie_paint_fn paint, void *context);
/* A new trie with values[old] in each leaf, equal neighbours merged. */
MUST_CHECK enum status trie_fold(const struct trie *trie, const uint32_t *values,
                                 struct trie **ret_trie);
/* A new trie with combine(context, a's, b's) in each leaf of the product, equal
 * neighbours merged. combine is called once a leaf of the product and may intern; it
 * returns TRIE_VALUE_MAX + 1 to give up (ERR_NOMEM). */
typedef uint32_t (*trie_combine_fn)(void *context, uint32_t a, uint32_t b);
MUST_CHECK enum status trie_overlay(const struct trie *a, const struct trie *b,
                                    trie_combine_fn combine, void *context,
                                    struct trie **ret_trie);
/* Value of an address, and the length of its leaf's prefix. */
uint32_t trie_find(const struct trie *trie, const struct addr *addr, uint8_t *ret_len);
/* Every leaf in address order, IPv4 first. visit returns false to stop. */
typedef bool (*trie_visit_fn)(void *context, const struct prefix *prefix, uint32_t value);
void trie_walk(const struct trie *trie, trie_visit_fn visit, void *context);
/* FNV-style hash of structure and values; equal tries have equal hashes. And the exact
 * comparison. */
uint64_t trie_hash(const struct trie *trie);
bool trie_equal(const struct trie *a, const struct trie *b);

#endif
