/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/base/array.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ITEMS = 8 };

enum status
array_reserve(void *items, size_t *capacity, size_t need, size_t item_size)
{
    size_t count = *capacity ? *capacity : FIRST_ITEMS;
    size_t bytes;
    void *old;

    if (need <= *capacity)
        return OK;
    while (count < need) {
        if (count > SIZE_MAX / 2)
            return ERR_NOMEM;
        count *= 2;
    }
    if (__builtin_mul_overflow(count, item_size, &bytes))
        return ERR_NOMEM;
    memcpy(&old, items, sizeof(old)); /* a pointer of any object type */
    char *const grown = realloc(old, bytes);
    if (!grown)
        return ERR_NOMEM;
    memset(grown + *capacity * item_size, 0, (count - *capacity) * item_size);
    memcpy(items, &grown, sizeof(grown));
    *capacity = count;
    return OK;
}
