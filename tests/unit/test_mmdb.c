/* SPDX-License-Identifier: BSD-2-Clause */
/* One MaxMind database: every form of tree, every schema in the wild, and broken files.
 */
#include "geoip/mmdb.h"
#include "geoip/trie.h"
#include "tests/lib/geo.h"
#include "tests/lib/maxmind.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { SOURCE = 7, RECORD_SIZE = 210000 };

/* A database being tested, and what was read of it. */
struct world {
    struct maxmind *mm;
    struct place_table *places;
    struct diag diag;
    struct mmdb_result result;
};

static void
world_init(struct world *world, unsigned record_bits, unsigned ip_version)
{
    *world = (struct world){ .mm = maxmind_new(record_bits, ip_version),
                             .places = place_table_new() };
    assert_non_null(world->places);
    diag_init(&world->diag);
}

static void
world_done(struct world *world)
{
    maxmind_free(world->mm);
    place_table_free(world->places);
    trie_free(world->result.trie);
    diag_done(&world->diag);
}

static enum status
world_load(struct world *world)
{
    const int fd = maxmind_open(world->mm);
    const struct mmdb_read read = { "test.mmdb", fd, SOURCE, world->places };
    const enum status status = mmdb_load(&read, &world->diag, &world->result);

    close(fd);
    return status;
}

static void
check(const struct world *world, const char *address, const char *text, int len)
{
    geo_check(world->result.trie, world->places, address, text, len);
}

/* ---- trees ------------------------------------------------------------------------ */

static void
every_record_size_reads_alike(void **state)
{
    static const unsigned sizes[] = { 24, 28, 32 };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct world world;
        world_init(&world, sizes[i], 4);
        maxmind_add(world.mm, "192.0.0.0/8", "{country {iso_code DE}}");
        maxmind_add(world.mm, "192.1.0.0/16", "{country {iso_code FR}}");
        maxmind_add(world.mm, "8.8.8.8/32", "{country {iso_code US}}");
        assert_int_equal(world_load(&world), OK);
        check(&world, "192.0.0.0", "EU DE", 16);
        check(&world, "192.255.255.255", "EU DE", 9);
        check(&world, "192.1.255.255", "EU FR", 16);
        check(&world, "8.8.8.8", "NA US", 32);
        check(&world, "8.8.8.9", "nowhere", 32);
        check(&world, "0.0.0.0", "nowhere", 5);
        check(&world, "2001:db8::1", "nowhere", 0);
        world_done(&world);
    }
}

static void
ipv4_lies_within_a_tree_of_ipv6(void **state)
{
    struct world world;

    (void)state;
    world_init(&world, 28, 6);
    maxmind_add(world.mm, "198.0.0.0/8", "{country {iso_code BR}}");
    maxmind_add(world.mm, "2a00::/16", "{country {iso_code NL}}");
    assert_int_equal(world_load(&world), OK);
    check(&world, "198.7.8.9", "SA BR", 8);
    check(&world, "2a00:1::1", "EU NL", 16);
    check(&world, "::c600:1", "nowhere", -1); /* IPv4's part is not IPv6's, too */
    assert_int_equal(world.result.network_count, 2);
    world_done(&world);
}

static void
aliases_of_ipv4_are_walked_once(void **state)
{
    struct world world;

    (void)state;
    world_init(&world, 24, 6);
    maxmind_add(world.mm, "198.0.0.0/8", "{country {iso_code BR}}");
    maxmind_add(world.mm, "2a00::/16", "{country {iso_code NL}}");
    maxmind_alias(world.mm, "::ffff:0:0/96");
    maxmind_alias(world.mm, "2002::/16");
    maxmind_alias(world.mm, "2001::/32");
    assert_int_equal(world_load(&world), OK);
    check(&world, "198.7.8.9", "SA BR", 8);
    check(&world, "2a00:1::1", "EU NL", 16);
    check(&world, "2002:c600:1::", "nowhere", -1); /* geo_map_find looks there as IPv4 */
    assert_int_equal(world.result.network_count, 2);
    world_done(&world);
}

static void
one_record_may_hold_all_of_ipv4(void **state)
{
    struct world world;

    (void)state;
    world_init(&world, 24, 6);
    maxmind_add(world.mm, "::/8", "{country {iso_code JP}}");
    maxmind_add(world.mm, "2a00::/16", "{country {iso_code NL}}");
    assert_int_equal(world_load(&world), OK);
    check(&world, "198.7.8.9", "AS JP", 0);
    check(&world, "2a00:1::1", "EU NL", 16);
    world_done(&world);
}

