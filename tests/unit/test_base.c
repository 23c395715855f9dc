/* SPDX-License-Identifier: BSD-2-Clause */
/* The base: several databases laid over each other, the operator's networks over them,
 * special-purpose space, IPv4 hidden in IPv6, and files that are broken or change. */
#include "geoip/base.h"
#include "geoip/special.h"
#include "geoip/trie.h"
#include "tests/lib/geo.h"
#include "tests/lib/maxmind.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { FILES_MAX = 6, NETS_MAX = 8, RECORDS_MAX = 6 };

struct record {
    const char *prefix, *text;
};

/* A folder with files, and the base made of them. */
struct world {
    struct geo_folder folder;
    char paths[FILES_MAX][GEO_PATH_SIZE];
    const char *files[FILES_MAX];
    size_t file_count;
    struct geo_network networks[NETS_MAX];
    size_t network_count;
    struct prefix at_word[NETS_MAX];
    size_t at_word_count;
    struct diag diag;
    struct geo_base *base;
};

static int
setup(void **state)
{
    struct world *const world = calloc(1, sizeof(*world));

    assert_non_null(world);
    geo_folder_init(&world->folder);
    diag_init(&world->diag);
    *state = world;
    return 0;
}

static int
teardown(void **state)
{
    struct world *const world = *state;

    geo_base_free(world->base);
    diag_done(&world->diag);
    geo_folder_done(&world->folder);
    free(world);
    return 0;
}

/* The path of one more file, which is the weakest yet. */
static const char *
add_path(struct world *world, const char *name)
{
    const size_t i = world->file_count++;

    assert_true(i < FILES_MAX);
    world->files[i] = geo_folder_path(&world->folder, name, world->paths[i]);
    return world->files[i];
}

static struct maxmind *
database(const struct record records[RECORDS_MAX])
{
    struct maxmind *const mm = maxmind_new(28, 6);

    for (size_t i = 0; i < RECORDS_MAX && records[i].prefix; i++)
        maxmind_add(mm, records[i].prefix, records[i].text);
    return mm;
}

static void
add_database(struct world *world, const char *name,
             const struct record records[RECORDS_MAX])
{
    struct maxmind *const mm = database(records);

    maxmind_write(mm, add_path(world, name), SIZE_MAX);
    maxmind_free(mm);
}

static void
add_text(struct world *world, const char *name, const char *text)
{
    geo_write(add_path(world, name), text, strlen(text));
}

static struct geo_network *
add_network(struct world *world, const char *prefix)
{
    struct geo_network *const network = &world->networks[world->network_count++];

    assert_true(world->network_count <= NETS_MAX);
    network->prefix = geo_prefix(prefix);
    return network;
}

static void
give_country(struct geo_network *network, const char country[3])
{
    memcpy(network->place.country, country, 3);
    memcpy(network->place.continent, country_continent(country), 2);
    network->gives_country = true;
}

static void
load(struct world *world)
{
    const struct geo_base_options options = { .files = world->files,
                                              .file_count = world->file_count,
                                              .networks = world->networks,
                                              .network_count = world->network_count,
                                              .at_word = world->at_word,
                                              .at_word_count = world->at_word_count };

    geo_base_free(world->base);
    world->base = NULL;
    diag_clear(&world->diag);
    assert_int_equal(geo_base_load(&options, &world->diag, &world->base), OK);
}

static void
check_as(const struct world *world, const char *address, unsigned source_len,
         const char *text, int len)
{
    char buffer[GEO_TEXT_SIZE];
    uint8_t got = 0;
    const struct addr addr = geo_addr(address);
    const struct place *const place =
        geo_base_locate(world->base, &addr, (uint8_t)source_len, &got);

    geo_place_text(place, buffer);
    if (strcmp(buffer, text) != 0 || (len >= 0 && got != len))
        fail_msg("%s is '%s' of %u bits, not '%s' of %d", address, buffer, (unsigned)got,
                 text, len);
}

static void
check(const struct world *world, const char *address, const char *text, int len)
{
    check_as(world, address, strchr(address, ':') ? 128 : 32, text, len);
}

