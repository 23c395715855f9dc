/* SPDX-License-Identifier: BSD-2-Clause */
/* Shapes → ready sets, packed into one block: dynsets with their groups, lists of sets,
 * shapes and items (to know them again), then the bytes of the sets, equal ones once. */
#include "zones/dynset.h"
#include "dns/base/array.h"
#include "zones/dynset_records.h"
#include "zones/steering/draw.h"
#include <stdlib.h>
#include <string.h>

struct packed_set {
    uint32_t offset; /* in packed */
    uint32_t weight;
    uint64_t member;
};

struct packed_group {
    uint32_t first; /* into sets */
    uint16_t count;
    uint8_t answers;
    bool sticks;
};

/* What will be put together, once its size is known. */
struct packer {
    const struct dynset_maker *maker;
    struct dynset_records records;
    uint8_t *packed; /* struct rrset, one after the other */
    size_t packed_len, packed_capacity;
    struct packed_set *sets;
    size_t set_count, set_capacity;
    struct packed_group *groups;
    size_t group_count, group_capacity;
    uint32_t *group_end; /* [shape_count] */
    uint32_t *slots;     /* packed sets by content: offset / 4 + 1 */
    size_t slot_count, slots_used;
};

static void
packer_done(struct packer *packer)
{
    dynset_records_done(&packer->records);
    free(packer->packed);
    free(packer->sets);
    free(packer->groups);
    free(packer->group_end);
    free(packer->slots);
}

/* ---- bytes of sets, each once -------------------------------------------------- */

static uint64_t
hash_bytes(const uint8_t *bytes, size_t len)
{
    uint64_t hash = len;

    for (size_t i = 0; i + 4 <= len; i += 4) { /* sets are multiples of 4 */
        uint32_t word;
        memcpy(&word, bytes + i, sizeof(word));
        hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
        hash ^= hash >> 29;
    }
    return hash;
}

static size_t
set_size(const struct rrset *set)
{
    const size_t stored = set->flags & RRSET_TWICE ? 2U * set->len : set->len;
    const size_t head = (size_t)(rrset_bytes(set) - (const uint8_t *)set);

    return (head + stored + 3) & ~(size_t)3;
}

static const struct rrset *
packed_at(const struct packer *packer, uint32_t offset)
{
    return (const struct rrset *)(const void *)(packer->packed + offset);
}

static uint32_t *
find_slot(const struct packer *packer, const uint8_t *bytes, size_t size)
{
    const size_t mask = packer->slot_count - 1;
    size_t at = hash_bytes(bytes, size) & mask;

    for (; packer->slots[at]; at = (at + 1) & mask) {
        const uint32_t offset = (packer->slots[at] - 1) * 4;
        if (set_size(packed_at(packer, offset)) == size &&
            memcmp(packer->packed + offset, bytes, size) == 0)
            break;
    }
    return &packer->slots[at];
}

static enum status
grow_slots(struct packer *packer)
{
    if (packer->slot_count > 2 * packer->slots_used)
        return OK;
    const size_t slot_count = packer->slot_count ? 2 * packer->slot_count : 8;
    uint32_t *const slots = calloc(slot_count, sizeof(*slots));
    uint32_t *const old = packer->slots;
    const size_t old_count = packer->slot_count;
    if (!slots)
        return ERR_NOMEM;
    packer->slots = slots;
    packer->slot_count = slot_count;
    for (size_t i = 0; i < old_count; i++) {
        const uint32_t offset = old[i] ? (old[i] - 1) * 4 : 0;
        if (old[i])
            *find_slot(packer, packer->packed + offset,
                       set_size(packed_at(packer, offset))) = old[i];
    }
    free(old);
    return OK;
}

/* Writes a set behind the others, unless it is there already. */
static enum status
pack_rrset(struct packer *packer, const struct rrset_spec *spec, size_t size,
           uint32_t *ret_offset)
{
    enum status status = grow_slots(packer);

    if (packer->packed_len + size > UINT32_MAX)
        return ERR_NOMEM;
    if (status == OK)
        status = array_reserve(&packer->packed, &packer->packed_capacity,
                               packer->packed_len + size, 1);
    if (status != OK)
        return status;
    uint8_t *const room = packer->packed + packer->packed_len;
    memset(room, 0, size); /* padding takes part in the comparison */
    rrset_write(spec, (struct rrset *)(void *)room);
    uint32_t *const slot = find_slot(packer, room, size);
    if (!*slot) {
        *slot = (uint32_t)(packer->packed_len / 4) + 1;
        packer->slots_used++;
        packer->packed_len += size;
    }
    *ret_offset = (*slot - 1) * 4;
    return OK;
}

