/* SPDX-License-Identifier: BSD-2-Clause */
/* The data lane: databases, routing, zones → link → publication. What is refused keeps
 * its last good version; every refused file is tried again whenever anything changes, so
 * the order of saving does not matter. */
#include "dns/base/yaml.h"
#include "zones/state.h"
#include "zones/steering/routing.h"
#include "zones/store_lanes.h"
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* One run of the lane. */
struct run {
    struct store *store;
    const struct store_reload *reload;
    bool starting;
    struct diag *diag; /* everything that is said in this run */
    struct zoneset_options options;
    struct routing *routing; /* newly read, or NULL: the old one */
    size_t zones_changed;
    bool base_changed;
    bool named_nobody; /* a zone that was asked for is nowhere */
};

/* ---- geography -------------------------------------------------------------------- */

static bool
same_texts(const char *const *a, size_t a_count, const char *const *b, size_t b_count)
{
    for (size_t i = 0; a_count == b_count && i < a_count; i++) {
        if (strcmp(a[i], b[i]) != 0)
            return false;
    }
    return a_count == b_count;
}

static bool
geo_is_due(const struct run *run, const struct store_config *before)
{
    const struct store_data *const data = &run->store->data;
    const struct store_config *const now = data->config;

    if (!data->base || data->geo_retry || run->reload->reread)
        return true;
    if (before != now && (!same_texts(before->geo_files, before->geo_file_count,
                                      now->geo_files, now->geo_file_count) ||
                          before->network_count || now->network_count ||
                          before->resolver_count || now->resolver_count))
        return true;
    return stamps_changed(&data->geo_stamps);
}

static enum status
stamp_all(struct stamps *stamps, const char *const *paths, size_t count)
{
    enum status status = OK;

    stamps_clear(stamps);
    for (size_t i = 0; status == OK && i < count; i++)
        status = stamps_add(stamps, paths[i]);
    return status;
}

static enum status
load_base(const struct store_config *config, struct diag *diag,
          struct geo_base **ret_base)
{
    struct prefix *const at_word = calloc(config->resolver_count + 1, sizeof(*at_word));

    if (!at_word)
        return ERR_NOMEM;
    for (size_t i = 0; i < config->resolver_count; i++)
        at_word[i] = config->resolvers[i].prefix;
    const struct geo_base_options options = {
        .files = config->geo_files,
        .file_count = config->geo_file_count,
        .networks = config->networks,
        .network_count = config->network_count,
        .at_word = at_word,
        .at_word_count = config->resolver_count,
    };
    const enum status status = geo_base_load(&options, diag, ret_base);
    free(at_word);
    return status;
}

static enum status
renew_resolvers(struct store_data *data)
{
    struct resolvers *resolvers = NULL;

    if (data->config->resolver_count > 0) {
        const enum status status = resolvers_new(
            data->config->resolvers, data->config->resolver_count, &resolvers);
        if (status != OK)
            return status;
    }
    if (data->resolvers)
        part_drop(&data->resolvers->part);
    data->resolvers = resolvers;
    return OK;
}

/* A base with a broken file is used only if there is none yet. */
static enum status
renew_base(struct run *run)
{
    struct store_data *const data = &run->store->data;
    const struct store_config *const config = data->config;
    struct geo_base *base;

    diag_clear(&data->geo_diag);
    enum status status =
        stamp_all(&data->geo_stamps, config->geo_files, config->geo_file_count);
    if (status == OK)
        status = load_base(config, &data->geo_diag, &base);
    if (status != OK)
        return status;
    diag_append(run->diag, &data->geo_diag);
    data->geo_retry = !geo_base_complete(base);
    if (data->geo_retry && data->base) {
        geo_base_free(base);
        return OK;
    }
    struct base_part *const part = base_part_new(base);
    if (!part)
        return ERR_NOMEM;
    if (data->base)
        part_drop(&data->base->part);
    data->base = part;
    run->base_changed = true;
    return renew_resolvers(data);
}

/* ---- routing ---------------------------------------------------------------------- */

static enum status
stamp_routing(struct store_data *data, const struct routing *routing)
{
    enum status status = OK;

    for (size_t i = 0; routing && status == OK && i < routing_file_count(routing); i++)
        status = stamps_add(&data->routing_stamps, routing_file(routing, i));
    return status;
}

