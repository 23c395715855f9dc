/* SPDX-License-Identifier: BSD-2-Clause */
#include "geoip/place.h"
#include "dns/base/array.h"
#include <stdlib.h>
#include <string.h>

enum { FIRST_SLOTS = 1024 };

struct place_table {
    struct place *places;
    size_t count, capacity;
    uint32_t *slots; /* id + 1; 0: empty; NULL when sealed */
    size_t slot_count;
};

static uint64_t
hash_bytes(uint64_t hash, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ at[i]) * 0x100000001b3U;
    return hash;
}

static uint64_t
hash_place(const struct place *place)
{
    uint64_t hash =
        hash_bytes(0xcbf29ce484222325U, place->country, sizeof(place->country));

    hash = hash_bytes(hash, place->continent, sizeof(place->continent));
    hash = hash_bytes(hash, place->subdivision, sizeof(place->subdivision));
    hash = hash_bytes(hash, place->from, sizeof(place->from));
    hash = hash_bytes(hash, &place->asn, sizeof(place->asn));
    hash = hash_bytes(hash, &place->tag, sizeof(place->tag));
    hash = hash_bytes(hash, &place->latitude, sizeof(place->latitude));
    hash = hash_bytes(hash, &place->longitude, sizeof(place->longitude));
    return hash ^ hash >> 32 ^ (uint64_t)place->special << 1 ^ place->has_location;
}

/* As they are hashed: not-a-number equals itself, too. */
static uint32_t
bits_of(float number)
{
    uint32_t bits;

    memcpy(&bits, &number, sizeof(bits));
    return bits;
}

static bool
place_equal(const struct place *a, const struct place *b)
{
    return memcmp(a->continent, b->continent, sizeof(a->continent)) == 0 &&
           memcmp(a->country, b->country, sizeof(a->country)) == 0 &&
           memcmp(a->subdivision, b->subdivision, sizeof(a->subdivision)) == 0 &&
           memcmp(a->from, b->from, sizeof(a->from)) == 0 && a->asn == b->asn &&
           a->tag == b->tag && a->special == b->special &&
           a->has_location == b->has_location &&
           bits_of(a->latitude) == bits_of(b->latitude) &&
           bits_of(a->longitude) == bits_of(b->longitude);
}

/* The slot of an equal place, or the empty one where it belongs. */
static uint32_t *
find_slot(const struct place_table *table, const struct place *place)
{
    size_t at = (size_t)hash_place(place) & (table->slot_count - 1);

    while (table->slots[at] && !place_equal(&table->places[table->slots[at] - 1], place))
        at = (at + 1) & (table->slot_count - 1);
    return &table->slots[at];
}

static enum status
grow_slots(struct place_table *table)
{
    if (table->slots && table->slot_count >= 2 * (table->count + 1))
        return OK;
    const size_t slot_count = table->slots ? table->slot_count * 2 : FIRST_SLOTS;
    uint32_t *const slots = calloc(slot_count, sizeof(*slots));
    if (!slots)
        return ERR_NOMEM;
    free(table->slots);
    table->slots = slots;
    table->slot_count = slot_count;
    for (size_t i = 0; i < table->count; i++)
        *find_slot(table, &table->places[i]) = (uint32_t)i + 1;
    return OK;
}

enum status
place_intern(struct place_table *table, const struct place *place, uint32_t *ret_id)
{
    enum status status = grow_slots(table);

    if (status != OK)
        return status;
    uint32_t *const slot = find_slot(table, place);
    if (*slot == 0) {
        if (table->count > PLACE_ID_MAX)
            return ERR_LIMIT;
        status = array_reserve(&table->places, &table->capacity, table->count + 1,
                               sizeof(*table->places));
        if (status != OK)
            return status;
        table->places[table->count] = *place;
        *slot = (uint32_t)++table->count;
    }
    *ret_id = *slot - 1;
    return OK;
}

struct place_table *
place_table_new(void)
{
    struct place_table *const table = calloc(1, sizeof(*table));
    const struct place unknown = { .special = false }, special = { .special = true };
    uint32_t id;

    if (table && place_intern(table, &unknown, &id) == OK &&
        place_intern(table, &special, &id) == OK)
        return table;
    place_table_free(table);
    return NULL;
}

void
place_table_free(struct place_table *table)
{
    if (!table)
        return;
    free(table->places);
    free(table->slots);
    free(table);
}

void
place_table_seal(struct place_table *table)
{
    free(table->slots);
    table->slots = NULL;
    table->slot_count = 0;
    struct place *const exact = realloc(table->places, table->count * sizeof(*exact));
    if (!exact)
        return;
    table->places = exact;
    table->capacity = table->count;
}

size_t
place_count(const struct place_table *table)
{
    return table->count;
}

const struct place *
place_get(const struct place_table *table, uint32_t id)
{
    return &table->places[id];
}
