/* SPDX-License-Identifier: BSD-2-Clause */
#include "zones/view.h"
#include <stdlib.h>
#include <string.h>

static struct store_view *
view_of_part(struct part *part)
{
    return (struct store_view *)(void *)((char *)part -
                                         offsetof(struct store_view, part));
}

static void
free_view(struct part *part)
{
    struct store_view *const view = view_of_part(part);

    for (size_t i = 0; i < view->dyntab_count; i++)
        part_drop(view->dyntabs[i] ? &view->dyntabs[i]->part : NULL);
    for (size_t i = 0; view->decisions && i < view->link->plan_count; i++)
        part_drop(view->decisions[i] ? &view->decisions[i]->part : NULL);
    free(view->dyntabs);
    free(view->decisions);
    free(view->entries);
    snapshot_done(&view->snapshot);
    health_view_drop(view->health);
    part_drop(&view->link->part);
    part_drop(&view->config->part);
    free(view);
}

static size_t
count_dyns(const struct link *link)
{
    size_t count = 0;

    for (size_t i = 0; i < link->zone_count; i++)
        count += link->zones[i].zone ? link->zones[i].zone->dyn_count : 0;
    return count;
}

static struct store_view *
allocate_view(const struct view_input *input)
{
    struct store_view *const view = calloc(1, sizeof(*view));

    if (!view)
        return NULL;
    part_init(&view->part, free_view);
    view->config = input->config;
    view->link = input->link;
    view->health = input->health;
    part_hold(&input->config->part);
    part_hold(&input->link->part);
    health_view_hold(input->health);
    view->decisions = calloc(input->link->plan_count + 1, sizeof(struct decision *));
    view->dyntabs = calloc(count_dyns(input->link) + 1, sizeof(struct dyntab *));
    view->entries = calloc(input->link->zone_count + 1, sizeof(*view->entries));
    return view;
}

/* ---- decisions: those of plans that both links have can be taken over ------------- */

static int
compare_plans(const void *a, const void *b)
{
    const struct decision *const left = *(struct decision *const *)a;
    const struct decision *const right = *(struct decision *const *)b;

    return (left->plan > right->plan) - (left->plan < right->plan);
}

static struct decision *
decision_of_plan(struct decision *const *sorted, size_t count, const struct plan *plan)
{
    for (size_t low = 0, high = count; low < high;) {
        const size_t middle = low + (high - low) / 2;
        if (sorted[middle]->plan == plan)
            return sorted[middle];
        if (sorted[middle]->plan < plan)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* previous's decisions in the order of the new link's plans; NULL entries where a plan is
 * new. */
static enum status
match_decisions(const struct view_input *input, struct decision ***ret_matched)
{
    const struct store_view *const previous = input->previous;
    const size_t old_count = previous ? previous->link->plan_count : 0;
    struct decision **const matched =
        calloc(input->link->plan_count + 1, sizeof(struct decision *));
    struct decision **const sorted = calloc(old_count + 1, sizeof(struct decision *));

    if (!matched || !sorted) {
        free(matched);
        free(sorted);
        return ERR_NOMEM;
    }
    if (old_count > 0) {
        memcpy(sorted, previous->decisions, old_count * sizeof(struct decision *));
        qsort(sorted, old_count, sizeof(struct decision *), compare_plans);
    }
    for (size_t i = 0; i < input->link->plan_count; i++)
        matched[i] = decision_of_plan(sorted, old_count, input->link->plans[i]);
    free(sorted);
    *ret_matched = matched;
    return OK;
}

static enum status
make_decisions(const struct view_input *input, struct store_view *view)
{
    struct decision **matched;
    enum status status = match_decisions(input, &matched);

    if (status != OK)
        return status;
    status = decisions_make(input->mentions, input->link->base->base, input->link->plans,
                            input->link->plan_count, input->health, input->changed,
                            matched, view->decisions);
    free(matched);
    return status;
}

/* ---- dyntabs ---------------------------------------------------------------------- */

/* The table of the same dyn in the previous view, if its zone was there as the same zone.
 */
static const struct dyntab *
old_dyntab(const struct view_input *input, size_t zone, size_t dyn)
{
    const struct store_view *const previous = input->previous;

    if (!previous || previous->link != input->link)
        return NULL;
    return previous->entries[zone].dyntabs[dyn];
}

static bool
dyntab_still_holds(const struct dyntab *old, const struct link_dyn *linked,
                   const struct decision *decision)
{
    return old && old->dyn == linked->dyn && old->decision == decision;
}

static enum status
make_dyntab(const struct view_input *input, const struct store_view *view, size_t zone,
            size_t dyn, struct dyntab **ret_dyntab)
{
    const struct link_dyn *const linked = &input->link->zones[zone].dyns[dyn];
    struct decision *const decision =
        linked->plan == LINK_NO_PLAN ? NULL : view->decisions[linked->plan];
    const struct dyntab *const old = old_dyntab(input, zone, dyn);

    if (dyntab_still_holds(old, linked, decision)) {
        /* Shared and immutable: only the count of references changes. */
        *ret_dyntab = input->previous->dyntabs[view->dyntab_count];
        part_hold(&(*ret_dyntab)->part);
        return OK;
    }
    return dyntab_new(&(struct dyntab_input){ .dyn = linked->dyn,
                                              .apex = input->link->zones[zone].zone->apex,
                                              .decision = decision,
                                              .server = linked->server,
                                              .previous = old },
                      ret_dyntab);
}

static enum status
make_entry(const struct view_input *input, struct store_view *view, size_t index)
{
    const struct zone *const zone = input->link->zones[index].zone;
    struct zone_entry *const entry = &view->entries[index];

    entry->hash = name_hash(input->zones[index].apex);
    entry->slot = input->zones[index].slot;
    entry->state = zone ? ZONE_SERVED : ZONE_FAILED;
    entry->apex_len = (uint8_t)name_len(input->zones[index].apex);
    memcpy(entry->apex, input->zones[index].apex, entry->apex_len);
    entry->zone = zone;
    entry->dyntabs = (const struct dyntab *const *)(view->dyntabs + view->dyntab_count);
    for (size_t i = 0; zone && i < zone->dyn_count; i++) {
        const enum status status =
            make_dyntab(input, view, index, i, &view->dyntabs[view->dyntab_count]);
        if (status != OK)
            return status;
        view->dyntab_count++;
    }
    return OK;
}

enum status
view_new(const struct view_input *input, struct store_view **ret_view)
{
    struct store_view *const view = allocate_view(input);

    if (!view)
        return ERR_NOMEM;
    enum status status = view->decisions && view->dyntabs && view->entries
                             ? make_decisions(input, view)
                             : ERR_NOMEM;
    for (size_t i = 0; status == OK && i < input->link->zone_count; i++)
        status = make_entry(input, view, i);
    view->snapshot.settings = input->config->settings;
    view->snapshot.entries = view->entries;
    view->snapshot.entry_count = input->link->zone_count;
    if (status == OK)
        status = snapshot_index(&view->snapshot);
    if (status != OK) {
        part_drop(&view->part);
        return status;
    }
    *ret_view = view;
    return OK;
}
