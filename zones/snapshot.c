/* SPDX-License-Identifier: BSD-2-Clause */
#include "zones/snapshot.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

static inline const struct zone_entry *
entry_of_suffix(const struct snapshot *snapshot, const struct query *query,
                unsigned label)
{
    const uint32_t hash = query->hash[label];
    const uint8_t *const name = query->name + query->label[label];
    const size_t len = (size_t)query->name_len - query->label[label];

    for (uint32_t at = hash & snapshot->slot_mask; snapshot->slots[at];
         at = (at + 1) & snapshot->slot_mask) {
        const struct zone_entry *const entry =
            &snapshot->entries[snapshot->slots[at] - 1];
        if (entry->hash == hash && entry->apex_len == len &&
            name_same_bytes(entry->apex, name, len))
            return entry;
    }
    return NULL;
}

/* From `label` up to the shortest apex. */
static const struct zone_entry *
zone_above(const struct snapshot *snapshot, const struct query *query, unsigned label,
           unsigned *ret_label)
{
    for (; label + snapshot->labels_min <= query->label_count; label++) {
        const struct zone_entry *const entry = entry_of_suffix(snapshot, query, label);
        if (!entry)
            continue;
        *ret_label = label;
        return entry;
    }
    return NULL;
}

/* RFC 4035 3.1.4.1: the DS set of an apex belongs to the parent, if we have it. */
static const struct zone_entry *
zone_for_ds(const struct snapshot *snapshot, const struct query *query,
            const struct zone_entry *child, unsigned *ret_label)
{
    const struct zone_entry *const parent = zone_above(snapshot, query, 1, ret_label);

    if (parent)
        return parent;
    *ret_label = 0;
    return child;
}

const struct zone_entry *
snapshot_zone(const struct snapshot *snapshot, const struct query *query,
              unsigned *ret_label)
{
    unsigned label = 0;

    if (query->label_count > snapshot->labels_max)
        label = (unsigned)query->label_count - snapshot->labels_max;
    /* mostly all apexes have as many labels: then this is the zone, or there is none */
    const struct zone_entry *entry = entry_of_suffix(snapshot, query, label);
    if (entry)
        *ret_label = label;
    else
        entry = zone_above(snapshot, query, label + 1, ret_label);
    if (query->type == RR_TYPE_DS && entry && *ret_label == 0)
        return zone_for_ds(snapshot, query, entry, ret_label);
    return entry;
}

static void
snapshot_insert(struct snapshot *snapshot, uint32_t *slots, uint32_t number)
{
    const struct zone_entry *const entry = &snapshot->entries[number];
    const uint8_t labels = (uint8_t)name_label_count(entry->apex);
    uint32_t at = entry->hash & snapshot->slot_mask;

    while (slots[at])
        at = (at + 1) & snapshot->slot_mask;
    slots[at] = number + 1;
    if (labels > snapshot->labels_max)
        snapshot->labels_max = labels;
    if (labels < snapshot->labels_min)
        snapshot->labels_min = labels;
}

enum status
snapshot_index(struct snapshot *snapshot)
{
    size_t slot_count = 2; /* never full: probing ends at an empty slot */

    assert(snapshot->entry_count < UINT32_MAX / 4);
    while (slot_count < 2 * snapshot->entry_count)
        slot_count *= 2;
    uint32_t *const slots = calloc(slot_count, sizeof(*slots));
    if (!slots)
        return ERR_NOMEM;
    snapshot->slot_mask = (uint32_t)slot_count - 1;
    snapshot->labels_max = 0;
    snapshot->labels_min = UINT8_MAX; /* no zone: no name is long enough */
    for (uint32_t i = 0; i < snapshot->entry_count; i++)
        snapshot_insert(snapshot, slots, i);
    snapshot->slots = slots;
    return OK;
}

void
snapshot_done(struct snapshot *snapshot)
{
    free(snapshot->slots);
    snapshot->slots = NULL;
}
