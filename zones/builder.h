/* SPDX-License-Identifier: BSD-2-Clause */
/* Collects names, static sets and dynamic records, and makes the immutable zone of them:
 * empty non-terminals, cuts and what is below them, wildcard flags, interned sets,
 * references for additional data. One thread. */
#ifndef ZONES_BUILDER_H
#define ZONES_BUILDER_H
#include "zones/dyn.h"
#include "zones/zone.h"

struct arena;
struct builder;

/* apex: wire, folded. NULL when out of memory. */
struct builder *builder_new(const uint8_t *apex);
void builder_free(struct builder *builder); /* NULL is fine */
/* Memory that goes over to the zone: dyns, policies, strings of inline records. */
struct arena *builder_arena(struct builder *builder);
/* Something will be added to this owner soon: brings its place into the cache. */
void builder_expect(const struct builder *builder, const uint8_t *owner);
/* Adds a static set. records' add_ref is ignored: references are found in builder_finish.
 * owner: wire, folded, in the zone. at: kept compactly (line, column; file by number) for
 * later errors. ERR_EXIST: type is there already. ERR_LIMIT. */
MUST_CHECK enum status builder_add(struct builder *builder, const uint8_t *owner,
                                   uint16_t type, uint32_t ttl,
                                   const struct rdata *records, size_t count,
                                   const struct diag_at *at);
/* Adds a dynamic type; equal dyns (content, not `owner` and `at`) are one. The dyn's
 * strings lie in builder_arena or live as long. */
MUST_CHECK enum status builder_add_dyn(struct builder *builder, const uint8_t *owner,
                                       const struct dyn *dyn);
/* Makes the zone; checks over the whole zone (check.c) go to diag. Needs an SOA. The
 * builder is spent: only builder_free is left. */
MUST_CHECK enum status builder_finish(struct builder *builder, struct diag *diag,
                                      struct zone **ret_zone);

#endif
