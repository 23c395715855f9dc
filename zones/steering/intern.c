/* SPDX-License-Identifier: BSD-2-Clause */
/* An open-addressing table, at most half full. */
#include "zones/steering/intern.h"
#include "dns/base/array.h"
#include <stdlib.h>

enum { SLOTS_FIRST = 256, NUMBERS_MAX = (1 << 24) - 2 };

void
intern_init(struct intern *intern)
{
    *intern = (struct intern){ 0 };
}

void
intern_done(struct intern *intern)
{
    free(intern->keys);
    free(intern->slots);
    intern_init(intern);
}

/* The finalizer of SplitMix64: every bit of the key reaches every bit of the slot. */
static size_t
slot_of(uint64_t key, size_t mask)
{
    key = (key ^ (key >> 30)) * 0xbf58476d1ce4e5b9ULL;
    key = (key ^ (key >> 27)) * 0x94d049bb133111ebULL;
    return (size_t)(key ^ (key >> 31)) & mask;
}

static enum status
grow(struct intern *intern)
{
    const size_t size = intern->slots ? 2 * (intern->mask + 1) : SLOTS_FIRST;
    uint32_t *slots = calloc(size, sizeof(*slots));

    if (!slots)
        return ERR_NOMEM;
    for (size_t i = 0; i < intern->count; i++) {
        size_t slot = slot_of(intern->keys[i], size - 1);

        while (slots[slot])
            slot = (slot + 1) & (size - 1);
        slots[slot] = (uint32_t)i + 1;
    }
    free(intern->slots);
    intern->slots = slots;
    intern->mask = size - 1;
    return OK;
}

uint32_t
intern_find(const struct intern *intern, uint64_t key)
{
    if (!intern->slots)
        return UINT32_MAX;
    for (size_t slot = slot_of(key, intern->mask);; slot = (slot + 1) & intern->mask) {
        if (!intern->slots[slot])
            return UINT32_MAX;
        if (intern->keys[intern->slots[slot] - 1] == key)
            return intern->slots[slot] - 1;
    }
}

static enum status
add(struct intern *intern, uint64_t key, uint32_t *ret_number)
{
    enum status status = OK;

    if (intern->count == NUMBERS_MAX)
        return ERR_LIMIT;
    if (!intern->slots || 2 * intern->count > intern->mask)
        status = grow(intern);
    if (status == OK)
        status = array_reserve(&intern->keys, &intern->capacity, intern->count + 1,
                               sizeof(*intern->keys));
    if (status != OK)
        return status;
    size_t slot = slot_of(key, intern->mask);
    while (intern->slots[slot])
        slot = (slot + 1) & intern->mask;
    intern->keys[intern->count] = key;
    *ret_number = (uint32_t)intern->count;
    intern->slots[slot] = (uint32_t)++intern->count;
    return OK;
}

enum status
intern_number(struct intern *intern, uint64_t key, uint32_t *ret_number)
{
    if (intern->count && intern->last_key == key) {
        *ret_number = intern->last_number;
        return OK;
    }
    *ret_number = intern_find(intern, key);
    if (*ret_number == UINT32_MAX) {
        const enum status status = add(intern, key, ret_number);

        if (status != OK)
            return status;
    }
    intern->last_key = key;
    intern->last_number = *ret_number;
    return OK;
}
