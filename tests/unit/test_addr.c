/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/base/addr.h"
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static struct addr
addr_of(const char *text)
{
    struct addr addr;

    assert_int_equal(addr_parse(text, &addr), OK);
    return addr;
}

static struct prefix
prefix_of(const char *text)
{
    struct prefix prefix;

    assert_int_equal(prefix_parse(text, &prefix), OK);
    return prefix;
}

/* RFC 5952 4 */
static void
addresses_are_printed_in_their_canonical_form(void **state)
{
    static const char *const pairs[][2] = {
        { "192.0.2.1", "192.0.2.1" },
        { "255.255.255.255", "255.255.255.255" },
        { "2001:DB8:0:0:0:0:0:1", "2001:db8::1" },
        { "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },
        { "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
        { "::ffff:192.0.2.1", "::ffff:192.0.2.1" },
        { "::", "::" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        char text[ADDR_TEXT_SIZE];
        const struct addr addr = addr_of(pairs[i][0]);
        assert_string_equal(addr_text(&addr, text), pairs[i][1]);
        assert_int_equal(addr.family, strchr(pairs[i][0], ':') ? ADDR_V6 : ADDR_V4);
    }
}

static void
what_is_no_address_is_refused_and_changes_nothing(void **state)
{
    static const char *const bad[] = { "",           "192.0.2",     "192.0.2.256",
                                       "192.0.2.01", "192.0.2.1 ",  "fe80::1%lo",
                                       ":::",        "2001:db8::g", "192.0.2.1@53",
                                       "1.2.3.4/32", "localhost",   "1:2:3:4:5:6:7:8:9" };
    struct addr addr = { .family = 77 };

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(addr_parse(bad[i], &addr), ERR_FORMAT);
    assert_int_equal(addr.family, 77);
}

static void
an_ipv4_address_leaves_the_rest_of_its_bytes_zero(void **state)
{
    static const uint8_t zero[12];
    const struct addr addr = addr_of("255.254.253.252");

    (void)state;
    assert_memory_equal(addr.bytes + 4, zero, sizeof(zero));
    assert_int_equal(addr_v4(&addr), 0xfffefdfcU);
    assert_int_equal(addr_len(&addr), 4);
    assert_int_equal(addr_bits(&addr), 32);
}

static void
prefixes_have_no_bits_past_their_length(void **state)
{
    struct prefix prefix;

    (void)state;
    assert_int_equal(prefix_parse("192.0.2.1/31", &prefix), ERR_RANGE);
    assert_int_equal(prefix_parse("128.0.0.0/0", &prefix), ERR_RANGE);
    assert_int_equal(prefix_parse("2001:db8::8000/112", &prefix), ERR_RANGE);
    assert_int_equal(prefix_of("192.0.2.0/31").len, 31);
    assert_int_equal(prefix_of("0.0.0.0/0").len, 0);
    assert_int_equal(prefix_of("192.0.2.1").len, 32);
    assert_int_equal(prefix_of("2001:db8::").len, 128);
}

static void
what_is_no_prefix_is_refused(void **state)
{
    static const char *const bad[] = { "192.0.2.0/33",    "2001:db8::/129",
                                       "192.0.2.0/",      "/24",
                                       "192.0.2.0/-1",    "192.0.2.0/2x",
                                       "192.0.2.0/24/24", "192.0.2.0/99999999999",
                                       "192.0.2.0/ 24" };
    char longest[200] = "";
    struct prefix prefix;

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(prefix_parse(bad[i], &prefix), ERR_FORMAT);
    memset(longest, '1', sizeof(longest) - 1);
    assert_int_equal(prefix_parse(longest, &prefix), ERR_FORMAT);
}

static void
masks_cut_at_every_bit(void **state)
{
    (void)state;
    for (unsigned len = 0; len <= 128; len++) {
        struct addr addr = addr_of("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
        unsigned ones = 0;
        addr_mask(&addr, len);
        for (unsigned i = 0; i < 16; i++)
            ones += (unsigned)__builtin_popcount(addr.bytes[i]);
        assert_int_equal(ones, len);
        if (len > 0 && len < 128) /* and they are the first ones */
            assert_int_equal(addr.bytes[(len - 1) / 8] >> (7 - (len - 1) % 8) & 1, 1);
    }
}

static void
a_prefix_contains_and_covers_what_lies_within(void **state)
{
    static const struct {
        const char *prefix, *addr;
        bool contains;
    } cases[] = {
        { "192.0.2.0/24", "192.0.2.255", true },
        { "192.0.2.0/24", "192.0.3.0", false },
        { "192.0.2.128/25", "192.0.2.127", false },
        { "192.0.2.128/25", "192.0.2.128", true },
        { "0.0.0.0/0", "255.255.255.255", true },
        { "0.0.0.0/0", "::", false },
        { "2001:db8::/33", "2001:db8:7fff::1", true },
        { "2001:db8::/33", "2001:db8:8000::", false },
        { "192.0.2.1", "192.0.2.1", true },
        { "192.0.2.1", "192.0.2.0", false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct prefix prefix = prefix_of(cases[i].prefix);
        const struct addr addr = addr_of(cases[i].addr);
        const struct prefix whole = { .addr = addr, .len = (uint8_t)addr_bits(&addr) };
        assert_int_equal(prefix_contains(&prefix, &addr), cases[i].contains);
        assert_int_equal(prefix_covers(&prefix, &whole), cases[i].contains);
    }
    const struct prefix wide = prefix_of("192.0.0.0/16"),
                        narrow = prefix_of("192.0.0.0/24");
    assert_true(prefix_covers(&wide, &narrow) && !prefix_covers(&narrow, &wide));
    assert_true(prefix_covers(&wide, &wide) && prefix_equal(&wide, &wide));
    assert_false(prefix_equal(&wide, &narrow));
}

static void
addresses_are_ordered_by_family_then_bytes(void **state)
{
    static const char *const order[] = { "0.0.0.0", "9.0.0.0", "10.0.0.0",  "255.0.0.0",
                                         "::",      "::1",     "2001:db8::" };

    (void)state;
    for (size_t i = 0; i < COUNT(order); i++) {
        for (size_t k = 0; k < COUNT(order); k++) {
            const struct addr a = addr_of(order[i]), b = addr_of(order[k]);
            const int found = addr_compare(&a, &b);
            assert_int_equal((found > 0) - (found < 0), (i > k) - (i < k));
            assert_int_equal(addr_equal(&a, &b), i == k);
        }
    }
}

static void
endpoints_have_a_port_or_take_the_default(void **state)
{
    static const struct {
        const char *text, *addr;
        uint16_t port;
    } cases[] = { { "0.0.0.0@53", "0.0.0.0", 53 },
                  { "::@53", "::", 53 },
                  { "192.0.2.1", "192.0.2.1", 5353 },
                  { "2001:db8::1@65535", "2001:db8::1", 65535 },
                  { "127.0.0.1@0", "127.0.0.1", 0 } };
    static const char *const bad[] = { "@53",         "127.0.0.1@",   "127.0.0.1@65536",
                                       "127.0.0.1@x", "127.0.0.1:53", "127.0.0.1@53@53",
                                       "::@-1" };
    struct endpoint endpoint;
    char text[ENDPOINT_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct addr addr = addr_of(cases[i].addr);
        assert_int_equal(endpoint_parse(cases[i].text, 5353, &endpoint), OK);
        assert_true(addr_equal(&endpoint.addr, &addr));
        assert_int_equal(endpoint.port, cases[i].port);
    }
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(endpoint_parse(bad[i], 5353, &endpoint), ERR_FORMAT);
    assert_int_equal(endpoint_parse("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255@65535",
                                    0, &endpoint),
                     OK);
    assert_string_equal(endpoint_text(&endpoint, text),
                        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff@65535");
}

static void
endpoints_survive_the_socket_api(void **state)
{
    static const char *const texts[] = { "192.0.2.1@53", "2001:db8::1@853" };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct endpoint there, back;
        struct sockaddr_storage sa;
        char text[ENDPOINT_TEXT_SIZE];
        assert_int_equal(endpoint_parse(texts[i], 0, &there), OK);
        const socklen_t len = endpoint_to_sockaddr(&there, &sa);
        assert_int_equal(len, i == 0 ? sizeof(struct sockaddr_in)
                                     : sizeof(struct sockaddr_in6));
        assert_int_equal(endpoint_from_sockaddr((const struct sockaddr *)&sa, &back), OK);
        assert_string_equal(endpoint_text(&back, text), texts[i]);
    }
    const struct sockaddr other = { .sa_family = AF_UNIX };
    struct endpoint endpoint;
    assert_int_equal(endpoint_from_sockaddr(&other, &endpoint), ERR_FORMAT);
}

static void
no_address_at_all_is_harmless(void **state)
{
    struct addr none = { 0 };
    char text[ADDR_TEXT_SIZE];

    (void)state;
    assert_string_equal(addr_text(&none, text), "none");
    assert_int_equal(addr_bits(&none), 0);
    addr_mask(&none, 0);
    assert_true(addr_equal(&none, &none));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_printed_in_their_canonical_form),
        cmocka_unit_test(what_is_no_address_is_refused_and_changes_nothing),
        cmocka_unit_test(an_ipv4_address_leaves_the_rest_of_its_bytes_zero),
        cmocka_unit_test(prefixes_have_no_bits_past_their_length),
        cmocka_unit_test(what_is_no_prefix_is_refused),
        cmocka_unit_test(masks_cut_at_every_bit),
        cmocka_unit_test(a_prefix_contains_and_covers_what_lies_within),
        cmocka_unit_test(addresses_are_ordered_by_family_then_bytes),
        cmocka_unit_test(endpoints_have_a_port_or_take_the_default),
        cmocka_unit_test(endpoints_survive_the_socket_api),
        cmocka_unit_test(no_address_at_all_is_harmless),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
