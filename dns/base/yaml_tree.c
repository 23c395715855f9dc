/* SPDX-License-Identifier: BSD-2-Clause */
/* Events → trees: aliases, merge keys and includes are expanded here. Recursion is
 * bounded by YAML_NESTING_MAX, which aliases cannot get around: an anchor knows its
 * height. */
#include "dns/base/arena.h"
#include "dns/base/pages.h"
#include "dns/base/siphash.h"
#include "dns/base/yaml_parse.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* NOLINTBEGIN(misc-no-recursion): at most YAML_NESTING_MAX deep */

enum { FEW_KEYS = 16, FIRST_SLOTS = 64 };

static const char include_tag[] = "!include";

/* ---- keys ------------------------------------------------------------------------- */

static uint64_t
hash_key(const char *text)
{
    static const uint8_t key[SIPHASH_KEY_LEN] = { 0 };
    const uint64_t hash = siphash(key, text, strlen(text));

    return hash ? hash : 1;
}

static size_t
key_slot(const struct yaml_keys *keys, uint64_t hash)
{
    size_t at = (size_t)hash & (keys->slot_count - 1);

    while (keys->hashes[at] && keys->hashes[at] != hash)
        at = (at + 1) & (keys->slot_count - 1);
    return at;
}

static bool
grow_keys(struct yaml_keys *keys)
{
    const size_t slot_count = keys->slot_count ? keys->slot_count * 2 : FIRST_SLOTS;
    struct yaml_keys grown = { .hashes = pages_new(slot_count * sizeof(*grown.hashes)),
                               .lines = pages_new(slot_count * sizeof(*grown.lines)),
                               .slot_count = slot_count,
                               .count = keys->count };

    if (!grown.hashes || !grown.lines) {
        yaml_keys_done(&grown);
        return false;
    }
    for (size_t i = 0; i < keys->slot_count; i++) {
        if (!keys->hashes[i])
            continue;
        const size_t at = key_slot(&grown, keys->hashes[i]);
        grown.hashes[at] = keys->hashes[i];
        grown.lines[at] = keys->lines[i];
    }
    yaml_keys_done(keys);
    *keys = grown;
    return true;
}

bool
yaml_keys_add(struct yaml_keys *keys, const char *text, uint32_t line, uint32_t *ret_line)
{
    if ((keys->count + 1) * 3 > keys->slot_count * 2 && !grow_keys(keys))
        return true;
    const uint64_t hash = hash_key(text);
    const size_t at = key_slot(keys, hash);
    if (keys->hashes[at]) {
        *ret_line = keys->lines[at];
        return false;
    }
    keys->hashes[at] = hash;
    keys->lines[at] = line;
    keys->count++;
    return true;
}

void
yaml_keys_expect(const struct yaml_keys *keys, const char *text)
{
    if (keys->slot_count > 0)
        __builtin_prefetch(&keys->hashes[hash_key(text) & (keys->slot_count - 1)]);
}

void
yaml_keys_done(struct yaml_keys *keys)
{
    pages_free(keys->hashes, keys->slot_count * sizeof(*keys->hashes));
    pages_free(keys->lines, keys->slot_count * sizeof(*keys->lines));
    *keys = (struct yaml_keys){ 0 };
}

/* ---- copies and sizes ------------------------------------------------------------- */

struct yaml_node *
yaml_copy(const struct yaml_node *node, struct arena *arena)
{
    struct yaml_node *const copy = arena_alloc(arena, sizeof(*copy));
    const struct yaml_node **link;

    if (!copy)
        return NULL;
    *copy = *node;
    copy->next = NULL;
    copy->child = NULL;
    copy->key = NULL;
    if (node->key && !(copy->key = yaml_copy(node->key, arena)))
        return NULL;
    if (node->text && !(copy->text = arena_memdup(arena, node->text, node->len)))
        return NULL;
    link = &copy->child;
    for (const struct yaml_node *at = node->child; at; at = at->next) {
        struct yaml_node *const child = yaml_copy(at, arena);
        if (!child)
            return NULL;
        *link = child;
        link = &child->next;
    }
    return copy;
}

