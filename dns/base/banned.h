/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls that do not compile: they write without knowing the room, or keep state between
 * calls. The build includes this before every file; the headers that declare them must
 * come first. So does stdbool.h: a file that has ldns before it gets a bool that is a
 * signed char, to which 0x100 is false. */
#ifndef DNS_BASE_BANNED_H
#define DNS_BASE_BANNED_H
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* With _FORTIFY_SOURCE, clang has a macro of it, which cannot be poisoned. */
#undef sprintf
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf strtok gmtime          \
    localtime atoi

#endif
