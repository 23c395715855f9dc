/* SPDX-License-Identifier: BSD-2-Clause */
/* routing.yaml: what it says, and what is said about broken ones, with their places. */
#include "dns/base/diag.h"
#include "zones/steering/routing.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { FILES_MAX = 3 };

/* A folder of its own for the files of one test. */
struct fixture {
    char folder[64];
    char *paths[FILES_MAX]; /* owned */
    size_t count;
    struct diag diag;
};

static void
open_fixture(struct fixture *fixture)
{
    (void)snprintf(fixture->folder, sizeof(fixture->folder),
                   "/tmp/meridian-routing-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    fixture->count = 0;
    diag_init(&fixture->diag);
}

static void
close_fixture(struct fixture *fixture)
{
    for (size_t i = 0; i < fixture->count; i++) {
        (void)unlink(fixture->paths[i]);
        free(fixture->paths[i]);
    }
    (void)rmdir(fixture->folder);
    diag_done(&fixture->diag);
}

static void
add_file(struct fixture *fixture, const char *text)
{
    char *path = NULL;

    assert_true(asprintf(&path, "%s/%zu.yaml", fixture->folder, fixture->count + 1) > 0);
    fixture->paths[fixture->count++] = path;
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static enum status
load(struct fixture *fixture, struct routing **ret_routing)
{
    const char *paths[FILES_MAX];

    for (size_t i = 0; i < fixture->count; i++)
        paths[i] = fixture->paths[i];
    return routing_load(paths, fixture->count, fixture->folder, &fixture->diag,
                        ret_routing);
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

/* Loads text that must be sound. */
static struct routing *
sound(const char *text)
{
    struct fixture fixture;
    struct routing *routing = NULL;

    open_fixture(&fixture);
    add_file(&fixture, text);
    const enum status status = load(&fixture, &routing);
    print_messages(&fixture.diag);
    assert_int_equal(status, OK);
    assert_int_equal(fixture.diag.count, 0);
    close_fixture(&fixture);
    return routing;
}

#define SERVERS                                                                          \
    "servers:\n"                                                                         \
    "  main: {addresses: [1.2.3.4, \"2001:db8:1::4\"], host: Main.yourdomain.com,"       \
    " location: [52.37, 4.90]}\n"                                                        \
    "  eu-1: {addresses: [5.6.7.8], host: eu.yourdomain.com., location: [50.11, "        \
    "8.68]}\n"                                                                           \
    "  asia-1: {addresses: [9.10.11.12], location: [1.35, 103.82]}\n"                    \
    "  us-1: {addresses: [13.14.15.16], location: [39.04, -77.49]}\n"                    \
    "  bare: {host: bare.yourdomain.com}\n"
#define POOLS                                                                            \
    "pools:\n"                                                                           \
    "  europe: {servers: [eu-1], min_up: 1}\n"                                           \
    "  asia: {servers: [asia-1]}\n"                                                      \
    "  americas: {servers: [us-1]}\n"                                                    \
    "  backup: {servers: [main], fallback: americas}\n"                                  \
    "  tunnel: {servers: [main], fallback: backup}\n"

/* ---- what it says ----------------------------------------------------------------- */

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

static void
no_files_give_the_defaults(void **state)
{
    struct routing *routing = NULL;

    (void)state;
    assert_int_equal(routing_load(NULL, 0, NULL, NULL, &routing), OK);
    const struct region *europe = routing_region(routing, "europe");
    assert_non_null(europe);
    assert_int_equal(europe->word_count, 2);
    assert_int_equal(europe->words[0].kind, PLACE_WORD_CONTINENT);
    assert_non_null(routing_region(routing, "asia"));
    assert_non_null(routing_region(routing, "americas"));
    assert_null(routing_region(routing, "africa"));
    assert_non_null(routing_service(routing, "default"));
    assert_null(routing_service(routing, "default")->check);
    assert_null(routing_server_at(routing, 0));
    assert_null(routing_policy(routing, "geo_routing"));
    assert_int_equal(routing_file_count(routing), 0);
    routing_free(routing);
}

static void
servers_have_addresses_hosts_and_places(void **state)
{
    struct routing *routing = sound(SERVERS);
    const struct server *server = routing_server(routing, "main");
    struct addr addr;

    (void)state;
    assert_non_null(server);
    assert_string_equal(server->name, "main");
    assert_string_equal(server->host, "main.yourdomain.com.");
    assert_int_equal(server->address_count, 2);
    assert_true(server->has_location);
    assert_true(server->location.latitude > 52.36 && server->location.latitude < 52.38);
    assert_int_equal(server->at.line, 2);
    assert_false(server->is_inline);
    assert_int_equal(addr_parse("2001:db8:1::4", &addr), OK);
    assert_ptr_equal(routing_owner_of_addr(routing, &addr), server);
    assert_int_equal(addr_parse("192.0.2.1", &addr), OK);
    assert_null(routing_owner_of_addr(routing, &addr));
    assert_string_equal(routing_owner_of_host(routing, "eu.yourdomain.com.")->name,
                        "eu-1");
    assert_null(routing_owner_of_host(routing, "nobody.yourdomain.com."));
    assert_string_equal(routing_server_at(routing, 3)->name, "us-1");
    assert_null(routing_server_at(routing, 5));
    routing_free(routing);
}

static void
services_say_how_they_are_checked(void **state)
{
    struct routing *routing =
        sound("services:\n"
              "  default: {check: https, host: widget.yourdomain.com, path: /api/health,"
              " method: HEAD, status: [200, 204], timeout: 3s}\n"
              "  livekit: {check: websocket, host: livekit.yourdomain.com, path: /rtc}\n"
              "  turn: {check: turn, port: 3478}\n"
              "  named-only:\n");
    const struct service *service = routing_service(routing, "default");

    (void)state;
    assert_string_equal(service->check, "https");
    assert_string_equal(service->host, "widget.yourdomain.com");
    assert_string_equal(service->path, "/api/health");
    assert_string_equal(service->method, "HEAD");
    assert_int_equal(service->status_count, 2);
    assert_int_equal(service->statuses[1], 204);
    assert_int_equal(service->timeout_ms, 3000);
    assert_int_equal(routing_service(routing, "turn")->port, 3478);
    assert_null(routing_service(routing, "named-only")->check);
    assert_null(routing_service_at(routing, 4));
    routing_free(routing);
}

static void
pools_have_weights_and_fallbacks(void **state)
{
    struct routing *routing = sound(
        SERVERS "pools:\n"
                "  media: {servers: [{server: eu-1, weight: 3}, us-1], stick: client,"
                " min_up: 2, fallback: last}\n"
                "  last: {servers: main, fallback: null}\n");
    const struct pool *pool = routing_pool(routing, "media");

    (void)state;
    assert_int_equal(pool->member_count, 2);
    assert_int_equal(pool->members[0].weight, 3);
    assert_int_equal(pool->members[1].weight, 1);
    assert_int_equal(pool->members[0].status, MEMBER_OBEY);
    assert_string_equal(pool->members[1].server->name, "us-1");
    assert_true(pool->uneven);
    assert_true(pool->stick_client);
    assert_int_equal(pool->min_up, 2);
    assert_ptr_equal(pool->fallback, routing_pool(routing, "last"));
    assert_null(routing_pool(routing, "last")->fallback);
    assert_false(routing_pool(routing, "last")->uneven);
    const struct policy *policy = routing_pool_policy(routing, "media");
    assert_string_equal(policy->name, "pool/media");
    assert_int_equal(policy->rule_count, 1);
    assert_chain(&policy->rules[0].chain, "media last");
    assert_int_equal(policy->pool_count, 2);
    routing_free(routing);
}

static void
rules_have_chains_of_their_own(void **state)
{
    struct routing *routing =
        sound(SERVERS POOLS "policies:\n"
                            "  nearest:\n"
                            "    - {geos: [country:IR], pools: [tunnel], only: true}\n"
                            "    - {region: europe, pools: [europe, backup]}\n"
                            "    - {region: asia, pools: [asia, europe], only: false}\n"
                            "    - {subnets: [\"198.51.100.0/24\"], geos: "
                            "\"net:203.0.113.0/24\", asns: [64500],"
                            " pool: americas}\n"
                            "    - {region: americas, pools: [americas, americas]}\n"
                            "    - {pool: tunnel}\n");
    const struct policy *policy = routing_policy(routing, "nearest");

    (void)state;
    assert_int_equal(policy->rule_count, 6);
    assert_false(policy->subnets_first);
    assert_false(policy->is_inline);
    assert_chain(&policy->rules[0].chain, "tunnel");
    assert_chain(&policy->rules[1].chain, "europe backup americas");
    assert_chain(&policy->rules[2].chain, "asia europe");
    assert_chain(&policy->rules[4].chain, "americas");
    assert_chain(&policy->rules[5].chain, "tunnel backup americas");
    assert_int_equal(policy->rules[1].word_count, 2);
    assert_int_equal(policy->rules[3].subnet_count, 2);
    assert_int_equal(policy->rules[3].word_count, 1);
    assert_int_equal(policy->rules[3].words[0].asn, 64500);
    assert_false(policy->rules[4].everyone);
    assert_true(policy->rules[5].everyone);
    assert_int_equal(policy->rules[5].at.line, 20);
    assert_int_equal(policy->pool_count, 5);
    assert_string_equal(policy->pools[0]->name, "tunnel");
    routing_free(routing);
}

static void
regions_hold_regions_and_nets(void **state)
{
    struct routing *routing =
        sound(SERVERS POOLS "regions:\n"
                            "  europe: [EU]\n"
                            "  west: [region:europe, region:far, NA]\n"
                            "  far: [\"net:192.0.2.0/24\", country:JP, EU]\n"
                            "policies:\n"
                            "  p:\n"
                            "    - {region: west, pool: asia}\n"
                            "    - {geos: global, pool: europe}\n");
    const struct region *west = routing_region(routing, "west");
    const struct policy *policy = routing_policy(routing, "p");

    (void)state;
    assert_int_equal(west->word_count, 4); /* EU once, NA, JP, the net */
    assert_int_equal(routing_region(routing, "europe")->word_count, 1);
    assert_int_equal(policy->rules[0].word_count, 3);
    assert_int_equal(policy->rules[0].subnet_count, 1);
    assert_true(policy->rules[1].everyone);
    routing_free(routing);
}

static void
distance_policies_have_candidates(void **state)
{
    struct routing *routing =
        sound(SERVERS POOLS
              "policies:\n"
              "  closest: {by: distance, pools: [europe, asia, americas], keep: 2,"
              " bias: {americas: -20}, otherwise: backup}\n"
              "  plain: {otherwise: [asia, backup], pools: europe, by: distance}\n");
    const struct policy *policy = routing_policy(routing, "closest");

    (void)state;
    assert_true(policy->by_distance);
    assert_int_equal(policy->rule_count, 0);
    assert_int_equal(policy->pool_count, 3);
    assert_int_equal(policy->keep, 2);
    assert_int_equal(policy->bias[0], 0);
    assert_int_equal(policy->bias[2], -20);
    assert_chain(&policy->otherwise, "backup americas");
    assert_chain(&routing_policy(routing, "plain")->otherwise, "asia backup americas");
    assert_int_equal(routing_policy(routing, "plain")->keep, 1);
    routing_free(routing);
}

static void
the_short_form_is_a_policy(void **state)
{
    struct routing *routing =
        sound(SERVERS "geo_routing:\n"
                      "  - {region: europe, server: eu-1}\n"
                      "  - {region: \"asia\", server: \"Asia.yourdomain.com\"}\n"
                      "  - {region: americas, server: main.yourdomain.com.}\n");
    const struct policy *policy = routing_policy(routing, "geo_routing");

    (void)state;
    assert_non_null(policy);
    assert_int_equal(policy->rule_count, 3);
    assert_chain(&policy->rules[0].chain,
                 "geo_routing/eu-1 geo_routing/asia.yourdomain.com geo_routing/main");
    assert_chain(&policy->rules[1].chain,
                 "geo_routing/asia.yourdomain.com geo_routing/eu-1 geo_routing/main");
    assert_chain(&policy->rules[2].chain,
                 "geo_routing/main geo_routing/eu-1 geo_routing/asia.yourdomain.com");
    assert_true(policy->rules[2].everyone);
    assert_false(policy->rules[1].everyone);
    const struct server *asia = routing_server(routing, "asia.yourdomain.com");
    assert_non_null(asia);
    assert_string_equal(asia->host, "asia.yourdomain.com.");
    assert_ptr_equal(routing_owner_of_host(routing, "asia.yourdomain.com."), asia);
    assert_non_null(routing_pool(routing, "geo_routing/main"));
    assert_non_null(routing_pool_policy(routing, "geo_routing/main"));
    routing_free(routing);
}

static void
several_files_are_one_name_space(void **state)
{
    struct fixture fixture;
    struct routing *routing = NULL;

    (void)state;
    open_fixture(&fixture);
    add_file(&fixture,
             "policies:\n  p: [{pool: europe}]\npools: {europe: {servers: eu-1}}\n");
    add_file(&fixture, SERVERS);
    assert_int_equal(load(&fixture, &routing), OK);
    assert_string_equal(
        routing_policy(routing, "p")->rules[0].chain.pools[0]->members[0].server->name,
        "eu-1");
    assert_int_equal(routing_file_count(routing), 2);
    assert_non_null(strstr(routing_file(routing, 1), "2.yaml"));
    assert_null(routing_file(routing, 2));
    routing_free(routing);
    close_fixture(&fixture);
}

/* ---- broken files ----------------------------------------------------------------- */

struct broken {
    const char *text;
    unsigned line, column;
    const char *words;
};

static const struct broken broken[] = {
    { "", 0, 0, "" },
    { "server: {}\n", 1, 1, "did you mean 'servers'" },
    { "servers: [a]\n", 1, 10, "servers: expected a map" },
    { "servers:\n  a: {}\n", 2, 6, "server 'a': needs addresses, a host, or both" },
    { "servers:\n  a: {addressez: [192.0.2.1], host: a.example}\n", 2, 7,
      "server 'a': unknown key 'addressez', did you mean 'addresses'" },
    { "servers:\n  a: {addresses: [192.0.2.1, 192.0.2.300]}\n", 2, 30,
      "'192.0.2.300' is no IPv4 or IPv6 address" },
    { "servers:\n  a: {addresses: [\"2001:db8::1\", \"2001:DB8:0::1\"]}\n", 2, 34,
      "2001:DB8:0::1 is there twice" },
    { "servers:\n  a: {addresses: []}\n", 2, 18, "addresses: there must be 1 to 64" },
    { "servers:\n  a: {host: \"192.0.2.1\"}\n", 2, 13, "is an address, not a host name" },
    { "servers:\n  a: {host: \"https://a.example\"}\n", 2, 13, "is no host name" },
    { "servers:\n  a: {host: a.example, location: [52.0]}\n", 2, 34,
      "must be [latitude, longitude]" },
    { "servers:\n  a: {host: a.example, location: [91, 4]}\n", 2, 35,
      "server 'a': location: latitude: expected a number from -90 to 90" },
    { "servers:\n  a/b: {host: a.example}\n", 2, 3, "a name has no blanks" },
    { "servers:\n  192.0.2.1: {addresses: [192.0.2.2]}\n", 2, 3,
      "the name is an address that it does not have" },
    { "services:\n  a: {check: htps}\n", 2, 14, "did you mean 'https'" },
    { "services:\n  a: {check: tcp}\n", 2, 6, "check 'tcp' needs a port" },
    { "services:\n  a: {check: https, path: health}\n", 2, 27, "must begin with '/'" },
    { "services:\n  a: {check: https, status: [200, 99]}\n", 2, 35,
      "expected a whole number from 100 to 599" },
    { "services:\n  a: {check: https, method: get}\n", 2, 29, "no HTTP method" },
    { "services:\n  a: {check: https, timeout: 0}\n", 2, 30, "must be over 0" },
    { "services:\n  a: {check: turn, port: 70000}\n", 2, 26, "from 1 to 65535" },
    { "regions:\n  a: [RU]\n", 2, 7, "country:RU" },
    { "regions:\n  a: []\n", 2, 6, "region 'a': must be a list of places" },
    { "regions:\n  a: [region:europ]\n", 2, 7,
      "no region 'europ': did you mean 'europe'" },
    { "regions:\n  a: [EU, region:b]\n  b: [region:c]\n  c: [region:a]\n", 2, 11,
      "region 'a' holds itself: a → b → c → a" },
    { SERVERS "pools:\n  p: {servers: [eu-2]}\n", 8, 17,
      "pool 'p': no server 'eu-2': did you mean 'eu-1'" },
    { SERVERS "pools:\n  p: {servers: [eu-1, eu-1]}\n", 8, 23,
      "server 'eu-1' is there twice" },
    { SERVERS "pools:\n  p: {min_up: 1}\n", 8, 6, "'servers' is missing" },
    { SERVERS "pools:\n  p: {servers: [eu-1], min_up: 2}\n", 8, 32,
      "min_up is 2, but there is only 1 server" },
    { SERVERS "pools:\n  p: {servers: [eu-1], min_up: 0}\n", 8, 32, "from 1 to 1024" },
    { SERVERS "pools:\n  p: {servers: [{server: eu-1, weight: 65536}]}\n", 8, 40,
      "from 1 to 65535" },
    { SERVERS "pools:\n  p: {servers: [eu-1], stick: server}\n", 8, 31,
      "is not 'client'" },
    { SERVERS "pools:\n  p: {servers: [eu-1], fallback: q}\n", 8, 34, "no pool 'q'" },
    { SERVERS
      "pools:\n  x: {servers: main, fallback: a}\n  a: {servers: main, fallback: b}\n"
      "  b: {servers: main, fallback: a}\n",
      9, 32, "pool 'a': the fallbacks go round: a → b → a" },
    { SERVERS POOLS "policies:\n  p: europe\n", 14, 6, "must be a list of rules" },
    { SERVERS POOLS "policies:\n  p: []\n", 14, 6, "there must be 1 to" },
    { SERVERS POOLS "policies:\n  p: [{region: europe, pool: europe}]\n", 14, 3,
      "policy 'p': the last rule must be for everyone" },
    { SERVERS POOLS "policies:\n  p: [{pool: euope}]\n", 14, 14,
      "policy 'p': rule 1: no pool 'euope': did you mean 'europe'" },
    { SERVERS POOLS "policies:\n  p: [{pool: europe, pools: [asia]}]\n", 14, 22,
      "'pool' and 'pools' exclude each other" },
    { SERVERS POOLS "policies:\n  p: [{region: europe}, {pool: asia}]\n", 14, 7,
      "rule 1: needs 'pool' or 'pools'" },
    { SERVERS POOLS "policies:\n  p: [{pool: [europe, asia]}]\n", 14, 14,
      "several are written under 'pools'" },
    { SERVERS POOLS "policies:\n  p: [{region: [], pool: europe}, {pool: asia}]\n", 14,
      16, "region: there must be at least one" },
    { SERVERS POOLS "policies:\n  p: [{asns: [AS64500], pool: europe}, {pool: asia}]\n",
      14, 15, "write the number alone" },
    { SERVERS POOLS
      "policies:\n  p: [{subnets: [192.0.2.1/24], pool: europe}, {pool: asia}]\n",
      14, 18, "bits set past its length" },
    { SERVERS POOLS "policies:\n  p: [{geos: [AS64500], pool: europe}, {pool: asia}]\n",
      14, 15, "asn:64500" },
    { SERVERS POOLS "policies:\n  p: [{pool: asia, only: maybe}]\n", 14, 26, "maybe" },
    { SERVERS POOLS "policies:\n  p: {by: latency, pools: [asia], otherwise: asia}\n", 14,
      11, "is not 'distance'" },
    { SERVERS POOLS "policies:\n  p: {by: distance, pools: [asia]}\n", 14, 6,
      "'otherwise' is missing" },
    { SERVERS POOLS
      "policies:\n  p: {by: distance, pools: [asia], keep: 5, otherwise: asia}\n",
      14, 42, "from 1 to 4" },
    { SERVERS POOLS
      "policies:\n  p: {by: distance, pools: [asia, asia], otherwise: asia}\n",
      14, 35, "pool 'asia' is there twice" },
    { SERVERS POOLS "policies:\n  p: {by: distance, pools: [asia], bias: {asia: 100}, "
                    "otherwise: asia}\n",
      14, 49, "from -99 to 99" },
    { SERVERS POOLS "policies:\n  p: {by: distance, pools: [asia], bias: {europe: 1}, "
                    "otherwise: asia}\n",
      14, 43, "'europe' is none of its pools" },
    { SERVERS "pools:\n  p: {servers: bare}\n"
              "policies:\n  d: {by: distance, pools: [p], otherwise: p}\n",
      10, 29, "pool 'p' has no server with a location" },
    { SERVERS "geo_routing:\n  - {region: europe}\n", 8, 5, "'server' is missing" },
    { SERVERS "geo_routing:\n  - {region: europe, server: eu-l}\n", 8, 30,
      "neither a server nor a host name: did you mean 'eu-1'" },
    { SERVERS "geo_routing:\n  - {region: eurpe, server: eu-1}\n", 8, 14,
      "no region 'eurpe': did you mean 'europe'" },
    { SERVERS "geo_routing: {europe: eu-1}\n", 7, 14, "geo_routing: expected a list" },
    { SERVERS POOLS "policies:\n  geo_routing: [{pool: asia}]\n"
                    "geo_routing:\n  - {region: europe, server: eu-1}\n",
      14, 3, "this name is the short form's" },
};

/* The message of this place with these words. */
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
broken_files_are_refused_with_place_and_words(void **state)
{
    size_t wrong = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        struct fixture fixture;
        struct routing *routing = NULL;

        open_fixture(&fixture);
        add_file(&fixture, broken[i].text);
        const enum status status = load(&fixture, &routing);
        const bool found = !broken[i].line || has_message(&fixture.diag, &broken[i]);
        if (status != ERR_INVALID || !found) {
            print_message("# %s# wanted %u:%u: %s\n", broken[i].text, broken[i].line,
                          broken[i].column, broken[i].words);
            print_messages(&fixture.diag);
        }
        wrong += status != ERR_INVALID || !found;
        assert_null(routing);
        assert_true(fixture.diag.error_count > 0);
        assert_non_null(strstr(fixture.diag.messages[0].file, "1.yaml"));
        close_fixture(&fixture);
    }
    assert_int_equal(wrong, 0);
}

static void
one_mistake_is_one_message(void **state)
{
    (void)state;
    for (size_t i = 1; i < sizeof(broken) / sizeof(broken[0]); i++) {
        struct fixture fixture;
        struct routing *routing = NULL;

        open_fixture(&fixture);
        add_file(&fixture, broken[i].text);
        assert_int_equal(load(&fixture, &routing), ERR_INVALID);
        if (fixture.diag.error_count != 1) {
            print_message("# %s", broken[i].text);
            print_messages(&fixture.diag);
        }
        assert_int_equal(fixture.diag.error_count, 1);
        close_fixture(&fixture);
    }
}

static void
all_errors_of_all_files_are_reported(void **state)
{
    struct fixture fixture;
    struct routing *routing = NULL;

    (void)state;
    open_fixture(&fixture);
    add_file(&fixture, "servers:\n  a: {addresses: [x]}\n  b: {host: \"-!\"}\n");
    add_file(&fixture,
             "pools:\n  p: {servers: [a, c], min_up: zero}\n  q: {server: a}\n");
    assert_int_equal(load(&fixture, &routing), ERR_INVALID);
    assert_int_equal(fixture.diag.error_count, 6);
    close_fixture(&fixture);
}

static void
a_name_in_two_files_is_an_error_at_the_second(void **state)
{
    struct fixture fixture;
    struct routing *routing = NULL;
    const struct broken wanted = { "", 2, 3, "server 'a': is already defined at " };

    (void)state;
    open_fixture(&fixture);
    add_file(&fixture, "servers:\n  a: {host: a.example}\n");
    add_file(&fixture, "servers:\n  a: {host: b.example}\n");
    assert_int_equal(load(&fixture, &routing), ERR_INVALID);
    assert_int_equal(fixture.diag.error_count, 1);
    assert_true(has_message(&fixture.diag, &wanted));
    assert_non_null(strstr(fixture.diag.messages[0].file, "2.yaml"));
    assert_non_null(strstr(fixture.diag.messages[0].text, "1.yaml:2"));
    close_fixture(&fixture);
}

static void
names_of_an_unreadable_file_are_not_called_unknown(void **state)
{
    struct fixture fixture;
    struct routing *routing = NULL;

    (void)state;
    open_fixture(&fixture);
    add_file(&fixture, "servers: {a: {host: a.example}\n"); /* a brace is missing */
    add_file(&fixture, "pools:\n  p: {servers: [a]}\n");
    assert_int_equal(load(&fixture, &routing), ERR_INVALID);
    assert_int_equal(fixture.diag.error_count, 1);
    close_fixture(&fixture);
}

static void
chains_have_a_limit(void **state)
{
    struct fixture fixture;
    struct routing *routing = NULL;
    char text[16384] = "servers: {a: {host: a.example}}\npools:\n";
    size_t len = strlen(text);

    (void)state;
    for (unsigned i = 0; i < CHAIN_POOLS_MAX; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len,
                                "  p%u: {servers: a, fallback: p%u}\n", i, i + 1);
    (void)snprintf(text + len, sizeof(text) - len, "  p%d: {servers: a}\n",
                   CHAIN_POOLS_MAX);
    open_fixture(&fixture);
    add_file(&fixture, text);
    assert_int_equal(load(&fixture, &routing), ERR_INVALID);
    assert_int_equal(fixture.diag.error_count, 1); /* p0's chain only */
    assert_int_equal(fixture.diag.messages[0].line, 3);
    assert_non_null(
        strstr(fixture.diag.messages[0].text, "more than 64 pools in one chain"));
    close_fixture(&fixture);
}

/* ---- warnings --------------------------------------------------------------------- */

static const struct broken doubtful[] = {
    { SERVERS POOLS
      "policies:\n  p:\n    - {pool: asia}\n    - {region: asia, pool: europe}\n"
      "    - {pool: asia}\n",
      16, 7, "policy 'p': rule 2 can never be reached: rule 1 holds everyone" },
    { SERVERS POOLS "policies:\n  p:\n    - {geos: [EU, AS], pool: asia}\n"
                    "    - {geos: [country:DE, subdivision:JP-13], pool: europe}\n"
                    "    - {pool: asia}\n",
      16, 7, "rule 2 can never be reached: rule 1 holds all of its places" },
    { SERVERS POOLS
      "policies:\n  p:\n    - {geos: country:DE, pool: asia}\n"
      "    - {subnets: 192.0.0.0/16, pool: asia}\n"
      "    - {geos: subdivision:DE-BE, subnets: [192.0.2.0/24], pool: europe}\n"
      "    - {pool: asia}\n",
      17, 7, "rule 3 can never be reached: rules 1, 2 hold all of its places" },
    { "services:\n  a: {check: tcp, port: 1, path: /x}\n", 2, 28,
      "'path' means nothing for check 'tcp'" },
    { "servers:\n  a: {addresses: 192.0.2.1}\n  b: {addresses: 192.0.2.1}\n", 3, 3,
      "192.0.2.1 is an address of server 'a', too" },
    { "regions:\n  a: [EU-TR]\n", 2, 7, "AS-TR" },
};

static void
doubtful_files_load_with_a_warning(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(doubtful) / sizeof(doubtful[0]); i++) {
        struct fixture fixture;
        struct routing *routing = NULL;

        open_fixture(&fixture);
        add_file(&fixture, doubtful[i].text);
        const enum status status = load(&fixture, &routing);
        if (status != OK || !has_message(&fixture.diag, &doubtful[i]))
            print_messages(&fixture.diag);
        assert_int_equal(status, OK);
        assert_true(has_message(&fixture.diag, &doubtful[i]));
        assert_int_equal(fixture.diag.warning_count, 1);
        routing_free(routing);
        close_fixture(&fixture);
    }
}

static void
a_rule_with_one_place_left_is_not_unreachable(void **state)
{
    struct routing *routing =
        sound(SERVERS POOLS "policies:\n  p:\n"
                            "    - {geos: EU, pool: asia}\n"
                            "    - {geos: [EU, country:JP], pool: europe}\n"
                            "    - {pool: asia}\n");

    (void)state;
    routing_free(routing);
}

/* ---- addresses from hosts --------------------------------------------------------- */

/* Hosts called outside are nobody's here, those called nothing have no address. */
static size_t
resolve(void *context, const char *host, struct addr *ret_addrs, size_t max,
        bool *ret_inside)
{
    size_t *calls = context;

    (*calls)++;
    *ret_inside = strstr(host, "outside") == NULL;
    if (!*ret_inside || strstr(host, "nothing") || !max)
        return 0;
    assert_int_equal(addr_parse("192.0.2.9", &ret_addrs[0]), OK);
    return 1;
}

static void
servers_take_the_addresses_of_their_hosts(void **state)
{
    struct routing *routing =
        sound("servers:\n"
              "  a: {host: known.example}\n"
              "  b: {host: outside.example}\n"
              "  c: {addresses: 192.0.2.1, host: nothing.example}\n");
    struct diag diag;
    struct addr addr;
    size_t calls = 0;

    (void)state;
    diag_init(&diag);
    assert_int_equal(routing_complete(routing, resolve, &calls, &diag), OK);
    assert_int_equal(diag.count, 0);
    assert_int_equal(routing_server(routing, "a")->address_count, 1);
    assert_int_equal(routing_server(routing, "b")->address_count, 0);
    assert_int_equal(addr_parse("192.0.2.9", &addr), OK);
    assert_string_equal(routing_owner_of_addr(routing, &addr)->name, "a");
    assert_int_equal(addr_parse("192.0.2.1", &addr), OK);
    assert_string_equal(routing_owner_of_addr(routing, &addr)->name, "c");
    diag_done(&diag);
    routing_free(routing);
}

static void
a_host_inside_without_an_address_is_an_error(void **state)
{
    struct routing *routing = sound("servers:\n  a: {host: nothing.example}\n");
    struct diag diag;
    size_t calls = 0;

    (void)state;
    diag_init(&diag);
    assert_int_equal(routing_complete(routing, resolve, &calls, &diag), ERR_INVALID);
    assert_int_equal(diag.error_count, 1);
    assert_int_equal(diag.messages[0].line, 2);
    assert_non_null(strstr(diag.messages[0].text, "nothing.example."));
    diag_done(&diag);
    routing_free(routing);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_files_give_the_defaults),
        cmocka_unit_test(servers_have_addresses_hosts_and_places),
        cmocka_unit_test(services_say_how_they_are_checked),
        cmocka_unit_test(pools_have_weights_and_fallbacks),
        cmocka_unit_test(rules_have_chains_of_their_own),
        cmocka_unit_test(regions_hold_regions_and_nets),
        cmocka_unit_test(distance_policies_have_candidates),
        cmocka_unit_test(the_short_form_is_a_policy),
        cmocka_unit_test(several_files_are_one_name_space),
        cmocka_unit_test(broken_files_are_refused_with_place_and_words),
        cmocka_unit_test(one_mistake_is_one_message),
        cmocka_unit_test(all_errors_of_all_files_are_reported),
        cmocka_unit_test(a_name_in_two_files_is_an_error_at_the_second),
        cmocka_unit_test(names_of_an_unreadable_file_are_not_called_unknown),
        cmocka_unit_test(chains_have_a_limit),
        cmocka_unit_test(doubtful_files_load_with_a_warning),
        cmocka_unit_test(a_rule_with_one_place_left_is_not_unreachable),
        cmocka_unit_test(servers_take_the_addresses_of_their_hosts),
        cmocka_unit_test(a_host_inside_without_an_address_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
