/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP workers over loopback: framing, pipelines, slow readers, idle and many clients (RFC
 * 7766, RFC 9210). */
#include "dns/tcp.h"
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

enum { PIPELINE = 300, LARGE = 4000, LARGE_PIPELINE = 200, HEADER = 12 };

static struct stub_server server;
static uint8_t reply[CLIENT_REPLY_MAX];

static int
begin(void **state)
{
    (void)state;
    stub_start(&server, "127.0.0.1@0", 1, 1000, 60000);
    return 0;
}

static int
finish(void **state)
{
    (void)state;
    stub_stop(&server);
    return 0;
}

static void
send_query(int fd, unsigned id, const char *name)
{
    uint8_t query[CLIENT_QUERY_MAX];

    client_write(fd, query, 2 + client_query(query, id, name, 0));
}

static void
expect_reply(int fd, unsigned id, unsigned answers)
{
    assert_true(client_read(fd, reply) >= HEADER);
    assert_int_equal(reply_id(reply), id);
    assert_int_equal(reply_answers(reply), answers);
    assert_false(reply_truncated(reply));
}

/* ---- framing (RFC 1035 4.2.2, RFC 7766 8) ------------------------------------------ */

static void
queries_are_answered_one_after_the_other_on_one_connection(void **state)
{
    const int fd = client_tcp(&server.endpoints[0]);

    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        send_query(fd, i, i % 2 ? "n2." : "who.");
        expect_reply(fd, i, i % 2 ? 2 : 1);
    }
    close(fd);
}

static void
what_udp_truncates_tcp_gives_whole(void **state)
{
    uint8_t query[CLIENT_QUERY_MAX];
    const int udp = client_udp(&server.endpoints[0], NULL);
    const int tcp = client_tcp(&server.endpoints[0]);
    const size_t len = client_query(query, 1, "n4000.", 1232);

    (void)state;
    client_write(udp, query + 2, len);
    assert_true(recv(udp, reply, sizeof(reply), 0) > 0);
    assert_true(reply_truncated(reply));
    client_write(tcp, query, 2 + len);
    expect_reply(tcp, 1, LARGE);
    close(udp);
    close(tcp);
}

static void
two_messages_in_one_segment_are_two_messages(void **state)
{
    uint8_t both[2 * CLIENT_QUERY_MAX];
    size_t len = 2 + client_query(both, 1, "n1.", 0);
    const int fd = client_tcp(&server.endpoints[0]);

    (void)state;
    len += 2 + client_query(both + len, 2, "n2.", 0);
    client_write(fd, both, len);
    expect_reply(fd, 1, 1);
    expect_reply(fd, 2, 2);
    close(fd);
}

static void
a_message_may_come_byte_by_byte(void **state)
{
    uint8_t query[CLIENT_QUERY_MAX];
    const size_t len = 2 + client_query(query, 1, "n20.", 1232);
    const int fd = client_tcp(&server.endpoints[0]);

    (void)state; /* TCP_NODELAY is not needed: the kernel may join some of them */
    for (size_t i = 0; i < len; i++)
        client_write(fd, query + i, 1);
    expect_reply(fd, 1, 20);
    /* also cut within the second message, and its length */
    for (size_t cut = 1; cut < len; cut++) {
        uint8_t both[2 * CLIENT_QUERY_MAX];
        memcpy(both, query, len);
        memcpy(both + len, query, len);
        client_write(fd, both, len + cut);
        expect_reply(fd, 1, 20);
        client_write(fd, both + len + cut, len - cut);
        expect_reply(fd, 1, 20);
    }
    close(fd);
}

static void
a_message_of_no_length_ends_the_stream_after_what_came_before(void **state)
{
    uint8_t bytes[2 * CLIENT_QUERY_MAX] = { 0 };
    const size_t len = 2 + client_query(bytes, 1, "n4000.", 0);

    (void)state;
    const int fd = client_tcp(&server.endpoints[0]);
    client_write(fd, bytes, len + 2); /* 0, 0 follow */
    expect_reply(fd, 1, LARGE);
    assert_int_equal(client_read(fd, reply), 0);
    close(fd);
    const int other = client_tcp(&server.endpoints[0]);
    client_write(other, "\0\0", 2);
    assert_int_equal(client_read(other, reply), 0);
    close(other);
}

static void
messages_without_a_reply_leave_the_stream_open(void **state)
{
    uint8_t query[CLIENT_QUERY_MAX];
    const size_t len = 2 + client_query(query, 1, "n1.", 0);
    const int fd = client_tcp(&server.endpoints[0]);

    (void)state;
    client_write(fd, "\0\1x\0\13elevenbytes", 16);
    query[4] |= 0x80; /* a reply */
    client_write(fd, query, len);
    send_query(fd, 2, "n1.");
    expect_reply(fd, 2, 1);
    close(fd);
}

