/* SPDX-License-Identifier: BSD-2-Clause */
/* Presentation form: what ldns takes, but cuts to fit or completes silently (numbers
 * beyond their field, half a byte of hexadecimal, places beyond the poles, names without
 * their final dot, parameters of a service written twice), and the way back. */
#ifndef ZONES_RDATA_CHECK_H
#define ZONES_RDATA_CHECK_H
#include "dns/base/status.h"
#include <stddef.h>
#include <stdint.h>

/* Rdata in presentation form of a type. ERR_RANGE: what is wrong stands in `problem`. */
MUST_CHECK enum status rdata_check(uint16_t type, const char *text, char *problem,
                                   size_t size);

struct rdata; /* zones/rrset.h */
/* Rdata in presentation form, by ldns. The caller frees it; NULL: out of memory. */
char *rdata_text(uint16_t type, const struct rdata *rdata);

#endif
