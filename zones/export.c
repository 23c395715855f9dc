/* SPDX-License-Identifier: BSD-2-Clause */
#include "zones/export.h"
#include "zones/dyn.h"
#include "zones/zone.h"
#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

enum { RECORD_TAIL = 10, WIRE_SIZE = 66000 };

struct exporting {
    const struct zone *zone;
    FILE *out;
    uint8_t *wire; /* [WIRE_SIZE]: one record, names spelled out */
    const struct zone_name **names;
    size_t count;
};

static bool
collect(void *context, const struct zone_name *name)
{
    struct exporting *const exporting = context;

    if (name->type_count > 0)
        exporting->names[exporting->count++] = name;
    return true;
}

static int
compare_names(const void *a, const void *b)
{
    return name_compare(zone_name_bytes(*(const struct zone_name *const *)a),
                        zone_name_bytes(*(const struct zone_name *const *)b));
}

/* Copies rdata from a ready set, with the apex in place of every fix. from, end: offsets
 * in bytes. */
static size_t
spell_out(const struct exporting *exporting, const struct rrset *set, size_t from,
          size_t end, uint8_t *to)
{
    const uint8_t *const bytes = rrset_bytes(set);
    const uint16_t *const fixes = rrset_fixes(set);
    size_t len = 0;

    for (unsigned i = 0; i < set->fix_count; i++) {
        if (fixes[i] < from || fixes[i] >= end)
            continue;
        memcpy(to + len, bytes + from, fixes[i] - from);
        len += fixes[i] - from;
        memcpy(to + len, exporting->zone->apex, exporting->zone->apex_len);
        len += exporting->zone->apex_len;
        from = fixes[i] + 2U;
    }
    memcpy(to + len, bytes + from, end - from);
    return len + (end - from);
}

/* Past the record's owner: two bytes, or labels and what ends them. */
static size_t
past_owner(const struct rrset *set, size_t at)
{
    const uint8_t *const bytes = rrset_bytes(set);

    if (!(set->flags & RRSET_OWNED))
        return at + 2;
    while (bytes[at] && !(bytes[at] & 0xc0))
        at += bytes[at] + 1U;
    return at + (bytes[at] ? 2 : 1);
}

static void
put_record(const struct exporting *exporting, const struct zone_name *name,
           const struct rrset *set, size_t tail, size_t end)
{
    uint8_t *const wire = exporting->wire;
    size_t len = name->name_len, at = 0;
    ldns_rr *rr = NULL;

    memcpy(wire, zone_name_bytes(name), len);
    memcpy(wire + len, rrset_bytes(set) + tail, RECORD_TAIL);
    const size_t rdata_len =
        spell_out(exporting, set, tail + RECORD_TAIL, end, wire + len + RECORD_TAIL);
    wire[len + 8] = (uint8_t)(rdata_len >> 8);
    wire[len + 9] = (uint8_t)rdata_len;
    len += RECORD_TAIL + rdata_len;
    if (ldns_wire2rr(&rr, wire, len, &at, LDNS_SECTION_ANSWER) != LDNS_STATUS_OK)
        return;
    ldns_rr_print(exporting->out, rr);
    ldns_rr_free(rr);
}

static void
put_set(const struct exporting *exporting, const struct zone_name *name,
        const struct rrset *set)
{
    size_t at = 0;

    for (unsigned i = 0; i < set->count; i++) {
        const size_t tail = past_owner(set, at);
        const uint8_t *const rdlen = rrset_bytes(set) + tail + 8;
        const size_t end = tail + RECORD_TAIL + (size_t)(rdlen[0] << 8 | rdlen[1]);
        put_record(exporting, name, set, tail, end);
        at = end;
    }
}

static const char *
form_text(const struct dyn *dyn)
{
    static const char *const names[] = {
        [DYN_POLICY] = "policy", [DYN_POOL] = "pool",   [DYN_SERVER] = "server",
        [DYN_INLINE] = "rules",  [DYN_ALIAS] = "alias",
    };

    return names[dyn->form];
}

static void
put_dynamic(const struct exporting *exporting, const struct zone_name *name,
            const struct dyn *dyn)
{
    char text[NAME_TEXT_SIZE];
    char *const type = ldns_rr_type2str(dyn->type);

    (void)fprintf(exporting->out, "; %s\t%u\tIN\t%s\tdynamic %s %s, service %s\n",
                  name_to_text(zone_name_bytes(name), text), (unsigned)dyn->ttl,
                  type ? type : "?", form_text(dyn),
                  dyn->target ? dyn->target : "of its own", dyn->service);
    free(type);
}

static void
put_name(const struct exporting *exporting, const struct zone_name *name)
{
    const struct zone *const zone = exporting->zone;

    for (unsigned i = 0; i < name->type_count; i++) {
        const struct zone_type *const type = &zone_types(name)[i];
        if (type->flags & ZONE_TYPE_DYNAMIC)
            put_dynamic(exporting, name, &zone->dyns[type->ref]);
        else if (type->type != RR_TYPE_SOA)
            put_set(exporting, name, zone_rrset(zone, type));
    }
}

enum status
export_master(const struct zone *zone, FILE *out)
{
    struct exporting exporting = { .zone = zone,
                                   .out = out,
                                   .wire = malloc(WIRE_SIZE),
                                   .names = calloc((size_t)zone->slot_mask + 1,
                                                   sizeof(struct zone_name *)) };

    if (exporting.wire && exporting.names) {
        zone_walk(zone, collect, &exporting);
        qsort(exporting.names, exporting.count, sizeof(struct zone_name *),
              compare_names);
        put_set(&exporting, zone->apex_name, zone->soa);
        for (size_t i = 0; i < exporting.count; i++)
            put_name(&exporting, exporting.names[i]);
    }
    const bool made = exporting.wire && exporting.names;
    free(exporting.wire);
    free(exporting.names);
    if (!made)
        return ERR_NOMEM;
    return ferror(out) ? ERR_IO : OK;
}
