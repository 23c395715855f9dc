/* SPDX-License-Identifier: BSD-2-Clause */
/* Which zones there are: NAME.yaml and folders `NAME.` of the zone folders. */
#include "dns/base/array.h"
#include "zones/state.h"
#include "zones/zoneset.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static const char suffix[] = ".yaml";

static int
compare_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool
ends_with(const char *text, const char *end)
{
    const size_t len = strlen(text), end_len = strlen(end);

    return len > end_len && strcmp(text + len - end_len, end) == 0;
}

static void
free_texts(char **texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(texts[i]);
    free(texts);
}

struct listing {
    char **names; /* sorted */
    size_t count;
    size_t capacity;
};

/* Entries of a folder, without dot-files, sorted. ERR_IO with errno. */
static enum status
list_folder(const char *folder, struct listing *ret_listing)
{
    struct listing listing = { 0 };
    DIR *const dir = opendir(folder);

    if (!dir)
        return ERR_IO;
    enum status status = OK;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): a stream of its own, readdir(3) */
    for (const struct dirent *entry = readdir(dir); entry && status == OK;
         /* NOLINTNEXTLINE(concurrency-mt-unsafe): a stream of its own, readdir(3) */
         entry = readdir(dir)) {
        if (entry->d_name[0] == '.')
            continue;
        status = array_reserve(&listing.names, &listing.capacity, listing.count + 1,
                               sizeof(*listing.names));
        if (status == OK && !(listing.names[listing.count++] = strdup(entry->d_name)))
            status = ERR_NOMEM;
    }
    closedir(dir);
    if (status != OK) {
        free_texts(listing.names, listing.count);
        return status;
    }
    if (listing.count > 0)
        qsort(listing.names, listing.count, sizeof(*listing.names), compare_text);
    *ret_listing = listing;
    return OK;
}

