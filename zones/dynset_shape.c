/* SPDX-License-Identifier: BSD-2-Clause */
/* Who is answered: choices → shapes. */
#include "dns/base/array.h"
#include "zones/dynset.h"
#include <stdlib.h>
#include <string.h>

enum { TTL_SHORT_MIN = 5 };

/* ---- the maker ----------------------------------------------------------------- */

enum status
dynset_maker_init(struct dynset_maker *maker, size_t choices)
{
    const size_t members = maker->plan ? maker->plan->member_count : 1;
    size_t slot_count = 4;

    while (slot_count < 2 * choices)
        slot_count *= 2;
    maker->slot_mask = slot_count - 1;
    maker->slots = calloc(slot_count, sizeof(*maker->slots));
    maker->selected = calloc(3 * members + 1, sizeof(*maker->selected));
    if (maker->slots && maker->selected)
        return OK;
    dynset_maker_done(maker);
    return ERR_NOMEM;
}

void
dynset_maker_done(struct dynset_maker *maker)
{
    free(maker->slots);
    free(maker->selected);
    free(maker->items);
    free(maker->shapes);
    maker->slots = NULL;
    maker->selected = NULL;
    maker->items = NULL;
    maker->shapes = NULL;
}

static enum status
add_item(struct dynset_maker *maker, const struct dynset_item *item)
{
    const enum status status =
        array_reserve(&maker->items, &maker->item_capacity, maker->item_count + 1,
                      sizeof(*maker->items));

    if (status == OK)
        maker->items[maker->item_count++] = *item;
    return status;
}

static uint64_t
hash_items(const struct dynset_item *items, size_t count, uint32_t ttl)
{
    uint64_t hash = ttl * 0x9e3779b97f4a7c15U + count;

    for (size_t i = 0; i < count; i++) {
        uint64_t words[2];
        _Static_assert(sizeof(words) == sizeof(items[i]),
                       "an item is hashed as two words");
        memcpy(words, &items[i], sizeof(words));
        hash = (hash ^ words[0]) * 0xff51afd7ed558ccdU;
        hash = (hash ^ (hash >> 32) ^ words[1]) * 0xc4ceb9fe1a85ec53U;
    }
    return hash ^ (hash >> 29);
}

static bool
shape_equal(const struct dynset_shape *a, const struct dynset_item *items_a,
            const struct dynset_shape *b, const struct dynset_item *items_b)
{
    return a->hash == b->hash && a->ttl == b->ttl && a->count == b->count &&
           memcmp(items_a + a->first, items_b + b->first, a->count * sizeof(*items_a)) ==
               0;
}

/* Makes a shape of the items from `first` on, or finds an equal one. */
static enum status
intern_shape(struct dynset_maker *maker, size_t first, uint32_t ttl, uint32_t *ret_shape)
{
    const size_t count = maker->item_count - first;
    const struct dynset_shape shape = {
        .hash = hash_items(maker->items + first, count, ttl),
        .ttl = ttl,
        .first = (uint32_t)first,
        .count = (uint32_t)count,
    };
    size_t at = shape.hash & maker->slot_mask;

    for (; maker->slots[at]; at = (at + 1) & maker->slot_mask) {
        const uint32_t number = maker->slots[at] - 1;
        if (!shape_equal(&maker->shapes[number], maker->items, &shape, maker->items))
            continue;
        maker->item_count = first;
        *ret_shape = number;
        return OK;
    }
    const enum status status =
        array_reserve(&maker->shapes, &maker->shape_capacity, maker->shape_count + 1,
                      sizeof(*maker->shapes));
    if (status != OK)
        return status;
    maker->shapes[maker->shape_count] = shape;
    *ret_shape = (uint32_t)maker->shape_count++;
    maker->slots[at] = *ret_shape + 1;
    return OK;
}

bool
dynset_shelf_has(const struct dynset_shelf *shelf, const struct dynset_maker *maker,
                 uint32_t *ret_numbers)
{
    size_t at = 0; /* mostly in the same order */

    for (size_t i = 0; i < maker->shape_count; i++) {
        size_t tried = 0;
        while (tried < shelf->shape_count &&
               !shape_equal(&shelf->shapes[at], shelf->items, &maker->shapes[i],
                            maker->items)) {
            at = at + 1 == shelf->shape_count ? 0 : at + 1;
            tried++;
        }
        if (tried == shelf->shape_count)
            return false;
        ret_numbers[i] = (uint32_t)at;
    }
    return true;
}

/* ---- groups: what is answered of one pool -------------------------------------- */

