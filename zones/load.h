/* SPDX-License-Identifier: BSD-2-Clause */
/* Zone YAML (octoDNS's format and ours, FORMATS.md) → struct zone. */
#ifndef ZONES_LOAD_H
#define ZONES_LOAD_H
#include "dns/base/status.h"
#include "zones/zone.h"

struct zone_load_options {
    const char
        *name; /* the zone: "yourdomain.com", final dot or not; IDNA 2008 applied here */
    const char *const
        *paths; /* the YAML files, merged: NAME.yaml, or all of the folder `NAME.` */
    size_t path_count;
    const char *folder;        /* the configuration's folder, as in yaml_open */
    uint32_t ttl, dynamic_ttl; /* defaults */
    const char *soa_rname;     /* NULL: hostmaster.ZONE */
    uint32_t soa_minimum, soa_refresh, soa_retry, soa_expire,
        soa_ttl;     /* of a made-up SOA */
    uint32_t serial; /* of a made-up SOA */
};

/* Files that were read, for watching; the caller frees with zone_files_done. */
struct zone_files {
    char **paths;
    size_t count;
};
void zone_files_done(struct zone_files *files);

/* Reads, checks (check.c's rules included) and builds. All errors and warnings of all
 * files go to diag; with any error ERR_INVALID. *ret_files (may be NULL) is filled in any
 * case. Thread: any one (nothing global). */
MUST_CHECK enum status zone_load(const struct zone_load_options *options,
                                 struct diag *diag, struct zone_files *ret_files,
                                 struct zone **ret_zone);
/* The same zone with another serial in its SOA: cheap, shares everything else; holds
 * `zone`. Only where !serial_written. */
MUST_CHECK enum status zone_with_serial(struct zone *zone, uint32_t serial,
                                        struct zone **ret_zone);
/* "münchen.example" → wire, folded. ERR_FORMAT, ERR_RANGE. */
MUST_CHECK enum status zone_name_from_text(const char *text,
                                           uint8_t ret_name[NAME_LEN_MAX]);

#endif
