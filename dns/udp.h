/* SPDX-License-Identifier: BSD-2-Clause */
/* A UDP worker: one thread, its own SO_REUSEPORT socket for each address; batches in,
 * batches out. */
#ifndef DNS_UDP_H
#define DNS_UDP_H
#include "dns/answer.h"
#include "dns/base/addr.h"
#include "dns/base/status.h"
#include <stddef.h>

struct rrl;
struct stats;

enum { UDP_SOCKETS_MAX = 64 };

struct udp_worker {
    const int *sockets;  /* [socket_count], owned by the server */
    size_t socket_count; /* 1 to UDP_SOCKETS_MAX */
    int stop_fd;         /* readable: end */
    const struct answerer *answerer;
    struct stats *stats; /* this worker's own */
    struct rrl *rrl;     /* all workers'; NULL: no limit */
};

/* A bound socket for one worker. `endpoint` may have port 0; ask udp_port. Returns -1
 * with errno. */
int udp_socket(const struct endpoint *endpoint);
/* The thread's function; context: its struct udp_worker. Returns NULL. */
void *udp_work(void *context);

#endif
