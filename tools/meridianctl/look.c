/* SPDX-License-Identifier: BSD-2-Clause */
/* status, stats, zones, reload: what the running server has, and has done. */
#include "dns/name.h"
#include "tools/meridianctl/client.h"
#include "tools/meridianctl/files.h"
#include "tools/meridianctl/print.h"
#include "zones/store.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_SIZE = 24 };

static const char *
number_text(const json_t *object, const char *key, char text[NUMBER_SIZE])
{
    const json_t *const value = json_object_get(object, key);

    text[0] = '\0';
    if (value)
        (void)snprintf(text, NUMBER_SIZE, "%" JSON_INTEGER_FORMAT,
                       json_integer_value(value));
    return text;
}

/* GET; NULL: said why. */
static json_t *
get(const struct ctl *ctl, const char *path)
{
    json_t *body = NULL;
    long code = 0;

    if (!client_ask_json(ctl, &(struct request){ "GET", path, NULL }, &code, &body))
        return NULL;
    if (code == 200 && body)
        return body;
    (void)print_errors(body, code);
    json_decref(body);
    return NULL;
}

/* ---- zones ------------------------------------------------------------------------ */

static json_t *
zones_of_files(const struct ctl *ctl)
{
    struct store *store = NULL;
    struct diag diag;
    json_t *zones = NULL;

    diag_init(&diag);
    if (files_load(ctl->config, &diag, &store) == OK) {
        zones = store_zones_json(store);
        store_free(store);
    }
    files_print(&diag);
    diag_done(&diag);
    return zones;
}

static void
print_zones(const json_t *zones)
{
    size_t index;
    const json_t *one;
    struct table table;

    table_init(
        &table,
        (const char *const[]){ "ZONE", "STATE", "SERIAL", "NAMES", "RECORDS", "FILE" },
        6);
    json_array_foreach(zones, index, one)
    {
        char serial[NUMBER_SIZE], names[NUMBER_SIZE], records[NUMBER_SIZE];
        table_add(&table,
                  (const char *const[]){ text_of(one, "name"), text_of(one, "state"),
                                         number_text(one, "serial", serial),
                                         number_text(one, "names", names),
                                         number_text(one, "records", records),
                                         text_of(one, "file") });
    }
    table_print(&table);
}

static enum ctl_exit
zones_exit(const json_t *zones)
{
    size_t index;
    const json_t *one;

    json_array_foreach(zones, index, one)
    {
        if (strcmp(text_of(one, "state"), "served") != 0)
            return CTL_NO;
    }
    return CTL_FINE;
}

enum ctl_exit
ctl_zones(const struct ctl *ctl)
{
    json_t *const zones = ctl->config ? zones_of_files(ctl) : get(ctl, "/v1/zones");

    if (!zones)
        return ctl->config ? CTL_NO : CTL_FAILED;
    const enum ctl_exit result = zones_exit(zones);
    if (ctl->json)
        print_json(json_incref(zones));
    else
        print_zones(zones);
    json_decref(zones);
    return result;
}

/* ---- status ----------------------------------------------------------------------- */

static void
print_messages(const json_t *messages)
{
    size_t index;
    const json_t *one;

    json_array_foreach(messages, index, one)(void)
        printf("    %s\n", json_string_value(one));
}

static void
print_reload(const json_t *status)
{
    const json_t *const reload = json_object_get(status, "reload");
    const json_int_t now = json_integer_value(json_object_get(status, "now"));
    char age[PRINT_AGE_SIZE];
    size_t index;
    const json_t *zone, *writer;

    (void)printf("last load: %s, %s ago\n",
                 json_is_true(json_object_get(reload, "ok")) ? "fine" : "with errors",
                 age_text(now - json_integer_value(json_object_get(reload, "at")), age));
    print_messages(json_object_get(reload, "messages"));
    json_array_foreach(json_object_get(status, "zones"), index, zone)
    {
        print_messages(json_object_get(zone, "messages"));
    }
    json_array_foreach(json_object_get(status, "writers"), index, writer)
    {
        print_messages(json_object_get(writer, "messages"));
    }
}

static void
print_databases(const json_t *status)
{
    const json_int_t now = json_integer_value(json_object_get(status, "now"));
    size_t index;
    const json_t *one;
    struct table table;

    if (json_array_size(json_object_get(status, "geoip")) == 0)
        return;
    table_init(&table,
               (const char *const[]){ "DATABASE", "TYPE", "AGE", "NETWORKS", "STATE" },
               5);
    json_array_foreach(json_object_get(status, "geoip"), index, one)
    {
        char age[PRINT_AGE_SIZE], networks[NUMBER_SIZE];
        const json_int_t built = json_integer_value(json_object_get(one, "built"));
        table_add(&table,
                  (const char *const[]){ text_of(one, "file"), text_of(one, "type"),
                                         built ? age_text(now - built, age) : "",
                                         number_text(one, "networks", networks),
                                         json_is_true(json_object_get(one, "loaded"))
                                             ? "loaded"
                                             : "not loaded" });
    }
    table_print(&table);
}

static const char *
writer_state(const json_t *writer)
{
    if (json_object_get(writer, "error"))
        return "refused";
    return json_is_true(json_object_get(writer, "stale")) ? "stale" : "fresh";
}

