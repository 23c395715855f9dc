/* SPDX-License-Identifier: BSD-2-Clause */
/* The inside of yaml.c, shared with yaml_tree.c: an open file with those that it
 * includes. */
#ifndef DNS_BASE_YAML_PARSE_H
#define DNS_BASE_YAML_PARSE_H
#include "dns/base/yaml.h"
#include <stdio.h>
#include <yaml.h>

struct arena;

/* A node that aliases may stand for. */
struct yaml_anchor {
    struct yaml_anchor *next;
    const char *name;
    const struct yaml_node *node; /* NULL while it is being read */
    size_t size;                  /* bytes that one expansion of it counts */
    unsigned height;              /* levels below it, itself included */
};

/* One file being read; includes stand on top of each other. */
struct yaml_source {
    struct yaml_source *below; /* the file that includes this one */
    yaml_parser_t parser;
    FILE *file;           /* NULL: bytes */
    const char *name;     /* for messages; in the kept arena */
    const char *absolute; /* real path, or "" for bytes */
    struct yaml_anchor *anchors;
    unsigned depth;
};

/* Keys of a large map, or of the top level. The hashes stand apart from what is read of
 * a double only, so that a look-up touches little memory. */
struct yaml_keys {
    uint64_t *hashes;  /* [slot_count], 0: empty; pages */
    uint32_t *lines;   /* [slot_count]; pages */
    size_t slot_count; /* a power of two, or 0 */
    size_t count;
};

struct yaml {
    struct diag *diag;
    char *folder;        /* real path that includes may not leave; NULL: none allowed */
    struct arena *kept;  /* lives until yaml_close: names, anchors, merged entries */
    struct arena *entry; /* the entry that yaml_next gave last */
    struct yaml_source *top;
    char **files; /* absolute paths of all that was read */
    size_t file_count, file_capacity;
    size_t expanded;                /* bytes that aliases and includes added */
    struct yaml_keys keys;          /* of the top level, while streaming */
    const struct yaml_node *merged; /* entries of the top-level merge still to be given */
    uint32_t merge_line;            /* where it is written; 0: there is none yet */
    bool started, ended, closed;
};

/* Begins reading a file or bytes (path NULL); pushed on top. Reports to diag. */
MUST_CHECK enum status yaml_push_file(struct yaml *yaml, const char *path,
                                      const struct diag_at *from);
MUST_CHECK enum status yaml_push_bytes(struct yaml *yaml, const char *name,
                                       const void *bytes, size_t len);
void yaml_pop(struct yaml *yaml);
/* The next event of the topmost source; the caller deletes it. Errors are reported. */
MUST_CHECK enum status yaml_event(struct yaml *yaml, yaml_event_t *ret_event);
/* Place of an event in the topmost source. */
struct diag_at yaml_place(const struct yaml *yaml, const yaml_mark_t *mark);

/* Reads the node that begins with `event` (which it takes) into the arena. */
MUST_CHECK enum status yaml_read_node(struct yaml *yaml, yaml_event_t *event,
                                      struct arena *arena, unsigned depth,
                                      struct yaml_node **ret_node);
/* A deep copy. depth: levels above it. */
struct yaml_node *yaml_copy(const struct yaml_node *node, struct arena *arena);

/* Tags that change nothing are fine, NULL is too; others are reported. */
MUST_CHECK enum status yaml_check_tag(const struct yaml *yaml, const yaml_event_t *event,
                                      const yaml_char_t *tag);
/* Is this something that `<<` can merge: a map, or a list of maps? And the only one of
 * its map: first_line says where another is, 0: nowhere. Reports. */
MUST_CHECK enum status yaml_check_merge(const struct yaml *yaml,
                                        const struct yaml_node *value,
                                        uint32_t first_line);
/* Appends to a map the entries of a merge value whose keys it lacks. ERR_NOMEM. */
MUST_CHECK enum status yaml_merge_into(struct yaml_node *map,
                                       const struct yaml_node *value,
                                       struct arena *arena);

/* Adds a key; false: it is there already, *ret_line says where. Out of memory counts as
 * new. */
bool yaml_keys_add(struct yaml_keys *keys, const char *text, uint32_t line,
                   uint32_t *ret_line);
/* This key will be added soon: brings its place into the cache. */
void yaml_keys_expect(const struct yaml_keys *keys, const char *text);
void yaml_keys_done(struct yaml_keys *keys);

#endif
