/* SPDX-License-Identifier: BSD-2-Clause */
/* What ldns takes in presentation form, but cuts to fit: numbers beyond their field, half
 * a byte of hexadecimal, places beyond the poles. */
#ifndef ZONES_RDATA_CHECK_H
#define ZONES_RDATA_CHECK_H
#include "dns/base/status.h"
#include <stddef.h>
#include <stdint.h>

/* Rdata in presentation form of a type. ERR_RANGE: what is wrong stands in `problem`. */
MUST_CHECK enum status rdata_check(uint16_t type, const char *text, char *problem,
                                   size_t size);

#endif
