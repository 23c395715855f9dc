/* SPDX-License-Identifier: BSD-2-Clause */
/* The health lane: documents → view → rows → publication. It waits for no load: a
 * publication of either lane is assembled under one mutex from the newest of every part.
 */
#include "zones/state.h"
#include "zones/steering/routing.h"
#include "zones/store_lanes.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char ages_file[] = "ages.jsonl";

/* What the lane needs of the data side: that of the published view, held meanwhile; at
 * start, before the first, the configuration alone. */
struct surroundings {
    const struct store_view *view;
    const struct store_config *config;
    const struct routing *routing;
};

static struct surroundings
surroundings_take(struct store *store)
{
    const struct store_view *const view = store_hold(store);

    if (!view)
        return (struct surroundings){ .config = store->data.config };
    return (struct surroundings){ .view = view,
                                  .config = view->config,
                                  .routing = view->link->routing };
}

static void
surroundings_give(struct store *store, const struct surroundings *around)
{
    store_release(store, around->view);
}

/* ---- a new view ------------------------------------------------------------------- */

static enum status
new_health_view(struct store *store, struct health_view **ret_view)
{
    size_t count;
    struct health_document **const documents =
        healthset_documents(&store->health.set, &count);
    const struct store_view *const current = store->current;
    const struct health_options options = {
        .now = time(NULL),
        .hold_s =
            current ? current->config->health_hold_s : store->data.config->health_hold_s,
        .routing = current ? current->link->routing : NULL,
    };

    if (!documents)
        return ERR_NOMEM;
    const enum status status = health_view_new(
        documents, count, &options,
        store->health.restored ? store->health.restored : store->health.view, ret_view);
    free(documents);
    return status;
}

static struct view_zone *
zones_of(const struct store_view *view)
{
    struct view_zone *const zones = calloc(view->link->zone_count + 1, sizeof(*zones));

    for (size_t i = 0; zones && i < view->link->zone_count; i++)
        zones[i] = (struct view_zone){ .apex = view->entries[i].apex,
                                       .slot = view->entries[i].slot };
    return zones;
}

/* The published view with other health. Called with `publish` held. */
static enum status
publish_health(struct store *store, struct health_view *health)
{
    struct store_view *const current = store->current;
    struct view_zone *const zones = zones_of(current);
    const char **changed = NULL;
    struct store_view *view;
    enum status status =
        zones ? health_view_changes(current->health, health, &changed) : ERR_NOMEM;

    if (status == OK) {
        const struct view_input input = {
            .config = current->config,
            .link = current->link,
            .zones = zones,
            .health = health,
            .changed = changed,
            .previous = current,
            .mentions = store->mentions,
        };
        status = view_new(&input, &view);
    }
    if (status == OK)
        store_put_view(store, view);
    free(changed);
    free(zones);
    return status;
}

enum status
store_health_renew(struct store *store)
{
    struct health_view *health;

    pthread_mutex_lock(&store->publish);
    enum status status = new_health_view(store, &health);
    if (status == OK && store->current) {
        status = publish_health(store, health);
        if (status != OK)
            health_view_drop(health);
    }
    if (status == OK) {
        health_view_drop(store->health.view);
        store->health.view = health;
    }
    store->health.due = status != OK;
    const int64_t next = /* out of memory: soon again */
        status == OK ? health_view_next_change(health) : time(NULL) + 1;
    pthread_mutex_unlock(&store->publish);
    if (store->health_lane)
        lane_set_tick(store->health_lane, next);
    return status;
}

static void
save_ages(struct store *store, const char *state)
{
    char path[STATE_PATH_MAX];

    if (store->dry || !state[0] || !state_path(path, state, ages_file, NULL))
        return;
    if (health_view_save(store->health.view, path) != OK) {
        diag_clear(&store->health.diag);
        diag_warning(&store->health.diag, (struct diag_at){ .file = path },
                     "cannot write '%s'", path);
    }
}

void
store_health_tick(void *context)
{
    struct store *const store = context;
    const struct surroundings around = surroundings_take(store);

    pthread_mutex_lock(&store->look);
    healthset_sweep(&store->health.set, time(NULL), around.config->health_hold_s);
    pthread_mutex_unlock(&store->look);
    if (store_health_renew(store) == OK)
        save_ages(store, around.config->state);
    surroundings_give(store, &around);
    if (store->hooks.changed)
        store->hooks.changed(store->hooks.context);
}

