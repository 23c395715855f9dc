/* SPDX-License-Identifier: BSD-2-Clause */
/* Options read and written; what they are refused for is in tests/replay/wire.txt, too.
 */
#include "dns/edns.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static struct edns edns;
static struct query query;
static struct answer answer;

/* In memory that ends where the options do. */
static bool
read_options(const char *options, size_t len)
{
    uint8_t *const exact = malloc(len ? len : 1);

    assert_non_null(exact);
    memcpy(exact, options, len);
    memset(&edns, 0, sizeof(edns));
    const bool sound = edns_read_options(exact, len, true, &edns);
    free(exact);
    return sound;
}

/* RFC 7871 6, 7.1.2 */
static void
client_subnets_are_exact_or_refused(void **state)
{
    static const struct {
        const char *data;
        size_t len;
        bool sound;
    } cases[] = {
        { "\0\1\30\0\1\2\3", 7, true },
        { "\0\1\0\0", 4, true },
        { "\0\1\40\0\1\2\3\4", 8, true },
        { "\0\1\1\0\200", 5, true },
        { "\0\2\0\0", 4, true },
        { "\0\2\70\0\1\2\3\4\5\6\7", 11, true },
        { "\0\0\0\0", 4, true },
        { "\0\1\30\1\1\2\3", 7, false }, /* scope */
        { "\0\1\30\0\1\2", 6, false },
        { "\0\1\30\0\1\2\3\0", 8, false },
        { "\0\1\41\0\1\2\3\4\0", 9, false },
        { "\0\1\1\0\100", 5, false }, /* bits */
        { "\0\1\27\0\1\2\3", 7, false },
        { "\0\2\201\0", 4, false },
        { "\0\3\0\0", 4, false },
        { "\1\1\0\0", 4, false }, /* family 257 */
        { "\0\0\1\0\0", 5, false },
        { "\0\0\0\0\0", 5, false },
        { "\0\1\0", 3, false },
        { "", 0, false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char options[40] = { 0, 8, 0, (char)cases[i].len };
        memcpy(options + 4, cases[i].data, cases[i].len);
        assert_int_equal(read_options(options, 4 + cases[i].len), cases[i].sound);
        assert_int_equal(edns.ecs.present, cases[i].sound);
        memset(&edns, 0, sizeof(edns)); /* off: no more than an unknown option */
        assert_true(
            edns_read_options((const uint8_t *)options, 4 + cases[i].len, false, &edns));
        assert_false(edns.ecs.present);
    }
    assert_true(read_options("\0\10\0\7\0\1\30\0\300\0\2", 11));
    char text[ADDR_TEXT_SIZE];
    assert_string_equal(addr_text(&edns.ecs.address, text), "192.0.2.0");
    assert_int_equal(edns.ecs.source_len, 24);
    assert_int_equal(edns.ecs.address_len, 3);
}

/* RFC 7873 4, 5.2.2 */
static void
cookies_are_of_8_or_16_to_40_bytes(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 60; len++) {
        char options[64] = { 0, 10, 0, (char)len };
        const bool sound = len == 8 || (len >= 16 && len <= 40);
        memset(options + 4, 'c', len);
        assert_int_equal(read_options(options, 4 + len), sound);
        assert_int_equal(edns.cookie_len, sound ? len : 0);
    }
}

/* RFC 6891 6.1.2 */
static void
options_fill_their_record_and_unknown_ones_are_skipped(void **state)
{
    (void)state;
    assert_true(read_options("", 0));
    assert_true(read_options("\375\351\0\3abc\0\3\0\0", 11));
    assert_true(edns.wants_nsid);
    assert_true(
        read_options("\0\3\0\2xy\0\13\0\0", 10)); /* RFC 5001 2.1: its data is ignored */
    assert_true(edns.wants_nsid && edns.wants_keepalive);
    assert_false(read_options("\0\3\0", 3));
    assert_false(read_options("\0\3\0\1", 4));
    assert_false(read_options("\0\3\0\0\0", 5));
    assert_false(read_options("\0\3\377\377xxxx", 8));
}

