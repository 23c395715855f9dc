/* SPDX-License-Identifier: BSD-2-Clause */
#include "zones/steering/draw.h"
#include "dns/base/siphash.h"
#include <math.h>
#include <string.h>

/* Published: meridian-routing(5). */
static const uint8_t draw_key[SIPHASH_KEY_LEN] = {
    'm', 'e', 'r', 'i', 'd', 'i', 'a', 'n', '-', 'd', 'r', 'a', 'w', '-', 'v', '1'
};

enum { TEXT_MAX = 1024, INPUT_SIZE = 8 + 2 + 16 + 8 + 8 };

static uint8_t *
put64(uint8_t *to, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++)
        to[i] = (uint8_t)(value >> (8 * i));
    return to + 8;
}

uint64_t
draw_seed(const char *policy, const char *service)
{
    uint8_t text[TEXT_MAX];
    const size_t policy_len = strnlen(policy, TEXT_MAX / 2 - 1);
    const size_t service_len = strnlen(service, TEXT_MAX / 2 - 1);

    memcpy(text, policy, policy_len);
    text[policy_len] = 0;
    memcpy(text + policy_len + 1, service, service_len);
    return siphash(draw_key, text, policy_len + 1 + service_len);
}

uint64_t
draw_member(const char *server)
{
    return siphash(draw_key, server, strlen(server));
}

double
draw_score(const struct draw *draw, uint64_t member, uint32_t weight)
{
    uint8_t input[INPUT_SIZE];
    const unsigned address_len = addr_len(&draw->prefix);
    uint8_t *at = put64(input, draw->seed);

    *at++ = draw->len;
    *at++ = draw->prefix.family;
    memcpy(at, draw->prefix.bytes, address_len);
    at = put64(at + address_len, (uint64_t)draw->period);
    at = put64(at, member);
    const uint64_t hash = siphash(draw_key, input, (size_t)(at - input));
    /* 53 bits, in (0, 1): never 0, whose logarithm is not finite, and never 1, whose is
     * 0. */
    const double h = ((double)(hash >> 11) + 0.5) / 9007199254740992.0;
    return -(double)weight / log(h);
}
