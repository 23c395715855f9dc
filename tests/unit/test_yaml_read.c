/* SPDX-License-Identifier: BSD-2-Clause */
/* Values of one kind, and maps by a table of fields. */
#include "dns/base/yaml.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static struct yaml_node
scalar(const char *text)
{
    return (struct yaml_node){ .kind = YAML_SCALAR,
                               .plain = true,
                               .at = { "f", 1, 2 },
                               .text = text,
                               .len = strlen(text) };
}

/* The only message, without its place, then none is left. */
static void
expect_message(struct diag *diag, const char *expected)
{
    assert_int_equal(diag->error_count, 1);
    assert_string_equal(diag->messages[0].text, expected);
    assert_int_equal(diag->messages[0].line, 1);
    diag_clear(diag);
}

static struct diag diag;

/* ---- scalars ----------------------------------------------------------------------- */

static void
booleans_are_six_words_in_any_case(void **state)
{
    static const char *const yes[] = { "true", "TRUE", "yes", "Yes", "on", "On" };
    static const char *const no[] = { "false", "no", "NO", "off", "False", "oFF" };
    static const char *const bad[] = { "", "1", "0", "y", "n", "truE ", "null", "~" };
    bool value = false;

    (void)state;
    for (size_t i = 0; i < COUNT(yes); i++) {
        const struct yaml_node on = scalar(yes[i]), off = scalar(no[i]);
        assert_int_equal(yaml_bool(&on, "b", &diag, &value), OK);
        assert_true(value);
        assert_int_equal(yaml_bool(&off, "b", &diag, &value), OK);
        assert_false(value);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        const struct yaml_node node = scalar(bad[i]);
        assert_int_equal(yaml_bool(&node, "b", &diag, &value), ERR_INVALID);
        diag_clear(&diag);
    }
    const struct yaml_node node = scalar("maybe");
    assert_int_equal(yaml_bool(&node, "watch", &diag, &value), ERR_INVALID);
    expect_message(&diag, "watch: expected true or false, found 'maybe'");
}

static void
whole_numbers_are_digits_within_bounds(void **state)
{
    static const struct {
        const char *text;
        uint64_t min, max;
        bool fine;
        uint64_t value;
    } cases[] = {
        { "0", 0, 9, true, 0 },
        { "9", 0, 9, true, 9 },
        { "10", 0, 9, false, 0 },
        { "0", 1, 9, false, 0 },
        { "010", 0, 99, true, 10 },
        { "18446744073709551615", 0, UINT64_MAX, true, UINT64_MAX },
        { "18446744073709551616", 0, UINT64_MAX, false, 0 },
        { "99999999999999999999999", 0, UINT64_MAX, false, 0 },
        { "", 0, 9, false, 0 },
        { "-1", 0, 9, false, 0 },
        { "+1", 0, 9, false, 0 },
        { "1.0", 0, 9, false, 0 },
        { "0x1", 0, 9, false, 0 },
        { "1 ", 0, 9, false, 0 },
        { "1_0", 0, 99, false, 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct yaml_node node = scalar(cases[i].text);
        uint64_t value = 77;
        const enum status status =
            yaml_uint(&node, "n", cases[i].min, cases[i].max, &diag, &value);
        assert_int_equal(status, cases[i].fine ? OK : ERR_INVALID);
        assert_true(value == (cases[i].fine ? cases[i].value : 77));
        assert_int_equal(diag.error_count, !cases[i].fine);
        diag_clear(&diag);
    }
    const struct yaml_node node = scalar("x");
    uint64_t value;
    assert_int_equal(yaml_uint(&node, "port", 1, 65535, &diag, &value), ERR_INVALID);
    expect_message(&diag, "port: expected a whole number from 1 to 65535, found 'x'");
}

static void
numbers_are_finite_and_within_bounds(void **state)
{
    static const struct {
        const char *text;
        bool fine;
    } cases[] = { { "0", true },    { "-90", true },    { "90.0", true },
                  { "1e1", true },  { ".5", true },     { "5.", true },
                  { "+3", true },   { "90.1", false },  { "-90.1", false },
                  { "", false },    { ".", false },     { "nan", false },
                  { "inf", false }, { "1e999", false }, { "0x1", false },
                  { "1,5", false }, { " 1", false },    { "1e", false },
                  { "--1", false }, { "1 2", false } };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct yaml_node node = scalar(cases[i].text);
        double value;
        const enum status status = yaml_real(&node, "n", -90, 90, &diag, &value);
        assert_int_equal(status, cases[i].fine ? OK : ERR_INVALID);
        diag_clear(&diag);
    }
}

