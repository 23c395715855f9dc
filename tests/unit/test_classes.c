/* SPDX-License-Identifier: BSD-2-Clause */
/* Classes: maps against the plain way of finding a rule, joint maps against own ones, and
 * what is kept between calls. */
#include "dns/base/diag.h"
#include "geoip/base.h"
#include "tests/lib/steer.h"
#include "zones/steering/chain.h"
#include "zones/steering/classes.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct steer_net world[] = {
    { .prefix = "198.18.0.0/24",
      .country = "JP" }, /* special space that a network holds */
    { .prefix = "5.0.0.0/8",
      .country = "DE",
      .located = true,
      .latitude = 52.5,
      .longitude = 13.4 },
    { .prefix = "5.1.0.0/16", .country = "DE", .subdivision = "DE-BE", .asn = 64500 },
    { .prefix = "6.0.0.0/8",
      .country = "US",
      .located = true,
      .latitude = 40.7,
      .longitude = -74.0 },
    { .prefix = "6.1.0.0/16", .country = "US", .subdivision = "US-CA" },
    { .prefix = "7.0.0.0/8",
      .country = "JP",
      .located = true,
      .latitude = 35.7,
      .longitude = 139.7 },
    { .prefix = "8.0.0.0/8", .country = "RU", .asn = 12389 },
    { .prefix = "9.0.0.0/16", .country = "AU", .tag = "office" },
    { .prefix = "2600:db::/32",
      .country = "FR",
      .located = true,
      .latitude = 48.9,
      .longitude = 2.4 },
    { .prefix = "2600:dc::/32",
      .country = "JP",
      .located = true,
      .latitude = 35.7,
      .longitude = 139.7 },
};
enum { WORLD = sizeof(world) / sizeof(world[0]), ADDRS = 3000, OWN = 100 };

static struct addr
address(const char *text)
{
    struct addr addr;

    assert_int_equal(addr_parse(text, &addr), OK);
    return addr;
}

static struct classes *
make_one(struct classes_cache *cache, const struct geo_base *base,
         const struct policy *policy)
{
    const struct classes_input input = { policy, 1 };
    struct classes *classes = NULL;

    assert_int_equal(classes_make(cache, base, &input, 1, &classes), OK);
    return classes;
}

static void
drop(struct classes *classes)
{
    part_drop(&classes->part);
}

/* The pools of the class an address is in; "-" for CLASS_RESOLVER. */
static const char *
pools_at(const struct classes *classes, const char *text, char buffer[64])
{
    const struct addr addr = address(text);
    uint8_t scope = 0;
    const uint32_t class_id = steer_class(classes, &addr, &scope);
    size_t len = 0;

    (void)snprintf(buffer, 64, "-");
    if (class_id == CLASS_RESOLVER)
        return buffer;
    assert_true(class_id < classes->class_count);
    const struct chain *chain = &classes->chains[class_id];
    for (size_t i = 0; i < chain->pool_count; i++)
        len += (size_t)snprintf(buffer + len, 64 - len, "%s%s", i ? " " : "",
                                chain->pools[i]->name);
    return buffer;
}

struct expected {
    const char *address, *pools;
};

static void
assert_pools(const struct classes *classes, const struct expected *expected, size_t count)
{
    char buffer[64];

    for (size_t i = 0; i < count; i++)
        assert_string_equal(pools_at(classes, expected[i].address, buffer),
                            expected[i].pools);
}

/* ---- one policy ------------------------------------------------------------------- */