/* At start, refused routing has the last good version of an earlier run. */
static void
routing_of_earlier_run(struct run *run)
{
    const struct store_config *const config = run->store->data.config;
    struct state_good good;
    char folder[STATE_PATH_MAX];
    struct diag ignored;

    if (run->store->dry || !config->state[0] ||
        state_find_good(config->state, state_routing, &good) != OK)
        return;
    diag_init(&ignored);
    if (state_path(folder, good.root, config->folder + 1, NULL) &&
        routing_load((const char *const *)good.top, good.top_count, folder, &ignored,
                     &run->routing) != OK)
        run->routing = NULL;
    diag_done(&ignored);
    state_good_done(&good);
}

static bool
routing_is_due(const struct run *run)
{
    const struct store_data *const data = &run->store->data;

    return !data->routing || data->routing_retry || run->reload->reread ||
           run->reload->config || stamps_changed(&data->routing_stamps);
}

/* Every file that refused routing is made of is watched: which of them is wrong shows
 * when one is repaired. */
static enum status
stamp_refused(struct store_data *data)
{
    const struct store_config *const config = data->config;
    const struct yaml_node *map;
    struct yaml *yaml;
    enum status status = OK;

    for (size_t i = 0; status == OK && i < config->routing_count; i++) {
        if (yaml_open(config->routing[i], config->folder, NULL, &yaml) != OK)
            continue;
        if (yaml_whole(yaml, &map) == ERR_NOMEM)
            status = ERR_NOMEM;
        for (size_t f = 0; status == OK && f < yaml_file_count(yaml); f++)
            status = stamps_add(&data->routing_stamps, yaml_file(yaml, f));
        yaml_close(yaml);
    }
    return status;
}

static enum status
read_routing(struct run *run)
{
    struct store_data *const data = &run->store->data;
    const struct store_config *const config = data->config;

    diag_clear(&data->routing_diag);
    enum status status =
        stamp_all(&data->routing_stamps, config->routing, config->routing_count);
    if (status != OK)
        return status;
    status = routing_load(config->routing, config->routing_count, config->folder,
                          &data->routing_diag, &run->routing);
    data->routing_retry = status != OK;
    if (status == OK) {
        data->no_routing = false;
        return stamp_routing(data, run->routing);
    }
    run->routing = NULL;
    if (status != ERR_INVALID)
        return status;
    status = stamp_refused(data);
    if (status != OK)
        return status;
    if (!data->routing)
        routing_of_earlier_run(run);
    data->no_routing = !run->routing && (!data->routing || data->no_routing);
    if (!data->routing && !run->routing)
        return routing_load(NULL, 0, config->folder, NULL, &run->routing);
    return OK;
}

/* ---- what fits together ----------------------------------------------------------- */

struct fitting {
    struct zone **zones; /* candidates, or contents */
    size_t count;
    struct link_input input;
};

static struct zone *
newest(const struct zoneset_zone *zone)
{
    return zone->candidate ? zone->candidate : zone->content;
}

static enum status
fitting_new(const struct run *run, struct routing *routing, struct fitting *ret_fitting)
{
    const struct store_data *const data = &run->store->data;
    const size_t count = data->zones.count;
    struct zone **const zones = calloc(count + 1, sizeof(struct zone *));

    if (!zones)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++)
        zones[i] = newest(data->zones.zones[i]);
    *ret_fitting = (struct fitting){
        .zones = zones,
        .count = count,
        .input = { .zones = zones,
                   .zone_count = count,
                   .base = data->base,
                   .routing = routing,
                   .resolvers = data->resolvers,
                   .cache = data->classes,
                   .previous = data->link },
    };
    return OK;
}

/* ---- server addresses from hosts -------------------------------------------------- */

static size_t
resolve_host(void *context, const char *host, struct addr *ret_addrs, size_t max,
             bool *ret_inside)
{
    return link_host_addresses(context, host, ret_addrs, max, ret_inside);
}

/* A server without addresses takes those of its host. */
static enum status
complete_routing(struct run *run, struct fitting *fitting)
{
    if (!run->routing)
        return OK;
    return routing_complete(run->routing, resolve_host, &fitting->input,
                            &run->store->data.routing_diag);
}

/* Can this zone be served with that routing, in its new version or in the old one? */
static bool
zone_fits(const struct fitting *fitting, const struct zoneset_zone *zone,
          struct diag *diag)
{
    struct diag first;

    if (!newest(zone) || link_check(&fitting->input, newest(zone), diag) == OK)
        return true;
    if (!zone->candidate || !zone->content)
        return zone->content == NULL; /* a zone never served cannot hold routing back */
    diag_init(&first);
    const bool fits = link_check(&fitting->input, zone->content, &first) == OK;
    diag_done(&first);
    return fits;
}

