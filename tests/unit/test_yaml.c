/* SPDX-License-Identifier: BSD-2-Clause */
/* Documents in memory: strictness, places, aliases, merges; read whole and by entry. */
#include "dns/base/yaml.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { TEXT_SIZE = 1 << 16 };

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* ---- trees and messages as text ---------------------------------------------------- */

/* Flow style, quoted scalars in quotes: {a: b, c: ['d', e]} */
static void
/* NOLINTNEXTLINE(misc-no-recursion): at most YAML_NESTING_MAX deep */
print_node(FILE *out, const struct yaml_node *node)
{
    if (node->kind == YAML_SCALAR) {
        fprintf(out, node->plain ? "%s" : "'%s'", node->text);
        return;
    }
    fputc(node->kind == YAML_MAP ? '{' : '[', out);
    for (const struct yaml_node *at = node->child; at; at = at->next) {
        if (at->key)
            fprintf(out, "%s: ", at->key->text);
        print_node(out, at);
        if (at->next)
            fputs(", ", out);
    }
    fputc(node->kind == YAML_MAP ? '}' : ']', out);
}

static void
print_messages(FILE *out, const struct diag *diag)
{
    for (size_t i = 0; i < diag->count; i++) {
        char text[DIAG_TEXT_MAX];
        (void)diag_format(&diag->messages[i], text, sizeof(text));
        fprintf(out, "%s%s", i > 0 ? "\n" : "", text);
    }
}

/* The document as text, or what is wrong with it. by_entry: with yaml_next. */
static void
render(const char *document, size_t len, bool by_entry, char text[TEXT_SIZE])
{
    const struct yaml_node *node = NULL;
    struct yaml *yaml = NULL;
    struct diag diag;
    FILE *const out = fmemopen(text, TEXT_SIZE, "w");
    enum status status;

    assert_non_null(out);
    diag_init(&diag);
    assert_int_equal(yaml_open_bytes("a", document, len, &diag, &yaml), OK);
    if (by_entry) {
        char gap = '{';
        while ((status = yaml_next(yaml, &node)) == OK) {
            fprintf(out, gap == '{' ? "{%s: " : ", %s: ", node->key->text);
            gap = ',';
            print_node(out, node);
        }
        if (status == ERR_NOENT)
            fputs(gap == '{' ? "{}" : "}", out);
    } else if ((status = yaml_whole(yaml, &node)) == OK) {
        print_node(out, node);
    }
    if (status == ERR_INVALID) {
        rewind(out);
        print_messages(out, &diag);
    } else {
        assert_int_equal(diag.count, 0);
    }
    fputc('\0', out);
    fclose(out);
    yaml_close(yaml);
    diag_done(&diag);
}

struct document {
    const char *yaml, *expected;
};

/* Both ways of reading must say the same. */
static void
check_all(const struct document *documents, size_t count)
{
    static char whole[TEXT_SIZE], entries[TEXT_SIZE];

    for (size_t i = 0; i < count; i++) {
        render(documents[i].yaml, strlen(documents[i].yaml), false, whole);
        render(documents[i].yaml, strlen(documents[i].yaml), true, entries);
        if (strcmp(whole, documents[i].expected) != 0)
            print_error("%s\n", documents[i].yaml);
        assert_string_equal(whole, documents[i].expected);
        assert_string_equal(entries, documents[i].expected);
    }
}

/* ---- what is read ------------------------------------------------------------------ */

