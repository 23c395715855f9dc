/* SPDX-License-Identifier: BSD-2-Clause */
/* Joins zones, routing and places: finds out what every dynamic record's names mean, and
 * makes the plans that they share. The result is immutable and knows nothing of health.
 * Made by the data lane for each change of any of the three. */
#ifndef ZONES_LINK_H
#define ZONES_LINK_H
#include "dns/base/part.h"
#include "dns/base/status.h"
#include "zones/dyn.h"
#include "zones/steering/decision.h"
#include "zones/zone.h"

struct arena;
struct diag;
struct routing;

/* A geo base that snapshots share. */
struct base_part {
    struct part part;
    struct geo_base *base;
};
/* Takes the base. NULL when out of memory (then the base is freed). */
struct base_part *base_part_new(struct geo_base *base);

#define LINK_NO_PLAN UINT32_MAX

/* What one dyn of a zone means. */
struct link_dyn {
    const struct dyn *dyn; /* the zone's, or for an ALIAS one made after its target's */
    const struct server
        *server;   /* fixed: a `server:` form or an ALIAS of static addresses */
    uint32_t plan; /* number in the link, or LINK_NO_PLAN */
};

struct link_zone {
    struct zone *zone;     /* one reference; NULL: a failed zone */
    struct link_dyn *dyns; /* [zone->dyn_count] */
    uint64_t routing_hash; /* of what its dynamic records would show in a transfer */
};

/* A part. */
struct link {
    struct part part;
    struct base_part *base;      /* one reference */
    struct routing *routing;     /* one reference */
    struct resolvers *resolvers; /* one reference; NULL: none */
    struct link_zone *zones;
    size_t zone_count;
    struct plan **plans; /* one reference each */
    size_t plan_count;
    struct arena
        *arena; /* servers and dyns made for ALIAS, policies with a last resort */
};

struct link_input {
    struct zone *const *zones; /* NULL entries: failed zones */
    size_t zone_count;
    struct base_part *base;
    struct routing *routing;
    struct resolvers *resolvers;
    struct classes_cache *cache;
    const struct link
        *previous; /* its plans are reused where nothing of them changed; NULL: none */
};

/* Checks one zone's dynamic records against routing and the other zones: unknown
 * policies, pools, servers and services, hosts without address, ALIAS targets. Errors and
 * warnings at the zone's lines go to diag; ERR_INVALID if there was any error. */
MUST_CHECK enum status link_check(const struct link_input *input, const struct zone *zone,
                                  struct diag *diag);
/* Joins all. Every zone must have passed link_check with the same input. ERR_NOMEM. */
MUST_CHECK enum status link_new(const struct link_input *input, struct link **ret_link);

/* Warns of what is served but hardly meant: types that exist for nobody at a dynamic
 * name, place words that no loaded data matches. ERR_NOMEM. */
MUST_CHECK enum status link_warn(const struct link *link, struct diag *diag);

/* Addresses that a host has in the served zones: static ones, or those of a `server:`
 * form's entry. Returns how many there are (at most max are written). *ret_inside: the
 * name lies in one of the zones. */
size_t link_host_addresses(const struct link_input *input, const char *host,
                           struct addr *ret_addrs, size_t max, bool *ret_inside);

#endif
