/* SPDX-License-Identifier: BSD-2-Clause */
/* `regions` of routing.yaml: names for sets of places, which may hold other regions. They
 * are resolved from the ones that refer to none onwards; what is left then goes round. */
#include "dns/base/arena.h"
#include "dns/base/array.h"
#include "zones/steering/place_set.h"
#include "zones/steering/routing_read.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The regions that exist unless they are redefined. */
struct default_region {
    const char *name;
    const char *continents[2];
};

static const struct default_region default_regions[] = {
    { "europe", { "EU", "AF" } },
    { "asia", { "AS", "OC" } },
    { "americas", { "NA", "SA" } },
};
enum { DEFAULT_REGIONS = 3 };

/* `from` holds `to`; written at `node`. */
struct region_ref {
    size_t from, to;
    const struct yaml_node *node;
};

struct region_refs {
    struct region_ref *items; /* malloced */
    size_t count, capacity;
    size_t *pending; /* malloced: by region, references not yet resolved */
};

static enum status
too_many(struct routing_item *item, const char *what, const struct yaml_node *node)
{
    diag_error(item->reader->diag, node->at, "%s: more than %d places", what, PLACES_MAX);
    return ERR_INVALID;
}

static enum status
merge(struct place_set *into, const struct place_set *from)
{
    enum status status = OK;

    for (size_t i = 0; status == OK && i < from->word_count; i++)
        status = place_set_add(into, &from->words[i]);
    for (size_t i = 0; status == OK && i < from->net_count; i++)
        status = place_set_add_net(into, &from->nets[i]);
    into->everyone = into->everyone || from->everyone;
    return status;
}

/* The number of the region a name stands for; an unknown one is reported. */
static enum status
find_region(struct routing_item *item, const char *what, const struct yaml_node *node,
            const char *name, size_t *ret_number)
{
    const struct names *names = &item->reader->routing->region_names;

    *ret_number = names_find(names, name);
    if (*ret_number != SIZE_MAX)
        return OK;
    if (item->reader->partial)
        return ERR_INVALID;
    const char *nearest = names_nearest(names, name);
    diag_error(item->reader->diag, node->at, "%s: no region '%s'%s%s%s", what, name,
               nearest ? ": did you mean '" : "", nearest ? nearest : "",
               nearest ? "'?" : "");
    return ERR_INVALID;
}

static enum status
add_region_set(struct routing_item *item, const char *what, const struct yaml_node *node,
               const char *name, struct place_set *set)
{
    size_t number = 0;
    enum status status = find_region(item, what, node, name, &number);

    if (status != OK)
        return status;
    status = merge(set, &item->reader->routing->region_sets[number]);
    return status == ERR_LIMIT ? too_many(item, what, node) : status;
}

enum status
routing_add_region(struct routing_item *item, const char *what,
                   const struct yaml_node *node, struct place_set *set)
{
    const char *name = NULL;
    const enum status status = yaml_text(node, what, item->reader->diag, &name);

    if (status != OK)
        return status;
    if (strncmp(name, "region:", 7) == 0)
        name += 7;
    return add_region_set(item, what, node, name, set);
}

enum status
routing_add_word(struct routing_item *item, const char *what,
                 const struct yaml_node *node, struct place_set *set)
{
    struct place_word word;
    enum status status = place_set_read_word(node, what, item->reader->diag, &word);

    if (status != OK)
        return status;
    if (word.kind == PLACE_WORD_REGION)
        return add_region_set(item, what, node, word.name, set);
    status = place_set_add(set, &word);
    return status == ERR_LIMIT ? too_many(item, what, node) : status;
}

/* ---- reading ---------------------------------------------------------------------- */

static enum status
add_ref(struct region_refs *refs, size_t from, size_t to, const struct yaml_node *node)
{
    const enum status status = array_reserve(&refs->items, &refs->capacity,
                                             refs->count + 1, sizeof(*refs->items));

    if (status == OK) {
        refs->items[refs->count++] = (struct region_ref){ from, to, node };
        refs->pending[from]++;
    }
    return status;
}

