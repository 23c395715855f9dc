/* SPDX-License-Identifier: BSD-2-Clause */
/* Publishing and looking. The one file besides dns/base/reader.c that knows liburcu. */
#define URCU_INLINE_SMALL_FUNCTIONS
#include "dns/base/reader.h"
#include "zones/answer.h"
#include "zones/steering/routing.h"
#include "zones/store_lanes.h"
#include <stdlib.h>
#include <string.h>
#include <urcu-qsbr.h>

/* ---- the answerer ----------------------------------------------------------------- */

static const void *
acquire(void *context)
{
    const struct store *const store = context;

    return rcu_dereference(store->current);
}

static const struct serve_settings *
settings(const void *snapshot)
{
    return &((const struct snapshot *)snapshot)->settings;
}

static void
answer(const void *snapshot, const struct query *query, struct answer *to)
{
    zone_answer(snapshot, query, to);
}

const struct answerer *
store_answerer(const struct store *store)
{
    return &store->answerer;
}

/* ---- publishing ------------------------------------------------------------------- */

/* A retired view on its way to nobody's using it any more. */
struct retired {
    struct rcu_head head;
    struct store_view *view;
};

static void
reclaim(struct rcu_head *head)
{
    struct retired *const retired = (struct retired *)(void *)head;

    part_drop(&retired->view->part);
    free(retired);
}

static void
retire(struct store_view *view)
{
    struct retired *const retired = malloc(sizeof(*retired));

    reader_register();
    if (retired) {
        retired->view = view;
        call_rcu(&retired->head, reclaim);
    }
    reader_unregister();
    if (!retired) { /* out of memory: wait for the readers here */
        synchronize_rcu();
        part_drop(&view->part);
    }
}

void
/* NOLINTNEXTLINE(readability-function-size): liburcu writes the nested blocks */
store_put_view(struct store *store, struct store_view *view)
{
    struct store_view *const old = store->current;

    rcu_assign_pointer(store->current, view);
    if (old)
        retire(old);
}

const struct store_view *
store_hold(struct store *store)
{
    pthread_mutex_lock(&store->publish);
    struct store_view *const view = store->current;
    if (view)
        part_hold(&view->part);
    pthread_mutex_unlock(&store->publish);
    return view;
}

void
store_release(struct store *store, const struct store_view *view)
{
    (void)store;
    if (!view)
        return;
    /* The view is immutable but for its count, and whoever holds it may drop it. */
    struct store_view *counted;
    memcpy(&counted, &view, sizeof(struct store_view *));
    part_drop(&counted->part);
}

const struct snapshot *
store_view_snapshot(const struct store_view *view)
{
    return &view->snapshot;
}

const struct geo_base *
store_view_base(const struct store_view *view)
{
    return view->link->base->base;
}

const struct routing *
store_view_routing(const struct store_view *view)
{
    return view->link->routing;
}

const struct health_view *
store_view_health(const struct store_view *view)
{
    return view->health;
}

/* The entry whose apex is the longest suffix of a name. */
static const struct zone_entry *
entry_of(const struct store_view *view, const uint8_t *name)
{
    const struct zone_entry *best = NULL;

    for (size_t i = 0; i < view->snapshot.entry_count; i++) {
        const struct zone_entry *const entry = &view->entries[i];
        if (name_is_under(name, entry->apex) &&
            (!best || entry->apex_len > best->apex_len))
            best = entry;
    }
    return best;
}

bool
store_view_find(const struct store_view *view, const uint8_t *name, uint16_t type,
                const struct dyntab **ret_dyntab, const struct zone_entry **ret_zone)
{
    uint8_t folded[NAME_LEN_MAX];
    const size_t len = name_copy_folded(name, folded);
    const struct zone_entry *const entry = entry_of(view, folded);

    *ret_zone = entry;
    if (!entry || !entry->zone)
        return false;
    const struct zone_name *const found =
        zone_find(entry->zone, name_hash(folded), folded, len);
    const struct zone_type *const at = found ? zone_type_find(found, type) : NULL;
    if (!at || !(at->flags & ZONE_TYPE_DYNAMIC))
        return false;
    *ret_dyntab = entry->dyntabs[at->ref];
    return true;
}

/* ---- life ------------------------------------------------------------------------- */

enum status
store_new(const struct store_hooks *hooks, struct store **ret_store)
{
    struct store *const store = calloc(1, sizeof(*store));

    if (!store)
        return ERR_NOMEM;
    store->hooks = *hooks;
    store->answerer = (struct answerer){
        .context = store, .acquire = acquire, .settings = settings, .answer = answer
    };
    pthread_mutex_init(&store->publish, NULL);
    pthread_mutex_init(&store->look, NULL);
    pthread_mutex_init(&store->tell, NULL);
    store->mentions = mentions_cache_new();
    zoneset_init(&store->data.zones);
    healthset_init(&store->health.set);
    diag_init(&store->data.geo_diag);
    diag_init(&store->data.routing_diag);
    diag_init(&store->data.link_diag);
    diag_init(&store->data.scan_diag);
    diag_init(&store->data.config_diag);
    diag_init(&store->data.state_diag);
    diag_init(&store->health.diag);
    stamps_init(&store->data.geo_stamps);
    stamps_init(&store->data.routing_stamps);
    if (!store->mentions) {
        store_free(store);
        return ERR_NOMEM;
    }
    *ret_store = store;
    return OK;
}

void
store_free(struct store *store)
{
    if (!store)
        return;
    if (store->current)
        part_drop(&store->current->part);
    rcu_barrier();
    store_told_done(&store->told);
    store_health_done(store);
    store_data_done(store);
    mentions_cache_free(store->mentions);
    pthread_mutex_destroy(&store->tell);
    pthread_mutex_destroy(&store->look);
    pthread_mutex_destroy(&store->publish);
    free(store);
}

static enum status
first_load(struct store *store, struct store_config *config, struct diag *diag)
{
    const struct store_reload reload = { .config = config };

    /* Documents before the first answer: data's publication already counts them. */
    part_hold(&config->part);
    store->data.config = config;
    enum status status = store_health_load(store, true, true);
    if (status == OK)
        status = store_data_load(store, &reload, true, diag);
    /* Regions in documents' scopes need routing, which is there only now. */
    if (status == OK)
        status = store_health_load(store, true, false);
    store_health_started(store);
    return status;
}

enum status
store_load(struct store *store, struct store_config *config, bool dry, struct diag *diag)
{
    store->dry = dry;
    const enum status status = first_load(store, config, diag);
    store_health_said(store, diag);
    if (store->data.routing)
        store_health_unknown(store, store->data.routing, diag);
    return status;
}

static void
report_health(struct store *store)
{
    struct diag said;

    diag_init(&said);
    store_health_said(store, &said);
    if (said.count > 0 && store->hooks.report)
        store->hooks.report(store->hooks.context, &said, "health");
    diag_done(&said);
}

enum status
store_start(struct store *store, struct store_config *config)
{
    enum status status = first_load(store, config, NULL);

    report_health(store);
    if (status == OK)
        status = lane_start("health", store_health_tick, store, &store->health_lane);
    if (status == OK)
        status = lane_start("data", NULL, NULL, &store->data_lane);
    if (status == OK)
        lane_set_tick(store->health_lane, health_view_next_change(store->health.view));
    return status;
}

void
store_stop(struct store *store)
{
    lane_stop(store->data_lane);
    lane_stop(store->health_lane);
    store->data_lane = NULL;
    store->health_lane = NULL;
}
