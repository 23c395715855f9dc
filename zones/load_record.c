/* SPDX-License-Identifier: BSD-2-Clause */
/* One record of a name: its keys, octoDNS's directives, static sets. */
#include "dns/base/arena.h"
#include "zones/loading.h"
#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TYPES_MAX = 8, TTL_MAX = INT32_MAX };

const char *
type_text(uint16_t type, char buffer[16])
{
    const ldns_rr_descriptor *const known = ldns_rr_descript(type);

    if (type == TYPE_ALIAS)
        (void)snprintf(buffer, 16, "ALIAS");
    else if (known && known->_name && strncmp(known->_name, "TYPE", 4) != 0)
        (void)snprintf(buffer, 16, "%s", known->_name);
    else
        (void)snprintf(buffer, 16, "TYPE%u", (unsigned)type);
    return buffer;
}

enum status
load_report(struct loading *loading, const struct owner_name *owner, uint16_t type,
            enum status status, struct diag_at at)
{
    char text[16];

    if (status == ERR_EXIST)
        diag_error(loading->diag, at,
                   "%s: there is a record of type %s at this name already", owner->shown,
                   type_text(type, text));
    else if (status == ERR_LIMIT)
        diag_error(loading->diag, at, "%s: the %s records are more than fit a message",
                   owner->shown, type_text(type, text));
    else
        return status;
    return ERR_INVALID;
}

/* ---- keys ------------------------------------------------------------------------- */

#define KEY_READER(name)                                                                 \
    static enum status read_##name(void *keys, const struct yaml_node *value,            \
                                   struct diag *diag)                                    \
    {                                                                                    \
        (void)diag;                                                                      \
        ((struct record_keys *)keys)->name = value;                                      \
        return OK;                                                                       \
    }

KEY_READER(type)
KEY_READER(ttl)
KEY_READER(value)
KEY_READER(values)
KEY_READER(dynamic)
KEY_READER(geo)
KEY_READER(octodns)

static const struct yaml_field record_fields[] = {
    { "type", read_type, true },        { "ttl", read_ttl, false },
    { "value", read_value, false },     { "values", read_values, false },
    { "dynamic", read_dynamic, false }, { "geo", read_geo, false },
    { "octodns", read_octodns, false }, { 0 },
};

/* octoDNS's records of these types have a `value` only. */
static bool
takes_one_value(const struct yaml_node *type)
{
    static const char *const types[] = { "CNAME", "DNAME", "ALIAS" };

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (type->kind == YAML_SCALAR && strcmp(type->text, types[i]) == 0)
            return true;
    }
    return false;
}

static enum status
read_keys(struct loading *loading, const struct owner_name *owner,
          const struct yaml_node *record, struct record_keys *keys)
{
    *keys = (struct record_keys){ .at = record->at };
    const enum status status =
        yaml_read_map(record, owner->shown, record_fields, keys, loading->diag);
    if (status == OK && keys->value && keys->values) {
        const bool takes_one = takes_one_value(keys->type);
        diag_warning(loading->diag, keys->values->key->at,
                     "%s: both 'value' and 'values': '%s' counts", owner->shown,
                     takes_one ? "value" : "values");
        if (takes_one)
            keys->values = keys->value;
    }
    if (!keys->values)
        keys->values = keys->value;
    return status;
}

/* ---- octodns: --------------------------------------------------------------------- */

static bool
lists_us(const struct yaml_node *list)
{
    size_t count;
    const struct yaml_node *at = yaml_elements(list, &count);

    for (size_t i = 0; i < count; i++, at = at->next) {
        if (at->kind == YAML_SCALAR && strcmp(at->text, "meridian") == 0)
            return true;
    }
    return false;
}

/* Is the record meant for other providers? */
static bool
is_left_out(const struct yaml_node *octodns, struct diag *diag)
{
    if (!octodns || octodns->kind != YAML_MAP)
        return false;
    const struct yaml_node *const ignored = yaml_get(octodns, "ignored");
    const struct yaml_node *const excluded = yaml_get(octodns, "excluded");
    const struct yaml_node *const included = yaml_get(octodns, "included");
    bool is_ignored = false;
    if (ignored && yaml_bool(ignored, "octodns: ignored", diag, &is_ignored) == OK &&
        is_ignored)
        return true;
    if (excluded && lists_us(excluded))
        return true;
    return included && included->kind == YAML_LIST && included->len > 0 &&
           !lists_us(included);
}

static const struct yaml_node *
meridian_of(const struct yaml_node *octodns)
{
    return octodns && octodns->kind == YAML_MAP ? yaml_get(octodns, "meridian") : NULL;
}

/* ---- types ------------------------------------------------------------------------ */

