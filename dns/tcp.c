/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/tcp.h"
#include "dns/base/log.h"
#include "dns/base/reader.h"
#include "dns/serve.h"
#include "dns/stats.h"
#include "dns/wire.h"
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    BACKLOG = 511,
    LENGTH_BYTES = 2,        /* RFC 1035 4.2.2 */
    OUTPUT_HIGH = 256 << 10, /* a reader this far behind is not read from any more */
    INPUT_HIGH = LENGTH_BYTES + DNS_MESSAGE_MAX,
    FAST_OPEN_QUEUE = 64,
    REPLY_ROOM = LENGTH_BYTES + DNS_MESSAGE_MAX
};

struct tcp {
    const struct tcp_worker *worker;
    struct event_base *loop;
    struct evconnlistener **listeners;
    struct event *stop;
    struct client *clients; /* all that are open */
    unsigned client_count;
    bool full; /* listeners are paused */
    struct serve serve;
    struct log_limit log_limit;
    uint8_t query[DNS_MESSAGE_MAX];
    uint8_t reply[REPLY_ROOM];
};

struct client {
    struct client *next, **link;
    struct tcp *tcp;
    struct bufferevent *stream;
    struct addr source;
    bool ended; /* it sends no more: close when all is written */
};

/* ---- sockets ---------------------------------------------------------------------- */

int
tcp_socket(const struct endpoint *endpoint)
{
    struct sockaddr_storage sa;
    const socklen_t len = endpoint_to_sockaddr(endpoint, &sa);
    const int one = 1, queue = FAST_OPEN_QUEUE;
    const int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN, &queue, sizeof(queue));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) == 0 &&
        (sa.ss_family != AF_INET6 ||
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) == 0) &&
        bind(fd, (const struct sockaddr *)&sa, len) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    const int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* ---- clients ---------------------------------------------------------------------- */

static void
pause_listeners(struct tcp *tcp, bool pause)
{
    if (tcp->full == pause)
        return;
    tcp->full = pause;
    for (size_t i = 0; i < tcp->worker->listener_count; i++) {
        if (pause)
            (void)evconnlistener_disable(tcp->listeners[i]);
        else
            (void)evconnlistener_enable(tcp->listeners[i]);
    }
}

static void
close_client(struct client *client)
{
    struct tcp *const tcp = client->tcp;

    *client->link = client->next;
    if (client->next)
        client->next->link = client->link;
    bufferevent_free(client->stream);
    free(client);
    tcp->client_count--;
    pause_listeners(tcp, false);
}

static void
begin_serving(struct tcp *tcp)
{
    struct timespec now;
    const struct answerer *const answerer = tcp->worker->answerer;

    reader_online();
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    tcp->serve.now_s = now.tv_sec;
    tcp->serve.snapshot = answerer->acquire(answerer->context);
    tcp->serve.settings = answerer->settings(tcp->serve.snapshot);
    stats_add(&tcp->serve.stats->batches);
}

/* Takes one whole message out of the input. 0: there is none yet; -1: the stream makes no
 * sense. */
static int
take_message(struct tcp *tcp, struct evbuffer *input, size_t *ret_len)
{
    uint8_t head[LENGTH_BYTES];

    if (evbuffer_copyout(input, head, LENGTH_BYTES) != LENGTH_BYTES)
        return 0;
    const size_t len = wire_get16(head);
    if (len == 0)
        return -1;
    if (evbuffer_get_length(input) < LENGTH_BYTES + len)
        return 0;
    (void)evbuffer_drain(input, LENGTH_BYTES);
    (void)evbuffer_remove(input, tcp->query, len);
    *ret_len = len;
    return 1;
}

/* Answers what is there, until the reader is too far behind. Replies gather in the output
 * and leave in one write. False: close. */
static bool
serve_client(struct client *client)
{
    struct tcp *const tcp = client->tcp;
    struct evbuffer *const input = bufferevent_get_input(client->stream);
    struct evbuffer *const output = bufferevent_get_output(client->stream);
    int taken = 0;
    size_t len;

    begin_serving(tcp);
    while (evbuffer_get_length(output) < OUTPUT_HIGH &&
           (taken = take_message(tcp, input, &len)) > 0) {
        const size_t reply_len =
            serve_message(&tcp->serve, tcp->query, len, &client->source, true,
                          tcp->reply + LENGTH_BYTES, DNS_MESSAGE_MAX);
        if (reply_len == 0)
            continue;
        wire_put16(tcp->reply, (unsigned)reply_len);
        (void)evbuffer_add(output, tcp->reply, LENGTH_BYTES + reply_len);
    }
    reader_offline();
    if (taken < 0 || evbuffer_get_length(output) >= OUTPUT_HIGH)
        (void)bufferevent_disable(client->stream, EV_READ);
    client->ended = client->ended || taken < 0;
    return taken >= 0 ||
           evbuffer_get_length(output) > 0; /* what came before is answered */
}

static void
on_read(struct bufferevent *stream, void *context)
{
    struct client *const client = context;

    (void)stream;
    if (!serve_client(client))
        close_client(client);
}

/* All is written: go on with what waited meanwhile, or end. */
static void
on_write(struct bufferevent *stream, void *context)
{
    struct client *const client = context;
    struct evbuffer *const output = bufferevent_get_output(stream);

    if (!serve_client(client) || (client->ended && evbuffer_get_length(output) == 0)) {
        close_client(client);
        return;
    }
    if (!client->ended && evbuffer_get_length(output) < OUTPUT_HIGH)
        (void)bufferevent_enable(stream, EV_READ);
}

