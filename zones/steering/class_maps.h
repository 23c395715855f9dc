/* SPDX-License-Identifier: BSD-2-Clause */
/* The maps behind classes: which policies have their own, which share a joint one, and
 * what can be kept from the last time. A policy is known here by its key: all that its
 * map depends on, and nothing else. */
#ifndef ZONES_STEERING_CLASS_MAPS_H
#define ZONES_STEERING_CLASS_MAPS_H
#include "dns/base/part.h"
#include "dns/base/status.h"
#include "zones/steering/policy.h"

struct geo_base;
struct geo_map;
struct nearest;

/* A map, shared by mappings. */
struct shared_map {
    struct part part;
    struct geo_map *map; /* owned */
};

/* From an address to a class, for every policy of one key. */
struct class_mapping {
    struct part part;
    struct shared_map *map;  /* one reference; NULL: one class for all */
    uint32_t *vector;        /* owned; NULL: the map's value is the class */
    struct nearest *nearest; /* owned; by distance: the classes */
};

/* One policy of which a mapping is wanted. */
struct class_request {
    const struct policy *policy;
    const uint32_t *rule_class; /* of each rule; NULL by distance */
    size_t class_count;         /* by rules */
    size_t uses;
    struct class_mapping
        *mapping; /* out: one reference, the caller's; NULL: one class for all */
};

struct class_maps; /* what was made last; one thread at a time */

struct class_maps *class_maps_new(size_t own_max); /* NULL when out of memory */
void class_maps_free(struct class_maps *maps);     /* NULL is fine */
/* Fills every request. On failure (ERR_NOMEM, ERR_LIMIT) none is filled and the old maps
 * stay. */
MUST_CHECK enum status class_maps_make(struct class_maps *maps,
                                       const struct geo_base *base,
                                       struct class_request *requests, size_t count);

#endif
