/* SPDX-License-Identifier: BSD-2-Clause */
/* The inside of a builder, shared by builder.c (collecting), builder_finish.c (making the
 * zone) and check.c. */
#ifndef ZONES_BUILDING_H
#define ZONES_BUILDING_H
#include "dns/base/region.h"
#include "zones/builder.h"

/* A type of a name being collected. */
struct building_type {
    uint16_t type;
    uint8_t flags; /* enum zone_type_flag */
    uint16_t file; /* number; where it is written */
    uint32_t line, column;
    uint32_t ref;  /* as in struct zone_type */
    uint32_t next; /* number + 1 */
};

/* A name being collected. */
struct building_name {
    uint32_t hash;
    uint32_t name;   /* offset of its bytes in `names` */
    uint32_t types;  /* first type: number + 1 */
    uint32_t offset; /* /4 in memory, once it is written */
    uint32_t cut;    /* name number + 1 of the cut or DNAME above */
    uint8_t flags;   /* enum zone_name_flag */
    uint8_t len;
    uint16_t type_count;
};

/* Names by hash. */
struct name_slot {
    uint32_t hash;
    uint32_t number; /* + 1; 0: empty */
};

/* Sets by content. */
struct interned {
    uint32_t hash;
    uint32_t offset; /* /4; 0: empty */
};

struct builder {
    uint8_t apex[NAME_LEN_MAX];
    struct arena *arena;  /* goes over to the zone */
    struct region memory; /* goes over to the zone */
    struct region name_bytes;
    struct building_name *names;
    size_t name_count, name_capacity;
    struct name_slot *slots;
    size_t slot_count;
    struct building_type *types;
    size_t type_count, type_capacity;
    struct interned *sets;
    size_t set_count, set_slots;
    struct dyn *dyns;
    size_t dyn_count, dyn_capacity;
    uint32_t *dyn_slots; /* by content: number + 1 */
    size_t dyn_slot_count;
    uint32_t *with_adds; /* offsets/4 of sets with references to names */
    size_t with_adds_count, with_adds_capacity;
    const char **files;
    size_t file_count, file_capacity;
    size_t record_count;
    uint64_t content_hash;
};

static inline const uint8_t *
building_bytes(const struct builder *builder, const struct building_name *name)
{
    return builder->name_bytes.base + name->name;
}

/* Number of a name, or SIZE_MAX. */
size_t building_find(const struct builder *builder, const uint8_t *name, size_t len,
                     uint32_t hash);
/* A type of a name, or NULL. */
struct building_type *building_type_of(const struct builder *builder,
                                       const struct building_name *name, uint16_t type);
struct diag_at building_at(const struct builder *builder,
                           const struct building_type *type);
/* Writes a set to memory, once for equal ones. ERR_LIMIT: too large. */
MUST_CHECK enum status building_intern(struct builder *builder,
                                       const struct rrset_spec *spec, uint32_t *ret_ref);
/* check.c: everything wrong with the zone as a whole; zone is made but for its serial's
 * owner. */
void check_zone(const struct builder *builder, const struct zone *zone,
                struct diag *diag);

#endif
