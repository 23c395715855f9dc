/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/lib/render.h"
#include "tests/lib/served.h"
#include "tests/lib/world.h"
#include "tests/lib/zone_text.h"
#include "zones/answer.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- wildcards: the example of RFC 4592 2.2.1 ---------------------------------- */

static const char *const rfc4592_zone =
    "example. 3600 IN NS ns.example.com.\n"
    "example. 3600 IN NS ns.example.net.\n"
    "*.example. 3600 IN TXT \"this is a wildcard\"\n"
    "*.example. 3600 IN MX 10 host1.example.\n"
    "sub.*.example. 3600 IN TXT \"this is not a wildcard\"\n"
    "host1.example. 3600 IN A 192.0.2.1\n"
    "_ssh._tcp.host1.example. 3600 IN SRV 0 0 22 host1.example.\n"
    "_ssh._tcp.host2.example. 3600 IN SRV 0 0 22 host2.example.\n"
    "subdel.example. 3600 IN NS ns.example.com.\n"
    "subdel.example. 3600 IN NS ns.example.net.\n";

static void
wildcards_answer_as_in_the_example_of_rfc_4592(void **state)
{
    static const struct exchange exchanges[] = {
        { "host3.example.", RR_TYPE_MX, ANSWER_WILDCARD,
          "NOERROR aa\nAN host3.example. 3600 IN MX 10 host1.example.\n"
          "AD host1.example. 3600 IN A 192.0.2.1\n" },
        { "host3.example.", RR_TYPE_A, ANSWER_NODATA, "NOERROR aa\n" EXAMPLE_SOA },
        { "foo.bar.example.", RR_TYPE_TXT, ANSWER_WILDCARD,
          "NOERROR aa\nAN foo.bar.example. 3600 IN TXT \"this is a wildcard\"\n" },
        { "host1.example.", RR_TYPE_MX, ANSWER_NODATA, "NOERROR aa\n" EXAMPLE_SOA },
        { "sub.*.example.", RR_TYPE_MX, ANSWER_NODATA, "NOERROR aa\n" EXAMPLE_SOA },
        { "_telnet._tcp.host1.example.", RR_TYPE_SRV, ANSWER_NXDOMAIN,
          "NXDOMAIN aa\n" EXAMPLE_SOA },
        { "host.subdel.example.", RR_TYPE_A, ANSWER_REFERRAL,
          "NOERROR\nAU subdel.example. 3600 IN NS ns.example.com.\n"
          "AU subdel.example. 3600 IN NS ns.example.net.\n" },
        { "ghost.*.example.", RR_TYPE_MX, ANSWER_NXDOMAIN, "NXDOMAIN aa\n" EXAMPLE_SOA },
        { "*.example.", RR_TYPE_TXT, ANSWER_POSITIVE,
          "NOERROR aa\nAN *.example. 3600 IN TXT \"this is a wildcard\"\n" },
        { "_tcp.host1.example.", RR_TYPE_A, ANSWER_NODATA, "NOERROR aa\n" EXAMPLE_SOA },
        { "host2.example.", RR_TYPE_TXT, ANSWER_NODATA, "NOERROR aa\n" EXAMPLE_SOA },
        { "x.host2.example.", RR_TYPE_TXT, ANSWER_NXDOMAIN, "NXDOMAIN aa\n" EXAMPLE_SOA },
        { "host3.example.", RR_TYPE_ANY, ANSWER_WILDCARD,
          "NOERROR aa\nAN host3.example. 3600 IN MX 10 host1.example.\n"
          "AD host1.example. 3600 IN A 192.0.2.1\n" },
    };
    struct served served;

    (void)state;
    serve_text(&served, "example.", rfc4592_zone);
    CHECK_ALL(&served, exchanges);
    unserve(&served);
}

/* ---- zones ----------------------------------------------------------------- */

static const char *const small_zone = "example. 3600 IN NS ns.example.org.\n"
                                      "www.example. 300 IN CNAME web.example.\n"
                                      "web.example. 60 IN A 192.0.2.1\n"
                                      "*.wild.example. 300 IN A 192.0.2.2\n";