static void
a_database_may_lack_ipv4(void **state)
{
    struct world world;

    (void)state;
    world_init(&world, 24, 6);
    maxmind_add(world.mm, "2a00::/16", "{country {iso_code NL}}");
    assert_int_equal(world_load(&world), OK);
    check(&world, "198.7.8.9", "nowhere", 0);
    check(&world, "2a00::", "EU NL", 16);
    world_done(&world);
}

static void
prefixes_of_all_lengths_are_found(void **state)
{
    struct world world;
    char text[PREFIX_TEXT_SIZE];

    (void)state;
    world_init(&world, 32, 6);
    const uint32_t record = maxmind_record(world.mm, "{asn u32:5}");
    for (unsigned len = 97; len <= 128; len++) {
        struct prefix prefix = { geo_addr("2a00::8000:0:0"), (uint8_t)len };
        prefix.addr.bytes[(len - 1) / 8] |= (uint8_t)(0x80U >> (len - 1) % 8);
        maxmind_insert(world.mm, prefix_text(&prefix, text), record);
    }
    assert_int_equal(world_load(&world), OK);
    check(&world, "2a00::8000:0:1", "AS5", 128);
    check(&world, "2a00::8000:0:2", "AS5", -1);
    check(&world, "2a00::8000:8000:0", "AS5", 97);
    check(&world, "2a00::8000:0:0", "nowhere", 128);
    world_done(&world);
}

static void
equal_records_merge_to_one_leaf(void **state)
{
    struct world world;

    (void)state;
    world_init(&world, 24, 4);
    maxmind_add(world.mm, "10.0.0.0/9", "{country_code DE}");
    maxmind_add(world.mm, "10.128.0.0/9", "{country_code DE city Berlin}");
    assert_int_equal(world_load(&world), OK);
    check(&world, "10.200.0.0", "EU DE", 8);
    assert_int_equal(world.result.network_count, 2);
    world_done(&world);
}

static void
the_metadata_is_told(void **state)
{
    struct world world;

    (void)state;
    world_init(&world, 24, 4);
    maxmind_metadata(world.mm)->type = "GeoLite2-City";
    maxmind_metadata(world.mm)->build_unix_s = 1234567890123;
    maxmind_add(world.mm, "10.0.0.0/9", "{country_code DE}");
    assert_int_equal(world_load(&world), OK);
    assert_string_equal(world.result.type, "GeoLite2-City");
    assert_true(world.result.build_unix_s == 1234567890123);
    assert_int_equal(world.diag.count, 0);
    world_done(&world);
}

/* ---- schemas ---------------------------------------------------------------------- */

static const struct {
    const char *record, *place;
} schemas[] = {
    /* MaxMind: City, Country, ASN, ISP */
    { "{city {geoname_id u32:2950159 names {en Berlin}} continent {code EU geoname_id "
      "u32:6255148} country {geoname_id u32:2921044 is_in_european_union bool:1 iso_code "
      "DE} location {accuracy_radius u16:20 latitude double:52.5 longitude double:13.4 "
      "time_zone Europe/Berlin} registered_country {iso_code FR} subdivisions [{iso_code "
      "BE names {en Berlin}} {iso_code XX}]}",
      "EU DE DE-BE 52.5,13.4" },
    { "{continent {code NA} country {iso_code US} registered_country {iso_code US}}",
      "NA US" },
    { "{autonomous_system_number u32:13335 autonomous_system_organization CLOUDFLARE}",
      "AS13335" },
    { "{country {iso_code US} traits {autonomous_system_number u32:15169 "
      "is_anycast bool:1}}",
      "NA US AS15169" },
    { "{traits {autonomous_system_number u32:15169}}", "AS15169" },
    { "{continent {code EU} registered_country {iso_code FR} represented_country "
      "{iso_code US}}",
      "EU" }, /* a country is the record's own */
    { "{registered_country {iso_code FR}}", "nowhere" },
    { "{continent {code AS} country {iso_code TR}}", "AS TR" },
    { "{continent {code EU} country {iso_code TR}}", "EU TR" }, /* its own word */
    { "{country {iso_code TR}}", "AS TR" },                     /* else the country's */
    { "{country {iso_code US} subdivisions [{iso_code US-CA}]}", "NA US US-CA" },
    { "{country {iso_code FR} subdivisions [{iso_code 75}]}", "EU FR FR-75" },
    { "{country {iso_code FR} subdivisions []}", "EU FR" },
    /* DB-IP Lite: subdivisions have names alone */
    { "{city {names {en Paris}} continent {code EU} country {iso_code FR "
      "is_in_european_union bool:1} location {latitude float:48.5 longitude float:2.25} "
      "subdivisions [{names {en Ile-de-France}}]}",
      "EU FR 48.5,2.25" },
    /* ip-location-db */
    { "{country_code AU}", "OC AU" },
    { "{city Sydney country_code AU latitude double:-33.5 longitude double:151.25 "
      "postcode 2000 state1 'New South Wales' state2 '' timezone ''}",
      "OC AU -33.5,151.2" },
    { "{autonomous_system_number u32:56203 autonomous_system_organization Gtelecom}",
      "AS56203" },
    /* IPinfo: country_asn, Lite, location, asn */
    { "{as_domain google.com as_name 'Google LLC' asn AS15169 continent NA "
      "continent_name 'North America' country US country_name 'United States'}",
      "NA US AS15169" },
    { "{as_domain google.com as_name 'Google LLC' asn AS15169 continent 'North America' "
      "continent_code NA country 'United States' country_code US}",
      "NA US AS15169" },
    { "{city 'Mountain View' country US lat '37.5' lng '-122.25' region California "
      "region_code CA}",
      "NA US US-CA 37.5,-122.2" },
    { "{asn AS64500 domain example.com name Example route 192.0.2.0/24 type isp}",
      "AS64500" },
    /* Others: IP2Location's and the like */
    { "{countryCode KE lat double:-1.5 lon double:36.75 as_number u32:4200000000}",
      "AF KE -1.5,36.75 AS4200000000" },
    { "{country_code CA state_code BC latitude i32:49 longitude i32:-123}",
      "NA CA CA-BC 49,-123" },
};