static struct diag_at
routing_at(const struct store_data *data)
{
    return (struct diag_at){ .file = data->config->routing_count
                                         ? data->config->routing[0]
                                         : data->config->path };
}

/* Errors at a zone's lines as errors of the routing that name those lines. */
static void
blame_new_routing(struct store_data *data, const struct diag *problems)
{
    char text[DIAG_TEXT_MAX];

    for (size_t i = 0; i < problems->count; i++) {
        if (problems->messages[i].level != DIAG_ERROR)
            continue;
        diag_format(&problems->messages[i], text, sizeof(text));
        diag_error(&data->routing_diag, routing_at(data),
                   "a zone that is served needs it as it was: %s", text);
    }
}

/* New routing must not take a name away from a zone that is served (at start: was): then
 * all of it is refused. */
static bool
routing_fits(struct run *run, const struct fitting *fitting)
{
    struct store_data *const data = &run->store->data;
    bool fits = true;

    for (size_t i = 0; i < data->zones.count; i++) {
        struct diag problems;
        diag_init(&problems);
        if (!zone_fits(fitting, data->zones.zones[i], &problems)) {
            fits = false;
            blame_new_routing(data, &problems);
        }
        diag_done(&problems);
    }
    return fits;
}

static enum status
keep_old_routing(struct run *run, struct fitting *fitting)
{
    struct store_data *const data = &run->store->data;
    struct routing *const refused = run->routing;

    diag_error(&data->routing_diag, routing_at(data),
               "the routing stays as it was before");
    data->routing_retry = true;
    run->routing = NULL;
    if (!data->routing)
        routing_of_earlier_run(run);
    if (!data->routing && !run->routing) { /* there is no other */
        run->routing = refused;
        return OK;
    }
    routing_free(refused);
    if (!run->routing)
        return OK;
    fitting->input.routing = run->routing;
    return routing_complete(run->routing, resolve_host, &fitting->input, NULL) ==
                   ERR_NOMEM
               ? ERR_NOMEM
               : OK;
}

/* At start: zones that do not fit the routing may have served before, in the version that
 * the state folder has. */
static void
fall_back(struct run *run, const struct fitting *fitting)
{
    struct store_data *const data = &run->store->data;

    for (size_t i = 0; i < data->zones.count; i++) {
        struct zoneset_zone *const zone = data->zones.zones[i];
        if (zone->candidate && link_check(&fitting->input, zone->candidate, NULL) != OK)
            zoneset_fall_back(zone, &run->options);
    }
}

/* Chooses the routing that serves, old or new, and makes it the lane's own. */
static enum status
settle_routing(struct run *run)
{
    struct store_data *const data = &run->store->data;
    struct fitting fitting;

    if (!run->routing)
        return OK;
    enum status status = fitting_new(run, run->routing, &fitting);
    if (status != OK)
        return status;
    status = complete_routing(run, &fitting);
    if (run->starting && !data->routing_retry)
        fall_back(run, &fitting);
    if (status == ERR_INVALID || (status == OK && !routing_fits(run, &fitting))) {
        status = OK;
        if (data->routing || run->starting)
            status = keep_old_routing(run, &fitting);
    }
    free(fitting.zones);
    if (status != OK || !run->routing)
        return status;
    routing_free(data->routing);
    data->routing = run->routing;
    data->kept = NULL; /* another may come to lie where it lay */
    run->routing = NULL;
    return OK;
}

/* Without any routing every name of it is unknown: one message says why. */
static void
blame_routing(const struct store_data *data, struct zoneset_zone *zone)
{
    if (!data->no_routing || zone->candidate->dyn_count == 0)
        return;
    diag_clear(&zone->link_diag);
    diag_error(&zone->link_diag, zone->candidate->dyns[0].at,
               "%s: waits for the routing, which has errors",
               zone->candidate->dyns[0].owner);
}

/* Refuses a candidate that does not fit; at start also a version of an earlier run. */
static bool
refuse_unfit(struct run *run, const struct fitting *fitting, struct zoneset_zone *zone)
{
    if (zone->candidate) {
        diag_clear(&zone->link_diag);
        if (link_check(&fitting->input, zone->candidate, &zone->link_diag) == OK)
            return false;
        blame_routing(&run->store->data, zone);
        if (run->starting)
            zoneset_fall_back(zone, &run->options);
        zoneset_refuse(zone);
        return true;
    }
    if (!run->starting || !zone->content ||
        link_check(&fitting->input, zone->content, NULL) == OK)
        return false;
    zoneset_drop(zone);
    return true;
}

/* Candidates that do not fit the routing are refused. Repeats, for an ALIAS may lead into
 * a zone just refused. */
