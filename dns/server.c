/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/server.h"
#include "dns/base/diag.h"
#include "dns/rrl.h"
#include "dns/stats.h"
#include "dns/tcp.h"
#include "dns/udp.h"
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { PORT_TRIES = 16, DNS_PORT = 53, THREAD_NAME_SIZE = 16 };

_Static_assert((int)SERVER_LISTEN_MAX == (int)UDP_SOCKETS_MAX, "one limit");

/* One CPU's threads. */
struct server_worker {
    struct udp_worker udp;
    struct tcp_worker tcp;
    pthread_t udp_thread, tcp_thread;
    bool udp_runs, tcp_runs;
    int *udp_sockets, *tcp_sockets; /* [endpoint_count] */
    struct stats *stats;            /* [2]: UDP, TCP */
};

struct server {
    struct endpoint *endpoints;
    size_t endpoint_count;
    struct server_worker *workers;
    unsigned worker_count;
    int stop_fd;
    struct rrl *rrl;
};

/* ---- binding ---------------------------------------------------------------------- */

static void
close_all(int *sockets, size_t count)
{
    for (size_t i = 0; sockets && i < count; i++) {
        if (sockets[i] >= 0)
            close(sockets[i]);
        sockets[i] = -1;
    }
}

static uint16_t
port_of(int fd)
{
    struct sockaddr_storage sa;
    socklen_t len = sizeof(sa);
    struct endpoint endpoint;

    if (getsockname(fd, (struct sockaddr *)&sa, &len) != 0 ||
        endpoint_from_sockaddr((const struct sockaddr *)&sa, &endpoint) != OK)
        return 0;
    return endpoint.port;
}

/* All workers' sockets of one address; port 0 is settled by the first. False with errno.
 */
static bool
bind_endpoint(struct server *server, size_t index)
{
    struct endpoint *const endpoint = &server->endpoints[index];

    for (unsigned w = 0; w < server->worker_count; w++) {
        struct server_worker *const worker = &server->workers[w];
        worker->udp_sockets[index] = udp_socket(endpoint);
        if (worker->udp_sockets[index] < 0)
            return false;
        if (endpoint->port == 0)
            endpoint->port = port_of(worker->udp_sockets[index]);
        worker->tcp_sockets[index] = tcp_socket(endpoint);
        if (worker->tcp_sockets[index] < 0)
            return false;
    }
    return true;
}

static void
unbind_endpoint(struct server *server, size_t index)
{
    for (unsigned w = 0; w < server->worker_count; w++) {
        close_all(&server->workers[w].udp_sockets[index], 1);
        close_all(&server->workers[w].tcp_sockets[index], 1);
    }
}

static enum status
report_bind(const struct endpoint *endpoint, struct diag *diag)
{
    char text[ENDPOINT_TEXT_SIZE];
    const int error = errno;
    const char *cure = "";

    if (error == EADDRINUSE && endpoint->port == DNS_PORT)
        cure = " (if it is systemd-resolved, which holds 127.0.0.53: list the addresses "
               "under `listen`, or set DNSStubListener=no in resolved.conf)";
    else if (error == EADDRINUSE)
        cure = " (another program, or another meridiand, listens there)";
    else if (error == EACCES)
        cure = " (ports below 1024 need root or CAP_NET_BIND_SERVICE)";
    diag_error(diag, (struct diag_at){ 0 }, "cannot bind '%s': %s%s",
               endpoint_text(endpoint, text), errno_text(error), cure);
    return ERR_INVALID;
}

static enum status
bind_address(struct server *server, size_t index, struct diag *diag)
{
    struct endpoint *const endpoint = &server->endpoints[index];
    const bool any_port = endpoint->port == 0;

    /* A free UDP port may be taken for TCP: then another. */
    for (unsigned i = 0; i < PORT_TRIES; i++) {
        if (bind_endpoint(server, index))
            return OK;
        const int error = errno;
        unbind_endpoint(server, index);
        errno = error;
        if (!any_port || error != EADDRINUSE)
            break;
        endpoint->port = 0;
    }
    return report_bind(endpoint, diag);
}

/* SO_REUSEPORT lets a second server of the same user join in; somebody else's is refused
 * by the kernel. Ask before we share. */
static bool
is_taken(const struct endpoint *endpoint)
{
    struct sockaddr_storage sa;
    const socklen_t len = endpoint_to_sockaddr(endpoint, &sa);
    const int one = 1;
    const int fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || endpoint->port == 0) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    if (sa.ss_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
    const bool taken =
        bind(fd, (const struct sockaddr *)&sa, len) != 0 && errno == EADDRINUSE;
    close(fd);
    errno = EADDRINUSE;
    return taken;
}

/* ---- life ------------------------------------------------------------------------- */

static bool
allocate_worker(struct server_worker *worker, size_t endpoint_count)
{
    worker->udp_sockets = malloc(endpoint_count * sizeof(int));
    worker->tcp_sockets = malloc(endpoint_count * sizeof(int));
    worker->stats = calloc(2, sizeof(*worker->stats));
    for (size_t i = 0; i < endpoint_count;
         i++) { /* also where it failed: they are closed */
        if (worker->udp_sockets)
            worker->udp_sockets[i] = -1;
        if (worker->tcp_sockets)
            worker->tcp_sockets[i] = -1;
    }
    return worker->udp_sockets && worker->tcp_sockets && worker->stats;
}

