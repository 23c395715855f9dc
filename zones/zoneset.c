/* SPDX-License-Identifier: BSD-2-Clause */
#include "zones/zoneset.h"
#include "zones/state.h"
#include "zones/zoneset_guard.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *
zoneset_state_name(enum zoneset_state state)
{
    static const char *const names[] = { "served", "stale", "held", "failed" };

    return names[state];
}

void
zoneset_init(struct zoneset *set)
{
    *set = (struct zoneset){ 0 };
    stamps_init(&set->folders);
}

static void
drop_zone(struct zone **zone)
{
    if (*zone)
        part_drop(&(*zone)->part);
    *zone = NULL;
}

static void
free_texts(char **texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(texts[i]);
    free(texts);
}

static void
free_zone(struct zoneset_zone *zone)
{
    drop_zone(&zone->content);
    drop_zone(&zone->zone);
    drop_zone(&zone->candidate);
    free_texts(zone->paths, zone->path_count);
    free_texts(zone->files, zone->file_count);
    stamps_done(&zone->stamps);
    diag_done(&zone->diag);
    diag_done(&zone->link_diag);
    free(zone->name);
    free(zone);
}

void
zoneset_done(struct zoneset *set)
{
    for (size_t i = 0; i < set->count; i++)
        free_zone(set->zones[i]);
    for (size_t i = 1; i <= set->slots_used; i++)
        free(set->slot_names[i]);
    free(set->zones);
    stamps_done(&set->folders);
    zoneset_init(set);
}

/* ---- reading ---------------------------------------------------------------------- */

static const struct store_zone_config *
settings_of(const struct store_config *config, const char *name)
{
    for (size_t i = 0; i < config->zone_count; i++) {
        if (strcasecmp(config->zones[i].name, name) == 0)
            return &config->zones[i];
    }
    return NULL;
}

static uint32_t
or_default(uint32_t value, uint32_t otherwise)
{
    return value ? value : otherwise;
}

static struct zone_load_options
load_options(const struct store_config *config, const struct zoneset_zone *zone)
{
    static const struct store_zone_config none = { 0 };
    const struct store_zone_config *settings = settings_of(config, zone->name);

    if (!settings)
        settings = &none;
    return (struct zone_load_options){
        .name = zone->name,
        .folder = config->folder,
        .ttl = config->ttl,
        .dynamic_ttl = config->dynamic_ttl,
        .soa_rname = settings->soa_rname,
        .soa_refresh = or_default(settings->soa_refresh, 3600),
        .soa_retry = or_default(settings->soa_retry, 600),
        .soa_expire = or_default(settings->soa_expire, 1209600),
        .soa_minimum = or_default(settings->soa_minimum, 60),
        .soa_ttl = or_default(settings->soa_ttl, 300),
        .serial = 1,
    };
}

/* Remembers the files of a reading: for the next look, and for the copies. Stamps of the
 * files themselves were taken before it began; includes are known only now, and stamped
 * now. */
static enum status
remember_files(struct zoneset_zone *zone, struct zone_files *files)
{
    enum status status = OK;

    for (size_t i = 0; status == OK && i < files->count; i++)
        status = stamps_add(&zone->stamps, files->paths[i]);
    free_texts(zone->files, zone->file_count);
    zone->files = files->paths;
    zone->file_count = files->count;
    *files = (struct zone_files){ 0 };
    return status;
}

static enum status
read_zone(struct zoneset_zone *zone, const struct store_config *config)
{
    struct zone_load_options options = load_options(config, zone);
    struct zone_files files = { 0 };
    enum status status = OK;

    diag_clear(&zone->diag);
    stamps_clear(&zone->stamps);
    for (size_t i = 0; status == OK && i < zone->path_count; i++)
        status = stamps_add(&zone->stamps, zone->paths[i]);
    if (status != OK)
        return status;
    options.paths = (const char *const *)zone->paths;
    options.path_count = zone->path_count;
    drop_zone(&zone->candidate);
    status = zone_load(&options, &zone->diag, &files, &zone->candidate);
    const enum status remembered = remember_files(zone, &files);
    return status == OK ? remembered : status;
}

void
zoneset_fall_back(struct zoneset_zone *zone, const struct zoneset_options *options)
{
    struct zone_load_options load = load_options(options->config, zone);
    struct state_good good;
    char folder[STATE_PATH_MAX];
    struct diag ignored;

    if (zone->content || options->dry || !options->config->state[0] ||
        state_find_good(options->config->state, zone->name, &good) != OK)
        return;
    diag_init(&ignored);
    load.paths = (const char *const *)good.top;
    load.path_count = good.top_count;
    if (snprintf(folder, sizeof(folder), "%s%s", good.root, options->config->folder) <
        (int)sizeof(folder)) {
        load.folder = folder;
        if (zone_load(&load, &ignored, NULL, &zone->content) != OK)
            zone->content = NULL;
    }
    diag_done(&ignored);
    state_good_done(&good);
}

