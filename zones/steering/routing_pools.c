/* SPDX-License-Identifier: BSD-2-Clause */
/* `pools` of routing.yaml, their fallbacks, and the policy that each pool is by itself.
 */
#include "dns/base/arena.h"
#include "zones/steering/chain.h"
#include "zones/steering/routing_read.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pool_item {
    struct routing_item item;
    struct pool *pool;
};

struct member_item {
    struct routing_item item;
    struct member *member;
};

/* ---- members ---------------------------------------------------------------------- */

static enum status
refer_server(struct routing_item *item, const struct yaml_node *node,
             struct member *member)
{
    const struct routing *routing = item->reader->routing;
    size_t number = 0;
    const enum status status =
        routing_refer(item, node, "server", &routing->server_names, &number);

    if (status == OK)
        member->server = &routing->servers[number];
    return status;
}

static enum status
read_member_server(void *context, const struct yaml_node *value, struct diag *diag)
{
    struct member_item *object = context;

    (void)diag;
    return refer_server(&object->item, value, object->member);
}

static enum status
read_member_weight(void *context, const struct yaml_node *value, struct diag *diag)
{
    struct member_item *object = context;
    uint64_t weight = 1;
    const enum status status = yaml_uint(value, routing_what(&object->item, "weight"), 1,
                                         WEIGHT_MAX, diag, &weight);

    object->member->weight = (uint32_t)weight;
    return status;
}

static const struct yaml_field member_fields[] = {
    { "server", read_member_server, true },
    { "weight", read_member_weight, false },
    { 0 },
};

static enum status
read_member(struct pool_item *object, const struct yaml_node *node, struct member *member)
{
    struct member_item part = { .item = object->item, .member = member };

    member->weight = 1;
    if (node->kind == YAML_MAP)
        return yaml_read_map(node, part.item.where, member_fields, &part,
                             part.item.reader->diag);
    return refer_server(&part.item, node, member);
}

static bool
is_member(const struct pool *pool, const struct server *server)
{
    for (size_t i = 0; i < pool->member_count; i++)
        if (pool->members[i].server == server)
            return true;
    return false;
}

static enum status
add_member(struct pool_item *object, const struct yaml_node *node, struct member *members)
{
    struct pool *pool = object->pool;
    struct member member = { 0 };
    const enum status status = read_member(object, node, &member);

    if (status != OK)
        return status;
    if (is_member(pool, member.server)) {
        diag_error(object->item.reader->diag, node->at, "%s: server '%s' is there twice",
                   object->item.where, member.server->name);
        return ERR_INVALID;
    }
    members[pool->member_count++] = member;
    pool->uneven = pool->uneven || member.weight != members[0].weight;
    return OK;
}

static enum status
read_members(void *context, const struct yaml_node *value, struct diag *diag)
{
    struct pool_item *object = context;
    size_t count = 0;
    enum status result = OK;
    const struct yaml_node *node = yaml_elements(value, &count);

    if (!count || count > POOL_MEMBERS_MAX || yaml_is_null(value)) {
        diag_error(diag, value->at, "%s: there must be 1 to %d",
                   routing_what(&object->item, "servers"), POOL_MEMBERS_MAX);
        return ERR_INVALID;
    }
    struct member *members =
        arena_calloc(object->item.reader->arena, count, sizeof(*members));
    if (!members)
        return ERR_NOMEM;
    object->pool->members = members;
    for (size_t i = 0; i < count; i++, node = node->next) {
        const enum status status = add_member(object, node, members);

        if (status == ERR_NOMEM)
            return status;
        if (status != OK)
            result = status;
    }
    return result;
}

/* ---- pools ------------------------------------------------------------------------ */

static enum status
read_min_up(void *context, const struct yaml_node *value, struct diag *diag)
{
    struct pool_item *object = context;
    uint64_t min_up = 1;
    const enum status status = yaml_uint(value, routing_what(&object->item, "min_up"), 1,
                                         POOL_MEMBERS_MAX, diag, &min_up);

    object->pool->min_up = (size_t)min_up;
    return status;
}

static enum status
read_fallback(void *context, const struct yaml_node *value, struct diag *diag)
{
    struct pool_item *object = context;
    struct routing *routing = object->item.reader->routing;
    size_t number = 0;

    (void)diag;
    if (yaml_is_null(value))
        return OK;
    const enum status status =
        routing_refer(&object->item, value, "pool", &routing->pool_names, &number);
    if (status == OK)
        object->pool->fallback = &routing->pools[number];
    return status;
}

static enum status
read_stick(void *context, const struct yaml_node *value, struct diag *diag)
{
    struct pool_item *object = context;
    const char *what = routing_what(&object->item, "stick");
    const char *text = NULL;
    const enum status status = yaml_text(value, what, diag, &text);

    if (status != OK)
        return status;
    if (strcmp(text, "client") != 0) {
        diag_error(diag, value->at, "%s: '%s' is not 'client', the only kind", what,
                   text);
        return ERR_INVALID;
    }
    object->pool->stick_client = true;
    return OK;
}

static const struct yaml_field pool_fields[] = {
    { "servers", read_members, true },
    { "min_up", read_min_up, false },
    { "fallback", read_fallback, false },
    { "stick", read_stick, false },
    { 0 },
};

