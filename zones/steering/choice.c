/* SPDX-License-Identifier: BSD-2-Clause */
/* The ladder: never empty because of health (DESIGN, rule 4). */
#include "zones/steering/decision.h"
#include <string.h>

/* A choice being looked at for one record. */
struct looking {
    const struct plan *plan;
    const struct plan_chain *chain;
    const struct choice *choice;
    const struct want *want;
    struct selection *selection;
};

static bool
has_family(const struct server *server, uint8_t family)
{
    for (size_t i = 0; i < server->address_count; i++) {
        if (server->addresses[i].family == family)
            return true;
    }
    return false;
}

static bool
is_wanted(const struct want *want, const struct plan_member *member)
{
    if (want->any)
        return true;
    return (want->v4 && has_family(member->entry, ADDR_V4)) ||
           (want->v6 && has_family(member->entry, ADDR_V6)) ||
           (want->host && member->entry->host);
}

static bool
is_usable(const struct choice_member *state)
{
    return state->state <= HEALTH_DEGRADED;
}

/* Members of one pool of the chain: those wanted, and those of them that are usable. */
struct census {
    size_t wanted, usable;
};

static struct census
count_pool(const struct looking *looking, size_t pool)
{
    const struct plan_chain *const chain = looking->chain;
    struct census census = { 0, 0 };

    for (uint32_t i = chain->first[pool]; i < chain->first[pool + 1]; i++) {
        if (!is_wanted(looking->want, &looking->plan->members[chain->members[i]]))
            continue;
        census.wanted++;
        census.usable += is_usable(&looking->choice->members[i]);
    }
    return census;
}

static const struct pool *
pool_at(const struct looking *looking, size_t pool)
{
    return looking->plan->classes->chains[looking->choice->class_id].pools[pool];
}

/* Does the pool serve in this round: with enough usable members, or with any? */
static bool
serves(const struct looking *looking, size_t pool, enum ladder round)
{
    const struct census census = count_pool(looking, pool);
    const size_t min_up = pool_at(looking, pool)->min_up;
    const size_t need = min_up < census.wanted ? min_up : census.wanted;
    const bool enough = census.usable > 0 && census.usable >= need;

    return round == LADDER_MIN_UP ? enough : census.usable > 0 && !enough;
}

static bool
is_selected(const struct looking *looking, const struct plan_member *member)
{
    for (size_t i = 0; i < looking->selection->count; i++) {
        const struct plan_member *const other =
            &looking->plan->members[looking->selection->items[i].member];
        if (other->entry == member->entry ||
            strcmp(other->entry->name, member->entry->name) == 0)
            return true;
    }
    return false;
}

static void
select_member(const struct looking *looking, uint32_t number,
              const struct choice_member *state, uint16_t step)
{
    struct selection *const selection = looking->selection;
    const struct plan_member *const member = &looking->plan->members[number];

    if (step > 0 && is_selected(looking, member))
        return;
    const double weight =
        (double)member->member->weight * (double)state->factor * 65536.0;
    selection->items[selection->count++] = (struct selected){
        .member = number,
        .step = step,
        .state = state->state,
        .weight = weight < 1 ? 1 : (uint32_t)weight,
    };
}

/* Takes the members of a pool whose state is from `best` to `worst`. */
static void
select_pool(const struct looking *looking, size_t pool, enum health_state best,
            enum health_state worst, uint16_t step)
{
    const struct plan_chain *const chain = looking->chain;

    for (uint32_t i = chain->first[pool]; i < chain->first[pool + 1]; i++) {
        const struct choice_member *const state = &looking->choice->members[i];
        if (state->state >= best && state->state <= worst &&
            is_wanted(looking->want, &looking->plan->members[chain->members[i]]))
            select_member(looking, chain->members[i], state, step);
    }
}

/* Is a recent automatic verdict against anybody of the chain up to this pool? */
static bool
any_recent(const struct looking *looking, size_t last_pool)
{
    const struct plan_chain *const chain = looking->chain;
    const uint32_t end = chain->pool_count ? chain->first[last_pool + 1] : 0;

    for (uint32_t i = 0; i < end; i++) {
        if (looking->choice->members[i].recent)
            return true;
    }
    return false;
}

static void
begin_with(const struct looking *looking, size_t pool, enum ladder ladder)
{
    looking->selection->pool = pool_at(looking, pool);
    looking->selection->ladder = ladder;
    looking->selection->short_ttl = any_recent(looking, pool);
}

/* Pools that would serve, in order: those with enough members, then those with any. */
static size_t
serving_pools(const struct looking *looking, uint16_t serving[CHAIN_POOLS_MAX],
              size_t *ret_enough)
{
    size_t count = 0;

    for (unsigned round = LADDER_MIN_UP; round <= LADDER_ANY; round++) {
        for (size_t i = 0; i < looking->chain->pool_count && count < CHAIN_POOLS_MAX;
             i++) {
            if (serves(looking, i, (enum ladder)round))
                serving[count++] = (uint16_t)i;
        }
        if (round == LADDER_MIN_UP)
            *ret_enough = count;
    }
    return count;
}

static bool
select_serving(const struct looking *looking)
{
    uint16_t serving[CHAIN_POOLS_MAX];
    size_t enough = 0;
    const size_t count = serving_pools(looking, serving, &enough);

    if (count == 0)
        return false;
    const size_t first = looking->want->skip < count ? looking->want->skip : count - 1;
    begin_with(looking, serving[first], first < enough ? LADDER_MIN_UP : LADDER_ANY);
    for (size_t i = first; i < count && i - first < looking->want->chain; i++)
        select_pool(looking, serving[i], HEALTH_UP, HEALTH_DEGRADED,
                    (uint16_t)(i - first));
    return true;
}

static bool
select_last_resort(const struct looking *looking, enum health_state worst)
{
    const struct plan *const plan = looking->plan;
    const size_t resort = plan->policy->last_resort_count;
    const uint32_t from = looking->chain->first[looking->chain->pool_count];

    looking->selection->pool = NULL;
    looking->selection->ladder = LADDER_LAST_RESORT;
    for (size_t i = 0; i < resort; i++) {
        const uint32_t number = (uint32_t)(plan->member_count - resort + i);
        const struct choice_member *const state = &looking->choice->members[from + i];
        if (state->state <= worst && is_wanted(looking->want, &plan->members[number]))
            select_member(looking, number, state, 0);
    }
    looking->selection->short_ttl = looking->chain->pool_count > 0 &&
                                    any_recent(looking, looking->chain->pool_count - 1);
    return looking->selection->count > 0;
}

/* The best rank left, from the first pool that has it. */
static bool
select_worst(const struct looking *looking)
{
    for (unsigned state = HEALTH_DRAIN; state < HEALTH_STATES; state++) {
        for (size_t i = 0; i < looking->chain->pool_count; i++) {
            select_pool(looking, i, (enum health_state)state, (enum health_state)state,
                        0);
            if (looking->selection->count == 0)
                continue;
            begin_with(looking, i, LADDER_WORST);
            return true;
        }
    }
    return false;
}

void
choice_select(const struct plan *plan, const struct choice *choice,
              const struct want *want, struct selection *selection)
{
    const struct looking looking = { plan, &plan->chains[choice->class_id], choice, want,
                                     selection };

    selection->count = 0;
    if (select_serving(&looking) || select_last_resort(&looking, HEALTH_DEGRADED) ||
        select_worst(&looking))
        return;
    (void)select_last_resort(&looking, HEALTH_BLOCKED);
}
