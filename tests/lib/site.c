/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/lib/site.h"
#include "tools/meridiand/config.h"
#include "zones/snapshot.h"
#include "zones/store.h"
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char config_text[] =
    "listen: [\"127.0.0.1@0\"]\n"
    "state: state\n"
    "http: \"\"\n"
    "control: \"\"\n"
    "identity: ns1.test\n"
    "version: test\n"
    "geoip:\n"
    "  networks:\n"
    "    \"192.0.2.0/24\": {country: DE, asn: 64500, location: [52.5, 13.4]}\n"
    "    \"198.51.100.0/25\": country:IR\n"
    "    \"203.0.113.0/24\": country:JP\n"
    "    \"2001:db8::/32\": country:US\n"
    "routing: routing.yaml\n"
    "zones: {directory: zones}\n";

static const char routing_text[] =
    "servers:\n"
    "  eu-1: {addresses: [192.0.2.11, \"2001:db8:e::8\"], host: eu.yourdomain.com., "
    "location: [50.11, 8.68]}\n"
    "  asia-1: {addresses: [192.0.2.12, \"2001:db8:a::12\"], host: asia.yourdomain.com., "
    "location: [1.35, 103.82]}\n"
    "  us-1: {addresses: [192.0.2.13], host: us.yourdomain.com., location: [39, -77]}\n"
    "pools:\n"
    "  europe: {servers: [eu-1]}\n"
    "  asia: {servers: [asia-1]}\n"
    "  americas: {servers: [us-1]}\n"
    "  media: {servers: [{server: eu-1, weight: 3}, {server: us-1, weight: 1}], "
    "stick: client}\n"
    "policies:\n"
    "  nearest:\n"
    "    - {geos: [country:IR], pools: [media], only: true}\n"
    "    - {region: europe, pools: [europe, media]}\n"
    "    - {region: asia, pools: [asia, europe]}\n"
    "    - {pools: [americas, europe]}\n"
    "  closest: {by: distance, pools: [europe, asia, americas], keep: 2, otherwise: "
    "media}\n";

static const char dynamic_zone[] =
    "'':\n"
    "  - {type: NS, values: [ns1.yourdomain.com., ns2.yourdomain.com.]}\n"
    "  - {type: [A, AAAA], dynamic: {pool: europe}}\n"
    "  - {type: MX, values: [{preference: 10, exchange: mail.yourdomain.com.}]}\n"
    "ns1: {type: A, value: 192.0.2.1}\n"
    "ns2: {type: A, value: 192.0.2.2}\n"
    "mail: {type: A, value: 192.0.2.3}\n"
    "widget: {type: [A], dynamic: {policy: nearest}}\n"
    "close: {type: A, dynamic: {policy: closest}}\n"
    "media: {type: A, dynamic: {pool: media}}\n"
    "eu: {type: [A, AAAA], dynamic: {server: eu-1}}\n"
    "asia: {type: [A, AAAA], dynamic: {server: asia-1}}\n"
    "us: {type: A, dynamic: {server: us-1}}\n"
    "www: {type: CNAME, value: widget.yourdomain.com.}\n"
    "'*.w': {type: CNAME, value: www.yourdomain.com.}\n"
    "live: {type: CNAME, dynamic: {policy: nearest}}\n"
    "_turn._udp: {type: SRV, dynamic: {policy: nearest, port: 3478, chain: 3}}\n"
    "svc: {type: HTTPS, dynamic: {policy: nearest}, ttl: 60}\n"
    "inline:\n"
    "  type: A\n"
    "  dynamic:\n"
    "    pools: {one: {values: [{value: 192.0.2.77}]}, two: {values: [{value: "
    "192.0.2.78}]}}\n"
    "    rules: [{geos: [EU], pool: one}, {pool: two}]\n"
    "  values: [192.0.2.79]\n";

static const char static_zone[] =
    "'':\n"
    "  - {type: NS, values: [ns.example.org., ns.elsewhere.net.]}\n"
    "  - {type: CAA, value: {flags: 0, tag: issue, value: ca.example}}\n"
    "ns: {type: [A], value: 192.0.2.1}\n"
    "sub: {type: NS, values: [ns.sub.example.org., ns.other.net.]}\n"
    "ns.sub: {type: A, value: 192.0.2.4}\n"
    "old: {type: DNAME, value: ns.example.org.}\n"
    "'*.wild': {type: TXT, value: anything}\n"
    "a.b.c.deep: {type: LOC, value: {rdata: \"52 22 23.000 N 4 53 32.000 E -2.00m 0.00m "
    "10000m 10m\"}}\n"
    "loop1: {type: CNAME, value: loop2.example.org.}\n"
    "loop2: {type: CNAME, value: loop1.example.org.}\n"
    "out: {type: CNAME, value: www.elsewhere.net.}\n"
    "naptr: {type: NAPTR, value: {order: 1, preference: 1, flags: S, service: x, regexp: "
    "'', replacement: srv.example.org.}}\n"
    "srv: {type: SRV, values: [{priority: 1, weight: 1, port: 53, target: "
    "ns.example.org.}]}\n";

