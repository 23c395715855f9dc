/* SPDX-License-Identifier: BSD-2-Clause */
/* octoDNS's dynamic records and legacy geo maps as policies. */
#include "dns/base/arena.h"
#include "dns/base/yaml.h"
#include "zones/steering/inline.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---- a reader of addresses -------------------------------------------------------- */

static enum status
read_address(void *context, const struct yaml_node *value, struct diag *diag,
             struct member *ret_member)
{
    struct arena *arena = context;
    const char *text = NULL;
    char name[ADDR_TEXT_SIZE];
    struct addr *addr = arena_alloc(arena, sizeof(*addr));
    struct server *server = arena_calloc(arena, 1, sizeof(*server));

    if (!addr || !server)
        return ERR_NOMEM;
    if (yaml_text(value, "value", diag, &text) != OK)
        return ERR_INVALID;
    if (addr_parse(text, addr) != OK) {
        diag_error(diag, value->at, "invalid address \"%s\"", text);
        return ERR_INVALID;
    }
    server->name = arena_strdup(arena, addr_text(addr, name));
    server->addresses = addr;
    server->address_count = 1;
    server->is_inline = true;
    ret_member->server = server;
    return OK;
}

struct made {
    struct arena *arena;
    struct diag diag;
    const struct policy *policy; /* NULL where it was refused */
    enum status status;
};

/* text: a record's map, with dynamic, geo, value or values. */
static void
make(const char *text, struct made *made)
{
    struct yaml *yaml = NULL;
    const struct yaml_node *map = NULL;

    diag_init(&made->diag);
    made->policy = NULL;
    made->arena = arena_new();
    assert_non_null(made->arena);
    assert_int_equal(yaml_open_bytes("zone.yaml", text, strlen(text), &made->diag, &yaml),
                     OK);
    assert_int_equal(yaml_whole(yaml, &map), OK);
    const struct yaml_node *values = yaml_get(map, "values");
    const struct inline_reader reader = { made->arena, read_address };
    const struct inline_record record = {
        .owner = "api.example.com",
        .dynamic = yaml_get(map, "dynamic"),
        .geo = yaml_get(map, "geo"),
        .values = values ? values : yaml_get(map, "value"),
        .at = map->at,
    };
    made->status =
        inline_policy(&record, &reader, made->arena, &made->diag, &made->policy);
    yaml_close(yaml); /* nothing of it is needed any more */
}

static void
done(struct made *made)
{
    diag_done(&made->diag);
    arena_free(made->arena);
}

static void
print_messages(const struct diag *diag)
{
    char line[2048];

    for (size_t i = 0; i < diag->count; i++) {
        (void)diag_format(&diag->messages[i], line, sizeof(line));
        print_message("# %s\n", line);
    }
}

static void
make_sound(const char *text, struct made *made)
{
    make(text, made);
    print_messages(&made->diag);
    assert_int_equal(made->status, OK);
    assert_int_equal(made->diag.count, 0);
    assert_non_null(made->policy);
}

static void
assert_chain(const struct chain *chain, const char *names)
{
    char text[256] = "";
    size_t len = 0;

    for (size_t i = 0; i < chain->pool_count; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i ? " " : "",
                                chain->pools[i]->name);
    assert_string_equal(text, names);
}

/* ---- dynamic ---------------------------------------------------------------------- */

static void
a_dynamic_record_is_a_policy(void **state)
{
    struct made made;

    (void)state;
    make_sound(
        "dynamic:\n"
        "  service: kept for the caller\n"
        "  pools:\n"
        "    eu: {fallback: tunnel, values: [{value: 192.0.2.10, weight: 3},"
        " {value: 192.0.2.11, weight: 1}]}\n"
        "    ru: {fallback: tunnel, values: [{value: 198.51.100.10, status: down}]}\n"
        "    tunnel: {fallback: null, values: [{value: 203.0.113.10, status: up}]}\n"
        "  rules:\n"
        "  - {subnets: [203.0.113.128/25, 203.0.113.1], pool: tunnel}\n"
        "  - {geos: [AS-KZ, EU-RU], subnets: [\"2001:db8::/32\"], pool: ru}\n"
        "  - {pool: eu}\n"
        "values: [192.0.2.10, 192.0.2.11]\n",
        &made);
    const struct policy *policy = made.policy;

    assert_string_equal(policy->name, "api.example.com");
    assert_true(policy->subnets_first);
    assert_true(policy->is_inline);
    assert_int_equal(policy->rule_count, 3);
    assert_chain(&policy->rules[0].chain, "tunnel");
    assert_chain(&policy->rules[1].chain, "ru tunnel");
    assert_chain(&policy->rules[2].chain, "eu tunnel");
    assert_int_equal(policy->rules[0].subnet_count, 2);
    assert_int_equal(policy->rules[1].word_count, 2);
    assert_int_equal(policy->rules[1].subnet_count, 1);
    assert_int_equal(policy->rules[1].at.line, 9);
    assert_string_equal(policy->rules[1].at.file, "zone.yaml");
    assert_true(policy->rules[2].everyone);
    assert_int_equal(policy->pool_count, 3);
    const struct pool *eu = policy->rules[2].chain.pools[0];
    assert_true(eu->uneven);
    assert_int_equal(eu->min_up, 1);
    assert_int_equal(eu->members[0].weight, 3);
    assert_string_equal(eu->members[0].server->name, "192.0.2.10");
    assert_int_equal(policy->rules[1].chain.pools[0]->members[0].status, MEMBER_DOWN);
    assert_int_equal(policy->rules[0].chain.pools[0]->members[0].status, MEMBER_UP);
    assert_int_equal(policy->last_resort_count, 2);
    assert_int_equal(policy->last_resort[1].weight, 1);
    done(&made);
}