static void
on_event(struct bufferevent *stream, short what, void *context)
{
    struct client *const client = context;
    const bool waits = evbuffer_get_length(bufferevent_get_output(stream)) > 0;

    if (waits && (what & BEV_EVENT_TIMEOUT) && (what & BEV_EVENT_READING))
        return; /* not idle: it reads still; on_write lets it ask again */
    if (!waits || !(what & BEV_EVENT_EOF)) {
        close_client(client); /* error, idle, or nothing left to say */
        return;
    }
    client->ended = true; /* half-closed: it still reads (RFC 7766 6.2.4) */
    (void)bufferevent_disable(stream, EV_READ);
}

/* As RFC 7828 3.1 tells it. */
static uint16_t
idle_100ms(unsigned idle_ms)
{
    const unsigned units = idle_ms / 100;

    return (uint16_t)(units < UINT16_MAX ? units : UINT16_MAX);
}

static bool
set_up_stream(struct client *client)
{
    const unsigned ms = client->tcp->worker->idle_ms;
    const struct timeval idle = { .tv_sec = ms / 1000,
                                  .tv_usec = (suseconds_t)(ms % 1000) * 1000 };

    bufferevent_setcb(client->stream, on_read, on_write, on_event, client);
    bufferevent_setwatermark(client->stream, EV_READ, LENGTH_BYTES, INPUT_HIGH);
    return bufferevent_set_timeouts(client->stream, &idle, &idle) == 0 &&
           bufferevent_enable(client->stream, EV_READ | EV_WRITE) == 0;
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from,
          int len, void *context)
{
    struct tcp *const tcp = context;
    struct client *const client = calloc(1, sizeof(*client));
    struct endpoint source;

    (void)listener;
    (void)len;
    if (client)
        client->stream = bufferevent_socket_new(tcp->loop, fd, BEV_OPT_CLOSE_ON_FREE);
    if (!client || !client->stream || endpoint_from_sockaddr(from, &source) != OK) {
        if (client && client->stream)
            bufferevent_free(client->stream);
        else
            close(fd);
        free(client);
        return;
    }
    client->tcp = tcp;
    client->source = source.addr;
    client->next = tcp->clients;
    client->link = &tcp->clients;
    if (client->next)
        client->next->link = &client->next;
    tcp->clients = client;
    stats_add(&tcp->serve.stats->tcp_connections);
    if (++tcp->client_count >= tcp->worker->clients_max)
        pause_listeners(tcp, true);
    if (!set_up_stream(client))
        close_client(client);
}

static void
on_accept_error(struct evconnlistener *listener, void *context)
{
    struct tcp *const tcp = context;

    (void)listener;
    log_limited(&tcp->log_limit, LOG_LEVEL_WARNING, "cannot accept a TCP connection: %s",
                errno_text(errno));
}

/* ---- the thread ------------------------------------------------------------------- */

static void
on_stop(evutil_socket_t fd, short what, void *context)
{
    struct tcp *const tcp = context;

    (void)fd;
    (void)what;
    event_base_loopexit(tcp->loop, NULL);
}

/* What the kernel has received is answered before the end: connections are accepted, then
 * read, then written. Who goes on asking does not hold the end up. */
static void
finish_received(struct tcp *tcp)
{
    enum { PASSES = 4 };

    for (unsigned i = 0; i < PASSES; i++)
        (void)event_base_loop(tcp->loop, EVLOOP_NONBLOCK);
}

static bool
open_loop(struct tcp *tcp)
{
    const struct tcp_worker *const worker = tcp->worker;
    const unsigned flags = LEV_OPT_CLOSE_ON_EXEC; /* the sockets are the server's */

    tcp->loop = event_base_new();
    tcp->listeners = calloc(worker->listener_count, sizeof(struct evconnlistener *));
    if (!tcp->loop || !tcp->listeners)
        return false;
    for (size_t i = 0; i < worker->listener_count; i++) {
        tcp->listeners[i] =
            evconnlistener_new(tcp->loop, on_accept, tcp, flags, 0, worker->listeners[i]);
        if (!tcp->listeners[i])
            return false;
        evconnlistener_set_error_cb(tcp->listeners[i], on_accept_error);
    }
    tcp->stop = event_new(tcp->loop, worker->stop_fd, EV_READ, on_stop, tcp);
    return tcp->stop && event_add(tcp->stop, NULL) == 0;
}

static void
close_loop(struct tcp *tcp)
{
    while (tcp->clients)
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): unlinks itself */
        close_client(tcp->clients);
    for (size_t i = 0; tcp->listeners && i < tcp->worker->listener_count; i++) {
        if (tcp->listeners[i])
            evconnlistener_free(tcp->listeners[i]);
    }
    free(tcp->listeners);
    if (tcp->stop)
        event_free(tcp->stop);
    if (tcp->loop)
        event_base_free(tcp->loop);
}

/* Whoever closes while we write would end the program. */
static void
block_sigpipe(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
}

void *
tcp_work(void *context)
{
    struct tcp *const tcp = calloc(1, sizeof(*tcp));

    if (!tcp) {
        log_line(LOG_LEVEL_ERROR, "a TCP worker has no memory to start with");
        return NULL;
    }
    block_sigpipe();
    tcp->worker = context;
    tcp->serve.answerer = tcp->worker->answerer;
    tcp->serve.stats = tcp->worker->stats;
    tcp->serve.idle_100ms = idle_100ms(tcp->worker->idle_ms);
    tcp->serve.random_state = (uint64_t)(uintptr_t)tcp | 1;
    reader_register();
    reader_offline(); /* online only while it serves */
    if (open_loop(tcp)) {
        event_base_dispatch(tcp->loop);
        finish_received(tcp);
    } else {
        log_line(LOG_LEVEL_ERROR, "a TCP worker cannot start: %s", errno_text(errno));
    }
    close_loop(tcp);
    reader_unregister();
    free(tcp);
    return NULL;
}