/* ---- several files ---------------------------------------------------------------- */

static const struct record city[RECORDS_MAX] = {
    { "20.0.0.0/8", "{continent {code EU} country {iso_code DE} location {latitude "
                    "double:52.5 longitude double:13.5} subdivisions [{iso_code BE}]}" },
    { "20.1.0.0/16", "{continent {code EU} country {iso_code FR}}" },
    { "21.0.0.0/8", "{continent {code EU}}" },
    { "2a00::/16", "{continent {code EU} country {iso_code NL}}" },
};
static const struct record asn[RECORDS_MAX] = {
    { "20.0.0.0/9", "{autonomous_system_number u32:64500}" },
    { "22.0.0.0/8", "{autonomous_system_number u32:64501}" },
    { "2a00::/12", "{autonomous_system_number u32:64502}" },
};

static void
a_later_file_adds_what_earlier_ones_lack(void **state)
{
    struct world *const world = *state;

    add_database(world, "city.mmdb", city);
    add_database(world, "asn.mmdb", asn);
    load(world);
    assert_true(geo_base_complete(world->base));
    assert_int_equal(world->diag.count, 0);
    check(world, "20.2.0.1", "EU DE DE-BE 52.5,13.5 AS64500", 15);
    check(world, "20.128.0.1", "EU DE DE-BE 52.5,13.5", 9);
    check(world, "20.1.0.1", "EU FR AS64500", 16);
    check(world, "22.0.0.1", "AS64501", 8);
    check(world, "2a00::1", "EU NL AS64502", 16);
    check(world, "2a01::1", "AS64502", 16);
    check(world, "23.0.0.1", "nowhere", -1);
}

static void
the_earlier_file_is_the_stronger_one(void **state)
{
    struct world *const world = *state;

    add_database(world, "asn.mmdb", asn);
    add_database(world, "city.mmdb", city);
    add_text(world, "countries.csv",
             "20.0.0.0,20.255.255.255,US\n22.0.0.0,22.0.255.255,BR\n");
    add_text(world, "asns.csv", "20.0.0.0,20.255.255.255,1,One\n");
    load(world);
    check(world, "20.2.0.1", "EU DE DE-BE 52.5,13.5 AS64500", 15);
    check(world, "20.128.0.1", "EU DE DE-BE 52.5,13.5 AS1", 9);
    check(world, "22.0.1.1", "SA BR AS64501", 16);
}

/* A subdivision or a location that another file knows lies in that file's country. */
static void
what_lies_in_another_country_is_not_added(void **state)
{
    static const struct record strong[RECORDS_MAX] = {
        { "20.0.0.0/16", "{country {iso_code DE}}" },
        { "20.1.0.0/16", "{continent {code EU}}" },
        { "20.2.0.0/16", "{location {latitude double:1.5 longitude double:2.5}}" },
    };
    static const struct record weak[RECORDS_MAX] = {
        { "20.0.0.0/8",
          "{continent {code NA} country {iso_code US} location {latitude double:37.5 "
          "longitude double:-122.25} subdivisions [{iso_code CA}] "
          "autonomous_system_number u32:5}" },
    };
    struct world *const world = *state;

    add_database(world, "strong.mmdb", strong);
    add_database(world, "weak.mmdb", weak);
    load(world);
    check(world, "20.0.0.1", "EU DE AS5", 16);
    check(world, "20.1.0.1", "EU AS5", 16);
    check(world, "20.2.0.1", "NA US US-CA 1.5,2.5 AS5", 16);
    check(world, "20.3.0.1", "NA US US-CA 37.5,-122.2 AS5", 16);
}