static void
one_value_and_no_values_will_do(void **state)
{
    struct made made;

    (void)state;
    make_sound("dynamic: {pools: {a: {values: [{value: 192.0.2.1}]}},"
               " rules: [{geos: [], pool: a}]}\nvalue: 192.0.2.9\n",
               &made);
    assert_int_equal(made.policy->last_resort_count, 1);
    assert_true(made.policy->rules[0].everyone);
    done(&made);
    make_sound(
        "dynamic: {pools: {a: {values: [{value: 192.0.2.1}]}}, rules: [{pool: a}]}\n",
        &made);
    assert_int_equal(made.policy->last_resort_count, 0);
    done(&made);
}

static void
our_own_words_and_a_pool_used_twice_are_fine(void **state)
{
    struct made made;

    (void)state;
    make_sound(
        "dynamic:\n"
        "  pools: {a: {values: [{value: 192.0.2.1}]}, b: {values: [{value: "
        "192.0.2.2}]}}\n"
        "  rules:\n"
        "  - {geos: [\"asn:64500\", \"country:DE\", \"net:192.0.2.0/24\"], pool: a}\n"
        "  - {geos: [EU], pool: b}\n"
        "  - {geos: [AS], pool: a}\n"
        "  - {pool: a}\n",
        &made);
    assert_int_equal(made.policy->rules[0].word_count, 2);
    assert_int_equal(made.policy->rules[0].subnet_count, 1);
    done(&made);
}

static void
a_value_written_twice_has_both_weights(void **state)
{
    struct made made;

    (void)state;
    make("dynamic: {pools: {a: {values: [{value: 192.0.2.1, weight: 2}, {value: "
         "192.0.2.2},"
         " {value: 192.0.2.1, weight: 3}]}}, rules: [{pool: a}]}\n",
         &made);
    assert_int_equal(made.status, OK);
    assert_int_equal(made.diag.warning_count, 1);
    const struct pool *pool = made.policy->pools[0];
    assert_int_equal(pool->member_count, 2);
    assert_int_equal(pool->members[0].weight, 5);
    done(&made);
}

/* ---- legacy geo ------------------------------------------------------------------- */

static void
a_geo_map_goes_from_narrow_to_wide(void **state)
{
    struct made made;

    (void)state;
    make_sound("geo:\n"
               "  NA: [192.0.2.1]\n"
               "  EU: 192.0.2.2\n"
               "  NA-US-CA: [192.0.2.3, 192.0.2.4]\n"
               "  NA-US: [192.0.2.5]\n"
               "  AS-JP: [192.0.2.6]\n"
               "value: 192.0.2.9\n",
               &made);
    const struct policy *policy = made.policy;

    assert_int_equal(policy->rule_count, 6);
    assert_false(policy->subnets_first);
    assert_chain(&policy->rules[0].chain, "NA-US-CA NA-US NA default");
    assert_chain(&policy->rules[1].chain, "NA-US NA default");
    assert_chain(&policy->rules[2].chain, "AS-JP default");
    assert_chain(&policy->rules[3].chain, "NA default");
    assert_chain(&policy->rules[4].chain, "EU default");
    assert_chain(&policy->rules[5].chain, "default");
    assert_true(policy->rules[5].everyone);
    assert_int_equal(policy->rules[0].words[0].kind, PLACE_WORD_SUBDIVISION);
    assert_int_equal(policy->rules[0].chain.pools[0]->member_count, 2);
    assert_string_equal(policy->rules[5].chain.pools[0]->members[0].server->name,
                        "192.0.2.9");
    assert_int_equal(policy->last_resort_count, 0);
    done(&made);
}

