/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/meridiand/watch.h"
#include "dns/base/array.h"
#include "dns/base/log.h"
#include <errno.h>
#include <event2/event.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    EVENTS = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
             IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF,
    BUFFER_SIZE = 16384,
    RETRY_MS = 1000, /* a watched folder that went: is it back? */
};

struct watched {
    char *folder; /* owned */
    char *only;   /* the one name in it that matters; NULL: all; owned */
    int id;       /* of inotify; -1: not there */
    bool health;
    bool wanted; /* mark while the set is renewed */
};

struct watch {
    int fd;
    struct event *readable;
    struct event *timer;
    struct event *retry;
    struct watched *items;
    size_t count;
    size_t capacity;
    uint64_t settle_ms;
    watch_fn changed;
    void *context;
    bool data, health; /* since the last call of changed */
};

static struct timeval
from_ms(uint64_t ms)
{
    return (struct timeval){ .tv_sec = (time_t)(ms / 1000),
                             .tv_usec = (suseconds_t)(ms % 1000 * 1000) };
}

static void
tell(evutil_socket_t fd, short what, void *context)
{
    struct watch *const watch = context;
    const bool data = watch->data, health = watch->health;

    (void)fd;
    (void)what;
    watch->data = watch->health = false;
    if (data || health)
        watch->changed(watch->context, data, health);
}

static void
note(struct watch *watch, bool health, bool at_once)
{
    const struct timeval wait = from_ms(at_once ? 0 : watch->settle_ms);

    if (health)
        watch->health = true;
    else
        watch->data = true;
    evtimer_add(watch->timer, &wait);
}

static void
add_watch(struct watch *watch, struct watched *item)
{
    item->id = inotify_add_watch(watch->fd, item->folder, EVENTS | IN_ONLYDIR);
    if (item->id >= 0)
        return;
    if (errno == ENOSPC)
        log_line(LOG_LEVEL_ERROR,
                 "no inotify watch is left for '%s' (fs.inotify.max_user_watches): its "
                 "changes "
                 "need 'meridianctl reload'",
                 item->folder);
    const struct timeval wait = from_ms(RETRY_MS);
    evtimer_add(watch->retry, &wait);
}

/* Folders that were away: watch them again as soon as they are back, and look at what
 * they hold. */
static void
retry(evutil_socket_t fd, short what, void *context)
{
    struct watch *const watch = context;

    (void)fd;
    (void)what;
    for (size_t i = 0; i < watch->count; i++) {
        if (watch->items[i].id >= 0)
            continue;
        add_watch(watch, &watch->items[i]);
        if (watch->items[i].id >= 0)
            note(watch, watch->items[i].health, false);
    }
}

static struct watched *
find_id(struct watch *watch, int id)
{
    for (size_t i = 0; i < watch->count; i++) {
        if (watch->items[i].id == id)
            return &watch->items[i];
    }
    return NULL;
}

/* Editors' own files and temporary ones; but Kubernetes swaps ..data. */
static bool
is_noise(const struct watched *item, const struct inotify_event *event)
{
    if (event->len == 0)
        return false;
    const size_t len = strlen(event->name);
    if (item->only)
        return strcmp(event->name, item->only) != 0;
    if (strcmp(event->name, "..data") == 0)
        return false;
    return event->name[0] == '.' || (len > 0 && event->name[len - 1] == '~');
}

static void
handle(struct watch *watch, const struct inotify_event *event)
{
    if (event->mask & IN_Q_OVERFLOW) {
        note(watch, false, false);
        note(watch, true, false);
        return;
    }
    struct watched *const item = find_id(watch, event->wd);
    if (!item)
        return;
    if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)) {
        if (!(event->mask & IN_IGNORED))
            (void)inotify_rm_watch(watch->fd, item->id);
        item->id = -1;
        add_watch(watch, item);
        note(watch, item->health, false);
    } else if (!is_noise(item, event)) {
        note(watch, item->health, event->mask & IN_MOVED_TO);
    }
}

static void
read_events(evutil_socket_t fd, short what, void *context)
{
    struct watch *const watch = context;
    _Alignas(struct inotify_event) char buffer[BUFFER_SIZE];
    ssize_t len;

    (void)what;
    while ((len = read(fd, buffer, sizeof(buffer))) > 0) {
        for (const char *at = buffer; at < buffer + len;) {
            const struct inotify_event *const event = (const void *)at;
            handle(watch, event);
            at += sizeof(*event) + event->len;
        }
    }
}

enum status
watch_new(struct event_base *loop, uint64_t settle_ms, watch_fn changed, void *context,
          struct watch **ret_watch)
{
    struct watch *const watch = calloc(1, sizeof(*watch));

    if (!watch)
        return ERR_NOMEM;
    watch->settle_ms = settle_ms;
    watch->changed = changed;
    watch->context = context;
    watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    watch->readable =
        event_new(loop, watch->fd, EV_READ | EV_PERSIST, read_events, watch);
    watch->timer = evtimer_new(loop, tell, watch);
    watch->retry = evtimer_new(loop, retry, watch);
    if (watch->fd < 0 || !watch->readable || !watch->timer || !watch->retry) {
        watch_free(watch);
        return ERR_IO;
    }
    event_add(watch->readable, NULL);
    *ret_watch = watch;
    return OK;
}

