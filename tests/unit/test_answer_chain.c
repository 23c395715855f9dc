/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/lib/render.h"
#include "tests/lib/served.h"
#include "zones/answer.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- chains -------------------------------------------------------------------- */

static const char *const chain_zone = "example. 3600 IN NS ns.example.\n"
                                      "ns.example. 3600 IN A 192.0.2.53\n"
                                      "www.example. 300 IN CNAME Web.example.\n"
                                      "web.example. 60 IN A 192.0.2.1\n"
                                      "web.example. 60 IN AAAA 2001:db8::1\n"
                                      "two.example. 300 IN CNAME www.example.\n"
                                      "out.example. 300 IN CNAME www.example.org.\n"
                                      "suffix.example. 300 IN CNAME www.xexample.\n"
                                      "gone.example. 300 IN CNAME nobody.example.\n"
                                      "cut.example. 300 IN CNAME www.sub.example.\n"
                                      "sub.example. 300 IN NS ns.example.org.\n"
                                      "a.example. 300 IN CNAME b.example.\n"
                                      "b.example. 300 IN CNAME a.example.\n"
                                      "self.example. 300 IN CNAME self.example.\n"
                                      "*.wild.example. 300 IN CNAME web.example.\n"
                                      "towild.example. 300 IN CNAME x.y.wild.example.\n"
                                      "*.loop.example. 300 IN CNAME x.loop.example.\n"
                                      "l0.example. 300 IN CNAME l1.example.\n"
                                      "l1.example. 300 IN CNAME l2.example.\n"
                                      "l2.example. 300 IN CNAME l3.example.\n"
                                      "l3.example. 300 IN CNAME l4.example.\n"
                                      "l4.example. 300 IN CNAME l5.example.\n"
                                      "l5.example. 300 IN CNAME l6.example.\n"
                                      "l6.example. 300 IN CNAME l7.example.\n"
                                      "l7.example. 300 IN CNAME l8.example.\n"
                                      "l8.example. 300 IN CNAME l9.example.\n"
                                      "l9.example. 300 IN A 192.0.2.9\n"
                                      "toapex.example. 300 IN CNAME example.\n";

static void
chains_are_followed_inside_the_zone(void **state)
{
    static const struct exchange exchanges[] = {
        { "www.example.", RR_TYPE_A, ANSWER_POSITIVE,
          "NOERROR aa\nAN www.example. 300 IN CNAME Web.example.\n"
          "AN Web.example. 60 IN A 192.0.2.1\n" },
        { "two.example.", RR_TYPE_AAAA, ANSWER_POSITIVE,
          "NOERROR aa\nAN two.example. 300 IN CNAME www.example.\n"
          "AN www.example. 300 IN CNAME Web.example.\nAN Web.example. 60 IN AAAA "
          "2001:db8::1\n" },
        { "www.example.", RR_TYPE_CNAME, ANSWER_POSITIVE,
          "NOERROR aa\nAN www.example. 300 IN CNAME Web.example.\n" },
        { "www.example.", RR_TYPE_ANY, ANSWER_POSITIVE,
          "NOERROR aa\nAN www.example. 300 IN CNAME Web.example.\n" },
        { "www.example.", RR_TYPE_TXT, ANSWER_NODATA,
          "NOERROR aa\nAN www.example. 300 IN CNAME Web.example.\n" EXAMPLE_SOA },
        { "out.example.", RR_TYPE_A, ANSWER_POSITIVE,
          "NOERROR aa\nAN out.example. 300 IN CNAME www.example.org.\n" },
        { "suffix.example.", RR_TYPE_A, ANSWER_POSITIVE,
          "NOERROR aa\nAN suffix.example. 300 IN CNAME www.xexample.\n" },
        { "gone.example.", RR_TYPE_A, ANSWER_NXDOMAIN, /* RFC 6604 3 */
          "NXDOMAIN aa\nAN gone.example. 300 IN CNAME nobody.example.\n" EXAMPLE_SOA },
        { "cut.example.", RR_TYPE_A, ANSWER_POSITIVE,
          "NOERROR aa\nAN cut.example. 300 IN CNAME www.sub.example.\n"
          "AU sub.example. 300 IN NS ns.example.org.\n" },
        { "a.example.", RR_TYPE_A, ANSWER_POSITIVE,
          "NOERROR aa\nAN a.example. 300 IN CNAME b.example.\n"
          "AN b.example. 300 IN CNAME a.example.\n" },
        { "self.example.", RR_TYPE_A, ANSWER_POSITIVE,
          "NOERROR aa\nAN self.example. 300 IN CNAME self.example.\n" },
        { "toapex.example.", RR_TYPE_NS, ANSWER_POSITIVE,
          "NOERROR aa\nAN toapex.example. 300 IN CNAME example.\nAN example. 3600 IN NS "
          "ns.example.\n"
          "AD ns.example. 3600 IN A 192.0.2.53\n" },
        { "l1.example.", RR_TYPE_A, ANSWER_POSITIVE,
          "NOERROR aa\nAN l1.example. 300 IN CNAME l2.example.\n"
          "AN l2.example. 300 IN CNAME l3.example.\nAN l3.example. 300 IN CNAME "
          "l4.example.\n"
          "AN l4.example. 300 IN CNAME l5.example.\nAN l5.example. 300 IN CNAME "
          "l6.example.\n"
          "AN l6.example. 300 IN CNAME l7.example.\nAN l7.example. 300 IN CNAME "
          "l8.example.\n"
          "AN l8.example. 300 IN CNAME l9.example.\nAN l9.example. 300 IN A "
          "192.0.2.9\n" },
    };
    struct served served;

    (void)state;
    serve_text(&served, "example.", chain_zone);
    CHECK_ALL(&served, exchanges);
    unserve(&served);
}