static void
measure(const struct yaml_node *node, size_t *size, unsigned *height)
{
    unsigned deepest = 0;

    *size += sizeof(*node) + (node->text ? node->len : 0);
    for (const struct yaml_node *at = node->child; at; at = at->next) {
        unsigned below = 0;
        measure(at, size, &below);
        if (below > deepest)
            deepest = below;
    }
    *height = deepest + 1;
}

/* Aliases and includes may not blow a small file up. */
static enum status
count_expanded(struct yaml *yaml, size_t size, struct diag_at at)
{
    yaml->expanded += size;
    if (yaml->expanded <= YAML_EXPANDED_MAX)
        return OK;
    diag_error(yaml->diag, at, "aliases and includes expand to more than %d MiB",
               (int)YAML_EXPANDED_MAX >> 20);
    return ERR_INVALID;
}

/* ---- anchors ---------------------------------------------------------------------- */

/* A name may be given again: the newest counts (YAML 1.1 3.2.2.2). */
static enum status
begin_anchor(struct yaml *yaml, const yaml_char_t *name, struct yaml_anchor **ret_anchor)
{
    struct yaml_anchor *const anchor = arena_alloc(yaml->kept, sizeof(*anchor));

    if (!anchor || !(anchor->name = arena_strdup(yaml->kept, (const char *)name)))
        return ERR_NOMEM;
    anchor->next = yaml->top->anchors;
    yaml->top->anchors = anchor;
    *ret_anchor = anchor;
    return OK;
}

/* An anchor outlives the top-level entry that it stands in. */
static enum status
end_anchor(struct yaml *yaml, struct yaml_anchor *anchor, const struct yaml_node *node,
           const struct arena *arena)
{
    measure(node, &anchor->size, &anchor->height);
    if (arena == yaml->kept) {
        anchor->node = node;
        return OK;
    }
    const enum status status = count_expanded(yaml, anchor->size, node->at);
    if (status != OK)
        return status;
    anchor->node = yaml_copy(node, yaml->kept);
    return anchor->node ? OK : ERR_NOMEM;
}

static enum status
read_alias(struct yaml *yaml, const yaml_event_t *event, struct arena *arena,
           unsigned depth, struct yaml_node **ret_node)
{
    const char *const name = (const char *)event->data.alias.anchor;
    const struct diag_at at = yaml_place(yaml, &event->start_mark);
    const struct yaml_anchor *anchor = yaml->top->anchors;

    while (anchor && strcmp(anchor->name, name) != 0)
        anchor = anchor->next;
    if (!anchor || !anchor->node) {
        diag_error(yaml->diag, at,
                   anchor ? "alias '*%s' stands within its own anchor"
                          : "alias '*%s' has no anchor before it",
                   name);
        return ERR_INVALID;
    }
    if (depth + anchor->height > YAML_NESTING_MAX) {
        diag_error(yaml->diag, at, "alias '*%s': nested deeper than %d levels", name,
                   (int)YAML_NESTING_MAX);
        return ERR_INVALID;
    }
    const enum status status = count_expanded(yaml, anchor->size, at);
    if (status != OK)
        return status;
    struct yaml_node *const shell = arena_alloc(arena, sizeof(*shell));
    if (!shell)
        return ERR_NOMEM;
    *shell = *anchor->node; /* shares the children; next and key are its own */
    shell->next = NULL;
    shell->key = NULL;
    *ret_node = shell;
    return OK;
}

/* ---- includes --------------------------------------------------------------------- */

/* Relative to the including file. */
static bool
include_path(const struct yaml *yaml, const char *path, char buffer[PATH_MAX])
{
    const char *const slash = strrchr(yaml->top->name, '/');
    const int folder = slash ? (int)(slash - yaml->top->name) + 1 : 0;

    if (path[0] == '/')
        return snprintf(buffer, PATH_MAX, "%s", path) < PATH_MAX;
    return snprintf(buffer, PATH_MAX, "%.*s%s", folder, yaml->top->name, path) < PATH_MAX;
}

