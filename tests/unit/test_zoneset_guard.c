/* SPDX-License-Identifier: BSD-2-Clause */
/* What safe_delete and safe_update count as a change of a name. */
#include "tests/lib/loaded.h"
#include "zones/zoneset_guard.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { TEXT_MAX = 2048 };

static struct zone_difference
difference(const char *before, const char *after)
{
    static const char *const head = "'': {type: NS, value: ns.elsewhere.}\n";
    struct loaded old, new;
    char text[TEXT_MAX];

    assert_true(snprintf(text, sizeof(text), "%s%s", head, before) < TEXT_MAX);
    loaded_begin(&old, text);
    assert_true(snprintf(text, sizeof(text), "%s%s", head, after) < TEXT_MAX);
    loaded_begin(&new, text);
    assert_non_null(old.zone);
    assert_non_null(new.zone);
    const struct zone_difference found = zone_difference(old.zone, new.zone);
    loaded_done(&old);
    loaded_done(&new);
    return found;
}

static const char *const record =
    "a: {type: A, ttl: 60, value: 192.0.2.9, dynamic: {pools: "
    "{one: {values: [{value: 192.0.2.1}, {value: 192.0.2.2}], "
    "fallback: two}, two: {values: [{value: 192.0.2.3}]}}, "
    "rules: [{geos: [EU], pool: one}, {pool: two}]}}\n";

static void
an_inline_record_that_stays_is_no_change(void **state)
{
    (void)state;
    const struct zone_difference found = difference(record, record);
    assert_int_equal(found.before, 2);
    assert_int_equal(found.updated, 0);
    assert_int_equal(found.removed, 0);
}

/* Each edit replaces one text of the record by another. */
static void
every_edit_of_an_inline_record_is_a_change(void **state)
{
    static const char *const edits[][2] = {
        { "192.0.2.1}", "192.0.2.7}" },
        { "{value: 192.0.2.1}", "{value: 192.0.2.1, weight: 2}" },
        { "{value: 192.0.2.3}", "{value: 192.0.2.3, status: down}" },
        { ", {value: 192.0.2.2}", "" },
        { ", fallback: two", "" },
        { "[EU]", "[AS]" },
        { "geos: [EU]", "subnets: [192.0.2.0/24]" },
        { "value: 192.0.2.9", "values: [192.0.2.9, 192.0.2.10]" },
        { "ttl: 60", "ttl: 61" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
        char text[TEXT_MAX];
        const char *const at = strstr(record, edits[i][0]);
        assert_non_null(at);
        assert_true(snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - record), record,
                             edits[i][1], at + strlen(edits[i][0])) < TEXT_MAX);
        const struct zone_difference found = difference(record, text);
        if (found.updated != 1)
            print_error("%s → %s\n", edits[i][0], edits[i][1]);
        assert_int_equal(found.updated, 1);
    }
}

static void
names_gone_and_apex_servers_are_told_apart(void **state)
{
    (void)state;
    const struct zone_difference found =
        difference("a: {type: A, value: 192.0.2.1}\nb: {type: A, value: 192.0.2.1}\n",
                   "b: {type: A, value: 192.0.2.2}\nc: {type: A, value: 192.0.2.1}\n");
    assert_int_equal(found.before, 3);
    assert_int_equal(found.removed, 1);
    assert_int_equal(found.updated, 1);
    assert_false(found.apex_ns);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_inline_record_that_stays_is_no_change),
        cmocka_unit_test(every_edit_of_an_inline_record_is_a_change),
        cmocka_unit_test(names_gone_and_apex_servers_are_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
