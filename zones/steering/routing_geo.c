/* SPDX-License-Identifier: BSD-2-Clause */
/* `geo_routing` of routing.yaml, the short form: regions and the server of each. It is a
 * policy of this name; every server is a pool of one, "geo_routing/SERVER" (no written
 * pool has a '/' in its name). */
#include "dns/base/arena.h"
#include "zones/steering/chain.h"
#include "zones/steering/cover.h"
#include "zones/steering/place_set.h"
#include "zones/steering/routing_read.h"
#include <stdio.h>
#include <string.h>

static const char geo_name[] = "geo_routing";

struct geo_item {
    struct routing_item item;
    struct routing_geo *geo;
};

/* ---- servers ---------------------------------------------------------------------- */

static const struct server *
server_of_host(const struct routing *routing, const char *host)
{
    for (size_t i = 0; i < routing->server_count; i++)
        if (routing->servers[i].host && strcmp(routing->servers[i].host, host) == 0)
            return &routing->servers[i];
    return NULL;
}

/* A host that no server owns: a server of that name, without the final dot. */
static enum status
add_host(struct routing_reader *reader, const char *host,
         const struct server **ret_server)
{
    struct routing *routing = reader->routing;
    struct server *server = &routing->servers[routing->server_count];
    char *name = arena_strdup(reader->arena, host);

    if (!name)
        return ERR_NOMEM;
    name[strlen(name) - 1] = '\0';
    server->name = name;
    server->host = host;
    routing->server_count++;
    *ret_server = server;
    return OK;
}

static enum status
read_server(void *context, const struct yaml_node *value, struct diag *diag)
{
    struct geo_item *object = context;
    struct routing_reader *reader = object->item.reader;
    struct routing *routing = reader->routing;
    const char *what = routing_what(&object->item, "server");
    const char *text = NULL;
    const char *host = NULL;
    enum status status = yaml_text(value, what, diag, &text);

    if (status != OK)
        return status;
    const size_t number = names_find(&routing->server_names, text);
    if (number != SIZE_MAX) {
        object->geo->server = &routing->servers[number];
        return OK;
    }
    status = routing_read_host(&object->item, what, value, &host);
    if (status != OK)
        return status;
    if (!strchr(text, '.')) { /* a host of one label is a mistyped name */
        const char *nearest = names_nearest(&routing->server_names, text);

        diag_error(diag, value->at, "%s: '%s' is neither a server nor a host name%s%s%s",
                   what, text, nearest ? ": did you mean '" : "", nearest ? nearest : "",
                   nearest ? "'?" : "");
        return ERR_INVALID;
    }
    object->geo->server = server_of_host(routing, host);
    if (object->geo->server)
        return OK;
    status = add_host(reader, host, &object->geo->server);
    if (status == OK)
        routing->servers[routing->server_count - 1].at = object->geo->at;
    return status;
}

static enum status
read_region(void *context, const struct yaml_node *value, struct diag *diag)
{
    struct geo_item *object = context;

    (void)diag;
    object->geo->region = value; /* regions are read later */
    return OK;
}

static const struct yaml_field geo_fields[] = {
    { "region", read_region, true },
    { "server", read_server, true },
    { 0 },
};

/* The names of servers, with those that geo_routing added. */
static enum status
rename_servers(struct routing_reader *reader)
{
    struct routing *routing = reader->routing;
    const char **names =
        arena_calloc(reader->arena, routing->server_count + 1, sizeof(*names));

    if (!names)
        return ERR_NOMEM;
    for (size_t i = 0; i < routing->server_count; i++)
        names[i] = routing->servers[i].name;
    return names_make(reader->arena, names, routing->server_count,
                      &routing->server_names);
}

static enum status
read_entries(struct routing_reader *reader)
{
    size_t count = 0;

    for (const struct yaml_node *node = reader->geo_routing->child; node;
         node = node->next) {
        struct geo_item object = { .item.reader = reader, .geo = &reader->geo[count++] };

        object.geo->at = routing_keep_at(reader, node->at);
        routing_where(&object.item, "%s: entry %zu", geo_name, count);
        if (yaml_read_map(node, object.item.where, geo_fields, &object, reader->diag) ==
            ERR_NOMEM)
            return ERR_NOMEM;
    }
    reader->geo_count = count;
    return OK;
}

enum status
routing_geo_servers(struct routing_reader *reader)
{
    if (!reader->geo_routing)
        return OK;
    reader->geo =
        arena_calloc(reader->arena, reader->geo_routing->len + 1, sizeof(*reader->geo));
    if (!reader->geo)
        return ERR_NOMEM;
    const enum status status = read_entries(reader);
    return status == OK ? rename_servers(reader) : status;
}

