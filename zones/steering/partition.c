/* SPDX-License-Identifier: BSD-2-Clause */
/* Cells, nets, numbers. */
#include "zones/steering/partition.h"
#include "geoip/base.h"
#include "geoip/trie.h"
#include "zones/steering/classes.h"
#include "zones/steering/intern.h"
#include "zones/steering/nearest.h"
#include "zones/steering/tested.h"
#include <stdlib.h>
#include <string.h>

static const uint32_t no_rule = UINT32_MAX;
static const uint64_t special_key = UINT64_MAX;

/* Cells by the number of one field: those of number n are items[start[n]] … items[start[n
 * + 1] − 1]. */
struct cell_lists {
    uint32_t *start; /* [highest number + 2], owned */
    uint32_t *items; /* owned */
};

struct partition {
    struct tested *tested; /* owned; NULL by distance */
    struct trie *trie;     /* owned */
    size_t cell_count;
    uint32_t special; /* the cell of special-purpose space; UINT32_MAX: none */
    struct cell_lists lists[TESTED_FIELDS];
    uint64_t *pairs; /* owned: cell << 32 | index of net, of numbers from cell_count on */
    size_t pair_count;
    uint32_t *nearest_class[PARTITION_NEAREST_MAX]; /* [cell_count], owned */
};

void
partition_free(struct partition *partition)
{
    if (!partition)
        return;
    tested_free(partition->tested);
    trie_free(partition->trie);
    for (size_t i = 0; i < TESTED_FIELDS; i++) {
        free(partition->lists[i].start);
        free(partition->lists[i].items);
    }
    free(partition->pairs);
    for (size_t i = 0; i < PARTITION_NEAREST_MAX; i++)
        free(partition->nearest_class[i]);
    free(partition);
}

const struct trie *
partition_trie(const struct partition *partition)
{
    return partition->trie;
}

void
partition_drop_trie(struct partition *partition)
{
    trie_free(partition->trie);
    partition->trie = NULL;
}

size_t
partition_count(const struct partition *partition)
{
    return partition->cell_count + partition->pair_count;
}

const struct tested *
partition_tested(const struct partition *partition)
{
    return partition->tested;
}

/* ---- cells by rules --------------------------------------------------------------- */

static enum status
number_places(const struct geo_base *base, const struct tested *tested,
              struct intern *cells, uint32_t *place_cell)
{
    const struct place_table *places = geo_base_places(base);
    const size_t count = place_count(places);
    size_t tag_count = 0;
    const char *const *tags = geo_base_tags(base, &tag_count);
    uint32_t *by_tag = NULL;
    enum status status = tested_tags(tested, tags, tag_count, &by_tag);

    for (size_t i = 0; status == OK && i < count; i++) {
        const struct place *place = place_get(places, (uint32_t)i);
        uint32_t numbers[TESTED_FIELDS];

        tested_place(tested, by_tag, place, numbers);
        status = intern_number(
            cells, place->special ? special_key : tested_pack(tested, numbers),
            &place_cell[i]);
    }
    free(by_tag);
    return status;
}

/* Counting sort of the cells by their number in a field; 0 means nothing and is left out.
 */
static enum status
list_cells(struct partition *partition, const struct intern *cells, unsigned field)
{
    const struct tested *tested = partition->tested;
    struct cell_lists *lists = &partition->lists[field];
    uint32_t numbers[TESTED_FIELDS];
    const size_t highest = tested->count[field];

    lists->start = calloc(highest + 2, sizeof(*lists->start));
    lists->items = calloc(cells->count + 1, sizeof(*lists->items));
    if (!lists->start || !lists->items)
        return ERR_NOMEM;
    for (size_t i = 0; i < cells->count; i++) {
        if (cells->keys[i] == special_key)
            continue;
        tested_unpack(tested, cells->keys[i], numbers);
        if (numbers[field])
            lists->start[numbers[field]]++;
    }
    for (size_t n = 1, sum = 0; n <= highest + 1;
         n++) { /* the end of each list, for now */
        sum += lists->start[n];
        lists->start[n] = (uint32_t)sum;
    }
    for (size_t i = cells->count; i-- > 0;) {
        if (cells->keys[i] == special_key)
            continue;
        tested_unpack(tested, cells->keys[i], numbers);
        if (numbers[field])
            lists->items[--lists->start[numbers[field]]] = (uint32_t)i;
    }
    return OK;
}

