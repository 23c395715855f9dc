/* SPDX-License-Identifier: BSD-2-Clause */
/* Zones for tests from records in presentation form, without YAML. */
#ifndef TESTS_LIB_ZONE_TEXT_H
#define TESTS_LIB_ZONE_TEXT_H
#include "zones/builder.h"

/* One record a line, owners absolute; empty lines are skipped. Adds to a builder, sets in
 * order of appearance. Aborts on any error. */
void zone_text_add(struct builder *builder, const char *records);
/* The zone of these records; an SOA is added if there is none. */
struct zone *zone_text(const char *apex, const char *records);

#endif
