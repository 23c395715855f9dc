/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules over a whole zone. What NSD or Knot would serve is served, with a warning; what
 * makes no sense is an error. */
#include "zones/building.h"
#include "zones/dyn.h"
#include <string.h>

enum { LOOP_MAX = 16, RDATA_AT = 12 };

struct checking {
    const struct builder *builder;
    const struct zone *zone;
    struct diag *diag;
};

static const char *
text_of(const struct checking *checking, const struct building_name *name,
        char buffer[NAME_TEXT_SIZE])
{
    return name_to_text(building_bytes(checking->builder, name), buffer);
}

static const struct rrset *
set_of(const struct checking *checking, const struct building_type *type)
{
    return (const struct rrset *)(const void *)(checking->zone->memory +
                                                (size_t)type->ref * 4);
}

/* ---- CNAME ------------------------------------------------------------------------ */

/* RFC 2181 10.1: nothing stands beside a CNAME (but its signatures). */
static void
check_cname_alone(const struct checking *checking, const struct building_name *name)
{
    const struct building_type *const cname =
        building_type_of(checking->builder, name, RR_TYPE_CNAME);
    char text[NAME_TEXT_SIZE];

    if (!cname || name->type_count == 1)
        return;
    diag_error(checking->diag, building_at(checking->builder, cname),
               "%s: a CNAME stands alone, but there are other records at this name",
               text_of(checking, name, text));
}

/* The target of a single-name set such as CNAME, folded; false for a dynamic one. */
static bool
target_of(const struct checking *checking, const struct building_type *type,
          uint8_t target[2 * NAME_LEN_MAX])
{
    if (type->flags & ZONE_TYPE_DYNAMIC)
        return false;
    const struct rrset *const set = set_of(checking, type);
    const size_t len = set->len - RDATA_AT - (set->fix_count ? 2U : 0U);
    memcpy(target, rrset_bytes(set) + RDATA_AT, len);
    if (set->fix_count)
        memcpy(target + len, checking->zone->apex, checking->zone->apex_len);
    name_fold(target);
    return true;
}

static const struct building_name *
find(const struct checking *checking, const uint8_t *name)
{
    const size_t number =
        building_find(checking->builder, name, name_len(name), name_hash(name));

    return number == SIZE_MAX ? NULL : &checking->builder->names[number];
}

static void
check_cname_loop(const struct checking *checking, const struct building_name *name)
{
    const struct building_type *const first =
        building_type_of(checking->builder, name, RR_TYPE_CNAME);
    const struct building_type *type = first;
    uint8_t target[2 * NAME_LEN_MAX];
    char text[NAME_TEXT_SIZE];

    for (unsigned i = 0; type && i < LOOP_MAX; i++) {
        if (!target_of(checking, type, target))
            return;
        const struct building_name *const next = find(checking, target);
        if (!next)
            return;
        if (next == name) {
            diag_warning(checking->diag, building_at(checking->builder, first),
                         "%s: its CNAMEs lead back to it", text_of(checking, name, text));
            return;
        }
        type = building_type_of(checking->builder, next, RR_TYPE_CNAME);
    }
}

/* ---- targets ---------------------------------------------------------------------- */

static size_t
name_at(const struct checking *checking, const uint8_t *at, uint8_t name[NAME_LEN_MAX])
{
    size_t len = 0;

    for (; *at && !(*at & 0xc0); at += *at + 1) {
        memcpy(name + len, at, *at + 1U);
        len += *at + 1U;
    }
    if (*at)
        memcpy(name + len, checking->zone->apex, checking->zone->apex_len);
    else
        name[len] = 0;
    name_fold(name);
    return name_len(name);
}

static bool
covered_by_wildcard(const struct checking *checking, const uint8_t *name)
{
    const size_t apex_len = checking->zone->apex_len;

    while (name_len(name) > apex_len) {
        name = name_parent(name);
        const struct building_name *const above = find(checking, name);
        if (above)
            return above->flags &
                   (ZONE_NAME_HAS_WILDCARD | ZONE_NAME_CUT | ZONE_NAME_DNAME);
    }
    return false;
}

static void
check_ns_target(const struct checking *checking, const struct building_type *type,
                const struct building_name *target, const char *owner, const char *name)
{
    const struct builder *const builder = checking->builder;
    const struct diag_at at = building_at(builder, type);
    const struct building_type *const a = building_type_of(builder, target, RR_TYPE_A);
    const struct building_type *const aaaa =
        building_type_of(builder, target, RR_TYPE_AAAA);

    if ((a && a->flags & ZONE_TYPE_DYNAMIC) || (aaaa && aaaa->flags & ZONE_TYPE_DYNAMIC))
        diag_error(
            checking->diag, at,
            "%s: the name server '%s' is a dynamic name: who asks for it would depend on "
            "its answer",
            owner, name);
    else if (!a && !aaaa &&
             (!(target->flags & ZONE_NAME_CUT) || strcmp(owner, name) == 0))
        diag_warning(checking->diag, at, "%s: the name server '%s' has no address", owner,
                     name);
}

