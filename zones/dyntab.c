/* SPDX-License-Identifier: BSD-2-Clause */
#include "zones/dyntab.h"
#include "zones/dynset.h"
#include "zones/rotation.h"
#include <stdlib.h>

enum { STICK_LEN_V4 = 24, STICK_LEN_V6 = 48 };

/* ---- which types exist --------------------------------------------------------- */

struct want
dyn_want(const struct dyn *dyn)
{
    struct want want = { .skip = dyn->skip, .chain = 1 };

    switch (dyn->type) {
    case RR_TYPE_A: want.v4 = true; break;
    case RR_TYPE_AAAA: want.v6 = true; break;
    case RR_TYPE_SRV:
    case RR_TYPE_MX:
        want.chain = dyn->chain > 1 ? dyn->chain : 1;
        want.host = true;
        break;
    case RR_TYPE_CNAME: want.host = true; break;
    default: want.any = true; break;
    }
    return want;
}

static bool
server_has_family(const struct server *server, uint8_t family)
{
    for (size_t i = 0; i < server->address_count; i++) {
        if (server->addresses[i].family == family)
            return true;
    }
    return false;
}

bool
dyn_server_has(const struct server *server, const struct want *want)
{
    return want->any || (want->host && server->host) ||
           (want->v4 && server_has_family(server, ADDR_V4)) ||
           (want->v6 && server_has_family(server, ADDR_V6));
}

static bool
pools_have(const struct plan *plan, const struct plan_chain *chain, size_t pool_count,
           const struct want *want)
{
    for (uint32_t i = 0; pool_count > 0 && i < chain->first[pool_count]; i++) {
        if (dyn_server_has(plan->members[chain->members[i]].entry, want))
            return true;
    }
    return false;
}

bool
dyn_pool_has(const struct plan *plan, const struct plan_chain *chain,
             const struct want *want)
{
    return pools_have(plan, chain, chain->pool_count > 0 ? 1 : 0, want);
}

bool
dyn_plan_has(const struct plan *plan, const struct want *want, bool borrow)
{
    for (size_t i = 0; i < plan->classes->class_count; i++) {
        const struct plan_chain *const chain = &plan->chains[i];
        const size_t first = chain->pool_count > 0 ? 1 : 0;
        if (!pools_have(plan, chain, borrow ? chain->pool_count : first, want))
            return false;
    }
    return plan->classes->class_count > 0;
}

bool
dyn_type_exists(const struct dyn *dyn, const struct plan *plan)
{
    const struct want want = dyn_want(dyn);

    return dyn_plan_has(plan, &want, dyn->families_borrow);
}

/* ---- making -------------------------------------------------------------------- */

static void
free_dyntab(struct part *part)
{
    struct dyntab *const dyntab = (struct dyntab *)(void *)part;

    part_drop(dyntab->shelf);
    if (dyntab->decision)
        part_drop(&dyntab->decision->part);
    free(dyntab);
}

/* The table's own block: the struct, then one pointer a choice. */
struct table {
    struct dyntab dyntab;
    const struct dynset *by_choice[];
};

static struct table *
table_new(const struct dyn *dyn, struct decision *decision, size_t choice_count)
{
    struct table *const table =
        calloc(1, sizeof(*table) + choice_count * sizeof(const struct dynset *));

    if (!table)
        return NULL;
    part_init(&table->dyntab.part, free_dyntab);
    table->dyntab.dyn = dyn;
    table->dyntab.decision = decision;
    table->dyntab.by_choice = table->by_choice;
    if (decision)
        part_hold(&decision->part);
    return table;
}

static bool
svcb_hints(const struct dyn *dyn, const struct plan *plan, struct want want)
{
    return (dyn->type == RR_TYPE_HTTPS || dyn->type == RR_TYPE_SVCB) &&
           dyn_plan_has(plan, &want, dyn->families_borrow);
}

/* The shelf before, if all shapes are there; else a new one. ret_numbers: which of its
 * dynsets each shape is. */