static void
durations_have_a_unit_or_are_seconds(void **state)
{
    static const struct {
        const char *text;
        uint64_t ms; /* UINT64_MAX: refused */
    } cases[] = {
        { "50ms", 50 },
        { "30s", 30000 },
        { "15m", 900000 },
        { "2h", 7200000 },
        { "7d", 604800000 },
        { "90", 90000 },
        { "0", 0 },
        { "", UINT64_MAX },
        { "s", UINT64_MAX },
        { "1w", UINT64_MAX },
        { "1 s", UINT64_MAX },
        { "1.5s", UINT64_MAX },
        { "-1s", UINT64_MAX },
        { "1S", UINT64_MAX },
        { "1h30m", UINT64_MAX },
        { "18446744073709551615", UINT64_MAX },
        { "18446744073709551615h", UINT64_MAX },
        { "99999999999999999999s", UINT64_MAX },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct yaml_node node = scalar(cases[i].text);
        uint64_t ms = UINT64_MAX;
        const enum status status = yaml_duration_ms(&node, "t", &diag, &ms);
        assert_int_equal(status, cases[i].ms == UINT64_MAX ? ERR_INVALID : OK);
        assert_true(ms == cases[i].ms);
        diag_clear(&diag);
    }
}

static void
shares_are_percent(void **state)
{
    static const struct {
        const char *text;
        double share; /* negative: refused */
    } cases[] = { { "30%", 0.3 },  { "30", 0.3 },      { "0", 0 },     { "0%", 0 },
                  { "100%", 1 },   { "12.5%", 0.125 }, { "101%", -1 }, { "-1%", -1 },
                  { "", -1 },      { "%", -1 },        { ".", -1 },    { ".%", -1 },
                  { "1%%", -1 },   { "1 %", -1 },      { "1e1%", -1 }, { "%1", -1 },
                  { "1.2.3%", -1 } };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct yaml_node node = scalar(cases[i].text);
        double share = -1;
        const enum status status = yaml_share(&node, "s", &diag, &share);
        if ((status == OK) != (cases[i].share >= 0))
            print_error("'%s'\n", cases[i].text);
        assert_int_equal(status, cases[i].share < 0 ? ERR_INVALID : OK);
        assert_true(share == cases[i].share);
        diag_clear(&diag);
    }
}

