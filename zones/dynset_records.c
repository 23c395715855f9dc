/* SPDX-License-Identifier: BSD-2-Clause */
#include "zones/dynset_records.h"
#include "dns/base/array.h"
#include "dns/name.h"
#include <stdlib.h>
#include <string.h>

enum {
    PARAM_HEAD_LEN = 4, /* key, length (RFC 9460 2.2) */
    PARAM_IPV4HINT = 4,
    PARAM_IPV6HINT = 6,
    HINTS_MAX = 64, /* of a family: more help nobody */
    SVCB_PRIORITY_FIRST = 1,
    PRIORITY_STEP = 10, /* FORMATS: SRV and MX of the next pool */
    U16_MAX = 0xffff,
};

void
dynset_records_done(struct dynset_records *records)
{
    free(records->bytes);
    free(records->rdata);
    free(records->slots);
}

static bool
has_family(const struct server *server, uint8_t family)
{
    for (size_t i = 0; i < server->address_count; i++) {
        if (server->addresses[i].family == family)
            return true;
    }
    return false;
}

/* Whose addresses an item gives. A value of an inline record that a server entry owns
 * means that server (FORMATS): what is written is given, and of what it does not say what
 * the entry has. */
static const struct server *
server_for(const struct dynset_maker *maker, const struct dynset_item *item,
           uint8_t family)
{
    if (!maker->plan)
        return maker->server;
    const struct plan_member *const member = &maker->plan->members[item->member];
    return has_family(member->member->server, family) ? member->member->server
                                                      : member->entry;
}

static const char *
host_of(const struct dynset_maker *maker, const struct dynset_item *item)
{
    if (!maker->plan)
        return maker->server->host;
    const struct plan_member *const member = &maker->plan->members[item->member];
    return member->member->server->host ? member->member->server->host
                                        : member->entry->host;
}

/* ---- bytes of the record that is being written --------------------------------- */

static enum status
put(struct dynset_records *records, const void *bytes, size_t len)
{
    const enum status status =
        array_reserve(&records->bytes, &records->capacity, records->len + len, 1);

    if (status != OK || len == 0)
        return status;
    memcpy(records->bytes + records->len, bytes, len);
    records->len += len;
    return OK;
}

static enum status
put_u16(struct dynset_records *records, unsigned value)
{
    return put(records, (uint8_t[]){ (uint8_t)(value >> 8), (uint8_t)value }, 2);
}

static enum status
put_name(struct dynset_records *records, const char *text)
{
    uint8_t name[NAME_LEN_MAX];
    const enum status status = name_from_text(text, NULL, name);

    return status == OK ? put(records, name, name_len(name)) : status;
}

/* Ends a record that began at `begin`; too long a one is forgotten. */
static enum status
end_record(struct dynset_records *records, size_t begin)
{
    const enum status status = array_reserve(&records->rdata, &records->rdata_capacity,
                                             records->count + 1, sizeof(*records->rdata));
    if (status != OK)
        return status;
    const size_t len = records->len - begin;
    if (len > U16_MAX) {
        records->len = begin;
        return OK;
    }
    records->rdata[records->count++] = (struct rdata){ .len = (uint16_t)len };
    return OK;
}

/* ---- kinds of records ---------------------------------------------------------- */

static enum status
add_addresses(struct dynset_records *records, const struct dynset_item *item,
              uint8_t family)
{
    const struct server *const server = server_for(records->maker, item, family);
    enum status status = OK;

    for (size_t i = 0; status == OK && i < server->address_count; i++) {
        const size_t begin = records->len;
        if (server->addresses[i].family != family)
            continue;
        status =
            put(records, server->addresses[i].bytes, addr_len(&server->addresses[i]));
        if (status == OK)
            status = end_record(records, begin);
    }
    return status;
}

static unsigned
cap_u16(uint64_t value)
{
    return value < U16_MAX ? (unsigned)value : U16_MAX;
}

