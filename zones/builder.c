/* SPDX-License-Identifier: BSD-2-Clause */
#include "zones/builder.h"
#include "dns/base/arena.h"
#include "dns/base/array.h"
#include "dns/base/pages.h"
#include "zones/building.h"
#include <stdlib.h>
#include <string.h>

enum { FIRST_SLOTS = 64, FILES_MAX = UINT16_MAX, UNIT = 4 };

static const size_t memory_max = (size_t)16
                                 << 30; /* offsets are 32 bits, in units of four bytes */

struct builder *
builder_new(const uint8_t *apex)
{
    struct builder *const builder = calloc(1, sizeof(*builder));
    size_t nothing;

    if (!builder)
        return NULL;
    memcpy(builder->apex, apex, name_len(apex));
    builder->arena = arena_new();
    region_init(&builder->memory, memory_max);
    region_init(&builder->name_bytes, UINT32_MAX);
    /* Offset 0 is never anything. */
    if (builder->arena && region_alloc(&builder->memory, UNIT, UNIT, &nothing) == OK)
        return builder;
    builder_free(builder);
    return NULL;
}

void
builder_free(struct builder *builder)
{
    if (!builder)
        return;
    arena_free(builder->arena);
    region_done(&builder->memory);
    region_done(&builder->name_bytes);
    pages_free(builder->names, builder->name_capacity * sizeof(*builder->names));
    pages_free(builder->slots, builder->slot_count * sizeof(*builder->slots));
    pages_free(builder->types, builder->type_capacity * sizeof(*builder->types));
    pages_free(builder->sets, builder->set_slots * sizeof(*builder->sets));
    free(builder->dyns);
    free(builder->dyn_slots);
    free(builder->with_adds);
    free(builder->files);
    free(builder);
}

struct arena *
builder_arena(struct builder *builder)
{
    return builder->arena;
}

/* Makes room in an array of pages; as array_reserve. */
static enum status
reserve(void *items, size_t *capacity, size_t need, size_t item_size)
{
    const size_t count = *capacity ? 2 * *capacity : FIRST_SLOTS;
    void *old;

    if (need <= *capacity)
        return OK;
    memcpy(&old, items, sizeof(old)); /* a pointer of any object type */
    void *const grown = pages_resize(old, *capacity * item_size, count * item_size);
    if (!grown)
        return ERR_NOMEM;
    memcpy(items, &grown, sizeof(grown));
    *capacity = count;
    return OK;
}

/* ---- names ------------------------------------------------------------------------ */

static struct name_slot *
name_slot(const struct builder *builder, const uint8_t *name, size_t len, uint32_t hash)
{
    size_t at = hash & (builder->slot_count - 1);

    for (; builder->slots[at].number; at = (at + 1) & (builder->slot_count - 1)) {
        if (builder->slots[at].hash != hash)
            continue;
        const struct building_name *const other =
            &builder->names[builder->slots[at].number - 1];
        if (other->len == len && memcmp(building_bytes(builder, other), name, len) == 0)
            break;
    }
    return &builder->slots[at];
}

size_t
building_find(const struct builder *builder, const uint8_t *name, size_t len,
              uint32_t hash)
{
    if (builder->slot_count == 0)
        return SIZE_MAX;
    const uint32_t number = name_slot(builder, name, len, hash)->number;
    return number ? number - 1 : SIZE_MAX;
}

void
builder_expect(const struct builder *builder, const uint8_t *owner)
{
    if (builder->slot_count > 0)
        __builtin_prefetch(&builder->slots[name_hash(owner) & (builder->slot_count - 1)]);
}

static enum status
grow_names(struct builder *builder)
{
    enum status status = reserve(&builder->names, &builder->name_capacity,
                                 builder->name_count + 1, sizeof(*builder->names));

    if (status != OK || 2 * builder->slot_count >= 3 * (builder->name_count + 1))
        return status;
    const size_t slot_count = builder->slot_count ? builder->slot_count * 2 : FIRST_SLOTS;
    struct name_slot *const slots = pages_new(slot_count * sizeof(*slots));
    if (!slots)
        return ERR_NOMEM;
    pages_free(builder->slots, builder->slot_count * sizeof(*slots));
    builder->slots = slots;
    builder->slot_count = slot_count;
    for (size_t i = 0; i < builder->name_count; i++) {
        const uint32_t hash = builder->names[i].hash;
        size_t at = hash & (slot_count - 1);
        while (slots[at].number) /* they are known to differ */
            at = (at + 1) & (slot_count - 1);
        slots[at] = (struct name_slot){ hash, (uint32_t)i + 1 };
    }
    return OK;
}

