/* SPDX-License-Identifier: BSD-2-Clause */
/* Special-purpose address space (RFC 6890 and the IANA registries it made): addresses
 * that are nowhere. */
#ifndef GEOIP_SPECIAL_H
#define GEOIP_SPECIAL_H
#include <stddef.h>

/* Prefixes as text; ends with NULL. Blocks that hide IPv4 addresses are not among them:
 * see geo_map_find. */
const char *const *special_prefixes(void);

#endif
