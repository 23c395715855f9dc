/* SPDX-License-Identifier: BSD-2-Clause */
/* Files, the stack of includes, and the top level; trees are yaml_tree.c's. */
#include "dns/base/yaml.h"
#include "dns/base/arena.h"
#include "dns/base/array.h"
#include "dns/base/yaml_parse.h"
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* ---- sources ---------------------------------------------------------------------- */

struct diag_at
yaml_place(const struct yaml *yaml, const yaml_mark_t *mark)
{
    return (struct diag_at){ .file = yaml->top->name,
                             .line = (uint32_t)mark->line + 1,
                             .column = (uint32_t)mark->column + 1 };
}

static enum status
remember_file(struct yaml *yaml, const char *absolute)
{
    const enum status status = array_reserve(&yaml->files, &yaml->file_capacity,
                                             yaml->file_count + 1, sizeof(*yaml->files));

    if (status != OK)
        return status;
    yaml->files[yaml->file_count] = strdup(absolute);
    if (!yaml->files[yaml->file_count])
        return ERR_NOMEM;
    yaml->file_count++;
    return OK;
}

/* path made absolute without asking whether it exists. */
static void
make_absolute(const char *path, char absolute[PATH_MAX])
{
    char folder[PATH_MAX];

    if (path[0] == '/' || !realpath(".", folder) ||
        snprintf(absolute, PATH_MAX, "%s/%s", folder, path) >= PATH_MAX)
        (void)snprintf(absolute, PATH_MAX, "%s", path);
}