/* A name, made if it is new. */
static enum status
take_name(struct builder *builder, const uint8_t *name, size_t *ret_number, bool *ret_new)
{
    const size_t len = name_len(name);
    const uint32_t hash = name_hash(name);
    size_t offset;
    enum status status = grow_names(builder);

    if (status != OK)
        return status;
    struct name_slot *const slot = name_slot(builder, name, len, hash);
    *ret_new = slot->number == 0;
    if (*ret_new) {
        status = region_alloc(&builder->name_bytes, len, 1, &offset);
        if (status != OK)
            return status;
        memcpy(builder->name_bytes.base + offset, name, len);
        builder->names[builder->name_count] = (struct building_name){
            .hash = hash, .name = (uint32_t)offset, .len = (uint8_t)len
        };
        *slot = (struct name_slot){ hash, (uint32_t)++builder->name_count };
    }
    *ret_number = slot->number - 1;
    return OK;
}

/* With all names above it up to the apex: empty non-terminals exist (RFC 4592 2.2.2, RFC
 * 8020). */
static enum status
take_name_and_above(struct builder *builder, const uint8_t *name, size_t *ret_number)
{
    const size_t apex_len = name_len(builder->apex);
    bool is_new;
    enum status status = take_name(builder, name, ret_number, &is_new);

    while (status == OK && is_new && name_len(name) > apex_len) {
        size_t above;
        const bool wildcard = name_is_wildcard(name);
        name = name_parent(name);
        status = take_name(builder, name, &above, &is_new);
        if (status == OK && wildcard)
            builder->names[above].flags |= ZONE_NAME_HAS_WILDCARD;
    }
    return status;
}

struct building_type *
building_type_of(const struct builder *builder, const struct building_name *name,
                 uint16_t type)
{
    for (uint32_t at = name->types; at; at = builder->types[at - 1].next) {
        if (builder->types[at - 1].type == type)
            return &builder->types[at - 1];
    }
    return NULL;
}

/* ---- places ----------------------------------------------------------------------- */

static enum status
file_number(struct builder *builder, const char *file, uint16_t *ret_number)
{
    for (size_t i = builder->file_count; i-- > 0;) {
        if (strcmp(builder->files[i], file) == 0) {
            *ret_number = (uint16_t)i;
            return OK;
        }
    }
    if (builder->file_count >= FILES_MAX)
        return ERR_LIMIT;
    const enum status status =
        array_reserve(&builder->files, &builder->file_capacity, builder->file_count + 1,
                      sizeof(*builder->files));
    if (status != OK)
        return status;
    builder->files[builder->file_count] = arena_strdup(builder->arena, file);
    if (!builder->files[builder->file_count])
        return ERR_NOMEM;
    *ret_number = (uint16_t)builder->file_count++;
    return OK;
}

struct diag_at
building_at(const struct builder *builder, const struct building_type *type)
{
    return (struct diag_at){ .file = builder->files[type->file],
                             .line = type->line,
                             .column = type->column };
}

static enum status
add_type(struct builder *builder, const uint8_t *owner, const struct building_type *type,
         const struct diag_at *at)
{
    size_t number;
    enum status status = take_name_and_above(builder, owner, &number);

    if (status != OK)
        return status;
    if (building_type_of(builder, &builder->names[number], type->type))
        return ERR_EXIST;
    status = reserve(&builder->types, &builder->type_capacity, builder->type_count + 1,
                     sizeof(*builder->types));
    if (status != OK)
        return status;
    struct building_type *const made = &builder->types[builder->type_count];
    struct building_name *const name = &builder->names[number];
    *made = *type;
    made->line = at->line;
    made->column = at->column;
    status = file_number(builder, at->file ? at->file : "", &made->file);
    if (status != OK)
        return status;
    made->next = name->types;
    name->types = (uint32_t)++builder->type_count;
    name->type_count++;
    return OK;
}

/* ---- sets ------------------------------------------------------------------------- */

static uint64_t
hash_bytes(uint64_t hash, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;

    for (; len >= 8; len -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, sizeof(word));
        hash = name_hash_mix(hash, word);
    }
    for (; len > 0; len--, at++)
        hash = name_hash_mix(hash, *at);
    return hash;
}