static void
plain_scalars_stay_text(void **state)
{
    static const struct document documents[] = {
        { "a: NO\nb: 010\nc: 1e3\nd: null\ne: ~\nf:\ng: 2001-01-01\nh: 0x10\n",
          "{a: NO, b: 010, c: 1e3, d: null, e: ~, f: , g: 2001-01-01, h: 0x10}" },
        { "a: 'NO'\nb: \"NO\"\nc: |\n  NO\nd: >-\n  N\n  O\n",
          "{a: 'NO', b: 'NO', c: 'NO\n', d: 'N O'}" },
        { "NO: x\n1: y\n'': z\n\"@\": w\n", "{NO: x, 1: y, : z, @: w}" },
        { "a: [x, [y], {z: w}]\nb: {}\nc: []\n", "{a: [x, [y], {z: w}], b: {}, c: []}" },
        { "? a\n: b\n", "{a: b}" },
        { "{a: b, c: d}\n", "{a: b, c: d}" },
        { "{}\n", "{}" },
        { "# comment\n---\na: b # more\n...\n# end\n", "{a: b}" },
        { "%YAML 1.1\n---\na: b\n", "{a: b}" },
        { "a: \"\\u00e4\\x41\\n\"\n\303\244: \303\266\n",
          "{a: '\303\244A\n', \303\244: \303\266}" },
        { "a: !!str null\nb: !!int 1\nc: !!map {}\nd: !!seq []\ne: !!bool no\n",
          "{a: 'null', b: 1, c: {}, d: [], e: no}" },
        { "a: b\r\nc: d\r\n", "{a: b, c: d}" },
        { "\357\273\277a: b\n", "{a: b}" },
    };

    (void)state;
    check_all(documents, COUNT(documents));
}

static void
what_is_not_strict_is_refused_at_its_place(void **state)
{
    static const struct document documents[] = {
        { "", "a:1:1: the file is empty" },
        { "# nothing\n", "a:1:1: the file is empty" },
        { "---\n", "a:2:1: the file is empty" },
        { "text\n", "a:1:1: the top of the file must be a map" },
        { "- a\n", "a:1:1: the top of the file must be a map" },
        { "a: 1\nb: 2\na: 3\n", "a:3:1: duplicate key 'a' (first at line 1)" },
        { "a: 1\n'a': 3\n", "a:2:1: duplicate key 'a' (first at line 1)" },
        { "x: {a: 1,\n  b: 2, a: 3}\n", "a:2:9: duplicate key 'a' (first at line 1)" },
        { "a: !foo b\n", "a:1:4: the tag '!foo' means nothing here; only !include does" },
        { "a: !foo [b]\n",
          "a:1:4: the tag '!foo' means nothing here; only !include does" },
        { "a: !include {b: c}\n",
          "a:1:4: the tag '!include' means nothing here; only !include does" },
        { "!foo\na: b\n",
          "a:1:1: the tag '!foo' means nothing here; only !include does" },
        { "a: !!binary aGk=\n", "a:1:4: the tag 'tag:yaml.org,2002:binary' means nothing "
                                "here; only !include does" },
        { "[a]: b\n", "a:1:1: a key must be a plain word, not a list or map" },
        { "x: {{a: b}: c}\n", "a:1:5: a key must be a plain word, not a list or map" },
        { "a: \"x\\0y\"\n", "a:1:4: a NUL byte in a text" },
        { "\"a\\0\": b\n", "a:1:1: a NUL byte in a text" },
        { "a: 1\n---\nb: 2\n",
          "a:2:1: a second document begins here: one file is one document" },
        { "a: 1\n...\n---\n",
          "a:3:1: a second document begins here: one file is one document" },
        { "a: *x\n", "a:1:4: alias '*x' has no anchor before it" },
        { "a: &x [1, *x]\n", "a:1:11: alias '*x' stands within its own anchor" },
        { "a: {<<: 1}\n", "a:1:9: '<<' merges a map or a list of maps" },
        { "a: {<<: [{}, 1]}\n", "a:1:14: '<<' merges a map or a list of maps" },
        { "a: b\n<<: c\n", "a:2:5: '<<' merges a map or a list of maps" },
        { "a: &x {k: 1}\nb: {<<: *x, <<: *x}\n",
          "a:2:13: duplicate key '<<' (first at line 2)" },
        { "a: &x {k: 1}\n<<: *x\n<<: *x\n",
          "a:3:1: duplicate key '<<' (first at line 2)" },
        { "a: !include b.yaml\n",
          "a:1:4: !include b.yaml: only files can include files" },
        { "a: !include [b.yaml]\n",
          "a:1:14: !include b.yaml: only files can include files" },
    };

    (void)state;
    check_all(documents, COUNT(documents));
}

