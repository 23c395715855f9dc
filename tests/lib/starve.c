/* SPDX-License-Identifier: BSD-2-Clause */
/* The linker sends every call of malloc here (--wrap), and so on. */
#include "tests/lib/starve.h"
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Allocations until the one that fails; 0 or less: it has been, or there is none. */
static atomic_long left;

void
starve_at(size_t nth)
{
    atomic_store(&left, (long)nth);
}

bool
starve_end(void)
{
    return atomic_exchange(&left, 0) < 0;
}

/* Counts below zero, so that it fails once. */
static bool
fails(void)
{
    long now = atomic_load(&left);

    while (now > 0) {
        const long next = now == 1 ? -1 : now - 1;
        if (atomic_compare_exchange_weak(&left, &now, next)) {
            if (next < 0)
                errno = ENOMEM;
            return next < 0;
        }
    }
    return false;
}

/* NOLINTBEGIN(cert-dcl*,bugprone-reserved-identifier,readability-*): ld's names */
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);
int __wrap_asprintf(char **ret_text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
FILE *__real_open_memstream(char **text, size_t *len);
FILE *__wrap_open_memstream(char **text, size_t *len);
void *__real_mmap(void *at, size_t len, int access, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t len, int access, int flags, int fd, off_t offset);
void *__real_mremap(void *old, size_t old_len, size_t len, int flags, ...);
void *__wrap_mremap(void *old, size_t old_len, size_t len, int flags);

void *
__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *
__wrap_realloc(void *old, size_t size)
{
    return fails() ? NULL : __real_realloc(old, size);
}

char *
__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

int
__wrap_asprintf(char **ret_text, const char *format, ...)
{
    va_list arguments;

    if (fails()) {
        *ret_text = NULL;
        return -1;
    }
    va_start(arguments, format);
    const int len = vasprintf(ret_text, format, arguments);
    va_end(arguments);
    return len;
}

FILE *
__wrap_open_memstream(char **text, size_t *len)
{
    return fails() ? NULL : __real_open_memstream(text, len);
}

void *
__wrap_mmap(void *at, size_t len, int access, int flags, int fd, off_t offset)
{
    return fails() ? MAP_FAILED : __real_mmap(at, len, access, flags, fd, offset);
}

void *
__wrap_mremap(void *old, size_t old_len, size_t len, int flags)
{
    return fails() ? MAP_FAILED : __real_mremap(old, old_len, len, flags);
}
/* NOLINTEND(cert-dcl*,bugprone-reserved-identifier,readability-*) */
