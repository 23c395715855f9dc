/* SPDX-License-Identifier: BSD-2-Clause */
/* The geographic base: all databases, text ranges and the operator's networks, overlaid
 * into one trie of places. Made at load, immutable then; policies fold their maps from
 * it. Order of strength: operator's networks > earlier files > later files (a later file
 * only adds fields that earlier ones lack) ; special-purpose space (RFC 6890) is
 * `special` unless a network, or one of `at_word`, holds it. */
#ifndef GEOIP_BASE_H
#define GEOIP_BASE_H
#include "dns/base/addr.h"
#include "dns/base/status.h"
#include "geoip/place.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct diag;
struct geo_base;
struct trie;

/* An operator's network; the fields that are given replace the databases'. A country
 * given drops subdivision, continent and location with it (unless they are given, too).
 */
struct geo_network {
    struct prefix prefix;
    struct place place; /* only given fields are filled (country brings its continent) */
    bool gives_country, gives_subdivision, gives_continent, gives_asn, gives_location;
    const char *tag; /* borrowed; NULL: none */
};

struct geo_base_options {
    const char *const *files; /* databases and text ranges, strongest first */
    size_t file_count;
    const struct geo_network *networks; /* longer prefixes win over shorter ones */
    size_t network_count;
    const struct prefix *at_word; /* further prefixes that users wrote (resolvers) */
    size_t at_word_count;
};

/* A file as it was read. */
struct geo_source {
    const char *path;
    const char *type;     /* "GeoLite2-City", "tor-geoip", "csv" … */
    int64_t build_unix_s; /* the file's own word, else its time of change */
    size_t network_count;
    bool loaded; /* false: broken; reported, left out */
};

/* Reads everything. A broken file is reported to diag, left out, and *ret_base is made of
 * the rest: the caller decides whether that will do (geo_base_complete). A file is copied
 * to a memfd first (size and time compared before and after), for libmaxminddb maps it.
 * ERR_NOMEM. */
MUST_CHECK enum status geo_base_load(const struct geo_base_options *options,
                                     struct diag *diag, struct geo_base **ret_base);
void geo_base_free(struct geo_base *base); /* NULL is fine */
bool geo_base_complete(const struct geo_base *base);
size_t geo_base_size(const struct geo_base *base); /* bytes held */

const struct trie *geo_base_trie(const struct geo_base *base); /* values are place ids */
const struct place_table *geo_base_places(const struct geo_base *base);
/* Tag names by number; [0] is "". */
const char *const *geo_base_tags(const struct geo_base *base, size_t *ret_count);
size_t geo_base_sources(const struct geo_base *base,
                        const struct geo_source **ret_sources);
/* Where an address is (IPv4 hidden in IPv6 as geo_map_find has it), and the leaf's
 * length. */
const struct place *geo_base_locate(const struct geo_base *base, const struct addr *addr,
                                    uint8_t source_len, uint8_t *ret_len);

#endif