void
watch_free(struct watch *watch)
{
    if (!watch)
        return;
    if (watch->readable)
        event_free(watch->readable);
    if (watch->timer)
        event_free(watch->timer);
    if (watch->retry)
        event_free(watch->retry);
    if (watch->fd >= 0)
        close(watch->fd);
    for (size_t i = 0; i < watch->count; i++) {
        free(watch->items[i].folder);
        free(watch->items[i].only);
    }
    free(watch->items);
    free(watch);
}

/* A folder's path may lead elsewhere than before (a link was swapped): what is there now
 * is watched, and looked at. */
static void
renew_watch(struct watch *watch, struct watched *item)
{
    const int before = item->id;

    add_watch(watch, item);
    if (item->id == before)
        return;
    if (before >= 0)
        (void)inotify_rm_watch(watch->fd, before);
    note(watch, item->health, false);
}

static struct watched *
find_folder(struct watch *watch, const char *folder)
{
    for (size_t i = 0; i < watch->count; i++) {
        if (strcmp(watch->items[i].folder, folder) == 0)
            return &watch->items[i];
    }
    return NULL;
}

static struct watched *
add_item(struct watch *watch, const char *folder, bool health, const char *only)
{
    char *const copy = strdup(folder), *const name = only ? strdup(only) : NULL;

    if (!copy || (only && !name) ||
        array_reserve(&watch->items, &watch->capacity, watch->count + 1,
                      sizeof(*watch->items)) != OK) {
        free(copy);
        free(name);
        return NULL;
    }
    struct watched *const item = &watch->items[watch->count++];
    *item = (struct watched){ .folder = copy, .only = name, .health = health, .id = -1 };
    return item;
}

/* Wants one folder watched; a new one is looked at once it is. only: the one name in it
 * that matters; NULL: all do. False: it was wanted already. */
static bool
want(struct watch *watch, const char *folder, bool health, const char *only)
{
    struct watched *item = find_folder(watch, folder);
    const bool fresh = !item || !item->wanted;

    if (!item)
        item = add_item(watch, folder, health, only);
    if (!item)
        return false;
    if (item->only && (!only || strcmp(item->only, only) != 0)) {
        free(item->only);
        item->only = NULL;
    }
    item->health = item->health && health;
    item->wanted = true;
    if (fresh)
        renew_watch(watch, item);
    return fresh;
}

/* The folder of a path, and the name in it; false: it has none. */
static bool
split(const char *path, char folder[PATH_MAX], const char **ret_name)
{
    const char *const slash = strrchr(path, '/');

    if (!slash || slash - path >= PATH_MAX)
        return false;
    memcpy(folder, path, (size_t)(slash - path));
    folder[slash - path] = '\0';
    if (slash == path)
        memcpy(folder, "/", sizeof("/"));
    *ret_name = slash + 1;
    return true;
}

/* If the first `len` bytes of a path are a symbolic link: its folder is wanted, and the
 * path is written again with what the link says. */
static bool
follow_link(struct watch *watch, char path[PATH_MAX], size_t len)
{
    char link[PATH_MAX], folder[PATH_MAX], target[PATH_MAX], rest[PATH_MAX];
    const char *name;

    memcpy(link, path, len);
    link[len] = '\0';
    const ssize_t target_len = readlink(link, target, sizeof(target) - 1);
    if (target_len <= 0 || !split(link, folder, &name))
        return false; /* EINVAL: no link, as nearly always */
    target[target_len] = '\0';
    (void)want(watch, folder, false, name);
    memcpy(rest, path + len, strlen(path + len) + 1);
    return snprintf(path, PATH_MAX, "%s%s%s%s", target[0] == '/' ? "" : folder,
                    target[0] == '/' ? "" : "/", target, rest) < PATH_MAX;
}

/* A link on the way to a path may be swapped: its own folder is watched for that. */
static void
want_links(struct watch *watch, const char *path)
{
    enum { LINKS_MAX = 40 }; /* as many as the kernel follows */
    char now[PATH_MAX];
    unsigned links = 0;

    if (snprintf(now, sizeof(now), "%s", path) >= (int)sizeof(now))
        return;
    for (size_t at = 1; now[at - 1] && links < LINKS_MAX;) {
        at += strcspn(now + at, "/");
        if (follow_link(watch, now, at)) {
            links++;
            at = 0;
        }
        at++;
    }
}

static void
want_path(struct watch *watch, const char *path, const char *health_folder)
{
    char folder[PATH_MAX], target[PATH_MAX];
    const char *name;
    struct stat st;
    const bool health = health_folder && strcmp(path, health_folder) == 0;

    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        if (want(watch, path, health, NULL))
            want_links(watch, path);
        return;
    }
    if (!split(path, folder, &name))
        return;
    if (want(watch, folder, health, NULL))
        want_links(watch, folder);
    /* A symbolic link's target changes in its own folder. */
    if (lstat(path, &st) != 0 || !S_ISLNK(st.st_mode))
        return;
    want_links(watch, path);
    if (realpath(path, target) && split(target, folder, &name))
        (void)want(watch, folder, false, NULL);
}

void
watch_set(struct watch *watch, char *const *paths, const char *health_folder)
{
    size_t kept = 0;

    for (size_t i = 0; i < watch->count; i++)
        watch->items[i].wanted = false;
    for (; paths && *paths; paths++)
        want_path(watch, *paths, health_folder);
    for (size_t i = 0; i < watch->count; i++) {
        struct watched *const item = &watch->items[i];
        if (item->wanted) {
            watch->items[kept++] = *item;
            continue;
        }
        if (item->id >= 0)
            (void)inotify_rm_watch(watch->fd, item->id);
        free(item->folder);
        free(item->only);
    }
    watch->count = kept;
}
