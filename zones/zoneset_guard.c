/* SPDX-License-Identifier: BSD-2-Clause */
#include "zones/zoneset_guard.h"
#include "geoip/words.h"
#include "zones/dyn.h"
#include "zones/steering/policy.h"
#include "zones/zone.h"
#include <string.h>

/* A record's length and data, behind owner, type, class and TTL; *offset goes to the next
 * record. */
static const uint8_t *
next_data(const struct rrset *set, size_t *offset, size_t *ret_len)
{
    enum { TYPE_CLASS_TTL = 8, LENGTH = 2 };
    const uint8_t *const bytes = rrset_bytes(set);
    size_t at = *offset;

    while (bytes[at] != 0 && bytes[at] < 0xC0) /* an owner name of its own */
        at += 1U + bytes[at];
    at += (bytes[at] == 0 ? 1U : 2U) + TYPE_CLASS_TTL;
    *ret_len = LENGTH + ((size_t)bytes[at] << 8 | bytes[at + 1]);
    *offset = at + *ret_len;
    return bytes + at;
}

static bool
has_data(const struct rrset *set, const uint8_t *data, size_t len)
{
    for (size_t at = 0; at < set->len;) {
        size_t other_len;
        const uint8_t *const other = next_data(set, &at, &other_len);
        if (other_len == len && memcmp(other, data, len) == 0)
            return true;
    }
    return false;
}

/* The same records in any order. */
static bool
same_records(const struct rrset *a, const struct rrset *b)
{
    if (a->type != b->type || a->count != b->count || a->len != b->len)
        return false;
    if (memcmp(rrset_bytes(a), rrset_bytes(b), a->len) == 0)
        return true;
    for (size_t at = 0; at < a->len;) {
        size_t len;
        const uint8_t *const data = next_data(a, &at, &len);
        if (!has_data(b, data, len))
            return false;
    }
    return true;
}

