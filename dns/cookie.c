/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/cookie.h"
#include "dns/base/siphash.h"
#include "dns/wire.h"
#include <string.h>

enum {
    COOKIE_VERSION = 1,
    HEAD_LEN = 8, /* version, three reserved bytes, time */
    TIME_OFFSET = 4,
    HASH_LEN = 8,
    ADDRESS_MAX = 16
};

/* RFC 9018 4.4: client cookie, version, reserved, time and address, under the secret.
 * SipHash's number goes out least byte first. */
static void
hash_cookie(const uint8_t secret[COOKIE_SECRET_LEN], const uint8_t *client,
            const uint8_t *head, const struct addr *source, uint8_t hash[HASH_LEN])
{
    uint8_t bytes[COOKIE_CLIENT_LEN + HEAD_LEN + ADDRESS_MAX];
    const size_t address_len = addr_len(source);

    memcpy(bytes, client, COOKIE_CLIENT_LEN);
    memcpy(bytes + COOKIE_CLIENT_LEN, head, HEAD_LEN);
    memcpy(bytes + COOKIE_CLIENT_LEN + HEAD_LEN, source->bytes, address_len);
    uint64_t number = siphash(secret, bytes, COOKIE_CLIENT_LEN + HEAD_LEN + address_len);
    for (size_t i = 0; i < HASH_LEN; i++, number >>= 8)
        hash[i] = (uint8_t)number;
}

void
cookie_make(const uint8_t secret[COOKIE_SECRET_LEN],
            const uint8_t client[COOKIE_CLIENT_LEN], const struct addr *source,
            int64_t now_s, uint8_t ret_server[COOKIE_SERVER_LEN])
{
    memset(ret_server, 0, HEAD_LEN);
    ret_server[0] = COOKIE_VERSION;
    wire_put32(ret_server + TIME_OFFSET, (uint32_t)now_s);
    hash_cookie(secret, client, ret_server, source, ret_server + HEAD_LEN);
}

/* Times are serial numbers (RFC 1982): the difference counts. */
static int32_t
age_of(const uint8_t *server, int64_t now_s)
{
    return (int32_t)((uint32_t)now_s - wire_get32(server + TIME_OFFSET));
}

bool
cookie_is_fresh(const uint8_t cookie[COOKIE_LEN], int64_t now_s)
{
    return age_of(cookie + COOKIE_CLIENT_LEN, now_s) <= COOKIE_FRESH_S;
}

/* In time that does not leak where they differ. */
static bool
same_hash(const uint8_t *a, const uint8_t *b)
{
    unsigned difference = 0;

    for (size_t i = 0; i < HASH_LEN; i++)
        difference |= (unsigned)(a[i] ^ b[i]);
    return difference == 0;
}

bool
cookie_is_valid(const struct cookie_secrets *secrets, const uint8_t *cookie, size_t len,
                const struct addr *source, int64_t now_s)
{
    const uint8_t *const server = cookie + COOKIE_CLIENT_LEN;
    uint8_t hash[HASH_LEN];

    if (len != COOKIE_LEN || server[0] != COOKIE_VERSION)
        return false;
    const int32_t age = age_of(server, now_s);
    if (age > COOKIE_AGE_MAX_S || age < -COOKIE_AHEAD_MAX_S)
        return false;
    for (unsigned i = 0; i < secrets->count; i++) {
        hash_cookie(secrets->secret[i], cookie, server, source, hash);
        if (same_hash(hash, server + HEAD_LEN))
            return true;
    }
    return false;
}
