/* SPDX-License-Identifier: BSD-2-Clause */
#include "zones/link_resolve.h"
#include "dns/base/arena.h"
#include "zones/dyntab.h"
#include "zones/load.h"
#include "zones/steering/routing.h"
#include <string.h>

enum {
    ALIAS_HOPS_MAX = 8, /* CNAMEs and ALIASes between an ALIAS and its addresses */
    HOST_ADDRESSES_MAX = 64,
};

/* ---- names in the served zones ---------------------------------------------------- */

struct place_found {
    const struct zone *zone;      /* the zone that holds the name; NULL: none */
    const struct zone_name *name; /* NULL: no such name */
    uint8_t wire[NAME_LEN_MAX];   /* folded */
};

static void
find_name(const struct link_input *input, const char *text, struct place_found *ret_found)
{
    *ret_found = (struct place_found){ 0 };
    if (zone_name_from_text(text, ret_found->wire) != OK)
        return;
    for (size_t i = 0; i < input->zone_count; i++) {
        const struct zone *const zone = input->zones[i];
        if (!zone || !name_is_under(ret_found->wire, zone->apex))
            continue;
        if (!ret_found->zone || zone->apex_labels > ret_found->zone->apex_labels)
            ret_found->zone = zone;
    }
    if (ret_found->zone)
        ret_found->name = zone_find(ret_found->zone, name_hash(ret_found->wire),
                                    ret_found->wire, name_len(ret_found->wire));
}

/* The addresses in a ready A or AAAA set: fixed-size records, the address at their end.
 */
static size_t
addresses_of_set(const struct rrset *set, struct addr *ret_addrs, size_t max)
{
    const size_t address_len = set->type == RR_TYPE_A ? 4 : 16;
    size_t count = 0;

    for (size_t i = 0; i < set->count && set->stride >= address_len; i++, count++) {
        if (count >= max)
            continue;
        const uint8_t *const end = rrset_bytes(set) + (i + 1) * set->stride;
        ret_addrs[count] =
            (struct addr){ .family = set->type == RR_TYPE_A ? ADDR_V4 : ADDR_V6 };
        memcpy(ret_addrs[count].bytes, end - address_len, address_len);
    }
    return count;
}

/* A `server:` form gives the entry's own addresses of that family. */
static size_t
addresses_of_server(const struct link_input *input, const struct dyn *dyn,
                    struct addr *ret_addrs, size_t max)
{
    const struct server *const server = routing_server(input->routing, dyn->target);
    const uint8_t family = dyn->type == RR_TYPE_A ? ADDR_V4 : ADDR_V6;
    size_t count = 0;

    for (size_t i = 0; server && i < server->address_count; i++) {
        if (server->addresses[i].family != family)
            continue;
        if (count < max)
            ret_addrs[count] = server->addresses[i];
        count++;
    }
    return count;
}

static size_t
addresses_of_type(const struct link_input *input, const struct place_found *found,
                  uint16_t type, struct addr *ret_addrs, size_t max)
{
    const struct zone_type *const entry = zone_type_find(found->name, type);

    if (!entry)
        return 0;
    if (!(entry->flags & ZONE_TYPE_DYNAMIC))
        return addresses_of_set(zone_rrset(found->zone, entry), ret_addrs, max);
    const struct dyn *const dyn = &found->zone->dyns[entry->ref];
    return dyn->form == DYN_SERVER ? addresses_of_server(input, dyn, ret_addrs, max) : 0;
}

size_t
link_host_addresses(const struct link_input *input, const char *host,
                    struct addr *ret_addrs, size_t max, bool *ret_inside)
{
    struct place_found found;

    find_name(input, host, &found);
    *ret_inside = found.zone != NULL;
    if (!found.zone || !found.name)
        return 0;
    const size_t v4 = addresses_of_type(input, &found, RR_TYPE_A, ret_addrs, max);
    const size_t room = v4 < max ? max - v4 : 0;
    return v4 +
           addresses_of_type(input, &found, RR_TYPE_AAAA, ret_addrs + (max - room), room);
}

