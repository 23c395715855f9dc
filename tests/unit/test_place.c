/* SPDX-License-Identifier: BSD-2-Clause */
/* Interned places; countries and their continents. */
#include "geoip/place.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint32_t
intern(struct place_table *table, const struct place *place)
{
    uint32_t id = UINT32_MAX;

    assert_int_equal(place_intern(table, place, &id), OK);
    return id;
}

static void
unknown_and_special_are_there_from_the_start(void **state)
{
    struct place_table *const table = place_table_new();
    const struct place unknown = { .special = false }, special = { .special = true };

    (void)state;
    assert_int_equal(place_count(table), 2);
    assert_int_equal(intern(table, &unknown), PLACE_UNKNOWN);
    assert_int_equal(intern(table, &special), PLACE_SPECIAL);
    assert_false(place_get(table, PLACE_UNKNOWN)->special);
    assert_true(place_get(table, PLACE_SPECIAL)->special);
    place_table_free(table);
    place_table_free(NULL);
}

/* One that differs from the first in exactly one field, for each field. */
static const struct place places[] = {
    { .country = "DE" },
    { .country = "DE", .continent = "EU" },
    { .country = "FR" },
    { .country = "DE", .subdivision = "DE-BE" },
    { .country = "DE", .special = true },
    { .country = "DE", .has_location = true },
    { .country = "DE", .from = { 1 } },
    { .country = "DE", .from = { 0, 1 } },
    { .country = "DE", .from = { 0, 0, 0, 1 } },
    { .country = "DE", .tag = 1 },
    { .country = "DE", .asn = 1 },
    { .country = "DE", .latitude = 1 },
    { .country = "DE", .longitude = 1 },
    { .country = "DE", .latitude = 1, .longitude = 1 },
};

static void
places_that_differ_in_any_field_are_apart(void **state)
{
    struct place_table *const table = place_table_new();
    const size_t count = sizeof(places) / sizeof(places[0]);

    (void)state;
    for (unsigned turn = 0; turn < 2; turn++) {
        for (size_t i = 0; i < count; i++)
            assert_int_equal(intern(table, &places[i]), i + 2);
    }
    assert_int_equal(place_count(table), count + 2);
    place_table_free(table);
}

static void
many_places_keep_their_numbers(void **state)
{
    struct place_table *const table = place_table_new();
    enum { MANY = 20000 };

    (void)state;
    for (unsigned turn = 0; turn < 2; turn++) {
        for (uint32_t asn = 1; asn <= MANY; asn++) {
            const struct place place = { .asn = asn };
            assert_int_equal(intern(table, &place), asn + 1);
        }
    }
    place_table_seal(table);
    for (uint32_t asn = 1; asn <= MANY; asn++)
        assert_int_equal(place_get(table, asn + 1)->asn, asn);
    assert_int_equal(place_count(table), MANY + 2);
    place_table_free(table);
}

/* What is asked of a sealed table is made anew. */
static void
a_sealed_table_can_still_intern(void **state)
{
    struct place_table *const table = place_table_new();

    (void)state;
    const uint32_t first = intern(table, &places[0]);
    place_table_seal(table);
    assert_int_equal(intern(table, &places[0]), first);
    assert_int_equal(intern(table, &places[1]), first + 1);
    place_table_free(table);
}

/* ---- countries -------------------------------------------------------------------- */

static void
every_country_has_a_continent(void **state)
{
    const char *const *const codes = country_codes();
    size_t count = 0;

    (void)state;
    for (; codes[count]; count++) {
        const char *const continent = country_continent(codes[count]);
        assert_int_equal(strlen(codes[count]), 2);
        assert_non_null(continent);
        assert_true(strlen(continent) == 2 && continent_is_known(continent));
        if (count > 0)
            assert_true(strcmp(codes[count - 1], codes[count]) < 0);
    }
    assert_int_equal(count, 249 + 1); /* ISO 3166-1 as of 2024, and XK */
}

/* Where GeoNames and octoDNS decide what could be otherwise; and one of each part. */
static void
countries_are_where_geonames_has_them(void **state)
{
    static const char *const lines[] = {
        "AS TR CY AM GE AZ KZ SA AE IL IR RU- JP CN IN SG HK TW ID MY CC CX IO TL",
        "EU RU UA DE GB FR ES GI IS FO SJ AX GG JE IM VA XK NO CH MD BY SE",
        "AF EG ZA MA EH RE YT SH MU SC CV",
        "NA US CA MX GL BM PM TT CW SX BQ AW GP MQ HT PA UM- BZ",
        "SA BR AR GF FK GY SR CO",
        "OC AU NZ UM GU AS PF FM NC TK PN",
        "AN AQ BV GS HM TF",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        for (const char *at = lines[i] + 3; *at; at += at[2] == ' ' ? 3 : 2) {
            const bool is_elsewhere = at[2] == '-';
            const char *const continent = country_continent(at);
            assert_non_null(continent);
            assert_int_equal(memcmp(continent, lines[i], 2) != 0, is_elsewhere);
            at += is_elsewhere;
        }
    }
}

static void
what_is_no_country_has_no_continent(void **state)
{
    static const char *const none[] = { "EU", "UK", "ZZ", "AN",       "CS",
                                        "AA", "de", "D1", "\xff\xff", "\0" };

    (void)state;
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        assert_null(country_continent(none[i]));
}

static void
there_are_seven_continents(void **state)
{
    static const char *const known[] = { "AF", "AN", "AS", "EU", "NA", "OC", "SA" };
    static const char *const none[] = { "FA", "NE", "US", "XX", "eu", "\0" };

    (void)state;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        assert_true(continent_is_known(known[i]));
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        assert_false(continent_is_known(none[i]));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_and_special_are_there_from_the_start),
        cmocka_unit_test(places_that_differ_in_any_field_are_apart),
        cmocka_unit_test(many_places_keep_their_numbers),
        cmocka_unit_test(a_sealed_table_can_still_intern),
        cmocka_unit_test(every_country_has_a_continent),
        cmocka_unit_test(countries_are_where_geonames_has_them),
        cmocka_unit_test(what_is_no_country_has_no_continent),
        cmocka_unit_test(there_are_seven_continents),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