static struct zoneset_zone *
find_zone(const struct zoneset *set, const char *name)
{
    for (size_t low = 0, high = set->count; low < high;) {
        const size_t middle = low + (high - low) / 2;
        const int order = strcasecmp(set->zones[middle]->name, name);
        if (order == 0)
            return set->zones[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static void
give_slot(struct zoneset *set, struct zoneset_zone *zone)
{
    const size_t slots = sizeof(set->slot_names) / sizeof(set->slot_names[0]);

    if (set->slots_used + 1U >= slots)
        return;
    char *const name = strdup(zone->name);
    if (!name)
        return;
    zone->slot = ++set->slots_used;
    set->slot_names[zone->slot] = name;
}

/* Adds a zone in its place of the order. */
static enum status
add_zone(struct zoneset *set, const char *name, const uint8_t *apex,
         struct zoneset_zone **ret_zone)
{
    struct zoneset_zone *const zone = calloc(1, sizeof(*zone));
    enum status status = array_reserve(&set->zones, &set->capacity, set->count + 1,
                                       sizeof(struct zoneset_zone *));

    if (!zone || status != OK || !(zone->name = strdup(name))) {
        free(zone);
        return ERR_NOMEM;
    }
    zone->apex_len = (uint8_t)name_len(apex);
    memcpy(zone->apex, apex, zone->apex_len);
    zone->state = ZONESET_FAILED;
    zone->retry = true;
    diag_init(&zone->diag);
    diag_init(&zone->link_diag);
    stamps_init(&zone->stamps);
    give_slot(set, zone);
    size_t at = set->count++;
    for (; at > 0 && strcasecmp(set->zones[at - 1]->name, name) > 0; at--)
        set->zones[at] = set->zones[at - 1];
    set->zones[at] = zone;
    *ret_zone = zone;
    return OK;
}

static void
set_paths(struct zoneset_zone *zone, char **paths, size_t count)
{
    bool same = count == zone->path_count;

    for (size_t i = 0; same && i < count; i++)
        same = strcmp(paths[i], zone->paths[i]) == 0;
    if (!same)
        zone->retry = true;
    free_texts(zone->paths, zone->path_count);
    zone->paths = paths;
    zone->path_count = count;
}

/* The *.yaml files of a split zone's folder. */
static enum status
split_paths(const char *folder, char ***ret_paths, size_t *ret_count)
{
    struct listing listing = { 0 };
    char path[STATE_PATH_MAX];
    enum status status = list_folder(folder, &listing);
    size_t count = 0;

    if (status != OK)
        return status;
    char **const paths = calloc(listing.count + 1, sizeof(*paths));
    if (!paths)
        status = ERR_NOMEM;
    for (size_t i = 0; status == OK && i < listing.count; i++) {
        if (!ends_with(listing.names[i], suffix) ||
            !state_path(path, folder, listing.names[i], NULL))
            continue;
        if (!(paths[count++] = strdup(path)))
            status = ERR_NOMEM;
    }
    free_texts(listing.names, listing.count);
    if (status != OK) {
        if (paths)
            free_texts(paths, count);
        return status;
    }
    *ret_paths = paths;
    *ret_count = count;
    return OK;
}

static enum status
single_path(const char *path, char ***ret_paths, size_t *ret_count)
{
    char **const paths = calloc(2, sizeof(*paths));

    if (!paths || !(paths[0] = strdup(path))) {
        free(paths);
        return ERR_NOMEM;
    }
    *ret_paths = paths;
    *ret_count = 1;
    return OK;
}

static enum status
found_zone(struct zoneset *set, const char *path, const char *name, bool split,
           struct diag *diag)
{
    const struct diag_at at = { .file = path };
    uint8_t apex[NAME_LEN_MAX];
    char **paths = NULL;
    size_t count = 0;

    if (zone_name_from_text(name, apex) != OK) {
        diag_error(diag, at, "'%s' is not a domain name", name);
        return OK;
    }
    struct zoneset_zone *zone = find_zone(set, name);
    if (zone && zone->present) {
        diag_error(diag, at, "zone '%s' is there already, as '%s'", name,
                   zone->path_count ? zone->paths[0] : "");
        return OK;
    }
    enum status status =
        split ? split_paths(path, &paths, &count) : single_path(path, &paths, &count);
    if (status == ERR_IO) {
        diag_error(diag, at, "cannot read '%s': %s", path, errno_text(errno));
        return OK;
    }
    if (status != OK)
        return status;
    if (!zone)
        status = add_zone(set, name, apex, &zone);
    if (status != OK) {
        free_texts(paths, count);
        return status;
    }
    zone->present = true;
    set_paths(zone, paths, count);
    return OK;
}

static bool
is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static enum status
scan_folder(struct zoneset *set, const char *folder, struct diag *diag)
{
    struct listing listing = { 0 };
    char path[STATE_PATH_MAX], name[STATE_PATH_MAX];
    enum status status = list_folder(folder, &listing);

    if (status == ERR_IO) {
        diag_error(diag, (struct diag_at){ .file = folder },
                   "cannot read zone folder '%s': %s", folder, errno_text(errno));
        return OK;
    }
    for (size_t i = 0; status == OK && i < listing.count; i++) {
        if (!state_path(path, folder, listing.names[i], NULL) ||
            !state_path(name, listing.names[i], NULL, NULL))
            continue;
        const bool split = ends_with(name, ".") && is_folder(path);
        if (!split && (!ends_with(name, suffix) || is_folder(path)))
            continue;
        name[strlen(name) - (split ? 1 : strlen(suffix))] = '\0';
        status = found_zone(set, path, name, split, diag);
    }
    free_texts(listing.names, listing.count);
    return status;
}

/* Settings of a zone that has no file are a slip of the pen somewhere. */
static void
check_settings(const struct zoneset *set, const struct store_config *config,
               struct diag *diag)
{
    for (size_t i = 0; i < config->zone_count; i++) {
        const struct zoneset_zone *const zone = find_zone(set, config->zones[i].name);
        if (!zone || !zone->present)
            diag_error(diag, config->zones[i].at,
                       "zones: '%s' has settings here, but no zone file of that name",
                       config->zones[i].name);
    }
}

static int
hex_value(char c)
{
    static const char digits[] = "0123456789ABCDEF";
    const char *const at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* What state_file_name wrote, in place. */
static void
unescape(char *text)
{
    char *to = text;

    for (const char *from = text; *from; from++) {
        const int high = *from == '%' ? hex_value(from[1]) : -1;
        const int low = high >= 0 ? hex_value(from[2]) : -1;
        if (low >= 0) {
            *to++ = (char)(high * 16 + low);
            from += 2;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
}

/* The paths that the copies of a zone's files were made of. */
static enum status
paths_of_good(const struct store_config *config, struct zoneset_zone *zone)
{
    struct state_good good;
    const enum status found = state_find_good(config->state, zone->name, &good);

    if (found != OK)
        return found == ERR_NOMEM ? found : OK;
    const size_t root = strlen(good.root);
    char **const paths = calloc(good.top_count + 1, sizeof(*paths));
    enum status status = paths ? OK : ERR_NOMEM;
    for (size_t i = 0; status == OK && i < good.top_count; i++) {
        if (!(paths[i] = strdup(good.top[i] + root)))
            status = ERR_NOMEM;
    }
    if (status == OK)
        set_paths(zone, paths, good.top_count);
    else if (paths)
        free_texts(paths, good.top_count);
    state_good_done(&good);
    return status;
}

/* One that served in an earlier run: its last version is there, its file is not. */
static enum status
add_lost(struct zoneset *set, const struct zoneset_options *options, const char *name)
{
    struct zoneset_zone *zone;
    uint8_t apex[NAME_LEN_MAX];

    if (strcmp(name, state_routing) == 0 || find_zone(set, name) ||
        zone_name_from_text(name, apex) != OK)
        return OK;
    enum status status = add_zone(set, name, apex, &zone);
    if (status == OK)
        status = paths_of_good(options->config, zone);
    if (status == OK)
        zoneset_fall_back(zone, options); /* without content it goes again */
    return status;
}

static enum status
find_lost(struct zoneset *set, const struct zoneset_options *options)
{
    struct listing listing = { 0 };
    char folder[STATE_PATH_MAX];

    if (!state_path(folder, options->config->state, "good", NULL))
        return OK;
    enum status status = list_folder(folder, &listing);
    if (status == ERR_IO) /* there is none yet */
        return OK;
    for (size_t i = 0; status == OK && i < listing.count; i++) {
        unescape(listing.names[i]);
        status = add_lost(set, options, listing.names[i]);
    }
    free_texts(listing.names, listing.count);
    return status;
}

enum status
zoneset_scan(struct zoneset *set, const struct zoneset_options *options,
             struct diag *diag)
{
    const struct store_config *const config = options->config;
    enum status status = OK;

    for (size_t i = 0; i < set->count; i++)
        set->zones[i]->present = false;
    for (size_t i = 0; status == OK && i < config->zone_folder_count; i++)
        status = scan_folder(set, config->zone_folders[i], diag);
    if (status == OK && options->starting && !options->dry && config->state[0])
        status = find_lost(set, options);
    if (status == OK)
        check_settings(set, config, diag);
    return status;
}