/* ---- names that nobody knows ------------------------------------------------------ */

static bool
listed(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0)
            return true;
    }
    return false;
}

/* A name that is no server entry may still be an inline value: an address or a host name.
 */
static bool
is_known(const struct routing *routing, const struct health_entry *entry)
{
    struct addr addr;

    if (entry->pool)
        return routing_pool(routing, entry->pool) != NULL;
    return routing_server(routing, entry->server) ||
           addr_parse(entry->server, &addr) == OK || strchr(entry->server, '.');
}

/* A service with a dot may be an inline record's. */
static bool
service_is_known(const struct routing *routing, const struct health_entry *entry)
{
    return !entry->service || routing_service(routing, entry->service) ||
           strchr(entry->service, '.');
}

/* Servers, pools and services that routing does not know: very likely slips of the pen.
 * NULL-terminated; the caller frees the array, the names are the document's. NULL when
 * out of memory. */
static const char **
unknown_names(const struct health_document *document, const struct routing *routing)
{
    size_t count, found = 0;
    const struct health_entry *const entries = health_document_entries(document, &count);
    const char **const names = calloc(2 * count + 1, sizeof(*names));

    for (size_t i = 0; names && i < count; i++) {
        const struct health_entry *const entry = &entries[i];
        const char *const name = entry->pool ? entry->pool : entry->server;
        if (!is_known(routing, entry) && !listed(names, found, name))
            names[found++] = name;
        if (!service_is_known(routing, entry) && !listed(names, found, entry->service))
            names[found++] = entry->service;
    }
    return names;
}

void
store_health_unknown(const struct store *store, const struct routing *routing,
                     struct diag *diag)
{
    for (size_t i = 0; i < store->health.set.count; i++) {
        const struct health_item *const item = store->health.set.items[i];
        size_t count = 0;
        const struct health_entry *const entries =
            item->path && item->document ? health_document_entries(item->document, &count)
                                         : NULL;
        for (size_t at = 0; at < count; at++) {
            const struct health_entry *const entry = &entries[at];
            const struct diag_at place = { item->path, entry->at.line, entry->at.column };
            if (!is_known(routing, entry))
                diag_warning(diag, place, "the routing has no %s '%s'",
                             entry->pool ? "pool" : "server",
                             entry->pool ? entry->pool : entry->server);
            if (!service_is_known(routing, entry))
                diag_warning(diag, place, "the routing has no service '%s'",
                             entry->service);
        }
    }
}

/* ---- the folder ------------------------------------------------------------------- */

static enum status
restore(struct store *store, const char *state)
{
    char path[STATE_PATH_MAX];

    if (store->dry || !state[0])
        return OK;
    if (state_path(path, state, ages_file, NULL) &&
        health_view_restore(path, &store->health.restored) != OK)
        store->health.restored = NULL; /* nobody's age is known, that is all */
    return healthset_restore(&store->health.set, state);
}

enum status
store_health_load(struct store *store, bool reread, bool starting)
{
    const struct surroundings around = surroundings_take(store);
    const struct health_scan scan = { .folder = around.config->health_folder,
                                      .root = around.config->folder,
                                      .routing = around.routing,
                                      .reread = reread };
    bool changed = false;
    enum status status = OK;

    pthread_mutex_lock(&store->look);
    if (starting)
        status = restore(store, around.config->state);
    if (status == OK)
        status = healthset_scan(&store->health.set, &scan, &changed);
    pthread_mutex_unlock(&store->look);
    store->health.due = store->health.due || changed || starting || reread;
    if (status == OK && store->health.due)
        status = store_health_renew(store);
    if (status == OK && changed && !starting)
        save_ages(store, around.config->state);
    surroundings_give(store, &around);
    return status;
}

void
store_health_started(struct store *store)
{
    health_view_drop(store->health.restored);
    store->health.restored = NULL;
}

void
store_health_done(struct store *store)
{
    store_health_started(store);
    healthset_done(&store->health.set);
    health_view_drop(store->health.view);
    diag_done(&store->health.diag);
}

/* ---- requests --------------------------------------------------------------------- */

struct health_job {
    struct store *store;
    struct store_push push;
    char *writer;
    char *bytes;
    store_done_fn done;
    void *context;
    bool reread;
};

