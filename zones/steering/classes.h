/* SPDX-License-Identifier: BSD-2-Clause */
/* Which class each address has in each policy: the rule maps of DESIGN ("Places, classes,
 * mentions"). Clients of one class are told apart by no rule. The most used policies have
 * maps of their own with minimal scopes; the rest share a joint map. Depends on the base
 * and the rules alone, never on health. */
#ifndef ZONES_STEERING_CLASSES_H
#define ZONES_STEERING_CLASSES_H
#include "dns/base/part.h"
#include "dns/base/status.h"
#include "zones/steering/policy.h"

struct diag;
struct geo_base;
struct geo_map;

/* Special-purpose space in a map or a vector: the resolver's address decides, the leaf's
 * length is the scope. */
enum { CLASS_RESOLVER = 0xffffff };

/* The classes of one policy. A part: shared by snapshots. Class 0 is always that of
 * clients whose place is unknown; rules with equal chains are one class. Chains point
 * into the policy, which must outlive this. */
struct classes {
    struct part part;
    const struct geo_map *map; /* owned or shared; NULL: one class for all, no scope */
    const uint32_t
        *vector; /* map value → class; NULL: the value is the class. It knows nothing of
                    the value that a caller gives geo_map_find for the unlocated */
    const struct chain *chains; /* [class_count] */
    const uint8_t
        *stick; /* [class_count]: 1 where the chain holds a pool with stick_client */
    size_t class_count;
    uint32_t unlocated; /* class of a client whose place is unknown: 0 */
};

/* Class of a place that no map holds (country:RU …); for explain, resolvers and synthetic
 * clients. net: NULL, or the address or prefix asked for. Never CLASS_RESOLVER:
 * special-purpose space counts as unknown. By distance a place whose order of pools no
 * place of the base has counts as unknown, too. `policy` must be the one the classes were
 * made of. */
uint32_t classes_of_place(const struct classes *classes, const struct policy *policy,
                          const struct place *place, const char *const *tags,
                          const struct prefix *net);

struct classes_input {
    const struct policy *policy;
    size_t uses; /* names that use it: the most used have own maps */
};

struct classes_cache; /* the maps made so far, by rules and base; one thread at a time */

struct classes_cache *
classes_cache_new(size_t own_maps_max); /* `limits: {maps}`, default 16 */
void classes_cache_free(struct classes_cache *cache);

/* Makes ret_classes[i] for each policy (each with one reference, the caller's). Maps and
 * joint map are reused from the last call where base (by its content) and rules are the
 * same; equal maps are shared. Resources that classes share are counted atomically, so
 * that dropping a classes part is safe in any thread. ERR_NOMEM; ERR_LIMIT: over 2^24
 * combinations of what is tested. On failure nothing is made and the cache is as before.
 */
MUST_CHECK enum status classes_make(struct classes_cache *cache,
                                    const struct geo_base *base,
                                    const struct classes_input *inputs, size_t count,
                                    struct classes **ret_classes);

/* Warns, at its rule, of each word that no place of the base lies in; once in all if the
 * base knows no places. ERR_NOMEM. */
MUST_CHECK enum status classes_check_words(const struct geo_base *base,
                                           const struct policy *const *policies,
                                           size_t count, struct diag *diag);

#endif
