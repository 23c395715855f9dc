/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/base/region.h"
#include "dns/base/pages.h"
#include <string.h>
#include <unistd.h>

enum { FIRST = 1024, PAGED_FROM = 256 << 10 };

void
region_init(struct region *region, size_t limit)
{
    *region = (struct region){ .limit = limit };
}

void
region_done(struct region *region)
{
    pages_free(region->base, region->capacity);
    region_init(region, region->limit);
}

static size_t
page_up(size_t size)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);

    return (size + page - 1) / page * page;
}

static enum status
resize(struct region *region, size_t capacity)
{
    uint8_t *const base = pages_resize(region->base, region->capacity, capacity);

    if (!base)
        return ERR_NOMEM;
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
    if (capacity >= PAGED_FROM)
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
    region->len = end; /* new bytes are zero: so pages come, and region_cut leaves them */
    *ret_offset = offset;
    return OK;
}

void
region_cut(struct region *region, size_t len)
{
    if (len < region->len)
        memset(region->base + len, 0, region->len - len);
    region->len = len;
}

void
region_trim(struct region *region)
{
    const size_t capacity = page_up(region->len ? region->len : 1);

    if (capacity < region->capacity)
        (void)!resize(region, capacity);
}