static void
the_parser_own_errors_have_a_place(void **state)
{
    static const struct document documents[] = {
        { "a: [1, 2\n", "a:2:1: " },
        { "a: 1\n\tb: 2\n", "a:2:1: " },
        { "a: 1\n b: 2\n", "a:2:3: " },
        { "a: 'x\n", "a:2:1: " },
        { "a: b: c\n", "a:1:5: " },
        { "a: \"\\q\"\n", "a:1:5: " },
        { "a: b\nc: \377\376\n", "a:2:4: " },
        { "a: b\n\nc: \001\n", "a:3:4: " },
        { "a: @b\n", "a:1:4: " },
    };
    static char text[TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT(documents); i++) {
        for (int by_entry = 0; by_entry < 2; by_entry++) {
            render(documents[i].yaml, strlen(documents[i].yaml), by_entry, text);
            if (strncmp(text, documents[i].expected, strlen(documents[i].expected)) != 0)
                print_error("%s: %s\n", documents[i].yaml, text);
            assert_memory_equal(text, documents[i].expected,
                                strlen(documents[i].expected));
        }
    }
}

static void
every_node_knows_its_place(void **state)
{
    static const char document[] =
        "a: b\nlist:\n  - x\n  - {k: 'v'}\nc: &m {d: e}\nf: *m\n";
    const struct yaml_node *map = NULL;
    struct yaml *yaml = NULL;

    (void)state;
    assert_int_equal(yaml_open_bytes("name", document, strlen(document), NULL, &yaml),
                     OK);
    assert_int_equal(yaml_whole(yaml, &map), OK);
    const struct yaml_node *const list = yaml_get(map, "list");
    const struct yaml_node *const value = yaml_get(list->child->next, "k");
    assert_int_equal(list->key->at.line * 100 + list->key->at.column, 201);
    assert_int_equal(list->child->at.line * 100 + list->child->at.column, 305);
    assert_int_equal(value->at.line * 100 + value->at.column, 409);
    assert_string_equal(value->at.file, "name");
    /* what an alias stands for is written where its anchor is; its key where it is used
     */
    const struct yaml_node *const alias = yaml_get(map, "f");
    assert_int_equal(alias->key->at.line, 6);
    assert_int_equal(alias->at.line, 5);
    assert_null(yaml_get(map, "x"));
    assert_int_equal(map->len, 4);
    yaml_close(yaml);
}

/* ---- aliases and merges ------------------------------------------------------------ */

static void
aliases_and_merges_are_expanded(void **state)
{
    static const struct document documents[] = {
        { "a: &x {k: [1, 2]}\nb: *x\nc: [*x, *x]\n",
          "{a: {k: [1, 2]}, b: {k: [1, 2]}, c: [{k: [1, 2]}, {k: [1, 2]}]}" },
        { "a: &x 1\nb: &x 2\nc: *x\n", "{a: 1, b: 2, c: 2}" }, /* the newest counts */
        { "a: &x k\n*x : v\n", "{a: k, k: v}" },
        { "a: &x 'q'\nb: *x\n", "{a: 'q', b: 'q'}" },
        { "a: [&x 1, {b: &y [*x]}, *y]\n", "{a: [1, {b: [1]}, [1]]}" },
        { "a: &x {k: 1, l: 2}\nb: {<<: *x, l: 3}\n",
          "{a: {k: 1, l: 2}, b: {l: 3, k: 1}}" },
        { "a: &x {k: 1, l: 2}\nb: {l: 3, <<: *x}\n",
          "{a: {k: 1, l: 2}, b: {l: 3, k: 1}}" },
        { "a: &x {k: 1}\nb: &y {k: 2, l: 3}\nc: {<<: [*x, *y]}\n", /* the first wins */
          "{a: {k: 1}, b: {k: 2, l: 3}, c: {k: 1, l: 3}}" },
        { "a: &x {k: 1}\nb: &y {<<: *x, l: 2}\nc: {<<: *y}\n",
          "{a: {k: 1}, b: {l: 2, k: 1}, c: {l: 2, k: 1}}" },
        { "a: {<<: {k: 1}}\nb: {<<: []}\nc: {<<: {}}\n", "{a: {k: 1}, b: {}, c: {}}" },
        { "a: &x {k: 1, a: 2}\n<<: *x\n", "{a: {k: 1, a: 2}, k: 1}" },
        { "a: &x {k: 1}\nb: &y {k: 2, l: 3}\n<<: [*x, *y]\nl: 4\n",
          "{a: {k: 1}, b: {k: 2, l: 3}, l: 4, k: 1}" },
        { "a: {'<<': 1}\n\"<<\": 2\n", "{a: {<<: 1}, <<: 2}" }, /* quoted: a name */
    };

    (void)state;
    check_all(documents, COUNT(documents));
}