/* RFC 3339 5.6 */
static void
times_are_those_of_rfc_3339(void **state)
{
    static const struct {
        const char *text;
        int64_t unix_s; /* -1: refused */
    } cases[] = {
        { "1970-01-01T00:00:00Z", 0 },
        { "2026-11-23T02:50:00Z", 1795402200 },
        { "2026-11-23t02:50:00z", 1795402200 },
        { "2026-11-23 02:50:00Z", 1795402200 },
        { "2026-11-23T05:50:00+03:00", 1795402200 },
        { "2026-11-22T21:20:00-05:30", 1795402200 },
        { "2026-11-23T02:50:00.5Z", 1795402200 },
        { "2026-11-23T02:50:00.123456789Z", 1795402200 },
        { "2024-02-29T00:00:00Z", 1709164800 },
        { "2000-02-29T00:00:00Z", 951782400 },
        { "2016-12-31T23:59:60Z", 1483228800 },
        { "9999-12-31T23:59:59Z", 253402300799 },
        { "2026-11-23", -1 },
        { "2026-11-23T02:50:00", -1 },
        { "2026-11-23T02:50Z", -1 },
        { "2026-11-23T02:50:0Z", -1 },
        { "2026-11-23T02:50:0012Z", -1 },
        { "2026-11-23T02:50:00.Z", -1 },
        { "2026-11-23T24:00:00Z", -1 },
        { "2026-11-23T02:60:00Z", -1 },
        { "2026-11-23T02:50:61Z", -1 },
        { "2026-13-01T00:00:00Z", -1 },
        { "2026-00-01T00:00:00Z", -1 },
        { "2026-11-31T00:00:00Z", -1 },
        { "2026-11-00T00:00:00Z", -1 },
        { "2023-02-29T00:00:00Z", -1 },
        { "2100-02-29T00:00:00Z", -1 },
        { "1969-12-31T23:59:59Z", -1 },
        { "2026-11-23T02:50:00Z ", -1 },
        { "2026-11-23T02:50:00+0300", -1 },
        { "2026-11-23T02:50:00+24:00", -1 },
        { "2026-11-23T02:50:00+03:60", -1 },
        { "26-11-23T02:50:00Z", -1 },
        { "1795402200", -1 },
        { "", -1 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct yaml_node node = scalar(cases[i].text);
        int64_t unix_s = -1;
        const enum status status = yaml_time(&node, "t", &diag, &unix_s);
        if (status != (cases[i].unix_s < 0 ? ERR_INVALID : OK))
            print_error("'%s'\n", cases[i].text);
        assert_int_equal(status, cases[i].unix_s < 0 ? ERR_INVALID : OK);
        assert_int_equal(unix_s, cases[i].unix_s);
        diag_clear(&diag);
    }
}

static void
a_value_of_another_kind_is_named(void **state)
{
    const struct yaml_node list = { .kind = YAML_LIST, .at = { "f", 1, 1 } };
    const struct yaml_node word = scalar("w");
    const char *text = NULL;
    uint64_t number;

    (void)state;
    assert_int_equal(yaml_text(&list, "name", &diag, &text), ERR_INVALID);
    expect_message(&diag, "name: expected a single value, found a list");
    assert_int_equal(yaml_uint(&list, "name", 0, 1, &diag, &number), ERR_INVALID);
    expect_message(&diag, "name: expected a single value, found a list");
    assert_int_equal(yaml_expect(&word, YAML_MAP, "rule 2", &diag), ERR_INVALID);
    expect_message(&diag, "rule 2: expected a map, found a single value");
    assert_int_equal(yaml_text(&word, "name", &diag, &text), OK);
    assert_string_equal(text, "w");
}

static void
only_plain_nothing_is_null(void **state)
{
    static const char *const nulls[] = { "", "~", "null" };
    static const char *const others[] = { "0", "none", "''", " " };

    (void)state;
    for (size_t i = 0; i < COUNT(nulls); i++) {
        struct yaml_node node = scalar(nulls[i]);
        assert_true(yaml_is_null(&node));
        node.plain = false;
        assert_false(yaml_is_null(&node));
    }
    for (size_t i = 0; i < COUNT(others); i++) {
        const struct yaml_node node = scalar(others[i]);
        assert_false(yaml_is_null(&node));
    }
}

static void
a_single_value_is_a_list_of_one(void **state)
{
    const struct yaml_node second = scalar("b");
    struct yaml_node first = scalar("a");
    const struct yaml_node list = { .kind = YAML_LIST, .child = &first, .len = 2 };
    const struct yaml_node empty = { .kind = YAML_LIST };
    const struct yaml_node map = { .kind = YAML_MAP };
    size_t count;

    (void)state;
    first.next = &second;
    assert_ptr_equal(yaml_elements(&list, &count), &first);
    assert_int_equal(count, 2);
    assert_ptr_equal(yaml_elements(&first, &count), &first);
    assert_int_equal(count, 1);
    assert_ptr_equal(yaml_elements(&map, &count), &map);
    assert_int_equal(count, 1);
    assert_null(yaml_elements(&empty, &count));
    assert_int_equal(count, 0);
}

/* ---- did you mean, and maps -------------------------------------------------------- */

static void
the_nearest_word_is_a_third_of_its_letters_away_at_most(void **state)
{
    static const char *const known[] = { "servers", "pools", "policies", "ttl", NULL };
    static const struct {
        const char *word, *near;
    } cases[] = {
        { "server", "servers" }, { "severs", "servers" }, { "serevrs", "servers" },
        { "polls", "pools" },    { "policy", NULL },      { "polices", "policies" },
        { "tll", "ttl" },        { "t", NULL },           { "", NULL },
        { "zones", NULL },       { "SERVERS", NULL },
    };
    char long_word[300] = "";

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *const near = yaml_nearest(cases[i].word, known);
        if (!cases[i].near)
            assert_null(near);
        else
            assert_string_equal(near, cases[i].near);
    }
    for (size_t len = 1; len < sizeof(long_word); len++) { /* like none of them */
        memset(long_word, 'x', len);
        assert_null(yaml_nearest(long_word, known));
    }
}

