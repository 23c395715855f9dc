/* SPDX-License-Identifier: BSD-2-Clause */
/* What a dynamic record gives today: choice → ready sets. Made when the choices of its
 * decision, its routing or its zone change; a query copies from it. */
#ifndef ZONES_DYNTAB_H
#define ZONES_DYNTAB_H
#include "dns/answer.h"
#include "dns/base/part.h"
#include "zones/dyn.h"
#include "zones/steering/decision.h"
#include "zones/steering/draw.h"

struct dynset_set {
    const struct rrset *set; /* flag TWICE: rotated */
    uint64_t member;         /* draw_member of whom it is */
    uint32_t weight;         /* of the draw; any scale, the same in a group */
};

/* What is answered of one pool: all sets (the whole pool is one set), or the best by
 * FORMATS' draw of single-member sets. */
struct dynset_group {
    const struct dynset_set *sets;
    uint16_t count;
    uint8_t answers; /* at most DYNSET_ANSWERS_MAX */
    bool sticks;     /* `stick: client` */
};
enum { DYNSET_ANSWERS_MAX = ANSWER_PIECES_MAX / 2 };

/* The answer of one choice. */
struct dynset {
    uint32_t ttl; /* after the TTL rule */
    uint32_t group_count;
    struct dynset_group groups[];
};

/* A part. */
struct dyntab {
    struct part part;
    const struct dyn *dyn;     /* borrowed: of the zone, which the snapshot holds */
    struct decision *decision; /* one reference; NULL: `fixed` (server: forms) */
    const struct dynset *const *by_choice; /* [decision->choice_count] */
    const struct dynset *fixed;
    bool absent; /* the type does not exist at this name (no member of that family):
                    NODATA */
    struct part *shelf; /* dyntab.c's: the sets, perhaps shared with the table before */
};

/* What a table is built of; all borrowed. */
struct dyntab_input {
    const struct dyn *dyn;
    const uint8_t *apex;       /* of the zone, wire */
    struct decision *decision; /* the table takes a reference; NULL: fixed */
    const struct server
        *server; /* fixed: the routing entry of a DYN_SERVER, or what an ALIAS found */
    const struct dyntab *previous; /* NULL, or the last table of the same dyn and plan:
                                      its sets are shared if nothing new is among them */
};
/* Builds the table of one dyn for one decision. ERR_NOMEM. Type existence: FORMATS "Which
 * types exist at a dynamic name". */
MUST_CHECK enum status dyntab_new(const struct dyntab_input *input,
                                  struct dyntab **ret_dyntab);
/* Does this record's type exist with this plan (first pool of every class has a wanted
 * member; `borrow`: any pool of it)? Same everywhere. */
bool dyn_type_exists(const struct dyn *dyn, const struct plan *plan);
/* What the record wants of a choice. */
struct want dyn_want(const struct dyn *dyn);
/* Does a server have what is wanted? Does any member of a chain's first pool? */
bool dyn_server_has(const struct server *server, const struct want *want);
bool dyn_pool_has(const struct plan *plan, const struct plan_chain *chain,
                  const struct want *want);

/* Query path: the ready sets for one client, appended to the answer as pieces with this
 * owner. Returns the scope of the decision (0 for fixed). */
struct query;
uint8_t dyntab_answer(const struct dyntab *dyntab, const struct query *query,
                      enum section section, uint16_t owner, struct answer *answer);

#endif
