/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/base/addr.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PORT_MAX = 65535, NUMBER_DIGITS_MAX = 5 };

unsigned
addr_bits(const struct addr *addr)
{
    return addr_len(addr) * 8;
}

unsigned
addr_len(const struct addr *addr)
{
    if (addr->family == ADDR_V4)
        return 4;
    return addr->family == ADDR_V6 ? 16 : 0;
}

bool
addr_equal(const struct addr *a, const struct addr *b)
{
    return addr_compare(a, b) == 0;
}

int
addr_compare(const struct addr *a, const struct addr *b)
{
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    return memcmp(a->bytes, b->bytes, addr_len(a));
}

void
addr_mask(struct addr *addr, unsigned len)
{
    for (unsigned i = 0; i < addr_len(addr); i++) {
        const unsigned before = i * 8;
        if (len <= before)
            addr->bytes[i] = 0;
        else if (len < before + 8)
            addr->bytes[i] &= (uint8_t)(0xff00U >> (len - before));
    }
}

uint32_t
addr_v4(const struct addr *addr)
{
    return (uint32_t)addr->bytes[0] << 24 | (uint32_t)addr->bytes[1] << 16 |
           (uint32_t)addr->bytes[2] << 8 | addr->bytes[3];
}

enum status
addr_parse(const char *text, struct addr *ret_addr)
{
    struct addr addr = { .family = ADDR_V4 };

    if (inet_pton(AF_INET, text, addr.bytes) == 1) {
        *ret_addr = addr;
        return OK;
    }
    addr.family = ADDR_V6;
    if (inet_pton(AF_INET6, text, addr.bytes) != 1)
        return ERR_FORMAT;
    *ret_addr = addr;
    return OK;
}

/* 1–5 decimal digits, at most max. */
static bool
parse_number(const char *text, unsigned max, unsigned *ret_number)
{
    unsigned number = 0;
    const size_t len = strlen(text);

    if (len == 0 || len > NUMBER_DIGITS_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        number = number * 10 + (unsigned)(text[i] - '0');
    }
    *ret_number = number;
    return number <= max;
}

/* Splits "before|sign|after"; after is NULL where the sign is missing. False when too
 * long. */
static bool
split(const char *text, char sign, char before[ADDR_TEXT_SIZE], const char **ret_after)
{
    const char *const at = strrchr(text, sign);
    const size_t len = at ? (size_t)(at - text) : strlen(text);

    if (len >= ADDR_TEXT_SIZE)
        return false;
    memcpy(before, text, len);
    before[len] = '\0';
    *ret_after = at ? at + 1 : NULL;
    return true;
}

enum status
prefix_parse(const char *text, struct prefix *ret_prefix)
{
    char address[ADDR_TEXT_SIZE];
    const char *length;
    struct prefix prefix = { 0 };

    if (!split(text, '/', address, &length) || addr_parse(address, &prefix.addr) != OK)
        return ERR_FORMAT;
    unsigned len = addr_bits(&prefix.addr);
    if (length && !parse_number(length, addr_bits(&prefix.addr), &len))
        return ERR_FORMAT;
    struct addr masked = prefix.addr;
    addr_mask(&masked, len);
    if (!addr_equal(&masked, &prefix.addr))
        return ERR_RANGE;
    prefix.len = (uint8_t)len;
    *ret_prefix = prefix;
    return OK;
}

enum status
endpoint_parse(const char *text, uint16_t default_port, struct endpoint *ret_endpoint)
{
    char address[ADDR_TEXT_SIZE];
    const char *port_text;
    struct endpoint endpoint = { 0 };
    unsigned port = default_port;

    if (!split(text, '@', address, &port_text) ||
        addr_parse(address, &endpoint.addr) != OK)
        return ERR_FORMAT;
    if (port_text && !parse_number(port_text, PORT_MAX, &port))
        return ERR_FORMAT;
    endpoint.port = (uint16_t)port;
    *ret_endpoint = endpoint;
    return OK;
}