static struct interned *
set_slot(const struct builder *builder, uint32_t hash, const void *bytes, size_t size)
{
    size_t at = hash & (builder->set_slots - 1);

    for (; builder->sets[at].offset; at = (at + 1) & (builder->set_slots - 1)) {
        if (builder->sets[at].hash == hash &&
            memcmp(builder->memory.base + (size_t)builder->sets[at].offset * UNIT, bytes,
                   size) == 0)
            break;
    }
    return &builder->sets[at];
}

static enum status
grow_sets(struct builder *builder)
{
    const size_t old_slots = builder->set_slots;
    struct interned *const old = builder->sets;

    if (2 * old_slots >= 3 * (builder->set_count + 1))
        return OK;
    const size_t slots = old_slots ? old_slots * 2 : FIRST_SLOTS;
    struct interned *const sets = pages_new(slots * sizeof(*sets));
    if (!sets)
        return ERR_NOMEM;
    for (size_t i = 0; i < old_slots; i++) {
        size_t at = old[i].hash & (slots - 1);
        while (old[i].offset && sets[at].offset)
            at = (at + 1) & (slots - 1);
        if (old[i].offset)
            sets[at] = old[i];
    }
    pages_free(old, old_slots * sizeof(*old));
    builder->sets = sets;
    builder->set_slots = slots;
    return OK;
}

/* Remembers a set whose adds will be resolved. */
static enum status
note_adds(struct builder *builder, const struct rrset *set, uint32_t ref)
{
    if (set->add_count == 0)
        return OK;
    const enum status status =
        array_reserve(&builder->with_adds, &builder->with_adds_capacity,
                      builder->with_adds_count + 1, sizeof(*builder->with_adds));
    if (status == OK)
        builder->with_adds[builder->with_adds_count++] = ref;
    return status;
}

/* A set at the end of memory, not interned yet. */
struct written_set {
    size_t offset, size;
    uint32_t hash;
};

static enum status
write_set(struct builder *builder, const struct rrset_spec *spec,
          struct written_set *ret_written)
{
    const size_t size = rrset_size(spec);
    size_t offset;
    enum status status = size ? grow_sets(builder) : ERR_LIMIT;

    if (status == OK)
        status = region_alloc(&builder->memory, size, UNIT, &offset);
    if (status != OK)
        return status;
    void *const set = builder->memory.base + offset;
    rrset_write(spec, set);
    *ret_written =
        (struct written_set){ offset, size, (uint32_t)hash_bytes(size, set, size) };
    __builtin_prefetch(&builder->sets[ret_written->hash & (builder->set_slots - 1)]);
    return OK;
}

/* The set's place, or that of an equal one before it, which takes it back. */
static enum status
intern(struct builder *builder, const struct written_set *written, uint32_t *ret_ref)
{
    const struct rrset *const set =
        (const struct rrset *)(const void *)(builder->memory.base + written->offset);
    struct interned *const slot = set_slot(builder, written->hash, set, written->size);

    if (slot->offset) {
        region_cut(&builder->memory, written->offset);
        *ret_ref = slot->offset;
        return OK;
    }
    *slot = (struct interned){ written->hash, (uint32_t)(written->offset / UNIT) };
    builder->set_count++;
    *ret_ref = slot->offset;
    return note_adds(builder, set, slot->offset);
}

enum status
building_intern(struct builder *builder, const struct rrset_spec *spec, uint32_t *ret_ref)
{
    struct written_set written;
    const enum status status = write_set(builder, spec, &written);

    return status == OK ? intern(builder, &written, ret_ref) : status;
}

/* What a transfer carries of a set. The SOA's serial is no content. */
static void
count_content(struct builder *builder, const uint8_t *owner, uint32_t ref, size_t count)
{
    const struct rrset *const set =
        (const struct rrset *)(const void *)(builder->memory.base + (size_t)ref * UNIT);

    builder->record_count += count;
    if (set->type != RR_TYPE_SOA)
        builder->content_hash +=
            hash_bytes(hash_bytes(name_hash(owner), &set->ttl, sizeof(set->ttl)),
                       rrset_bytes(set), set->len);
}

