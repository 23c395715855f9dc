/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/lib/world.h"
#include "zones/dyntab.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- addresses ------------------------------------------------------------------- */

static void
a_pool_of_equal_weights_is_answered_whole(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    world_expect_of(&world, RR_TYPE_A, WORLD_A(0) WORLD_A(1) WORLD_A(2));
    world_expect_of(&world, RR_TYPE_AAAA, WORLD_AAAA(0) WORLD_AAAA(1) WORLD_AAAA(2));
}

static void
a_whole_pool_rotates(void **state)
{
    struct world world;
    struct ask question;
    unsigned first[3] = { 0 };

    (void)state;
    world_begin(&world);
    world_make(&world, RR_TYPE_A);
    ask(&question, "www.example.", RR_TYPE_A);
    for (uint32_t i = 0; i < 3000; i++) {
        question.query.random = i * 0x9e3779b9U;
        char *const text = world_ask(&world, &question);
        first[text[strlen("AN www.example. 60 IN A 192.0.2.")] - '0']++;
        free(text);
    }
    for (unsigned i = 0; i < 3; i++)
        assert_in_range(first[i], 900, 1100);
    part_drop(&world.dyntab->part);
}

static void
several_addresses_of_a_server_are_all_given(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    assert_int_equal(addr_parse("192.0.2.77", &world.addresses[0][2]), OK);
    world.servers[0].address_count = 3;
    world.dyn.answers = 3;
    world_expect_of(&world, RR_TYPE_A, WORLD_A(0) WORLD_A(77) WORLD_A(1) WORLD_A(2));
}

/* RFC 2181 5 */
static void
two_servers_of_one_address_are_one_record(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    world.addresses[1][0] = world.addresses[0][0];
    world_expect_of(&world, RR_TYPE_A, WORLD_A(0) WORLD_A(2));
    world.addresses[2][0] = world.addresses[0][0];
    world.dyn.answers = 2;
    world_expect_of(&world, RR_TYPE_A, WORLD_A(0));
}

static void
members_without_the_family_are_no_candidates(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    world.servers[1].address_count = 1;
    world_expect_of(&world, RR_TYPE_AAAA, WORLD_AAAA(0) WORLD_AAAA(2));
    world_expect_of(&world, RR_TYPE_A, WORLD_A(0) WORLD_A(1) WORLD_A(2));
}

static void
a_type_that_the_first_pool_lacks_is_absent(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    for (unsigned i = 0; i < 3; i++)
        world.servers[i].address_count = 1;
    world_make(&world, RR_TYPE_AAAA);
    assert_true(world.dyntab->absent);
    part_drop(&world.dyntab->part);
    world_make(&world, RR_TYPE_A);
    assert_false(world.dyntab->absent);
    part_drop(&world.dyntab->part);
    world.dyn.families_borrow = true;
    world_expect_of(&world, RR_TYPE_AAAA, WORLD_AAAA(3));
    for (unsigned i = 3; i < WORLD_SERVERS; i++)
        world.servers[i].address_count = 1;
    world_make(&world, RR_TYPE_AAAA);
    assert_true(world.dyntab->absent);
    part_drop(&world.dyntab->part);
}

static void
existence_does_not_depend_on_health(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    for (unsigned i = 0; i < WORLD_SERVERS; i++)
        world.states[0][i].state = HEALTH_BLOCKED;
    world_make(&world, RR_TYPE_A);
    assert_false(world.dyntab->absent);
    world_expect(&world, WORLD_A(0) WORLD_A(1) WORLD_A(2));
}

static void
a_pool_without_usable_members_gives_way_to_the_next(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    for (unsigned i = 0; i < 3; i++)
        world.states[0][i].state = HEALTH_DOWN;
    world_expect_of(&world, RR_TYPE_A, WORLD_A(3));
    world.dyn.skip = 1;
    world_expect_of(&world, RR_TYPE_A, WORLD_A(4) WORLD_A(5));
    world.dyn.skip = 9;
    world_expect_of(&world, RR_TYPE_A, WORLD_A(4) WORLD_A(5));
}

static void
a_degraded_member_is_left_out_of_a_whole_pool_with_an_up_one(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    world.states[0][1] =
        (struct choice_member){ .state = HEALTH_DEGRADED, .factor = 0.25F };
    world_expect_of(&world, RR_TYPE_A, WORLD_A(0) WORLD_A(2));
    world.states[0][0].state = HEALTH_DEGRADED;
    world.states[0][2].state = HEALTH_DEGRADED;
    world_expect_of(&world, RR_TYPE_A, WORLD_A(0) WORLD_A(1) WORLD_A(2));
}

/* ---- the draw -------------------------------------------------------------------- */

