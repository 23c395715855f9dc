/* SPDX-License-Identifier: BSD-2-Clause */
/* Domain names in wire form (RFC 1035 3.1), uncompressed, ending with the root label:
 * parse, fold, hash, compare, print. A "folded" name has its ASCII letters in lower case
 * (RFC 4343). */
#ifndef DNS_NAME_H
#define DNS_NAME_H
#include "dns/base/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    NAME_LEN_MAX = 255,                    /* bytes, root label included */
    NAME_LABEL_MAX = 63,                   /* bytes in one label */
    NAME_LABELS_MAX = 127,                 /* labels, root not counted */
    NAME_TEXT_SIZE = 4 * NAME_LEN_MAX + 1, /* \DDD for every byte, and a NUL byte */
};

/* Length in bytes, root label included, of a sound wire name. */
size_t name_len(const uint8_t *name);
/* Labels, root not counted. */
unsigned name_label_count(const uint8_t *name);
/* Presentation form → wire. A name without the final dot is completed with `origin`
 * (wire; NULL: then it is an error); "@" is the origin itself. Escapes as in RFC
 * 1035 5.1; case is kept. Bytes outside ASCII are an error (IDNA is the caller's).
 * ERR_FORMAT; ERR_RANGE: a label over 63 or a name over 255 bytes. */
MUST_CHECK enum status name_from_text(const char *text, const uint8_t *origin,
                                      uint8_t ret_name[NAME_LEN_MAX]);
/* Wire → presentation form with the final dot; returns buffer. */
const char *name_to_text(const uint8_t *name, char buffer[NAME_TEXT_SIZE]);
/* Lower case in place, or as a copy. */
void name_fold(uint8_t *name);
size_t name_copy_folded(const uint8_t *name, uint8_t ret_name[NAME_LEN_MAX]);
/* Case-insensitive. */
bool name_equal(const uint8_t *a, const uint8_t *b);
/* Canonical order (RFC 4034 6.1), case-insensitive: <0, 0, >0. */
int name_compare(const uint8_t *a, const uint8_t *b);
/* True if `name` is `ancestor` or below it. Case-insensitive. */
bool name_is_under(const uint8_t *name, const uint8_t *ancestor);
/* True for "*.…". */
bool name_is_wildcard(const uint8_t *name);
/* The name without its first label; not for the root. */
const uint8_t *name_parent(const uint8_t *name);

/* Hashes are made label by label from the right, so that a query gets those of all its
 * suffixes in one pass: hash(name) = name_hash_label(hash(parent), first label),
 * hash(root) = NAME_HASH_ROOT. Only for folded names. */
enum { NAME_HASH_ROOT = 0x2545f491 };

/* Both halves of the product: each bit of a word reaches the low bits of the hash, which
 * choose the slot. */
static inline uint64_t
name_hash_mix(uint64_t hash, uint64_t word)
{
    __extension__ const unsigned __int128 product =
        (unsigned __int128)(hash ^ word) * 0x9e3779b97f4a7c15U;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* 1 to 8 bytes as one word, without reading past them. */
static inline uint64_t
name_hash_short(const uint8_t *bytes, size_t len)
{
    uint32_t first, last;

    if (len < 4)
        return (uint64_t)bytes[0] << 16 | (uint64_t)bytes[len >> 1] << 8 | bytes[len - 1];
    memcpy(&first, bytes, sizeof(first));
    memcpy(&last, bytes + len - sizeof(last), sizeof(last));
    return (uint64_t)first << 32 | last;
}

/* label points at the length byte, which is hashed, too. Inline: queries hash every
 * label. */
static inline uint32_t
name_hash_label(uint32_t parent_hash, const uint8_t *label)
{
    size_t len = *label + 1U;
    uint64_t hash = (uint64_t)parent_hash << 32 ^ parent_hash;

    for (; len > 8; len -= 8, label += 8) {
        uint64_t word;
        memcpy(&word, label, sizeof(word));
        hash = name_hash_mix(hash, word);
    }
    hash = name_hash_mix(hash, name_hash_short(label, len));
    return (uint32_t)(hash ^ hash >> 32);
}

/* Are these bytes of names equal? Names are short: a call of memcmp would cost more than
 * the comparison. */
static inline bool
name_same_bytes(const uint8_t *a, const uint8_t *b, size_t len)
{
    enum { WORD = sizeof(uint64_t) };
    size_t at = 0;
    uint64_t left;
    uint64_t right;

    if (len < WORD) {
        while (at < len && a[at] == b[at])
            at++;
        return at == len;
    }
    for (; at + WORD < len; at += WORD) {
        memcpy(&left, a + at, WORD);
        memcpy(&right, b + at, WORD);
        if (left != right)
            return false;
    }
    memcpy(&left, a + len - WORD, WORD); /* the rest, and perhaps some once more */
    memcpy(&right, b + len - WORD, WORD);
    return left == right;
}

uint32_t name_hash(const uint8_t *folded_name);

#endif
