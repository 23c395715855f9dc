/* SPDX-License-Identifier: BSD-2-Clause */
/* A zone as it is served: every name with its types, in one region of memory, found
 * through a hash table. Immutable once made; shared by snapshots. Nothing in it depends
 * on routing, places or health: a dynamic type holds the number of a struct dyn, and the
 * snapshot knows what that gives today.
 *
 *   slots {hash, offset/4}  →  struct zone_name | types[] | name bytes      offset 0 of
 * the region is never a name ↳ ref: struct rrset (offset/4), or the number of a dyn
 */
#ifndef ZONES_ZONE_H
#define ZONES_ZONE_H
#include "dns/answer.h"
#include "dns/base/diag.h"
#include "dns/base/part.h"
#include "dns/name.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dyn;

enum zone_name_flag {
    ZONE_NAME_CUT = 1,          /* a delegation: NS here, not the apex */
    ZONE_NAME_BELOW_CUT = 2,    /* glue or hidden data */
    ZONE_NAME_HAS_WILDCARD = 4, /* *.this exists */
    ZONE_NAME_DNAME = 8,
    ZONE_NAME_EMPTY = 16, /* empty non-terminal (RFC 8020: exists) */
};

struct zone_name {
    uint8_t flags;    /* enum zone_name_flag */
    uint8_t name_len; /* wire, folded, whole; the bytes follow the types */
    uint16_t type_count;
    uint32_t cut; /* below a cut: offset/4 of the cut's name; else 0 */
};

enum zone_type_flag { ZONE_TYPE_DYNAMIC = 1 };

struct zone_type {
    uint16_t type;
    uint8_t flags; /* enum zone_type_flag */
    uint8_t pad;
    uint32_t
        ref; /* static: the set's offset/4 in the region; dynamic: number of the dyn */
};

struct zone_slot {
    uint32_t hash;   /* name_hash of the whole name */
    uint32_t offset; /* /4; 0: empty */
};

struct zone {
    struct part part;
    uint8_t apex[NAME_LEN_MAX]; /* wire, folded */
    uint8_t apex_len;
    uint8_t apex_labels;
    uint32_t slot_mask; /* slots − 1; a power of two, at most half full */
    const struct zone_slot *slots;
    const uint8_t *memory; /* the region */
    const struct zone_name *apex_name;
    const struct rrset *soa;          /* with its own TTL */
    const struct rrset *negative_soa; /* TTL min(TTL, MINIMUM), RFC 2308 */
    const struct dyn *dyns; /* [dyn_count]; strings and policies in the zone's arena */
    size_t dyn_count;
    size_t name_count; /* names that hold records */
    size_t record_count;
    size_t size;           /* bytes held */
    uint32_t serial;       /* as in soa */
    bool serial_written;   /* the file's own SOA */
    uint64_t content_hash; /* of all names, types and sets but the serial: what a transfer
                              carries, routing apart */
    void *owned;           /* builder.c's */
};

static inline const struct zone_name *
zone_at(const struct zone *zone, uint32_t offset)
{
    return (const struct zone_name *)(const void *)(zone->memory + (size_t)offset * 4);
}

static inline const struct zone_type *
zone_types(const struct zone_name *name)
{
    return (const struct zone_type *)(const void *)(name + 1);
}

static inline const uint8_t *
zone_name_bytes(const struct zone_name *name)
{
    return (const uint8_t *)(const void *)(zone_types(name) + name->type_count);
}

static inline const struct rrset *
zone_rrset(const struct zone *zone, const struct zone_type *type)
{
    return (const struct rrset *)(const void *)(zone->memory + (size_t)type->ref * 4);
}

/* The name (folded, in full) with its hash, or NULL. Query path. */
const struct zone_name *zone_find(const struct zone *zone, uint32_t hash,
                                  const uint8_t *name, size_t name_len);
/* The entry of one type, or NULL. Query path. */
const struct zone_type *zone_type_find(const struct zone_name *name, uint16_t type);
/* All names (each once, no order); visit returns false to stop. */
typedef bool (*zone_visit_fn)(void *context, const struct zone_name *name);
void zone_walk(const struct zone *zone, zone_visit_fn visit, void *context);

#endif
