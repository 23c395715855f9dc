/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a set that is stored twice over begins today: each record is first in equally
 * many answers. */
#ifndef ZONES_ROTATION_H
#define ZONES_ROTATION_H
#include "dns/answer.h"

static inline uint16_t
rotation_start(const struct rrset *set, uint32_t random)
{
    return (uint16_t)((((uint64_t)random * set->count) >> 32) * set->stride);
}

#endif
