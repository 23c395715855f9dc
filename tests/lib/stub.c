/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/lib/stub.h"
#include "dns/base/diag.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

enum { RECORD_LEN = 16, TTL = 60, TIMEOUT_S = 10, HEADER_LEN = 12 };

/* ---- answers ---------------------------------------------------------------------- */

static size_t
put_record(uint8_t *to, uint16_t type, const uint8_t *rdata, size_t len)
{
    const uint8_t head[] = { 0xc0, 0x0c, 0, (uint8_t)type, 0, RR_CLASS_IN,
                             0,    0,    0, TTL,           0, (uint8_t)len };

    memcpy(to, head, sizeof(head));
    memcpy(to + sizeof(head), rdata, len);
    return sizeof(head) + len;
}

static struct rrset *
make_set(unsigned count)
{
    struct rrset *const set = malloc(sizeof(*set) + (size_t)count * RECORD_LEN);
    uint8_t *at = (uint8_t *)(set + 1);

    assert_non_null(set);
    *set = (struct rrset){ .ttl = TTL,
                           .type = RR_TYPE_A,
                           .count = (uint16_t)count,
                           .len = (uint16_t)(count * RECORD_LEN) };
    for (unsigned i = 0; i < count; i++) {
        const uint8_t rdata[] = { 10, 0, (uint8_t)(i >> 8), (uint8_t)i };
        at += put_record(at, RR_TYPE_A, rdata, sizeof(rdata));
    }
    return set;
}

static const void *
acquire(void *context)
{
    return context;
}

static const struct serve_settings *
settings(const void *snapshot)
{
    return &((const struct stub *)snapshot)->settings;
}

static void
add(struct answer *answer, const struct rrset *set)
{
    answer->kind = ANSWER_POSITIVE;
    answer->authoritative = true;
    answer->scope = STUB_SCOPE;
    (void)answer_add(answer, SECTION_ANSWER, set, DNS_HEADER_LEN);
}

static void
tell_who(const struct query *query, struct answer *answer)
{
    struct rrset *const set = (struct rrset *)(void *)answer->scratch;
    const bool v4 = query->source.family == ADDR_V4;
    const uint16_t type = v4 ? RR_TYPE_A : RR_TYPE_AAAA;
    const size_t len = put_record((uint8_t *)(set + 1), type, query->source.bytes,
                                  addr_len(&query->source));

    *set = (struct rrset){ .ttl = TTL, .type = type, .count = 1, .len = (uint16_t)len };
    add(answer, set);
}

static void
answer_query(const void *snapshot, const struct query *query, struct answer *answer)
{
    const struct stub *const stub = snapshot;
    const char *const label = (const char *)query->name + 1;
    const size_t len = query->name[0];

    answer->zone_slot = 1;
    if (len == 3 && memcmp(label, "who", 3) == 0) {
        tell_who(query, answer);
    } else if (len == 4 && memcmp(label, "fail", 4) == 0) {
        answer->rcode = RCODE_SERVFAIL;
    } else if (len > 1 && label[0] == 'n') {
        char digits[NAME_LABEL_MAX + 1] = "";
        memcpy(digits, label + 1, len - 1);
        const unsigned long count = strtoul(digits, NULL, 10);
        if (count <= STUB_RECORDS_MAX && stub->sets[count])
            add(answer, stub->sets[count]);
    } else {
        answer->rcode = RCODE_NXDOMAIN;
        answer->kind = ANSWER_NXDOMAIN;
        answer->authoritative = true;
    }
}

void
stub_init(struct stub *stub, const unsigned *counts)
{
    memset(stub, 0, sizeof(*stub));
    stub->answerer = (struct answerer){ stub, acquire, settings, answer_query };
    stub->settings = (struct serve_settings){
        .identity = "stub", .version = "1", .ecs_enabled = true, .udp_size_max = 1232
    };
    for (; *counts; counts++)
        stub->sets[*counts] = make_set(*counts);
}

void
stub_done(struct stub *stub)
{
    for (size_t i = 0; i <= STUB_RECORDS_MAX; i++)
        free(stub->sets[i]);
}

/* ---- a server --------------------------------------------------------------------- */

static size_t
parse_listen(const char *text, struct endpoint endpoints[STUB_LISTEN_MAX])
{
    char *const copy = strdup(text);
    char *rest = copy;
    size_t count = 0;

    assert_non_null(copy);
    for (const char *word; (word = strsep(&rest, " "));) {
        assert_true(count < STUB_LISTEN_MAX);
        assert_int_equal(endpoint_parse(word, 0, &endpoints[count++]), OK);
    }
    free(copy);
    return count;
}

