/* SPDX-License-Identifier: BSD-2-Clause */
/* Text ranges: each format in the wild, ranges that are no prefixes, and lines that are
 * broken: refused with file and line. */
#include "geoip/ranges.h"
#include "geoip/trie.h"
#include "tests/lib/geo.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SOURCE = 3 };

struct world {
    struct place_table *places;
    struct diag diag;
    struct ranges_result result;
};

static enum status
load_bytes(struct world *world, const char *bytes, size_t len)
{
    FILE *const file = tmpfile();

    *world = (struct world){ .places = place_table_new() };
    diag_init(&world->diag);
    assert_true(file && world->places);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    rewind(file);
    const struct ranges_read read = { "r.csv", file, SOURCE, world->places };
    const enum status status = ranges_load(&read, &world->diag, &world->result);
    (void)fclose(file);
    return status;
}

static enum status
load(struct world *world, const char *text)
{
    return load_bytes(world, text, strlen(text));
}

static void
done(struct world *world)
{
    trie_free(world->result.trie);
    place_table_free(world->places);
    diag_done(&world->diag);
}

static void
check(const struct world *world, const char *address, const char *text, int len)
{
    geo_check(world->result.trie, world->places, address, text, len);
}

/* ---- formats ---------------------------------------------------------------------- */

static void
tor_geoip_has_numbers(void **state)
{
    struct world world;

    (void)state;
    assert_int_equal(load(&world, "# Last updated\n#\n16777216,16777471,AU\n"
                                  "16777472,16778239,CN\n4026531840,4294967295,??\n"),
                     OK);
    check(&world, "1.0.0.0", "OC AU", 24);
    check(&world, "1.0.1.0", "AS CN", 24);
    check(&world, "1.0.2.0", "AS CN", 23);
    check(&world, "1.0.3.255", "AS CN", 23);
    check(&world, "1.0.4.0", "nowhere", 22);
    check(&world, "240.0.0.1", "nowhere", -1);
    assert_string_equal(world.result.type, "countries");
    assert_int_equal(world.result.network_count, 3);
    done(&world);
}

static void
tor_geoip6_has_addresses(void **state)
{
    struct world world;

    (void)state;
    assert_int_equal(load(&world, "2001:200::,2001:200:ffff:ffff:ffff:ffff:ffff:ffff,JP\n"
                                  "2001:208::,2001:209:ffff:ffff:ffff:ffff:ffff:ffff,SG\n"
                                  "e000::,ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff,??\n"),
                     OK);
    check(&world, "2001:200:1::1", "AS JP", 32);
    check(&world, "2001:209::", "AS SG", 31);
    check(&world, "2001:20a::", "nowhere", 31);
    check(&world, "ff02::1", "nowhere", -1);
    check(&world, "1.0.0.0", "nowhere", 0);
    done(&world);
}

static void
ip_location_db_has_countries(void **state)
{
    struct world world;

    (void)state;
    assert_int_equal(load(&world,
                          "1.0.0.0,1.0.0.255,AU\r\n\"1.0.1.0\",\"1.0.3.255\",\"CN\"\n"
                          "2001:200::,2001:200:ffff:ffff:ffff:ffff:ffff:ffff,JP\n"),
                     OK);
    check(&world, "1.0.0.9", "OC AU", 24);
    check(&world, "1.0.1.9", "AS CN", 24);
    check(&world, "2001:200::", "AS JP", 32);
    assert_string_equal(world.result.type, "countries");
    done(&world);
}

static void
ip_location_db_has_asns(void **state)
{
    struct world world;

    (void)state;
    assert_int_equal(load(&world, "1.0.0.0,1.0.0.255,13335,\"Cloudflare, Inc.\"\n"
                                  "1.0.4.0,1.0.7.255,38803,Gtelecom Pty Ltd\n"
                                  "1.1.0.0,1.1.0.255,4294967295,\n"
                                  "2001:4:112::,2001:4:112:ffff:ffff:ffff:ffff:ffff,112,"
                                  "DNS-OARC\n"),
                     OK);
    check(&world, "1.0.0.9", "AS13335", 24);
    check(&world, "1.0.7.9", "AS38803", 22);
    check(&world, "1.1.0.0", "AS4294967295", 24);
    check(&world, "2001:4:112::1", "AS112", 48);
    assert_string_equal(world.result.type, "asns");
    done(&world);
}

static void
ip_location_db_has_numbers_of_ipv6(void **state)
{
    struct world world;

    (void)state;
    assert_int_equal(load(&world, "42540528726795050063891204319802818560,"
                                  "42540528806023212578155541913346768895,JP\n"
                                  "340282366920938463463374607431768211455,"
                                  "340282366920938463463374607431768211455,DE\n"),
                     OK);
    check(&world, "2001:200::", "AS JP", 32);
    check(&world, "2001:201::", "nowhere", 32);
    check(&world, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "EU DE", 128);
    done(&world);
}