static void
what_lies_in_the_same_country_is_added(void **state)
{
    static const struct record strong[RECORDS_MAX] = {
        { "20.0.0.0/16", "{country {iso_code US}}" },
        { "20.1.0.0/16", "{continent {code NA}}" },
    };
    static const struct record weak[RECORDS_MAX] = {
        { "20.0.0.0/8", "{country {iso_code US} location {latitude double:37.5 longitude "
                        "double:-122.25} subdivisions [{iso_code CA}]}" },
    };
    struct world *const world = *state;

    add_database(world, "strong.mmdb", strong);
    add_database(world, "weak.mmdb", weak);
    load(world);
    check(world, "20.0.0.1", "NA US US-CA 37.5,-122.2", -1);
    check(world, "20.1.0.1", "NA US US-CA 37.5,-122.2", -1);
}

static void
each_field_says_which_file_it_is_of(void **state)
{
    struct world *const world = *state;
    const struct addr addr = geo_addr("20.2.0.1");
    const struct geo_source *sources;
    uint8_t len;

    add_database(world, "asn.mmdb", asn);
    add_database(world, "city.mmdb", city);
    load(world);
    const struct place *const place = geo_base_locate(world->base, &addr, 32, &len);
    assert_int_equal(place->from[PLACE_ASN], 1);
    assert_int_equal(place->from[PLACE_COUNTRY], 2);
    assert_int_equal(place->from[PLACE_SUBDIVISION], 2);
    assert_int_equal(place->from[PLACE_LOCATION], 2);
    assert_int_equal(geo_base_sources(world->base, &sources), 2);
    assert_string_equal(sources[1].path, world->files[1]);
    assert_string_equal(sources[1].type, "Test");
    assert_true(sources[1].loaded && sources[1].build_unix_s == 1700000000);
    assert_int_equal(sources[1].network_count, 11);
}

static void
no_file_at_all_is_nowhere(void **state)
{
    struct world *const world = *state;

    load(world);
    assert_true(geo_base_complete(world->base));
    check(world, "20.0.0.1", "nowhere", -1);
    check(world, "2a00::", "nowhere", -1);
}

/* ---- the operator's networks ------------------------------------------------------ */

static void
a_country_given_drops_what_lay_in_the_old_one(void **state)
{
    struct world *const world = *state;

    add_database(world, "city.mmdb", city);
    add_database(world, "asn.mmdb", asn);
    give_country(add_network(world, "20.2.0.0/16"), "US");
    load(world);
    check(world, "20.2.0.1", "NA US AS64500", 16);
    check(world, "20.3.0.1", "EU DE DE-BE 52.5,13.5 AS64500", 16);
}

static void
even_the_same_country_given_drops_its_parts(void **state)
{
    struct world *const world = *state;

    add_database(world, "city.mmdb", city);
    give_country(add_network(world, "20.2.0.0/16"), "DE");
    load(world);
    check(world, "20.2.0.1", "EU DE", 16);
}

static void
other_fields_replace_only_themselves(void **state)
{
    struct world *const world = *state;

    add_database(world, "city.mmdb", city);
    add_database(world, "asn.mmdb", asn);
    struct geo_network *const as = add_network(world, "20.2.0.0/16");
    as->gives_asn = true;
    as->place.asn = 7;
    struct geo_network *const at = add_network(world, "20.3.0.0/16");
    at->gives_location = true;
    at->place.latitude = -10;
    at->place.longitude = 20;
    add_network(world, "20.4.0.0/16")->tag = "office";
    load(world);
    check(world, "20.2.0.1", "EU DE DE-BE 52.5,13.5 AS7", 16);
    check(world, "20.3.0.1", "EU DE DE-BE -10,20 AS64500", 16);
    check(world, "20.4.0.1", "EU DE DE-BE 52.5,13.5 AS64500 tag 1", 16);
}

static void
all_fields_given_are_taken(void **state)
{
    struct world *const world = *state;
    size_t tag_count;

    add_database(world, "city.mmdb", city);
    struct geo_network *const network = add_network(world, "20.2.0.0/16");
    give_country(network, "US");
    memcpy(network->place.subdivision, "US-CA", 6);
    network->gives_subdivision = network->gives_location = network->gives_asn = true;
    network->place.latitude = 37.5F;
    network->place.longitude = -122.25F;
    network->place.asn = 7;
    network->tag = "west";
    load(world);
    check(world, "20.2.0.1", "NA US US-CA 37.5,-122.2 AS7 tag 1", 16);
    const char *const *const tags = geo_base_tags(world->base, &tag_count);
    assert_int_equal(tag_count, 2);
    assert_string_equal(tags[0], "");
    assert_string_equal(tags[1], "west");
}