/* ---- writing ----------------------------------------------------------------------- */

/* The OPT of a reply, in just as many bytes, compared. */
static void
expect_opt(const char *identity, const char *expected, size_t len)
{
    const struct edns_reply reply = { .query = &query,
                                      .answer = &answer,
                                      .identity = identity,
                                      .udp_size = 1232,
                                      .keepalive_100ms = 258 };
    uint8_t *const opt = malloc(len);

    assert_int_equal(edns_len(&reply), len);
    assert_non_null(opt);
    edns_write(&reply, len, opt);
    assert_memory_equal(opt, expected, len);
    free(opt);
}

static void
a_reply_has_what_was_asked_for_and_no_more(void **state)
{
    const struct edns_reply none = { .query = &query,
                                     .answer = &answer,
                                     .identity = "x" };

    (void)state;
    memset(&query, 0, sizeof(query));
    answer_begin(&answer, &query);
    answer.scope = 20;
    assert_int_equal(edns_len(&none), 0);
    query.edns.present = true;
    expect_opt("id", "\0\0\51\4\320\0\0\0\0\0\0", 11);
    query.edns.dnssec_ok = true; /* echoed: RFC 3225 3 */
    answer.rcode = RCODE_BADVERS;
    expect_opt("id", "\0\0\51\4\320\1\0\200\0\0\0", 11);
    query.edns.wants_nsid = true;
    expect_opt("id", "\0\0\51\4\320\1\0\200\0\0\6\0\3\0\2id", 17);
    expect_opt("", "\0\0\51\4\320\1\0\200\0\0\0", 11);
    answer.extended_error = 18;
    expect_opt("", "\0\0\51\4\320\1\0\200\0\0\6\0\17\0\2\0\22", 17);
    answer.extended_error = 0; /* "other" is one, too */
    expect_opt("", "\0\0\51\4\320\1\0\200\0\0\6\0\17\0\2\0\0", 17);
}

/* RFC 7828 3.2.1, 3.3.2: not over UDP */
static void
keepalive_is_told_over_tcp_alone(void **state)
{
    (void)state;
    memset(&query, 0, sizeof(query));
    answer_begin(&answer, &query);
    query.edns.present = query.edns.wants_keepalive = true;
    expect_opt("", "\0\0\51\4\320\0\0\0\0\0\0", 11);
    query.tcp = true;
    expect_opt("", "\0\0\51\4\320\0\0\0\0\0\6\0\13\0\2\1\2", 17);
}

/* RFC 7871 7.2.1 */
static void
the_subnet_is_echoed_and_its_scope_is_the_answer_s(void **state)
{
    (void)state;
    memset(&query, 0, sizeof(query));
    answer_begin(&answer, &query);
    answer.scope = 20;
    assert_true(read_options("\0\10\0\7\0\1\21\0\300\0\200", 11));
    query.edns = edns;
    query.edns.present = true;
    expect_opt("", "\0\0\51\4\320\0\0\0\0\0\13\0\10\0\7\0\1\21\24\300\0\200", 22);
    assert_true(read_options("\0\10\0\4\0\2\0\0", 8));
    query.edns = edns;
    query.edns.present = true; /* source 0: scope 0 */
    expect_opt("", "\0\0\51\4\320\0\0\0\0\0\10\0\10\0\4\0\2\0\0", 19);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(client_subnets_are_exact_or_refused),
        cmocka_unit_test(cookies_are_of_8_or_16_to_40_bytes),
        cmocka_unit_test(options_fill_their_record_and_unknown_ones_are_skipped),
        cmocka_unit_test(a_reply_has_what_was_asked_for_and_no_more),
        cmocka_unit_test(keepalive_is_told_over_tcp_alone),
        cmocka_unit_test(the_subnet_is_echoed_and_its_scope_is_the_answer_s),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
