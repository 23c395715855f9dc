/* SPDX-License-Identifier: BSD-2-Clause */
/* Address → value and prefix length in a few memory reads: a poptrie (Asai, Ohara 2015)
 * whose leaf is value << 8 | length. Immutable; any number of threads. The prefixes of
 * its leaves are the trie's, but for those around blocks of IPv6 that hide IPv4: they
 * cover everything and never overlap, so a length is a sound ECS scope. */
#ifndef GEOIP_MAP_H
#define GEOIP_MAP_H
#include "dns/base/addr.h"
#include "dns/base/status.h"
#include <stddef.h>
#include <stdint.h>

struct trie;
struct geo_map;

struct geo_hit {
    uint32_t value;
    uint8_t len; /* of the prefix, in bits of the family asked with */
};

MUST_CHECK enum status geo_map_new(const struct trie *trie, struct geo_map **ret_map);
void geo_map_free(struct geo_map *map);         /* NULL is fine */
size_t geo_map_size(const struct geo_map *map); /* bytes held */
/* Finds the leaf of an address. IPv4 hidden in IPv6 (::ffff:0:0/96, 2002::/16,
 * 64:ff9b::/96, Teredo 2001::/32) is looked up as IPv4 and the length adjusted, if
 * `source_len` (the prefix length known of the client: 128 for a whole address) covers at
 * least 8 of its bits (Teredo: all of them); else the value is `unlocated` and the length
 * the block's. No allocation, lock, or call out of this file. */
struct geo_hit geo_map_find(const struct geo_map *map, const struct addr *addr,
                            uint8_t source_len, uint32_t unlocated);

/* The IPv4 address hidden in an IPv6 one as above. *ret_extra: bits that come before it
 * (96, 16; Teredo: 96). Returns 1: found; 0: not in such a block; -1: in one (its length
 * in *ret_extra), too little of it is known. */
int addr_hidden_v4(const struct addr *addr, uint8_t source_len, struct addr *ret_v4,
                   uint8_t *ret_extra);
/* The length of the widest prefix of an IPv6 address, at least `len`, that holds no block
 * as above: those are looked up as IPv4, so a leaf around them does not speak for them.
 * The address itself is in none. */
uint8_t addr_beside_hidden(const struct addr *addr, uint8_t len);

#endif