static void
names_outside_of_all_zones_are_refused(void **state)
{
    struct served served;
    struct ask question;
    struct answer answer;

    (void)state;
    serve_text(&served, "example.", small_zone);
    ask(&question, "www.example.org.", RR_TYPE_A);
    answer_to(&served, &question, &answer);
    assert_int_equal(answer.rcode, RCODE_REFUSED);
    assert_int_equal(answer.extended_error, 20);
    assert_false(answer.authoritative);
    assert_int_equal(answer.kind, ANSWER_ERROR);
    assert_int_equal(answer.piece_count, 0);
    assert_int_equal(answer.zone_slot, 0);
    unserve(&served);
}

static void
a_zone_that_never_loaded_is_servfail_to_its_last_name(void **state)
{
    struct served served;
    struct ask question;
    struct answer answer;

    (void)state;
    serve_text(&served, "example.", small_zone);
    served.entry.state = ZONE_FAILED;
    served.entry.zone = NULL;
    ask(&question, "a.b.example.", RR_TYPE_A);
    answer_to(&served, &question, &answer);
    assert_int_equal(answer.rcode, RCODE_SERVFAIL);
    assert_int_equal(answer.extended_error, 14);
    assert_false(answer.authoritative);
    assert_int_equal(answer.piece_count, 0);
    assert_int_equal(answer.zone_slot, 7);
    unserve(&served);
}

static void
the_apex_answers_its_soa_with_its_own_ttl(void **state)
{
    static const struct exchange exchanges[] = {
        { "example.", RR_TYPE_SOA, ANSWER_POSITIVE,
          "NOERROR aa\nAN example. 3600 IN SOA ns.example. host.example. 1 3600 600 "
          "86400 300\n" },
        /* RFC 2308 3: the smaller of TTL and MINIMUM */
        { "EXAMPLE.", RR_TYPE_TXT, ANSWER_NODATA, "NOERROR aa\n" EXAMPLE_SOA },
        { "x.example.", RR_TYPE_SOA, ANSWER_NXDOMAIN, "NXDOMAIN aa\n" EXAMPLE_SOA },
    };
    struct served served;
    struct ask question;
    struct answer answer;

    (void)state;
    serve_text(&served, "example.", small_zone);
    CHECK_ALL(&served, exchanges);
    ask(&question, "www.example.", RR_TYPE_A);
    question.query.class = RR_CLASS_ANY;
    answer_to(&served, &question, &answer);
    assert_int_equal(answer.kind, ANSWER_POSITIVE);
    assert_int_equal(answer.zone_slot, 7);
    assert_int_equal(answer.apex, DNS_HEADER_LEN + 4);
    unserve(&served);
}

/* RFC 3597 5, RFC 8020 2 */
static void
unknown_types_and_empty_names_are_nodata(void **state)
{
    static const struct exchange exchanges[] = {
        { "web.example.", 65400, ANSWER_NODATA, "NOERROR aa\n" EXAMPLE_SOA },
        { "wild.example.", RR_TYPE_A, ANSWER_NODATA, "NOERROR aa\n" EXAMPLE_SOA },
        { "wild.example.", RR_TYPE_ANY, ANSWER_NODATA, "NOERROR aa\n" EXAMPLE_SOA },
        { "x.web.example.", 65400, ANSWER_NXDOMAIN, "NXDOMAIN aa\n" EXAMPLE_SOA },
    };
    struct served served;

    (void)state;
    serve_text(&served, "example.", small_zone);
    CHECK_ALL(&served, exchanges);
    unserve(&served);
}

static void
the_root_zone_answers_like_any_other(void **state)
{
    static const struct exchange exchanges[] = {
        { ".", RR_TYPE_NS, ANSWER_POSITIVE,
          "NOERROR aa\nAN . 3600 IN NS a.root.\nAD a.root. 3600 IN A 192.0.2.53\n" },
        { "www.org.", RR_TYPE_A, ANSWER_REFERRAL,
          "NOERROR\nAU org. 300 IN NS ns.org.\nAD ns.org. 300 IN A 192.0.2.1\n" },
        { "alias.root.", RR_TYPE_A, ANSWER_POSITIVE,
          "NOERROR aa\nAN alias.root. 300 IN CNAME a.root.\nAN a.root. 3600 IN A "
          "192.0.2.53\n" },
        { "x.", RR_TYPE_A, ANSWER_NXDOMAIN,
          "NXDOMAIN aa\nAU . 300 IN SOA ns. host. 1 3600 600 86400 300\n" },
    };
    struct served served;

    (void)state;
    serve_text(&served, ".",
               ". 3600 IN NS a.root.\na.root. 3600 IN A 192.0.2.53\n"
               "org. 300 IN NS ns.org.\nns.org. 300 IN A 192.0.2.1\n"
               "alias.root. 300 IN CNAME a.root.\n");
    CHECK_ALL(&served, exchanges);
    unserve(&served);
}

