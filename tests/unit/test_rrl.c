/* SPDX-License-Identifier: BSD-2-Clause */
/* Who is limited, and when. Time is a number of the test's own. */
#include "dns/rrl.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct rrl_settings settings = {
    .rate = 100, .slip = 2, .v4_len = 24, .v6_len = 56
};

struct asker {
    const char *source;
    uint16_t zone;
    uint8_t kind;
};
static const struct asker somebody = { "192.0.2.1", 1, 0 };

static enum rrl_verdict
judge(struct rrl *rrl, const struct rrl_settings *with, const struct asker *asker,
      uint32_t ticks, uint32_t random)
{
    struct addr source;

    assert_int_equal(addr_parse(asker->source, &source), OK);
    const struct rrl_reply reply = { &source, asker->zone, asker->kind, ticks, random };
    return rrl_judge(rrl, with, &reply);
}

/* How many of `count` replies at one moment are sent. */
static unsigned
sent_at(struct rrl *rrl, const struct rrl_settings *with, const struct asker *asker,
        uint32_t ticks, unsigned count)
{
    unsigned sent = 0;

    for (unsigned i = 0; i < count; i++)
        sent += judge(rrl, with, asker, ticks, 1) == RRL_SEND;
    return sent;
}

static int
begin(void **state)
{
    *state = rrl_new();
    return *state ? 0 : -1;
}

static int
finish(void **state)
{
    rrl_free(*state);
    return 0;
}

static bool
is_near(unsigned got, unsigned wanted)
{
    return got + 3 >= wanted && got <= wanted + 3;
}

static void
a_seconds_worth_at_once_and_then_the_rate(void **state)
{
    assert_true(is_near(sent_at(*state, &settings, &somebody, 1000, 500), 100));
    unsigned sent = 0;
    for (uint32_t step = 1; step <= 100; step++) /* ten seconds, a tenth at a time */
        sent += sent_at(*state, &settings, &somebody,
                        1000 + step * (RRL_TICKS_A_SECOND / 10), 50);
    assert_true(sent >= 990 && sent <= 1030);
    /* after a quiet time there is a second's worth again */
    assert_true(is_near(
        sent_at(*state, &settings, &somebody, 1000 + 100 * RRL_TICKS_A_SECOND, 500),
        100));
}

static void
nets_zones_and_kinds_are_counted_apart(void **state)
{
    static const struct asker others[] = {
        { "192.0.3.1", 1, 0 },       { "192.0.2.1", 2, 0 },       { "192.0.2.1", 1, 1 },
        { "2001:db8:0:1::1", 1, 0 }, { "2001:db8:1:0::1", 1, 0 },
    };
    static const struct asker neighbours[] = { { "192.0.2.255", 1, 0 },
                                               { "2001:db8:0:ff::2", 1, 0 } };

    assert_int_equal(sent_at(*state, &settings, &somebody, 1, 1000) > 90, true);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_true(is_near(sent_at(*state, &settings, &others[i], 1, 200), 100));
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(sent_at(*state, &settings, &neighbours[i], 1, 200), 0);
}

static void
every_nth_limited_reply_slips(void **state)
{
    struct rrl_settings with = settings;

    (void)sent_at(*state, &settings, &somebody, 7, 500);
    for (uint8_t slip = 0; slip <= 3; slip++) {
        unsigned slipped = 0;
        with.slip = slip;
        for (uint32_t random = 0; random < 600; random++) {
            const enum rrl_verdict verdict = judge(*state, &with, &somebody, 7, random);
            assert_int_not_equal(verdict, RRL_SEND);
            slipped += verdict == RRL_SLIP;
        }
        assert_int_equal(slipped, slip ? 600 / slip : 0);
    }
}

static void
rate_0_and_exempt_nets_have_no_limit(void **state)
{
    struct prefix nets[2];
    struct rrl_settings with = settings;

    assert_int_equal(prefix_parse("198.51.100.0/24", &nets[0]), OK);
    assert_int_equal(prefix_parse("192.0.2.0/25", &nets[1]), OK);
    with.exempt = nets;
    with.exempt_count = 2;
    assert_int_equal(sent_at(*state, &with, &somebody, 1, 1000), 1000);
    with.exempt_count = 1;
    with.rate = 0;
    assert_int_equal(sent_at(*state, &with, &somebody, 1, 1000), 1000);
    with.rate = 100;
    assert_true(is_near(sent_at(*state, &with, &somebody, 1, 1000), 100));
}

static void
time_may_wrap_and_jump(void **state)
{
    const uint32_t late = UINT32_MAX - RRL_TICKS_A_SECOND / 2;

    assert_true(is_near(sent_at(*state, &settings, &somebody, late, 500), 100));
    assert_true(is_near(
        sent_at(*state, &settings, &somebody, late + RRL_TICKS_A_SECOND, 500), 100));
    /* back by an hour: what was counted then is no debt for an hour */
    assert_true(is_near(
        sent_at(*state, &settings, &somebody, late - 3600U * RRL_TICKS_A_SECOND, 500),
        100));
}

/* More nets than slots: some are forgotten, none is limited for another's sake. */
static void
a_flood_of_nets_limits_nobody_else(void **state)
{
    struct addr source = { .family = ADDR_V4 };
    const struct rrl_reply reply = { &source, 1, 0, 5, 1 };
    unsigned refused = 0;

    for (uint32_t net = 0; net < 1U << 20; net++) {
        source.bytes[0] = (uint8_t)(net >> 16);
        source.bytes[1] = (uint8_t)(net >> 8);
        source.bytes[2] = (uint8_t)net;
        refused += rrl_judge(*state, &settings, &reply) != RRL_SEND;
    }
    assert_int_equal(refused, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_seconds_worth_at_once_and_then_the_rate, begin,
                                        finish),
        cmocka_unit_test_setup_teardown(nets_zones_and_kinds_are_counted_apart, begin,
                                        finish),
        cmocka_unit_test_setup_teardown(every_nth_limited_reply_slips, begin, finish),
        cmocka_unit_test_setup_teardown(rate_0_and_exempt_nets_have_no_limit, begin,
                                        finish),
        cmocka_unit_test_setup_teardown(time_may_wrap_and_jump, begin, finish),
        cmocka_unit_test_setup_teardown(a_flood_of_nets_limits_nobody_else, begin,
                                        finish),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
