/* SPDX-License-Identifier: BSD-2-Clause */
/* A trie's nodes, for map.c, which lays them out anew. A child is TRIE_LEAF | value, or
 * the number of a node. */
#ifndef GEOIP_TRIE_NODES_H
#define GEOIP_TRIE_NODES_H
#include "geoip/trie.h"

#define TRIE_LEAF 0x80000000U

/* family: 0 IPv4, 1 IPv6. */
uint32_t trie_root(const struct trie *trie, unsigned family);
uint32_t trie_child(const struct trie *trie, uint32_t node, unsigned side);
size_t trie_node_count(const struct trie *trie);

/* Building from below: a node of two children, or the leaf that both are; then the root;
 * then trie_trim. */
MUST_CHECK enum status trie_join(struct trie *to, uint32_t left, uint32_t right,
                                 uint32_t *ret_child);
void trie_set_root(struct trie *trie, unsigned family, uint32_t child);
void trie_trim(struct trie *trie);

#endif
