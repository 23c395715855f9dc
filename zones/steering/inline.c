/* SPDX-License-Identifier: BSD-2-Clause */
/* An octoDNS dynamic record as a policy: values, pools, and how it is put together. */
#include "zones/steering/inline.h"
#include "dns/base/arena.h"
#include "zones/steering/chain.h"
#include "zones/steering/inline_read.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
inline_where(struct inline_maker *maker, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(maker->where, sizeof(maker->where), format, arguments);
    va_end(arguments);
}

struct diag_at
inline_at(const struct inline_maker *maker, struct diag_at at)
{
    at.file = maker->policy->at.file;
    return at;
}

/* ---- values ----------------------------------------------------------------------- */

enum status
inline_member(struct inline_maker *maker, const struct yaml_node *value,
              struct member *ret_member)
{
    struct member member = { .weight = 1, .status = MEMBER_OBEY };
    const enum status status =
        maker->reader->value(maker->reader->context, value, maker->diag, &member);

    if (status != OK)
        return status;
    member.weight = 1;
    member.status = MEMBER_OBEY;
    *ret_member = member;
    return OK;
}

/* A host name has a dot, and nothing else than letters, digits and - _ * in its labels.
 */
static bool
is_host(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789-_*.";

    return strchr(text, '.') && text[strspn(text, letters)] == '\0';
}

const char *
inline_value_name(const char *text, char buffer[INLINE_NAME_SIZE])
{
    const size_t len = strlen(text);
    struct addr addr;

    if (addr_parse(text, &addr) == OK)
        return addr_text(&addr, buffer);
    if (len < 2 || len >= INLINE_NAME_SIZE || !is_host(text))
        return NULL;
    for (size_t i = 0; i <= len; i++)
        buffer[i] = (char)tolower((unsigned char)text[i]);
    if (buffer[len - 1] == '.')
        buffer[len - 1] = '\0';
    return buffer;
}

/* The member of the same server, or NULL; a second one is warned of at its node. */
static struct member *
find_double(struct inline_maker *maker, const struct yaml_node *node,
            struct member *members, size_t count, const struct member *member)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(members[i].server->name, member->server->name) == 0) {
            diag_warning(maker->diag, node->at, "%s: '%s' is there twice", maker->where,
                         member->server->name);
            return &members[i];
        }
    return NULL;
}

enum status
inline_members(struct inline_maker *maker, const struct yaml_node *values,
               const struct member **ret_members, size_t *ret_count)
{
    size_t count = 0;
    enum status result = OK;
    const struct yaml_node *node = yaml_elements(values, &count);

    if (!count || yaml_is_null(values)) {
        diag_error(maker->diag, values->at, "%s: missing value(s)", maker->where);
        return ERR_INVALID;
    }
    if (count > POOL_MEMBERS_MAX) {
        diag_error(maker->diag, values->at, "%s: more than %d values", maker->where,
                   POOL_MEMBERS_MAX);
        return ERR_INVALID;
    }
    struct member *members = arena_calloc(maker->arena, count, sizeof(*members));
    if (!members)
        return ERR_NOMEM;
    *ret_members = members;
    *ret_count = 0;
    for (size_t i = 0; i < count; i++, node = node->next) {
        struct member member;
        const enum status status = inline_member(maker, node, &member);

        if (status == ERR_NOMEM)
            return status;
        if (status != OK)
            result = status;
        else if (!find_double(maker, node, members, *ret_count, &member))
            members[(*ret_count)++] = member;
    }
    return result;
}

/* ---- pools ------------------------------------------------------------------------ */

/* One value of a pool: {value, weight, status}. */
struct value_item {
    struct inline_maker *maker;
    struct member *member;
    uint32_t weight;
    uint8_t status;
};

static enum status
read_value(void *context, const struct yaml_node *value, struct diag *diag)
{
    struct value_item *object = context;

    (void)diag;
    return inline_member(object->maker, value, object->member);
}

static enum status
read_weight(void *context, const struct yaml_node *value, struct diag *diag)
{
    struct value_item *object = context;
    char what[INLINE_WHERE_SIZE + 16];
    uint64_t weight = 1;

    (void)snprintf(what, sizeof(what), "%s: weight", object->maker->where);
    const enum status status = yaml_uint(value, what, 1, WEIGHT_MAX, diag, &weight);
    object->weight = (uint32_t)weight;
    return status;
}

static enum status
read_status(void *context, const struct yaml_node *value, struct diag *diag)
{
    struct value_item *object = context;
    const char *text = NULL;
    const enum status status = yaml_text(value, object->maker->where, diag, &text);

    if (status != OK)
        return status;
    if (strcmp(text, "obey") == 0)
        object->status = MEMBER_OBEY;
    else if (strcmp(text, "up") == 0)
        object->status = MEMBER_UP;
    else if (strcmp(text, "down") == 0)
        object->status = MEMBER_DOWN;
    else {
        diag_error(diag, value->at, "%s: invalid status \"%s\": up, down or obey",
                   object->maker->where, text);
        return ERR_INVALID;
    }
    return OK;
}

