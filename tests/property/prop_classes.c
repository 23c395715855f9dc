/* SPDX-License-Identifier: BSD-2-Clause */
/* Random policies over random networks: maps, own and joint, give every address the chain
 * that reading the rules from the first to the last gives, and the same one to all
 * addresses of the scope. SEED=n repeats a run. */
#include "dns/base/addr.h"
#include "geoip/base.h"
#include "tests/lib/steer.h"
#include "zones/steering/chain.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { ROUNDS = 40, NETS = 24, POLICIES = 10, ADDRS = 400 };

static const char *const countries[] = { "DE", "FR", "RU", "JP", "US", "AU", "BR", "ZA" };
static const char *const subdivisions[] = { NULL, NULL, "US-CA", "DE-BE" };
static const char *const tag_names[] = { NULL, NULL, NULL, "office", "lab" };
static const char *const words[] = {
    "EU",
    "AS",
    "NA",
    "continent:OC",
    "country:DE",
    "country:US",
    "country:JP",
    "EU-RU",
    "country:CN",
    "subdivision:US-CA",
    "subdivision:DE-BE",
    "asn:1",
    "asn:2",
    "asn:64500",
    "tag:office",
    "tag:lab",
    "tag:nobody",
};

#define PICK(list) ((list)[steer_random(seed) % (sizeof(list) / sizeof((list)[0]))])

/* Networks nest and touch: few first bytes, all lengths. */
static void
random_prefix(uint64_t *seed, char text[PREFIX_TEXT_SIZE])
{
    struct prefix prefix = { 0 };
    const bool v4 = steer_random(seed) % 3 != 0;

    prefix.addr.family = v4 ? ADDR_V4 : ADDR_V6;
    prefix.len =
        (uint8_t)(v4 ? 6 + steer_random(seed) % 27 : 12 + steer_random(seed) % 60);
    for (unsigned i = 0; i < addr_len(&prefix.addr); i++)
        prefix.addr.bytes[i] = (uint8_t)(steer_random(seed) % 4 * 64);
    prefix.addr.bytes[0] =
        v4 ? (uint8_t)(8 + steer_random(seed) % 5) : 0x26; /* with 10/8 */
    addr_mask(&prefix.addr, prefix.len);
    (void)prefix_text(&prefix, text);
}

static void
random_nets(uint64_t *seed, struct steer_net nets[NETS],
            char texts[NETS][PREFIX_TEXT_SIZE])
{
    for (size_t i = 0; i < NETS; i++) {
        random_prefix(seed, texts[i]);
        nets[i] = (struct steer_net){ .prefix = texts[i],
                                      .country =
                                          steer_random(seed) % 8 ? PICK(countries) : NULL,
                                      .subdivision = PICK(subdivisions),
                                      .tag = PICK(tag_names),
                                      .asn = (uint32_t)(steer_random(seed) % 4),
                                      .located = steer_random(seed) % 2 == 0 };
        nets[i].latitude = (double)(steer_random(seed) % 180) - 90;
        nets[i].longitude = (double)(steer_random(seed) % 360) - 180;
    }
}

/* ---- policies --------------------------------------------------------------------- */

static void
random_rule(uint64_t *seed, struct steer_policy *policy, const struct steer_pools *pools,
            const char *chain)
{
    char places[STEER_WORDS_MAX * 80] = "";
    char net[PREFIX_TEXT_SIZE];
    size_t len = 0;
    const size_t count = 1 + steer_random(seed) % 4;

    for (size_t i = 0; i < count; i++) {
        random_prefix(seed, net);
        const bool is_net = steer_random(seed) % 3 == 0;
        len += (size_t)snprintf(places + len, sizeof(places) - len, "%s%s ",
                                is_net ? "net:" : "", is_net ? net : PICK(words));
    }
    steer_policy_rule(policy, pools, places, chain);
}

static void
random_policy(uint64_t *seed, struct steer_policy *policy,
              const struct steer_pools *pools)
{
    static const char *const chains[] = { "0", "1", "01", "10", "23", "4" };
    const size_t rules = steer_random(seed) % 6;

    steer_policy_init(policy, "random");
    if (steer_random(seed) % 5 == 0) {
        steer_policy_distance(policy, pools, "024567", 1 + steer_random(seed) % 4, "3");
        for (size_t i = 0; i < 6; i++)
            policy->bias[i] = (int)(steer_random(seed) % 199) - 99;
        return;
    }
    policy->policy.subnets_first = steer_random(seed) % 2 == 0;
    for (size_t i = 0; i < rules; i++)
        random_rule(seed, policy, pools, PICK(chains));
    steer_policy_rule(policy, pools, "", PICK(chains));
}

/* ---- comparing -------------------------------------------------------------------- */

static bool
is_naive_distance(const struct steer_policy *policy, const struct geo_base *base,
                  const struct classes *classes, uint32_t class_id,
                  const struct addr *addr)
{
    const struct pool *pools[DISTANCE_KEEP_MAX];
    const size_t count = steer_naive_distance(policy, base, addr, pools);

    if (count == SIZE_MAX)
        return class_id == CLASS_RESOLVER || !classes->map;
    if (class_id == CLASS_RESOLVER)
        return false;
    if (!count)
        return class_id == classes->unlocated;
    const struct chain expected = { pools, count };
    return chain_equal(&expected, &classes->chains[class_id]);
}

