/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers in network order, on a machine of the other order (configure checks). The
 * caller has checked the bounds. */
#ifndef DNS_WIRE_H
#define DNS_WIRE_H
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t
wire_get16(const uint8_t *from)
{
    return (uint16_t)(from[0] << 8 | from[1]);
}

static inline uint32_t
wire_get32(const uint8_t *from)
{
    return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 |
           from[3];
}

static inline void
wire_put16(uint8_t *to, unsigned value)
{
    const uint16_t word = __builtin_bswap16((uint16_t)value);

    memcpy(to, &word, sizeof(word));
}

static inline void
wire_put32(uint8_t *to, uint32_t value)
{
    value = __builtin_bswap32(value);
    memcpy(to, &value, sizeof(value));
}

/* Copies up to 16 bytes, as two pieces that may overlap: a call of memcpy costs more than
 * so few. */
static inline void
wire_copy_few(uint8_t *to, const uint8_t *from, size_t len)
{
    uint64_t first8, last8;
    uint32_t first4, last4;

    if (len >= sizeof(first8)) {
        memcpy(&first8, from, sizeof(first8));
        memcpy(&last8, from + len - sizeof(last8), sizeof(last8));
        memcpy(to, &first8, sizeof(first8));
        memcpy(to + len - sizeof(last8), &last8, sizeof(last8));
    } else if (len >= sizeof(first4)) {
        memcpy(&first4, from, sizeof(first4));
        memcpy(&last4, from + len - sizeof(last4), sizeof(last4));
        memcpy(to, &first4, sizeof(first4));
        memcpy(to + len - sizeof(last4), &last4, sizeof(last4));
    } else if (len > 0) {
        to[0] = from[0];
        to[len / 2] = from[len / 2];
        to[len - 1] = from[len - 1];
    }
}

#endif