/* The one document of the file that was just pushed. */
static enum status
read_included(struct yaml *yaml, struct arena *arena, unsigned depth,
              struct yaml_node **ret_node)
{
    yaml_event_t event;
    bool more = true;

    while (more) {
        const enum status status = yaml_event(yaml, &event);
        if (status != OK)
            return status;
        more = event.type == YAML_STREAM_START_EVENT ||
               event.type == YAML_DOCUMENT_START_EVENT;
        if (more)
            yaml_event_delete(&event);
    }
    if (event.type == YAML_STREAM_END_EVENT) {
        diag_error(yaml->diag,
                   (struct diag_at){ .file = yaml->top->name, .line = 1, .column = 1 },
                   "the included file is empty");
        yaml_event_delete(&event);
        return ERR_INVALID;
    }
    return yaml_read_node(yaml, &event, arena, depth, ret_node);
}

/* Nothing but the end may follow. */
static enum status
expect_end(struct yaml *yaml)
{
    yaml_event_t event;

    for (;;) {
        const enum status status = yaml_event(yaml, &event);
        if (status != OK)
            return status;
        const yaml_event_type_t type = event.type;
        const struct diag_at at = yaml_place(yaml, &event.start_mark);
        yaml_event_delete(&event);
        if (type == YAML_STREAM_END_EVENT)
            return OK;
        if (type == YAML_DOCUMENT_END_EVENT)
            continue;
        diag_error(yaml->diag, at,
                   "a second document begins here: one file is one document");
        return ERR_INVALID;
    }
}

static enum status
read_include(struct yaml *yaml, const struct yaml_node *scalar, struct arena *arena,
             unsigned depth, struct yaml_node **ret_node)
{
    char path[PATH_MAX];
    size_t size = 0;
    unsigned height;
    const size_t before = yaml->expanded;

    if (!include_path(yaml, scalar->text, path)) {
        diag_error(yaml->diag, scalar->at, "!include: the path is too long");
        return ERR_INVALID;
    }
    enum status status = yaml_push_file(yaml, path, &scalar->at);
    if (status != OK)
        return status;
    status = read_included(yaml, arena, depth, ret_node);
    if (status == OK)
        status = expect_end(yaml);
    yaml_pop(yaml);
    if (status != OK)
        return status;
    measure(*ret_node, &size, &height);
    yaml->expanded = before; /* what was expanded in it is a part of its size */
    return count_expanded(yaml, size, scalar->at);
}

/* ---- nodes ------------------------------------------------------------------------ */

static struct yaml_node *
new_node(const struct yaml *yaml, const yaml_event_t *event, enum yaml_kind kind,
         struct arena *arena)
{
    struct yaml_node *const node = arena_alloc(arena, sizeof(*node));

    if (!node)
        return NULL;
    node->kind = kind;
    node->at = yaml_place(yaml, &event->start_mark);
    return node;
}

/* `!!str` and its like say what would be so without them: who reads a value knows which
 * kind it must be. */
static bool
is_plain_tag(const yaml_char_t *tag)
{
    static const char *const known[] = { YAML_STR_TAG,  YAML_INT_TAG, YAML_FLOAT_TAG,
                                         YAML_BOOL_TAG, YAML_MAP_TAG, YAML_SEQ_TAG };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp((const char *)tag, known[i]) == 0)
            return true;
    }
    return false;
}

enum status
yaml_check_tag(const struct yaml *yaml, const yaml_event_t *event, const yaml_char_t *tag)
{
    if (!tag || is_plain_tag(tag))
        return OK;
    diag_error(yaml->diag, yaml_place(yaml, &event->start_mark),
               "the tag '%s' means nothing here; only !include does", (const char *)tag);
    return ERR_INVALID;
}

