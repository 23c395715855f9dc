/* SPDX-License-Identifier: BSD-2-Clause */
/* How octoDNS's dynamic forms are read, for the files inline*.c only. */
#ifndef ZONES_STEERING_INLINE_READ_H
#define ZONES_STEERING_INLINE_READ_H
#include "dns/base/yaml.h"
#include "zones/steering/inline.h"

enum { INLINE_WHERE_SIZE = 320, INLINE_POOLS_MAX = 1024 };

struct inline_maker {
    const struct inline_record *record;
    const struct inline_reader *reader;
    struct arena *arena;
    struct diag *diag;     /* never NULL */
    struct policy *policy; /* in the arena */
    struct pool *pools;    /* in the arena; all of them */
    size_t pool_count;
    char where[INLINE_WHERE_SIZE]; /* of what is being read: "pool \"eu\" value 2" */
};

/* Sets maker->where, printf style. */
void inline_where(struct inline_maker *maker, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The place with the file name that the arena holds. */
struct diag_at inline_at(const struct inline_maker *maker, struct diag_at at);
/* One value: weight 1, obeying health. ERR_INVALID: reported. */
MUST_CHECK enum status inline_member(struct inline_maker *maker,
                                     const struct yaml_node *value,
                                     struct member *ret_member);
/* A list of plain values (or one) as members; the same server twice is there once. */
MUST_CHECK enum status inline_members(struct inline_maker *maker,
                                      const struct yaml_node *values,
                                      const struct member **ret_members,
                                      size_t *ret_count);
/* `dynamic: {pools, rules}` and `geo`: fill maker->pools and the policy's rules. */
MUST_CHECK enum status inline_read_pools(struct inline_maker *maker,
                                         const struct yaml_node *pools);
MUST_CHECK enum status inline_read_rules(struct inline_maker *maker,
                                         const struct yaml_node *rules);
MUST_CHECK enum status inline_read_geo(struct inline_maker *maker,
                                       const struct yaml_node *geo);

#endif