static enum status
settle_zones(struct run *run)
{
    struct store_data *const data = &run->store->data;
    bool refused = true;

    while (refused) {
        struct fitting fitting;
        enum status status = fitting_new(run, data->routing, &fitting);
        if (status != OK)
            return status;
        refused = false;
        for (size_t i = 0; !refused && i < data->zones.count; i++)
            refused = refuse_unfit(run, &fitting, data->zones.zones[i]);
        free(fitting.zones);
    }
    for (size_t i = 0; i < data->zones.count; i++) {
        if (data->zones.zones[i]->candidate)
            zoneset_accept(data->zones.zones[i]);
    }
    return OK;
}

/* ---- link and publication --------------------------------------------------------- */

/* Serials follow content and routing. */
static enum status
number_zones(struct store_data *data, struct link *link)
{
    for (size_t i = 0; i < data->zones.count; i++) {
        struct zoneset_zone *const zone = data->zones.zones[i];
        if (!zone->content)
            continue;
        const uint64_t hash = zone->content->content_hash ^ link->zones[i].routing_hash;
        const enum status status = zoneset_number(zone, hash);
        if (status != OK)
            return status;
        part_drop(&link->zones[i].zone->part);
        link->zones[i].zone = zone->zone;
        part_hold(&zone->zone->part);
    }
    return OK;
}

static struct view_zone *
view_zones(const struct zoneset *set)
{
    struct view_zone *const zones = calloc(set->count + 1, sizeof(*zones));

    for (size_t i = 0; zones && i < set->count; i++)
        zones[i] = (struct view_zone){ .apex = set->zones[i]->apex,
                                       .slot = set->zones[i]->slot };
    return zones;
}

static enum status
publish(struct store *store, struct link *link)
{
    const char *nothing = NULL; /* a list that ends at once */
    struct view_zone *const zones = view_zones(&store->data.zones);
    struct store_view *view;

    if (!zones)
        return ERR_NOMEM;
    pthread_mutex_lock(&store->publish);
    const struct view_input input = {
        .config = store->data.config,
        .link = link,
        .zones = zones,
        .health = store->health.view,
        .previous = store->current,
        .mentions = store->mentions,
        /* the health lane keeps every published view at its newest health */
        .changed = store->current ? &nothing : NULL,
    };
    const enum status status = view_new(&input, &view);
    if (status == OK)
        store_put_view(store, view);
    pthread_mutex_unlock(&store->publish);
    free(zones);
    return status;
}

static enum status
relink(struct run *run)
{
    struct store_data *const data = &run->store->data;
    struct fitting fitting;
    struct link *link;
    enum status status = fitting_new(run, data->routing, &fitting);

    if (status != OK)
        return status;
    status = link_new(&fitting.input, &link);
    free(fitting.zones);
    if (status != OK)
        return status;
    status = number_zones(data, link);
    diag_clear(&data->link_diag);
    if (status == OK)
        status = link_warn(link, &data->link_diag);
    if (status == OK)
        status = publish(run->store, link);
    if (status != OK) {
        part_drop(&link->part);
        return status;
    }
    if (data->link)
        part_drop(&data->link->part);
    data->link = link;
    return OK;
}

/* ---- one run ---------------------------------------------------------------------- */

static enum status
take_config(struct run *run, struct store_config **ret_before)
{
    struct store_data *const data = &run->store->data;

    *ret_before = data->config;
    part_hold(&data->config->part);
    if (run->reload->config && run->reload->config != data->config) {
        part_drop(&data->config->part);
        data->config = run->reload->config;
        part_hold(&data->config->part);
    }
    if (!data->classes)
        data->classes = classes_cache_new(data->config->maps_max);
    run->options = (struct zoneset_options){
        .config = data->config,
        .reread = run->reload->reread || *ret_before != data->config,
        .starting = run->starting,
        .dry = run->store->dry,
        .force = run->reload->force ? run->reload->zones : NULL,
        .force_all = run->reload->force && !run->reload->zones,
    };
    return data->classes ? OK : ERR_NOMEM;
}

static void
report_zones(struct run *run)
{
    const struct zoneset *const set = &run->store->data.zones;

    for (size_t i = 0; i < set->count; i++)
        diag_append(run->diag, &set->zones[i]->diag);
}

/* Zones that were named, and are neither served nor found. */
static void
check_named(struct run *run)
{
    const struct zoneset *const set = &run->store->data.zones;
    const char *const *const zones = run->reload->zones;

    for (size_t i = 0; zones && zones[i]; i++) {
        if (zoneset_find(set, zones[i]))
            continue;
        diag_error(run->diag, (struct diag_at){ 0 }, "there is no zone '%s'", zones[i]);
        run->named_nobody = true;
    }
}

