/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/lib/ask.h"
#include "zones/snapshot.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ENTRIES_MAX = 2000 };

struct fixture {
    struct snapshot snapshot;
    struct zone_entry entries[ENTRIES_MAX];
};

static void
add_zone(struct fixture *fixture, const char *apex)
{
    struct zone_entry *const entry = &fixture->entries[fixture->snapshot.entry_count++];

    assert_int_equal(name_from_text(apex, NULL, entry->apex), OK);
    entry->apex_len = (uint8_t)name_len(entry->apex);
    entry->hash = name_hash(entry->apex);
}

static void
begin(struct fixture *fixture, const char *const *apexes)
{
    memset(fixture, 0, sizeof(*fixture));
    for (; *apexes; apexes++)
        add_zone(fixture, *apexes);
    fixture->snapshot.entries = fixture->entries;
    assert_int_equal(snapshot_index(&fixture->snapshot), OK);
}

/* Which zone a question goes to: its number, or -1; the label where it begins. */
static int
zone_of(const struct fixture *fixture, const char *name, uint16_t type,
        unsigned *ret_label)
{
    struct ask question;

    ask(&question, name, type);
    const struct zone_entry *const entry =
        snapshot_zone(&fixture->snapshot, &question.query, ret_label);
    return entry ? (int)(entry - fixture->entries) : -1;
}

static struct fixture shared;

static void
the_longest_apex_that_is_a_suffix_is_the_zone(void **state)
{
    static const char *const apexes[] = { "example.", "sub.example.",
                                          "a.b.c.d.example.org.", NULL };
    static const struct {
        const char *name;
        int zone;
        unsigned label;
    } cases[] = {
        { "example.", 0, 0 },
        { "www.example.", 0, 1 },
        { "a.b.c.d.e.f.example.", 0, 6 },
        { "sub.example.", 1, 0 },
        { "WWW.Sub.Example.", 1, 1 },
        { "xsub.example.", 0, 1 },
        { "a.b.c.d.example.org.", 2, 0 },
        { "z.a.b.c.d.example.org.", 2, 1 },
        { "b.c.d.example.org.", -1, 0 },
        { "org.", -1, 0 },
        { "example.com.", -1, 0 },
        { ".", -1, 0 },
    };

    (void)state;
    begin(&shared, apexes);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        unsigned label = 0;
        assert_int_equal(zone_of(&shared, cases[i].name, RR_TYPE_A, &label),
                         cases[i].zone);
        assert_int_equal(label, cases[i].label);
    }
    snapshot_done(&shared.snapshot);
}

/* RFC 4035 3.1.4.1 */
static void
ds_of_an_apex_is_the_parents_if_it_is_served(void **state)
{
    static const char *const apexes[] = { "example.", "sub.example.", "b.a.sub.example.",
                                          "other.org.", NULL };
    unsigned label = 99;

    (void)state;
    begin(&shared, apexes);
    assert_int_equal(zone_of(&shared, "sub.example.", RR_TYPE_DS, &label), 0);
    assert_int_equal(label, 1);
    assert_int_equal(zone_of(&shared, "b.a.sub.example.", RR_TYPE_DS, &label), 1);
    assert_int_equal(label, 2);
    assert_int_equal(zone_of(&shared, "x.sub.example.", RR_TYPE_DS, &label), 1);
    assert_int_equal(zone_of(&shared, "other.org.", RR_TYPE_DS, &label), 3);
    assert_int_equal(label, 0);
    snapshot_done(&shared.snapshot);
}

static void
the_root_can_be_served(void **state)
{
    static const char *const apexes[] = { ".", "example.", NULL };
    unsigned label = 99;

    (void)state;
    begin(&shared, apexes);
    assert_int_equal(zone_of(&shared, ".", RR_TYPE_NS, &label), 0);
    assert_int_equal(label, 0);
    assert_int_equal(zone_of(&shared, "www.example.", RR_TYPE_NS, &label), 1);
    assert_int_equal(zone_of(&shared, "www.other.", RR_TYPE_NS, &label), 0);
    assert_int_equal(label, 2);
    assert_int_equal(zone_of(&shared, "example.", RR_TYPE_DS, &label), 0);
    snapshot_done(&shared.snapshot);
}

static void
no_zone_at_all_holds_nothing(void **state)
{
    static const char *const apexes[] = { NULL };
    unsigned label = 0;

    (void)state;
    begin(&shared, apexes);
    assert_int_equal(zone_of(&shared, "www.example.", RR_TYPE_A, &label), -1);
    assert_int_equal(zone_of(&shared, ".", RR_TYPE_A, &label), -1);
    snapshot_done(&shared.snapshot);
}

static void
two_thousand_zones_are_all_found(void **state)
{
    char name[64];
    unsigned label = 0;

    (void)state;
    memset(&shared, 0, sizeof(shared));
    for (int i = 0; i < ENTRIES_MAX; i++) {
        snprintf(name, sizeof(name), "zone%d.%s", i, i % 2 ? "example." : "co.example.");
        add_zone(&shared, name);
    }
    shared.snapshot.entries = shared.entries;
    assert_int_equal(snapshot_index(&shared.snapshot), OK);
    for (int i = 0; i < ENTRIES_MAX; i++) {
        snprintf(name, sizeof(name), "www.zone%d.%s", i,
                 i % 2 ? "example." : "co.example.");
        assert_int_equal(zone_of(&shared, name, RR_TYPE_A, &label), i);
        assert_int_equal(label, 1);
    }
    snapshot_done(&shared.snapshot);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_apex_that_is_a_suffix_is_the_zone),
        cmocka_unit_test(ds_of_an_apex_is_the_parents_if_it_is_served),
        cmocka_unit_test(the_root_can_be_served),
        cmocka_unit_test(no_zone_at_all_holds_nothing),
        cmocka_unit_test(two_thousand_zones_are_all_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
