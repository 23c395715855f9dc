/* SPDX-License-Identifier: BSD-2-Clause */
/* What the store publishes: a snapshot with everything that it borrows from, assembled of
 * the newest parts. */
#ifndef ZONES_VIEW_H
#define ZONES_VIEW_H
#include "zones/link.h"
#include "zones/snapshot.h"
#include "zones/store.h"

struct health_view;

/* A part. `snapshot` is first: workers see no more than it. */
struct store_view {
    struct snapshot snapshot;
    struct part part;
    struct store_config *config; /* one reference each */
    struct link *link;
    struct health_view *health;
    struct decision **decisions; /* [link->plan_count], one reference each */
    struct dyntab **dyntabs; /* of all zones, one after the other; one reference each */
    size_t dyntab_count;
    struct zone_entry *entries;
};

/* What a zone is in the view, beyond its link. */
struct view_zone {
    const uint8_t *apex; /* wire, folded */
    uint16_t slot;
};

struct view_input {
    struct store_config *config;
    struct link *link;
    const struct view_zone *zones; /* [link->zone_count] */
    struct health_view *health;
    const char *const
        *changed; /* servers whose health is not what previous had; NULL: all may be */
    const struct store_view *previous; /* NULL: none */
    struct mentions_cache *mentions;
};

/* Takes references of its own. Where link and previous->link are the same, whatever did
 * not change is shared. ERR_NOMEM. */
MUST_CHECK enum status view_new(const struct view_input *input,
                                struct store_view **ret_view);

#endif
