/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters: each worker owns one struct stats and alone writes it; readers sum them.
 * Values are eventually exact: plain 64-bit loads and stores, no locked instruction
 * (relaxed atomics). */
#ifndef DNS_STATS_H
#define DNS_STATS_H
#include <stddef.h>
#include <stdint.h>

enum {
    STATS_TYPES = 24,       /* known query types and "other" */
    STATS_RCODES = 24,      /* above BADCOOKIE */
    STATS_ZONES_MAX = 1024, /* slot 0: no zone, or one past the last slot */
};
enum stats_proto { STATS_UDP, STATS_TCP, STATS_PROTOS };
enum stats_drop { STATS_DROP_SHORT, STATS_DROP_RESPONSE, STATS_DROP_SOCKET, STATS_DROPS };

struct stats {
    uint64_t requests[STATS_PROTOS][2][STATS_TYPES]; /* [1]: IPv6 */
    uint64_t responses[STATS_ZONES_MAX][STATS_RCODES];
    uint64_t drops[STATS_DROPS];
    uint64_t kinds[8]; /* by enum answer_kind */
    uint64_t truncated;
    uint64_t ecs;        /* queries with ECS of a source length over 0 */
    uint64_t cookies[2]; /* queries with a cookie: valid, and others */
    uint64_t limited[2]; /* replies over the rate limit: sent with TC, and not sent */
    uint64_t tcp_connections;
    uint64_t batches; /* heartbeat: moves whenever the worker does */
};

/* Slot of a query type in requests[][][], and its name ("A", …, "other"). Inline: of the
 * types that nearly all queries have. */
size_t stats_any_type_slot(uint16_t type);
static inline size_t
stats_type_slot(uint16_t type)
{
    enum { A = 1, A_SLOT = 1, AAAA = 28, AAAA_SLOT = 2 };

    if (type == A)
        return A_SLOT;
    return type == AAAA ? AAAA_SLOT : stats_any_type_slot(type);
}
const char *stats_type_name(size_t slot);
/* "NOERROR" … ; NULL for slots without a name. */
const char *stats_rcode_name(size_t rcode);
const char *stats_drop_name(enum stats_drop drop);
/* Adds one, by the owner; others may read it at any time. */
static inline void
stats_add(uint64_t *counter)
{
    __atomic_store_n(counter, *counter + 1, __ATOMIC_RELAXED);
}

/* Adds all of `from` (another thread's) into `sum` (the reader's own). */
void stats_sum(struct stats *sum, const struct stats *from);

#endif