/* ---- dynamic records ----------------------------------------------------------- */

/* Three dyns: A and CNAME of a policy whose answer is server 3, and A of that server
 * itself. */
struct dynamic {
    struct world world;
    struct dyn dyns[3];
    struct dyntab *tables[3];
    const struct dyntab *by_number[3]; /* in the zone's order */
};

static void
make_tables(struct dynamic *made)
{
    static const uint16_t types[] = { RR_TYPE_A, RR_TYPE_CNAME, RR_TYPE_A };

    world_begin(&made->world);
    for (unsigned i = 0; i < 3; i++)
        made->world.states[0][i].state = HEALTH_DOWN;
    for (unsigned i = 0; i < 3; i++) {
        made->dyns[i] = made->world.dyn;
        made->dyns[i].type = types[i];
        made->dyns[i].form = i < 2 ? DYN_POLICY : DYN_SERVER;
        const struct dyntab_input input = {
            .dyn = &made->dyns[i],
            .apex = world_apex,
            .decision = i < 2 ? &made->world.decision : NULL,
            .server = &made->world.servers[3],
        };
        assert_int_equal(dyntab_new(&input, &made->tables[i]), OK);
    }
}

static struct zone *
build_dynamic(const struct dynamic *made)
{
    static const char *const names[] = { "dyn.example.", "dyncname.example.",
                                         "h3.example." };
    uint8_t name[NAME_LEN_MAX];
    struct zone *zone = NULL;
    struct diag diag;
    struct builder *const builder = builder_new(world_apex);

    zone_text_add(builder,
                  "example. 3600 IN SOA ns.example. host.example. 1 3600 600 86400 300\n"
                  "example. 3600 IN NS ns.example.org.\n"
                  "todyn.example. 300 IN CNAME dyn.example.\n"
                  "totodyn.example. 300 IN CNAME todyn.example.\n"
                  "todyncname.example. 300 IN CNAME dyncname.example.\n"
                  "tohost.example. 300 IN CNAME h3.example.\n"
                  "dyn.example. 60 IN TXT \"static\"\n"
                  "mail.example. 300 IN MX 10 dyn.example.\n");
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(name_from_text(names[i], NULL, name), OK);
        assert_int_equal(builder_add_dyn(builder, name, &made->dyns[i]), OK);
    }
    diag_init(&diag);
    assert_int_equal(builder_finish(builder, &diag, &zone), OK);
    diag_done(&diag);
    builder_free(builder);
    return zone;
}

static void
serve_dynamic(struct served *served, struct dynamic *made)
{
    make_tables(made);
    struct zone *const zone = build_dynamic(made);
    assert_int_equal(zone->dyn_count, 3);
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned n = 0; n < 3; n++) {
            if (zone->dyns[i].type == made->dyns[n].type &&
                zone->dyns[i].form == made->dyns[n].form)
                made->by_number[i] = made->tables[n];
        }
    }
    serve_zone(served, zone, made->by_number);
}

static void
unserve_dynamic(struct served *served, struct dynamic *made)
{
    unserve(served);
    for (unsigned i = 0; i < 3; i++)
        part_drop(&made->tables[i]->part);
}

