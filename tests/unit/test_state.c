/* SPDX-License-Identifier: BSD-2-Clause */
/* The state folder: files replaced whole, last good versions. */
#include "zones/state.h"
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATH_ROOM = 128, DESCRIPTORS = 8 };

static int
begin(void **state)
{
    char *const folder = strdup("/tmp/meridian-state-XXXXXX");

    assert_non_null(mkdtemp(folder));
    *state = folder;
    return 0;
}

static int
remove_entry(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
    (void)st;
    (void)kind;
    (void)walk;
    return remove(path);
}

static int
end(void **state)
{
    assert_int_equal(nftw(*state, remove_entry, DESCRIPTORS, FTW_DEPTH | FTW_PHYS), 0);
    free(*state);
    return 0;
}

static void
assert_content(const char *path, const char *expected)
{
    char *bytes;
    size_t len;

    assert_int_equal(state_read(path, 1000, &bytes, &len), OK);
    assert_string_equal(bytes, expected);
    assert_int_equal(len, strlen(expected));
    free(bytes);
}

static void
paths_are_joined_if_they_fit(void **state)
{
    static char path[STATE_PATH_MAX], long_name[STATE_PATH_MAX];

    (void)state;
    assert_true(state_path(path, "a", "b", "c"));
    assert_string_equal(path, "a/b/c");
    assert_true(state_path(path, "a", "b", NULL));
    assert_string_equal(path, "a/b");
    assert_true(state_path(path, "a", NULL, NULL));
    assert_string_equal(path, "a");
    memset(long_name, 'x', sizeof(long_name) - 3);
    assert_true(state_path(path, "a", long_name, NULL));
    long_name[sizeof(long_name) - 3] = 'x';
    assert_false(state_path(path, "a", long_name, NULL));
}

static void
file_names_are_made_of_any_text(void **state)
{
    static const char *const names[][2] = {
        { "example.com", "example.com" },
        { ".hidden", "%2Ehidden" },
        { "..", "%2E." },
        { "a/b", "a%2Fb" },
        { "ü", "%C3%BC" },
        { "A_b-9", "A_b-9" },
        { "", "" },
    };
    char buffer[PATH_ROOM];

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        state_file_name(names[i][0], buffer, sizeof(buffer));
        assert_string_equal(buffer, names[i][1]);
    }
    state_file_name("abcdefgh/", buffer, 6); /* cut, never past the end */
    assert_true(strlen(buffer) < 6);
}

static void
a_file_is_replaced_whole_and_read_back(void **state)
{
    char path[PATH_ROOM], missing[PATH_ROOM];
    struct stat st;
    char *bytes;
    size_t len;

    (void)snprintf(path, sizeof(path), "%s/file", (const char *)*state);
    (void)snprintf(missing, sizeof(missing), "%s/not/there", (const char *)*state);
    assert_int_equal(state_write(path, "first", 5), OK);
    assert_int_equal(state_write(path, "2nd", 3), OK);
    assert_content(path, "2nd");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_int_equal(state_read(path, 3, &bytes, &len), OK);
    free(bytes);
    assert_int_equal(state_read(path, 2, &bytes, &len), ERR_LIMIT);
    assert_int_equal(state_read(missing, 9, &bytes, &len), ERR_NOENT);
    assert_int_equal(state_write(missing, "x", 1), ERR_IO);
}

/* An interrupted write leaves nothing behind but what was there. */
static void
a_write_that_fails_leaves_the_old_file(void **state)
{
    char path[PATH_ROOM], below[2 * PATH_ROOM];

    (void)snprintf(path, sizeof(path), "%s/folder", (const char *)*state);
    (void)snprintf(below, sizeof(below), "%s/kept", path);
    assert_int_equal(state_make_folder(path), OK);
    assert_int_equal(state_make_folder(path), OK); /* it may be there */
    assert_int_equal(state_write(below, "x", 1), OK);
    assert_int_equal(state_write(path, "y", 1), ERR_IO); /* a folder is no file */
    assert_content(below, "x");
    assert_int_equal(unlink(below), 0);
    assert_int_equal(rmdir(path), 0); /* nothing temporary in it */
}

static void
a_good_version_is_kept_found_and_forgotten(void **state)
{
    const char *const folder = *state;
    char zone[PATH_ROOM], part[PATH_ROOM], state_folder[PATH_ROOM];
    const char *const files[] = { zone, part };
    struct state_good good;

    (void)snprintf(zone, sizeof(zone), "%s/zone.yaml", folder);
    (void)snprintf(part, sizeof(part), "%s/part.yaml", folder);
    (void)snprintf(state_folder, sizeof(state_folder), "%s/state", folder);
    assert_int_equal(state_write(zone, "one", 3), OK);
    assert_int_equal(state_write(part, "two", 3), OK);
    assert_int_equal(state_find_good(state_folder, "a/b", &good), ERR_NOENT);
    assert_int_equal(state_keep_good(state_folder, "a/b", files, 2, files, 1), OK);
    assert_int_equal(state_write(zone, "newer", 5), OK);
    assert_int_equal(state_find_good(state_folder, "a/b", &good), OK);
    assert_int_equal(good.top_count, 1);
    assert_content(good.top[0], "one");
    assert_int_equal(strncmp(good.top[0], good.root, strlen(good.root)), 0);
    assert_string_equal(good.top[0] + strlen(good.root), zone);
    state_good_done(&good);
    assert_int_equal(state_keep_good(state_folder, "a/b", files, 1, files, 1), OK);
    assert_int_equal(state_find_good(state_folder, "a/b", &good), OK);
    assert_content(good.top[0], "newer");
    state_good_done(&good);
    state_forget_good(state_folder, "a/b");
    assert_int_equal(state_find_good(state_folder, "a/b", &good), ERR_NOENT);
}

/* The old one stays when the new one cannot be copied. */
static void
a_version_that_cannot_be_kept_leaves_the_last(void **state)
{
    char zone[PATH_ROOM], state_folder[PATH_ROOM];
    const char *const files[] = { zone };
    struct state_good good;

    (void)snprintf(zone, sizeof(zone), "%s/zone.yaml", (const char *)*state);
    (void)snprintf(state_folder, sizeof(state_folder), "%s/state", (const char *)*state);
    assert_int_equal(state_write(zone, "one", 3), OK);
    assert_int_equal(state_keep_good(state_folder, "z", files, 1, files, 1), OK);
    assert_int_equal(unlink(zone), 0);
    assert_int_not_equal(state_keep_good(state_folder, "z", files, 1, files, 1), OK);
    assert_int_equal(state_find_good(state_folder, "z", &good), OK);
    assert_content(good.top[0], "one");
    state_good_done(&good);
}

#define STATE_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_joined_if_they_fit),
        cmocka_unit_test(file_names_are_made_of_any_text),
        STATE_TEST(a_file_is_replaced_whole_and_read_back),
        STATE_TEST(a_write_that_fails_leaves_the_old_file),
        STATE_TEST(a_good_version_is_kept_found_and_forgotten),
        STATE_TEST(a_version_that_cannot_be_kept_leaves_the_last),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
