/* SPDX-License-Identifier: BSD-2-Clause */
/* A small world for tests of steering. */
#include "tests/lib/steer.h"
#include "geoip/map.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- the base --------------------------------------------------------------------- */

static void
fill_network(const struct steer_net *net, struct geo_network *ret_network)
{
    struct geo_network *to = ret_network;

    assert_int_equal(prefix_parse(net->prefix, &to->prefix), OK);
    if (net->country) {
        to->gives_country = true;
        memcpy(to->place.country, net->country, 2);
        memcpy(to->place.continent, country_continent(net->country), 2);
    }
    if (net->subdivision) {
        to->gives_subdivision = true;
        (void)snprintf(to->place.subdivision, sizeof(to->place.subdivision), "%s",
                       net->subdivision);
    }
    to->gives_asn = net->asn != 0;
    to->place.asn = net->asn;
    to->gives_location = net->located;
    to->place.has_location = net->located;
    to->place.latitude = (float)net->latitude;
    to->place.longitude = (float)net->longitude;
    to->tag = net->tag;
}

struct geo_base *
steer_base(const struct steer_net *nets, size_t count)
{
    struct geo_network *networks = calloc(count + 1, sizeof(*networks));
    struct geo_base *base = NULL;

    assert_non_null(networks);
    for (size_t i = 0; i < count; i++)
        fill_network(&nets[i], &networks[i]);
    const struct geo_base_options options = { .networks = networks,
                                              .network_count = count };
    assert_int_equal(geo_base_load(&options, NULL, &base), OK);
    free(networks);
    return base;
}

/* ---- pools and policies ----------------------------------------------------------- */

void
steer_pools_init(struct steer_pools *pools)
{
    static const struct location places[STEER_POOLS_MAX] = {
        { 52.37, 4.90 },   { 50.11, 8.68 },  { 1.35, 103.82 }, { 39.04, -77.49 },
        { -33.87, 151.2 }, { 35.68, 139.7 }, { -23.5, -46.6 }, { 55.75, 37.6 },
    };

    memset(pools, 0, sizeof(*pools));
    for (size_t i = 0; i < STEER_POOLS_MAX; i++) {
        (void)snprintf(pools->names[i], sizeof(pools->names[i]), "p%u",
                       (unsigned)(i & 7));
        pools->servers[i].name = pools->names[i];
        pools->servers[i].has_location = true;
        pools->servers[i].location = places[i];
        pools->members[i].server = &pools->servers[i];
        pools->members[i].weight = 1;
        pools->pools[i].name = pools->names[i];
        pools->pools[i].members = &pools->members[i];
        pools->pools[i].member_count = 1;
        pools->pools[i].min_up = 1;
    }
}

void
steer_policy_init(struct steer_policy *policy, const char *name)
{
    memset(policy, 0, sizeof(*policy));
    policy->policy.name = name;
    policy->policy.rules = policy->rules;
}

/* Digits to pools; returns how many. */
static size_t
name_pools(const struct steer_pools *pools, const char *digits, const struct pool **out)
{
    const size_t count = strlen(digits);

    assert_true(count <= STEER_POOLS_MAX);
    for (size_t i = 0; i < count; i++)
        out[i] = &pools->pools[digits[i] - '0'];
    return count;
}

static void
add_place(struct rule *rule, struct place_word *words, struct prefix *subnets,
          const char *text)
{
    char problem[256];
    struct place_word word;

    assert_int_equal(place_word_parse(text, &word, problem, sizeof(problem)), OK);
    if (word.kind == PLACE_WORD_NET) {
        assert_true(rule->subnet_count < STEER_WORDS_MAX);
        subnets[rule->subnet_count++] = word.net;
    } else {
        assert_true(rule->word_count < STEER_WORDS_MAX);
        words[rule->word_count++] = word;
    }
}

void
steer_policy_rule(struct steer_policy *policy, const struct steer_pools *pools,
                  const char *places, const char *chain)
{
    const size_t number = policy->policy.rule_count++;
    struct rule *rule = &policy->rules[number];

    assert_true(number < STEER_RULES_MAX);
    rule->words = policy->words[number];
    rule->subnets = policy->subnets[number];
    rule->everyone = !*places;
    while (*places) {
        char text[PLACE_WORD_TEXT_SIZE];
        const size_t len = strcspn(places, " ");

        (void)snprintf(text, sizeof(text), "%.*s", (int)len, places);
        add_place(rule, policy->words[number], policy->subnets[number], text);
        places += len + strspn(places + len, " ");
    }
    rule->chain.pools = policy->chains[number];
    rule->chain.pool_count = name_pools(pools, chain, policy->chains[number]);
}

void
steer_policy_distance(struct steer_policy *policy, const struct steer_pools *pools,
                      const char *candidates, size_t keep, const char *otherwise)
{
    policy->policy.by_distance = true;
    policy->policy.pools = policy->candidates;
    policy->policy.pool_count = name_pools(pools, candidates, policy->candidates);
    policy->policy.keep = keep;
    policy->policy.bias = policy->bias;
    policy->policy.otherwise.pools = policy->otherwise;
    policy->policy.otherwise.pool_count = name_pools(pools, otherwise, policy->otherwise);
}

