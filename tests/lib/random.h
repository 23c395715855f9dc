/* SPDX-License-Identifier: BSD-2-Clause */
/* Pseudo-random numbers from a seed (SplitMix64), for tests of any layer. */
#ifndef TESTS_LIB_RANDOM_H
#define TESTS_LIB_RANDOM_H
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline uint64_t
random_next(uint64_t *seed)
{
    uint64_t z = (*seed += 0x9e3779b97f4a7c15U);

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    return z ^ z >> 31;
}

/* From 0 to below - 1. */
static inline unsigned
random_below(uint64_t *seed, unsigned below)
{
    return below ? (unsigned)(random_next(seed) % below) : 0;
}

/* That of the environment's SEED, else one of the clock. Printed, so that a run can be
 * repeated. */
static inline uint64_t
random_seed(void)
{
    const char *const text = getenv("SEED");
    const uint64_t seed = text ? strtoull(text, NULL, 10) : (uint64_t)time(NULL);

    printf("# SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

#endif
