/* SPDX-License-Identifier: BSD-2-Clause */
/* What the store tells of itself: status, zones, health, metrics. The data lane prepares
 * its part after each load, so that nobody who asks waits for one. */
#include "zones/steering/routing.h"
#include "zones/store_lanes.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- the data lane's part --------------------------------------------------------- */

static json_t *
messages_json(const struct diag *diag)
{
    json_t *const all = json_array();
    char text[DIAG_TEXT_MAX];

    for (size_t i = 0; i < diag->count; i++) {
        diag_format(&diag->messages[i], text, sizeof(text));
        json_array_append_new(all, json_string(text));
    }
    return all;
}

static json_t *
zone_json(const struct zoneset_zone *zone)
{
    json_t *const one = json_pack("{s:s, s:s}", "name", zone->name, "state",
                                  zoneset_state_name(zone->state));

    if (zone->zone) {
        json_object_set_new(one, "serial", json_integer(zone->serial));
        json_object_set_new(one, "names",
                            json_integer((json_int_t)zone->zone->name_count));
        json_object_set_new(one, "records",
                            json_integer((json_int_t)zone->zone->record_count));
        json_object_set_new(one, "bytes", json_integer((json_int_t)zone->zone->size));
    }
    if (zone->path_count > 0)
        json_object_set_new(one, "file", json_string(zone->paths[0]));
    json_object_set_new(one, "messages", messages_json(&zone->diag));
    return one;
}

static json_t *
zones_json(const struct zoneset *set, bool *ret_ready)
{
    json_t *const all = json_array();

    *ret_ready = true;
    for (size_t i = 0; i < set->count; i++) {
        json_array_append_new(all, zone_json(set->zones[i]));
        *ret_ready = *ret_ready && set->zones[i]->state != ZONESET_FAILED;
    }
    return all;
}

static json_t *
geo_json(const struct store_data *data)
{
    json_t *const all = json_array();
    const struct geo_source *sources = NULL;
    const size_t count = data->base ? geo_base_sources(data->base->base, &sources) : 0;

    for (size_t i = 0; i < count; i++)
        json_array_append_new(
            all, json_pack("{s:s, s:s, s:I, s:I, s:b}", "file", sources[i].path, "type",
                           sources[i].type ? sources[i].type : "", "built",
                           (json_int_t)sources[i].build_unix_s, "networks",
                           (json_int_t)sources[i].network_count, "loaded",
                           (int)sources[i].loaded));
    return all;
}

static json_t *
status_json(const struct store_data *data, bool ok)
{
    json_t *const messages = messages_json(&data->geo_diag);
    json_t *const routing = messages_json(&data->routing_diag);
    json_t *const linked = messages_json(&data->link_diag);
    json_t *const scan = messages_json(&data->scan_diag);
    json_t *const config = messages_json(&data->config_diag);
    json_t *const state = messages_json(&data->state_diag);

    json_array_extend(messages, routing);
    json_array_extend(messages, linked);
    json_array_extend(messages, scan);
    json_array_extend(messages, config);
    json_array_extend(messages, state);
    json_decref(routing);
    json_decref(linked);
    json_decref(scan);
    json_decref(config);
    json_decref(state);
    return json_pack("{s:o, s:b, s:{s:b, s:I, s:o}}", "geoip", geo_json(data), "saved",
                     (int)(data->state_diag.count == 0), "reload", "ok", (int)ok, "at",
                     (json_int_t)time(NULL), "messages", messages);
}

/* Folders and files that the configuration leads to. */
static enum status
collect_paths(const struct store_data *data, struct stamps *all)
{
    const struct store_config *const config = data->config;
    enum status status =
        config->health_folder ? stamps_add(all, config->health_folder) : OK;

    for (size_t i = 0; status == OK && i < config->zone_folder_count; i++)
        status = stamps_add(all, config->zone_folders[i]);
    for (size_t i = 0; status == OK && i < config->geo_file_count; i++)
        status = stamps_add(all, config->geo_files[i]);
    for (size_t i = 0; status == OK && i < data->routing_stamps.count; i++)
        status = stamps_add(all, data->routing_stamps.items[i].path);
    for (size_t i = 0; status == OK && i < data->zones.count; i++) {
        const struct stamps *const files = &data->zones.zones[i]->stamps;
        for (size_t f = 0; status == OK && f < files->count; f++)
            status = stamps_add(all, files->items[f].path);
    }
    return status;
}

