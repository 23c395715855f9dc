/* SPDX-License-Identifier: BSD-2-Clause */
/* Binding: ports, limits, what is taken; life from start to end. */
#include "dns/base/diag.h"
#include "tests/lib/stub.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct endpoint
endpoint_of(const char *text)
{
    struct endpoint endpoint;

    assert_int_equal(endpoint_parse(text, 0, &endpoint), OK);
    return endpoint;
}

static enum status
try_new(const struct endpoint *listen, size_t count, struct diag *diag,
        struct server **ret_server)
{
    const struct server_options options = {
        .listen = listen, .listen_count = count, .workers = 2, .tcp_clients_max = 10
    };

    return server_new(&options, diag, ret_server);
}

static int
bind_plain(int type, struct endpoint *endpoint)
{
    struct sockaddr_storage sa;
    socklen_t len = endpoint_to_sockaddr(endpoint, &sa);
    const int fd = socket(sa.ss_family, type | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&sa, len), 0);
    if (type == SOCK_STREAM)
        assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
    assert_int_equal(endpoint_from_sockaddr((const struct sockaddr *)&sa, endpoint), OK);
    return fd;
}

static void
a_free_port_is_found_and_shared_by_udp_and_tcp(void **state)
{
    static struct stub_server server;
    static uint8_t reply[CLIENT_REPLY_MAX];
    uint8_t query[CLIENT_QUERY_MAX];

    (void)state;
    stub_start(&server, "127.0.0.1@0 127.0.0.1@0", 3, 10, 10000);
    assert_int_equal(server.endpoint_count, 2);
    assert_int_not_equal(server.endpoints[0].port, server.endpoints[1].port);
    for (size_t i = 0; i < 2; i++) {
        const int udp = client_udp(&server.endpoints[i], NULL);
        const int tcp = client_tcp(&server.endpoints[i]);
        const size_t len = client_query(query, 3, "n2.", 0);
        client_write(udp, query + 2, len);
        assert_true(recv(udp, reply, sizeof(reply), 0) > 0);
        assert_int_equal(reply_answers(reply), 2);
        client_write(tcp, query, 2 + len);
        assert_true(client_read(tcp, reply) > 0);
        assert_int_equal(reply_answers(reply), 2);
        close(udp);
        close(tcp);
    }
    stub_stop(&server);
}

static void
a_taken_port_is_reported_and_nothing_is_left_bound(void **state)
{
    static const int types[] = { SOCK_DGRAM, SOCK_STREAM };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct endpoint listen[2] = { endpoint_of("127.0.0.1@0"),
                                      endpoint_of("127.0.0.1@0") };
        struct server *server = NULL;
        struct diag diag;
        char expected[200], name[ENDPOINT_TEXT_SIZE];
        const int held = bind_plain(types[i], &listen[1]);
        diag_init(&diag);
        assert_int_equal(try_new(listen, 2, &diag, &server), ERR_INVALID);
        assert_null(server);
        assert_int_equal(diag.error_count, 1);
        (void)snprintf(expected, sizeof(expected),
                       "cannot bind '%s': Address already in use (another program, or "
                       "another meridiand, listens there)",
                       endpoint_text(&listen[1], name));
        assert_string_equal(diag.messages[0].text, expected);
        close(held);
        diag_clear(&diag);
        assert_int_equal(try_new(listen, 2, &diag, &server), OK);
        server_free(server); /* never started */
        diag_done(&diag);
    }
}

static void
a_second_server_does_not_join_the_first(void **state)
{
    static struct stub_server first;
    struct server *second = NULL;
    struct diag diag;

    (void)state;
    diag_init(&diag);
    stub_start(&first, "127.0.0.1@0", 2, 10, 10000);
    assert_int_equal(try_new(first.endpoints, 1, &diag, &second), ERR_INVALID);
    assert_int_equal(diag.error_count, 1);
    const struct endpoint listen = first.endpoints[0];
    stub_stop(&first);
    diag_clear(&diag);
    assert_int_equal(try_new(&listen, 1, &diag, &second), OK);
    server_free(second);
    diag_done(&diag);
}

static void
all_addresses_that_cannot_be_bound_are_told(void **state)
{
    struct endpoint listen[] = { endpoint_of("127.0.0.1@0"), endpoint_of("127.0.0.2@0"),
                                 endpoint_of("127.0.0.3@0") };
    const int held[] = { bind_plain(SOCK_DGRAM, &listen[0]),
                         bind_plain(SOCK_DGRAM, &listen[2]) };
    struct server *server = NULL;
    struct diag diag;

    (void)state;
    diag_init(&diag);
    assert_int_equal(try_new(listen, 3, &diag, &server), ERR_INVALID);
    assert_int_equal(diag.error_count, 2);
    assert_non_null(strstr(diag.messages[0].text, "'127.0.0.1@"));
    assert_non_null(strstr(diag.messages[1].text, "'127.0.0.3@"));
    close(held[0]);
    close(held[1]);
    diag_done(&diag);
}

static void
as_many_addresses_as_the_limit_are_served_and_no_more(void **state)
{
    static struct endpoint listen[SERVER_LISTEN_MAX + 1];
    static struct stub stub;
    static const unsigned counts[] = { 1, 0 };
    uint8_t query[CLIENT_QUERY_MAX], reply[512];
    const struct endpoint *bound;
    struct server *server = NULL;

    (void)state;
    for (size_t i = 0; i <= SERVER_LISTEN_MAX; i++)
        listen[i] = endpoint_of("127.0.0.1@0");
    stub_init(&stub, counts);
    struct server_options options = { .listen = listen,
                                      .listen_count = SERVER_LISTEN_MAX + 1,
                                      .workers = 1,
                                      .tcp_clients_max = 10,
                                      .tcp_idle_ms = 1000,
                                      .answerer = &stub.answerer };
    assert_int_equal(server_new(&options, NULL, &server), ERR_LIMIT);
    options.listen_count = SERVER_LISTEN_MAX;
    assert_int_equal(server_new(&options, NULL, &server), OK);
    assert_int_equal(server_start(server), OK);
    assert_int_equal(server_endpoints(server, &bound), SERVER_LISTEN_MAX);
    const size_t len = client_query(query, 1, "n1.", 0);
    for (size_t i = 0; i < SERVER_LISTEN_MAX; i++) {
        const int fd = client_udp(&bound[i], NULL);
        client_write(fd, query + 2, len);
        assert_true(recv(fd, reply, sizeof(reply), 0) > 0);
        close(fd);
    }
    server_stop(server);
    server_stop(server); /* twice is fine */
    server_free(server);
    server_free(NULL);
    stub_done(&stub);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_free_port_is_found_and_shared_by_udp_and_tcp),
        cmocka_unit_test(a_taken_port_is_reported_and_nothing_is_left_bound),
        cmocka_unit_test(a_second_server_does_not_join_the_first),
        cmocka_unit_test(all_addresses_that_cannot_be_bound_are_told),
        cmocka_unit_test(as_many_addresses_as_the_limit_are_served_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
