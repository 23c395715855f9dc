/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon's parts, as they know each other. All of them run on the control loop (one
 * thread); lanes and workers reach it only through daemon_wake. */
#ifndef TOOLS_MERIDIAND_DAEMON_H
#define TOOLS_MERIDIAND_DAEMON_H
#include "dns/base/status.h"
#include "tools/meridiand/config.h"
#include <pthread.h>
#include <stdbool.h>

struct event;
struct event_base;
struct http;
struct pending; /* http_reply.c */
struct server;
struct store;
struct watch;

struct daemon {
    struct event_base *loop;
    struct config *config; /* one reference */
    const char *config_path;
    bool has_port; /* -p: instead of every listen port */
    uint16_t port;
    uint8_t cookie_secret[COOKIE_SECRET_LEN]; /* where the configuration names none */
    const struct config *started_with; /* one reference: what cannot change since */
    bool config_refused;               /* as it is in the file now */
    struct stamps refused_files;       /* what that read: to be watched, too */
    struct store *store;
    struct server *server;
    struct http *http;
    struct watch *watch;
    struct event *wake;       /* made active by other threads */
    pthread_mutex_t mutex;    /* finished, paths_changed */
    struct pending *finished; /* replies whose work is done */
    bool paths_changed;
    int64_t started; /* Unix seconds */
};

/* Reads meridian.yaml again, and has the store look at everything. reread: also at what
 * looks unchanged. `reload` gives force, done and context; its config is found here. With
 * a broken meridian.yaml the old one holds for what else has changed, and `done` gets its
 * errors among the others. Warnings go to diag (may be NULL). */
struct store_reload;
struct diag;
MUST_CHECK enum status daemon_reload(struct daemon *daemon,
                                     const struct store_reload *reload,
                                     struct diag *diag);
/* Any thread: the control loop shall look at `finished` and `paths_changed`. */
void daemon_wake(struct daemon *daemon);

#endif
