/* SPDX-License-Identifier: BSD-2-Clause */
/* A zone being read from YAML: shared by load.c (files, names, SOA), load_record.c (a
 * record's keys), load_rdata.c and load_svcb.c (values → rdata) and load_dyn.c (dynamic
 * forms). */
#ifndef ZONES_LOADING_H
#define ZONES_LOADING_H
#include "dns/base/yaml.h"
#include "zones/builder.h"
#include "zones/load.h"

struct arena;

enum { TYPE_ALIAS = 65401 }; /* octoDNS's and others' private number; never on the wire */

struct loading {
    const struct zone_load_options *options;
    struct diag *diag;
    struct builder *builder;
    struct arena *scratch;          /* forgotten after each name */
    uint8_t apex[NAME_LEN_MAX];     /* wire, folded */
    uint8_t first_ns[NAME_LEN_MAX]; /* of the apex; "" (root): none yet */
    bool has_soa;
    struct diag_at top; /* the first file, for errors of the whole */
};

/* The name at hand. */
struct owner_name {
    uint8_t wire[NAME_LEN_MAX]; /* folded */
    char text[NAME_TEXT_SIZE];  /* without the final dot */
    const char *shown;          /* as written, for messages */
};

/* A record's keys. */
struct record_keys {
    const struct yaml_node *type, *ttl, *value, *values, *dynamic, *geo, *octodns;
    struct diag_at at;
};

/* A value being read. */
struct valuing {
    struct loading *loading;
    const struct owner_name *owner;
    uint16_t type;
    const struct yaml_node *value;
    struct arena *arena;
};

/* Reports "owner: TYPE: what" at the value; ERR_INVALID. */
enum status load_refuse(const struct valuing *valuing, const char *what);
/* Reads one record (a map) of a name. ERR_INVALID: reported. */
MUST_CHECK enum status load_record(struct loading *loading,
                                   const struct owner_name *owner,
                                   const struct yaml_node *record);
/* One value → rdata, in `arena`. */
MUST_CHECK enum status load_rdata(struct loading *loading, const struct owner_name *owner,
                                  uint16_t type, const struct yaml_node *value,
                                  struct arena *arena, struct rdata *ret_rdata);
/* HTTPS and SVCB of octoDNS's map. Its keys are known ones. */
MUST_CHECK enum status load_service(const struct valuing *valuing,
                                    struct rdata *ret_rdata);
/* Parameters of HTTPS and SVCB (a map as octoDNS has it) → wire, in the builder's arena.
 */
MUST_CHECK enum status load_svcparams(struct loading *loading,
                                      const struct owner_name *owner,
                                      const struct yaml_node *map,
                                      const uint8_t **ret_bytes, uint16_t *ret_len);
/* A domain name with its final dot, IDNA applied. Reports. */
MUST_CHECK enum status load_target(struct loading *loading,
                                   const struct owner_name *owner,
                                   const struct yaml_node *value,
                                   uint8_t ret_name[NAME_LEN_MAX]);
/* Adds the dynamic record. types: the RR types that it gives. map: the one that names a
 * policy, pool or server (dynamic, or octodns.meridian); NULL: octoDNS's own. */
MUST_CHECK enum status load_dynamic(struct loading *loading,
                                    const struct owner_name *owner,
                                    const struct record_keys *keys, const uint16_t *types,
                                    size_t type_count, const struct yaml_node *map,
                                    uint32_t ttl);
/* ALIAS: A and AAAA of a target, or the addresses given. */
MUST_CHECK enum status load_alias(struct loading *loading, const struct owner_name *owner,
                                  const struct record_keys *keys, uint32_t ttl);
/* Adds one static set of these values; those of another family than the type are passed
 * over if `by_family`. */
MUST_CHECK enum status load_static(struct loading *loading,
                                   const struct owner_name *owner, uint16_t type,
                                   uint32_t ttl, const struct yaml_node *values,
                                   bool by_family, struct diag_at at);
/* Reports ERR_EXIST, ERR_LIMIT of the builder. */
enum status load_report(struct loading *loading, const struct owner_name *owner,
                        uint16_t type, enum status status, struct diag_at at);
/* "A", "TYPE65534"; returns buffer. */
const char *type_text(uint16_t type, char buffer[16]);

#endif
