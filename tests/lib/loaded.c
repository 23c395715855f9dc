/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/lib/loaded.h"
#include "zones/export.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { FILES_MAX = 8, PATH_ROOM = 64, LINE_ROOM = 2048, LINES_MAX = 256 };

static const char apex_ns[] = "'': {type: NS, value: ns.elsewhere.}\n";

/* ---- loading ---------------------------------------------------------------------- */

static void
write_file(const char *path, const void *bytes, size_t len)
{
    FILE *const file = fopen(path, "we");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static char *
records_of(const struct zone *zone)
{
    char *text = NULL;
    size_t len = 0;
    FILE *const out = open_memstream(&text, &len);

    assert_non_null(out);
    if (zone)
        assert_int_equal(export_master(zone, out), OK);
    assert_int_equal(fclose(out), 0);
    for (char *at = text; *at; at++) {
        if (*at == '\t')
            *at = ' ';
    }
    return text;
}

/* Without the folder, which has another name each time. */
static char *
messages_of(const struct diag *diag, const char *folder)
{
    char line[LINE_ROOM];
    char *text = NULL;
    size_t len = 0;
    FILE *const out = open_memstream(&text, &len);

    assert_non_null(out);
    for (size_t i = 0; i < diag->count; i++) {
        (void)diag_format(&diag->messages[i], line, sizeof(line));
        const bool in_folder = strncmp(line, folder, strlen(folder)) == 0;
        (void)fprintf(out, "%s\n", line + (in_folder ? strlen(folder) + 1 : 0));
    }
    assert_int_equal(fclose(out), 0);
    return text;
}

static void
load(struct loaded *loaded, const char *name, const char *folder,
     const char *const *paths, size_t count)
{
    const struct zone_load_options options = {
        .name = name,
        .paths = paths,
        .path_count = count,
        .folder = folder,
        .ttl = 3600,
        .dynamic_ttl = 30,
        .soa_minimum = 60,
        .soa_refresh = 3600,
        .soa_retry = 600,
        .soa_expire = 1209600,
        .soa_ttl = 300,
        .serial = 7,
    };
    struct zone_files files = { 0 };

    *loaded = (struct loaded){ .zone = NULL };
    diag_init(&loaded->diag);
    loaded->status = zone_load(&options, &loaded->diag, &files, &loaded->zone);
    zone_files_done(&files);
    assert_true((loaded->status == OK) == (loaded->diag.error_count == 0));
    if (loaded->status != OK)
        loaded->zone = NULL;
    loaded->records = records_of(loaded->zone);
    loaded->messages = messages_of(&loaded->diag, folder);
}

void
loaded_begin_bytes(struct loaded *loaded, const char *name, const void *yaml, size_t len)
{
    char folder[] = "/tmp/meridian-loaded-XXXXXX";
    char path[PATH_ROOM];
    const char *const paths[] = { path };

    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/zone.yaml", folder);
    write_file(path, yaml, len);
    load(loaded, name, folder, paths, 1);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

void
loaded_begin(struct loaded *loaded, const char *yaml)
{
    loaded_begin_bytes(loaded, "example", yaml, strlen(yaml));
}

void
loaded_begin_files(struct loaded *loaded, const char *const *yamls, size_t count)
{
    char folder[] = "/tmp/meridian-loaded-XXXXXX";
    char rooms[FILES_MAX][PATH_ROOM];
    const char *paths[FILES_MAX];

    assert_true(count <= FILES_MAX);
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(rooms[i], PATH_ROOM, "%s/%c.yaml", folder, (char)('a' + i));
        write_file(rooms[i], yamls[i], strlen(yamls[i]));
        paths[i] = rooms[i];
    }
    load(loaded, "example", folder, paths, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(unlink(rooms[i]), 0);
    assert_int_equal(rmdir(folder), 0);
}

void
loaded_done(struct loaded *loaded)
{
    if (loaded->zone)
        part_drop(&loaded->zone->part);
    diag_done(&loaded->diag);
    free(loaded->records);
    free(loaded->messages);
}

/* ---- expecting -------------------------------------------------------------------- */

static void
begin_below_apex(struct loaded *loaded, const char *yaml)
{
    char *text = NULL;

    assert_true(asprintf(&text, "%s%s", apex_ns, yaml) > 0);
    loaded_begin(loaded, text);
    free(text);
}

/* Past the SOA and the NS, which are the first two lines. */
static const char *
past_apex(const char *records)
{
    for (unsigned i = 0; i < 2 && records; i++) {
        records = strchr(records, '\n');
        records = records ? records + 1 : NULL;
    }
    return records ? records : "";
}

static int
compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The same lines, sorted: the types of a name come in no order. The caller frees it. */
static char *
sorted(const char *text)
{
    char *const copy = strdup(text);
    char *const whole = calloc(1, strlen(text) + 2);
    char *lines[LINES_MAX] = { 0 };
    char *rest = copy;
    size_t count = 0;

    assert_non_null(copy);
    assert_non_null(whole);
    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
        assert_true(count < LINES_MAX);
        if (*line)
            lines[count++] = line;
    }
    qsort(lines, count, sizeof(*lines), compare_lines);
    size_t at = 0;
    for (size_t i = 0; i < count; i++)
        at += (size_t)snprintf(whole + at, strlen(text) + 2 - at, "%s\n", lines[i]);
    free(copy);
    return whole;
}

static void
assert_same_records(const char *yaml, const char *records, const char *expected)
{
    char *const left = sorted(records);
    char *const right = sorted(expected);

    if (strcmp(left, right) != 0)
        print_error("%s\n", yaml);
    assert_string_equal(left, right);
    free(left);
    free(right);
}

void
loaded_expect_warned(const char *yaml, const char *records, const char *messages)
{
    struct loaded loaded;

    begin_below_apex(&loaded, yaml);
    if (strcmp(loaded.messages, messages) != 0)
        print_error("%s\n", yaml);
    assert_string_equal(loaded.messages, messages);
    assert_int_equal(loaded.status, OK);
    assert_same_records(yaml, past_apex(loaded.records), records);
    loaded_done(&loaded);
}

void
loaded_expect(const char *yaml, const char *records)
{
    loaded_expect_warned(yaml, records, "");
}

void
loaded_refuse(const char *yaml, const char *messages)
{
    struct loaded loaded;

    begin_below_apex(&loaded, yaml);
    if (strcmp(loaded.messages, messages) != 0)
        print_error("%s\n", yaml);
    assert_string_equal(loaded.messages, messages);
    assert_int_equal(loaded.status, ERR_INVALID);
    loaded_done(&loaded);
}
