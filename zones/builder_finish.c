/* SPDX-License-Identifier: BSD-2-Clause */
/* The second half of a builder: from what was collected to the immutable zone. */
#include "dns/base/arena.h"
#include "dns/base/array.h"
#include "zones/building.h"
#include "zones/load.h"
#include <stdlib.h>
#include <string.h>

enum { UNIT = 4, SOA_NUMBERS = 20, GLUE_MAX = 1024, RDATA_AT = 12 };

/* A zone with all that it owns. */
struct owner {
    struct zone zone; /* first */
    struct arena *arena;
    struct region memory;
    struct region slots;
    struct dyn *dyns;
    struct rrset *soas;   /* zone_with_serial: the two SOA sets of its own */
    struct zone *content; /* zone_with_serial: whose memory it shares; one reference */
};

static void
free_zone(struct part *part)
{
    struct owner *const owner = (struct owner *)(void *)part;

    if (owner->content) {
        part_drop(&owner->content->part);
    } else {
        region_done(&owner->memory);
        region_done(&owner->slots);
        arena_free(owner->arena);
        free(owner->dyns);
    }
    free(owner->soas);
    free(owner);
}

/* ---- cuts ------------------------------------------------------------------------- */

/* Marks delegations and DNAMEs; true if there are any. */
static bool
mark_cuts(struct builder *builder)
{
    const size_t apex_len = name_len(builder->apex);
    bool any = false;

    for (size_t i = 0; i < builder->name_count; i++) {
        struct building_name *const name = &builder->names[i];
        if (name->len != apex_len && building_type_of(builder, name, RR_TYPE_NS))
            name->flags |= ZONE_NAME_CUT;
        if (building_type_of(builder, name, RR_TYPE_DNAME))
            name->flags |= ZONE_NAME_DNAME;
        if (name->type_count == 0)
            name->flags |= ZONE_NAME_EMPTY;
        any = any || name->flags & (ZONE_NAME_CUT | ZONE_NAME_DNAME);
    }
    return any;
}

/* The highest cut or DNAME above a name hides it. */
static void
mark_if_below(struct builder *builder, struct building_name *name)
{
    const size_t apex_len = name_len(builder->apex);
    const uint8_t *at = building_bytes(builder, name);

    for (size_t len = name->len; len > apex_len; len = name_len(at)) {
        at = name_parent(at);
        const size_t above = building_find(builder, at, name_len(at), name_hash(at));
        if (above != SIZE_MAX &&
            builder->names[above].flags & (ZONE_NAME_CUT | ZONE_NAME_DNAME)) {
            name->cut = (uint32_t)above + 1;
            name->flags |= ZONE_NAME_BELOW_CUT;
        }
    }
}

static void
mark_below(struct builder *builder)
{
    for (size_t i = 0; i < builder->name_count; i++)
        mark_if_below(builder, &builder->names[i]);
}

/* Addresses at and below a cut are glue: their sets carry their owner, for it is not in
 * the question. */
static enum status
own_set(struct builder *builder, const struct building_name *name,
        struct building_type *type)
{
    const struct rrset *const set =
        (const struct rrset *)(const void *)(builder->memory.base +
                                             (size_t)type->ref * UNIT);
    const size_t address_len = type->type == RR_TYPE_A ? 4 : 16;
    const size_t count = set->count < GLUE_MAX ? set->count : GLUE_MAX;
    struct rdata records[GLUE_MAX];
    uint8_t bytes[GLUE_MAX * 16];

    /* cppcheck-suppress knownConditionTrueFalse ; sets have records */
    for (size_t i = 0; i < count; i++) {
        memcpy(bytes + i * address_len, rrset_bytes(set) + i * set->stride + RDATA_AT,
               address_len);
        records[i] = (struct rdata){ .bytes = bytes + i * address_len,
                                     .len = (uint16_t)address_len };
    }
    const struct rrset_spec spec = { .type = type->type,
                                     .ttl = set->ttl,
                                     .apex = builder->apex,
                                     .owner = building_bytes(builder, name),
                                     .records = records,
                                     .count = count };
    return building_intern(builder, &spec, &type->ref);
}

