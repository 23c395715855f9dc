/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/lib/maxmind.h"
#include "dns/base/addr.h"
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { NODES_MAX = 1 << 16, BYTES_MAX = 1 << 20, TOKEN_MAX = 1 << 18, SEPARATOR = 16 };

/* Types of the format; those above 7 need a second control byte. */
enum type {
    TYPE_POINTER = 1,
    TYPE_TEXT = 2,
    TYPE_DOUBLE = 3,
    TYPE_BYTES = 4,
    TYPE_U16 = 5,
    TYPE_U32 = 6,
    TYPE_MAP = 7,
    TYPE_I32 = 8,
    TYPE_U64 = 9,
    TYPE_U128 = 10,
    TYPE_ARRAY = 11,
    TYPE_END = 13,
    TYPE_BOOL = 14,
    TYPE_FLOAT = 15,
};

struct bytes {
    uint8_t *at; /* [BYTES_MAX] */
    size_t len;
};

struct child {
    enum { CHILD_EMPTY, CHILD_NODE, CHILD_DATA, CHILD_RAW } kind;
    uint32_t value;
};

struct maxmind {
    unsigned record_bits, ip_version;
    struct child (*nodes)[2]; /* [NODES_MAX] */
    uint32_t node_count;
    struct bytes data;
    struct maxmind_metadata metadata;
};

struct maxmind *
maxmind_new(unsigned record_bits, unsigned ip_version)
{
    struct maxmind *const mm = calloc(1, sizeof(*mm));

    assert(mm);
    mm->nodes = calloc(NODES_MAX, sizeof(*mm->nodes));
    mm->data.at = malloc(BYTES_MAX);
    assert(mm->nodes && mm->data.at);
    mm->record_bits = record_bits;
    mm->ip_version = ip_version;
    mm->node_count = 1;
    mm->metadata.type = "Test";
    mm->metadata.build_unix_s = 1700000000;
    return mm;
}

void
maxmind_free(struct maxmind *mm)
{
    if (!mm)
        return;
    free(mm->nodes);
    free(mm->data.at);
    free(mm);
}

struct maxmind_metadata *
maxmind_metadata(struct maxmind *mm)
{
    return &mm->metadata;
}

/* ---- the data section ------------------------------------------------------------- */

static void
put(struct bytes *to, const void *from, size_t len)
{
    assert(to->len + len <= BYTES_MAX);
    memcpy(to->at + to->len, from, len);
    to->len += len;
}

/* The low `len` bytes of a number, the highest first. */
static void
put_number(struct bytes *to, uint64_t number, size_t len)
{
    for (size_t i = len; i-- > 0;) {
        const uint8_t byte = i < sizeof(number) ? (uint8_t)(number >> 8 * i) : 0;
        put(to, &byte, 1);
    }
}

static void
put_control(struct bytes *to, enum type type, size_t size)
{
    const unsigned top = type < 8 ? (unsigned)type << 5 : 0;

    put_number(to,
               top | (size < 29      ? size
                      : size < 285   ? 29
                      : size < 65821 ? 30
                                     : 31),
               1);
    if (type >= 8)
        put_number(to, (unsigned)type - 7, 1);
    if (size >= 65821)
        put_number(to, size - 65821, 3);
    else if (size >= 285)
        put_number(to, size - 285, 2);
    else if (size >= 29)
        put_number(to, size - 29, 1);
}

static void
put_pointer(struct bytes *to, uint32_t target)
{
    if (target < 2048) {
        put_number(to, (unsigned)TYPE_POINTER << 5 | target >> 8, 1);
        put_number(to, target & 0xff, 1);
    } else if (target < 526336) {
        put_number(to, (unsigned)TYPE_POINTER << 5 | 1U << 3 | (target - 2048) >> 16, 1);
        put_number(to, (target - 2048) & 0xffff, 2);
    } else {
        put_number(to, (unsigned)TYPE_POINTER << 5 | 3U << 3, 1);
        put_number(to, target, 4);
    }
}

/* As few bytes as it needs, at most 8. */
static void
put_unsigned(struct bytes *to, enum type type, uint64_t number)
{
    size_t len = 0;

    while (len < sizeof(number) && number >> 8 * len)
        len++;
    put_control(to, type, len);
    put_number(to, number, len);
}

static void
put_text(struct bytes *to, const char *text)
{
    put_control(to, TYPE_TEXT, strlen(text));
    put(to, text, strlen(text));
}

static void
put_hex(struct bytes *to, const char *digits)
{
    put_control(to, TYPE_BYTES, strlen(digits) / 2);
    for (; digits[0] && digits[1]; digits += 2) {
        const char pair[] = { digits[0], digits[1], '\0' };
        put_number(to, strtoull(pair, NULL, 16), 1);
    }
}

static void
put_real(struct bytes *to, double number, bool is_double)
{
    const float narrow = (float)number;
    uint64_t bits = 0;
    uint32_t narrow_bits;

    memcpy(&bits, &number, sizeof(bits));
    memcpy(&narrow_bits, &narrow, sizeof(narrow_bits));
    put_control(to, is_double ? TYPE_DOUBLE : TYPE_FLOAT, is_double ? 8 : 4);
    put_number(to, is_double ? bits : narrow_bits, is_double ? 8 : 4);
}

