/* SPDX-License-Identifier: BSD-2-Clause */
/* Zone files: names, records' keys, octoDNS's directives, files merged, the SOA. */
#include "tests/lib/loaded.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- names ------------------------------------------------------------------------ */

static void
names_are_relative_and_folded(void **state)
{
    (void)state;
    loaded_expect("WwW: {type: A, value: 192.0.2.1}",
                  "www.example. 3600 IN A 192.0.2.1\n");
    loaded_expect("'*': {type: A, value: 192.0.2.1}", "*.example. 3600 IN A 192.0.2.1\n");
    loaded_expect("'*.a.b': {type: A, value: 192.0.2.1}",
                  "*.a.b.example. 3600 IN A 192.0.2.1\n");
    loaded_expect("_sip._tcp: {type: TXT, value: x}",
                  "_sip._tcp.example. 3600 IN TXT \"x\"\n");
    loaded_expect("a\\.b: {type: TXT, value: x}", "a\\.b.example. 3600 IN TXT \"x\"\n");
    loaded_expect("12: {type: TXT, value: x}", "12.example. 3600 IN TXT \"x\"\n");
}

/* IDNA 2008: sharp s and final sigma stay what they are; the rest folds. */
static void
names_outside_ascii_are_encoded(void **state)
{
    (void)state;
    loaded_expect("münchen: {type: TXT, value: x}",
                  "xn--mnchen-3ya.example. 3600 IN TXT \"x\"\n");
    loaded_expect("MÜNCHEN: {type: TXT, value: x}",
                  "xn--mnchen-3ya.example. 3600 IN TXT \"x\"\n");
    loaded_expect("straße: {type: TXT, value: x}",
                  "xn--strae-oqa.example. 3600 IN TXT \"x\"\n");
    loaded_expect("'*.münchen': {type: TXT, value: x}",
                  "*.xn--mnchen-3ya.example. 3600 IN TXT \"x\"\n");
    loaded_expect("_dmarc.münchen: {type: TXT, value: x}",
                  "_dmarc.xn--mnchen-3ya.example. 3600 IN TXT \"x\"\n");
    loaded_expect("xn--mnchen-3ya: {type: TXT, value: x}",
                  "xn--mnchen-3ya.example. 3600 IN TXT \"x\"\n");
    loaded_refuse("münchen: {type: TXT, value: x}\nxn--mnchen-3ya: {type: TXT, value: y}",
                  "zone.yaml:3:17: xn--mnchen-3ya: there is a record of type TXT at this "
                  "name already\n");
}

static void
a_zone_name_outside_ascii_is_encoded(void **state)
{
    static const char yaml[] = "'': {type: NS, value: a.b.}\nw: {type: TXT, value: x}\n";
    struct loaded loaded;

    (void)state;
    loaded_begin_bytes(&loaded, "bücher.example.", yaml, strlen(yaml));
    assert_int_equal(loaded.status, OK);
    assert_non_null(
        strstr(loaded.records, "w.xn--bcher-kva.example. 3600 IN TXT \"x\"\n"));
    loaded_done(&loaded);
    loaded_begin_bytes(&loaded, "a..b", yaml, strlen(yaml));
    assert_int_equal(loaded.status, ERR_INVALID);
    assert_string_equal(loaded.messages, "zone.yaml:1:1: 'a..b' is not a domain name\n");
    loaded_done(&loaded);
}

/* A record whose owner has labels of these lengths. */
static void
put_labels(char yaml[1024], const unsigned *lengths)
{
    size_t at = 0;

    for (unsigned i = 0; lengths[i]; i++) {
        if (i > 0)
            yaml[at++] = '.';
        memset(yaml + at, 'x', lengths[i]);
        at += lengths[i];
    }
    (void)snprintf(yaml + at, 1024 - at, ": {type: TXT, value: x}");
}

