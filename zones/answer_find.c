/* SPDX-License-Identifier: BSD-2-Clause */
/* Which name of the zone answers. Most queries name one that exists: it is probed first.
 * On a miss the names above are probed from the apex down, so that the first one missing
 * ends the search: empty non-terminals are names like others. */
#include "zones/answer_walk.h"
#include <string.h>

static inline const struct zone_name *
probe(const struct walk *walk, unsigned label)
{
    const uint8_t offset = walk->label[label];

    return zone_find(walk->entry->zone, walk->hash[label], walk->name + offset,
                     (size_t)walk->name_len - offset);
}

static struct found
found_exact(const struct walk *walk, const struct zone_name *name)
{
    if (name->flags & ZONE_NAME_BELOW_CUT) {
        const struct zone_name *const above = zone_at(walk->entry->zone, name->cut);
        /* what lies below a DNAME is hidden as well (RFC 6672 2.4) */
        return (struct found){ above,
                               above->flags & ZONE_NAME_CUT ? FOUND_CUT : FOUND_DNAME };
    }
    if (name->flags & ZONE_NAME_CUT && walk->query->type != RR_TYPE_DS)
        return (struct found){ name, FOUND_CUT };
    return (struct found){ name, FOUND_NAME };
}

static struct found
find_wildcard(const struct walk *walk, unsigned label)
{
    static const uint8_t star[] = { 1, '*' };
    uint8_t name[sizeof(star) + NAME_LEN_MAX];
    const uint8_t offset = walk->label[label];
    const size_t len = (size_t)walk->name_len - offset;

    memcpy(name, star, sizeof(star));
    memcpy(name + sizeof(star), walk->name + offset, len);
    const struct zone_name *const found =
        zone_find(walk->entry->zone, name_hash_label(walk->hash[label], star), name,
                  sizeof(star) + len);
    return (struct found){ found, found ? FOUND_WILDCARD : FOUND_NOTHING };
}

struct found
answer_find(const struct walk *walk, const struct zone_name *exact)
{
    if (exact)
        return found_exact(walk, exact);
    const struct zone_name *encloser = walk->entry->zone->apex_name;
    unsigned label = walk->apex_label;
    for (;;) {
        if (encloser->flags & ZONE_NAME_CUT)
            return (struct found){ encloser, FOUND_CUT };
        if (encloser->flags & ZONE_NAME_DNAME)
            return (struct found){ encloser, FOUND_DNAME };
        const struct zone_name *const next = label > 1 ? probe(walk, label - 1) : NULL;
        if (!next)
            break;
        encloser = next;
        label--;
    }
    if (encloser->flags & ZONE_NAME_HAS_WILDCARD)
        return find_wildcard(walk, label);
    return (struct found){ encloser, FOUND_NOTHING };
}
