/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/base/region.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FIRST = 1024, MMAP_FROM = 256 << 10 };

static bool
is_mapped(const struct region *region)
{
    return region->capacity >= MMAP_FROM;
}

void
region_init(struct region *region, size_t limit)
{
    *region = (struct region){ .limit = limit };
}

static void
release(uint8_t *base, size_t capacity)
{
    if (capacity >= MMAP_FROM)
        munmap(base, capacity);
    else
        free(base);
}

void
region_done(struct region *region)
{
    release(region->base, region->capacity);
    region_init(region, region->limit);
}

static size_t
page_up(size_t size)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);

    return (size + page - 1) / page * page;
}

/* Small ones by realloc, then into a mapping, then mremap, which moves pages and copies
 * nothing. */
static enum status
resize(struct region *region, size_t capacity)
{
    uint8_t *base;

    if (is_mapped(region)) {
        base = mremap(region->base, region->capacity, capacity, MREMAP_MAYMOVE);
        if (base == MAP_FAILED)
            return ERR_NOMEM;
    } else if (capacity >= MMAP_FROM) {
        base = mmap(NULL, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                    -1, 0);
        if (base == MAP_FAILED)
            return ERR_NOMEM;
        if (region->len > 0)
            memcpy(base, region->base, region->len);
        free(region->base);
    } else {
        base = realloc(region->base, capacity);
        if (!base)
            return ERR_NOMEM;
    }
    region->base = base;
    region->capacity = capacity;
    return OK;
}

static enum status
reserve(struct region *region, size_t need)
{
    size_t capacity = region->capacity ? region->capacity : FIRST;

    while (capacity < need)
        capacity *= 2;
    if (capacity > region->limit && need <= region->limit)
        capacity = region->limit > need ? region->limit : need;
    if (capacity >= MMAP_FROM)
        capacity = page_up(capacity);
    return resize(region, capacity);
}

enum status
region_alloc(struct region *region, size_t size, size_t align, size_t *ret_offset)
{
    const size_t offset = (region->len + align - 1) & ~(align - 1);
    size_t end;

    if (__builtin_add_overflow(offset, size, &end) || end > region->limit)
        return ERR_LIMIT;
    if (end > region->capacity) {
        const enum status status = reserve(region, end);
        if (status != OK)
            return status;
    }
    if (end > region->len) /* there may be no base yet */
        memset(region->base + region->len, 0, end - region->len);
    region->len = end;
    *ret_offset = offset;
    return OK;
}

void
region_trim(struct region *region)
{
    if (!is_mapped(region))
        return;
    size_t capacity = page_up(region->len ? region->len : 1);
    if (capacity < MMAP_FROM)
        capacity = MMAP_FROM; /* stays what release and resize take it for */
    if (capacity < region->capacity)
        (void)!resize(region, capacity);
}
