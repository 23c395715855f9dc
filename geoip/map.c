/* SPDX-License-Identifier: BSD-2-Clause */
/* Poptrie (Asai, Ohara 2015): a table for the first bits, then nodes of six bits. A
 * node's children lie one after the other, and so do its leaves, runs of equal ones once;
 * bits counted in a vector say which one it is. */
#include "geoip/map.h"
#include "dns/base/array.h"
#include "geoip/trie_nodes.h"
#include <stdlib.h>
#include <string.h>

enum {
    STRIDE = 6,
    SLOTS = 1 << STRIDE,
    BIG_TRIE = 100000, /* nodes from which on a large first table pays */
    SMALL_TRIE = 2000,
    ROOT_BITS_V4 = 18,
    ROOT_BITS_V6 = 16,
    ROOT_BITS_MIDDLE = 12,
    ROOT_BITS_SMALL = 4,
    VALUE_MAX =
        (1 << 23) - 2, /* beside CLASS_RESOLVER's, which is the largest of a trie */
    VALUE_TOP = (1 << 23) - 1 /* stands for TRIE_VALUE_MAX */
};

#define LEAF 0x80000000U /* | value << 8 | length */

struct map_node {
    uint64_t children; /* slot i is a node */
    uint64_t leaves;   /* a run of equal leaves begins at slot i */
    uint32_t first_child;
    uint32_t first_leaf;
};

/* One family's part. */
struct half_map {
    uint32_t *root; /* [1 << root_bits]: LEAF | …, or a node's number */
    unsigned root_bits;
    struct map_node *nodes;
    size_t node_count, node_capacity;
    uint32_t *leaves;
    size_t leaf_count, leaf_capacity;
};

struct geo_map {
    struct half_map halves[2]; /* IPv4, IPv6 */
};

/* ---- building --------------------------------------------------------------------- */

static uint32_t
make_leaf(uint32_t trie_leaf, unsigned len)
{
    const uint32_t value = trie_leaf & ~TRIE_LEAF;

    return LEAF | (value == TRIE_VALUE_MAX ? VALUE_TOP : value) << 8 | len;
}

struct slot {
    uint32_t child; /* of the trie */
    unsigned depth; /* where that child stands: a leaf's prefix length */
};

/* Follows the bits of `index` (`bits` of them) down from a child, as far as there are
 * nodes. */
static struct slot
follow(const struct trie *trie, struct slot at, unsigned index, unsigned bits)
{
    for (unsigned i = 0; i < bits && !(at.child & TRIE_LEAF); i++) {
        at.child = trie_child(trie, at.child, index >> (bits - 1 - i) & 1U);
        at.depth++;
    }
    return at;
}

static enum status
add_leaf(struct half_map *map, uint32_t leaf)
{
    const enum status status = array_reserve(&map->leaves, &map->leaf_capacity,
                                             map->leaf_count + 1, sizeof(*map->leaves));

    if (status == OK)
        map->leaves[map->leaf_count++] = leaf;
    return status;
}

/* The slots of one node: which are nodes, and the runs of leaves between them. */
static enum status
fill_slots(struct half_map *map, const struct trie *trie, struct slot top,
           struct map_node *node)
{
    uint32_t last = 0;

    for (unsigned i = 0; i < SLOTS; i++) {
        const struct slot slot = follow(trie, top, i, STRIDE);
        if (!(slot.child & TRIE_LEAF)) {
            node->children |= UINT64_C(1) << i;
            continue;
        }
        const uint32_t leaf = make_leaf(slot.child, slot.depth);
        if (leaf == last)
            continue;
        const enum status status = add_leaf(map, leaf);
        if (status != OK)
            return status;
        node->leaves |= UINT64_C(1) << i;
        last = leaf;
    }
    return OK;
}

/* Lays out what is below a trie node as map node `number`. At most 128 / STRIDE deep. */
static enum status
/* NOLINTNEXTLINE(misc-no-recursion) */
build_node(struct half_map *map, const struct trie *trie, struct slot top, size_t number)
{
    struct map_node node = { .first_leaf = (uint32_t)map->leaf_count,
                             .first_child = (uint32_t)map->node_count };
    enum status status = fill_slots(map, trie, top, &node);

    if (status != OK)
        return status;
    const unsigned children = (unsigned)__builtin_popcountll(node.children);
    status = array_reserve(&map->nodes, &map->node_capacity, map->node_count + children,
                           sizeof(*map->nodes));
    if (status != OK)
        return status;
    map->node_count += children;
    map->nodes[number] = node;
    size_t child = node.first_child;
    for (unsigned i = 0; i < SLOTS && status == OK; i++) {
        if (node.children >> i & 1U)
            status = build_node(map, trie, follow(trie, top, i, STRIDE), child++);
    }
    return status;
}

