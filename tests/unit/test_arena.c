/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/base/arena.h"
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MANY = 3000, LARGE = 6 << 20 };

static int
begin(void **state)
{
    *state = arena_new();
    return *state ? 0 : -1;
}

static int
end(void **state)
{
    arena_free(*state);
    return 0;
}

static void
memory_is_zeroed_aligned_and_apart(void **state)
{
    static unsigned char *blocks[MANY];
    struct arena *const arena = *state;

    for (size_t i = 0; i < MANY; i++) {
        blocks[i] = arena_alloc(arena, i % 97);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % alignof(max_align_t), 0);
        for (size_t at = 0; at < i % 97; at++)
            assert_int_equal(blocks[i][at], 0);
        memset(blocks[i], (int)(i % 251), i % 97);
    }
    for (size_t i = 0; i < MANY; i++) { /* pointers stay, nobody wrote over a neighbour */
        for (size_t at = 0; at < i % 97; at++)
            assert_int_equal(blocks[i][at], i % 251);
    }
}

static void
one_block_may_be_larger_than_any_chunk(void **state)
{
    struct arena *const arena = *state;
    char *const small = arena_alloc(arena, 10);
    char *const large = arena_alloc(arena, LARGE);

    assert_non_null(large);
    memset(large, 1, LARGE);
    memset(small, 2, 10);
    assert_int_equal(large[0] + large[LARGE - 1], 2);
    assert_true(arena_size(arena) >= LARGE);
}

static void
a_cleared_arena_gives_zeroed_memory_again_and_does_not_grow(void **state)
{
    struct arena *const arena = *state;
    size_t size = 0;

    for (unsigned round = 0; round < 20; round++) {
        for (unsigned i = 0; i < MANY; i++) {
            unsigned char *const block = arena_alloc(arena, 100);
            assert_non_null(block);
            for (size_t at = 0; at < 100; at++)
                assert_int_equal(block[at], 0);
            memset(block, 0xff, 100);
        }
        arena_clear(arena);
        assert_true(round < 10 || arena_size(arena) <= size);
        size = arena_size(arena);
    }
    assert_true(size < LARGE);
}

static void
sizes_that_overflow_give_nothing(void **state)
{
    struct arena *const arena = *state;

    assert_null(arena_alloc(arena, SIZE_MAX));
    assert_null(arena_alloc(arena, SIZE_MAX - 64));
    assert_null(arena_alloc(arena, SIZE_MAX / 2 + 1));
    assert_null(arena_calloc(arena, SIZE_MAX / 2, 3));
    assert_null(arena_calloc(arena, (size_t)1 << 33, (size_t)1 << 33));
    assert_null(arena_memdup(arena, "", SIZE_MAX));
    assert_non_null(arena_alloc(arena, 1)); /* and spoil nothing */
}

static void
copies_end_with_a_nul_byte(void **state)
{
    struct arena *const arena = *state;

    assert_string_equal(arena_strdup(arena, "text"), "text");
    assert_string_equal(arena_memdup(arena, "textual", 4), "text");
    assert_string_equal(arena_memdup(arena, NULL, 0), "");
    const int *const numbers = arena_calloc(arena, 3, sizeof(int));
    assert_int_equal(numbers[0] + numbers[1] + numbers[2], 0);
}

static void
nothing_can_be_freed_and_cleared(void **state)
{
    arena_free(NULL);
    arena_clear(*state);
    assert_int_equal(arena_size(*state), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(memory_is_zeroed_aligned_and_apart, begin, end),
        cmocka_unit_test_setup_teardown(one_block_may_be_larger_than_any_chunk, begin,
                                        end),
        cmocka_unit_test_setup_teardown(
            a_cleared_arena_gives_zeroed_memory_again_and_does_not_grow, begin, end),
        cmocka_unit_test_setup_teardown(sizes_that_overflow_give_nothing, begin, end),
        cmocka_unit_test_setup_teardown(copies_end_with_a_nul_byte, begin, end),
        cmocka_unit_test_setup_teardown(nothing_can_be_freed_and_cleared, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