/* 0: unknown, reported; UINT16_MAX: to be passed over. */
static uint16_t
parse_type(struct loading *loading, const struct owner_name *owner,
           const struct yaml_node *node)
{
    static const char *const names[] = { "A",     "AAAA",       "ALIAS", "CAA",  "CNAME",
                                         "DNAME", "DS",         "HTTPS", "LOC",  "MX",
                                         "NAPTR", "NS",         "PTR",   "SOA",  "SPF",
                                         "SRV",   "SSHFP",      "SVCB",  "TLSA", "TXT",
                                         "URI",   "OPENPGPKEY", NULL };
    const char *text;

    if (yaml_text(node, "type", loading->diag, &text) != OK)
        return 0;
    if (strcmp(text, "ALIAS") == 0)
        return TYPE_ALIAS;
    if (strcmp(text, "URLFWD") == 0 || strchr(text, '/')) {
        diag_warning(loading->diag, node->at, "%s: type %s is no DNS type; left out",
                     owner->shown, text);
        return UINT16_MAX;
    }
    const ldns_rr_type type = ldns_get_rr_type_by_name(text);
    const bool data = type > 0 && (type < 128 || type > 255) && type != LDNS_RR_TYPE_OPT;
    if (data && type < UINT16_MAX)
        return (uint16_t)type;
    const char *const near = yaml_nearest(text, names);
    diag_error(loading->diag, node->at, "%s: unknown type '%s'%s%s%s", owner->shown, text,
               near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
    return 0;
}

static enum status
parse_types(struct loading *loading, const struct owner_name *owner,
            const struct yaml_node *node, uint16_t types[TYPES_MAX], size_t *ret_count)
{
    size_t count;
    const struct yaml_node *at = yaml_elements(node, &count);

    *ret_count = 0;
    if (count == 0 || count > TYPES_MAX) {
        diag_error(loading->diag, node->at, "%s: 'type' lists 1 to %d types",
                   owner->shown, (int)TYPES_MAX);
        return ERR_INVALID;
    }
    for (size_t i = 0; i < count; i++, at = at->next) {
        const uint16_t type = parse_type(loading, owner, at);
        if (type == 0)
            return ERR_INVALID;
        if (type != UINT16_MAX)
            types[(*ret_count)++] = type;
        if (count > 1 && type != RR_TYPE_A && type != RR_TYPE_AAAA) {
            diag_error(loading->diag, at->at, "%s: only A and AAAA can share an entry",
                       owner->shown);
            return ERR_INVALID;
        }
    }
    return OK;
}

/* ---- static sets ------------------------------------------------------------------ */

static bool
is_of_family(const struct yaml_node *value, uint16_t type)
{
    struct addr addr;

    return value->kind != YAML_SCALAR || addr_parse(value->text, &addr) != OK ||
           (addr.family == ADDR_V4) == (type == RR_TYPE_A);
}

static bool
is_repeated(const struct rdata *records, size_t count, const struct rdata *rdata)
{
    for (size_t i = 0; i < count; i++) {
        if (records[i].len == rdata->len &&
            memcmp(records[i].bytes, rdata->bytes, rdata->len) == 0)
            return true;
    }
    return false;
}

/* Values → records; ERR_NOENT: none is of this family. */
static enum status
/* NOLINTNEXTLINE(readability-function-size): where from, what, where to */
collect(struct loading *loading, const struct owner_name *owner, uint16_t type,
        const struct yaml_node *values, bool by_family, struct rdata *records,
        size_t *ret_count)
{
    size_t count, made = 0;
    const struct yaml_node *at = yaml_elements(values, &count);
    enum status worst = OK;

    for (size_t i = 0; i < count; i++, at = at->next) {
        if (by_family && !is_of_family(at, type))
            continue;
        const enum status status =
            load_rdata(loading, owner, type, at, loading->scratch, &records[made]);
        if (status == ERR_NOMEM)
            return status;
        if (status != OK) {
            worst = status;
        } else if (is_repeated(records, made, &records[made])) {
            diag_warning(loading->diag, at->at, "%s: this value is there already",
                         owner->shown);
        } else {
            made++;
        }
    }
    *ret_count = made;
    return worst;
}

static bool
is_single(uint16_t type)
{
    return type == RR_TYPE_CNAME || type == RR_TYPE_DNAME || type == RR_TYPE_SOA;
}

static void
note_apex(struct loading *loading, const struct owner_name *owner, uint16_t type,
          const struct rdata *records)
{
    if (!name_equal(owner->wire, loading->apex))
        return;
    loading->has_soa = loading->has_soa || type == RR_TYPE_SOA;
    if (type == RR_TYPE_NS && !loading->first_ns[0])
        memcpy(loading->first_ns, records[0].bytes, records[0].len);
}

enum status
/* NOLINTNEXTLINE(readability-function-size): one set, as written */
load_static(struct loading *loading, const struct owner_name *owner, uint16_t type,
            uint32_t ttl, const struct yaml_node *values, bool by_family,
            struct diag_at at)
{
    size_t count, values_count;
    char text[16];

    (void)yaml_elements(values, &values_count);
    struct rdata *const records =
        arena_calloc(loading->scratch, values_count + 1, sizeof(*records));
    if (!records)
        return ERR_NOMEM;
    enum status status =
        collect(loading, owner, type, values, by_family, records, &count);
    if (status != OK || (count == 0 && by_family && values_count > 0))
        return status;
    if (count == 0) {
        diag_error(loading->diag, at, "%s: no values", owner->shown);
        return ERR_INVALID;
    }
    if (is_single(type) && count > 1) {
        diag_error(loading->diag, at, "%s: a name has one %s record at most",
                   owner->shown, type_text(type, text));
        return ERR_INVALID;
    }
    if (type == RR_TYPE_SOA && !name_equal(owner->wire, loading->apex)) {
        diag_error(loading->diag, at, "%s: an SOA stands at the zone's own name only",
                   owner->shown);
        return ERR_INVALID;
    }
    note_apex(loading, owner, type, records);
    status = builder_add(loading->builder, owner->wire, type, ttl, records, count, &at);
    return load_report(loading, owner, type, status, at);
}

/* ---- the record ------------------------------------------------------------------- */

static enum status
read_record_ttl(struct loading *loading, const struct owner_name *owner,
                const struct record_keys *keys, bool dynamic, uint32_t *ret_ttl)
{
    uint64_t ttl;

    *ret_ttl = dynamic ? loading->options->dynamic_ttl : loading->options->ttl;
    if (!keys->ttl)
        return OK;
    const enum status status =
        yaml_uint(keys->ttl, "ttl", 0, TTL_MAX, loading->diag, &ttl);
    (void)owner;
    if (status == OK)
        *ret_ttl = (uint32_t)ttl;
    return status;
}

/* Does the map name a policy, pool or server? */
static bool
names_routing(const struct yaml_node *map)
{
    return map && map->kind == YAML_MAP &&
           (yaml_get(map, "policy") || yaml_get(map, "pool") || yaml_get(map, "server"));
}

/* Neither form's main keys: the message shall be about the shorter one. */
static bool
names_nothing(const struct yaml_node *map)
{
    return map && map->kind == YAML_MAP && !yaml_get(map, "pools") &&
           !yaml_get(map, "rules");
}

static enum status
/* NOLINTNEXTLINE(readability-function-size): a record and its types */
load_types(struct loading *loading, const struct owner_name *owner,
           const struct record_keys *keys, const uint16_t *types, size_t count,
           uint32_t ttl)
{
    enum status worst = OK;

    if (!keys->values) {
        diag_error(loading->diag, keys->at, "%s: 'value' or 'values' is missing",
                   owner->shown);
        return ERR_INVALID;
    }
    for (size_t i = 0; i < count; i++) {
        const enum status status =
            load_static(loading, owner, types[i], ttl, keys->values, count > 1, keys->at);
        if (status == ERR_NOMEM)
            return status;
        if (status != OK)
            worst = status;
    }
    return worst;
}

enum status
load_record(struct loading *loading, const struct owner_name *owner,
            const struct yaml_node *record)
{
    struct record_keys keys;
    uint16_t types[TYPES_MAX];
    size_t count;
    uint32_t ttl;

    enum status status = read_keys(loading, owner, record, &keys);
    if (status != OK || is_left_out(keys.octodns, loading->diag))
        return status;
    status = parse_types(loading, owner, keys.type, types, &count);
    if (status != OK || count == 0)
        return status;
    const struct yaml_node *const meridian = meridian_of(keys.octodns);
    const struct yaml_node *const form = names_routing(keys.dynamic)   ? keys.dynamic
                                         : names_routing(meridian)     ? meridian
                                         : names_nothing(keys.dynamic) ? keys.dynamic
                                                                       : NULL;
    const bool dynamic = form || keys.dynamic || keys.geo;
    status = read_record_ttl(loading, owner, &keys, dynamic, &ttl);
    if (status != OK)
        return status;
    if (types[0] == TYPE_ALIAS)
        return load_alias(loading, owner, &keys, ttl);
    if (dynamic)
        return load_dynamic(loading, owner, &keys, types, count, form, ttl);
    return load_types(loading, owner, &keys, types, count, ttl);
}
