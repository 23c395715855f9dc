/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/emit.h"
#include "dns/edns.h"
#include "dns/wire.h"
#include <string.h>

enum {
    FLAG_QR = 0x8000,
    FLAG_AA = 0x0400,
    FLAG_TC = 0x0200,
    FLAG_RD = 0x0100,
    OPCODE_BITS = 0x7800,
    RCODE_MASK = 15,
    POINTER = 0xc000,
    TTL_OFFSET = 6, /* in a record with a two-byte owner */
    RDLEN_OFFSET = 10,
};

/* Where the record's two-byte owner would end: past labels and the pointer or root that
 * ends them. */
static uint8_t *
past_owner(uint8_t *record)
{
    while (*record && !(*record & 0xc0))
        record += *record + 1;
    return record + (*record ? 2 : 1);
}

static void
patch_record(uint8_t *after_owner, const struct piece *piece)
{
    if (piece->ttl != piece->set->ttl)
        wire_put32(after_owner + TTL_OFFSET - 2, piece->ttl);
}

/* Owner and TTL of every record, where they are not as the set has them. */
static void
patch_records(const struct piece *piece, uint8_t *bytes)
{
    const struct rrset *const set = piece->set;
    uint8_t *at = bytes;

    for (unsigned i = 0; i < set->count; i++) {
        uint8_t *after;
        if (set->flags & RRSET_OWNED) {
            after = past_owner(at);
        } else {
            wire_put16(at, POINTER | piece->owner);
            after = at + 2;
        }
        patch_record(after, piece);
        at = after + RDLEN_OFFSET + wire_get16(after + RDLEN_OFFSET - 2);
    }
}

static void
copy_piece(const struct piece *piece, const struct answer *answer, uint8_t *to)
{
    const struct rrset *const set = piece->set;

    memcpy(to, rrset_bytes(set) + piece->start, set->len);
    const uint16_t *const fixes = rrset_fixes(set);
    for (unsigned i = 0; i < set->fix_count; i++)
        wire_put16(to + fixes[i], POINTER | answer->apex);
    if (piece->ttl != set->ttl ||
        (piece->owner != DNS_HEADER_LEN && !(set->flags & RRSET_OWNED)))
        patch_records(piece, to);
}

static void
put_header(const struct query *query, const struct answer *answer, bool truncated,
           const unsigned counts[SECTION_COUNT + 1], uint8_t *reply)
{
    const unsigned flags = FLAG_QR | (query->flags & (OPCODE_BITS | FLAG_RD)) |
                           (answer->authoritative ? FLAG_AA : 0U) |
                           (truncated ? FLAG_TC : 0U) | (answer->rcode & RCODE_MASK);

    wire_put16(reply, query->id);
    wire_put16(reply + 2, flags);
    wire_put16(reply + 4, query->has_question);
    wire_put16(reply + 6, counts[SECTION_ANSWER]);
    wire_put16(reply + 8, counts[SECTION_AUTHORITY]);
    wire_put16(reply + 10, counts[SECTION_ADDITIONAL]);
}

size_t
/* NOLINTNEXTLINE(readability-function-size): two views, settings, a buffer, a result */
emit(const struct query *query, const struct answer *answer,
     const struct serve_settings *settings, uint8_t *reply, size_t limit,
     bool *ret_truncated)
{
    struct edns_reply opt = { .query = query,
                              .answer = answer,
                              .identity = settings->identity,
                              .udp_size = settings->udp_size_max,
                              .keepalive_100ms = query->idle_100ms };
    unsigned counts[SECTION_COUNT + 1] = { 0 };
    const size_t question_len = query->has_question ? query->name_len + 4U : 0;
    size_t at = DNS_HEADER_LEN + question_len;
    size_t opt_len = edns_len(&opt);
    bool truncated = answer->truncated;

    if (at + opt_len > limit) { /* the longest names leave no room for an identity */
        opt.identity = "";
        opt_len = edns_len(&opt);
    }
    memcpy(reply + DNS_HEADER_LEN, query->wire + DNS_HEADER_LEN, question_len);
    for (unsigned i = 0; i < answer->piece_count; i++) {
        const struct piece *const piece = &answer->pieces[i];
        if (at + piece->set->len + opt_len > limit) {
            if (piece->optional && piece->section == SECTION_ADDITIONAL)
                continue;
            if (!piece->optional)
                truncated = true;
            break; /* names of later pieces may point into this one */
        }
        copy_piece(piece, answer, reply + at);
        at += piece->set->len;
        counts[piece->section] += piece->set->count;
    }
    if (opt_len > 0) {
        edns_write(&opt, opt_len, reply + at);
        at += opt_len;
        counts[SECTION_ADDITIONAL]++;
    }
    put_header(query, answer, truncated, counts, reply);
    *ret_truncated = truncated;
    return at;
}
