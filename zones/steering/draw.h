/* SPDX-License-Identifier: BSD-2-Clause */
/* Which n of a pool's members are answered: a weighted rendezvous draw that all types,
 * families and name servers agree on. score = −weight / ln(h), h in (0, 1) = SipHash-2-4
 * under DRAW_KEY of, in this order: seed (8 bytes, little endian) = SipHash-2-4(DRAW_KEY,
 * policy name 0x00 service) the client's prefix: its length in bits (1 byte), its family
 * (4 or 6, 1 byte), its bytes, masked, 4 or 16 floor(Unix time / 10) (8 bytes, little
 * endian; 0 for `stick: client`) SipHash-2-4(DRAW_KEY, member's name) (8 bytes, little
 * endian) The highest scores are answered. The layout is published (meridian-routing(5)):
 * it never changes. */
#ifndef ZONES_STEERING_DRAW_H
#define ZONES_STEERING_DRAW_H
#include "dns/base/addr.h"
#include <stdint.h>

enum { DRAW_PERIOD_S = 10 };

uint64_t draw_seed(const char *policy, const char *service);
uint64_t draw_member(const char *server);

struct draw {
    uint64_t seed;
    struct addr prefix; /* masked to len; for stick: /24 or /48 */
    uint8_t len;
    int64_t period; /* Unix time / DRAW_PERIOD_S; 0 when it sticks */
};
/* Higher is better. Query path. */
double draw_score(const struct draw *draw, uint64_t member, uint32_t weight);

#endif