static enum status
read_scalar(struct yaml *yaml, const yaml_event_t *event, struct arena *arena,
            unsigned depth, struct yaml_node **ret_node)
{
    const yaml_char_t *const tag = event->data.scalar.tag;
    const char *const value = (const char *)event->data.scalar.value;
    const size_t len = event->data.scalar.length;
    struct yaml_node *const node = new_node(yaml, event, YAML_SCALAR, arena);

    if (!node || !(node->text = arena_memdup(arena, value, len)))
        return ERR_NOMEM;
    node->len = len;
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (memchr(value, '\0', len)) {
        diag_error(yaml->diag, node->at, "a NUL byte in a text");
        return ERR_INVALID;
    }
    if (tag && strcmp((const char *)tag, include_tag) == 0)
        return read_include(yaml, node, arena, depth, ret_node);
    if (yaml_check_tag(yaml, event, tag) != OK)
        return ERR_INVALID;
    if (tag && strcmp((const char *)tag, YAML_STR_TAG) == 0)
        node->plain = false;
    *ret_node = node;
    return OK;
}

static enum status
read_list(struct yaml *yaml, struct yaml_node *list, struct arena *arena, unsigned depth)
{
    const struct yaml_node **link = &list->child;
    yaml_event_t event;

    for (;;) {
        enum status status = yaml_event(yaml, &event);
        if (status != OK)
            return status;
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            return OK;
        }
        struct yaml_node *item;
        status = yaml_read_node(yaml, &event, arena, depth + 1, &item);
        if (status != OK)
            return status;
        *link = item;
        link = &item->next;
        list->len++;
    }
}

/* ---- maps and merges -------------------------------------------------------------- */

static enum status
report_duplicate(const struct yaml *yaml, const struct yaml_node *key,
                 uint32_t first_line)
{
    diag_error(yaml->diag, key->at, "duplicate key '%s' (first at line %u)", key->text,
               first_line);
    return ERR_INVALID;
}

enum status
yaml_check_merge(const struct yaml *yaml, const struct yaml_node *value,
                 uint32_t first_line)
{
    const struct yaml_node *wrong = NULL;

    if (first_line > 0)
        return report_duplicate(yaml, value->key, first_line);
    if (value->kind == YAML_SCALAR)
        wrong = value;
    for (const struct yaml_node *at = value->kind == YAML_LIST ? value->child : NULL; at;
         at = at->next) {
        if (at->kind != YAML_MAP)
            wrong = at;
    }
    if (!wrong)
        return OK;
    diag_error(yaml->diag, wrong->at, "'<<' merges a map or a list of maps");
    return ERR_INVALID;
}

/* A map that takes in others. */
struct merging {
    struct yaml_node *map;
    const struct yaml_node **link; /* where its next entry goes */
    struct yaml_keys keys;         /* that it has: maps may be large, and many */
    struct arena *arena;
};

static enum status
merge_map(struct merging *merging, const struct yaml_node *from)
{
    uint32_t line;

    for (const struct yaml_node *at = from->child; at; at = at->next) {
        if (!yaml_keys_add(&merging->keys, at->key->text, at->key->at.line, &line))
            continue;
        struct yaml_node *const shell = arena_alloc(merging->arena, sizeof(*shell));
        if (!shell)
            return ERR_NOMEM;
        *shell = *at;
        shell->next = NULL;
        *merging->link = shell;
        merging->link = &shell->next;
        merging->map->len++;
    }
    return OK;
}

/* Its own entries, which win. */
static void
begin_merging(struct merging *merging)
{
    uint32_t line;

    merging->link = &merging->map->child;
    for (const struct yaml_node *at = merging->map->child; at; at = at->next) {
        struct yaml_node *own;
        memcpy(&own, &at,
               sizeof(struct yaml_node *)); /* of this very tree: ours to link */
        (void)yaml_keys_add(&merging->keys, at->key->text, at->key->at.line, &line);
        merging->link = &own->next;
    }
}

enum status
yaml_merge_into(struct yaml_node *map, const struct yaml_node *value, struct arena *arena)
{
    struct merging merging = { .map = map, .arena = arena };
    enum status status = OK;

    begin_merging(&merging);
    if (value->kind == YAML_MAP)
        status = merge_map(&merging, value);
    else
        for (const struct yaml_node *at = value->child; at && status == OK; at = at->next)
            status = merge_map(&merging, at);
    yaml_keys_done(&merging.keys);
    return status;
}

