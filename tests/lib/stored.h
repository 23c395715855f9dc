/* SPDX-License-Identifier: BSD-2-Clause */
/* A whole configuration in a folder of its own, loaded by the store: what the server does
 * but for meridian.yaml, sockets and (unless started) threads. Aborts on errors of the
 * system. */
#ifndef TESTS_LIB_STORED_H
#define TESTS_LIB_STORED_H
#include "zones/store.h"

enum { STORED_PATH_MAX = 256 };

struct stored {
    char folder[STORED_PATH_MAX]; /* zones/, routing.yaml, health.d/ are in it */
    char zones[STORED_PATH_MAX], routing[STORED_PATH_MAX], health[STORED_PATH_MAX];
    const char *zone_folders[1], *routings[1];
    struct store_config config;
    struct store *store; /* NULL: not loaded */
};

/* Makes the folder and an empty routing.yaml. */
void stored_init(struct stored *stored);
/* A file below the folder ("zones/example.yaml"). */
void stored_write(struct stored *stored, const char *path, const void *bytes, size_t len);
void stored_write_text(struct stored *stored, const char *path, const char *text);
/* A new store, loaded dry in this thread; the one before is freed. All messages to diag.
 */
enum status stored_load(struct stored *stored, struct diag *diag);
/* The same with its threads, into an empty state. store_stop before stored_done. */
void stored_start(struct stored *stored);
/* Forgets the store and the folder. */
void stored_done(struct stored *stored);

/* The answer to a question as render has it. The caller frees it. */
char *stored_ask(const struct stored *stored, const char *name, uint16_t type);

#endif
