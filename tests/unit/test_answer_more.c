/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/lib/render.h"
#include "tests/lib/served.h"
#include "zones/answer.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- delegations --------------------------------------------------------------- */

static const char *const cut_zone =
    "example. 3600 IN NS ns1.example.\n"
    "ns1.example. 3600 IN A 192.0.2.53\n"
    "sub.example. 300 IN NS ns.sub.example.\n"
    "sub.example. 300 IN NS ns1.example.\n"
    "sub.example. 300 IN NS ns.sibling.example.\n"
    "sub.example. 300 IN NS ns.example.org.\n"
    "sub.example. 300 IN DS 12345 13 2 "
    "0000000000000000000000000000000000000000000000000000000000000000\n"
    "ns.sub.example. 300 IN A 192.0.2.1\n"
    "ns.sub.example. 300 IN AAAA 2001:db8::1\n"
    "deep.ns.sub.example. 300 IN A 192.0.2.3\n"
    "sibling.example. 300 IN NS ns.sibling.example.\n"
    "ns.sibling.example. 300 IN A 192.0.2.2\n"
    "self.example. 300 IN NS self.example.\n"
    "self.example. 300 IN A 192.0.2.4\n"
    "a.b.c.example. 300 IN NS ns.example.org.\n"
    "mail.example. 300 IN MX 10 ns.sub.example.\n";

#define SUB_REFERRAL                                                                     \
    "NOERROR\nAU sub.example. 300 IN NS ns.sub.example.\nAU sub.example. 300 IN NS "     \
    "ns1.example.\n"                                                                     \
    "AU sub.example. 300 IN NS ns.sibling.example.\nAU sub.example. 300 IN NS "          \
    "ns.example.org.\n"                                                                  \
    "AD ns.sub.example. 300 IN A 192.0.2.1\nAD ns.sub.example. 300 IN AAAA "             \
    "2001:db8::1\n"                                                                      \
    "AD ns1.example. 3600 IN A 192.0.2.53\nAD ns.sibling.example. 300 IN A 192.0.2.2\n"
#define SELF_REFERRAL                                                                    \
    "NOERROR\nAU self.example. 300 IN NS self.example.\nAD self.example. 300 IN A "      \
    "192.0.2.4\n"

static void
names_at_and_below_a_cut_are_referred(void **state)
{
    static const struct exchange exchanges[] = {
        { "www.sub.example.", RR_TYPE_A, ANSWER_REFERRAL, SUB_REFERRAL },
        { "sub.example.", RR_TYPE_A, ANSWER_REFERRAL, SUB_REFERRAL },
        { "sub.example.", RR_TYPE_NS, ANSWER_REFERRAL, SUB_REFERRAL },
        { "sub.example.", RR_TYPE_ANY, ANSWER_REFERRAL, SUB_REFERRAL },
        { "ns.sub.example.", RR_TYPE_A, ANSWER_REFERRAL, SUB_REFERRAL },
        { "x.deep.ns.sub.example.", RR_TYPE_A, ANSWER_REFERRAL, SUB_REFERRAL },
        { "x.sub.example.", RR_TYPE_DS, ANSWER_REFERRAL, SUB_REFERRAL },
        { "self.example.", RR_TYPE_A, ANSWER_REFERRAL, SELF_REFERRAL },
        { "x.self.example.", RR_TYPE_A, ANSWER_REFERRAL, SELF_REFERRAL },
        { "x.a.b.c.example.", RR_TYPE_A, ANSWER_REFERRAL,
          "NOERROR\nAU a.b.c.example. 300 IN NS ns.example.org.\n" },
        { "b.c.example.", RR_TYPE_A, ANSWER_NODATA, "NOERROR aa\n" EXAMPLE_SOA },
        { "x.b.c.example.", RR_TYPE_A, ANSWER_NXDOMAIN, "NXDOMAIN aa\n" EXAMPLE_SOA },
        /* glue is no answer's addition */
        { "mail.example.", RR_TYPE_MX, ANSWER_POSITIVE,
          "NOERROR aa\nAN mail.example. 300 IN MX 10 ns.sub.example.\n" },
    };
    struct served served;

    (void)state;
    serve_text(&served, "example.", cut_zone);
    CHECK_ALL(&served, exchanges);
    unserve(&served);
}

/* RFC 4035 3.1.4.1: the parent answers for DS, the delegation notwithstanding */
static void
ds_at_a_cut_is_answered_by_the_parent(void **state)
{
    static const struct exchange exchanges[] = {
        { "sub.example.", RR_TYPE_DS, ANSWER_POSITIVE,
          "NOERROR aa\nAN sub.example. 300 IN DS 12345 13 2 "
          "0000000000000000000000000000000000000000000000000000000000000000\n" },
        { "self.example.", RR_TYPE_DS, ANSWER_NODATA, "NOERROR aa\n" EXAMPLE_SOA },
    };
    struct served served;

    (void)state;
    serve_text(&served, "example.", cut_zone);
    CHECK_ALL(&served, exchanges);
    unserve(&served);
}