struct map_reading {
    struct yaml_node *map;
    const struct yaml_node **link;
    const struct yaml_node *merge; /* the value of `<<`, or NULL */
    struct yaml_keys keys;         /* once there are more than a few */
};

static bool
find_duplicate(struct map_reading *reading, const struct yaml_node *key,
               uint32_t *ret_line)
{
    if (reading->map->len >= FEW_KEYS) {
        if (reading->keys.count == 0) {
            for (const struct yaml_node *at = reading->map->child; at; at = at->next)
                (void)yaml_keys_add(&reading->keys, at->key->text, at->key->at.line,
                                    ret_line);
        }
        return !yaml_keys_add(&reading->keys, key->text, key->at.line, ret_line);
    }
    const struct yaml_node *const first = yaml_get(reading->map, key->text);
    if (first)
        *ret_line = first->key->at.line;
    return first != NULL;
}

static enum status
add_entry(struct yaml *yaml, struct map_reading *reading, struct yaml_node *value)
{
    const struct yaml_node *const key = value->key;
    uint32_t line = 0;

    if (key->plain && strcmp(key->text, "<<") == 0) {
        const uint32_t first = reading->merge ? reading->merge->key->at.line : 0;
        reading->merge = value;
        return yaml_check_merge(yaml, value, first);
    }
    if (find_duplicate(reading, key, &line))
        return report_duplicate(yaml, key, line);
    *reading->link = value;
    reading->link = &value->next;
    reading->map->len++;
    return OK;
}

/* One key and its value. *ret_more is false at the end. */
static enum status
read_pair(struct yaml *yaml, struct map_reading *reading, struct arena *arena,
          unsigned depth, bool *ret_more)
{
    struct yaml_node *key, *value;
    yaml_event_t event;
    enum status status = yaml_event(yaml, &event);

    *ret_more = false;
    if (status != OK)
        return status;
    if (event.type == YAML_MAPPING_END_EVENT) {
        yaml_event_delete(&event);
        return OK;
    }
    status = yaml_read_node(yaml, &event, arena, depth + 1, &key);
    if (status != OK)
        return status;
    if (key->kind != YAML_SCALAR) {
        diag_error(yaml->diag, key->at, "a key must be a plain word, not a list or map");
        return ERR_INVALID;
    }
    status = yaml_event(yaml, &event);
    if (status == OK)
        status = yaml_read_node(yaml, &event, arena, depth + 1, &value);
    if (status != OK)
        return status;
    value->key = key;
    *ret_more = true;
    return add_entry(yaml, reading, value);
}

static enum status
read_map(struct yaml *yaml, struct yaml_node *map, struct arena *arena, unsigned depth)
{
    struct map_reading reading = { .map = map, .link = &map->child };
    enum status status = OK;
    bool more = true;

    while (more && status == OK)
        status = read_pair(yaml, &reading, arena, depth, &more);
    if (reading.merge && status == OK)
        status = yaml_merge_into(map, reading.merge, arena);
    yaml_keys_done(&reading.keys);
    return status;
}

/* Two included files as one: a map's own keys win, lists follow each other. */
static enum status
join(struct yaml_node *all, const struct yaml_node *more, struct arena *arena)
{
    const struct yaml_node **link = &all->child;
    const struct yaml_node *const parts[] = { all->child, more->child };

    if (all->kind == YAML_MAP)
        return yaml_merge_into(all, more, arena);
    for (size_t i = 0; i < 2; i++) {
        for (const struct yaml_node *at = parts[i]; at; at = at->next) {
            struct yaml_node *const copy = arena_alloc(arena, sizeof(*copy));
            if (!copy)
                return ERR_NOMEM;
            *copy = *at;
            *link = copy;
            link = &copy->next;
        }
    }
    *link = NULL;
    all->len += more->len;
    return OK;
}

/* One more file of a list: *all is what came before (NULL: nothing), and then the whole.
 * A later map's keys win. */
