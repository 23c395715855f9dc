/* SPDX-License-Identifier: BSD-2-Clause */
/* The inside of a health view: health_view.c makes it, health_judge.c asks it,
 * health_votes.c counts. */
#ifndef ZONES_STEERING_HEALTH_VIEW_H
#define ZONES_STEERING_HEALTH_VIEW_H
#include "zones/steering/health.h"
#include <stdatomic.h>

struct arena;

#define HEALTH_GROUP_VOTES UINT32_MAX

/* One verdict and which document it is of: within a document the narrowest entry replaces
 * wider ones. */
struct held_verdict {
    struct health_verdict verdict;
    uint32_t group; /* number of the document; HEALTH_GROUP_VOTES */
};

/* A mention that outlives its last entry, so that flapping does not reshape scopes. */
struct lingering {
    const char *server;
    struct place_word word;
    int64_t until;
};

/* What there is of one server: for plans, and to see what changed. */
struct footprint {
    const char *server;
    uint64_t hash;
    const struct place_word **words; /* sorted, each once */
    size_t word_count, word_capacity;
};

struct health_view {
    atomic_size_t refs;
    struct arena *arena;
    struct health_document **documents; /* one reference each */
    size_t document_count;
    struct health_verdict *verdicts; /* sorted by subject, scope, service, writer */
    uint32_t *groups;                /* parallel */
    size_t count, capacity, group_capacity;
    struct lingering *lingering;
    size_t lingering_count, lingering_capacity;
    struct footprint *footprints; /* sorted by server */
    size_t footprint_count, footprint_capacity;
    int64_t next_change;
    int64_t now; /* when it was made */
};

/* Says nothing of anybody. NULL when out of memory. */
struct health_view *health_view_empty(void);
/* Adds a verdict (unsorted yet). ERR_NOMEM. */
MUST_CHECK enum status health_view_add(struct health_view *view,
                                       const struct health_verdict *verdict,
                                       uint32_t group);

/* A document as it counts now. */
struct counted_document {
    const struct health_document *document;
    bool stale;
    int64_t lapses;
};
/* Adds what vantages agree on. ERR_NOMEM. */
MUST_CHECK enum status health_votes_add(struct health_view *view,
                                        const struct counted_document *documents,
                                        size_t count);
/* Has its `until` come? */
bool health_entry_is_over(const struct health_entry *entry, int64_t now);
/* Does the document say anything of the server that is not over? */
bool health_document_mentions(const struct health_document *document, const char *server,
                              int64_t now);
/* Is the document stale, and does a fresh one mention the server? Then what it says of
 * it, votes too, has lapsed. */
bool health_is_superseded(const struct counted_document *documents, size_t count,
                          size_t index, const char *server, int64_t now);
/* The verdicts of one subject: the first, and how many. */
size_t health_view_find(const struct health_view *view, bool is_pool, const char *name,
                        size_t *ret_count);

#endif