static void
every_schema_in_the_wild_is_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++) {
        struct world world;
        world_init(&world, 24, 4);
        maxmind_add(world.mm, "192.0.2.0/24", schemas[i].record);
        maxmind_add(world.mm, "198.0.0.0/8", "{country_code DE}"); /* so it is of use */
        assert_int_equal(world_load(&world), OK);
        check(&world, "192.0.2.1", schemas[i].place, -1);
        world_done(&world);
    }
}

/* What is no place is left out, not taken for one. */
static const struct {
    const char *record, *place;
} oddities[] = {
    { "{country_code ZZ}", "nowhere" },
    { "{country_code EU}", "nowhere" },
    { "{country_code ''}", "nowhere" },
    { "{country_code DEU}", "nowhere" },
    { "{country_code u32:49}", "nowhere" },
    { "{country_code DE continent_code XX}", "EU DE" },
    { "{country_code DE region_code 'North Rhine'}", "EU DE" },
    { "{country_code DE region_code A_B}", "EU DE" },
    { "{country_code US region_code ca}", "NA US US-CA" },
    { "{region_code CA}", "nowhere" },
    { "{country_code DE latitude double:91 longitude double:5}", "EU DE" },
    { "{country_code DE latitude double:5 longitude double:-180.5}", "EU DE" },
    { "{country_code DE latitude double:5}", "EU DE" },
    { "{country_code DE latitude double:nan longitude double:nan}", "EU DE" },
    { "{country_code DE latitude 'nan' longitude 'nan'}", "EU DE" },
    { "{country_code DE latitude double:inf longitude double:0}", "EU DE" },
    { "{country_code DE latitude 'north' longitude '5'}", "EU DE" },
    { "{country_code DE asn u32:0}", "EU DE" },
    { "{country_code DE asn u64:4294967296}", "EU DE" },
    { "{country_code DE asn AS12x}", "EU DE" },
    { "{country_code DE asn AS}", "EU DE" },
    { "{country_code DE asn i32:-5}", "EU DE" },
    { "{country_code DE asn bool:1}", "EU DE" },
    { "{country_code DE asn u128:64500}", "EU DE" },
    { "{country_code DE asn bytes:0102}", "EU DE" },
    { "{country [DE]}", "nowhere" },
    { "{}", "nowhere" },
    { "[country_code DE]", "nowhere" },
    { "DE", "nowhere" },
    { "u32:5", "nowhere" },
};

static void
what_is_no_place_is_left_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(oddities) / sizeof(oddities[0]); i++) {
        struct world world;
        world_init(&world, 24, 4);
        maxmind_add(world.mm, "192.0.2.0/24", oddities[i].record);
        maxmind_add(world.mm, "198.0.0.0/8", "{country_code FR}");
        assert_int_equal(world_load(&world), OK);
        check(&world, "192.0.2.1", oddities[i].place, -1);
        world_done(&world);
    }
}

