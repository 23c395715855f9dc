/* SPDX-License-Identifier: BSD-2-Clause */
/* SipHash-2-4 (Aumasson, Bernstein 2012): for the draw of ranked answers and DNS cookies.
 */
#ifndef DNS_BASE_SIPHASH_H
#define DNS_BASE_SIPHASH_H
#include <stddef.h>
#include <stdint.h>

enum { SIPHASH_KEY_LEN = 16 };

uint64_t siphash(const uint8_t key[SIPHASH_KEY_LEN], const void *bytes, size_t len);

#endif
