/* SPDX-License-Identifier: BSD-2-Clause */
/* Random queries that ldns writes are parsed to what was written. SEED=n repeats a run.
 */
#include "dns/answer.h"
#include "dns/edns.h"
#include "dns/query_parse.h"
#include "tests/lib/random.h"
#include <ldns/ldns.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { ROUNDS = 20000, OPTIONS_MAX = 512, SUBNET_MAX = 128, V4_SUBNET_MAX = 32 };

/* What is asked, besides the packet. */
struct asked {
    ldns_pkt *packet;
    uint8_t name[NAME_LEN_MAX];
    uint16_t type, class;
    uint8_t options[OPTIONS_MAX];
    size_t options_len;
    bool edns, nsid, keepalive;
    uint8_t cookie[COOKIE_MAX];
    unsigned cookie_len;
    bool ecs;
    struct prefix subnet; /* family ADDR_NONE for FAMILY 0 */
};

/* ---- options ---------------------------------------------------------------------- */

static uint8_t *
put_option(struct asked *asked, unsigned code, size_t len)
{
    uint8_t *const at = asked->options + asked->options_len;

    at[0] = (uint8_t)(code >> 8);
    at[1] = (uint8_t)code;
    at[2] = (uint8_t)(len >> 8);
    at[3] = (uint8_t)len;
    asked->options_len += 4 + len;
    return at + 4;
}

static void
put_subnet(uint64_t *seed, struct asked *asked)
{
    static const uint8_t families[] = { ADDR_NONE, ADDR_V4, ADDR_V4, ADDR_V6 };
    struct prefix *const subnet = &asked->subnet;

    memset(subnet, 0, sizeof(*subnet));
    subnet->addr.family = families[random_below(seed, 4)];
    for (unsigned i = 0; i < addr_len(&subnet->addr); i++)
        subnet->addr.bytes[i] = (uint8_t)random_next(seed);
    subnet->len = (uint8_t)random_below(seed, addr_bits(&subnet->addr) + 1);
    addr_mask(&subnet->addr, subnet->len);
    const unsigned bytes = (subnet->len + 7U) / 8;
    uint8_t *const to = put_option(asked, EDNS_CLIENT_SUBNET, 4 + bytes);
    to[0] = 0;
    to[1] = subnet->addr.family == ADDR_V4 ? 1 : subnet->addr.family == ADDR_V6 ? 2 : 0;
    to[2] = subnet->len;
    to[3] = 0;
    memcpy(to + 4, subnet->addr.bytes, bytes);
    asked->ecs = true;
}

static void
put_cookie(uint64_t *seed, struct asked *asked)
{
    asked->cookie_len = random_below(seed, 2) ? 8 : 16 + random_below(seed, 25);
    for (unsigned i = 0; i < asked->cookie_len; i++)
        asked->cookie[i] = (uint8_t)random_next(seed);
    memcpy(put_option(asked, EDNS_COOKIE, asked->cookie_len), asked->cookie,
           asked->cookie_len);
}

/* One that nobody knows. */
static void
put_unknown(uint64_t *seed, struct asked *asked)
{
    const size_t len = random_below(seed, 30);

    memset(put_option(asked, 65001 + random_below(seed, 500), len), 0xa5, len);
}

static void
put_random_option(uint64_t *seed, struct asked *asked)
{
    const unsigned which = random_below(seed, 5);

    if (which == 0 && !asked->ecs) {
        put_subnet(seed, asked);
    } else if (which == 1 && asked->cookie_len == 0) {
        put_cookie(seed, asked);
    } else if (which == 2) {
        (void)put_option(asked, EDNS_NSID, 0);
        asked->nsid = true;
    } else if (which == 3) {
        (void)put_option(asked, EDNS_TCP_KEEPALIVE, 0);
        asked->keepalive = true;
    } else {
        put_unknown(seed, asked);
    }
}

/* ---- packets ---------------------------------------------------------------------- */

static void
random_name(uint64_t *seed, uint8_t name[NAME_LEN_MAX])
{
    const unsigned most = random_below(seed, 5) ? 6 : 63;
    const unsigned size = random_below(seed, 5) ? 30 : 255;
    unsigned at = 0;

    for (;;) {
        const unsigned len = 1 + random_below(seed, most);
        if (at + len + 2 > size)
            break;
        name[at++] = (uint8_t)len;
        for (unsigned i = 0; i < len; i++)
            name[at++] = (uint8_t)(random_below(seed, 6) ? 'A' + random_below(seed, 58)
                                                         : random_below(seed, 256));
    }
    name[at] = 0;
}

static void
set_edns(uint64_t *seed, struct asked *asked)
{
    ldns_pkt *const packet = asked->packet;

    asked->edns = true;
    ldns_pkt_set_edns_udp_size(packet, (uint16_t)(1 + random_below(seed, 65535)));
    ldns_pkt_set_edns_do(packet, random_below(seed, 2));
    for (unsigned left = random_below(seed, 5); left > 0; left--)
        put_random_option(seed, asked);
    if (asked->options_len > 0)
        ldns_pkt_set_edns_data(packet,
                               ldns_rdf_new_frm_data(LDNS_RDF_TYPE_UNKNOWN,
                                                     asked->options_len, asked->options));
}

