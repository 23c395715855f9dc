/* SPDX-License-Identifier: BSD-2-Clause */
/* `policies` of routing.yaml: a list is rules, a map is `by: distance`. */
#include "dns/base/arena.h"
#include "zones/steering/chain.h"
#include "zones/steering/cover.h"
#include "zones/steering/place_set.h"
#include "zones/steering/routing_read.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- rules ------------------------------------------------------------------------ */

struct rule_item {
    struct routing_item item;
    struct place_set places;
    struct routing_pools pools;
    const struct yaml_node *pools_at;
    bool has_places; /* any of the four keys is there, sound or not */
};

typedef enum status (*element_fn)(struct rule_item *object, const char *what,
                                  const struct yaml_node *node);

/* Gives every element of a list (or the one scalar) to `read`; all are read. */
static enum status
read_elements(struct rule_item *object, const char *key, const struct yaml_node *value,
              element_fn read)
{
    char what[ROUTING_WHAT_SIZE];
    size_t count = 0;
    enum status result = OK;
    const struct yaml_node *node = yaml_elements(value, &count);

    (void)snprintf(what, sizeof(what), "%s", routing_what(&object->item, key));
    object->has_places = true;
    if (!count) {
        diag_error(object->item.reader->diag, value->at, "%s: there must be at least one",
                   what);
        return ERR_INVALID;
    }
    for (size_t i = 0; i < count; i++, node = node->next) {
        const enum status status = read(object, what, node);

        if (status == ERR_NOMEM)
            return status;
        if (status != OK)
            result = status;
    }
    return result;
}

static enum status
add_net(struct rule_item *object, const char *what, const struct yaml_node *node,
        const struct prefix *net)
{
    const enum status status = place_set_add_net(&object->places, net);

    if (status != ERR_LIMIT)
        return status;
    diag_error(object->item.reader->diag, node->at, "%s: more than %d", what, PLACES_MAX);
    return ERR_INVALID;
}

static enum status
read_one_subnet(struct rule_item *object, const char *what, const struct yaml_node *node)
{
    struct prefix net;
    const enum status status =
        place_set_read_net(node, what, object->item.reader->diag, &net);

    return status == OK ? add_net(object, what, node, &net) : status;
}

static enum status
read_one_asn(struct rule_item *object, const char *what, const struct yaml_node *node)
{
    struct diag *diag = object->item.reader->diag;
    struct place_word word = { .kind = PLACE_WORD_ASN };
    uint64_t asn = 0;

    if (node->kind == YAML_SCALAR &&
        (strncmp(node->text, "AS", 2) == 0 || strncmp(node->text, "asn:", 4) == 0)) {
        diag_error(diag, node->at, "%s: '%s': write the number alone, as in 64500", what,
                   node->text);
        return ERR_INVALID;
    }
    enum status status = yaml_uint(node, what, 1, UINT32_MAX, diag, &asn);
    if (status != OK)
        return status;
    word.asn = (uint32_t)asn;
    status = place_set_add(&object->places, &word);
    if (status != ERR_LIMIT)
        return status;
    diag_error(diag, node->at, "%s: more than %d", what, PLACES_MAX);
    return ERR_INVALID;
}

static enum status
read_one_geo(struct rule_item *object, const char *what, const struct yaml_node *node)
{
    return routing_add_word(&object->item, what, node, &object->places);
}

static enum status
read_one_region(struct rule_item *object, const char *what, const struct yaml_node *node)
{
    return routing_add_region(&object->item, what, node, &object->places);
}

static enum status
read_geos(void *context, const struct yaml_node *value, struct diag *diag)
{
    (void)diag;
    return read_elements(context, "geos", value, read_one_geo);
}

static enum status
read_region(void *context, const struct yaml_node *value, struct diag *diag)
{
    (void)diag;
    return read_elements(context, "region", value, read_one_region);
}

static enum status
read_asns(void *context, const struct yaml_node *value, struct diag *diag)
{
    (void)diag;
    return read_elements(context, "asns", value, read_one_asn);
}