static void
labels_and_names_have_their_limits(void **state)
{
    /* the name in wire form has a byte more a label, and example. 9 */
    static const unsigned fits[][6] = { { 63 }, { 63, 63, 63, 53 } };
    static const unsigned not [][6] = { { 64 },
                                        { 63, 63, 63, 54 },
                                        { 63, 63, 63, 63, 63 } };
    char yaml[1024];

    (void)state;
    for (size_t i = 0; i < sizeof(fits) / sizeof(fits[0]); i++) {
        struct loaded loaded;
        char whole[1200];
        put_labels(yaml, fits[i]);
        (void)snprintf(whole, sizeof(whole), "'': {type: NS, value: a.b.}\n%s\n", yaml);
        loaded_begin(&loaded, whole);
        assert_string_equal(loaded.messages, "");
        assert_int_equal(loaded.zone->name_count, 2);
        loaded_done(&loaded);
    }
    for (size_t i = 0; i < sizeof(not ) / sizeof(not [0]); i++) {
        char message[1200];
        put_labels(yaml, not [i]);
        (void)snprintf(
            message, sizeof(message),
            "zone.yaml:2:1: '%.*s' is too long: a label has at most 63 bytes, a "
            "name 255\n",
            (int)strcspn(yaml, ":"), yaml);
        loaded_refuse(yaml, message);
    }
}

static void
bad_names_are_refused(void **state)
{
    (void)state;
    loaded_refuse("a.example.: {type: TXT, value: x}",
                  "zone.yaml:2:1: 'a.example.' is absolute: names in a zone file are "
                  "relative to it\n");
    loaded_refuse("a..b: {type: TXT, value: x}",
                  "zone.yaml:2:1: 'a..b' is not a domain name\n");
    loaded_refuse(".a: {type: TXT, value: x}",
                  "zone.yaml:2:1: '.a' is not a domain name\n");
    loaded_refuse("a: {type: TXT, value: x}\na: {type: A, value: 192.0.2.1}",
                  "zone.yaml:3:1: duplicate key 'a' (first at line 2)\n");
    loaded_refuse(
        "a: {type: TXT, value: x}\nA: {type: TXT, value: y}",
        "zone.yaml:3:4: A: there is a record of type TXT at this name already\n");
    loaded_refuse(
        "'@': {type: NS, value: c.d.}",
        "zone.yaml:2:6: '': there is a record of type NS at this name already\n");
}

/* The name loads; read: what octoDNS would take it for, or NULL. */
static void
expect_name(const char *name, const char *read)
{
    char yaml[128], message[256] = "";
    struct loaded loaded;

    (void)snprintf(yaml, sizeof(yaml),
                   "'': {type: NS, value: a.b.}\n%s: {type: TXT, value: x}\n", name);
    if (read)
        (void)snprintf(message, sizeof(message),
                       "zone.yaml:2:1: warning: '%s' is a name here; octoDNS would read "
                       "%s: quote it\n",
                       name, read);
    loaded_begin(&loaded, yaml);
    assert_string_equal(loaded.messages, message);
    assert_int_equal(loaded.zone->record_count, 3);
    loaded_done(&loaded);
}

/* As PyYAML resolves plain scalars. */
static void
names_that_octodns_reads_otherwise_are_warned_of(void **state)
{
    static const char *const words[] = { "no", "Yes", "ON", "off", "true", "null" };
    static const char *const numbers[] = { "010",  "0x1f",  "0b11", "1_000",
                                           "1.10", "10.20", "01.5", "0.00001" };
    static const char *const same[] = { "'no'",  "y",    "n",   "yEs", "12",     "09",
                                        "1.5",   "10.2", "1.0", "0",   "1.2.30", "a_b",
                                        "1.10a", "-1",   "_1",  "0x",  "1x0" };

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        expect_name(words[i], "another value");
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        expect_name(numbers[i], "a number");
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
        expect_name(same[i], NULL);
}

/* ---- keys of a record ------------------------------------------------------------- */