enum status
/* NOLINTNEXTLINE(readability-function-size): a set, and where it is from */
builder_add(struct builder *builder, const uint8_t *owner, uint16_t type, uint32_t ttl,
            const struct rdata *records, size_t count, const struct diag_at *at)
{
    const struct rrset_spec spec = { .type = type,
                                     .ttl = ttl,
                                     .apex = builder->apex,
                                     .records = records,
                                     .count = count };
    const struct building_type made = { .type = type };
    struct written_set written;
    uint32_t ref;
    /* The name between the two: its look-up gives the set's slot time to arrive. */
    enum status status = write_set(builder, &spec, &written);

    if (status == OK)
        status = add_type(builder, owner, &made, at);
    if (status == OK)
        status = intern(builder, &written, &ref);
    if (status != OK)
        return status;
    builder->types[builder->type_count - 1].ref = ref;
    count_content(builder, owner, ref, count);
    return OK;
}

/* ---- dyns ------------------------------------------------------------------------- */

static bool
text_equal(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool
bytes_equal(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    return a_len == b_len && (a_len == 0 || memcmp(a, b, a_len) == 0);
}

static bool
dyn_equal(const struct dyn *a, const struct dyn *b)
{
    const bool same_numbers =
        a->form == b->form && a->type == b->type && a->ttl == b->ttl &&
        a->answers == b->answers && a->skip == b->skip && a->chain == b->chain &&
        a->families_borrow == b->families_borrow && a->port == b->port &&
        a->priority == b->priority && a->has_port == b->has_port;

    return same_numbers && a->policy == b->policy && text_equal(a->target, b->target) &&
           text_equal(a->service, b->service) && a->last_resort_count == 0 &&
           b->last_resort_count == 0 && !a->target_name == !b->target_name &&
           (!a->target_name || name_equal(a->target_name, b->target_name)) &&
           bytes_equal(a->svcparams, a->svcparams_len, b->svcparams, b->svcparams_len);
}

static uint64_t
dyn_hash(const struct dyn *dyn)
{
    const uint32_t facts[] = { dyn->form, dyn->type,  dyn->ttl,  dyn->answers,
                               dyn->skip, dyn->chain, dyn->port, dyn->priority };
    uint64_t hash = hash_bytes(1, facts, sizeof(facts));

    if (dyn->target)
        hash = hash_bytes(hash, dyn->target, strlen(dyn->target));
    return hash_bytes(hash, dyn->service, strlen(dyn->service));
}

static uint32_t *
dyn_slot(const struct builder *builder, const struct dyn *dyn)
{
    size_t at = (size_t)dyn_hash(dyn) & (builder->dyn_slot_count - 1);

    while (builder->dyn_slots[at] &&
           !dyn_equal(&builder->dyns[builder->dyn_slots[at] - 1], dyn))
        at = (at + 1) & (builder->dyn_slot_count - 1);
    return &builder->dyn_slots[at];
}

static enum status
grow_dyns(struct builder *builder)
{
    enum status status = array_reserve(&builder->dyns, &builder->dyn_capacity,
                                       builder->dyn_count + 1, sizeof(*builder->dyns));

    if (status != OK || builder->dyn_slot_count >= 2 * (builder->dyn_count + 1))
        return status;
    const size_t slot_count =
        builder->dyn_slot_count ? builder->dyn_slot_count * 2 : FIRST_SLOTS;
    uint32_t *const slots = calloc(slot_count, sizeof(*slots));
    if (!slots)
        return ERR_NOMEM;
    free(builder->dyn_slots);
    builder->dyn_slots = slots;
    builder->dyn_slot_count = slot_count;
    for (size_t i = 0; i < builder->dyn_count; i++)
        *dyn_slot(builder, &builder->dyns[i]) = (uint32_t)i + 1;
    return OK;
}

enum status
builder_add_dyn(struct builder *builder, const uint8_t *owner, const struct dyn *dyn)
{
    enum status status = grow_dyns(builder);

    if (status != OK)
        return status;
    uint32_t *const slot = dyn_slot(builder, dyn);
    if (*slot == 0) {
        builder->dyns[builder->dyn_count] = *dyn;
        builder->dyns[builder->dyn_count].uses = 0;
        *slot = (uint32_t)++builder->dyn_count;
    }
    const struct building_type made = { .type = dyn->type,
                                        .flags = ZONE_TYPE_DYNAMIC,
                                        .ref = *slot - 1 };
    status = add_type(builder, owner, &made, &dyn->at);
    if (status != OK)
        return status;
    builder->dyns[*slot - 1].uses++;
    builder->record_count++;
    builder->content_hash +=
        hash_bytes(dyn_hash(dyn), &(uint32_t){ name_hash(owner) }, sizeof(uint32_t));
    return OK;
}
