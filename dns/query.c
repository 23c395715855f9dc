/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/answer.h"
#include "dns/edns.h"
#include "dns/query_parse.h"
#include "dns/wire.h"
#include <string.h>

enum {
    FLAG_QR = 0x8000,
    FLAG_RD = 0x0100,
    OPCODE_SHIFT = 11,
    OPCODE_MASK = 15,
    OPCODE_QUERY = 0,
    QUESTION_TAIL = 4, /* type and class */
    RECORD_TAIL = 10,  /* type, class, TTL, length */
    POINTER_MASK = 0xc0,
    EDNS_DO = 0x8000,
};

/* Eight bytes at once, ASCII capitals to small letters (RFC 4343); length bytes are below
 * 'A'. */
static uint64_t
fold8(uint64_t word)
{
    const uint64_t ones = 0x0101010101010101U;

    if ((word & ~(word << 1) & 0x40 * ones) ==
        0) /* nothing of 0x40 to 0x5f: most names */
        return word;
    const uint64_t low = word & 0x7f * ones;
    const uint64_t above = low + (0x80 - 'A') * ones;  /* bit 7: at least 'A' */
    const uint64_t beyond = low + (0x7f - 'Z') * ones; /* bit 7: past 'Z' */
    const uint64_t capital = (above & ~beyond & ~word) & 0x80 * ones;

    return word | capital >> 2;
}

static void
copy_folded(uint8_t *to, const uint8_t *from, size_t len)
{
    for (; len >= 8; len -= 8, to += 8, from += 8) {
        uint64_t word;
        memcpy(&word, from, sizeof(word));
        word = fold8(word);
        memcpy(to, &word, sizeof(word));
    }
    for (; len > 0; len--, to++, from++)
        *to = *from >= 'A' && *from <= 'Z' ? (uint8_t)(*from | 0x20) : *from;
}

/* The question's name: bounds, labels, folded copy, hashes of all its suffixes. A
 * compressed name has nothing to point to here, so pointers are refused. */
static bool
read_name(const uint8_t *from, size_t room, struct query *query)
{
    size_t at = 0;
    unsigned count = 0;
    unsigned label;

    if (room > NAME_LEN_MAX)
        room = NAME_LEN_MAX;
    if (room == 0)
        return false;
    while ((label = from[at]) != 0) {
        query->label[count++] = (uint8_t)at;
        at += label + 1;
        if (label > NAME_LABEL_MAX || at >= room)
            return false;
    }
    query->label[count] = (uint8_t)at;
    query->label_count = (uint8_t)count;
    query->name_len = (uint16_t)(at + 1);
    copy_folded(query->name, from, at + 1);
    uint32_t hash = NAME_HASH_ROOT;
    query->hash[count] = hash;
    while (count-- > 0) {
        hash = name_hash_label(hash, query->name + query->label[count]);
        query->hash[count] = hash;
    }
    return true;
}

static bool
read_question(const uint8_t *message, size_t len, struct query *query)
{
    if (!read_name(message + DNS_HEADER_LEN, len - DNS_HEADER_LEN, query))
        return false;
    const size_t at = DNS_HEADER_LEN + (size_t)query->name_len;
    if (len - at < QUESTION_TAIL)
        return false;
    query->type = wire_get16(message + at);
    query->class = wire_get16(message + at + 2);
    query->has_question = true;
    return true;
}

/* Past a record's owner name, pointers allowed; 0: malformed. */
static size_t
skip_name(const uint8_t *message, size_t len, size_t at)
{
    while (at < len) {
        if (message[at] == 0)
            return at + 1;
        if ((message[at] & POINTER_MASK) == POINTER_MASK)
            return at + 2 <= len ? at + 2 : 0;
        if (message[at] & POINTER_MASK)
            return 0;
        at += message[at] + 1U;
    }
    return 0;
}

/* RFC 6891 6.1.1: one OPT, owned by the root. record: from its type on. */
static int
read_opt(const uint8_t *record, bool at_root, bool ecs_enabled, struct edns *edns)
{
    const unsigned size = wire_get16(record + 2);

    if (edns->present || !at_root)
        return RCODE_FORMERR;
    edns->present = true;
    edns->version = record[5];
    edns->dnssec_ok = wire_get16(record + 6) & EDNS_DO;
    edns->udp_size = (uint16_t)(size < EDNS_UDP_SIZE_MIN ? EDNS_UDP_SIZE_MIN : size);
    if (edns->version > EDNS_VERSION)
        return RCODE_BADVERS;
    return edns_read_options(record + RECORD_TAIL, wire_get16(record + 8), ecs_enabled,
                             edns)
               ? RCODE_NOERROR
               : RCODE_FORMERR;
}