/* In whatever order they are written. */
static void
longer_networks_win_and_keep_what_they_do_not_give(void **state)
{
    struct world *const world = *state;

    struct geo_network *const inner = add_network(world, "20.2.3.0/24");
    inner->gives_asn = true;
    inner->place.asn = 9;
    struct geo_network *const outer = add_network(world, "20.2.0.0/16");
    give_country(outer, "JP");
    outer->tag = "outer";
    outer->gives_asn = true;
    outer->place.asn = 8;
    give_country(add_network(world, "20.2.3.4/32"), "US");
    load(world);
    check(world, "20.2.0.1", "AS JP AS8 tag 1", -1);
    check(world, "20.2.3.1", "AS JP AS9 tag 1", -1);
    check(world, "20.2.3.4", "NA US AS9 tag 1", 32);
}

static void
networks_of_one_tag_share_it(void **state)
{
    struct world *const world = *state;
    size_t tag_count;

    add_network(world, "20.2.0.0/16")->tag = "a";
    add_network(world, "20.4.0.0/16")->tag = "b";
    add_network(world, "2a00::/16")->tag = "a";
    load(world);
    check(world, "20.2.0.1", "tag 1", 16);
    check(world, "20.4.0.1", "tag 2", 16);
    check(world, "2a00::1", "tag 1", 16);
    (void)geo_base_tags(world->base, &tag_count);
    assert_int_equal(tag_count, 3);
}

/* ---- special-purpose space -------------------------------------------------------- */

static void
special_space_is_nowhere_whatever_databases_say(void **state)
{
    static const char *const special[] = {
        "0.0.0.0",     "10.1.2.3",       "100.64.0.1",      "127.0.0.1",
        "169.254.1.1", "172.31.255.255", "192.0.0.8",       "192.0.2.1",
        "192.88.99.1", "192.168.1.1",    "198.19.255.255",  "198.51.100.7",
        "203.0.113.9", "224.0.0.1",      "255.255.255.255", "::",
        "::1",         "64:ff9b:1::1",   "100::1",          "2001:2::1",
        "2001:10::1",  "2001:2f::1",     "2001:1ff:ffff::", "2001:db8::1",
        "3fff:fff::1", "5f00::1",        "fc00::1",         "fdff::1",
        "fe80::1",     "ff02::1",
    };
    static const char *const ordinary[] = {
        "1.0.0.1",     "9.255.255.255", "11.0.0.0",    "100.63.255.255",  "100.128.0.0",
        "172.15.0.1",  "172.32.0.0",    "192.0.1.0",   "192.0.3.0",       "192.167.0.1",
        "198.17.0.1",  "198.20.0.0",    "203.0.112.1", "223.255.255.255", "2001:200::1",
        "2001:db7::1", "2001:db9::1",   "2a00::1",     "3ffe::1",         "fbff::1",
        "fec0::1",     "64:ff9b:2::1",  "101::1",
    };
    struct world *const world = *state;

    add_text(world, "all.csv",
             "0.0.0.0,255.255.255.255,DE\n"
             "::,ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff,DE\n");
    load(world);
    for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
        check(world, special[i], "special", -1);
    for (size_t i = 0; i < sizeof(ordinary) / sizeof(ordinary[0]); i++)
        check(world, ordinary[i], "EU DE", -1);
    check(world, "10.1.2.3", "special", 8);
    check(world, "192.168.0.1", "special", 16);
    check(world, "2001:db8::1", "special", 32);
}

static void
every_special_prefix_is_sound(void **state)
{
    struct prefix prefix;

    (void)state;
    for (const char *const *text = special_prefixes(); *text; text++)
        assert_int_equal(prefix_parse(*text, &prefix), OK);
}

