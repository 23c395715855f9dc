/* SPDX-License-Identifier: BSD-2-Clause */
/* Classes: chains numbered, and each policy's share of the maps. */
#include "zones/steering/classes.h"
#include "dns/base/array.h"
#include "zones/steering/chain.h"
#include "zones/steering/class_maps.h"
#include "zones/steering/intern.h"
#include "zones/steering/nearest.h"
#include <stdlib.h>
#include <string.h>

struct classes_cache {
    struct class_maps *maps;
};

/* What a struct classes is the first member of. */
struct own_classes {
    struct classes classes;
    struct class_mapping *mapping; /* one reference; NULL: one class for all */
    uint32_t *rule_class;          /* owned; NULL by distance */
    struct chain *chains;          /* owned */
    const struct pool **pools;     /* owned: of the chains by distance */
    uint8_t *stick;                /* owned */
};

/* ---- numbering by rules ----------------------------------------------------------- */

static uint64_t
hash_chain(const struct chain *chain, uint64_t salt)
{
    uint64_t hash = 0xcbf29ce484222325ULL ^ salt;

    for (size_t i = 0; i < chain->pool_count; i++)
        hash = (hash ^ (uintptr_t)chain->pools[i]) * 0x100000001b3ULL;
    return hash;
}

/* The class of a chain: an equal one's, or the next. first_rule[class]: the rule it comes
 * from. */
static enum status
number_chain(struct intern *intern, const struct rule *rules, size_t rule,
             size_t *first_rule, uint32_t *ret_class)
{
    for (uint64_t salt = 0;; salt++) { /* another salt where two chains have one hash */
        const size_t known = intern->count;
        const enum status status =
            intern_number(intern, hash_chain(&rules[rule].chain, salt), ret_class);

        if (status != OK)
            return status;
        if (intern->count > known)
            first_rule[*ret_class] = rule;
        if (chain_equal(&rules[first_rule[*ret_class]].chain, &rules[rule].chain))
            return OK;
    }
}

/* The last rule's chain is class 0. */
static enum status
number_rules(const struct policy *policy, size_t *first_rule, uint32_t *rule_class,
             size_t *ret_count)
{
    const size_t last = policy->rule_count - 1;
    struct intern intern;

    intern_init(&intern);
    enum status status =
        number_chain(&intern, policy->rules, last, first_rule, &rule_class[last]);
    for (size_t i = 0; status == OK && i < last; i++)
        status = number_chain(&intern, policy->rules, i, first_rule, &rule_class[i]);
    *ret_count = intern.count;
    intern_done(&intern);
    return status;
}

static enum status
fill_rules(struct own_classes *own, const struct policy *policy)
{
    size_t *first_rule = calloc(policy->rule_count, sizeof(*first_rule));
    enum status status = OK;

    own->rule_class = calloc(policy->rule_count, sizeof(*own->rule_class));
    own->chains = calloc(policy->rule_count, sizeof(*own->chains));
    if (!first_rule || !own->rule_class || !own->chains)
        status = ERR_NOMEM;
    if (status == OK)
        status =
            number_rules(policy, first_rule, own->rule_class, &own->classes.class_count);
    for (size_t i = 0; status == OK && i < own->classes.class_count; i++)
        own->chains[i] = policy->rules[first_rule[i]].chain;
    free(first_rule);
    return status;
}

/* ---- chains by distance ----------------------------------------------------------- */

/* The pools of one class and the fallbacks of the last. routing has made sure that they
 * fit. */
static size_t
distance_chain(const struct policy *policy, const struct nearest *nearest,
               uint32_t class_id, const struct pool *out[CHAIN_POOLS_MAX])
{
    uint16_t numbers[DISTANCE_KEEP_MAX];
    const struct pool *pools[DISTANCE_KEEP_MAX];
    const size_t count = nearest_pools(nearest, class_id, numbers);

    for (size_t i = 0; i < count; i++)
        pools[i] = policy->pools[numbers[i]];
    const size_t len = chain_fill(pools, count, false, out);
    return len ? len : chain_fill(pools, count, true, out);
}

/* All chains lie in one array; it may move while it grows, so lengths come first and
 * pointers last. */
static enum status
fill_distance(struct own_classes *own, const struct policy *policy)
{
    const struct nearest *nearest = own->mapping->nearest;
    const size_t count = nearest_count(nearest);
    size_t used = 0;
    size_t capacity = 0;

    own->chains = calloc(count, sizeof(*own->chains));
    if (!own->chains)
        return ERR_NOMEM;
    own->chains[0] = policy->otherwise;
    for (size_t i = 1; i < count; i++) {
        const struct pool *out[CHAIN_POOLS_MAX];
        const size_t len = distance_chain(policy, nearest, (uint32_t)i, out);

        if (array_reserve(&own->pools, &capacity, used + len, sizeof(struct pool *)) !=
            OK)
            return ERR_NOMEM;
        memcpy(own->pools + used, out, len * sizeof(struct pool *));
        used += len;
        own->chains[i].pool_count = len;
    }
    used = 0;
    for (size_t i = 1; i < count; i++) {
        own->chains[i].pools = own->pools + used;
        used += own->chains[i].pool_count;
    }
    own->classes.class_count = count;
    return OK;
}