/* ---- nets ------------------------------------------------------------------------- */

/* What combine needs: numbers over the cells are given to pairs as they are met. */
struct overlay {
    struct intern pairs;
    size_t cell_count;
};

static uint32_t
combine(void *context, uint32_t cell, uint32_t net)
{
    struct overlay *overlay = context;
    uint32_t number = 0;

    if (!net)
        return cell;
    if (intern_number(&overlay->pairs, (uint64_t)cell << 32 | (net - 1), &number) != OK)
        return TRIE_VALUE_MAX + 1;
    if (number >= TRIE_VALUE_MAX - overlay->cell_count)
        return TRIE_VALUE_MAX + 1;
    return (uint32_t)overlay->cell_count + number;
}

/* Parents come before children, so that the longest net is painted last. */
static enum status
trie_of_nets(const struct tested *tested, struct trie **ret_trie)
{
    struct trie *trie = trie_new(0);
    enum status status = trie ? OK : ERR_NOMEM;

    for (size_t i = 0; status == OK && i < tested->net_count; i++)
        status = trie_set(trie, &tested->nets[i].net, (uint32_t)i + 1);
    if (status == OK)
        *ret_trie = trie;
    else
        trie_free(trie);
    return status;
}

static enum status
overlay_nets(struct partition *partition)
{
    struct overlay overlay = { .cell_count = partition->cell_count };
    struct trie *nets = NULL;
    struct trie *product = NULL;

    if (partition->tested->net_count >= TRIE_VALUE_MAX)
        return ERR_LIMIT;
    enum status status = trie_of_nets(partition->tested, &nets);
    if (status != OK)
        return status;
    intern_init(&overlay.pairs);
    status = trie_overlay(partition->trie, nets, combine, &overlay, &product);
    trie_free(nets);
    if (status == OK) {
        trie_free(partition->trie);
        partition->trie = product;
        partition->pairs = overlay.pairs.keys;
        partition->pair_count = overlay.pairs.count;
        overlay.pairs.keys = NULL;
    }
    intern_done(&overlay.pairs);
    return status;
}

/* ---- partitions ------------------------------------------------------------------- */

/* Folds the base by the cells of its places, which are numbered by now. */
static enum status
fold(struct partition *partition, const struct geo_base *base, const struct intern *cells,
     const uint32_t *place_cell)
{
    partition->cell_count = cells->count;
    return trie_fold(geo_base_trie(base), place_cell, &partition->trie);
}

static enum status
fill_by_rules(struct partition *partition, const struct geo_base *base)
{
    struct intern cells;
    uint32_t *place_cell =
        calloc(place_count(geo_base_places(base)) + 1, sizeof(*place_cell));

    if (!place_cell)
        return ERR_NOMEM;
    intern_init(&cells);
    enum status status = number_places(base, partition->tested, &cells, place_cell);
    if (status == OK)
        status = fold(partition, base, &cells, place_cell);
    if (status == OK)
        partition->special = intern_find(&cells, special_key);
    for (unsigned field = 0; status == OK && field < TESTED_FIELDS; field++)
        status = list_cells(partition, &cells, field);
    free(place_cell);
    intern_done(&cells);
    if (status == OK && partition->tested->net_count)
        status = overlay_nets(partition);
    return status;
}

enum status
partition_by_rules(const struct geo_base *base, struct tested *tested,
                   struct partition **ret_partition)
{
    struct partition *partition = calloc(1, sizeof(*partition));

    if (!partition) {
        tested_free(tested);
        return ERR_NOMEM;
    }
    partition->tested = tested;
    const enum status status = fill_by_rules(partition, base);
    if (status == OK)
        *ret_partition = partition;
    else
        partition_free(partition);
    return status;
}

/* ---- by distance ------------------------------------------------------------------ */

/* Places share locations: each is computed once. */
struct places_at {
    struct intern locations;
    uint32_t *location; /* [places]: number of its location, or no_rule */
    uint32_t *first;    /* [locations]: a place that is there */
};

static uint64_t
location_key(const struct place *place)
{
    uint32_t latitude = 0;
    uint32_t longitude = 0;

    memcpy(&latitude, &place->latitude, sizeof(latitude));
    memcpy(&longitude, &place->longitude, sizeof(longitude));
    return (uint64_t)latitude << 32 | longitude;
}

