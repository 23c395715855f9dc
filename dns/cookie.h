/* SPDX-License-Identifier: BSD-2-Clause */
/* DNS cookies (RFC 7873) in the form that all servers share (RFC 9018): whoever knows
 * the secret makes and checks the same ones, so that the nodes of one service agree. */
#ifndef DNS_COOKIE_H
#define DNS_COOKIE_H
#include "dns/base/addr.h"
#include <stdbool.h>
#include <stdint.h>

enum {
    COOKIE_SECRET_LEN = 16,
    COOKIE_SECRETS_MAX = 2, /* the one in use, and the one before or after it */
    COOKIE_CLIENT_LEN = 8,
    COOKIE_SERVER_LEN = 16,
    COOKIE_LEN = COOKIE_CLIENT_LEN + COOKIE_SERVER_LEN,
    COOKIE_AGE_MAX_S = 3600,  /* RFC 9018 4.3 */
    COOKIE_AHEAD_MAX_S = 300, /* likewise */
    COOKIE_FRESH_S = 1800     /* younger than that, it may be sent back as it came */
};

/* The first secret makes cookies; any checks them. count 0: no cookies. */
struct cookie_secrets {
    unsigned count;
    uint8_t secret[COOKIE_SECRETS_MAX][COOKIE_SECRET_LEN];
};

/* The server cookie for a client cookie and address, at Unix time now_s. */
void cookie_make(const uint8_t secret[COOKIE_SECRET_LEN],
                 const uint8_t client[COOKIE_CLIENT_LEN], const struct addr *source,
                 int64_t now_s, uint8_t ret_server[COOKIE_SERVER_LEN]);
/* Was this cookie, client's and server's part, made by us for that address, less than an
 * hour ago? len: bytes of the option. Query path. */
bool cookie_is_valid(const struct cookie_secrets *secrets, const uint8_t *cookie,
                     size_t len, const struct addr *source, int64_t now_s);
/* Is a valid cookie so young that it may be sent back as it came (RFC 9018 4.3)? */
bool cookie_is_fresh(const uint8_t cookie[COOKIE_LEN], int64_t now_s);

#endif
