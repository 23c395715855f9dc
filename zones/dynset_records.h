/* SPDX-License-Identifier: BSD-2-Clause */
/* The rdata of one ready set: what its members give, as records, each once. */
#ifndef ZONES_DYNSET_RECORDS_H
#define ZONES_DYNSET_RECORDS_H
#include "zones/dynset.h"
#include "zones/rrset.h"

/* Reused from set to set. Zeroed is empty. */
struct dynset_records {
    const struct dynset_maker *maker;
    uint8_t *bytes; /* all rdata, one after the other */
    size_t len, capacity;
    struct rdata *rdata; /* bytes are set by dynset_records_make, last */
    size_t count, rdata_capacity;
    uint32_t *slots; /* rdata by content: number + 1 */
    size_t slot_capacity;
};

void dynset_records_done(struct dynset_records *records);
/* What these items give: in records->rdata, [count]. ERR_NOMEM. */
MUST_CHECK enum status dynset_records_make(struct dynset_records *records,
                                           const struct dynset_item *items, size_t count);

#endif