static bool
is_naive(const struct steer_policy *policy, const struct geo_base *base,
         const struct classes *classes, const struct addr *addr)
{
    uint8_t len = 0;
    const uint32_t class_id = steer_class(classes, addr, &len);

    if (policy->policy.by_distance)
        return is_naive_distance(policy, base, classes, class_id, addr);
    const struct chain *expected = steer_naive(policy, base, addr);
    if (!expected) /* without a map everybody is of one class, wherever */
        return class_id == CLASS_RESOLVER || !classes->map;
    return class_id != CLASS_RESOLVER &&
           chain_equal(expected, &classes->chains[class_id]);
}

/* Another address of the same scope. */
static struct addr
neighbour(uint64_t *seed, const struct addr *addr, uint8_t len)
{
    struct addr other = *addr;

    for (unsigned bit = len; bit < addr_bits(addr); bit++)
        if (steer_random(seed) % 2)
            other.bytes[bit / 8] ^= (uint8_t)(0x80U >> (bit % 8));
    return other;
}

static bool
is_one_scope(uint64_t *seed, const struct classes *classes, const struct addr *addr)
{
    uint8_t len = 0;
    uint8_t other_len = 0;
    const uint32_t class_id = steer_class(classes, addr, &len);

    if (!classes->map)
        return true;
    const struct addr other = neighbour(seed, addr, len);
    return steer_class(classes, &other, &other_len) == class_id && other_len == len;
}

static size_t
count_wrong(uint64_t *seed, const struct steer_policy policies[POLICIES],
            struct classes *const classes[POLICIES], const struct geo_base *base,
            const struct steer_net *nets)
{
    size_t wrong = 0;

    for (size_t n = 0; n < ADDRS; n++) {
        const struct addr addr = steer_random_addr(seed, nets, NETS);
        char text[ADDR_TEXT_SIZE];

        for (size_t i = 0; i < POLICIES; i++) {
            if (is_naive(&policies[i], base, classes[i], &addr) &&
                is_one_scope(seed, classes[i], &addr))
                continue;
            print_message("# policy %zu, address %s\n", i, addr_text(&addr, text));
            wrong++;
        }
    }
    return wrong;
}

static void
make(struct classes_cache *cache, const struct geo_base *base,
     const struct steer_policy policies[POLICIES], struct classes *ret_classes[POLICIES])
{
    struct classes_input inputs[POLICIES];

    for (size_t i = 0; i < POLICIES; i++)
        inputs[i] = (struct classes_input){ &policies[i].policy, i };
    assert_int_equal(classes_make(cache, base, inputs, POLICIES, ret_classes), OK);
}

/* The same cache goes through all worlds of a run: nothing of another base may be left in
 * it. */
static size_t
try_world(uint64_t *seed, struct classes_cache *cache)
{
    struct steer_net nets[NETS];
    char texts[NETS][PREFIX_TEXT_SIZE];
    struct steer_pools pools;
    struct steer_policy policies[POLICIES];
    struct classes *classes[POLICIES];
    struct classes *again[POLICIES];

    random_nets(seed, nets, texts);
    steer_pools_init(&pools);
    for (size_t i = 0; i < POLICIES; i++)
        random_policy(seed, &policies[i], &pools);
    struct geo_base *base = steer_base(nets, NETS);
    make(cache, base, policies, classes);
    size_t wrong = count_wrong(seed, policies, classes, base, nets);
    random_policy(seed, &policies[steer_random(seed) % POLICIES], &pools);
    make(cache, base, policies, again);
    wrong += count_wrong(seed, policies, again, base, nets);
    for (size_t i = 0; i < POLICIES; i++) {
        part_drop(&classes[i]->part);
        part_drop(&again[i]->part);
    }
    geo_base_free(base);
    return wrong;
}

static void
maps_agree_with_reading_the_rules(void **state)
{
    const char *set = getenv("SEED");
    const unsigned long long start =
        set ? strtoull(set, NULL, 10) : (unsigned long long)time(NULL);
    static const size_t own_max[] = { 0, 3, 100 };
    struct classes_cache *caches[3];

    (void)state;
    print_message("# SEED=%llu\n", start);
    for (size_t i = 0; i < 3; i++) {
        caches[i] = classes_cache_new(own_max[i]);
        assert_non_null(caches[i]);
    }
    for (unsigned long long round = 0; round < ROUNDS; round++) {
        uint64_t seed = start + round;
        const size_t wrong = try_world(&seed, caches[round % 3]);

        if (wrong)
            print_message("# SEED=%llu finds %zu\n", start + round, wrong);
        assert_int_equal(wrong, 0);
    }
    for (size_t i = 0; i < 3; i++)
        classes_cache_free(caches[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_agree_with_reading_the_rules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