static char **
paths_of(const struct store_data *data)
{
    struct stamps all;

    stamps_init(&all);
    char **const paths =
        collect_paths(data, &all) == OK ? calloc(all.count + 1, sizeof(*paths)) : NULL;
    for (size_t i = 0; paths && i < all.count; i++) {
        paths[i] = all.items[i].path;
        all.items[i].path = NULL;
    }
    stamps_done(&all);
    return paths;
}

void
store_told_done(struct store_told *told)
{
    json_decref(told->zones);
    json_decref(told->status);
    store_paths_free(told->paths);
    *told = (struct store_told){ 0 };
}

void
store_tell(struct store *store, bool ok)
{
    const struct store_data *const data = &store->data;
    struct store_told told = { .slots_used = data->zones.slots_used };

    told.zones = zones_json(&data->zones, &told.ready);
    told.status = status_json(data, ok);
    told.paths = paths_of(data);
    memcpy(told.slot_names, data->zones.slot_names, sizeof(told.slot_names));
    pthread_mutex_lock(&store->tell);
    struct store_told before = store->told;
    store->told = told;
    pthread_mutex_unlock(&store->tell);
    store_told_done(&before);
}

/* ---- looking ---------------------------------------------------------------------- */

json_t *
store_zones_json(struct store *store)
{
    pthread_mutex_lock(&store->tell);
    json_t *const zones = json_deep_copy(store->told.zones);
    pthread_mutex_unlock(&store->tell);
    return zones;
}

bool
store_is_ready(struct store *store)
{
    pthread_mutex_lock(&store->tell);
    const bool ready = store->told.ready;
    pthread_mutex_unlock(&store->tell);
    return ready;
}

static char **
copy_paths(char *const *paths)
{
    size_t count = 0;

    while (paths && paths[count])
        count++;
    char **const copy = calloc(count + 1, sizeof(*copy));
    for (size_t i = 0; copy && i < count; i++) {
        copy[i] = strdup(paths[i]);
        if (!copy[i]) {
            store_paths_free(copy);
            return NULL;
        }
    }
    return copy;
}

/* Files that documents include: beyond the health folder itself. Takes paths. */
static char **
add_document_paths(struct store *store, char **paths)
{
    const struct healthset *const set = &store->health.set;
    size_t count = 0, more = 0;

    while (paths && paths[count])
        count++;
    pthread_mutex_lock(&store->look);
    for (size_t i = 0; i < set->count; i++)
        more += set->items[i]->stamps.count;
    char **const all = paths ? realloc(paths, (count + more + 1) * sizeof(*all)) : NULL;
    for (size_t i = 0; all && i < set->count; i++) {
        const struct stamps *const files = &set->items[i]->stamps;
        for (size_t f = 1; f < files->count; f++) { /* the first is the document */
            all[count] = strdup(files->items[f].path);
            count += all[count] != NULL;
        }
    }
    pthread_mutex_unlock(&store->look);
    if (all)
        all[count] = NULL;
    else
        store_paths_free(paths);
    return all;
}

char **
store_watch_paths(struct store *store)
{
    pthread_mutex_lock(&store->tell);
    char **const paths = copy_paths(store->told.paths);
    pthread_mutex_unlock(&store->tell);
    return add_document_paths(store, paths);
}

void
store_paths_free(char **paths)
{
    for (size_t i = 0; paths && paths[i]; i++)
        free(paths[i]);
    free(paths);
}

const char *
store_slot_name(struct store *store, unsigned slot)
{
    pthread_mutex_lock(&store->tell);
    const char *const name =
        slot > 0 && slot <= store->told.slots_used ? store->told.slot_names[slot] : NULL;
    pthread_mutex_unlock(&store->tell);
    return name;
}

static json_t *
documents_json(struct store *store)
{
    pthread_mutex_lock(&store->look);
    json_t *const documents = healthset_json(&store->health.set, time(NULL));
    pthread_mutex_unlock(&store->look);
    return documents;
}

char *
store_document(struct store *store, const char *writer, size_t *ret_len)
{
    char *copy = NULL;

    pthread_mutex_lock(&store->look);
    for (size_t i = 0; i < store->health.set.count; i++) {
        const struct health_item *const item = store->health.set.items[i];
        if (item->path || !item->bytes || strcmp(item->writer, writer) != 0)
            continue;
        free(copy);
        copy = malloc(item->len + 1);
        if (copy)
            memcpy(copy, item->bytes, item->len + 1);
        *ret_len = item->len;
    }
    pthread_mutex_unlock(&store->look);
    return copy;
}

