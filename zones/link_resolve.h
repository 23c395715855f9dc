/* SPDX-License-Identifier: BSD-2-Clause */
/* What one dynamic record's names mean: the first half of link.c. */
#ifndef ZONES_LINK_RESOLVE_H
#define ZONES_LINK_RESOLVE_H
#include "zones/link.h"

struct link_meaning {
    const struct dyn *dyn;       /* the record's own, or an ALIAS's, made in the arena */
    const struct policy *policy; /* NULL: fixed */
    const struct server *server; /* fixed */
    uint64_t export_hash;        /* of what a transfer would show of it */
};

/* Errors and warnings at the dyn's place go to diag (NULL: nobody cares). ERR_INVALID: a
 * name means nothing. ERR_NOMEM. */
MUST_CHECK enum status link_resolve(const struct link_input *input, const struct dyn *dyn,
                                    struct arena *arena, struct diag *diag,
                                    struct link_meaning *ret_meaning);

#endif
