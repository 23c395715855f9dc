/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages taken apart; the replies to odd ones are tests/replay/wire.txt's. */
#include "dns/answer.h"
#include "dns/query_parse.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ROOM = 600 };

struct message {
    uint8_t bytes[ROOM];
    size_t len;
};

static void
put(struct message *message, const void *bytes, size_t len)
{
    memcpy(message->bytes + message->len, bytes, len);
    message->len += len;
}

/* Four counts, and "www.Example." A IN. */
static void
begin(struct message *message, uint16_t flags, const char counts[4])
{
    memset(message, 0, sizeof(*message));
    const uint8_t header[12] = { 0xab,
                                 0xcd,
                                 (uint8_t)(flags >> 8),
                                 (uint8_t)flags,
                                 0,
                                 (uint8_t)counts[0],
                                 0,
                                 (uint8_t)counts[1],
                                 0,
                                 (uint8_t)counts[2],
                                 0,
                                 (uint8_t)counts[3] };
    put(message, header, sizeof(header));
    put(message, "\3www\7Example\0\0\1\0\1", 17);
}

/* In memory that ends where the message does. */
static int
parse(const struct message *message, struct query *query)
{
    uint8_t *const exact = malloc(message->len ? message->len : 1);

    assert_non_null(exact);
    memcpy(exact, message->bytes, message->len);
    const int rcode = query_parse(exact, message->len, true, query);
    free(exact);
    return rcode;
}

static const char opt[] = "\0\0\51\20\0\0\0\200\0\0\0"; /* 4096, DO */
enum { OPT_LEN = 11 };

static struct query query;

static void
header_and_question_are_taken_apart(void **state)
{
    struct message message;

    (void)state;
    begin(&message, 0x0110, "\1\0\0\0");
    assert_int_equal(parse(&message, &query), RCODE_NOERROR);
    assert_int_equal(query.id, 0xabcd);
    assert_int_equal(query.flags, 0x0110);
    assert_int_equal(query.opcode, 0);
    assert_true(query.recursion_desired && query.has_question);
    assert_memory_equal(query.name, "\3www\7example", 13);
    assert_int_equal(query.name_len, 13);
    assert_int_equal(query.label_count, 2);
    assert_int_equal(query.label[0], 0);
    assert_int_equal(query.label[1], 4);
    assert_int_equal(query.label[2], 12);
    assert_int_equal(query.hash[2], NAME_HASH_ROOT);
    assert_int_equal(query.hash[1], name_hash((const uint8_t *)"\7example"));
    assert_int_equal(query.hash[0], name_hash(query.name));
    assert_int_equal(query.type, RR_TYPE_A);
    assert_int_equal(query.class, RR_CLASS_IN);
    assert_false(query.edns.present);
}

static void
every_byte_of_a_name_is_folded_as_ascii(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) { /* at each place of eight bytes at once */
        struct message message;
        uint8_t folded[NAME_LEN_MAX];
        memset(&message, 0, sizeof(message));
        message.bytes[5] = 1;
        message.len = 12;
        message.bytes[message.len++] = 21;
        for (unsigned i = 0; i < 21; i++)
            message.bytes[message.len++] = (uint8_t)(c + i % 3);
        put(&message, "\0\0\1\0\1", 5);
        assert_int_equal(parse(&message, &query), RCODE_NOERROR);
        (void)name_copy_folded(message.bytes + 12, folded);
        assert_memory_equal(query.name, folded, 23);
    }
}

