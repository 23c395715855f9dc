/* SPDX-License-Identifier: BSD-2-Clause */
/* Random answers: the reply that is emitted, ldns reads back as the records that the
 * pieces stand for, as many of them as the limit leaves room for. SEED=n repeats a run.
 */
#include "dns/edns.h"
#include "dns/emit.h"
#include "dns/query_parse.h"
#include "tests/lib/random.h"
#include <ldns/ldns.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { ROUNDS = 4000, PIECES = 12, RECORDS = 6, SET_ROOM = 2000, QUERY_ROOM = 600 };

/* A set, and what each of its records is without compression. */
struct made {
    union {
        struct rrset set;
        uint8_t bytes[sizeof(struct rrset) + sizeof(uint16_t) * RECORDS * 2 +
                      (size_t)2 * SET_ROOM];
    } room;
    ldns_rr *records[RECORDS];
};

struct world {
    uint8_t query_wire[QUERY_ROOM];
    struct query query;
    struct answer answer;
    struct made made[PIECES];
    uint8_t owner[PIECES][NAME_LEN_MAX]; /* of each piece */
    const uint8_t *apex;
};

static size_t
put(uint8_t *to, size_t at, const void *bytes, size_t len)
{
    memcpy(to + at, bytes, len);
    return at + len;
}

static size_t
put16(uint8_t *to, size_t at, unsigned value)
{
    return put(to, at, (const uint8_t[]){ (uint8_t)(value >> 8), (uint8_t)value }, 2);
}

static size_t
put32(uint8_t *to, size_t at, uint32_t value)
{
    return put16(to, put16(to, at, value >> 16), value & 0xffff);
}

/* ---- the question ----------------------------------------------------------------- */

static void
random_query(uint64_t *seed, struct world *world)
{
    uint8_t *const wire = world->query_wire;
    const unsigned size = random_below(seed, 4) ? 40 : 200;
    size_t at = DNS_HEADER_LEN;

    memset(wire, 0, sizeof(world->query_wire));
    (void)put16(wire, 0, (unsigned)random_next(seed) & 0xffff);
    wire[2] = (uint8_t)random_below(seed, 2);
    wire[5] = 1;
    while (at < size) {
        const unsigned len = 1 + random_below(seed, 9);
        wire[at++] = (uint8_t)len;
        for (unsigned i = 0; i < len; i++)
            wire[at++] = (uint8_t)('A' + random_below(seed, 58));
    }
    at = put16(wire, put16(wire, at + 1, RR_TYPE_A), RR_CLASS_IN);
    if (random_below(seed, 2)) {
        wire[11] = 1;
        at = put16(wire, at + 1, RR_TYPE_OPT);
        at = put16(wire, at, 1232);
        at = put32(wire, at, 0x8000);
        at = put16(wire, at, 15);
        at = put32(wire, at, 3 << 16); /* NSID */
        at = put(wire, at, "\0\10\0\7\0\1\30\0\300\0\2", 11);
    }
    assert_int_equal(query_parse(wire, at, true, &world->query), RCODE_NOERROR);
}

/* ---- sets ------------------------------------------------------------------------- */

/* What a record of a set consists of. */
struct record {
    size_t fixed_len;
    size_t labels_len;
    uint32_t ttl;
    uint16_t type;
    bool has_name;      /* then labels[] and the apex follow */
    uint8_t fixed[300]; /* rdata but for the name at its end */
    uint8_t labels[20];
};

static void
random_record(uint64_t *seed, uint16_t type, uint32_t ttl, struct record *record)
{
    memset(record, 0, sizeof(*record));
    record->type = type;
    record->ttl = ttl;
    record->has_name = type == RR_TYPE_NS || type == RR_TYPE_MX;
    record->fixed_len = type == RR_TYPE_A      ? 4
                        : type == RR_TYPE_AAAA ? 16
                        : type == RR_TYPE_MX   ? 2
                        : type == RR_TYPE_NS   ? 0
                                               : 1 + random_below(seed, 200);
    for (size_t i = 0; i < record->fixed_len; i++)
        record->fixed[i] = (uint8_t)random_next(seed);
    if (type == RR_TYPE_TXT)
        record->fixed[0] = (uint8_t)(record->fixed_len - 1);
    if (!record->has_name)
        return;
    record->labels_len = 1 + random_below(seed, 8);
    record->labels[0] = (uint8_t)(record->labels_len - 1);
    for (size_t i = 1; i < record->labels_len; i++)
        record->labels[i] = (uint8_t)('a' + random_below(seed, 26));
    if (record->labels_len == 1)
        record->labels_len = 0; /* the apex itself */
}

