/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules over a whole zone: what is refused, and what is served with a warning. */
#include "tests/lib/loaded.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Loads lines below the apex's NS (line 1); OK or not, the messages must be these. */
static void
expect_messages(const char *yaml, enum status status, const char *messages)
{
    struct loaded loaded;
    char text[2048];

    (void)snprintf(text, sizeof(text), "'': {type: NS, value: ns.elsewhere.}\n%s\n",
                   yaml);
    loaded_begin(&loaded, text);
    if (strcmp(loaded.messages, messages) != 0)
        print_error("%s\n", yaml);
    assert_string_equal(loaded.messages, messages);
    assert_int_equal(loaded.status, status);
    loaded_done(&loaded);
}

static void
a_cname_stands_alone(void **state)
{
    (void)state;
    expect_messages(
        "a: [{type: CNAME, value: b.c.}, {type: TXT, value: x}]", ERR_INVALID,
        "zone.yaml:2:5: a.example.: a CNAME stands alone, but there are other "
        "records at this name\n");
    expect_messages(
        "a: [{type: TXT, value: x}, {type: CNAME, dynamic: {policy: p}}]", ERR_INVALID,
        "zone.yaml:2:28: a.example.: a CNAME stands alone, but there are other "
        "records at this name\n");
    expect_messages(
        "a: [{type: A, dynamic: {policy: p}}, {type: CNAME, value: b.c.}]", ERR_INVALID,
        "zone.yaml:2:38: a.example.: a CNAME stands alone, but there are other "
        "records at this name\n");
    expect_messages("a: {type: CNAME, value: b.c.}\nx.a: {type: TXT, value: x}", OK, "");
}

static void
the_zones_own_name_needs_ns_records_and_bears_no_cname(void **state)
{
    struct loaded loaded;

    (void)state;
    loaded_begin(&loaded, "a: {type: TXT, value: x}\n");
    assert_string_equal(loaded.messages,
                        "zone.yaml:1:1: the zone's own name ('') has no NS records\n");
    assert_int_equal(loaded.status, ERR_INVALID);
    loaded_done(&loaded);
    expect_messages("'@': {type: CNAME, value: b.c.}", ERR_INVALID,
                    "zone.yaml:2:6: example.: a CNAME stands alone, but there are other "
                    "records at this name\n"
                    "zone.yaml:2:6: example.: a CNAME cannot stand at the zone's own "
                    "name\n");
}

static void
a_dynamic_name_is_no_name_server(void **state)
{
    (void)state;
    expect_messages(
        "sub: {type: NS, value: a.example.}\n"
        "a: {type: A, dynamic: {policy: p}}",
        ERR_INVALID,
        "zone.yaml:2:6: sub.example.: the name server 'a.example.' is a dynamic "
        "name: who asks for it would depend on its answer\n");
    expect_messages(
        "sub: {type: NS, value: a.example.}\n"
        "a: [{type: A, value: 192.0.2.1}, {type: AAAA, dynamic: {policy: p}}]",
        ERR_INVALID,
        "zone.yaml:2:6: sub.example.: the name server 'a.example.' is a dynamic "
        "name: who asks for it would depend on its answer\n");
}

