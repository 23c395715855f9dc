/* SPDX-License-Identifier: BSD-2-Clause */
/* Every type of octoDNS and every way to write its values. */
#include "tests/lib/loaded.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct form {
    const char *yaml;
    const char *expected; /* records, or messages of what is refused */
};

#define FORMS(table) (sizeof(table) / sizeof((table)[0]))

static void
expect_all(const struct form *forms, size_t count)
{
    for (size_t i = 0; i < count; i++)
        loaded_expect(forms[i].yaml, forms[i].expected);
}

static void
refuse_all(const struct form *forms, size_t count)
{
    for (size_t i = 0; i < count; i++)
        loaded_refuse(forms[i].yaml, forms[i].expected);
}

/* ---- value and values ------------------------------------------------------------- */

static void
value_and_values_take_a_scalar_or_a_list(void **state)
{
    static const struct form forms[] = {
        { "a: {type: A, ttl: 60, value: 192.0.2.1}", "a.example. 60 IN A 192.0.2.1\n" },
        { "a: {type: A, ttl: 60, values: 192.0.2.1}", "a.example. 60 IN A 192.0.2.1\n" },
        { "a: {type: A, ttl: 60, values: [192.0.2.2, 192.0.2.1]}",
          "a.example. 60 IN A 192.0.2.2\na.example. 60 IN A 192.0.2.1\n" },
        { "a: {type: A, ttl: 60, value: [192.0.2.2, 192.0.2.1]}",
          "a.example. 60 IN A 192.0.2.2\na.example. 60 IN A 192.0.2.1\n" },
        { "a: [{type: A, ttl: '60', values: ['192.0.2.1']}]",
          "a.example. 60 IN A 192.0.2.1\n" },
        { "a:\n  type: A\n  ttl: 60\n  values:\n  - 192.0.2.1\n",
          "a.example. 60 IN A 192.0.2.1\n" },
    };

    (void)state;
    expect_all(forms, FORMS(forms));
    loaded_expect_warned("a: {type: A, value: 192.0.2.1, values: [192.0.2.2]}",
                         "a.example. 3600 IN A 192.0.2.2\n",
                         "zone.yaml:2:32: warning: a: both 'value' and 'values': "
                         "'values' counts\n");
    /* octoDNS's ValueMixin reads `value` alone */
    loaded_expect_warned("a: {type: CNAME, value: b.c., values: [d.e.]}",
                         "a.example. 3600 IN CNAME b.c.\n",
                         "zone.yaml:2:31: warning: a: both 'value' and 'values': "
                         "'value' counts\n");
    loaded_expect_warned("a: {type: A, values: [192.0.2.1, 192.0.2.1]}",
                         "a.example. 3600 IN A 192.0.2.1\n",
                         "zone.yaml:2:34: warning: a: this value is there already\n");
}

static void
values_that_are_missing_or_nested_are_refused(void **state)
{
    static const struct form forms[] = {
        { "a: {type: A}", "zone.yaml:2:4: a: 'value' or 'values' is missing\n" },
        { "a: {type: A, values: []}", "zone.yaml:2:4: a: no values\n" },
        { "a: {type: [A, AAAA], values: []}", "zone.yaml:2:4: a: no values\n" },
        { "a: {type: A, values: [[192.0.2.1]]}",
          "zone.yaml:2:23: a: A: a list where one value is expected\n" },
        { "a: {type: A, value: {x: 1}}",
          "zone.yaml:2:21: a: A: its values are plain text, or {rdata: '…'}\n" },
        { "a: {type: CNAME, values: [b.c., d.e.]}",
          "zone.yaml:2:4: a: a name has one CNAME record at most\n" },
    };

    (void)state;
    refuse_all(forms, FORMS(forms));
}

/* ---- addresses and names ---------------------------------------------------------- */