/* The record as ldns has it, from its form without compression. */
static ldns_rr *
to_ldns(const struct record *record, const uint8_t *owner, uint32_t ttl,
        const uint8_t *apex)
{
    uint8_t wire[1000];
    const size_t name_bytes = record->has_name ? record->labels_len + name_len(apex) : 0;
    size_t at = put(wire, 0, owner, name_len(owner));
    size_t pos = 0;
    ldns_rr *rr = NULL;

    at = put16(wire, put16(wire, at, record->type), RR_CLASS_IN);
    at = put16(wire, put32(wire, at, ttl), (unsigned)(record->fixed_len + name_bytes));
    at = put(wire, at, record->fixed, record->fixed_len);
    if (record->has_name) {
        at = put(wire, at, record->labels, record->labels_len);
        at = put(wire, at, apex, name_len(apex));
    }
    assert_int_equal(ldns_wire2rr(&rr, wire, at, &pos, LDNS_SECTION_ANSWER),
                     LDNS_STATUS_OK);
    assert_int_equal(pos, at);
    return rr;
}

static const uint8_t owned_label[] = "\5owned";

/* The record as the set has it: pointers to the apex are left to be written. */
static size_t
/* NOLINTNEXTLINE(readability-function-size): a record, and the set it goes to */
put_record(const struct record *record, bool owned, uint8_t *bytes, size_t at,
           struct rrset *set, uint16_t *fixes)
{
    if (owned) {
        at = put(bytes, at, owned_label, sizeof(owned_label) - 1);
        fixes[set->fix_count++] = (uint16_t)at;
    }
    at = put16(bytes, at, owned ? 0 : 0xc000U | DNS_HEADER_LEN);
    at = put16(bytes, put16(bytes, at, record->type), RR_CLASS_IN);
    at = put32(bytes, at, record->ttl);
    at = put16(
        bytes, at,
        (unsigned)(record->fixed_len + (record->has_name ? record->labels_len + 2 : 0)));
    at = put(bytes, at, record->fixed, record->fixed_len);
    if (record->has_name) {
        at = put(bytes, at, record->labels, record->labels_len);
        fixes[set->fix_count++] = (uint16_t)at;
        at = put16(bytes, at, 0);
    }
    return at;
}

static void
random_set(uint64_t *seed, struct world *world, unsigned number)
{
    static const uint16_t types[] = { RR_TYPE_A,  RR_TYPE_AAAA, RR_TYPE_TXT,
                                      RR_TYPE_NS, RR_TYPE_MX,   65300 };
    struct made *const made = &world->made[number];
    struct rrset *const set = &made->room.set;
    struct record records[RECORDS];
    uint8_t bytes[SET_ROOM] = { 0 };
    uint16_t fixes[2 * RECORDS] = { 0 };
    size_t len = 0;
    const uint16_t type = types[random_below(seed, 6)];
    const bool owned = random_below(seed, 4) == 0;

    memset(made, 0, sizeof(*made));
    set->type = type;
    set->count = (uint16_t)(1 + random_below(seed, RECORDS));
    set->ttl = random_below(seed, 100000);
    set->flags = owned ? RRSET_OWNED : 0;
    for (unsigned i = 0; i < set->count; i++) {
        random_record(seed, type, set->ttl, &records[i]);
        len = put_record(&records[i], owned, bytes, len, set, fixes);
    }
    set->len = (uint16_t)len;
    memcpy((void *)(set + 1), fixes, set->fix_count * sizeof(uint16_t));
    uint8_t *const to = made->room.bytes + (rrset_bytes(set) - made->room.bytes);
    memcpy(to, bytes, len);
    unsigned start = 0;
    if (!owned && set->fix_count == 0 && (type == RR_TYPE_A || type == RR_TYPE_AAAA)) {
        set->stride = (uint16_t)(len / set->count);
        set->flags |= RRSET_TWICE;
        memcpy(to + len, bytes, len);
        start = random_below(seed, set->count);
    }
    uint8_t *const owner = world->owner[number];
    const size_t own = owned ? sizeof(owned_label) - 1 : 0;
    if (owned) {
        memcpy(owner, owned_label, own);
        memcpy(owner + own, world->apex, name_len(world->apex));
    }
    struct piece *const piece = &world->answer.pieces[number];
    piece->start = (uint16_t)(start * set->stride);
    for (unsigned i = 0; i < set->count; i++)
        made->records[i] =
            to_ldns(&records[(start + i) % set->count], owner, piece->ttl, world->apex);
}