enum { LARGE_NAMES = 3, LARGE_COUNT = 120, LONG_LABEL = 63 };

static void
die(const char *what)
{
    fprintf(stderr, "site: %s\n", what);
    abort();
}

static FILE *
create(const char *folder, const char *name)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= PATH_MAX)
        die("a path is too long");
    FILE *const file = fopen(path, "w");
    if (!file)
        die("a file cannot be written");
    return file;
}

static void
write_text(const char *folder, const char *name, const char *text)
{
    FILE *const file = create(folder, name);

    (void)fputs(text, file);
    if (fclose(file) != 0)
        die("a file cannot be written");
}

/* Sets that do not fit a UDP reply, and names that leave no room. */
static void
write_static_zone(const char *folder)
{
    FILE *const file = create(folder, "zones/example.org.yaml");

    (void)fputs(static_zone, file);
    for (unsigned n = 1; n <= LARGE_NAMES; n++) {
        fprintf(file, "large%u: {type: A, values: [", n);
        for (unsigned i = 0; i < n * LARGE_COUNT / LARGE_NAMES; i++)
            fprintf(file, "%s10.0.%u.%u", i ? ", " : "", n, i);
        (void)fputs("]}\n", file);
    }
    (void)fputs("texts: {type: TXT, values: [", file);
    for (unsigned i = 0; i < LARGE_COUNT; i++)
        fprintf(file, "%s'%0200u'", i ? ", " : "", i);
    (void)fputs("]}\n", file);
    for (unsigned label = 0; label < LARGE_NAMES; label++)
        fprintf(file, "%s%0*u", label ? "." : "", LONG_LABEL, label);
    (void)fputs(": {type: A, values: [192.0.2.8, 192.0.2.9]}\n", file);
    if (fclose(file) != 0)
        die("a file cannot be written");
}

static int
remove_one(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)kind;
    (void)where;
    return remove(path);
}

static void
load(struct site *site, const char *folder)
{
    char path[PATH_MAX];
    const struct store_hooks hooks = { 0 };
    struct config *config = NULL;
    struct diag diag;

    diag_init(&diag);
    (void)snprintf(path, sizeof(path), "%s/meridian.yaml", folder);
    if (config_load(path, &diag, NULL, &config) == OK) {
        if (store_new(&hooks, &site->store) != OK ||
            store_load(site->store, &config->store, true, &diag) != OK)
            die("the configuration cannot be loaded");
        part_drop(&config->store.part);
    }
    for (size_t i = 0; i < diag.count; i++) {
        char text[DIAG_TEXT_MAX];
        (void)diag_format(&diag.messages[i], text, sizeof(text));
        if (diag.messages[i].level == DIAG_ERROR)
            fprintf(stderr, "site: %s\n", text);
    }
    if (diag.error_count == 0)
        site->view = store_hold(site->store);
    diag_done(&diag);
}

void
site_open(struct site *site)
{
    char folder[] = "/tmp/meridian-site-XXXXXX";
    char zones[sizeof(folder) + 8];

    memset(site, 0, sizeof(*site));
    if (!mkdtemp(folder))
        die("there is no folder for the configuration");
    (void)snprintf(zones, sizeof(zones), "%s/zones", folder);
    if (mkdir(zones, 0700) != 0)
        die("there is no folder for the zones");
    write_text(folder, "meridian.yaml", config_text);
    write_text(folder, "routing.yaml", routing_text);
    write_text(folder, "zones/yourdomain.com.yaml", dynamic_zone);
    write_static_zone(folder);
    load(site, folder);
    (void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    if (!site->view)
        die("the configuration has errors");
}

void
site_close(struct site *site)
{
    store_release(site->store, site->view);
    store_free(site->store);
}

size_t
site_ask(struct site *site, const struct site_question *question, uint8_t *reply)
{
    const struct snapshot *const snapshot = store_view_snapshot(site->view);

    site->serve.answerer = store_answerer(site->store);
    site->serve.snapshot = snapshot;
    site->serve.settings = &snapshot->settings;
    site->serve.stats = &site->stats;
    site->serve.now_s = 1700000000;
    site->serve.random_state = 1;
    return serve_message(&site->serve, question->message, question->len,
                         &question->source, question->tcp, reply, SITE_REPLY_MAX);
}
