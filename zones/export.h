/* SPDX-License-Identifier: BSD-2-Clause */
/* A zone as an RFC 1035 master file, for people to read and other servers to load.
 * Dynamic records, which no master file can hold, are comments that say what they name.
 */
#ifndef ZONES_EXPORT_H
#define ZONES_EXPORT_H
#include "dns/base/status.h"
#include <stdio.h>

struct zone;

/* Names in canonical order, the SOA first. ERR_NOMEM; ERR_IO: out has failed. */
MUST_CHECK enum status export_master(const struct zone *zone, FILE *out);

#endif