static enum status
build_root_slot(struct half_map *map, const struct trie *trie, struct slot slot,
                uint32_t *ret_entry)
{
    if (slot.child & TRIE_LEAF) {
        *ret_entry = make_leaf(slot.child, slot.depth);
        return OK;
    }
    const enum status status = array_reserve(&map->nodes, &map->node_capacity,
                                             map->node_count + 1, sizeof(*map->nodes));
    if (status != OK)
        return status;
    *ret_entry = (uint32_t)map->node_count++;
    return build_node(map, trie, slot, *ret_entry);
}

static unsigned
choose_root_bits(const struct trie *trie, unsigned family)
{
    const size_t count = trie_node_count(trie);

    if (trie_root(trie, family) & TRIE_LEAF)
        return 0;
    if (count < SMALL_TRIE)
        return ROOT_BITS_SMALL;
    if (count < BIG_TRIE)
        return ROOT_BITS_MIDDLE;
    return family ? ROOT_BITS_V6 : ROOT_BITS_V4;
}

static enum status
build_half(struct half_map *map, const struct trie *trie, unsigned family)
{
    const struct slot top = { trie_root(trie, family), 0 };
    enum status status = OK;

    map->root_bits = choose_root_bits(trie, family);
    const size_t slots = (size_t)1 << map->root_bits;
    map->root = malloc(slots * sizeof(*map->root));
    if (!map->root)
        return ERR_NOMEM;
    for (unsigned i = 0; i < slots && status == OK; i++)
        status = build_root_slot(map, trie, follow(trie, top, i, map->root_bits),
                                 &map->root[i]);
    return status;
}

/* Gives back what doubling reserved. */
static void
trim(struct half_map *map)
{
    void *exact = realloc(map->nodes, (map->node_count + 1) * sizeof(*map->nodes));

    if (exact)
        map->nodes = exact;
    exact = realloc(map->leaves, (map->leaf_count + 1) * sizeof(*map->leaves));
    if (exact)
        map->leaves = exact;
}

static bool
check_value(void *context, const struct prefix *prefix, uint32_t value)
{
    bool *const fits = context;

    (void)prefix;
    *fits = value <= VALUE_MAX || value == TRIE_VALUE_MAX;
    return *fits;
}

enum status
geo_map_new(const struct trie *trie, struct geo_map **ret_map)
{
    struct geo_map *const map = calloc(1, sizeof(*map));
    bool fits = true;

    if (!map)
        return ERR_NOMEM;
    trie_walk(trie, check_value, &fits);
    enum status status = fits ? OK : ERR_LIMIT;
    for (unsigned family = 0; family < 2 && status == OK; family++) {
        status = build_half(&map->halves[family], trie, family);
        if (status == OK)
            trim(&map->halves[family]);
    }
    if (status != OK) {
        geo_map_free(map);
        return status;
    }
    *ret_map = map;
    return OK;
}

void
geo_map_free(struct geo_map *map)
{
    if (!map)
        return;
    for (unsigned family = 0; family < 2; family++) {
        free(map->halves[family].root);
        free(map->halves[family].nodes);
        free(map->halves[family].leaves);
    }
    free(map);
}

size_t
geo_map_size(const struct geo_map *map)
{
    size_t size = sizeof(*map);

    for (unsigned family = 0; family < 2; family++) {
        const struct half_map *const half = &map->halves[family];
        size += ((size_t)1 << half->root_bits) * sizeof(*half->root) +
                half->node_count * sizeof(*half->nodes) +
                half->leaf_count * sizeof(*half->leaves);
    }
    return size;
}

/* ---- finding ---------------------------------------------------------------------- */

struct key {
    uint64_t high, low;
};

/* STRIDE bits from bit `at` on; zeros past the end. */
static inline unsigned
key_bits(const struct key *key, unsigned at)
{
    if (at + STRIDE <= 64)
        return (unsigned)(key->high >> (64 - STRIDE - at)) & (SLOTS - 1);
    if (at >= 64) {
        at -= 64;
        return (at + STRIDE <= 64 ? (unsigned)(key->low >> (64 - STRIDE - at))
                                  : (unsigned)(key->low << (at + STRIDE - 64))) &
               (SLOTS - 1);
    }
    const unsigned from_low = at + STRIDE - 64;
    return (unsigned)(key->high << from_low | key->low >> (64 - from_low)) & (SLOTS - 1);
}

/* How many bits up to and with bit i are set. */
static inline unsigned
rank(uint64_t bits, unsigned i)
{
    return (unsigned)__builtin_popcountll(bits & (UINT64_MAX >> (63 - i)));
}

/* The entry behind slot i of a node. */
static inline uint32_t
descend(const struct half_map *map, uint32_t entry, unsigned i)
{
    const struct map_node *const node = &map->nodes[entry];

    if (node->children >> i & 1U)
        return node->first_child + rank(node->children, i) - 1;
    return map->leaves[node->first_leaf + rank(node->leaves, i) - 1];
}

static inline struct geo_hit
hit_of(uint32_t entry)
{
    const uint32_t value = (entry & ~LEAF) >> 8;

    return (struct geo_hit){ value == VALUE_TOP ? TRIE_VALUE_MAX : value,
                             (uint8_t)entry };
}

