/* SPDX-License-Identifier: BSD-2-Clause */
/* Place words: what is one, what is nearly one and which word is suggested, and what lies
 * within which. */
#include "geoip/place.h"
#include "geoip/words.h"
#include "tests/lib/geo.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PROBLEM_SIZE = 160 };

static struct place_word
word_of(const char *text)
{
    struct place_word word = { .kind = PLACE_WORD_GLOBAL };
    char problem[PROBLEM_SIZE];

    if (place_word_parse(text, &word, problem, sizeof(problem)) != OK)
        fail_msg("'%s': %s", text, problem);
    return word;
}

static const struct {
    const char *text, *canonical, *warning;
} sound[] = {
    { "global", "global", "" },
    { "EU", "continent:EU", "" },
    { "AS", "continent:AS", "" }, /* and not American Samoa */
    { "NA", "continent:NA", "" },
    { "SA", "continent:SA", "" },
    { "AF", "continent:AF", "" },
    { "AN", "continent:AN", "" },
    { "OC", "continent:OC", "" },
    { "continent:EU", "continent:EU", "" },
    { "country:DE", "country:DE", "" },
    { "country:NO", "country:NO", "" },
    { "country:AS", "country:AS", "" },
    { "country:XK", "country:XK", "" },
    { "subdivision:US-CA", "subdivision:US-CA", "" },
    { "subdivision:FR-75", "subdivision:FR-75", "" },
    { "subdivision:GB-ENG", "subdivision:GB-ENG", "" },
    { "subdivision:AR-X", "subdivision:AR-X", "" },
    { "asn:64500", "asn:64500", "" },
    { "asn:1", "asn:1", "" },
    { "asn:4294967295", "asn:4294967295", "" },
    { "net:198.51.100.0/24", "net:198.51.100.0/24", "" },
    { "net:198.51.100.7", "net:198.51.100.7/32", "" },
    { "net:2001:db8::/32", "net:2001:db8::/32", "" },
    { "net:2001:DB8:0::/32", "net:2001:db8::/32", "" },
    { "net:0.0.0.0/0", "net:0.0.0.0/0", "" },
    { "tag:office-berlin", "tag:office-berlin", "" },
    { "region:europe", "region:europe", "" },
    { "EU-DE", "country:DE", "" },
    { "NA-US-CA", "subdivision:US-CA", "" },
    { "EU-GB-ENG", "subdivision:GB-ENG", "" },
    { "AS-TR", "country:TR", "" },
    { "EU-TR", "country:TR", "'EU-TR': TR is in AS; write 'AS-TR'" },
    { "EU-US-CA", "subdivision:US-CA", "'EU-US-CA': US is in NA; write 'NA-US-CA'" },
};

static void
sound_words_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(sound) / sizeof(sound[0]); i++) {
        struct place_word word;
        char problem[PROBLEM_SIZE] = "?", text[PLACE_WORD_TEXT_SIZE];
        assert_int_equal(place_word_parse(sound[i].text, &word, problem, sizeof(problem)),
                         OK);
        assert_string_equal(problem, sound[i].warning);
        assert_string_equal(place_word_text(&word, text), sound[i].canonical);
        const struct place_word again = word_of(text);
        assert_true(place_word_equal(&word, &again));
    }
}