static enum status
own_glue(struct builder *builder)
{
    enum status status = OK;

    for (size_t i = 0; i < builder->name_count; i++) {
        const struct building_name *const name = &builder->names[i];
        if (!(name->flags & (ZONE_NAME_CUT | ZONE_NAME_BELOW_CUT)))
            continue;
        for (uint32_t at = name->types; at && status == OK;
             at = builder->types[at - 1].next) {
            struct building_type *const type = &builder->types[at - 1];
            if ((type->type == RR_TYPE_A || type->type == RR_TYPE_AAAA) &&
                !(type->flags & ZONE_TYPE_DYNAMIC))
                status = own_set(builder, name, type);
        }
    }
    return status;
}

/* ---- names ------------------------------------------------------------------------ */

static enum status
write_name(struct builder *builder, struct building_name *name)
{
    size_t offset;
    const size_t size = sizeof(struct zone_name) +
                        name->type_count * sizeof(struct zone_type) + name->len;
    const enum status status = region_alloc(&builder->memory, size, UNIT, &offset);

    if (status != OK)
        return status;
    struct zone_name *const made =
        (struct zone_name *)(void *)(builder->memory.base + offset);
    made->flags = name->flags;
    made->name_len = name->len;
    made->type_count = name->type_count;
    struct zone_type *type = (struct zone_type *)(void *)(made + 1);
    for (uint32_t at = name->types; at; at = builder->types[at - 1].next) {
        const struct building_type *const from = &builder->types[at - 1];
        *type = (struct zone_type){ .type = from->type,
                                    .flags = from->flags,
                                    .ref = from->ref };
        type++;
    }
    memcpy(type, building_bytes(builder, name), name->len);
    name->offset = (uint32_t)(offset / UNIT);
    return OK;
}

static enum status
write_names(struct builder *builder)
{
    enum status status = OK;

    for (size_t i = 0; i < builder->name_count && status == OK; i++)
        status = write_name(builder, &builder->names[i]);
    for (size_t i = 0; i < builder->name_count && status == OK; i++) {
        const struct building_name *const name = &builder->names[i];
        struct zone_name *const made =
            (struct zone_name *)(void *)(builder->memory.base +
                                         (size_t)name->offset * UNIT);
        if (name->cut)
            made->cut = builder->names[name->cut - 1].offset;
    }
    return status;
}

/* ---- references for additional data ----------------------------------------------- */

/* The name at an offset of a set's bytes: labels, then a fix to the apex or the root. */
static size_t
name_in_set(const struct builder *builder, const uint8_t *at, uint8_t name[NAME_LEN_MAX])
{
    size_t len = 0;

    while (*at && !(*at & 0xc0)) {
        memcpy(name + len, at, *at + 1U);
        len += *at + 1U;
        at += *at + 1;
    }
    if (*at)
        memcpy(name + len, builder->apex, name_len(builder->apex));
    else
        name[len] = 0;
    name_fold(name);
    return name_len(name);
}

static void
resolve_adds(struct builder *builder)
{
    for (size_t i = 0; i < builder->with_adds_count; i++) {
        struct rrset *const set =
            (struct rrset *)(void *)(builder->memory.base +
                                     (size_t)builder->with_adds[i] * UNIT);
        struct rrset_add *const adds = (struct rrset_add *)(void *)(set + 1);
        for (unsigned a = 0; a < set->add_count; a++) {
            uint8_t name[NAME_LEN_MAX];
            const size_t len =
                name_in_set(builder, rrset_bytes(set) + adds[a].offset, name);
            const size_t number = building_find(builder, name, len, name_hash(name));
            adds[a].ref = number == SIZE_MAX ? 0 : builder->names[number].offset;
        }
    }
}

/* ---- the zone --------------------------------------------------------------------- */

