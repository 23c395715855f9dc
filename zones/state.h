/* SPDX-License-Identifier: BSD-2-Clause */
/* The state folder: what must survive a restart. Every file is replaced whole, by fsync
 * and rename. serials.json          {zone: {serial, hash}} good/NAME/files       the last
 * good version of NAME (a zone, or "routing"): the paths that were read first, one a line
 *   good/NAME/tree/…      copies of all its files, at their absolute paths, so that their
 * includes still find each other health/WRITER.yaml    pushed documents, as received
 * ages.jsonl: since when verdicts hold */
#ifndef ZONES_STATE_H
#define ZONES_STATE_H
#include "dns/base/status.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { STATE_PATH_MAX = 4096 };

/* folder/a/b → buffer; false when it does not fit. Parts may be NULL from the right. */
bool state_path(char buffer[STATE_PATH_MAX], const char *folder, const char *a,
                const char *b);
/* Makes a folder and those above it (mode 0750). ERR_IO. */
MUST_CHECK enum status state_make_folder(const char *path);
/* Replaces a file whole: temporary file beside it, fsync, rename, fsync of the folder.
 * ERR_IO, ERR_NOMEM. */
MUST_CHECK enum status state_write(const char *path, const void *bytes, size_t len);
/* Reads a file of at most `max` bytes; the caller frees *ret_bytes (a NUL byte is added).
 * ERR_NOENT, ERR_IO, ERR_LIMIT. */
MUST_CHECK enum status state_read(const char *path, size_t max, char **ret_bytes,
                                  size_t *ret_len);

/* What routing is kept as. No zone is called so: its apex would be "routing.yaml" in
 * `zones`. */
extern const char state_routing[];

/* Keeps copies of all `files`; the first `top` of them are where reading starts. */
MUST_CHECK enum status state_keep_good(const char *state, const char *name,
                                       const char *const *files, size_t count,
                                       const char *const *top, size_t top_count);
/* The copies' paths to start reading from, and the folder that stands for `/`; ERR_NOENT:
 * nothing is kept. The caller frees them with state_good_done. */
struct state_good {
    char *root;
    char **top;
    size_t top_count;
};
MUST_CHECK enum status state_find_good(const char *state, const char *name,
                                       struct state_good *ret_good);
void state_good_done(struct state_good *good);
void state_forget_good(const char *state, const char *name);

/* A file name made of any text: every byte but letters, digits, '-', '_' and '.' (not
 * first) becomes %XX. */
void state_file_name(const char *text, char *buffer, size_t size);

#endif
