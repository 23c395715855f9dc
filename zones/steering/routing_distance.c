/* SPDX-License-Identifier: BSD-2-Clause */
/* Policies `by: distance` of routing.yaml. */
#include "dns/base/arena.h"
#include "zones/steering/chain.h"
#include "zones/steering/routing_read.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEEP_DEFAULT = 2, BIAS_MAX = 99 };

struct distance_item {
    struct routing_item item;
    struct policy *policy;
};

static enum status
read_by(void *context, const struct yaml_node *value, struct diag *diag)
{
    struct distance_item *object = context;
    const char *what = routing_what(&object->item, "by");
    const char *text = NULL;
    const enum status status = yaml_text(value, what, diag, &text);

    if (status != OK)
        return status;
    if (strcmp(text, "distance") != 0) {
        diag_error(diag, value->at, "%s: '%s' is not 'distance', the only kind", what,
                   text);
        return ERR_INVALID;
    }
    return OK;
}

static bool
has_location(const struct pool *pool)
{
    for (size_t i = 0; i < pool->member_count; i++)
        if (pool->members[i].server->has_location)
            return true;
    return false;
}

/* Each candidate is there once, and somewhere. */
static enum status
check_candidates(struct distance_item *object, const struct yaml_node *node)
{
    const struct policy *policy = object->policy;
    struct diag *diag = object->item.reader->diag;
    size_t count = 0;
    enum status result = OK;
    const struct yaml_node *element = yaml_elements(node, &count);

    for (size_t i = 0; i < count; i++, element = element->next) {
        if (!has_location(policy->pools[i])) {
            diag_error(diag, element->at, "%s: pool '%s' has no server with a location",
                       object->item.where, policy->pools[i]->name);
            result = ERR_INVALID;
        }
        for (size_t j = 0; j < i; j++)
            if (policy->pools[j] == policy->pools[i]) {
                diag_error(diag, element->at, "%s: pool '%s' is there twice",
                           object->item.where, policy->pools[i]->name);
                result = ERR_INVALID;
            }
    }
    return result;
}

static enum status
read_candidates(void *context, const struct yaml_node *value, struct diag *diag)
{
    struct distance_item *object = context;
    struct policy *policy = object->policy;
    struct routing_pools pools = { 0 };
    char what[ROUTING_WHAT_SIZE];
    size_t count = 0;

    (void)snprintf(what, sizeof(what), "%s", routing_what(&object->item, "pools"));
    (void)yaml_elements(value, &count);
    if (count > DISTANCE_POOLS_MAX) {
        diag_error(diag, value->at, "%s: more than %d", what, DISTANCE_POOLS_MAX);
        return ERR_INVALID;
    }
    const enum status status = routing_read_pool_list(&object->item, what, value, &pools);
    if (status != OK)
        return status;
    policy->pools = pools.pools;
    policy->pool_count = pools.count;
    return check_candidates(object, value);
}

static enum status
read_keep(void *context, const struct yaml_node *value, struct diag *diag)
{
    struct distance_item *object = context;
    uint64_t keep = 0;
    const enum status status = yaml_uint(value, routing_what(&object->item, "keep"), 1,
                                         DISTANCE_KEEP_MAX, diag, &keep);

    object->policy->keep = (size_t)keep;
    return status;
}

/* Read after the candidates, whatever the order in the file. */
static enum status
skip_value(void *context, const struct yaml_node *value, struct diag *diag)
{
    (void)context;
    (void)value;
    (void)diag;
    return OK;
}

static enum status
read_otherwise(void *context, const struct yaml_node *value, struct diag *diag)
{
    struct distance_item *object = context;
    struct routing_pools pools = { 0 };
    char what[ROUTING_WHAT_SIZE];

    (void)diag;
    (void)snprintf(what, sizeof(what), "%s", routing_what(&object->item, "otherwise"));
    const enum status status = routing_read_pool_list(&object->item, what, value, &pools);
    if (status != OK)
        return status;
    return routing_make_chain(&object->item, value, &pools, &object->policy->otherwise);
}

static const struct yaml_field distance_fields[] = {
    { "by", read_by, true },
    { "pools", read_candidates, true },
    { "keep", read_keep, false },
    { "bias", skip_value, false },
    { "otherwise", read_otherwise, true },
    { 0 },
};

/* ---- bias ------------------------------------------------------------------------- */

static size_t
find_candidate(const struct policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->pool_count; i++)
        if (strcmp(policy->pools[i]->name, name) == 0)
            return i;
    return SIZE_MAX;
}

static void
read_one_bias(struct distance_item *object, const struct yaml_node *node, int *bias)
{
    const struct policy *policy = object->policy;
    struct diag *diag = object->item.reader->diag;
    const size_t index = find_candidate(policy, node->key->text);
    double value = 0;

    if (index == SIZE_MAX) {
        if (policy->pool_count) /* else what the candidates are is not known */
            diag_error(diag, node->key->at, "%s: bias: '%s' is none of its pools",
                       object->item.where, node->key->text);
        return;
    }
    if (yaml_real(node, routing_what(&object->item, "bias"), -BIAS_MAX, BIAS_MAX, diag,
                  &value) != OK)
        return;
    bias[index] = (int)value;
    if ((double)bias[index] < value || (double)bias[index] > value)
        diag_error(diag, node->at, "%s: must be a whole number",
                   routing_what(&object->item, "bias"));
}

static enum status
read_bias(struct distance_item *object, const struct yaml_node *map)
{
    struct policy *policy = object->policy;
    int *bias =
        arena_calloc(object->item.reader->arena, policy->pool_count + 1, sizeof(*bias));

    if (!bias)
        return ERR_NOMEM;
    policy->bias = bias;
    if (!map)
        return OK;
    if (map->kind != YAML_MAP) {
        diag_error(object->item.reader->diag, map->at,
                   "%s: must be a map from pools to -99 … 99",
                   routing_what(&object->item, "bias"));
        return OK;
    }
    for (const struct yaml_node *node = map->child; node; node = node->next)
        read_one_bias(object, node, bias);
    return OK;
}

/* ---- the policy ------------------------------------------------------------------- */

/* Any candidate may be the last one kept: its fallbacks must fit behind the others. */
static void
check_lengths(struct distance_item *object, const struct routing_entry *entry)
{
    const struct policy *policy = object->policy;

    for (size_t i = 0; i < policy->pool_count; i++) {
        const struct pool *out[CHAIN_POOLS_MAX];
        const size_t len = chain_fill(&policy->pools[i], 1, false, out);

        if (len && len + policy->keep - 1 <= CHAIN_POOLS_MAX)
            continue;
        diag_error(
            object->item.reader->diag, entry->at,
            "%s: more than %d pools in the chain of pool '%s' (fallbacks included)",
            object->item.where, CHAIN_POOLS_MAX, policy->pools[i]->name);
    }
}

enum status
routing_read_distance(struct routing_reader *reader, const struct routing_entry *entry,
                      struct policy *policy)
{
    struct distance_item object = { .item.reader = reader, .policy = policy };

    policy->by_distance = true;
    policy->keep = KEEP_DEFAULT;
    routing_where(&object.item, "policy '%s'", entry->name);
    enum status status = yaml_read_map(entry->node, object.item.where, distance_fields,
                                       &object, reader->diag);
    if (status == ERR_NOMEM)
        return status;
    status = read_bias(&object, yaml_get(entry->node, "bias"));
    if (status == OK && !reader->loops)
        check_lengths(&object, entry);
    if (policy->keep > policy->pool_count)
        policy->keep = policy->pool_count;
    return status;
}