static void
keys_are_checked(void **state)
{
    (void)state;
    loaded_refuse("a: {type: A, vaule: 192.0.2.1}",
                  "zone.yaml:2:14: a: unknown key 'vaule', did you mean 'value'?\n");
    loaded_refuse("a: {value: 192.0.2.1}", "zone.yaml:2:4: a: 'type' is missing\n");
    loaded_refuse("a: 192.0.2.1",
                  "zone.yaml:2:4: a: expected a map, found a single value\n");
    loaded_refuse("a: [192.0.2.1]",
                  "zone.yaml:2:5: a: expected a map, found a single value\n");
    loaded_refuse("a: {type: A, ttl: 1h, value: 192.0.2.1}",
                  "zone.yaml:2:19: ttl: expected a whole number from 0 to 2147483647, "
                  "found '1h'\n");
    loaded_refuse(
        "a: {type: A, ttl: 2147483648, value: 192.0.2.1}",
        "zone.yaml:2:19: ttl: expected a whole number from 0 to 2147483647, found "
        "'2147483648'\n");
    loaded_expect("a: {type: A, ttl: 2147483647, value: 192.0.2.1}",
                  "a.example. 2147483647 IN A 192.0.2.1\n");
    loaded_refuse("a: {type: AAA, value: 192.0.2.1}",
                  "zone.yaml:2:11: a: unknown type 'AAA', did you mean 'AAAA'?\n");
    loaded_refuse("a: {type: ANY, value: x}", "zone.yaml:2:11: a: unknown type 'ANY'\n");
    loaded_refuse("a: {type: OPT, value: x}", "zone.yaml:2:11: a: unknown type 'OPT'\n");
    loaded_refuse("a: {type: [A, TXT], value: x}",
                  "zone.yaml:2:15: a: only A and AAAA can share an entry\n");
    loaded_refuse("a: {type: [], value: x}",
                  "zone.yaml:2:11: a: 'type' lists 1 to 8 types\n");
}

/* All of a file is read, whatever is wrong at its beginning. */
static void
every_error_of_a_file_is_told(void **state)
{
    (void)state;
    loaded_refuse("a: {type: A, value: x}\n"
                  "b: {type: B, value: x}\n"
                  "c:\n"
                  "- {type: CNAME, value: x}\n"
                  "- {type: TXT, valeu: x}\n"
                  "d..e: {type: TXT, value: x}\n",
                  "zone.yaml:2:21: a: A: 'x' is not an IPv4 address\n"
                  "zone.yaml:3:11: b: unknown type 'B'\n"
                  "zone.yaml:5:24: c: the target 'x' needs its final dot: 'x.'\n"
                  "zone.yaml:6:15: c: unknown key 'valeu', did you mean 'value'?\n"
                  "zone.yaml:7:1: 'd..e' is not a domain name\n");
}

/* ---- octodns: --------------------------------------------------------------------- */

static void
records_for_others_are_left_out(void **state)
{
    static const char *const left_out[] = {
        "{ignored: true}",
        "{ignored: yes}",
        "{excluded: [meridian]}",
        "{excluded: meridian}",
        "{excluded: [x, meridian]}",
        "{included: [route53]}",
        "{included: [route53], excluded: []}",
    };
    static const char *const kept[] = {
        "{ignored: false}",
        "{excluded: []}",
        "{excluded: [route53]}",
        "{included: []}",
        "{included: [meridian]}",
        "{included: [route53, meridian]}",
        "{lenient: true}",
        "{healthcheck: {protocol: HTTPS, port: 443, path: /x, host: y}}",
        "{cloudflare: {proxied: true}, route53: {healthcheck: {measure_latency: false}}}",
        "{}",
        "null",
    };
    char yaml[256];

    (void)state;
    for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++) {
        (void)snprintf(yaml, sizeof(yaml), "a: {octodns: %s, type: A, value: bad}",
                       left_out[i]);
        loaded_expect(yaml, "");
    }
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        (void)snprintf(yaml, sizeof(yaml), "a: {octodns: %s, type: A, value: 192.0.2.1}",
                       kept[i]);
        loaded_expect(yaml, "a.example. 3600 IN A 192.0.2.1\n");
    }
}

static void
types_of_other_providers_are_passed_over_with_a_warning(void **state)
{
    (void)state;
    loaded_expect_warned(
        "a: {type: URLFWD, values: [{code: 302, masking: 2, path: /, query: 0, target: "
        "'http://b/'}]}",
        "", "zone.yaml:2:11: warning: a: type URLFWD is no DNS type; left out\n");
    loaded_expect_warned("a: {type: Route53Provider/ALIAS, value: {name: x, type: A}}",
                         "",
                         "zone.yaml:2:11: warning: a: type Route53Provider/ALIAS is no "
                         "DNS type; left out\n");
}