void
stub_start(struct stub_server *server, const char *listen, unsigned workers,
           unsigned clients_max, unsigned idle_ms)
{
    static const unsigned counts[] = { 1, 2, 20, 30, 70, 100, 4000, 0 };
    struct endpoint endpoints[STUB_LISTEN_MAX];
    struct diag diag;
    const struct server_options options = { .listen = endpoints,
                                            .listen_count =
                                                parse_listen(listen, endpoints),
                                            .workers = workers,
                                            .tcp_clients_max = clients_max,
                                            .tcp_idle_ms = idle_ms,
                                            .answerer = &server->stub.answerer };

    diag_init(&diag);
    stub_init(&server->stub, counts);
    const enum status status = server_new(&options, &diag, &server->server);
    if (status != OK && diag.count > 0)
        print_error("%s\n", diag.messages[0].text);
    assert_int_equal(status, OK);
    assert_int_equal(server_start(server->server), OK);
    server->endpoint_count = server_endpoints(server->server, &server->endpoints);
    diag_done(&diag);
}

void
stub_stop(struct stub_server *server)
{
    server_stop(server->server);
    server_free(server->server);
    stub_done(&server->stub);
}

/* ---- clients ---------------------------------------------------------------------- */

static int
connect_to(const struct endpoint *to, const char *from, int type)
{
    struct sockaddr_storage sa;
    const socklen_t len = endpoint_to_sockaddr(to, &sa);
    const struct timeval patience = { .tv_sec = TIMEOUT_S };
    const int fd = socket(sa.ss_family, type | SOCK_CLOEXEC, 0);
    struct endpoint own;

    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)),
                     0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)),
                     0);
    if (from) {
        struct sockaddr_storage own_sa;
        assert_int_equal(endpoint_parse(from, 0, &own), OK);
        const socklen_t own_len = endpoint_to_sockaddr(&own, &own_sa);
        assert_int_equal(bind(fd, (const struct sockaddr *)&own_sa, own_len), 0);
    }
    assert_int_equal(connect(fd, (const struct sockaddr *)&sa, len), 0);
    return fd;
}

int
client_udp(const struct endpoint *to, const char *from)
{
    return connect_to(to, from, SOCK_DGRAM);
}

int
client_tcp(const struct endpoint *to)
{
    return connect_to(to, NULL, SOCK_STREAM);
}

size_t
client_query(uint8_t query[CLIENT_QUERY_MAX], unsigned id, const char *name,
             unsigned edns_size)
{
    uint8_t *const message = query + 2;
    size_t len = HEADER_LEN;

    memset(query, 0, CLIENT_QUERY_MAX);
    message[0] = (uint8_t)(id >> 8);
    message[1] = (uint8_t)id;
    message[5] = 1;
    assert_int_equal(name_from_text(name, NULL, message + len), OK);
    len += name_len(message + len);
    message[len + 1] = RR_TYPE_A;
    message[len + 3] = RR_CLASS_IN;
    len += 4;
    if (edns_size > 0) {
        message[11] = 1;
        message[len + 2] = RR_TYPE_OPT;
        message[len + 3] = (uint8_t)(edns_size >> 8);
        message[len + 4] = (uint8_t)edns_size;
        len += 11;
    }
    query[0] = (uint8_t)(len >> 8);
    query[1] = (uint8_t)len;
    return len;
}

/* All of len; false: the stream ends before the first byte. */
static bool
read_all(int fd, uint8_t *to, size_t len)
{
    for (size_t at = 0; at < len;) {
        const ssize_t got = recv(fd, to + at, len - at, 0);
        if (got == 0 && at == 0)
            return false;
        assert_true(got > 0);
        at += (size_t)got;
    }
    return true;
}

size_t
client_read(int fd, uint8_t reply[CLIENT_REPLY_MAX])
{
    uint8_t head[2];

    if (!read_all(fd, head, sizeof(head)))
        return 0;
    const size_t len = (size_t)head[0] << 8 | head[1];
    assert_true(len >= HEADER_LEN);
    assert_true(read_all(fd, reply, len));
    return len;
}

void
client_write(int fd, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;

    while (len > 0) {
        const ssize_t sent = send(fd, at, len, MSG_NOSIGNAL);
        assert_true(sent > 0);
        at += sent;
        len -= (size_t)sent;
    }
}

unsigned
reply_id(const uint8_t *reply)
{
    return (unsigned)reply[0] << 8 | reply[1];
}

unsigned
reply_rcode(const uint8_t *reply)
{
    return reply[3] & 15U;
}

bool
reply_truncated(const uint8_t *reply)
{
    return reply[2] & 2;
}

unsigned
reply_answers(const uint8_t *reply)
{
    return (unsigned)reply[6] << 8 | reply[7];
}