static bool
text_equal(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool
members_equal(const struct member *a, size_t a_count, const struct member *b,
              size_t b_count)
{
    if (a_count != b_count)
        return false;
    for (size_t i = 0; i < a_count; i++) {
        if (strcmp(a[i].server->name, b[i].server->name) != 0 ||
            a[i].weight != b[i].weight || a[i].status != b[i].status)
            return false;
    }
    return true;
}

/* Fallbacks are in the chains already. */
static bool
chains_equal(const struct chain *a, const struct chain *b)
{
    if (a->pool_count != b->pool_count)
        return false;
    for (size_t i = 0; i < a->pool_count; i++) {
        if (!members_equal(a->pools[i]->members, a->pools[i]->member_count,
                           b->pools[i]->members, b->pools[i]->member_count))
            return false;
    }
    return true;
}

static bool
rules_equal(const struct rule *a, const struct rule *b)
{
    if (a->word_count != b->word_count || a->subnet_count != b->subnet_count)
        return false;
    for (size_t i = 0; i < a->word_count; i++) {
        if (place_word_compare(&a->words[i], &b->words[i]) != 0)
            return false;
    }
    for (size_t i = 0; i < a->subnet_count; i++) {
        if (!prefix_equal(&a->subnets[i], &b->subnets[i]))
            return false;
    }
    return chains_equal(&a->chain, &b->chain);
}

/* The policies of two inline records; those of routing are the routing's business. */
static bool
policies_equal(const struct policy *a, const struct policy *b)
{
    if (a->rule_count != b->rule_count ||
        !members_equal(a->last_resort, a->last_resort_count, b->last_resort,
                       b->last_resort_count))
        return false;
    for (size_t i = 0; i < a->rule_count; i++) {
        if (!rules_equal(&a->rules[i], &b->rules[i]))
            return false;
    }
    return true;
}

static bool
dyn_equal(const struct dyn *a, const struct dyn *b)
{
    if (a->form != b->form || a->ttl != b->ttl || a->skip != b->skip ||
        a->chain != b->chain || a->answers != b->answers || a->port != b->port ||
        a->priority != b->priority || a->families_borrow != b->families_borrow ||
        a->svcparams_len != b->svcparams_len ||
        (a->svcparams_len && memcmp(a->svcparams, b->svcparams, a->svcparams_len) != 0) ||
        !text_equal(a->target, b->target) || !text_equal(a->service, b->service) ||
        !members_equal(a->last_resort, a->last_resort_count, b->last_resort,
                       b->last_resort_count))
        return false;
    return !a->policy || !b->policy || policies_equal(a->policy, b->policy);
}

static bool
type_equal(const struct zone *before, const struct zone_type *a, const struct zone *after,
           const struct zone_type *b)
{
    if (a->type != b->type || a->flags != b->flags)
        return false;
    if (a->flags & ZONE_TYPE_DYNAMIC)
        return dyn_equal(&before->dyns[a->ref], &after->dyns[b->ref]);
    if (a->type == RR_TYPE_SOA)
        return true; /* its serial is ours */
    const struct rrset *const old = zone_rrset(before, a), *const new =
                                                               zone_rrset(after, b);
    return old->ttl == new->ttl &&same_records(old, new);
}

static bool
name_unchanged(const struct zone *before, const struct zone_name *a,
               const struct zone *after, const struct zone_name *b)
{
    if (a->type_count != b->type_count)
        return false;
    for (unsigned i = 0; i < a->type_count; i++) {
        const struct zone_type *const other = zone_type_find(b, zone_types(a)[i].type);
        if (!other || !type_equal(before, &zone_types(a)[i], after, other))
            return false;
    }
    return true;
}

struct compare {
    const struct zone *before;
    const struct zone *after;
    struct zone_difference difference;
};

static void
compare_name(struct compare *compare, uint32_t hash, const struct zone_name *name)
{
    if (name->type_count == 0)
        return;
    const struct zone_name *const other =
        zone_find(compare->after, hash, zone_name_bytes(name), name->name_len);
    compare->difference.before++;
    if (!other || other->type_count == 0)
        compare->difference.removed++;
    else if (!name_unchanged(compare->before, name, compare->after, other))
        compare->difference.updated++;
}

/* Brings what a slot leads to into the cache: the name, or, when that has come, its first
 * set. */
static void
fetch(const struct zone *zone, const struct zone_slot *slot, bool set)
{
    if (slot->offset == 0)
        return;
    const struct zone_name *const name = zone_at(zone, slot->offset);
    if (!set)
        __builtin_prefetch(name);
    else if (name->type_count > 0 && !(zone_types(name)->flags & ZONE_TYPE_DYNAMIC))
        __builtin_prefetch(zone_rrset(zone, zone_types(name)));
}

/* The names that come soon, in both zones. A million names in the order of their hashes
 * would wait for memory at each. */
static void
look_ahead(const struct compare *compare, uint32_t at)
{
    enum { NAMES_AHEAD = 16, SETS_AHEAD = 8 };
    static const uint32_t distances[] = { NAMES_AHEAD, SETS_AHEAD };
    const struct zone *const before = compare->before, *const after = compare->after;

    for (size_t i = 0; i < 2; i++) {
        const struct zone_slot *const slot =
            &before->slots[(at + distances[i]) & before->slot_mask];
        fetch(before, slot, i > 0);
        fetch(after, &after->slots[slot->hash & after->slot_mask], i > 0);
    }
}

static void
compare_names(struct compare *compare)
{
    const struct zone *const zone = compare->before;

    for (uint32_t at = 0; at <= zone->slot_mask; at++) {
        look_ahead(compare, at);
        if (zone->slots[at].offset)
            compare_name(compare, zone->slots[at].hash,
                         zone_at(zone, zone->slots[at].offset));
    }
}

static bool
same_apex_ns(const struct zone *before, const struct zone *after)
{
    const struct zone_type *const a = zone_type_find(before->apex_name, RR_TYPE_NS);
    const struct zone_type *const b = zone_type_find(after->apex_name, RR_TYPE_NS);

    return a && b && same_records(zone_rrset(before, a), zone_rrset(after, b));
}

uint64_t
zone_apex_ns_hash(const struct zone *zone)
{
    const uint64_t fnv_basis = 0xcbf29ce484222325, fnv_prime = 0x100000001b3;
    const struct zone_type *const type = zone_type_find(zone->apex_name, RR_TYPE_NS);
    const struct rrset *const set = type ? zone_rrset(zone, type) : NULL;
    uint64_t sum = 1;

    for (size_t at = 0; set && at < set->len;) {
        size_t len;
        const uint8_t *const data = next_data(set, &at, &len);
        uint64_t hash = fnv_basis;
        for (size_t i = 0; i < len; i++)
            hash = (hash ^ data[i]) * fnv_prime;
        sum += hash; /* in any order */
    }
    return sum;
}

struct zone_difference
zone_difference(const struct zone *before, const struct zone *after)
{
    struct compare compare = { .before = before, .after = after };

    compare_names(&compare);
    compare.difference.apex_ns = !same_apex_ns(before, after);
    return compare.difference;
}