static struct server *
allocate(const struct server_options *options)
{
    struct server *const server = calloc(1, sizeof(*server));

    if (!server)
        return NULL;
    server->stop_fd = eventfd(0, EFD_CLOEXEC);
    server->endpoint_count = options->listen_count;
    server->endpoints = calloc(options->listen_count, sizeof(*server->endpoints));
    server->workers = calloc(options->workers, sizeof(*server->workers));
    server->rrl = rrl_new();
    bool fine =
        server->stop_fd >= 0 && server->endpoints && server->workers && server->rrl;
    for (unsigned i = 0; fine && i < options->workers; i++) {
        server->worker_count = i + 1;
        fine = allocate_worker(&server->workers[i], options->listen_count);
    }
    if (!fine) {
        server_free(server);
        return NULL;
    }
    memcpy(server->endpoints, options->listen,
           options->listen_count * sizeof(*server->endpoints));
    return server;
}

static void
describe_workers(struct server *server, const struct server_options *options)
{
    unsigned clients = options->tcp_clients_max / server->worker_count;

    if (clients == 0)
        clients = 1;
    for (unsigned i = 0; i < server->worker_count; i++) {
        struct server_worker *const worker = &server->workers[i];
        worker->udp = (struct udp_worker){ .sockets = worker->udp_sockets,
                                           .socket_count = server->endpoint_count,
                                           .stop_fd = server->stop_fd,
                                           .answerer = options->answerer,
                                           .stats = &worker->stats[STATS_UDP],
                                           .rrl = server->rrl };
        worker->tcp = (struct tcp_worker){ .listeners = worker->tcp_sockets,
                                           .listener_count = server->endpoint_count,
                                           .stop_fd = server->stop_fd,
                                           .clients_max = clients,
                                           .idle_ms = options->tcp_idle_ms,
                                           .answerer = options->answerer,
                                           .stats = &worker->stats[STATS_TCP] };
    }
}

enum status
server_new(const struct server_options *options, struct diag *diag,
           struct server **ret_server)
{
    if (options->listen_count > SERVER_LISTEN_MAX)
        return ERR_LIMIT;
    struct server *const server = allocate(options);
    enum status status = OK;

    if (!server)
        return ERR_NOMEM;
    for (size_t i = 0; i < server->endpoint_count; i++) {
        const enum status one = is_taken(&server->endpoints[i])
                                    ? report_bind(&server->endpoints[i], diag)
                                    : bind_address(server, i, diag);
        if (one != OK)
            status = one;
    }
    if (status != OK) {
        server_free(server);
        return status;
    }
    describe_workers(server, options);
    *ret_server = server;
    return OK;
}

static bool
start_thread(pthread_t *thread, void *(*work)(void *), void *context, const char *kind,
             unsigned number)
{
    char name[THREAD_NAME_SIZE];

    if (pthread_create(thread, NULL, work, context) != 0)
        return false;
    (void)snprintf(name, sizeof(name), "%s-%u", kind, number);
    (void)pthread_setname_np(*thread, name);
    return true;
}

enum status
server_start(struct server *server)
{
    for (unsigned i = 0; i < server->worker_count; i++) {
        struct server_worker *const worker = &server->workers[i];
        worker->udp_runs =
            start_thread(&worker->udp_thread, udp_work, &worker->udp, "udp", i);
        worker->tcp_runs =
            start_thread(&worker->tcp_thread, tcp_work, &worker->tcp, "tcp", i);
        if (!worker->udp_runs || !worker->tcp_runs) {
            server_stop(server);
            return ERR_IO;
        }
    }
    return OK;
}

void
server_stop(struct server *server)
{
    const uint64_t one = 1;

    (void)!write(server->stop_fd, &one, sizeof(one));
    for (unsigned i = 0; i < server->worker_count; i++) {
        struct server_worker *const worker = &server->workers[i];
        if (worker->udp_runs)
            pthread_join(worker->udp_thread, NULL);
        if (worker->tcp_runs)
            pthread_join(worker->tcp_thread, NULL);
        worker->udp_runs = worker->tcp_runs = false;
    }
}

void
server_free(struct server *server)
{
    if (!server)
        return;
    for (unsigned i = 0; i < server->worker_count; i++) {
        struct server_worker *const worker = &server->workers[i];
        close_all(worker->udp_sockets, server->endpoint_count);
        close_all(worker->tcp_sockets, server->endpoint_count);
        free(worker->udp_sockets);
        free(worker->tcp_sockets);
        free(worker->stats);
    }
    if (server->stop_fd >= 0)
        close(server->stop_fd);
    rrl_free(server->rrl);
    free(server->workers);
    free(server->endpoints);
    free(server);
}

size_t
server_endpoints(const struct server *server, const struct endpoint **ret_endpoints)
{
    *ret_endpoints = server->endpoints;
    return server->endpoint_count;
}

void
server_stats(const struct server *server, struct stats *ret_stats)
{
    memset(ret_stats, 0, sizeof(*ret_stats));
    for (unsigned i = 0; i < server->worker_count; i++) {
        stats_sum(ret_stats, &server->workers[i].stats[STATS_UDP]);
        stats_sum(ret_stats, &server->workers[i].stats[STATS_TCP]);
    }
}
