/* SPDX-License-Identifier: BSD-2-Clause */
#include "zones/healthset.h"
#include "dns/base/array.h"
#include "dns/base/yaml.h"
#include "zones/state.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char suffix[] = ".yaml";

void
healthset_init(struct healthset *set)
{
    *set = (struct healthset){ 0 };
}

static void
free_item(struct health_item *item)
{
    health_document_drop(item->document);
    stamps_done(&item->stamps);
    diag_done(&item->diag);
    free(item->path);
    free(item->writer);
    free(item->bytes);
    free(item);
}

void
healthset_done(struct healthset *set)
{
    for (size_t i = 0; i < set->count; i++)
        free_item(set->items[i]);
    free(set->items);
    healthset_init(set);
}

/* path or writer: which of the two it is known by; the other is NULL. */
static enum status
add_item(struct healthset *set, const char *path, const char *writer,
         struct health_item **ret_item)
{
    struct health_item *const item = calloc(1, sizeof(*item));
    const enum status status = array_reserve(&set->items, &set->capacity, set->count + 1,
                                             sizeof(struct health_item *));

    if (!item || status != OK) {
        free(item);
        return ERR_NOMEM;
    }
    diag_init(&item->diag);
    stamps_init(&item->stamps);
    item->path = path ? strdup(path) : NULL;
    item->writer = writer ? strdup(writer) : NULL;
    item->retry = true;
    if (path ? !item->path : !item->writer) {
        free_item(item);
        return ERR_NOMEM;
    }
    set->items[set->count++] = item;
    *ret_item = item;
    return OK;
}

static void
remove_item(struct healthset *set, size_t index)
{
    free_item(set->items[index]);
    set->items[index] = set->items[--set->count];
}

static struct health_item *
find_file(const struct healthset *set, const char *path)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->items[i]->path && strcmp(set->items[i]->path, path) == 0)
            return set->items[i];
    }
    return NULL;
}

static const char *
item_writer(const struct health_item *item)
{
    return item->document ? health_document_writer(item->document) : item->writer;
}

/* Another item with a document of this writer. */
static struct health_item *
find_writer(const struct healthset *set, const char *writer,
            const struct health_item *besides)
{
    for (size_t i = 0; i < set->count; i++) {
        struct health_item *const item = set->items[i];
        if (item != besides && item->document && strcmp(item_writer(item), writer) == 0)
            return item;
    }
    return NULL;
}

/* ---- files ------------------------------------------------------------------------ */

static enum status
read_document(struct health_item *item, const struct health_scan *scan,
              struct health_document **ret_document)
{
    struct yaml *yaml;
    enum status status = yaml_open(item->path, scan->root, &item->diag, &yaml);

    if (status != OK)
        return status;
    status = health_document_read(yaml, scan->routing, true, &item->diag, ret_document);
    for (size_t i = 0; status != ERR_NOMEM && i < yaml_file_count(yaml); i++) {
        if (stamps_add(&item->stamps, yaml_file(yaml, i)) != OK)
            status = ERR_NOMEM;
    }
    yaml_close(yaml);
    return status;
}

/* One writer in two places: who came first stays. Takes the document. */
static void
refuse_writer(struct health_item *item, struct health_document *document,
              const struct health_item *other)
{
    struct diag_at at = health_document_writer_at(document);

    at.file = item->path;
    diag_error(&item->diag, at, "writer '%s' has a document already, %s%s",
               health_document_writer(document), other->path ? "in " : "pushed",
               other->path ? other->path : "");
    health_document_drop(document);
    item->retry = true;
}

/* A file's content replaces what it said before; an unreadable one changes nothing. */
static enum status
read_file(struct healthset *set, struct health_item *item, const struct health_scan *scan,
          bool *changed)
{
    struct health_document *document = NULL;

    diag_clear(&item->diag);
    stamps_clear(&item->stamps);
    item->retry = true; /* out of memory: the next scan shall not find it unchanged */
    enum status status = stamps_add(&item->stamps, item->path);
    if (status != OK)
        return status;
    status = read_document(item, scan, &document);
    item->retry = status != OK;
    *changed = true;
    if (status != OK) {
        health_document_drop(document);
        return status == ERR_NOMEM ? status : OK;
    }
    struct health_item *const other =
        find_writer(set, health_document_writer(document), item);
    if (other && other->path && !other->present) {
        health_document_drop(other->document); /* the file was renamed */
        other->document = NULL;
    } else if (other) {
        refuse_writer(item, document, other);
        return OK;
    }
    health_document_drop(item->document);
    item->document = document;
    return OK;
}

/* What a pushed document says of regions and pools is the routing's to tell. */
static enum status
read_pushed(struct health_item *item, const struct routing *routing, bool *changed)
{
    struct health_document *document = NULL;
    struct yaml *yaml;

    diag_clear(&item->diag);
    enum status status =
        yaml_open_bytes(item->writer, item->bytes, item->len, &item->diag, &yaml);
    if (status == OK) {
        status = health_document_read(yaml, routing, false, &item->diag, &document);
        yaml_close(yaml);
    }
    if (status != OK)
        return status == ERR_NOMEM ? status : OK;
    health_document_drop(item->document);
    item->document = document;
    *changed = true;
    return OK;
}

