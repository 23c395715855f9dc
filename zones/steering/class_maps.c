/* SPDX-License-Identifier: BSD-2-Clause */
/* A generation is what one call has made: entries by key, groups with joint maps. The
 * next call takes from it what has the same key and a base of the same content, and then
 * replaces it. */
#include "zones/steering/class_maps.h"
#include "geoip/base.h"
#include "geoip/map.h"
#include "geoip/trie.h"
#include "zones/steering/class_key.h"
#include "zones/steering/classes.h"
#include "zones/steering/nearest.h"
#include "zones/steering/partition.h"
#include "zones/steering/tested.h"
#include <stdlib.h>
#include <string.h>

/* A joint map grows by nets and its vectors by policies × nets: beyond this product
 * another joint map is begun. */
enum { GROUP_NETS_MAX = 1 << 20 };

/* Policies that share one joint map. */
struct group {
    struct part part;
    struct shared_map *map;      /* one reference */
    struct partition *partition; /* by rules: to make further vectors; owned */
    size_t member_count;
};

struct entry {
    struct class_key key;
    const struct class_request *request; /* of this call; any of those with this key */
    size_t uses;
    bool own;
    struct class_mapping *mapping; /* one reference */
    struct group *group;           /* one reference; NULL: own */
};

struct generation {
    uint64_t base_hash;    /* of the base's content: bases come and go at one address */
    struct entry *entries; /* sorted by key, owned */
    size_t count;
};

struct class_maps {
    size_t own_max;
    struct generation last;
};

/* ---- parts ------------------------------------------------------------------------ */

static void
free_shared_map(struct part *part)
{
    struct shared_map *shared = (struct shared_map *)part;

    geo_map_free(shared->map);
    free(shared);
}

static void
drop_map(struct shared_map *map)
{
    if (map)
        part_drop(&map->part);
}

static void
free_mapping(struct part *part)
{
    struct class_mapping *mapping = (struct class_mapping *)part;

    drop_map(mapping->map);
    nearest_free(mapping->nearest);
    free(mapping->vector);
    free(mapping);
}

static void
drop_mapping(struct class_mapping *mapping)
{
    if (mapping)
        part_drop(&mapping->part);
}

static void
free_group(struct part *part)
{
    struct group *group = (struct group *)part;

    drop_map(group->map);
    partition_free(group->partition);
    free(group);
}

static void
drop_group(struct group *group)
{
    if (group)
        part_drop(&group->part);
}

static enum status
new_shared_map(const struct trie *trie, struct shared_map **ret_map)
{
    struct shared_map *shared = calloc(1, sizeof(*shared));

    if (!shared)
        return ERR_NOMEM;
    const enum status status = geo_map_new(trie, &shared->map);
    if (status != OK) {
        free(shared);
        return status;
    }
    part_init(&shared->part, free_shared_map);
    *ret_map = shared;
    return OK;
}

/* Takes the vector and nearest on success; holds the map. */
static enum status
new_mapping(struct shared_map *map, uint32_t *vector, struct nearest *nearest,
            struct class_mapping **ret_mapping)
{
    struct class_mapping *mapping = calloc(1, sizeof(*mapping));

    if (!mapping)
        return ERR_NOMEM;
    part_init(&mapping->part, free_mapping);
    if (map)
        part_hold(&map->part);
    mapping->map = map;
    mapping->vector = vector;
    mapping->nearest = nearest;
    *ret_mapping = mapping;
    return OK;
}

static void
generation_done(struct generation *generation)
{
    for (size_t i = 0; i < generation->count; i++) {
        class_key_done(&generation->entries[i].key);
        drop_mapping(generation->entries[i].mapping);
        drop_group(generation->entries[i].group);
    }
    free(generation->entries);
    *generation = (struct generation){ 0 };
}

/* ---- entries ---------------------------------------------------------------------- */

static int
by_key(const void *a, const void *b)
{
    const struct entry *left = a;
    const struct entry *right = b;

    return class_key_compare(&left->key, &right->key);
}

