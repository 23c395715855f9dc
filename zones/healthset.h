/* SPDX-License-Identifier: BSD-2-Clause */
/* The health documents that count: those of the files of health.d and those that were
 * pushed. Belongs to the health lane; one thread at a time. */
#ifndef ZONES_HEALTHSET_H
#define ZONES_HEALTHSET_H
#include "dns/base/diag.h"
#include "dns/base/status.h"
#include "zones/stamps.h"
#include "zones/steering/health.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct routing;

/* A pushed document or a file is at most this big. */
enum { HEALTH_DOCUMENT_BYTES_MAX = 4 << 20 };

struct health_item {
    char *path;   /* of the file; NULL: pushed */
    char *writer; /* pushed; for files the document's own word counts */
    char *bytes;  /* pushed: as received */
    size_t len;
    struct stamps stamps;             /* of the file and its includes */
    struct health_document *document; /* NULL: never readable */
    bool present;                     /* the file is there */
    bool retry;
    struct diag diag; /* of the last reading */
};

struct healthset {
    struct health_item **items;
    size_t count;
    size_t capacity;
};

void healthset_init(struct healthset *set);
void healthset_done(struct healthset *set);
/* Looks at the folder: reads files that changed or were refused (with
 * `reread` all, and pushed documents again). A deleted file's document ends at once if an
 * operator's; an automatic one stays until it lapses by itself. *ret_changed: something
 * did. ERR_NOMEM. */
struct health_scan {
    const char *folder; /* NULL: none */
    const char *root;   /* the configuration's folder, which includes may not leave */
    const struct routing *routing;
    bool reread;
};
MUST_CHECK enum status healthset_scan(struct healthset *set,
                                      const struct health_scan *scan, bool *ret_changed);
/* The pushed documents of an earlier run (state/health), without routing: a scan with
 * `reread` reads them again. ERR_NOMEM. */
MUST_CHECK enum status healthset_restore(struct healthset *set, const char *state);

struct health_push {
    const char *state; /* "" : not kept */
    const char *writer;
    struct health_document *document; /* NULL: removal; the set takes a reference */
    const void *bytes;
    size_t len;
    int64_t now;
};
/* Takes in a pushed document and keeps it in the state folder. ERR_STALE, ERR_EXIST,
 * ERR_RANGE, ERR_NOENT as in store_push; ERR_IO: the state folder did not take it (it
 * counts all the same). ERR_NOMEM. */
MUST_CHECK enum status healthset_push(struct healthset *set,
                                      const struct health_push *push);
/* Drops documents that said their last (stale, and hold is over) and have no file. */
void healthset_sweep(struct healthset *set, int64_t now, int64_t hold_s);
/* The documents, for health_view_new; borrowed. The caller frees the array. NULL when out
 * of memory. */
struct health_document **healthset_documents(const struct healthset *set,
                                             size_t *ret_count);
/* [{writer, source, file, generated, ttl, age, stale, error}] */
json_t *healthset_json(const struct healthset *set, int64_t now);

#endif
