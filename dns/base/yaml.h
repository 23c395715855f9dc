/* SPDX-License-Identifier: BSD-2-Clause */
/* YAML files as the rest of Meridian sees them: libyaml's events turned into small trees.
 *
 * Strict: one document, a map at the top; duplicate keys, tags other than !include and
 * YAML's own (!!str), non-scalar keys and NUL bytes are errors. Plain scalars stay text
 * (NO is "NO"). Aliases, merge keys (one << a map, lists too; a written key wins),
 * `!include PATH` and `!include [PATH, …]` (all maps, a later key wins; or all lists)
 * work everywhere; what they bring in is expanded here, so users of the tree never see
 * them. A big file is read one top-level entry at a time (yaml_next); its memory is
 * reused. */
#ifndef DNS_BASE_YAML_H
#define DNS_BASE_YAML_H
#include "dns/base/diag.h"
#include "dns/base/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    YAML_INCLUDE_DEPTH_MAX = 8,
    YAML_NESTING_MAX = 64,
    YAML_EXPANDED_MAX =
        64 << 20, /* bytes of nodes that aliases and includes may add up to */
};

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
    enum yaml_kind kind;
    bool plain; /* a scalar written without quotes: `null` and `~` may mean nothing */
    struct diag_at at; /* where it is written; file lives as long as the struct yaml */
    const char *text;  /* scalar: NUL-terminated, no NUL byte within */
    size_t len;        /* scalar: bytes of text; list, map: number of children */
    const struct yaml_node *key;   /* in a map: this entry's key, a scalar */
    const struct yaml_node *child; /* list, map: the first entry */
    const struct yaml_node *next;  /* the next entry of the same list or map */
};

struct yaml; /* an open file; opaque: yaml.c. One thread at a time. */

/* Opens a file. `folder` is the configuration's folder: an !include may not leave it
 * (NULL: the file's own folder). Errors go to diag with their place (ERR_INVALID);
 * ERR_NOMEM. ERR_NOENT and ERR_IO are reported to diag, too. The caller closes *ret_yaml.
 */
MUST_CHECK enum status yaml_open(const char *path, const char *folder, struct diag *diag,
                                 struct yaml **ret_yaml);
/* The same from memory (a pushed document); `name` stands for the file in messages. Bytes
 * are borrowed until yaml_close. !include is an error here. */
MUST_CHECK enum status yaml_open_bytes(const char *name, const void *bytes, size_t len,
                                       struct diag *diag, struct yaml **ret_yaml);
void yaml_close(struct yaml *yaml); /* NULL is fine */

/* The next entry of the top-level map (its ->key is set). The node and all below it are
 * valid until the next call. ERR_NOENT: the end was reached, all was sound. ERR_INVALID:
 * reported; nothing more can be read. Top-level duplicates are found here, too. */
MUST_CHECK enum status yaml_next(struct yaml *yaml, const struct yaml_node **ret_entry);
/* The whole top-level map as one node that lives until yaml_close. Not to be mixed with
 * yaml_next. An empty file is an error. */
MUST_CHECK enum status yaml_whole(struct yaml *yaml, const struct yaml_node **ret_map);
/* After the end: was the document closed by a written `...`? */
bool yaml_closed_explicitly(const struct yaml *yaml);
/* Every file read so far, absolute paths, the first is the one opened; for watching.
 * Missing includes are listed, too. Valid until yaml_close. */
size_t yaml_file_count(const struct yaml *yaml);
const char *yaml_file(const struct yaml *yaml, size_t index);

/* ---- reading trees -------------------------------------------------------------------
 */

/* One key of a map: `read` gets the value; it reports its own errors to diag, returning
 * ERR_INVALID (others go on being read), or ERR_NOMEM (which stops). */
struct yaml_field {
    const char *key;
    enum status (*read)(void *object, const struct yaml_node *value, struct diag *diag);
    bool required;
};

/* Reads a map by a table of fields that ends with {0}. `where` begins every message
 * ("api: rule 2"); may be "". Unknown keys are errors that name the nearest known key;
 * missing required ones too. All errors are reported, then ERR_INVALID is returned. */
MUST_CHECK enum status yaml_read_map(const struct yaml_node *map, const char *where,
                                     const struct yaml_field *fields, void *object,
                                     struct diag *diag);

/* The value of a key in a map node, or NULL. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);
/* A plain scalar `null`, `~` or nothing. */
bool yaml_is_null(const struct yaml_node *node);

/* Scalars of one kind; each reports what was expected and what stands there. `what` names
 * the subject in the message. */
MUST_CHECK enum status yaml_text(const struct yaml_node *node, const char *what,
                                 struct diag *diag, const char **ret_text);
MUST_CHECK enum status yaml_bool(const struct yaml_node *node, const char *what,
                                 struct diag *diag,
                                 bool *ret_value); /* true, false, yes, no, on, off */
MUST_CHECK enum status yaml_uint(const struct yaml_node *node, const char *what,
                                 uint64_t min, uint64_t max, struct diag *diag,
                                 uint64_t *ret_value);
MUST_CHECK enum status yaml_real(const struct yaml_node *node, const char *what,
                                 double min, double max, struct diag *diag,
                                 double *ret_value);
/* "50ms", "30s", "15m", "2h", "7d" or whole seconds; in milliseconds. */
MUST_CHECK enum status yaml_duration_ms(const struct yaml_node *node, const char *what,
                                        struct diag *diag, uint64_t *ret_ms);
/* "30%" or "0"…"100" (percent) → 0.0–1.0. */
MUST_CHECK enum status yaml_share(const struct yaml_node *node, const char *what,
                                  struct diag *diag, double *ret_share);
/* RFC 3339 ("2026-11-23T02:50:00Z", with offsets; a space for T) → Unix seconds. */
MUST_CHECK enum status yaml_time(const struct yaml_node *node, const char *what,
                                 struct diag *diag, int64_t *ret_unix_s);
/* The node must be of this kind. */
MUST_CHECK enum status yaml_expect(const struct yaml_node *node, enum yaml_kind kind,
                                   const char *what, struct diag *diag);
/* A scalar stands for a list of one: the first element, and ->next goes on (for a scalar,
 * the node itself; the caller must stop after `*ret_count` elements). A map counts as
 * one, too. */
const struct yaml_node *yaml_elements(const struct yaml_node *node, size_t *ret_count);
/* The candidate nearest to `word` (at most a third of its letters differ), or NULL: for
 * "did you mean". candidates ends with NULL. */
const char *yaml_nearest(const char *word, const char *const *candidates);

#endif
