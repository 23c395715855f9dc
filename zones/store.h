/* SPDX-License-Identifier: BSD-2-Clause */
/* The store: reads what the configuration names, builds the parts, publishes snapshots,
 * retires old ones. It alone writes the published pointer. Two build lanes, a thread
 * each: data (zones, databases, routing) and health (documents, rows); health never waits
 * for data. A snapshot is assembled under one mutex from the newest of every part.
 *
 * Never worse than before: what cannot be read keeps its last good version, at start too
 * (from the state folder). */
#ifndef ZONES_STORE_H
#define ZONES_STORE_H
#include "dns/answer.h"
#include "dns/base/diag.h"
#include "dns/base/part.h"
#include "dns/base/status.h"
#include "geoip/base.h"
#include "zones/steering/decision.h"
#include <jansson.h>

struct store;
struct health_document;
struct dyntab;
struct zone_entry;

/* Settings of one zone that has any (`zones: {NAME: …}`), beyond the defaults. */
struct store_zone_config {
    const char *name;      /* as written, without the final dot */
    const char *soa_rname; /* NULL: hostmaster.ZONE */
    uint32_t soa_minimum, soa_refresh, soa_retry, soa_expire, soa_ttl; /* 0: default */
    struct diag_at at;
};

/* What the store needs of meridian.yaml: plain data, immutable; a part whose maker's free
 * releases all of it. Paths are absolute. */
struct store_config {
    struct part part;
    const char *path;   /* meridian.yaml, for messages */
    const char *folder; /* its folder */
    const char *state;  /* "" : nothing survives */
    struct serve_settings settings;
    const char *const *geo_files;
    size_t geo_file_count;
    const struct geo_network *networks;
    size_t network_count;
    const struct resolver_place *resolvers;
    size_t resolver_count;
    const char *const *routing;
    size_t routing_count;
    const char *const *zone_folders;
    size_t zone_folder_count;
    const struct store_zone_config *zones;
    size_t zone_count;
    uint32_t ttl, dynamic_ttl;
    double safe_delete, safe_update; /* shares */
    const char *health_folder;       /* NULL: none */
    int64_t health_hold_s;
    const char *const *health_expect; /* writers whose silence is an alarm */
    size_t health_expect_count;
    size_t maps_max;
};

struct store_hooks {
    void *context;
    /* After every publication that changed the list of watched files, and after every
     * load: any lane's thread. Must not block. */
    void (*changed)(void *context);
    /* Messages of a finished load (errors, warnings), and a line of what was done ("zone
     * 'x': serial 5, 12 names"). Any lane's thread. */
    void (*report)(void *context, const struct diag *diag, const char *what);
};

/* hooks are copied. The caller frees it after store_stop. */
MUST_CHECK enum status store_new(const struct store_hooks *hooks,
                                 struct store **ret_store);
void store_free(struct store *store); /* NULL is fine; workers no longer read */

/* Loads all, publishes the first snapshot, starts the lanes. Holds the config. Errors in
 * files below meridian.yaml are reported and do not fail it; ERR_NOMEM and ERR_IO (a
 * thread) do. */
MUST_CHECK enum status store_start(struct store *store, struct store_config *config);
/* Ends the lanes after what they are doing; saves what survives. */
void store_stop(struct store *store);

/* The one that workers are given. Lives as long as the store. */
const struct answerer *store_answerer(const struct store *store);

/* ---- loading only, without threads: meridiand -t, meridianctl check, explain -c --- */

/* Loads everything once in the caller's thread into an unstarted store, publishing
 * nothing to workers but making store_hold work. All messages to diag. `dry`: writes
 * nothing to the state folder, takes no last good versions from it. */
MUST_CHECK enum status store_load(struct store *store, struct store_config *config,
                                  bool dry, struct diag *diag);

/* ---- requests: any thread; done is called in the lane's thread, after publication - */