/* ---- refused ---------------------------------------------------------------------- */

struct broken {
    const char *text;
    unsigned line, column;
    const char *words;
};

#define ONE "pools: {a: {values: [{value: 192.0.2.1}]}}"
#define TWO                                                                              \
    "pools: {a: {values: [{value: 192.0.2.1}]}, b: {values: [{value: 192.0.2.2}]}}"

static const struct broken broken[] = {
    { "dynamic: [a]\n", 1, 10, "dynamic: expected a map" },
    { "dynamic: {rules: [{pool: a}]}\n", 1, 10, "missing pools" },
    { "dynamic: {pools: {}, rules: [{pool: a}]}\n", 1, 18, "missing pools" },
    { "dynamic: {pools: [a], rules: [{pool: a}]}\n", 1, 18, "pools must be a map" },
    { "dynamic: {pools: {a: {fallback: null}}, rules: [{pool: a}]}\n", 1, 22,
      "pool \"a\": 'values' is missing" },
    { "dynamic: {pools: {a: {values: []}}, rules: [{pool: a}]}\n", 1, 31,
      "values must be a list of 1 to" },
    { "dynamic: {pools: {a: {values: [{value: x}]}}, rules: [{pool: a}]}\n", 1, 40,
      "invalid address \"x\"" },
    { "dynamic: {pools: {a: {values: [{weight: 1}]}}, rules: [{pool: a}]}\n", 1, 32,
      "pool \"a\" value 1: 'value' is missing" },
    { "dynamic: {pools: {a: {values: [{value: 192.0.2.1, weight: 0}]}}, rules: [{pool: "
      "a}]}\n",
      1, 59, "pool \"a\" value 1: weight: expected a whole number from 1 to 65535" },
    { "dynamic: {pools: {a: {values: [{value: 192.0.2.1, weight: 2}]}}, rules: [{pool: "
      "a}]}\n",
      1, 31, "pool \"a\" has single value with weight!=1" },
    { "dynamic: {pools: {a: {values: [{value: 192.0.2.1, status: on}]}}, rules: [{pool: "
      "a}]}\n",
      1, 59, "invalid status \"on\"" },
    { "dynamic: {pools: {a: {fallback: b, values: [{value: 192.0.2.1}]}}, rules: [{pool: "
      "a}]}\n",
      1, 33, "undefined fallback \"b\" for pool \"a\"" },
    { "dynamic:\n"
      "  pools:\n"
      "    a: {fallback: b, values: [{value: 192.0.2.1}]}\n"
      "    b: {fallback: c, values: [{value: 192.0.2.2}]}\n"
      "    c: {fallback: b, values: [{value: 192.0.2.3}]}\n"
      "  rules: [{pool: a}]\n",
      3, 8, "loop in pool fallbacks: a -> b -> c -> b" },
    { "dynamic: {" ONE "}\n", 1, 10, "missing rules" },
    { "dynamic: {" ONE ", rules: {pool: a}}\n", 1, 62, "rules must be a list" },
    { "dynamic: {" ONE ", rules: [{geos: [EU]}, {pool: a}]}\n", 1, 63,
      "rule 1: 'pool' is missing" },
    { "dynamic: {" ONE ", rules: [{pool: b}]}\n", 1, 70, "rule 1 undefined pool \"b\"" },
    { "dynamic: {" ONE ", rules: [{pool: a, pools: [a]}]}\n", 1, 73,
      "unknown key 'pools'" },
    { "dynamic: {" ONE ", rules: [{pool: a, geos: [EU]}]}\n", 1, 63,
      "final rule has \"subnets\" and/or \"geos\" and is not catchall" },
    { "dynamic: {" TWO ", rules: [{pool: b}, {pool: a}]}\n", 1, 109,
      "rule 2 duplicate default" },
    { "dynamic: {" TWO ", rules: [{pool: b}, {geos: [EU], pool: a}]}\n", 1, 109,
      "rule 2 can never be reached" },
    { "dynamic: {" TWO ", rules: [{pool: b}]}\n", 1, 19, "unused pools: \"a\"" },
    { "dynamic: {" TWO ", rules: [{geos: EU, pool: b}, {pool: a}]}\n", 1, 105,
      "rule 1 geos must be a list" },
    { "dynamic: {" TWO ", rules: [{geos: [EU-XX], pool: b}, {pool: a}]}\n", 1, 106,
      "EU-XX" },
    { "dynamic: {" TWO ", rules: [{geos: [\"region:eu\"], pool: b}, {pool: a}]}\n", 1,
      106, "regions belong to routing.yaml" },
    { "dynamic: {" TWO ", rules: [{subnets: [192.0.2.1/24], pool: b}, {pool: a}]}\n", 1,
      109, "bits set past its length" },
    { "dynamic: {" TWO
      ", rules: [{geos: [EU], pool: b}, {geos: [EU], pool: a}, {pool: a}]}\n",
      1, 121,
      "rule 2 targets geo continent:EU which has previously been seen in rule 1" },
    { "dynamic: {" TWO
      ", rules: [{geos: [NA], pool: b}, {geos: [NA-US], pool: a}, {pool: a}]}\n",
      1, 121,
      "rule 2 targets geo country:US which is more specific than the previously seen" },
    { "dynamic: {" TWO ", rules: [{subnets: [10.0.0.0/8], pool: b},"
      " {subnets: [10.1.0.0/16], pool: a}, {pool: a}]}\n",
      1, 132,
      "rule 2 targets subnet 10.1.0.0/16 which is more specific than the previously "
      "seen 10.0.0.0/8 in rule 1" },
    { "dynamic: {" ONE ", rules: [{pool: a}]}\nvalues: []\n", 2, 9, "missing value(s)" },
    { "dynamic: {" ONE ", rules: [{pool: a}]}\nvalues: [y]\n", 2, 10,
      "invalid address \"y\"" },
    { "dynamic: {" ONE ", rules: [{pool: a}]}\ngeo: {EU: 192.0.2.1}\n", 2, 6,
      "\"dynamic\" record with \"geo\" content" },
    { "geo: {EU: 192.0.2.1}\n", 1, 6, "missing value(s) for everybody else" },
    { "geo: {EU: []}\nvalue: 192.0.2.9\n", 1, 11, "missing value(s)" },
    { "geo: {\"asn:1\": 192.0.2.1}\nvalue: 192.0.2.9\n", 1, 7, "invalid geo \"asn:1\"" },
    { "geo: {EU-XX: 192.0.2.1}\nvalue: 192.0.2.9\n", 1, 7, "EU-XX" },
    { "geo: [EU]\nvalue: 192.0.2.9\n", 1, 6, "geo: expected a map" },
};

