/* SPDX-License-Identifier: BSD-2-Clause */
/* A name on its way to an answer: the query's own, or what a CNAME or DNAME made of it.
 * Between the files answer*.c only. */
#ifndef ZONES_ANSWER_WALK_H
#define ZONES_ANSWER_WALK_H
#include "zones/snapshot.h"

/* What a compression pointer can reach (RFC 1035 4.1.4). */
enum { MESSAGE_POINTER_MAX = 0x3fff };

/* Beyond the first name: where it is kept, and what was passed. */
struct trail {
    /* RFC 7871 7.2.1: a dynamic record after a CNAME; only the first link is given */
    bool stopped;
    uint8_t links; /* names passed */
    /* whose CNAME or DNAME was given */
    const struct zone_name *passed[ANSWER_CHAIN_MAX];
    uint8_t name[NAME_LEN_MAX];
    uint8_t label[NAME_LABELS_MAX + 1];
    uint32_t hash[NAME_LABELS_MAX + 1];
};

struct walk {
    const struct zone_entry *entry;
    const struct query *query;
    struct answer *answer;
    const uint8_t *name;  /* folded, in full */
    const uint8_t *label; /* as in struct query */
    const uint32_t *hash; /* as in struct query */
    uint16_t name_len;
    uint8_t apex_label;           /* where the zone's apex begins */
    uint16_t owner;               /* message offset of the name */
    const struct zone_name *link; /* whose CNAME or DNAME was given last */
    struct trail *trail;          /* NULL: the query's own name */
};

static inline bool
walk_passed(const struct walk *walk, const struct zone_name *name)
{
    for (unsigned i = 0; walk->trail && i < walk->trail->links; i++) {
        if (walk->trail->passed[i] == name)
            return true;
    }
    return false;
}

enum found_kind {
    FOUND_NAME,     /* `name` has it */
    FOUND_WILDCARD, /* `name` is the wildcard that covers it (RFC 4592) */
    FOUND_CUT,      /* at or below the delegation `name` */
    FOUND_DNAME,    /* below `name`, which has a DNAME */
    FOUND_NOTHING,
};

struct found {
    const struct zone_name *name;
    enum found_kind kind;
};

/* answer_find.c: RFC 1034 4.3.2 step 3. exact: the entry of the walk's name, or NULL. A
 * DS at a cut is the parent's: then the cut is FOUND_NAME. */
struct found answer_find(const struct walk *walk, const struct zone_name *exact);

/* answer.c: adds what the zone says of the walk's name. Returns the CNAME set to be
 * followed, just added as the last piece, with walk->link set; or NULL: the answer is
 * complete. */
const struct rrset *answer_name(struct walk *walk);

/* answer_chain.c: follows the CNAME that the query's name has (answer_name returned it).
 */
void answer_chain(struct walk *walk, const struct rrset *cname);
/* The DNAME set above the walk's name and the CNAME that it means (RFC 6672 3.2), to be
 * followed; NULL: YXDOMAIN, no room, or it was the CNAME that was asked for. */
const struct rrset *answer_dname(struct walk *walk, const struct zone_name *dname);

/* answer_more.c: addresses of the names in the last piece added, a static one. */
void answer_additional(const struct walk *walk);
/* NS set of a cut above the walk's name, with glue: a referral, or, at the end of a
 * chain, where to ask on (RFC 1034 4.3.2 step 3b), as far as there is room. */
void answer_referral(const struct walk *walk, const struct zone_name *cut);

#endif