static enum status
fill_slots(const struct builder *builder, struct owner *owner)
{
    size_t count = 1, offset;

    while (count < 2 * builder->name_count)
        count *= 2;
    region_init(&owner->slots, SIZE_MAX / 2);
    const enum status status =
        region_alloc(&owner->slots, count * sizeof(struct zone_slot), 8, &offset);
    if (status != OK)
        return status;
    struct zone_slot *const slots = (struct zone_slot *)(void *)owner->slots.base;
    const uint32_t mask = (uint32_t)(count - 1);
    for (size_t i = 0; i < builder->name_count; i++) {
        uint32_t at = builder->names[i].hash & mask;
        while (slots[at].offset)
            at = (at + 1) & mask;
        slots[at] =
            (struct zone_slot){ builder->names[i].hash, builder->names[i].offset };
    }
    region_trim(&owner->slots);
    owner->zone.slots = slots;
    owner->zone.slot_mask = mask;
    return OK;
}

/* The SOA as it stands with negative answers: TTL min(TTL, MINIMUM), RFC 2308 3. */
static enum status
add_negative_soa(struct builder *builder, const struct building_type *soa,
                 uint32_t *ret_ref)
{
    const struct rrset *set =
        (const struct rrset *)(const void *)(builder->memory.base +
                                             (size_t)soa->ref * UNIT);
    const size_t size = sizeof(*set) + set->fix_count * sizeof(uint16_t) + set->len;
    size_t offset;
    const enum status status = region_alloc(&builder->memory, size, UNIT, &offset);

    if (status != OK)
        return status;
    struct rrset *const copy = (struct rrset *)(void *)(builder->memory.base + offset);
    set = (const struct rrset *)(const void *)(builder->memory.base +
                                               (size_t)soa->ref * UNIT);
    memcpy(copy, set, size);
    const uint8_t *const minimum = rrset_bytes(set) + set->len - 4;
    const uint32_t least = (uint32_t)minimum[0] << 24 | (uint32_t)minimum[1] << 16 |
                           (uint32_t)minimum[2] << 8 | minimum[3];
    if (least < copy->ttl) {
        uint8_t *ttl;
        const uint8_t *const bytes = rrset_bytes(copy);
        memcpy(&ttl, &bytes, sizeof(ttl)); /* ours still, and not const */
        memcpy(ttl + 6, minimum, 4);       /* owner pointer, type, class come before */
        copy->ttl = least;
    }
    *ret_ref = (uint32_t)(offset / UNIT);
    return OK;
}

