/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a health document: refused with an error at least, or a document whose
 * entries are sound, and a view of it that judges every server. */
#include "dns/base/yaml.h"
#include "zones/steering/health.h"
#include <stdlib.h>
#include <string.h>

enum { NOW = 1764500000, HOLD_S = 900 };

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's own name */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_entry(const struct health_entry *entry)
{
    if (!entry->server == !entry->pool || entry->state >= HEALTH_STATES)
        abort();
    if (!(entry->factor > 0 && entry->factor <= 1))
        abort();
}

/* The worst that can be said of a server, by all places at once, and by none. */
static void
check_server(const struct health_view *view, const char *server)
{
    size_t count;
    const struct place_word *const *const words = health_view_words(view, server, &count);
    const struct health_opinion everywhere =
        health_view_judge(view, server, "default", NULL, words, count);
    const struct health_opinion nowhere =
        health_view_judge(view, server, "default", NULL, NULL, 0);

    if (everywhere.state >= HEALTH_STATES || nowhere.state >= HEALTH_STATES)
        abort();
    if (!(everywhere.factor > 0 && everywhere.factor <= 1))
        abort();
}

static struct health_view *
view_at(struct health_document *document, int64_t now, const struct health_view *previous)
{
    const struct health_options options = { .now = now, .hold_s = HOLD_S };
    struct health_view *view = NULL;

    if (health_view_new(&document, 1, &options, previous, &view) != OK)
        abort();
    return view;
}

static void
check_views(struct health_document *document)
{
    size_t count;
    const struct health_entry *const entries = health_document_entries(document, &count);
    struct health_view *const view = view_at(document, NOW, NULL);
    const int64_t next = health_view_next_change(view);
    struct health_view *const later = view_at(document, next ? next : NOW + 1, view);
    const char **changed = NULL;

    for (size_t i = 0; i < count; i++) {
        check_entry(&entries[i]);
        if (entries[i].server)
            check_server(view, entries[i].server);
    }
    if (next && next <= NOW)
        abort(); /* the timer would spin */
    if (health_view_changes(view, later, &changed) != OK)
        abort();
    free(changed);
    health_view_drop(later);
    health_view_drop(view);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct yaml *yaml = NULL;
    struct health_document *document = NULL;
    struct diag diag;

    diag_init(&diag);
    if (yaml_open_bytes("doc.yaml", data, size, &diag, &yaml) == OK) {
        const enum status status =
            health_document_read(yaml, NULL, true, &diag, &document);
        if ((status == OK) != (diag.error_count == 0))
            abort();
        if (status == OK)
            check_views(document);
    }
    health_document_drop(document);
    yaml_close(yaml);
    diag_done(&diag);
    return 0;
}
