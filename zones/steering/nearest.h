/* SPDX-License-Identifier: BSD-2-Clause */
/* The classes of a policy by distance: which pools are the `keep` nearest of a place, in
 * order. */
#ifndef ZONES_STEERING_NEAREST_H
#define ZONES_STEERING_NEAREST_H
#include "dns/base/status.h"
#include "geoip/place.h"
#include "zones/steering/policy.h"

struct nearest; /* grows while places are classed; then read by any number of threads */

/* Copies all that it needs of the policy. ERR_NOMEM. */
MUST_CHECK enum status nearest_new(const struct policy *policy,
                                   struct nearest **ret_nearest);
void nearest_free(struct nearest *nearest); /* NULL is fine */
/* The class of a place: 0 where it has no location, else from 1 in the order of first
 * appearance. ERR_NOMEM, ERR_LIMIT. */
MUST_CHECK enum status nearest_class(struct nearest *nearest, const struct place *place,
                                     uint32_t *ret_class);
/* The class of a place if it is known, else 0. */
uint32_t nearest_find(const struct nearest *nearest, const struct place *place);
/* Classes so far, 0 included. */
size_t nearest_count(const struct nearest *nearest);
/* The pools of a class over 0, as indexes into the policy's; returns how many. */
size_t nearest_pools(const struct nearest *nearest, uint32_t class_id,
                     uint16_t ret_pools[DISTANCE_KEEP_MAX]);

#endif