static enum status
read_word(struct routing_item *item, size_t number, const struct yaml_node *node,
          struct region_refs *refs)
{
    struct place_word word;
    size_t target = 0;
    enum status status =
        place_set_read_word(node, item->where, item->reader->diag, &word);

    if (status != OK)
        return status;
    if (word.kind == PLACE_WORD_REGION) {
        status = find_region(item, item->where, node, word.name, &target);
        return status == OK ? add_ref(refs, number, target, node) : status;
    }
    status = place_set_add(&item->reader->routing->region_sets[number], &word);
    return status == ERR_LIMIT ? too_many(item, item->where, node) : status;
}

static enum status
read_region(struct routing_reader *reader, size_t number, struct region_refs *refs)
{
    const struct routing_entry *entry = &reader->sections[SECTION_REGIONS].items[number];
    struct routing_item item = { .reader = reader };
    size_t count = 0;
    const struct yaml_node *node = yaml_elements(entry->node, &count);

    routing_where(&item, "region '%s'", entry->name);
    if (!count || entry->node->kind == YAML_MAP || yaml_is_null(entry->node)) {
        diag_error(reader->diag, entry->node->at, "%s: must be a list of places",
                   item.where);
        return OK;
    }
    for (size_t i = 0; i < count; i++, node = node->next) {
        const enum status status = read_word(&item, number, node, refs);

        if (status == ERR_NOMEM)
            return status;
    }
    return OK;
}

/* ---- resolving -------------------------------------------------------------------- */

/* Region `number` is complete: gives it to those that hold it; the ones that then lack
 * nothing are put on the stack. */
static enum status
give(struct routing_reader *reader, size_t number, struct region_refs *refs,
     size_t *stack, size_t *depth)
{
    struct place_set *sets = reader->routing->region_sets;

    place_set_finish(&sets[number]);
    for (size_t i = 0; i < refs->count; i++) {
        const struct region_ref *ref = &refs->items[i];

        if (ref->to != number)
            continue;
        const enum status status = merge(&sets[ref->from], &sets[number]);
        if (status == ERR_NOMEM)
            return status;
        if (status != OK)
            diag_error(reader->diag, ref->node->at, "region '%s': more than %d places",
                       reader->routing->regions[ref->from].name, PLACES_MAX);
        if (--refs->pending[ref->from] == 0)
            stack[(*depth)++] = ref->from;
    }
    return OK;
}

static const struct region_ref *
first_open_ref(const struct region_refs *refs, size_t from)
{
    for (size_t i = 0; i < refs->count; i++)
        if (refs->items[i].from == from && refs->pending[refs->items[i].to])
            return &refs->items[i];
    return NULL;
}

/* Follows open references from a region that is left until one comes again, and names the
 * way round. seen[region]: the walk (from 1) that came there first. */
static void
report_loop(struct routing_reader *reader, const struct region_refs *refs, size_t start,
            size_t *seen)
{
    const struct region *regions = reader->routing->regions;
    const struct region_ref *ref = first_open_ref(refs, start);
    char path[512] = "";
    size_t len = 0;

    while (ref && !seen[ref->from]) {
        seen[ref->from] = start + 1;
        ref = first_open_ref(refs, ref->to);
    }
    if (!ref || seen[ref->from] != start + 1)
        return;
    const struct region_ref *first = ref;
    do {
        if (len < sizeof(path))
            len += (size_t)snprintf(path + len, sizeof(path) - len, "%s → ",
                                    regions[ref->from].name);
        ref = first_open_ref(refs, ref->to);
    } while (ref && ref->from != first->from);
    diag_error(reader->diag, first->node->at, "region '%s' holds itself: %s%s",
               regions[first->from].name, path, regions[first->from].name);
}