/* Shares of the first record over 20,000 clients. */
static void
count_first(const struct world *world, unsigned counts[WORLD_SERVERS])
{
    struct ask question;
    const size_t at = strlen("AN www.example. 60 IN A 192.0.2.");

    memset(counts, 0, WORLD_SERVERS * sizeof(*counts));
    ask(&question, "www.example.", RR_TYPE_A);
    for (uint32_t i = 0; i < 20000; i++) {
        question.query.source.bytes[1] = (uint8_t)(i >> 8);
        question.query.source.bytes[2] = (uint8_t)i;
        char *const text = world_ask(world, &question);
        counts[text[at] - '0']++;
        free(text);
    }
}

static void
differing_weights_give_one_member_by_its_share(void **state)
{
    struct world world;
    unsigned counts[WORLD_SERVERS];

    (void)state;
    world_begin(&world);
    world.members[0].weight = 5;
    world.members[1].weight = 4;
    world.pools[0].uneven = true;
    world_make(&world, RR_TYPE_A);
    count_first(&world, counts);
    assert_in_range(counts[0], 9600, 10400);
    assert_in_range(counts[1], 7600, 8400);
    assert_in_range(counts[2], 1700, 2300);
    part_drop(&world.dyntab->part);
}

static void
a_degraded_member_keeps_its_factor_of_the_draw(void **state)
{
    struct world world;
    unsigned counts[WORLD_SERVERS];

    (void)state;
    world_begin(&world);
    world.states[0][1] =
        (struct choice_member){ .state = HEALTH_DEGRADED, .factor = 0.5F };
    world.dyn.answers = 1;
    world_make(&world, RR_TYPE_A);
    count_first(&world, counts);
    assert_in_range(counts[0], 7600, 8400);
    assert_in_range(counts[1], 3600, 4400);
    assert_in_range(counts[2], 7600, 8400);
    part_drop(&world.dyntab->part);
}

/* The member that a question of one type draws: 0 … 5. */
static unsigned
drawn(struct world *world, uint16_t type, const char *subnet, int64_t now_s)
{
    struct ask question;

    world_make(world, type);
    ask(&question, "www.example.", type);
    if (subnet)
        ask_ecs(&question, subnet);
    question.query.now_s = now_s;
    char *const text = world_ask(world, &question);
    /* all names and addresses of a server end with its number */
    const char *const mark = type == RR_TYPE_A       ? "192.0.2."
                             : type == RR_TYPE_AAAA  ? "2001:db8::a"
                             : type == RR_TYPE_HTTPS ? "ipv4hint=192.0.2."
                                                     : " h";
    const unsigned number = (unsigned)(strstr(text, mark)[strlen(mark)] - '0');
    free(text);
    part_drop(&world->dyntab->part);
    return number;
}

static void
all_types_draw_the_same_member(void **state)
{
    static const uint16_t types[] = { RR_TYPE_AAAA, RR_TYPE_CNAME, RR_TYPE_SRV,
                                      RR_TYPE_MX, RR_TYPE_HTTPS };
    struct world world;
    bool seen[3] = { false };

    (void)state;
    world_begin(&world);
    world.members[0].weight = 2;
    world.pools[0].uneven = true;
    world.dyn.answers = 1;
    for (int64_t now_s = 0; now_s < 400; now_s += DRAW_PERIOD_S) {
        const unsigned number = drawn(&world, RR_TYPE_A, NULL, now_s);
        seen[number] = true;
        assert_int_equal(drawn(&world, RR_TYPE_A, NULL, now_s + DRAW_PERIOD_S - 1),
                         number);
        for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
            assert_int_equal(drawn(&world, types[i], NULL, now_s), number);
    }
    assert_true(seen[0] && seen[1] && seen[2]);
}

static void
stick_client_leaves_the_time_out(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    world.dyn.answers = 1;
    world.pools[0].stick_client = true;
    world.stick = 1;
    const unsigned number = drawn(&world, RR_TYPE_A, "198.51.100.0/24", 0);
    for (int64_t now_s = 0; now_s < 1000; now_s += DRAW_PERIOD_S)
        assert_int_equal(drawn(&world, RR_TYPE_A, "198.51.100.0/24", now_s), number);
}

static void
answers_limits_how_many_are_given(void **state)
{
    struct world world;
    struct ask question;

    (void)state;
    world_begin(&world);
    world.dyn.answers = 2;
    world_make(&world, RR_TYPE_A);
    ask(&question, "www.example.", RR_TYPE_A);
    for (uint32_t i = 0; i < 200; i++) {
        unsigned lines = 0;
        question.query.now_s = (int64_t)i * DRAW_PERIOD_S;
        char *const text = world_ask(&world, &question);
        for (const char *at = strchr(text, '\n'); at; at = strchr(at + 1, '\n'))
            lines++;
        assert_int_equal(lines, 2);
        assert_memory_not_equal(text, text + strlen(text) / 2, strlen(text) / 2);
        free(text);
    }
    part_drop(&world.dyntab->part);
}