static enum status
read_pool(struct routing_reader *reader, const struct routing_entry *entry,
          struct pool *pool)
{
    struct pool_item object = { .item.reader = reader, .pool = pool };
    const struct yaml_node *min_up = NULL;

    routing_where(&object.item, "pool '%s'", entry->name);
    const enum status status =
        yaml_read_map(entry->node, object.item.where, pool_fields, &object, reader->diag);
    if (status == ERR_NOMEM)
        return status;
    if (status == OK && pool->min_up > pool->member_count) {
        min_up = yaml_get(entry->node, "min_up");
        diag_error(reader->diag, min_up->at,
                   "%s: min_up is %zu, but there %s only %zu server%s", object.item.where,
                   pool->min_up, pool->member_count == 1 ? "is" : "are",
                   pool->member_count, pool->member_count == 1 ? "" : "s");
    }
    return OK;
}

/* ---- fallbacks that go round ------------------------------------------------------ */

/* seen[pool]: the walk (from 1) that came there first. */
static void
walk_fallbacks(struct routing_reader *reader, size_t start, size_t *seen)
{
    const struct pool *pools = reader->routing->pools;
    const struct pool *pool = &pools[start];
    char path[512] = "";
    size_t len = 0;

    while (pool && !seen[pool - pools]) {
        seen[pool - pools] = start + 1;
        pool = pool->fallback;
    }
    if (!pool || seen[pool - pools] != start + 1)
        return;
    const struct pool *first = pool;
    do {
        if (len < sizeof(path))
            len += (size_t)snprintf(path + len, sizeof(path) - len, "%s → ", pool->name);
        pool = pool->fallback;
    } while (pool != first);
    const struct routing_entry *entry =
        &reader->sections[SECTION_POOLS].items[first - pools];
    diag_error(reader->diag, yaml_get(entry->node, "fallback")->at,
               "pool '%s': the fallbacks go round: %s%s", first->name, path, first->name);
    reader->loops = true;
}

static enum status
find_loops(struct routing_reader *reader)
{
    const size_t count = reader->routing->pool_count;
    size_t *seen = calloc(count + 1, sizeof(*seen));

    if (!seen)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++)
        if (!seen[i])
            walk_fallbacks(reader, i, seen);
    free(seen);
    return OK;
}

static enum status
name_pools(struct routing_reader *reader)
{
    const struct routing_entries *entries = &reader->sections[SECTION_POOLS];
    struct routing *routing = reader->routing;
    const size_t room = entries->count + reader->geo_count;
    const char **names = arena_calloc(reader->arena, room + 1, sizeof(*names));

    routing->pools = arena_calloc(reader->arena, room + 1, sizeof(*routing->pools));
    routing->pool_policies =
        arena_calloc(reader->arena, room + 1, sizeof(*routing->pool_policies));
    if (!names || !routing->pools || !routing->pool_policies)
        return ERR_NOMEM;
    for (size_t i = 0; i < entries->count; i++) {
        names[i] = entries->items[i].name;
        routing->pools[i].name = names[i];
        routing->pools[i].at = entries->items[i].at;
        routing->pools[i].min_up = 1;
    }
    routing->pool_count = entries->count;
    return names_make(reader->arena, names, entries->count, &routing->pool_names);
}

enum status
routing_read_pools(struct routing_reader *reader)
{
    enum status status = name_pools(reader);
    const struct routing_entries *entries = &reader->sections[SECTION_POOLS];

    for (size_t i = 0; status == OK && i < entries->count; i++)
        status = read_pool(reader, &entries->items[i], &reader->routing->pools[i]);
    if (status == OK)
        status = find_loops(reader);
    return status;
}

/* ---- what policies need of pools -------------------------------------------------- */

enum status
routing_read_pool_list(struct routing_item *item, const char *what,
                       const struct yaml_node *node, struct routing_pools *ret_pools)
{
    struct routing *routing = item->reader->routing;
    size_t count = 0;
    enum status result = OK;
    const struct yaml_node *element = yaml_elements(node, &count);

    if (!count) {
        diag_error(item->reader->diag, node->at, "%s: there must be at least one", what);
        return ERR_INVALID;
    }
    const struct pool **pools =
        arena_calloc(item->reader->arena, count, sizeof(struct pool *));
    if (!pools)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++, element = element->next) {
        size_t number = 0;
        const enum status status =
            routing_refer(item, element, "pool", &routing->pool_names, &number);

        if (status != OK)
            result = status;
        else
            pools[i] = &routing->pools[number];
    }
    ret_pools->pools = pools;
    ret_pools->count = count;
    return result;
}

enum status
routing_make_chain(struct routing_item *item, const struct yaml_node *node,
                   const struct routing_pools *pools, struct chain *ret_chain)
{
    /* loops are reported; there is no end to follow */
    const bool only = pools->only || item->reader->loops;
    const enum status status =
        chain_make(item->reader->arena, pools->pools, pools->count, only, ret_chain);

    if (status == ERR_LIMIT) {
        diag_error(item->reader->diag, node->at,
                   "%s: more than %d pools in one chain (fallbacks included)",
                   item->where, CHAIN_POOLS_MAX);
        return ERR_INVALID;
    }
    return status;
}
