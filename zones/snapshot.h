/* SPDX-License-Identifier: BSD-2-Clause */
/* Everything an answer needs, as of one moment: immutable, published by one pointer
 * (store.c). */
#ifndef ZONES_SNAPSHOT_H
#define ZONES_SNAPSHOT_H
#include "dns/answer.h"
#include "dns/base/status.h"
#include "zones/dyntab.h"
#include "zones/zone.h"

/* A zone in a snapshot. */
struct zone_entry {
    uint32_t hash;  /* of the apex */
    uint16_t slot;  /* for counters; 0: none left */
    uint16_t state; /* enum zone_state */
    uint8_t apex_len;
    uint8_t apex[NAME_LEN_MAX];          /* wire, folded */
    const struct zone *zone;             /* NULL where ZONE_FAILED */
    const struct dyntab *const *dyntabs; /* [zone->dyn_count] */
};
enum zone_state {
    ZONE_SERVED,
    ZONE_FAILED /* never had a good version: SERVFAIL with EDE 14 for its subtree */
};

struct snapshot {
    struct serve_settings settings;
    const struct zone_entry *entries; /* [entry_count] */
    size_t entry_count;
    uint32_t *slots; /* owned; by apex hash, open addressing: entry + 1; 0: empty; power
                        of two */
    uint32_t slot_mask;
    uint8_t labels_max; /* of any apex */
    uint8_t labels_min;
};

/* Fills slots, slot_mask, labels_max and labels_min from the entries, whose apexes
 * differ. ERR_NOMEM. */
MUST_CHECK enum status snapshot_index(struct snapshot *snapshot);
/* Frees what snapshot_index made. A zeroed snapshot is fine. */
void snapshot_done(struct snapshot *snapshot);

/* The zone that holds a name: the longest apex that is a suffix of it; for type DS at an
 * apex the zone above, if it is served, too (RFC 4035 3.1.4.1). NULL: none. ret_label: at
 * which label its apex begins. Query path. */
const struct zone_entry *snapshot_zone(const struct snapshot *snapshot,
                                       const struct query *query, unsigned *ret_label);

#endif