static enum status
include_one_more(struct yaml *yaml, const struct yaml_node *path, struct yaml_node *one,
                 struct arena *arena, struct yaml_node **all)
{
    struct yaml_node *const before = *all;

    if (!before) {
        *all = one;
        return OK;
    }
    if (one->kind != before->kind || one->kind == YAML_SCALAR) {
        diag_error(yaml->diag, path->at,
                   "!include: of several files all must be maps, or all lists");
        return ERR_INVALID;
    }
    if (one->kind == YAML_LIST)
        return join(before, one, arena);
    *all = one;
    return join(one, before, arena);
}

/* `!include [PATH, …]`: all maps, or all lists. Of none it is null, as octoDNS has it. */
static enum status
include_all(struct yaml *yaml, struct yaml_node *paths, struct arena *arena,
            unsigned depth, struct yaml_node **ret_node)
{
    struct yaml_node *all = NULL;

    for (const struct yaml_node *path = paths->child; path; path = path->next) {
        struct yaml_node *one;
        enum status status = yaml_expect(path, YAML_SCALAR, "!include", yaml->diag);
        if (status == OK)
            status = read_include(yaml, path, arena, depth, &one);
        if (status == OK)
            status = include_one_more(yaml, path, one, arena, &all);
        if (status != OK)
            return status;
    }
    if (!all) {
        paths->kind = YAML_SCALAR;
        paths->plain = true;
        paths->text = "";
    }
    *ret_node = all ? all : paths;
    return OK;
}

static enum status
read_collection(struct yaml *yaml, const yaml_event_t *event, struct arena *arena,
                unsigned depth, struct yaml_node **ret_node)
{
    const bool is_map = event->type == YAML_MAPPING_START_EVENT;
    const yaml_char_t *const tag =
        is_map ? event->data.mapping_start.tag : event->data.sequence_start.tag;
    struct yaml_node *const node =
        new_node(yaml, event, is_map ? YAML_MAP : YAML_LIST, arena);

    if (!node)
        return ERR_NOMEM;
    const bool includes = tag && !is_map && strcmp((const char *)tag, include_tag) == 0;
    if (!includes && yaml_check_tag(yaml, event, tag) != OK)
        return ERR_INVALID;
    if (depth >= YAML_NESTING_MAX) {
        diag_error(yaml->diag, node->at, "nested deeper than %d levels",
                   (int)YAML_NESTING_MAX);
        return ERR_INVALID;
    }
    *ret_node = node;
    if (is_map)
        return read_map(yaml, node, arena, depth);
    const enum status status = read_list(yaml, node, arena, depth);
    return status == OK && includes ? include_all(yaml, node, arena, depth, ret_node)
                                    : status;
}

static const yaml_char_t *
anchor_of(const yaml_event_t *event)
{
    if (event->type == YAML_SCALAR_EVENT)
        return event->data.scalar.anchor;
    if (event->type == YAML_MAPPING_START_EVENT)
        return event->data.mapping_start.anchor;
    return event->type == YAML_SEQUENCE_START_EVENT ? event->data.sequence_start.anchor
                                                    : NULL;
}

enum status
yaml_read_node(struct yaml *yaml, yaml_event_t *event, struct arena *arena,
               unsigned depth, struct yaml_node **ret_node)
{
    const yaml_char_t *const anchor_name = anchor_of(event);
    struct yaml_anchor *anchor = NULL;
    enum status status = anchor_name ? begin_anchor(yaml, anchor_name, &anchor) : OK;

    if (status == OK) {
        if (event->type == YAML_ALIAS_EVENT)
            status = read_alias(yaml, event, arena, depth, ret_node);
        else if (event->type == YAML_SCALAR_EVENT)
            status = read_scalar(yaml, event, arena, depth, ret_node);
        else
            status = read_collection(yaml, event, arena, depth, ret_node);
    }
    yaml_event_delete(event);
    return status == OK && anchor ? end_anchor(yaml, anchor, *ret_node, arena) : status;
}

/* NOLINTEND(misc-no-recursion) */
