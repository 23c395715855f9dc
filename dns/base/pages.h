/* SPDX-License-Identifier: BSD-2-Clause */
/* Zeroed memory for tables that may become large. From 256 KiB on it is mmapped: it
 * grows by mremap without copying, and freeing gives it back to the system. From 2 MiB
 * on huge pages are asked for: a table of a million names is filled in random order, and
 * each small page costs a fault and a place in the TLB. */
#ifndef DNS_BASE_PAGES_H
#define DNS_BASE_PAGES_H
#include <stddef.h>

/* `size` zeroed bytes; NULL when out of memory. The caller remembers the size. */
void *pages_new(size_t size);
/* Makes `size` bytes of memory that had `old_size` (NULL and 0: none); what is new is
 * zeroed. NULL when out of memory: the old memory is as it was. */
void *pages_resize(void *memory, size_t old_size, size_t size);
void pages_free(void *memory, size_t size); /* NULL is fine */

#endif