static enum status
add_host(struct dynset_records *records, const struct dynset_item *item)
{
    const struct dyn *const dyn = records->maker->dyn;
    const unsigned priority =
        cap_u16(dyn->priority + (uint64_t)item->step * PRIORITY_STEP);
    const uint64_t weight = ((uint64_t)item->weight + (1U << 15)) >> 16;
    const size_t begin = records->len;
    enum status status = OK;

    if (dyn->type == RR_TYPE_SRV || dyn->type == RR_TYPE_MX)
        status = put_u16(records, priority);
    if (dyn->type == RR_TYPE_SRV) {
        if (status == OK)
            status = put_u16(records, weight > 0 ? cap_u16(weight) : 1);
        if (status == OK)
            status = put_u16(records, dyn->port);
    }
    if (status == OK)
        status = put_name(records, host_of(records->maker, item));
    return status == OK ? end_record(records, begin) : status;
}

static enum status
add_payload(struct dynset_records *records, const struct dynset_item *item)
{
    const struct rdata *const payload =
        records->maker->plan->members[item->member].member->payload;
    const size_t begin = records->len;
    const enum status status = put(records, payload->bytes, payload->len);

    return status == OK ? end_record(records, begin) : status;
}

/* ---- HTTPS and SVCB ------------------------------------------------------------ */

/* The addresses of all items that give a family, as one parameter; none: nothing. */
static enum status
put_hints(struct dynset_records *records, const struct dynset_item *items, size_t count,
          unsigned key)
{
    const uint8_t family = key == PARAM_IPV4HINT ? ADDR_V4 : ADDR_V6;
    const uint8_t gives = key == PARAM_IPV4HINT ? GIVES_V4 : GIVES_V6;
    const size_t address_len = key == PARAM_IPV4HINT ? 4 : 16;
    const size_t head = records->len;
    enum status status = put(records, (uint8_t[PARAM_HEAD_LEN]){ 0 }, PARAM_HEAD_LEN);
    size_t hints = 0;

    for (size_t i = 0; status == OK && i < count; i++) {
        if (!(items[i].gives & gives) || items[i].member == DYNSET_NOBODY)
            continue;
        const struct server *const server = server_for(records->maker, &items[i], family);
        for (size_t a = 0; status == OK && a < server->address_count; a++) {
            if (server->addresses[a].family == family && hints++ < HINTS_MAX)
                status = put(records, server->addresses[a].bytes, address_len);
        }
    }
    const size_t len = records->len - head - PARAM_HEAD_LEN;
    if (status != OK || len == 0) {
        records->len = head;
        return status;
    }
    records->bytes[head + 1] = (uint8_t)key;
    records->bytes[head + 2] = (uint8_t)(len >> 8);
    records->bytes[head + 3] = (uint8_t)len;
    return OK;
}

/* The written parameters and the hints, by ascending key (RFC 9460 2.2). */
static enum status
put_params(struct dynset_records *records, const struct dynset_item *items, size_t count)
{
    static const unsigned hints[] = { PARAM_IPV4HINT, PARAM_IPV6HINT };
    static const uint8_t none[1] = { 0 };
    const struct dyn *const dyn = records->maker->dyn;
    const uint8_t *const params = dyn->svcparams_len > 0 ? dyn->svcparams : none;
    enum status status = OK;
    size_t at = 0;

    for (size_t i = 0; status == OK && i < 2; i++) {
        const size_t begin = at;
        while (at + PARAM_HEAD_LEN <= dyn->svcparams_len &&
               (unsigned)(params[at] << 8 | params[at + 1]) < hints[i])
            at += PARAM_HEAD_LEN + (size_t)(params[at + 2] << 8 | params[at + 3]);
        status = put(records, params + begin, at - begin);
        if (status == OK)
            status = put_hints(records, items, count, hints[i]);
    }
    return status == OK ? put(records, params + at, dyn->svcparams_len - at) : status;
}

