/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/base/siphash.h"

struct sip {
    uint64_t a, b, c, d;
};

static inline uint64_t
rotate(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

static inline uint64_t
load64(const uint8_t *bytes, size_t len)
{
    uint64_t value = 0;

    for (size_t i = 0; i < len; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

static inline void
sip_round(struct sip *v)
{
    v->a += v->b;
    v->b = rotate(v->b, 13) ^ v->a;
    v->a = rotate(v->a, 32);
    v->c += v->d;
    v->d = rotate(v->d, 16) ^ v->c;
    v->a += v->d;
    v->d = rotate(v->d, 21) ^ v->a;
    v->c += v->b;
    v->b = rotate(v->b, 17) ^ v->c;
    v->c = rotate(v->c, 32);
}

static inline void
absorb(struct sip *v, uint64_t word)
{
    v->d ^= word;
    sip_round(v);
    sip_round(v);
    v->a ^= word;
}

uint64_t
siphash(const uint8_t key[SIPHASH_KEY_LEN], const void *bytes, size_t len)
{
    const uint64_t k0 = load64(key, 8), k1 = load64(key + 8, 8);
    const uint8_t *at = bytes;
    struct sip v = { k0 ^ 0x736f6d6570736575U, k1 ^ 0x646f72616e646f6dU,
                     k0 ^ 0x6c7967656e657261U, k1 ^ 0x7465646279746573U };

    for (size_t left = len; left >= 8; left -= 8, at += 8)
        absorb(&v, load64(at, 8));
    absorb(&v, load64(at, len % 8) | (uint64_t)len << 56);
    v.c ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(&v);
    return v.a ^ v.b ^ v.c ^ v.d;
}