static struct geo_hit
find_key(const struct half_map *map, const struct key *key)
{
    uint32_t entry = map->root[map->root_bits ? key->high >> (64 - map->root_bits) : 0];

    for (unsigned at = map->root_bits; !(entry & LEAF); at += STRIDE)
        entry = descend(map, entry, key_bits(key, at));
    return hit_of(entry);
}

/* The same for keys within 64 bits, which all of IPv4 is. */
static inline struct geo_hit
find_high(const struct half_map *map, uint64_t high)
{
    uint32_t entry = map->root[map->root_bits ? high >> (64 - map->root_bits) : 0];

    for (unsigned at = map->root_bits; !(entry & LEAF); at += STRIDE)
        entry = descend(map, entry, (unsigned)(high >> (64 - STRIDE - at)) & (SLOTS - 1));
    return hit_of(entry);
}

static uint64_t
load64(const uint8_t *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof(word));
    return __builtin_bswap64(word);
}

/* A prefix this long that does not begin with a zero byte holds none of them. */
enum { HIDDEN_NEAR = 32 };

static const struct {
    uint8_t prefix[12];
    uint8_t len;    /* of the block */
    uint8_t at;     /* byte where the IPv4 address begins */
    uint8_t needed; /* bits of it that must be known */
    bool inverted;  /* Teredo, RFC 4380 4 */
} hidden[] = {
    { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff },
      96,
      12,
      8,
      false },                                     /* RFC 4291 2.5.5.2 */
    { { 0x20, 0x02 }, 16, 2, 8, false },           /* RFC 3056 */
    { { 0, 0x64, 0xff, 0x9b }, 96, 12, 8, false }, /* RFC 6052 */
    { { 0x20, 0x01, 0, 0 }, 32, 12, 32, true },    /* RFC 4380 */
};

int
addr_hidden_v4(const struct addr *addr, uint8_t source_len, struct addr *ret_v4,
               uint8_t *ret_extra)
{
    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
        if (memcmp(addr->bytes, hidden[i].prefix, hidden[i].len / 8) != 0)
            continue;
        const unsigned before = hidden[i].at * 8U;
        if (source_len < before + hidden[i].needed) {
            *ret_extra = hidden[i].len;
            return -1;
        }
        *ret_v4 = (struct addr){ .family = ADDR_V4 };
        memcpy(ret_v4->bytes, addr->bytes + hidden[i].at, 4);
        for (size_t b = 0; hidden[i].inverted && b < 4; b++)
            ret_v4->bytes[b] = (uint8_t)~ret_v4->bytes[b];
        *ret_extra = (uint8_t)before;
        return 1;
    }
    return 0;
}

/* Leading bits that two addresses of IPv6 share. */
static unsigned
common_bits(const uint8_t *a, const uint8_t *b)
{
    const uint64_t high = load64(a) ^ load64(b), low = load64(a + 8) ^ load64(b + 8);

    if (high)
        return (unsigned)__builtin_clzll(high);
    return low ? 64 + (unsigned)__builtin_clzll(low) : 128;
}

uint8_t
addr_beside_hidden(const struct addr *addr, uint8_t len)
{
    unsigned longest = len;

    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
        uint8_t block[16] = { 0 };
        memcpy(block, hidden[i].prefix, sizeof(hidden[i].prefix));
        const unsigned common = common_bits(addr->bytes, block);
        if (common >= len && common < hidden[i].len && common + 1 > longest)
            longest = common + 1;
    }
    return (uint8_t)longest;
}

static inline struct geo_hit
find_v4(const struct geo_map *map, const uint8_t *bytes)
{
    uint32_t word;

    memcpy(&word, bytes, sizeof(word));
    return find_high(&map->halves[0], (uint64_t)__builtin_bswap32(word) << 32);
}

static struct geo_hit
find_v6(const struct geo_map *map, const struct addr *addr, uint8_t source_len,
        uint32_t unlocated)
{
    struct addr v4;
    uint8_t extra;

    const int is_hidden = addr_hidden_v4(addr, source_len, &v4, &extra);
    if (is_hidden < 0)
        return (struct geo_hit){ unlocated, extra };
    if (is_hidden > 0) {
        struct geo_hit hit = find_v4(map, v4.bytes);
        hit.len = (uint8_t)(hit.len + extra);
        return hit;
    }
    const struct key key = { load64(addr->bytes), load64(addr->bytes + 8) };
    struct geo_hit hit = find_key(&map->halves[1], &key);
    if (hit.len < HIDDEN_NEAR || addr->bytes[0] == 0)
        hit.len = addr_beside_hidden(addr, hit.len);
    return hit;
}

struct geo_hit
geo_map_find(const struct geo_map *map, const struct addr *addr, uint8_t source_len,
             uint32_t unlocated)
{
    if (addr->family == ADDR_V4)
        return find_v4(map, addr->bytes);
    return find_v6(map, addr, source_len, unlocated);
}