static bool
is_called(const struct zoneset_zone *zone, const char *name)
{
    const size_t len = strlen(name);
    const size_t bare = len > 1 && name[len - 1] == '.' ? len - 1 : len;

    return strlen(zone->name) == bare && strncasecmp(name, zone->name, bare) == 0;
}

struct zoneset_zone *
zoneset_find(const struct zoneset *set, const char *name)
{
    for (size_t i = 0; i < set->count; i++) {
        if (is_called(set->zones[i], name))
            return set->zones[i];
    }
    return NULL;
}

static bool
is_forced(const struct zoneset_options *options, const struct zoneset_zone *zone)
{
    if (options->force_all)
        return true;
    for (const char *const *name = options->force; name && *name; name++) {
        if (is_called(zone, *name))
            return true;
    }
    return false;
}

static void
take_link_messages(struct zoneset_zone *zone)
{
    diag_append(&zone->diag, &zone->link_diag);
    diag_clear(&zone->link_diag);
}

void
zoneset_refuse(struct zoneset_zone *zone)
{
    drop_zone(&zone->candidate);
    take_link_messages(zone);
    zone->retry = true;
    zone->state = zone->content ? ZONESET_STALE : ZONESET_FAILED;
}

void
zoneset_drop(struct zoneset_zone *zone)
{
    drop_zone(&zone->content);
    zone->retry = true;
    zone->state = ZONESET_FAILED;
}

void
zoneset_accept(struct zoneset_zone *zone)
{
    drop_zone(&zone->content);
    zone->content = zone->candidate;
    zone->candidate = NULL;
    take_link_messages(zone);
    zone->state = ZONESET_SERVED;
    zone->retry = false;
    zone->fresh = true;
}

/* What a message is about that is about all of the zone. */
static struct diag_at
whole_file(const struct zoneset_zone *zone)
{
    return (struct diag_at){ .file = zone->path_count ? zone->paths[0] : zone->name,
                             .line = 1,
                             .column = 1 };
}

static void
hold(struct zoneset_zone *zone, const char *why, size_t count, size_t all, double share)
{
    const struct diag_at at = whole_file(zone);

    diag_error(&zone->diag, at,
               "zone '%s' is held: this edit %s %zu of its %zu names (more than %g%%); "
               "'meridianctl reload --force %s' applies it",
               zone->name, why, count, all, share * 100, zone->name);
    drop_zone(&zone->candidate);
    zone->state = ZONESET_HELD;
    zone->retry = true;
}

static void
hold_ns(struct zoneset_zone *zone)
{
    diag_error(&zone->diag, whole_file(zone),
               "zone '%s' is held: this edit changes the NS set of the zone itself; "
               "'meridianctl reload --force %s' applies it",
               zone->name, zone->name);
    drop_zone(&zone->candidate);
    zone->state = ZONESET_HELD;
    zone->retry = true;
}

/* At start the size of an edit is not asked, but the apex NS set is. */
static void
guard_start(struct zoneset_zone *zone, const struct zoneset_options *options)
{
    if (zone->ns_hash == 0 || zone->ns_hash == zone_apex_ns_hash(zone->candidate))
        return;
    zoneset_fall_back(zone, options);
    if (zone->content)
        hold_ns(zone);
}

/* Too large an edit waits for --force. */
static void
guard(struct zoneset_zone *zone, const struct zoneset_options *options)
{
    const struct store_config *const config = options->config;
    const struct zone_difference difference =
        zone_difference(zone->content, zone->candidate);
    const size_t stay = difference.before - difference.removed;

    if (difference.apex_ns) {
        hold_ns(zone);
        return;
    }
    if (difference.before < ZONESET_GUARD_NAMES)
        return;
    if ((double)difference.removed > config->safe_delete * (double)difference.before)
        hold(zone, "removes", difference.removed, difference.before, config->safe_delete);
    else if ((double)difference.updated > config->safe_update * (double)stay)
        hold(zone, "changes", difference.updated, stay, config->safe_update);
}

static enum status
look_at_zone(struct zoneset_zone *zone, const struct zoneset_options *options,
             size_t *changed)
{
    const bool forced = is_forced(options, zone);

    if (!options->reread && !zone->retry && !forced && !stamps_changed(&zone->stamps))
        return OK;
    const enum status status = read_zone(zone, options->config);
    if (status == ERR_NOMEM)
        return status;
    ++*changed;
    if (status != OK) {
        if (options->starting)
            zoneset_fall_back(zone, options);
        zoneset_refuse(zone);
    } else if (options->starting) {
        guard_start(zone, options);
    } else if (zone->content && !forced) {
        guard(zone, options);
    }
    return OK;
}

/* Its files are gone: what it last said serves on, until somebody says that this is
 * meant. */
static bool
lost_zone(struct zoneset_zone *zone, const struct zoneset_options *options)
{
    if (is_forced(options, zone) || !zone->content)
        return true;
    if (zone->state != ZONESET_HELD) {
        diag_clear(&zone->diag);
        diag_error(&zone->diag, whole_file(zone),
                   "zone '%s' is held: its file is gone; "
                   "'meridianctl reload --force %s' ends the zone",
                   zone->name, zone->name);
    }
    zone->state = ZONESET_HELD;
    zone->retry = true;
    return false;
}

