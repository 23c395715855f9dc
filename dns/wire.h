/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers in network order, on a machine of the other order (configure checks). The
 * caller has checked the bounds. */
#ifndef DNS_WIRE_H
#define DNS_WIRE_H
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

#endif
