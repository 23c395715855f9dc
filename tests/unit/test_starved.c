/* SPDX-License-Identifier: BSD-2-Clause */
/* Out of memory at each place of a load: it is refused with ERR_NOMEM and without a false
 * reason, what was there serves on, and the next load succeeds. Leaks are the sanitizers'
 * to find. */
#include "tests/lib/starve.h"
#include "tests/lib/stored.h"
#include "zones/import.h"
#include "zones/load.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { NTH_MAX = 20000, DEADLINE_S = 60 };

/* Every form of record, and enough names that tables and regions grow. */
static const char zone_head[] =
    "'':\n"
    "- {type: NS, values: [ns1.example., ns2.elsewhere.]}\n"
    "- {type: MX, values: [{preference: 1, exchange: mail.example.}, '2 "
    "mail.example.']}\n"
    "ns1: {type: [A, AAAA], values: [192.0.2.1, '2001:db8::1']}\n"
    "mail: {type: A, value: 192.0.2.2}\n"
    "münchen: {type: CNAME, value: bücher.example.org.}\n"
    "t: {type: TXT, values: ['a\\;b', '\"c\"', {rdata: '\"d\" \"e\"'}]}\n"
    "h: {type: HTTPS, value: {svcpriority: 1, targetname: ., svcparams: {alpn: [h2, h3], "
    "mandatory: alpn, ech: AQID, ipv4hint: 192.0.2.1}}}\n"
    "caa: {type: CAA, value: {tag: issue, value: x}}\n"
    "d: {type: DNAME, value: e.example.}\n"
    "sub: [{type: NS, value: ns.sub.example.}, {type: DS, value: 1 8 2 ABCD}]\n"
    "ns.sub: {type: A, value: 192.0.2.3}\n"
    "x: {type: TYPE65534, value: '\\# 2 abcd'}\n"
    "base: &base {type: A, value: 192.0.2.4}\n"
    "copy: *base\n"
    "merged: {<<: *base, ttl: 5}\n"
    "p: {type: [A, AAAA], dynamic: {policy: near, service: api}}\n"
    "q: {type: SRV, dynamic: {pool: b, port: 5, chain: 2}}\n"
    "s: {type: A, dynamic: {server: main}}\n"
    "w: {type: HTTPS, dynamic: {policy: near, targetname: t.b., svcparams: {port: 1}}}\n"
    "o: {type: A, octodns: {meridian: {policy: near}}, values: [192.0.2.9]}\n"
    "i: {type: MX, dynamic: {pools: {a: {values: [{value: {preference: 1, exchange: "
    "a.b.}}], fallback: b}, b: {values: [{value: '2 b.b.'}]}}, rules: [{geos: [EU, "
    "NA-US-CA], subnets: [198.51.100.0/24], pool: a}, {pool: b}]}, value: 9 c.d.}\n"
    "g: {type: A, geo: {EU: [192.0.2.1], NA-US: 192.0.2.2}, value: 192.0.2.3}\n"
    "al: {type: ALIAS, value: p.example.}\n"
    "al2: {type: ALIAS, value: ns1.example.}\n";

static const char routing_text[] =
    "servers:\n"
    "  main: {addresses: [192.0.2.1, '2001:db8::1'], host: main.elsewhere.}\n"
    "  eu: {host: mail.example., location: [50, 8]}\n"
    "  us: {addresses: [192.0.2.%u], host: us.elsewhere., location: [40, -80]}\n"
    "services: {default: {check: tcp, port: 1}, api: {check: tcp, port: 2}}\n"
    "regions: {near: [EU, country:US]}\n"
    "pools: {a: {servers: [main]}, b: {servers: [{server: eu, weight: 3}, main], "
    "fallback: "
    "a}, c: {servers: [us]}}\n"
    "policies:\n"
    "  near: [{region: near, pool: b}, {asns: [64500], pools: [c, b]}, {pools: [a, b]}]\n"
    "  far: {by: distance, pools: [b, c], keep: 2, otherwise: a}\n";

static const char health_text[] =
    "version: 1\nsource: operator\nwriter: w\n"
    "servers: {eu: {state: %s, scopes: {country:DE: {state: up}, region:near: {state: "
    "drain, services: [api]}}}, 192.0.2.2: {state: down}}\n"
    "pools: {b: {state: degraded, factor: 0.5}}\n";

/* ---- one zone --------------------------------------------------------------------- */

