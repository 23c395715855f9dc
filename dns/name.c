/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/name.h"
#include <string.h>

size_t
name_len(const uint8_t *name)
{
    size_t at = 0;

    while (name[at])
        at += name[at] + 1U;
    return at + 1;
}

unsigned
name_label_count(const uint8_t *name)
{
    unsigned count = 0;

    for (; *name; name += *name + 1)
        count++;
    return count;
}

static uint8_t
fold(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

void
name_fold(uint8_t *name)
{
    /* Length bytes are below 64, so they are never taken for letters. */
    for (size_t i = 0, len = name_len(name); i < len; i++)
        name[i] = fold(name[i]);
}

size_t
name_copy_folded(const uint8_t *name, uint8_t ret_name[NAME_LEN_MAX])
{
    const size_t len = name_len(name);

    for (size_t i = 0; i < len; i++)
        ret_name[i] = fold(name[i]);
    return len;
}

bool
name_equal(const uint8_t *a, const uint8_t *b)
{
    const size_t len = name_len(a);

    if (len != name_len(b))
        return false;
    for (size_t i = 0; i < len; i++) {
        if (fold(a[i]) != fold(b[i]))
            return false;
    }
    return true;
}

/* Offsets of all labels, leftmost first; returns how many there are. */
static unsigned
label_offsets(const uint8_t *name, uint8_t offsets[NAME_LABELS_MAX])
{
    unsigned count = 0;

    for (size_t at = 0; name[at]; at += name[at] + 1U)
        offsets[count++] = (uint8_t)at;
    return count;
}

static int
compare_labels(const uint8_t *a, const uint8_t *b)
{
    const unsigned shorter = *a < *b ? *a : *b;

    for (unsigned i = 1; i <= shorter; i++) {
        const int order = (int)fold(a[i]) - (int)fold(b[i]);
        if (order != 0)
            return order;
    }
    return (int)*a - (int)*b;
}

int
name_compare(const uint8_t *a, const uint8_t *b)
{
    uint8_t a_offsets[NAME_LABELS_MAX], b_offsets[NAME_LABELS_MAX];
    unsigned a_left = label_offsets(a, a_offsets), b_left = label_offsets(b, b_offsets);

    while (a_left > 0 && b_left > 0) { /* RFC 4034 6.1: from the right */
        const int order =
            compare_labels(a + a_offsets[--a_left], b + b_offsets[--b_left]);
        if (order != 0)
            return order;
    }
    return (int)a_left - (int)b_left;
}

bool
name_is_under(const uint8_t *name, const uint8_t *ancestor)
{
    const size_t ancestor_len = name_len(ancestor);
    size_t len = name_len(name);

    for (; len > ancestor_len; name += *name + 1)
        len -= *name + 1U;
    return len == ancestor_len && name_equal(name, ancestor);
}

bool
name_is_wildcard(const uint8_t *name)
{
    return name[0] == 1 && name[1] == '*';
}

const uint8_t *
name_parent(const uint8_t *name)
{
    return name + *name + 1;
}

/* ---- text ------------------------------------------------------------------------- */

/* One character of a label, escapes undone (RFC 1035 5.1). Returns its length in text, 0:
 * malformed. */
static size_t
take_character(const char *text, uint8_t *ret_byte)
{
    if ((unsigned char)*text >= 0x80 || (unsigned char)*text <= ' ')
        return 0;
    if (*text != '\\') {
        *ret_byte = (uint8_t)*text;
        return 1;
    }
    if (text[1] < '0' || text[1] > '9') {
        *ret_byte = (uint8_t)text[1];
        return text[1] && *ret_byte < 0x80 ? 2 : 0;
    }
    unsigned value = 0;
    for (size_t i = 1; i <= 3; i++) {
        if (text[i] < '0' || text[i] > '9')
            return 0;
        value = value * 10 + (unsigned)(text[i] - '0');
    }
    *ret_byte = (uint8_t)value;
    return value <= UINT8_MAX ? 4 : 0;
}

static enum status
append_origin(uint8_t *name, size_t at, const uint8_t *origin)
{
    if (!origin)
        return ERR_FORMAT;
    const size_t len = name_len(origin);
    if (at + len > NAME_LEN_MAX)
        return ERR_RANGE;
    memcpy(name + at, origin, len);
    return OK;
}

/* Reads one label to name[at]; *text moves to the dot or the end after it. */
static enum status
take_label(const char **text, uint8_t *name, size_t at)
{
    size_t len = 0;

    while (**text && **text != '.') {
        uint8_t byte;
        const size_t used = take_character(*text, &byte);
        if (used == 0)
            return ERR_FORMAT;
        if (len == NAME_LABEL_MAX || at + 1 + len >= NAME_LEN_MAX)
            return ERR_RANGE;
        name[at + 1 + len++] = byte;
        *text += used;
    }
    name[at] = (uint8_t)len;
    return len == 0 ? ERR_FORMAT : OK;
}

enum status
name_from_text(const char *text, const uint8_t *origin, uint8_t ret_name[NAME_LEN_MAX])
{
    uint8_t name[NAME_LEN_MAX + 1];
    size_t at = 0;
    enum status status = OK;

    if (strcmp(text, "@") == 0) {
        status = append_origin(name, 0, origin);
    } else if (strcmp(text, ".") == 0) {
        name[0] = 0;
    } else {
        bool relative = true;
        while (*text) {
            status = take_label(&text, name, at);
            if (status != OK)
                break;
            at += name[at] + 1U;
            relative = *text != '.';
            text += *text == '.';
        }
        if (status == OK && at == 0)
            status = ERR_FORMAT;
        if (status == OK && relative)
            status = append_origin(name, at, origin);
        else if (status == OK && at >= NAME_LEN_MAX)
            status = ERR_RANGE;
        else if (status == OK)
            name[at] = 0;
    }
    if (status == OK)
        memcpy(ret_name, name, name_len(name));
    return status;
}

static size_t
put_character(char *to, uint8_t c)
{
    if (c == '.' || c == '\\' || c == '"' || c == ';' || c == '(' || c == ')' ||
        c == '@' || c == '$') {
        to[0] = '\\';
        to[1] = (char)c;
        return 2;
    }
    if (c > ' ' && c < 0x7f) {
        to[0] = (char)c;
        return 1;
    }
    to[0] = '\\';
    to[1] = (char)('0' + c / 100);
    to[2] = (char)('0' + c / 10 % 10);
    to[3] = (char)('0' + c % 10);
    return 4;
}

const char *
name_to_text(const uint8_t *name, char buffer[NAME_TEXT_SIZE])
{
    size_t at = 0;

    if (*name == 0)
        buffer[at++] = '.';
    for (; *name; name += *name + 1) {
        for (unsigned i = 1; i <= *name; i++)
            at += put_character(buffer + at, name[i]);
        buffer[at++] = '.';
    }
    buffer[at] = '\0';
    return buffer;
}

/* ---- hashes ----------------------------------------------------------------------- */

uint32_t
name_hash(const uint8_t *folded_name)
{
    uint8_t offsets[NAME_LABELS_MAX];
    uint32_t hash = NAME_HASH_ROOT;

    for (unsigned left = label_offsets(folded_name, offsets); left > 0; left--)
        hash = name_hash_label(hash, folded_name + offsets[left - 1]);
    return hash;
}
