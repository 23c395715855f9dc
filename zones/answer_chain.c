/* SPDX-License-Identifier: BSD-2-Clause */
/* CNAME chains within one zone, and DNAMEs, which make CNAMEs. A link's owner is where
 * the target was written in the piece before it. */
#include "zones/answer_walk.h"
#include <string.h>

/* A build that fills locals with a pattern need not fill this one: 1 KB. */
#if defined(__has_attribute) && __has_attribute(uninitialized)
#define UNINITIALIZED __attribute__((uninitialized))
#else
#define UNINITIALIZED
#endif

enum {
    RECORD_HEAD_LEN = 12, /* owner pointer, type, class, ttl, rdlen */
    POINTER_LEN = 2,
    OWNED_HEAD_LEN = 10, /* the same without the owner */
};

static void
copy_folded(uint8_t *to, const uint8_t *from, size_t len)
{
    for (size_t i = 0; i < len; i++) /* a length byte is below 'A' */
        to[i] = (uint8_t)(from[i] | ((unsigned)(from[i] - 'A') < 26U ? 0x20U : 0U));
}

/* Writes the target, folded and in full. 0: it does not lie in the zone, as far as its
 * length tells. */
static size_t
copy_target(const struct zone_entry *entry, const struct rrset *cname, uint8_t *name)
{
    const uint8_t *const target = rrset_bytes(cname) + RECORD_HEAD_LEN;
    size_t len = (size_t)cname->len - RECORD_HEAD_LEN;

    if (cname->fix_count > 0) { /* labels, then a pointer to the apex */
        len -= POINTER_LEN;
        if (len + entry->apex_len > NAME_LEN_MAX)
            return 0;
        copy_folded(name, target, len);
        memcpy(name + len, entry->apex, entry->apex_len);
        return len + entry->apex_len;
    }
    if (len < entry->apex_len || len > NAME_LEN_MAX)
        return 0;
    copy_folded(name, target, len);
    return len;
}

/* Makes the target of a CNAME the walk's name. False: it lies outside of the zone. */
static bool
walk_to_target(struct walk *walk, const struct rrset *cname)
{
    const struct zone_entry *const entry = walk->entry;
    struct trail *const trail = walk->trail;
    const size_t len = copy_target(entry, cname, trail->name);
    unsigned count = 0;
    size_t at = 0;

    if (len == 0)
        return false;
    for (; at + entry->apex_len < len; at += trail->name[at] + 1U)
        trail->label[count++] = (uint8_t)at;
    if (at + entry->apex_len != len ||
        memcmp(trail->name + at, entry->apex, entry->apex_len) != 0)
        return false;
    trail->label[count] = (uint8_t)at;
    trail->hash[count] = entry->hash;
    for (unsigned i = count; i > 0; i--)
        trail->hash[i - 1] =
            name_hash_label(trail->hash[i], trail->name + trail->label[i - 1]);
    walk->name = trail->name;
    walk->label = trail->label;
    walk->hash = trail->hash;
    walk->name_len = (uint16_t)len;
    walk->apex_label = (uint8_t)count;
    return true;
}

void
answer_chain(struct walk *walk, const struct rrset *cname)
{
    struct answer *const answer = walk->answer;
    const uint16_t first_count = answer->piece_count;
    const uint16_t first_end = answer->end;
    struct trail trail UNINITIALIZED;

    trail.stopped = false;
    trail.links = 0;
    walk->trail = &trail;
    while (cname && trail.links < ANSWER_CHAIN_MAX) {
        const uint32_t target = (uint32_t)answer->end - cname->len + RECORD_HEAD_LEN;
        trail.passed[trail.links++] = walk->link;
        if (target > MESSAGE_POINTER_MAX || !walk_to_target(walk, cname))
            break;
        walk->owner = (uint16_t)target;
        cname = answer_name(walk);
    }
    walk->trail = NULL;
    if (trail.stopped) { /* the first link is known for what it is; its scope and kind are
                            its own */
        answer->piece_count = first_count;
        answer->end = first_end;
    }
}