static void
each_range_says_where_it_comes_from(void **state)
{
    struct world world;
    uint8_t len;
    const struct addr addr = geo_addr("1.0.0.1");

    (void)state;
    assert_int_equal(load(&world, "1.0.0.0,1.0.0.255,AU\n"), OK);
    const struct place *const place =
        place_get(world.places, trie_find(world.result.trie, &addr, &len));
    assert_int_equal(place->from[PLACE_COUNTRY], SOURCE);
    assert_int_equal(place->from[PLACE_ASN], 0);
    done(&world);
}

/* ---- ranges ----------------------------------------------------------------------- */

static void
ranges_need_not_be_prefixes(void **state)
{
    struct world world;

    (void)state;
    assert_int_equal(load(&world, "1.0.0.1,1.0.0.6,DE\n"
                                  "2a00::1,2a00::1:0:0:0,FR\n"),
                     OK);
    check(&world, "1.0.0.0", "nowhere", 32);
    check(&world, "1.0.0.1", "EU DE", 32);
    check(&world, "1.0.0.2", "EU DE", 31);
    check(&world, "1.0.0.5", "EU DE", 31);
    check(&world, "1.0.0.6", "EU DE", 32);
    check(&world, "1.0.0.7", "nowhere", 32);
    check(&world, "2a00::", "nowhere", 128);
    check(&world, "2a00::1", "EU FR", 128);
    check(&world, "2a00::ffff:ffff:ffff", "EU FR", -1);
    check(&world, "2a00::1:0:0:0", "EU FR", 128);
    check(&world, "2a00::1:0:0:1", "nowhere", 128);
    done(&world);
}

static void
a_range_may_be_one_address_or_everything(void **state)
{
    struct world world;

    (void)state;
    assert_int_equal(load(&world, "0.0.0.0,255.255.255.255,DE\n"
                                  "255.255.255.255,255.255.255.255,FR\n"
                                  "::,ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff,JP\n"
                                  "::,::,US\n"),
                     OK);
    check(&world, "0.0.0.0", "EU DE", 1);
    check(&world, "255.255.255.254", "EU DE", 32);
    check(&world, "255.255.255.255", "EU FR", 32);
    check(&world, "ffff::", "AS JP", 1);
    check(&world, "::", "NA US", 128);
    check(&world, "::1", "AS JP", 128);
    done(&world);
}

static void
later_lines_win_over_earlier_ones(void **state)
{
    struct world world;

    (void)state;
    assert_int_equal(load(&world, "1.0.0.0,1.255.255.255,DE\n1.2.0.0,1.2.255.255,FR\n"),
                     OK);
    check(&world, "1.1.0.0", "EU DE", 15);
    check(&world, "1.2.3.4", "EU FR", 16);
    done(&world);
}

/* ---- broken files ----------------------------------------------------------------- */

#define LONG_TEXT                                                                        \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
    "xxxx"                                                                               \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const struct {
    const char *line, *message;
} broken[] = {
    { "1.0.0.0,1.0.0.255", "expected start,end,country or start,end,asn: "
                           "'1.0.0.0,1.0.0.255'" },
    { "1.0.0.0,1.0.0.255,", "expected start,end,country or start,end,asn: "
                            "'1.0.0.0,1.0.0.255,'" },
    { "garbage", "expected start,end,country or start,end,asn: 'garbage'" },
    { "start,end,country", "not a range of addresses: 'start,end,country'" },
    { "1.0.0.0,::1,DE", "not a range of addresses: '1.0.0.0,::1,DE'" },
    { "1.0.0,1.0.0.255,DE", "not a range of addresses: '1.0.0,1.0.0.255,DE'" },
    { "-1,5,DE", "not a range of addresses: '-1,5,DE'" },
    { " 1,5,DE", "not a range of addresses: ' 1,5,DE'" },
    { "1,4294967296,DE", "not a range of addresses: '1,4294967296,DE'" },
    { "1,340282366920938463463374607431768211456,DE",
      "not a range of addresses: '1,340282366920938463463374607431768211456,DE'" },
    { "1.0.0.0/24,1.0.0.255,DE", "not a range of addresses: '1.0.0.0/24,1.0.0.255,DE'" },
    { "1.0.0.9,1.0.0.8,DE", "the range ends before it begins: '1.0.0.9,1.0.0.8,DE'" },
    { "9,8,DE", "the range ends before it begins: '9,8,DE'" },
    { "1.0.0.0,1.0.0.255,DEU", "neither a country code nor an AS number: 'DEU'" },
    { "1.0.0.0,1.0.0.255,D", "neither a country code nor an AS number: 'D'" },
    { "1.0.0.0,1.0.0.255,AS5", "neither a country code nor an AS number: 'AS5'" },
    { "1.0.0.0,1.0.0.255,4294967296",
      "neither a country code nor an AS number: '4294967296'" },
    { "1.0.0.0,1.0.0.255,55 ", "neither a country code nor an AS number: '55 '" },
    { "\xab\xcd\xef\x01", "neither a MaxMind database nor text; is the file cut short?" },
};