/* One entry a key; the uses of equal ones are added. */
static void
merge_equal(struct generation *generation)
{
    struct entry *entries = generation->entries;
    size_t kept = 0;

    if (generation->count)
        qsort(entries, generation->count, sizeof(*entries), by_key);
    for (size_t i = 0; i < generation->count; i++) {
        if (kept && by_key(&entries[kept - 1], &entries[i]) == 0) {
            entries[kept - 1].uses += entries[i].uses;
            class_key_done(&entries[i].key);
        } else {
            entries[kept++] = entries[i];
        }
    }
    generation->count = kept;
}

static bool
is_uniform(const struct class_request *request)
{
    return !request->policy->by_distance && request->class_count == 1;
}

static enum status
collect_entries(const struct class_request *requests, size_t count,
                struct generation *generation)
{
    generation->entries = calloc(count + 1, sizeof(*generation->entries));
    if (!generation->entries)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        struct entry *entry = &generation->entries[generation->count];

        if (is_uniform(&requests[i]))
            continue;
        if (class_key_make(requests[i].policy, requests[i].rule_class, &entry->key) != OK)
            return ERR_NOMEM;
        entry->request = &requests[i];
        entry->uses = requests[i].uses;
        generation->count++;
    }
    merge_equal(generation);
    return OK;
}

static struct entry *
find_entry(const struct generation *generation, const struct class_key *key)
{
    const struct entry wanted = { .key = *key };

    if (!generation->count)
        return NULL;
    return bsearch(&wanted, generation->entries, generation->count,
                   sizeof(*generation->entries), by_key);
}

/* Most used first; the key decides among equals, so that the choice is the same every
 * time. */
static int
by_uses(const void *a, const void *b)
{
    const struct entry *const *left = a;
    const struct entry *const *right = b;

    if ((*left)->uses != (*right)->uses)
        return (*left)->uses > (*right)->uses ? -1 : 1;
    return class_key_compare(&(*left)->key, &(*right)->key);
}

/* Where there are more policies than own maps, one that a single name uses stays with the
 * joint map: thousands of inline records would win little by a few maps of megabytes. */
static enum status
choose_own(struct generation *generation, size_t own_max)
{
    const size_t uses_min = generation->count > own_max ? 2 : 0;
    struct entry **sorted = calloc(generation->count + 1, sizeof(struct entry *));

    if (!sorted)
        return ERR_NOMEM;
    for (size_t i = 0; i < generation->count; i++)
        sorted[i] = &generation->entries[i];
    if (generation->count)
        qsort(sorted, generation->count, sizeof(struct entry *), by_uses);
    for (size_t i = 0; i < generation->count && i < own_max; i++)
        sorted[i]->own = sorted[i]->uses >= uses_min;
    free(sorted);
    return OK;
}

/* ---- making mappings -------------------------------------------------------------- */

/* True where every client is of class 0: then no map is needed, nor any scope. */
static bool
is_one_class(const uint32_t *vector, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (vector[i] != 0 && vector[i] != CLASS_RESOLVER)
            return false;
    return true;
}

/* A mapping through a joint map; takes the vector and, on success, nearest. */
static enum status
map_jointly(struct shared_map *map, uint32_t *vector, size_t count,
            struct nearest *nearest, struct class_mapping **ret_mapping)
{
    const bool one = is_one_class(vector, count);
    const enum status status =
        new_mapping(one ? NULL : map, one ? NULL : vector, nearest, ret_mapping);

    if (status != OK || one)
        free(vector);
    return status;
}

/* A mapping with a map of its own: the trie of numbers folded to classes. Takes nearest
 * on success. */
static enum status
map_alone(const struct partition *partition, const uint32_t *vector,
          struct nearest *nearest, struct class_mapping **ret_mapping)
{
    struct trie *trie = NULL;
    struct shared_map *map = NULL;