static void
chains_lead_into_wildcards_and_out_of_them(void **state)
{
    static const struct exchange exchanges[] = {
        { "towild.example.", RR_TYPE_A, ANSWER_WILDCARD,
          "NOERROR aa\nAN towild.example. 300 IN CNAME x.y.wild.example.\n"
          "AN x.y.wild.example. 300 IN CNAME web.example.\nAN web.example. 60 IN A "
          "192.0.2.1\n" },
        { "q.wild.example.", RR_TYPE_A, ANSWER_WILDCARD,
          "NOERROR aa\nAN q.wild.example. 300 IN CNAME web.example.\n"
          "AN web.example. 60 IN A 192.0.2.1\n" },
        { "q.loop.example.", RR_TYPE_A, ANSWER_WILDCARD,
          "NOERROR aa\nAN q.loop.example. 300 IN CNAME x.loop.example.\n" },
    };
    struct served served;

    (void)state;
    serve_text(&served, "example.", chain_zone);
    CHECK_ALL(&served, exchanges);
    unserve(&served);
}

static void
a_chain_ends_after_eight_links(void **state)
{
    struct served served;
    struct ask question;
    struct answer answer;

    (void)state;
    serve_text(&served, "example.", chain_zone);
    ask(&question, "l0.example.", RR_TYPE_A);
    answer_to(&served, &question, &answer);
    assert_int_equal(answer.rcode, RCODE_NOERROR);
    assert_in_range(answer.piece_count, ANSWER_CHAIN_MAX, ANSWER_CHAIN_MAX + 1);
    for (unsigned i = 0; i < answer.piece_count; i++)
        assert_int_equal(answer.pieces[i].set->type, RR_TYPE_CNAME);
    unserve(&served);
}

/* ---- DNAME (RFC 6672) ---------------------------------------------------------- */

#define LABEL50 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee"
#define LABEL60 LABEL50 "ffffffffff"

static const char *const dname_zone =
    "example. 3600 IN NS ns.example.org.\n"
    "old.example. 120 IN DNAME new.example.\n"
    "old.example. 120 IN TXT \"the owner itself\"\n"
    "www.new.example. 60 IN A 192.0.2.1\n"
    "out.example. 120 IN DNAME example.org.\n"
    "grow.example. 120 IN DNAME x.grow.example.\n"
    "long.example. 120 IN DNAME " LABEL60 "." LABEL60 "." LABEL60 ".example.\n"
    "alias.example. 300 IN CNAME www.old.example.\n"
    "wide.example. 300 IN DNAME wild.example.\n"
    "*.wild.example. 60 IN A 192.0.2.2\n"
    "dead.example. 300 IN DNAME none.example.\n";

