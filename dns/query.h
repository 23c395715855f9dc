/* SPDX-License-Identifier: BSD-2-Clause */
/* What a client asks, taken from the wire once: header, question, OPT, ECS. Plain data.
 */
#ifndef DNS_QUERY_H
#define DNS_QUERY_H
#include "dns/base/addr.h"
#include "dns/name.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DNS_HEADER_LEN = 12,
    DNS_MESSAGE_MAX = 65535,
    ECS_ADDRESS_MAX = 16,
    COOKIE_MAX = 40
};

enum rr_class {
    RR_CLASS_IN = 1,
    RR_CLASS_CH = 3,
    RR_CLASS_NONE = 254,
    RR_CLASS_ANY = 255
};

enum rr_type {
    RR_TYPE_A = 1,
    RR_TYPE_NS = 2,
    RR_TYPE_CNAME = 5,
    RR_TYPE_SOA = 6,
    RR_TYPE_PTR = 12,
    RR_TYPE_MX = 15,
    RR_TYPE_TXT = 16,
    RR_TYPE_AAAA = 28,
    RR_TYPE_LOC = 29,
    RR_TYPE_SRV = 33,
    RR_TYPE_NAPTR = 35,
    RR_TYPE_DNAME = 39,
    RR_TYPE_OPT = 41,
    RR_TYPE_DS = 43,
    RR_TYPE_SSHFP = 44,
    RR_TYPE_RRSIG = 46,
    RR_TYPE_NSEC = 47,
    RR_TYPE_DNSKEY = 48,
    RR_TYPE_NSEC3 = 50,
    RR_TYPE_NSEC3PARAM = 51,
    RR_TYPE_TLSA = 52,
    RR_TYPE_CDS = 59,
    RR_TYPE_CDNSKEY = 60,
    RR_TYPE_SVCB = 64,
    RR_TYPE_HTTPS = 65,
    RR_TYPE_SPF = 99,
    RR_TYPE_NXNAME = 128,
    RR_TYPE_TKEY = 249,
    RR_TYPE_TSIG = 250,
    RR_TYPE_IXFR = 251,
    RR_TYPE_AXFR = 252,
    RR_TYPE_MAILB = 253,
    RR_TYPE_MAILA = 254,
    RR_TYPE_ANY = 255,
    RR_TYPE_URI = 256,
    RR_TYPE_CAA = 257
};

/* EDNS Client Subnet, RFC 7871 6; bits past source_len are zero (checked). */
struct ecs {
    bool present;
    uint16_t family_be_raw; /* FAMILY as sent (host order): 0, 1 or 2; echoed */
    uint8_t source_len;
    uint8_t address_len; /* bytes sent */
    struct addr address; /* ADDR_NONE for family 0 */
};

struct edns {
    bool present;
    bool dnssec_ok; /* DO; echoed */
    bool wants_nsid;
    bool wants_keepalive;
    bool cookie_valid;  /* made by us for this client: serve.c */
    uint8_t cookie_len; /* 0: none; else 8 or 16–40 */
    uint8_t version;
    uint16_t udp_size; /* as sent, at least 512 */
    struct ecs ecs;
    uint8_t cookie[COOKIE_MAX];
};

struct query {
    const uint8_t *wire; /* borrowed: the message as received */
    size_t wire_len;
    uint16_t id;
    uint16_t flags; /* the header's second word, host order */
    uint8_t opcode;
    bool recursion_desired;
    bool tcp;
    uint16_t idle_100ms; /* TCP: how long the connection may idle (RFC 7828) */
    bool has_question;
    uint8_t label_count; /* root not counted */
    uint16_t name_len;   /* bytes, root label included */
    uint16_t type;
    uint16_t class;
    struct addr source; /* whoever sent it */
    struct edns edns;
    int64_t now_s;              /* Unix time of the batch */
    uint32_t random;            /* fresh for each query: where a rotation starts */
    uint8_t name[NAME_LEN_MAX]; /* folded; the sender's case is in wire */
    uint8_t label[NAME_LABELS_MAX + 1]; /* offset in name of label i, leftmost first; the
                                           last one, [label_count], is the root label's */
    uint32_t hash[NAME_LABELS_MAX + 1]; /* hash of the suffix that begins at label i */
};

#endif
