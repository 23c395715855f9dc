/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/answer.h"
#include "dns/stats.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
every_slot_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < STATS_TYPES; i++) {
        assert_non_null(stats_type_name(i));
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(stats_type_name(i), stats_type_name(k));
    }
    assert_null(stats_type_name(STATS_TYPES));
    assert_string_equal(stats_type_name(stats_type_slot(RR_TYPE_AAAA)), "AAAA");
    assert_string_equal(stats_type_name(stats_type_slot(RR_TYPE_URI)), "URI");
    assert_string_equal(stats_type_name(stats_type_slot(0)), "other");
    assert_string_equal(stats_type_name(stats_type_slot(65535)), "other");
}

static void
rcodes_and_drops_have_names(void **state)
{
    (void)state;
    assert_string_equal(stats_rcode_name(RCODE_NOERROR), "NOERROR");
    assert_string_equal(stats_rcode_name(RCODE_BADVERS), "BADVERS");
    assert_string_equal(stats_rcode_name(RCODE_BADCOOKIE), "BADCOOKIE");
    assert_null(stats_rcode_name(7));
    assert_null(stats_rcode_name(STATS_RCODES));
    assert_string_equal(stats_drop_name(STATS_DROP_SHORT), "short");
    assert_string_equal(stats_drop_name(STATS_DROP_SOCKET), "socket");
}

static void
sums_take_in_every_counter(void **state)
{
    struct stats *const sum = calloc(1, sizeof(*sum)), *const one =
                                                           calloc(1, sizeof(*one));

    (void)state;
    assert_true(sum && one);
    stats_add(&one->requests[STATS_TCP][1][3]);
    stats_add(&one->responses[STATS_ZONES_MAX - 1][STATS_RCODES - 1]);
    stats_add(&one->batches); /* the last of all */
    stats_add(&one->batches);
    stats_sum(sum, one);
    stats_sum(sum, one);
    assert_int_equal(sum->requests[STATS_TCP][1][3], 2);
    assert_int_equal(sum->responses[STATS_ZONES_MAX - 1][STATS_RCODES - 1], 2);
    assert_int_equal(sum->batches, 4);
    assert_int_equal(one->batches, 2);
    assert_int_equal(sum->requests[STATS_UDP][0][0], 0);
    free(sum);
    free(one);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_slot_has_a_name_of_its_own),
        cmocka_unit_test(rcodes_and_drops_have_names),
        cmocka_unit_test(sums_take_in_every_counter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