static const struct yaml_field value_fields[] = {
    { "value", read_value, true },
    { "weight", read_weight, false },
    { "status", read_status, false },
    { 0 },
};

static enum status
read_pool_value(struct inline_maker *maker, const struct yaml_node *node,
                struct member *ret_member)
{
    struct value_item object = {
        .maker = maker, .member = ret_member, .weight = 1, .status = MEMBER_OBEY
    };
    const enum status status =
        yaml_read_map(node, maker->where, value_fields, &object, maker->diag);

    if (status != OK)
        return status;
    ret_member->weight = object.weight;
    ret_member->status = object.status;
    return OK;
}

static bool
is_uneven(const struct pool *pool)
{
    for (size_t i = 1; i < pool->member_count; i++)
        if (pool->members[i].weight != pool->members[0].weight)
            return true;
    return false;
}

/* A value written twice has the sum of its weights. */
static void
add_member(struct inline_maker *maker, const struct yaml_node *node, struct pool *pool,
           struct member *members, const struct member *member)
{
    struct member *same = find_double(maker, node, members, pool->member_count, member);

    if (!same) {
        members[pool->member_count++] = *member;
        return;
    }
    same->weight += member->weight;
    if (same->weight > WEIGHT_MAX)
        same->weight = WEIGHT_MAX;
}

struct pool_item {
    struct inline_maker *maker;
    struct pool *pool;
};

static enum status
read_values(void *context, const struct yaml_node *value, struct diag *diag)
{
    struct pool_item *object = context;
    struct inline_maker *maker = object->maker;
    struct pool *pool = object->pool;
    enum status result = OK;
    size_t number = 0;

    if (value->kind != YAML_LIST || !value->len || value->len > POOL_MEMBERS_MAX) {
        diag_error(diag, value->at, "pool \"%s\": values must be a list of 1 to %d",
                   pool->name, POOL_MEMBERS_MAX);
        return ERR_INVALID;
    }
    struct member *members = arena_calloc(maker->arena, value->len, sizeof(*members));
    if (!members)
        return ERR_NOMEM;
    pool->members = members;
    for (const struct yaml_node *node = value->child; node; node = node->next) {
        struct member member;

        inline_where(maker, "pool \"%s\" value %zu", pool->name, ++number);
        const enum status status = read_pool_value(maker, node, &member);
        if (status == ERR_NOMEM)
            return status;
        if (status != OK)
            result = status;
        else
            add_member(maker, node, pool, members, &member);
    }
    if (result == OK && value->len == 1 && members[0].weight != 1) {
        diag_error(diag, value->at, "pool \"%s\" has single value with weight!=1",
                   pool->name);
        return ERR_INVALID;
    }
    pool->uneven = is_uneven(pool);
    return result;
}

static enum status
read_fallback(void *context, const struct yaml_node *value, struct diag *diag)
{
    struct pool_item *object = context;
    const struct inline_maker *maker = object->maker;
    const char *name = NULL;

    if (yaml_is_null(value))
        return OK;
    const enum status status = yaml_text(value, "fallback", diag, &name);
    if (status != OK)
        return status;
    for (size_t i = 0; i < maker->pool_count; i++)
        if (strcmp(maker->pools[i].name, name) == 0) {
            object->pool->fallback = &maker->pools[i];
            return OK;
        }
    diag_error(diag, value->at, "undefined fallback \"%s\" for pool \"%s\"", name,
               object->pool->name);
    return ERR_INVALID;
}

static const struct yaml_field pool_fields[] = {
    { "values", read_values, true },
    { "fallback", read_fallback, false },
    { 0 },
};

/* Each loop is reported once, at the fallback of its first pool. */
static enum status
find_loops(const struct inline_maker *maker, const struct yaml_node *map)
{
    size_t *seen = calloc(maker->pool_count + 1, sizeof(*seen));
    enum status result = OK;

    if (!seen)
        return ERR_NOMEM;
    for (size_t i = 0; i < maker->pool_count; i++) {
        const struct pool *pool = &maker->pools[i];
        char path[512] = "";
        size_t len = 0;

        for (; pool && !seen[pool - maker->pools]; pool = pool->fallback) {
            seen[pool - maker->pools] = i + 1;
            if (len < sizeof(path))
                len += (size_t)snprintf(path + len, sizeof(path) - len, "%s -> ",
                                        pool->name);
        }
        if (!pool || seen[pool - maker->pools] != i + 1)
            continue;
        diag_error(maker->diag, yaml_get(map, maker->pools[i].name)->at,
                   "loop in pool fallbacks: %s%s", path, pool->name);
        result = ERR_INVALID;
    }
    free(seen);
    return result;
}

