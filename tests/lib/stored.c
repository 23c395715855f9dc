/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/lib/stored.h"
#include "tests/lib/ask.h"
#include "tests/lib/render.h"
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDER_MODE = 0700, WALK_DESCRIPTORS = 8, HOLD_S = 900, MAPS_MAX = 16 };

static void
fail(const char *what)
{
    perror(what);
    abort();
}

static void
keep_config(struct part *part)
{
    (void)part; /* part of struct stored */
}

static void
put_path(char path[STORED_PATH_MAX], const struct stored *stored, const char *name)
{
    if (snprintf(path, STORED_PATH_MAX, "%s/%s", stored->folder, name) >= STORED_PATH_MAX)
        fail(name);
}

void
stored_init(struct stored *stored)
{
    *stored = (struct stored){ .folder = "/tmp/meridian-stored-XXXXXX" };
    if (!mkdtemp(stored->folder))
        fail(stored->folder);
    put_path(stored->zones, stored, "zones");
    put_path(stored->routing, stored, "routing.yaml");
    put_path(stored->health, stored, "health.d");
    if (mkdir(stored->zones, FOLDER_MODE) != 0 || mkdir(stored->health, FOLDER_MODE) != 0)
        fail(stored->folder);
    stored->zone_folders[0] = stored->zones;
    stored->routings[0] = stored->routing;
    stored->config = (struct store_config){
        .path = stored->folder,
        .folder = stored->folder,
        .state = "",
        .settings = { .identity = "", .version = "", .ecs_enabled = true },
        .routing = stored->routings,
        .routing_count = 1,
        .zone_folders = stored->zone_folders,
        .zone_folder_count = 1,
        .ttl = 3600,
        .dynamic_ttl = 30,
        .safe_delete = 1,
        .safe_update = 1,
        .health_folder = stored->health,
        .health_hold_s = HOLD_S,
        .maps_max = MAPS_MAX,
    };
    part_init(&stored->config.part, keep_config);
    stored_write_text(stored, "routing.yaml", "servers: {}\n");
}

void
stored_write(struct stored *stored, const char *path, const void *bytes, size_t len)
{
    char whole[STORED_PATH_MAX];

    put_path(whole, stored, path);
    FILE *const file = fopen(whole, "we");
    if (!file || fwrite(bytes, 1, len, file) != len || fclose(file) != 0)
        fail(whole);
}

void
stored_write_text(struct stored *stored, const char *path, const char *text)
{
    stored_write(stored, path, text, strlen(text));
}

enum status
stored_load(struct stored *stored, struct diag *diag)
{
    const struct store_hooks hooks = { 0 };

    store_free(stored->store);
    stored->store = NULL;
    const enum status status = store_new(&hooks, &stored->store);
    return status == OK ? store_load(stored->store, &stored->config, true, diag) : status;
}

void
stored_start(struct stored *stored)
{
    const struct store_hooks hooks = { 0 };

    if (store_new(&hooks, &stored->store) != OK ||
        store_start(stored->store, &stored->config) != OK)
        fail(stored->folder);
}

static int
remove_entry(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
    (void)st;
    (void)kind;
    (void)walk;
    return remove(path);
}

void
stored_done(struct stored *stored)
{
    store_free(stored->store);
    stored->store = NULL;
    if (nftw(stored->folder, remove_entry, WALK_DESCRIPTORS, FTW_DEPTH | FTW_PHYS) != 0)
        fail(stored->folder);
}

char *
stored_ask(const struct stored *stored, const char *name, uint16_t type)
{
    const struct answerer *const answerer = store_answerer(stored->store);
    const struct store_view *const view = store_hold(stored->store);
    struct ask question;
    struct answer answer;

    ask(&question, name, type);
    answer_begin(&answer, &question.query);
    answerer->answer(store_view_snapshot(view), &question.query, &answer);
    char *const text = render(&question.query, &answer);
    store_release(stored->store, view);
    return text;
}
