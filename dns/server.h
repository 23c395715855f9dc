/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the sockets and the workers: per CPU a UDP thread and a TCP thread. */
#ifndef DNS_SERVER_H
#define DNS_SERVER_H
#include "dns/answer.h"
#include "dns/base/addr.h"
#include "dns/base/status.h"
#include <stddef.h>

enum { SERVER_LISTEN_MAX = 64 };

struct diag;
struct server;
struct stats;

struct server_options {
    const struct endpoint *listen; /* borrowed during server_new; port 0: any free one */
    size_t listen_count;           /* 1 to SERVER_LISTEN_MAX */
    unsigned workers;              /* UDP threads, and as many TCP threads; at least 1 */
    unsigned tcp_clients_max; /* connections in all; further ones wait in the queue */
    unsigned tcp_idle_ms;     /* RFC 7766 6.2.3 */
    const struct answerer *answerer; /* borrowed for the server's life */
};

/* Binds and listens (all of it needs privileges, none after it), starts nothing. Port 0:
 * UDP and TCP and all workers of that address share the one port found. ERR_LIMIT: too
 * many addresses. ERR_INVALID:
 * reported to diag ("cannot bind '127.0.0.1@53': …", with what holds it, where known). */
MUST_CHECK enum status server_new(const struct server_options *options, struct diag *diag,
                                  struct server **ret_server);
/* Starts the threads. */
MUST_CHECK enum status server_start(struct server *server);
/* Stops taking new work, finishes what was received, joins all threads. */
void server_stop(struct server *server);
void server_free(
    struct server *server); /* after server_stop, or never started; NULL is fine */
/* The bound endpoints, in the order of options->listen, with real ports. */
size_t server_endpoints(const struct server *server,
                        const struct endpoint **ret_endpoints);
/* Sums the counters of all workers into *ret_stats. Any thread. */
void server_stats(const struct server *server, struct stats *ret_stats);

#endif
