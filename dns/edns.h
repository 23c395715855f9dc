/* SPDX-License-Identifier: BSD-2-Clause */
/* The OPT record (RFC 6891): client subnet (RFC 7871), cookies (RFC 7873), NSID (RFC
 * 5001), keepalive (RFC 7828), extended errors (RFC 8914). */
#ifndef DNS_EDNS_H
#define DNS_EDNS_H
#include "dns/answer.h"

enum edns_option {
    EDNS_NSID = 3,
    EDNS_CLIENT_SUBNET = 8,
    EDNS_COOKIE = 10,
    EDNS_TCP_KEEPALIVE = 11,
    EDNS_EXTENDED_ERROR = 15,
};
enum {
    EDNS_FIXED_LEN = 11,     /* an OPT record without options, owner included */
    EDNS_UDP_SIZE_MIN = 512, /* RFC 6891 6.2.3 */
    EDNS_VERSION = 0,
};

/* Reads the options of a query's OPT: false where RFC 7871 or 7873 want FORMERR. */
bool edns_read_options(const uint8_t *options, size_t len, bool ecs_enabled,
                       struct edns *edns);

/* What a reply's OPT says. */
struct edns_reply {
    const struct query *query;
    const struct answer *answer;
    const char *identity;     /* "" : no NSID */
    uint16_t udp_size;        /* ours */
    uint16_t keepalive_100ms; /* TCP: idle time told, RFC 7828 */
};
/* Bytes that edns_write will write; 0 for a query without OPT. */
size_t edns_len(const struct edns_reply *reply);
/* Writes the record to `to`, which has room for it. len: as edns_len had it. */
void edns_write(const struct edns_reply *reply, size_t len, uint8_t *to);

#endif