static void
the_first_rule_that_holds_a_client_decides(void **state)
{
    static const struct expected expected[] = {
        { "5.1.2.3", "p1" },    { "5.2.0.1", "p2" },    { "5.2.3.4", "p0 p1" },
        { "6.1.0.1", "p3" },    { "6.2.0.1", "p4" },    { "8.8.8.8", "p2" },
        { "9.0.1.1", "p6" },    { "7.7.7.7", "p7" },    { "11.1.1.1", "p7" },
        { "2600:db::1", "p2" }, { "2600:dc::1", "p7" }, { "10.0.0.1", "-" },
        { "10.7.0.1", "p1" },   { "127.0.0.1", "-" },   { "198.18.0.9", "p7" },
        { "198.18.1.9", "-" },
    };
    struct steer_pools pools;
    struct steer_policy policy;
    struct geo_base *base = steer_base(world, WORLD);
    struct classes_cache *cache = classes_cache_new(OWN);

    (void)state;
    steer_pools_init(&pools);
    steer_policy_init(&policy, "p");
    steer_policy_rule(&policy, &pools, "net:5.2.3.0/24", "01");
    steer_policy_rule(&policy, &pools, "asn:64500 net:10.7.0.0/16", "1");
    steer_policy_rule(&policy, &pools, "EU net:5.1.2.0/24 net:10.7.0.0/24", "2");
    steer_policy_rule(&policy, &pools, "subdivision:US-CA", "3");
    steer_policy_rule(&policy, &pools, "country:US net:6.1.1.0/24", "4");
    steer_policy_rule(&policy, &pools, "asn:12389", "5");
    steer_policy_rule(&policy, &pools, "tag:office", "6");
    steer_policy_rule(&policy, &pools, "", "7");
    struct classes *classes = make_one(cache, base, &policy.policy);
    assert_int_equal(classes->unlocated, 0);
    assert_int_equal(classes->class_count, 8);
    assert_string_equal(classes->chains[0].pools[0]->name, "p7");
    assert_pools(classes, expected, sizeof(expected) / sizeof(expected[0]));
    drop(classes);
    classes_cache_free(cache);
    geo_base_free(base);
}

static void
subnets_first_goes_before_every_place(void **state)
{
    static const struct expected by_rules[] = { { "5.9.0.1", "p0" },
                                                { "11.9.0.1", "p1" } };
    static const struct expected first[] = { { "5.9.0.1", "p1" },
                                             { "5.9.9.1", "p1" }, /* the earlier of two */
                                             { "11.9.0.1", "p1" },
                                             { "5.8.0.1", "p0" } };
    struct steer_pools pools;
    struct steer_policy policy;
    struct geo_base *base = steer_base(world, WORLD);
    struct classes_cache *cache = classes_cache_new(OWN);

    (void)state;
    steer_pools_init(&pools);
    steer_policy_init(&policy, "p");
    steer_policy_rule(&policy, &pools, "EU", "0");
    steer_policy_rule(&policy, &pools, "net:5.9.0.0/16 net:11.0.0.0/8", "1");
    steer_policy_rule(&policy, &pools, "net:5.9.9.0/24", "2");
    steer_policy_rule(&policy, &pools, "", "3");
    struct classes *classes = make_one(cache, base, &policy.policy);
    assert_pools(classes, by_rules, 2);
    drop(classes);
    policy.policy.subnets_first = true;
    classes = make_one(cache, base, &policy.policy);
    assert_pools(classes, first, 4);
    drop(classes);
    classes_cache_free(cache);
    geo_base_free(base);
}

static void
one_class_needs_no_map(void **state)
{
    struct steer_pools pools;
    struct steer_policy policy;
    struct geo_base *base = steer_base(world, WORLD);
    struct classes_cache *cache = classes_cache_new(OWN);

    (void)state;
    steer_pools_init(&pools);
    steer_policy_init(&policy, "a catch-all alone");
    steer_policy_rule(&policy, &pools, "", "01");
    struct classes *classes = make_one(cache, base, &policy.policy);
    assert_null(classes->map);
    assert_null(classes->vector);
    assert_int_equal(classes->class_count, 1);
    drop(classes);

    steer_policy_init(&policy, "rules of one chain");
    steer_policy_rule(&policy, &pools, "EU", "01");
    steer_policy_rule(&policy, &pools, "", "01");
    classes = make_one(cache, base, &policy.policy);
    assert_null(classes->map);
    assert_int_equal(classes->class_count, 1);
    drop(classes);

    steer_policy_init(&policy, "words that match nothing");
    steer_policy_rule(&policy, &pools, "country:BR", "0");
    steer_policy_rule(&policy, &pools, "", "1");
    classes = make_one(cache, base, &policy.policy);
    assert_null(classes->map);
    assert_int_equal(classes->class_count,
                     2); /* a place that is only named may be there */
    drop(classes);
    classes_cache_free(cache);
    geo_base_free(base);
}