static enum status
name_pools(struct inline_maker *maker, const struct yaml_node *map)
{
    size_t i = 0;

    maker->pools = arena_calloc(maker->arena, map->len, sizeof(*maker->pools));
    if (!maker->pools)
        return ERR_NOMEM;
    for (const struct yaml_node *node = map->child; node; node = node->next, i++) {
        maker->pools[i].name = arena_strdup(maker->arena, node->key->text);
        maker->pools[i].min_up = 1;
        maker->pools[i].at = inline_at(maker, node->key->at);
        if (!maker->pools[i].name)
            return ERR_NOMEM;
    }
    maker->pool_count = map->len;
    return OK;
}

enum status
inline_read_pools(struct inline_maker *maker, const struct yaml_node *pools)
{
    enum status result = OK;
    size_t i = 0;

    if (!pools || yaml_is_null(pools) || (pools->kind == YAML_MAP && !pools->len)) {
        diag_error(maker->diag, pools ? pools->at : maker->record->dynamic->at,
                   "missing pools");
        return ERR_INVALID;
    }
    if (pools->kind != YAML_MAP) {
        diag_error(maker->diag, pools->at, "pools must be a map");
        return ERR_INVALID;
    }
    if (pools->len > INLINE_POOLS_MAX) {
        diag_error(maker->diag, pools->at, "more than %d pools", INLINE_POOLS_MAX);
        return ERR_INVALID;
    }
    if (name_pools(maker, pools) != OK)
        return ERR_NOMEM;
    for (const struct yaml_node *node = pools->child; node; node = node->next, i++) {
        struct pool_item object = { maker, &maker->pools[i] };
        char where[INLINE_WHERE_SIZE];

        (void)snprintf(where, sizeof(where), "pool \"%s\"", maker->pools[i].name);
        const enum status status =
            yaml_read_map(node, where, pool_fields, &object, maker->diag);
        if (status == ERR_NOMEM)
            return status;
        if (status != OK)
            result = status;
    }
    const enum status status = find_loops(maker, pools);
    return status == OK ? result : status;
}

/* ---- the record ------------------------------------------------------------------- */

static enum status
read_last_resort(struct inline_maker *maker)
{
    const struct yaml_node *values = maker->record->values;

    if (!values)
        return OK;
    inline_where(maker, "values");
    return inline_members(maker, values, &maker->policy->last_resort,
                          &maker->policy->last_resort_count);
}

static enum status
read_dynamic(struct inline_maker *maker)
{
    const struct yaml_node *dynamic = maker->record->dynamic;

    if (maker->record->geo)
        diag_error(maker->diag, maker->record->geo->at,
                   "\"dynamic\" record with \"geo\" content");
    if (yaml_expect(dynamic, YAML_MAP, "dynamic", maker->diag) != OK)
        return ERR_INVALID;
    maker->policy->subnets_first = true;
    enum status status = inline_read_pools(maker, yaml_get(dynamic, "pools"));
    if (status == ERR_NOMEM)
        return status;
    const enum status rules = inline_read_rules(maker, yaml_get(dynamic, "rules"));
    if (rules == ERR_NOMEM)
        return rules;
    const enum status values = read_last_resort(maker);
    if (status == OK)
        status = rules;
    return values == ERR_NOMEM || status == OK ? values : status;
}

static enum status
make(struct inline_maker *maker)
{
    const struct inline_record *record = maker->record;
    struct policy *policy = arena_calloc(maker->arena, 1, sizeof(*policy));

    if (!policy)
        return ERR_NOMEM;
    maker->policy = policy;
    policy->name = arena_strdup(maker->arena, record->owner);
    policy->at = record->at;
    policy->at.file = arena_strdup(maker->arena, record->at.file ? record->at.file : "");
    policy->is_inline = true;
    if (!policy->name || !policy->at.file)
        return ERR_NOMEM;
    const enum status status =
        record->dynamic ? read_dynamic(maker) : inline_read_geo(maker, record->geo);
    if (status != OK)
        return status;
    return chain_collect_pools(maker->arena, policy);
}

enum status
inline_policy(const struct inline_record *record, const struct inline_reader *reader,
              struct arena *arena, struct diag *diag, const struct policy **ret_policy)
{
    struct inline_maker maker = { .record = record, .reader = reader, .arena = arena };
    struct diag messages;

    diag_init(&messages);
    maker.diag = &messages;
    enum status status = make(&maker);
    if (status == OK && messages.error_count)
        status = ERR_INVALID;
    if (diag)
        diag_append(diag, &messages);
    diag_done(&messages);
    if (status == OK)
        *ret_policy = maker.policy;
    return status;
}
