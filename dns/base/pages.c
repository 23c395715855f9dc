/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/base/pages.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { MMAP_FROM = 256 << 10, HUGE_FROM = 2 << 20 };

static void
advise(void *memory, size_t size)
{
    /* A wish: without huge pages it is only slower. */
    if (size >= HUGE_FROM)
        (void)madvise(memory, size, MADV_HUGEPAGE);
}

void *
pages_new(size_t size)
{
    if (size < MMAP_FROM)
        return calloc(1, size ? size : 1);
    void *const memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    advise(memory, size);
    return memory;
}

void
pages_free(void *memory, size_t size)
{
    if (size < MMAP_FROM)
        free(memory);
    else
        munmap(memory, size);
}

static void *
move(void *memory, size_t old_size, size_t size)
{
    void *const made = pages_new(size);

    if (!made)
        return NULL;
    if (memory)
        memcpy(made, memory, old_size < size ? old_size : size);
    pages_free(memory, old_size);
    return made;
}

void *
pages_resize(void *memory, size_t old_size, size_t size)
{
    if (!memory || old_size < MMAP_FROM || size < MMAP_FROM)
        return move(memory, old_size, size);
    void *const made = mremap(memory, old_size, size, MREMAP_MAYMOVE);
    if (made == MAP_FAILED)
        return NULL;
    advise(made, size);
    return made;
}
