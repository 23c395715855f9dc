/* SPDX-License-Identifier: BSD-2-Clause */
#include "zones/rrset.h"
#include <string.h>

enum { SET_LEN_MAX = UINT16_MAX, ADDS_MAX = UINT8_MAX };

bool
rrset_type_compresses(uint16_t type)
{
    switch (type) {
    case RR_TYPE_NS:
    case 3: /* MD */
    case 4: /* MF */
    case RR_TYPE_CNAME:
    case RR_TYPE_SOA:
    case 7: /* MB */
    case 8: /* MG */
    case 9: /* MR */
    case RR_TYPE_PTR:
    case 14: /* MINFO */
    case RR_TYPE_MX: return true;
    default: return false;
    }
}

bool
rrset_type_wants_add(uint16_t type)
{
    switch (type) {
    case RR_TYPE_NS:
    case 3:
    case 4:
    case 7:
    case RR_TYPE_MX:
    case RR_TYPE_SRV:
    case RR_TYPE_SVCB:
    case RR_TYPE_HTTPS: return true;
    default: return false;
    }
}

/* Bytes of `name` before the apex, if it lies in the zone; -1: it does not. */
static int
labels_before(const uint8_t *name, const uint8_t *apex)
{
    if (!name_is_under(name, apex))
        return -1;
    return (int)(name_len(name) - name_len(apex));
}

/* ---- a writer that only counts when it has no room -------------------------------- */

struct writer {
    const struct rrset_spec *spec;
    bool compresses;
    uint8_t *bytes; /* NULL: count only */
    uint16_t *fixes;
    struct rrset_add *adds;
    size_t len, fix_count, add_count;
};

static void
put(struct writer *writer, const void *bytes, size_t len)
{
    if (writer->bytes && len > 0)
        memcpy(writer->bytes + writer->len, bytes, len);
    writer->len += len;
}

static void
put16(struct writer *writer, unsigned value)
{
    const uint8_t bytes[] = { (uint8_t)(value >> 8), (uint8_t)value };

    put(writer, bytes, sizeof(bytes));
}

/* A pointer to the apex, to be written at copy time. */
static void
put_fix(struct writer *writer)
{
    if (writer->bytes)
        writer->fixes[writer->fix_count] = (uint16_t)writer->len;
    writer->fix_count++;
    put16(writer, 0xc00c);
}

static void
put_name(struct writer *writer, const uint8_t *name, bool compress)
{
    const int before = compress ? labels_before(name, writer->spec->apex) : -1;

    if (before < 0) {
        put(writer, name, name_len(name));
        return;
    }
    put(writer, name, (size_t)before);
    put_fix(writer);
}

static void
put_owner(struct writer *writer)
{
    if (writer->spec->owner)
        put_name(writer, writer->spec->owner, true);
    else
        put16(writer, 0xc00c);
}

static void
put_add(struct writer *writer, const struct rdata *rdata)
{
    if (writer->bytes)
        writer->adds[writer->add_count] =
            (struct rrset_add){ .offset = (uint16_t)writer->len, .ref = rdata->add_ref };
    writer->add_count++;
}

/* The rdata with its names compressed or not. */
static void
put_rdata(struct writer *writer, const struct rdata *rdata)
{
    size_t at = 0;

    for (unsigned i = 0; i < rdata->name_count; i++) {
        const uint8_t *const name = rdata->bytes + rdata->name[i];
        put(writer, rdata->bytes + at, rdata->name[i] - at);
        at = rdata->name[i] + name_len(name);
        if (rdata->wants_add && i + 1U == rdata->name_count &&
            name_is_under(name, writer->spec->apex) && writer->add_count < ADDS_MAX)
            put_add(writer, rdata);
        put_name(writer, name, writer->compresses);
    }
    put(writer, rdata->bytes + at, rdata->len - at);
}

static void
put_record(struct writer *writer, const struct rdata *rdata)
{
    const uint32_t ttl = writer->spec->ttl;

    put_owner(writer);
    put16(writer, writer->spec->type);
    put16(writer, RR_CLASS_IN);
    put16(writer, ttl >> 16);
    put16(writer, ttl & 0xffff);
    const size_t length_at = writer->len;
    put16(writer, 0);
    put_rdata(writer, rdata);
    const size_t rdlen = writer->len - length_at - 2;
    if (writer->bytes) {
        writer->bytes[length_at] = (uint8_t)(rdlen >> 8);
        writer->bytes[length_at + 1] = (uint8_t)rdlen;
    }
}

/* Writes all records; *ret_stride is their length if all are as long, else 0. */
static void
put_records(struct writer *writer, size_t *ret_stride)
{
    *ret_stride = 0;
    for (size_t i = 0; i < writer->spec->count; i++) {
        const size_t at = writer->len;
        put_record(writer, &writer->spec->records[i]);
        const size_t len = writer->len - at;
        if (i == 0)
            *ret_stride = len;
        else if (*ret_stride != len)
            *ret_stride = 0;
    }
}

static size_t
round4(size_t size)
{
    return (size + 3) & ~(size_t)3;
}

size_t
rrset_size(const struct rrset_spec *spec)
{
    struct writer writer = { .spec = spec,
                             .compresses = rrset_type_compresses(spec->type) };
    size_t stride;

    if (spec->count == 0 || spec->count > RRSET_RECORDS_MAX)
        return 0;
    put_records(&writer, &stride);
    if (writer.len > SET_LEN_MAX)
        return 0;
    return round4(sizeof(struct rrset) + writer.add_count * sizeof(struct rrset_add) +
                  writer.fix_count * sizeof(uint16_t) +
                  writer.len * (spec->twice ? 2 : 1));
}

void
rrset_write(const struct rrset_spec *spec, struct rrset *room)
{
    struct writer counted = { .spec = spec,
                              .compresses = rrset_type_compresses(spec->type) };
    size_t stride;

    put_records(&counted, &stride);
    *room = (struct rrset){ .ttl = spec->ttl,
                            .type = spec->type,
                            .count = (uint16_t)spec->count,
                            .len = (uint16_t)counted.len,
                            .stride = (uint16_t)stride,
                            .fix_count = (uint16_t)counted.fix_count,
                            .add_count = (uint8_t)counted.add_count,
                            .flags = (uint8_t)((spec->owner ? RRSET_OWNED : 0) |
                                               (spec->twice ? RRSET_TWICE : 0)) };
    struct writer writer = { .spec = spec, .compresses = counted.compresses };
    writer.adds = (struct rrset_add *)(void *)(room + 1);
    writer.fixes = (uint16_t *)(void *)(writer.adds + room->add_count);
    writer.bytes = (uint8_t *)(writer.fixes + room->fix_count);
    put_records(&writer, &stride);
    if (spec->twice)
        memcpy(writer.bytes + writer.len, writer.bytes, writer.len);
}
