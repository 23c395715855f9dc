/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/base/array.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
an_array_grows_keeps_its_items_and_zeroes_the_rest(void **state)
{
    uint32_t *items = NULL;
    size_t capacity = 0;

    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        assert_int_equal(array_reserve(&items, &capacity, i + 1U, sizeof(*items)), OK);
        assert_true(capacity > i);
        assert_int_equal(items[capacity - 1], 0);
        assert_int_equal(items[i], 0);
        items[i] = i + 1;
    }
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(items[i], i + 1);
    free(items);
}

static void
room_that_is_there_costs_nothing(void **state)
{
    char *items = NULL;
    size_t capacity = 0;

    (void)state;
    assert_int_equal(array_reserve(&items, &capacity, 0, 1), OK);
    assert_null(items);
    assert_int_equal(array_reserve(&items, &capacity, 100, 1), OK);
    char *const before = items;
    const size_t had = capacity;
    assert_int_equal(array_reserve(&items, &capacity, had, 1), OK);
    assert_ptr_equal(items, before);
    assert_int_equal(capacity, had);
    free(items);
}

static void
what_cannot_be_had_changes_nothing(void **state)
{
    uint64_t *items = NULL;
    size_t capacity = 0;

    (void)state;
    assert_int_equal(array_reserve(&items, &capacity, 3, sizeof(*items)), OK);
    items[2] = 42;
    const uint64_t *const before = items;
    const size_t had = capacity;
    assert_int_equal(array_reserve(&items, &capacity, SIZE_MAX, sizeof(*items)),
                     ERR_NOMEM);
    assert_int_equal(array_reserve(&items, &capacity, SIZE_MAX / 8, sizeof(*items)),
                     ERR_NOMEM);
    assert_int_equal(array_reserve(&items, &capacity, SIZE_MAX / 2 + 2, 1), ERR_NOMEM);
    assert_ptr_equal(items, before);
    assert_int_equal(capacity, had);
    assert_int_equal(items[2], 42);
    free(items);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_array_grows_keeps_its_items_and_zeroes_the_rest),
        cmocka_unit_test(room_that_is_there_costs_nothing),
        cmocka_unit_test(what_cannot_be_had_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