static enum status
read_subnets(void *context, const struct yaml_node *value, struct diag *diag)
{
    (void)diag;
    return read_elements(context, "subnets", value, read_one_subnet);
}

static enum status
read_rule_pools(struct rule_item *object, const char *key, const struct yaml_node *value)
{
    char what[ROUTING_WHAT_SIZE];

    (void)snprintf(what, sizeof(what), "%s", routing_what(&object->item, key));
    if (object->pools_at) {
        diag_error(object->item.reader->diag, value->key->at,
                   "%s: 'pool' and 'pools' exclude each other", object->item.where);
        return ERR_INVALID;
    }
    object->pools_at = value;
    return routing_read_pool_list(&object->item, what, value, &object->pools);
}

static enum status
read_pool_key(void *context, const struct yaml_node *value, struct diag *diag)
{
    struct rule_item *object = context;

    if (value->kind != YAML_SCALAR) {
        object->pools_at = value;
        diag_error(diag, value->at,
                   "%s: must be one name; several are written under 'pools'",
                   routing_what(&object->item, "pool"));
        return ERR_INVALID;
    }
    return read_rule_pools(object, "pool", value);
}

static enum status
read_pools_key(void *context, const struct yaml_node *value, struct diag *diag)
{
    (void)diag;
    return read_rule_pools(context, "pools", value);
}

static enum status
read_only(void *context, const struct yaml_node *value, struct diag *diag)
{
    struct rule_item *object = context;

    return yaml_bool(value, routing_what(&object->item, "only"), diag,
                     &object->pools.only);
}

static const struct yaml_field rule_fields[] = {
    { "region", read_region, false }, { "geos", read_geos, false },
    { "asns", read_asns, false },     { "subnets", read_subnets, false },
    { "pool", read_pool_key, false }, { "pools", read_pools_key, false },
    { "only", read_only, false },     { 0 },
};

/* Copies what was read into the rule. */
static enum status
fill_rule(struct rule_item *object, const struct yaml_node *node, struct rule *rule)
{
    struct arena *arena = object->item.reader->arena;
    struct place_set *places = &object->places;

    place_set_finish(places);
    rule->everyone = places->everyone || !object->has_places;
    rule->word_count = places->word_count;
    rule->subnet_count = places->net_count;
    enum status status = place_set_words(places, arena, &rule->words);
    if (status == OK)
        status = place_set_nets(places, arena, &rule->subnets);
    if (status != OK)
        return status;
    return routing_make_chain(&object->item, object->pools_at ? object->pools_at : node,
                              &object->pools, &rule->chain);
}

static enum status
read_rule_map(struct rule_item *object, const struct yaml_node *node, struct rule *rule)
{
    struct routing_item *item = &object->item;
    enum status status =
        yaml_read_map(node, item->where, rule_fields, object, item->reader->diag);

    if (status == OK && !object->pools_at) {
        diag_error(item->reader->diag, node->at, "%s: needs 'pool' or 'pools'",
                   item->where);
        status = ERR_INVALID;
    }
    if (status != OK) {
        /* what it would have matched is not known: it must not make others look
         * unreachable */
        rule->everyone = node->kind == YAML_MAP && !object->has_places;
        return status;
    }
    return fill_rule(object, node, rule);
}

static enum status
read_rule(struct routing_reader *reader, const char *policy, const struct yaml_node *node,
          size_t number, struct rule *rule)
{
    struct rule_item object = { .item.reader = reader };

    rule->at = routing_keep_at(reader, node->at);
    routing_where(&object.item, "policy '%s': rule %zu", policy, number);
    place_set_init(&object.places);
    const enum status status = read_rule_map(&object, node, rule);
    place_set_done(&object.places);
    return status;
}

