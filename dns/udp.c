/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/udp.h"
#include "dns/base/log.h"
#include "dns/base/reader.h"
#include "dns/serve.h"
#include "dns/stats.h"
#include <errno.h>
#include <netinet/ip.h>
#include <poll.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    BATCH = 32,
    QUERY_SIZE = 4096, /* a longer query is no query */
    REPLY_SIZE = 4096, /* at least settings->udp_size_max */
    RECEIVE_BUFFER = 4 << 20,
    REPLY_SMALL = 512,
    ROUNDS_MAX = 64 /* batches of one socket before the others are looked at */
};

/* Room for the address that a query was sent to (IP_PKTINFO, RFC 3542 6). */
struct control {
    alignas(8) uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

struct udp {
    const struct udp_worker *worker;
    struct serve serve;
    struct log_limit log_limit;
    struct mmsghdr in[BATCH];
    struct mmsghdr out[BATCH];
    struct iovec in_iov[BATCH];
    struct iovec out_iov[BATCH];
    struct sockaddr_storage from[BATCH];
    struct control control[BATCH];
    uint8_t queries[BATCH][QUERY_SIZE];
    uint8_t replies[BATCH][REPLY_SIZE];
    uint8_t index[BATCH]; /* of the query that out[i] answers */
};

/* ---- sockets ---------------------------------------------------------------------- */

static bool
is_wildcard(const struct endpoint *endpoint)
{
    static const uint8_t zero[16];

    return memcmp(endpoint->addr.bytes, zero, addr_len(&endpoint->addr)) == 0;
}

static int
set(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value));
}

/* Replies are never fragmented by us: a router's word about the path is not believed
 * either (RFC 9715). */
static int
set_options(int fd, const struct endpoint *endpoint)
{
    const bool v6 = endpoint->addr.family == ADDR_V6;

    (void)set(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER);
    if (set(fd, SOL_SOCKET, SO_REUSEPORT, 1) != 0)
        return -1;
    if (v6 && set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) != 0)
        return -1;
    if (v6) {
        (void)set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
        (void)set(fd, IPPROTO_IPV6, IPV6_DONTFRAG, 1);
    } else {
        (void)set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
    }
    if (!is_wildcard(endpoint))
        return 0;
    return v6 ? set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
              : set(fd, IPPROTO_IP, IP_PKTINFO, 1);
}

int
udp_socket(const struct endpoint *endpoint)
{
    struct sockaddr_storage sa;
    const socklen_t len = endpoint_to_sockaddr(endpoint, &sa);
    const int fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -1;
    if (set_options(fd, endpoint) == 0 &&
        bind(fd, (const struct sockaddr *)&sa, len) == 0)
        return fd;
    const int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* ---- batches ---------------------------------------------------------------------- */

static void
prepare(struct udp *udp)
{
    for (size_t i = 0; i < BATCH; i++) {
        udp->in_iov[i] = (struct iovec){ udp->queries[i], QUERY_SIZE };
        udp->out_iov[i] = (struct iovec){ udp->replies[i], 0 };
        udp->in[i].msg_hdr = (struct msghdr){ .msg_name = &udp->from[i],
                                              .msg_iov = &udp->in_iov[i],
                                              .msg_iovlen = 1,
                                              .msg_control = &udp->control[i] };
        udp->out[i].msg_hdr =
            (struct msghdr){ .msg_iov = &udp->out_iov[i], .msg_iovlen = 1 };
    }
}

/* What recvmmsg overwrote. */
static void
rearm(struct udp *udp, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        udp->in[i].msg_hdr.msg_namelen = sizeof(udp->from[i]);
        udp->in[i].msg_hdr.msg_controllen = sizeof(udp->control[i]);
    }
}

static inline void
source_of(const struct sockaddr_storage *from, struct addr *ret_addr)
{
    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *const sa =
            (const struct sockaddr_in *)(const void *)from;
        ret_addr->family = ADDR_V4;
        memset(ret_addr->bytes, 0, sizeof(ret_addr->bytes));
        memcpy(ret_addr->bytes, &sa->sin_addr, sizeof(sa->sin_addr));
    } else {
        const struct sockaddr_in6 *const sa =
            (const struct sockaddr_in6 *)(const void *)from;
        ret_addr->family = ADDR_V6;
        memcpy(ret_addr->bytes, &sa->sin6_addr, sizeof(ret_addr->bytes));
    }
}

/* Answers query number i of the batch; false: silence. */
static bool
answer_one(struct udp *udp, size_t i, size_t slot)
{
    const struct msghdr *const in = &udp->in[i].msg_hdr;
    struct addr source;

    source_of(&udp->from[i], &source);
    const size_t len = serve_message(&udp->serve, udp->queries[i], udp->in[i].msg_len,
                                     &source, false, udp->replies[slot], REPLY_SIZE);
    if (len == 0)
        return false;
    struct msghdr *const out = &udp->out[slot].msg_hdr;
    udp->out_iov[slot].iov_len = len;
    out->msg_name = in->msg_name;
    out->msg_namelen = in->msg_namelen;
    /* The reply leaves from where the query came to: the same control message, or none.
     */
    out->msg_control = in->msg_controllen ? in->msg_control : NULL;
    out->msg_controllen = in->msg_controllen;
    udp->index[slot] = (uint8_t)i;
    return true;
}

