/* SPDX-License-Identifier: BSD-2-Clause */
/* Making ready RRsets (struct rrset, dns/answer.h): rdata in wire form → bytes that a
 * reply is copied from. Load time and health lane only. In-zone names in the rdata of RFC
 * 1035 types become labels + a pointer to the apex (a fix); names of all other types are
 * spelled out. */
#ifndef ZONES_RRSET_H
#define ZONES_RRSET_H
#include "dns/answer.h"
#include "dns/base/status.h"

enum {
    RRSET_RECORDS_MAX = 4096,
    RRSET_NAMES_MAX = 2, /* domain names in one rdata: SOA has two */
};

/* One record's rdata. Names within it lie at name[i] (offsets), spelled out. */
struct rdata {
    const uint8_t *bytes;
    uint16_t len;
    uint8_t name_count;
    uint16_t name[RRSET_NAMES_MAX];
    uint32_t add_ref; /* what struct rrset_add's ref shall be for the name that wants
                         additional data */
    bool wants_add;   /* the last of its names does */
};

struct rrset_spec {
    uint16_t type;
    uint32_t ttl;
    const uint8_t *apex;  /* wire, folded */
    const uint8_t *owner; /* wire: for RRSET_OWNED sets; NULL: owner pointer C0 0C */
    const struct rdata *records;
    size_t count;
    bool twice; /* RRSET_TWICE: A and AAAA sets whose order rotates */
};

/* Bytes that the set takes, header included (a multiple of 4), or 0 when it does not fit
 * 65,535 bytes. */
size_t rrset_size(const struct rrset_spec *spec);
/* Writes it to `room` (rrset_size bytes, aligned to 4). Records keep their order. */
void rrset_write(const struct rrset_spec *spec, struct rrset *room);
/* RFC 1035 types whose rdata names may be compressed: NS CNAME SOA PTR MX MB MD MF MG MR
 * MINFO. */
bool rrset_type_compresses(uint16_t type);
/* NS MX SRV HTTPS SVCB (and obsolete MB, MD, MF): types whose target's addresses go to
 * the additional section. */
bool rrset_type_wants_add(uint16_t type);

#endif
