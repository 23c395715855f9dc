/* SPDX-License-Identifier: BSD-2-Clause */
/* A TCP worker: one thread, libevent, its own SO_REUSEPORT listeners (RFC 7766, RFC
 * 9210). */
#ifndef DNS_TCP_H
#define DNS_TCP_H
#include "dns/answer.h"
#include "dns/base/addr.h"
#include "dns/base/status.h"
#include <stddef.h>

struct stats;

struct tcp_worker {
    const int *listeners; /* [listener_count], owned by the server */
    size_t listener_count;
    int stop_fd;          /* readable: end */
    unsigned clients_max; /* connections of this worker; further ones wait in the queue */
    unsigned idle_ms;
    const struct answerer *answerer;
    struct stats *stats; /* this worker's own */
};

/* A listening socket for one worker. Returns -1 with errno. */
int tcp_socket(const struct endpoint *endpoint);
/* The thread's function; context: its struct tcp_worker. Returns NULL. */
void *tcp_work(void *context);

#endif
