/* SPDX-License-Identifier: BSD-2-Clause */
/* Growable arrays without macros that hide code: the owner keeps items, count, capacity.
 */
#ifndef DNS_BASE_ARRAY_H
#define DNS_BASE_ARRAY_H
#include "dns/base/status.h"
#include <stddef.h>

/* Makes room for `need` items of `item_size` bytes in the malloced `*items`, doubling
 * `*capacity`; new room is zeroed. On ERR_NOMEM nothing has changed.
 * `items` is the address of the array pointer, of any object pointer type. */
MUST_CHECK enum status array_reserve(void *items, size_t *capacity, size_t need,
                                     size_t item_size);

#endif
