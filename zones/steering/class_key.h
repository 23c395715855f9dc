/* SPDX-License-Identifier: BSD-2-Clause */
/* Content as bytes that can be compared: of the rules of a policy, and of a geographic
 * base. */
#ifndef ZONES_STEERING_CLASS_KEY_H
#define ZONES_STEERING_CLASS_KEY_H
#include "dns/base/status.h"
#include "zones/steering/policy.h"

struct geo_base;

struct class_key {
    uint8_t *bytes; /* owned */
    size_t len, capacity;
    uint64_t hash;
};

/* All that the map of a policy depends on: words, nets, and which rules are one class; or
 * the places, biases and number of its pools. Equal keys, equal maps. ERR_NOMEM. */
MUST_CHECK enum status class_key_make(const struct policy *policy,
                                      const uint32_t *rule_class,
                                      struct class_key *ret_key);
void class_key_done(struct class_key *key);
/* A total order; 0 for equal keys. */
int class_key_compare(const struct class_key *a, const struct class_key *b);

/* A hash of all leaves, places and tags: equal for two bases of the same content. */
uint64_t class_key_of_base(const struct geo_base *base);

#endif