/* Any address type at all, dynamic ones too: what a host needs. A cut above it means that
 * somebody else knows. */
static bool
host_has_address(const struct link_input *input, const char *host)
{
    struct place_found found;

    find_name(input, host, &found);
    if (!found.zone)
        return true;
    return found.name && (zone_type_find(found.name, RR_TYPE_A) ||
                          zone_type_find(found.name, RR_TYPE_AAAA));
}

/* ---- hashes of what a transfer would show ----------------------------------------- */

static uint64_t
mix(uint64_t hash, const void *bytes, size_t len)
{
    const uint8_t *const from = bytes;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ from[i]) * 0x100000001b3U;
    return hash;
}

static uint64_t
hash_server(uint64_t hash, const struct server *server)
{
    for (size_t i = 0; i < server->address_count; i++)
        hash = mix(hash, server->addresses[i].bytes, sizeof(server->addresses[i].bytes));
    return server->host ? mix(hash, server->host, strlen(server->host)) : hash;
}

/* A transfer shows the last rule's chain, everybody up. */
static uint64_t
hash_policy(const struct policy *policy)
{
    const struct chain *const chain = policy->by_distance
                                          ? &policy->otherwise
                                          : &policy->rules[policy->rule_count - 1].chain;
    uint64_t hash = 0xcbf29ce484222325U;

    if (chain->pool_count == 0)
        return hash;
    const struct pool *const pool = chain->pools[0];
    for (size_t i = 0; i < pool->member_count; i++) {
        hash = hash_server(hash, pool->members[i].server);
        hash = mix(hash, &pool->members[i].weight, sizeof(pool->members[i].weight));
    }
    return hash;
}

/* ---- ALIAS ------------------------------------------------------------------------ */

static enum status
fixed_alias(const struct link_input *input, const struct place_found *found,
            const struct dyn *dyn, struct arena *arena, struct link_meaning *ret_meaning)
{
    struct addr addrs[HOST_ADDRESSES_MAX];
    size_t count = addresses_of_type(input, found, dyn->type, addrs, HOST_ADDRESSES_MAX);

    if (count > HOST_ADDRESSES_MAX)
        count = HOST_ADDRESSES_MAX;
    struct server *const server = arena_alloc(arena, sizeof(*server));
    struct addr *const copy = arena_calloc(arena, count + 1, sizeof(*copy));
    if (!server || !copy)
        return ERR_NOMEM;
    memcpy(copy, addrs, count * sizeof(*copy));
    *server =
        (struct server){ .name = dyn->target, .addresses = copy, .address_count = count };
    ret_meaning->server = server;
    ret_meaning->export_hash = hash_server(1, server);
    return OK;
}

/* The name that a static CNAME or an ALIAS at this name leads to, as text; NULL: neither.
 */
static const char *
next_name(const struct place_found *found, uint16_t type, char buffer[NAME_TEXT_SIZE])
{
    const struct zone_type *const alias = zone_type_find(found->name, type);
    const struct zone_type *const cname = zone_type_find(found->name, RR_TYPE_CNAME);

    if (alias && alias->flags & ZONE_TYPE_DYNAMIC &&
        found->zone->dyns[alias->ref].form == DYN_ALIAS)
        return found->zone->dyns[alias->ref].target;
    if (!cname || cname->flags & ZONE_TYPE_DYNAMIC)
        return NULL;
    const struct rrset *const set = zone_rrset(found->zone, cname);
    const size_t rdata_at = 12; /* owner pointer, type, class, ttl, rdlen */
    uint8_t wire[2 * NAME_LEN_MAX];
    size_t len = set->len - rdata_at;
    if (set->fix_count) { /* labels, then a pointer to the apex */
        len -= 2;
        memcpy(wire + len, found->zone->apex, found->zone->apex_len);
    }
    memcpy(wire, rrset_bytes(set) + rdata_at, len);
    return name_to_text(wire, buffer);
}