static enum status
find_shelf(const struct dynset_maker *maker, const struct dyntab *previous,
           uint32_t *ret_numbers, struct dynset_shelf **ret_shelf)
{
    if (previous && previous->shelf) {
        struct dynset_shelf *const shelf = (struct dynset_shelf *)(void *)previous->shelf;
        if (dynset_shelf_has(shelf, maker, ret_numbers)) {
            part_hold(&shelf->part);
            *ret_shelf = shelf;
            return OK;
        }
    }
    for (uint32_t i = 0; i < maker->shape_count; i++)
        ret_numbers[i] = i;
    return dynset_shelf_new(maker, ret_shelf);
}

static enum status
fill_choices(struct table *table, struct dynset_maker *maker,
             const struct dyntab *previous)
{
    const struct decision *const decision = table->dyntab.decision;
    const size_t count = decision->choice_count;
    uint32_t *const shapes =
        calloc(2 * count + 1, sizeof(*shapes)); /* of choices; then numbers */
    struct dynset_shelf *shelf;
    enum status status = shapes ? OK : ERR_NOMEM;

    for (size_t i = 0; status == OK && i < count; i++)
        status = dynset_shape_choice(maker, &decision->choices[i], &shapes[i]);
    if (status == OK)
        status = find_shelf(maker, previous, shapes + count, &shelf);
    if (status == OK) {
        table->dyntab.shelf = &shelf->part;
        for (size_t i = 0; i < count; i++)
            table->by_choice[i] = shelf->sets[shapes[count + shapes[i]]];
    }
    free(shapes);
    return status;
}

static enum status
fill_fixed(struct table *table, struct dynset_maker *maker)
{
    struct dynset_shelf *shelf;
    enum status status = dynset_shape_server(maker);

    if (status == OK)
        status = dynset_shelf_new(maker, &shelf);
    if (status != OK)
        return status;
    table->dyntab.shelf = &shelf->part;
    table->dyntab.fixed = shelf->sets[0];
    return OK;
}

static const struct dyntab *
comparable(const struct dyntab_input *input)
{
    const struct dyntab *const previous = input->previous;
    const bool same = previous && previous->dyn == input->dyn && previous->decision &&
                      input->decision &&
                      previous->decision->plan == input->decision->plan;
    return same ? previous : NULL;
}

static bool
is_absent(const struct dyntab_input *input)
{
    const struct want want = dyn_want(input->dyn);

    if (input->decision)
        return !dyn_type_exists(input->dyn, input->decision->plan);
    return !input->server || !dyn_server_has(input->server, &want);
}

static enum status
fill_table(struct table *table, const struct dyntab_input *input)
{
    const struct plan *const plan = input->decision ? input->decision->plan : NULL;
    struct dynset_maker maker = {
        .dyn = input->dyn, .apex = input->apex, .plan = plan, .server = input->server
    };

    maker.hints_v4 = plan && svcb_hints(input->dyn, plan, (struct want){ .v4 = true });
    maker.hints_v6 = plan && svcb_hints(input->dyn, plan, (struct want){ .v6 = true });
    enum status status =
        dynset_maker_init(&maker, input->decision ? input->decision->choice_count : 1);
    if (status == OK)
        status = plan ? fill_choices(table, &maker, comparable(input))
                      : fill_fixed(table, &maker);
    dynset_maker_done(&maker);
    return status;
}

enum status
dyntab_new(const struct dyntab_input *input, struct dyntab **ret_dyntab)
{
    struct table *const table = table_new(
        input->dyn, input->decision, input->decision ? input->decision->choice_count : 0);
    enum status status = OK;

    if (!table)
        return ERR_NOMEM;
    table->dyntab.absent = is_absent(input);
    if (!table->dyntab.absent)
        status = fill_table(table, input);
    if (status != OK) {
        part_drop(&table->dyntab.part);
        return status;
    }
    *ret_dyntab = &table->dyntab;
    return OK;
}

/* ---- answering ----------------------------------------------------------------- */

/* The best of a group so far, best first. */
struct ranking {
    uint32_t count;
    double score[DYNSET_ANSWERS_MAX];
    const struct rrset *set[DYNSET_ANSWERS_MAX];
};

/* Members of one address are one: the better score counts. */
static bool
forget_equal(struct ranking *ranking, const struct rrset *set, double score)
{
    for (uint32_t i = 0; i < ranking->count; i++) {
        if (ranking->set[i] != set)
            continue;
        if (ranking->score[i] >= score)
            return false;
        for (ranking->count--; i < ranking->count; i++) {
            ranking->set[i] = ranking->set[i + 1];
            ranking->score[i] = ranking->score[i + 1];
        }
    }
    return true;
}