static enum status
find_locations(const struct place_table *places, struct places_at *at)
{
    const size_t count = place_count(places);
    enum status status = OK;

    intern_init(&at->locations);
    at->location = calloc(count + 1, sizeof(*at->location));
    at->first = calloc(count + 1, sizeof(*at->first));
    if (!at->location || !at->first)
        return ERR_NOMEM;
    for (size_t i = 0; status == OK && i < count; i++) {
        const struct place *place = place_get(places, (uint32_t)i);
        const size_t known = at->locations.count;

        at->location[i] = no_rule;
        if (place->has_location)
            status = intern_number(&at->locations, location_key(place), &at->location[i]);
        if (at->locations.count > known)
            at->first[known] = (uint32_t)i;
    }
    return status;
}

static void
places_at_done(struct places_at *at)
{
    intern_done(&at->locations);
    free(at->location);
    free(at->first);
}

/* Classes of all locations for one policy. */
static enum status
class_locations(const struct place_table *places, const struct places_at *at,
                struct nearest *nearest, uint32_t **ret_classes)
{
    uint32_t *classes = calloc(at->locations.count + 1, sizeof(*classes));
    enum status status = classes ? OK : ERR_NOMEM;

    for (size_t i = 0; status == OK && i < at->locations.count; i++)
        status = nearest_class(nearest, place_get(places, at->first[i]), &classes[i]);
    if (status == OK)
        *ret_classes = classes;
    else
        free(classes);
    return status;
}

/* Refines the cells by one more policy: cell = number of (cell so far, class). */
static enum status
refine(const struct place_table *places, const struct places_at *at,
       struct nearest *nearest, uint32_t *place_cell, struct intern *cells)
{
    const size_t count = place_count(places);
    uint32_t *classes = NULL;
    enum status status = class_locations(places, at, nearest, &classes);

    for (size_t i = 0; status == OK && i < count; i++) {
        const uint32_t location = at->location[i];
        const uint32_t class_id = location == no_rule ? 0 : classes[location];

        status = intern_number(cells, (uint64_t)place_cell[i] << 32 | class_id,
                               &place_cell[i]);
    }
    free(classes);
    return status;
}

/* From the last refinement back: which class each final cell has for every policy.
 * levels[count] are the final cells. */
static enum status
trace_back(struct partition *partition, const struct intern *levels, size_t count)
{
    const struct intern *final = &levels[count - 1];

    for (size_t i = 0; i < count; i++) {
        partition->nearest_class[i] = calloc(final->count + 1, sizeof(uint32_t));
        if (!partition->nearest_class[i])
            return ERR_NOMEM;
    }
    partition->special = no_rule;
    for (size_t cell = 0; cell < final->count; cell++) {
        uint64_t before = cell;

        for (size_t i = count; i-- > 0;) {
            const uint64_t key = levels[i].keys[before];

            partition->nearest_class[i][cell] = (uint32_t)key;
            before = key >> 32;
        }
        if (before) /* where all began: 1 for special-purpose space */
            partition->special = (uint32_t)cell;
    }
    return OK;
}

static enum status
fill_by_distance(struct partition *partition, const struct geo_base *base,
                 struct nearest *const *nearests, size_t count)
{
    const struct place_table *places = geo_base_places(base);
    struct intern levels[PARTITION_NEAREST_MAX] = { 0 };
    struct places_at at = { 0 };
    uint32_t *place_cell = calloc(place_count(places) + 1, sizeof(*place_cell));
    enum status status = place_cell ? find_locations(places, &at) : ERR_NOMEM;

    for (size_t i = 0; status == OK && i < place_count(places); i++)
        place_cell[i] = place_get(places, (uint32_t)i)->special ? 1 : 0;
    for (size_t i = 0; status == OK && i < count; i++)
        status = refine(places, &at, nearests[i], place_cell, &levels[i]);
    if (status == OK)
        status = fold(partition, base, &levels[count - 1], place_cell);
    if (status == OK)
        status = trace_back(partition, levels, count);
    for (size_t i = 0; i < PARTITION_NEAREST_MAX; i++)
        intern_done(&levels[i]);
    places_at_done(&at);
    free(place_cell);
    return status;
}