static void
dynamic_records_answer_like_static_ones(void **state)
{
    static const struct exchange exchanges[] = {
        { "dyn.example.", RR_TYPE_A, ANSWER_POSITIVE,
          "NOERROR aa\nAN dyn.example. 60 IN A 192.0.2.3\n" },
        { "dyn.example.", RR_TYPE_AAAA, ANSWER_NODATA, "NOERROR aa\n" EXAMPLE_SOA },
        { "dyn.example.", RR_TYPE_ANY, ANSWER_POSITIVE, /* RFC 8482: the static one */
          "NOERROR aa\nAN dyn.example. 60 IN TXT \"static\"\n" },
        { "h3.example.", RR_TYPE_ANY, ANSWER_POSITIVE,
          "NOERROR aa\nAN h3.example. 60 IN A 192.0.2.3\n" },
        { "todyn.example.", RR_TYPE_A, ANSWER_POSITIVE,
          "NOERROR aa\nAN todyn.example. 300 IN CNAME dyn.example.\n"
          "AN dyn.example. 60 IN A 192.0.2.3\n" },
        { "dyncname.example.", RR_TYPE_A, ANSWER_POSITIVE,
          "NOERROR aa\nAN dyncname.example. 60 IN CNAME h3.example.\n"
          "AN h3.example. 60 IN A 192.0.2.3\n" },
        { "todyncname.example.", RR_TYPE_TXT, ANSWER_NODATA,
          "NOERROR aa\nAN todyncname.example. 300 IN CNAME dyncname.example.\n"
          "AN dyncname.example. 60 IN CNAME h3.example.\n" EXAMPLE_SOA },
        /* never a dynamic name's addresses */
        { "mail.example.", RR_TYPE_MX, ANSWER_POSITIVE,
          "NOERROR aa\nAN mail.example. 300 IN MX 10 dyn.example.\n" },
    };
    struct served served;
    struct dynamic made;

    (void)state;
    serve_dynamic(&served, &made);
    CHECK_ALL(&served, exchanges);
    unserve_dynamic(&served, &made);
}

/* RFC 7871 7.2.1 */
static void
with_a_subnet_a_chain_to_a_dynamic_name_is_its_first_link(void **state)
{
    static const struct {
        const char *name;
        const char *subnet;
        unsigned pieces;
        uint16_t type;
    } cases[] = {
        { "dyn.example.", "198.51.100.0/24", 1, RR_TYPE_A },
        { "todyn.example.", "198.51.100.0/24", 1, RR_TYPE_A },
        { "todyn.example.", "0.0.0.0/0", 2, RR_TYPE_A },
        { "totodyn.example.", "198.51.100.0/24", 1, RR_TYPE_A },
        { "todyncname.example.", "198.51.100.0/24", 1, RR_TYPE_A },
        { "todyncname.example.", "0.0.0.0/0", 3, RR_TYPE_A },
        { "tohost.example.", "198.51.100.0/24", 2,
          RR_TYPE_A }, /* a fixed server is static */
        { "dyncname.example.", "198.51.100.0/24", 2,
          RR_TYPE_A }, /* then nothing dynamic */
        { "todyn.example.", "198.51.100.0/24", 2, RR_TYPE_TXT },
        { "todyn.example.", "198.51.100.0/24", 2, RR_TYPE_MX }, /* CNAME, SOA */
    };
    struct served served;
    struct dynamic made;

    (void)state;
    serve_dynamic(&served, &made);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ask question;
        struct answer answer;
        ask(&question, cases[i].name, cases[i].type);
        ask_ecs(&question, cases[i].subnet);
        answer_to(&served, &question, &answer);
        assert_int_equal(answer.piece_count, cases[i].pieces);
        assert_int_equal(answer.rcode, RCODE_NOERROR);
        free(render(&question.query, &answer));
    }
    unserve_dynamic(&served, &made);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wildcards_answer_as_in_the_example_of_rfc_4592),
        cmocka_unit_test(names_outside_of_all_zones_are_refused),
        cmocka_unit_test(a_zone_that_never_loaded_is_servfail_to_its_last_name),
        cmocka_unit_test(the_apex_answers_its_soa_with_its_own_ttl),
        cmocka_unit_test(unknown_types_and_empty_names_are_nodata),
        cmocka_unit_test(the_root_zone_answers_like_any_other),
        cmocka_unit_test(dynamic_records_answer_like_static_ones),
        cmocka_unit_test(with_a_subnet_a_chain_to_a_dynamic_name_is_its_first_link),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
