/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/base/arena.h"
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { FIRST_CHUNK = 4096, MMAP_FROM = 64 << 10, CHUNK_MAX = 4 << 20 };

struct chunk {
    struct chunk *older;
    size_t size; /* this head included */
    size_t used;
    bool mapped;
};

struct arena {
    struct chunk *newest;
    size_t size;
};

static const size_t alignment = alignof(max_align_t);

static size_t
round_up(size_t size, size_t to)
{
    return (size + to - 1) & ~(to - 1);
}

static struct chunk *
chunk_new(size_t size)
{
    const bool mapped = size >= MMAP_FROM;
    struct chunk *chunk;

    if (mapped) {
        chunk =
            mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (chunk == MAP_FAILED)
            return NULL;
    } else {
        chunk = malloc(size);
        if (!chunk)
            return NULL;
    }
    *chunk = (struct chunk){ .size = size,
                             .used = round_up(sizeof(*chunk), alignment),
                             .mapped = mapped };
    return chunk;
}

static void
chunk_free(struct chunk *chunk)
{
    if (chunk->mapped)
        munmap(chunk, chunk->size);
    else
        free(chunk);
}

struct arena *
arena_new(void)
{
    return calloc(1, sizeof(struct arena));
}

static void
free_older(struct arena *arena, struct chunk *chunk)
{
    while (chunk) {
        struct chunk *const older = chunk->older;
        arena->size -= chunk->size;
        chunk_free(chunk);
        chunk = older;
    }
}

void
arena_free(struct arena *arena)
{
    if (!arena)
        return;
    free_older(arena, arena->newest);
    free(arena);
}

void
arena_clear(struct arena *arena)
{
    struct chunk *const kept = arena->newest;

    if (!kept)
        return;
    free_older(arena, kept->older);
    kept->older = NULL;
    kept->used = round_up(sizeof(*kept), alignment);
}

/* A chunk that holds at least `need` more bytes: twice the last one, up to a limit. */
static bool
grow(struct arena *arena, size_t need)
{
    size_t size = arena->newest ? arena->newest->size * 2 : FIRST_CHUNK;
    const size_t head = round_up(sizeof(struct chunk), alignment);

    if (size > CHUNK_MAX)
        size = CHUNK_MAX;
    if (need > SIZE_MAX - head - MMAP_FROM)
        return false;
    if (size < need + head)
        size = round_up(need + head, FIRST_CHUNK);
    struct chunk *const chunk = chunk_new(size);
    if (!chunk)
        return false;
    chunk->older = arena->newest;
    arena->newest = chunk;
    arena->size += size;
    return true;
}

void *
arena_alloc(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX / 2)
        return NULL;
    const size_t need = round_up(size ? size : 1, alignment);
    const struct chunk *const newest = arena->newest;
    if ((!newest || newest->size - newest->used < need) && !grow(arena, need))
        return NULL;
    char *const bytes = (char *)arena->newest + arena->newest->used;
    arena->newest->used += need;
    return memset(bytes, 0, size);
}

void *
arena_calloc(struct arena *arena, size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    return arena_alloc(arena, bytes);
}

char *
arena_memdup(struct arena *arena, const void *bytes, size_t len)
{
    if (len == SIZE_MAX)
        return NULL;
    char *const copy = arena_alloc(arena, len + 1);
    if (copy && len > 0)
        memcpy(copy, bytes, len);
    return copy;
}

char *
arena_strdup(struct arena *arena, const char *text)
{
    return arena_memdup(arena, text, strlen(text));
}

size_t
arena_size(const struct arena *arena)
{
    return arena->size;
}
