/* SPDX-License-Identifier: BSD-2-Clause */
/* UDP workers over loopback: addresses, batches, odd datagrams, the end. */
#include "dns/udp.h"
#include "tests/lib/stub.h"
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { CLIENTS = 100, BURST = 150 };

static struct stub_server server;

/* Sends, and waits for the reply. */
static size_t
ask(int fd, unsigned id, const char *name, unsigned edns_size, uint8_t *reply)
{
    uint8_t query[CLIENT_QUERY_MAX];
    const size_t len = client_query(query, id, name, edns_size);

    client_write(fd, query + 2, len);
    const ssize_t got = recv(fd, reply, CLIENT_REPLY_MAX, 0);
    assert_true(got >= 12);
    assert_int_equal(reply_id(reply), id);
    return (size_t)got;
}

static bool
has_ipv6(void)
{
    struct endpoint endpoint;

    assert_int_equal(endpoint_parse("::1@0", 0, &endpoint), OK);
    const int fd = udp_socket(&endpoint);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* "who." from an address: the answer must be that address. */
static void
expect_who(const struct endpoint *to, const char *from)
{
    static uint8_t reply[CLIENT_REPLY_MAX];
    struct addr addr;
    const int fd = client_udp(to, from);
    const size_t len = ask(fd, 7, "who.", 0, reply);

    assert_int_equal(addr_parse(from, &addr), OK);
    assert_int_equal(reply_answers(reply), 1);
    assert_memory_equal(reply + len - addr_len(&addr), addr.bytes, addr_len(&addr));
    close(fd);
}

static void
every_address_listed_is_answered(void **state)
{
    const bool v6 = has_ipv6();

    (void)state;
    stub_start(&server, v6 ? "127.0.0.1@0 127.0.0.3@0 ::1@0" : "127.0.0.1@0 127.0.0.3@0",
               2, 10, 10000);
    for (size_t i = 0; i < server.endpoint_count; i++) {
        assert_true(server.endpoints[i].port > 0);
        expect_who(&server.endpoints[i],
                   server.endpoints[i].addr.family == ADDR_V6 ? "::1" : "127.0.0.9");
    }
    stub_stop(&server);
}

/* A connected socket hears only whom it asked: RFC 1035 7.3, RFC 2181 4 */
static void
the_reply_leaves_from_the_address_that_was_asked(void **state)
{
    static const char *const asked[] = { "127.0.0.1", "127.0.0.2", "127.77.0.5" };

    (void)state;
    stub_start(&server, "0.0.0.0@0", 2, 10, 10000);
    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
        struct endpoint to = server.endpoints[0];
        assert_int_equal(addr_parse(asked[i], &to.addr), OK);
        expect_who(&to, "127.0.0.1");
        expect_who(&to, "127.0.0.4");
    }
    stub_stop(&server);
}

static void
both_wildcards_share_a_port_and_keep_apart(void **state)
{
    char listen[40];

    (void)state;
    if (!has_ipv6())
        skip();
    stub_start(&server, "::@0", 1, 10, 10000);
    const unsigned port = server.endpoints[0].port;
    stub_stop(&server);
    (void)snprintf(listen, sizeof(listen), "::@%u 0.0.0.0@%u", port, port);
    stub_start(&server, listen, 2, 10, 10000);
    struct endpoint to = server.endpoints[0];
    assert_int_equal(addr_parse("::1", &to.addr), OK);
    expect_who(&to, "::1");
    assert_int_equal(addr_parse("127.0.0.2", &to.addr), OK);
    expect_who(&to, "127.0.0.1"); /* not ::ffff:127.0.0.1 */
    stub_stop(&server);
}

/* RFC 6891 6.2.5, RFC 9715, RFC 2181 9 */
static void
what_does_not_fit_is_truncated(void **state)
{
    static const struct {
        const char *name;
        unsigned edns, answers;
        bool truncated;
    } cases[] = {
        { "n30.", 0, 30, false },    { "n70.", 0, 0, true },
        { "n70.", 1232, 70, false }, { "n70.", 600, 0, true },
        { "n100.", 4096, 0, true }, /* ours is 1232 */
        { "n30.", 100, 30, false }, /* 512 to the byte */
        { "n30.a.", 100, 0, true },  { "n30.a.", 514, 30, false },
        { "n20.", 100, 20, false },  { "n100.", 65535, 0, true },
    };
    static uint8_t reply[CLIENT_REPLY_MAX];

    (void)state;
    stub_start(&server, "127.0.0.1@0", 1, 10, 10000);
    const int fd = client_udp(&server.endpoints[0], NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const size_t len = ask(fd, (unsigned)i, cases[i].name, cases[i].edns, reply);
        assert_int_equal(reply_truncated(reply), cases[i].truncated);
        assert_int_equal(reply_answers(reply), cases[i].answers);
        assert_true(len <= 1232);
    }
    close(fd);
    stub_stop(&server);
}