/* OPT belongs to the additional section, and TSIG to its end (RFC 6891 6.1.1, RFC
 * 8945 5.1). */
static bool
is_misplaced(unsigned type, unsigned index, unsigned before, unsigned all)
{
    return (type == RR_TYPE_OPT && index < before) ||
           (type == RR_TYPE_TSIG && index + 1 != all);
}

/* All records after the question. OPT matters, TSIG is not understood yet, others are
 * skipped. */
static int
read_records(const uint8_t *message, size_t len, size_t at, bool ecs_enabled,
             struct query *query)
{
    const unsigned before = wire_get16(message + 6) + wire_get16(message + 8);
    const unsigned all = before + wire_get16(message + 10);
    int rcode = RCODE_NOERROR;

    for (unsigned i = 0; i < all; i++) {
        const size_t tail = skip_name(message, len, at);
        if (tail == 0 || len - tail < RECORD_TAIL)
            return RCODE_FORMERR;
        const uint8_t *const record = message + tail;
        const unsigned type = wire_get16(record);
        const bool at_root = message[at] == 0;
        at = tail + RECORD_TAIL + wire_get16(record + 8);
        if (at > len || is_misplaced(type, i, before, all))
            return RCODE_FORMERR;
        int asked = RCODE_NOERROR;
        if (type == RR_TYPE_OPT)
            asked = read_opt(record, at_root, ecs_enabled, &query->edns);
        else if (type == RR_TYPE_TSIG)
            asked = RCODE_NOTAUTH;
        if (asked == RCODE_FORMERR)
            return asked;
        if (rcode == RCODE_NOERROR)
            rcode = asked;
    }
    return at == len ? rcode : RCODE_FORMERR; /* nothing may follow */
}

/* All questions: the only one is read, of several only the end is found (RFC 9619 4:
 * there is one at most). Past them; 0: malformed. */
static size_t
read_questions(const uint8_t *message, size_t len, unsigned count, struct query *query)
{
    size_t at = DNS_HEADER_LEN;

    if (count == 1)
        return read_question(message, len, query) ? at + query->name_len + QUESTION_TAIL
                                                  : 0;
    for (; count > 0; count--) {
        at = skip_name(message, len, at);
        if (at == 0 || len - at < QUESTION_TAIL)
            return 0;
        at += QUESTION_TAIL;
    }
    return at;
}

static void
reset(struct query *query)
{
    query->has_question = false;
    query->label_count = 0;
    query->name_len = 0;
    query->type = 0;
    query->class = 0;
    query->edns.present = false;
    query->edns.dnssec_ok = false;
    query->edns.wants_nsid = false;
    query->edns.wants_keepalive = false;
    query->edns.cookie_len = 0;
    query->edns.cookie_valid = false;
    query->edns.ecs.present = false;
    query->edns.ecs.source_len = 0;
}

/* A query carries no answers; authority only in IXFR (RFC 1995 3). */
static bool
counts_are_sound(const uint8_t *message, const struct query *query)
{
    return wire_get16(message + 6) == 0 &&
           (wire_get16(message + 8) == 0 || query->type == RR_TYPE_IXFR);
}

int
query_parse(const uint8_t *message, size_t len, bool ecs_enabled, struct query *query)
{
    if (len < DNS_HEADER_LEN)
        return QUERY_SILENCE;
    reset(query);
    query->wire = message;
    query->wire_len = len;
    query->id = wire_get16(message);
    query->flags = wire_get16(message + 2);
    query->opcode = query->flags >> OPCODE_SHIFT & OPCODE_MASK;
    query->recursion_desired = query->flags & FLAG_RD;
    if (query->flags & FLAG_QR)
        return QUERY_SILENCE;
    const unsigned questions = wire_get16(message + 4);
    const size_t at = read_questions(message, len, questions, query);
    /* Also of what is refused: a reply to OPT has OPT (RFC 6891 6.1.1) */
    const int rcode =
        at > 0 ? read_records(message, len, at, ecs_enabled, query) : RCODE_FORMERR;
    if (query->opcode != OPCODE_QUERY)
        return RCODE_NOTIMP;
    if (questions > 1 || !counts_are_sound(message, query))
        return RCODE_FORMERR;
    if (rcode == RCODE_NOERROR && questions == 0 && query->edns.cookie_len == 0)
        return RCODE_FORMERR;
    return rcode;
}
