/* SPDX-License-Identifier: BSD-2-Clause */
/* Replies byte by byte, and where they are cut. Random ones: tests/property/prop_emit.c.
 */
#include "dns/emit.h"
#include "tests/lib/ask.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RECORD_LEN = 16, RECORDS_MAX = 100, ROOM = 4096 };

static const struct serve_settings settings = {
    .identity = "identity", .version = "", .ecs_enabled = true, .udp_size_max = 1232
};
static struct ask question;
static struct answer answer;
static uint8_t reply[ROOM];

struct set {
    struct rrset head;
    uint8_t bytes[RECORDS_MAX * RECORD_LEN];
};

/* A records 192.0.2.0 and on. */
static const struct rrset *
make_set(struct set *set, unsigned count)
{
    set->head = (struct rrset){ .ttl = 60,
                                .type = RR_TYPE_A,
                                .count = (uint16_t)count,
                                .len = (uint16_t)(count * RECORD_LEN) };
    for (unsigned i = 0; i < count; i++) {
        memcpy(set->bytes + (size_t)i * RECORD_LEN,
               "\300\14\0\1\0\1\0\0\0\74\0\4\300\0\2", RECORD_LEN - 1);
        set->bytes[i * RECORD_LEN + RECORD_LEN - 1] = (uint8_t)i;
    }
    return &set->head;
}

static void
begin(const char *name)
{
    ask(&question, name, RR_TYPE_A);
    answer_begin(&answer, &question.query);
}

static void
add(enum section section, const struct rrset *set, bool optional)
{
    assert_true(answer_add(&answer, section, set, DNS_HEADER_LEN));
    answer.pieces[answer.piece_count - 1].optional = optional;
}

static size_t
emit_within(size_t limit, bool expect_truncated)
{
    bool truncated = !expect_truncated;
    uint8_t *const exact = malloc(limit);

    assert_non_null(exact);
    const size_t len =
        emit(&question.query, &answer, &settings, exact, limit, &truncated);
    assert_true(len <= limit);
    assert_int_equal(truncated, expect_truncated);
    assert_int_equal(exact[2] >> 1 & 1, expect_truncated);
    memcpy(reply, exact, len);
    free(exact);
    return len;
}

static void
expect_counts(unsigned answers, unsigned authority, unsigned additional)
{
    assert_int_equal(reply[6] << 8 | reply[7], answers);
    assert_int_equal(reply[8] << 8 | reply[9], authority);
    assert_int_equal(reply[10] << 8 | reply[11], additional);
}

static void
the_header_is_the_query_s_and_the_answer_s(void **state)
{
    (void)state;
    begin("a.");
    question.query.id = 0xbeef;
    question.query.flags = 0x7bff & ~0x0200; /* all but QR and TC */
    answer.rcode = RCODE_NXDOMAIN;
    assert_int_equal(emit_within(512, false), 12 + 3 + 4);
    /* opcode and RD stay; AA is ours; RA, Z, AD, CD are 0 (RFC 4035 3.1.6) */
    assert_memory_equal(reply, "\276\357\371\3\0\1\0\0\0\0\0\0\1a\0\0\1\0\1", 19);
    answer.authoritative = true;
    question.query.flags = 0;
    (void)emit_within(512, false);
    assert_memory_equal(reply + 2, "\204\3", 2);
    question.query.has_question = false;
    assert_int_equal(emit_within(512, false), 12);
    assert_memory_equal(reply + 4, "\0\0\0\0\0\0\0\0", 8);
}

static void
a_set_is_whole_or_not_there(void **state)
{
    static struct set one, two;

    (void)state;
    begin("a.");
    add(SECTION_ANSWER, make_set(&one, 10), false);
    add(SECTION_AUTHORITY, make_set(&two, 10), false);
    const size_t whole = 19 + 2 * 160;
    assert_int_equal(emit_within(whole, false), whole);
    expect_counts(10, 10, 0);
    assert_int_equal(emit_within(whole - 1, true), 19 + 160);
    expect_counts(10, 0, 0);
    assert_int_equal(emit_within(19 + 160, true), 19 + 160);
    assert_int_equal(emit_within(19 + 160 - 1, true), 19); /* nothing goes on behind it */
    expect_counts(0, 0, 0);
}

