/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/name.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const uint8_t example[] = "\7example";

/* RFC 1035 5.1 */
static void
text_becomes_wire(void **state)
{
    static const struct {
        const char *text, *wire;
        size_t len; /* the root label included */
    } cases[] = {
        { ".", "", 1 },
        { "a.", "\1a", 3 },
        { "www.Example.", "\3www\7Example", 13 },
        { "a\\.b.c.", "\3a.b\1c", 7 },
        { "\\065\\000\\255.", "\3A\0\377", 5 },
        { "\\\\.", "\1\\", 3 },
        { "\\a.", "\1a", 3 },
        { "*.", "\1*", 3 },
        { "a", "\1a\7example", 11 },
        { "@", "\7example", 9 },
        { "a@.", "\2a@", 4 },
        { "(;\".", "\3(;\"", 5 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t name[NAME_LEN_MAX];
        assert_int_equal(name_from_text(cases[i].text, example, name), OK);
        assert_int_equal(name_len(name), cases[i].len);
        assert_memory_equal(name, cases[i].wire, cases[i].len);
    }
}

static void
what_is_no_name_is_refused_and_changes_nothing(void **state)
{
    static const char *const bad[] = { "",       "..",        ".a.",     "a..b.",
                                       "\\",     "a\\",       "\\1.",    "\\12.",
                                       "\\256.", "\\999.",    "\\1x2.",  "a b.",
                                       "a\tb.",  "\303\244.", "\\\303.", "\\\303\244.",
                                       "a\n.",   "\177\200." };
    uint8_t name[NAME_LEN_MAX] = "untouched";

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        if (name_from_text(bad[i], example, name) != ERR_FORMAT)
            print_error("'%s'\n", bad[i]);
        assert_int_equal(name_from_text(bad[i], example, name), ERR_FORMAT);
    }
    assert_int_equal(name_from_text("a", NULL, name), ERR_FORMAT);
    assert_int_equal(name_from_text("@", NULL, name), ERR_FORMAT);
    assert_string_equal((const char *)name, "untouched");
}

/* RFC 1035 3.1 */
static void
labels_end_at_63_bytes_and_names_at_255(void **state)
{
    char text[4 * 300];
    uint8_t name[NAME_LEN_MAX];
    size_t at = 0;

    (void)state;
    memset(text, 'a', 64);
    memcpy(text + 63, ".", 2);
    assert_int_equal(name_from_text(text, NULL, name), OK);
    memcpy(text + 63, "a.", 3);
    assert_int_equal(name_from_text(text, NULL, name), ERR_RANGE);
    for (unsigned label = 0; label < 3; label++, at += 64) {
        memset(text + at, 'a', 63);
        text[at + 63] = '.';
    }
    for (unsigned last = 1; last <= 63; last++) { /* 3 × 64 + 1 + last + 1 */
        memset(text + at, 'b', last);
        memcpy(text + at + last, ".", 2);
        assert_int_equal(name_from_text(text, NULL, name), last <= 61 ? OK : ERR_RANGE);
        text[at + last] = '\0'; /* completed by 9 bytes */
        assert_int_equal(name_from_text(text, example, name),
                         last <= 53 ? OK : ERR_RANGE);
        if (last <= 53)
            assert_int_equal(name_len(name), 193 + last + sizeof(example));
    }
    for (at = 0; at < 256; at += 2)
        memcpy(text + at, "a.", 3);
    assert_int_equal(name_from_text(text, NULL, name), ERR_RANGE);
    text[254] = '\0';
    assert_int_equal(name_from_text(text, NULL, name), OK);
    assert_int_equal(name_label_count(name), NAME_LABELS_MAX);
    assert_int_equal(name_len(name), NAME_LEN_MAX);
}

static void
wire_becomes_text(void **state)
{
    static const struct {
        const char *wire, *text;
    } cases[] = {
        { "", "." },
        { "\3wWw\7Example", "wWw.Example." },
        { "\3a.b", "a\\.b." },
        { "\4\1\177\377 ", "\\001\\127\\255\\032." },
        { "\7\\\";()@$", "\\\\\\\"\\;\\(\\)\\@\\$." },
    };
    char text[NAME_TEXT_SIZE];
    uint8_t longest[NAME_LEN_MAX] = { 0 };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(name_to_text((const uint8_t *)cases[i].wire, text),
                            cases[i].text);
    memset(longest, 1, sizeof(longest) - 1); /* 127 labels of the byte 1, as \\001 each */
    assert_int_equal(strlen(name_to_text(longest, text)), 127 * 5);
}