static void
the_longest_message_is_read(void **state)
{
    static uint8_t message[2 + 65535];
    const int fd = client_tcp(&server.endpoints[0]);

    (void)state;
    (void)client_query(message, 1, "n1.", 0);
    message[0] = message[1] = 0xff;
    client_write(fd, message, sizeof(message));
    assert_true(client_read(fd, reply) >= HEADER);
    assert_int_equal(reply_rcode(reply), RCODE_FORMERR); /* for what trails */
    send_query(fd, 2, "n1.");
    expect_reply(fd, 2, 1);
    close(fd);
}

/* ---- pipelines (RFC 7766 6.2.1.1) -------------------------------------------------- */

static void
many_queries_in_one_write_are_all_answered(void **state)
{
    static uint8_t bytes[PIPELINE * 40];
    size_t len = 0;
    const int fd = client_tcp(&server.endpoints[0]);

    (void)state;
    for (unsigned i = 0; i < PIPELINE; i++) {
        uint8_t query[CLIENT_QUERY_MAX];
        const size_t one = 2 + client_query(query, i, i % 3 ? "n1." : "n100.", 0);
        assert_true(len + one <= sizeof(bytes));
        memcpy(bytes + len, query, one);
        len += one;
    }
    client_write(fd, bytes, len);
    for (unsigned i = 0; i < PIPELINE; i++)
        expect_reply(fd, i, i % 3 ? 1 : 100);
    close(fd);
}

/* Far more than the sockets hold: 12 MB of replies wait for a reader. */
static void
a_slow_reader_gets_all_replies(void **state)
{
    const int fd = client_tcp(&server.endpoints[0]);
    const int other = client_tcp(&server.endpoints[0]);

    (void)state;
    for (unsigned i = 0; i < LARGE_PIPELINE; i++)
        send_query(fd, i, "n4000.");
    send_query(other, 7, "n1."); /* nobody else waits for it */
    expect_reply(other, 7, 1);
    for (unsigned i = 0; i < LARGE_PIPELINE; i++)
        expect_reply(fd, i, LARGE);
    send_query(fd, 9, "n1.");
    expect_reply(fd, 9, 1);
    close(fd);
    close(other);
}

static void
a_client_that_ends_its_side_gets_what_it_asked_for(void **state)
{
    (void)state;
    for (int large = 0; large < 2; large++) {
        const int fd = client_tcp(&server.endpoints[0]);
        for (unsigned i = 0; i < LARGE_PIPELINE; i++)
            send_query(fd, i, large ? "n4000." : "n1.");
        assert_int_equal(shutdown(fd, SHUT_WR), 0);
        for (unsigned i = 0; i < LARGE_PIPELINE; i++)
            expect_reply(fd, i, large ? LARGE : 1);
        assert_int_equal(client_read(fd, reply), 0);
        close(fd);
    }
}

/* Of some sizes the last replies do not fit the kernel's buffers when the end is read. */
static void
a_client_that_ended_its_side_gets_what_waits_for_it(void **state)
{
    enum {
        STREAMS = 16,
        STEP = 5
    }; /* five large ones are more than the server gathers */
    int fds[STREAMS];

    (void)state;
    for (unsigned n = 0; n < STREAMS; n++) {
        fds[n] = client_tcp(&server.endpoints[0]);
        for (unsigned i = 0; i < n * STEP + 4; i++)
            send_query(fds[n], i, "n4000.");
        assert_int_equal(shutdown(fds[n], SHUT_WR), 0);
    }
    const int other = client_tcp(&server.endpoints[0]); /* all is seen before this */
    send_query(other, 1, "n1.");
    expect_reply(other, 1, 1);
    close(other);
    for (unsigned n = 0; n < STREAMS; n++) {
        for (unsigned i = 0; i < n * STEP + 4; i++)
            expect_reply(fds[n], i, LARGE);
        assert_int_equal(client_read(fds[n], reply), 0);
        close(fds[n]);
    }
}

static void
a_client_that_goes_away_harms_nobody(void **state)
{
    const struct linger reset = { .l_onoff = 1 };
    const int stays = client_tcp(&server.endpoints[0]);

    (void)state;
    for (unsigned i = 0; i < 50; i++) {
        const int fd = client_tcp(&server.endpoints[0]);
        for (unsigned n = 0; n < 10; n++)
            send_query(fd, n, "n4000.");
        if (i % 2)
            client_write(fd, "\1", 1); /* in the midst of a length */
        if (i % 3 == 0)
            assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)),
                             0);
        close(fd);
    }
    send_query(stays, 1, "n1.");
    expect_reply(stays, 1, 1);
    close(stays);
}