/* RFC 2181 9 */
static void
optional_additional_data_is_left_out_silently(void **state)
{
    static struct set first, large, small, needed;

    (void)state;
    begin("a.");
    add(SECTION_ANSWER, make_set(&first, 1), false);
    add(SECTION_ADDITIONAL, make_set(&large, 50), true);
    add(SECTION_ADDITIONAL, make_set(&small, 2), true);
    assert_int_equal(emit_within(512, false), 19 + 16 + 32);
    expect_counts(1, 0, 2);
    add(SECTION_ADDITIONAL, make_set(&needed, 40), false); /* glue: RFC 9471 */
    (void)emit_within(512, true);
    expect_counts(1, 0, 2);
    begin("a."); /* a chain that goes on: what is behind it points into it */
    add(SECTION_ANSWER, make_set(&first, 1), false);
    add(SECTION_ANSWER, make_set(&large, 50), true);
    add(SECTION_ANSWER, make_set(&small, 2), false);
    (void)emit_within(512, false);
    expect_counts(1, 0, 0);
}

static void
room_for_opt_is_kept_first(void **state)
{
    static struct set set;

    (void)state;
    begin("a.");
    ask_ecs(&question, "2001:db8::/128");
    question.query.edns.wants_nsid = true;
    add(SECTION_ANSWER, make_set(&set, 30), false);
    const size_t opt = 11 + 4 + 4 + 16 + 4 + strlen("identity");
    assert_int_equal(emit_within(19 + 480 + opt, false), 19 + 480 + opt);
    expect_counts(30, 0, 1);
    assert_int_equal(emit_within(19 + 480 + opt - 1, true), 19 + opt);
    expect_counts(0, 0, 1);
}

static void
the_longest_identity_gives_way_to_the_longest_name(void **state)
{
    char identity[256], name[4 * 64 + 1];
    size_t at = 0;

    (void)state;
    memset(identity, 'i', sizeof(identity));
    identity[255] = '\0';
    const struct serve_settings wordy = { .identity = identity,
                                          .version = "",
                                          .udp_size_max = 1232 };
    for (unsigned label = 0; label < 4; label++, at += 64) {
        memset(name + at, 'a', 63);
        name[at + 63] = '.';
    }
    memcpy(name + (size_t)3 * 64 + 61, ".", 2);
    begin(name);
    ask_ecs(&question, "2001:db8::/128");
    question.query.edns.wants_nsid = true;
    question.query.edns.wants_keepalive = true;
    question.query.tcp = true;
    answer.extended_error = 1;
    uint8_t *const exact = malloc(512);
    bool truncated;
    assert_non_null(exact);
    assert_int_equal(emit(&question.query, &answer, &wordy, exact, 512, &truncated),
                     12 + 259 + 11 + 24 + 6 + 6);
    assert_false(truncated);
    free(exact);
}

static void
owners_and_ttls_are_patched_in_every_record(void **state)
{
    static struct set set;

    (void)state;
    begin("b.a.");
    add(SECTION_ANSWER, make_set(&set, 3), false);
    answer.pieces[0].owner = 14;
    answer.pieces[0].ttl = 0x01020304;
    (void)emit_within(512, false);
    for (unsigned i = 0; i < 3; i++) {
        const uint8_t *const record = reply + 21 + (size_t)i * RECORD_LEN;
        assert_memory_equal(record, "\300\16\0\1\0\1\1\2\3\4\0\4\300\0\2", 15);
        assert_int_equal(record[15], i);
    }
    assert_int_equal(set.bytes[1], 12); /* the set itself is everybody's */
}

static void
an_answer_that_was_cut_before_says_so(void **state)
{
    static struct set set;

    (void)state;
    begin("a.");
    make_set(&set, 1);
    for (unsigned i = 0; i < ANSWER_PIECES_MAX; i++)
        assert_true(answer_add(&answer, SECTION_ANSWER, &set.head, DNS_HEADER_LEN));
    assert_false(answer.truncated);
    assert_false(answer_add(&answer, SECTION_ANSWER, &set.head, DNS_HEADER_LEN));
    (void)emit_within(ROOM, true);
    expect_counts(ANSWER_PIECES_MAX, 0, 0);
    answer_begin(&answer, &question.query);
    set.head.len = 65535 - 19; /* just fits, and one byte more does not */
    assert_true(answer_add(&answer, SECTION_ANSWER, &set.head, DNS_HEADER_LEN));
    assert_int_equal(answer.end, 65535);
    set.head.len = 1;
    assert_false(answer_add(&answer, SECTION_ANSWER, &set.head, DNS_HEADER_LEN));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_header_is_the_query_s_and_the_answer_s),
        cmocka_unit_test(a_set_is_whole_or_not_there),
        cmocka_unit_test(optional_additional_data_is_left_out_silently),
        cmocka_unit_test(room_for_opt_is_kept_first),
        cmocka_unit_test(the_longest_identity_gives_way_to_the_longest_name),
        cmocka_unit_test(owners_and_ttls_are_patched_in_every_record),
        cmocka_unit_test(an_answer_that_was_cut_before_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