/* ---- the plain way ---------------------------------------------------------------- */

static bool
writes(const struct rule *rule, const struct addr *addr)
{
    for (size_t i = 0; i < rule->subnet_count; i++)
        if (prefix_contains(&rule->subnets[i], addr))
            return true;
    return false;
}

static bool
holds(const struct rule *rule, const struct place *place, const char *const *tags)
{
    bool held = rule->everyone;

    for (size_t i = 0; i < rule->word_count; i++)
        held = held || place_word_holds(&rule->words[i], place, tags);
    return held;
}

const struct chain *
steer_naive(const struct steer_policy *policy, const struct geo_base *base,
            const struct addr *addr)
{
    const struct policy *p = &policy->policy;
    size_t tag_count = 0;
    const char *const *tags = geo_base_tags(base, &tag_count);
    uint8_t len = 0;
    const struct place *place =
        geo_base_locate(base, addr, (uint8_t)addr_bits(addr), &len);

    for (size_t i = 0; (p->subnets_first || place->special) && i < p->rule_count; i++)
        if (writes(&p->rules[i], addr))
            return &p->rules[i].chain;
    if (place->special)
        return NULL;
    for (size_t i = 0; i < p->rule_count; i++)
        if (holds(&p->rules[i], place, tags) || writes(&p->rules[i], addr))
            return &p->rules[i].chain;
    return NULL;
}

/* The nearest pool that is not used yet; SIZE_MAX: none is left. */
static size_t
nearest_left(const struct policy *policy, const struct location *here, const bool *used)
{
    size_t best = SIZE_MAX;
    double best_km = 0;

    for (size_t i = 0; i < policy->pool_count; i++) {
        const struct location *there = &policy->pools[i]->members[0].server->location;
        const double km = distance_biased(distance_km(here, there), policy->bias[i]);

        if (!used[i] && (best == SIZE_MAX || km < best_km)) {
            best = i;
            best_km = km;
        }
    }
    return best;
}

size_t
steer_naive_distance(const struct steer_policy *policy, const struct geo_base *base,
                     const struct addr *addr,
                     const struct pool *ret_pools[DISTANCE_KEEP_MAX])
{
    const struct policy *p = &policy->policy;
    uint8_t len = 0;
    const struct place *place =
        geo_base_locate(base, addr, (uint8_t)addr_bits(addr), &len);
    const struct location here = { (double)place->latitude, (double)place->longitude };
    bool used[STEER_POOLS_MAX] = { false };
    size_t count = 0;

    if (place->special)
        return SIZE_MAX;
    while (place->has_location && count < p->keep) {
        const size_t best = nearest_left(p, &here, used);

        assert_true(best != SIZE_MAX);
        used[best] = true;
        ret_pools[count++] = p->pools[best];
    }
    return count;
}

uint32_t
steer_class(const struct classes *classes, const struct addr *addr, uint8_t *ret_len)
{
    static const uint32_t nowhere = UINT32_MAX;

    *ret_len = 0;
    if (!classes->map)
        return 0;
    const struct geo_hit hit =
        geo_map_find(classes->map, addr, (uint8_t)addr_bits(addr), nowhere);
    *ret_len = hit.len;
    if (hit.value == nowhere)
        return classes->unlocated;
    return classes->vector ? classes->vector[hit.value] : hit.value;
}

/* ---- chance ----------------------------------------------------------------------- */

uint64_t
steer_random(uint64_t *seed)
{
    uint64_t z = (*seed += 0x9e3779b97f4a7c15ULL);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

struct addr
steer_random_addr(uint64_t *seed, const struct steer_net *nets, size_t count)
{
    struct addr addr = { .family = steer_random(seed) % 2 ? ADDR_V4 : ADDR_V6 };
    struct prefix near = { 0 };

    for (unsigned i = 0; i < addr_len(&addr); i++)
        addr.bytes[i] = (uint8_t)steer_random(seed);
    if (addr.family == ADDR_V6) /* global unicast, clear of the blocks that hide IPv4 */
        addr.bytes[0] = 0x26;
    if (!count || steer_random(seed) % 8 == 0)
        return addr;
    if (prefix_parse(nets[steer_random(seed) % count].prefix, &near) != OK)
        return addr;
    const unsigned keep =
        near.len - (steer_random(seed) % 4 == 0 && near.len > 2 ? 2U : 0U);
    addr.family = near.addr.family;
    for (unsigned bit = 0; bit < keep; bit++) {
        const uint8_t mask = (uint8_t)(0x80U >> (bit % 8));

        addr.bytes[bit / 8] =
            (uint8_t)((addr.bytes[bit / 8] & ~mask) | (near.addr.bytes[bit / 8] & mask));
    }
    for (unsigned i = addr_len(&addr); i < sizeof(addr.bytes); i++)
        addr.bytes[i] = 0;
    return addr;
}
