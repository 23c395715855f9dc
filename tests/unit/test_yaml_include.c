/* SPDX-License-Identifier: BSD-2-Clause */
/* !include over real files: paths, folder, depth, size, loops, what is watched. */
#include "dns/base/yaml.h"
#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    char folder[32];
    struct diag diag;
    struct yaml *yaml;
    const struct yaml_node *map;
};

static int
begin(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){ .folder = "/tmp/test-yaml-XXXXXX" };
    diag_init(&fixture.diag);
    *state = &fixture;
    return mkdtemp(fixture.folder) ? 0 : -1;
}

static int
remove_one(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)kind;
    (void)where;
    return remove(path);
}

static int
end(void **state)
{
    struct fixture *const fixture = *state;

    yaml_close(fixture->yaml);
    diag_done(&fixture->diag);
    return nftw(fixture->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *
path_of(const struct fixture *fixture, const char *name)
{
    static char path[PATH_MAX];

    assert_true(snprintf(path, PATH_MAX, "%s/%s", fixture->folder, name) < PATH_MAX);
    return path;
}

static void
write_file(const struct fixture *fixture, const char *name, const char *text)
{
    FILE *const file = fopen(path_of(fixture, name), "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* Opens anew. folder: below the fixture's, NULL: the file's own. */
static enum status
read_file(struct fixture *fixture, const char *name, const char *folder)
{
    char below[PATH_MAX];

    yaml_close(fixture->yaml);
    fixture->yaml = NULL;
    diag_clear(&fixture->diag);
    if (folder)
        (void)snprintf(below, sizeof(below), "%s%s", fixture->folder, folder);
    const enum status status = yaml_open(path_of(fixture, name), folder ? below : NULL,
                                         &fixture->diag, &fixture->yaml);
    return status == OK ? yaml_whole(fixture->yaml, &fixture->map) : status;
}

/* The first message, from the file's name on. */
static const char *
message(const struct fixture *fixture)
{
    static char text[DIAG_TEXT_MAX + PATH_MAX];

    assert_true(fixture->diag.count > 0);
    (void)diag_format(&fixture->diag.messages[0], text, sizeof(text));
    assert_memory_equal(text, fixture->folder, strlen(fixture->folder));
    return text + strlen(fixture->folder) + 1;
}

static const char *
text_at(const struct fixture *fixture, const char *key)
{
    const struct yaml_node *const node = yaml_get(fixture->map, key);

    assert_non_null(node);
    assert_int_equal(node->kind, YAML_SCALAR);
    return node->text;
}

/* ---- what is included -------------------------------------------------------------- */

static void
paths_are_relative_to_the_file_that_includes(void **state)
{
    struct fixture *const fixture = *state;

    assert_int_equal(mkdir(path_of(fixture, "sub"), 0700), 0);
    write_file(fixture, "a.yaml", "x: !include sub/b.yaml\n");
    write_file(fixture, "sub/b.yaml", "y: !include c.yaml\nz: !include ../d.yaml\n");
    write_file(fixture, "sub/c.yaml", "in c\n");
    write_file(fixture, "d.yaml", "- in d\n");
    assert_int_equal(read_file(fixture, "a.yaml", NULL), OK);
    const struct yaml_node *const b = yaml_get(fixture->map, "x");
    assert_string_equal(yaml_get(b, "y")->text, "in c");
    assert_string_equal(yaml_get(b, "z")->child->text, "in d");
    assert_non_null(strstr(yaml_get(b, "y")->at.file, "sub/c.yaml"));
    assert_int_equal(yaml_get(b, "y")->at.line, 1);
    assert_string_equal(b->key->text, "x");
    assert_int_equal(yaml_file_count(fixture->yaml), 4); /* all are watched */
    assert_string_equal(yaml_file(fixture->yaml, 0), path_of(fixture, "a.yaml"));
}

static void
several_files_are_joined(void **state)
{
    struct fixture *const fixture = *state;

    write_file(fixture, "m1.yaml", "a: 1\nb: 1\n");
    write_file(fixture, "m2.yaml", "b: 2\nc: 2\n");
    write_file(fixture, "l1.yaml", "- 1\n- 2\n");
    write_file(fixture, "l2.yaml", "- 3\n");
    write_file(fixture, "top.yaml",
               "map: !include [m1.yaml, m2.yaml]\nlist: !include [l1.yaml, l2.yaml]\n"
               "none: !include []\n<<: !include m1.yaml\n");
    assert_int_equal(read_file(fixture, "top.yaml", NULL), OK);
    const struct yaml_node *const map = yaml_get(fixture->map, "map");
    assert_int_equal(map->len, 3);
    assert_string_equal(yaml_get(map, "b")->text, "2"); /* a later key wins */
    const struct yaml_node *const list = yaml_get(fixture->map, "list");
    assert_int_equal(list->len, 3);
    assert_string_equal(list->child->next->next->text, "3");
    assert_true(yaml_is_null(yaml_get(fixture->map, "none")));
    assert_string_equal(text_at(fixture, "a"), "1");
    write_file(fixture, "top.yaml", "x: !include [m1.yaml, l1.yaml]\n");
    assert_int_equal(read_file(fixture, "top.yaml", NULL), ERR_INVALID);
    assert_string_equal(message(fixture), "top.yaml:1:23: !include: of several files all "
                                          "must be maps, or all lists");
}

static void
what_is_wrong_in_an_included_file_is_reported_there(void **state)
{
    struct fixture *const fixture = *state;
    static const char *const cases[][2] = {
        { "a: 1\na: 2\n", "b.yaml:2:1: duplicate key 'a' (first at line 1)" },
        { "", "b.yaml:1:1: the included file is empty" },
        { "a: 1\n---\nb: 1\n",
          "b.yaml:2:1: a second document begins here: one file is one document" },
        { "a: *x\n", "b.yaml:1:4: alias '*x' has no anchor before it" },
        { "a: !foo b\n",
          "b.yaml:1:4: the tag '!foo' means nothing here; only !include does" },
    };

    write_file(fixture, "a.yaml", "k: &x 1\nx: !include b.yaml\n");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        write_file(fixture, "b.yaml", cases[i][0]);
        assert_int_equal(read_file(fixture, "a.yaml", NULL), ERR_INVALID);
        assert_string_equal(message(fixture), cases[i][1]);
    }
}

static void
a_file_that_is_missing_is_reported_where_it_is_named_and_watched(void **state)
{
    struct fixture *const fixture = *state;

    write_file(fixture, "a.yaml", "x: !include nowhere.yaml\n");
    assert_int_equal(read_file(fixture, "a.yaml", NULL), ERR_INVALID);
    assert_non_null(strstr(message(fixture), "a.yaml:1:4: cannot open '"));
    assert_int_equal(yaml_file_count(fixture->yaml), 2);
    assert_string_equal(yaml_file(fixture->yaml, 1), path_of(fixture, "nowhere.yaml"));
    assert_int_equal(read_file(fixture, "nowhere.yaml", NULL), ERR_INVALID);
    assert_int_equal(mkdir(path_of(fixture, "folder"), 0700), 0);
    assert_int_equal(read_file(fixture, "folder", NULL), ERR_INVALID);
    assert_int_equal(fixture->diag.error_count, 1);
}

/* ---- limits ------------------------------------------------------------------------ */

static void
nothing_above_the_folder_is_included(void **state)
{
    struct fixture *const fixture = *state;

    assert_int_equal(mkdir(path_of(fixture, "conf"), 0700), 0);
    assert_int_equal(mkdir(path_of(fixture, "conf/zones"), 0700), 0);
    assert_int_equal(mkdir(path_of(fixture, "confidential"), 0700), 0);
    write_file(fixture, "secret.yaml", "k: v\n");
    write_file(fixture, "confidential/s.yaml", "k: v\n");
    write_file(fixture, "conf/fine.yaml", "k: v\n");
    static const char *const bad[] = { "../../secret.yaml", "../../confidential/s.yaml",
                                       "/etc/passwd", "link.yaml",
                                       "../zones/../../secret.yaml" };
    char target[PATH_MAX];
    (void)snprintf(target, sizeof(target), "%s", path_of(fixture, "secret.yaml"));
    assert_int_equal(symlink(target, path_of(fixture, "conf/zones/link.yaml")), 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char text[200];
        (void)snprintf(text, sizeof(text), "x: !include %s\n", bad[i]);
        write_file(fixture, "conf/zones/z.yaml", text);
        assert_int_equal(read_file(fixture, "conf/zones/z.yaml", "/conf"), ERR_INVALID);
        assert_non_null(strstr(message(fixture), "conf/zones/z.yaml:1:4: !include "));
        assert_non_null(
            strstr(message(fixture), "lies outside the configuration's folder"));
    }
    write_file(fixture, "conf/zones/z.yaml", "x: !include ../fine.yaml\n");
    assert_int_equal(read_file(fixture, "conf/zones/z.yaml", "/conf"), OK);
    /* without a folder it is the file's own */
    assert_int_equal(read_file(fixture, "conf/zones/z.yaml", NULL), ERR_INVALID);
}

static void
a_file_does_not_include_itself(void **state)
{
    struct fixture *const fixture = *state;

    write_file(fixture, "a.yaml", "x: !include b.yaml\n");
    write_file(fixture, "b.yaml", "x: !include ./a.yaml\n");
    assert_int_equal(read_file(fixture, "a.yaml", NULL), ERR_INVALID);
    assert_non_null(strstr(message(fixture), "b.yaml:1:4: !include "));
    assert_non_null(strstr(message(fixture), "a loop, this file is being read already"));
    /* but twice in a row is fine */
    write_file(fixture, "a.yaml", "x: !include c.yaml\ny: !include c.yaml\n");
    write_file(fixture, "c.yaml", "k: v\n");
    assert_int_equal(read_file(fixture, "a.yaml", NULL), OK);
}

/* Files 0 to depth, each including the next. */
static void
write_chain(struct fixture *fixture, unsigned depth, const char *last)
{
    for (unsigned i = 0; i <= depth; i++) {
        char name[20], text[50];
        (void)snprintf(name, sizeof(name), "%u.yaml", i);
        (void)snprintf(text, sizeof(text), "x: !include %u.yaml\n", i + 1);
        write_file(fixture, name, i < depth ? text : last);
    }
}

static void
includes_are_eight_deep_and_no_deeper(void **state)
{
    struct fixture *const fixture = *state;

    write_chain(fixture, YAML_INCLUDE_DEPTH_MAX, "k: v\n");
    assert_int_equal(read_file(fixture, "0.yaml", NULL), OK);
    assert_int_equal(yaml_file_count(fixture->yaml), YAML_INCLUDE_DEPTH_MAX + 1);
    write_chain(fixture, YAML_INCLUDE_DEPTH_MAX + 1, "k: v\n");
    assert_int_equal(read_file(fixture, "0.yaml", NULL), ERR_INVALID);
    assert_non_null(strstr(message(fixture), "8.yaml:1:4: !include "));
    assert_non_null(strstr(message(fixture), "deeper than 8 files"));
}

/* A list of this many entries, and its name in the fixture. */
static void
write_list(const struct fixture *fixture, const char *name, unsigned entries)
{
    FILE *const file = fopen(path_of(fixture, name), "w");

    assert_non_null(file);
    for (unsigned i = 0; i < entries; i++)
        fputs("- x\n", file);
    assert_int_equal(fclose(file), 0);
}

static void
includes_expand_to_64_mib_and_no_further(void **state)
{
    struct fixture *const fixture = *state;
    const unsigned most = YAML_EXPANDED_MAX / (sizeof(struct yaml_node) + 1) - 1;

    write_file(fixture, "a.yaml", "x: !include list.yaml\n");
    write_list(fixture, "list.yaml", most);
    assert_int_equal(read_file(fixture, "a.yaml", NULL), OK);
    write_list(fixture, "list.yaml", most + 2);
    assert_int_equal(read_file(fixture, "a.yaml", NULL), ERR_INVALID);
    assert_string_equal(message(fixture),
                        "a.yaml:1:4: aliases and includes expand to more than 64 MiB");
    /* the limit is for all of them together */
    write_list(fixture, "list.yaml", most / 2 + 1);
    write_file(fixture, "a.yaml", "x: !include list.yaml\ny: !include list.yaml\n");
    assert_int_equal(read_file(fixture, "a.yaml", NULL), ERR_INVALID);
    assert_string_equal(message(fixture),
                        "a.yaml:2:4: aliases and includes expand to more than 64 MiB");
    /* the file itself may be as large as it likes */
    write_file(fixture, "b.yaml", "x: 1\n");
    FILE *const file = fopen(path_of(fixture, "b.yaml"), "w");
    assert_non_null(file);
    fputs("x:\n", file);
    for (unsigned i = 0; i < most + 100; i++)
        fputs("- x\n", file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(read_file(fixture, "b.yaml", NULL), OK);
}

/* What is included eight files deep is there once, so it counts once. */
static void
depth_does_not_count_against_the_size(void **state)
{
    struct fixture *const fixture = *state;
    const unsigned most = YAML_EXPANDED_MAX / (sizeof(struct yaml_node) + 1) - 1;

    write_chain(fixture, YAML_INCLUDE_DEPTH_MAX, "");
    write_list(fixture, "8.yaml", most / 2);
    assert_int_equal(read_file(fixture, "0.yaml", NULL), OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(paths_are_relative_to_the_file_that_includes),
        TEST(several_files_are_joined),
        TEST(what_is_wrong_in_an_included_file_is_reported_there),
        TEST(a_file_that_is_missing_is_reported_where_it_is_named_and_watched),
        TEST(nothing_above_the_folder_is_included),
        TEST(a_file_does_not_include_itself),
        TEST(includes_are_eight_deep_and_no_deeper),
        TEST(includes_expand_to_64_mib_and_no_further),
        TEST(depth_does_not_count_against_the_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
