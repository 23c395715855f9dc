/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/base/region.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BLOCKS = 5000, LARGE = 3 << 20 };

static void
offsets_are_aligned_apart_and_stay_while_it_grows(void **state)
{
    static size_t offsets[BLOCKS];
    struct region region;

    (void)state;
    region_init(&region, (size_t)1 << 32);
    for (size_t i = 0; i < BLOCKS; i++) { /* by realloc, then mmap, then mremap */
        const size_t size = i % 200, align = (size_t)1 << i % 5;
        assert_int_equal(region_alloc(&region, size, align, &offsets[i]), OK);
        assert_int_equal(offsets[i] % align, 0);
        for (size_t at = 0; at < size; at++)
            assert_int_equal(region.base[offsets[i] + at], 0);
        if (size > 0) /* there may be no base yet */
            memset(region.base + offsets[i], (int)(i % 251), size);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        for (size_t at = 0; at < i % 200; at++)
            assert_int_equal(region.base[offsets[i] + at], i % 251);
    }
    region_done(&region);
    assert_null(region.base);
}

static void
the_limit_is_reached_to_the_byte_and_not_passed(void **state)
{
    static const size_t limits[] = { 1, 1000, 5000, 300000, 1000003 };
    struct region region;
    size_t offset = 7;

    (void)state;
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        region_init(&region, limits[i]);
        for (size_t n = 0; n < limits[i]; n += 1 + limits[i] / 50) {
            const size_t left = limits[i] - region.len;
            const size_t step = 1 + limits[i] / 50 < left ? 1 + limits[i] / 50 : left;
            assert_int_equal(region_alloc(&region, step, 1, &offset), OK);
            memset(region.base + offset, 1, step);
        }
        assert_int_equal(region.len, limits[i]);
        offset = 7;
        assert_int_equal(region_alloc(&region, 1, 1, &offset), ERR_LIMIT);
        assert_int_equal(region_alloc(&region, SIZE_MAX, 1, &offset), ERR_LIMIT);
        assert_int_equal(offset, 7);
        assert_int_equal(region.base[0] + region.base[limits[i] - 1], 2);
        region_done(&region);
    }
}

static void
trimming_gives_back_and_keeps_the_content(void **state)
{
    struct region region;
    size_t offset;

    (void)state;
    region_init(&region, SIZE_MAX / 2);
    region_trim(&region); /* empty */
    assert_int_equal(region_alloc(&region, 100, 1, &offset), OK);
    memset(region.base, 3, 100);
    region_trim(&region); /* small */
    assert_int_equal(region_alloc(&region, LARGE, 1, &offset), OK);
    memset(region.base + offset, 4, LARGE);
    region_trim(&region);
    assert_true(region.capacity >= region.len &&
                region.capacity < region.len + (1 << 16));
    assert_int_equal(region.base[99] + region.base[100] + region.base[region.len - 1],
                     11);
    assert_int_equal(region_alloc(&region, LARGE, 1, &offset), OK); /* and it grows on */
    region_done(&region);
    region_init(&region, 1 << 20);
    assert_int_equal(region_alloc(&region, 257 << 10, 1, &offset), OK);
    region.len = 10; /* shrunk by its owner: still what free takes it for */
    region_trim(&region);
    region_done(&region);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offsets_are_aligned_apart_and_stay_while_it_grows),
        cmocka_unit_test(the_limit_is_reached_to_the_byte_and_not_passed),
        cmocka_unit_test(trimming_gives_back_and_keeps_the_content),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