static void
free_job(struct health_job *job)
{
    health_document_drop(job->push.document);
    free(job->writer);
    free(job->bytes);
    free(job);
}

static void
finish(struct health_job *job, enum status status, const struct diag *diag,
       const char *const *unknown)
{
    const struct store_result result = { .status = status,
                                         .diag = diag,
                                         .unknown = unknown };

    if (job->done)
        job->done(job->context, &result);
    free_job(job);
}

void
store_health_said(struct store *store, struct diag *diag)
{
    pthread_mutex_lock(&store->look);
    diag_append(diag, &store->health.diag);
    for (size_t i = 0; i < store->health.set.count; i++)
        diag_append(diag, &store->health.set.items[i]->diag);
    pthread_mutex_unlock(&store->look);
}

static void
run_scan(void *context)
{
    struct health_job *const job = context;
    struct store *const store = job->store;
    struct diag said;
    const enum status status = store_health_load(store, job->reread, false);

    const struct surroundings around = surroundings_take(store);
    diag_init(&said);
    store_health_said(store, &said);
    pthread_mutex_lock(&store->look);
    if (around.routing)
        store_health_unknown(store, around.routing, &said);
    pthread_mutex_unlock(&store->look);
    surroundings_give(store, &around);
    if (store->hooks.report)
        store->hooks.report(store->hooks.context, &said, "health");
    finish(job, status == OK && said.error_count ? ERR_INVALID : status, &said, NULL);
    diag_done(&said);
}

enum status
store_health_post(struct store *store, bool reread, store_done_fn done, void *context)
{
    struct health_job *const job = calloc(1, sizeof(*job));

    if (!job)
        return ERR_NOMEM;
    *job = (struct health_job){
        .store = store, .done = done, .context = context, .reread = reread
    };
    const enum status status = lane_post(store->health_lane, run_scan, job);
    if (status != OK)
        free(job);
    return status;
}

enum status
store_reload_health(struct store *store, bool reread)
{
    return store_health_post(store, reread, NULL, NULL);
}

/* Takes the document in and publishes; the state folder being full is told, but stops
 * nothing. */
static enum status
take_push(struct store *store, const struct health_job *job, const char *state)
{
    const struct health_push push = {
        .state = store->dry ? "" : state,
        .writer = job->writer,
        .document = job->push.document,
        .bytes = job->bytes,
        .len = job->push.len,
        .now = time(NULL),
    };

    pthread_mutex_lock(&store->look);
    const enum status status = healthset_push(&store->health.set, &push);
    pthread_mutex_unlock(&store->look);
    if (status != OK && status != ERR_IO)
        return status;
    const enum status renewed = store_health_renew(store);
    return renewed == OK ? status : renewed;
}

static void
run_push(void *context)
{
    struct health_job *const job = context;
    struct store *const store = job->store;
    const struct surroundings around = surroundings_take(store);
    const char **unknown = NULL;
    struct diag said;
    const enum status status = take_push(store, job, around.config->state);

    if ((status == OK || status == ERR_IO) && job->push.document)
        unknown = unknown_names(job->push.document, around.routing);
    diag_init(&said);
    if (status == ERR_IO)
        diag_warning(&said, (struct diag_at){ .file = around.config->state },
                     "cannot keep the document of '%s': it ends with this server",
                     job->writer);
    save_ages(store, around.config->state);
    finish(job, status == ERR_IO ? OK : status, &said, unknown);
    diag_done(&said);
    free(unknown);
    surroundings_give(store, &around);
    if (store->hooks.changed)
        store->hooks.changed(store->hooks.context);
}

enum status
store_push(struct store *store, const struct store_push *push)
{
    struct health_job *const job = calloc(1, sizeof(*job));

    if (!job)
        return ERR_NOMEM;
    *job = (struct health_job){
        .store = store, .push = *push, .done = push->done, .context = push->context
    };
    if (push->document)
        health_document_hold(push->document);
    job->writer = strdup(push->writer);
    job->bytes = malloc(push->len + 1);
    enum status status = job->writer && job->bytes ? OK : ERR_NOMEM;
    if (status == OK) {
        if (push->len)
            memcpy(job->bytes, push->bytes, push->len);
        status = lane_post(store->health_lane, run_push, job);
    }
    if (status != OK)
        free_job(job);
    return status;
}