static void
a_broken_line_is_refused_with_its_number(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        struct world world;
        char text[256], message[256];
        (void)snprintf(text, sizeof(text), "# head\n1.1.1.1,1.1.1.1,DE\n%s\n2,2,DE\n",
                       broken[i].line);
        (void)snprintf(message, sizeof(message), "r.csv:3:1: %s", broken[i].message);
        assert_int_equal(load(&world, text), ERR_INVALID);
        geo_check_message(&world.diag, message);
        done(&world);
    }
}

static void
long_lines_are_refused_and_long_names_are_not(void **state)
{
    struct world world;

    (void)state;
    assert_int_equal(load(&world, "1,2,64500," LONG_TEXT LONG_TEXT LONG_TEXT LONG_TEXT
                                  "\n3,3,64501,\n"),
                     OK);
    check(&world, "0.0.0.3", "AS64501", 32);
    done(&world);
    assert_int_equal(load(&world, "1,2,DE\n1,2,5," LONG_TEXT LONG_TEXT LONG_TEXT LONG_TEXT
                                      LONG_TEXT LONG_TEXT LONG_TEXT "\n"),
                     ERR_INVALID);
    geo_check_message(&world.diag, "r.csv:2:1: a line of more than 1,000 bytes");
    done(&world);
}

static void
a_file_that_says_nothing_is_refused(void **state)
{
    struct world world;

    (void)state;
    assert_int_equal(load(&world, ""), ERR_INVALID);
    geo_check_message(&world.diag, "r.csv:1:1: no range is in it");
    done(&world);
    assert_int_equal(load(&world, "# only\n\n# comments\n"), ERR_INVALID);
    geo_check_message(&world.diag, "r.csv:1:1: no range is in it");
    done(&world);
    assert_int_equal(load(&world, "1,2,??\n3,4,0\n"), ERR_INVALID);
    geo_check_message(&world.diag, "r.csv:1:1: no country or ASN is in it");
    done(&world);
}

/* "13335" may have lost digits, "AU" is whole. */
static void
a_last_line_without_end_counts_if_it_is_whole(void **state)
{
    static const char asns[] = "1.0.0.0,1.0.0.255,13335,\"Cloudflare, Inc.\"\n"
                               "1.0.4.0,1.0.7.255,38803,Gtelecom\n";
    const size_t first = strcspn(asns, "\n") + 1;
    struct world world;

    (void)state;
    assert_int_equal(load(&world, "1.0.0.0,1.0.0.255,AU"), OK);
    check(&world, "1.0.0.0", "OC AU", 24);
    done(&world);
    for (size_t cut = first + 1; cut < sizeof(asns) - 1; cut++) {
        assert_int_equal(load_bytes(&world, asns, cut), ERR_INVALID);
        assert_int_equal(world.diag.error_count, 1);
        assert_int_equal(world.diag.messages[0].line, 2);
        done(&world);
    }
}

/* What a file system may leave of a file after a crash. */
static void
zeros_in_the_file_are_refused(void **state)
{
    static const char text[] = "1.0.0.0,1.0.0.255,AU\n\0\0\0\0\0\0\0\0\0";
    static const char inside[] = "1.0.0.0,1.0.0.255,AU\n2.0.0.0,2.0.0.255,\0\0\n3,3,DE\n";
    struct world world;

    (void)state;
    assert_int_equal(load_bytes(&world, text, sizeof(text)), ERR_INVALID);
    geo_check_message(&world.diag, "r.csv:2:1: neither a MaxMind database nor text; is "
                                   "the file cut short?");
    done(&world);
    assert_int_equal(load_bytes(&world, inside, sizeof(inside) - 1), ERR_INVALID);
    geo_check_message(&world.diag, "r.csv:2:1: neither a MaxMind database nor text; is "
                                   "the file cut short?");
    done(&world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tor_geoip_has_numbers),
        cmocka_unit_test(tor_geoip6_has_addresses),
        cmocka_unit_test(ip_location_db_has_countries),
        cmocka_unit_test(ip_location_db_has_asns),
        cmocka_unit_test(ip_location_db_has_numbers_of_ipv6),
        cmocka_unit_test(each_range_says_where_it_comes_from),
        cmocka_unit_test(ranges_need_not_be_prefixes),
        cmocka_unit_test(a_range_may_be_one_address_or_everything),
        cmocka_unit_test(later_lines_win_over_earlier_ones),
        cmocka_unit_test(a_broken_line_is_refused_with_its_number),
        cmocka_unit_test(long_lines_are_refused_and_long_names_are_not),
        cmocka_unit_test(a_file_that_says_nothing_is_refused),
        cmocka_unit_test(a_last_line_without_end_counts_if_it_is_whole),
        cmocka_unit_test(zeros_in_the_file_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
