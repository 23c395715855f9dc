/* SPDX-License-Identifier: BSD-2-Clause */
/* Plans: the static side of a decision. Members of all chains are flattened and numbered,
 * each (pool, member) once. */
#include "dns/base/arena.h"
#include "zones/steering/decision.h"
#include "zones/steering/draw.h"
#include "zones/steering/routing.h"
#include <stdlib.h>
#include <string.h>

struct plan_owner {
    struct plan plan; /* first */
    struct arena *arena;
};

static void
free_plan(struct part *part)
{
    struct plan_owner *const owner = (struct plan_owner *)(void *)part;

    part_drop(&owner->plan.classes->part);
    if (owner->plan.resolvers)
        part_drop(&owner->plan.resolvers->part);
    arena_free(owner->arena);
    free(owner);
}

/* Pools in the order in which chains first name them, with the number of their first
 * member. */
struct numbering {
    const struct pool **pools;
    uint32_t *first;
    size_t pool_count;
    size_t member_count;
};

static size_t
pool_number(struct numbering *numbering, const struct pool *pool)
{
    for (size_t i = 0; i < numbering->pool_count; i++) {
        if (numbering->pools[i] == pool)
            return i;
    }
    numbering->pools[numbering->pool_count] = pool;
    numbering->first[numbering->pool_count] = (uint32_t)numbering->member_count;
    numbering->member_count += pool->member_count;
    return numbering->pool_count++;
}

static enum status
number_pools(const struct classes *classes, struct arena *arena,
             struct numbering *numbering)
{
    size_t most = 0;

    for (size_t c = 0; c < classes->class_count; c++)
        most += classes->chains[c].pool_count;
    numbering->pools = arena_calloc(arena, most + 1, sizeof(struct pool *));
    numbering->first = arena_calloc(arena, most + 1, sizeof(*numbering->first));
    if (!numbering->pools || !numbering->first)
        return ERR_NOMEM;
    for (size_t c = 0; c < classes->class_count; c++) {
        for (size_t i = 0; i < classes->chains[c].pool_count; i++)
            (void)pool_number(numbering, classes->chains[c].pools[i]);
    }
    return OK;
}

/* A server entry that owns an inline value's address or host means that server. */
static struct plan_member
describe(const struct member *member, const struct pool *pool,
         const struct routing *routing)
{
    const struct server *const server = member->server;
    const struct server *owner = NULL;

    if (server->is_inline && routing) {
        for (size_t i = 0; i < server->address_count && !owner; i++)
            owner = routing_owner_of_addr(routing, &server->addresses[i]);
        if (!owner && server->host)
            owner = routing_owner_of_host(routing, server->host);
    }
    return (struct plan_member){ .member = member,
                                 .pool = pool,
                                 .server = owner ? owner->name : server->name,
                                 /* the value answered stays the record's own */
                                 .entry = server };
}

static enum status
flatten(struct plan *plan, const struct numbering *numbering,
        const struct routing *routing, struct arena *arena)
{
    const struct policy *const policy = plan->policy;
    struct plan_member *const members = arena_calloc(
        arena, numbering->member_count + policy->last_resort_count + 1, sizeof(*members));
    size_t count = 0;

    if (!members)
        return ERR_NOMEM;
    for (size_t p = 0; p < numbering->pool_count; p++) {
        const struct pool *const pool = numbering->pools[p];
        for (size_t i = 0; i < pool->member_count; i++)
            members[count++] = describe(&pool->members[i], pool, routing);
    }
    for (size_t i = 0; i < policy->last_resort_count; i++)
        members[count++] = describe(&policy->last_resort[i], NULL, routing);
    plan->members = members;
    plan->member_count = count;
    return OK;
}

static enum status
make_chain(const struct chain *chain, struct numbering *numbering, struct arena *arena,
           struct plan_chain *ret_chain)
{
    size_t count = 0;

    for (size_t i = 0; i < chain->pool_count; i++)
        count += chain->pools[i]->member_count;
    uint32_t *const first = arena_calloc(arena, chain->pool_count + 1, sizeof(*first));
    uint32_t *const members = arena_calloc(arena, count + 1, sizeof(*members));
    if (!first || !members)
        return ERR_NOMEM;
    count = 0;
    for (size_t i = 0; i < chain->pool_count; i++) {
        const size_t number = pool_number(numbering, chain->pools[i]);
        first[i] = (uint32_t)count;
        for (size_t m = 0; m < chain->pools[i]->member_count; m++)
            members[count++] = numbering->first[number] + (uint32_t)m;
    }
    first[chain->pool_count] = (uint32_t)count;
    *ret_chain = (struct plan_chain){ first, members, chain->pool_count };
    return OK;
}

static enum status
make_chains(struct plan *plan, struct numbering *numbering, struct arena *arena)
{
    const struct classes *const classes = plan->classes;
    struct plan_chain *const chains =
        arena_calloc(arena, classes->class_count + 1, sizeof(*chains));
    enum status status = chains ? OK : ERR_NOMEM;

    for (size_t c = 0; c < classes->class_count && status == OK; c++)
        status = make_chain(&classes->chains[c], numbering, arena, &chains[c]);
    plan->chains = chains;
    return status;
}

enum status
/* NOLINTNEXTLINE(readability-function-size): everything that a plan is made of */
plan_new(const struct policy *policy, const char *service, struct classes *classes,
         struct resolvers *resolvers, const struct routing *routing,
         struct plan **ret_plan)
{
    struct plan_owner *const owner = calloc(1, sizeof(*owner));
    struct numbering numbering = { 0 };

    if (!owner || !(owner->arena = arena_new())) {
        free(owner);
        return ERR_NOMEM;
    }
    struct plan *const plan = &owner->plan;
    part_init(&plan->part, free_plan);
    plan->policy = policy;
    plan->classes = classes;
    plan->resolvers = resolvers;
    part_hold(&classes->part);
    if (resolvers)
        part_hold(&resolvers->part);
    plan->draw_seed = draw_seed(policy->name, service);
    plan->service = arena_strdup(owner->arena, service);
    enum status status =
        plan->service ? number_pools(classes, owner->arena, &numbering) : ERR_NOMEM;
    if (status == OK)
        status = flatten(plan, &numbering, routing, owner->arena);
    if (status == OK)
        status = make_chains(plan, &numbering, owner->arena);
    if (status != OK) {
        part_drop(&plan->part);
        return status;
    }
    *ret_plan = plan;
    return OK;
}
