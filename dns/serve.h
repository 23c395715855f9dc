/* SPDX-License-Identifier: BSD-2-Clause */
/* The whole path of one message: bytes in, bytes out. UDP, TCP, and later AF_XDP join
 * here. */
#ifndef DNS_SERVE_H
#define DNS_SERVE_H
#include "dns/answer.h"
#include <stddef.h>
#include <stdint.h>

struct rrl;
struct stats;

/* What is the same for a whole batch. */
struct serve {
    const struct answerer *answerer;
    const void *snapshot;
    const struct serve_settings *settings;
    struct stats *stats;
    struct rrl *rrl;       /* shared by all workers; NULL: no limit */
    int64_t now_s;         /* Unix time */
    uint32_t ticks;        /* the same for rrl (rrl_ticks) */
    uint16_t idle_100ms;   /* told to TCP clients that ask (RFC 7828) */
    uint64_t random_state; /* of the worker's xorshift generator; not 0 */
    struct query query;    /* working room, so that the stack stays small */
    struct answer answer;
};

/* Answers `message` from `source`. Writes at most `room` bytes (UDP: the smaller of it,
 * the client's EDNS size and settings->udp_size_max counts; TCP: room) to `reply`, which
 * may not overlap it. Returns the reply's length, or 0 for silence: fewer than 12 bytes,
 * or QR set. */
size_t serve_message(struct serve *serve, const uint8_t *message, size_t message_len,
                     const struct addr *source, bool tcp, uint8_t *reply, size_t room);

#endif
