/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that changed since they were read. */
#include "zones/stamps.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATH_ROOM = 128 };

struct place {
    char folder[PATH_ROOM], file[PATH_ROOM], other[PATH_ROOM];
    struct stamps stamps;
};

static void
write_text(const char *path, const char *text)
{
    FILE *const file = fopen(path, "we");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int
begin(void **state)
{
    struct place *const place = calloc(1, sizeof(*place));

    (void)snprintf(place->folder, PATH_ROOM, "/tmp/meridian-stamps-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    (void)snprintf(place->file, PATH_ROOM, "%.80s/file", place->folder);
    (void)snprintf(place->other, PATH_ROOM, "%.80s/other", place->folder);
    write_text(place->file, "one");
    stamps_init(&place->stamps);
    assert_int_equal(stamps_add(&place->stamps, place->file), OK);
    *state = place;
    return 0;
}

static int
end(void **state)
{
    struct place *const place = *state;

    stamps_done(&place->stamps);
    (void)unlink(place->file);
    (void)unlink(place->other);
    assert_int_equal(rmdir(place->folder), 0);
    free(place);
    return 0;
}

static void
an_untouched_file_has_not_changed(void **state)
{
    struct place *const place = *state;

    assert_false(stamps_changed(&place->stamps));
    stamps_clear(&place->stamps);
    assert_int_equal(place->stamps.count, 0);
    assert_false(stamps_changed(&place->stamps));
}

static void
a_file_rewritten_with_another_size_has_changed(void **state)
{
    struct place *const place = *state;

    write_text(place->file, "longer");
    assert_true(stamps_changed(&place->stamps));
}

/* Time and size kept, as an editor or rsync may do it. */
static void
a_file_replaced_by_its_like_has_changed(void **state)
{
    struct place *const place = *state;
    struct stat st;

    assert_int_equal(stat(place->file, &st), 0);
    write_text(place->other, "two");
    const struct timespec times[] = { st.st_atim, st.st_mtim };
    assert_int_equal(utimensat(AT_FDCWD, place->other, times, 0), 0);
    assert_int_equal(rename(place->other, place->file), 0);
    assert_true(stamps_changed(&place->stamps));
}

static void
removed_and_new_files_are_noticed(void **state)
{
    struct place *const place = *state;

    assert_int_equal(stamps_add(&place->stamps, place->other), OK);
    assert_false(stamps_changed(&place->stamps));
    write_text(place->other, "");
    assert_true(stamps_changed(&place->stamps));
    assert_int_equal(unlink(place->other), 0);
    assert_false(stamps_changed(&place->stamps));
    assert_int_equal(unlink(place->file), 0);
    assert_true(stamps_changed(&place->stamps));
}

static void
the_first_stamp_of_a_path_stays(void **state)
{
    struct place *const place = *state;

    write_text(place->file, "another");
    assert_int_equal(stamps_add(&place->stamps, place->file), OK);
    assert_int_equal(place->stamps.count, 1);
    assert_true(stamps_changed(&place->stamps));
}

static void
links_are_followed(void **state)
{
    struct place *const place = *state;

    stamps_clear(&place->stamps);
    assert_int_equal(symlink(place->file, place->other), 0);
    assert_int_equal(stamps_add(&place->stamps, place->other), OK);
    assert_false(stamps_changed(&place->stamps));
    write_text(place->file, "through the link");
    assert_true(stamps_changed(&place->stamps));
}

static void
the_newest_time_is_that_of_existing_files(void **state)
{
    struct place *const place = *state;
    const struct timespec times[] = { { .tv_sec = 5 }, { .tv_sec = 1234567890 } };
    struct stamps stamps;

    assert_int_equal(utimensat(AT_FDCWD, place->file, times, 0), 0);
    stamps_init(&stamps);
    assert_int_equal(stamps_newest(&stamps), 0);
    assert_int_equal(stamps_add(&stamps, place->other), OK); /* not there */
    assert_int_equal(stamps_newest(&stamps), 0);
    assert_int_equal(stamps_add(&stamps, place->file), OK);
    assert_int_equal(stamps_newest(&stamps), 1234567890);
    stamps_done(&stamps);
}

#define STAMPS_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        STAMPS_TEST(an_untouched_file_has_not_changed),
        STAMPS_TEST(a_file_rewritten_with_another_size_has_changed),
        STAMPS_TEST(a_file_replaced_by_its_like_has_changed),
        STAMPS_TEST(removed_and_new_files_are_noticed),
        STAMPS_TEST(the_first_stamp_of_a_path_stays),
        STAMPS_TEST(links_are_followed),
        STAMPS_TEST(the_newest_time_is_that_of_existing_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