/* ---- batches ----------------------------------------------------------------------- */

static void
everyone_gets_his_own_reply(void **state)
{
    static int fds[CLIENTS];
    static uint8_t reply[CLIENT_REPLY_MAX];
    uint8_t query[CLIENT_QUERY_MAX];

    (void)state;
    stub_start(&server, "127.0.0.1@0", 1, 10, 10000);
    for (unsigned i = 0; i < CLIENTS; i++) {
        fds[i] = client_udp(&server.endpoints[0], NULL);
        if (i % 3 == 0) /* silence in the midst of a batch */
            client_write(fds[i], "too short", 9);
        const size_t len = client_query(query, 1000 + i, i % 2 ? "n2." : "x.", 0);
        client_write(fds[i], query + 2, len);
    }
    for (unsigned i = 0; i < CLIENTS; i++) {
        assert_true(recv(fds[i], reply, sizeof(reply), 0) > 0);
        assert_int_equal(reply_id(reply), 1000 + i);
        assert_int_equal(reply_answers(reply), i % 2 ? 2 : 0);
        assert_int_equal(reply_rcode(reply), i % 2 ? RCODE_NOERROR : RCODE_NXDOMAIN);
        close(fds[i]);
    }
    stub_stop(&server);
}

static void
what_was_received_before_the_end_is_answered(void **state)
{
    static uint8_t reply[CLIENT_REPLY_MAX];
    uint8_t query[CLIENT_QUERY_MAX];

    (void)state;
    stub_start(&server, "127.0.0.1@0 127.0.0.2@0", 1, 10, 10000);
    const int fds[] = { client_udp(&server.endpoints[0], NULL),
                        client_udp(&server.endpoints[1], NULL) };
    for (unsigned i = 0; i < BURST; i++) {
        const size_t len = client_query(query, i, "n1.", 0);
        client_write(fds[i % 2], query + 2, len);
    }
    server_stop(server.server); /* nobody waited for the replies */
    for (unsigned i = 0; i < BURST; i++) {
        assert_true(recv(fds[i % 2], reply, sizeof(reply), MSG_DONTWAIT) > 0);
        assert_int_equal(reply_id(reply), i);
    }
    close(fds[0]);
    close(fds[1]);
    stub_stop(&server);
}

/* ---- odd datagrams ----------------------------------------------------------------- */

static void
odd_datagrams_get_silence_or_formerr_and_harm_nobody(void **state)
{
    static uint8_t reply[CLIENT_REPLY_MAX], large[60000];
    uint8_t query[CLIENT_QUERY_MAX];
    struct stats *const stats = calloc(1, sizeof(*stats));

    (void)state;
    assert_non_null(stats);
    stub_start(&server, "127.0.0.1@0", 1, 10, 10000);
    const int fd = client_udp(&server.endpoints[0], NULL);
    assert_int_equal(send(fd, "", 0, 0), 0); /* an empty one, too */
    client_write(fd, "12345678901", 11);
    const size_t len = client_query(query, 5, "n1.", 0);
    query[2 + 2] |= 0x80; /* a reply */
    client_write(fd, query + 2, len);
    (void)ask(fd, 6, "n1.", 0, reply); /* all that came back is this */
    memcpy(large, query + 2, len);
    large[2] = 0;
    client_write(fd, large, sizeof(large));
    assert_true(recv(fd, reply, sizeof(reply), 0) == (ssize_t)len);
    assert_int_equal(reply_rcode(reply), RCODE_FORMERR);
    assert_int_equal(reply_id(reply), 5);
    server_stop(server.server);
    server_stats(server.server, stats);
    assert_int_equal(stats->drops[STATS_DROP_SHORT], 2);
    assert_int_equal(stats->drops[STATS_DROP_RESPONSE], 1);
    assert_int_equal(stats->requests[STATS_UDP][0][stats_type_slot(RR_TYPE_A)], 2);
    assert_int_equal(stats->responses[0][RCODE_FORMERR], 1);
    assert_int_equal(stats->responses[1][RCODE_NOERROR], 1);
    free(stats);
    close(fd);
    stub_stop(&server);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_address_listed_is_answered),
        cmocka_unit_test(the_reply_leaves_from_the_address_that_was_asked),
        cmocka_unit_test(both_wildcards_share_a_port_and_keep_apart),
        cmocka_unit_test(what_does_not_fit_is_truncated),
        cmocka_unit_test(everyone_gets_his_own_reply),
        cmocka_unit_test(what_was_received_before_the_end_is_answered),
        cmocka_unit_test(odd_datagrams_get_silence_or_formerr_and_harm_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