/* ---- parts ------------------------------------------------------------------------ */

static void
free_classes(struct part *part)
{
    struct own_classes *own = (struct own_classes *)part;

    if (own->mapping)
        part_drop(&own->mapping->part);
    free(own->rule_class);
    free(own->chains);
    free(own->pools);
    free(own->stick);
    free(own);
}

/* Chains and rule numbers; what maps give follows in finish. */
static enum status
start(const struct policy *policy, struct own_classes **ret_own)
{
    struct own_classes *own = calloc(1, sizeof(*own));

    if (!own)
        return ERR_NOMEM;
    part_init(&own->classes.part, free_classes);
    const enum status status = policy->by_distance ? OK : fill_rules(own, policy);
    if (status != OK) {
        part_drop(&own->classes.part);
        return status;
    }
    *ret_own = own;
    return OK;
}

/* Takes the mapping. */
static enum status
finish(struct own_classes *own, const struct policy *policy,
       struct class_mapping *mapping)
{
    struct classes *classes = &own->classes;

    own->mapping = mapping;
    if (policy->by_distance && fill_distance(own, policy) != OK)
        return ERR_NOMEM;
    own->stick = calloc(classes->class_count, sizeof(*own->stick));
    if (!own->stick)
        return ERR_NOMEM;
    for (size_t i = 0; i < classes->class_count; i++)
        own->stick[i] = chain_sticks(&own->chains[i]);
    classes->chains = own->chains;
    classes->stick = own->stick;
    if (mapping && mapping->map) {
        classes->map = mapping->map->map;
        classes->vector = mapping->vector;
    }
    return OK;
}

static enum status
start_all(const struct classes_input *inputs, size_t count, struct own_classes **owns,
          struct class_request *requests)
{
    enum status status = OK;

    for (size_t i = 0; status == OK && i < count; i++) {
        status = start(inputs[i].policy, &owns[i]);
        if (status == OK)
            requests[i] =
                (struct class_request){ .policy = inputs[i].policy,
                                        .rule_class = owns[i]->rule_class,
                                        .class_count = owns[i]->classes.class_count,
                                        .uses = inputs[i].uses };
    }
    return status;
}

static enum status
make(struct classes_cache *cache, const struct geo_base *base,
     const struct classes_input *inputs, size_t count, struct own_classes **owns)
{
    struct class_request *requests = calloc(count + 1, sizeof(*requests));
    enum status status = requests ? OK : ERR_NOMEM;

    if (status == OK)
        status = start_all(inputs, count, owns, requests);
    if (status == OK)
        status = class_maps_make(cache->maps, base, requests, count);
    if (status == OK)
        for (size_t i = 0; i < count; i++) { /* all of them: each takes its mapping */
            const enum status one =
                finish(owns[i], inputs[i].policy, requests[i].mapping);

            status = status == OK ? one : status;
        }
    free(requests);
    return status;
}

enum status
classes_make(struct classes_cache *cache, const struct geo_base *base,
             const struct classes_input *inputs, size_t count,
             struct classes **ret_classes)
{
    struct own_classes **owns = calloc(count + 1, sizeof(struct own_classes *));

    if (!owns)
        return ERR_NOMEM;
    const enum status status = make(cache, base, inputs, count, owns);
    for (size_t i = 0; i < count; i++) {
        if (status == OK)
            ret_classes[i] = &owns[i]->classes;
        else if (owns[i])
            part_drop(&owns[i]->classes.part);
    }
    free(owns);
    return status;
}

struct classes_cache *
classes_cache_new(size_t own_maps_max)
{
    struct classes_cache *cache = calloc(1, sizeof(*cache));

    if (!cache)
        return NULL;
    cache->maps = class_maps_new(own_maps_max);
    if (!cache->maps) {
        free(cache);
        return NULL;
    }
    return cache;
}

void
classes_cache_free(struct classes_cache *cache)
{
    if (!cache)
        return;
    class_maps_free(cache->maps);
    free(cache);
}

uint32_t
classes_of_place(const struct classes *classes, const struct policy *policy,
                 const struct place *place, const char *const *tags,
                 const struct prefix *net)
{
    const struct own_classes *own = (const struct own_classes *)classes;

    if (policy->by_distance)
        return nearest_find(own->mapping->nearest, place);
    return own->rule_class[policy_rule_of(policy, place, tags, net)];
}
