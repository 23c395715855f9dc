/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/lib/world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- hosts ------------------------------------------------------------------------ */

static void
a_cname_is_never_more_than_one(void **state)
{
    struct world world;
    struct ask question;

    (void)state;
    world_begin(&world);
    world.dyn.answers = 3;
    world_make(&world, RR_TYPE_CNAME);
    ask(&question, "www.example.", RR_TYPE_CNAME);
    char *const text = world_ask(&world, &question);
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    free(text);
    part_drop(&world.dyntab->part);
    for (unsigned i = 0; i < 3; i++)
        world.states[0][i].state = HEALTH_DOWN;
    world_expect_of(&world, RR_TYPE_CNAME, "AN www.example. 60 IN CNAME h3.example.\n");
}

static void
srv_gives_weights_and_the_next_pools_ten_further(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    world.dyn.port = 3478;
    world.dyn.has_port = true;
    world.members[1].weight = 8;
    world.pools[0].uneven = true;
    world.states[0][1] =
        (struct choice_member){ .state = HEALTH_DEGRADED, .factor = 0.25F };
    world.states[0][2] =
        (struct choice_member){ .state = HEALTH_DEGRADED, .factor = 0.25F };
    world_expect_of(&world, RR_TYPE_SRV,
                    "AN www.example. 60 IN SRV 10 1 3478 h0.example.\n");
    world.states[0][0].state = HEALTH_DOWN; /* degraded ones alone: with their factor */
    world_expect_of(&world, RR_TYPE_SRV,
                    "AN www.example. 60 IN SRV 10 2 3478 h1.example.\n"
                    "AN www.example. 60 IN SRV 10 1 3478 h2.example.\n");
    world.dyn.chain = 3;
    world.dyn.priority = 0;
    world.states[0][4].state = HEALTH_DOWN;
    world_expect_of(&world, RR_TYPE_SRV,
                    "AN www.example. 60 IN SRV 0 2 3478 h1.example.\n"
                    "AN www.example. 60 IN SRV 0 1 3478 h2.example.\n"
                    "AN www.example. 60 IN SRV 10 1 3478 h3.example.\n"
                    "AN www.example. 60 IN SRV 20 1 3478 h5.example.\n");
    world.dyn.skip = 1;
    world.dyn.chain = 2;
    world_expect_of(&world, RR_TYPE_SRV,
                    "AN www.example. 60 IN SRV 0 1 3478 h3.example.\n"
                    "AN www.example. 60 IN SRV 10 1 3478 h5.example.\n");
}

static void
a_limited_chain_draws_in_every_pool(void **state)
{
    struct world world;
    struct ask question;

    (void)state;
    world_begin(&world);
    world.dyn.port = 1;
    world.dyn.answers = 1;
    world.dyn.chain = 3;
    world_make(&world, RR_TYPE_SRV);
    ask(&question, "www.example.", RR_TYPE_SRV);
    char *const text = world_ask(&world, &question);
    assert_non_null(strstr(text, " SRV 10 1 1 h"));
    assert_non_null(strstr(text, " SRV 20 1 1 h3.example.\n"));
    assert_non_null(strstr(text, " SRV 30 1 1 h"));
    free(text);
    part_drop(&world.dyntab->part);
}

static void
mx_gives_hosts_by_preference(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    world.dyn.chain = 2;
    world.states[0][2] =
        (struct choice_member){ .state = HEALTH_DEGRADED, .factor = 0.25F };
    world_expect_of(&world, RR_TYPE_MX,
                    "AN www.example. 60 IN MX 10 h0.example.\n"
                    "AN www.example. 60 IN MX 10 h1.example.\n"
                    "AN www.example. 60 IN MX 20 h3.example.\n");
}

static void
hosts_are_needed_for_types_that_give_them(void **state)
{
    static const uint16_t types[] = { RR_TYPE_CNAME, RR_TYPE_SRV, RR_TYPE_MX };
    struct world world;

    (void)state;
    world_begin(&world);
    for (unsigned i = 0; i < 3; i++)
        world.servers[i].host = NULL;
    for (size_t i = 0; i < 3; i++) {
        world_make(&world, types[i]);
        assert_true(world.dyntab->absent);
        part_drop(&world.dyntab->part);
    }
    world_make(&world, RR_TYPE_HTTPS);
    assert_false(world.dyntab->absent);
    part_drop(&world.dyntab->part);
}

/* ---- HTTPS --------------------------------------------------------------------- */

static void
https_hints_are_what_a_and_aaaa_give(void **state)
{
    static const uint8_t params[] = "\0\1\0\3\2h2\0\7\0\3dns"; /* alpn, dohpath */
    struct world world;

    (void)state;
    world_begin(&world);
    world.states[0][1].state = HEALTH_DOWN;
    world.dyn.svcparams = params;
    world.dyn.svcparams_len = sizeof(params) - 1;
    world.servers[2].address_count = 1;
    world_make(&world, RR_TYPE_HTTPS);
    struct ask question;
    ask(&question, "www.example.", RR_TYPE_HTTPS);
    char *const text = world_ask(&world, &question);
    const char *const expected = "AN www.example. 60 IN HTTPS 1 . alpn=h2 "
                                 "ipv4hint=192.0.2.0,192.0.2.2 ipv6hint=2001:db8::a0 ";
    assert_memory_equal(text, expected, strlen(expected));
    free(text);
    part_drop(&world.dyntab->part);
}

