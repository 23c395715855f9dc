/* SPDX-License-Identifier: BSD-2-Clause */
/* Dynamic records: names of routing.yaml's things, octoDNS's pools and rules, ALIAS. What
 * a pool's rules mean is test_inline's. */
#include "tests/lib/loaded.h"
#include "zones/dyn.h"
#include "zones/steering/policy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char head[] = "'': {type: NS, value: ns.elsewhere.}\n";

/* Loads one more line, which must be sound, and gives the dyn of number `at`. */
static const struct dyn *
load_dyn(struct loaded *loaded, const char *yaml, size_t at)
{
    char text[2048];

    (void)snprintf(text, sizeof(text), "%s%s\n", head, yaml);
    loaded_begin(loaded, text);
    assert_string_equal(loaded->messages, "");
    assert_true(loaded->zone->dyn_count > at);
    return &loaded->zone->dyns[at];
}

/* ---- what routing.yaml names ------------------------------------------------------ */

static void
a_form_has_its_defaults(void **state)
{
    struct loaded loaded;

    (void)state;
    const struct dyn *const dyn =
        load_dyn(&loaded, "a: {type: A, dynamic: {policy: p}}", 0);
    assert_int_equal(dyn->form, DYN_POLICY);
    assert_string_equal(dyn->target, "p");
    assert_string_equal(dyn->service, "default");
    assert_string_equal(dyn->owner, "a.example");
    assert_int_equal(dyn->type, 1);
    assert_int_equal(dyn->ttl, 30);
    assert_int_equal(dyn->answers, 0);
    assert_int_equal(dyn->skip, 0);
    assert_int_equal(dyn->chain, 1);
    assert_int_equal(dyn->priority, 10);
    assert_false(dyn->families_borrow);
    assert_false(dyn->has_port);
    assert_int_equal(dyn->at.line, 2);
    assert_int_equal(dyn->at.column, 4);
    loaded_done(&loaded);
}

static void
a_form_takes_every_key(void **state)
{
    struct loaded loaded;

    (void)state;
    const struct dyn *dyn = load_dyn(&loaded,
                                     "a: {type: SRV, ttl: 5, dynamic: {pool: p, service: "
                                     "s, answers: 3, skip: 2, chain: "
                                     "4, families: borrow, port: 99, priority: 7}}",
                                     0);
    assert_int_equal(dyn->form, DYN_POOL);
    assert_string_equal(dyn->service, "s");
    assert_int_equal(dyn->ttl, 5);
    assert_int_equal(dyn->answers, 3);
    assert_int_equal(dyn->skip, 2);
    assert_int_equal(dyn->chain, 4);
    assert_true(dyn->families_borrow);
    assert_true(dyn->has_port);
    assert_int_equal(dyn->port, 99);
    assert_int_equal(dyn->priority, 7);
    loaded_done(&loaded);
    dyn = load_dyn(
        &loaded,
        "a: {type: HTTPS, dynamic: {policy: p, targetname: T.b., svcparams: {port: "
        "1, alpn: h2}}}",
        0);
    assert_memory_equal(dyn->target_name, "\1T\1b", 5);
    assert_int_equal(dyn->svcparams_len, 13);
    assert_memory_equal(dyn->svcparams, "\0\1\0\3\2h2\0\3\0\2\0\1", 13);
    loaded_done(&loaded);
    dyn = load_dyn(&loaded, "a: {type: MX, dynamic: {server: s, priority: 1}}", 0);
    assert_int_equal(dyn->form, DYN_SERVER);
    loaded_done(&loaded);
}

static void
both_families_of_an_entry_are_two_dyns(void **state)
{
    struct loaded loaded;

    (void)state;
    (void)load_dyn(&loaded,
                   "a: {type: [A, AAAA], dynamic: {policy: p}}\n"
                   "b: {type: [AAAA, A], dynamic: {policy: p}}\n"
                   "c: {type: A, dynamic: {policy: p, skip: 1}}",
                   0);
    assert_int_equal(loaded.zone->dyn_count, 3); /* equal ones are shared */
    assert_int_equal(loaded.zone->dyns[0].uses, 2);
    assert_int_equal(loaded.zone->dyns[1].uses, 2);
    assert_int_equal(loaded.zone->dyns[2].uses, 1);
    loaded_done(&loaded);
}

