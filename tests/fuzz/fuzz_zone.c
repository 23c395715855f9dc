/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a zone file: refused with an error at least, or a zone that is exported,
 * and each of whose names is answered with a message that ldns reads (render sees to
 * that). Zones with dynamic records go through the whole store, which takes longer. */
#include "dns/name.h"
#include "tests/lib/ask.h"
#include "tests/lib/render.h"
#include "tests/lib/stored.h"
#include "zones/answer.h"
#include "zones/export.h"
#include "zones/load.h"
#include "zones/snapshot.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ASKED_MAX = 500, TYPE_ANY = 255, TYPE_TXT = 16 };

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's own name */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What dynamic records may name. */
static const char routing[] =
    "servers:\n"
    "  main: {addresses: [192.0.2.1, \"2001:db8::1\"], host: main.example.net.}\n"
    "  eu: {addresses: [192.0.2.2], host: eu.example.net., location: [50, 8]}\n"
    "services: {default: {check: tcp, port: 1}, api: {check: tcp, port: 2}}\n"
    "pools: {a: {servers: [main]}, b: {servers: [{server: eu, weight: 3}, main], "
    "fallback: a}}\n"
    "policies: {near: [{geos: [EU], pool: b}, {pools: [a, b]}]}\n";

static const char health[] = "version: 1\nsource: operator\nwriter: w\n"
                             "servers: {192.0.2.2: {state: down}, eu: {state: down}}\n";

static struct stored stored; /* made once */

static void
remove_world(void)
{
    stored_done(&stored);
}

static struct stored *
world(void)
{
    if (!stored.folder[0]) {
        (void)atexit(remove_world);
        stored_init(&stored);
        stored_write_text(&stored, "routing.yaml", routing);
        stored_write_text(&stored, "health.d/w.yaml", health);
    }
    return &stored;
}

/* ---- asking ----------------------------------------------------------------------- */

struct asking {
    const struct snapshot *snapshot;
    size_t count;
};

static void
ask_for(const struct asking *asking, const char *name, uint16_t type)
{
    struct ask question;
    struct answer answer;

    ask(&question, name, type);
    answer_begin(&answer, &question.query);
    zone_answer(asking->snapshot, &question.query, &answer);
    free(render(&question.query, &answer));
}

/* The name with each of its types, and one below it. */
static bool
ask_name(void *context, const struct zone_name *name)
{
    struct asking *const asking = context;
    char text[NAME_TEXT_SIZE], below[NAME_TEXT_SIZE + 8];

    name_to_text(zone_name_bytes(name), text);
    for (unsigned i = 0; i < name->type_count; i++)
        ask_for(asking, text, zone_types(name)[i].type);
    ask_for(asking, text, TYPE_ANY);
    ask_for(asking, text, TYPE_TXT);
    ask_for(asking, text, RR_TYPE_A);
    if (name->name_len < NAME_LEN_MAX - 4) {
        (void)snprintf(below, sizeof(below), "x.%s", strcmp(text, ".") == 0 ? "" : text);
        ask_for(asking, below, RR_TYPE_A);
    }
    return ++asking->count < ASKED_MAX;
}

static void
look(const struct snapshot *snapshot)
{
    struct asking asking = { .snapshot = snapshot };
    char *text = NULL;
    size_t len = 0;
    FILE *const out = open_memstream(&text, &len);

    zone_walk(snapshot->entries[0].zone, ask_name, &asking);
    if (!out || export_master(snapshot->entries[0].zone, out) != OK || fclose(out) != 0)
        abort();
    free(text);
}

/* ---- loading ---------------------------------------------------------------------- */

static void
look_alone(const struct zone *zone)
{
    struct zone_entry entry = { .hash = name_hash(zone->apex),
                                .zone = zone,
                                .apex_len = zone->apex_len };
    struct snapshot snapshot = { .entries = &entry, .entry_count = 1 };

    memcpy(entry.apex, zone->apex, zone->apex_len);
    if (snapshot_index(&snapshot) != OK)
        abort();
    look(&snapshot);
    snapshot_done(&snapshot);
}

static void
look_stored(void)
{
    struct diag diag;

    diag_init(&diag);
    if (stored_load(&stored, &diag) != OK)
        abort();
    const struct store_view *const view = store_hold(stored.store);
    const struct snapshot *const snapshot = store_view_snapshot(view);
    if (!snapshot->entries[0].zone && diag.error_count == 0)
        abort();
    if (snapshot->entries[0].zone)
        look(snapshot);
    store_release(stored.store, view);
    diag_done(&diag);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct stored *const made = world();
    char path[STORED_PATH_MAX + 1024];
    const char *const paths[] = { path };
    const struct zone_load_options options = { .name = "example",
                                               .paths = paths,
                                               .path_count = 1,
                                               .folder = made->zones,
                                               .ttl = 3600,
                                               .dynamic_ttl = 30,
                                               .soa_minimum = 60,
                                               .soa_ttl = 300,
                                               .serial = 1 };
    struct zone *zone = NULL;
    struct diag diag;

    stored_write(made, "zones/example.yaml", data, size);
    (void)snprintf(path, sizeof(path), "%s/example.yaml", made->zones);
    diag_init(&diag);
    const enum status status = zone_load(&options, &diag, NULL, &zone);
    if ((status == OK) != (diag.error_count == 0))
        abort();
    if (status == OK) {
        if (zone->dyn_count == 0)
            look_alone(zone);
        else
            look_stored();
        part_drop(&zone->part);
    }
    diag_done(&diag);
    return 0;
}
