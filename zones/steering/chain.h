/* SPDX-License-Identifier: BSD-2-Clause */
/* Chains of pools: how a rule's pools and their fallbacks become one ordered list. */
#ifndef ZONES_STEERING_CHAIN_H
#define ZONES_STEERING_CHAIN_H
#include "dns/base/status.h"
#include "zones/steering/policy.h"

struct arena;

/* The pools in order, then (unless `only`) the fallbacks of the last one; repeats drop
 * out. Returns the number of pools put into `out`, or 0 when there are more than
 * CHAIN_POOLS_MAX (a loop of fallbacks among them). */
size_t chain_fill(const struct pool *const *pools, size_t count, bool only,
                  const struct pool *out[CHAIN_POOLS_MAX]);
/* The same in `arena`. ERR_LIMIT: more than CHAIN_POOLS_MAX; ERR_NOMEM. */
MUST_CHECK enum status chain_make(struct arena *arena, const struct pool *const *pools,
                                  size_t count, bool only, struct chain *ret_chain);
bool chain_equal(const struct chain *a, const struct chain *b);
/* Does it hold a pool with `stick: client`? */
bool chain_sticks(const struct chain *chain);
/* Fills policy->pools with every pool of any rule's chain, each once, in order of
 * appearance. ERR_NOMEM. */
MUST_CHECK enum status chain_collect_pools(struct arena *arena, struct policy *policy);

#endif