static void
chains_say_who_sticks(void **state)
{
    struct steer_pools pools;
    struct steer_policy policy;
    struct geo_base *base = steer_base(world, WORLD);
    struct classes_cache *cache = classes_cache_new(OWN);

    (void)state;
    steer_pools_init(&pools);
    pools.pools[2].stick_client = true;
    steer_policy_init(&policy, "p");
    steer_policy_rule(&policy, &pools, "EU", "02");
    steer_policy_rule(&policy, &pools, "", "1");
    struct classes *classes = make_one(cache, base, &policy.policy);
    assert_int_equal(classes->stick[0], 0);
    assert_int_equal(classes->stick[1], 1);
    drop(classes);
    classes_cache_free(cache);
    geo_base_free(base);
}

static void
places_without_an_address_have_classes_too(void **state)
{
    struct steer_pools pools;
    struct steer_policy policy;
    struct geo_base *base = steer_base(world, WORLD);
    struct classes_cache *cache = classes_cache_new(OWN);
    struct prefix net;

    (void)state;
    steer_pools_init(&pools);
    steer_policy_init(&policy, "p");
    steer_policy_rule(&policy, &pools, "country:BR", "0");
    steer_policy_rule(&policy, &pools, "net:192.0.2.0/24", "1");
    steer_policy_rule(&policy, &pools, "", "2");
    struct classes *classes = make_one(cache, base, &policy.policy);
    struct place place = { .continent = "SA", .country = "BR" };
    uint32_t class_id = classes_of_place(classes, &policy.policy, &place, NULL, NULL);
    assert_string_equal(classes->chains[class_id].pools[0]->name, "p0");
    place = (struct place){ 0 };
    class_id = classes_of_place(classes, &policy.policy, &place, NULL, NULL);
    assert_int_equal(class_id, classes->unlocated);
    assert_int_equal(prefix_parse("192.0.2.128/25", &net), OK);
    class_id = classes_of_place(classes, &policy.policy, &place, NULL, &net);
    assert_string_equal(classes->chains[class_id].pools[0]->name, "p1");
    assert_int_equal(prefix_parse("192.0.0.0/16", &net),
                     OK); /* not all of it is written */
    class_id = classes_of_place(classes, &policy.policy, &place, NULL, &net);
    assert_int_equal(class_id, classes->unlocated);
    place.special = true;
    class_id = classes_of_place(classes, &policy.policy, &place, NULL, NULL);
    assert_int_equal(class_id, classes->unlocated);
    drop(classes);
    classes_cache_free(cache);
    geo_base_free(base);
}

/* ---- by distance ------------------------------------------------------------------ */

/* p0 Amsterdam, p2 Singapore, p3 Virginia, p5 Tokyo, p7 Moscow */
static void
the_nearest_pools_are_the_chain(void **state)
{
    static const struct expected expected[] = {
        { "5.5.5.5", "p0 p3 p6" }, { "6.2.0.1", "p3 p0" },       { "7.0.0.1", "p2 p0" },
        { "8.8.8.8", "p1" },       { "2600:db::1", "p0 p3 p6" }, { "11.0.0.1", "p1" },
        { "10.0.0.1", "-" },
    };
    struct steer_pools pools;
    struct steer_policy policy;
    struct geo_base *base = steer_base(world, WORLD);
    struct classes_cache *cache = classes_cache_new(OWN);

    (void)state;
    steer_pools_init(&pools);
    pools.pools[3].fallback = &pools.pools[6];
    steer_policy_init(&policy, "p");
    steer_policy_distance(&policy, &pools, "023", 2, "1");
    struct classes *classes = make_one(cache, base, &policy.policy);
    assert_pools(classes, expected, sizeof(expected) / sizeof(expected[0]));
    assert_int_equal(classes->unlocated, 0);
    struct place place = { .has_location = true, .latitude = 52.5F, .longitude = 13.4F };
    const uint32_t class_id =
        classes_of_place(classes, &policy.policy, &place, NULL, NULL);
    assert_string_equal(classes->chains[class_id].pools[0]->name, "p0");
    place.has_location = false;
    assert_int_equal(classes_of_place(classes, &policy.policy, &place, NULL, NULL), 0);
    drop(classes);
    classes_cache_free(cache);
    geo_base_free(base);
}

