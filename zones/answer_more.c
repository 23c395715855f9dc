/* SPDX-License-Identifier: BSD-2-Clause */
/* What goes along with an answer: addresses of the names in static sets, referrals and
 * their glue. A dynamic name's addresses never do: they are the client's own question
 * (RFC 7871 7.2.1 has no scope for additional data). */
#include "zones/answer_walk.h"

/* In the answer so far, the message offset where a set of the last piece begins, and what
 * it names. */
struct mention_source {
    const struct rrset *set;
    uint32_t begin;
};

static struct mention_source
last_piece(const struct answer *answer)
{
    const struct rrset *const set = answer->pieces[answer->piece_count - 1].set;

    return (struct mention_source){ set, (uint32_t)answer->end - set->len };
}

static bool
has_room(const struct answer *answer, const struct rrset *set)
{
    return answer->piece_count < ANSWER_PIECES_MAX &&
           (uint32_t)answer->end + set->len <= DNS_MESSAGE_MAX;
}

/* An optional set that has no room is just left out: RFC 2181 9. */
static void
add_set(const struct walk *walk, const struct zone_type *type, uint32_t owner,
        bool optional)
{
    struct answer *const answer = walk->answer;
    const struct rrset *const set = zone_rrset(walk->entry->zone, type);

    if (optional && !has_room(answer, set))
        return;
    if (!answer_add(answer, SECTION_ADDITIONAL, set, (uint16_t)owner))
        return;
    answer->pieces[answer->piece_count - 1].optional = optional;
}

/* The static addresses of one name; service is SVCB or HTTPS, whose alias targets want
 * the same type, too (RFC 9460 4.1), or 0. */
static void
add_name(const struct walk *walk, const struct zone_name *name, uint32_t owner,
         uint16_t service, bool optional)
{
    const uint16_t wanted[] = { RR_TYPE_A, RR_TYPE_AAAA, service };
    const unsigned count = service != 0 ? 3 : 2;

    if (owner > MESSAGE_POINTER_MAX)
        return;
    for (unsigned i = 0; i < count; i++) {
        const struct zone_type *const type = zone_type_find(name, wanted[i]);
        if (type && !(type->flags & ZONE_TYPE_DYNAMIC))
            add_set(walk, type, owner, optional);
    }
}

/* A target that is no name of the zone, or that an earlier record has brought. */
static bool
adds_nothing(const struct rrset_add *adds, unsigned index)
{
    if (adds[index].ref == 0)
        return true;
    for (unsigned i = index; i-- > 0;) {
        if (adds[i].ref == adds[index].ref)
            return true;
    }
    return false;
}

void
answer_additional(const struct walk *walk)
{
    const struct mention_source source = last_piece(walk->answer);
    const struct rrset_add *const adds = rrset_adds(source.set);
    const uint16_t type = source.set->type;
    const uint16_t service = type == RR_TYPE_SVCB || type == RR_TYPE_HTTPS ? type : 0;

    for (unsigned i = 0;
         i < source.set->add_count && walk->answer->piece_count < ANSWER_PIECES_MAX;
         i++) {
        if (adds_nothing(adds, i))
            continue;
        const struct zone_name *const name = zone_at(walk->entry->zone, adds[i].ref);
        if (!(name->flags & (ZONE_NAME_CUT | ZONE_NAME_BELOW_CUT)))
            add_name(walk, name, source.begin + adds[i].offset, service, true);
    }
}

/* RFC 9471 3.1: glue within the delegation is required, that of siblings and our own
 * names is not. */
static bool
is_in_domain(const struct zone *zone, const struct zone_name *cut,
             const struct zone_name *name)
{
    return name == cut ||
           (name->flags & ZONE_NAME_BELOW_CUT && zone_at(zone, name->cut) == cut);
}

static void
add_glue(const struct walk *walk, const struct zone_name *cut,
         struct mention_source source, bool in_domain)
{
    const struct zone *const zone = walk->entry->zone;
    const struct rrset_add *const adds = rrset_adds(source.set);
    const bool optional = !in_domain || walk->trail;

    for (unsigned i = 0; i < source.set->add_count && !walk->answer->truncated; i++) {
        if (adds_nothing(adds, i))
            continue;
        const struct zone_name *const name = zone_at(zone, adds[i].ref);
        if (is_in_domain(zone, cut, name) == in_domain)
            add_name(walk, name, source.begin + adds[i].offset, 0, optional);
    }
}

void
answer_referral(const struct walk *walk, const struct zone_name *cut)
{
    struct answer *const answer = walk->answer;
    const struct zone *const zone = walk->entry->zone;
    const struct rrset *const set = zone_rrset(zone, zone_type_find(cut, RR_TYPE_NS));
    const uint32_t owner = (uint32_t)walk->owner + walk->name_len - cut->name_len;

    if (!walk->trail) {
        answer->kind = ANSWER_REFERRAL;
        answer->authoritative = false;
    } else if (owner > MESSAGE_POINTER_MAX || !has_room(answer, set)) {
        return;
    }
    if (!answer_add(answer, SECTION_AUTHORITY, set, (uint16_t)owner))
        return;
    answer->pieces[answer->piece_count - 1].optional = walk->trail != NULL;
    const struct mention_source source = last_piece(answer);
    if (source.set->add_count == 0)
        return;
    add_glue(walk, cut, source, true);
    add_glue(walk, cut, source, false);
}
