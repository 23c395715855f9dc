/* SPDX-License-Identifier: BSD-2-Clause */
/* One message in, one out, with a stub answerer: limits, counters, CHAOS, who is asked.
 */
#include "dns/serve.h"
#include "tests/lib/stub.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct stub stub;
static struct serve serve;
static struct stats stats;
static uint8_t reply[CLIENT_REPLY_MAX];
static uint8_t query[CLIENT_QUERY_MAX];

static int
begin(void **state)
{
    static const unsigned counts[] = { 1, 30, 70, 4000, 0 };

    (void)state;
    memset(&serve, 0, sizeof(serve));
    memset(&stats, 0, sizeof(stats));
    stub_init(&stub, counts);
    serve.answerer = &stub.answerer;
    serve.snapshot = &stub;
    serve.settings = &stub.settings;
    serve.stats = &stats;
    serve.random_state = 1;
    return 0;
}

static int
finish(void **state)
{
    (void)state;
    stub_done(&stub);
    return 0;
}

/* The query in query + 2, in just as many bytes, into just as much room. */
static size_t
serve_query(size_t len, bool tcp, size_t room)
{
    struct addr source;
    uint8_t *const exact = malloc(len + 1), *const to = malloc(room);

    assert_true(exact && to);
    assert_int_equal(addr_parse("192.0.2.1", &source), OK);
    memcpy(exact, query + 2, len);
    const size_t reply_len = serve_message(&serve, exact, len, &source, tcp, to, room);
    assert_true(reply_len <= room);
    memcpy(reply, to, reply_len);
    free(exact);
    free(to);
    return reply_len;
}

static size_t
ask(const char *name, unsigned edns_size, bool tcp, size_t room)
{
    return serve_query(client_query(query, 1, name, edns_size), tcp, room);
}

/* With another type and class. */
static unsigned
rcode_of(const char *name, uint16_t type, uint16_t class)
{
    const size_t len = client_query(query, 1, name, 0);

    query[2 + len - 4] = (uint8_t)(type >> 8);
    query[2 + len - 3] = (uint8_t)type;
    query[2 + len - 2] = (uint8_t)(class >> 8);
    query[2 + len - 1] = (uint8_t) class;
    assert_true(serve_query(len, false, 1232) >= 12);
    return reply_rcode(reply);
}

/* RFC 1035 4.2.1, RFC 6891 6.2.5, RFC 9715 */
static void
the_smallest_limit_holds(void **state)
{
    (void)state;
    assert_true(ask("n70.", 0, false, 4096) <= 512);
    assert_true(reply_truncated(reply));
    assert_true(ask("n70.", 1232, false, 4096) > 1100);
    assert_false(reply_truncated(reply));
    assert_true(ask("n70.", 1232, false, 512) <= 512); /* the room of a small path */
    assert_true(reply_truncated(reply));
    stub.settings.udp_size_max = 600;
    assert_true(ask("n70.", 65535, false, 4096) <= 600);
    assert_true(reply_truncated(reply));
    assert_true(ask("n70.", 0, true, 65535) > 1100); /* none of it for TCP */
    assert_false(reply_truncated(reply));
    assert_true(ask("n4000.", 512, true, 65535) > 64000);
    assert_int_equal(stats.truncated, 3);
}

static void
each_message_is_counted_once(void **state)
{
    (void)state;
    (void)ask("n1.", 0, false, 512);
    (void)ask("n1.", 0, true, 512);
    (void)ask("fail.", 0, true, 512);
    (void)ask("x.", 0, true, 512);
    assert_int_equal(rcode_of("n1.", 65535, RR_CLASS_IN), RCODE_NOERROR);
    assert_int_equal(serve_query(11, false, 512), 0);
    query[4] |= 0x80;
    assert_int_equal(serve_query(20, false, 512), 0);
    query[4] = 0x78;
    assert_true(serve_query(20, false, 512) > 0);
    const size_t a = stats_type_slot(RR_TYPE_A);
    assert_int_equal(stats.requests[STATS_UDP][0][a], 1);
    assert_int_equal(stats.requests[STATS_UDP][0][0], 2); /* NOTIMP, too */
    assert_int_equal(stats.requests[STATS_TCP][0][a], 3);
    assert_int_equal(stats.responses[1][RCODE_NOERROR], 3);
    assert_int_equal(stats.responses[1][RCODE_SERVFAIL], 1);
    assert_int_equal(stats.responses[1][RCODE_NXDOMAIN], 1);
    assert_int_equal(stats.responses[0][RCODE_NOTIMP], 1);
    assert_int_equal(stats.drops[STATS_DROP_SHORT], 1);
    assert_int_equal(stats.drops[STATS_DROP_RESPONSE], 1);
    assert_int_equal(stats.kinds[ANSWER_POSITIVE], 3);
    assert_int_equal(stats.kinds[ANSWER_NXDOMAIN], 1);
}