static void
dnames_make_cnames_that_are_followed(void **state)
{
    static const struct exchange exchanges[] = {
        { "www.old.example.", RR_TYPE_A, ANSWER_POSITIVE,
          "NOERROR aa\nAN old.example. 120 IN DNAME new.example.\n"
          "AN www.old.example. 120 IN CNAME www.new.example.\n"
          "AN www.new.example. 60 IN A 192.0.2.1\n" },
        { "old.example.", RR_TYPE_TXT, ANSWER_POSITIVE,
          "NOERROR aa\nAN old.example. 120 IN TXT \"the owner itself\"\n" },
        { "old.example.", RR_TYPE_DNAME, ANSWER_POSITIVE,
          "NOERROR aa\nAN old.example. 120 IN DNAME new.example.\n" },
        { "old.example.", RR_TYPE_A, ANSWER_NODATA, "NOERROR aa\n" EXAMPLE_SOA },
        { "a.b.out.example.", RR_TYPE_A, ANSWER_POSITIVE,
          "NOERROR aa\nAN out.example. 120 IN DNAME example.org.\n"
          "AN a.b.out.example. 120 IN CNAME a.b.example.org.\n" },
        { "alias.example.", RR_TYPE_A, ANSWER_POSITIVE,
          "NOERROR aa\nAN alias.example. 300 IN CNAME www.old.example.\n"
          "AN old.example. 120 IN DNAME new.example.\n"
          "AN www.old.example. 120 IN CNAME www.new.example.\n"
          "AN www.new.example. 60 IN A 192.0.2.1\n" },
        { "x.y.wide.example.", RR_TYPE_A, ANSWER_WILDCARD,
          "NOERROR aa\nAN wide.example. 300 IN DNAME wild.example.\n"
          "AN x.y.wide.example. 300 IN CNAME x.y.wild.example.\n"
          "AN x.y.wild.example. 60 IN A 192.0.2.2\n" },
        { "x.dead.example.", RR_TYPE_A, ANSWER_NXDOMAIN,
          "NXDOMAIN aa\nAN dead.example. 300 IN DNAME none.example.\n"
          "AN x.dead.example. 300 IN CNAME x.none.example.\n" EXAMPLE_SOA },
        { "x.old.example.", RR_TYPE_DNAME, ANSWER_NXDOMAIN,
          "NXDOMAIN aa\nAN old.example. 120 IN DNAME new.example.\n"
          "AN x.old.example. 120 IN CNAME x.new.example.\n" EXAMPLE_SOA },
    };
    struct served served;

    (void)state;
    serve_text(&served, "example.", dname_zone);
    CHECK_ALL(&served, exchanges);
    unserve(&served);
}

static void
a_name_that_a_dname_makes_too_long_is_yxdomain(void **state)
{
    struct served served;
    struct ask question;
    struct answer answer;

    (void)state;
    serve_text(&served, "example.", dname_zone);
    ask(&question, LABEL60 ".long.example.", RR_TYPE_A); /* 61 + 183 + 9 = 253 */
    answer_to(&served, &question, &answer);
    assert_int_equal(answer.rcode, RCODE_NXDOMAIN);
    ask(&question, "aa." LABEL60 ".long.example.", RR_TYPE_A); /* 256 */
    answer_to(&served, &question, &answer);
    assert_int_equal(answer.rcode, RCODE_YXDOMAIN);
    assert_true(answer.authoritative);
    assert_int_equal(answer.piece_count, 1);
    assert_int_equal(answer.pieces[0].set->type, RR_TYPE_DNAME);
    unserve(&served);
}

static void
a_dname_that_leads_into_itself_ends(void **state)
{
    struct served served;
    struct ask question;
    struct answer answer;
    unsigned dnames = 0;

    (void)state;
    serve_text(&served, "example.", dname_zone);
    ask(&question, "y.grow.example.", RR_TYPE_A);
    answer_to(&served, &question, &answer);
    assert_int_equal(answer.rcode, RCODE_NOERROR);
    assert_in_range(answer.piece_count, 3, ANSWER_CHAIN_MAX + 2);
    for (unsigned i = 0; i < answer.piece_count; i++)
        dnames += answer.pieces[i].set->type == RR_TYPE_DNAME;
    assert_int_equal(dnames, 1);
    free(render(&question.query, &answer));
    unserve(&served);
}

static void
a_dname_at_the_apex_leaves_the_apex_alone(void **state)
{
    static const struct exchange exchanges[] = {
        { "www.example.", RR_TYPE_A, ANSWER_POSITIVE,
          "NOERROR aa\nAN example. 120 IN DNAME example.org.\n"
          "AN www.example. 120 IN CNAME www.example.org.\n" },
        { "example.", RR_TYPE_NS, ANSWER_POSITIVE,
          "NOERROR aa\nAN example. 3600 IN NS ns.example.org.\n" },
        { "example.", RR_TYPE_A, ANSWER_NODATA, "NOERROR aa\n" EXAMPLE_SOA },
    };
    struct served served;

    (void)state;
    serve_text(
        &served, "example.",
        "example. 3600 IN NS ns.example.org.\nexample. 120 IN DNAME example.org.\n");
    CHECK_ALL(&served, exchanges);
    unserve(&served);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chains_are_followed_inside_the_zone),
        cmocka_unit_test(chains_lead_into_wildcards_and_out_of_them),
        cmocka_unit_test(a_chain_ends_after_eight_links),
        cmocka_unit_test(dnames_make_cnames_that_are_followed),
        cmocka_unit_test(a_name_that_a_dname_makes_too_long_is_yxdomain),
        cmocka_unit_test(a_dname_that_leads_into_itself_ends),
        cmocka_unit_test(a_dname_at_the_apex_leaves_the_apex_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
