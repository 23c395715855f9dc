/* SPDX-License-Identifier: BSD-2-Clause */
/* Which rule holds a place or a net. */
#include "geoip/place.h"
#include "zones/steering/policy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const tags[] = { "", "office", NULL };

static const struct place_word first_words[] = {
    { .kind = PLACE_WORD_COUNTRY, .name = "DE" }, { .kind = PLACE_WORD_ASN, .asn = 64500 }
};
static const struct place_word second_words[] = {
    { .kind = PLACE_WORD_CONTINENT, .name = "EU" },
    { .kind = PLACE_WORD_TAG, .name = "office" }
};
/* 198.51.100.0/24 and 192.0.2.0/24 */
static const struct prefix first_nets[] = {
    { .addr = { ADDR_V4, { 198, 51, 100 } }, .len = 24 },
};
static const struct prefix third_nets[] = {
    { .addr = { ADDR_V4, { 192, 0, 2 } }, .len = 24 },
    { .addr = { ADDR_V4, { 198, 51, 100, 128 } }, .len = 25 },
};
static const struct rule rules[] = {
    { .words = first_words, .word_count = 2, .subnets = first_nets, .subnet_count = 1 },
    { .words = second_words, .word_count = 2 },
    { .subnets = third_nets, .subnet_count = 2 },
    { .everyone = true },
};

struct client {
    const char *continent, *country;
    uint32_t asn;
    uint16_t tag;
    const char *net;    /* NULL: only the place is known */
    size_t rule, first; /* by rules in order; subnets first */
};

static const struct client clients[] = {
    { "EU", "DE", 0, 0, NULL, 0, 0 },
    { "EU", "FR", 0, 0, NULL, 1, 1 },
    { "AS", "JP", 64500, 0, NULL, 0, 0 },
    { "AS", "JP", 0, 1, NULL, 1, 1 },
    { "", "", 0, 0, NULL, 3, 3 },
    { "AS", "JP", 0, 0, "192.0.2.7", 2, 2 },
    { "EU", "DE", 0, 0, "192.0.2.7", 0,
      2 }, /* a net goes before a country only where it must */
    { "EU", "FR", 0, 0, "192.0.2.0/24", 1, 2 },
    { "AS", "JP", 0, 0, "192.0.2.0/23", 3, 3 },   /* not all of it is written */
    { "AS", "JP", 0, 0, "198.51.100.200", 0, 0 }, /* the earlier of two, not the longer */
    { "AS", "JP", 0, 0, "2001:db8::1", 3, 3 },
};

static void
the_first_rule_decides(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(clients) / sizeof(clients[0]); i++) {
        struct policy policy = { .rules = rules, .rule_count = 4 };
        struct place place = { .asn = clients[i].asn, .tag = clients[i].tag };
        struct prefix net = { 0 };
        const struct prefix *known = NULL;

        memcpy(place.continent, clients[i].continent, strlen(clients[i].continent));
        memcpy(place.country, clients[i].country, strlen(clients[i].country));
        if (clients[i].net) {
            assert_int_equal(prefix_parse(clients[i].net, &net), OK);
            known = &net;
        }
        assert_int_equal(policy_rule_of(&policy, &place, tags, known), clients[i].rule);
        policy.subnets_first = true;
        assert_int_equal(policy_rule_of(&policy, &place, tags, known), clients[i].first);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_rule_decides),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