/* Each with what the message must suggest or name. */
static const struct {
    const char *text, *suggested;
} wrong[] = {
    { "DE", "write 'country:DE'" },
    { "NO", "write 'country:NO'" },
    { "US", "write 'country:US'" },
    { "de", "write 'country:DE'" },
    { "AS64500", "write 'asn:64500'" },
    { "as64500", "write 'asn:64500'" },
    { "asn:AS64500", "'asn:64500'" },
    { "asn:as1", "'asn:1'" },
    { "asn:0", "from 1 to 4294967295" },
    { "asn:4294967296", "from 1 to 4294967295" },
    { "asn:99999999999999999999999", "from 1 to 4294967295" },
    { "asn:", "from 1 to 4294967295" },
    { "asn:-1", "from 1 to 4294967295" },
    { "asn: 1", "from 1 to 4294967295" },
    { "asn:1x", "from 1 to 4294967295" },
    { "eu", "'continent:EU'" },
    { "continent:eu", "'continent:EU'" },
    { "continent:DE", "'continent:DE' is no continent" },
    { "continent:Europe", "'continent:Europe' is no continent" },
    { "country:de", "'country:DE'" },
    { "country:EU", "'country:EU' is no country" },
    { "country:UK", "'country:UK' is no country" },
    { "country:", "'country:' is no country" },
    { "country:DEU", "'country:DEU' is no country" },
    { "subdivision:us-ca", "'subdivision:US-CA'" },
    { "subdivision:US", "'subdivision:US' is no subdivision" },
    { "subdivision:US-", "'subdivision:US-' is no subdivision" },
    { "subdivision:USCA", "'subdivision:USCA' is no subdivision" },
    { "subdivision:XX-CA", "'subdivision:XX-CA' is no subdivision" },
    { "subdivision:US-CALI", "'subdivision:US-CALI' is no subdivision" },
    { "US-CA", "write 'subdivision:US-CA'" },
    { "DE-BE", "write 'subdivision:DE-BE'" },
    { "de-be", "write 'subdivision:DE-BE'" },
    { "eu-de", "'EU-DE'" },
    { "na-us-ca", "'NA-US-CA'" },
    { "EU-de", "'EU-DE'" },
    { "net:198.51.100.7/24", "address bits past its length" },
    { "net:198.51.100.0/33", "is not a prefix" },
    { "net:2001:db8::/129", "is not a prefix" },
    { "net:", "is not a prefix" },
    { "net:EU", "is not a prefix" },
    { "198.51.100.0/24", "'net:198.51.100.0/24'" },
    { "198.51.100.7", "'net:198.51.100.7'" },
    { "2001:db8::/32", "'net:2001:db8::/32'" },
    { "tag:", "is no tag" },
    { "tag:a b", "is no tag" },
    { "region:", "is no region" },
    { "planet:earth", "a place is continent:, country:" },
    { ":EU", "a place is continent:, country:" },
    { "Country:DE", "a place is continent:, country:" },
    { "Global", "'global'" },
    { "global:", "a place is continent:, country:" },
    { "", "is not a place" },
    { "E", "is not a place" },
    { "EU-", "is not a place" },
    { "EU-XX", "is not a place" },
    { "XX-DE", "is not a place" },
    { "EU-DE-", "is not a place" },
    { "EU-DE-BERLIN", "is not a place" },
    { "EUDE", "is not a place" },
    { "Europe", "is not a place" },
    { "UK", "is not a place" },
};

static void
wrong_words_are_refused_with_the_right_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct place_word word = { .asn = 77 };
        char problem[PROBLEM_SIZE] = "";
        const enum status status =
            place_word_parse(wrong[i].text, &word, problem, sizeof(problem));
        if (status != ERR_FORMAT || !strstr(problem, wrong[i].suggested))
            fail_msg("'%s': %d '%s', not '%s'", wrong[i].text, (int)status, problem,
                     wrong[i].suggested);
        assert_int_equal(word.asn, 77); /* written on success only */
    }
}

static void
long_words_are_refused(void **state)
{
    char text[400];
    static const char *const heads[] = {
        "", "tag:", "region:", "country:", "asn:", "net:", "EU-", "AS", "subdivision:US-"
    };

    (void)state;
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        for (unsigned len = 64; len < 380; len += 63) {
            struct place_word word;
            char problem[PROBLEM_SIZE];
            (void)snprintf(text, sizeof(text), "%s%0*d", heads[i], (int)len, 7);
            const enum status status =
                place_word_parse(text, &word, problem, sizeof(problem));
            /* zeros before a number are no harm */
            assert_int_equal(status, strcmp(heads[i], "asn:") == 0 ? OK : ERR_FORMAT);
        }
    }
    (void)snprintf(text, sizeof(text), "tag:%063d", 7);
    assert_int_equal(word_of(text).kind, PLACE_WORD_TAG);
}

/* ---- what lies within ------------------------------------------------------------- */

static const char *const tags[] = { "", "office", "lab" };

static const struct place berlin = {
    .continent = "EU", .country = "DE", .subdivision = "DE-BE", .asn = 64500, .tag = 2
};

static void
a_place_lies_within_its_words(void **state)
{
    static const char *const holding[] = { "global",    "EU",       "country:DE",
                                           "EU-DE",     "EU-DE-BE", "subdivision:DE-BE",
                                           "asn:64500", "tag:lab" };
    static const char *const others[] = {
        "AS",         "country:FR",    "subdivision:DE-BY", "asn:6450",
        "tag:office", "net:0.0.0.0/0", "region:europe"
    };
    static const struct place nowhere = { .special = false };

    (void)state;
    for (size_t i = 0; i < sizeof(holding) / sizeof(holding[0]); i++) {
        const struct place_word word = word_of(holding[i]);
        assert_true(place_word_holds(&word, &berlin, tags));
        assert_int_equal(place_word_holds(&word, &nowhere, tags), i == 0);
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        const struct place_word word = word_of(others[i]);
        assert_false(place_word_holds(&word, &berlin, tags));
    }
}