/* ---- idle and many clients --------------------------------------------------------- */

static void
an_idle_client_is_closed_and_told_when(void **state)
{
    static struct stub_server hasty;
    uint8_t query[CLIENT_QUERY_MAX];

    (void)state;
    stub_start(&hasty, "127.0.0.1@0", 1, 10, 300);
    const int silent = client_tcp(&hasty.endpoints[0]);
    const int half = client_tcp(&hasty.endpoints[0]);
    const int asks = client_tcp(&hasty.endpoints[0]);
    client_write(half, "\0", 1);
    size_t len = client_query(query, 1, "n1.", 1232);
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): RFC 7828, keepalive */
    memcpy(query + 2 + len, "\0\13\0\0", 4);
    query[2 + len - 1] = 4;
    len += 4;
    query[1] = (uint8_t)len;
    client_write(asks, query, 2 + len);
    const size_t reply_len = client_read(asks, reply);
    assert_true(reply_len > HEADER);
    assert_memory_equal(reply + reply_len - 6, "\0\13\0\2\0\3", 6); /* 300 ms */
    assert_int_equal(client_read(silent, reply), 0); /* or recv gives up, and fails */
    assert_int_equal(client_read(half, reply), 0);
    assert_int_equal(client_read(asks, reply), 0);
    close(silent);
    close(half);
    close(asks);
    stub_stop(&hasty);
}

static void
more_clients_than_the_limit_wait_for_their_turn(void **state)
{
    enum { MOST = 4, ALL = 12 };
    static struct stub_server small;
    int fds[ALL];
    unsigned answered = 0;

    (void)state;
    stub_start(&small, "127.0.0.1@0", 1, MOST, 60000);
    for (unsigned i = 0; i < ALL; i++) {
        fds[i] = client_tcp(&small.endpoints[0]);
        send_query(fds[i], i, "n1.");
    }
    for (unsigned i = 0; i < ALL; i++) { /* in order: each that ends lets one in */
        expect_reply(fds[i], i, 1);
        struct pollfd last = { .fd = fds[ALL - 1], .events = POLLIN };
        if (i + MOST < ALL - 1)
            assert_int_equal(poll(&last, 1, 0), 0);
        close(fds[i]);
        answered++;
    }
    assert_int_equal(answered, ALL);
    stub_stop(&small);
}

static void
hundreds_of_clients_are_served_by_several_workers(void **state)
{
    enum { CLIENTS = 200 };
    static struct stub_server wide;
    static int fds[CLIENTS];
    struct stats *const stats = calloc(1, sizeof(*stats));

    (void)state;
    assert_non_null(stats);
    stub_start(&wide, "127.0.0.1@0 127.0.0.2@0", 3, 2 * CLIENTS * 3, 60000);
    for (unsigned i = 0; i < CLIENTS; i++) {
        fds[i] = client_tcp(&wide.endpoints[i % 2]);
        send_query(fds[i], i, "n2.");
    }
    for (unsigned i = 0; i < CLIENTS; i++)
        expect_reply(fds[i], i, 2);
    server_stop(wide.server); /* with all of them open */
    for (unsigned i = 0; i < CLIENTS; i++) {
        assert_int_equal(client_read(fds[i], reply), 0);
        close(fds[i]);
    }
    server_stats(wide.server, stats);
    assert_int_equal(stats->tcp_connections, CLIENTS);
    assert_int_equal(stats->requests[STATS_TCP][0][stats_type_slot(RR_TYPE_A)], CLIENTS);
    free(stats);
    stub_stop(&wide);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(queries_are_answered_one_after_the_other_on_one_connection),
        TEST(what_udp_truncates_tcp_gives_whole),
        TEST(two_messages_in_one_segment_are_two_messages),
        TEST(a_message_may_come_byte_by_byte),
        TEST(a_message_of_no_length_ends_the_stream_after_what_came_before),
        TEST(messages_without_a_reply_leave_the_stream_open),
        TEST(the_longest_message_is_read),
        TEST(many_queries_in_one_write_are_all_answered),
        TEST(a_slow_reader_gets_all_replies),
        TEST(a_client_that_ends_its_side_gets_what_it_asked_for),
        TEST(a_client_that_ended_its_side_gets_what_waits_for_it),
        TEST(a_client_that_goes_away_harms_nobody),
        cmocka_unit_test(an_idle_client_is_closed_and_told_when),
        cmocka_unit_test(more_clients_than_the_limit_wait_for_their_turn),
        cmocka_unit_test(hundreds_of_clients_are_served_by_several_workers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
