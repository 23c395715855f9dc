/* SPDX-License-Identifier: BSD-2-Clause */
#include "zones/stamps.h"
#include "dns/base/array.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { NS_PER_S = 1000000000 };

static int64_t
to_ns(const struct timespec *at)
{
    return (int64_t)at->tv_sec * NS_PER_S + at->tv_nsec;
}

/* All but the path. */
static struct stamp
stamp_now(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return (struct stamp){ .exists = false };
    return (struct stamp){
        .exists = true,
        .device = st.st_dev,
        .inode = st.st_ino,
        .size = st.st_size,
        .changed_ns = to_ns(&st.st_mtim),
        .status_ns = to_ns(&st.st_ctim),
    };
}

static bool
stamp_equal(const struct stamp *a, const struct stamp *b)
{
    return a->exists == b->exists && a->device == b->device && a->inode == b->inode &&
           a->size == b->size && a->changed_ns == b->changed_ns &&
           a->status_ns == b->status_ns;
}

void
stamps_init(struct stamps *stamps)
{
    *stamps = (struct stamps){ 0 };
}

void
stamps_clear(struct stamps *stamps)
{
    for (size_t i = 0; i < stamps->count; i++)
        free(stamps->items[i].path);
    stamps->count = 0;
}

void
stamps_done(struct stamps *stamps)
{
    stamps_clear(stamps);
    free(stamps->items);
    stamps_init(stamps);
}

enum status
stamps_add(struct stamps *stamps, const char *path)
{
    for (size_t i = 0; i < stamps->count; i++) {
        if (strcmp(stamps->items[i].path, path) == 0)
            return OK;
    }
    const enum status status = array_reserve(&stamps->items, &stamps->capacity,
                                             stamps->count + 1, sizeof(*stamps->items));
    if (status != OK)
        return status;
    struct stamp stamp = stamp_now(path);
    stamp.path = strdup(path);
    if (!stamp.path)
        return ERR_NOMEM;
    stamps->items[stamps->count++] = stamp;
    return OK;
}

bool
stamps_changed(const struct stamps *stamps)
{
    for (size_t i = 0; i < stamps->count; i++) {
        const struct stamp now = stamp_now(stamps->items[i].path);
        if (!stamp_equal(&now, &stamps->items[i]))
            return true;
    }
    return false;
}

int64_t
stamps_newest(const struct stamps *stamps)
{
    int64_t newest_ns = 0;

    for (size_t i = 0; i < stamps->count; i++) {
        if (stamps->items[i].exists && stamps->items[i].changed_ns > newest_ns)
            newest_ns = stamps->items[i].changed_ns;
    }
    return newest_ns / NS_PER_S;
}
