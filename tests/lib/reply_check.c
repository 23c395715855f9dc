/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/lib/reply_check.h"
#include <ldns/ldns.h>
#include <string.h>

enum {
    HEADER_LEN = 12,
    QUESTION_TAIL = 4,
    RECORD_TAIL = 10,
    PLAIN_SIZE = 512,
    NAME_MAX_LEN = 255,
    POINTER = 0xc0,
    TYPE_OPT = 41,
    TYPE_TSIG = 250,
    BYTE_QR = 0x80, /* of the third byte */
    BYTE_OPCODE = 0x78,
    BYTE_RD = 0x01,
    BYTE_RA_Z_AD_CD = 0xf0, /* of the fourth byte */
};

static unsigned
get16(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

/* Past a name; 0: it is too long, leaves the message, or a pointer does not point back to
 * a name. */
static size_t
past_name(const uint8_t *message, size_t len, size_t at)
{
    const size_t begin = at;

    while (at < len && message[at] != 0) {
        if (message[at] >= POINTER) {
            const unsigned target = at + 2 <= len ? get16(message + at) & 0x3fffU : 0;
            return target >= HEADER_LEN && target < begin ? at + 2 : 0;
        }
        if (message[at] > 63)
            return 0;
        at += message[at] + 1U;
    }
    return at < len && at - begin < NAME_MAX_LEN ? at + 1 : 0;
}

/* What a message consists of. */
struct parts {
    size_t question_len;
    unsigned opts;     /* OPT records, wherever they stand */
    unsigned tsigs;    /* and TSIG records */
    bool opt_in_place; /* the last OPT is owned by the root, in the additional section */
    size_t udp_size;   /* that it offers */
};

/* Walks all records; false: they do not end where the message does. */
static bool
walk(const uint8_t *message, size_t len, struct parts *parts)
{
    const unsigned before = get16(message + 6) + get16(message + 8);
    const unsigned records = before + get16(message + 10);
    size_t at = HEADER_LEN;

    *parts = (struct parts){ 0 };
    for (unsigned i = get16(message + 4); i > 0; i--) {
        at = past_name(message, len, at);
        if (at == 0 || at + QUESTION_TAIL > len)
            return false;
        at += QUESTION_TAIL;
    }
    parts->question_len = at - HEADER_LEN;
    for (unsigned i = 0; i < records; i++) {
        const size_t owner = at;
        at = past_name(message, len, at);
        if (at == 0 || at + RECORD_TAIL > len)
            return false;
        parts->tsigs += get16(message + at) == TYPE_TSIG;
        if (get16(message + at) == TYPE_OPT) {
            parts->opts++;
            parts->opt_in_place = i >= before && message[owner] == 0;
            parts->udp_size = get16(message + at + 2);
        }
        at += RECORD_TAIL + get16(message + at + 8);
        if (at > len)
            return false;
    }
    return at == len;
}

/* asked: what the query consists of; NULL: it cannot be taken apart. Not by ldns, which
 * loses memory over some that are malformed. */
static const char *
size_problem(const struct reply_case *exchange, const struct parts *asked, bool has_opt)
{
    size_t limit = PLAIN_SIZE;

    if (exchange->tcp)
        return exchange->reply_len > UINT16_MAX ? "longer than a TCP message" : NULL;
    if (has_opt) /* else what we alone understood of it */
        limit = asked && asked->opts == 1 ? asked->udp_size : exchange->udp_size_max;
    if (limit < PLAIN_SIZE)
        limit = PLAIN_SIZE;
    if (limit > exchange->udp_size_max)
        limit = exchange->udp_size_max;
    return exchange->reply_len > limit ? "longer than the size limit" : NULL;
}

/* RFC 6891 6.1.1: a query with a sound OPT gets one, whatever else is wrong with it; one
 * without gets none. */
static const char *
opt_problem(const struct parts *asked, bool has_opt)
{
    if (!has_opt && asked && asked->opts == 1 && asked->opt_in_place && asked->tsigs == 0)
        return "no OPT in the reply to a query with one";
    if (has_opt && asked && asked->opts == 0)
        return "an OPT in the reply to a query without one";
    return NULL;
}

static const char *
header_problem(const uint8_t *query, const uint8_t *reply)
{
    if (reply[0] != query[0] || reply[1] != query[1])
        return "another ID";
    if (!(reply[2] & BYTE_QR))
        return "QR is not set";
    if ((reply[2] ^ query[2]) & (BYTE_OPCODE | BYTE_RD))
        return "another opcode or RD";
    if (reply[3] & BYTE_RA_Z_AD_CD)
        return "RA, Z, AD or CD is set";
    return get16(reply + 4) > 1 ? "more than one question" : NULL;
}

/* ID to question. */
static const char *
head_problem(const struct reply_case *exchange, struct parts *parts)
{
    const uint8_t *const query = exchange->query;
    const uint8_t *const reply = exchange->reply;
    const char *const problem = header_problem(query, reply);

    if (problem)
        return problem;
    if (!walk(reply, exchange->reply_len, parts))
        return "the records do not fill the message";
    if (HEADER_LEN + parts->question_len > exchange->query_len ||
        memcmp(reply + HEADER_LEN, query + HEADER_LEN, parts->question_len) != 0)
        return "another question";
    return parts->opts > 1 ? "more than one OPT" : NULL;
}

const char *
reply_problem(const struct reply_case *exchange)
{
    const size_t query_len = exchange->query_len;
    const bool silent = query_len < HEADER_LEN || (exchange->query[2] & BYTE_QR);
    struct parts parts, asked;
    ldns_pkt *packet = NULL;

    if (exchange->reply_len == 0)
        return silent ? NULL : "silence";
    if (silent)
        return "a reply to what gets none";
    if (exchange->reply_len < HEADER_LEN)
        return "shorter than a header";
    const char *problem = head_problem(exchange, &parts);
    if (problem)
        return problem;
    if (ldns_wire2pkt(&packet, exchange->reply, exchange->reply_len) != LDNS_STATUS_OK)
        return "ldns cannot read it";
    ldns_pkt_free(packet);
    const struct parts *const known =
        walk(exchange->query, query_len, &asked) ? &asked : NULL;
    problem = opt_problem(known, parts.opts == 1);
    return problem ? problem : size_problem(exchange, known, parts.opts == 1);
}
