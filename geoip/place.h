/* SPDX-License-Identifier: BSD-2-Clause */
/* What is known of where an address is. Equal places are one interned place with a
 * number, so that a trie's leaf is a number and equal neighbours merge. */
#ifndef GEOIP_PLACE_H
#define GEOIP_PLACE_H
#include "dns/base/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PLACE_UNKNOWN = 0, PLACE_SPECIAL = 1, PLACE_ID_MAX = (1 << 24) - 2 };

/* Which source said it (1-based index of the base's sources; 0: nobody;
 * PLACE_FROM_OPERATOR). */
enum place_field {
    PLACE_COUNTRY,
    PLACE_SUBDIVISION,
    PLACE_LOCATION,
    PLACE_ASN,
    PLACE_FIELDS
};
enum { PLACE_FROM_OPERATOR = 255 };

struct place {
    char continent[3];   /* "EU", or "" */
    char country[3];     /* ISO 3166-1, "DE", or "" */
    char subdivision[7]; /* ISO 3166-2 with the country, "DE-BE", or "" */
    bool special;        /* RFC 6890: not anywhere; the resolver's address decides */
    bool has_location;
    uint8_t from[PLACE_FIELDS];
    uint16_t tag;   /* index into the base's tags, 0: none */
    uint32_t asn;   /* 0: unknown */
    float latitude; /* degrees */
    float longitude;
};

/* Interns places; id 0 is "unknown" (all empty), id 1 "special". */
struct place_table;
struct place_table *place_table_new(void); /* NULL when out of memory */
void place_table_free(struct place_table *table);
/* The number of an equal place, new or old. ERR_NOMEM, ERR_LIMIT. */
MUST_CHECK enum status place_intern(struct place_table *table, const struct place *place,
                                    uint32_t *ret_id);
size_t place_count(const struct place_table *table);
/* Valid while the table lives and nothing is interned. */
const struct place *place_get(const struct place_table *table, uint32_t id);
/* Frees what only place_intern needs. */
void place_table_seal(struct place_table *table);

/* Continent of a country (GeoNames, as octoDNS has it: TR, CY, AM, GE, AZ, KZ are AS):
 * "EU", or NULL for codes that are no country. */
const char *country_continent(const char country[2]);
/* All ISO 3166-1 codes (and XK), sorted, ends with NULL. */
const char *const *country_codes(void);
bool continent_is_known(const char code[2]);

#endif