static enum status
/* A dynamic target is never an ALIAS: link_resolve does not come here again. */
/* NOLINTNEXTLINE(readability-function-size,misc-no-recursion) */
alias_of_dynamic(const struct link_input *input, const struct dyn *dyn,
                 const struct dyn *target, struct arena *arena, struct diag *diag,
                 struct link_meaning *ret_meaning)
{
    struct dyn *const made = arena_alloc(arena, sizeof(*made));

    if (!made)
        return ERR_NOMEM;
    *made = *target;
    made->ttl = dyn->ttl;
    made->at = dyn->at;
    made->owner = dyn->owner;
    return link_resolve(input, made, arena, diag, ret_meaning);
}

static enum status
/* NOLINTNEXTLINE(misc-no-recursion): a dynamic target is never an ALIAS */
resolve_alias(const struct link_input *input, const struct dyn *dyn, struct arena *arena,
              struct diag *diag, struct link_meaning *ret_meaning)
{
    const char *target = dyn->target;
    char buffer[NAME_TEXT_SIZE];

    for (unsigned hop = 0; hop < ALIAS_HOPS_MAX; hop++) {
        struct place_found found;
        find_name(input, target, &found);
        if (!found.zone) {
            diag_error(
                diag, dyn->at,
                "%s: ALIAS target '%s' is in no zone served here; give its addresses "
                "under octodns: {meridian: {values: […]}}",
                dyn->owner, target);
            return ERR_INVALID;
        }
        if (!found.name) {
            diag_error(diag, dyn->at, "%s: ALIAS target '%s' does not exist", dyn->owner,
                       target);
            return ERR_INVALID;
        }
        target = next_name(&found, dyn->type, buffer);
        if (target)
            continue;
        const struct zone_type *const type = zone_type_find(found.name, dyn->type);
        if (type && type->flags & ZONE_TYPE_DYNAMIC)
            return alias_of_dynamic(input, dyn, &found.zone->dyns[type->ref], arena, diag,
                                    ret_meaning);
        return fixed_alias(input, &found, dyn, arena, ret_meaning);
    }
    diag_error(diag, dyn->at, "%s: ALIAS to '%s' is a loop, or more than %d names long",
               dyn->owner, dyn->target, (int)ALIAS_HOPS_MAX);
    return ERR_INVALID;
}

/* ---- the other forms -------------------------------------------------------------- */

static enum status
unknown(const struct dyn *dyn, const char *kind, const char *name, struct diag *diag)
{
    diag_error(diag, dyn->at, "%s: unknown %s '%s': routing.yaml has none of this name",
               dyn->owner, kind, name);
    return ERR_INVALID;
}

static bool
type_gives_hosts(uint16_t type)
{
    return type == RR_TYPE_CNAME || type == RR_TYPE_SRV || type == RR_TYPE_MX;
}

static bool
pool_has(const struct pool *pool, const char **ret_host, const struct link_input *input)
{
    for (size_t i = 0; i < pool->member_count; i++) {
        const char *const host = pool->members[i].server->host;
        if (host && !host_has_address(input, host)) {
            *ret_host = host;
            return false;
        }
    }
    return true;
}

static bool
chain_has(const struct chain *chain, const char **ret_host,
          const struct link_input *input)
{
    for (size_t i = 0; i < chain->pool_count; i++) {
        if (!pool_has(chain->pools[i], ret_host, input))
            return false;
    }
    return true;
}

/* Every host that the policy can give has an address, where it lies in our zones. */
static enum status
check_hosts(const struct link_input *input, const struct dyn *dyn,
            const struct policy *policy, struct diag *diag)
{
    const char *host = NULL;
    bool fine = !policy->by_distance || chain_has(&policy->otherwise, &host, input);

    for (size_t i = 0; fine && i < policy->rule_count; i++)
        fine = chain_has(&policy->rules[i].chain, &host, input);
    for (size_t i = 0; fine && policy->by_distance && i < policy->pool_count; i++) {
        const struct chain one = { .pools = &policy->pools[i], .pool_count = 1 };
        fine = chain_has(&one, &host, input);
    }
    if (fine)
        return OK;
    diag_error(diag, dyn->at,
               "%s: the host '%s' that it can give has no address in its zone",
               dyn->owner, host);
    return ERR_INVALID;
}

