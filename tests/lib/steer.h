/* SPDX-License-Identifier: BSD-2-Clause */
/* A small world for tests of steering: a base made of the operator's networks alone,
 * policies made of words, and the plain answer to which rule holds an address. */
#ifndef TESTS_LIB_STEER_H
#define TESTS_LIB_STEER_H
#include "geoip/base.h"
#include "zones/steering/classes.h"

enum { STEER_RULES_MAX = 16, STEER_WORDS_MAX = 8, STEER_POOLS_MAX = 8 };

/* One network; NULL and 0 where nothing is said. */
struct steer_net {
    const char *prefix, *country, *subdivision, *tag;
    uint32_t asn;
    bool located;
    double latitude, longitude;
};

/* A base of these networks; without any file. Fails the test on errors. */
struct geo_base *steer_base(const struct steer_net *nets, size_t count);

/* Pools "p0" … with one server each. They live as long as the struct. */
struct steer_pools {
    struct pool pools[STEER_POOLS_MAX];
    struct member members[STEER_POOLS_MAX];
    struct server servers[STEER_POOLS_MAX];
    char names[STEER_POOLS_MAX][8];
};
void steer_pools_init(struct steer_pools *pools);

/* A policy in memory of its own; each rule's chain is one or more pools. */
struct steer_policy {
    struct policy policy;
    struct rule rules[STEER_RULES_MAX];
    struct place_word words[STEER_RULES_MAX][STEER_WORDS_MAX];
    struct prefix subnets[STEER_RULES_MAX][STEER_WORDS_MAX];
    const struct pool *chains[STEER_RULES_MAX][STEER_POOLS_MAX];
    const struct pool *candidates[STEER_POOLS_MAX];
    const struct pool *otherwise[STEER_POOLS_MAX];
    int bias[STEER_POOLS_MAX];
};
void steer_policy_init(struct steer_policy *policy, const char *name);
/* Adds a rule: places are words separated by blanks ("EU asn:1 net:192.0.2.0/24"; "":
 * everyone), chain are digits of pools ("02"). */
void steer_policy_rule(struct steer_policy *policy, const struct steer_pools *pools,
                       const char *places, const char *chain);
/* Makes it a policy by distance over the pools that digits name. */
void steer_policy_distance(struct steer_policy *policy, const struct steer_pools *pools,
                           const char *candidates, size_t keep, const char *otherwise);

/* The chain that an address gets, without any map: rules from the first to the last.
 * NULL: special-purpose space that no rule writes. */
const struct chain *steer_naive(const struct steer_policy *policy,
                                const struct geo_base *base, const struct addr *addr);
/* The same by distance: the pools in order, at most DISTANCE_KEEP_MAX; 0: unlocated;
 * SIZE_MAX: special. */
size_t steer_naive_distance(const struct steer_policy *policy,
                            const struct geo_base *base, const struct addr *addr,
                            const struct pool *ret_pools[DISTANCE_KEEP_MAX]);

/* The class that the maps give an address, and its scope. */
uint32_t steer_class(const struct classes *classes, const struct addr *addr,
                     uint8_t *ret_len);

/* Pseudo-random numbers from a seed (SplitMix64). */
uint64_t steer_random(uint64_t *seed);
/* An address within one of the networks, or near it, or anywhere. */
struct addr steer_random_addr(uint64_t *seed, const struct steer_net *nets, size_t count);

#endif