enum status
zoneset_read(struct zoneset *set, const struct zoneset_options *options,
             size_t *ret_changed)
{
    size_t kept = 0;
    enum status status = OK;

    *ret_changed = 0;
    for (size_t i = 0; i < set->count; i++) {
        struct zoneset_zone *const zone = set->zones[i];
        if (status == OK && zone->present) {
            status = look_at_zone(zone, options, ret_changed);
        } else if (status == OK && lost_zone(zone, options)) {
            if (!options->dry && options->config->state[0])
                state_forget_good(options->config->state, zone->name);
            free_zone(zone);
            ++*ret_changed;
            continue;
        }
        set->zones[kept++] = zone;
    }
    set->count = kept;
    return status;
}

/* ---- serials ---------------------------------------------------------------------- */

enum status
zoneset_number(struct zoneset_zone *zone, uint64_t hash)
{
    const bool as_before = zone->serial != 0 && zone->hash == hash;
    const uint32_t newest = (uint32_t)stamps_newest(&zone->stamps);
    uint32_t serial = zone->serial;

    if (zone->content->serial_written) {
        serial = zone->content->serial;
    } else if (!as_before) {
        serial = zone->serial + 1;
        /* RFC 1982: `newest` is ahead of it if the difference is positive. */
        if (zone->serial == 0 || (int32_t)(newest - serial) > 0)
            serial = newest ? newest : 1;
    }
    struct zone *numbered = zone->content;
    if (zone->content->serial_written) {
        part_hold(&numbered->part);
    } else {
        const enum status status = zone_with_serial(zone->content, serial, &numbered);
        if (status != OK)
            return status;
    }
    drop_zone(&zone->zone);
    zone->zone = numbered;
    zone->renumbered = zone->renumbered || zone->serial != serial || zone->hash != hash;
    zone->serial = serial;
    zone->hash = hash;
    return OK;
}

/* ---- the state folder ------------------------------------------------------------- */

void
zoneset_restore(struct zoneset *set, const struct store_config *config)
{
    char path[STATE_PATH_MAX];

    if (!config->state[0] || !state_path(path, config->state, "serials.json", NULL))
        return;
    json_t *const all = json_load_file(path, 0, NULL);
    for (size_t i = 0; i < set->count; i++) {
        json_int_t serial = 0, hash = 0, ns = 0;
        json_t *const one = json_object_get(all, set->zones[i]->name);
        if (!one || json_unpack(one, "{s:I, s:I, s?I}", "serial", &serial, "hash", &hash,
                                "ns", &ns) != 0)
            continue;
        set->zones[i]->serial = (uint32_t)serial;
        set->zones[i]->hash = (uint64_t)hash;
        set->zones[i]->ns_hash = (uint64_t)ns;
    }
    json_decref(all);
}

static enum status
save_serials(const struct zoneset *set, const char *path)
{
    json_t *const all = json_object();

    for (size_t i = 0; i < set->count; i++) {
        const struct zoneset_zone *const zone = set->zones[i];
        if (zone->serial)
            json_object_set_new(
                all, zone->name,
                json_pack("{s:I, s:I, s:I}", "serial", (json_int_t)zone->serial, "hash",
                          (json_int_t)zone->hash, "ns",
                          (json_int_t)(zone->content ? zone_apex_ns_hash(zone->content)
                                                     : zone->ns_hash)));
    }
    char *const text = json_dumps(all, JSON_INDENT(1) | JSON_SORT_KEYS);
    json_decref(all);
    if (!text)
        return ERR_NOMEM;
    const enum status status = state_write(path, text, strlen(text));
    free(text);
    return status;
}

/* Copies are made of the files as they are now: only if that is what was read. */
static void
keep_good(struct zoneset_zone *zone, const struct store_config *config, struct diag *diag)
{
    if (!zone->fresh || zone->state != ZONESET_SERVED || stamps_changed(&zone->stamps))
        return;
    if (state_keep_good(config->state, zone->name, (const char *const *)zone->files,
                        zone->file_count, (const char *const *)zone->paths,
                        zone->path_count) == OK)
        zone->fresh = false;
    else
        diag_warning(diag, (struct diag_at){ .file = config->state },
                     "cannot keep the good version of zone '%s'", zone->name);
}

void
zoneset_save(struct zoneset *set, const struct store_config *config, struct diag *diag)
{
    char path[STATE_PATH_MAX];
    bool renumbered = false;

    if (!config->state[0] || !state_path(path, config->state, "serials.json", NULL))
        return;
    for (size_t i = 0; i < set->count; i++) {
        keep_good(set->zones[i], config, diag);
        renumbered = renumbered || set->zones[i]->renumbered;
    }
    if (!renumbered)
        return;
    if (save_serials(set, path) != OK) {
        diag_warning(diag, (struct diag_at){ .file = path }, "cannot write '%s'", path);
        return;
    }
    for (size_t i = 0; i < set->count; i++)
        set->zones[i]->renumbered = false;
}