static void
a_network_in_special_space_is_taken_at_its_word(void **state)
{
    struct world *const world = *state;

    give_country(add_network(world, "10.1.0.0/16"), "DE");
    world->at_word[world->at_word_count++] = geo_prefix("10.2.0.0/16");
    world->at_word[world->at_word_count++] = geo_prefix("fd00:1::/32");
    load(world);
    check(world, "10.1.2.3", "EU DE", 16);
    check(world, "10.2.0.1", "nowhere", 16);
    check(world, "10.3.0.1", "special", 16);
    check(world, "fd00:1::1", "nowhere", 32);
    check(world, "fd00:2::1", "special", -1);
}

/* ---- IPv4 hidden in IPv6 ---------------------------------------------------------- */

static void
hidden_ipv4_is_where_ipv4_is(void **state)
{
    struct world *const world = *state;

    add_database(world, "city.mmdb", city);
    load(world);
    check(world, "::ffff:20.1.2.3", "EU FR", 96 + 16);
    check(world, "64:ff9b::20.1.2.3", "EU FR", 96 + 16);
    check(world, "2002:1401:203::1", "EU FR", 16 + 16);
    check(world, "2001:0:1:2:3:4:ebfe:fdfc", "EU FR", 96 + 16); /* bits turned over */
    check(world, "::ffff:10.1.2.3", "special", 96 + 8);
    check(world, "2002:a01:203::1", "special", 16 + 8);
}

static void
too_little_of_hidden_ipv4_is_nowhere(void **state)
{
    struct world *const world = *state;

    add_database(world, "city.mmdb", city);
    load(world);
    check_as(world, "::ffff:20.0.0.0", 104, "EU DE DE-BE 52.5,13.5", -1);
    check_as(world, "::ffff:20.0.0.0", 103, "nowhere", 96);
    check_as(world, "64:ff9b::20.0.0.0", 104, "EU DE DE-BE 52.5,13.5", -1);
    check_as(world, "64:ff9b::", 96, "nowhere", 96);
    check_as(world, "2002:1400::", 24, "EU DE DE-BE 52.5,13.5", -1);
    check_as(world, "2002:1400::", 23, "nowhere", 16);
    check_as(world, "2001:0:1:2:3:4:ebfe:fdfc", 128, "EU FR", -1);
    check_as(world, "2001:0:1:2:3:4:ebfe:fdfc", 127, "nowhere", 32);
}

/* All of 2000::/3 is unknown here but for the blocks inside. */
static void
scopes_beside_hidden_blocks_do_not_hold_them(void **state)
{
    struct world *const world = *state;

    add_database(world, "city.mmdb", city);
    load(world);
    check(world, "2003::1", "nowhere", 16); /* not /15: 2002::/16 */
    check(world, "2000::1", "nowhere", 16); /* 2001::/23 is special */
    check(world, "3000::1", "nowhere", -1);
    check(world, "::fffe:0:1", "nowhere", 96); /* not /95: ::ffff:0:0/96 */
    check(world, "64:ff9a::1", "nowhere", 32);
    check(world, "64:ff9b:0:0:0:1::", "nowhere", 96);
}

/* ---- files ------------------------------------------------------------------------ */

/* The sound ones count; what is wrong is said. */
static void
a_broken_file_is_left_out_and_reported(void **state)
{
    struct world *const world = *state;
    struct maxmind *const mm = database(city);
    const struct geo_source *sources;
    size_t len;

    free(maxmind_bytes(mm, &len));
    maxmind_write(mm, add_path(world, "cut.mmdb"), len / 2);
    maxmind_free(mm);
    add_database(world, "asn.mmdb", asn);
    load(world);
    assert_false(geo_base_complete(world->base));
    assert_int_equal(world->diag.error_count, 1);
    assert_string_equal(world->diag.messages[0].file, world->files[0]);
    check(world, "20.2.0.1", "AS64500", 9);
    assert_int_equal(geo_base_sources(world->base, &sources), 2);
    assert_false(sources[0].loaded);
    assert_true(sources[1].loaded);
}

