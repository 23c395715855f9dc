/* SPDX-License-Identifier: BSD-2-Clause */
/* IP addresses and prefixes: a plain value, no ports (those are in struct endpoint). */
#ifndef DNS_BASE_ADDR_H
#define DNS_BASE_ADDR_H
#include "dns/base/status.h"
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum addr_family { ADDR_NONE = 0, ADDR_V4 = 4, ADDR_V6 = 6 };
enum { ADDR_TEXT_SIZE = 46, PREFIX_TEXT_SIZE = 50, ENDPOINT_TEXT_SIZE = 53 };

/* bytes are in network order; an IPv4 address uses the first four, the rest are zero. */
struct addr {
    uint8_t family; /* enum addr_family */
    uint8_t bytes[16];
};

/* Bits past len are zero. len: 0–32 or 0–128. */
struct prefix {
    struct addr addr;
    uint8_t len;
};

/* An address and a UDP or TCP port in host order. */
struct endpoint {
    struct addr addr;
    uint16_t port;
};

/* 32 or 128 (0 for ADDR_NONE). */
unsigned addr_bits(const struct addr *addr);
/* 4 or 16 (0 for ADDR_NONE). */
unsigned addr_len(const struct addr *addr);
bool addr_equal(const struct addr *a, const struct addr *b);
/* Family first, then bytes; for sorting. */
int addr_compare(const struct addr *a, const struct addr *b);
/* Zeroes all bits past `len`. */
void addr_mask(struct addr *addr, unsigned len);
/* IPv4 in host order; only for ADDR_V4. */
uint32_t addr_v4(const struct addr *addr);

/* "192.0.2.1", "2001:db8::1"; no port, no zone. ERR_FORMAT. */
MUST_CHECK enum status addr_parse(const char *text, struct addr *ret_addr);
/* "192.0.2.0/24". A bare address is a full-length prefix. ERR_FORMAT; ERR_RANGE when bits
 * past the length are set. */
MUST_CHECK enum status prefix_parse(const char *text, struct prefix *ret_prefix);
/* "0.0.0.0@53", "::@53"; without @port `default_port` is taken. ERR_FORMAT. */
MUST_CHECK enum status endpoint_parse(const char *text, uint16_t default_port,
                                      struct endpoint *ret_endpoint);
bool prefix_contains(const struct prefix *prefix, const struct addr *addr);
/* True if every address of `inner` is in `outer` (equal counts). */
bool prefix_covers(const struct prefix *outer, const struct prefix *inner);
bool prefix_equal(const struct prefix *a, const struct prefix *b);

/* The canonical text; RFC 5952 for IPv6. Returns buffer. */
const char *addr_text(const struct addr *addr, char buffer[ADDR_TEXT_SIZE]);
const char *prefix_text(const struct prefix *prefix, char buffer[PREFIX_TEXT_SIZE]);
const char *endpoint_text(const struct endpoint *endpoint,
                          char buffer[ENDPOINT_TEXT_SIZE]);

/* To and from the socket API. */
socklen_t endpoint_to_sockaddr(const struct endpoint *endpoint,
                               struct sockaddr_storage *ret_sa);
/* ERR_FORMAT for a family other than AF_INET and AF_INET6. */
MUST_CHECK enum status endpoint_from_sockaddr(const struct sockaddr *from,
                                              struct endpoint *ret_endpoint);

#endif