/* ---- limits ------------------------------------------------------------------------ */

/* 9^levels, by aliases. */
static size_t
write_bomb(char *document, unsigned levels)
{
    size_t at = (size_t)snprintf(document, TEXT_SIZE, "a0: &a0 [x,x,x,x,x,x,x,x,x]\n");

    for (unsigned i = 1; i < levels; i++) {
        at += (size_t)snprintf(document + at, TEXT_SIZE - at, "a%u: &a%u [", i, i);
        for (unsigned n = 0; n < 9; n++)
            at += (size_t)snprintf(document + at, TEXT_SIZE - at, "%s*a%u", n ? "," : "",
                                   i - 1);
        at += (size_t)snprintf(document + at, TEXT_SIZE - at, "]\n");
    }
    return at;
}

static void
an_alias_bomb_is_refused(void **state)
{
    static char document[TEXT_SIZE];
    const size_t len = write_bomb(document, 9);

    (void)state;
    for (int by_entry = 0; by_entry < 2; by_entry++) {
        const struct yaml_node *node = NULL;
        struct yaml *yaml = NULL;
        struct diag diag;
        enum status status = OK;
        diag_init(&diag);
        assert_int_equal(yaml_open_bytes("a", document, len, &diag, &yaml), OK);
        if (!by_entry)
            status = yaml_whole(yaml, &node);
        while (by_entry && status == OK)
            status = yaml_next(yaml, &node);
        assert_int_equal(status, ERR_INVALID);
        assert_int_equal(diag.error_count, 1);
        assert_string_equal(diag.messages[0].text,
                            "aliases and includes expand to more than 64 MiB");
        assert_true(diag.messages[0].line > 4); /* those before it are harmless */
        yaml_close(yaml);
        diag_done(&diag);
    }
}

static void
nesting_ends_at_64_levels_whoever_nests(void **state)
{
    static char document[TEXT_SIZE], text[TEXT_SIZE];

    (void)state;
    for (int by_entry = 0; by_entry < 2; by_entry++) {
        for (unsigned lists = 60; lists < 70; lists++) { /* the top level map is one */
            size_t at = (size_t)snprintf(document, TEXT_SIZE, "a: ");
            memset(document + at, '[', lists);
            memset(document + at + lists, ']', lists);
            at += 2 * (size_t)lists;
            document[at++] = '\n';
            render(document, at, by_entry, text);
            if (lists < YAML_NESTING_MAX)
                assert_memory_equal(text, "{a: [[", 6);
            else
                assert_non_null(strstr(text, "nested deeper than 64 levels"));
        }
        for (unsigned lists = 20; lists < 40; lists++) { /* an alias brings as many */
            char brackets[2 * 40 + 1] = "";
            memset(brackets, '[', lists);
            memset(brackets + lists, ']', lists);
            const int len = snprintf(document, TEXT_SIZE, "a: &x %s\nb: %.*s*x%s\n",
                                     brackets, (int)lists, brackets, brackets + lists);
            render(document, (size_t)len, by_entry, text);
            if (2 * lists < YAML_NESTING_MAX)
                assert_memory_equal(text, "{a: [[", 6);
            else
                assert_non_null(strstr(text, "nested deeper than 64 levels"));
        }
    }
}

/* Maps of thousands of keys, merged into each other thousands of times, in time. */
static void
large_maps_are_read_and_merged_in_linear_time(void **state)
{
    enum {
        KEYS = 50000,
        LINE = 16,
        SECONDS = 20
    }; /* one alone, by the square a minute */
    char *const document = malloc((size_t)4 * KEYS * LINE);
    const struct yaml_node *map = NULL;
    struct yaml *yaml = NULL;
    size_t at = 0;

    (void)state;
    assert_non_null(document);
    for (unsigned part = 0; part < 2; part++) {
        at += (size_t)snprintf(document + at, 40, "%s\n", part ? "b: &b" : "a: &a");
        for (unsigned i = 0; i < KEYS; i++)
            at +=
                (size_t)snprintf(document + at, LINE, " %c%u: 1\n", part ? 'q' : 'p', i);
    }
    at += (size_t)snprintf(document + at, 40, "c: {p7: own, <<: [*a, *b");
    for (unsigned i = 0; i < KEYS; i++)
        at += (size_t)snprintf(document + at, LINE, ", {k%u: 1}", i);
    at += (size_t)snprintf(document + at, 40, "]}\n");
    assert_int_equal(yaml_open_bytes("a", document, at, NULL, &yaml), OK);
    const clock_t before = clock();
    assert_int_equal(yaml_whole(yaml, &map), OK);
    assert_true((clock() - before) / CLOCKS_PER_SEC < SECONDS);
    const struct yaml_node *const merged = yaml_get(map, "c");
    assert_int_equal(merged->len, 3 * KEYS);
    assert_string_equal(yaml_get(merged, "p7")->text, "own");
    yaml_close(yaml);
    free(document);
}