/* Expected writers that no document names. */
static json_t *
silent_json(const struct store_config *config, const json_t *documents)
{
    json_t *const silent = json_array();

    for (size_t i = 0; i < config->health_expect_count; i++) {
        bool heard = false;
        size_t index;
        json_t *one;
        json_array_foreach(documents, index, one)
        {
            const char *const writer = json_string_value(json_object_get(one, "writer"));
            heard = heard || (writer && strcmp(writer, config->health_expect[i]) == 0 &&
                              !json_is_true(json_object_get(one, "stale")));
        }
        if (!heard)
            json_array_append_new(silent, json_string(config->health_expect[i]));
    }
    return silent;
}

/* What is wrong with health is wrong with the last load, too. Each document has its own
 * messages. */
static void
add_health(struct store *store, json_t *reload)
{
    pthread_mutex_lock(&store->look);
    const struct healthset *const set = &store->health.set;
    json_t *const messages = messages_json(&store->health.diag);
    bool refused = false;
    for (size_t i = 0; i < set->count; i++)
        refused = refused || set->items[i]->diag.error_count > 0;
    pthread_mutex_unlock(&store->look);
    if (refused)
        json_object_set_new(reload, "ok", json_false());
    json_array_extend(json_object_get(reload, "messages"), messages);
    json_decref(messages);
}

json_t *
store_status_json(struct store *store)
{
    pthread_mutex_lock(&store->tell);
    json_t *const status = json_deep_copy(store->told.status);
    pthread_mutex_unlock(&store->tell);
    const struct store_view *const view = store_hold(store);
    json_t *const documents = documents_json(store);
    add_health(store, json_object_get(status, "reload"));
    if (view)
        json_object_set_new(status, "silent", silent_json(view->config, documents));
    json_object_set_new(status, "writers", documents);
    json_object_set_new(status, "ready", json_boolean(store_is_ready(store)));
    store_release(store, view);
    return status;
}

static json_t *
verdict_json(const struct health_verdict *verdict)
{
    const struct health_entry *const entry = &verdict->entry;
    char scope[PLACE_WORD_TEXT_SIZE];
    json_t *const one = json_pack(
        "{s:s, s:s, s:s, s:s, s:I, s:b, s:s}", "state", health_state_name(entry->state),
        "scope", place_word_text(&entry->scope, scope), "source",
        health_source_name(verdict->source), "writer", verdict->writer, "since",
        (json_int_t)verdict->since, "stale", (int)verdict->stale, "reason",
        entry->reason ? entry->reason : "");

    if (entry->server)
        json_object_set_new(one, "server", json_string(entry->server));
    if (entry->pool)
        json_object_set_new(one, "pool", json_string(entry->pool));
    if (entry->service)
        json_object_set_new(one, "service", json_string(entry->service));
    if (entry->state == HEALTH_DEGRADED)
        json_object_set_new(one, "factor", json_real(entry->factor));
    if (verdict->lapses)
        json_object_set_new(one, "lapses", json_integer(verdict->lapses));
    return one;
}

json_t *
store_health_json(struct store *store)
{
    const struct store_view *const view = store_hold(store);
    json_t *const verdicts = json_array();
    size_t count = 0;
    const struct health_verdict *const all =
        view ? health_view_verdicts(view->health, &count) : NULL;

    for (size_t i = 0; i < count; i++)
        json_array_append_new(verdicts, verdict_json(&all[i]));
    store_release(store, view);
    return json_pack("{s:o, s:o}", "documents", documents_json(store), "verdicts",
                     verdicts);
}

/* ---- metrics ---------------------------------------------------------------------- */

enum { LABELS_SIZE = 512 };

/* Text within a label's quotes: Prometheus escapes backslash, quote and newline. */
static void
add_label(char labels[LABELS_SIZE], const char *name, const char *value)
{
    size_t at = strlen(labels);

    at += (size_t)snprintf(labels + at, LABELS_SIZE - at, "%s%s=\"", at ? "," : "", name);
    for (; *value && at + 4 < LABELS_SIZE; value++) {
        if (*value == '\\' || *value == '"' || *value == '\n')
            labels[at++] = '\\';
        labels[at++] = (char)(*value == '\n' ? 'n' : *value);
    }
    if (at + 2 <= LABELS_SIZE) {
        labels[at++] = '"';
        labels[at] = '\0';
    }
}

