/* SPDX-License-Identifier: BSD-2-Clause */
#include "geoip/trie.h"
#include "dns/base/region.h"
#include "geoip/trie_nodes.h"
#include <stdlib.h>
#include <string.h>

/* NOLINTBEGIN(misc-no-recursion): at most 128 deep, as an address is long */

enum { GROW_NODES = 4096 };

#define LEAF TRIE_LEAF

struct trie_node {
    uint32_t child[2]; /* LEAF | value, or the number of a node */
};

struct trie {
    struct region region;
    size_t count;     /* nodes used; the region has room for more */
    uint32_t root[2]; /* IPv4, IPv6: as a child */
};

static struct trie_node *
nodes(const struct trie *trie)
{
    return (struct trie_node *)(void *)trie->region.base;
}

struct trie *
trie_new(uint32_t value)
{
    struct trie *const trie = calloc(1, sizeof(*trie));

    if (!trie)
        return NULL;
    region_init(&trie->region, (size_t)LEAF * sizeof(struct trie_node));
    trie->root[0] = trie->root[1] = LEAF | value;
    return trie;
}

void
trie_free(struct trie *trie)
{
    if (!trie)
        return;
    region_done(&trie->region);
    free(trie);
}

size_t
trie_size(const struct trie *trie)
{
    return sizeof(*trie) + trie->region.capacity;
}

static enum status
add_node(struct trie *trie, uint32_t left, uint32_t right, uint32_t *ret_number)
{
    if ((trie->count + 1) * sizeof(struct trie_node) > trie->region.len) {
        size_t offset;
        const enum status status =
            region_alloc(&trie->region, GROW_NODES * sizeof(struct trie_node),
                         sizeof(struct trie_node), &offset);
        if (status != OK)
            return status;
    }
    nodes(trie)[trie->count] = (struct trie_node){ { left, right } };
    *ret_number = (uint32_t)trie->count++;
    return OK;
}

void
trie_trim(struct trie *trie)
{
    trie->region.len = trie->count * sizeof(struct trie_node);
    region_trim(&trie->region);
}

static unsigned
bit_of(const struct addr *addr, unsigned index)
{
    return addr->bytes[index / 8] >> (7 - index % 8) & 1U;
}

/* ---- changing --------------------------------------------------------------------- */

/* Where a child is kept: a root, or a node's. By number, for nodes move when the region
 * grows. */
struct place_of_child {
    uint32_t node; /* LEAF: a root */
    unsigned side;
};

static uint32_t *
child_at(struct trie *trie, struct place_of_child at)
{
    return at.node == LEAF ? &trie->root[at.side] : &nodes(trie)[at.node].child[at.side];
}

/* Descends to the child that stands for exactly this prefix, splitting leaves on the way.
 */
static enum status
descend(struct trie *trie, const struct prefix *prefix, struct place_of_child *ret_at)
{
    struct place_of_child at = { LEAF, prefix->addr.family == ADDR_V6 };

    for (unsigned depth = 0; depth < prefix->len; depth++) {
        uint32_t child = *child_at(trie, at);
        if (child & LEAF) {
            const uint32_t leaf = child;
            const enum status status = add_node(trie, leaf, leaf, &child);
            if (status != OK)
                return status;
            *child_at(trie, at) = child;
        }
        at = (struct place_of_child){ child, bit_of(&prefix->addr, depth) };
    }
    *ret_at = at;
    return OK;
}

enum status
trie_set(struct trie *trie, const struct prefix *prefix, uint32_t value)
{
    struct place_of_child at;
    const enum status status = descend(trie, prefix, &at);

    if (status == OK)
        *child_at(trie, at) = LEAF | value;
    return status;
}

static void
paint_below(struct trie *trie, uint32_t *child, trie_paint_fn paint, void *context)
{
    if (*child & LEAF) {
        *child = LEAF | paint(context, *child & ~LEAF);
        return;
    }
    paint_below(trie, &nodes(trie)[*child].child[0], paint, context);
    paint_below(trie, &nodes(trie)[*child].child[1], paint, context);
}

enum status
trie_paint(struct trie *trie, const struct prefix *prefix, trie_paint_fn paint,
           void *context)
{
    struct place_of_child at;
    const enum status status = descend(trie, prefix, &at);

    if (status == OK)
        paint_below(trie, child_at(trie, at), paint, context);
    return status;
}

/* ---- new ones of old ones --------------------------------------------------------- */

enum status
trie_join(struct trie *to, uint32_t left, uint32_t right, uint32_t *ret_child)
{
    if (left == right && (left & LEAF)) {
        *ret_child = left;
        return OK;
    }
    return add_node(to, left, right, ret_child);
}

static enum status
fold_child(const struct trie *from, uint32_t child, const uint32_t *values,
           struct trie *to, uint32_t *ret_child)
{
    uint32_t left, right;

    if (child & LEAF) {
        *ret_child = LEAF | values[child & ~LEAF];
        return OK;
    }
    const struct trie_node node = nodes(from)[child];
    enum status status = fold_child(from, node.child[0], values, to, &left);
    if (status == OK)
        status = fold_child(from, node.child[1], values, to, &right);
    return status == OK ? trie_join(to, left, right, ret_child) : status;
}

