/* SPDX-License-Identifier: BSD-2-Clause */
/* Dynamic records: names of routing.yaml's things, octoDNS's own pools and rules, ALIAS.
 */
#include "dns/base/arena.h"
#include "zones/loading.h"
#include "zones/rdata_check.h"
#include "zones/steering/inline.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHAIN_MAX = 16, ANSWERS_MAX = 32, PRIORITY_DEFAULT = 10 };

static const char *
keep(struct loading *loading, const char *text)
{
    return arena_strdup(builder_arena(loading->builder), text);
}

/* ---- forms that name something of routing.yaml ------------------------------------ */

struct form {
    struct loading *loading;
    const struct owner_name *owner;
    struct dyn *dyn;
    unsigned named;        /* how many of policy, pool, server */
    bool more_than_server; /* keys that `server:` does not take */
};

static enum status
read_named(struct form *form, const struct yaml_node *value, enum dyn_form kind,
           const char *what)
{
    const char *text;

    if (yaml_text(value, what, form->loading->diag, &text) != OK)
        return ERR_INVALID;
    form->named++;
    form->dyn->form = kind;
    form->dyn->target = keep(form->loading, text);
    return form->dyn->target ? OK : ERR_NOMEM;
}

static enum status
read_policy(void *object, const struct yaml_node *value, struct diag *diag)
{
    (void)diag;
    return read_named(object, value, DYN_POLICY, "policy");
}

static enum status
read_pool(void *object, const struct yaml_node *value, struct diag *diag)
{
    (void)diag;
    return read_named(object, value, DYN_POOL, "pool");
}

static enum status
read_server(void *object, const struct yaml_node *value, struct diag *diag)
{
    (void)diag;
    return read_named(object, value, DYN_SERVER, "server");
}

static enum status
read_service(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct form *const form = object;
    const char *text;

    form->more_than_server = true;
    if (yaml_text(value, "service", diag, &text) != OK)
        return ERR_INVALID;
    form->dyn->service = keep(form->loading, text);
    return form->dyn->service ? OK : ERR_NOMEM;
}

static enum status
/* NOLINTNEXTLINE(readability-function-size): bounds and a result */
read_number(struct form *form, const struct yaml_node *value, const char *what,
            uint64_t min, uint64_t max, uint16_t *ret_number)
{
    uint64_t number;
    const enum status status =
        yaml_uint(value, what, min, max, form->loading->diag, &number);

    if (status == OK)
        *ret_number = (uint16_t)number;
    return status;
}

static enum status
read_answers(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct form *const form = object;

    (void)diag;
    form->more_than_server = true;
    return read_number(form, value, "answers", 1, ANSWERS_MAX, &form->dyn->answers);
}

static enum status
read_skip(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct form *const form = object;

    (void)diag;
    form->more_than_server = true;
    return read_number(form, value, "skip", 0, CHAIN_POOLS_MAX, &form->dyn->skip);
}

static enum status
read_chain(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct form *const form = object;

    (void)diag;
    form->more_than_server = true;
    return read_number(form, value, "chain", 1, CHAIN_MAX, &form->dyn->chain);
}

static enum status
read_families(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct form *const form = object;
    const char *text;

    form->more_than_server = true;
    if (yaml_text(value, "families", diag, &text) != OK)
        return ERR_INVALID;
    if (strcmp(text, "borrow") != 0) {
        diag_error(diag, value->at, "%s: families: 'borrow' is the only word",
                   form->owner->shown);
        return ERR_INVALID;
    }
    form->dyn->families_borrow = true;
    return OK;
}

static enum status
read_port(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct form *const form = object;

    (void)diag;
    form->dyn->has_port = true;
    return read_number(form, value, "port", 0, UINT16_MAX, &form->dyn->port);
}

static enum status
read_priority(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct form *const form = object;

    (void)diag;
    return read_number(form, value, "priority", 0, UINT16_MAX, &form->dyn->priority);
}

static enum status
read_targetname(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct form *const form = object;
    uint8_t name[NAME_LEN_MAX];

    (void)diag;
    if (load_target(form->loading, form->owner, value, name) != OK)
        return ERR_INVALID;
    form->dyn->target_name =
        name[0] ? (const uint8_t *)arena_memdup(builder_arena(form->loading->builder),
                                                name, name_len(name))
                : NULL;
    return name[0] && !form->dyn->target_name ? ERR_NOMEM : OK;
}