static void
zone_metrics(const json_t *zones, store_metric_fn metric, void *context)
{
    size_t index;
    json_t *one;

    json_array_foreach(zones, index, one)
    {
        char labels[LABELS_SIZE] = "";
        const char *const state = json_string_value(json_object_get(one, "state"));
        const json_t *const serial = json_object_get(one, "serial");
        add_label(labels, "zone", json_string_value(json_object_get(one, "name")));
        if (serial)
            metric(context, "meridian_zone_serial", labels,
                   (double)json_integer_value(serial));
        metric(context, "meridian_zone_stale", labels, strcmp(state, "served") != 0);
    }
}

static void
writer_metrics(const json_t *documents, store_metric_fn metric, void *context)
{
    size_t index;
    json_t *one;

    json_array_foreach(documents, index, one)
    {
        char labels[LABELS_SIZE] = "";
        const char *const writer = json_string_value(json_object_get(one, "writer"));
        if (!writer)
            continue;
        add_label(labels, "writer", writer);
        metric(context, "meridian_health_document_fresh", labels,
               !json_is_true(json_object_get(one, "stale")));
        const json_t *const age = json_object_get(one, "age");
        if (age)
            metric(context, "meridian_health_document_age_seconds", labels,
                   (double)json_integer_value(age));
    }
}

/* Is there a document of that writer, however old? */
static bool
has_document(const json_t *documents, const char *writer)
{
    size_t index;
    json_t *one;

    json_array_foreach(documents, index, one)
    {
        const char *const other = json_string_value(json_object_get(one, "writer"));
        if (other && strcmp(other, writer) == 0)
            return true;
    }
    return false;
}

static void
silent_metrics(const json_t *silent, const json_t *documents, store_metric_fn metric,
               void *context)
{
    size_t index;
    json_t *one;

    json_array_foreach(silent, index, one)
    {
        char labels[LABELS_SIZE] = "";
        add_label(labels, "writer", json_string_value(one));
        metric(context, "meridian_health_writer_silent", labels, 1);
        if (!has_document(documents, json_string_value(one)))
            metric(context, "meridian_health_document_fresh", labels, 0);
    }
}

static void
verdict_metrics(const struct store_view *view, store_metric_fn metric, void *context)
{
    size_t count;
    const struct health_verdict *const all = health_view_verdicts(view->health, &count);

    for (size_t i = 0; i < count; i++) {
        const struct health_entry *const entry = &all[i].entry;
        char labels[LABELS_SIZE] = "", scope[PLACE_WORD_TEXT_SIZE];
        if (entry->server)
            add_label(labels, "server", entry->server);
        else
            add_label(labels, "pool", entry->pool);
        add_label(labels, "service", entry->service ? entry->service : "");
        add_label(labels, "scope", place_word_text(&entry->scope, scope));
        add_label(labels, "state", health_state_name(entry->state));
        add_label(labels, "writer", all[i].writer);
        metric(context, "meridian_health_state", labels, 1);
    }
}

static void
geo_metrics(const json_t *sources, store_metric_fn metric, void *context)
{
    size_t index;
    json_t *one;

    json_array_foreach(sources, index, one)
    {
        char labels[LABELS_SIZE] = "";
        add_label(labels, "file", json_string_value(json_object_get(one, "file")));
        metric(context, "meridian_geoip_build_timestamp_seconds", labels,
               (double)json_integer_value(json_object_get(one, "built")));
        metric(context, "meridian_geoip_loaded", labels,
               json_is_true(json_object_get(one, "loaded")));
    }
}

void
store_metrics(struct store *store, store_metric_fn metric, void *context)
{
    json_t *const status = store_status_json(store);
    json_t *const zones = store_zones_json(store);
    const json_t *const reload = json_object_get(status, "reload");
    const struct store_view *const view = store_hold(store);

    metric(context, "meridian_config_last_reload_successful", "",
           json_is_true(json_object_get(reload, "ok")));
    metric(context, "meridian_config_last_reload_timestamp_seconds", "",
           (double)json_integer_value(json_object_get(reload, "at")));
    metric(context, "meridian_state_saved", "",
           json_is_true(json_object_get(status, "saved")));
    zone_metrics(zones, metric, context);
    geo_metrics(json_object_get(status, "geoip"), metric, context);
    writer_metrics(json_object_get(status, "writers"), metric, context);
    silent_metrics(json_object_get(status, "silent"), json_object_get(status, "writers"),
                   metric, context);
    if (view)
        verdict_metrics(view, metric, context);
    store_release(store, view);
    json_decref(zones);
    json_decref(status);
}
