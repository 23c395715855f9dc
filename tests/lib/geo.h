/* SPDX-License-Identifier: BSD-2-Clause */
/* Places and addresses as short text, and small files, for tests of geoip. */
#ifndef TESTS_LIB_GEO_H
#define TESTS_LIB_GEO_H
#include "dns/base/addr.h"
#include "dns/base/diag.h"
#include "geoip/place.h"
#include "geoip/trie.h"

enum { GEO_TEXT_SIZE = 96, GEO_PATH_SIZE = 128 };

/* "EU DE DE-BE 52.5,13.4 AS64500 tag 1"; fields that are unknown left out; "nowhere" for
 * none, "special". Returns buffer. */
const char *geo_place_text(const struct place *place, char buffer[GEO_TEXT_SIZE]);
/* Of an address or a prefix as text, which must be sound. */
struct addr geo_addr(const char *text);
struct prefix geo_prefix(const char *text);

/* Fails the test unless the trie gives the address this place, in a leaf of `len` bits
 * (-1: any). */
void geo_check(const struct trie *trie, const struct place_table *places,
               const char *address, const char *text, int len);
/* Fails the test unless the messages are this one alone: "FILE:1:1: text". */
void geo_check_message(const struct diag *diag, const char *message);

/* A folder of its own, and what is in it. */
struct geo_folder {
    char path[GEO_PATH_SIZE / 2];
};
void geo_folder_init(struct geo_folder *folder);
void geo_folder_done(struct geo_folder *folder);
/* The path of a file; buffer is returned. */
const char *geo_folder_path(const struct geo_folder *folder, const char *name,
                            char buffer[GEO_PATH_SIZE]);
void geo_write(const char *path, const void *bytes, size_t len);

#endif