static void
the_answerer_is_asked_for_in_and_any_alone(void **state)
{
    static const uint16_t classes[] = { 0, 2, 4, RR_CLASS_NONE, 256 };

    (void)state;
    assert_int_equal(rcode_of("n1.", RR_TYPE_A, RR_CLASS_IN), RCODE_NOERROR);
    assert_int_equal(reply[2] & 4, 4);
    assert_int_equal(rcode_of("n1.", RR_TYPE_A, RR_CLASS_ANY), RCODE_NOERROR);
    assert_int_equal(reply_answers(reply), 1);
    assert_int_equal(reply[2] & 4, 0); /* RFC 1035 6.2 */
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        assert_int_equal(rcode_of("n1.", RR_TYPE_A, classes[i]), RCODE_REFUSED);
        assert_int_equal(reply_answers(reply), 0);
    }
}

/* RFC 6895 3.1, RFC 5936 4.2, RFC 9824 3.5 */
static void
types_without_data_never_reach_the_answerer(void **state)
{
    (void)state;
    for (unsigned type = 120; type < 262; type++) {
        unsigned expected = type >= 128 && type < 256 ? RCODE_NOTIMP : RCODE_NOERROR;
        if (type == RR_TYPE_ANY)
            expected = RCODE_NOERROR;
        else if (type == RR_TYPE_AXFR || type == RR_TYPE_IXFR)
            expected = RCODE_REFUSED;
        else if (type == RR_TYPE_TKEY || type == RR_TYPE_TSIG || type == RR_TYPE_NXNAME)
            expected = RCODE_FORMERR;
        assert_int_equal(rcode_of("n1.", (uint16_t)type, RR_CLASS_IN), expected);
    }
    assert_int_equal(rcode_of("n1.", RR_TYPE_OPT, RR_CLASS_IN), RCODE_FORMERR);
}

/* RFC 4892 */
static void
chaos_tells_what_the_settings_allow(void **state)
{
    char wordy[256], wordier[257];

    (void)state;
    assert_int_equal(rcode_of("ID.server.", RR_TYPE_TXT, RR_CLASS_CH), RCODE_NOERROR);
    assert_int_equal(reply_answers(reply), 1);
    assert_memory_equal(reply + 12 + 11 + 4, "\300\14\0\20\0\3\0\0\0\0\0\5\4stub", 17);
    assert_int_equal(rcode_of("hostname.bind.", RR_TYPE_ANY, RR_CLASS_CH), RCODE_NOERROR);
    assert_int_equal(rcode_of("version.bind.", RR_TYPE_TXT, RR_CLASS_CH), RCODE_NOERROR);
    assert_int_equal(rcode_of("version.server.", RR_TYPE_A, RR_CLASS_CH), RCODE_REFUSED);
    assert_int_equal(rcode_of("n1.", RR_TYPE_TXT, RR_CLASS_CH), RCODE_REFUSED);
    assert_int_equal(rcode_of("a.id.server.", RR_TYPE_TXT, RR_CLASS_CH), RCODE_REFUSED);
    stub.settings.identity = stub.settings.version = "";
    assert_int_equal(rcode_of("id.server.", RR_TYPE_TXT, RR_CLASS_CH), RCODE_REFUSED);
    assert_int_equal(rcode_of("version.bind.", RR_TYPE_TXT, RR_CLASS_CH), RCODE_REFUSED);
    memset(wordy, 'w', sizeof(wordy));
    wordy[255] = '\0'; /* the longest text there is */
    stub.settings.identity = wordy;
    assert_int_equal(rcode_of("id.server.", RR_TYPE_TXT, RR_CLASS_CH), RCODE_NOERROR);
    memset(wordier, 'w', sizeof(wordier));
    wordier[256] = '\0';
    stub.settings.identity = wordier;
    assert_int_equal(rcode_of("id.server.", RR_TYPE_TXT, RR_CLASS_CH), RCODE_REFUSED);
}

static void
each_query_has_a_random_number_of_its_own(void **state)
{
    uint32_t seen[100];

    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        (void)ask("n1.", 0, false, 512);
        seen[i] = serve.query.random;
        for (unsigned k = 0; k < i; k++)
            assert_int_not_equal(seen[i], seen[k]);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_smallest_limit_holds),
        TEST(each_message_is_counted_once),
        TEST(the_answerer_is_asked_for_in_and_any_alone),
        TEST(types_without_data_never_reach_the_answerer),
        TEST(chaos_tells_what_the_settings_allow),
        TEST(each_query_has_a_random_number_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
