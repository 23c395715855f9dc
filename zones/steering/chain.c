/* SPDX-License-Identifier: BSD-2-Clause */
/* Chains of pools. Chains are short, so repeats are found by looking. */
#include "zones/steering/chain.h"
#include "dns/base/arena.h"
#include <stdlib.h>
#include <string.h>

static bool
is_in(const struct pool *const *pools, size_t count, const struct pool *pool)
{
    for (size_t i = 0; i < count; i++)
        if (pools[i] == pool)
            return true;
    return false;
}

size_t
chain_fill(const struct pool *const *pools, size_t count, bool only,
           const struct pool *out[CHAIN_POOLS_MAX])
{
    size_t len = 0;

    for (size_t i = 0; i < count; i++) {
        if (is_in(out, len, pools[i]))
            continue;
        if (len == CHAIN_POOLS_MAX)
            return 0;
        out[len++] = pools[i];
    }
    if (only || !count)
        return len;
    const struct pool *next = pools[count - 1]->fallback;
    /* a walk of more steps than a chain has room for is a loop, or too long anyway */
    for (size_t steps = 0; next; next = next->fallback, steps++) {
        if (steps == CHAIN_POOLS_MAX)
            return 0;
        if (is_in(out, len, next))
            continue;
        if (len == CHAIN_POOLS_MAX)
            return 0;
        out[len++] = next;
    }
    return len;
}

enum status
chain_make(struct arena *arena, const struct pool *const *pools, size_t count, bool only,
           struct chain *ret_chain)
{
    const struct pool *out[CHAIN_POOLS_MAX];
    const size_t len = chain_fill(pools, count, only, out);

    if (!len)
        return ERR_LIMIT;
    const struct pool **copy = arena_calloc(arena, len, sizeof(struct pool *));
    if (!copy)
        return ERR_NOMEM;
    for (size_t i = 0; i < len; i++)
        copy[i] = out[i];
    ret_chain->pools = copy;
    ret_chain->pool_count = len;
    return OK;
}

bool
chain_equal(const struct chain *a, const struct chain *b)
{
    if (a->pool_count != b->pool_count)
        return false;
    for (size_t i = 0; i < a->pool_count; i++)
        if (a->pools[i] != b->pools[i])
            return false;
    return true;
}

bool
chain_sticks(const struct chain *chain)
{
    for (size_t i = 0; i < chain->pool_count; i++)
        if (chain->pools[i]->stick_client)
            return true;
    return false;
}

/* One pool of one chain, and its place in the order of appearance. */
struct seen {
    const struct pool *pool;
    size_t order;
};

static int
by_pool(const void *a, const void *b)
{
    const struct seen *left = a;
    const struct seen *right = b;

    if (left->pool != right->pool)
        return (uintptr_t)left->pool < (uintptr_t)right->pool ? -1 : 1;
    return (left->order > right->order) - (left->order < right->order);
}

static int
by_order(const void *a, const void *b)
{
    const struct seen *left = a;
    const struct seen *right = b;

    return (left->order > right->order) - (left->order < right->order);
}

/* Keeps the first appearance of every pool, in order; returns how many there are. */
static size_t
keep_first(struct seen *seen, size_t count)
{
    size_t kept = 0;

    qsort(seen, count, sizeof(*seen), by_pool);
    for (size_t i = 0; i < count; i++)
        if (!i || seen[i].pool != seen[i - 1].pool)
            seen[kept++] = seen[i];
    qsort(seen, kept, sizeof(*seen), by_order);
    return kept;
}

enum status
chain_collect_pools(struct arena *arena, struct policy *policy)
{
    size_t total = 0;
    size_t count = 0;

    for (size_t i = 0; i < policy->rule_count; i++)
        total += policy->rules[i].chain.pool_count;
    struct seen *seen = calloc(total ? total : 1, sizeof(*seen));
    if (!seen)
        return ERR_NOMEM;
    for (size_t i = 0; i < policy->rule_count; i++)
        for (size_t j = 0; j < policy->rules[i].chain.pool_count; j++) {
            seen[count].pool = policy->rules[i].chain.pools[j];
            seen[count].order = count;
            count++;
        }
    count = keep_first(seen, count);
    const struct pool **pools =
        arena_calloc(arena, count ? count : 1, sizeof(struct pool *));
    for (size_t i = 0; pools && i < count; i++)
        pools[i] = seen[i].pool;
    free(seen);
    if (!pools)
        return ERR_NOMEM;
    policy->pools = pools;
    policy->pool_count = count;
    return OK;
}