static enum status
read_all(struct run *run)
{
    struct store *const store = run->store;
    struct store_config *before;
    enum status status = take_config(run, &before);

    if (status == OK && geo_is_due(run, before))
        status = renew_base(run);
    part_drop(&before->part);
    diag_clear(&store->data.scan_diag);
    if (run->reload->said) {
        diag_clear(&store->data.config_diag);
        diag_append(&store->data.config_diag, run->reload->said);
    }
    if (status == OK)
        status = zoneset_scan(&store->data.zones, &run->options, &store->data.scan_diag);
    if (status == OK && run->starting && !store->dry)
        zoneset_restore(&store->data.zones, store->data.config);
    if (status == OK) {
        check_named(run);
        status = zoneset_read(&store->data.zones, &run->options, &run->zones_changed);
    }
    if (status == OK && (routing_is_due(run) || run->zones_changed > 0))
        status = read_routing(run);
    return status;
}

static bool
refused_anything(const struct store_data *data)
{
    if (data->geo_retry || data->routing_retry || data->scan_diag.error_count > 0 ||
        data->config_diag.error_count > 0)
        return true;
    for (size_t i = 0; i < data->zones.count; i++) {
        if (data->zones.zones[i]->state != ZONESET_SERVED)
            return true;
    }
    return false;
}

static void
save_good(struct run *run)
{
    struct store_data *const data = &run->store->data;
    const struct store_config *const config = data->config;

    diag_clear(&data->state_diag);
    if (run->store->dry || !config->state[0])
        return;
    zoneset_save(&data->zones, config, &data->state_diag);
    if (data->kept == data->routing || data->routing_retry ||
        routing_file_count(data->routing) == 0 || stamps_changed(&data->routing_stamps))
        return;
    const size_t count = routing_file_count(data->routing);
    const char **const files = calloc(count, sizeof(*files));
    for (size_t i = 0; files && i < count; i++)
        files[i] = routing_file(data->routing, i);
    if (files && state_keep_good(config->state, state_routing, files, count,
                                 config->routing, config->routing_count) == OK)
        data->kept = data->routing;
    else
        diag_warning(&data->state_diag, (struct diag_at){ .file = config->state },
                     "cannot keep the good version of routing");
    free(files);
}

enum status
store_data_load(struct store *store, const struct store_reload *reload, bool starting,
                struct diag *diag)
{
    struct diag said;
    struct run run = {
        .store = store, .reload = reload, .starting = starting, .diag = &said
    };

    diag_init(&said);
    enum status status = read_all(&run);
    if (status == OK)
        status = settle_routing(&run);
    if (status == OK)
        status = settle_zones(&run);
    if (status == OK)
        status = relink(&run);
    if (run.routing)
        routing_free(run.routing);
    diag_append(&said, &store->data.config_diag);
    diag_append(&said, &store->data.scan_diag);
    diag_append(&said, &store->data.routing_diag);
    report_zones(&run);
    diag_append(&said, &store->data.link_diag);
    const bool ok = status == OK && !refused_anything(&store->data);
    if (status == OK)
        save_good(&run);
    diag_append(&said, &store->data.state_diag);
    store_tell(store, ok);
    if (diag)
        diag_append(diag, &said);
    if (store->hooks.report)
        store->hooks.report(store->hooks.context, &said, starting ? "start" : "reload");
    if (store->hooks.changed)
        store->hooks.changed(store->hooks.context);
    if (status == OK && (!ok || run.named_nobody))
        status = starting ? OK : ERR_INVALID;
    diag_done(&said);
    (void)malloc_trim(0); /* what a load took in small pieces goes back to the system */
    return status;
}

void
store_data_done(struct store *store)
{
    struct store_data *const data = &store->data;

    if (data->link)
        part_drop(&data->link->part);
    if (data->base)
        part_drop(&data->base->part);
    if (data->resolvers)
        part_drop(&data->resolvers->part);
    routing_free(data->routing);
    zoneset_done(&data->zones);
    classes_cache_free(data->classes);
    stamps_done(&data->geo_stamps);
    stamps_done(&data->routing_stamps);
    diag_done(&data->geo_diag);
    diag_done(&data->routing_diag);
    diag_done(&data->link_diag);
    diag_done(&data->scan_diag);
    diag_done(&data->config_diag);
    diag_done(&data->state_diag);
    if (data->config)
        part_drop(&data->config->part);
}