static void
put_zone(char *text, size_t size, unsigned version)
{
    size_t at = (size_t)snprintf(text, size, "%sversion: {type: TXT, value: v%u}\n",
                                 zone_head, version);

    for (unsigned i = 0; i < 80; i++)
        at += (size_t)snprintf(text + at, size - at,
                               "n%u: {type: A, value: 192.0.2.%u}\n", i, i);
}

static enum status
load_once(const char *folder, const char *path, size_t nth, bool *ret_starved)
{
    const char *const paths[] = { path };
    const struct zone_load_options options = { .name = "example",
                                               .paths = paths,
                                               .path_count = 1,
                                               .folder = folder,
                                               .ttl = 60,
                                               .dynamic_ttl = 30,
                                               .serial = 1 };
    struct zone_files files = { 0 };
    struct zone *zone = NULL;
    struct diag diag;

    diag_init(&diag);
    starve_at(nth);
    const enum status status = zone_load(&options, &diag, &files, &zone);
    *ret_starved = starve_end();
    assert_int_equal(diag.error_count, 0);
    if (status == OK)
        part_drop(&zone->part);
    zone_files_done(&files);
    diag_done(&diag);
    return status;
}

static void
a_zone_load_fails_at_any_allocation_without_a_false_reason(void **state)
{
    static char text[32768];
    struct stored stored;
    char path[STORED_PATH_MAX + 16];
    bool starved = true;
    size_t nth = 1, refused = 0;

    (void)state;
    stored_init(&stored);
    put_zone(text, sizeof(text), 1);
    stored_write_text(&stored, "zones/example.yaml", text);
    (void)snprintf(path, sizeof(path), "%s/example.yaml", stored.zones);
    for (; starved && nth < NTH_MAX; nth++) {
        const enum status status = load_once(stored.folder, path, nth, &starved);
        if (status != OK && status != ERR_NOMEM)
            print_error("allocation %zu\n", nth);
        assert_true(status == OK || status == ERR_NOMEM);
        assert_true(starved || status == OK);
        refused += status != OK;
    }
    assert_false(starved);
    assert_true(refused > nth / 2); /* most of them matter */
    stored_done(&stored);
}

/* ---- the store -------------------------------------------------------------------- */

struct waiting {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    bool done;
    enum status status;
};

static void
finished(void *context, const struct store_result *result)
{
    struct waiting *const waiting = context;

    pthread_mutex_lock(&waiting->mutex);
    waiting->status = result->status;
    waiting->done = true;
    pthread_cond_signal(&waiting->cond);
    pthread_mutex_unlock(&waiting->mutex);
}

typedef enum status (*request_fn)(struct stored *stored, struct waiting *waiting);

static enum status
request_data(struct stored *stored, struct waiting *waiting)
{
    const struct store_reload wanted = { .force = true,
                                         .done = finished,
                                         .context = waiting };

    return store_reload(stored->store, &wanted);
}

static enum status
request_health(struct stored *stored, struct waiting *waiting)
{
    const struct store_reload wanted = { .done = finished, .context = waiting };

    return store_reload(stored->store, &wanted);
}

/* Starved at the nth allocation (0: never), until the lane is done. */
static enum status
reload(struct stored *stored, request_fn request, size_t nth, bool *ret_starved)
{
    struct waiting waiting = { .mutex = PTHREAD_MUTEX_INITIALIZER,
                               .cond = PTHREAD_COND_INITIALIZER };
    struct timespec until;
    int late = 0;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += DEADLINE_S;
    starve_at(nth);
    const enum status status = request(stored, &waiting);
    if (status == OK) {
        pthread_mutex_lock(&waiting.mutex);
        while (!waiting.done && late == 0)
            late = pthread_cond_timedwait(&waiting.cond, &waiting.mutex, &until);
        pthread_mutex_unlock(&waiting.mutex);
    }
    *ret_starved = starve_end();
    assert_int_equal(late, 0);
    return status == OK ? waiting.status : status;
}

static void
assert_answers(const struct stored *stored, const char *name, uint16_t type,
               const char *part)
{
    char *const text = stored_ask(stored, name, type);

    if (!strstr(text, part))
        print_error("wanted: %s\ngot: %s", part, text);
    assert_non_null(strstr(text, part));
    free(text);
}

/* The version that a name's answer is of: the number after `before`. */
static unsigned
version_of(const struct stored *stored, const char *name, uint16_t type,
           const char *before)
{
    char *const text = stored_ask(stored, name, type);
    const char *const at = strstr(text, before);

    if (!at)
        print_error("%s\n", text);
    assert_non_null(at);
    const unsigned version = at ? (unsigned)strtoul(at + strlen(before), NULL, 10) : 0;
    free(text);
    return version;
}