/* ---- files ------------------------------------------------------------------------ */

static void
files_of_a_folder_are_one_zone(void **state)
{
    static const char *const files[] = {
        "'': {type: NS, value: ns.elsewhere.}\n'*': {type: TXT, value: w}\n",
        "a: {type: A, value: 192.0.2.1}\n",
        "a: {type: TXT, value: more}\n",
        "b.c: {type: A, value: 192.0.2.2}\n",
    };
    static const char *const twice[] = {
        "'': {type: NS, value: ns.elsewhere.}\na: {type: A, value: 192.0.2.1}\n",
        "# another\na: {type: A, value: 192.0.2.2}\n",
    };
    static const char *const bad[] = { "x: {type: A, value: 1}\n", "z: {type: A}\n" };
    struct loaded loaded;

    (void)state;
    loaded_begin_files(&loaded, files, 4);
    assert_string_equal(loaded.messages, "");
    assert_int_equal(loaded.zone->name_count, 4);
    assert_int_equal(loaded.zone->record_count, 6); /* with the SOA */
    assert_non_null(strstr(loaded.records, "a.example. 3600 IN TXT \"more\"\n"));
    loaded_done(&loaded);
    loaded_begin_files(&loaded, twice, 2);
    assert_string_equal(
        loaded.messages,
        "b.yaml:2:4: a: there is a record of type A at this name already\n");
    loaded_done(&loaded);
    loaded_begin_files(&loaded, bad, 2);
    assert_string_equal(loaded.messages,
                        "a.yaml:1:21: x: A: '1' is not an IPv4 address\n"
                        "b.yaml:1:4: z: 'value' or 'values' is missing\n");
    loaded_done(&loaded);
}

/* ---- the SOA ---------------------------------------------------------------------- */

static void
an_soa_is_made_up_of_the_first_ns_and_the_options(void **state)
{
    struct loaded loaded;

    (void)state;
    loaded_begin(&loaded, "'': {type: NS, values: [ns2.b., ns1.b.]}\n");
    assert_string_equal(loaded.messages, "");
    assert_memory_equal(
        loaded.records,
        "example. 300 IN SOA ns2.b. hostmaster.example. 7 3600 600 1209600 "
        "60\n",
        strcspn(loaded.records, "\n") + 1);
    assert_int_equal(loaded.zone->serial, 7);
    assert_false(loaded.zone->serial_written);
    loaded_done(&loaded);
}

#define SOA_NUMBERS "serial: 42, refresh: 1, retry: 2, expire: 3, minimum: 4}"

static void
a_written_soa_is_used_as_it_is(void **state)
{
    static const char *const forms[] = {
        "{mname: a.b., rname: c.d., " SOA_NUMBERS,
        "{primary: a.b., admin: c.d., " SOA_NUMBERS,
        "a.b. c.d. 42 1 2 3 4",
        "{rdata: a.b. c.d. 42 1 2 3 4}",
    };
    struct loaded loaded;
    char yaml[512];

    (void)state;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        (void)snprintf(yaml, sizeof(yaml),
                       "'': [{type: NS, value: n.b.}, {type: SOA, ttl: 9, value: %s}]\n",
                       forms[i]);
        loaded_begin(&loaded, yaml);
        assert_string_equal(loaded.messages, "");
        assert_memory_equal(loaded.records, "example. 9 IN SOA a.b. c.d. 42 1 2 3 4\n",
                            39);
        assert_int_equal(loaded.zone->serial, 42);
        assert_true(loaded.zone->serial_written);
        loaded_done(&loaded);
    }
    loaded_refuse("a: {type: SOA, value: a.b. c.d. 42 1 2 3 4}",
                  "zone.yaml:2:4: a: an SOA stands at the zone's own name only\n");
    loaded_refuse("'@': {type: SOA, values: [a.b. c.d. 1 1 2 3 4, a.b. c.d. 2 1 2 3 4]}",
                  "zone.yaml:2:6: '': a name has one SOA record at most\n");
    loaded_refuse(
        "'@': {type: SOA, value: {mname: a.b., rname: c.d., serial: 4294967296, "
        "refresh: 1, retry: 2, expire: 3, minimum: 4}}",
        "zone.yaml:2:25: '': SOA: '4294967296' is more than 4294967295\n");
}

