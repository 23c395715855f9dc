/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as YAML, read as a whole and entry by entry: both find it sound or neither
 * does, both give the same entries, and nothing is refused without a message. */
#include "dns/base/yaml.h"
#include <stdlib.h>
#include <string.h>

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's own name */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FEW = 40 };

static void
require(bool holds)
{
    if (!holds)
        abort();
}

/* NOLINTBEGIN(misc-no-recursion): at most YAML_NESTING_MAX deep, which is checked */

static void check_node(const struct yaml_node *node, unsigned depth);

static void
check_children(const struct yaml_node *node, unsigned depth)
{
    size_t count = 0;

    for (const struct yaml_node *at = node->child; at; at = at->next, count++) {
        require((at->key != NULL) == (node->kind == YAML_MAP));
        if (at->key)
            check_node(at->key, depth);
        if (at->key && node->len <= FEW) /* the first of that name: there is one alone */
            require(yaml_get(node, at->key->text) == at);
        check_node(at, depth);
    }
    require(count == node->len);
}

static void
check_node(const struct yaml_node *node, unsigned depth)
{
    require(depth <= YAML_NESTING_MAX);
    require(node->at.file && node->at.line > 0 && node->at.column > 0);
    if (node->kind == YAML_SCALAR)
        require(node->text && strlen(node->text) == node->len && !node->child);
    else
        check_children(node, depth + 1);
}

static bool
same(const struct yaml_node *a, const struct yaml_node *b)
{
    const struct yaml_node *b_at = b->child;

    if (a->kind != b->kind || a->len != b->len || a->plain != b->plain)
        return false;
    if (a->kind == YAML_SCALAR)
        return memcmp(a->text, b->text, a->len) == 0;
    for (const struct yaml_node *at = a->child; at; at = at->next, b_at = b_at->next) {
        if (at->key && strcmp(at->key->text, b_at->key->text) != 0)
            return false;
        if (!same(at, b_at))
            return false;
    }
    return true;
}

/* NOLINTEND(misc-no-recursion) */

/* Entries in any order: merged ones come last when streaming. */
static enum status
read_entries(struct yaml *yaml, const struct yaml_node *whole)
{
    const struct yaml_node *entry = NULL;
    size_t count = 0;
    enum status status;

    while ((status = yaml_next(yaml, &entry)) == OK) {
        check_node(entry, 1);
        const struct yaml_node *const twin =
            whole && whole->len <= FEW ? yaml_get(whole, entry->key->text) : NULL;
        require(!whole || whole->len > FEW || (twin && same(entry, twin)));
        count++;
    }
    require(!whole || (status == ERR_NOENT && count == whole->len));
    return status;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct yaml_node *whole = NULL;
    struct yaml *all = NULL, *stream = NULL;
    struct diag diag;

    diag_init(&diag);
    require(yaml_open_bytes("a.yaml", data, size, &diag, &all) == OK);
    const enum status status = yaml_whole(all, &whole);
    require(status == OK || status == ERR_INVALID);
    require((status == OK) == (diag.error_count == 0));
    if (status == OK)
        check_node(whole, 0);
    diag_clear(&diag);
    require(yaml_open_bytes("a.yaml", data, size, &diag, &stream) == OK);
    const enum status streamed = read_entries(stream, status == OK ? whole : NULL);
    require((streamed == ERR_NOENT) == (diag.error_count == 0));
    require((streamed == ERR_NOENT) == (status == OK));
    if (status == OK)
        require(yaml_closed_explicitly(all) == yaml_closed_explicitly(stream));
    yaml_close(all);
    yaml_close(stream);
    diag_done(&diag);
    return 0;
}