static uint32_t
soa_serial(const struct rrset *soa)
{
    const uint8_t *const at = rrset_bytes(soa) + soa->len - SOA_NUMBERS;

    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static size_t
names_with_records(const struct builder *builder)
{
    size_t count = 0;

    for (size_t i = 0; i < builder->name_count; i++)
        count += builder->names[i].type_count > 0;
    return count;
}

static const struct rrset *
set_at(const struct zone *zone, uint32_t ref)
{
    return (const struct rrset *)(const void *)(zone->memory + (size_t)ref * UNIT);
}

/* Memory moves over to the zone. */
static void
hand_over(struct builder *builder, struct owner *owner, uint32_t soa, uint32_t negative)
{
    struct zone *const zone = &owner->zone;
    const size_t apex = building_find(builder, builder->apex, name_len(builder->apex),
                                      name_hash(builder->apex));

    region_trim(&builder->memory);
    owner->memory = builder->memory;
    owner->arena = builder->arena;
    owner->dyns = builder->dyns;
    builder->arena = NULL;
    builder->dyns = NULL;
    region_init(&builder->memory, 0);
    zone->memory = owner->memory.base;
    zone->apex_len = (uint8_t)name_len(builder->apex);
    zone->apex_labels = (uint8_t)name_label_count(builder->apex);
    memcpy(zone->apex, builder->apex, zone->apex_len);
    zone->apex_name = zone_at(zone, builder->names[apex].offset);
    zone->soa = set_at(zone, soa);
    zone->negative_soa = set_at(zone, negative);
    zone->serial = soa_serial(zone->soa);
    zone->dyns = owner->dyns;
    zone->dyn_count = builder->dyn_count;
    zone->name_count = names_with_records(builder);
    zone->record_count = builder->record_count;
    zone->size = owner->memory.capacity + owner->slots.capacity +
                 arena_size(owner->arena) + builder->dyn_capacity * sizeof(struct dyn);
    zone->content_hash = builder->content_hash;
    zone->owned = owner;
}

static enum status
assemble(struct builder *builder, struct owner *owner)
{
    const size_t apex = building_find(builder, builder->apex, name_len(builder->apex),
                                      name_hash(builder->apex));
    const struct building_type *const soa =
        building_type_of(builder, &builder->names[apex], RR_TYPE_SOA);
    uint32_t negative = 0;
    enum status status = OK;

    if (mark_cuts(builder)) {
        mark_below(builder);
        status = own_glue(builder);
    }
    if (status == OK)
        status = write_names(builder);
    if (status == OK)
        status = add_negative_soa(builder, soa, &negative);
    if (status != OK)
        return status;
    resolve_adds(builder);
    status = fill_slots(builder, owner);
    if (status == OK)
        hand_over(builder, owner, soa->ref, negative);
    return status;
}

static bool
has_soa(const struct builder *builder)
{
    const size_t apex = building_find(builder, builder->apex, name_len(builder->apex),
                                      name_hash(builder->apex));

    return apex != SIZE_MAX &&
           building_type_of(builder, &builder->names[apex], RR_TYPE_SOA);
}

enum status
builder_finish(struct builder *builder, struct diag *diag, struct zone **ret_zone)
{
    struct owner *const owner = calloc(1, sizeof(*owner));

    if (!owner)
        return ERR_NOMEM;
    part_init(&owner->zone.part, free_zone);
    if (!has_soa(builder)) {
        diag_error(
            diag,
            (struct diag_at){ .file = builder->file_count ? builder->files[0] : NULL },
            "the zone has no SOA");
        free(owner);
        return ERR_INVALID;
    }
    enum status status = assemble(builder, owner);
    if (status == OK) {
        const size_t errors = diag ? diag->error_count : 0;
        check_zone(builder, &owner->zone, diag);
        status = diag && diag->error_count > errors ? ERR_INVALID : OK;
    }
    if (status != OK) {
        part_drop(&owner->zone.part);
        return status;
    }
    *ret_zone = &owner->zone;
    return OK;
}

/* ---- another serial --------------------------------------------------------------- */

static struct rrset *
copy_soa(const struct rrset *soa, uint32_t serial, uint8_t *room)
{
    const size_t size = sizeof(*soa) + soa->fix_count * sizeof(uint16_t) + soa->len;
    uint8_t *const at = room + size - SOA_NUMBERS;

    memcpy(room, soa, size);
    at[0] = (uint8_t)(serial >> 24);
    at[1] = (uint8_t)(serial >> 16);
    at[2] = (uint8_t)(serial >> 8);
    at[3] = (uint8_t)serial;
    return (struct rrset *)(void *)room;
}

enum status
zone_with_serial(struct zone *zone, uint32_t serial, struct zone **ret_zone)
{
    struct owner *const owner = calloc(1, sizeof(*owner));
    const size_t size = (sizeof(*zone->soa) + zone->soa->fix_count * sizeof(uint16_t) +
                         zone->soa->len + 7) &
                        ~(size_t)7;
    uint8_t *const soas = calloc(2, size);

    if (!owner || !soas) {
        free(owner);
        free(soas);
        return ERR_NOMEM;
    }
    owner->zone = *zone;
    part_init(&owner->zone.part, free_zone);
    part_hold(&zone->part);
    owner->content = zone;
    owner->soas = (struct rrset *)(void *)soas;
    owner->zone.soa = copy_soa(zone->soa, serial, soas);
    owner->zone.negative_soa = copy_soa(zone->negative_soa, serial, soas + size);
    owner->zone.serial = serial;
    owner->zone.owned = owner;
    *ret_zone = &owner->zone;
    return OK;
}