static bool
has_message(const struct diag *diag, const struct broken *wanted)
{
    for (size_t i = 0; i < diag->count; i++)
        if (diag->messages[i].line == wanted->line &&
            diag->messages[i].column == wanted->column &&
            strstr(diag->messages[i].text, wanted->words))
            return true;
    return false;
}

static void
broken_records_are_refused_with_place_and_words(void **state)
{
    size_t wrong = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        struct made made;

        make(broken[i].text, &made);
        const bool fine = made.status == ERR_INVALID && !made.policy &&
                          made.diag.error_count == 1 &&
                          has_message(&made.diag, &broken[i]);
        if (!fine) {
            print_message("# %s# wanted %u:%u: %s\n", broken[i].text, broken[i].line,
                          broken[i].column, broken[i].words);
            print_messages(&made.diag);
            wrong++;
        }
        done(&made);
    }
    assert_int_equal(wrong, 0);
}

static void
a_code_of_another_continent_is_warned_of(void **state)
{
    struct made made;

    (void)state;
    make("geo: {EU-TR: 192.0.2.1}\nvalue: 192.0.2.9\n", &made);
    assert_int_equal(made.status, OK);
    assert_int_equal(made.diag.warning_count, 1);
    assert_non_null(strstr(made.diag.messages[0].text, "AS-TR"));
    done(&made);
    make("geo: {EU-TR: 192.0.2.1, AS-TR: 192.0.2.2}\nvalue: 192.0.2.9\n", &made);
    assert_int_equal(made.status, ERR_INVALID);
    assert_int_equal(made.diag.error_count, 1);
    done(&made);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dynamic_record_is_a_policy),
        cmocka_unit_test(one_value_and_no_values_will_do),
        cmocka_unit_test(our_own_words_and_a_pool_used_twice_are_fine),
        cmocka_unit_test(a_value_written_twice_has_both_weights),
        cmocka_unit_test(a_geo_map_goes_from_narrow_to_wide),
        cmocka_unit_test(broken_records_are_refused_with_place_and_words),
        cmocka_unit_test(a_code_of_another_continent_is_warned_of),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
