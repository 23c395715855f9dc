/* SPDX-License-Identifier: BSD-2-Clause */
/* From a choice to ready sets, in two steps: its *shape* (who is answered, how, for how
 * long), so that equal ones are made once, and the shape's bytes. Data and health lanes
 * only. */
#ifndef ZONES_DYNSET_H
#define ZONES_DYNSET_H
#include "dns/base/status.h"
#include "zones/dyntab.h"

enum dynset_gives {
    GIVES_V4 = 1, /* addresses, or ipv4hint */
    GIVES_V6 = 2,
    GIVES_HOST = 4,    /* as the target of a record */
    GIVES_PAYLOAD = 8, /* its rdata as it is */
};
enum { DYNSET_NOBODY = INT32_MAX };

/* One member's part in a shape. Compared as bytes. */
struct dynset_item {
    uint32_t member; /* number in the plan; DYNSET_NOBODY: HTTPS without hints; 0 for a
                        fixed server */
    uint32_t weight; /* × 65536; 0 where neither a draw nor the record shows it */
    uint16_t step;   /* pool, counted from the first one answered */
    uint16_t
        answers;   /* so many of its pool, by the draw; 0: the pool is answered whole */
    uint8_t gives; /* enum dynset_gives */
    uint8_t sticks;
    uint8_t zero[2];
};

struct dynset_shape {
    uint64_t hash;
    uint32_t ttl;
    uint32_t first; /* into the items */
    uint32_t count;
};

/* What is being made of one dyn and decision. */
struct dynset_maker {
    const struct dyn *dyn;
    const uint8_t *apex;
    const struct plan *plan; /* NULL: `server` alone */
    const struct server *server;
    bool hints_v4, hints_v6;   /* HTTPS, SVCB: the families that exist here */
    struct selected *selected; /* room for three selections */
    struct dynset_item *items;
    size_t item_count, item_capacity;
    struct dynset_shape *shapes;
    size_t shape_count, shape_capacity;
    uint32_t *slots; /* shapes by hash: number + 1 */
    size_t slot_mask;
};

/* dyntab.c: does every class have a member that is wanted (in its first pool; `borrow`:
 * in any)? */
bool dyn_plan_has(const struct plan *plan, const struct want *want, bool borrow);

/* choices: how many shapes there may be. ERR_NOMEM. The maker is zeroed but for its first
 * five fields. */
MUST_CHECK enum status dynset_maker_init(struct dynset_maker *maker, size_t choices);
void dynset_maker_done(struct dynset_maker *maker);
/* Number of the choice's shape, new or old; a shape without items gives nothing.
 * ERR_NOMEM. */
MUST_CHECK enum status dynset_shape_choice(struct dynset_maker *maker,
                                           const struct choice *choice,
                                           uint32_t *ret_shape);
/* The shape of the fixed server. ERR_NOMEM. */
MUST_CHECK enum status dynset_shape_server(struct dynset_maker *maker);

/* Ready sets of all shapes: one block of memory. A part. */
struct dynset_shelf {
    struct part part;
    const struct dynset *const *sets; /* [shape_count] */
    const struct dynset_shape *shapes;
    const struct dynset_item *items;
    size_t shape_count;
};
/* ERR_NOMEM. */
MUST_CHECK enum status dynset_shelf_new(const struct dynset_maker *maker,
                                        struct dynset_shelf **ret_shelf);
/* Which shapes of the shelf those of the maker are; false: it lacks one. ret_numbers:
 * [maker->shape_count]. */
bool dynset_shelf_has(const struct dynset_shelf *shelf, const struct dynset_maker *maker,
                      uint32_t *ret_numbers);

#endif