/* RFC 6891 6.1.1: OPT may stand anywhere in the additional section; ldns puts it last,
 * behind whatever else is there. */
static void
push_additional(const struct asked *asked)
{
    ldns_rr *const rr = ldns_rr_new_frm_type(LDNS_RR_TYPE_A);

    ldns_rr_set_owner(
        rr, ldns_dname_new_frm_data((uint16_t)name_len(asked->name), asked->name));
    ldns_rr_a_set_address(rr, ldns_rdf_new_frm_str(LDNS_RDF_TYPE_A, "192.0.2.1"));
    assert_true(ldns_pkt_push_rr(asked->packet, LDNS_SECTION_ADDITIONAL, rr));
}

static void
random_question(uint64_t *seed, struct asked *asked)
{
    static const uint16_t types[] = { 0, 1, 28, 255, 257, 64, 65280, 12345 };
    static const uint16_t classes[] = { 1, 1, 1, 3, 255, 254, 4711 };

    memset(asked, 0, sizeof(*asked));
    random_name(seed, asked->name);
    asked->type = types[random_below(seed, 8)];
    asked->class = classes[random_below(seed, 7)];
    ldns_pkt *const packet = ldns_pkt_new();
    ldns_rr *const question = ldns_rr_new();
    ldns_rr_set_question(question, true);
    ldns_rr_set_owner(
        question, ldns_dname_new_frm_data((uint16_t)name_len(asked->name), asked->name));
    ldns_rr_set_type(question, asked->type);
    ldns_rr_set_class(question, asked->class);
    assert_true(ldns_pkt_push_rr(packet, LDNS_SECTION_QUESTION, question));
    ldns_pkt_set_id(packet, (uint16_t)random_next(seed));
    ldns_pkt_set_rd(packet, random_below(seed, 2));
    ldns_pkt_set_cd(packet, random_below(seed, 2));
    ldns_pkt_set_ad(packet, random_below(seed, 2));
    asked->packet = packet;
    if (random_below(seed, 8) == 0)
        push_additional(asked);
    if (random_below(seed, 3))
        set_edns(seed, asked);
}

/* ---- what is understood ----------------------------------------------------------- */

static void
check_subnet(const struct asked *asked, const struct ecs *ecs)
{
    assert_int_equal(ecs->present, asked->ecs);
    if (!asked->ecs)
        return;
    assert_int_equal(ecs->source_len, asked->subnet.len);
    assert_int_equal(ecs->address_len, (asked->subnet.len + 7) / 8);
    assert_true(addr_equal(&ecs->address, &asked->subnet.addr));
}

static void
check_edns(const struct asked *asked, const struct edns *edns)
{
    const unsigned size = ldns_pkt_edns_udp_size(asked->packet);

    assert_int_equal(edns->present, asked->edns);
    if (!asked->edns)
        return;
    assert_int_equal(edns->udp_size, size < 512 ? 512 : size);
    assert_int_equal(edns->dnssec_ok, ldns_pkt_edns_do(asked->packet));
    assert_int_equal(edns->version, 0);
    assert_int_equal(edns->wants_nsid, asked->nsid);
    assert_int_equal(edns->wants_keepalive, asked->keepalive);
    assert_int_equal(edns->cookie_len, asked->cookie_len);
    assert_memory_equal(edns->cookie, asked->cookie, asked->cookie_len);
    check_subnet(asked, &edns->ecs);
}

static void
check_query(const struct asked *asked, const struct query *query)
{
    uint8_t folded[NAME_LEN_MAX];
    const size_t len = name_copy_folded(asked->name, folded);

    assert_true(query->has_question);
    assert_int_equal(query->id, ldns_pkt_id(asked->packet));
    assert_int_equal(query->opcode, 0);
    assert_int_equal(query->recursion_desired, ldns_pkt_rd(asked->packet));
    assert_int_equal(query->type, asked->type);
    assert_int_equal(query->class, asked->class);
    assert_int_equal(query->name_len, len);
    assert_memory_equal(query->name, folded, len);
    assert_int_equal(query->label_count, name_label_count(folded));
    for (unsigned i = 0; i <= query->label_count; i++)
        assert_int_equal(query->hash[i], name_hash(folded + query->label[i]));
    check_edns(asked, &query->edns);
}

static void
queries_of_ldns_are_understood(void **state)
{
    uint64_t seed = random_seed();
    static struct asked asked;
    static struct query query; /* the same for all: nothing may be left of the last one */

    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint8_t *wire = NULL;
        size_t len = 0;
        random_question(&seed, &asked);
        assert_int_equal(ldns_pkt2wire(&wire, asked.packet, &len), LDNS_STATUS_OK);
        assert_int_equal(query_parse(wire, len, true, &query), RCODE_NOERROR);
        check_query(&asked, &query);
        assert_int_equal(query_parse(wire, len, false, &query), RCODE_NOERROR);
        asked.ecs = false;
        check_query(&asked, &query);
        LDNS_FREE(wire);
        ldns_pkt_free(asked.packet);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queries_of_ldns_are_understood),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
