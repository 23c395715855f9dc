/* SPDX-License-Identifier: BSD-2-Clause */
/* The trie: setting, painting, folding and overlaying; what is equal merges. */
#include "geoip/trie.h"
#include "tests/lib/geo.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct trie *
make(const char *const prefixes[], size_t count)
{
    struct trie *const trie = trie_new(0);

    assert_non_null(trie);
    for (size_t i = 0; i < count; i++) {
        const struct prefix prefix = geo_prefix(prefixes[i]);
        assert_int_equal(trie_set(trie, &prefix, (uint32_t)i + 1), OK);
    }
    return trie;
}

static void
check(const struct trie *trie, const char *address, uint32_t value, unsigned len)
{
    const struct addr addr = geo_addr(address);
    uint8_t got = 0;

    assert_int_equal(trie_find(trie, &addr, &got), value);
    assert_int_equal(got, len);
}

static void
a_new_trie_has_one_value_everywhere(void **state)
{
    struct trie *const trie = trie_new(TRIE_VALUE_MAX);

    (void)state;
    check(trie, "1.2.3.4", TRIE_VALUE_MAX, 0);
    check(trie, "2a00::", TRIE_VALUE_MAX, 0);
    trie_free(trie);
}

static void
later_prefixes_win(void **state)
{
    static const char *const prefixes[] = { "10.0.0.0/8",  "10.1.0.0/16", "10.1.2.3/32",
                                            "10.1.2.0/24", "2a00::/16",   "::/0" };
    struct trie *const trie = make(prefixes, 6);

    (void)state;
    check(trie, "10.0.0.1", 1, 16);
    check(trie, "10.1.0.1", 2, 23);
    check(trie, "10.1.2.3", 4, 24);
    check(trie, "11.0.0.0", 0, 8);
    check(trie, "2a00::1", 6, 0);
    trie_free(trie);
}

static void
families_are_apart(void **state)
{
    static const char *const prefixes[] = { "0.0.0.0/0", "::/1" };
    struct trie *const trie = make(prefixes, 2);

    (void)state;
    check(trie, "0.0.0.0", 1, 0);
    check(trie, "::", 2, 1);
    check(trie, "8000::", 0, 1);
    trie_free(trie);
}

static uint32_t
add_ten(void *context, uint32_t old)
{
    ++*(unsigned *)context;
    return old + 10;
}

static void
painting_changes_what_is_there(void **state)
{
    static const char *const prefixes[] = { "10.0.0.0/8", "10.1.0.0/16" };
    struct trie *const trie = make(prefixes, 2);
    const struct prefix inner = geo_prefix("10.1.128.0/17"),
                        outer = geo_prefix("10.0.0.0/7");
    unsigned calls = 0;

    (void)state;
    assert_int_equal(trie_paint(trie, &inner, add_ten, &calls), OK);
    assert_int_equal(calls, 1);
    check(trie, "10.1.128.1", 12, 17);
    check(trie, "10.1.0.1", 2, 17);
    assert_int_equal(trie_paint(trie, &outer, add_ten, &calls), OK);
    check(trie, "10.1.128.1", 22, 17);
    check(trie, "10.1.0.1", 12, 17);
    check(trie, "10.2.0.1", 11, 15);
    check(trie, "11.0.0.0", 10, 8);
    check(trie, "12.0.0.0", 0, 6);
    trie_free(trie);
}

static void
folding_merges_equal_neighbours(void **state)
{
    static const char *const prefixes[] = { "10.0.0.0/8", "11.0.0.0/8", "10.1.2.3/32",
                                            "2a00::/128" };
    static const uint32_t values[] = { 7, 9, 9, 9, 7 };
    struct trie *const trie = make(prefixes, 4);
    struct trie *folded;

    (void)state;
    assert_int_equal(trie_fold(trie, values, &folded), OK);
    check(folded, "10.1.2.3", 9, 7);
    check(folded, "11.9.9.9", 9, 7);
    check(folded, "12.0.0.0", 7, 6);
    check(folded, "2a00::", 7, 0);
    trie_free(folded);
    trie_free(trie);
}

