/* SPDX-License-Identifier: BSD-2-Clause */
/* Distances between known places, and bias. */
#include "geoip/distance.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct {
    struct location a, b;
    double km, within;
} known[] = {
    { { 0, 0 }, { 0, 0 }, 0, 0 },
    { { 0, 0 }, { 0, 1 }, 111.1949, 0.001 }, /* 6371 π / 180 */
    { { 0, 0 }, { 1, 0 }, 111.1949, 0.001 },
    { { 0, 0 }, { 0, 90 }, 10007.543, 0.01 },
    { { 0, 0 }, { 0, 180 }, 20015.087, 0.01 }, /* half way round */
    { { 90, 0 }, { -90, 77 }, 20015.087, 0.01 },
    { { 90, 10 }, { 90, -130 }, 0, 0.001 }, /* a pole is one place */
    { { 10, 180 }, { 10, -180 }, 0, 0.001 },
    { { 0, 179.5 }, { 0, -179.5 }, 111.1949, 0.001 },
    { { 36.12, -86.67 }, { 33.94, -118.40 }, 2886.44, 0.5 }, /* Nashville, Los Angeles */
    { { 52.52, 13.405 }, { 48.857, 2.352 }, 877.5, 1 },      /* Berlin, Paris */
    { { 51.5, -0.12 }, { 40.71, -74.01 }, 5570, 5 },         /* London, New York */
    { { -33.87, 151.21 }, { 1.35, 103.82 }, 6300, 10 },      /* Sydney, Singapore */
};

static void
known_distances_are_met(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        const double there = distance_km(&known[i].a, &known[i].b);
        const double back = distance_km(&known[i].b, &known[i].a);
        assert_true(there - known[i].km <= known[i].within);
        assert_true(known[i].km - there <= known[i].within);
        assert_true(there - back < 1e-6 && back - there < 1e-6);
    }
}

static void
check_bias(double km, int bias, double expected)
{
    const double got = distance_biased(km, bias);

    assert_true(got - expected < 1e-9 && expected - got < 1e-9);
}

static void
bias_draws_near_or_pushes_away(void **state)
{
    (void)state;
    check_bias(1000, 0, 1000);
    check_bias(1000, 50, 500);
    check_bias(1000, 99, 10);
    check_bias(1000, -50, 2000);
    check_bias(1000, -99, 100000);
    check_bias(1000, -20, 1250);
    check_bias(0, -99, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_distances_are_met),
        cmocka_unit_test(bias_draws_near_or_pushes_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
