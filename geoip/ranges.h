/* SPDX-License-Identifier: BSD-2-Clause */
/* Text ranges → a trie of places: Debian's tor-geoipdb ("start,end,CC", IPv4 as numbers,
 * IPv6 as addresses) and ip-location-db's CSV of countries ("start,end,CC") and ASNs
 * ("start,end,asn,name"). */
#ifndef GEOIP_RANGES_H
#define GEOIP_RANGES_H
#include "dns/base/status.h"
#include "geoip/place.h"
#include <stdio.h>

struct diag;
struct trie;

struct ranges_read {
    const char *path; /* for messages */
    FILE *file;       /* the caller's */
    uint8_t source;   /* place->from of what it says */
    struct place_table *places;
};
struct ranges_result {
    struct trie *trie;    /* the caller's */
    const char *type;     /* "countries" or "asns" */
    size_t network_count; /* ranges */
};

/* ERR_INVALID: a line is broken, or there is none; reported to diag with its line.
 * ERR_NOMEM. */
MUST_CHECK enum status ranges_load(const struct ranges_read *read, struct diag *diag,
                                   struct ranges_result *ret_result);

#endif
