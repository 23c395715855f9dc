/* SPDX-License-Identifier: BSD-2-Clause */
#include "zones/zone.h"
#include <string.h>

const struct zone_name *
zone_find(const struct zone *zone, uint32_t hash, const uint8_t *name, size_t name_len)
{
    for (uint32_t at = hash & zone->slot_mask; zone->slots[at].offset;
         at = (at + 1) & zone->slot_mask) {
        if (zone->slots[at].hash != hash)
            continue;
        const struct zone_name *const found = zone_at(zone, zone->slots[at].offset);
        if (found->name_len == name_len &&
            name_same_bytes(zone_name_bytes(found), name, name_len))
            return found;
    }
    return NULL;
}

const struct zone_type *
zone_type_find(const struct zone_name *name, uint16_t type)
{
    const struct zone_type *const types = zone_types(name);

    for (unsigned i = 0; i < name->type_count; i++) {
        if (types[i].type == type)
            return &types[i];
    }
    return NULL;
}

void
zone_walk(const struct zone *zone, zone_visit_fn visit, void *context)
{
    for (uint32_t at = 0; at <= zone->slot_mask; at++) {
        if (zone->slots[at].offset &&
            !visit(context, zone_at(zone, zone->slots[at].offset)))
            return;
    }
}