/* ---- sets, groups, dynsets ----------------------------------------------------- */

static uint64_t
draw_name(const struct dynset_maker *maker, const struct dynset_item *item)
{
    return item->answers > 0 ? draw_member(maker->plan->members[item->member].server) : 0;
}

/* One set of what these items give, as the next of the list. What does not fit into a
 * message is cut. */
static enum status
pack_set(struct packer *packer, const struct dynset_item *items, size_t count)
{
    const struct dyn *const dyn = packer->maker->dyn;
    const bool is_address = dyn->type == RR_TYPE_A || dyn->type == RR_TYPE_AAAA;
    struct packed_set set = { .weight = items[0].weight,
                              .member = draw_name(packer->maker, items) };
    enum status status = dynset_records_make(&packer->records, items, count);

    if (status != OK)
        return status;
    struct rrset_spec spec = {
        .type = dyn->type,
        .ttl = dyn->ttl,
        .apex = packer->maker->apex,
        .records = packer->records.rdata,
        .count = packer->records.count,
    };
    if (spec.count > RRSET_RECORDS_MAX)
        spec.count = RRSET_RECORDS_MAX;
    spec.twice = is_address && spec.count > 1;
    size_t size = spec.count > 0 ? rrset_size(&spec) : 0;
    while (size == 0 && spec.count > 1) {
        spec.count /= 2;
        size = rrset_size(&spec);
    }
    if (size == 0)
        return OK;
    status = pack_rrset(packer, &spec, size, &set.offset);
    if (status == OK)
        status = array_reserve(&packer->sets, &packer->set_capacity,
                               packer->set_count + 1, sizeof(*packer->sets));
    if (status == OK)
        packer->sets[packer->set_count++] = set;
    return status;
}

/* Items of one step: answered whole they are one set, else one each. */
static enum status
pack_group(struct packer *packer, const struct dynset_item *items, size_t count)
{
    const size_t first = packer->set_count;
    const bool is_whole = items[0].answers == 0;
    enum status status = array_reserve(&packer->groups, &packer->group_capacity,
                                       packer->group_count + 1, sizeof(*packer->groups));

    if (status == OK && is_whole)
        status = pack_set(packer, items, count);
    for (size_t i = 0; status == OK && !is_whole && i < count; i++)
        status = pack_set(packer, &items[i], 1);
    const size_t made = packer->set_count - first;
    if (status != OK || made == 0)
        return status;
    packer->groups[packer->group_count++] = (struct packed_group){
        .first = (uint32_t)first,
        .count = (uint16_t)made,
        .answers = is_whole ? 1 : (uint8_t)items[0].answers,
        .sticks = items[0].sticks,
    };
    return OK;
}

static bool
is_answered_whole(const struct dynset_item *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (items[i].answers > 0)
            return false;
    }
    return true;
}

/* Where the next group begins: at the next pool, or nowhere if no draw is needed. */
static size_t
group_end(const struct dynset_item *items, size_t count, bool is_whole)
{
    size_t end = 1;

    while (end < count && (is_whole || items[end].step == items[0].step))
        end++;
    return end;
}

static enum status
pack_shape(struct packer *packer, const struct dynset_shape *shape)
{
    const struct dynset_item *const items = packer->maker->items + shape->first;
    const bool is_whole = is_answered_whole(items, shape->count);
    enum status status = OK;
    size_t end;

    for (size_t at = 0; status == OK && at < shape->count; at = end) {
        end = at + group_end(items + at, shape->count - at, is_whole);
        status = pack_group(packer, items + at, end - at);
    }
    return status;
}

static enum status
pack_shapes(struct packer *packer)
{
    const struct dynset_maker *const maker = packer->maker;
    enum status status = OK;

    packer->group_end = calloc(maker->shape_count + 1, sizeof(*packer->group_end));
    if (!packer->group_end)
        return ERR_NOMEM;
    for (size_t i = 0; status == OK && i < maker->shape_count; i++) {
        status = pack_shape(packer, &maker->shapes[i]);
        packer->group_end[i] = (uint32_t)packer->group_count;
    }
    return status;
}

/* ---- the block ------------------------------------------------------------- */

static void
free_shelf(struct part *part)
{
    free(part);
}

/* Where everything lies in the block, in bytes. */
struct layout {
    size_t dynsets; /* pointers */
    size_t sets;
    size_t shapes;
    size_t items;
    size_t packed;
    size_t bodies; /* of the dynsets, with their groups */
    size_t size;
};