/* octodns.meridian says the same, beside values that octoDNS loads. */
static void
the_form_may_stand_under_octodns(void **state)
{
    struct loaded loaded;

    (void)state;
    const struct dyn *const dyn = load_dyn(
        &loaded,
        "a: {type: A, ttl: 60, octodns: {healthcheck: {protocol: TCP}, meridian: "
        "{policy: p, service: api}}, values: [192.0.2.1, 192.0.2.2]}",
        0);
    assert_int_equal(dyn->form, DYN_POLICY);
    assert_string_equal(dyn->service, "api");
    assert_int_equal(dyn->last_resort_count, 2);
    assert_string_equal(dyn->last_resort[1].server->name, "192.0.2.2");
    loaded_done(&loaded);
}

static void
bad_forms_are_refused_where_they_stand(void **state)
{
    static const char *const forms[][2] = {
        { "a: {type: A, dynamic: {}}",
          "2:23: a: dynamic names one of policy, pool and server" },
        { "a: {type: A, dynamic: {policy: p, pool: q}}",
          "2:23: a: dynamic names one of policy, pool and server" },
        { "a: {type: A, dynamic: {server: s, service: x}}",
          "2:23: a: 'server' takes only port and priority besides it" },
        { "a: {type: A, dynamic: {policy: p, anwers: 1}}",
          "2:35: a: unknown key 'anwers', did you mean 'answers'?" },
        { "a: {type: A, dynamic: {policy: p, answers: 0}}",
          "2:44: answers: expected a whole number from 1 to 32, found '0'" },
        { "a: {type: A, dynamic: {policy: p, answers: 33}}",
          "2:44: answers: expected a whole number from 1 to 32, found '33'" },
        { "a: {type: A, dynamic: {policy: p, chain: 0}}",
          "2:42: chain: expected a whole number from 1 to 16, found '0'" },
        { "a: {type: A, dynamic: {policy: p, families: lend}}",
          "2:45: a: families: 'borrow' is the only word" },
        { "a: {type: SRV, dynamic: {policy: p}}",
          "2:4: a: a dynamic SRV needs its 'port'" },
        { "a: {type: SRV, dynamic: {policy: p, port: 65536}}",
          "2:43: port: expected a whole number from 0 to 65535, found '65536'" },
        { "a: {type: TXT, dynamic: {policy: p}}",
          "2:4: a: type TXT has only the inline form of dynamic (pools and rules with "
          "values)" },
        { "a: {type: NS, dynamic: {pools: {x: {values: [{value: a.b.}]}}, rules: [{pool: "
          "x}]}, values: [a.b.]}",
          "2:4: a: type NS cannot be dynamic" },
        { "'@': {type: CNAME, dynamic: {policy: p}}",
          "2:6: example.: a CNAME cannot stand at the zone's own name" },
        { "a: {type: A, dynamic: {policy: p}, values: [x]}",
          "2:45: a: 'x' is not an address of the record's type" },
        { "a: {type: A, dynamic: {pool: p, targetname: b}}",
          "2:45: a: the target 'b' needs its final dot: 'b.'" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        char message[512];
        (void)snprintf(message, sizeof(message), "zone.yaml:%s\n", forms[i][1]);
        if (strncmp(forms[i][0], "'@'", 3) == 0) /* beside an NS it is two errors */
            (void)snprintf(message, sizeof(message),
                           "zone.yaml:2:6: example.: a CNAME stands alone, but there are "
                           "other records at this name\nzone.yaml:%s\n",
                           forms[i][1]);
        loaded_refuse(forms[i][0], message);
    }
}

/* ---- octoDNS's own ---------------------------------------------------------------- */

static void
pools_and_rules_are_a_policy_of_the_record(void **state)
{
    struct loaded loaded;

    (void)state;
    const struct dyn *const dyn = load_dyn(
        &loaded,
        "A.B:\n  type: A\n  ttl: 60\n  dynamic:\n    pools:\n"
        "      eu: {fallback: us, values: [{value: 192.0.2.1, weight: 3}, {value: "
        "192.0.2.2, status: down}]}\n"
        "      us: {values: [{value: 192.0.2.3}]}\n"
        "    rules:\n    - {geos: [EU], subnets: [198.51.100.0/24], pool: eu}\n"
        "    - {pool: us}\n"
        "  values: [192.0.2.9]\n",
        0);
    assert_int_equal(dyn->form, DYN_INLINE);
    assert_string_equal(dyn->service, "a.b.example");
    assert_string_equal(dyn->policy->name, "a.b.example");
    assert_int_equal(dyn->policy->rule_count, 2);
    assert_int_equal(dyn->policy->rules[0].chain.pool_count, 2);
    assert_int_equal(dyn->policy->last_resort_count, 1);
    assert_true(dyn->policy->subnets_first);
    loaded_done(&loaded);
}

static void
values_of_any_type_serve_in_pools(void **state)
{
    static const char *const records[][3] = {
        { "AAAA", "'2001:DB8:0::1'", "2001:db8::1" },
        { "CNAME", "Host.Other.", "host.other" },
        { "MX", "{preference: 10, exchange: m.b.}", "10 m.b." },
        { "MX", "'10 m.b.'", "10 m.b." },
        { "TXT", "'some text'", "some text" },
        { "PTR", "Host.Other.", "host.other" },
        { "CAA", "{tag: issue, value: ca.b}", "0 issue \"ca.b\"" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
        struct loaded loaded;
        char yaml[512];
        (void)snprintf(
            yaml, sizeof(yaml),
            "a: {type: %s, dynamic: {pools: {p: {values: [{value: %s}]}}, rules: "
            "[{pool: p}]}, values: [%s]}",
            records[i][0], records[i][1], records[i][1]);
        const struct dyn *const dyn = load_dyn(&loaded, yaml, 0);
        const struct pool *const pool = dyn->policy->rules[0].chain.pools[0];
        assert_string_equal(pool->members[0].server->name, records[i][2]);
        loaded_done(&loaded);
    }
}

/* They were one server called "value". */
static void
two_maps_in_a_pool_are_two_values(void **state)
{
    struct loaded loaded;

    (void)state;
    const struct dyn *const dyn = load_dyn(
        &loaded,
        "a: {type: MX, dynamic: {pools: {p: {values: [{value: {preference: 1, exchange: "
        "a.b.}}, {value: {preference: 2, exchange: c.d.}}]}}, rules: [{pool: p}]}, "
        "value: {preference: 3, "
        "exchange: e.f.}}",
        0);
    assert_int_equal(dyn->policy->rules[0].chain.pools[0]->member_count, 2);
    loaded_done(&loaded);
}

static void
a_geo_map_needs_its_values(void **state)
{
    struct loaded loaded;

    (void)state;
    const struct dyn *const dyn = load_dyn(
        &loaded,
        "a: {type: A, geo: {EU: [192.0.2.1], NA-US-CA: 192.0.2.2}, value: 192.0.2.3}", 0);
    assert_int_equal(dyn->form, DYN_INLINE);
    assert_int_equal(dyn->policy->rule_count, 3);
    assert_int_equal(dyn->ttl, 30);
    loaded_done(&loaded);
    loaded_refuse("a: {type: A, geo: {EU: [192.0.2.1]}}",
                  "zone.yaml:2:19: geo: missing value(s) for everybody else\n");
    loaded_refuse("a: {type: A, geo: {EU: [192.0.2.1]}, dynamic: {pools: {p: {values: "
                  "[{value: 192.0.2.1}]}}, rules: [{pool: p}]}, value: 192.0.2.1}",
                  "zone.yaml:2:19: \"dynamic\" record with \"geo\" content\n");
    loaded_refuse(
        "a: {type: A, geo: {XX: [192.0.2.1]}, value: 192.0.2.1}",
        "zone.yaml:2:20: geo \"XX\": 'XX' is not a place, such as EU or country:DE\n");
}

static void
keys_beside_pools_and_rules_are_ours_but_no_names_of_routing(void **state)
{
    struct loaded loaded;

    (void)state;
    const struct dyn *const dyn = load_dyn(
        &loaded,
        "a: {type: A, dynamic: {answers: 2, skip: 1, pools: {p: {values: [{value: "
        "192.0.2.1}]}}, rules: [{pool: p}]}, value: 192.0.2.1}",
        0);
    assert_int_equal(dyn->answers, 2);
    assert_int_equal(dyn->skip, 1);
    loaded_done(&loaded);
    loaded_refuse("a: {type: A, dynamic: {service: x, pools: {p: {values: [{value: "
                  "192.0.2.1}]}}, rules: [{pool: p}]}, value: 192.0.2.1}",
                  "zone.yaml:2:24: a: unknown key 'service'\n");
}

/* ---- ALIAS ------------------------------------------------------------------------ */

static void
an_alias_is_both_families_of_its_target(void **state)
{
    struct loaded loaded;

    (void)state;
    const struct dyn *const dyn =
        load_dyn(&loaded, "a: {type: ALIAS, ttl: 60, value: WWW.Other.}", 1);
    assert_int_equal(dyn->form, DYN_ALIAS);
    assert_string_equal(dyn->target, "www.other.");
    assert_int_equal(dyn->ttl, 60);
    assert_int_equal(loaded.zone->dyn_count, 2);
    loaded_done(&loaded);
}

static void
an_alias_with_addresses_is_static(void **state)
{
    (void)state;
    loaded_expect(
        "a: {type: ALIAS, ttl: 60, value: www.other., octodns: {meridian: {values: "
        "[192.0.2.1, '2001:db8::1']}}}",
        "a.example. 60 IN A 192.0.2.1\na.example. 60 IN AAAA 2001:db8::1\n");
    loaded_expect("a: {type: ALIAS, value: www.other., octodns: {meridian: {values: "
                  "192.0.2.1}}}",
                  "a.example. 3600 IN A 192.0.2.1\n");
}

static void
bad_aliases_are_refused(void **state)
{
    (void)state;
    loaded_refuse("a: {type: ALIAS}", "zone.yaml:2:4: a: an ALIAS needs its target\n");
    loaded_refuse("a: {type: ALIAS, value: b.c}",
                  "zone.yaml:2:25: a: the target 'b.c' needs its final dot: 'b.c.'\n");
    loaded_refuse("a: {type: ALIAS, values: [b.c., d.e.]}",
                  "zone.yaml:2:4: a: an ALIAS has one target\n");
    loaded_refuse("a: {type: ALIAS, value: b.c., octodns: {meridian: {values: [x]}}}",
                  "zone.yaml:2:61: a: A: 'x' is not an IPv4 address\n");
    loaded_refuse("a: {type: ALIAS, value: b.c., octodns: {meridian: {values: []}}}",
                  "zone.yaml:2:4: a: no values\n");
    loaded_refuse(
        "a: [{type: ALIAS, value: b.c.}, {type: A, value: 192.0.2.1}]",
        "zone.yaml:2:33: a: there is a record of type A at this name already\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_form_has_its_defaults),
        cmocka_unit_test(a_form_takes_every_key),
        cmocka_unit_test(both_families_of_an_entry_are_two_dyns),
        cmocka_unit_test(the_form_may_stand_under_octodns),
        cmocka_unit_test(bad_forms_are_refused_where_they_stand),
        cmocka_unit_test(pools_and_rules_are_a_policy_of_the_record),
        cmocka_unit_test(values_of_any_type_serve_in_pools),
        cmocka_unit_test(two_maps_in_a_pool_are_two_values),
        cmocka_unit_test(a_geo_map_needs_its_values),
        cmocka_unit_test(keys_beside_pools_and_rules_are_ours_but_no_names_of_routing),
        cmocka_unit_test(an_alias_is_both_families_of_its_target),
        cmocka_unit_test(an_alias_with_addresses_is_static),
        cmocka_unit_test(bad_aliases_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