    if (is_one_class(vector, partition_count(partition)))
        return new_mapping(NULL, NULL, nearest, ret_mapping);
    enum status status = trie_fold(partition_trie(partition), vector, &trie);
    if (status != OK)
        return status;
    status = new_shared_map(trie, &map);
    trie_free(trie);
    if (status == OK)
        status = new_mapping(map, NULL, nearest, ret_mapping);
    drop_map(map);
    return status;
}

static enum status
rule_vector(const struct partition *partition, const struct class_request *request,
            uint32_t **ret_vector)
{
    uint32_t *vector = calloc(partition_count(partition) + 1, sizeof(*vector));

    if (!vector)
        return ERR_NOMEM;
    const enum status status =
        partition_rule_classes(partition, request->policy, request->rule_class, vector);
    if (status == OK)
        *ret_vector = vector;
    else
        free(vector);
    return status;
}

static enum status
make_own_by_rules(const struct geo_base *base, struct entry *entry)
{
    struct tested *tested = NULL;
    struct partition *partition = NULL;
    uint32_t *vector = NULL;
    enum status status = tested_new(&entry->request->policy, 1, &tested);

    if (status == OK)
        status = partition_by_rules(base, tested, &partition);
    if (status == OK)
        status = rule_vector(partition, entry->request, &vector);
    if (status == OK)
        status = map_alone(partition, vector, NULL, &entry->mapping);
    free(vector);
    partition_free(partition);
    return status;
}

static enum status
make_own_by_distance(const struct geo_base *base, struct entry *entry)
{
    struct nearest *nearest = NULL;
    struct partition *partition = NULL;
    uint32_t *vector = NULL;
    enum status status = nearest_new(entry->request->policy, &nearest);

    if (status == OK)
        status = partition_by_distance(base, &nearest, 1, &partition);
    if (status == OK) {
        vector = calloc(partition_count(partition) + 1, sizeof(*vector));
        status = vector ? OK : ERR_NOMEM;
    }
    if (status == OK) {
        partition_distance_classes(partition, 0, vector);
        status = map_alone(partition, vector, nearest, &entry->mapping);
    }
    if (status != OK)
        nearest_free(nearest);
    free(vector);
    partition_free(partition);
    return status;
}

static enum status
make_own(const struct generation *last, const struct geo_base *base, struct entry *entry)
{
    const struct entry *old = find_entry(last, &entry->key);

    if (old && !old->group) {
        part_hold(&old->mapping->part);
        entry->mapping = old->mapping;
        return OK;
    }
    return entry->request->policy->by_distance ? make_own_by_distance(base, entry)
                                               : make_own_by_rules(base, entry);
}

/* ---- joint maps by rules ---------------------------------------------------------- */

static enum status
new_group(size_t member_count, struct group **ret_group)
{
    struct group *group = calloc(1, sizeof(*group));

    if (!group)
        return ERR_NOMEM;
    part_init(&group->part, free_group);
    group->member_count = member_count;
    *ret_group = group;
    return OK;
}

/* A group of the last generation that tests the same. */
static struct group *
find_group(const struct generation *last, const struct tested *tested)
{
    for (size_t i = 0; i < last->count; i++) {
        struct group *group = last->entries[i].group;

        if (group && group->partition &&
            tested_equal(partition_tested(group->partition), tested))
            return group;
    }
    return NULL;
}

/* Takes tested. */
static enum status
make_rule_group(const struct geo_base *base, struct tested *tested, size_t member_count,
                struct group **ret_group)
{
    struct group *group = NULL;
    enum status status = new_group(member_count, &group);

    if (status != OK) {
        tested_free(tested);
        return status;
    }
    status = partition_by_rules(base, tested, &group->partition);
    if (status == OK)
        status = new_shared_map(partition_trie(group->partition), &group->map);
    if (status != OK) {
        drop_group(group);
        return status;
    }
    partition_drop_trie(group->partition);
    *ret_group = group;
    return OK;
}

