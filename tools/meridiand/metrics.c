/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/meridiand/metrics.h"
#include "dns/server.h"
#include "dns/stats.h"
#include "tools/meridiand/daemon.h"
#include "zones/store.h"
#include <stdlib.h>
#include <string.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "0"
#endif

enum { NAME_SIZE = 128 };

static void
head(FILE *out, const char *name, const char *type, const char *help)
{
    (void)fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
put_requests(FILE *out, const struct stats *stats)
{
    static const char *const protos[] = { "udp", "tcp" };
    static const char *const families[] = { "ipv4", "ipv6" };

    head(out, "meridian_dns_requests_total", "counter", "Queries received.");
    for (size_t p = 0; p < STATS_PROTOS; p++) {
        for (size_t at = 0; at < (size_t)2 * STATS_TYPES; at++) {
            const size_t f = at / STATS_TYPES, t = at % STATS_TYPES;
            if (stats->requests[p][f][t] && stats_type_name(t))
                (void)fprintf(out,
                              "meridian_dns_requests_total{proto=\"%s\",family=\"%s\","
                              "type=\"%s\"} %llu\n",
                              protos[p], families[f], stats_type_name(t),
                              (unsigned long long)stats->requests[p][f][t]);
        }
    }
}

static void
put_responses(FILE *out, struct store *store, const struct stats *stats)
{
    head(out, "meridian_dns_responses_total", "counter",
         "Replies sent, by zone and rcode.");
    for (unsigned z = 0; z < STATS_ZONES_MAX; z++) {
        const char *const zone = z ? store_slot_name(store, z) : "";
        for (size_t r = 0; r < STATS_RCODES; r++) {
            if (!stats->responses[z][r] || !zone || !stats_rcode_name(r))
                continue;
            (void)fprintf(
                out, "meridian_dns_responses_total{zone=\"%s\",rcode=\"%s\"} %llu\n",
                zone, stats_rcode_name(r), (unsigned long long)stats->responses[z][r]);
        }
    }
}

static void
put_counter(FILE *out, const char *name, const char *help, uint64_t value)
{
    head(out, name, "counter", help);
    (void)fprintf(out, "%s %llu\n", name, (unsigned long long)value);
}

static void
put_stats(FILE *out, struct daemon *daemon, const struct stats *stats)
{
    put_requests(out, stats);
    put_responses(out, daemon->store, stats);
    head(out, "meridian_dns_requests_dropped_total", "counter", "Messages not answered.");
    for (unsigned d = 0; d < STATS_DROPS; d++)
        (void)fprintf(out, "meridian_dns_requests_dropped_total{reason=\"%s\"} %llu\n",
                      stats_drop_name((enum stats_drop)d),
                      (unsigned long long)stats->drops[d]);
    put_counter(out, "meridian_dns_truncated_total", "Replies with TC.",
                stats->truncated);
    put_counter(out, "meridian_dns_ecs_requests_total", "Queries with a client subnet.",
                stats->ecs);
    head(out, "meridian_dns_cookie_requests_total", "counter", "Queries with a cookie.");
    (void)fprintf(out,
                  "meridian_dns_cookie_requests_total{valid=\"yes\"} %llu\n"
                  "meridian_dns_cookie_requests_total{valid=\"no\"} %llu\n",
                  (unsigned long long)stats->cookies[0],
                  (unsigned long long)stats->cookies[1]);
    head(out, "meridian_dns_limited_total", "counter", "Replies over the rate limit.");
    (void)fprintf(out,
                  "meridian_dns_limited_total{action=\"slip\"} %llu\n"
                  "meridian_dns_limited_total{action=\"drop\"} %llu\n",
                  (unsigned long long)stats->limited[0],
                  (unsigned long long)stats->limited[1]);
    put_counter(out, "meridian_dns_tcp_connections_total", "TCP connections accepted.",
                stats->tcp_connections);
}

/* ---- the store's, grouped by name as the format wants it -------------------------- */

static const char *
help_of(const char *name)
{
    static const struct {
        const char *name;
        const char *help;
    } texts[] = {
        { "meridian_config_last_reload_successful", "1: the last load refused nothing." },
        { "meridian_config_last_reload_timestamp_seconds", "When it ended." },
        { "meridian_state_saved", "0: the state folder did not take all." },
        { "meridian_zone_serial", "SOA serial served." },
        { "meridian_zone_stale", "1: the zone's files are refused or held." },
        { "meridian_geoip_build_timestamp_seconds", "When the database was made." },
        { "meridian_geoip_loaded", "0: the file is broken." },
        { "meridian_health_document_fresh", "0: the writer's document is stale." },
        { "meridian_health_document_age_seconds", "Seconds since it was generated." },
        { "meridian_health_writer_silent", "1: an expected writer says nothing." },
        { "meridian_health_state", "1 for each verdict that holds." },
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (strcmp(texts[i].name, name) == 0)
            return texts[i].help;
    }
    return "";
}

struct metric_line {
    char *text;
    size_t order;
};

struct gathered {
    struct metric_line *lines;
    size_t count, capacity;
};

static void
gather(void *context, const char *name, const char *labels, double value)
{
    struct gathered *const gathered = context;
    char *text = NULL;

    if (gathered->count == gathered->capacity) {
        const size_t capacity = gathered->capacity ? gathered->capacity * 2 : 64;
        struct metric_line *const more =
            realloc(gathered->lines, capacity * sizeof(*more));
        if (!more)
            return;
        gathered->lines = more;
        gathered->capacity = capacity;
    }
    if (asprintf(&text, "%s%s%s%s %.15g", name, labels[0] ? "{" : "", labels,
                 labels[0] ? "}" : "", value) < 0)
        return;
    gathered->lines[gathered->count] = (struct metric_line){ text, gathered->count };
    gathered->count++;
}

static size_t
name_length(const char *line)
{
    return strcspn(line, "{ ");
}

static int
compare_lines(const void *a, const void *b)
{
    const struct metric_line *const left = a, *const right = b;
    const size_t left_len = name_length(left->text), right_len = name_length(right->text);
    const size_t len = left_len < right_len ? left_len : right_len;
    const int order = strncmp(left->text, right->text, len);

    if (order != 0)
        return order;
    if (left_len != right_len)
        return left_len < right_len ? -1 : 1;
    return (left->order > right->order) - (left->order < right->order);
}

static void
put_gathered(FILE *out, struct gathered *gathered)
{
    char last[NAME_SIZE] = "";

    if (gathered->count)
        qsort(gathered->lines, gathered->count, sizeof(*gathered->lines), compare_lines);
    for (size_t i = 0; i < gathered->count; i++) {
        const char *const text = gathered->lines[i].text;
        char name[NAME_SIZE];
        (void)snprintf(name, sizeof(name), "%.*s", (int)name_length(text), text);
        if (strcmp(name, last) != 0)
            head(out, name, "gauge", help_of(name));
        memcpy(last, name, sizeof(last));
        (void)fprintf(out, "%s\n", text);
        free(gathered->lines[i].text);
    }
    free(gathered->lines);
}

void
metrics_write(struct daemon *daemon, FILE *out)
{
    struct stats *const stats = calloc(1, sizeof(*stats));
    struct gathered gathered = { 0 };

    head(out, "meridian_build_info", "gauge", "The version that runs.");
    (void)fprintf(out, "meridian_build_info{version=\"%s\"} 1\n", PACKAGE_VERSION);
    head(out, "process_start_time_seconds", "gauge", "Start time of the process.");
    (void)fprintf(out, "process_start_time_seconds %lld\n", (long long)daemon->started);
    head(out, "meridian_health_frozen", "gauge",
         "1: automatic entries can only improve things.");
    (void)fprintf(out, "meridian_health_frozen 0\n");
    if (stats) {
        server_stats(daemon->server, stats);
        put_stats(out, daemon, stats);
        free(stats);
    }
    store_metrics(daemon->store, gather, &gathered);
    put_gathered(out, &gathered);
}
