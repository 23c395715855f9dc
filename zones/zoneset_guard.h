/* SPDX-License-Identifier: BSD-2-Clause */
/* safe_delete and safe_update: is this edit of a zone so large that it may be a mistake?
 */
#ifndef ZONES_ZONESET_GUARD_H
#define ZONES_ZONESET_GUARD_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zone;

struct zone_difference {
    size_t before;  /* names with records in the old zone */
    size_t removed; /* of those, gone */
    size_t updated; /* of those, still there with other records */
    bool apex_ns;   /* the apex's NS set changed */
};

struct zone_difference zone_difference(const struct zone *before,
                                       const struct zone *after);
/* Of the NS records at the apex, in any order. */
uint64_t zone_apex_ns_hash(const struct zone *zone);

#endif
