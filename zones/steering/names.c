/* SPDX-License-Identifier: BSD-2-Clause */
/* Names, sorted. */
#include "zones/steering/names.h"
#include "dns/base/arena.h"
#include "dns/base/yaml.h"
#include <stdlib.h>
#include <string.h>

static int
compare_items(const void *a, const void *b)
{
    const struct name_number *left = a;
    const struct name_number *right = b;
    const int order = strcmp(left->name, right->name);

    return order ? order
                 : (left->number > right->number) - (left->number < right->number);
}

enum status
names_make(struct arena *arena, const char *const *texts, size_t count,
           struct names *ret_names)
{
    struct name_number *items = arena_calloc(arena, count + 1, sizeof(*items));

    if (!items)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++)
        items[i] = (struct name_number){ texts[i], i };
    if (count)
        qsort(items, count, sizeof(*items), compare_items);
    *ret_names = (struct names){ items, count };
    return OK;
}

size_t
names_find(const struct names *names, const char *name)
{
    size_t low = 0;
    size_t high = names->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (strcmp(names->items[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == names->count || strcmp(names->items[low].name, name) != 0)
        return SIZE_MAX;
    return names->items[low].number;
}

const char *
names_nearest(const struct names *names, const char *word)
{
    const char **candidates = calloc(names->count + 1, sizeof(*candidates));
    const char *nearest = NULL;

    if (!candidates)
        return NULL;
    for (size_t i = 0; i < names->count; i++)
        candidates[i] = names->items[i].name;
    nearest = yaml_nearest(word, candidates);
    free(candidates);
    return nearest;
}