/* ---- DNAME --------------------------------------------------------------------- */

/* The target as it is written in a set of one record; returns its length. */
static size_t
dname_target(const struct rrset *set, const uint8_t **ret_target)
{
    const uint8_t *at = rrset_bytes(set);

    while (*at != 0 && *at < 0xc0) /* the owner: labels, then a pointer or the root */
        at += *at + 1U;
    at += (*at == 0 ? 1U : 2U) + OWNED_HEAD_LEN;
    *ret_target = at;
    return (size_t)(at[-2] << 8 | at[-1]);
}

static uint8_t *
put_u16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
    return at + 2;
}

/* In the answer's scratch: a CNAME of the walk's name, whose first prefix_len bytes are
 * followed by the target of a DNAME. NULL: no room. */
static const struct rrset *
make_cname(const struct walk *walk, size_t prefix_len, const uint8_t *target,
           size_t target_len, uint32_t ttl)
{
    struct answer *const answer = walk->answer;
    const size_t rdata_len = prefix_len + target_len;
    const size_t bytes_len = RECORD_HEAD_LEN + rdata_len;
    const size_t size = (sizeof(struct rrset) + bytes_len + 3) & ~(size_t)3;

    if (size > (size_t)ANSWER_SCRATCH_SIZE - answer->scratch_len)
        return NULL;
    struct rrset *const set =
        (struct rrset *)(void *)(answer->scratch + answer->scratch_len);
    answer->scratch_len = (uint16_t)(answer->scratch_len + size);
    *set = (struct rrset){
        .ttl = ttl, .type = RR_TYPE_CNAME, .count = 1, .len = (uint16_t)bytes_len
    };
    uint8_t *at = (uint8_t *)(set + 1);
    at = put_u16(at, 0xc000U | DNS_HEADER_LEN);
    at = put_u16(at, RR_TYPE_CNAME);
    at = put_u16(at, RR_CLASS_IN);
    at = put_u16(at, ttl >> 16);
    at = put_u16(at, ttl & 0xffffU);
    at = put_u16(at, (unsigned)rdata_len);
    memcpy(at, walk->name, prefix_len);
    memcpy(at + prefix_len, target, target_len);
    return set;
}

/* A chain may pass one DNAME several times: its set is given once. */
static bool
add_dname(const struct walk *walk, const struct zone_name *dname, const struct rrset *set)
{
    const size_t owner = (size_t)walk->owner + walk->name_len - dname->name_len;

    if (walk_passed(walk, dname))
        return true;
    return owner <= MESSAGE_POINTER_MAX &&
           answer_add(walk->answer, SECTION_ANSWER, set, (uint16_t)owner);
}

const struct rrset *
answer_dname(struct walk *walk, const struct zone_name *dname)
{
    const struct zone *const zone = walk->entry->zone;
    const struct rrset *const set =
        zone_rrset(zone, zone_type_find(dname, RR_TYPE_DNAME));
    const size_t prefix_len = (size_t)walk->name_len - dname->name_len;
    const uint8_t *target;
    const size_t target_len = dname_target(set, &target);

    if (walk->answer->kind != ANSWER_WILDCARD)
        walk->answer->kind = ANSWER_POSITIVE;
    if (!add_dname(walk, dname, set))
        return NULL;
    if (prefix_len + target_len > NAME_LEN_MAX) { /* RFC 6672 2.2 */
        walk->answer->rcode = RCODE_YXDOMAIN;
        return NULL;
    }
    const struct rrset *const cname =
        make_cname(walk, prefix_len, target, target_len, set->ttl);
    if (!cname || !answer_add(walk->answer, SECTION_ANSWER, cname, walk->owner))
        return NULL;
    walk->link = dname;
    return walk->query->type == RR_TYPE_CNAME ? NULL : cname; /* that is what was asked */
}