static bool
is_below(const char *path, const char *folder)
{
    const size_t len = strlen(folder);

    if (strcmp(folder, "/") == 0)
        return true;
    return strncmp(path, folder, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

static struct yaml_source *
new_source(struct yaml *yaml, const char *name, const char *absolute)
{
    struct yaml_source *const source = arena_alloc(yaml->kept, sizeof(*source));

    if (!source)
        return NULL;
    source->name = arena_strdup(yaml->kept, name);
    source->absolute = arena_strdup(yaml->kept, absolute);
    source->depth = yaml->top ? yaml->top->depth + 1 : 0;
    source->below = yaml->top;
    if (!source->name || !source->absolute || !yaml_parser_initialize(&source->parser))
        return NULL;
    return source;
}

/* May this file be included from here? *ret_absolute is its real path. */
static enum status
check_include(struct yaml *yaml, const char *path, const struct diag_at *from,
              char real[PATH_MAX])
{
    if (yaml->top->depth >= YAML_INCLUDE_DEPTH_MAX) {
        diag_error(yaml->diag, *from, "!include %s: deeper than %d files", path,
                   (int)YAML_INCLUDE_DEPTH_MAX);
        return ERR_INVALID;
    }
    if (!is_below(real, yaml->folder)) {
        diag_error(yaml->diag, *from,
                   "!include %s: lies outside the configuration's folder", path);
        return ERR_INVALID;
    }
    for (const struct yaml_source *at = yaml->top; at; at = at->below) {
        if (strcmp(at->absolute, real) != 0)
            continue;
        diag_error(yaml->diag, *from,
                   "!include %s: a loop, this file is being read already", path);
        return ERR_INVALID;
    }
    return OK;
}

enum status
yaml_push_file(struct yaml *yaml, const char *path, const struct diag_at *from)
{
    char absolute[PATH_MAX], real[PATH_MAX];
    const struct diag_at at = from ? *from : (struct diag_at){ .file = path };

    if (from &&
        !yaml->folder) { /* before the disk is asked: it is none of its business */
        diag_error(yaml->diag, *from, "!include %s: only files can include files", path);
        return ERR_INVALID;
    }
    make_absolute(path, absolute);
    enum status status = remember_file(yaml, absolute);
    if (status != OK)
        return status;
    if (!realpath(path, real)) {
        diag_error(yaml->diag, at, "cannot open '%s': %s", path, errno_text(errno));
        return ERR_INVALID;
    }
    if (from)
        status = check_include(yaml, path, from, real);
    if (status != OK)
        return status;
    FILE *const file = fopen(path, "re");
    if (!file) {
        diag_error(yaml->diag, at, "cannot open '%s': %s", path, errno_text(errno));
        return ERR_INVALID;
    }
    struct yaml_source *const source = new_source(yaml, path, real);
    if (!source) {
        (void)fclose(file);
        return ERR_NOMEM;
    }
    source->file = file;
    yaml_parser_set_input_file(&source->parser, file);
    yaml->top = source;
    return OK;
}

enum status
yaml_push_bytes(struct yaml *yaml, const char *name, const void *bytes, size_t len)
{
    struct yaml_source *const source = new_source(yaml, name, "");

    if (!source)
        return ERR_NOMEM;
    yaml_parser_set_input_string(&source->parser, bytes, len);
    yaml->top = source;
    return OK;
}

void
yaml_pop(struct yaml *yaml)
{
    struct yaml_source *const source = yaml->top;

    yaml->top = source->below;
    yaml_parser_delete(&source->parser);
    if (source->file)
        (void)fclose(source->file);
}

/* Where a byte of the topmost source is. libyaml's marks lag behind what it has read. */
static struct diag_at
place_of_byte(const struct yaml *yaml, size_t offset)
{
    const struct yaml_source *const source = yaml->top;
    const unsigned char *byte = source->file ? NULL : source->parser.input.string.start;
    yaml_mark_t mark = { 0 };

    if (source->file)
        rewind(source->file);
    for (size_t i = 0; i < offset; i++) {
        const int c = source->file ? fgetc(source->file) : *byte++;
        if (c == EOF)
            break;
        mark.column = c == '\n' ? 0 : mark.column + 1;
        mark.line += c == '\n';
    }
    return yaml_place(yaml, &mark);
}

/* Bytes that are no text. */
static enum status
report_reader(const struct yaml *yaml)
{
    const yaml_parser_t *const parser = &yaml->top->parser;
    char value[16] = "";

    if (parser->problem_value >= 0)
        (void)snprintf(value, sizeof(value), ": 0x%02x", (unsigned)parser->problem_value);
    diag_error(yaml->diag, place_of_byte(yaml, parser->problem_offset), "%s%s",
               parser->problem ? parser->problem : "cannot be read", value);
    return ERR_INVALID;
}

/* libyaml's own words, with the place it means. */
static enum status
report_parser(const struct yaml *yaml)
{
    const yaml_parser_t *const parser = &yaml->top->parser;

    if (parser->error == YAML_MEMORY_ERROR)
        return ERR_NOMEM;
    if (parser->error == YAML_READER_ERROR)
        return report_reader(yaml);
    diag_error(yaml->diag, yaml_place(yaml, &parser->problem_mark), "%s%s%s",
               parser->problem ? parser->problem : "not YAML",
               parser->context ? ", " : "", parser->context ? parser->context : "");
    return ERR_INVALID;
}

enum status
yaml_event(struct yaml *yaml, yaml_event_t *ret_event)
{
    if (yaml_parser_parse(&yaml->top->parser, ret_event))
        return OK;
    return report_parser(yaml);
}

/* ---- opening ---------------------------------------------------------------------- */

static struct yaml *
new_yaml(struct diag *diag)
{
    struct yaml *const yaml = calloc(1, sizeof(*yaml));

    if (!yaml)
        return NULL;
    yaml->diag = diag;
    yaml->kept = arena_new();
    yaml->entry = arena_new();
    if (!yaml->kept || !yaml->entry) {
        yaml_close(yaml);
        return NULL;
    }
    return yaml;
}

/* The folder that includes may not leave: as given, else the file's own. */
static char *
include_folder(const char *path, const char *folder)
{
    char own[PATH_MAX];

    if (folder)
        return realpath(folder, NULL);
    if (!realpath(path, own))
        return NULL;
    char *const slash = strrchr(own, '/');
    slash[slash == own] = '\0';
    return strdup(own);
}

enum status
yaml_open(const char *path, const char *folder, struct diag *diag, struct yaml **ret_yaml)
{
    struct yaml *const yaml = new_yaml(diag);

    if (!yaml)
        return ERR_NOMEM;
    yaml->folder = include_folder(path, folder);
    const enum status status = yaml_push_file(yaml, path, NULL);
    if (status != OK) {
        yaml_close(yaml);
        return status;
    }
    *ret_yaml = yaml;
    return OK;
}

enum status
yaml_open_bytes(const char *name, const void *bytes, size_t len, struct diag *diag,
                struct yaml **ret_yaml)
{
    struct yaml *const yaml = new_yaml(diag);

    if (!yaml)
        return ERR_NOMEM;
    if (yaml_push_bytes(yaml, name, bytes, len) != OK) {
        yaml_close(yaml);
        return ERR_NOMEM;
    }
    *ret_yaml = yaml;
    return OK;
}

void
yaml_close(struct yaml *yaml)
{
    if (!yaml)
        return;
    while (yaml->top)
        yaml_pop(yaml);
    for (size_t i = 0; i < yaml->file_count; i++)
        free(yaml->files[i]);
    free(yaml->files);
    free(yaml->folder);
    yaml_keys_done(&yaml->keys);
    arena_free(yaml->kept);
    arena_free(yaml->entry);
    free(yaml);
}

bool
yaml_closed_explicitly(const struct yaml *yaml)
{
    return yaml->closed;
}

size_t
yaml_file_count(const struct yaml *yaml)
{
    return yaml->file_count;
}

const char *
yaml_file(const struct yaml *yaml, size_t index)
{
    return yaml->files[index];
}

/* ---- the top level ---------------------------------------------------------------- */

/* Skips to the first event of the only document's content. */
static enum status
begin_document(struct yaml *yaml, yaml_event_t *event)
{
    for (;;) {
        const enum status status = yaml_event(yaml, event);
        if (status != OK)
            return status;
        if (event->type == YAML_STREAM_END_EVENT) {
            diag_error(
                yaml->diag,
                (struct diag_at){ .file = yaml->top->name, .line = 1, .column = 1 },
                "the file is empty");
            yaml_event_delete(event);
            return ERR_INVALID;
        }
        if (event->type != YAML_STREAM_START_EVENT &&
            event->type != YAML_DOCUMENT_START_EVENT)
            return OK;
        yaml_event_delete(event);
    }
}

/* After the content: the document's end, and no second document. */
static enum status
end_document(struct yaml *yaml)
{
    yaml_event_t event;
    enum status status = yaml_event(yaml, &event);

    if (status != OK)
        return status;
    yaml->closed = !event.data.document_end.implicit;
    yaml_event_delete(&event);
    status = yaml_event(yaml, &event);
    if (status != OK)
        return status;
    if (event.type != YAML_STREAM_END_EVENT) {
        diag_error(yaml->diag, yaml_place(yaml, &event.start_mark),
                   "a second document begins here: one file is one document");
        status = ERR_INVALID;
    }
    yaml_event_delete(&event);
    return status;
}

static enum status
expect_map(struct yaml *yaml, const yaml_event_t *event)
{
    if (event->type == YAML_MAPPING_START_EVENT)
        return OK;
    diag_error(yaml->diag, yaml_place(yaml, &event->start_mark),
               event->type == YAML_SCALAR_EVENT && event->data.scalar.length == 0
                   ? "the file is empty"
                   : "the top of the file must be a map");
    return ERR_INVALID;
}

static enum status
start_stream(struct yaml *yaml)
{
    yaml_event_t event;
    enum status status = begin_document(yaml, &event);

    if (status != OK)
        return status;
    status = expect_map(yaml, &event);
    if (status == OK)
        status = yaml_check_tag(yaml, &event, event.data.mapping_start.tag);
    yaml_event_delete(&event);
    yaml->started = true;
    return status;
}

/* A merged entry whose key was not written in the file itself. */
static enum status
next_merged(struct yaml *yaml, const struct yaml_node **ret_entry)
{
    while (yaml->merged) {
        const struct yaml_node *const entry = yaml->merged;
        uint32_t line;
        yaml->merged = entry->next;
        if (!yaml_keys_add(&yaml->keys, entry->key->text, entry->key->at.line, &line))
            continue;
        *ret_entry = entry;
        return OK;
    }
    return ERR_NOENT;
}

/* Queues the entries of the top level's merge. */
static enum status
queue_merge(struct yaml *yaml, const struct yaml_node *value)
{
    struct yaml_node *const all = arena_alloc(yaml->kept, sizeof(*all));
    enum status status = yaml_check_merge(yaml, value, yaml->merge_line);

    if (status != OK)
        return status;
    struct yaml_node *const copy = yaml_copy(value, yaml->kept);
    if (!all || !copy)
        return ERR_NOMEM;
    yaml->merge_line = value->key->at.line;
    all->kind = YAML_MAP;
    status = yaml_merge_into(all, copy, yaml->kept);
    yaml->merged = all->child;
    return status;
}

static enum status
end_stream(struct yaml *yaml)
{
    const enum status status = end_document(yaml);

    yaml->ended = true;
    return status;
}

/* One top-level key and its value. */
static enum status
read_entry(struct yaml *yaml, yaml_event_t *key_event, struct yaml_node **ret_entry)
{
    struct yaml_node *key, *value;
    yaml_event_t event;
    enum status status = yaml_read_node(yaml, key_event, yaml->entry, 1, &key);

    if (status != OK)
        return status;
    if (key->kind != YAML_SCALAR) {
        diag_error(yaml->diag, key->at, "a key must be a plain word, not a list or map");
        return ERR_INVALID;
    }
    yaml_keys_expect(&yaml->keys, key->text);
    status = yaml_event(yaml, &event);
    if (status == OK)
        status = yaml_read_node(yaml, &event, yaml->entry, 1, &value);
    if (status != OK)
        return status;
    value->key = key;
    *ret_entry = value;
    return OK;
}

static enum status
check_top_key(struct yaml *yaml, const struct yaml_node *key)
{
    uint32_t line;

    if (yaml_keys_add(&yaml->keys, key->text, key->at.line, &line))
        return OK;
    diag_error(yaml->diag, key->at, "duplicate key '%s' (first at line %u)", key->text,
               line);
    return ERR_INVALID;
}

static enum status
next_written(struct yaml *yaml, const struct yaml_node **ret_entry)
{
    struct yaml_node *entry;
    yaml_event_t event;

    for (;;) {
        enum status status = yaml_event(yaml, &event);
        if (status != OK)
            return status;
        if (event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            status = end_stream(yaml);
            return status == OK ? next_merged(yaml, ret_entry) : status;
        }
        arena_clear(yaml->entry);
        status = read_entry(yaml, &event, &entry);
        if (status != OK)
            return status;
        if (entry->key->plain && strcmp(entry->key->text, "<<") == 0) {
            status = queue_merge(yaml, entry);
            if (status != OK)
                return status;
            continue;
        }
        *ret_entry = entry;
        return check_top_key(yaml, entry->key);
    }
}

enum status
yaml_next(struct yaml *yaml, const struct yaml_node **ret_entry)
{
    if (yaml->ended)
        return next_merged(yaml, ret_entry);
    if (!yaml->started) {
        const enum status status = start_stream(yaml);
        if (status != OK)
            return status;
    }
    return next_written(yaml, ret_entry);
}

enum status
yaml_whole(struct yaml *yaml, const struct yaml_node **ret_map)
{
    yaml_event_t event;
    struct yaml_node *map;
    enum status status = begin_document(yaml, &event);

    if (status != OK)
        return status;
    status = expect_map(yaml, &event);
    if (status != OK) {
        yaml_event_delete(&event);
        return status;
    }
    status = yaml_read_node(yaml, &event, yaml->kept, 0, &map);
    if (status == OK)
        status = end_document(yaml);
    if (status == OK)
        *ret_map = map;
    return status;
}
