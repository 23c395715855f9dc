/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/base/status.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
every_status_has_a_text_of_its_own(void **state)
{
    (void)state;
    for (int i = OK; i <= ERR_INVALID; i++) {
        const char *const text = status_text((enum status)i);
        assert_string_not_equal(text, "unknown");
        for (int k = OK; k < i; k++)
            assert_string_not_equal(text, status_text((enum status)k));
    }
    assert_string_equal(status_text((enum status)(ERR_INVALID + 1)), "unknown");
}

static void
every_errno_has_a_text(void **state)
{
    (void)state;
    assert_string_equal(errno_text(ENOENT), "No such file or directory");
    assert_string_equal(errno_text(-1), "unknown error");
    assert_string_equal(errno_text(1 << 20), "unknown error");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_a_text_of_its_own),
        cmocka_unit_test(every_errno_has_a_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
