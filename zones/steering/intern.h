/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers 64-bit keys densely, in the order of their first appearance. */
#ifndef ZONES_STEERING_INTERN_H
#define ZONES_STEERING_INTERN_H
#include "dns/base/status.h"
#include <stddef.h>
#include <stdint.h>

struct intern {
    uint64_t *keys; /* [count], owned */
    size_t count, capacity;
    uint32_t *slots; /* open addressing: number + 1; owned */
    size_t mask;
    uint64_t last_key; /* runs of one key are the common case */
    uint32_t last_number;
};

void intern_init(struct intern *intern);
void intern_done(struct intern *intern);
/* ERR_NOMEM; ERR_LIMIT: 2^24 − 2 numbers are taken (a trie holds no more). */
MUST_CHECK enum status intern_number(struct intern *intern, uint64_t key,
                                     uint32_t *ret_number);
/* The number of a known key, or UINT32_MAX. */
uint32_t intern_find(const struct intern *intern, uint64_t key);

#endif