static void
addresses_may_be_spelled_in_any_way_of_their_family(void **state)
{
    static const struct form forms[] = {
        { "a: {type: AAAA, value: '2001:0DB8:0:0:0:0:0:1'}",
          "a.example. 3600 IN AAAA 2001:db8::1\n" },
        { "a: {type: AAAA, value: '::ffff:192.0.2.1'}",
          "a.example. 3600 IN AAAA ::ffff:192.0.2.1\n" },
        { "a: {type: [A, AAAA], values: ['2001:db8::1', 192.0.2.1]}",
          "a.example. 3600 IN A 192.0.2.1\na.example. 3600 IN AAAA 2001:db8::1\n" },
        { "a: {type: [AAAA, A], values: [192.0.2.1]}",
          "a.example. 3600 IN A 192.0.2.1\n" },
    };
    static const struct form refused[] = {
        { "a: {type: A, value: 192.0.2.256}",
          "zone.yaml:2:21: a: A: '192.0.2.256' is not an IPv4 address\n" },
        { "a: {type: A, value: '2001:db8::1'}",
          "zone.yaml:2:21: a: A: '2001:db8::1' is not an IPv4 address\n" },
        { "a: {type: AAAA, value: 192.0.2.1}",
          "zone.yaml:2:24: a: AAAA: '192.0.2.1' is not an IPv6 address\n" },
        { "a: {type: A, values: [192.0.2.1, 1.2.3, 192.0.2.01]}",
          "zone.yaml:2:34: a: A: '1.2.3' is not an IPv4 address\n"
          "zone.yaml:2:41: a: A: '192.0.2.01' is not an IPv4 address\n" },
        { "a: {type: A, value: ''}",
          "zone.yaml:2:21: a: A: '' is not an IPv4 address\n" },
    };

    (void)state;
    expect_all(forms, FORMS(forms));
    refuse_all(refused, FORMS(refused));
}

static void
targets_need_their_final_dot(void **state)
{
    static const struct form forms[] = {
        { "a: {type: CNAME, value: B.Other.}", "a.example. 3600 IN CNAME B.Other.\n" },
        { "a: {type: PTR, values: [b.c., d.e.]}",
          "a.example. 3600 IN PTR b.c.\na.example. 3600 IN PTR d.e.\n" },
        { "a: {type: NS, values: [b.c., d.e.]}",
          "a.example. 3600 IN NS b.c.\na.example. 3600 IN NS d.e.\n" },
        { "a: {type: DNAME, value: b.c.}", "a.example. 3600 IN DNAME b.c.\n" },
        { "a: {type: PTR, value: bücher.Example.org.}",
          "a.example. 3600 IN PTR xn--bcher-kva.example.org.\n" },
        { "a: {type: MX, value: {preference: 0, exchange: .}}",
          "a.example. 3600 IN MX 0 .\n" },
    };
    static const struct form refused[] = {
        { "a: {type: CNAME, value: b.c}",
          "zone.yaml:2:25: a: the target 'b.c' needs its final dot: 'b.c.'\n" },
        { "a: {type: NS, values: [b.c., d.e]}",
          "zone.yaml:2:30: a: the target 'd.e' needs its final dot: 'd.e.'\n" },
        { "a: {type: MX, value: {preference: 1, exchange: mail}}",
          "zone.yaml:2:48: a: the target 'mail' needs its final dot: 'mail.'\n" },
        { "a: {type: CNAME, value: b..c.}",
          "zone.yaml:2:25: a: 'b..c.' is not a domain name\n" },
        { "a: {type: CNAME, value: ''}", "zone.yaml:2:25: a: '' is not a domain name\n" },
        { "a: {type: MX, value: '10 mail'}",
          "zone.yaml:2:22: a: MX: the name 'mail' needs its final dot\n" },
        { "a: {type: SRV, value: {rdata: '1 2 3 sip.example.org'}}",
          "zone.yaml:2:23: a: SRV: the name 'sip.example.org' needs its final dot\n" },
    };

    (void)state;
    expect_all(forms, FORMS(forms));
    refuse_all(refused, FORMS(refused));
}

/* ---- TXT and SPF ------------------------------------------------------------------ */