/* A client's continent is the database's own. */
static void
the_continent_is_the_places_own(void **state)
{
    static const struct place turkey = { .continent = "EU", .country = "TR" };
    const struct place_word europe = word_of("EU"), asia = word_of("AS");

    (void)state;
    assert_true(place_word_holds(&europe, &turkey, tags));
    assert_false(place_word_holds(&asia, &turkey, tags));
}

static void
wide_words_cover_narrow_ones(void **state)
{
    static const char *const pairs[][2] = {
        { "global", "EU" },
        { "global", "net:192.0.2.0/24" },
        { "global", "global" },
        { "global", "tag:lab" },
        { "EU", "country:DE" },
        { "EU", "subdivision:DE-BE" },
        { "country:US", "subdivision:US-CA" },
        { "country:US", "country:US" },
        { "subdivision:US-CA", "NA-US-CA" },
        { "asn:1", "asn:1" },
        { "tag:lab", "tag:lab" },
        { "net:192.0.2.0/24", "net:192.0.2.128/25" },
        { "net:192.0.2.0/24", "net:192.0.2.0/24" },
        { "net:2001:db8::/32", "net:2001:db8:1::/48" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        const struct place_word wide = word_of(pairs[i][0]),
                                narrow = word_of(pairs[i][1]);
        assert_true(place_word_covers(&wide, &narrow));
        if (!place_word_equal(&wide, &narrow))
            assert_false(place_word_covers(&narrow, &wide));
    }
}

static void
words_that_only_overlap_do_not_cover(void **state)
{
    static const char *const pairs[][2] = {
        { "EU", "country:US" },
        { "EU", "AS" },
        { "country:DE", "asn:1" },
        { "country:DE", "tag:lab" },
        { "EU", "asn:1" },
        { "country:DE", "net:192.0.2.0/24" },
        { "net:0.0.0.0/0", "EU" },
        { "net:0.0.0.0/0", "net:::/0" },
        { "country:DE", "subdivision:US-DE" },
        { "subdivision:US-CA", "subdivision:US-NY" },
        { "region:europe", "EU" },
        { "net:192.0.2.0/24", "net:192.0.3.0/24" },
        { "EU", "country:TR" },
        { "asn:1", "country:DE" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        const struct place_word a = word_of(pairs[i][0]), b = word_of(pairs[i][1]);
        assert_false(place_word_covers(&a, &b));
    }
}

static void
the_order_is_wide_before_narrow(void **state)
{
    static const char *const sorted[] = {
        "global",
        "region:a",
        "AF",
        "EU",
        "country:DE",
        "country:FR",
        "subdivision:DE-BE",
        "asn:2",
        "asn:10",
        "tag:a",
        "net:10.0.0.0/8",
        "net:10.0.0.0/16",
        "net:10.1.0.0/16",
        "net:2001::/16",
    };
    const size_t count = sizeof(sorted) / sizeof(sorted[0]);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            const struct place_word a = word_of(sorted[i]), b = word_of(sorted[j]);
            const int order = place_word_compare(&a, &b);
            assert_int_equal(order < 0, i < j);
            assert_int_equal(order == 0, i == j);
            assert_int_equal(place_word_equal(&a, &b), i == j);
        }
    }
}

static void
a_word_alone_makes_a_place(void **state)
{
    static const struct {
        const char *word, *place;
    } made[] = {
        { "global", "nowhere" },
        { "AS", "AS" },
        { "country:RU", "EU RU" },
        { "subdivision:US-CA", "NA US US-CA" },
        { "asn:5", "AS5" },
        { "tag:lab", "tag 2" },
        { "tag:unheard-of", "nowhere" },
    };
    struct place place;

    (void)state;
    for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
        const struct place_word word = word_of(made[i].word);
        char text[GEO_TEXT_SIZE];
        assert_true(place_word_to_place(&word, tags, 3, &place));
        assert_string_equal(geo_place_text(&place, text), made[i].place);
    }
    const struct place_word net = word_of("net:192.0.2.0/24"),
                            region = word_of("region:a");
    assert_false(place_word_to_place(&net, tags, 3, &place));
    assert_false(place_word_to_place(&region, tags, 3, &place));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_words_are_read),
        cmocka_unit_test(wrong_words_are_refused_with_the_right_one),
        cmocka_unit_test(long_words_are_refused),
        cmocka_unit_test(a_place_lies_within_its_words),
        cmocka_unit_test(the_continent_is_the_places_own),
        cmocka_unit_test(wide_words_cover_narrow_ones),
        cmocka_unit_test(words_that_only_overlap_do_not_cover),
        cmocka_unit_test(the_order_is_wide_before_narrow),
        cmocka_unit_test(a_word_alone_makes_a_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
