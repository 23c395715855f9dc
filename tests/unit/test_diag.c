/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/base/diag.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int
begin(void **state)
{
    static struct diag diag;

    diag_init(&diag);
    *state = &diag;
    return 0;
}

static int
end(void **state)
{
    diag_done(*state);
    return 0;
}

static void
messages_are_printed_with_their_place_and_a_files_begins_it(void **state)
{
    static const struct {
        struct diag_at at;
        bool warning;
        const char *text;
    } cases[] = {
        { { "a.yaml", 3, 5 }, false, "a.yaml:3:5: bad thing" },
        { { "a.yaml", 3, 0 }, false, "a.yaml:3:1: bad thing" },
        { { "a.yaml", 0, 5 }, false, "a.yaml:1:5: bad thing" },
        { { "a.yaml", 3, 5 }, true, "a.yaml:3:5: warning: bad thing" },
        { { NULL, 3, 5 }, false, "3:5: bad thing" },
        { { NULL, 0, 0 }, false, "bad thing" },
        { { NULL, 0, 0 }, true, "warning: bad thing" },
        { { "%s%n", 4294967295U, 4294967295U },
          false,
          "%s%n:4294967295:4294967295: bad thing" },
    };
    struct diag *const diag = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[100];
        if (cases[i].warning)
            diag_warning(diag, cases[i].at, "bad %s", "thing");
        else
            diag_error(diag, cases[i].at, "bad %s", "thing");
        assert_int_equal(diag->count, i + 1);
        assert_int_equal(diag_format(&diag->messages[i], text, sizeof(text)),
                         strlen(cases[i].text));
        assert_string_equal(text, cases[i].text);
    }
    assert_int_equal(diag->error_count, 6);
    assert_int_equal(diag->warning_count, 2);
}

static void
a_text_that_does_not_fit_is_cut_and_terminated(void **state)
{
    struct diag *const diag = *state;
    char long_text[2 * DIAG_TEXT_MAX], small[8];

    memset(long_text, 'x', sizeof(long_text));
    long_text[sizeof(long_text) - 1] = '\0';
    diag_error(diag, (struct diag_at){ 0 }, "%s", long_text);
    assert_int_equal(strlen(diag->messages[0].text), DIAG_TEXT_MAX - 1);
    assert_int_equal(diag_format(&diag->messages[0], small, sizeof(small)), 7);
    assert_string_equal(small, "xxxxxxx");
    assert_int_equal(diag_format(&diag->messages[0], small, 0), 0);
}

static void
what_is_said_twice_in_a_row_counts_once(void **state)
{
    struct diag *const diag = *state;
    char name[] = "a"; /* not the pointer but the text is compared */

    diag_error(diag, (struct diag_at){ "a", 1, 1 }, "x");
    diag_error(diag, (struct diag_at){ name, 1, 1 }, "x");
    assert_int_equal(diag->error_count, 1);
    diag_error(diag, (struct diag_at){ "b", 1, 1 }, "x");
    diag_error(diag, (struct diag_at){ "b", 2, 1 }, "x");
    diag_error(diag, (struct diag_at){ "b", 2, 2 }, "x");
    diag_error(diag, (struct diag_at){ "b", 2, 2 }, "y");
    diag_warning(diag, (struct diag_at){ "b", 2, 2 }, "y");
    diag_error(diag, (struct diag_at){ NULL, 2, 2 }, "y");
    diag_error(diag, (struct diag_at){ "a", 1, 1 }, "x");
    assert_int_equal(diag->count, 8);
    assert_int_equal(diag->error_count, 7);
}

static void
errors_push_warnings_out_when_there_are_too_many(void **state)
{
    struct diag *const diag = *state;

    for (unsigned i = 0; i < DIAG_MESSAGES_MAX + 100; i++)
        diag_warning(diag, (struct diag_at){ "w", i + 1, 1 }, "warning");
    assert_int_equal(diag->count, DIAG_MESSAGES_MAX);
    for (unsigned i = 0; i < DIAG_MESSAGES_MAX + 100; i++) {
        diag_error(diag, (struct diag_at){ "e", i + 1, 1 }, "error");
        assert_int_equal(diag->count, DIAG_MESSAGES_MAX);
    }
    assert_int_equal(diag->warning_count, DIAG_MESSAGES_MAX + 100);
    assert_int_equal(diag->error_count, DIAG_MESSAGES_MAX + 100);
    for (unsigned i = 0; i < DIAG_MESSAGES_MAX; i++) { /* the first, in their order */
        assert_int_equal(diag->messages[i].level, DIAG_ERROR);
        assert_int_equal(diag->messages[i].line, i + 1);
    }
}

static void
warnings_before_and_between_errors_keep_their_order(void **state)
{
    struct diag *const diag = *state;

    for (unsigned i = 0; i < DIAG_MESSAGES_MAX; i++) {
        if (i % 2)
            diag_error(diag, (struct diag_at){ "f", i + 1, 1 }, "m");
        else
            diag_warning(diag, (struct diag_at){ "f", i + 1, 1 }, "m");
    }
    diag_error(diag, (struct diag_at){ "f", 5000, 1 }, "late");
    assert_int_equal(diag->count, DIAG_MESSAGES_MAX);
    for (unsigned i = 1; i < DIAG_MESSAGES_MAX; i++)
        assert_true(diag->messages[i].line > diag->messages[i - 1].line);
    assert_int_equal(diag->messages[DIAG_MESSAGES_MAX - 1].line, 5000);
    assert_int_equal(diag->messages[0].line,
                     1); /* the last warning went, not the first */
}

static void
one_list_is_appended_to_another_with_its_counts(void **state)
{
    struct diag *const diag = *state;
    struct diag other;

    diag_init(&other);
    for (unsigned i = 0; i < DIAG_MESSAGES_MAX + 50; i++)
        diag_error(&other, (struct diag_at){ "f", i + 1, 1 }, "e");
    diag_warning(&other, (struct diag_at){ "f", 1, 1 }, "w"); /* not kept, but counted */
    diag_error(diag, (struct diag_at){ 0 }, "first");
    diag_append(diag, &other);
    assert_int_equal(diag->error_count, DIAG_MESSAGES_MAX + 51);
    assert_int_equal(diag->warning_count, 1);
    assert_int_equal(diag->count, DIAG_MESSAGES_MAX);
    assert_string_equal(diag->messages[0].text, "first");
    assert_int_equal(diag->messages[1].line, 1);
    diag_append(NULL, &other);
    diag_done(&other);
}

static void
a_cleared_list_begins_anew_and_none_keeps_nothing(void **state)
{
    struct diag *const diag = *state;

    diag_error(diag, (struct diag_at){ "f", 1, 1 }, "e");
    diag_clear(diag);
    assert_int_equal(diag->count + diag->error_count + diag->warning_count, 0);
    diag_warning(diag, (struct diag_at){ "f", 1, 1 }, "e");
    assert_int_equal(diag->count, 1);
    diag_error(NULL, (struct diag_at){ 0 }, "nobody hears %d", 1);
    diag_warning(NULL, (struct diag_at){ 0 }, "nobody hears");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(messages_are_printed_with_their_place_and_a_files_begins_it),
        TEST(a_text_that_does_not_fit_is_cut_and_terminated),
        TEST(what_is_said_twice_in_a_row_counts_once),
        TEST(errors_push_warnings_out_when_there_are_too_many),
        TEST(warnings_before_and_between_errors_keep_their_order),
        TEST(one_list_is_appended_to_another_with_its_counts),
        TEST(a_cleared_list_begins_anew_and_none_keeps_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