static void
a_bias_moves_the_border(void **state)
{
    static const struct expected plain[] = { { "5.5.5.5", "p0" } };
    static const struct expected biased[] = { { "5.5.5.5", "p7" }, { "6.2.0.1", "p3" } };
    struct steer_pools pools;
    struct steer_policy policy;
    struct geo_base *base = steer_base(world, WORLD);
    struct classes_cache *cache = classes_cache_new(OWN);

    (void)state;
    steer_pools_init(&pools);
    steer_policy_init(&policy, "p");
    steer_policy_distance(&policy, &pools, "037", 1, "1");
    struct classes *classes = make_one(cache, base, &policy.policy);
    assert_pools(classes, plain, 1);
    drop(classes);
    policy.bias[2] = 80;
    classes = make_one(cache, base, &policy.policy);
    assert_pools(classes, biased, 2);
    drop(classes);
    classes_cache_free(cache);
    geo_base_free(base);
}

/* ---- many policies ---------------------------------------------------------------- */

enum { MANY = 9 };

/* All kinds of rules, two policies by distance, one with a catch-all alone. */
static void
make_many(struct steer_policy policies[MANY], const struct steer_pools *pools)
{
    static const char *const words[MANY][2] = {
        { "EU", "AS" },
        { "country:DE country:JP", "continent:NA" },
        { "subdivision:US-CA asn:64500", "country:US" },
        { "tag:office", "asn:12389 net:5.0.0.0/9" },
        { "net:5.1.0.0/24 net:10.1.0.0/16", "net:5.1.0.0/16 EU" },
        { "net:5.1.0.128/25", "net:10.0.0.0/8" },
    };

    for (size_t i = 0; i < MANY; i++) {
        steer_policy_init(&policies[i], "many");
        if (i < 6) {
            steer_policy_rule(&policies[i], pools, words[i][0], "01");
            steer_policy_rule(&policies[i], pools, words[i][1], "23");
            policies[i].policy.subnets_first = i == 4;
        }
        if (i < 7)
            steer_policy_rule(&policies[i], pools, "", "4");
        else
            steer_policy_distance(&policies[i], pools, i == 7 ? "0235" : "146", 2, "7");
    }
}

static void
make_all(struct classes_cache *cache, const struct geo_base *base,
         const struct steer_policy policies[MANY], struct classes *ret_classes[MANY])
{
    struct classes_input inputs[MANY];

    for (size_t i = 0; i < MANY; i++)
        inputs[i] = (struct classes_input){ &policies[i].policy, i };
    assert_int_equal(classes_make(cache, base, inputs, MANY, ret_classes), OK);
}

static void
drop_all(struct classes *classes[MANY])
{
    for (size_t i = 0; i < MANY; i++)
        drop(classes[i]);
}

static void
a_joint_map_answers_as_own_maps_do(void **state)
{
    struct steer_pools pools;
    struct steer_policy policies[MANY];
    struct classes *own[MANY];
    struct classes *joint[MANY];
    struct geo_base *base = steer_base(world, WORLD);
    struct classes_cache *own_cache = classes_cache_new(OWN);
    struct classes_cache *joint_cache = classes_cache_new(0);
    uint64_t seed = 1;
    uint8_t own_len = 0;
    uint8_t joint_len = 0;

    (void)state;
    steer_pools_init(&pools);
    make_many(policies, &pools);
    make_all(own_cache, base, policies, own);
    make_all(joint_cache, base, policies, joint);
    for (size_t i = 0; i < 6; i++) {
        assert_null(own[i]->vector);
        assert_non_null(joint[i]->vector);
        assert_ptr_equal(joint[i]->map, joint[0]->map);
    }
    assert_null(joint[6]->map);
    assert_ptr_equal(joint[7]->map, joint[8]->map);
    assert_ptr_not_equal(joint[7]->map, joint[0]->map);
    for (size_t n = 0; n < ADDRS; n++) {
        const struct addr addr = steer_random_addr(&seed, world, WORLD);

        for (size_t i = 0; i < MANY; i++) {
            const uint32_t of_own = steer_class(own[i], &addr, &own_len);
            const uint32_t of_joint = steer_class(joint[i], &addr, &joint_len);

            assert_true(
                of_own == of_joint ||
                (of_own != CLASS_RESOLVER && of_joint != CLASS_RESOLVER &&
                 chain_equal(&own[i]->chains[of_own], &joint[i]->chains[of_joint])));
            assert_true(joint_len >= own_len);
        }
    }
    drop_all(own);
    drop_all(joint);
    classes_cache_free(own_cache);
    classes_cache_free(joint_cache);
    geo_base_free(base);
}