static void
print_writers(const json_t *status)
{
    size_t index;
    const json_t *one;
    struct table table;

    table_init(&table,
               (const char *const[]){ "WRITER", "SOURCE", "AGE", "STATE", "FILE" }, 5);
    json_array_foreach(json_object_get(status, "writers"), index, one)
    {
        const json_t *const age = json_object_get(one, "age");
        char text[PRINT_AGE_SIZE];
        table_add(&table, (const char *const[]){
                              text_of(one, "writer"), text_of(one, "source"),
                              age ? age_text(json_integer_value(age), text) : "",
                              writer_state(one), text_of(one, "file") });
    }
    json_array_foreach(json_object_get(status, "silent"), index, one)
    {
        table_add(&table,
                  (const char *const[]){ json_string_value(one), "", "", "SILENT", "" });
    }
    if (json_array_size(table.rows) > 1)
        table_print(&table);
    else
        json_decref(table.rows);
}

enum ctl_exit
ctl_status(const struct ctl *ctl)
{
    json_t *const status = get(ctl, "/v1/status");
    char age[PRINT_AGE_SIZE];

    if (!status)
        return CTL_FAILED;
    if (ctl->json) {
        print_json(status);
        return CTL_FINE;
    }
    (void)printf("meridiand %s, %s, up for %s\n", text_of(status, "version"),
                 json_is_true(json_object_get(status, "ready")) ? "ready" : "NOT READY",
                 age_text(json_integer_value(json_object_get(status, "now")) -
                              json_integer_value(json_object_get(status, "started")),
                          age));
    print_reload(status);
    (void)putchar('\n');
    print_zones(json_object_get(status, "zones"));
    (void)putchar('\n');
    print_databases(status);
    print_writers(status);
    json_decref(status);
    return CTL_FINE;
}

/* ---- stats ------------------------------------------------------------------------ */

/* One line of Prometheus text: NAME{LABELS} VALUE. Cuts it at the value. */
static char *
cut_value(char *line)
{
    char *const space = line[0] == '#' ? NULL : strrchr(line, ' ');

    if (!space)
        return NULL;
    *space = '\0';
    return space + 1;
}

enum ctl_exit
ctl_stats(const struct ctl *ctl)
{
    struct reply reply;
    json_t *const all = json_object();

    if (!client_ask(ctl, &(struct request){ "GET", "/metrics", NULL }, &reply)) {
        json_decref(all);
        return CTL_FAILED;
    }
    char *rest = reply.text;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        const char *const value = cut_value(line);
        if (!value)
            continue;
        json_object_set_new(all, line, json_real(strtod(value, NULL)));
        if (!ctl->json)
            (void)printf("%s %s\n", line, value);
    }
    free(reply.text);
    if (ctl->json)
        print_json(all);
    else
        json_decref(all);
    return CTL_FINE;
}

/* ---- reload ----------------------------------------------------------------------- */

static char *
reload_body(const struct ctl *ctl)
{
    json_t *const zones = json_array();

    for (int i = 0; i < ctl->argument_count; i++)
        json_array_append_new(zones, json_string(ctl->arguments[i]));
    json_t *const body =
        json_pack("{s:o, s:b}", "zones", zones, "force", (int)ctl->force);
    char *const text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    return text;
}

/* The names of all zones go into *all. */
static bool
add_zones(const struct ctl *ctl, json_t *all)
{
    json_t *zones = NULL;
    long code;

    if (!client_ask_json(ctl, &(struct request){ "GET", "/v1/zones", NULL }, &code,
                         &zones))
        return false;
    for (size_t i = 0; i < json_array_size(zones); i++) {
        const json_t *const name = json_object_get(json_array_get(zones, i), "name");
        json_object_set_new(all, json_string_value(name), json_true());
    }
    json_decref(zones);
    return true;
}

/* A zone that was named but is there neither before nor after the reload is a slip of the
 * pen. */
static enum ctl_exit
complain_unknown(const struct ctl *ctl, const json_t *zones)
{
    enum ctl_exit result = CTL_FINE;

    for (int i = 0; i < ctl->argument_count; i++) {
        char name[NAME_TEXT_SIZE];
        size_t len = 0;
        for (const char *at = ctl->arguments[i]; *at && len + 1 < sizeof(name); at++)
            name[len++] = (char)tolower((unsigned char)*at);
        len -= len > 1 && name[len - 1] == '.';
        name[len] = '\0';
        if (json_object_get(zones, name))
            continue;
        ctl_complain("there is no zone '%s'", ctl->arguments[i]);
        result = CTL_NO;
    }
    return result;
}

static enum ctl_exit
reload(const struct ctl *ctl, const char *text)
{
    json_t *body = NULL;
    long code = 0;

    if (!client_ask_json(ctl, &(struct request){ "POST", "/v1/reload", text }, &code,
                         &body))
        return CTL_FAILED;
    enum ctl_exit result = CTL_FINE;
    if (ctl->json)
        print_json(json_incref(body));
    if (code != 200)
        result = ctl->json ? CTL_NO : print_errors(body, code);
    else if (!ctl->json)
        (void)printf("reloaded\n");
    json_decref(body);
    return result;
}

enum ctl_exit
ctl_reload(const struct ctl *ctl)
{
    char *const text = reload_body(ctl);
    json_t *const zones = json_object();
    const bool named = ctl->argument_count > 0;
    enum ctl_exit result = CTL_FAILED;

    if (text && zones && (!named || add_zones(ctl, zones)))
        result = reload(ctl, text);
    if (named && result != CTL_FAILED && add_zones(ctl, zones) &&
        complain_unknown(ctl, zones) == CTL_NO)
        result = CTL_NO;
    json_decref(zones);
    free(text);
    return result;
}