static enum status
read_svcparams(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct form *const form = object;

    (void)diag;
    return load_svcparams(form->loading, form->owner, value, &form->dyn->svcparams,
                          &form->dyn->svcparams_len);
}

static enum status
pass_over(void *object, const struct yaml_node *value, struct diag *diag)
{
    (void)object;
    (void)value;
    (void)diag;
    return OK;
}

static const struct yaml_field form_fields[] = {
    { "policy", read_policy, false },
    { "pool", read_pool, false },
    { "server", read_server, false },
    { "service", read_service, false },
    { "answers", read_answers, false },
    { "skip", read_skip, false },
    { "chain", read_chain, false },
    { "families", read_families, false },
    { "port", read_port, false },
    { "priority", read_priority, false },
    { "targetname", read_targetname, false },
    { "svcparams", read_svcparams, false },
    { 0 },
};

/* Beside octoDNS's own pools and rules the same keys may stand, but not what names
 * routing. */
static const struct yaml_field inline_fields[] = {
    { "pools", pass_over, false },
    { "rules", pass_over, false },
    { "answers", read_answers, false },
    { "skip", read_skip, false },
    { "chain", read_chain, false },
    { "families", read_families, false },
    { "port", read_port, false },
    { "priority", read_priority, false },
    { 0 },
};

static enum status
check_form(const struct form *form, struct diag_at at)
{
    struct diag *const diag = form->loading->diag;

    if (form->named != 1) {
        diag_error(diag, at, "%s: dynamic names one of policy, pool and server",
                   form->owner->shown);
        return ERR_INVALID;
    }
    if (form->dyn->form == DYN_SERVER && form->more_than_server) {
        diag_error(diag, at, "%s: 'server' takes only port and priority besides it",
                   form->owner->shown);
        return ERR_INVALID;
    }
    return OK;
}

/* ---- octoDNS's own form ----------------------------------------------------------- */

struct value_context {
    struct loading *loading;
    const struct owner_name *owner;
    const uint16_t *types;
    size_t type_count;
};

static bool
gives_type(const struct value_context *context, uint16_t type)
{
    for (size_t i = 0; i < context->type_count; i++) {
        if (context->types[i] == type)
            return true;
    }
    return false;
}

static enum status
address_value(struct value_context *context, const struct yaml_node *value,
              struct diag *diag, struct server *server)
{
    struct addr addr;
    char canonical[ADDR_TEXT_SIZE];
    const char *text;

    if (yaml_text(value, context->owner->shown, diag, &text) != OK)
        return ERR_INVALID;
    if (addr_parse(text, &addr) != OK ||
        !gives_type(context, addr.family == ADDR_V4 ? RR_TYPE_A : RR_TYPE_AAAA)) {
        diag_error(diag, value->at, "%s: '%s' is not an address of the record's type",
                   context->owner->shown, text);
        return ERR_INVALID;
    }
    struct addr *const copy =
        arena_alloc(builder_arena(context->loading->builder), sizeof(*copy));
    if (!copy)
        return ERR_NOMEM;
    *copy = addr;
    server->addresses = copy;
    server->address_count = 1;
    server->name = keep(context->loading, addr_text(&addr, canonical));
    return server->name ? OK : ERR_NOMEM;
}

static enum status
host_value(struct value_context *context, const struct yaml_node *value,
           struct server *server)
{
    uint8_t name[NAME_LEN_MAX];
    char text[NAME_TEXT_SIZE];
    const enum status status = load_target(context->loading, context->owner, value, name);

    if (status != OK)
        return status;
    name_fold(name);
    server->host = keep(context->loading, name_to_text(name, text));
    text[strlen(text) - 1] = '\0';
    server->name = keep(context->loading, text[0] ? text : ".");
    return server->host && server->name ? OK : ERR_NOMEM;
}

/* What health calls a value that is rdata: its text, a map in presentation form. */
static const char *
rdata_name(struct value_context *context, const struct yaml_node *value,
           const struct rdata *rdata)
{
    char canonical[INLINE_NAME_SIZE];
    char *text = NULL;

    if (value->kind != YAML_SCALAR)
        text = rdata_text(context->types[0], rdata);
    const char *const name = value->kind == YAML_SCALAR ? value->text : text;
    const char *const other = name ? inline_value_name(name, canonical) : NULL;
    const char *const kept = name ? keep(context->loading, other ? other : name) : NULL;
    free(text);
    return kept;
}

