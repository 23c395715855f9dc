/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes MaxMind databases for tests, from the public MaxMind DB format 2.0: a binary
 * search tree, 16 zero bytes, a data section, metadata. Sound ones, and broken ones on
 * purpose: nodes and metadata can be overwritten, and bytes cut off. What cannot be
 * written ends the test program. */
#ifndef TESTS_LIB_MAXMIND_H
#define TESTS_LIB_MAXMIND_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct maxmind;

/* What the metadata says. Fields that are 0 are as they should be. */
struct maxmind_metadata {
    const char *type; /* "Test" */
    uint16_t record_bits, ip_version, major;
    uint32_t node_count;
    uint64_t build_unix_s;
    bool absent; /* no marker, no metadata */
};

/* record_bits: 24, 28, 32. ip_version: 4, 6. */
struct maxmind *maxmind_new(unsigned record_bits, unsigned ip_version);
void maxmind_free(struct maxmind *mm);

/* Adds a value to the data section and gives its offset there. Written as
 *   {key value key value}   [value value]   text   'text with blanks'   bytes:6162
 *   u16:5  u32:5  u64:5  u128:5  i32:-5  double:52.5  float:52.5  bool:1
 *   @NUMBER (a pointer to an offset)   end: (the end marker)
 * Keys are text or pointers. */
uint32_t maxmind_record(struct maxmind *mm, const char *text);
/* All addresses of the prefix get this data record: longer prefixes after shorter ones.
 * In a tree of IPv6, IPv4 lies at ::/96. */
void maxmind_insert(struct maxmind *mm, const char *prefix, uint32_t record);
/* Both in one. */
void maxmind_add(struct maxmind *mm, const char *prefix, const char *text);
/* The IPv6 prefix shows the same as ::/96, by pointing to the same node. */
void maxmind_alias(struct maxmind *mm, const char *prefix);

uint32_t maxmind_node_count(const struct maxmind *mm);
/* Overwrites one record of a node: value as it stands in the file (a node's number, the
 * count of nodes for "nothing", count + 16 + offset for data). */
void maxmind_poke(struct maxmind *mm, uint32_t node, unsigned side, uint32_t value);
struct maxmind_metadata *maxmind_metadata(struct maxmind *mm);

/* The whole file, malloced. */
uint8_t *maxmind_bytes(const struct maxmind *mm, size_t *ret_len);
/* Writes the first `len` bytes (SIZE_MAX: all) over what stands at path. */
void maxmind_write(const struct maxmind *mm, const char *path, size_t len);
/* In a memfd. */
int maxmind_open(const struct maxmind *mm);

#endif