static enum status
find_or_make_group(const struct generation *last, const struct geo_base *base,
                   struct entry *const *members, size_t count, struct group **ret_group)
{
    const struct policy **policies = calloc(count + 1, sizeof(struct policy *));
    struct tested *tested = NULL;
    enum status status = policies ? OK : ERR_NOMEM;

    for (size_t i = 0; status == OK && i < count; i++)
        policies[i] = members[i]->request->policy;
    if (status == OK)
        status = tested_new(policies, count, &tested);
    free(policies);
    if (status != OK)
        return status;
    struct group *group = find_group(last, tested);
    if (!group)
        return make_rule_group(base, tested, count, ret_group);
    tested_free(tested);
    part_hold(&group->part);
    *ret_group = group;
    return OK;
}

static enum status
join_rule_group(const struct generation *last, struct group *group, struct entry *entry)
{
    const struct entry *old = find_entry(last, &entry->key);
    uint32_t *vector = NULL;

    part_hold(&group->part);
    entry->group = group;
    if (old && old->group == group) {
        part_hold(&old->mapping->part);
        entry->mapping = old->mapping;
        return OK;
    }
    const enum status status = rule_vector(group->partition, entry->request, &vector);
    if (status != OK)
        return status;
    return map_jointly(group->map, vector, partition_count(group->partition), NULL,
                       &entry->mapping);
}

static enum status
make_joint_by_rules(const struct generation *last, const struct geo_base *base,
                    struct entry *const *members, size_t count)
{
    struct group *group = NULL;
    enum status status = find_or_make_group(last, base, members, count, &group);

    for (size_t i = 0; status == OK && i < count; i++)
        status = join_rule_group(last, group, members[i]);
    drop_group(group);
    return status;
}

/* ---- joint maps by distance ------------------------------------------------------- */

/* The group that all of these made up last time, and nobody else. */
static struct group *
same_group(const struct generation *last, struct entry *const *members, size_t count)
{
    struct group *group = NULL;

    for (size_t i = 0; i < count; i++) {
        const struct entry *old = find_entry(last, &members[i]->key);

        if (!old || !old->group || (i && old->group != group))
            return NULL;
        group = old->group;
    }
    return group && group->member_count == count ? group : NULL;
}

static enum status
reuse_group(const struct generation *last, struct group *group,
            struct entry *const *members, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct entry *old = find_entry(last, &members[i]->key);

        part_hold(&group->part);
        members[i]->group = group;
        part_hold(&old->mapping->part);
        members[i]->mapping = old->mapping;
    }
    return OK;
}

/* Takes *nearest, whatever comes of it. */
static enum status
join_distance_group(const struct partition *partition, size_t index, struct group *group,
                    struct nearest **nearest, struct entry *entry)
{
    uint32_t *vector = calloc(partition_count(partition) + 1, sizeof(*vector));

    if (!vector)
        return ERR_NOMEM;
    part_hold(&group->part);
    entry->group = group;
    partition_distance_classes(partition, index, vector);
    const enum status status = map_jointly(group->map, vector, partition_count(partition),
                                           *nearest, &entry->mapping);
    if (status == OK)
        *nearest = NULL;
    return status;
}

static enum status
make_joint_by_distance(const struct generation *last, const struct geo_base *base,
                       struct entry *const *members, size_t count)
{
    struct nearest *nearests[PARTITION_NEAREST_MAX] = { NULL };
    struct partition *partition = NULL;
    struct group *group = same_group(last, members, count);

    if (group)
        return reuse_group(last, group, members, count);
    enum status status = new_group(count, &group);
    for (size_t i = 0; status == OK && i < count; i++)
        status = nearest_new(members[i]->request->policy, &nearests[i]);
    if (status == OK)
        status = partition_by_distance(base, nearests, count, &partition);
    if (status == OK)
        status = new_shared_map(partition_trie(partition), &group->map);
    for (size_t i = 0; status == OK && i < count; i++)
        status = join_distance_group(partition, i, group, &nearests[i], members[i]);
    for (size_t i = 0; i < PARTITION_NEAREST_MAX; i++)
        nearest_free(nearests[i]);
    partition_free(partition);
    drop_group(group);
    return status;
}