static enum status
resolve(struct routing_reader *reader, struct region_refs *refs)
{
    const size_t count = reader->routing->region_count;
    size_t *stack = calloc(count + 1, sizeof(*stack));
    size_t *seen = calloc(count + 1, sizeof(*seen));
    size_t depth = 0;
    enum status status = stack && seen ? OK : ERR_NOMEM;

    for (size_t i = 0; status == OK && i < count; i++)
        if (!refs->pending[i])
            stack[depth++] = i;
    while (status == OK && depth)
        status = give(reader, stack[--depth], refs, stack, &depth);
    for (size_t i = 0; status == OK && i < count; i++)
        if (refs->pending[i] && !seen[i])
            report_loop(reader, refs, i, seen);
    free(stack);
    free(seen);
    return status;
}

/* ---- the result ------------------------------------------------------------------- */

static enum status
export_words(struct arena *arena, const struct place_set *set, struct region *region)
{
    const size_t count = set->word_count + set->net_count + (set->everyone ? 1 : 0);
    struct place_word *words = arena_calloc(arena, count + 1, sizeof(*words));
    size_t used = 0;

    if (!words)
        return ERR_NOMEM;
    if (set->everyone)
        words[used++].kind = PLACE_WORD_GLOBAL;
    for (size_t i = 0; i < set->word_count; i++)
        words[used++] = set->words[i];
    for (size_t i = 0; i < set->net_count; i++) {
        words[used].kind = PLACE_WORD_NET;
        words[used++].net = set->nets[i];
    }
    region->words = words;
    region->word_count = used;
    return OK;
}

static enum status
add_default(struct place_set *set, const struct default_region *region)
{
    enum status status = OK;

    for (size_t i = 0; status == OK && i < 2; i++) {
        struct place_word word = { .kind = PLACE_WORD_CONTINENT };

        memcpy(word.name, region->continents[i], 2);
        status = place_set_add(set, &word);
    }
    return status;
}

static bool
is_written(const struct routing_entries *entries, const char *name)
{
    for (size_t i = 0; i < entries->count; i++)
        if (strcmp(entries->items[i].name, name) == 0)
            return true;
    return false;
}

/* Numbers and names all regions: the written ones, then the defaults that are left. */
static enum status
name_regions(struct routing_reader *reader)
{
    const struct routing_entries *entries = &reader->sections[SECTION_REGIONS];
    struct routing *routing = reader->routing;
    const size_t room = entries->count + DEFAULT_REGIONS;
    const char **names = arena_calloc(reader->arena, room, sizeof(*names));
    enum status status = OK;

    routing->regions = arena_calloc(reader->arena, room, sizeof(*routing->regions));
    routing->region_sets = calloc(room, sizeof(*routing->region_sets));
    if (!names || !routing->regions || !routing->region_sets)
        return ERR_NOMEM;
    for (size_t i = 0; i < entries->count; i++)
        names[routing->region_count++] = entries->items[i].name;
    for (size_t i = 0; status == OK && i < DEFAULT_REGIONS; i++)
        if (!is_written(entries, default_regions[i].name)) {
            status = add_default(&routing->region_sets[routing->region_count],
                                 &default_regions[i]);
            names[routing->region_count++] = default_regions[i].name;
        }
    for (size_t i = 0; i < routing->region_count; i++)
        routing->regions[i].name = names[i];
    if (status != OK)
        return status;
    return names_make(reader->arena, names, routing->region_count,
                      &routing->region_names);
}

enum status
routing_read_regions(struct routing_reader *reader)
{
    struct routing *routing = reader->routing;
    struct region_refs refs = { 0 };
    enum status status = name_regions(reader);

    if (status != OK)
        return status;
    refs.pending = calloc(routing->region_count + 1, sizeof(*refs.pending));
    if (!refs.pending)
        return ERR_NOMEM;
    for (size_t i = 0; status == OK && i < reader->sections[SECTION_REGIONS].count; i++)
        status = read_region(reader, i, &refs);
    if (status == OK)
        status = resolve(reader, &refs);
    for (size_t i = 0; status == OK && i < routing->region_count; i++)
        status =
            export_words(reader->arena, &routing->region_sets[i], &routing->regions[i]);
    free(refs.items);
    free(refs.pending);
    return status;
}
