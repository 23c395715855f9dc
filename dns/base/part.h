/* SPDX-License-Identifier: BSD-2-Clause */
/* The head of everything that several snapshots may share: a count of references. It is
 * atomic, because both build lanes and the reclaim thread hold and drop parts; no query
 * ever touches it. First member of its struct. */
#ifndef DNS_BASE_PART_H
#define DNS_BASE_PART_H
#include <stdatomic.h>
#include <stddef.h>

struct part {
    atomic_size_t refs;
    void (*free)(struct part *part); /* called when the last reference is dropped */
};

/* A new part has one reference, its maker's. */
static inline void
part_init(struct part *part, void (*free_part)(struct part *part))
{
    atomic_init(&part->refs, 1);
    part->free = free_part;
}

/* NULL is fine for both. */
static inline void
part_hold(struct part *part)
{
    if (part)
        atomic_fetch_add_explicit(&part->refs, 1, memory_order_relaxed);
}

static inline void
part_drop(struct part *part)
{
    if (part && atomic_fetch_sub_explicit(&part->refs, 1, memory_order_acq_rel) == 1)
        part->free(part);
}

#endif