struct group {
    const struct selected *items;
    size_t count;
    uint8_t gives;
};

static bool
type_is_svcb(uint16_t type)
{
    return type == RR_TYPE_HTTPS || type == RR_TYPE_SVCB;
}

/* How many of a pool are answered at most (FORMATS, `answers`). */
static size_t
answers_of(const struct dynset_maker *maker, const struct pool *pool)
{
    const struct dyn *const dyn = maker->dyn;

    if (dyn->type == RR_TYPE_CNAME)
        return 1;
    if (dyn->answers > 0)
        return dyn->answers;
    if (dyn->type == RR_TYPE_SRV || dyn->type == RR_TYPE_MX || !pool || !pool->uneven)
        return SIZE_MAX;
    return 1;
}

static const struct pool *
pool_of(const struct dynset_maker *maker, const struct selected *selected)
{
    return maker->plan->members[selected->member].pool;
}

static bool
group_is_whole(const struct dynset_maker *maker, const struct selected *items,
               size_t count)
{
    return count == 0 || count <= answers_of(maker, pool_of(maker, items));
}

static bool
has_up(const struct selected *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (items[i].state == HEALTH_UP)
            return true;
    }
    return false;
}

/* Answered whole: a degraded member is left out while there is an up one, of every type,
 * so that a client's addresses and ports agree. */
static enum status
add_whole(struct dynset_maker *maker, const struct group *group)
{
    const bool shows_weight = maker->dyn->type == RR_TYPE_SRV;
    const bool up = has_up(group->items, group->count);
    enum status status = OK;

    for (size_t i = 0; status == OK && i < group->count; i++) {
        const struct selected *const selected = &group->items[i];
        if (up && selected->state == HEALTH_DEGRADED)
            continue;
        status = add_item(maker, &(struct dynset_item){
                                     .member = selected->member,
                                     .weight = shows_weight ? selected->weight : 0,
                                     .step = selected->step,
                                     .gives = group->gives,
                                 });
    }
    return status;
}

static struct dynset_item
ranked_item(const struct dynset_maker *maker, const struct selected *selected,
            size_t answers, uint8_t gives)
{
    const struct pool *const pool = pool_of(maker, selected);

    return (struct dynset_item){
        .member = selected->member,
        .weight = selected->weight,
        .step = selected->step,
        .answers =
            (uint16_t)(answers < DYNSET_ANSWERS_MAX ? answers : DYNSET_ANSWERS_MAX),
        .gives = gives,
        .sticks = pool && pool->stick_client,
    };
}

static enum status
add_group(struct dynset_maker *maker, const struct group *group)
{
    enum status status = OK;

    if (group_is_whole(maker, group->items, group->count))
        return add_whole(maker, group);
    const size_t answers = answers_of(maker, pool_of(maker, group->items));
    for (size_t i = 0; status == OK && i < group->count; i++) {
        const struct dynset_item item =
            ranked_item(maker, &group->items[i], answers, group->gives);
        status = add_item(maker, &item);
    }
    return status;
}

/* All of a selection from a step on, pool by pool. */
static enum status
add_groups(struct dynset_maker *maker, const struct selection *selection,
           uint16_t from_step, uint8_t gives)
{
    enum status status = OK;
    size_t next;

    for (size_t first = 0; status == OK && first < selection->count; first = next) {
        const uint16_t step = selection->items[first].step;
        for (next = first;
             next < selection->count && selection->items[next].step == step;)
            next++;
        if (step >= from_step)
            status = add_group(maker, &(struct group){ .items = selection->items + first,
                                                       .count = next - first,
                                                       .gives = gives });
    }
    return status;
}

/* ---- HTTPS and SVCB: the hints of what A and AAAA give, then hosts ------------- */

static const struct selected *
find_selected(const struct selection *selection, uint32_t member)
{
    for (size_t i = 0; i < selection->count; i++) {
        if (selection->items[i].member == member)
            return &selection->items[i];
    }
    return NULL;
}

/* One of the members alone, by the draw that A and AAAA follow, too: each with what it
 * has. If the families come from different pools, hints for the second one would need a
 * draw of their own: they are left out. */
static enum status
add_ranked_hints(struct dynset_maker *maker, const struct selection *v4,
                 const struct selection *v6)
{
    const bool one_pool = v4->count == 0 || v6->count == 0 || v4->pool == v6->pool;
    enum status status = OK;

    for (size_t i = 0; status == OK && i < v4->count; i++) {
        const bool both = one_pool && find_selected(v6, v4->items[i].member);
        const struct dynset_item item =
            ranked_item(maker, &v4->items[i], 1, both ? GIVES_V4 | GIVES_V6 : GIVES_V4);
        status = add_item(maker, &item);
    }
    for (size_t i = 0; one_pool && status == OK && i < v6->count; i++) {
        if (find_selected(v4, v6->items[i].member))
            continue;
        const struct dynset_item item = ranked_item(maker, &v6->items[i], 1, GIVES_V6);
        status = add_item(maker, &item);
    }
    return status;
}

