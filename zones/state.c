/* SPDX-License-Identifier: BSD-2-Clause */
#include "zones/state.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDER_MODE = 0750, FILE_MODE = 0640, LIST_MAX = 1 << 20, WALK_DESCRIPTORS = 16 };
/* A zone file is at most this big to be kept. */
static const size_t copy_max = (size_t)4 << 30;

const char state_routing[] = "routing.yaml";

bool
state_path(char buffer[STATE_PATH_MAX], const char *folder, const char *a, const char *b)
{
    const int len = snprintf(buffer, STATE_PATH_MAX, "%s%s%s%s%s", folder, a ? "/" : "",
                             a ? a : "", a && b ? "/" : "", a && b ? b : "");
    return len > 0 && len < STATE_PATH_MAX;
}

enum status
state_make_folder(const char *path)
{
    char part[STATE_PATH_MAX];

    if (!state_path(part, path, NULL, NULL))
        return ERR_IO;
    for (char *at = part + 1;; at++) {
        const char c = *at;
        if (c != '/' && c != '\0')
            continue;
        *at = '\0';
        if (mkdir(part, FOLDER_MODE) != 0 && errno != EEXIST)
            return ERR_IO;
        if (c == '\0')
            return OK;
        *at = '/';
    }
}

static enum status
write_all(int fd, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        const ssize_t done = write(fd, bytes, len);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return ERR_IO;
        bytes += done;
        len -= (size_t)done;
    }
    return OK;
}

/* A rename is on disk only when its folder is. */
static void
sync_folder_of(const char *path)
{
    char folder[STATE_PATH_MAX];

    if (!state_path(folder, path, NULL, NULL))
        return;
    char *const slash = strrchr(folder, '/');
    if (slash)
        *slash = '\0';
    const int fd =
        open(slash && slash != folder ? folder : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)fsync(fd);
    close(fd);
}

enum status
state_write(const char *path, const void *bytes, size_t len)
{
    char temporary[STATE_PATH_MAX];

    if (snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >=
        (int)sizeof(temporary))
        return ERR_IO;
    const int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return ERR_IO;
    enum status status = write_all(fd, bytes, len);
    if (status == OK && (fchmod(fd, FILE_MODE) != 0 || fsync(fd) != 0))
        status = ERR_IO;
    if (close(fd) != 0)
        status = ERR_IO;
    if (status == OK && rename(temporary, path) != 0)
        status = ERR_IO;
    if (status != OK)
        (void)unlink(temporary);
    else
        sync_folder_of(path);
    return status;
}

/* Reads len bytes that fstat promised; a file that shrinks meanwhile just ends earlier.
 */
static enum status
read_all(int fd, size_t len, char **ret_bytes, size_t *ret_len)
{
    char *const bytes = malloc(len + 1);
    size_t got = 0;

    if (!bytes)
        return ERR_NOMEM;
    while (got < len) {
        const ssize_t more = read(fd, bytes + got, len - got);
        if (more < 0 && errno == EINTR)
            continue;
        if (more < 0) {
            free(bytes);
            return ERR_IO;
        }
        if (more == 0)
            break;
        got += (size_t)more;
    }
    bytes[got] = '\0';
    *ret_bytes = bytes;
    *ret_len = got;
    return OK;
}

enum status
state_read(const char *path, size_t max, char **ret_bytes, size_t *ret_len)
{
    struct stat st;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return errno == ENOENT ? ERR_NOENT : ERR_IO;
    enum status status = fstat(fd, &st) == 0 ? OK : ERR_IO;
    if (status == OK && (st.st_size < 0 || (size_t)st.st_size > max))
        status = ERR_LIMIT;
    if (status == OK)
        status = read_all(fd, (size_t)st.st_size, ret_bytes, ret_len);
    close(fd);
    return status;
}

void
state_file_name(const char *text, char *buffer, size_t size)
{
    size_t at = 0;

    for (const char *from = text; *from && at + 4 < size; from++) {
        const unsigned char c = (unsigned char)*from;
        if (isalnum(c) || c == '-' || c == '_' || (c == '.' && at > 0))
            buffer[at++] = (char)c;
        else
            at += (size_t)snprintf(buffer + at, size - at, "%%%02X", (unsigned)c);
    }
    buffer[at] = '\0';
}

/* ---- last good versions ----------------------------------------------------------- */

static bool
good_folder(const char *state, const char *name, char buffer[STATE_PATH_MAX])
{
    char file[STATE_PATH_MAX / 2];

    state_file_name(name, file, sizeof(file));
    return state_path(buffer, state, "good", file);
}

