/* SPDX-License-Identifier: BSD-2-Clause */
/* The store from within: shared by store.c (publishing, looking), store_data.c,
 * store_reload.c and store_health.c (the lanes' work) and store_json.c. Nobody else
 * includes it. */
#ifndef ZONES_STORE_LANES_H
#define ZONES_STORE_LANES_H
#include "zones/healthset.h"
#include "zones/lane.h"
#include "zones/link.h"
#include "zones/store.h"
#include "zones/view.h"
#include "zones/zoneset.h"
#include <pthread.h>

struct routing;

/* What the data lane alone touches. What others may see of it is in struct store_told. */
struct store_data {
    struct store_config *config; /* one reference */
    struct zoneset zones;
    struct base_part *base; /* one reference each; the last good */
    struct routing *routing;
    struct resolvers *resolvers;
    struct link *link;
    struct classes_cache *classes;
    struct stamps geo_stamps;
    struct stamps routing_stamps;
    bool geo_retry, routing_retry;
    bool no_routing;      /* none was ever good: `routing` is an empty one */
    struct diag geo_diag; /* of the last reading */
    struct diag routing_diag;
    struct diag link_diag; /* warnings of what only all together shows */
    struct diag scan_diag;
    struct diag config_diag;    /* of meridian.yaml, if it was read again */
    struct diag state_diag;     /* what the state folder did not take */
    const struct routing *kept; /* the routing whose files the state folder has */
};

/* What the data lane tells of itself after each load: others read this, and never wait
 * for a load. */
struct store_told {
    json_t *zones;          /* as store_zones_json */
    json_t *status;         /* "geoip", "routing", "reload" */
    char **paths;           /* to watch, NULL-terminated */
    char *slot_names[1024]; /* borrowed of the zone set, whose slots stay */
    unsigned slots_used;
    bool ready;
};

struct store_health {
    struct healthset set;
    struct health_view *view; /* the newest; one reference */
    struct health_view
        *restored; /* ages of an earlier run, until all documents are read */
    struct diag diag;
    bool due; /* documents changed, but out of memory no view was made of them */
};

struct store {
    struct answerer answerer;
    struct store_hooks hooks;
    struct store_view
        *current; /* published; one reference; written under `publish`, read by RCU */
    pthread_mutex_t publish; /* current, health.view, mentions: assembling */
    pthread_mutex_t look;    /* health.set: the health lane against readers of the status;
                                held shortly */
    pthread_mutex_t tell;    /* told */
    struct mentions_cache *mentions;
    struct store_data data;
    struct store_health health;
    struct store_told told;
    struct lane *data_lane; /* NULL: none, as in store_load */
    struct lane *health_lane;
    bool dry;
};

/* store.c: puts a new view in place of the current one; takes the view's reference.
 * Called with `publish` held. */
void store_put_view(struct store *store, struct store_view *view);

/* store_data.c: looks at everything of the data lane and publishes. Which messages there
 * were is told to the hooks and to diag (NULL: nobody). */
MUST_CHECK enum status store_data_load(struct store *store,
                                       const struct store_reload *reload, bool starting,
                                       struct diag *diag);
void store_data_done(struct store *store);

/* store_json.c: after a load (ok: it refused nothing), in the data lane. Out of memory
 * leaves what was told before. */
void store_tell(struct store *store, bool ok);
void store_told_done(struct store_told *told);

/* store_health.c: makes the newest view of the documents, and publishes if there is a
 * link. */
MUST_CHECK enum status store_health_renew(struct store *store);
MUST_CHECK enum status store_health_load(struct store *store, bool reread, bool starting);
/* As store_reload_health; done may be NULL. */
MUST_CHECK enum status store_health_post(struct store *store, bool reread,
                                         store_done_fn done, void *context);
/* Appends all that is wrong with documents now. */
void store_health_said(struct store *store, struct diag *diag);
void store_health_tick(void *context);
/* Warns of servers, pools and services in the files of health.d that routing does not
 * know. */
void store_health_unknown(const struct store *store, const struct routing *routing,
                          struct diag *diag);
/* The first load is over: all documents were read with the routing. */
void store_health_started(struct store *store);
void store_health_done(struct store *store);

#endif