/* ---- answers ---------------------------------------------------------------------- */

/* The owner: the question's name, or one of its suffixes. */
static void
random_piece(uint64_t *seed, struct world *world, unsigned number, uint8_t section)
{
    const struct query *const query = &world->query;
    const unsigned label =
        random_below(seed, 2) ? 0 : random_below(seed, query->label_count + 1U);
    const uint8_t *const asked = world->query_wire + DNS_HEADER_LEN;
    struct piece *const piece = &world->answer.pieces[number];

    *piece = (struct piece){ .set = &world->made[number].room.set,
                             .owner = (uint16_t)(DNS_HEADER_LEN + query->label[label]),
                             .section = section,
                             .optional = random_below(seed, 5) == 0,
                             .ttl = random_below(seed, 100000) };
    memcpy(world->owner[number], asked + query->label[label],
           name_len(asked + query->label[label]));
    random_set(seed, world, number);
    if (random_below(seed, 3) == 0) { /* nothing to patch */
        piece->ttl = piece->set->ttl;
        for (unsigned i = 0; i < piece->set->count; i++)
            ldns_rr_set_ttl(world->made[number].records[i], piece->ttl);
    }
}

static void
random_answer(uint64_t *seed, struct world *world)
{
    struct answer *const answer = &world->answer;
    const struct query *const query = &world->query;
    const unsigned apex = query->label[random_below(seed, query->label_count)];
    uint8_t section = SECTION_ANSWER;

    answer_begin(answer, query);
    answer->apex = (uint16_t)(DNS_HEADER_LEN + apex);
    world->apex = world->query_wire + answer->apex;
    answer->rcode = (uint16_t)random_below(seed, 7);
    answer->authoritative = random_below(seed, 2);
    answer->scope = (uint8_t)random_below(seed, 33);
    answer->extended_error = (int16_t)(random_below(seed, 2) ? 21 : -1);
    answer->piece_count = (uint16_t)random_below(seed, PIECES + 1);
    for (unsigned i = 0; i < answer->piece_count; i++) {
        if (random_below(seed, 3) == 0 && section < SECTION_ADDITIONAL)
            section++;
        random_piece(seed, world, i, section);
    }
}

static void
free_answer(struct world *world)
{
    for (unsigned i = 0; i < world->answer.piece_count; i++) {
        for (unsigned n = 0; n < world->answer.pieces[i].set->count; n++)
            ldns_rr_free(world->made[i].records[n]);
    }
}

/* ---- what is read back ------------------------------------------------------------ */

static void
check_records(const struct made *made, const ldns_rr_list *list, size_t at)
{
    for (unsigned i = 0; i < made->room.set.count; i++) {
        const ldns_rr *const rr = ldns_rr_list_rr(list, at + i);
        assert_non_null(rr);
        assert_int_equal(ldns_rr_compare(rr, made->records[i]), 0);
        assert_int_equal(ldns_rr_ttl(rr), ldns_rr_ttl(made->records[i]));
    }
}