/* ---- records as text -------------------------------------------------------------- */

/* A word, or one of "{}[]"; false at the end of the text. */
static bool
take_token(const char **at, char token[TOKEN_MAX])
{
    size_t len = 0;

    while (isspace((unsigned char)**at))
        ++*at;
    if (**at == '\0')
        return false;
    if (strchr("{}[]", **at)) {
        token[len++] = *(*at)++;
    } else if (**at == '\'') { /* the quote stays: it is a text, whatever it looks like */
        do {
            token[len++] = *(*at)++;
            assert(len + 1 < TOKEN_MAX);
        } while (**at && **at != '\'');
        *at += **at == '\'';
    } else {
        while (**at && !isspace((unsigned char)**at) && !strchr("{}[]", **at)) {
            token[len++] = *(*at)++;
            assert(len + 1 < TOKEN_MAX);
        }
    }
    token[len] = '\0';
    return true;
}

/* How many values stand before the bracket that closes. */
static size_t
count_values(const char *at, char token[TOKEN_MAX])
{
    size_t count = 0;
    int depth = 0;

    while (depth >= 0) {
        const bool more = take_token(&at, token);
        assert(more);
        if (strchr("}]", token[0]) && token[0])
            depth--;
        else
            count += depth == 0;
        depth += token[0] == '{' || token[0] == '[';
    }
    return count;
}

static bool
put_word_as(struct bytes *to, const char *kind, const char *value)
{
    static const struct {
        const char *name;
        enum type type;
    } unsigneds[] = { { "u16:", TYPE_U16 },
                      { "u32:", TYPE_U32 },
                      { "u64:", TYPE_U64 },
                      { "u128:", TYPE_U128 } };

    for (size_t i = 0; i < sizeof(unsigneds) / sizeof(unsigneds[0]); i++) {
        if (strcmp(kind, unsigneds[i].name) != 0)
            continue;
        put_unsigned(to, unsigneds[i].type, strtoull(value, NULL, 10));
        return true;
    }
    if (strcmp(kind, "double:") == 0 || strcmp(kind, "float:") == 0) {
        put_real(to, strtod(value, NULL), kind[0] == 'd');
    } else if (strcmp(kind, "i32:") == 0) {
        put_control(to, TYPE_I32, 4);
        put_number(to, (uint32_t)strtol(value, NULL, 10), 4);
    } else if (strcmp(kind, "bool:") == 0) {
        put_control(to, TYPE_BOOL, value[0] == '1');
    } else if (strcmp(kind, "bytes:") == 0) {
        put_hex(to, value);
    } else if (strcmp(kind, "end:") == 0) {
        put_control(to, TYPE_END, 0);
    } else {
        return false;
    }
    return true;
}

static void
put_word(struct bytes *to, const char *word)
{
    const char *const colon = strchr(word, ':');
    char kind[8] = "";

    if (word[0] == '@') {
        put_pointer(to, (uint32_t)strtoul(word + 1, NULL, 10));
        return;
    }
    if (colon && (size_t)(colon - word) + 1 < sizeof(kind))
        memcpy(kind, word, (size_t)(colon - word) + 1);
    if (!kind[0] || !put_word_as(to, kind, colon + 1))
        put_text(to, word + (word[0] == '\''));
}

uint32_t
maxmind_record(struct maxmind *mm, const char *text)
{
    const uint32_t offset = (uint32_t)mm->data.len;
    char *const token = malloc(TOKEN_MAX);
    char *const scratch = malloc(TOKEN_MAX);

    assert(token && scratch);
    while (take_token(&text, token)) {
        if (token[0] == '{')
            put_control(&mm->data, TYPE_MAP, count_values(text, scratch) / 2);
        else if (token[0] == '[')
            put_control(&mm->data, TYPE_ARRAY, count_values(text, scratch));
        else if (token[0] != '}' && token[0] != ']')
            put_word(&mm->data, token);
    }
    free(token);
    free(scratch);
    return offset;
}

/* ---- the tree --------------------------------------------------------------------- */

/* The place in the tree that stands for the prefix, split off if need be. */
static struct child *
descend(struct maxmind *mm, const char *text)
{
    struct prefix prefix;
    uint8_t bits[16] = { 0 };
    unsigned len;

    const enum status status = prefix_parse(text, &prefix);
    assert(status == OK);
    const bool inner = mm->ip_version == 6 && prefix.addr.family == ADDR_V4;
    assert(mm->ip_version == 6 || prefix.addr.family == ADDR_V4);
    memcpy(bits + (inner ? 12 : 0), prefix.addr.bytes,
           inner ? 4 : addr_len(&prefix.addr));
    len = prefix.len + (inner ? 96U : 0);
    assert(len > 0);
    struct child *at = NULL;
    for (unsigned depth = 0, node = 0; depth < len; depth++) {
        at = &mm->nodes[node][bits[depth / 8] >> (7 - depth % 8) & 1U];
        if (depth + 1 < len && at->kind != CHILD_NODE) {
            assert(mm->node_count < NODES_MAX);
            mm->nodes[mm->node_count][0] = mm->nodes[mm->node_count][1] = *at;
            *at = (struct child){ CHILD_NODE, mm->node_count++ };
        }
        node = at->value;
    }
    return at;
}

