/* SPDX-License-Identifier: BSD-2-Clause */
/* A slot holds a tag and the time at which its bucket would be empty (generic cell rate
 * algorithm): a reply moves that time on by 1/rate second, and is refused while it lies
 * more than a second ahead. */
#include "dns/rrl.h"
#include "dns/base/pages.h"
#include "dns/base/siphash.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
    SETS = 1 << 15,
    WAYS = 4, /* slots that one key may be in */
    BURST = RRL_TICKS_A_SECOND,
    TAG_SHIFT = 32
};

struct rrl {
    uint8_t key[SIPHASH_KEY_LEN]; /* nobody outside can aim at a slot */
    uint64_t *slots;              /* [SETS * WAYS]: tag, time; 0: free; atomic */
};

struct rrl *
rrl_new(void)
{
    struct rrl *const rrl = calloc(1, sizeof(*rrl));

    if (!rrl)
        return NULL;
    rrl->slots = pages_new((size_t)SETS * WAYS * sizeof(*rrl->slots));
    if (rrl->slots && getrandom(rrl->key, sizeof(rrl->key), 0) == sizeof(rrl->key))
        return rrl;
    rrl_free(rrl);
    return NULL;
}

void
rrl_free(struct rrl *rrl)
{
    if (!rrl)
        return;
    pages_free(rrl->slots, (size_t)SETS * WAYS * sizeof(*rrl->slots));
    free(rrl);
}

static bool
is_exempt(const struct rrl_settings *settings, const struct addr *source)
{
    for (size_t i = 0; i < settings->exempt_count; i++) {
        if (prefix_contains(&settings->exempt[i], source))
            return true;
    }
    return false;
}

static uint64_t
hash_reply(const struct rrl *rrl, const struct rrl_settings *settings,
           const struct rrl_reply *reply)
{
    struct addr net = *reply->source;
    uint8_t bytes[sizeof(net) + 3];

    addr_mask(&net, net.family == ADDR_V4 ? settings->v4_len : settings->v6_len);
    memcpy(bytes, &net, sizeof(net));
    bytes[sizeof(net)] = (uint8_t)(reply->zone >> 8);
    bytes[sizeof(net) + 1] = (uint8_t)reply->zone;
    bytes[sizeof(net) + 2] = reply->kind;
    return siphash(rrl->key, bytes, sizeof(bytes));
}

/* How far a slot's time lies ahead; 0 for one in the past, or so far ahead that it is
 * left over from before the clock wrapped. */
static uint32_t
ahead(uint64_t slot, uint32_t now)
{
    const int32_t ticks = (int32_t)((uint32_t)slot - now);

    return ticks > 0 && ticks <= 2 * BURST ? (uint32_t)ticks : 0;
}

/* The slot of a tag: its own, else the one that is nearest to being forgotten. */
static uint64_t *
find_slot(struct rrl *rrl, uint64_t hash, uint32_t tag, uint32_t now)
{
    uint64_t *const set = &rrl->slots[(hash & (SETS - 1)) * WAYS];
    uint64_t *best = set;
    uint32_t least = UINT32_MAX;

    for (size_t i = 0; i < WAYS; i++) {
        const uint64_t slot = __atomic_load_n(&set[i], __ATOMIC_RELAXED);
        const uint32_t ticks = ahead(slot, now);
        if ((uint32_t)(slot >> TAG_SHIFT) == tag)
            return &set[i];
        if (ticks < least) {
            least = ticks;
            best = &set[i];
        }
    }
    return best;
}

static enum rrl_verdict
refuse(const struct rrl_settings *settings, uint32_t random)
{
    return settings->slip > 0 && random % settings->slip == 0 ? RRL_SLIP : RRL_DROP;
}

enum rrl_verdict
rrl_judge(struct rrl *rrl, const struct rrl_settings *settings,
          const struct rrl_reply *reply)
{
    if (settings->rate == 0 || is_exempt(settings, reply->source))
        return RRL_SEND;
    const uint64_t hash = hash_reply(rrl, settings, reply);
    const uint32_t tag = (uint32_t)(hash >> TAG_SHIFT) | 1U;
    uint64_t *const slot = find_slot(rrl, hash, tag, reply->ticks);
    const uint64_t before = __atomic_load_n(slot, __ATOMIC_RELAXED);
    const uint32_t filled =
        (uint32_t)(before >> TAG_SHIFT) == tag ? ahead(before, reply->ticks) : 0;

    if (filled > BURST)
        return refuse(settings, reply->random);
    const uint32_t emptied = reply->ticks + filled + RRL_TICKS_A_SECOND / settings->rate;
    __atomic_store_n(slot, (uint64_t)tag << TAG_SHIFT | emptied, __ATOMIC_RELAXED);
    return RRL_SEND;
}