/* Values of any other type are rdata. */
static enum status
rdata_value(struct value_context *context, const struct yaml_node *value,
            struct server *server, const void **ret_payload)
{
    struct arena *const arena = builder_arena(context->loading->builder);
    struct rdata *const rdata = arena_alloc(arena, sizeof(*rdata));

    if (!rdata)
        return ERR_NOMEM;
    const enum status status = load_rdata(context->loading, context->owner,
                                          context->types[0], value, arena, rdata);
    if (status != OK)
        return status;
    server->name = rdata_name(context, value, rdata);
    *ret_payload = rdata;
    return server->name ? OK : ERR_NOMEM;
}

static enum status
read_value(void *object, const struct yaml_node *value, struct diag *diag,
           struct member *ret_member)
{
    struct value_context *const context = object;
    struct server *const server =
        arena_alloc(builder_arena(context->loading->builder), sizeof(*server));
    const uint16_t type = context->types[0];
    enum status status;

    if (!server)
        return ERR_NOMEM;
    server->is_inline = true;
    server->at = (struct diag_at){ .line = value->at.line, .column = value->at.column };
    if (type == RR_TYPE_A || type == RR_TYPE_AAAA)
        status = address_value(context, value, diag, server);
    else if (type == RR_TYPE_CNAME)
        status = host_value(context, value, server);
    else
        status = rdata_value(context, value, server, &ret_member->payload);
    ret_member->server = server;
    return status;
}

static enum status
/* NOLINTNEXTLINE(readability-function-size): a record, its types, its dyn */
load_inline(struct loading *loading, const struct owner_name *owner,
            const struct record_keys *keys, const uint16_t *types, size_t type_count,
            struct dyn *dyn)
{
    struct value_context context = { loading, owner, types, type_count };
    const struct inline_reader reader = { &context, read_value };
    const struct inline_record record = { .owner = keep(loading, owner->text),
                                          .dynamic = keys->dynamic,
                                          .geo = keys->geo,
                                          .values = keys->values,
                                          .at = keys->at };
    struct form form = { .loading = loading, .owner = owner, .dyn = dyn };
    enum status status = OK;

    if (!record.owner)
        return ERR_NOMEM;
    if (keys->dynamic)
        status = yaml_read_map(keys->dynamic, owner->shown, inline_fields, &form,
                               loading->diag);
    if (status != OK)
        return status;
    dyn->form = DYN_INLINE;
    dyn->service = record.owner;
    return inline_policy(&record, &reader, builder_arena(loading->builder), loading->diag,
                         &dyn->policy);
}

/* ---- the record ------------------------------------------------------------------- */

/* Record-level values of a form that names routing: the last resort. */
static enum status
/* NOLINTNEXTLINE(readability-function-size): a record, its types, its dyn */
read_last_resort(struct loading *loading, const struct owner_name *owner,
                 const struct record_keys *keys, const uint16_t *types, size_t type_count,
                 struct dyn *dyn)
{
    struct value_context context = { loading, owner, types, type_count };
    size_t count;
    const struct yaml_node *at = yaml_elements(keys->values, &count);
    struct member *const members =
        arena_calloc(builder_arena(loading->builder), count + 1, sizeof(*members));

    if (!members)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++, at = at->next) {
        members[i].weight = 1;
        const enum status status = read_value(&context, at, loading->diag, &members[i]);
        if (status != OK)
            return status;
    }
    dyn->last_resort = members;
    dyn->last_resort_count = count;
    return OK;
}

static enum status
check_type(struct loading *loading, const struct owner_name *owner, const struct dyn *dyn,
           uint16_t type, struct diag_at at)
{
    const bool routed = dyn->form != DYN_INLINE;
    const bool known = type == RR_TYPE_A || type == RR_TYPE_AAAA ||
                       type == RR_TYPE_CNAME || type == RR_TYPE_SRV ||
                       type == RR_TYPE_MX || type == RR_TYPE_HTTPS ||
                       type == RR_TYPE_SVCB;
    char text[16];

    if (routed && !known) {
        diag_error(loading->diag, at,
                   "%s: type %s has only the inline form of dynamic (pools and rules "
                   "with values)",
                   owner->shown, type_text(type, text));
        return ERR_INVALID;
    }
    if (routed && type == RR_TYPE_SRV && !dyn->has_port) {
        diag_error(loading->diag, at, "%s: a dynamic SRV needs its 'port'", owner->shown);
        return ERR_INVALID;
    }
    if (type == RR_TYPE_SOA || type == RR_TYPE_NS || type == RR_TYPE_DNAME) {
        diag_error(loading->diag, at, "%s: type %s cannot be dynamic", owner->shown,
                   type_text(type, text));
        return ERR_INVALID;
    }
    return OK;
}

