/* SPDX-License-Identifier: BSD-2-Clause */
/* Servers, pools, rules and policies as plain data: made by routing.c (routing.yaml) and
 * inline.c (octoDNS records), immutable then. All memory belongs to the arena of whoever
 * made them. */
#ifndef ZONES_STEERING_POLICY_H
#define ZONES_STEERING_POLICY_H
#include "dns/base/addr.h"
#include "dns/base/diag.h"
#include "geoip/distance.h"
#include "geoip/words.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    WEIGHT_MAX = 65535,
    CHAIN_POOLS_MAX = 64, /* pools in one chain */
    POOL_MEMBERS_MAX = 1024,
    DISTANCE_KEEP_MAX = 4,
    DISTANCE_POOLS_MAX = 256, /* candidates of one policy by distance */
    POLICY_RULES_MAX = 16384,
    PLACES_MAX = 65536, /* words and nets of one rule or region */
    SERVER_ADDRESSES_MAX = 64,
};

struct server {
    const char *name; /* what health documents call it: the key of routing.yaml, or an
                         inline value: canonical address, or host without the final dot */
    const struct addr *addresses;
    size_t address_count;
    const char *host; /* presentation form, lower case, final dot; NULL: none */
    bool is_inline;
    bool has_location;
    struct location location;
    struct diag_at at;
};

/* octoDNS `status`: obey health, always up, never up (down, whatever health says). */
enum member_status { MEMBER_OBEY, MEMBER_UP, MEMBER_DOWN };

struct member {
    const struct server *server;
    uint32_t weight; /* as configured, 1–65535 */
    uint8_t status;  /* enum member_status */
    /* inline records of types without address or host: the zone's own */
    const void *payload;
};

struct pool {
    const char *name;
    const struct member *members;
    size_t member_count;
    size_t min_up; /* usable members it needs to serve in the first round; at least 1 */
    const struct pool *fallback; /* NULL: none */
    bool stick_client;
    bool uneven; /* configured weights differ */
    struct diag_at at;
};

/* Pools in the order in which they are tried; no pool twice. */
struct chain {
    const struct pool *const *pools;
    size_t pool_count;
};

struct rule {
    const struct place_word *words; /* geos, asns, region's words; no regions, no nets */
    size_t word_count;
    const struct prefix *subnets; /* subnets, and net: words */
    size_t subnet_count;
    bool everyone; /* the catch-all */
    struct chain chain;
    struct diag_at at;
};

struct policy {
    const char *name;   /* identity in the draw: the policy's name, "pool/NAME", or the
                           owner name of   an inline record (lower case, no final dot) */
    bool subnets_first; /* octoDNS: all rules' subnets are tried before any geo */
    bool by_distance;   /* then rules is empty */
    bool is_inline;
    const struct rule *rules; /* the last one is for everyone */
    size_t rule_count;
    const struct pool *const
        *pools; /* by distance: the candidates; else every pool of any chain */
    size_t pool_count;
    size_t keep;                      /* by distance */
    const int *bias;                  /* by distance, one per pool, -99 … 99 */
    struct chain otherwise;           /* by distance: for the unlocated */
    const struct member *last_resort; /* record-level values; may be empty */
    size_t last_resort_count;
    struct diag_at at;
};

/* The first rule that holds a place (and, for its nets, an address inside `net`, when net
 * is given: a rule's subnet must cover net). Not for distance. Index of the rule; there
 * always is one. */
size_t policy_rule_of(const struct policy *policy, const struct place *place,
                      const char *const *tags, const struct prefix *net);

#endif
