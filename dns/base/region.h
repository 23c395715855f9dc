/* SPDX-License-Identifier: BSD-2-Clause */
/* One growing, contiguous piece of memory whose content is addressed by offset, so that
 * references take four bytes: what tries and zones are built in (memory of pages.h).
 * Pointers into it are valid until the next region_alloc only; after region_trim for
 * good. */
#ifndef DNS_BASE_REGION_H
#define DNS_BASE_REGION_H
#include "dns/base/status.h"
#include <stddef.h>
#include <stdint.h>

struct region {
    uint8_t *base;   /* owned; NULL while empty */
    size_t len;      /* bytes used */
    size_t capacity; /* bytes held */
    size_t limit;    /* len never passes this */
};

/* limit: the most bytes it may ever hold. Allocates nothing yet. */
void region_init(struct region *region, size_t limit);
void region_done(struct region *region);
/* Appends `size` zeroed bytes at the next multiple of `align` (a power of two) and gives
 * their offset. ERR_NOMEM, ERR_LIMIT. */
MUST_CHECK enum status region_alloc(struct region *region, size_t size, size_t align,
                                    size_t *ret_offset);
/* Takes back everything from offset len on. */
void region_cut(struct region *region, size_t len);
/* Gives back what lies past len. Never fails: at worst nothing is given back. */
void region_trim(struct region *region);

#endif
