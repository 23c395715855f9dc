/* SPDX-License-Identifier: BSD-2-Clause */
#include "zones/link.h"
#include "dns/base/arena.h"
#include "dns/base/array.h"
#include "geoip/base.h"
#include "zones/dyntab.h"
#include "zones/link_resolve.h"
#include "zones/steering/routing.h"
#include <stdlib.h>
#include <string.h>

static void
free_base(struct part *part)
{
    struct base_part *const base = (struct base_part *)(void *)part;

    geo_base_free(base->base);
    free(base);
}

struct base_part *
base_part_new(struct geo_base *base)
{
    struct base_part *const made = malloc(sizeof(*made));

    if (!made) {
        geo_base_free(base);
        return NULL;
    }
    part_init(&made->part, free_base);
    made->base = base;
    return made;
}

static void
free_link(struct part *part)
{
    struct link *const link = (struct link *)(void *)part;

    for (size_t i = 0; i < link->plan_count; i++)
        part_drop(&link->plans[i]->part);
    for (size_t i = 0; link->zones && i < link->zone_count; i++) {
        free(link->zones[i].dyns);
        if (link->zones[i].zone)
            part_drop(&link->zones[i].zone->part);
    }
    free(link->plans);
    free(link->zones);
    if (link->resolvers)
        part_drop(&link->resolvers->part);
    part_drop((struct part *)link->routing);
    if (link->base)
        part_drop(&link->base->part);
    arena_free(link->arena);
    free(link);
}

/* ---- plans: one a policy and service ---------------------------------------------- */

/* A plan to be: found by policy and service while all dyns are gone through. */
struct plan_key {
    const struct policy *policy;
    const char *service;
    size_t uses;
};

struct plan_keys {
    struct plan_key *items;
    size_t count;
    size_t capacity;
    uint32_t *slots; /* open addressing: number + 1 */
    size_t slot_count;
};

static size_t
key_hash(const struct policy *policy, const char *service)
{
    uint64_t hash = (uint64_t)(uintptr_t)policy * 0x9e3779b97f4a7c15U;

    for (const char *at = service; *at; at++)
        hash = (hash ^ (uint8_t)*at) * 0x100000001b3U;
    return (size_t)(hash ^ (hash >> 32));
}

static bool
key_is(const struct plan_key *key, const struct policy *policy, const char *service)
{
    return key->policy == policy && strcmp(key->service, service) == 0;
}

/* The slot of a key: its own, or the empty one where it belongs. */
static uint32_t *
key_slot(const struct plan_keys *keys, const struct policy *policy, const char *service)
{
    size_t at = key_hash(policy, service) & (keys->slot_count - 1);

    while (keys->slots[at] && !key_is(&keys->items[keys->slots[at] - 1], policy, service))
        at = (at + 1) & (keys->slot_count - 1);
    return &keys->slots[at];
}

static enum status
grow_slots(struct plan_keys *keys)
{
    if (keys->slot_count >= 2 * (keys->count + 1))
        return OK;
    const size_t slot_count = keys->slot_count ? keys->slot_count * 2 : 64;
    uint32_t *const slots = calloc(slot_count, sizeof(*slots));
    if (!slots)
        return ERR_NOMEM;
    free(keys->slots);
    keys->slots = slots;
    keys->slot_count = slot_count;
    for (size_t i = 0; i < keys->count; i++)
        *key_slot(keys, keys->items[i].policy, keys->items[i].service) = (uint32_t)i + 1;
    return OK;
}

static enum status
key_number(struct plan_keys *keys, const struct policy *policy, const char *service,
           uint32_t *ret_number)
{
    enum status status = grow_slots(keys);
    if (status != OK)
        return status;
    uint32_t *const slot = key_slot(keys, policy, service);
    if (!*slot) {
        status = array_reserve(&keys->items, &keys->capacity, keys->count + 1,
                               sizeof(*keys->items));
        if (status != OK)
            return status;
        keys->items[keys->count] =
            (struct plan_key){ .policy = policy, .service = service };
        *slot = (uint32_t)++keys->count;
    }
    *ret_number = *slot - 1;
    return OK;
}

static enum status
link_zone_dyns(const struct link_input *input, struct link *link, struct link_zone *zone,
               struct plan_keys *keys)
{
    const size_t count = zone->zone->dyn_count;

    zone->dyns = calloc(count ? count : 1, sizeof(*zone->dyns));
    if (!zone->dyns)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        struct link_dyn *const linked = &zone->dyns[i];
        struct link_meaning meaning;
        enum status status =
            link_resolve(input, &zone->zone->dyns[i], link->arena, NULL, &meaning);
        if (status != OK)
            return status;
        *linked = (struct link_dyn){ .dyn = meaning.dyn,
                                     .server = meaning.server,
                                     .plan = LINK_NO_PLAN };
        zone->routing_hash = (zone->routing_hash ^ meaning.export_hash) * 0x100000001b3U;
        if (!meaning.policy)
            continue;
        status = key_number(keys, meaning.policy, meaning.dyn->service, &linked->plan);
        if (status != OK)
            return status;
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): key_number made it */
        keys->items[linked->plan].uses += zone->zone->dyns[i].uses;
    }
    return OK;
}