static void
the_most_used_have_maps_of_their_own(void **state)
{
    struct steer_pools pools;
    struct steer_policy policies[MANY];
    struct classes *classes[MANY];
    struct geo_base *base = steer_base(world, WORLD);
    struct classes_cache *cache = classes_cache_new(2);

    (void)state;
    steer_pools_init(&pools);
    make_many(policies, &pools);
    make_all(cache, base, policies, classes); /* policy i is used i times */
    assert_null(classes[8]->vector);
    assert_null(classes[7]->vector);
    assert_non_null(classes[5]->vector);
    assert_non_null(classes[0]->vector);
    drop_all(classes);
    classes_cache_free(cache);
    geo_base_free(base);
}

/* With too few own maps for all, policies of a single name leave them to others. */
static void
policies_of_one_name_have_own_maps_only_while_all_have(void **state)
{
    struct steer_pools pools;
    struct steer_policy policies[3];
    struct classes_input inputs[3];
    struct classes *classes[3];
    struct geo_base *base = steer_base(world, WORLD);
    struct classes_cache *cache = classes_cache_new(2);

    (void)state;
    steer_pools_init(&pools);
    for (size_t i = 0; i < 3; i++) {
        steer_policy_init(&policies[i], "p");
        steer_policy_rule(&policies[i], &pools, i ? i > 1 ? "AS" : "NA" : "EU", "1");
        steer_policy_rule(&policies[i], &pools, "", "2");
        inputs[i] = (struct classes_input){ &policies[i].policy, 1 };
    }
    assert_int_equal(classes_make(cache, base, inputs, 2, classes), OK);
    for (size_t i = 0; i < 2; i++) {
        assert_null(classes[i]->vector);
        drop(classes[i]);
    }
    inputs[2].uses = 2;
    assert_int_equal(classes_make(cache, base, inputs, 3, classes), OK);
    assert_non_null(classes[0]->vector);
    assert_non_null(classes[1]->vector);
    assert_null(classes[2]->vector);
    for (size_t i = 0; i < 3; i++)
        drop(classes[i]);
    classes_cache_free(cache);
    geo_base_free(base);
}

static void
equal_rules_share_one_map_whatever_their_pools(void **state)
{
    struct steer_pools pools;
    struct steer_policy policies[2];
    struct classes *classes[2];
    struct geo_base *base = steer_base(world, WORLD);
    struct classes_cache *cache = classes_cache_new(OWN);
    struct classes_input inputs[2];

    (void)state;
    steer_pools_init(&pools);
    for (size_t i = 0; i < 2; i++) {
        steer_policy_init(&policies[i], "p");
        steer_policy_rule(&policies[i], &pools, "EU net:10.0.0.0/8", i ? "0" : "1");
        steer_policy_rule(&policies[i], &pools, "", "23");
        inputs[i] = (struct classes_input){ &policies[i].policy, 1 };
    }
    assert_int_equal(classes_make(cache, base, inputs, 2, classes), OK);
    assert_ptr_equal(classes[0]->map, classes[1]->map);
    assert_string_equal(classes[0]->chains[1].pools[0]->name, "p1");
    assert_string_equal(classes[1]->chains[1].pools[0]->name, "p0");
    drop(classes[0]);
    drop(classes[1]);
    classes_cache_free(cache);
    geo_base_free(base);
}