struct object {
    uint64_t number;
    const char *text;
};

static enum status
read_number(void *object, const struct yaml_node *value, struct diag *messages)
{
    return yaml_uint(value, "number", 0, 9, messages, &((struct object *)object)->number);
}

static enum status
read_word(void *object, const struct yaml_node *value, struct diag *messages)
{
    return yaml_text(value, "text", messages, &((struct object *)object)->text);
}

static enum status
read_nothing(void *object, const struct yaml_node *value, struct diag *messages)
{
    (void)object;
    (void)value;
    (void)messages;
    return ERR_NOMEM;
}

static enum status
read_object(const char *document, struct object *object)
{
    static const struct yaml_field fields[] = { { "number", read_number, true },
                                                { "text", read_word, false },
                                                { "lost", read_nothing, false },
                                                { "other", read_word, true },
                                                { 0 } };
    const struct yaml_node *map = NULL;
    struct yaml *yaml = NULL;

    assert_int_equal(yaml_open_bytes("f", document, strlen(document), &diag, &yaml), OK);
    assert_int_equal(yaml_whole(yaml, &map), OK);
    const enum status status =
        yaml_read_map(yaml_get(map, "m"), "thing", fields, object, &diag);
    yaml_close(yaml);
    return status;
}

static void
maps_are_read_by_their_fields_and_all_errors_are_told(void **state)
{
    struct object object = { 0 };

    (void)state;
    assert_int_equal(read_object("m: {number: 3, other: x}", &object), OK);
    assert_int_equal(object.number, 3);
    assert_int_equal(diag.count, 0);
    assert_int_equal(read_object("m: {number: 30, txet: y, zzz: 1}", &object),
                     ERR_INVALID);
    assert_int_equal(diag.error_count, 4);
    assert_string_equal(diag.messages[0].text,
                        "number: expected a whole number from 0 to 9, found '30'");
    assert_string_equal(diag.messages[1].text,
                        "thing: unknown key 'txet', did you mean 'text'?");
    assert_string_equal(diag.messages[2].text, "thing: unknown key 'zzz'");
    assert_string_equal(diag.messages[3].text, "thing: 'other' is missing");
    diag_clear(&diag);
    assert_int_equal(read_object("m: [1]", &object), ERR_INVALID);
    expect_message(&diag, "thing: expected a map, found a list");
    assert_int_equal(read_object("m: {lost: 1, number: 30}", &object), ERR_NOMEM);
    assert_int_equal(diag.count, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(booleans_are_six_words_in_any_case),
        cmocka_unit_test(whole_numbers_are_digits_within_bounds),
        cmocka_unit_test(numbers_are_finite_and_within_bounds),
        cmocka_unit_test(durations_have_a_unit_or_are_seconds),
        cmocka_unit_test(shares_are_percent),
        cmocka_unit_test(times_are_those_of_rfc_3339),
        cmocka_unit_test(a_value_of_another_kind_is_named),
        cmocka_unit_test(only_plain_nothing_is_null),
        cmocka_unit_test(a_single_value_is_a_list_of_one),
        cmocka_unit_test(the_nearest_word_is_a_third_of_its_letters_away_at_most),
        cmocka_unit_test(maps_are_read_by_their_fields_and_all_errors_are_told),
    };

    diag_init(&diag);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    diag_done(&diag);
    return failed;
}
