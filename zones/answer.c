/* SPDX-License-Identifier: BSD-2-Clause */
/* From a query to the pieces of its answer: the zone, the name, the type. What lies
 * beyond the first name is in answer_chain.c, what goes along with an answer in
 * answer_more.c. */
#include "zones/answer.h"
#include "zones/answer_walk.h"
#include "zones/rotation.h"
#include <stddef.h>

enum { EDE_NOT_READY = 14, EDE_NOT_AUTHORITATIVE = 20 }; /* RFC 8914 4.15, 4.21 */

static void
add_negative(const struct walk *walk, enum answer_kind kind)
{
    struct answer *const answer = walk->answer;

    /* RFC 2308 3; the scope of a chain's first, dynamic CNAME stays, else it is 0 */
    answer->kind = (uint8_t)kind;
    if (kind == ANSWER_NXDOMAIN)
        answer->rcode = RCODE_NXDOMAIN;
    (void)answer_add(answer, SECTION_AUTHORITY, walk->entry->zone->negative_soa,
                     answer->apex);
}

/* A chain that began at a wildcard stays one. */
static inline void
set_positive(const struct walk *walk, enum found_kind found)
{
    struct answer *const answer = walk->answer;

    if (found == FOUND_WILDCARD || answer->kind == ANSWER_WILDCARD)
        answer->kind = ANSWER_WILDCARD;
    else
        answer->kind = ANSWER_POSITIVE;
}

/* Adds a set to the answer section; sets that are stored twice over rotate. */
static inline bool
put_set(const struct query *query, struct answer *answer, const struct rrset *set,
        uint16_t owner)
{
    if (!answer_add(answer, SECTION_ANSWER, set, owner))
        return false;
    if (set->flags & RRSET_TWICE)
        answer->pieces[answer->piece_count - 1].start =
            rotation_start(set, query->random);
    return true;
}

static void
add_static(const struct walk *walk, const struct zone_type *type)
{
    const struct zone *const zone = walk->entry->zone;
    /* a zone may share all of an older one but its serial */
    const struct rrset *const set =
        type->type == RR_TYPE_SOA ? zone->soa : zone_rrset(zone, type);

    if (put_set(walk->query, walk->answer, set, walk->owner) && set->add_count > 0)
        answer_additional(walk);
}

/* False: the type does not exist at this name. */
static bool
add_dynamic(const struct walk *walk, const struct zone_type *type)
{
    const struct dyntab *const dyntab = walk->entry->dyntabs[type->ref];
    struct answer *const answer = walk->answer;
    const uint16_t before = answer->piece_count;

    if (dyntab->absent)
        return false;
    if (walk->trail && dyntab->decision && walk->query->edns.ecs.present &&
        walk->query->edns.ecs.source_len > 0) {
        walk->trail->stopped = true;
        return true;
    }
    const uint8_t scope =
        dyntab_answer(dyntab, walk->query, SECTION_ANSWER, walk->owner, answer);
    if (answer->piece_count == before)
        return answer->truncated;
    if (scope > answer->scope)
        answer->scope = scope;
    return true;
}

static bool
add_type(const struct walk *walk, const struct zone_type *type)
{
    if (type->flags & ZONE_TYPE_DYNAMIC)
        return add_dynamic(walk, type);
    add_static(walk, type);
    return true;
}

/* RFC 8482 4.1: one of the sets that there are, best a static one, which is the same for
 * everybody; of these the lowest type. False: there is none. */
static bool
add_any(const struct walk *walk, const struct zone_name *name)
{
    const struct zone_type *const types = zone_types(name);
    const struct zone_type *lowest = NULL;

    for (unsigned i = 0; i < name->type_count; i++) {
        const bool is_static = !(types[i].flags & ZONE_TYPE_DYNAMIC);
        if (is_static && (!lowest || types[i].type < lowest->type))
            lowest = &types[i];
    }
    if (lowest) {
        add_static(walk, lowest);
        return true;
    }
    for (unsigned i = 0; i < name->type_count; i++) {
        if (add_dynamic(walk, &types[i]))
            return true;
    }
    return false;
}

/* The CNAME set that was just given, to be followed; NULL: it was not. */
static const struct rrset *
last_cname(struct walk *walk, const struct zone_name *name, uint16_t before)
{
    if (walk->answer->piece_count == before)
        return NULL;
    walk->link = name;
    return walk->answer->pieces[before].set;
}

/* The entry that answers the question: of its type, else a CNAME; NULL: there is none. */
static inline const struct zone_type *
wanted_type(const struct zone_name *name, uint16_t type)
{
    const struct zone_type *const types = zone_types(name);
    const struct zone_type *cname = NULL;

    for (unsigned i = 0; i < name->type_count; i++) {
        if (types[i].type == type)
            return &types[i];
        if (types[i].type == RR_TYPE_CNAME)
            cname = &types[i];
    }
    return cname;
}

