/* SPDX-License-Identifier: BSD-2-Clause */
/* What all sections of routing.yaml need to be read: messages, names, places in files,
 * hosts. */
#include "zones/steering/routing_read.h"
#include "dns/base/arena.h"
#include "dns/base/array.h"
#include "dns/name.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *
routing_what(struct routing_item *item, const char *key)
{
    (void)snprintf(item->what, sizeof(item->what), "%s: %s", item->where, key);
    return item->what;
}

void
routing_where(struct routing_item *item, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(item->where, sizeof(item->where), format, arguments);
    va_end(arguments);
}

struct diag_at
routing_keep_at(struct routing_reader *reader, struct diag_at at)
{
    const char *wanted = at.file ? at.file : "";

    for (size_t i = 0; i < reader->file_count; i++)
        if (strcmp(reader->files[i], wanted) == 0) {
            at.file = reader->files[i];
            return at;
        }
    at.file = "?";
    const char *copy = arena_strdup(reader->arena, wanted);
    if (copy && array_reserve(&reader->files, &reader->file_capacity,
                              reader->file_count + 1, sizeof(*reader->files)) == OK) {
        reader->files[reader->file_count++] = copy;
        at.file = copy;
    }
    return at;
}

enum status
routing_refer(struct routing_item *item, const struct yaml_node *node, const char *kind,
              const struct names *names, size_t *ret_number)
{
    const char *text = NULL;
    const enum status status = yaml_text(node, item->where, item->reader->diag, &text);

    if (status != OK)
        return status;
    const size_t number = names_find(names, text);
    if (number != SIZE_MAX) {
        *ret_number = number;
        return OK;
    }
    if (item->reader->partial) /* perhaps it stands in the file that could not be read */
        return ERR_INVALID;
    const char *nearest = names_nearest(names, text);
    if (nearest)
        diag_error(item->reader->diag, node->at, "%s: no %s '%s': did you mean '%s'?",
                   item->where, kind, text, nearest);
    else
        diag_error(item->reader->diag, node->at, "%s: no %s '%s'", item->where, kind,
                   text);
    return ERR_INVALID;
}

enum status
routing_check_name(struct routing_reader *reader, const char *kind,
                   const struct yaml_node *key)
{
    bool sound = key->len > 0;

    for (size_t i = 0; i < key->len; i++) {
        const unsigned char c = (unsigned char)key->text[i];

        if (c <= ' ' || c == 0x7f || c == '/' || c == '"' || c == '\'' || c == '\\')
            sound = false;
    }
    if (!sound) {
        diag_error(
            reader->diag, key->at,
            "%s '%s': a name has no blanks, quotes, slashes or control characters, "
            "and at least one character",
            kind, key->text);
        return ERR_INVALID;
    }
    if (key->len > ROUTING_NAME_MAX) {
        diag_error(reader->diag, key->at, "%s '%.20s…': a name has at most %d bytes",
                   kind, key->text, ROUTING_NAME_MAX);
        return ERR_INVALID;
    }
    return OK;
}

static bool
is_host_text(const char *text)
{
    if (!*text || *text == '.')
        return false;
    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && !strchr("-_.", *text))
            return false;
    return true;
}

enum status
routing_read_host(struct routing_item *item, const char *what,
                  const struct yaml_node *node, const char **ret_host)
{
    static const uint8_t root[1] = { 0 };
    struct diag *diag = item->reader->diag;
    uint8_t name[NAME_LEN_MAX];
    char text[NAME_TEXT_SIZE];
    const char *written = NULL;
    struct addr addr;
    const enum status status = yaml_text(node, what, diag, &written);

    if (status != OK)
        return status;
    if (addr_parse(written, &addr) == OK) {
        diag_error(diag, node->at, "%s: '%s' is an address, not a host name", what,
                   written);
        return ERR_INVALID;
    }
    if (!is_host_text(written) || name_from_text(written, root, name) != OK) {
        diag_error(diag, node->at,
                   "%s: '%s' is no host name (names outside ASCII are written as xn--…)",
                   what, written);
        return ERR_INVALID;
    }
    name_fold(name);
    const char *copy = arena_strdup(item->reader->arena, name_to_text(name, text));
    if (!copy)
        return ERR_NOMEM;
    *ret_host = copy;
    return OK;
}