static void
text_is_raw_but_for_semicolons(void **state)
{
    static const struct form forms[] = {
        { "a: {type: TXT, value: 'v=DKIM1\\; k=rsa\\; p=a/b+c'}",
          "a.example. 3600 IN TXT \"v=DKIM1; k=rsa; p=a/b+c\"\n" },
        { "a: {type: TXT, value: 'a; b'}", "a.example. 3600 IN TXT \"a; b\"\n" },
        { "a: {type: TXT, value: 'back\\slash \\\\ \\\"'}",
          "a.example. 3600 IN TXT \"back\\\\slash \\\\\\\\ \\\\\\\"\"\n" },
        { "a: {type: SPF, value: v=spf1 -all}",
          "a.example. 3600 IN SPF \"v=spf1 -all\"\n" },
        { "a: {type: TXT, values: [one, 'two words', '#3']}",
          "a.example. 3600 IN TXT \"one\"\na.example. 3600 IN TXT \"two words\"\n"
          "a.example. 3600 IN TXT \"#3\"\n" },
        { "a: {type: TXT, value: 'ü'}", "a.example. 3600 IN TXT \"\\195\\188\"\n" },
        { "a: {type: TXT, value: 12}", "a.example. 3600 IN TXT \"12\"\n" },
        { "a: {type: TXT, value: 'say \"hi\" \"ho\"!'}",
          "a.example. 3600 IN TXT \"say \\\"hi\\\" \\\"ho\\\"!\"\n" },
        { "a: {type: TXT, value: ''}", "a.example. 3600 IN TXT \"\"\n" },
    };

    (void)state;
    expect_all(forms, FORMS(forms));
}

/* octoDNS's _ChunkedValue.process */
static void
text_all_in_quotes_loses_them(void **state)
{
    static const struct form forms[] = {
        { "a: {type: TXT, value: '\"v=spf1 -all\"'}",
          "a.example. 3600 IN TXT \"v=spf1 -all\"\n" },
        { "a: {type: TXT, value: '\"one \" \"two\" \"three\"'}",
          "a.example. 3600 IN TXT \"one twothree\"\n" },
        { "a: {type: TXT, value: '\"a\\;b\"'}", "a.example. 3600 IN TXT \"a;b\"\n" },
        { "a: {type: TXT, value: '\"\"'}", "a.example. 3600 IN TXT \"\"\n" },
        { "a: {type: TXT, value: '\"'}", "a.example. 3600 IN TXT \"\\\"\"\n" },
        { "a: {type: TXT, value: '\"half'}", "a.example. 3600 IN TXT \"\\\"half\"\n" },
        { "a: {type: TXT, value: {rdata: '\"a\" \"b\"'}}",
          "a.example. 3600 IN TXT \"a\" \"b\"\n" },
        { "a: {type: TXT, value: {rdata: '\"\\\"q\\\"\"'}}",
          "a.example. 3600 IN TXT \"\\\"q\\\"\"\n" },
    };

    (void)state;
    expect_all(forms, FORMS(forms));
}

/* A text of so many bytes; the caller frees it. */
static char *
text_of(size_t len)
{
    char *const text = malloc(len + 1);

    assert_non_null(text);
    memset(text, 'x', len);
    text[len] = '\0';
    return text;
}

/* How many character-strings such a text becomes. */
static size_t
strings_of_text(size_t len)
{
    char *const text = text_of(len);
    char *yaml = NULL;
    struct loaded loaded;
    size_t count = 0;

    assert_true(asprintf(&yaml,
                         "'': {type: NS, value: a.b.}\nt: {type: TXT, value: %s}\n",
                         text) > 0);
    loaded_begin(&loaded, yaml);
    assert_string_equal(loaded.messages, "");
    for (const char *at = strstr(loaded.records, "TXT"); (at = strchr(at, '"'));
         at = strchr(at + 1, '"') + 1)
        count++;
    loaded_done(&loaded);
    free(yaml);
    free(text);
    return count;
}

static void
text_is_split_at_255_bytes(void **state)
{
    (void)state;
    assert_int_equal(strings_of_text(1), 1);
    assert_int_equal(strings_of_text(255), 1);
    assert_int_equal(strings_of_text(256), 2);
    assert_int_equal(strings_of_text(510), 2);
    assert_int_equal(strings_of_text(511), 3);
}