static enum status
copy_file(const char *from, const char *tree)
{
    char to[STATE_PATH_MAX];
    char *bytes;
    size_t len;

    if (snprintf(to, sizeof(to), "%s%s", tree, from) >= (int)sizeof(to))
        return ERR_IO;
    char *const slash = strrchr(to, '/');
    *slash = '\0';
    enum status status = state_make_folder(to);
    *slash = '/';
    if (status == OK)
        status = state_read(from, copy_max, &bytes, &len);
    if (status != OK)
        return status;
    status = state_write(to, bytes, len);
    free(bytes);
    return status;
}

static enum status
write_list(const char *path, const char *const *top, size_t count)
{
    char *text = NULL;
    size_t len = 0;
    FILE *const out = open_memstream(&text, &len);

    if (!out)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++)
        (void)fprintf(out, "%s\n", top[i]);
    const enum status status =
        fclose(out) == 0 ? state_write(path, text, len) : ERR_NOMEM;
    free(text);
    return status;
}

static int
remove_entry(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
    (void)st;
    (void)kind;
    (void)walk;
    return remove(path) != 0 && errno != ENOENT ? -1 : 0;
}

static void
remove_tree(const char *path)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the data lane alone walks its state */
    (void)nftw(path, remove_entry, WALK_DESCRIPTORS, FTW_DEPTH | FTW_PHYS);
}

enum status
/* NOLINTNEXTLINE(readability-function-size): two lists */
state_keep_good(const char *state, const char *name, const char *const *files,
                size_t count, const char *const *top, size_t top_count)
{
    char folder[STATE_PATH_MAX], fresh[STATE_PATH_MAX], tree[STATE_PATH_MAX],
        list[STATE_PATH_MAX], file[STATE_PATH_MAX / 2];

    /* Written beside the old one and swapped in whole, so that a crash leaves one of the
     * two. No zone is called as the new one: state_file_name begins with no dot. */
    state_file_name(name, file, sizeof(file));
    if (!good_folder(state, name, folder) ||
        snprintf(fresh, sizeof(fresh), "%s/good/.%s", state, file) >=
            (int)sizeof(fresh) ||
        !state_path(tree, fresh, "tree", NULL) || !state_path(list, fresh, "files", NULL))
        return ERR_IO;
    remove_tree(fresh);
    enum status status = state_make_folder(tree);
    for (size_t i = 0; status == OK && i < count; i++)
        status = copy_file(files[i], tree);
    if (status == OK)
        status = write_list(list, top, top_count);
    if (status != OK)
        return status;
    remove_tree(folder);
    return rename(fresh, folder) == 0 ? OK : ERR_IO;
}

static enum status
add_top(struct state_good *good, const char *line)
{
    char path[STATE_PATH_MAX];
    char **const more = realloc(good->top, (good->top_count + 1) * sizeof(*more));

    if (!more)
        return ERR_NOMEM;
    good->top = more;
    if (snprintf(path, sizeof(path), "%s%s", good->root, line) >= (int)sizeof(path))
        return ERR_IO;
    more[good->top_count] = strdup(path);
    return more[good->top_count++] ? OK : ERR_NOMEM;
}

static enum status
read_list(const char *folder, struct state_good *good)
{
    char path[STATE_PATH_MAX];
    char *text;
    size_t len;

    if (!state_path(path, folder, "files", NULL))
        return ERR_IO;
    enum status status = state_read(path, LIST_MAX, &text, &len);
    if (status != OK)
        return status;
    char *rest = text;
    for (char *line = strsep(&rest, "\n"); line && status == OK;
         line = strsep(&rest, "\n")) {
        if (*line)
            status = add_top(good, line);
    }
    free(text);
    return status;
}

enum status
state_find_good(const char *state, const char *name, struct state_good *ret_good)
{
    char folder[STATE_PATH_MAX], root[STATE_PATH_MAX];
    struct state_good good = { 0 };

    if (!good_folder(state, name, folder) || !state_path(root, folder, "tree", NULL))
        return ERR_IO;
    good.root = strdup(root);
    const enum status status = good.root ? read_list(folder, &good) : ERR_NOMEM;
    if (status != OK) {
        state_good_done(&good);
        return status;
    }
    *ret_good = good;
    return OK;
}

void
state_good_done(struct state_good *good)
{
    for (size_t i = 0; i < good->top_count; i++)
        free(good->top[i]);
    free(good->top);
    free(good->root);
    *good = (struct state_good){ 0 };
}

void
state_forget_good(const char *state, const char *name)
{
    char folder[STATE_PATH_MAX];

    if (good_folder(state, name, folder))
        remove_tree(folder);
}
