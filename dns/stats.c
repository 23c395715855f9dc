/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/stats.h"
#include "dns/answer.h"

static const struct {
    uint16_t type;
    const char *name;
} types[STATS_TYPES] = {
    { 0, "other" },           { RR_TYPE_A, "A" },         { RR_TYPE_AAAA, "AAAA" },
    { RR_TYPE_NS, "NS" },     { RR_TYPE_CNAME, "CNAME" }, { RR_TYPE_SOA, "SOA" },
    { RR_TYPE_PTR, "PTR" },   { RR_TYPE_MX, "MX" },       { RR_TYPE_TXT, "TXT" },
    { RR_TYPE_SRV, "SRV" },   { RR_TYPE_NAPTR, "NAPTR" }, { RR_TYPE_DNAME, "DNAME" },
    { RR_TYPE_DS, "DS" },     { RR_TYPE_SSHFP, "SSHFP" }, { RR_TYPE_DNSKEY, "DNSKEY" },
    { RR_TYPE_TLSA, "TLSA" }, { RR_TYPE_SVCB, "SVCB" },   { RR_TYPE_HTTPS, "HTTPS" },
    { RR_TYPE_CAA, "CAA" },   { RR_TYPE_ANY, "ANY" },     { RR_TYPE_AXFR, "AXFR" },
    { RR_TYPE_IXFR, "IXFR" }, { RR_TYPE_URI, "URI" },     { RR_TYPE_LOC, "LOC" },
};

size_t
stats_any_type_slot(uint16_t type)
{
    for (size_t i = 1; i < STATS_TYPES; i++) {
        if (types[i].type == type)
            return i;
    }
    return 0;
}

const char *
stats_type_name(size_t slot)
{
    return slot < STATS_TYPES ? types[slot].name : NULL;
}

const char *
stats_rcode_name(size_t rcode)
{
    static const char *const names[STATS_RCODES] = {
        [RCODE_NOERROR] = "NOERROR",   [RCODE_FORMERR] = "FORMERR",
        [RCODE_SERVFAIL] = "SERVFAIL", [RCODE_NXDOMAIN] = "NXDOMAIN",
        [RCODE_NOTIMP] = "NOTIMP",     [RCODE_REFUSED] = "REFUSED",
        [RCODE_YXDOMAIN] = "YXDOMAIN", [RCODE_NOTAUTH] = "NOTAUTH",
        [RCODE_BADVERS] = "BADVERS",   [RCODE_BADCOOKIE] = "BADCOOKIE",
    };

    return rcode < STATS_RCODES ? names[rcode] : NULL;
}

const char *
stats_drop_name(enum stats_drop drop)
{
    static const char *const names[STATS_DROPS] = { "short", "response", "socket" };

    return names[drop];
}

/* One writer a counter, so a load and a store do; relaxed atomics keep a reader from
 * seeing half of one. */
static uint64_t
load(const uint64_t *counter)
{
    return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

void
stats_sum(struct stats *sum, const struct stats *from)
{
    uint64_t *const to = (uint64_t *)(void *)sum;
    const uint64_t *const add = (const uint64_t *)(const void *)from;

    _Static_assert(sizeof(struct stats) % sizeof(uint64_t) == 0, "only counters");
    for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++)
        to[i] += load(&add[i]);
}