/* What a name that exists has to say; as answer_name. */
static const struct rrset *
answer_types(struct walk *walk, struct found found)
{
    const uint16_t asked = walk->query->type;
    const uint16_t before = walk->answer->piece_count;
    const struct zone_type *const type =
        asked == RR_TYPE_ANY ? NULL : wanted_type(found.name, asked);
    const bool leads_on = type && type->type != asked;

    /* A loop: each link is given once. Or asked for is the DNAME that led here. */
    if ((leads_on || asked == RR_TYPE_DNAME) && walk_passed(walk, found.name))
        return NULL;
    set_positive(walk, found.kind);
    if (asked == RR_TYPE_ANY ? add_any(walk, found.name) : type && add_type(walk, type))
        return leads_on ? last_cname(walk, found.name, before) : NULL;
    add_negative(walk, ANSWER_NODATA);
    return NULL;
}

static const struct rrset *
answer_found(struct walk *walk, struct found found)
{
    switch (found.kind) {
    case FOUND_NAME:
    case FOUND_WILDCARD: return answer_types(walk, found);
    case FOUND_CUT: answer_referral(walk, found.name); return NULL;
    case FOUND_DNAME: return answer_dname(walk, found.name);
    case FOUND_NOTHING: break;
    }
    add_negative(walk, ANSWER_NXDOMAIN);
    return NULL;
}

const struct rrset *
answer_name(struct walk *walk)
{
    const struct zone_name *const exact =
        zone_find(walk->entry->zone, walk->hash[0], walk->name, walk->name_len);

    return answer_found(walk, answer_find(walk, exact));
}

/* ---- a query's own name --------------------------------------------------------- */

static void
refuse(struct answer *answer, enum rcode rcode, int16_t extended_error)
{
    answer->rcode = (uint16_t)rcode;
    answer->extended_error = extended_error;
}

/* Most questions are for a type of an ordinary name, with nothing to go along. False:
 * this is another. */
static inline bool
answer_at_once(const struct zone_entry *entry, const struct zone_name *name,
               const struct query *query, struct answer *answer)
{
    const struct zone_type *const types = zone_types(name);
    unsigned i = 0;

    if (name->flags & (ZONE_NAME_CUT | ZONE_NAME_BELOW_CUT) || query->type == RR_TYPE_SOA)
        return false;
    while (i < name->type_count && types[i].type != query->type)
        i++;
    if (i == name->type_count)
        return false;
    answer->kind = ANSWER_POSITIVE;
    if (types[i].flags & ZONE_TYPE_DYNAMIC) {
        const struct dyntab *const dyntab = entry->dyntabs[types[i].ref];
        if (dyntab->absent)
            return false;
        const uint8_t scope =
            dyntab_answer(dyntab, query, SECTION_ANSWER, DNS_HEADER_LEN, answer);
        answer->scope = answer->piece_count > 0 ? scope : 0;
        return answer->piece_count > 0;
    }
    const struct rrset *const set = zone_rrset(entry->zone, &types[i]);
    return set->add_count == 0 && put_set(query, answer, set, DNS_HEADER_LEN);
}

/* All others. exact: the entry of the query's name, or NULL. */
static void
answer_walk(const struct zone_entry *entry, const struct zone_name *exact,
            const struct query *query, unsigned apex_label, struct answer *answer)
{
    struct walk walk = {
        .entry = entry,
        .query = query,
        .answer = answer,
        .name = query->name,
        .label = query->label,
        .hash = query->hash,
        .name_len = query->name_len,
        .apex_label = (uint8_t)apex_label,
        .owner = DNS_HEADER_LEN,
    };
    const struct rrset *const cname = answer_found(&walk, answer_find(&walk, exact));

    if (cname)
        answer_chain(&walk, cname);
}

void
zone_answer(const struct snapshot *snapshot, const struct query *query,
            struct answer *answer)
{
    unsigned label = 0;
    const struct zone_entry *const entry = snapshot_zone(snapshot, query, &label);

    if (!entry) {
        refuse(answer, RCODE_REFUSED, EDE_NOT_AUTHORITATIVE);
        return;
    }
    answer->zone_slot = entry->slot;
    if (entry->state != ZONE_SERVED) {
        refuse(answer, RCODE_SERVFAIL, EDE_NOT_READY);
        return;
    }
    answer->apex = (uint16_t)(DNS_HEADER_LEN + query->label[label]);
    answer->authoritative = true;
    const struct zone_name *const exact =
        zone_find(entry->zone, query->hash[0], query->name, query->name_len);
    if (!exact || !answer_at_once(entry, exact, query, answer))
        answer_walk(entry, exact, query, label, answer);
}