static bool
same_bits(const struct addr *a, const struct addr *b, unsigned len)
{
    const unsigned bytes = len / 8, rest = len % 8;

    if (a->family != b->family || memcmp(a->bytes, b->bytes, bytes) != 0)
        return false;
    return rest == 0 ||
           ((a->bytes[bytes] ^ b->bytes[bytes]) & (0xff00U >> rest) & 0xffU) == 0;
}

bool
prefix_contains(const struct prefix *prefix, const struct addr *addr)
{
    return same_bits(&prefix->addr, addr, prefix->len);
}

bool
prefix_covers(const struct prefix *outer, const struct prefix *inner)
{
    return outer->len <= inner->len && prefix_contains(outer, &inner->addr);
}

bool
prefix_equal(const struct prefix *a, const struct prefix *b)
{
    return a->len == b->len && addr_equal(&a->addr, &b->addr);
}

const char *
addr_text(const struct addr *addr, char buffer[ADDR_TEXT_SIZE])
{
    const int family = addr->family == ADDR_V4 ? AF_INET : AF_INET6;

    if (addr->family == ADDR_NONE ||
        !inet_ntop(family, addr->bytes, buffer, ADDR_TEXT_SIZE))
        (void)snprintf(buffer, ADDR_TEXT_SIZE, "none");
    return buffer;
}

const char *
prefix_text(const struct prefix *prefix, char buffer[PREFIX_TEXT_SIZE])
{
    char address[ADDR_TEXT_SIZE];

    (void)snprintf(buffer, PREFIX_TEXT_SIZE, "%s/%u", addr_text(&prefix->addr, address),
                   (unsigned)prefix->len);
    return buffer;
}

const char *
endpoint_text(const struct endpoint *endpoint, char buffer[ENDPOINT_TEXT_SIZE])
{
    char address[ADDR_TEXT_SIZE];

    (void)snprintf(buffer, ENDPOINT_TEXT_SIZE, "%s@%u",
                   addr_text(&endpoint->addr, address), (unsigned)endpoint->port);
    return buffer;
}

socklen_t
endpoint_to_sockaddr(const struct endpoint *endpoint, struct sockaddr_storage *ret_sa)
{
    memset(ret_sa, 0, sizeof(*ret_sa));
    if (endpoint->addr.family == ADDR_V4) {
        struct sockaddr_in sa = { .sin_family = AF_INET,
                                  .sin_port = htons(endpoint->port) };
        memcpy(&sa.sin_addr, endpoint->addr.bytes, sizeof(sa.sin_addr));
        memcpy(ret_sa, &sa, sizeof(sa));
        return sizeof(sa);
    }
    struct sockaddr_in6 sa = { .sin6_family = AF_INET6,
                               .sin6_port = htons(endpoint->port) };
    memcpy(&sa.sin6_addr, endpoint->addr.bytes, sizeof(sa.sin6_addr));
    memcpy(ret_sa, &sa, sizeof(sa));
    return sizeof(sa);
}

enum status
endpoint_from_sockaddr(const struct sockaddr *from, struct endpoint *ret_endpoint)
{
    struct endpoint endpoint = { 0 };

    if (from->sa_family == AF_INET) {
        struct sockaddr_in sa;
        memcpy(&sa, from, sizeof(sa));
        endpoint.addr.family = ADDR_V4;
        memcpy(endpoint.addr.bytes, &sa.sin_addr, sizeof(sa.sin_addr));
        endpoint.port = ntohs(sa.sin_port);
    } else if (from->sa_family == AF_INET6) {
        struct sockaddr_in6 sa;
        memcpy(&sa, from, sizeof(sa));
        endpoint.addr.family = ADDR_V6;
        memcpy(endpoint.addr.bytes, &sa.sin6_addr, sizeof(sa.sin6_addr));
        endpoint.port = ntohs(sa.sin6_port);
    } else {
        return ERR_FORMAT;
    }
    *ret_endpoint = endpoint;
    return OK;
}