/* What is refused is refused file by file: the zone and the routing may be of either
 * version, but nothing else. */
static void
assert_either(const struct stored *stored, unsigned version)
{
    const unsigned zone = version_of(stored, "version.example.", 16, "TXT \"v");
    const unsigned last = version_of(stored, "us.other.", 1, "A 192.0.2.") - 100;

    assert_true(zone == version || zone == version - 1);
    assert_true(last == version % 100 || last == (version - 1) % 100);
}

static void
assert_version(const struct stored *stored, unsigned version)
{
    char text[64];

    (void)snprintf(text, sizeof(text), "TXT \"v%u\"", version);
    assert_answers(stored, "version.example.", 16, text);
    assert_answers(stored, "p.example.", 1, "AN p.example. 30 IN A 192.0.2.1\n");
    assert_answers(stored, "s.example.", 1, "AN s.example. 30 IN A 192.0.2.1\n");
    assert_answers(stored, "al2.example.", 28, "AAAA 2001:db8::1\n");
    (void)snprintf(text, sizeof(text), "A 192.0.2.%u\n", version % 100 + 100);
    assert_answers(stored, "us.other.", 1, text);
}

static void
write_version(struct stored *stored, unsigned version)
{
    static char text[32768];

    put_zone(text, sizeof(text), version);
    stored_write_text(stored, "zones/example.yaml", text);
    (void)snprintf(text, sizeof(text), routing_text, version % 100 + 100);
    stored_write_text(stored, "routing.yaml", text);
}

static void
begin(struct stored *stored)
{
    char text[1024];

    stored_init(stored);
    write_version(stored, 1);
    stored_write_text(stored, "zones/other.yaml",
                      "'': {type: NS, value: ns.elsewhere.}\n"
                      "us: {type: A, dynamic: {server: us}}\n");
    (void)snprintf(text, sizeof(text), health_text, "down");
    stored_write_text(stored, "health.d/w.yaml", text);
    stored_start(stored);
    assert_version(stored, 1);
}

static void
a_reload_fails_at_any_allocation_and_the_old_snapshot_serves(void **state)
{
    struct stored stored;
    bool starved = true, again;
    unsigned version = 1;
    size_t refused = 0;

    (void)state;
    begin(&stored);
    for (size_t nth = 1; starved && nth < NTH_MAX; nth++) {
        write_version(&stored, ++version);
        const enum status status = reload(&stored, request_data, nth, &starved);
        assert_true(starved || status == OK);
        refused += status != OK;
        /* Memory may run out before publication or after it: all is old, or all new. */
        if (status == ERR_NOMEM)
            assert_version(&stored,
                           version_of(&stored, "version.example.", 16, "TXT \"v"));
        assert_either(&stored, version);
        if (status != OK)
            assert_int_equal(reload(&stored, request_data, 0, &again), OK);
        assert_version(&stored, version);
    }
    assert_false(starved);
    assert_true(refused > 100);
    store_stop(stored.store);
    stored_done(&stored);
}

/* Pool b is eu and main. */
static void
assert_eu_serves(const struct stored *stored, bool serves)
{
    char *const text = stored_ask(stored, "q.example.", RR_TYPE_SRV);

    assert_non_null(strstr(text, "main.elsewhere."));
    assert_true((strstr(text, "mail.example.") != NULL) == serves);
    free(text);
}

static void
a_health_scan_fails_at_any_allocation_and_is_made_up_for(void **state)
{
    struct stored stored;
    bool starved = true, again;
    size_t refused = 0;

    (void)state;
    begin(&stored);
    for (size_t nth = 1; starved && nth < NTH_MAX; nth++) {
        /* mail.example. is eu's address */
        const bool down = nth % 2 == 0;
        char text[1024];
        (void)snprintf(text, sizeof(text), health_text, down ? "down" : "up");
        stored_write_text(&stored, "health.d/w.yaml", text);
        const enum status status = reload(&stored, request_health, nth, &starved);
        assert_true(starved || status == OK);
        refused += status != OK;
        if (status != OK)
            assert_int_equal(reload(&stored, request_health, 0, &again), OK);
        assert_eu_serves(&stored, !down);
    }
    assert_false(starved);
    assert_true(refused > 20);
    store_stop(stored.store);
    stored_done(&stored);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_zone_load_fails_at_any_allocation_without_a_false_reason),
        cmocka_unit_test(a_reload_fails_at_any_allocation_and_the_old_snapshot_serves),
        cmocka_unit_test(a_health_scan_fails_at_any_allocation_and_is_made_up_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