struct store_result {
    enum status
        status; /* OK: all applied; ERR_INVALID: something was refused (see diag) */
    const struct diag *diag;
    const char *const *unknown; /* health: servers, pools, services that routing does not
                                   know; NULL-terminated */
};
typedef void (*store_done_fn)(void *context, const struct store_result *result);

struct store_reload {
    struct store_config *
        config; /* a new configuration (the store takes a reference), or NULL: the same */
    const struct diag *said;  /* of meridian.yaml, for the status: with errors the old one
                                 stays. NULL: it was not read again */
    bool reread;              /* HUP: read again also what looks unchanged */
    const char *const *zones; /* those that are meant, NULL-terminated; NULL: all. One
                                 that   is nowhere is an error; what changed elsewhere is
                                 loaded   all the same */
    bool force; /* their holds (safe_delete, safe_update, NS, lost file) are overruled */
    store_done_fn done; /* may be NULL; else it is called after a look at the health
                           folder too, with the messages of both, in that lane's thread */
    void *context;
};
/* Queues a look at every file of the data lane (zones, routing, databases): changed ones,
 * and those refused before, are loaded. Copies what it needs. ERR_NOMEM. */
MUST_CHECK enum status store_reload(struct store *store,
                                    const struct store_reload *reload);

/* Queues a look at the health folder. reread: also at documents that look unchanged. */
MUST_CHECK enum status store_reload_health(struct store *store, bool reread);

struct store_push {
    struct health_document *document; /* the store takes a reference; NULL: delete */
    const char *writer;
    const void *bytes; /* as received, kept in the state folder; copied */
    size_t len;
    store_done_fn done;
    void *context;
};
/* Queues a pushed document (or its removal). result.status: ERR_STALE: older than the
 * loaded one (409); ERR_EXIST: a file has this writer (409); ERR_RANGE: from more than 60
 * s ahead (422); ERR_NOENT: nothing to delete. */
MUST_CHECK enum status store_push(struct store *store, const struct store_push *push);

/* ---- looking: any thread ---------------------------------------------------------- */

/* The current state, held until store_release; may outlive several publications. NULL
 * before the first. */
struct store_view;
const struct store_view *store_hold(struct store *store);
void store_release(struct store *store, const struct store_view *view);
const struct snapshot *store_view_snapshot(const struct store_view *view);
const struct geo_base *store_view_base(const struct store_view *view);
const struct routing *store_view_routing(const struct store_view *view);
const struct health_view *store_view_health(const struct store_view *view);
/* Decision and dyntab behind a name's type; false: the name has no such dynamic type. */
bool store_view_find(const struct store_view *view, const uint8_t *name, uint16_t type,
                     const struct dyntab **ret_dyntab,
                     const struct zone_entry **ret_zone);

/* Zones as a JSON array: name, serial, names, records, state ("served", "stale",
 * "failed", "held"), message, file. */
json_t *store_zones_json(struct store *store);
/* Everything else of the status: sources of geography with ages, last reload (ok, when,
 * messages), routing, health writers with ages (and the expected that are silent), as a
 * JSON object. */
json_t *store_status_json(struct store *store);
/* Health as of now: {"documents": […], "verdicts": […]}. */
json_t *store_health_json(struct store *store);
/* The bytes of a pushed document as received; the caller frees them. NULL: this writer
 * pushed nothing. */
char *store_document(struct store *store, const char *writer, size_t *ret_len);
/* All zones loaded and none failed (for /readyz). */
bool store_is_ready(struct store *store);
/* Files and folders to watch; the caller frees with store_paths_free. NULL when out of
 * memory. Ends with NULL. */
char **store_watch_paths(struct store *store);
void store_paths_free(char **paths);

/* Numbers for /metrics, one line each: (name, labels, value) through a callback. */
typedef void (*store_metric_fn)(void *context, const char *name, const char *labels,
                                double value);
void store_metrics(struct store *store, store_metric_fn metric, void *context);
/* Name of a zone's counter slot, or NULL. Borrowed until the store is freed. */
const char *store_slot_name(struct store *store, unsigned slot);

#endif