/* 65,535 bytes hold a record's owner pointer, its ten bytes and the rdata. */
static void
a_record_fits_a_message_or_is_refused(void **state)
{
    static const size_t fits = 65535 - 12 - 256; /* 255 full strings and one short */

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        char *const text = text_of(fits + i);
        char *yaml = NULL;

        assert_true(asprintf(&yaml, "t: {type: TXT, value: %s}\n", text) > 0);
        if (i == 0) {
            struct loaded loaded;
            char *whole = NULL;
            assert_true(asprintf(&whole, "'': {type: NS, value: a.b.}\n%s", yaml) > 0);
            loaded_begin(&loaded, whole);
            assert_string_equal(loaded.messages, "");
            assert_int_equal(loaded.status, OK);
            loaded_done(&loaded);
            free(whole);
        } else {
            loaded_refuse(yaml, "zone.yaml:2:4: t: the TXT records are more than fit a "
                                "message\n");
        }
        free(yaml);
        free(text);
    }
    char *const long_text = text_of(65536);
    char *yaml = NULL;
    assert_true(asprintf(&yaml, "t: {type: TXT, value: %s}\n", long_text) > 0);
    loaded_refuse(yaml, "zone.yaml:2:23: t: TXT: longer than 65,535 bytes\n");
    free(yaml);
    free(long_text);
}

/* ---- structured types ------------------------------------------------------------- */

static void
structured_values_take_octodns_keys(void **state)
{
    static const struct form forms[] = {
        { "a: {type: MX, values: [{preference: 10, exchange: m.b.}]}",
          "a.example. 3600 IN MX 10 m.b.\n" },
        { "a: {type: MX, value: {priority: 10, value: m.b.}}",
          "a.example. 3600 IN MX 10 m.b.\n" },
        { "a: {type: MX, value: {priority: 10, exchange: m.b.}}",
          "a.example. 3600 IN MX 10 m.b.\n" },
        { "_a._tcp: {type: SRV, value: {priority: 1, weight: 2, port: 3, target: m.b.}}",
          "_a._tcp.example. 3600 IN SRV 1 2 3 m.b.\n" },
        { "_a._tcp: {type: SRV, value: {priority: 0, weight: 0, port: 0, target: .}}",
          "_a._tcp.example. 3600 IN SRV 0 0 0 .\n" },
        { "a: {type: CAA, value: {flags: 128, tag: issue, value: ca.b}}",
          "a.example. 3600 IN CAA 128 issue \"ca.b\"\n" },
        { "a: {type: CAA, value: {tag: issue, value: ;}}",
          "a.example. 3600 IN CAA 0 issue \";\"\n" },
        { "a: {type: CAA, value: {tag: issue, value: 'ca.b; account=x \"y\"'}}",
          "a.example. 3600 IN CAA 0 issue \"ca.b; account=x \\\"y\\\"\"\n" },
        { "a: {type: NAPTR, value: {order: 1, preference: 2, flags: U, service: E2U+sip, "
          "regexp: '!^\\+1(.*)$!sip:\\1@b!', replacement: .}}",
          "a.example. 3600 IN NAPTR 1 2 \"U\" \"E2U+sip\" "
          "\"!^\\\\+1(.*)$!sip:\\\\1@b!\" .\n" },
        { "a: {type: NAPTR, value: {order: 1, preference: 2, flags: '', service: '', "
          "regexp: '', replacement: r.b.}}",
          "a.example. 3600 IN NAPTR 1 2 \"\" \"\" \"\" r.b.\n" },
        { "a: {type: SSHFP, value: {algorithm: 4, fingerprint_type: 2, fingerprint: "
          "0123ABcd}}",
          "a.example. 3600 IN SSHFP 4 2 0123abcd\n" },
        { "_443._tcp.a: {type: TLSA, value: {certificate_usage: 3, selector: 1, "
          "matching_type: 1, certificate_association_data: 00ff}}",
          "_443._tcp.a.example. 3600 IN TLSA 3 1 1 00ff\n" },
        { "a: [{type: NS, value: n.b.}, {type: DS, value: {key_tag: 12345, algorithm: 8, "
          "digest_type: 2, digest: 00ff}}]",
          "a.example. 3600 IN NS n.b.\na.example. 3600 IN DS 12345 8 2 00ff\n" },
        { "a: {type: LOC, value: {lat_degrees: 31, lat_minutes: 58, lat_seconds: 52.1, "
          "lat_direction: S, long_degrees: 115, long_minutes: 49, long_seconds: 11.7, "
          "long_direction: E, altitude: 20, size: 10, precision_horz: 10, "
          "precision_vert: 2}}",
          "a.example. 3600 IN LOC 31 58 52.100 S 115 49 11.700 E 20m 10m 10m 2m\n" },
        { "a: {type: LOC, value: {lat_degrees: 1, lat_direction: N, long_degrees: 2, "
          "long_direction: W, altitude: -1.5}}",
          "a.example. 3600 IN LOC 01 00 0.000 N 02 00 0.000 W -1.50m 1m 10000m 10m\n" },
        { "a: {type: URI, value: {priority: 10, weight: 1, target: 'ftp://b/\"c\"'}}",
          "a.example. 3600 IN URI 10 1 \"ftp://b/\\\"c\\\"\"\n" },
        { "a: {type: OPENPGPKEY, value: AQIDBA==}",
          "a.example. 3600 IN OPENPGPKEY AQIDBA==\n" },
    };

    (void)state;
    expect_all(forms, FORMS(forms));
}