static void
another_serial_changes_the_soa_alone(void **state)
{
    struct loaded loaded;
    struct zone *other = NULL;

    (void)state;
    loaded_begin(&loaded, "'': {type: NS, value: a.b.}\nw: {type: TXT, value: x}\n");
    assert_int_equal(zone_with_serial(loaded.zone, 0xfedcba98, &other), OK);
    assert_int_equal(other->serial, 0xfedcba98);
    assert_int_equal(loaded.zone->serial, 7);
    assert_int_equal(other->content_hash, loaded.zone->content_hash);
    part_drop(&loaded.zone->part); /* the other lives on */
    loaded.zone = other;
    assert_int_equal(zone_with_serial(loaded.zone, 8, &other), OK);
    assert_int_equal(other->serial, 8);
    part_drop(&other->part);
    loaded_done(&loaded);
}

static void
the_content_hash_tells_what_a_transfer_carries(void **state)
{
    static const char head[] = "'': {type: NS, value: a.b.}\n";
    static const char *const same[] = {
        "a: {type: A, value: 192.0.2.1}\nb: {type: TXT, value: x}\n",
        "b: {type: TXT, values: ['x']}\n# moved\nA: [{ttl: 3600, type: A, value: "
        "192.0.2.1}]\n",
    };
    static const char *const other[] = {
        "a: {type: A, value: 192.0.2.2}\nb: {type: TXT, value: x}\n",
        "a: {type: A, ttl: 1, value: 192.0.2.1}\nb: {type: TXT, value: x}\n",
        "c: {type: A, value: 192.0.2.1}\nb: {type: TXT, value: x}\n",
        "a: {type: A, value: 192.0.2.1}\nb: {type: SPF, value: x}\n",
        "a: {type: A, value: 192.0.2.1}\n",
        "b: {type: A, value: 192.0.2.1}\na: {type: TXT, value: x}\n",
    };
    uint64_t hash = 0;
    struct loaded loaded;
    char yaml[512];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(yaml, sizeof(yaml), "%s%s", head, same[i]);
        loaded_begin(&loaded, yaml);
        assert_non_null(loaded.zone);
        if (i > 0)
            assert_int_equal(loaded.zone->content_hash, hash);
        hash = loaded.zone->content_hash;
        loaded_done(&loaded);
    }
    for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
        (void)snprintf(yaml, sizeof(yaml), "%s%s", head, other[i]);
        loaded_begin(&loaded, yaml);
        assert_non_null(loaded.zone);
        assert_int_not_equal(loaded.zone->content_hash, hash);
        loaded_done(&loaded);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_relative_and_folded),
        cmocka_unit_test(names_outside_ascii_are_encoded),
        cmocka_unit_test(a_zone_name_outside_ascii_is_encoded),
        cmocka_unit_test(labels_and_names_have_their_limits),
        cmocka_unit_test(bad_names_are_refused),
        cmocka_unit_test(names_that_octodns_reads_otherwise_are_warned_of),
        cmocka_unit_test(keys_are_checked),
        cmocka_unit_test(every_error_of_a_file_is_told),
        cmocka_unit_test(records_for_others_are_left_out),
        cmocka_unit_test(types_of_other_providers_are_passed_over_with_a_warning),
        cmocka_unit_test(files_of_a_folder_are_one_zone),
        cmocka_unit_test(an_soa_is_made_up_of_the_first_ns_and_the_options),
        cmocka_unit_test(a_written_soa_is_used_as_it_is),
        cmocka_unit_test(another_serial_changes_the_soa_alone),
        cmocka_unit_test(the_content_hash_tells_what_a_transfer_carries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