static void
nothing_of_one_message_is_left_to_the_next(void **state)
{
    struct message message;

    (void)state;
    begin(&message, 0, "\1\0\0\1");
    put(&message, opt, OPT_LEN);
    put(&message, "\0\3\0\0\0\13\0\0\0\12\0\10COOKIE12\0\10\0\7\0\1\30\0\1\2\3", 31);
    message.bytes[message.len - 31 - 1] = 31;
    assert_int_equal(parse(&message, &query), RCODE_NOERROR);
    assert_true(query.edns.present && query.edns.dnssec_ok && query.edns.wants_nsid);
    assert_true(query.edns.wants_keepalive && query.edns.ecs.present);
    assert_int_equal(query.edns.cookie_len, 8);
    assert_int_equal(query.edns.udp_size, 4096);
    begin(&message, 0, "\1\0\0\0");
    assert_int_equal(parse(&message, &query), RCODE_NOERROR);
    assert_false(query.edns.present || query.edns.dnssec_ok || query.edns.wants_nsid);
    assert_false(query.edns.wants_keepalive || query.edns.ecs.present);
    assert_int_equal(query.edns.cookie_len, 0);
    assert_int_equal(query.edns.ecs.source_len, 0);
    begin(&message, 0, "\0\0\0\0");
    message.len = 12;
    assert_int_equal(parse(&message, &query), RCODE_FORMERR);
    assert_false(query.has_question);
    assert_int_equal(query.name_len + query.label_count + query.type + query.class, 0);
}

/* RFC 6891 6.1.1: whatever it is refused for, that it had OPT is known. */
static void
opt_is_seen_in_what_is_refused(void **state)
{
    static const struct {
        uint16_t flags;
        char counts[5];
        int rcode;
    } cases[] = {
        { 0x0000, "\1\0\0\1", RCODE_NOERROR }, { 0x2000, "\1\0\0\1", RCODE_NOTIMP },
        { 0x7800, "\1\0\0\1", RCODE_NOTIMP },  { 0x0000, "\0\0\0\1", RCODE_FORMERR },
        { 0x0000, "\2\0\0\1", RCODE_FORMERR }, { 0x0000, "\3\0\0\1", RCODE_FORMERR },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct message message;
        begin(&message, cases[i].flags, cases[i].counts);
        if (cases[i].counts[0] == 0)
            message.len = 12;
        for (char n = 1; n < cases[i].counts[0]; n++)
            put(&message, "\300\14\0\1\0\1", 6);
        put(&message, opt, OPT_LEN);
        assert_int_equal(parse(&message, &query), cases[i].rcode);
        assert_true(query.edns.present && query.edns.dnssec_ok);
        assert_int_equal(query.has_question, cases[i].counts[0] == 1);
    }
}

/* RFC 6891 6.1.3 */
static void
a_later_version_is_badvers_and_its_options_are_not_read(void **state)
{
    struct message message;

    (void)state;
    begin(&message, 0, "\1\0\0\1");
    put(&message, opt, OPT_LEN);
    message.bytes[message.len - 5] = 1;
    message.bytes[message.len - 1] = 1;
    put(&message, "x", 1);
    assert_int_equal(parse(&message, &query), RCODE_BADVERS);
    assert_true(query.edns.present);
    assert_int_equal(query.edns.version, 1);
}

static void
replies_and_what_has_no_header_get_silence(void **state)
{
    struct message message;

    (void)state;
    for (size_t len = 0; len < 12; len++) {
        begin(&message, 0, "\1\0\0\0");
        message.len = len;
        assert_int_equal(parse(&message, &query), QUERY_SILENCE);
    }
    begin(&message, 0x8000, "\1\0\0\0");
    assert_int_equal(parse(&message, &query), QUERY_SILENCE);
    begin(&message, 0xf800, "\1\0\0\0");
    assert_int_equal(parse(&message, &query), QUERY_SILENCE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_and_question_are_taken_apart),
        cmocka_unit_test(every_byte_of_a_name_is_folded_as_ascii),
        cmocka_unit_test(nothing_of_one_message_is_left_to_the_next),
        cmocka_unit_test(opt_is_seen_in_what_is_refused),
        cmocka_unit_test(a_later_version_is_badvers_and_its_options_are_not_read),
        cmocka_unit_test(replies_and_what_has_no_header_get_silence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