static enum status
add_types(struct loading *loading, const struct owner_name *owner, struct dyn *dyn,
          const uint16_t *types, size_t type_count)
{
    for (size_t i = 0; i < type_count; i++) {
        enum status status = check_type(loading, owner, dyn, types[i], dyn->at);
        if (status != OK)
            return status;
        dyn->type = types[i];
        status =
            load_report(loading, owner, types[i],
                        builder_add_dyn(loading->builder, owner->wire, dyn), dyn->at);
        if (status != OK)
            return status;
    }
    return OK;
}

/* What every dyn begins with. False: out of memory. */
static bool
begin_dyn(struct loading *loading, const struct owner_name *owner, uint32_t ttl,
          struct diag_at at, struct dyn *dyn)
{
    *dyn = (struct dyn){ .ttl = ttl,
                         .service = "default",
                         .chain = 1,
                         .priority = PRIORITY_DEFAULT,
                         .at = at };
    dyn->owner = keep(loading, owner->text);
    dyn->at.file = keep(loading, at.file);
    return dyn->owner && dyn->at.file;
}

enum status
/* NOLINTNEXTLINE(readability-function-size): a record, its types, its form */
load_dynamic(struct loading *loading, const struct owner_name *owner,
             const struct record_keys *keys, const uint16_t *types, size_t type_count,
             const struct yaml_node *map, uint32_t ttl)
{
    struct dyn dyn;
    struct form form = { .loading = loading, .owner = owner, .dyn = &dyn };
    enum status status;

    if (!begin_dyn(loading, owner, ttl, keys->at, &dyn))
        return ERR_NOMEM;
    if (!map) {
        status = load_inline(loading, owner, keys, types, type_count, &dyn);
    } else {
        status = yaml_read_map(map, owner->shown, form_fields, &form, loading->diag);
        if (status == OK)
            status = check_form(&form, map->at);
        if (status == OK && keys->values)
            status = read_last_resort(loading, owner, keys, types, type_count, &dyn);
    }
    return status == OK ? add_types(loading, owner, &dyn, types, type_count) : status;
}

/* ---- ALIAS ------------------------------------------------------------------------ */

static enum status
load_alias_values(struct loading *loading, const struct owner_name *owner,
                  const struct record_keys *keys, const struct yaml_node *values,
                  uint32_t ttl)
{
    enum status status =
        load_static(loading, owner, RR_TYPE_A, ttl, values, true, keys->at);

    if (status == OK)
        status = load_static(loading, owner, RR_TYPE_AAAA, ttl, values, true, keys->at);
    return status;
}

enum status
load_alias(struct loading *loading, const struct owner_name *owner,
           const struct record_keys *keys, uint32_t ttl)
{
    static const uint16_t types[] = { RR_TYPE_A, RR_TYPE_AAAA };
    const struct yaml_node *const meridian =
        keys->octodns && keys->octodns->kind == YAML_MAP
            ? yaml_get(keys->octodns, "meridian")
            : NULL;
    const struct yaml_node *const values =
        meridian && meridian->kind == YAML_MAP ? yaml_get(meridian, "values") : NULL;
    uint8_t target[NAME_LEN_MAX];
    char text[NAME_TEXT_SIZE];
    struct dyn dyn;
    size_t count;

    if (values)
        return load_alias_values(loading, owner, keys, values, ttl);
    const struct yaml_node *const value =
        keys->values ? yaml_elements(keys->values, &count) : NULL;
    if (!value || count != 1) {
        diag_error(loading->diag, keys->at, "%s: an ALIAS %s", owner->shown,
                   value && count > 0 ? "has one target" : "needs its target");
        return ERR_INVALID;
    }
    const enum status status = load_target(loading, owner, value, target);
    if (status != OK)
        return status;
    if (!begin_dyn(loading, owner, ttl, keys->at, &dyn))
        return ERR_NOMEM;
    name_fold(target);
    dyn.form = DYN_ALIAS;
    dyn.target = keep(loading, name_to_text(target, text));
    return dyn.target ? add_types(loading, owner, &dyn, types, 2) : ERR_NOMEM;
}