/* Without errors in the rules themselves. */
static enum status
check_rules(struct routing_reader *reader, const struct routing_entry *entry,
            const struct policy *policy)
{
    char where[ROUTING_WHERE_SIZE];

    (void)snprintf(where, sizeof(where), "policy '%s'", policy->name);
    if (!policy->rules[policy->rule_count - 1].everyone) {
        diag_error(reader->diag, entry->at,
                   "%s: the last rule must be for everyone: a pool without places",
                   where);
        return ERR_INVALID;
    }
    return cover_warn(policy->rules, policy->rule_count, where, reader->diag);
}

enum status
routing_read_rules(struct routing_reader *reader, const struct routing_entry *entry,
                   struct policy *policy)
{
    const struct yaml_node *node = entry->node;
    enum status result = OK;
    size_t number = 0;

    if (!node->len || node->len > POLICY_RULES_MAX) {
        diag_error(reader->diag, node->at, "policy '%s': there must be 1 to %d rules",
                   entry->name, POLICY_RULES_MAX);
        return OK;
    }
    struct rule *rules = arena_calloc(reader->arena, node->len, sizeof(*rules));
    if (!rules)
        return ERR_NOMEM;
    policy->rules = rules;
    policy->rule_count = node->len;
    for (const struct yaml_node *rule = node->child; rule; rule = rule->next, number++) {
        const enum status status =
            read_rule(reader, entry->name, rule, number + 1, &rules[number]);

        if (status == ERR_NOMEM)
            return status;
        if (status != OK)
            result = status;
    }
    const enum status status = check_rules(reader, entry, policy);
    if (status == ERR_NOMEM)
        return status;
    return result == OK && status == OK ? chain_collect_pools(reader->arena, policy) : OK;
}

/* ---- policies --------------------------------------------------------------------- */

static enum status
read_policy(struct routing_reader *reader, const struct routing_entry *entry,
            struct policy *policy)
{
    policy->name = entry->name;
    policy->at = entry->at;
    if (entry->node->kind == YAML_LIST)
        return routing_read_rules(reader, entry, policy);
    if (entry->node->kind == YAML_MAP)
        return routing_read_distance(reader, entry, policy);
    diag_error(reader->diag, entry->node->at,
               "policy '%s': must be a list of rules, or a map with 'by: distance'",
               entry->name);
    return OK;
}

/* "pool/NAME": everyone gets the pool and its fallbacks. */
static enum status
make_pool_policy(struct routing_reader *reader, const struct pool *pool,
                 struct policy *policy)
{
    struct routing_item item = { .reader = reader };
    char name[ROUTING_WHAT_SIZE];
    struct rule *rule = arena_calloc(reader->arena, 1, sizeof(*rule));

    (void)snprintf(name, sizeof(name), "pool/%s", pool->name);
    policy->name = arena_strdup(reader->arena, name);
    if (!rule || !policy->name)
        return ERR_NOMEM;
    policy->at = pool->at;
    rule->at = pool->at;
    rule->everyone = true;
    policy->rules = rule;
    policy->rule_count = 1;
    if (reader->loops)
        return OK;
    routing_where(&item, "pool '%s'", pool->name);
    const enum status status = chain_make(reader->arena, &pool, 1, false, &rule->chain);
    if (status == ERR_LIMIT) {
        diag_error(reader->diag, pool->at,
                   "%s: more than %d pools in one chain (fallbacks included)", item.where,
                   CHAIN_POOLS_MAX);
        return OK;
    }
    return status == OK ? chain_collect_pools(reader->arena, policy) : status;
}

enum status
routing_read_policies(struct routing_reader *reader)
{
    const struct routing_entries *entries = &reader->sections[SECTION_POLICIES];
    struct routing *routing = reader->routing;
    enum status status = OK;

    routing->policies =
        arena_calloc(reader->arena, entries->count + 1, sizeof(*routing->policies));
    if (!routing->policies)
        return ERR_NOMEM;
    for (size_t i = 0; status == OK && i < entries->count; i++)
        status = read_policy(reader, &entries->items[i], &routing->policies[i]);
    routing->policy_count = entries->count;
    for (size_t i = 0; status == OK && i < routing->pool_count; i++)
        status = make_pool_policy(reader, &routing->pools[i], &routing->pool_policies[i]);
    return status;
}
