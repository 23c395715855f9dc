/* SPDX-License-Identifier: BSD-2-Clause */
/* What the rules of some policies test: their words and nets, each once and numbered
 * from 1. Places that agree in all of them are told apart by none of these rules. */
#ifndef ZONES_STEERING_TESTED_H
#define ZONES_STEERING_TESTED_H
#include "dns/base/status.h"
#include "geoip/place.h"
#include "zones/steering/policy.h"

enum tested_field {
    TESTED_CONTINENT,
    TESTED_COUNTRY,
    TESTED_SUBDIVISION,
    TESTED_ASN,
    TESTED_TAG,
    TESTED_FIELDS
};
enum { CODE_PAIRS = 26 * 26 };

struct tested_net {
    struct prefix net;
    uint32_t parent; /* the longest other net that covers it, its index + 1; 0: none */
};

struct tested {
    size_t count[TESTED_FIELDS];     /* the highest number in each field */
    uint8_t bits[TESTED_FIELDS];     /* that a number takes in a key */
    uint16_t continents[CODE_PAIRS]; /* by code: number; 0: not tested */
    uint16_t countries[CODE_PAIRS];
    uint64_t *subdivisions; /* sorted, owned; number = index + 1, as in the others */
    uint32_t *asns;
    char (*tags)[PLACE_NAME_SIZE];
    struct tested_net *nets; /* by address, then length: parents before children */
    size_t net_count;
};

/* Policies by rules only. ERR_NOMEM; ERR_LIMIT: more than a key can hold. */
MUST_CHECK enum status tested_new(const struct policy *const *policies, size_t count,
                                  struct tested **ret_tested);
void tested_free(struct tested *tested); /* NULL is fine */
bool tested_equal(const struct tested *a, const struct tested *b);

/* The number of a word in its field; 0 where it is not tested, or is no such word. */
uint32_t tested_word(const struct tested *tested, const struct place_word *word,
                     enum tested_field *ret_field);
/* Index of a net that is tested. */
size_t tested_find_net(const struct tested *tested, const struct prefix *net);

/* By a base's tag numbers: the numbers of the tested tags; the caller frees it.
 * ERR_NOMEM. */
MUST_CHECK enum status tested_tags(const struct tested *tested, const char *const *tags,
                                   size_t tag_count, uint32_t **ret_by_tag);
/* The numbers of a place in each field. */
void tested_place(const struct tested *tested, const uint32_t *by_tag,
                  const struct place *place, uint32_t numbers[TESTED_FIELDS]);
/* All numbers in one; never UINT64_MAX. And back. */
uint64_t tested_pack(const struct tested *tested, const uint32_t numbers[TESTED_FIELDS]);
void tested_unpack(const struct tested *tested, uint64_t key,
                   uint32_t numbers[TESTED_FIELDS]);

#endif