static void
https_chains_give_hosts_behind(void **state)
{
    static const uint8_t target[] = "\3svc\7example";
    struct world world;

    (void)state;
    world_begin(&world);
    world.dyn.target_name = target;
    world.dyn.chain = 2;
    for (unsigned i = 0; i < 3; i++)
        world.servers[i].address_count = 1;
    world_expect_of(&world, RR_TYPE_HTTPS,
                    "AN www.example. 60 IN HTTPS 1 svc.example. "
                    "ipv4hint=192.0.2.0,192.0.2.1,192.0.2.2\n"
                    "AN www.example. 60 IN HTTPS 2 h3.example. ipv4hint=192.0.2.3 "
                    "ipv6hint=2001:db8::a3\n");
}

static void
https_without_addresses_is_given_without_hints(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    for (unsigned i = 0; i < WORLD_SERVERS; i++)
        world.servers[i].address_count = 0;
    world_expect_of(&world, RR_TYPE_HTTPS, "AN www.example. 60 IN HTTPS 1 .\n");
}

/* ---- other types, and one server ------------------------------------------------ */

static void
other_types_give_their_payload(void **state)
{
    static const struct rdata texts[WORLD_SERVERS] = {
        { .bytes = (const uint8_t *)"\3one", .len = 4 },
        { .bytes = (const uint8_t *)"\3two", .len = 4 },
        { .bytes = (const uint8_t *)"\3one", .len = 4 },
    };
    struct world world;

    (void)state;
    world_begin(&world);
    for (unsigned i = 0; i < WORLD_SERVERS; i++) {
        world.members[i].payload = &texts[i];
        world.servers[i].address_count = 0;
        world.servers[i].host = NULL;
    }
    world_expect_of(
        &world, RR_TYPE_TXT,
        "AN www.example. 60 IN TXT \"one\"\nAN www.example. 60 IN TXT \"two\"\n");
}

/* FORMATS: a value of an inline record "means that server" */
static void
a_value_that_an_entry_owns_gives_what_is_written_first(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    world.servers[3].address_count = 1;
    world.servers[3].host = NULL;
    world.plan_members[3].entry = &world.servers[5];
    world.dyn.skip = 1;
    world_expect_of(&world, RR_TYPE_A, WORLD_A(3));
    world_expect_of(&world, RR_TYPE_AAAA, WORLD_AAAA(5));
    world_expect_of(&world, RR_TYPE_CNAME, "AN www.example. 60 IN CNAME h5.example.\n");
}

static void
a_fixed_server_is_given_whatever_the_question(void **state)
{
    static const struct {
        uint16_t type;
        const char *expected;
    } cases[] = {
        { RR_TYPE_A, WORLD_A(4) },
        { RR_TYPE_AAAA, WORLD_AAAA(4) },
        { RR_TYPE_CNAME, "AN www.example. 60 IN CNAME h4.example.\n" },
        { RR_TYPE_SRV, "AN www.example. 60 IN SRV 10 1 0 h4.example.\n" },
        { RR_TYPE_MX, "AN www.example. 60 IN MX 10 h4.example.\n" },
        { RR_TYPE_HTTPS,
          "AN www.example. 60 IN HTTPS 1 . ipv4hint=192.0.2.4 ipv6hint=2001:db8::a4\n" },
    };
    struct world world;

    (void)state;
    world_begin(&world);
    world.dyn.form = DYN_SERVER;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        world.dyn.type = cases[i].type;
        assert_int_equal(dyntab_new(&(struct dyntab_input){ .dyn = &world.dyn,
                                                            .apex = world_apex,
                                                            .server = &world.servers[4] },
                                    &world.dyntab),
                         OK);
        world_expect(&world, cases[i].expected);
    }
    world.servers[4].address_count = 1;
    world.dyn.type = RR_TYPE_AAAA;
    assert_int_equal(dyntab_new(&(struct dyntab_input){ .dyn = &world.dyn,
                                                        .apex = world_apex,
                                                        .server = &world.servers[4] },
                                &world.dyntab),
                     OK);
    assert_true(world.dyntab->absent);
    part_drop(&world.dyntab->part);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cname_is_never_more_than_one),
        cmocka_unit_test(srv_gives_weights_and_the_next_pools_ten_further),
        cmocka_unit_test(a_limited_chain_draws_in_every_pool),
        cmocka_unit_test(mx_gives_hosts_by_preference),
        cmocka_unit_test(hosts_are_needed_for_types_that_give_them),
        cmocka_unit_test(https_hints_are_what_a_and_aaaa_give),
        cmocka_unit_test(https_chains_give_hosts_behind),
        cmocka_unit_test(https_without_addresses_is_given_without_hints),
        cmocka_unit_test(other_types_give_their_payload),
        cmocka_unit_test(a_value_that_an_entry_owns_gives_what_is_written_first),
        cmocka_unit_test(a_fixed_server_is_given_whatever_the_question),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