/* ---- from call to call ------------------------------------------------------------ */

static void
what_is_the_same_is_kept(void **state)
{
    struct steer_pools pools;
    struct steer_policy policies[MANY];
    struct classes *first[MANY];
    struct classes *second[MANY];
    struct geo_base *base = steer_base(world, WORLD);
    struct classes_cache *cache = classes_cache_new(3);

    (void)state;
    steer_pools_init(&pools);
    make_many(policies, &pools);
    make_all(cache, base, policies, first);
    make_all(cache, base, policies, second);
    for (size_t i = 0; i < MANY; i++) {
        assert_ptr_equal(first[i]->map, second[i]->map);
        assert_ptr_equal(first[i]->vector, second[i]->vector);
    }
    drop_all(second);
    /* another pool changes nothing of the maps; another word does */
    policies[5].chains[0][0] = &pools.pools[7];
    policies[0].words[0][0].name[0] = 'A';
    policies[0].words[0][0].name[1] = 'F';
    make_all(cache, base, policies, second);
    assert_ptr_equal(first[5]->map, second[5]->map);
    assert_ptr_equal(first[8]->map, second[8]->map);
    assert_ptr_not_equal(first[0]->map, second[0]->map);
    drop_all(first);
    drop_all(second);
    classes_cache_free(cache);
    geo_base_free(base);
}

static void
a_policy_more_that_tests_nothing_new_keeps_the_joint_map(void **state)
{
    struct steer_pools pools;
    struct steer_policy policies[3];
    struct classes *before[2];
    struct classes *after[3];
    struct classes_input inputs[3];
    struct geo_base *base = steer_base(world, WORLD);
    struct classes_cache *cache = classes_cache_new(0);
    static const char *const words[3][2] = { { "EU", "country:US" },
                                             { "country:US", "country:JP" },
                                             { "country:JP", "EU" } };
    static const struct expected expected[] = { { "7.7.7.7", "p0" },
                                                { "5.5.5.5", "p1" } };

    (void)state;
    steer_pools_init(&pools);
    for (size_t i = 0; i < 3; i++) {
        steer_policy_init(&policies[i], "p");
        steer_policy_rule(&policies[i], &pools, words[i][0], "0");
        steer_policy_rule(&policies[i], &pools, words[i][1], "1");
        steer_policy_rule(&policies[i], &pools, "", "2");
        inputs[i] = (struct classes_input){ &policies[i].policy, 1 };
    }
    assert_int_equal(classes_make(cache, base, inputs, 2, before), OK);
    assert_int_equal(classes_make(cache, base, inputs, 3, after), OK);
    assert_ptr_equal(before[0]->map, after[0]->map);
    assert_ptr_equal(before[0]->vector, after[0]->vector);
    assert_ptr_equal(before[0]->map, after[2]->map);
    assert_pools(after[2], expected, 2);
    drop(before[0]);
    drop(before[1]);
    for (size_t i = 0; i < 3; i++)
        drop(after[i]);
    classes_cache_free(cache);
    geo_base_free(base);
}

static void
another_base_at_the_same_place_is_seen(void **state)
{
    static const struct steer_net other[] = { { .prefix = "5.0.0.0/8", .country = "JP" },
                                              { .prefix = "7.0.0.0/8",
                                                .country = "DE" } };
    static const struct steer_net one[] = { { .prefix = "5.0.0.0/8", .country = "DE" },
                                            { .prefix = "7.0.0.0/8", .country = "JP" } };
    static const struct expected before[] = { { "5.0.0.1", "p0" }, { "7.0.0.1", "p1" } };
    static const struct expected after[] = { { "5.0.0.1", "p1" }, { "7.0.0.1", "p0" } };
    struct steer_pools pools;
    struct steer_policy policy;
    struct geo_base *base = steer_base(one, 2);
    struct classes_cache *cache = classes_cache_new(OWN);

    (void)state;
    steer_pools_init(&pools);
    steer_policy_init(&policy, "p");
    steer_policy_rule(&policy, &pools, "country:DE", "0");
    steer_policy_rule(&policy, &pools, "", "1");
    struct classes *classes = make_one(cache, base, &policy.policy);
    assert_pools(classes, before, 2);
    geo_base_free(base);
    base = steer_base(other, 2); /* the allocator likes to give the same address again */
    struct classes *again = make_one(cache, base, &policy.policy);
    assert_pools(again, after, 2);
    drop(classes);
    drop(again);
    classes_cache_free(cache);
    geo_base_free(base);
}