static bool
is_document_name(const char *name)
{
    const size_t len = strlen(name);

    return name[0] != '.' && len > strlen(suffix) &&
           strcmp(name + len - strlen(suffix), suffix) == 0;
}

static enum status
note_file(struct healthset *set, const char *path)
{
    struct health_item *item = find_file(set, path);
    const enum status status = item ? OK : add_item(set, path, NULL, &item);

    if (status == OK)
        item->present = true;
    return status;
}

static int
by_path(const void *a, const void *b)
{
    const struct health_item *const *const x = a, *const *const y = b;

    return strcmp((*x)->path ? (*x)->path : "", (*y)->path ? (*y)->path : "");
}

/* All that are there, in order of name: which of two equal writers counts does not depend
 * on the file system. */
static enum status
read_files(struct healthset *set, const struct health_scan *scan, bool *changed)
{
    enum status status = OK;

    if (set->count > 1)
        qsort(set->items, set->count, sizeof(struct health_item *), by_path);
    for (size_t i = 0; status == OK && i < set->count; i++) {
        struct health_item *const item = set->items[i];
        if (!item->path && scan->reread)
            status = read_pushed(item, scan->routing, changed);
        if (item->path && item->present &&
            (scan->reread || item->retry || stamps_changed(&item->stamps)))
            status = read_file(set, item, scan, changed);
    }
    return status;
}

/* Files that went: an operator's word ends, a monitor's lapses by itself. */
static void
forget_files(struct healthset *set, bool *changed)
{
    for (size_t i = set->count; i-- > 0;) {
        struct health_item *const item = set->items[i];
        if (!item->path || item->present)
            continue;
        if (item->document && health_document_source(item->document) != HEALTH_OPERATOR)
            continue;
        remove_item(set, i);
        *changed = true;
    }
}

enum status
healthset_scan(struct healthset *set, const struct health_scan *scan, bool *ret_changed)
{
    const char *const folder = scan->folder;
    char path[STATE_PATH_MAX];
    enum status status = OK;

    *ret_changed = false;
    DIR *const dir = folder ? opendir(folder) : NULL;
    if (folder && !dir && errno != ENOENT)
        return OK; /* unreadable for now: nothing is deleted for that */
    for (size_t i = 0; i < set->count; i++)
        set->items[i]->present = false;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): a stream of its own, readdir(3) */
    const struct dirent *entry = dir ? readdir(dir) : NULL;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): a stream of its own, readdir(3) */
    for (; entry && status == OK; entry = readdir(dir)) {
        if (is_document_name(entry->d_name) &&
            state_path(path, folder, entry->d_name, NULL))
            status = note_file(set, path);
    }
    if (dir)
        closedir(dir);
    if (status == OK)
        status = read_files(set, scan, ret_changed);
    if (status == OK)
        forget_files(set, ret_changed);
    return status;
}

/* ---- pushed ----------------------------------------------------------------------- */

static bool
pushed_path(const char *state, const char *writer, char path[STATE_PATH_MAX])
{
    char name[STATE_PATH_MAX / 2], file[STATE_PATH_MAX / 2 + sizeof(suffix)];

    state_file_name(writer, name, sizeof(name));
    (void)snprintf(file, sizeof(file), "%s%s", name, suffix);
    return state_path(path, state, "health", file);
}

static enum status
keep_pushed(const struct health_push *push)
{
    char path[STATE_PATH_MAX], folder[STATE_PATH_MAX];

    if (!push->state[0])
        return OK;
    if (!pushed_path(push->state, push->writer, path) ||
        !state_path(folder, push->state, "health", NULL))
        return ERR_IO;
    if (!push->document)
        return unlink(path) == 0 || errno == ENOENT ? OK : ERR_IO;
    const enum status status = state_make_folder(folder);
    return status == OK ? state_write(path, push->bytes, push->len) : status;
}

static enum status
remove_pushed(struct healthset *set, const struct health_push *push)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->items[i]->path || strcmp(set->items[i]->writer, push->writer) != 0)
            continue;
        remove_item(set, i);
        return keep_pushed(push);
    }
    return ERR_NOENT;
}

static enum status
check_push(const struct health_item *loaded, const struct health_push *push)
{
    const int64_t generated = health_document_generated(push->document);

    if (generated > push->now + HEALTH_FUTURE_MAX_S)
        return ERR_RANGE;
    if (loaded && loaded->path)
        return ERR_EXIST;
    if (loaded && generated < health_document_generated(loaded->document))
        return ERR_STALE;
    return OK;
}