static void
rank(struct ranking *ranking, uint32_t answers, const struct rrset *set, double score)
{
    uint32_t at;

    if (!forget_equal(ranking, set, score))
        return;
    if (ranking->count < answers)
        at = ranking->count++;
    else if (answers > 0 && score > ranking->score[answers - 1])
        at = answers - 1;
    else
        return;
    for (; at > 0 && ranking->score[at - 1] < score; at--) {
        ranking->score[at] = ranking->score[at - 1];
        ranking->set[at] = ranking->set[at - 1];
    }
    ranking->score[at] = score;
    ranking->set[at] = set;
}

/* Where what is given goes. */
struct giving {
    struct answer *answer;
    enum section section;
    uint16_t owner;
};

static inline void
give_set(const struct giving *giving, const struct rrset *set, uint32_t ttl,
         uint32_t random)
{
    struct answer *const answer = giving->answer;

    if (!answer_add(answer, giving->section, set, giving->owner))
        return;
    struct piece *const piece = &answer->pieces[answer->piece_count - 1];
    piece->ttl = ttl;
    if (set->flags & RRSET_TWICE)
        piece->start = rotation_start(set, random);
}

/* Whose draw it is. */
struct drawing {
    uint64_t seed;
    int64_t now_s;
    const struct decided *decided;
};

static struct draw
draw_of(const struct drawing *drawing, bool sticks)
{
    struct draw draw = {
        .seed = drawing->seed,
        .prefix = *drawing->decided->draw_addr,
        .len = drawing->decided->draw_len,
        .period = drawing->now_s / DRAW_PERIOD_S,
    };

    if (sticks) {
        draw.len = draw.prefix.family == ADDR_V4 ? STICK_LEN_V4 : STICK_LEN_V6;
        draw.period = 0;
    }
    addr_mask(&draw.prefix, draw.len);
    return draw;
}

static void
rank_group(const struct dynset_group *group, const struct drawing *drawing,
           struct ranking *ranking)
{
    const struct draw draw = draw_of(drawing, group->sticks);

    ranking->count = 0;
    for (uint32_t i = 0; i < group->count; i++) {
        const struct dynset_set *const set = &group->sets[i];
        rank(ranking, group->answers, set->set,
             draw_score(&draw, set->member, set->weight));
    }
}

/* Pools of which a draw says who is answered, or several pools. */
static void
give_groups(const struct giving *giving, const struct dynset *dynset,
            const struct drawing *drawing, uint32_t random)
{
    for (uint32_t i = 0; i < dynset->group_count; i++) {
        const struct dynset_group *const group = &dynset->groups[i];
        struct ranking ranking;
        if (group->count == 1 || !drawing) { /* a fixed server is one set */
            give_set(giving, group->sets[0].set, dynset->ttl, random);
            continue;
        }
        rank_group(group, drawing, &ranking);
        for (uint32_t n = 0; n < ranking.count; n++)
            give_set(giving, ranking.set[n], dynset->ttl, random);
    }
}

uint8_t
dyntab_answer(const struct dyntab *dyntab, const struct query *query,
              enum section section, uint16_t owner, struct answer *answer)
{
    const struct giving giving = { answer, section, owner };
    const struct decision *const decision = dyntab->decision;

    if (!decision) {
        give_groups(&giving, dyntab->fixed, NULL, query->random);
        return 0;
    }
    const struct ecs *const ecs = &query->edns.ecs;
    const struct client client = {
        .resolver = &query->source,
        .subnet = ecs->present && ecs->source_len > 0 ? &ecs->address : NULL,
        .source_len = ecs->source_len,
    };
    const struct decided decided = decision_find(decision, &client);
    const struct dynset *const dynset = dyntab->by_choice[decided.choice];
    if (dynset->group_count == 1 && dynset->groups[0].count == 1) {
        give_set(&giving, dynset->groups[0].sets[0].set, dynset->ttl, query->random);
    } else {
        const struct drawing drawing = { decision->plan->draw_seed, query->now_s,
                                         &decided };
        give_groups(&giving, dynset, &drawing, query->random);
    }
    return decided.scope;
}
