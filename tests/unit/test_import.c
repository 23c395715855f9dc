/* SPDX-License-Identifier: BSD-2-Clause */
/* Master files as zone YAML: what prop_load's random zones do not have. */
#include "dns/base/diag.h"
#include "zones/import.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SOA "@ 60 IN SOA ns.b. host.b. 1 2 3 4 5\n"
#define SOA_YAML                                                                         \
    "'':\n  - {type: SOA, ttl: 60, values: [{rdata: 'ns.b. host.b. 1 2 3 4 5'}]}\n"

/* The YAML, or the messages where it is refused; both after one another. */
static void
expect_import(const char *master, enum status status, const char *expected,
              const char *messages)
{
    char path[] = "/tmp/meridian-import-XXXXXX";
    char *yaml = NULL, *said = NULL;
    size_t len = 0, said_len = 0;
    const int fd = mkstemp(path);
    struct diag diag;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, master, strlen(master)), strlen(master));
    close(fd);
    diag_init(&diag);
    FILE *const out = open_memstream(&yaml, &len), *const told =
                                                       open_memstream(&said, &said_len);
    const enum status got = import_master(path, "Example.", out, &diag);
    for (size_t i = 0; i < diag.count; i++)
        (void)fprintf(told, "%u: %s\n", diag.messages[i].line, diag.messages[i].text);
    assert_int_equal(fclose(out) + fclose(told), 0);
    assert_int_equal(unlink(path), 0);
    assert_string_equal(said, messages);
    assert_string_equal(yaml, expected);
    assert_int_equal(got, status);
    diag_done(&diag);
    free(yaml);
    free(said);
}

static void
origin_ttl_and_omitted_owners_are_understood(void **state)
{
    (void)state;
    expect_import("$ORIGIN example.\n$TTL 77\n" SOA "  NS ns.b.\nwww A 192.0.2.1\n"
                  "    A 192.0.2.2\n$ORIGIN sub.example.\nx 5 CNAME www.example.\n",
                  OK,
                  SOA_YAML "  - {type: NS, ttl: 77, values: ['ns.b.']}\n"
                           "'x.sub':\n"
                           "  - {type: CNAME, ttl: 5, values: ['www.example.']}\n"
                           "'www':\n"
                           "  - {type: A, ttl: 77, values: ['192.0.2.1', '192.0.2.2']}\n",
                  "");
}

static void
a_set_has_one_ttl_and_no_duplicates(void **state)
{
    (void)state;
    expect_import("$ORIGIN example.\n" SOA "a 9 A 192.0.2.1\na 5 A 192.0.2.2\n"
                  "a 9 A 192.0.2.1\n",
                  OK,
                  SOA_YAML "'a':\n"
                           "  - {type: A, ttl: 5, values: ['192.0.2.1', '192.0.2.2']}\n",
                  "");
}

static void
texts_are_octodns_where_that_says_all(void **state)
{
    (void)state;
    expect_import("$ORIGIN example.\n" SOA "a 9 TXT \"it's; \\\"x\\\"\"\n"
                  "b 9 TXT \"a\" \"b\"\nc 9 TXT \"\\000\"\nd 9 TXT \"\\\"all\\\"\"\ne 9 "
                  "TXT \"\\\\;\"\n",
                  OK,
                  SOA_YAML
                  "'a':\n  - {type: TXT, ttl: 9, values: ['it''s\\; \"x\"']}\n"
                  "'b':\n  - {type: TXT, ttl: 9, values: [{rdata: '\"a\" \"b\"'}]}\n"
                  "'c':\n  - {type: TXT, ttl: 9, values: [{rdata: '\"\\000\"'}]}\n"
                  "'d':\n  - {type: TXT, ttl: 9, values: [{rdata: "
                  "'\"\\\"all\\\"\"'}]}\n"
                  "'e':\n  - {type: TXT, ttl: 9, values: ['\\\\;']}\n",
                  "");
}

static void
what_lies_outside_is_left_out_with_a_warning(void **state)
{
    (void)state;
    expect_import("$ORIGIN example.\n" SOA "a.other. 9 A 192.0.2.1\n", OK, SOA_YAML,
                  "3: 'a.other.' is not in the zone: left out\n");
}

static void
a_bad_line_is_refused_and_nothing_written(void **state)
{
    (void)state;
    expect_import("$ORIGIN example.\n" SOA "a 9 A 192.0.2\n", ERR_INVALID, "",
                  "3: Syntax error, could not parse the RR's rdata\n");
    expect_import("; nothing\n", ERR_INVALID, "", "1: no records of the zone\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(origin_ttl_and_omitted_owners_are_understood),
        cmocka_unit_test(a_set_has_one_ttl_and_no_duplicates),
        cmocka_unit_test(texts_are_octodns_where_that_says_all),
        cmocka_unit_test(what_lies_outside_is_left_out_with_a_warning),
        cmocka_unit_test(a_bad_line_is_refused_and_nothing_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