enum status
healthset_push(struct healthset *set, const struct health_push *push)
{
    if (!push->document)
        return remove_pushed(set, push);
    struct health_item *item = find_writer(set, push->writer, NULL);
    enum status status = check_push(item, push);
    char *const bytes = malloc(push->len + 1);
    if (status == OK && !bytes)
        status = ERR_NOMEM;
    if (status == OK && !item)
        status = add_item(set, NULL, push->writer, &item);
    if (status != OK) {
        free(bytes);
        return status;
    }
    memcpy(bytes, push->bytes, push->len);
    bytes[push->len] = '\0';
    free(item->bytes);
    item->bytes = bytes;
    item->len = push->len;
    item->retry = false;
    health_document_hold(push->document);
    health_document_drop(item->document);
    item->document = push->document;
    return keep_pushed(push);
}

/* What cannot be read yet (its regions are in routing that comes later) is read again
 * with all others. */
static enum status
restore_one(struct healthset *set, const char *path, const char *name)
{
    struct health_item *item;
    bool changed = false;
    char *bytes;
    size_t len;

    if (state_read(path, HEALTH_DOCUMENT_BYTES_MAX, &bytes, &len) != OK)
        return OK;
    char *const writer = strndup(name, strlen(name) - strlen(suffix));
    enum status status = writer ? add_item(set, NULL, writer, &item) : ERR_NOMEM;
    free(writer);
    if (status != OK) {
        free(bytes);
        return status;
    }
    item->bytes = bytes;
    item->len = len;
    status = read_pushed(item, NULL, &changed);
    if (status != OK || !item->document)
        return status;
    char *const own = strdup(health_document_writer(item->document));
    if (!own)
        return ERR_NOMEM;
    free(item->writer);
    item->writer = own;
    return OK;
}

enum status
healthset_restore(struct healthset *set, const char *state)
{
    char folder[STATE_PATH_MAX], path[STATE_PATH_MAX];
    enum status status = OK;

    if (!state[0] || !state_path(folder, state, "health", NULL))
        return OK;
    DIR *const dir = opendir(folder);
    if (!dir)
        return OK;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): a stream of its own, readdir(3) */
    for (const struct dirent *entry = readdir(dir); entry && status == OK;
         /* NOLINTNEXTLINE(concurrency-mt-unsafe): a stream of its own, readdir(3) */
         entry = readdir(dir)) {
        if (is_document_name(entry->d_name) &&
            state_path(path, folder, entry->d_name, NULL))
            status = restore_one(set, path, entry->d_name);
    }
    closedir(dir);
    return status;
}

/* ---- looking ---------------------------------------------------------------------- */

static int64_t
lapses_at(const struct health_document *document, int64_t hold_s)
{
    if (health_document_source(document) == HEALTH_OPERATOR)
        return INT64_MAX;
    return health_document_generated(document) + health_document_ttl(document) + hold_s;
}

void
healthset_sweep(struct healthset *set, int64_t now, int64_t hold_s)
{
    for (size_t i = set->count; i-- > 0;) {
        const struct health_item *const item = set->items[i];
        if (item->path && !item->present && item->document &&
            lapses_at(item->document, hold_s) <= now)
            remove_item(set, i);
    }
}

struct health_document **
healthset_documents(const struct healthset *set, size_t *ret_count)
{
    struct health_document **const documents =
        calloc(set->count + 1, sizeof(struct health_document *));

    *ret_count = 0;
    for (size_t i = 0; documents && i < set->count; i++) {
        if (set->items[i]->document)
            documents[(*ret_count)++] = set->items[i]->document;
    }
    return documents;
}

static void
describe_document(json_t *to, const struct health_document *document, int64_t now)
{
    const int64_t generated = health_document_generated(document);
    const int64_t ttl = health_document_ttl(document);

    json_object_set_new(to, "writer", json_string(health_document_writer(document)));
    json_object_set_new(
        to, "source", json_string(health_source_name(health_document_source(document))));
    if (generated == 0)
        return;
    json_object_set_new(to, "generated", json_integer(generated));
    json_object_set_new(to, "ttl", json_integer(ttl));
    json_object_set_new(to, "age", json_integer(now - generated));
    json_object_set_new(to, "stale", json_boolean(now >= generated + ttl));
}

static json_t *
messages(const struct diag *diag)
{
    json_t *const all = json_array();
    char text[DIAG_TEXT_MAX];

    for (size_t i = 0; i < diag->count; i++) {
        diag_format(&diag->messages[i], text, sizeof(text));
        json_array_append_new(all, json_string(text));
    }
    return all;
}

json_t *
healthset_json(const struct healthset *set, int64_t now)
{
    json_t *const all = json_array();
    char text[DIAG_TEXT_MAX];

    for (size_t i = 0; i < set->count; i++) {
        const struct health_item *const item = set->items[i];
        json_t *const one = json_object();
        if (item->document)
            describe_document(one, item->document, now);
        if (item->path)
            json_object_set_new(one, "file", json_string(item->path));
        if (item->diag.error_count > 0) {
            diag_format(&item->diag.messages[0], text, sizeof(text));
            json_object_set_new(one, "error", json_string(text));
        }
        if (item->path || item->diag.count > 0)
            json_object_set_new(one, "messages", messages(&item->diag));
        json_array_append_new(all, one);
    }
    return all;
}