static void
targets_that_lead_nowhere_are_warned_of(void **state)
{
    static const char *const zones[][2] = {
        { "a: {type: MX, value: 1 b.example.}\nb: {type: CNAME, value: c.d.}",
          "2:4: warning: a.example.: its target 'b.example.' is a CNAME (RFC 2181 "
          "10.3)" },
        { "a: {type: SRV, value: 1 1 1 b.example.}",
          "2:4: warning: a.example.: its target 'b.example.' does not exist in this "
          "zone" },
        { "sub: {type: NS, value: ns.sub.example.}",
          "2:6: warning: sub.example.: glue is missing: the name server "
          "'ns.sub.example.' "
          "lies in the delegation and has no address here" },
        { "sub: {type: NS, value: sub.example.}",
          "2:6: warning: sub.example.: the name server 'sub.example.' has no address" },
        { "sub: {type: NS, value: t.example.}\nt: {type: TXT, value: x}",
          "2:6: warning: sub.example.: the name server 't.example.' has no address" },
        { "sub: {type: NS, value: t.example.}\nt: {type: CNAME, value: x.y.}",
          "2:6: warning: sub.example.: its target 't.example.' is a CNAME (RFC 2181 "
          "10.3)" },
    };
    static const char *const sound[] = {
        "sub: {type: NS, value: ns.sub.example.}\nns.sub: {type: A, value: 192.0.2.1}",
        "a: {type: MX, value: 1 b.example.}\n'*': {type: A, value: 192.0.2.1}",
        "a: {type: MX, value: 1 b.elsewhere.}",
        "a: {type: MX, value: 1 b.example.}\nb: {type: A, dynamic: {policy: p}}",
        "a: {type: MX, value: 1 b.sub.example.}\nsub: {type: NS, value: n.m.}",
        "a: {type: MX, value: 0 .}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
        char message[512];
        (void)snprintf(message, sizeof(message), "zone.yaml:%s\n", zones[i][1]);
        expect_messages(zones[i][0], OK, message);
    }
    for (size_t i = 0; i < sizeof(sound) / sizeof(sound[0]); i++)
        expect_messages(sound[i], OK, "");
}

static void
circles_of_cnames_are_warned_of(void **state)
{
    (void)state;
    expect_messages("a: {type: CNAME, value: a.example.}", OK,
                    "zone.yaml:2:4: warning: a.example.: its CNAMEs lead back to it\n");
    expect_messages(
        "a: {type: CNAME, value: B.example.}\nb: {type: CNAME, value: a.example.}", OK,
        "zone.yaml:2:4: warning: a.example.: its CNAMEs lead back to it\n"
        "zone.yaml:3:4: warning: b.example.: its CNAMEs lead back to it\n");
    expect_messages("a: {type: CNAME, value: b.example.}\nb: {type: CNAME, value: b.c.}",
                    OK, "");
}

static void
data_that_is_never_answered_is_warned_of(void **state)
{
    (void)state;
    expect_messages(
        "sub: {type: NS, value: n.m.}\nt.sub: {type: TXT, value: x}", OK,
        "zone.yaml:3:8: warning: t.sub.example.: lies below a delegation and is "
        "never answered\n");
    expect_messages("sub: [{type: NS, value: n.m.}, {type: TXT, value: x}]", OK,
                    "zone.yaml:2:32: warning: sub.example.: is delegated; this record is "
                    "never answered\n");
    expect_messages(
        "d: {type: DNAME, value: e.f.}\nt.d: {type: A, value: 192.0.2.1}", OK,
        "zone.yaml:3:6: warning: t.d.example.: lies below a DNAME and is never "
        "answered\n");
    expect_messages("sub: [{type: NS, value: n.m.}, {type: DS, value: 1 8 2 ABCD}]", OK,
                    "");
}

static void
ttl_0_is_warned_of(void **state)
{
    (void)state;
    expect_messages(
        "a: {type: A, ttl: 0, value: 192.0.2.1}", OK,
        "zone.yaml:2:4: warning: a.example.: TTL 0: every query comes here\n");
    expect_messages(
        "a: {type: A, ttl: 0, dynamic: {policy: p}}", OK,
        "zone.yaml:2:4: warning: a.example.: TTL 0: every query comes here\n");
    expect_messages("a: {type: A, ttl: 1, value: 192.0.2.1}", OK, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cname_stands_alone),
        cmocka_unit_test(the_zones_own_name_needs_ns_records_and_bears_no_cname),
        cmocka_unit_test(a_dynamic_name_is_no_name_server),
        cmocka_unit_test(targets_that_lead_nowhere_are_warned_of),
        cmocka_unit_test(circles_of_cnames_are_warned_of),
        cmocka_unit_test(data_that_is_never_answered_is_warned_of),
        cmocka_unit_test(ttl_0_is_warned_of),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
