/* SPDX-License-Identifier: BSD-2-Clause */
/* Response rate limiting: a flood with forged sources must not make this server shout at
 * whoever they belong to. What counts is a client net, a zone and a kind of answer: so
 * many replies a second, and a second's worth at once. Of further ones every `slip`th is
 * sent empty with TC, so that a true client can come by TCP. TCP and valid cookies are
 * not limited.
 *
 * One table of fixed size for all workers, without locks: a slot is one word, and where
 * two workers meet one of them may count a reply too few. */
#ifndef DNS_RRL_H
#define DNS_RRL_H
#include "dns/base/addr.h"
#include <stdint.h>
#include <time.h>

enum {
    RRL_RATE_MAX = 65536,
    RRL_SLIP_MAX = 10,
    RRL_EXEMPT_MAX = 64,
    RRL_TICKS_A_SECOND = 65536,
    RRL_DEFAULT_SLIP = 2,
    RRL_DEFAULT_V4 = 24,
    RRL_DEFAULT_V6 = 56
};

struct rrl_settings {
    uint32_t rate;          /* replies a second; 0: no limit */
    uint8_t slip;           /* every nth limited reply goes out with TC; 0: none does */
    uint8_t v4_len, v6_len; /* how much of an address is a client net */
    const struct prefix *exempt; /* [exempt_count], borrowed */
    size_t exempt_count;
};

enum rrl_verdict { RRL_SEND, RRL_SLIP, RRL_DROP };

struct rrl;

/* NULL when out of memory or without random bytes. */
struct rrl *rrl_new(void);
void rrl_free(struct rrl *rrl); /* NULL is fine; no worker uses it any more */

/* Time as rrl_judge wants it; wraps. */
static inline uint32_t
rrl_ticks(const struct timespec *now)
{
    enum { NS_A_TICK = 1000000000 / RRL_TICKS_A_SECOND };

    return (uint32_t)now->tv_sec * RRL_TICKS_A_SECOND +
           (uint32_t)(now->tv_nsec / NS_A_TICK);
}

struct rrl_reply {
    const struct addr *source;
    uint16_t zone;   /* slot */
    uint8_t kind;    /* enum answer_kind */
    uint32_t ticks;  /* now */
    uint32_t random; /* which of the limited ones slip */
};
/* May this reply go out? Counts it if so. Any thread; query path. */
enum rrl_verdict rrl_judge(struct rrl *rrl, const struct rrl_settings *settings,
                           const struct rrl_reply *reply);

#endif