static enum status
add_service(struct dynset_records *records, const struct dynset_item *items, size_t count)
{
    static const uint8_t root[] = { 0 };
    const uint8_t *const target = records->maker->dyn->target_name;
    const size_t begin = records->len;
    enum status status = put_u16(records, SVCB_PRIORITY_FIRST + items[0].step);

    if (status == OK && items[0].gives & GIVES_HOST)
        status = put_name(records, host_of(records->maker, items));
    else if (status == OK)
        status = put(records, target ? target : root,
                     target ? name_len(target) : sizeof(root));
    if (status == OK)
        status = put_params(records, items, count);
    return status == OK ? end_record(records, begin) : status;
}

/* The first record is of all items that give hints, then each host has one. */
static enum status
add_services(struct dynset_records *records, const struct dynset_item *items,
             size_t count)
{
    size_t at = 0;

    while (at < count && !(items[at].gives & GIVES_HOST))
        at++;
    enum status status = at > 0 ? add_service(records, items, at) : OK;
    for (; status == OK && at < count; at++)
        status = add_service(records, &items[at], 1);
    return status;
}

/* ---- all ------------------------------------------------------------------- */

static enum status
add_item(struct dynset_records *records, const struct dynset_item *item)
{
    if (item->gives & GIVES_V4)
        return add_addresses(records, item, ADDR_V4);
    if (item->gives & GIVES_V6)
        return add_addresses(records, item, ADDR_V6);
    return item->gives & GIVES_HOST ? add_host(records, item)
                                    : add_payload(records, item);
}

/* The slot of equal rdata, or the empty one where it belongs. */
static uint32_t *
find_slot(const struct dynset_records *records, const struct rdata *rdata, size_t mask)
{
    uint64_t hash = rdata->len;

    for (size_t i = 0; i < rdata->len; i++)
        hash = (hash ^ rdata->bytes[i]) * 0x100000001b3U;
    for (size_t at = (hash ^ (hash >> 32)) & mask;; at = (at + 1) & mask) {
        const uint32_t number = records->slots[at];
        if (!number)
            return &records->slots[at];
        const struct rdata *const other = &records->rdata[number - 1];
        if (other->len == rdata->len &&
            memcmp(other->bytes, rdata->bytes, rdata->len) == 0)
            return &records->slots[at];
    }
}

/* The rdata lie one after the other: now that they stay where they are, each learns
 * where. Repeated ones are dropped: RFC 2181 5. */
static enum status
place(struct dynset_records *records)
{
    const uint8_t *at = records->bytes;
    size_t slot_count = 4;
    size_t kept = 0;

    while (slot_count < 2 * records->count)
        slot_count *= 2;
    const enum status status = array_reserve(&records->slots, &records->slot_capacity,
                                             slot_count, sizeof(*records->slots));
    if (status != OK)
        return status;
    memset(records->slots, 0, slot_count * sizeof(*records->slots));
    for (size_t i = 0; i < records->count; i++) {
        struct rdata rdata = records->rdata[i];
        rdata.bytes = at;
        at += rdata.len;
        uint32_t *const slot = find_slot(records, &rdata, slot_count - 1);
        if (*slot)
            continue;
        records->rdata[kept++] = rdata;
        *slot = (uint32_t)kept;
    }
    records->count = kept;
    return OK;
}

enum status
dynset_records_make(struct dynset_records *records, const struct dynset_item *items,
                    size_t count)
{
    const uint16_t type = records->maker->dyn->type;
    enum status status = OK;

    records->len = 0;
    records->count = 0;
    if (type == RR_TYPE_HTTPS || type == RR_TYPE_SVCB) {
        status = add_services(records, items, count);
    } else {
        for (size_t i = 0; status == OK && i < count; i++)
            status = add_item(records, &items[i]);
    }
    return status == OK ? place(records) : status;
}