static void
every_cut_of_a_database_is_refused(void **state)
{
    struct world *const world = *state;
    struct maxmind *const mm = database(city);
    const char *const path = add_path(world, "cut.mmdb");
    size_t len;

    free(maxmind_bytes(mm, &len));
    for (size_t cut = 0; cut < len; cut += 1 + len / 150) {
        maxmind_write(mm, path, cut);
        load(world);
        assert_false(geo_base_complete(world->base));
        assert_int_equal(world->diag.error_count, 1);
        assert_string_equal(world->diag.messages[0].file, path);
    }
    maxmind_write(mm, path, len);
    load(world);
    assert_true(geo_base_complete(world->base));
    maxmind_free(mm);
}

static void
text_that_is_broken_is_reported_with_its_line(void **state)
{
    struct world *const world = *state;
    char message[GEO_PATH_SIZE * 2];

    add_text(world, "c.csv", "20.0.0.0,20.0.0.255,DE\n20.0.1.0,20.0.0.0,DE\n");
    load(world);
    assert_false(geo_base_complete(world->base));
    (void)snprintf(message, sizeof(message),
                   "%s:2:1: the range ends before it begins: '20.0.1.0,20.0.0.0,DE'",
                   world->files[0]);
    geo_check_message(&world->diag, message);
    check(world, "20.0.0.1", "nowhere", -1);
}

static void
what_is_no_file_is_reported(void **state)
{
    struct world *const world = *state;
    char message[GEO_PATH_SIZE * 2 + 32];

    add_path(world, "missing.mmdb");
    load(world);
    (void)snprintf(message, sizeof(message),
                   "%s:1:1: cannot open '%s': No such file or directory", world->files[0],
                   world->files[0]);
    geo_check_message(&world->diag, message);
    world->file_count = 0;
    add_text(world, "empty", "");
    load(world);
    (void)snprintf(message, sizeof(message), "%s:1:1: no range is in it",
                   world->files[0]);
    geo_check_message(&world->diag, message);
    world->files[0] = world->folder.path;
    load(world);
    (void)snprintf(message, sizeof(message), "%s:1:1: cannot open '%s': not a file",
                   world->files[0], world->files[0]);
    geo_check_message(&world->diag, message);
}

/* To open one waits for whoever writes to it, and that may be nobody. */
static void
a_named_pipe_is_refused_without_waiting(void **state)
{
    struct world *const world = *state;

    assert_int_equal(mkfifo(add_path(world, "pipe.mmdb"), 0600), 0);
    (void)alarm(60); /* else this would hang */
    load(world);
    (void)alarm(0);
    assert_int_equal(world->diag.error_count, 1);
    assert_non_null(strstr(world->diag.messages[0].text, "not a file"));
}

/* The base has a copy of its own: what happens to the file later does not touch it. */
static void
a_file_cut_short_after_loading_does_no_harm(void **state)
{
    struct world *const world = *state;

    add_database(world, "city.mmdb", city);
    load(world);
    assert_int_equal(truncate(world->files[0], 0), 0);
    check(world, "20.1.0.1", "EU FR", 16);
}

static void
write_in_steps(const char *path, const uint8_t *bytes, size_t len)
{
    FILE *const file = fopen(path, "wb");

    if (!file)
        _exit(1);
    for (size_t at = 0; at < len; at += 16) {
        (void)fwrite(bytes + at, 1, len - at < 16 ? len - at : 16, file);
        (void)fflush(file);
    }
    (void)fclose(file);
}

/* A process that writes the one, then the other, for each byte that it reads. */
static pid_t
start_writer(const char *path, const struct maxmind *const mm[2], int ret_pipe[2])
{
    uint8_t *bytes[2];
    size_t lens[2];
    char token;

    assert_int_equal(pipe(ret_pipe), 0);
    for (size_t i = 0; i < 2; i++)
        bytes[i] = maxmind_bytes(mm[i], &lens[i]);
    const pid_t pid = fork();
    if (pid == 0) {
        close(ret_pipe[1]);
        for (unsigned turn = 1; read(ret_pipe[0], &token, 1) == 1; turn++)
            write_in_steps(path, bytes[turn % 2], lens[turn % 2]);
        _exit(0);
    }
    close(ret_pipe[0]);
    free(bytes[0]);
    free(bytes[1]);
    return pid;
}