/* A target in the zone that is not there. */
static void
warn_of_missing(const struct checking *checking, const struct building_name *owner,
                const struct building_type *type, const uint8_t *target)
{
    const struct diag_at at = building_at(checking->builder, type);
    char owner_text[NAME_TEXT_SIZE], text[NAME_TEXT_SIZE];

    text_of(checking, owner, owner_text);
    name_to_text(target, text);
    /* A delegation to a server within itself cannot be followed without glue. */
    if (type->type == RR_TYPE_NS && owner->flags & ZONE_NAME_CUT &&
        name_is_under(target, building_bytes(checking->builder, owner)))
        diag_warning(
            checking->diag, at,
            "%s: glue is missing: the name server '%s' lies in the delegation and "
            "has no address here",
            owner_text, text);
    else if (!covered_by_wildcard(checking, target))
        diag_warning(checking->diag, at,
                     "%s: its target '%s' does not exist in this zone", owner_text, text);
}

static void
check_target(const struct checking *checking, const struct building_name *owner,
             const struct building_type *type, const uint8_t *at)
{
    uint8_t name[NAME_LEN_MAX];
    char owner_text[NAME_TEXT_SIZE], text[NAME_TEXT_SIZE];

    (void)name_at(checking, at, name);
    text_of(checking, owner, owner_text);
    name_to_text(name, text);
    const struct building_name *const target = find(checking, name);
    if (!target)
        warn_of_missing(checking, owner, type, name);
    else if (building_type_of(checking->builder, target, RR_TYPE_CNAME))
        diag_warning(checking->diag, building_at(checking->builder, type),
                     "%s: its target '%s' is a CNAME (RFC 2181 10.3)", owner_text, text);
    else if (type->type == RR_TYPE_NS)
        check_ns_target(checking, type, target, owner_text, text);
}

static void
check_targets(const struct checking *checking, const struct building_name *name,
              const struct building_type *type)
{
    if (type->flags & ZONE_TYPE_DYNAMIC || !rrset_type_wants_add(type->type))
        return;
    const struct rrset *const set = set_of(checking, type);
    const struct rrset_add *const adds = rrset_adds(set);
    for (unsigned i = 0; i < set->add_count; i++)
        check_target(checking, name, type, rrset_bytes(set) + adds[i].offset);
}

/* ---- hidden data, zero TTLs ------------------------------------------------------- */

static bool
may_stand_at_cut(uint16_t type)
{
    return type == RR_TYPE_NS || type == RR_TYPE_DS || type == RR_TYPE_NSEC ||
           type == RR_TYPE_A || type == RR_TYPE_AAAA;
}

static void
check_hidden(const struct checking *checking, const struct building_name *name,
             const struct building_type *type)
{
    const bool glue = type->type == RR_TYPE_A || type->type == RR_TYPE_AAAA;
    char text[NAME_TEXT_SIZE];

    if (name->flags & ZONE_NAME_BELOW_CUT) {
        const struct building_name *const above =
            &checking->builder->names[name->cut - 1];
        if (above->flags & ZONE_NAME_CUT && glue)
            return;
        diag_warning(checking->diag, building_at(checking->builder, type),
                     "%s: lies below a %s and is never answered",
                     text_of(checking, name, text),
                     above->flags & ZONE_NAME_CUT ? "delegation" : "DNAME");
    } else if (name->flags & ZONE_NAME_CUT && !may_stand_at_cut(type->type)) {
        diag_warning(checking->diag, building_at(checking->builder, type),
                     "%s: is delegated; this record is never answered",
                     text_of(checking, name, text));
    }
}

static void
check_ttl(const struct checking *checking, const struct building_name *name,
          const struct building_type *type)
{
    const uint32_t ttl = type->flags & ZONE_TYPE_DYNAMIC
                             ? checking->zone->dyns[type->ref].ttl
                             : set_of(checking, type)->ttl;
    char text[NAME_TEXT_SIZE];

    if (ttl == 0)
        diag_warning(checking->diag, building_at(checking->builder, type),
                     "%s: TTL 0: every query comes here", text_of(checking, name, text));
}

static void
check_dynamic_cname(const struct checking *checking, const struct building_name *name,
                    const struct building_type *type)
{
    char text[NAME_TEXT_SIZE];

    if (type->type == RR_TYPE_CNAME && name->len == checking->zone->apex_len)
        diag_error(checking->diag, building_at(checking->builder, type),
                   "%s: a CNAME cannot stand at the zone's own name",
                   text_of(checking, name, text));
}

static void
check_apex(const struct checking *checking)
{
    const struct building_name *const apex = find(checking, checking->zone->apex);

    if (apex && building_type_of(checking->builder, apex, RR_TYPE_NS))
        return;
    const struct building_type *const soa =
        apex ? building_type_of(checking->builder, apex, RR_TYPE_SOA) : NULL;
    if (soa)
        diag_error(checking->diag, building_at(checking->builder, soa),
                   "the zone's own name ('') has no NS records");
}

void
check_zone(const struct builder *builder, const struct zone *zone, struct diag *diag)
{
    const struct checking checking = { builder, zone, diag };

    check_apex(&checking);
    for (size_t i = 0; i < builder->name_count; i++) {
        const struct building_name *const name = &builder->names[i];
        check_cname_alone(&checking, name);
        check_cname_loop(&checking, name);
        for (uint32_t at = name->types; at; at = builder->types[at - 1].next) {
            const struct building_type *const type = &builder->types[at - 1];
            check_targets(&checking, name, type);
            check_hidden(&checking, name, type);
            check_ttl(&checking, name, type);
            check_dynamic_cname(&checking, name, type);
        }
    }
}