void
maxmind_insert(struct maxmind *mm, const char *prefix, uint32_t record)
{
    *descend(mm, prefix) = (struct child){ CHILD_DATA, record };
}

void
maxmind_add(struct maxmind *mm, const char *prefix, const char *text)
{
    maxmind_insert(mm, prefix, maxmind_record(mm, text));
}

void
maxmind_alias(struct maxmind *mm, const char *prefix)
{
    const struct child v4 = *descend(mm, "::/96");

    *descend(mm, prefix) = v4;
}

uint32_t
maxmind_node_count(const struct maxmind *mm)
{
    return mm->node_count;
}

void
maxmind_poke(struct maxmind *mm, uint32_t node, unsigned side, uint32_t value)
{
    assert(node < mm->node_count && side < 2);
    mm->nodes[node][side] = (struct child){ CHILD_RAW, value };
}

/* ---- the file --------------------------------------------------------------------- */

static uint32_t
record_value(const struct maxmind *mm, const struct child *child)
{
    if (child->kind == CHILD_EMPTY)
        return mm->node_count;
    return child->kind == CHILD_DATA ? mm->node_count + SEPARATOR + child->value
                                     : child->value;
}

static void
put_node(const struct maxmind *mm, struct bytes *to, uint32_t number)
{
    const uint32_t left = record_value(mm, &mm->nodes[number][0]);
    const uint32_t right = record_value(mm, &mm->nodes[number][1]);

    if (mm->record_bits == 28) { /* the highest four bits of both share a byte */
        put_number(to, left & 0xffffff, 3);
        put_number(to, (left >> 24 & 0xf) << 4 | (right >> 24 & 0xf), 1);
        put_number(to, right & 0xffffff, 3);
        return;
    }
    put_number(to, left, mm->record_bits / 8);
    put_number(to, right, mm->record_bits / 8);
}

static void
put_metadata(const struct maxmind *mm, struct bytes *to)
{
    const struct maxmind_metadata *const says = &mm->metadata;
    const struct {
        const char *key;
        enum type type;
        uint64_t value;
    } numbers[] = {
        { "binary_format_major_version", TYPE_U16, says->major ? says->major : 2 },
        { "binary_format_minor_version", TYPE_U16, 0 },
        { "build_epoch", TYPE_U64, says->build_unix_s },
        { "ip_version", TYPE_U16, says->ip_version ? says->ip_version : mm->ip_version },
        { "node_count", TYPE_U32, says->node_count ? says->node_count : mm->node_count },
        { "record_size", TYPE_U16,
          says->record_bits ? says->record_bits : mm->record_bits },
    };
    const size_t count = sizeof(numbers) / sizeof(numbers[0]);

    put(to, "\xab\xcd\xefMaxMind.com", 14);
    put_control(to, TYPE_MAP, count + 3);
    for (size_t i = 0; i < count; i++) {
        put_text(to, numbers[i].key);
        put_unsigned(to, numbers[i].type, numbers[i].value);
    }
    put_text(to, "database_type");
    put_text(to, says->type);
    put_text(to, "description");
    put_control(to, TYPE_MAP, 0);
    put_text(to, "languages");
    put_control(to, TYPE_ARRAY, 0);
}

uint8_t *
maxmind_bytes(const struct maxmind *mm, size_t *ret_len)
{
    struct bytes file = { .at = malloc(BYTES_MAX) };

    assert(file.at);
    for (uint32_t i = 0; i < mm->node_count; i++)
        put_node(mm, &file, i);
    put_number(&file, 0, SEPARATOR);
    put(&file, mm->data.at, mm->data.len);
    if (!mm->metadata.absent)
        put_metadata(mm, &file);
    *ret_len = file.len;
    return file.at;
}

static void
write_to(int fd, const struct maxmind *mm, size_t most)
{
    size_t len;
    uint8_t *const bytes = maxmind_bytes(mm, &len);

    len = most < len ? most : len;
    for (size_t at = 0; at < len;) {
        const ssize_t more = write(fd, bytes + at, len - at);
        assert(more > 0 || errno == EINTR);
        at += more > 0 ? (size_t)more : 0;
    }
    free(bytes);
}

void
maxmind_write(const struct maxmind *mm, const char *path, size_t len)
{
    FILE *const file = fopen(path, "wb");

    assert(file);
    write_to(fileno(file), mm, len);
    (void)fclose(file);
}

int
maxmind_open(const struct maxmind *mm)
{
    const int fd = memfd_create("maxmind", MFD_CLOEXEC);

    assert(fd >= 0);
    write_to(fd, mm, SIZE_MAX);
    return fd;
}