/* The next `size` bytes, aligned for pointers. */
static size_t
reserve(size_t *size, size_t wanted)
{
    const size_t begin = *size;

    *size = (begin + wanted + 7) & ~(size_t)7;
    return begin;
}

static struct layout
lay_out(const struct packer *packer)
{
    const struct dynset_maker *const maker = packer->maker;
    struct layout layout = { 0 };

    (void)reserve(&layout.size, sizeof(struct dynset_shelf));
    layout.dynsets = reserve(&layout.size, maker->shape_count * sizeof(struct dynset *));
    layout.sets = reserve(&layout.size, packer->set_count * sizeof(struct dynset_set));
    layout.shapes =
        reserve(&layout.size, maker->shape_count * sizeof(struct dynset_shape));
    layout.items = reserve(&layout.size, maker->item_count * sizeof(struct dynset_item));
    layout.packed = reserve(&layout.size, packer->packed_len);
    layout.bodies =
        reserve(&layout.size, maker->shape_count * sizeof(struct dynset) +
                                  packer->group_count * sizeof(struct dynset_group));
    return layout;
}

static void
copy_array(void *to, const void *from, size_t count, size_t size)
{
    if (count > 0)
        memcpy(to, from, count * size);
}

static void
fill_sets(const struct packer *packer, const uint8_t *packed, struct dynset_set *sets)
{
    for (size_t i = 0; i < packer->set_count; i++) {
        const struct packed_set *const set = &packer->sets[i];
        sets[i] = (struct dynset_set){
            .set = (const struct rrset *)(const void *)(packed + set->offset),
            .member = set->member,
            .weight = set->weight,
        };
    }
}

/* Returns the bytes that the dynset takes. */
static size_t
fill_dynset(const struct packer *packer, size_t number, const struct dynset_set *sets,
            struct dynset *dynset)
{
    const size_t first = number > 0 ? packer->group_end[number - 1] : 0;
    const size_t count = packer->group_end[number] - first;

    dynset->ttl = packer->maker->shapes[number].ttl;
    dynset->group_count = (uint32_t)count;
    for (size_t i = 0; i < count; i++) {
        const struct packed_group *const group = &packer->groups[first + i];
        dynset->groups[i] = (struct dynset_group){ .sets = sets + group->first,
                                                   .count = group->count,
                                                   .answers = group->answers,
                                                   .sticks = group->sticks };
    }
    return sizeof(*dynset) + count * sizeof(dynset->groups[0]);
}

static struct dynset_shelf *
fill(const struct packer *packer, const struct layout *layout, uint8_t *block)
{
    const struct dynset_maker *const maker = packer->maker;
    struct dynset_shelf *const shelf = (struct dynset_shelf *)(void *)block;
    const struct dynset **const dynsets =
        (const struct dynset **)(void *)(block + layout->dynsets);
    struct dynset_set *const sets = (struct dynset_set *)(void *)(block + layout->sets);
    size_t at = layout->bodies;

    part_init(&shelf->part, free_shelf);
    shelf->sets = dynsets;
    shelf->shapes = (struct dynset_shape *)(void *)(block + layout->shapes);
    shelf->items = (struct dynset_item *)(void *)(block + layout->items);
    shelf->shape_count = maker->shape_count;
    copy_array(block + layout->shapes, maker->shapes, maker->shape_count,
               sizeof(*maker->shapes));
    copy_array(block + layout->items, maker->items, maker->item_count,
               sizeof(*maker->items));
    copy_array(block + layout->packed, packer->packed, packer->packed_len, 1);
    fill_sets(packer, block + layout->packed, sets);
    for (size_t i = 0; i < maker->shape_count; i++) {
        struct dynset *const dynset = (struct dynset *)(void *)(block + at);
        dynsets[i] = dynset;
        at += fill_dynset(packer, i, sets, dynset);
    }
    return shelf;
}

enum status
dynset_shelf_new(const struct dynset_maker *maker, struct dynset_shelf **ret_shelf)
{
    struct packer packer = { .maker = maker, .records = { .maker = maker } };
    enum status status = pack_shapes(&packer);

    if (status == OK) {
        const struct layout layout = lay_out(&packer);
        uint8_t *const block = malloc(layout.size);
        if (block)
            *ret_shelf = fill(&packer, &layout, block);
        else
            status = ERR_NOMEM;
    }
    packer_done(&packer);
    return status;
}
