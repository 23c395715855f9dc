/* SPDX-License-Identifier: BSD-2-Clause */
/* Names → numbers: the index of one kind of things in routing.yaml. */
#ifndef ZONES_STEERING_NAMES_H
#define ZONES_STEERING_NAMES_H
#include "dns/base/status.h"
#include <stddef.h>
#include <stdint.h>

struct arena;

struct name_number {
    const char *name;
    size_t number;
};

/* Sorted by name; of equal names the lowest number stands first. */
struct names {
    struct name_number *items; /* in an arena */
    size_t count;
};

/* names[i] gets number i; the texts are borrowed. ERR_NOMEM. */
MUST_CHECK enum status names_make(struct arena *arena, const char *const *texts,
                                  size_t count, struct names *ret_names);
/* The number of a name, or SIZE_MAX. */
size_t names_find(const struct names *names, const char *name);
/* The nearest name, for "did you mean", or NULL. */
const char *names_nearest(const struct names *names, const char *word);

#endif