static void
classes_outlive_their_cache_and_base(void **state)
{
    static const struct expected expected[] = { { "5.0.0.1", "p0" },
                                                { "7.0.0.1", "p1" } };
    struct steer_pools pools;
    struct steer_policy policy;
    struct geo_base *base = steer_base(world, WORLD);
    struct classes_cache *cache = classes_cache_new(0);

    (void)state;
    steer_pools_init(&pools);
    steer_policy_init(&policy, "p");
    steer_policy_rule(&policy, &pools, "country:DE", "0");
    steer_policy_rule(&policy, &pools, "", "1");
    struct classes *classes = make_one(cache, base, &policy.policy);
    classes_cache_free(cache);
    geo_base_free(base);
    assert_pools(classes, expected, 2);
    drop(classes);
}

/* ---- words that match nothing ----------------------------------------------------- */

static void
words_without_data_are_warned_of(void **state)
{
    struct steer_pools pools;
    struct steer_policy policy;
    const struct policy *list[] = { &policy.policy };
    struct geo_base *base = steer_base(world, WORLD);
    struct geo_base *empty = steer_base(NULL, 0);
    struct diag diag;

    (void)state;
    diag_init(&diag);
    steer_pools_init(&pools);
    steer_policy_init(&policy, "nearest");
    steer_policy_rule(&policy, &pools,
                      "EU country:DE subdivision:DE-BE asn:64500 tag:office", "0");
    steer_policy_rule(&policy, &pools, "country:BR country:US tag:nobody asn:1 SA", "1");
    steer_policy_rule(&policy, &pools, "", "2");
    /* cppcheck-suppress unreadVariable ; the policy's rules are read through a pointer */
    policy.rules[1].at = (struct diag_at){ "routing.yaml", 7, 5 };
    assert_int_equal(classes_check_words(base, list, 1, &diag), OK);
    assert_int_equal(diag.warning_count, 1);
    assert_int_equal(diag.messages[0].line, 7);
    assert_non_null(strstr(diag.messages[0].text,
                           "nearest: rule 2: no loaded data can match "
                           "'country:BR', 'tag:nobody', 'asn:1', "
                           "'continent:SA'"));
    diag_clear(&diag);
    assert_int_equal(classes_check_words(empty, list, 1, &diag), OK);
    assert_int_equal(diag.warning_count, 1);
    assert_non_null(strstr(diag.messages[0].text, "no geographic data is loaded"));
    diag_done(&diag);
    geo_base_free(base);
    geo_base_free(empty);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_rule_that_holds_a_client_decides),
        cmocka_unit_test(subnets_first_goes_before_every_place),
        cmocka_unit_test(one_class_needs_no_map),
        cmocka_unit_test(chains_say_who_sticks),
        cmocka_unit_test(places_without_an_address_have_classes_too),
        cmocka_unit_test(the_nearest_pools_are_the_chain),
        cmocka_unit_test(a_bias_moves_the_border),
        cmocka_unit_test(a_joint_map_answers_as_own_maps_do),
        cmocka_unit_test(the_most_used_have_maps_of_their_own),
        cmocka_unit_test(policies_of_one_name_have_own_maps_only_while_all_have),
        cmocka_unit_test(equal_rules_share_one_map_whatever_their_pools),
        cmocka_unit_test(what_is_the_same_is_kept),
        cmocka_unit_test(a_policy_more_that_tests_nothing_new_keeps_the_joint_map),
        cmocka_unit_test(another_base_at_the_same_place_is_seen),
        cmocka_unit_test(classes_outlive_their_cache_and_base),
        cmocka_unit_test(words_without_data_are_warned_of),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