/* RFC 9471 3.1 */
static void
only_glue_of_the_delegation_itself_is_required(void **state)
{
    struct served served;
    struct ask question;
    struct answer answer;

    (void)state;
    serve_text(&served, "example.", cut_zone);
    ask(&question, "www.sub.example.", RR_TYPE_A);
    answer_to(&served, &question, &answer);
    assert_int_equal(answer.piece_count, 5);
    for (unsigned i = 0; i < answer.piece_count; i++)
        assert_int_equal(answer.pieces[i].optional, i >= 3);
    unserve(&served);
}

static void
more_glue_than_a_message_holds_truncates(void **state)
{
    char records[16384] = "example. 3600 IN NS ns.example.org.\n";
    struct served served;
    struct ask question;
    struct answer answer;

    (void)state;
    for (int i = 0; i < ANSWER_PIECES_MAX + 4; i++) {
        const size_t at = strlen(records);
        snprintf(records + at, sizeof(records) - at,
                 "sub.example. 300 IN NS n%d.sub.example.\nn%d.sub.example. 300 IN A "
                 "192.0.2.%d\n",
                 i, i, i + 1);
    }
    serve_text(&served, "example.", records);
    ask(&question, "www.sub.example.", RR_TYPE_A);
    answer_to(&served, &question, &answer);
    assert_int_equal(answer.piece_count, ANSWER_PIECES_MAX);
    assert_true(answer.truncated);
    free(render(&question.query, &answer));
    unserve(&served);
}

/* ---- additional data ----------------------------------------------------------- */

static void
static_targets_bring_their_addresses_once(void **state)
{
    static const struct exchange exchanges[] = {
        { "example.", RR_TYPE_MX, ANSWER_POSITIVE,
          "NOERROR aa\nAN example. 300 IN MX 10 mail.example.\nAN example. 300 IN MX 20 "
          "mail.example.\n"
          "AN example. 300 IN MX 30 mx.example.org.\nAD mail.example. 300 IN A "
          "192.0.2.1\n"
          "AD mail.example. 300 IN AAAA 2001:db8::1\n" },
        { "_sip._udp.example.", RR_TYPE_SRV, ANSWER_POSITIVE,
          "NOERROR aa\nAN _sip._udp.example. 300 IN SRV 0 0 5060 mail.example.\n"
          "AD mail.example. 300 IN A 192.0.2.1\nAD mail.example. 300 IN AAAA "
          "2001:db8::1\n" },
        { "https.example.", RR_TYPE_HTTPS, ANSWER_POSITIVE, /* RFC 9460 4.1 */
          "NOERROR aa\nAN https.example. 300 IN HTTPS 0 svc.example.\n"
          "AD svc.example. 300 IN A 192.0.2.7\nAD svc.example. 300 IN HTTPS 1 . "
          "alpn=h2\n" },
        { "ptr.example.", RR_TYPE_PTR, ANSWER_POSITIVE,
          "NOERROR aa\nAN ptr.example. 300 IN PTR mail.example.\n" },
    };
    struct served served;

    (void)state;
    serve_text(
        &served, "example.",
        "example. 3600 IN NS ns.example.org.\n"
        "example. 300 IN MX 10 mail.example.\nexample. 300 IN MX 20 mail.example.\n"
        "example. 300 IN MX 30 mx.example.org.\n"
        "mail.example. 300 IN A 192.0.2.1\nmail.example. 300 IN AAAA 2001:db8::1\n"
        "_sip._udp.example. 300 IN SRV 0 0 5060 mail.example.\n"
        "https.example. 300 IN HTTPS 0 svc.example.\n"
        "svc.example. 300 IN A 192.0.2.7\nsvc.example. 300 IN HTTPS 1 . alpn=h2\n"
        "ptr.example. 300 IN PTR mail.example.\n");
    CHECK_ALL(&served, exchanges);
    unserve(&served);
}

static void
additional_data_never_truncates(void **state)
{
    char records[32768] = "example. 3600 IN NS ns.example.org.\n";
    struct served served;
    struct ask question;
    struct answer answer;

    (void)state;
    for (int i = 0; i < ANSWER_PIECES_MAX + 4; i++) {
        const size_t at = strlen(records);
        snprintf(records + at, sizeof(records) - at,
                 "example. 300 IN MX 10 n%d.example.\nn%d.example. 300 IN A 192.0.2.%d\n",
                 i, i, i + 1);
    }
    serve_text(&served, "example.", records);
    ask(&question, "example.", RR_TYPE_MX);
    answer_to(&served, &question, &answer);
    assert_int_equal(answer.piece_count, ANSWER_PIECES_MAX);
    assert_false(answer.truncated);
    for (unsigned i = 1; i < answer.piece_count; i++)
        assert_true(answer.pieces[i].optional);
    unserve(&served);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_at_and_below_a_cut_are_referred),
        cmocka_unit_test(ds_at_a_cut_is_answered_by_the_parent),
        cmocka_unit_test(only_glue_of_the_delegation_itself_is_required),
        cmocka_unit_test(more_glue_than_a_message_holds_truncates),
        cmocka_unit_test(static_targets_bring_their_addresses_once),
        cmocka_unit_test(additional_data_never_truncates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