static enum status
resolve_server(const struct link_input *input, const struct dyn *dyn, struct diag *diag,
               struct link_meaning *ret_meaning)
{
    ret_meaning->server = routing_server(input->routing, dyn->target);
    if (!ret_meaning->server)
        return unknown(dyn, "server", dyn->target, diag);
    ret_meaning->export_hash = hash_server(2, ret_meaning->server);
    if (!type_gives_hosts(dyn->type) || !ret_meaning->server->host ||
        host_has_address(input, ret_meaning->server->host))
        return OK;
    diag_error(diag, dyn->at,
               "%s: the host '%s' that it gives has no address in its zone", dyn->owner,
               ret_meaning->server->host);
    return ERR_INVALID;
}

static const struct policy *
find_policy(const struct link_input *input, const struct dyn *dyn)
{
    switch (dyn->form) {
    case DYN_POLICY: return routing_policy(input->routing, dyn->target);
    case DYN_POOL: return routing_pool_policy(input->routing, dyn->target);
    case DYN_INLINE: return dyn->policy;
    case DYN_SERVER:
    case DYN_ALIAS: break;
    }
    return NULL;
}

/* A policy of the routing, for a record whose own values are the last resort. Its rules
 * stay the routing's, and the values the zone's. */
static const struct policy *
with_last_resort(const struct policy *policy, const struct dyn *dyn, struct arena *arena)
{
    struct policy *const made = arena_alloc(arena, sizeof(*made));

    if (!made)
        return NULL;
    *made = *policy;
    made->last_resort = dyn->last_resort;
    made->last_resort_count = dyn->last_resort_count;
    return made;
}

static enum status
resolve_policy(const struct link_input *input, const struct dyn *dyn, struct arena *arena,
               struct diag *diag, struct link_meaning *ret_meaning)
{
    const struct policy *policy = find_policy(input, dyn);
    enum status status = OK;

    if (!policy)
        return unknown(dyn, dyn->form == DYN_POOL ? "pool" : "policy", dyn->target, diag);
    if (dyn->last_resort_count > 0 && !(policy = with_last_resort(policy, dyn, arena)))
        return ERR_NOMEM;
    if (dyn->form != DYN_INLINE && !routing_service(input->routing, dyn->service))
        status = unknown(dyn, "service", dyn->service, diag);
    if (type_gives_hosts(dyn->type) && check_hosts(input, dyn, policy, diag) != OK)
        status = ERR_INVALID;
    ret_meaning->policy = policy;
    ret_meaning->export_hash = hash_policy(policy);
    return status;
}

enum status
/* NOLINTNEXTLINE(misc-no-recursion): a dynamic target is never an ALIAS */
link_resolve(const struct link_input *input, const struct dyn *dyn, struct arena *arena,
             struct diag *diag, struct link_meaning *ret_meaning)
{
    *ret_meaning = (struct link_meaning){ .dyn = dyn };
    if (dyn->form == DYN_ALIAS)
        return resolve_alias(input, dyn, arena, diag, ret_meaning);
    if (dyn->form == DYN_SERVER)
        return resolve_server(input, dyn, diag, ret_meaning);
    return resolve_policy(input, dyn, arena, diag, ret_meaning);
}

enum status
link_check(const struct link_input *input, const struct zone *zone, struct diag *diag)
{
    struct arena *const arena = arena_new();
    enum status status = arena ? OK : ERR_NOMEM;

    for (size_t i = 0; arena && i < zone->dyn_count && status != ERR_NOMEM; i++) {
        struct link_meaning meaning;
        const enum status one =
            link_resolve(input, &zone->dyns[i], arena, diag, &meaning);
        if (one != OK)
            status = one;
    }
    arena_free(arena);
    return status;
}
