/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/base/diag.h"
#include "dns/base/log.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { TEXT_SIZE = 1 << 16 };

/* Standard error goes to a file meanwhile. */
struct capture {
    int saved, file;
    char text[TEXT_SIZE];
};

static void
capture_begin(struct capture *capture)
{
    char path[] = "/tmp/test-log-XXXXXX";

    capture->file = mkstemp(path);
    assert_true(capture->file >= 0);
    (void)unlink(path);
    (void)fflush(stderr);
    capture->saved = dup(STDERR_FILENO);
    assert_true(dup2(capture->file, STDERR_FILENO) >= 0);
}

static const char *
capture_end(struct capture *capture)
{
    assert_true(dup2(capture->saved, STDERR_FILENO) >= 0);
    const ssize_t len = pread(capture->file, capture->text, TEXT_SIZE - 1, 0);
    assert_true(len >= 0);
    capture->text[len] = '\0';
    close(capture->saved);
    close(capture->file);
    return capture->text;
}

static struct capture capture;

static void
lines_above_the_level_are_dropped(void **state)
{
    (void)state;
    log_init(LOG_LEVEL_WARNING);
    capture_begin(&capture);
    log_line(LOG_LEVEL_ERROR, "one %d", 1);
    log_line(LOG_LEVEL_WARNING, "two");
    log_line(LOG_LEVEL_INFO, "three");
    log_line(LOG_LEVEL_DEBUG, "four");
    assert_string_equal(capture_end(&capture),
                        "level=error msg=\"one 1\"\nlevel=warning msg=\"two\"\n");
}

static void
the_journal_gets_priorities(void **state)
{
    (void)state;
    assert_int_equal(setenv("JOURNAL_STREAM", "8:1", 1), 0);
    log_init(LOG_LEVEL_DEBUG);
    assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
    capture_begin(&capture);
    log_line(LOG_LEVEL_ERROR, "a");
    log_line(LOG_LEVEL_WARNING, "b");
    log_line(LOG_LEVEL_INFO, "c");
    log_line(LOG_LEVEL_DEBUG, "d");
    assert_string_equal(capture_end(&capture),
                        "<3>level=error msg=\"a\"\n<4>level=warning msg=\"b\"\n"
                        "<6>level=info msg=\"c\"\n<7>level=debug msg=\"d\"\n");
}

static void
whatever_is_logged_stays_one_line(void **state)
{
    (void)state;
    log_init(LOG_LEVEL_INFO);
    capture_begin(&capture);
    log_line(LOG_LEVEL_INFO, "%s", "a\"b\\c\nd\te\rf\033[31mg\177h\303\244");
    assert_string_equal(capture_end(&capture),
                        "level=info msg=\"a\\\"b\\\\c\\nd\\te\\rf?[31mg?h\303\244\"\n");
}

static void
the_longest_line_is_cut_and_ends_soundly(void **state)
{
    char text[5000];

    (void)state;
    log_init(LOG_LEVEL_INFO);
    memset(text, '"', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    capture_begin(&capture);
    log_line(LOG_LEVEL_INFO, "%s", text);
    const char *const line = capture_end(&capture);
    assert_string_equal(line + strlen(line) - 4, "\\\"\"\n");
    assert_int_equal(strlen(line), strlen("level=info msg=\"\"\n") + (size_t)2 * 2047);
}

static void
a_diag_is_logged_message_by_message(void **state)
{
    struct diag diag;
    size_t lines = 0;

    (void)state;
    log_init(LOG_LEVEL_INFO);
    diag_init(&diag);
    diag_warning(&diag, (struct diag_at){ "a.yaml", 1, 2 }, "odd");
    for (unsigned i = 0; i < DIAG_MESSAGES_MAX + 5; i++)
        diag_error(&diag, (struct diag_at){ "b.yaml", i + 1, 1 }, "bad");
    capture_begin(&capture);
    log_diag(&diag);
    const char *const text = capture_end(&capture);
    assert_non_null(strstr(text, "level=error msg=\"b.yaml:1:1: bad\"\n"));
    assert_non_null(
        strstr(text, "level=warning msg=\"6 more messages are not shown\"\n"));
    for (const char *at = text; (at = strchr(at, '\n')); at++)
        lines++;
    assert_int_equal(lines, DIAG_MESSAGES_MAX + 1);
    diag_done(&diag);
}

static void
a_subject_has_one_line_a_second_and_says_what_was_dropped(void **state)
{
    struct log_limit limit = { 0 }, other = { 0 };
    size_t lines = 0;

    (void)state;
    log_init(LOG_LEVEL_INFO);
    capture_begin(&capture);
    for (unsigned i = 0; i < 1000; i++)
        log_limited(&limit, LOG_LEVEL_INFO, "again %u", i);
    for (unsigned i = 0; i < 1000 && limit.dropped == 0; i++) /* the clock struck */
        log_limited(&limit, LOG_LEVEL_INFO, "again");
    assert_true(limit.dropped > 0);
    log_limited(&other, LOG_LEVEL_INFO, "another subject");
    limit.last_s = 0; /* a second has passed */
    limit.dropped = 41;
    log_limited(&limit, LOG_LEVEL_INFO, "later");
    const char *const text = capture_end(&capture);
    for (const char *at = text; (at = strchr(at, '\n')); at++)
        lines++;
    assert_non_null(strstr(text, "msg=\"again 0\"\n"));
    assert_non_null(strstr(text, "msg=\"another subject\"\n"));
    assert_non_null(strstr(text, "msg=\"later (41 more like it)\"\n"));
    assert_int_equal(limit.dropped, 0);
    assert_true(lines <= 6); /* the clock may strike in between */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_above_the_level_are_dropped),
        cmocka_unit_test(the_journal_gets_priorities),
        cmocka_unit_test(whatever_is_logged_stays_one_line),
        cmocka_unit_test(the_longest_line_is_cut_and_ends_soundly),
        cmocka_unit_test(a_diag_is_logged_message_by_message),
        cmocka_unit_test(a_subject_has_one_line_a_second_and_says_what_was_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