/* ---- the rest ------------------------------------------------------------------ */

static void
a_young_failure_halves_the_ttl_down_to_five(void **state)
{
    static const struct {
        uint32_t ttl, served;
    } cases[] = { { 60, 30 }, { 11, 5 }, { 8, 5 },      { 5, 5 },
                  { 3, 3 },   { 0, 0 },  { 3600, 1800 } };
    struct world world;

    (void)state;
    world_begin(&world);
    world.states[0][1] = (struct choice_member){ .state = HEALTH_DOWN, .recent = true };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char expected[256];
        world.dyn.ttl = cases[i].ttl;
        snprintf(expected, sizeof(expected),
                 "AN www.example. %u IN A 192.0.2.0\nAN www.example. %u IN A 192.0.2.2\n",
                 cases[i].served, cases[i].served);
        world_expect_of(&world, RR_TYPE_A, expected);
    }
}

static void
equal_choices_share_their_sets(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    world.decision.choice_count = 4;
    world.states[1][0].state = HEALTH_DOWN;
    world.states[2][4].state = HEALTH_DOWN; /* in a pool that is not answered */
    world.states[3][0].state = HEALTH_BLOCKED;
    world_make(&world, RR_TYPE_A);
    const struct dyntab *const table = world.dyntab;
    assert_ptr_equal(table->by_choice[0], table->by_choice[2]);
    assert_ptr_equal(table->by_choice[1], table->by_choice[3]);
    assert_ptr_not_equal(table->by_choice[0], table->by_choice[1]);
    part_drop(&world.dyntab->part);
}

static void
the_sets_before_are_shared_if_nothing_new_is_among_them(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    world.decision.choice_count = 2;
    world.states[1][0].state = HEALTH_DOWN;
    world_make(&world, RR_TYPE_A);
    struct dyntab *const before = world.dyntab;
    struct decision later = world.decision;
    struct dyntab *after = NULL;
    part_init(&later.part, world.decision.part.free);
    later.choice_count = 1;
    later.choices = &world.choices[1];
    assert_int_equal(dyntab_new(&(struct dyntab_input){ .dyn = &world.dyn,
                                                        .apex = world_apex,
                                                        .decision = &later,
                                                        .previous = before },
                                &after),
                     OK);
    assert_ptr_equal(after->shelf, before->shelf);
    assert_ptr_equal(after->by_choice[0], before->by_choice[1]);
    part_drop(&before->part);
    world.dyntab = after;
    world_expect(&world, WORLD_A(1) WORLD_A(2)); /* still there */
    world_make(&world, RR_TYPE_A);
    world.states[1][1].state = HEALTH_DOWN;
    assert_int_equal(dyntab_new(&(struct dyntab_input){ .dyn = &world.dyn,
                                                        .apex = world_apex,
                                                        .decision = &later,
                                                        .previous = world.dyntab },
                                &after),
                     OK);
    assert_ptr_not_equal(after->shelf, world.dyntab->shelf);
    part_drop(&world.dyntab->part);
    world.dyntab = after;
    world_expect(&world, WORLD_A(2));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pool_of_equal_weights_is_answered_whole),
        cmocka_unit_test(a_whole_pool_rotates),
        cmocka_unit_test(several_addresses_of_a_server_are_all_given),
        cmocka_unit_test(two_servers_of_one_address_are_one_record),
        cmocka_unit_test(members_without_the_family_are_no_candidates),
        cmocka_unit_test(a_type_that_the_first_pool_lacks_is_absent),
        cmocka_unit_test(existence_does_not_depend_on_health),
        cmocka_unit_test(a_pool_without_usable_members_gives_way_to_the_next),
        cmocka_unit_test(a_degraded_member_is_left_out_of_a_whole_pool_with_an_up_one),
        cmocka_unit_test(differing_weights_give_one_member_by_its_share),
        cmocka_unit_test(a_degraded_member_keeps_its_factor_of_the_draw),
        cmocka_unit_test(all_types_draw_the_same_member),
        cmocka_unit_test(stick_client_leaves_the_time_out),
        cmocka_unit_test(answers_limits_how_many_are_given),
        cmocka_unit_test(a_young_failure_halves_the_ttl_down_to_five),
        cmocka_unit_test(equal_choices_share_their_sets),
        cmocka_unit_test(the_sets_before_are_shared_if_nothing_new_is_among_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