/* A path with a smaller MTU: this one reply again, small, with TC where that cuts it. */
static void
send_small(struct udp *udp, int fd, size_t slot)
{
    const size_t i = udp->index[slot];
    struct addr source;

    source_of(&udp->from[i], &source);
    const size_t len = serve_message(&udp->serve, udp->queries[i], udp->in[i].msg_len,
                                     &source, false, udp->replies[slot], REPLY_SMALL);
    udp->out_iov[slot].iov_len = len;
    if (len > 0 && sendmsg(fd, &udp->out[slot].msg_hdr, 0) < 0)
        stats_add(&udp->serve.stats->drops[STATS_DROP_SOCKET]);
}

/* Sends all; one that fails costs no other. */
static void
send_batch(struct udp *udp, int fd, unsigned count)
{
    for (unsigned done = 0; done < count;) {
        const int sent = sendmmsg(fd, udp->out + done, count - done, 0);
        if (sent > 0) {
            done += (unsigned)sent;
            continue;
        }
        if (errno == EINTR)
            continue;
        if (errno == EMSGSIZE) {
            send_small(udp, fd, done);
        } else {
            stats_add(&udp->serve.stats->drops[STATS_DROP_SOCKET]);
            log_limited(&udp->log_limit, LOG_LEVEL_WARNING, "cannot send a reply: %s",
                        errno_text(errno));
        }
        done++;
    }
}

static void
begin_batch(struct udp *udp)
{
    struct timespec now;
    const struct answerer *const answerer = udp->worker->answerer;

    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    udp->serve.now_s = now.tv_sec;
    udp->serve.ticks = rrl_ticks(&now);
    udp->serve.snapshot = answerer->acquire(answerer->context);
    udp->serve.settings = answerer->settings(udp->serve.snapshot);
    stats_add(&udp->serve.stats->batches);
}

/* One batch of one socket. False: nothing was there. */
static bool
serve_batch(struct udp *udp, int fd)
{
    const int received = recvmmsg(fd, udp->in, BATCH, MSG_DONTWAIT, NULL);
    unsigned replies = 0;

    if (received <= 0) {
        if (received < 0 && errno != EAGAIN && errno != EINTR)
            log_limited(&udp->log_limit, LOG_LEVEL_WARNING, "cannot receive: %s",
                        errno_text(errno));
        return false;
    }
    begin_batch(udp);
    for (size_t i = 0; i < (size_t)received; i++)
        replies += answer_one(udp, i, replies);
    if (replies > 0)
        send_batch(udp, fd, replies);
    rearm(udp, (size_t)received);
    reader_quiescent();
    return true;
}

static void
serve_ready(struct udp *udp, const struct pollfd *fds)
{
    for (size_t i = 0; i < udp->worker->socket_count; i++) {
        if (fds[i].revents == 0)
            continue;
        for (unsigned round = 0; round < ROUNDS_MAX; round++) {
            if (!serve_batch(udp, fds[i].fd))
                break;
        }
    }
}

/* Waits offline, so that nobody who publishes waits for us. False: stop. */
static bool
wait_for_work(const struct udp *udp, struct pollfd *fds)
{
    const size_t count = udp->worker->socket_count;

    reader_offline();
    const int ready = poll(fds, count + 1, -1);
    reader_online();
    return ready < 0 || fds[count].revents == 0;
}

void *
udp_work(void *context)
{
    const struct udp_worker *const worker = context;
    struct udp *const udp = calloc(1, sizeof(*udp));
    struct pollfd fds[UDP_SOCKETS_MAX + 1];
    const size_t count = worker->socket_count;

    if (!udp) {
        log_line(LOG_LEVEL_ERROR, "a UDP worker has no memory to start with");
        return NULL;
    }
    udp->worker = worker;
    udp->serve.answerer = worker->answerer;
    udp->serve.stats = worker->stats;
    udp->serve.rrl = worker->rrl;
    udp->serve.random_state = (uint64_t)(uintptr_t)udp | 1;
    prepare(udp);
    rearm(udp, BATCH);
    /* cppcheck-suppress knownConditionTrueFalse ; there is at least one socket */
    for (size_t i = 0; i < count; i++)
        fds[i] = (struct pollfd){ .fd = worker->sockets[i], .events = POLLIN };
    fds[count] = (struct pollfd){ .fd = worker->stop_fd, .events = POLLIN };
    reader_register();
    while (wait_for_work(udp, fds))
        serve_ready(udp, fds);
    serve_ready(udp, fds); /* what came before the end is answered */
    reader_unregister();
    free(udp);
    return NULL;
}