static enum status
add_hints(struct dynset_maker *maker, const struct selection *v4,
          const struct selection *v6)
{
    if (v4->count == 0 && v6->count == 0)
        return add_item(maker, &(struct dynset_item){ .member = DYNSET_NOBODY });
    if (!group_is_whole(maker, v4->items, v4->count) ||
        !group_is_whole(maker, v6->items, v6->count))
        return add_ranked_hints(maker, v4, v6);
    const enum status status = add_groups(maker, v4, 0, GIVES_V4);
    return status == OK ? add_groups(maker, v6, 0, GIVES_V6) : status;
}

static void
select_wanted(const struct dynset_maker *maker, const struct choice *choice,
              struct want want, struct selection *selection)
{
    want.skip = maker->dyn->skip;
    if (want.chain == 0)
        want.chain = 1;
    choice_select(maker->plan, choice, &want, selection);
}

static enum status
shape_svcb(struct dynset_maker *maker, const struct choice *choice, bool *ret_short)
{
    const size_t room = maker->plan->member_count;
    struct selection v4 = { .items = maker->selected };
    struct selection v6 = { .items = maker->selected + room };
    struct selection hosts = { .items = maker->selected + 2 * room };

    if (maker->hints_v4)
        select_wanted(maker, choice, (struct want){ .v4 = true }, &v4);
    if (maker->hints_v6)
        select_wanted(maker, choice, (struct want){ .v6 = true }, &v6);
    if (maker->dyn->chain > 1)
        select_wanted(maker, choice,
                      (struct want){ .host = true, .chain = maker->dyn->chain }, &hosts);
    *ret_short = v4.short_ttl || v6.short_ttl || hosts.short_ttl;
    const enum status status = add_hints(maker, &v4, &v6);
    if (status != OK)
        return status;
    return add_groups(maker, &hosts, 1, GIVES_HOST | GIVES_V4 | GIVES_V6);
}

/* ---- the others ---------------------------------------------------------------- */

static uint8_t
type_gives(uint16_t type)
{
    switch (type) {
    case RR_TYPE_A: return GIVES_V4;
    case RR_TYPE_AAAA: return GIVES_V6;
    case RR_TYPE_CNAME:
    case RR_TYPE_SRV:
    case RR_TYPE_MX: return GIVES_HOST;
    default: return GIVES_PAYLOAD;
    }
}

static enum status
shape_plain(struct dynset_maker *maker, const struct choice *choice, bool *ret_short)
{
    struct selection selection = { .items = maker->selected };

    select_wanted(maker, choice, dyn_want(maker->dyn), &selection);
    *ret_short = selection.short_ttl;
    return add_groups(maker, &selection, 0, type_gives(maker->dyn->type));
}

/* DESIGN, Steering: while a failure is young its answers shall not live long. */
static uint32_t
shorter_ttl(uint32_t ttl)
{
    const uint32_t half = ttl / 2 > TTL_SHORT_MIN ? ttl / 2 : TTL_SHORT_MIN;
    return half < ttl ? half : ttl;
}

enum status
dynset_shape_choice(struct dynset_maker *maker, const struct choice *choice,
                    uint32_t *ret_shape)
{
    const size_t first = maker->item_count;
    bool is_short = false;
    const enum status status = type_is_svcb(maker->dyn->type)
                                   ? shape_svcb(maker, choice, &is_short)
                                   : shape_plain(maker, choice, &is_short);

    if (status != OK)
        return status;
    const uint32_t ttl = is_short ? shorter_ttl(maker->dyn->ttl) : maker->dyn->ttl;
    return intern_shape(maker, first, ttl, ret_shape);
}

enum status
dynset_shape_server(struct dynset_maker *maker)
{
    uint8_t gives = type_gives(maker->dyn->type);
    uint32_t shape;

    if (type_is_svcb(maker->dyn->type))
        gives = GIVES_V4 | GIVES_V6;
    const enum status status =
        add_item(maker, &(struct dynset_item){ .weight = 1U << 16, .gives = gives });
    return status == OK ? intern_shape(maker, 0, maker->dyn->ttl, &shape) : status;
}
