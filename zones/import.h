/* SPDX-License-Identifier: BSD-2-Clause */
/* An RFC 1035 master file as zone YAML: the way in for zones of other servers. octoDNS's
 * keys where they say all of it, the presentation form
 * (`rdata`) elsewhere. */
#ifndef ZONES_IMPORT_H
#define ZONES_IMPORT_H
#include "dns/base/status.h"
#include <stdio.h>

struct diag;

enum { IMPORT_RECORDS_MAX = 20000000 };

/* Reads the file at path ($ORIGIN and $TTL are understood, $INCLUDE is refused), writes
 * YAML to out: names in canonical order, the apex first. Records that are not below
 * origin are left out with a warning. ERR_INVALID: reported to diag, nothing was written;
 * ERR_IO: out has failed; ERR_LIMIT, ERR_NOMEM. */
MUST_CHECK enum status import_master(const char *path, const char *origin, FILE *out,
                                     struct diag *diag);

#endif