/* The rules of emit.h once more: whole sets, in order. */
static bool
check_sections(const struct world *world, const ldns_pkt *packet, size_t room)
{
    const ldns_rr_list *const lists[] = { ldns_pkt_answer(packet),
                                          ldns_pkt_authority(packet),
                                          ldns_pkt_additional(packet) };
    size_t counts[SECTION_COUNT] = { 0 };
    bool truncated = false;

    for (unsigned i = 0; i < world->answer.piece_count; i++) {
        const struct piece *const piece = &world->answer.pieces[i];
        if (piece->set->len > room) {
            if (piece->optional && piece->section == SECTION_ADDITIONAL)
                continue;
            truncated = !piece->optional;
            break;
        }
        room -= piece->set->len;
        check_records(&world->made[i], lists[piece->section], counts[piece->section]);
        counts[piece->section] += piece->set->count;
    }
    for (unsigned i = 0; i < SECTION_COUNT; i++)
        assert_int_equal(ldns_rr_list_rr_count(lists[i]), counts[i]);
    return truncated;
}

static void
check_opt(const struct world *world, const ldns_pkt *packet)
{
    assert_int_equal(ldns_pkt_edns(packet), world->query.edns.present);
    if (!world->query.edns.present)
        return;
    const uint8_t *const data = ldns_rdf_data(ldns_pkt_edns_data(packet));
    const uint8_t subnet[] = { 0, 8, 0, 7, 0, 1, 24, world->answer.scope, 192, 0, 2 };

    assert_true(ldns_pkt_edns_do(packet));
    assert_int_equal(ldns_pkt_edns_udp_size(packet), 1400);
    assert_int_equal(ldns_pkt_edns_version(packet), 0);
    assert_memory_equal(data, subnet, sizeof(subnet));
    assert_memory_equal(data + sizeof(subnet), "\0\3\0\2id", 6);
}

static void
check_reply(const struct world *world, const uint8_t *reply, size_t len, size_t limit,
            bool truncated)
{
    const struct edns_reply opt = { .query = &world->query,
                                    .answer = &world->answer,
                                    .identity = "id" };
    const size_t fixed = DNS_HEADER_LEN + world->query.name_len + 4U + edns_len(&opt);
    ldns_pkt *packet = NULL;

    assert_true(len <= limit);
    assert_int_equal(ldns_wire2pkt(&packet, reply, len), LDNS_STATUS_OK);
    assert_int_equal(ldns_pkt_id(packet), world->query.id);
    assert_true(ldns_pkt_qr(packet) && !ldns_pkt_ra(packet));
    assert_int_equal(ldns_pkt_rd(packet), world->query.recursion_desired);
    assert_int_equal(ldns_pkt_aa(packet), world->answer.authoritative);
    assert_int_equal(ldns_pkt_get_rcode(packet), world->answer.rcode);
    assert_int_equal(ldns_pkt_qdcount(packet), 1);
    assert_memory_equal(reply + DNS_HEADER_LEN, world->query_wire + DNS_HEADER_LEN,
                        world->query.name_len + 4U);
    assert_int_equal(check_sections(world, packet, limit - fixed), truncated);
    assert_int_equal(ldns_pkt_tc(packet), truncated);
    check_opt(world, packet);
    ldns_pkt_free(packet);
}

static void
replies_are_read_back_equal(void **state)
{
    static const struct serve_settings settings = {
        .identity = "id", .version = "", .ecs_enabled = true, .udp_size_max = 1400
    };
    static struct world world;
    uint64_t seed = random_seed();

    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++) {
        random_query(&seed, &world);
        random_answer(&seed, &world);
        const size_t limit =
            random_below(&seed, 3) ? 512 + random_below(&seed, 2000) : DNS_MESSAGE_MAX;
        uint8_t *const reply = malloc(limit); /* so that ASan sees one byte too far */
        bool truncated = false;
        assert_non_null(reply);
        const size_t len =
            emit(&world.query, &world.answer, &settings, reply, limit, &truncated);
        check_reply(&world, reply, len, limit, truncated);
        free(reply);
        free_answer(&world);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_are_read_back_equal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
