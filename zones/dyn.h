/* SPDX-License-Identifier: BSD-2-Clause */
/* A dynamic record as it is written: what it names and how much of it is answered. Equal
 * ones of a zone are one, and names hold its number. It knows names of routing.yaml only;
 * link.c finds out what they mean. */
#ifndef ZONES_DYN_H
#define ZONES_DYN_H
#include "dns/base/diag.h"
#include "zones/rrset.h"
#include "zones/steering/policy.h"

enum dyn_form {
    DYN_POLICY, /* dynamic: {policy: NAME} */
    DYN_POOL,   /* dynamic: {pool: NAME} */
    DYN_SERVER, /* dynamic: {server: NAME}: one server, whatever its health; counts as
                   static */
    DYN_INLINE, /* octoDNS pools and rules, legacy geo */
    DYN_ALIAS,  /* A and AAAA of another name served here */
};

struct dyn {
    enum dyn_form form;
    uint16_t type; /* RR type that it gives */
    uint32_t ttl;
    const char *target; /* name of the policy, pool or server; ALIAS: presentation form,
                           final dot */
    const struct policy *policy; /* DYN_INLINE, in the zone's arena */
    const char *service; /* never NULL; inline: the owner's full name without the dot */
    uint16_t answers;    /* at most so many of a pool; 0: the default rule */
    uint16_t skip;
    uint16_t chain; /* at least 1 */
    bool families_borrow;
    uint16_t port, priority; /* SRV, MX; priority of HTTPS is by `chain` */
    bool has_port;
    const uint8_t *target_name; /* HTTPS, SVCB: wire; NULL: "." */
    const uint8_t
        *svcparams; /* HTTPS, SVCB: wire, without hints, ascending; may be empty */
    uint16_t svcparams_len;
    const struct member
        *last_resort; /* record-level values of the octodns.meridian form; may be empty */
    size_t last_resort_count;
    uint32_t uses;     /* names that hold it */
    const char *owner; /* the first name that holds it, presentation form, no final dot */
    struct diag_at at;
};

/* Payload of inline members of types that have neither address nor host (TXT, NAPTR …):
 * one rdata. */

#endif
