/* SPDX-License-Identifier: BSD-2-Clause */
/* A zone "example." loaded from YAML in text: its records and its messages as lines. */
#ifndef TESTS_LIB_LOADED_H
#define TESTS_LIB_LOADED_H
#include "dns/base/diag.h"
#include "zones/load.h"

struct loaded {
    enum status status;
    struct zone *zone; /* NULL: refused */
    struct diag diag;
    char *records;  /* as export_master writes them, a blank for each tab; "" */
    char *messages; /* "zone.yaml:2:1: …\n", in order; "" */
};

/* Writes the text to a file of its own and loads it: TTL 3600, dynamic TTL 30, serial 7.
 */
void loaded_begin(struct loaded *loaded, const char *yaml);
/* Several files, a.yaml and so on, merged as a folder's are. */
void loaded_begin_files(struct loaded *loaded, const char *const *yamls, size_t count);
/* The same for another zone name and bytes that need be no text. */
void loaded_begin_bytes(struct loaded *loaded, const char *name, const void *yaml,
                        size_t len);
void loaded_done(struct loaded *loaded);

/* The records but for the apex's SOA and NS; no messages. The text begins after
 * "'': {type: NS, value: ns.elsewhere.}\n". */
void loaded_expect(const char *yaml, const char *records);
/* The same with warnings. */
void loaded_expect_warned(const char *yaml, const char *records, const char *messages);
/* Refused; line 1 is that NS. */
void loaded_refuse(const char *yaml, const char *messages);

#endif