static void
long_texts_are_no_codes(void **state)
{
    static const size_t lengths[] = { 28, 29, 63, 64, 284, 285, 65820, 65821, 100000 };
    char *const record = malloc(RECORD_SIZE);

    (void)state;
    assert_non_null(record);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct world world;
        (void)snprintf(record, RECORD_SIZE,
                       "{name %0*d country_code DE region_code %0*d}", (int)lengths[i], 0,
                       (int)lengths[i], 0);
        world_init(&world, 32, 4);
        maxmind_add(world.mm, "192.0.2.0/24", record);
        assert_int_equal(world_load(&world), OK);
        check(&world, "192.0.2.1", "EU DE", 24);
        world_done(&world);
    }
    free(record);
}

static void
pointers_are_followed(void **state)
{
    struct world world;
    char record[128];

    (void)state;
    world_init(&world, 24, 4);
    const uint32_t key = maxmind_record(world.mm, "country");
    const uint32_t value = maxmind_record(world.mm, "{iso_code DE}");
    (void)snprintf(record, sizeof(record), "{@%u @%u}", (unsigned)key, (unsigned)value);
    maxmind_add(world.mm, "192.0.2.0/24", record);
    assert_int_equal(world_load(&world), OK);
    check(&world, "192.0.2.1", "EU DE", 24);
    world_done(&world);
}

static void
each_field_says_where_it_comes_from(void **state)
{
    struct world world;
    uint8_t len;
    const struct addr addr = geo_addr("192.0.2.1");

    (void)state;
    world_init(&world, 24, 4);
    maxmind_add(world.mm, "192.0.2.0/24", "{country_code DE asn u32:5}");
    assert_int_equal(world_load(&world), OK);
    const struct place *const place =
        place_get(world.places, trie_find(world.result.trie, &addr, &len));
    assert_int_equal(place->from[PLACE_COUNTRY], SOURCE);
    assert_int_equal(place->from[PLACE_ASN], SOURCE);
    assert_int_equal(place->from[PLACE_SUBDIVISION], 0);
    assert_int_equal(place->from[PLACE_LOCATION], 0);
    world_done(&world);
}

/* ---- broken files ----------------------------------------------------------------- */

static void
check_refused(struct world *world, const char *message)
{
    assert_int_equal(world_load(world), ERR_INVALID);
    geo_check_message(&world->diag, message);
    world_done(world);
}

/* A small sound one, to break. */
static void
sound(struct world *world, unsigned ip_version)
{
    world_init(world, 24, ip_version);
    maxmind_add(world->mm, "192.0.2.0/24", "{country_code DE}");
    maxmind_add(world->mm, "198.0.0.0/8", "{country_code FR}");
}

static void
a_record_past_the_data_is_refused(void **state)
{
    struct world world;

    (void)state;
    sound(&world, 4);
    maxmind_poke(world.mm, 3, 1, 0xffffff);
    check_refused(&world, "test.mmdb:1:1: broken: a record points out of the file");
}

static void
a_record_between_tree_and_data_is_refused(void **state)
{
    static const uint32_t past[] = { 1, 14, 15 };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct world world;
        sound(&world, 4);
        maxmind_poke(world.mm, 3, 1, maxmind_node_count(world.mm) + past[i]);
        check_refused(&world, "test.mmdb:1:1: broken: a record points out of the file");
    }
}

static void
a_tree_that_goes_in_circles_is_refused(void **state)
{
    static const unsigned versions[] = { 4, 6 };
    static const uint32_t targets[] = { 1, 2, 3 };

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        struct world world;
        sound(&world, versions[i % 2]);
        maxmind_poke(world.mm, 3, 1, targets[i / 2]);
        assert_int_equal(world_load(&world), ERR_INVALID);
        assert_int_equal(world.diag.error_count, 1);
        world_done(&world);
    }
}

static void
a_tree_deeper_than_an_address_is_refused(void **state)
{
    struct world world;

    (void)state;
    world_init(&world, 24, 6);
    maxmind_add(world.mm, "2a00::1/128", "{country_code DE}");
    maxmind_metadata(world.mm)->ip_version = 4;
    check_refused(&world,
                  "test.mmdb:1:1: broken: the tree is deeper than an address is long");
}