/* RFC 4034 6.1 has this very list. */
static void
the_canonical_order_is_that_of_rfc_4034(void **state)
{
    static const char *const order[] = {
        "example.",         "a.example.",      "yljkjljk.a.example.",
        "Z.a.example.",     "zABC.a.EXAMPLE.", "z.example.",
        "\\001.z.example.", "*.z.example.",    "\\200.z.example.",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(order); i++) {
        for (size_t k = 0; k < COUNT(order); k++) {
            uint8_t a[NAME_LEN_MAX], b[NAME_LEN_MAX];
            assert_int_equal(name_from_text(order[i], NULL, a), OK);
            assert_int_equal(name_from_text(order[k], NULL, b), OK);
            const int found = name_compare(a, b);
            assert_int_equal((found > 0) - (found < 0), (i > k) - (i < k));
            assert_int_equal(name_equal(a, b), i == k);
        }
    }
}

/* RFC 4343 */
static void
only_ascii_letters_are_folded(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        uint8_t name[] = { 1, (uint8_t)c, 0 }, folded[NAME_LEN_MAX];
        const unsigned expected = c >= 'A' && c <= 'Z' ? c + 32 : c;
        assert_int_equal(name_copy_folded(name, folded), 3);
        assert_int_equal(folded[1], expected);
        assert_true(name_equal(name, folded) && name_compare(name, folded) == 0);
        name_fold(name);
        assert_int_equal(name[1], expected);
        assert_int_equal(name[0], 1);
    }
}

static void
a_name_is_under_itself_and_its_ancestors(void **state)
{
    static const struct {
        const char *name, *ancestor;
        bool under;
    } cases[] = {
        { "a.b.", "b.", true },  { "a.B.", "A.b.", true },  { "a.b.", ".", true },
        { ".", ".", true },      { ".", "a.", false },      { "ab.", "b.", false },
        { "b.", "a.b.", false }, { "a\\.b.", "b.", false }, { "x.a.c.", "a.b.", false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t name[NAME_LEN_MAX], ancestor[NAME_LEN_MAX];
        assert_int_equal(name_from_text(cases[i].name, NULL, name), OK);
        assert_int_equal(name_from_text(cases[i].ancestor, NULL, ancestor), OK);
        assert_int_equal(name_is_under(name, ancestor), cases[i].under);
    }
    assert_true(name_is_wildcard((const uint8_t *)"\1*\1a"));
    assert_false(name_is_wildcard((const uint8_t *)"\2**\1a"));
    assert_false(name_is_wildcard((const uint8_t *)""));
}

static void
bytes_of_every_length_are_compared_to_the_last(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 40; len++) {
        uint8_t *const a = calloc(1, len + 1), *const b = calloc(1, len + 1);
        assert_true(a && b);
        assert_true(name_same_bytes(a, b, len));
        for (size_t at = 0; at < len; at++) {
            b[at] = 1;
            assert_false(name_same_bytes(a, b, len));
            b[at] = 0;
        }
        b[len] = 1; /* is not looked at */
        assert_true(name_same_bytes(a, b, len));
        free(a);
        free(b);
    }
}

/* All labels of one byte, twice over: next to no two names may have the same hash. */
static void
hashes_of_near_names_differ(void **state)
{
    static uint32_t hashes[256 * 256];
    size_t same = 0;

    (void)state;
    for (unsigned i = 0; i < 256 * 256; i++) {
        const uint8_t name[] = { 1, (uint8_t)(i >> 8), 1, (uint8_t)i, 0 };
        hashes[i] = name_hash(name);
    }
    assert_int_equal(name_hash((const uint8_t *)""), NAME_HASH_ROOT);
    for (unsigned i = 1; i < 4096; i++) {
        for (unsigned k = 0; k < i; k++)
            same += hashes[i] == hashes[k];
    }
    assert_true(same < 10);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_becomes_wire),
        cmocka_unit_test(what_is_no_name_is_refused_and_changes_nothing),
        cmocka_unit_test(labels_end_at_63_bytes_and_names_at_255),
        cmocka_unit_test(wire_becomes_text),
        cmocka_unit_test(the_canonical_order_is_that_of_rfc_4034),
        cmocka_unit_test(only_ascii_letters_are_folded),
        cmocka_unit_test(a_name_is_under_itself_and_its_ancestors),
        cmocka_unit_test(bytes_of_every_length_are_compared_to_the_last),
        cmocka_unit_test(hashes_of_near_names_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