static uint32_t
pair(void *context, uint32_t a, uint32_t b)
{
    (void)context;
    return a * 10 + b;
}

static uint32_t
refuse(void *context, uint32_t a, uint32_t b)
{
    (void)context;
    return a && b ? TRIE_VALUE_MAX + 1 : 0;
}

static void
an_overlay_is_the_product_of_both(void **state)
{
    static const char *const left[] = { "10.0.0.0/8", "2a00::/16" };
    static const char *const right[] = { "10.1.0.0/16", "0.0.0.0/4", "2a00::/12" };
    struct trie *const a = make(left, 2), *const b = make(right, 3);
    struct trie *product, *none = NULL;

    (void)state;
    assert_int_equal(trie_overlay(a, b, pair, NULL, &product), OK);
    check(product, "10.1.2.3", 12, 8); /* 0.0.0.0/4 came later than 10.1.0.0/16 */
    check(product, "11.1.2.3", 2, 8);
    check(product, "16.0.0.0", 0, 4);
    check(product, "2a00::", 23, 16);
    check(product, "2a01::", 3, 16);
    assert_int_equal(trie_overlay(a, b, refuse, NULL, &none), ERR_NOMEM);
    assert_null(none);
    trie_free(product);
    trie_free(a);
    trie_free(b);
}

static void
equal_tries_are_equal_however_they_are_made(void **state)
{
    static const char *const prefixes[] = { "10.0.0.0/8", "2a00::/16" };
    static const char *const more[] = { "10.0.0.0/8", "2a00::/16", "2a00::1/128" };
    static const uint32_t same[] = { 0, 1, 2, 2 };
    struct trie *const a = make(prefixes, 2), *const b = make(more, 3);
    struct trie *folded_a, *folded_b;

    (void)state;
    assert_false(trie_equal(a, b));
    assert_true(trie_hash(a) != trie_hash(b));
    assert_int_equal(trie_fold(a, same, &folded_a), OK);
    assert_int_equal(trie_fold(b, same, &folded_b), OK);
    assert_true(trie_equal(folded_a, folded_b));
    assert_true(trie_hash(folded_a) == trie_hash(folded_b));
    trie_free(folded_a);
    trie_free(folded_b);
    trie_free(a);
    trie_free(b);
}

struct seen {
    char text[256];
    size_t most;
};

static bool
see(void *context, const struct prefix *prefix, uint32_t value)
{
    struct seen *const seen = context;
    char buffer[PREFIX_TEXT_SIZE];
    const size_t len = strlen(seen->text);

    (void)snprintf(seen->text + len, sizeof(seen->text) - len, "%s=%u ",
                   prefix_text(prefix, buffer), (unsigned)value);
    return --seen->most > 0;
}

static void
a_walk_goes_in_order_and_stops_when_told(void **state)
{
    static const char *const prefixes[] = { "192.0.0.0/2", "::/2", "255.255.255.255/32" };
    struct trie *const trie = make(prefixes, 2);
    struct seen all = { .most = 100 }, some = { .most = 3 };

    (void)state;
    trie_walk(trie, see, &all);
    assert_string_equal(all.text, "0.0.0.0/1=0 128.0.0.0/2=0 192.0.0.0/2=1 ::/2=2 "
                                  "4000::/2=0 8000::/1=0 ");
    trie_walk(trie, see, &some);
    assert_string_equal(some.text, "0.0.0.0/1=0 128.0.0.0/2=0 192.0.0.0/2=1 ");
    trie_free(trie);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_trie_has_one_value_everywhere),
        cmocka_unit_test(later_prefixes_win),
        cmocka_unit_test(families_are_apart),
        cmocka_unit_test(painting_changes_what_is_there),
        cmocka_unit_test(folding_merges_equal_neighbours),
        cmocka_unit_test(an_overlay_is_the_product_of_both),
        cmocka_unit_test(equal_tries_are_equal_however_they_are_made),
        cmocka_unit_test(a_walk_goes_in_order_and_stops_when_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
