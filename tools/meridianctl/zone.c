/* SPDX-License-Identifier: BSD-2-Clause */
/* zone show, zone export: a zone's records as a master file, of the server or of the
 * files. */
#include "dns/name.h"
#include "tools/meridianctl/client.h"
#include "tools/meridianctl/files.h"
#include "tools/meridianctl/print.h"
#include "zones/export.h"
#include "zones/load.h"
#include "zones/snapshot.h"
#include "zones/store.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the text --------------------------------------------------------------------- */

static char *
text_of_zone(const struct store_view *view, const uint8_t *apex)
{
    const struct snapshot *const snapshot = store_view_snapshot(view);
    char *text = NULL;
    size_t len = 0;
    enum status status = ERR_NOENT;
    FILE *const out = open_memstream(&text, &len);

    for (size_t i = 0; out && i < snapshot->entry_count; i++) {
        const struct zone_entry *const entry = &snapshot->entries[i];
        if (entry->zone && name_equal(entry->apex, apex))
            status = export_master(entry->zone, out);
    }
    if (out && fclose(out) == 0 && status == OK)
        return text;
    free(text);
    return NULL;
}

static enum ctl_exit
zone_of_files(const struct ctl *ctl, char **ret_text)
{
    uint8_t apex[NAME_LEN_MAX];
    struct store *store = NULL;
    struct diag diag;
    enum ctl_exit result = CTL_NO;

    if (zone_name_from_text(ctl->arguments[0], apex) != OK) {
        ctl_complain("'%s' is no domain name", ctl->arguments[0]);
        return CTL_NO;
    }
    diag_init(&diag);
    if (files_load(ctl->config, &diag, &store) == OK) {
        const struct store_view *const view = store_hold(store);
        *ret_text = view ? text_of_zone(view, apex) : NULL;
        if (*ret_text)
            result = CTL_FINE;
        else
            ctl_complain("%s: no such zone", ctl->arguments[0]);
        store_release(store, view);
        store_free(store);
    }
    files_print(&diag);
    diag_done(&diag);
    return result;
}

static enum ctl_exit
zone_of_server(const struct ctl *ctl, char **ret_text)
{
    char *const escaped = client_escape(ctl->arguments[0]);
    char *path = NULL;
    struct reply reply = { 0 };

    if (!escaped || asprintf(&path, "/v1/zones/%s", escaped) < 0)
        path = NULL;
    free(escaped);
    const bool asked = client_ask(ctl, &(struct request){ "GET", path, NULL }, &reply);
    free(path);
    if (!asked)
        return CTL_FAILED;
    if (reply.code == 200) {
        *ret_text = reply.text;
        return CTL_FINE;
    }
    json_t *const body = json_loads(reply.text, 0, NULL);
    const enum ctl_exit result = print_errors(body, reply.code);
    json_decref(body);
    free(reply.text);
    return result;
}

/* ---- its lines -------------------------------------------------------------------- */

/* "OWNER<tab>TTL<tab>IN<tab>TYPE<tab>DATA"; a dynamic one begins with "; ". Points into
 * the line, which it cuts. */
struct line {
    bool dynamic;
    char *owner, *ttl, *type, *data;
};

static bool
cut_line(char *text, struct line *ret_line)
{
    struct line line = { .dynamic = strncmp(text, "; ", 2) == 0 };
    char *rest = text + (line.dynamic ? 2 : 0);

    line.owner = strsep(&rest, "\t");
    line.ttl = strsep(&rest, "\t");
    (void)strsep(&rest, "\t");
    line.type = strsep(&rest, "\t");
    line.data = rest;
    if (!line.owner || !line.data)
        return false;
    *ret_line = line;
    return true;
}

/* What was typed may be relative to the zone, "@", or end without the dot. */
static bool
is_owner(const char *owner, const char *typed, const char *zone)
{
    char full[NAME_TEXT_SIZE];
    const size_t len = strlen(zone);
    const char *const dot = len > 0 && zone[len - 1] == '.' ? "" : ".";

    if (strcmp(typed, "@") == 0)
        (void)snprintf(full, sizeof(full), "%s%s", zone, dot);
    else
        (void)snprintf(full, sizeof(full), "%s.%s%s", typed, zone, dot);
    if (strcasecmp(owner, full) == 0 || strcasecmp(owner, typed) == 0)
        return true;
    (void)snprintf(full, sizeof(full), "%s.", typed);
    return strcasecmp(owner, full) == 0;
}

static bool
is_wanted(const struct ctl *ctl, const struct line *line)
{
    const int count = ctl->argument_count;

    return (count < 2 || is_owner(line->owner, ctl->arguments[1], ctl->arguments[0])) &&
           (count < 3 || strcasecmp(line->type, ctl->arguments[2]) == 0);
}

static json_t *
line_json(const struct line *line)
{
    return json_pack("{s:s, s:I, s:s, s:s, s:b}", "name", line->owner, "ttl",
                     (json_int_t)strtol(line->ttl, NULL, 10), "type", line->type, "data",
                     line->data, "dynamic", (int)line->dynamic);
}

static void
print_line(const struct line *line)
{
    (void)printf("%s%s\t%s\tIN\t%s\t%s\n", line->dynamic ? "; " : "", line->owner,
                 line->ttl, line->type, line->data);
}

/* Prints those asked for; how many. */
static size_t
print_lines(const struct ctl *ctl, char *text)
{
    json_t *const all = ctl->json ? json_array() : NULL;
    size_t count = 0;

    for (char *one; (one = strsep(&text, "\n")) != NULL;) {
        struct line line;
        if (!cut_line(one, &line) || !is_wanted(ctl, &line))
            continue;
        count++;
        if (all)
            json_array_append_new(all, line_json(&line));
        else
            print_line(&line);
    }
    if (all)
        print_json(all);
    return count;
}

enum ctl_exit
ctl_zone_show(const struct ctl *ctl)
{
    char *text = NULL;
    enum ctl_exit result =
        ctl->config ? zone_of_files(ctl, &text) : zone_of_server(ctl, &text);

    if (result == CTL_FINE && print_lines(ctl, text) == 0) {
        ctl_complain("zone '%s' has no such record", ctl->arguments[0]);
        result = CTL_NO;
    }
    free(text);
    return result;
}