enum status
partition_by_distance(const struct geo_base *base, struct nearest *const *nearests,
                      size_t count, struct partition **ret_partition)
{
    struct partition *partition = calloc(1, sizeof(*partition));

    if (!partition)
        return ERR_NOMEM;
    const enum status status = fill_by_distance(partition, base, nearests, count);
    if (status == OK)
        *ret_partition = partition;
    else
        partition_free(partition);
    return status;
}

void
partition_distance_classes(const struct partition *partition, size_t index,
                           uint32_t *ret_classes)
{
    for (size_t i = 0; i < partition->cell_count; i++)
        ret_classes[i] =
            i == partition->special ? CLASS_RESOLVER : partition->nearest_class[index][i];
}

/* ---- classes by rules ------------------------------------------------------------- */

/* The rule of each cell by places alone: painted from the last rule to the first. */
static void
paint_cells(const struct partition *partition, const struct policy *policy,
            uint32_t *cell_rule)
{
    for (size_t r = policy->rule_count; r-- > 0;) {
        const struct rule *rule = &policy->rules[r];

        for (size_t i = 0; rule->everyone && i < partition->cell_count; i++)
            cell_rule[i] = (uint32_t)r;
        for (size_t i = 0; i < rule->word_count; i++) {
            enum tested_field field = TESTED_CONTINENT;
            const uint32_t number =
                tested_word(partition->tested, &rule->words[i], &field);
            const struct cell_lists *lists = &partition->lists[field];

            for (uint32_t j = lists->start[number];
                 number && j < lists->start[number + 1]; j++)
                cell_rule[lists->items[j]] = (uint32_t)r;
        }
    }
}

/* The first rule that writes each net or one that covers it; no_rule: none does. */
static void
paint_nets(const struct partition *partition, const struct policy *policy,
           uint32_t *net_rule)
{
    const struct tested *tested = partition->tested;

    for (size_t i = 0; i < tested->net_count; i++)
        net_rule[i] = no_rule;
    for (size_t r = policy->rule_count; r-- > 0;)
        for (size_t i = 0; i < policy->rules[r].subnet_count; i++) {
            const size_t net = tested_find_net(tested, &policy->rules[r].subnets[i]);

            if (net != SIZE_MAX)
                net_rule[net] = (uint32_t)r;
        }
    for (size_t i = 0; i < tested->net_count; i++) {
        const uint32_t parent = tested->nets[i].parent;

        if (parent && net_rule[parent - 1] < net_rule[i])
            net_rule[i] = net_rule[parent - 1];
    }
}

/* Both known: the first of them, or the net's where nets go before places. A net in
 * special-purpose space is taken at its word; the place there is unknown. */
static uint32_t
join(const struct policy *policy, bool special, uint32_t cell_rule, uint32_t net_rule)
{
    if (net_rule == no_rule)
        return special ? no_rule : cell_rule;
    if (special || policy->subnets_first || net_rule < cell_rule)
        return net_rule;
    return cell_rule;
}

enum status
partition_rule_classes(const struct partition *partition, const struct policy *policy,
                       const uint32_t *rule_class, uint32_t *ret_classes)
{
    uint32_t *cell_rule = calloc(partition->cell_count + 1, sizeof(*cell_rule));
    uint32_t *net_rule = calloc(partition->tested->net_count + 1, sizeof(*net_rule));

    if (!cell_rule || !net_rule) {
        free(cell_rule);
        free(net_rule);
        return ERR_NOMEM;
    }
    paint_cells(partition, policy, cell_rule);
    paint_nets(partition, policy, net_rule);
    for (size_t i = 0; i < partition_count(partition); i++) {
        const bool is_pair = i >= partition->cell_count;
        const uint64_t pair = is_pair ? partition->pairs[i - partition->cell_count] : 0;
        const size_t cell = is_pair ? (size_t)(pair >> 32) : i;
        const uint32_t of_net = is_pair ? net_rule[(uint32_t)pair] : no_rule;
        const uint32_t rule =
            join(policy, cell == partition->special, cell_rule[cell], of_net);

        ret_classes[i] = rule == no_rule ? CLASS_RESOLVER : rule_class[rule];
    }
    free(cell_rule);
    free(net_rule);
    return OK;
}