/* flags, protocol, algorithm, public_key: `algorithm` is then the digest's. */
static void
the_old_keys_of_a_ds_keep_their_meaning(void **state)
{
    (void)state;
    loaded_expect(
        "a: [{type: NS, value: n.b.}, {type: DS, value: {flags: 12345, protocol: "
        "8, algorithm: 2, public_key: 00ff}}]",
        "a.example. 3600 IN NS n.b.\na.example. 3600 IN DS 12345 8 2 00ff\n");
    loaded_refuse("a: {type: DS, value: {flags: 1, algorithm: 8, public_key: 00ff}}",
                  "zone.yaml:2:22: a: DS: 'protocol' is missing\n");
    loaded_refuse("a: {type: DS, value: {key_tag: 1, protocol: 8, digest: 00ff}}",
                  "zone.yaml:2:35: a: unknown key 'protocol'\n");
}

static void
structured_values_are_checked_key_by_key(void **state)
{
    static const struct form forms[] = {
        { "a: {type: MX, value: {preference: 10}}",
          "zone.yaml:2:22: a: MX: 'exchange' is missing\n" },
        { "a: {type: MX, value: {preferance: 10, exchange: m.b.}}",
          "zone.yaml:2:23: a: unknown key 'preferance', did you mean 'preference'?\n" },
        { "a: {type: MX, value: {preference: 65536, exchange: m.b.}}",
          "zone.yaml:2:22: a: MX: '65536' is more than 65535\n" },
        { "a: {type: MX, value: {preference: -1, exchange: m.b.}}",
          "zone.yaml:2:22: a: MX: '-1' is below 0\n" },
        { "a: {type: MX, value: {preference: '1 2', exchange: m.b.}}",
          "zone.yaml:2:22: a: MX: 'preference' has a bad value '1 2'\n" },
        { "a: {type: CAA, value: {flags: 256, tag: issue, value: b}}",
          "zone.yaml:2:23: a: CAA: '256' is more than 255\n" },
        { "a: {type: CAA, value: {flags: 0, tag: issue}}",
          "zone.yaml:2:23: a: CAA: 'value' is missing\n" },
        { "a: {type: TLSA, value: {certificate_usage: 3, selector: 1, matching_type: 1, "
          "certificate_association_data: 00f}}",
          "zone.yaml:2:24: a: TLSA: an odd number of hexadecimal digits: the last byte "
          "lacks a half\n" },
        { "a: {type: LOC, value: {lat_degrees: 91, lat_direction: N, long_degrees: 2, "
          "long_direction: W, altitude: 0}}",
          "zone.yaml:2:23: a: LOC: more than 90 degrees\n" },
        { "a: {type: SRV, values: [{priority: 1, weight: 2, port: 3, target: m.b.}, "
          "{priority: 1, weight: 2, port: 70000, target: m.b.}]}",
          "zone.yaml:2:74: a: SRV: '70000' is more than 65535\n" },
    };

    (void)state;
    refuse_all(forms, FORMS(forms));
}