/* Each load gives one of two databases whole, or refuses. */
static void
a_file_rewritten_while_it_loads_is_whole_or_refused(void **state)
{
    static const struct record other[RECORDS_MAX] = {
        { "20.0.0.0/8", "{continent {code NA} country {iso_code US}}" },
        { "2a00::/16", "{continent {code NA} country {iso_code CA}}" },
    };
    struct world *const world = *state;
    struct maxmind *const mm[2] = { database(city), database(other) };
    size_t whole = 0;

    maxmind_write(mm[0], add_path(world, "city.mmdb"), SIZE_MAX);
    int to_writer[2];
    const pid_t pid =
        start_writer(world->files[0], (const struct maxmind *const *)mm, to_writer);
    assert_true(pid > 0);
    for (unsigned turn = 0; turn < 300; turn++) {
        const struct addr v4 = geo_addr("20.1.0.1"), v6 = geo_addr("2a00::1");
        uint8_t len;
        assert_int_equal(write(to_writer[1], "", 1), 1);
        load(world);
        if (!geo_base_complete(world->base))
            continue;
        whole++;
        const struct place *const a = geo_base_locate(world->base, &v4, 32, &len);
        const struct place *const b = geo_base_locate(world->base, &v6, 128, &len);
        assert_true((strcmp(a->country, "FR") == 0 && strcmp(b->country, "NL") == 0) ||
                    (strcmp(a->country, "US") == 0 && strcmp(b->country, "CA") == 0));
    }
    close(to_writer[1]);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    print_message("# %zu of 300 loads were whole\n", whole);
    maxmind_write(mm[1], world->files[0], SIZE_MAX);
    load(world);
    check(world, "20.1.0.1", "NA US", 8);
    maxmind_free(mm[0]);
    maxmind_free(mm[1]);
}

static void
too_many_files_are_refused(void **state)
{
    const char *files[251];
    const struct geo_base_options options = { .files = files, .file_count = 251 };
    struct geo_base *base = NULL;

    (void)state;
    for (size_t i = 0; i < 251; i++)
        files[i] = "/nonexistent";
    assert_int_equal(geo_base_load(&options, NULL, &base), ERR_LIMIT);
    assert_null(base);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_later_file_adds_what_earlier_ones_lack),
        TEST(the_earlier_file_is_the_stronger_one),
        TEST(what_lies_in_another_country_is_not_added),
        TEST(what_lies_in_the_same_country_is_added),
        TEST(each_field_says_which_file_it_is_of),
        TEST(no_file_at_all_is_nowhere),
        TEST(a_country_given_drops_what_lay_in_the_old_one),
        TEST(even_the_same_country_given_drops_its_parts),
        TEST(other_fields_replace_only_themselves),
        TEST(all_fields_given_are_taken),
        TEST(longer_networks_win_and_keep_what_they_do_not_give),
        TEST(networks_of_one_tag_share_it),
        TEST(special_space_is_nowhere_whatever_databases_say),
        TEST(every_special_prefix_is_sound),
        TEST(a_network_in_special_space_is_taken_at_its_word),
        TEST(hidden_ipv4_is_where_ipv4_is),
        TEST(too_little_of_hidden_ipv4_is_nowhere),
        TEST(scopes_beside_hidden_blocks_do_not_hold_them),
        TEST(a_broken_file_is_left_out_and_reported),
        TEST(every_cut_of_a_database_is_refused),
        TEST(text_that_is_broken_is_reported_with_its_line),
        TEST(what_is_no_file_is_reported),
        TEST(a_named_pipe_is_refused_without_waiting),
        TEST(a_file_cut_short_after_loading_does_no_harm),
        TEST(a_file_rewritten_while_it_loads_is_whole_or_refused),
        TEST(too_many_files_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
