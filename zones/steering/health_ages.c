/* SPDX-License-Identifier: BSD-2-Clause */
/* Since when verdicts hold, across restarts: JSON lines in the state folder. */
#include "dns/base/arena.h"
#include "zones/steering/health_view.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 4096, LINE_SIZE = 4096, LINES_MAX = 200000 };

static void
put_text(json_t *to, const char *key, const char *text)
{
    if (text)
        json_object_set_new(to, key, json_string(text));
}

static bool
write_verdict(const struct health_verdict *verdict, FILE *out)
{
    char scope[PLACE_WORD_TEXT_SIZE];
    json_t *const line = json_object();

    put_text(line, "server", verdict->entry.server);
    put_text(line, "pool", verdict->entry.pool);
    put_text(line, "service", verdict->entry.service);
    put_text(line, "scope", place_word_text(&verdict->entry.scope, scope));
    put_text(line, "writer", verdict->writer);
    put_text(line, "state", health_state_name(verdict->entry.state));
    json_object_set_new(line, "since", json_integer(verdict->since));
    const bool written =
        json_dumpf(line, out, JSON_COMPACT) == 0 && fputc('\n', out) != EOF;
    json_decref(line);
    return written;
}

enum status
health_view_save(const struct health_view *view, const char *path)
{
    char temporary[PATH_SIZE];
    bool written = true;

    if (snprintf(temporary, sizeof(temporary), "%s.new", path) >= (int)sizeof(temporary))
        return ERR_IO;
    FILE *const out = fopen(temporary, "we");
    if (!out)
        return ERR_IO;
    for (size_t i = 0; i < view->count && written; i++)
        written = write_verdict(&view->verdicts[i], out);
    written = fflush(out) == 0 && written;
    written = fsync(fileno(out)) == 0 && written;
    written = fclose(out) == 0 && written;
    if (written && rename(temporary, path) == 0)
        return OK;
    (void)unlink(temporary);
    return ERR_IO;
}

static const char *
take_text(struct arena *arena, const json_t *from, const char *key)
{
    const char *const text = json_string_value(json_object_get(from, key));

    return text ? arena_strdup(arena, text) : NULL;
}

/* A line that makes no sense is passed over: then that age is not known. */
static enum status
read_line(struct health_view *view, const char *line)
{
    json_t *const object = json_loads(line, 0, NULL);
    const char *const scope = json_string_value(json_object_get(object, "scope"));
    const char *const state = json_string_value(json_object_get(object, "state"));
    struct health_verdict verdict = { .source = HEALTH_MONITOR };
    char problem[256];
    enum status status = OK;

    verdict.entry.server = take_text(view->arena, object, "server");
    verdict.entry.pool = take_text(view->arena, object, "pool");
    verdict.entry.service = take_text(view->arena, object, "service");
    verdict.entry.reason = "";
    verdict.writer = take_text(view->arena, object, "writer");
    verdict.since = json_integer_value(json_object_get(object, "since"));
    if ((verdict.entry.server || verdict.entry.pool) && verdict.writer && scope &&
        state &&
        place_word_parse(scope, &verdict.entry.scope, problem, sizeof(problem)) == OK &&
        health_state_parse(state, &verdict.entry.state) == OK)
        status = health_view_add(view, &verdict, 0);
    json_decref(object);
    return status;
}

enum status
health_view_restore(const char *path, struct health_view **ret_view)
{
    char line[LINE_SIZE];
    FILE *const in = fopen(path, "re");
    struct health_view *const view = in ? health_view_empty() : NULL;
    enum status status = view ? OK : ERR_NOENT;

    for (size_t i = 0; status == OK && i < LINES_MAX && fgets(line, sizeof(line), in);
         i++)
        status = read_line(view, line);
    if (in)
        (void)fclose(in);
    if (status != OK) {
        health_view_drop(view);
        return status;
    }
    *ret_view = view;
    return OK;
}