static void
duplicates_are_found_among_many_keys(void **state)
{
    static char document[TEXT_SIZE], text[TEXT_SIZE];
    size_t at = 0;

    (void)state;
    for (unsigned i = 0; i < 1000; i++)
        at += (size_t)snprintf(document + at, TEXT_SIZE - at, "key%u: {x: 1}\n", i);
    at += (size_t)snprintf(document + at, TEXT_SIZE - at, "key500: y\n");
    for (int by_entry = 0; by_entry < 2; by_entry++) {
        render(document, at, by_entry, text);
        assert_string_equal(text, "a:1001:1: duplicate key 'key500' (first at line 501)");
    }
}

static void
only_a_written_end_closes_a_document(void **state)
{
    static const struct {
        const char *yaml;
        bool closed;
    } documents[] = { { "a: b\n", false },          { "a: b\n...\n", true },
                      { "a: b\n...", true },        { "a: b", false },
                      { "a: '...'\n", false },      { "--- {a: b}\n... # end\n", true },
                      { "a: |\n  x\n...\n", true }, { "a: ...\n", false } };

    (void)state;
    for (size_t i = 0; i < COUNT(documents); i++) {
        const struct yaml_node *node = NULL;
        struct yaml *yaml = NULL;
        const size_t len = strlen(documents[i].yaml);
        assert_int_equal(yaml_open_bytes("a", documents[i].yaml, len, NULL, &yaml), OK);
        assert_int_equal(yaml_whole(yaml, &node), OK);
        assert_int_equal(yaml_closed_explicitly(yaml), documents[i].closed);
        yaml_close(yaml);
        assert_int_equal(yaml_open_bytes("a", documents[i].yaml, len, NULL, &yaml), OK);
        assert_int_equal(yaml_next(yaml, &node), OK);
        assert_int_equal(yaml_next(yaml, &node), ERR_NOENT);
        assert_int_equal(yaml_next(yaml, &node), ERR_NOENT);
        assert_int_equal(yaml_closed_explicitly(yaml), documents[i].closed);
        yaml_close(yaml);
    }
    yaml_close(NULL);
}

/* A pushed document that is cut anywhere has no written end, or is refused. */
static void
a_document_cut_anywhere_is_not_closed(void **state)
{
    static const char document[] =
        "version: 1\nservers:\n  a: {state: up, x: [1, '2']}\n...\n";

    (void)state;
    for (size_t len = 0; len + 2 < strlen(document); len++) {
        const struct yaml_node *node = NULL;
        struct yaml *yaml = NULL;
        assert_int_equal(yaml_open_bytes("a", document, len, NULL, &yaml), OK);
        if (yaml_whole(yaml, &node) == OK)
            assert_false(yaml_closed_explicitly(yaml));
        yaml_close(yaml);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_scalars_stay_text),
        cmocka_unit_test(what_is_not_strict_is_refused_at_its_place),
        cmocka_unit_test(the_parser_own_errors_have_a_place),
        cmocka_unit_test(every_node_knows_its_place),
        cmocka_unit_test(aliases_and_merges_are_expanded),
        cmocka_unit_test(an_alias_bomb_is_refused),
        cmocka_unit_test(nesting_ends_at_64_levels_whoever_nests),
        cmocka_unit_test(large_maps_are_read_and_merged_in_linear_time),
        cmocka_unit_test(duplicates_are_found_among_many_keys),
        cmocka_unit_test(only_a_written_end_closes_a_document),
        cmocka_unit_test(a_document_cut_anywhere_is_not_closed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