static void
wrong_metadata_is_refused(void **state)
{
    static const struct maxmind_metadata wrong[] = {
        { .type = "T", .record_bits = 20 },        { .type = "T", .record_bits = 48 },
        { .type = "T", .ip_version = 5 },          { .type = "T", .major = 3 },
        { .type = "T", .node_count = 0xffffffff }, { .type = "T", .node_count = 100000 },
        { .type = "T", .absent = true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct world world;
        sound(&world, 4);
        *maxmind_metadata(world.mm) = wrong[i];
        assert_int_equal(world_load(&world), ERR_INVALID);
        assert_int_equal(world.diag.error_count, 1);
        assert_non_null(
            strstr(world.diag.messages[0].text, "not a sound MaxMind database: "));
        world_done(&world);
    }
}

/* The product of nodes and their size wraps in 32 bits to what the file may well have. */
static void
a_tree_of_more_than_4_gib_is_refused(void **state)
{
    static const struct {
        unsigned bits;
        uint32_t node_count;
    } wraps[] = { { 24, 0xffffffff }, { 24, 715827883 },  { 24, 0xaaaaaaab },
                  { 32, 0x20000001 }, { 32, 0x80000002 }, { 28, 613566757 } };

    (void)state;
    for (size_t i = 0; i < sizeof(wraps) / sizeof(wraps[0]); i++) {
        struct world world;
        world_init(&world, wraps[i].bits, 4);
        maxmind_add(world.mm, "20.0.0.0/16", "{country_code DE}");
        maxmind_poke(world.mm, 3, 1, 0x810000); /* a node, by that count */
        maxmind_metadata(world.mm)->node_count = wraps[i].node_count;
        assert_int_equal(world_load(&world), ERR_INVALID);
        assert_int_equal(world.diag.error_count, 1);
        world_done(&world);
    }
}

static void
a_file_cut_short_anywhere_never_crashes(void **state)
{
    struct world world;
    size_t len;

    (void)state;
    sound(&world, 6);
    uint8_t *const bytes = maxmind_bytes(world.mm, &len);
    for (size_t cut = 0; cut < len; cut++) {
        char path[] = "/tmp/mer-mmdb-XXXXXX";
        const int fd = mkstemp(path);
        assert_true(fd >= 0 && unlink(path) == 0);
        assert_int_equal(write(fd, bytes, cut), cut);
        const struct mmdb_read read = { "cut", fd, 1, world.places };
        assert_int_equal(mmdb_load(&read, &world.diag, &world.result), ERR_INVALID);
        close(fd);
    }
    free(bytes);
    world_done(&world);
}

static void
broken_data_is_nowhere_and_never_crashes(void **state)
{
    static const char *const records[] = {
        "@0", "@5000000", "{country_code @0}", "{country @4000}", "{@0 @0}", "end:"
    };

    (void)state;
    for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
        struct world world;
        world_init(&world, 24, 4);
        maxmind_add(world.mm, "192.0.2.0/24", records[i]); /* at offset 0 */
        maxmind_add(world.mm, "198.0.0.0/8", "{country_code FR}");
        const enum status status = world_load(&world);
        assert_true(status == OK || status == ERR_INVALID);
        if (status == OK)
            check(&world, "192.0.2.1", "nowhere", -1);
        world_done(&world);
    }
}

static void
a_database_without_any_place_is_refused(void **state)
{
    struct world world;

    (void)state;
    world_init(&world, 24, 6);
    maxmind_add(world.mm, "192.0.2.0/24", "{is_anonymous bool:1}");
    check_refused(&world, "test.mmdb:1:1: no country, place or ASN is in it");
    world_init(&world, 24, 6);
    check_refused(&world, "test.mmdb:1:1: no country, place or ASN is in it");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_record_size_reads_alike),
        cmocka_unit_test(ipv4_lies_within_a_tree_of_ipv6),
        cmocka_unit_test(aliases_of_ipv4_are_walked_once),
        cmocka_unit_test(one_record_may_hold_all_of_ipv4),
        cmocka_unit_test(a_database_may_lack_ipv4),
        cmocka_unit_test(prefixes_of_all_lengths_are_found),
        cmocka_unit_test(equal_records_merge_to_one_leaf),
        cmocka_unit_test(the_metadata_is_told),
        cmocka_unit_test(every_schema_in_the_wild_is_understood),
        cmocka_unit_test(what_is_no_place_is_left_out),
        cmocka_unit_test(long_texts_are_no_codes),
        cmocka_unit_test(pointers_are_followed),
        cmocka_unit_test(each_field_says_where_it_comes_from),
        cmocka_unit_test(a_record_past_the_data_is_refused),
        cmocka_unit_test(a_record_between_tree_and_data_is_refused),
        cmocka_unit_test(a_tree_that_goes_in_circles_is_refused),
        cmocka_unit_test(a_tree_deeper_than_an_address_is_refused),
        cmocka_unit_test(wrong_metadata_is_refused),
        cmocka_unit_test(a_tree_of_more_than_4_gib_is_refused),
        cmocka_unit_test(a_file_cut_short_anywhere_never_crashes),
        cmocka_unit_test(broken_data_is_nowhere_and_never_crashes),
        cmocka_unit_test(a_database_without_any_place_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