static const struct plan *
previous_plan(const struct link *previous, const struct plan_keys *index,
              const struct plan_key *key)
{
    if (!previous || index->slot_count == 0)
        return NULL;
    const uint32_t slot = *key_slot(index, key->policy, key->service);
    return slot ? previous->plans[slot - 1] : NULL;
}

/* Same maps, same classes, same resolvers: what the old plan says still holds. */
static bool
plan_still_holds(const struct plan *plan, const struct classes *classes,
                 const struct link *link, const struct link *previous)
{
    return plan->classes->map == classes->map &&
           plan->classes->vector == classes->vector &&
           plan->classes->class_count == classes->class_count &&
           !plan->policy->by_distance && plan->resolvers == link->resolvers &&
           previous->routing == link->routing && previous->base == link->base;
}

static enum status
/* NOLINTNEXTLINE(readability-function-size): now and before */
make_plan(struct link *link, const struct link *previous,
          const struct plan_keys *old_index, const struct plan_key *key,
          struct classes *classes, struct plan **ret_plan)
{
    const struct plan *const old = previous_plan(previous, old_index, key);

    if (old && plan_still_holds(old, classes, link, previous)) {
        const size_t number = *key_slot(old_index, key->policy, key->service) - 1U;
        *ret_plan = previous->plans[number];
        part_hold(&(*ret_plan)->part);
        return OK;
    }
    return plan_new(key->policy, key->service, classes, link->resolvers, link->routing,
                    ret_plan);
}

/* Finds the previous link's plans by policy and service. */
static enum status
index_previous(const struct link *previous, struct plan_keys *index)
{
    for (size_t i = 0; previous && i < previous->plan_count; i++) {
        uint32_t number;
        const enum status status = key_number(index, previous->plans[i]->policy,
                                              previous->plans[i]->service, &number);
        if (status != OK)
            return status;
    }
    return OK;
}

static enum status
make_plans(struct link *link, const struct link_input *input,
           const struct plan_keys *keys, const struct plan_keys *old_index,
           struct classes **classes)
{
    link->plans = calloc(keys->count ? keys->count : 1, sizeof(struct plan *));
    if (!link->plans)
        return ERR_NOMEM;
    for (size_t i = 0; i < keys->count; i++) {
        const enum status status =
            make_plan(link, input->previous, old_index, &keys->items[i], classes[i],
                      &link->plans[i]);
        if (status != OK)
            return status;
        link->plan_count++;
    }
    return OK;
}

static enum status
link_plans(struct link *link, const struct link_input *input,
           const struct plan_keys *keys)
{
    struct classes_input *const wanted = calloc(keys->count + 1, sizeof(*wanted));
    struct classes **const classes = calloc(keys->count + 1, sizeof(struct classes *));
    struct plan_keys old_index = { 0 };
    enum status status =
        wanted && classes ? index_previous(input->previous, &old_index) : ERR_NOMEM;

    for (size_t i = 0; status == OK && i < keys->count; i++)
        wanted[i] = (struct classes_input){ .policy = keys->items[i].policy,
                                            .uses = keys->items[i].uses };
    if (status == OK)
        status =
            classes_make(input->cache, input->base->base, wanted, keys->count, classes);
    if (status == OK) {
        status = make_plans(link, input, keys, &old_index, classes);
        for (size_t i = 0; i < keys->count; i++)
            part_drop(&classes[i]->part); /* the plans hold their own */
    }
    free(old_index.items);
    free(old_index.slots);
    free(classes);
    free(wanted);
    return status;
}

static struct link *
new_link(const struct link_input *input)
{
    struct link *const link = calloc(1, sizeof(*link));

    if (!link)
        return NULL;
    part_init(&link->part, free_link);
    link->base = input->base;
    link->routing = input->routing;
    link->resolvers = input->resolvers;
    part_hold(&input->base->part);
    part_hold((struct part *)input->routing);
    if (input->resolvers)
        part_hold(&input->resolvers->part);
    link->arena = arena_new();
    link->zones = calloc(input->zone_count + 1, sizeof(*link->zones));
    link->zone_count = input->zone_count;
    return link;
}

enum status
link_new(const struct link_input *input, struct link **ret_link)
{
    struct link *const link = new_link(input);
    struct plan_keys keys = { 0 };

    if (!link)
        return ERR_NOMEM;
    enum status status = link->arena && link->zones ? OK : ERR_NOMEM;
    for (size_t i = 0; status == OK && i < input->zone_count; i++) {
        if (!input->zones[i])
            continue;
        part_hold(&input->zones[i]->part);
        link->zones[i].zone = input->zones[i];
        status = link_zone_dyns(input, link, &link->zones[i], &keys);
    }
    if (status == OK)
        status = link_plans(link, input, &keys);
    free(keys.items);
    free(keys.slots);
    if (status != OK) {
        part_drop(&link->part);
        return status;
    }
    *ret_link = link;
    return OK;
}
