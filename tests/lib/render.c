/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/lib/render.h"
#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_ROOM = DNS_MESSAGE_MAX + 1, TTL_OFFSET = 4 };

static void
fail(const char *what)
{
    fprintf(stderr, "render: %s\n", what);
    abort();
}

static void
put_u16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/* Where the owner of a record ends. */
static size_t
skip_owner(const uint8_t *at)
{
    const uint8_t *const begin = at;

    while (*at != 0 && *at < 0xc0)
        at += *at + 1U;
    return (size_t)(at - begin) + (*at == 0 ? 1U : 2U);
}

static void
patch_records(const struct piece *piece, uint8_t *at)
{
    for (unsigned i = 0; i < piece->set->count; i++) {
        if (!(piece->set->flags & RRSET_OWNED))
            put_u16(at, 0xc000U | piece->owner);
        at += skip_owner(at);
        put_u16(at + TTL_OFFSET, piece->ttl >> 16);
        put_u16(at + TTL_OFFSET + 2, piece->ttl & 0xffffU);
        at += 10 + (at[8] << 8 | at[9]);
    }
}

static size_t
put_piece(const struct answer *answer, const struct piece *piece, uint8_t *at)
{
    const struct rrset *const set = piece->set;

    if (piece->start % (set->stride ? set->stride : 1U) != 0 || piece->start >= set->len)
        fail("a set begins between two records");
    memcpy(at, rrset_bytes(set) + piece->start, set->len);
    for (unsigned i = 0; i < set->fix_count; i++)
        put_u16(at + rrset_fixes(set)[i], 0xc000U | answer->apex);
    patch_records(piece, at);
    return set->len;
}

static size_t
write_message(const struct query *query, const struct answer *answer, uint8_t *message)
{
    uint16_t counts[SECTION_COUNT] = { 0 };
    size_t len = DNS_HEADER_LEN + query->name_len + 4U;
    uint8_t last = SECTION_ANSWER;

    memcpy(message, query->wire, len);
    for (unsigned i = 0; i < answer->piece_count; i++) {
        const struct piece *const piece = &answer->pieces[i];
        if (piece->section < last)
            fail("pieces are not in the order of sections");
        last = piece->section;
        counts[last] = (uint16_t)(counts[last] + piece->set->count);
        len += put_piece(answer, piece, message + len);
    }
    message[2] = (uint8_t)(0x80U | (answer->authoritative ? 4U : 0U) |
                           (answer->truncated ? 2U : 0U));
    message[3] = (uint8_t)(answer->rcode & 15U);
    for (unsigned i = 0; i < SECTION_COUNT; i++)
        put_u16(message + 6 + (size_t)2 * i, counts[i]);
    return len;
}

/* ---- text ---------------------------------------------------------------------- */

static void
print_rrs(FILE *out, const char *section, const ldns_rr_list *list)
{
    for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
        const ldns_rr *const rr = ldns_rr_list_rr(list, i);
        char *const text =
            ldns_rr_get_type(rr) == LDNS_RR_TYPE_OPT ? NULL : ldns_rr2str(rr);
        for (char *at = text; at && *at; at++) {
            if (*at == '\t')
                *at = ' ';
        }
        if (text)
            fprintf(out, "%s %s", section, text);
        free(text);
    }
}

char *
render_message(const uint8_t *message, size_t len)
{
    ldns_pkt *packet = NULL;
    char *text = NULL;
    size_t size = 0;

    if (ldns_wire2pkt(&packet, message, len) != LDNS_STATUS_OK)
        return NULL;
    FILE *const out = open_memstream(&text, &size);
    char *const rcode = ldns_pkt_rcode2str(ldns_pkt_get_rcode(packet));
    if (!out || !rcode)
        fail("out of memory");
    fprintf(out, "%s%s%s\n", rcode, ldns_pkt_aa(packet) ? " aa" : "",
            ldns_pkt_tc(packet) ? " tc" : "");
    print_rrs(out, "AN", ldns_pkt_answer(packet));
    print_rrs(out, "AU", ldns_pkt_authority(packet));
    print_rrs(out, "AD", ldns_pkt_additional(packet));
    fclose(out);
    free(rcode);
    ldns_pkt_free(packet);
    return text;
}

char *
render(const struct query *query, const struct answer *answer)
{
    uint8_t *const message = calloc(2, MESSAGE_ROOM);

    if (!message)
        fail("out of memory");
    const size_t len = write_message(query, answer, message);
    if (len != answer->end)
        fail("the answer does not end where it says");
    char *const text = render_message(message, len);
    if (!text)
        fail("ldns cannot read the message");
    free(message);
    return text;
}