/* ---- presentation form ------------------------------------------------------------ */

static void
presentation_form_serves_for_any_type(void **state)
{
    static const struct form forms[] = {
        { "a: {type: MX, values: ['10 m.b.', {rdata: '20 n.b.'}]}",
          "a.example. 3600 IN MX 10 m.b.\na.example. 3600 IN MX 20 n.b.\n" },
        { "a: {type: CAA, value: '0 issue \"ca.b\"'}",
          "a.example. 3600 IN CAA 0 issue \"ca.b\"\n" },
        { "a: {type: A, value: {rdata: 192.0.2.1}}", "a.example. 3600 IN A 192.0.2.1\n" },
        { "a: {type: CNAME, value: {rdata: b.c.}}", "a.example. 3600 IN CNAME b.c.\n" },
        { "a: {type: HINFO, value: '\"PC\" \"Linux\"'}",
          "a.example. 3600 IN HINFO \"PC\" \"Linux\"\n" },
        { "a: {type: RP, value: m.b. t.b.}", "a.example. 3600 IN RP m.b. t.b.\n" },
        { "a: {type: TYPE65534, value: '\\# 3 abcdef'}",
          "a.example. 3600 IN TYPE65534 \\# 3 abcdef\n" },
        { "a: {type: TYPE65534, value: '\\# 0'}",
          "a.example. 3600 IN TYPE65534 \\# 0\n" },
        { "a: {type: TYPE1, value: 192.0.2.1}", "a.example. 3600 IN A 192.0.2.1\n" },
        { "a: {type: SSHFP, value: '\\# 4 01020304'}",
          "a.example. 3600 IN SSHFP 1 2 0304\n" },
    };
    static const struct form refused[] = {
        { "a: {type: MX, value: 10 m.b. extra}",
          "zone.yaml:2:22: a: MX: '10 m.b. extra' is not its rdata: Syntax error, "
          "superfluous text present\n" },
        { "a: {type: TYPE65534, value: '\\# 4 abcdef'}",
          "zone.yaml:2:29: a: TYPE65534: '\\# 4 abcdef' is not its rdata: Syntax error, "
          "could not parse the RR's rdata\n" },
        { "a: {type: MX, value: \"10 m.b.\\n20 n.b.\"}",
          "zone.yaml:2:22: a: MX: a line break in presentation form\n" },
        { "a: {type: MX, value: {rdata: 10 m.b., x: 1}}",
          "zone.yaml:2:23: a: unknown key 'rdata'\n" },
    };

    (void)state;
    expect_all(forms, FORMS(forms));
    refuse_all(refused, FORMS(refused));
}

static void
a_name_in_any_type_is_spelled_out_or_pointed_to(void **state)
{
    (void)state;
    loaded_expect(
        "a: {type: MX, value: 10 b.example.}\nb: {type: A, value: 192.0.2.1}",
        "a.example. 3600 IN MX 10 b.example.\nb.example. 3600 IN A 192.0.2.1\n");
    loaded_expect("a: {type: RP, value: b.example. example.}",
                  "a.example. 3600 IN RP b.example. example.\n");
    loaded_expect("a: {type: PTR, value: Example.}", "a.example. 3600 IN PTR example.\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(value_and_values_take_a_scalar_or_a_list),
        cmocka_unit_test(values_that_are_missing_or_nested_are_refused),
        cmocka_unit_test(addresses_may_be_spelled_in_any_way_of_their_family),
        cmocka_unit_test(targets_need_their_final_dot),
        cmocka_unit_test(text_is_raw_but_for_semicolons),
        cmocka_unit_test(text_all_in_quotes_loses_them),
        cmocka_unit_test(text_is_split_at_255_bytes),
        cmocka_unit_test(a_record_fits_a_message_or_is_refused),
        cmocka_unit_test(structured_values_take_octodns_keys),
        cmocka_unit_test(the_old_keys_of_a_ds_keep_their_meaning),
        cmocka_unit_test(structured_values_are_checked_key_by_key),
        cmocka_unit_test(presentation_form_serves_for_any_type),
        cmocka_unit_test(a_name_in_any_type_is_spelled_out_or_pointed_to),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