static enum status
finish(struct trie *to, enum status status, struct trie **ret_trie)
{
    if (status != OK) {
        trie_free(to);
        return status;
    }
    trie_trim(to);
    *ret_trie = to;
    return OK;
}

enum status
trie_fold(const struct trie *trie, const uint32_t *values, struct trie **ret_trie)
{
    struct trie *const to = trie_new(0);
    enum status status = to ? OK : ERR_NOMEM;

    for (unsigned family = 0; family < 2 && status == OK; family++)
        status = fold_child(trie, trie->root[family], values, to, &to->root[family]);
    return finish(to, status, ret_trie);
}

struct overlaying {
    const struct trie *a, *b;
    struct trie *to;
    trie_combine_fn combine;
    void *context;
};

static uint32_t
half(const struct trie *trie, uint32_t child, unsigned side)
{
    return child & LEAF ? child : nodes(trie)[child].child[side];
}

static enum status
overlay_child(const struct overlaying *over, uint32_t a, uint32_t b, uint32_t *ret_child)
{
    uint32_t left, right;

    if (a & b & LEAF) {
        const uint32_t value = over->combine(over->context, a & ~LEAF, b & ~LEAF);
        *ret_child = LEAF | value;
        return value > TRIE_VALUE_MAX ? ERR_NOMEM : OK;
    }
    enum status status =
        overlay_child(over, half(over->a, a, 0), half(over->b, b, 0), &left);
    if (status == OK)
        status = overlay_child(over, half(over->a, a, 1), half(over->b, b, 1), &right);
    return status == OK ? trie_join(over->to, left, right, ret_child) : status;
}

enum status
trie_overlay(const struct trie *a, const struct trie *b, trie_combine_fn combine,
             void *context, struct trie **ret_trie)
{
    const struct overlaying over = { a, b, trie_new(0), combine, context };
    enum status status = over.to ? OK : ERR_NOMEM;

    for (unsigned family = 0; family < 2 && status == OK; family++)
        status = overlay_child(&over, a->root[family], b->root[family],
                               &over.to->root[family]);
    return finish(over.to, status, ret_trie);
}

/* ---- looking ---------------------------------------------------------------------- */

uint32_t
trie_find(const struct trie *trie, const struct addr *addr, uint8_t *ret_len)
{
    uint32_t child = trie->root[addr->family == ADDR_V6];
    unsigned depth = 0;

    for (; !(child & LEAF); depth++)
        child = nodes(trie)[child].child[bit_of(addr, depth)];
    *ret_len = (uint8_t)depth;
    return child & ~LEAF;
}

static bool
walk_child(const struct trie *trie, uint32_t child, struct prefix *at,
           trie_visit_fn visit, void *context)
{
    if (child & LEAF)
        return visit(context, at, child & ~LEAF);
    const struct trie_node node = nodes(trie)[child];
    uint8_t *const byte = &at->addr.bytes[at->len / 8];
    const uint8_t bit = (uint8_t)(0x80U >> at->len % 8);
    at->len++;
    bool more = walk_child(trie, node.child[0], at, visit, context);
    *byte |= bit;
    more = more && walk_child(trie, node.child[1], at, visit, context);
    *byte = (uint8_t)(*byte & ~bit);
    at->len--;
    return more;
}

void
trie_walk(const struct trie *trie, trie_visit_fn visit, void *context)
{
    struct prefix at = { .addr.family = ADDR_V4 };

    if (!walk_child(trie, trie->root[0], &at, visit, context))
        return;
    at = (struct prefix){ .addr.family = ADDR_V6 };
    (void)walk_child(trie, trie->root[1], &at, visit, context);
}

static uint64_t
hash_child(const struct trie *trie, uint32_t child, uint64_t hash)
{
    if (child & LEAF)
        return (hash ^ child) * 0x100000001b3U;
    hash = (hash ^ 1) * 0x100000001b3U;
    hash = hash_child(trie, nodes(trie)[child].child[0], hash);
    return hash_child(trie, nodes(trie)[child].child[1], hash);
}

uint64_t
trie_hash(const struct trie *trie)
{
    return hash_child(trie, trie->root[1],
                      hash_child(trie, trie->root[0], 0xcbf29ce484222325U));
}

static bool
child_equal(const struct trie *a, uint32_t a_child, const struct trie *b,
            uint32_t b_child)
{
    if ((a_child | b_child) & LEAF)
        return a_child == b_child;
    const struct trie_node *const left = &nodes(a)[a_child], *const right =
                                                                 &nodes(b)[b_child];
    return child_equal(a, left->child[0], b, right->child[0]) &&
           child_equal(a, left->child[1], b, right->child[1]);
}

bool
trie_equal(const struct trie *a, const struct trie *b)
{
    return child_equal(a, a->root[0], b, b->root[0]) &&
           child_equal(a, a->root[1], b, b->root[1]);
}

/* ---- for geo_map ------------------------------------------------------------------ */

uint32_t
trie_root(const struct trie *trie, unsigned family)
{
    return trie->root[family];
}

void
trie_set_root(struct trie *trie, unsigned family, uint32_t child)
{
    trie->root[family] = child;
}

uint32_t
trie_child(const struct trie *trie, uint32_t node, unsigned side)
{
    return nodes(trie)[node].child[side];
}

size_t
trie_node_count(const struct trie *trie)
{
    return trie->count;
}

/* NOLINTEND(misc-no-recursion) */
