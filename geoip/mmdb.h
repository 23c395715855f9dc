/* SPDX-License-Identifier: BSD-2-Clause */
/* One MaxMind database, of any schema in the wild → a trie of places. libmaxminddb is
 * used here alone, at load. */
#ifndef GEOIP_MMDB_H
#define GEOIP_MMDB_H
#include "dns/base/status.h"
#include "geoip/place.h"

struct diag;
struct trie;

struct mmdb_read {
    const char *path; /* for messages */
    int fd;           /* of a private copy: libmaxminddb maps it */
    uint8_t source;   /* place->from of what it says */
    struct place_table *places;
};
struct mmdb_result {
    struct trie *trie; /* the caller's */
    char type[64];     /* metadata's database_type */
    int64_t build_unix_s;
    size_t network_count;
};

/* Walks the whole file once. ERR_INVALID: broken or useless, reported to diag; ERR_NOMEM.
 */
MUST_CHECK enum status mmdb_load(const struct mmdb_read *read, struct diag *diag,
                                 struct mmdb_result *ret_result);

#endif
