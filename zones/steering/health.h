/* SPDX-License-Identifier: BSD-2-Clause */
/* Health: documents as pushed or read (immutable), and the view that holds at one moment:
 * what is said of each server, by whom, for whom. FORMATS "health.d" and DESIGN
 * "Steering" are the rules. */
#ifndef ZONES_STEERING_HEALTH_H
#define ZONES_STEERING_HEALTH_H
#include "dns/base/diag.h"
#include "dns/base/status.h"
#include "geoip/words.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct routing;
struct yaml;

/* From best to worst. */
enum health_state {
    HEALTH_UP,
    HEALTH_DEGRADED,
    HEALTH_DRAIN,
    HEALTH_DOWN,
    HEALTH_BLOCKED,
    HEALTH_STATES
};
enum health_source { HEALTH_OPERATOR, HEALTH_MONITOR, HEALTH_REPORTS };
enum { HEALTH_FUTURE_MAX_S = 60, HEALTH_FRESH_S = 3600, HEALTH_LINGER_S = 3600 };

const char *health_state_name(enum health_state state);
const char *health_source_name(enum health_source source);
/* ERR_FORMAT. */
MUST_CHECK enum status health_state_parse(const char *text, enum health_state *ret_state);

/* ---- documents -------------------------------------------------------------------- */

struct health_document; /* immutable; reference-counted with atomic counts */

/* Reads an open YAML (or JSON) document. `need_end`: an automatic document in YAML must
 * be closed by `...`. Regions in scopes are resolved with routing (may be NULL: then a
 * region is an error). All errors go to diag, then ERR_INVALID. Unknown servers are not
 * errors (see health_unknown). */
MUST_CHECK enum status health_document_read(struct yaml *yaml,
                                            const struct routing *routing, bool need_end,
                                            struct diag *diag,
                                            struct health_document **ret_document);
void health_document_hold(struct health_document *document);
void health_document_drop(struct health_document *document); /* NULL is fine */
const char *health_document_writer(const struct health_document *document);
/* Where the writer is written; without the file. */
struct diag_at health_document_writer_at(const struct health_document *document);
enum health_source health_document_source(const struct health_document *document);
int64_t health_document_generated(
    const struct health_document *document); /* 0: none (operator) */
int64_t health_document_ttl(const struct health_document *document); /* seconds */
const struct place_word *health_document_vantage(const struct health_document *document,
                                                 size_t *ret_count);
/* Everything it says, one entry a (server or pool, service, scope); for checks of tokens
 * and for `unknown`. */
struct health_entry {
    const char *server;      /* NULL: an entry of a pool */
    const char *pool;        /* NULL: an entry of a server */
    const char *service;     /* NULL: all services */
    struct place_word scope; /* global: everywhere (or by the vantage's rules) */
    enum health_state state;
    double factor;      /* degraded: weight times this */
    const char *reason; /* "" where none is given */
    int64_t until;      /* Unix seconds; 0: open */
    struct diag_at at;
};
const struct health_entry *health_document_entries(const struct health_document *document,
                                                   size_t *ret_count);

/* ---- the view --------------------------------------------------------------------- */

struct health_view; /* immutable; reference-counted with atomic counts */

/* An entry as it holds now. Strings live as long as the view. */
struct health_verdict {
    struct health_entry entry;
    enum health_source source;
    const char *writer;              /* "votes" for what vantages agreed on */
    int64_t since;                   /* Unix seconds of the last change of this state */
    int64_t lapses;                  /* Unix seconds when it ends by itself; 0: never */
    bool stale;                      /* beyond ttl, held */
    const struct place_word *except; /* votes: not for clients within these */
    size_t except_count;
};

struct health_options {
    int64_t now;                   /* Unix seconds */
    int64_t hold_s;                /* how long a stale automatic document still counts */
    const struct routing *routing; /* pools' members; may be NULL */
};

/* Combines documents (borrowed; the view holds what it needs). previous (may be NULL)
 * gives the ages of states that did not change, and lingering mentions. ERR_NOMEM. */
MUST_CHECK enum status health_view_new(struct health_document *const *documents,
                                       size_t count, const struct health_options *options,
                                       const struct health_view *previous,
                                       struct health_view **ret_view);
void health_view_hold(struct health_view *view);
void health_view_drop(struct health_view *view);
/* When something lapses, ends, or grows older than HEALTH_FRESH_S by itself: Unix
 * seconds; 0: never. */
int64_t health_view_next_change(const struct health_view *view);
/* All verdicts, sorted by server, scope, service. */
const struct health_verdict *health_view_verdicts(const struct health_view *view,
                                                  size_t *ret_count);
/* The ages of states as JSON lines, and back: they survive restarts. `previous` for the
 * first view can be made from it. Paths in the state folder; written by rename. */
MUST_CHECK enum status health_view_save(const struct health_view *view, const char *path);
MUST_CHECK enum status health_view_restore(const char *path,
                                           struct health_view **ret_view);

/* What health says of one server for one client and service. */
struct health_opinion {
    enum health_state state;
    double factor; /* 1, or of `degraded` */
    bool recent; /* an automatic verdict of drain, down or blocked, younger than an hour,
                    made it so */
    const struct health_verdict *decided; /* NULL: nobody said anything */
};
/* covering: the words among the mentioned ones that hold the client; global is implied.
 * pool: NULL, or the pool through which the server is asked for. */
struct health_opinion health_view_judge(const struct health_view *view,
                                        const char *server, const char *service,
                                        const char *pool,
                                        const struct place_word *const *covering,
                                        size_t covering_count);
/* The words (never global) that verdicts, exceptions, vantages or lingering mentions name
 * for this server, directly or through one of its pools; sorted, each once. Valid as long
 * as the view. */
const struct place_word *const *health_view_words(const struct health_view *view,
                                                  const char *server, size_t *ret_count);
/* Servers (names) of which the two views say different things, or name different words:
 * sorted, NULL at the end; the caller frees the array, the names live in the views. */
MUST_CHECK enum status health_view_changes(const struct health_view *before,
                                           const struct health_view *after,
                                           const char ***ret_servers);

#endif