/* ---- all of them ------------------------------------------------------------------ */

static size_t
net_count(const struct policy *policy)
{
    size_t count = 0;

    for (size_t i = 0; i < policy->rule_count; i++)
        count += policy->rules[i].subnet_count;
    return count;
}

/* How many of the members from the first on make one group. */
static size_t
group_size(struct entry *const *members, size_t count, bool by_distance)
{
    size_t nets = 0;

    if (by_distance)
        return count < PARTITION_NEAREST_MAX ? count : PARTITION_NEAREST_MAX;
    for (size_t i = 0; i < count; i++) {
        nets += net_count(members[i]->request->policy);
        if (i && nets * (i + 1) > GROUP_NETS_MAX)
            return i;
    }
    return count;
}

/* The order of entries is that of their keys, so groups stay the same while policies do.
 */
static enum status
make_joints(const struct generation *last, const struct geo_base *base,
            struct generation *generation, bool by_distance)
{
    struct entry **members = calloc(generation->count + 1, sizeof(struct entry *));
    size_t count = 0;
    enum status status = members ? OK : ERR_NOMEM;

    for (size_t i = 0; status == OK && i < generation->count; i++) {
        struct entry *entry = &generation->entries[i];

        if (!entry->own && entry->request->policy->by_distance == by_distance)
            members[count++] = entry;
    }
    for (size_t done = 0; status == OK && done < count;) {
        const size_t size = group_size(members + done, count - done, by_distance);

        status = by_distance ? make_joint_by_distance(last, base, members + done, size)
                             : make_joint_by_rules(last, base, members + done, size);
        done += size;
    }
    free(members);
    return status;
}

static enum status
fill(const struct generation *last, const struct geo_base *base, size_t own_max,
     struct generation *generation)
{
    enum status status = choose_own(generation, own_max);

    for (size_t i = 0; status == OK && i < generation->count; i++)
        if (generation->entries[i].own)
            status = make_own(last, base, &generation->entries[i]);
    if (status == OK)
        status = make_joints(last, base, generation, false);
    if (status == OK)
        status = make_joints(last, base, generation, true);
    return status;
}

/* Every request gets the mapping of its key. */
static enum status
answer_requests(const struct generation *generation, struct class_request *requests,
                size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct class_key key = { 0 };

        requests[i].mapping = NULL;
        if (is_uniform(&requests[i]))
            continue;
        if (class_key_make(requests[i].policy, requests[i].rule_class, &key) != OK) {
            while (i-- > 0)
                drop_mapping(requests[i].mapping);
            return ERR_NOMEM;
        }
        requests[i].mapping = find_entry(generation, &key)->mapping;
        part_hold(&requests[i].mapping->part);
        class_key_done(&key);
    }
    return OK;
}

enum status
class_maps_make(struct class_maps *maps, const struct geo_base *base,
                struct class_request *requests, size_t count)
{
    static const struct generation nothing = { 0 };
    struct generation next = { .base_hash = class_key_of_base(base) };
    const bool same = maps->last.base_hash == next.base_hash;
    enum status status = collect_entries(requests, count, &next);

    if (status == OK)
        status = fill(same ? &maps->last : &nothing, base, maps->own_max, &next);
    if (status == OK)
        status = answer_requests(&next, requests, count);
    if (status != OK) {
        generation_done(&next);
        return status;
    }
    for (size_t i = 0; i < next.count; i++)
        next.entries[i].request = NULL; /* the caller's, gone after this call */
    generation_done(&maps->last);
    maps->last = next;
    return OK;
}

struct class_maps *
class_maps_new(size_t own_max)
{
    struct class_maps *maps = calloc(1, sizeof(*maps));

    if (maps)
        maps->own_max = own_max;
    return maps;
}

void
class_maps_free(struct class_maps *maps)
{
    if (!maps)
        return;
    generation_done(&maps->last);
    free(maps);
}
