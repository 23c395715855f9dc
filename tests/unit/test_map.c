/* SPDX-License-Identifier: BSD-2-Clause */
/* Maps: values and lengths at every depth, IPv4 hidden in IPv6 and the scopes beside it.
 */
#include "geoip/map.h"
#include "geoip/trie.h"
#include "tests/lib/geo.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { UNLOCATED = 999 };

static struct geo_map *
make(const char *const prefixes[], size_t count)
{
    struct trie *const trie = trie_new(0);
    struct geo_map *map;

    assert_non_null(trie);
    for (size_t i = 0; i < count; i++) {
        const struct prefix prefix = geo_prefix(prefixes[i]);
        assert_int_equal(trie_set(trie, &prefix, (uint32_t)i + 1), OK);
    }
    assert_int_equal(geo_map_new(trie, &map), OK);
    trie_free(trie);
    return map;
}

static void
check_as(const struct geo_map *map, const char *address, unsigned source_len,
         uint32_t value, unsigned len)
{
    const struct addr addr = geo_addr(address);
    const struct geo_hit hit = geo_map_find(map, &addr, (uint8_t)source_len, UNLOCATED);

    if (hit.value != value || hit.len != len)
        fail_msg("%s/%u is %u of %u bits, not %u of %u", address, source_len,
                 (unsigned)hit.value, (unsigned)hit.len, (unsigned)value, len);
}

static void
check(const struct geo_map *map, const char *address, uint32_t value, unsigned len)
{
    check_as(map, address, strchr(address, ':') ? 128 : 32, value, len);
}

static void
one_value_everywhere_is_length_zero_but_beside_hidden_ipv4(void **state)
{
    struct geo_map *const map = make(NULL, 0);

    (void)state;
    check(map, "1.2.3.4", 0, 0);
    check(map, "ff00::", 0, 1);
    check(map, "2a00::", 0, 5); /* 2800::/5: 2000::/5 holds 2001::/32 and 2002::/16 */
    geo_map_free(map);
}

static void
every_length_is_found(void **state)
{
    (void)state;
    for (unsigned len = 0; len <= 128; len++) {
        struct prefix prefix = { geo_addr("a5a5:5a5a:a5a5:5a5a:a5a5:5a5a:a5a5:5a5a"),
                                 (uint8_t)len };
        char text[PREFIX_TEXT_SIZE];
        const char *const prefixes[] = { text };
        addr_mask(&prefix.addr, len);
        (void)prefix_text(&prefix, text);
        struct geo_map *const map = make(prefixes, 1);
        check(map, "a5a5:5a5a:a5a5:5a5a:a5a5:5a5a:a5a5:5a5a", 1, len ? len : 1);
        geo_map_free(map);
    }
    for (unsigned len = 0; len <= 32; len++) {
        struct prefix prefix = { geo_addr("165.165.90.90"), (uint8_t)len };
        char text[PREFIX_TEXT_SIZE];
        const char *const prefixes[] = { text };
        addr_mask(&prefix.addr, len);
        (void)prefix_text(&prefix, text);
        struct geo_map *const map = make(prefixes, 1);
        check(map, "165.165.90.90", 1, len);
        geo_map_free(map);
    }
}

static void
values_up_to_the_limit_fit(void **state)
{
    static const uint32_t fit[] = { 0, 1, (1U << 23) - 2, TRIE_VALUE_MAX };
    static const uint32_t too_large[] = { (1U << 23) - 1, 1U << 23, TRIE_VALUE_MAX - 1 };
    const struct prefix prefix = geo_prefix("10.0.0.0/8");

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct trie *const trie = trie_new(0);
        struct geo_map *map;
        assert_int_equal(trie_set(trie, &prefix, fit[i]), OK);
        assert_int_equal(geo_map_new(trie, &map), OK);
        check(map, "10.0.0.1", fit[i], 8);
        assert_true(geo_map_size(map) > 0);
        geo_map_free(map);
        trie_free(trie);
    }
    for (size_t i = 0; i < 3; i++) {
        struct trie *const trie = trie_new(too_large[i]);
        struct geo_map *map = NULL;
        assert_int_equal(geo_map_new(trie, &map), ERR_LIMIT);
        assert_null(map);
        trie_free(trie);
    }
}

static const char *const nets[] = { "20.0.0.0/8", "20.1.0.0/16", "2000::/3" };

static void
hidden_ipv4_is_looked_up_as_ipv4(void **state)
{
    struct geo_map *const map = make(nets, 3);

    (void)state;
    check(map, "::ffff:20.1.2.3", 2, 112);
    check(map, "64:ff9b::20.1.2.3", 2, 112);
    check(map, "2002:1401:203::1", 2, 32);
    check(map, "2001:0:9:9:9:9:ebfe:fdfc", 2, 112);
    check(map, "2002:1501:203::1", 0, 24);
    check(map, "64:ff9b:0:0:0:1:1401:203", 0, 96); /* not of the block */
    check(map, "::20.1.2.3", 0, 81);               /* nor are these */
    check(map, "2001:1::ebfe:fdfc", 3, 32);
    geo_map_free(map);
}

static void
too_little_of_hidden_ipv4_is_unlocated(void **state)
{
    struct geo_map *const map = make(nets, 3);

    (void)state;
    check_as(map, "::ffff:20.1.2.0", 104, 2, 112);
    check_as(map, "::ffff:20.0.0.0", 103, UNLOCATED, 96);
    check_as(map, "64:ff9b::20.0.0.0", 103, UNLOCATED, 96);
    check_as(map, "64:ff9b::", 48, UNLOCATED, 96);
    check_as(map, "2002:1401::", 24, 2, 32);
    check_as(map, "2002:1400::", 23, UNLOCATED, 16);
    check_as(map, "2001:0:9:9:9:9:ebfe:fdfc", 127, UNLOCATED, 32);
    geo_map_free(map);
}

static void
a_scope_never_holds_a_block_of_hidden_ipv4(void **state)
{
    struct geo_map *const map = make(nets, 3);

    (void)state;
    check(map, "2003::1", 3, 16);
    check(map, "2000:ffff::", 3, 16);
    check(map, "2001:0:ffff::", 0, 97); /* itself in one, as 255.255.255.255 */
    check(map, "2001:1::", 3, 32);
    check(map, "2001:8000::", 3, 17);
    check(map, "2400::", 3, 6);
    check(map, "64:ff9b:8000::", 0, 33);
    check(map, "64:ff9a::", 0, 32);
    check(map, "::ffff:ffff:0:0", 0, 65);
    check(map, "::8000:0:0", 0, 82);
    check(map, "0:8000::", 0, 17);
    geo_map_free(map);
}

static void
leaves_beside_the_blocks_are_the_tries_own(void **state)
{
    static const char *const narrow[] = { "2003::/20", "2001:1::/48" };
    struct geo_map *const map = make(narrow, 2);

    (void)state;
    check(map, "2003::1", 1, 20);
    check(map, "2001:1::1", 2, 48);
    check(map, "2003:1000::", 0, 20);
    geo_map_free(map);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_value_everywhere_is_length_zero_but_beside_hidden_ipv4),
        cmocka_unit_test(every_length_is_found),
        cmocka_unit_test(values_up_to_the_limit_fit),
        cmocka_unit_test(hidden_ipv4_is_looked_up_as_ipv4),
        cmocka_unit_test(too_little_of_hidden_ipv4_is_unlocated),
        cmocka_unit_test(a_scope_never_holds_a_block_of_hidden_ipv4),
        cmocka_unit_test(leaves_beside_the_blocks_are_the_tries_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