/* ---- pools ------------------------------------------------------------------------ */

static enum status
add_pool(struct routing_reader *reader, struct routing_geo *geo)
{
    struct routing *routing = reader->routing;
    struct pool *pool = &routing->pools[routing->pool_count];
    struct member *member = arena_calloc(reader->arena, 1, sizeof(*member));
    const size_t size = sizeof(geo_name) + strlen(geo->server->name) + 1;
    char *name = arena_alloc(reader->arena, size);

    if (!member || !name)
        return ERR_NOMEM;
    (void)snprintf(name, size, "%s/%s", geo_name, geo->server->name);
    *member = (struct member){ .server = geo->server, .weight = 1 };
    *pool = (struct pool){
        .name = name, .members = member, .member_count = 1, .min_up = 1, .at = geo->at
    };
    routing->pool_count++;
    geo->pool = pool;
    return OK;
}

enum status
routing_geo_pools(struct routing_reader *reader)
{
    enum status status = OK;

    for (size_t i = 0; status == OK && i < reader->geo_count; i++) {
        struct routing_geo *geo = &reader->geo[i];

        for (size_t j = 0; j < i && !geo->pool; j++)
            if (reader->geo[j].server == geo->server)
                geo->pool = reader->geo[j].pool;
        if (geo->server && !geo->pool)
            status = add_pool(reader, geo);
    }
    return status;
}

/* ---- the policy ------------------------------------------------------------------- */

/* The entry's own pool, then the others in order. */
static enum status
make_chain(struct routing_item *item, size_t number, struct chain *ret_chain)
{
    struct routing_reader *reader = item->reader;
    const struct pool **pools =
        arena_calloc(reader->arena, reader->geo_count + 1, sizeof(struct pool *));
    size_t count = 0;

    if (!pools)
        return ERR_NOMEM;
    if (reader->geo[number].pool)
        pools[count++] = reader->geo[number].pool;
    for (size_t i = 0; i < reader->geo_count; i++)
        if (reader->geo[i].pool)
            pools[count++] = reader->geo[i].pool;
    if (!count)
        return ERR_INVALID; /* every server was wrong, and reported */
    const struct routing_pools all = { pools, count, true };
    return routing_make_chain(item, reader->geo_routing, &all, ret_chain);
}

static enum status
add_places(struct routing_item *item, const struct yaml_node *region, struct rule *rule)
{
    struct arena *arena = item->reader->arena;
    struct place_set places;
    size_t count = 0;
    enum status status = OK;
    char what[ROUTING_WHAT_SIZE];
    const struct yaml_node *node = region ? yaml_elements(region, &count) : NULL;

    (void)snprintf(what, sizeof(what), "%s", routing_what(item, "region"));
    place_set_init(&places);
    for (size_t i = 0; status != ERR_NOMEM && i < count; i++, node = node->next)
        status = routing_add_region(item, what, node, &places);
    place_set_finish(&places);
    rule->everyone = rule->everyone || places.everyone;
    rule->word_count = places.word_count;
    rule->subnet_count = places.net_count;
    if (status != ERR_NOMEM)
        status = place_set_words(&places, arena, &rule->words);
    if (status == OK)
        status = place_set_nets(&places, arena, &rule->subnets);
    place_set_done(&places);
    return status;
}

static enum status
make_rules(struct routing_reader *reader, struct rule *rules)
{
    struct routing_item item = { .reader = reader };

    for (size_t i = 0; i < reader->geo_count; i++) {
        routing_where(&item, "%s: entry %zu", geo_name, i + 1);
        rules[i].at = reader->geo[i].at;
        rules[i].everyone = i + 1 == reader->geo_count;
        enum status status = add_places(&item, reader->geo[i].region, &rules[i]);
        if (status == OK)
            status = make_chain(&item, i, &rules[i].chain);
        if (status == ERR_NOMEM)
            return status;
    }
    return OK;
}

enum status
routing_geo_policy(struct routing_reader *reader)
{
    struct routing *routing = reader->routing;
    struct policy *policy = &routing->policies[routing->policy_count];

    if (!reader->geo_count)
        return OK;
    struct rule *rules = arena_calloc(reader->arena, reader->geo_count, sizeof(*rules));
    if (!rules)
        return ERR_NOMEM;
    policy->name = geo_name;
    policy->at = routing_keep_at(reader, reader->geo_routing->key->at);
    policy->rules = rules;
    policy->rule_count = reader->geo_count;
    enum status status = make_rules(reader, rules);
    if (status == OK)
        status = cover_warn(rules, reader->geo_count, geo_name, reader->diag);
    if (status == OK)
        status = chain_collect_pools(reader->arena, policy);
    routing->policy_count++;
    return status;
}
