/* SPDX-License-Identifier: BSD-2-Clause */
/* Bump allocator over chunks: pointers stay where they are, everything is freed at once.
 * Chunks from 64 KiB on are mmapped, so that freeing gives the memory back. */
#ifndef DNS_BASE_ARENA_H
#define DNS_BASE_ARENA_H
#include <stddef.h>

struct arena; /* opaque: arena.c. One thread at a time. */

/* NULL when out of memory. The caller frees it. */
struct arena *arena_new(void);
void arena_free(struct arena *arena); /* NULL is fine */
/* Keeps one chunk for reuse and forgets everything allocated. */
void arena_clear(struct arena *arena);
/* Zeroed, aligned for any object; NULL when out of memory or when the size overflows. */
void *arena_alloc(struct arena *arena, size_t size);
void *arena_calloc(struct arena *arena, size_t count, size_t size);
/* Copies with a terminating NUL byte; NULL when out of memory. */
char *arena_strdup(struct arena *arena, const char *text);
char *arena_memdup(struct arena *arena, const void *bytes, size_t len);
/* Bytes taken from the system. */
size_t arena_size(const struct arena *arena);

#endif
