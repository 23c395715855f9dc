/* SPDX-License-Identifier: BSD-2-Clause */
/* Decisions: rows[class × mention] → choice, for one plan and one health view; and the
 * look-up that a query makes. */
#include "zones/steering/decision.h"
#include "dns/base/array.h"
#include "geoip/base.h"
#include "geoip/map.h"
#include "geoip/trie.h"
#include "zones/steering/mentions.h"
#include <stdlib.h>
#include <string.h>

enum {
    SETS_MAX =
        4, /* distinct sets of words with maps of their own; more share a joint one */
    FIRST_SLOTS = 16,
    UNLOCATED = 0xfffffe, /* what geo_map_find gives for hidden IPv4 of which too little
                             is known */
    STICK_V4 = 24,
    STICK_V6 = 48,
};

/* ---- resolvers -------------------------------------------------------------------- */

static void
free_resolvers(struct part *part)
{
    struct resolvers *const resolvers = (struct resolvers *)(void *)part;
    struct geo_map *map;
    struct resolver_place *entries;

    memcpy(&map, &resolvers->map, sizeof(struct geo_map *));
    memcpy(&entries, &resolvers->entries, sizeof(struct resolver_place *));
    for (size_t i = 0; i < resolvers->entry_count; i++) {
        void *words;
        memcpy(&words, &entries[i].words, sizeof(words));
        free(words);
    }
    geo_map_free(map);
    free(entries);
    free(resolvers);
}

static enum status
copy_resolver(const struct resolver_place *from, struct resolver_place *to)
{
    struct place_word *const words = calloc(from->word_count + 1, sizeof(*words));

    if (!words)
        return ERR_NOMEM;
    memcpy(words, from->words, from->word_count * sizeof(*words));
    to->prefix = from->prefix;
    to->words = words;
    to->word_count = from->word_count;
    return OK;
}

/* Longer prefixes win: they are set last. */
static enum status
map_resolvers(struct resolvers *resolvers)
{
    struct trie *const trie = trie_new(0);
    struct geo_map *map = NULL;
    enum status status = trie ? OK : ERR_NOMEM;

    for (unsigned len = 0; len <= 128 && status == OK; len++) {
        for (size_t i = 0; i < resolvers->entry_count && status == OK; i++) {
            if (resolvers->entries[i].prefix.len == len)
                status = trie_set(trie, &resolvers->entries[i].prefix, (uint32_t)i + 1);
        }
    }
    if (status == OK)
        status = geo_map_new(trie, &map);
    resolvers->map = map;
    trie_free(trie);
    return status;
}

enum status
resolvers_new(const struct resolver_place *entries, size_t count,
              struct resolvers **ret_resolvers)
{
    struct resolvers *const resolvers = calloc(1, sizeof(*resolvers));
    struct resolver_place *const copies = calloc(count + 1, sizeof(*copies));
    enum status status = OK;

    if (!resolvers || !copies) {
        free(resolvers);
        free(copies);
        return ERR_NOMEM;
    }
    part_init(&resolvers->part, free_resolvers);
    resolvers->entries = copies;
    for (size_t i = 0; i < count && status == OK; i++) {
        status = copy_resolver(&entries[i], &copies[i]);
        resolvers->entry_count += status == OK;
    }
    if (status == OK)
        status = map_resolvers(resolvers);
    if (status != OK) {
        part_drop(&resolvers->part);
        return status;
    }
    *ret_resolvers = resolvers;
    return OK;
}

/* ---- a decision being made -------------------------------------------------------- */

/* What a decision owns behind its public face. */
struct owned {
    uint32_t *rows;
    uint32_t *resolver_rows;
    uint32_t *mention_vector;
    struct choice *choices;
    size_t choice_count, choice_capacity;
    uint32_t *slots; /* choices by content: number + 1; while making */
    size_t slot_count;
    struct mentions *mentions; /* one reference */
};

struct making {
    const struct plan *plan;
    const struct health_view *view;
    struct decision *decision;
    struct owned *owned;
    struct choice_member *states; /* [plan->member_count]: of the mention at hand */
    struct choice_member *row;    /* [plan->member_count]: of one chain */
};

static void
free_decision(struct part *part)
{
    struct decision *const decision = (struct decision *)(void *)part;
    struct owned *const owned = decision->owned;

    for (size_t i = 0; i < owned->choice_count; i++) {
        void *members;
        memcpy(&members, &owned->choices[i].members, sizeof(members));
        free(members);
    }
    free(owned->rows);
    free(owned->resolver_rows);
    free(owned->mention_vector);
    free(owned->choices);
    free(owned->slots);
    if (owned->mentions)
        part_drop(&owned->mentions->part);
    free(owned);
    part_drop(&decision->plan->part);
    free(decision);
}

static struct choice_member
judge(const struct making *making, const struct plan_member *member,
      const struct place_word *const *covering, size_t covering_count)
{
    if (member->member->status == MEMBER_UP)
        return (struct choice_member){ .state = HEALTH_UP, .factor = 1 };
    if (member->member->status == MEMBER_DOWN)
        return (struct choice_member){ .state = HEALTH_DOWN, .factor = 1 };
    const struct health_opinion opinion = health_view_judge(
        making->view, member->server, making->plan->service,
        member->pool && !making->plan->policy->is_inline ? member->pool->name : NULL,
        covering, covering_count);
    return (struct choice_member){ .state = (uint8_t)opinion.state,
                                   .recent = opinion.recent,
                                   .factor = (float)opinion.factor };
}

static void
judge_all(struct making *making, const struct place_word *const *covering,
          size_t covering_count)
{
    for (size_t i = 0; i < making->plan->member_count; i++)
        making->states[i] =
            judge(making, &making->plan->members[i], covering, covering_count);
}

/* ---- choices, interned ------------------------------------------------------------ */

static size_t
chain_len(const struct plan *plan, size_t class_id)
{
    const struct plan_chain *const chain = &plan->chains[class_id];

    return chain->first[chain->pool_count] + plan->policy->last_resort_count;
}

static bool
choice_is(const struct choice *choice, size_t class_id,
          const struct choice_member *members, size_t count)
{
    if (choice->class_id != class_id)
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct choice_member *const a = &choice->members[i], *const b = &members[i];
        if (a->state != b->state || a->recent != b->recent || a->factor < b->factor ||
            a->factor > b->factor)
            return false;
    }
    return true;
}

static size_t
choice_hash(size_t class_id, const struct choice_member *members, size_t count)
{
    uint64_t hash = class_id * UINT64_C(0x9e3779b97f4a7c15);

    for (size_t i = 0; i < count; i++) {
        const uint64_t fact = members[i].state | (unsigned)members[i].recent << 4 |
                              (uint64_t)(members[i].factor * 65536.0F) << 8;
        hash = (hash ^ fact) * 0x100000001b3U;
    }
    return (size_t)(hash ^ hash >> 31);
}

static uint32_t *
choice_slot(const struct making *making, size_t class_id,
            const struct choice_member *members)
{
    const struct owned *const owned = making->owned;
    const size_t count = chain_len(making->plan, class_id);
    size_t at = choice_hash(class_id, members, count) & (owned->slot_count - 1);

    while (owned->slots[at] &&
           !choice_is(&owned->choices[owned->slots[at] - 1], class_id, members, count))
        at = (at + 1) & (owned->slot_count - 1);
    return &owned->slots[at];
}

static enum status
grow_slots(struct making *making)
{
    struct owned *const owned = making->owned;

    if (owned->slot_count >= 2 * (owned->choice_count + 1))
        return OK;
    const size_t slot_count = owned->slot_count ? owned->slot_count * 2 : FIRST_SLOTS;
    uint32_t *const slots = calloc(slot_count, sizeof(*slots));
    if (!slots)
        return ERR_NOMEM;
    free(owned->slots);
    owned->slots = slots;
    owned->slot_count = slot_count;
    for (size_t i = 0; i < owned->choice_count; i++)
        *choice_slot(making, owned->choices[i].class_id, owned->choices[i].members) =
            (uint32_t)i + 1;
    return OK;
}

/* The choice of a class with the states at hand. */
static enum status
intern_choice(struct making *making, size_t class_id, uint32_t *ret_choice)
{
    const struct plan *const plan = making->plan;
    struct owned *const owned = making->owned;
    const struct plan_chain *const chain = &plan->chains[class_id];
    const size_t in_chain = chain->first[chain->pool_count];
    const size_t resort = plan->policy->last_resort_count;
    const size_t count = in_chain + resort;

    for (size_t i = 0; i < in_chain; i++)
        making->row[i] = making->states[chain->members[i]];
    for (size_t i = 0; i < resort; i++)
        making->row[in_chain + i] = making->states[plan->member_count - resort + i];
    enum status status = grow_slots(making);
    if (status != OK)
        return status;
    uint32_t *const slot = choice_slot(making, class_id, making->row);
    if (*slot == 0) {
        struct choice_member *const members = calloc(count + 1, sizeof(*members));
        status = members ? array_reserve(&owned->choices, &owned->choice_capacity,
                                         owned->choice_count + 1, sizeof(*owned->choices))
                         : ERR_NOMEM;
        if (status != OK) {
            free(members);
            return status;
        }
        memcpy(members, making->row, count * sizeof(*members));
        owned->choices[owned->choice_count] =
            (struct choice){ .class_id = (uint32_t)class_id, .members = members };
        *slot = (uint32_t)++owned->choice_count;
    }
    *ret_choice = *slot - 1;
    return OK;
}

/* ---- rows ------------------------------------------------------------------------- */

/* One column: every class, for clients whom these words hold. */
static enum status
fill_column(struct making *making, uint32_t mention,
            const struct place_word *const *covering, size_t covering_count)
{
    const size_t mention_count = making->decision->mention_count;
    enum status status = OK;

    judge_all(making, covering, covering_count);
    for (size_t c = 0; c < making->plan->classes->class_count && status == OK; c++)
        status =
            intern_choice(making, c, &making->owned->rows[c * mention_count + mention]);
    return status;
}

/* The words of a mention, of those that matter to this plan. */
static size_t
covering_words(const struct mentions *mentions, uint32_t mention,
               const struct place_word **covering)
{
    size_t count = 0;

    for (size_t i = 0; i < mentions->word_count; i++) {
        if (mentions_hold(mentions, mention, i))
            covering[count++] = &mentions->words[i];
    }
    return count;
}

static enum status
fill_rows(struct making *making)
{
    const struct mentions *const mentions = making->owned->mentions;
    enum status status = OK;

    if (!mentions)
        return fill_column(making, 0, NULL, 0);
    const struct place_word **const covering =
        calloc(mentions->word_count + 1, sizeof(struct place_word *));
    if (!covering)
        return ERR_NOMEM;
    for (uint32_t m = 0; m < mentions->count && status == OK; m++) {
        const size_t count = covering_words(mentions, m, covering);
        status = fill_column(making, m, covering, count);
    }
    free(covering);
    return status;
}

/* ---- rows of listed resolvers: the first place's class, the worst state of all ---- */

static enum status
judge_place(struct making *making, const struct geo_base *base,
            const struct place_word *word, struct choice_member *ret_states)
{
    const struct mentions *const mentions = making->owned->mentions;
    size_t tag_count, count = 0;
    const char *const *const tags = geo_base_tags(base, &tag_count);
    struct place place;
    const struct place_word **const covering =
        calloc((mentions ? mentions->word_count : 0) + 1, sizeof(struct place_word *));

    if (!covering)
        return ERR_NOMEM;
    if (!place_word_to_place(word, tags, tag_count, &place))
        place = (struct place){ .special = false };
    for (size_t i = 0; mentions && i < mentions->word_count; i++) {
        if (place_word_holds(&mentions->words[i], &place, tags) ||
            place_word_covers(&mentions->words[i], word))
            covering[count++] = &mentions->words[i];
    }
    judge_all(making, covering, count);
    for (size_t i = 0; i < making->plan->member_count; i++) {
        if (making->states[i].state > ret_states[i].state ||
            (making->states[i].state == ret_states[i].state &&
             making->states[i].factor < ret_states[i].factor))
            ret_states[i] = making->states[i];
    }
    free(covering);
    return OK;
}

static enum status
fill_resolver(struct making *making, const struct geo_base *base, size_t index)
{
    const struct plan *const plan = making->plan;
    const struct resolver_place *const entry = &plan->resolvers->entries[index];
    struct choice_member *const worst = calloc(plan->member_count + 1, sizeof(*worst));
    size_t tag_count;
    const char *const *const tags = geo_base_tags(base, &tag_count);
    struct place place = { .special = false };
    enum status status = worst ? OK : ERR_NOMEM;

    for (size_t i = 0; status == OK && i < plan->member_count; i++)
        worst[i] = (struct choice_member){ .state = HEALTH_UP, .factor = 1 };
    for (size_t i = 0; status == OK && i < entry->word_count; i++)
        status = judge_place(making, base, &entry->words[i], worst);
    if (status == OK) {
        memcpy(making->states, worst, plan->member_count * sizeof(*worst));
        if (entry->word_count > 0)
            (void)place_word_to_place(&entry->words[0], tags, tag_count, &place);
        const uint32_t class_id =
            classes_of_place(plan->classes, plan->policy, &place, tags, NULL);
        status = intern_choice(making, class_id, &making->owned->resolver_rows[index]);
    }
    free(worst);
    return status;
}

static enum status
fill_resolvers(struct making *making, const struct geo_base *base)
{
    const struct resolvers *const resolvers = making->plan->resolvers;
    enum status status = OK;

    if (!resolvers || resolvers->entry_count == 0)
        return OK;
    making->owned->resolver_rows =
        calloc(resolvers->entry_count, sizeof(*making->owned->resolver_rows));
    if (!making->owned->resolver_rows)
        return ERR_NOMEM;
    for (size_t i = 0; i < resolvers->entry_count && status == OK; i++)
        status = fill_resolver(making, base, i);
    return status;
}

/* ---- one decision ----------------------------------------------------------------- */

static void
expose(struct decision *decision, const struct plan *plan)
{
    const struct owned *const owned = decision->owned;

    decision->class_map = plan->classes->map;
    decision->class_vector = plan->classes->vector;
    decision->stick = plan->classes->stick;
    decision->unlocated_class = plan->classes->unlocated;
    decision->rows = owned->rows;
    decision->choices = owned->choices;
    decision->choice_count = owned->choice_count;
    decision->resolver_map = plan->resolvers ? plan->resolvers->map : NULL;
    decision->resolver_rows = owned->resolver_rows;
}

/* Takes a reference of mentions (NULL: nothing is mentioned). */
static enum status
make_decision(struct plan *plan, const struct geo_base *base,
              const struct health_view *view, struct mentions *mentions,
              struct decision **ret_decision)
{
    struct decision *const decision = calloc(1, sizeof(*decision));
    struct owned *const owned = calloc(1, sizeof(*owned));

    if (!decision || !owned) {
        free(decision);
        free(owned);
        return ERR_NOMEM;
    }
    part_init(&decision->part, free_decision);
    decision->owned = owned;
    decision->plan = plan;
    part_hold(&plan->part);
    if (mentions) {
        owned->mentions = mentions;
        part_hold(&mentions->part);
        decision->mention_map = mentions->map;
        decision->unlocated_mention = mentions->unlocated;
    }
    decision->mention_count = mentions ? mentions->count : 1;
    owned->rows = calloc(plan->classes->class_count * decision->mention_count + 1,
                         sizeof(*owned->rows));
    struct making making = {
        .plan = plan,
        .view = view,
        .decision = decision,
        .owned = owned,
        .states = calloc(plan->member_count + 1, sizeof(*making.states)),
        .row = calloc(plan->member_count + plan->policy->last_resort_count + 1,
                      sizeof(*making.row)),
    };
    enum status status = owned->rows && making.states && making.row ? OK : ERR_NOMEM;
    if (status == OK)
        status = fill_rows(&making);
    if (status == OK)
        status = fill_resolvers(&making, base);
    free(making.states);
    free(making.row);
    free(owned->slots);
    owned->slots = NULL;
    expose(decision, plan);
    if (status != OK) {
        part_drop(&decision->part);
        return status;
    }
    *ret_decision = decision;
    return OK;
}

/* ---- all of them ------------------------------------------------------------------ */

/* A sorted list of words, each once. */
struct word_set {
    const struct place_word **words;
    size_t count, capacity;
};

static enum status
add_word(struct word_set *set, const struct place_word *word)
{
    size_t at = 0;

    while (at < set->count && place_word_compare(set->words[at], word) < 0)
        at++;
    if (at < set->count && place_word_equal(set->words[at], word))
        return OK;
    const enum status status = array_reserve(&set->words, &set->capacity, set->count + 1,
                                             sizeof(struct place_word *));
    if (status != OK)
        return status;
    memmove(&set->words[at + 1], &set->words[at],
            (set->count - at) * sizeof(struct place_word *));
    set->words[at] = word;
    set->count++;
    return OK;
}

/* Words that health names for servers that this plan can reach. */
static enum status
words_of_plan(const struct plan *plan, const struct health_view *view,
              struct word_set *set)
{
    enum status status = OK;

    set->count = 0;
    for (size_t i = 0; i < plan->member_count && status == OK; i++) {
        size_t count;
        const struct place_word *const *const words =
            health_view_words(view, plan->members[i].server, &count);
        for (size_t w = 0; w < count && status == OK; w++)
            status = add_word(set, words[w]);
    }
    return status;
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool
is_affected(const struct plan *plan, const char *const *changed, size_t count)
{
    for (size_t i = 0; i < plan->member_count; i++) {
        if (bsearch(&plan->members[i].server, changed, count, sizeof(*changed),
                    compare_names))
            return true;
    }
    return false;
}

/* The distinct sets of words of the plans to make; past SETS_MAX all share their union.
 */
struct sets {
    struct word_set distinct[SETS_MAX];
    size_t count;
    bool joint;
    struct word_set all;
};

static bool
same_set(const struct word_set *a, const struct word_set *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (!place_word_equal(a->words[i], b->words[i]))
            return false;
    }
    return true;
}

static enum status
note_set(struct sets *sets, const struct word_set *set)
{
    enum status status = OK;

    for (size_t i = 0; i < sets->count; i++) {
        if (same_set(&sets->distinct[i], set))
            return OK;
    }
    for (size_t i = 0; i < set->count && status == OK; i++)
        status = add_word(&sets->all, set->words[i]);
    if (sets->count == SETS_MAX) {
        sets->joint = true;
        return status;
    }
    struct word_set *const copy = &sets->distinct[sets->count++];
    for (size_t i = 0; i < set->count && status == OK; i++)
        status = add_word(copy, set->words[i]);
    return status;
}

static void
free_sets(struct sets *sets)
{
    for (size_t i = 0; i < sets->count; i++)
        free(sets->distinct[i].words);
    free(sets->all.words);
}

struct batch {
    struct mentions_cache *cache;
    const struct geo_base *base;
    struct plan *const *plans;
    size_t count;
    const struct health_view *view;
    const char *const *changed;
    size_t changed_count;
    struct decision *const *previous;
    struct sets sets;
    struct word_set scratch;
};

static bool
can_stay(const struct batch *batch, size_t i)
{
    return batch->previous && batch->previous[i] && batch->changed &&
           !is_affected(batch->plans[i], batch->changed, batch->changed_count);
}

static enum status
collect_sets(struct batch *batch)
{
    enum status status = OK;

    for (size_t i = 0; i < batch->count && status == OK; i++) {
        if (can_stay(batch, i))
            continue;
        status = words_of_plan(batch->plans[i], batch->view, &batch->scratch);
        if (status == OK && batch->scratch.count > 0)
            status = note_set(&batch->sets, &batch->scratch);
    }
    return status;
}

static enum status
make_one(struct batch *batch, size_t i, struct decision **ret_decision)
{
    struct mentions *mentions = NULL;
    enum status status = words_of_plan(batch->plans[i], batch->view, &batch->scratch);

    if (status == OK && batch->scratch.count > 0) {
        const struct word_set *const set =
            batch->sets.joint ? &batch->sets.all : &batch->scratch;
        status =
            mentions_get(batch->cache, batch->base, set->words, set->count, &mentions);
    }
    if (status == OK)
        status = make_decision(batch->plans[i], batch->base, batch->view, mentions,
                               ret_decision);
    if (mentions)
        part_drop(&mentions->part);
    return status;
}

static enum status
make_all(struct batch *batch, struct decision **ret_decisions)
{
    enum status status = collect_sets(batch);
    size_t made = 0;

    for (; made < batch->count && status == OK; made++) {
        if (can_stay(batch, made)) {
            ret_decisions[made] = batch->previous[made];
            part_hold(&ret_decisions[made]->part);
            continue;
        }
        status = make_one(batch, made, &ret_decisions[made]);
        if (status != OK)
            break;
    }
    for (size_t i = 0; status != OK && i < made; i++) {
        part_drop(&ret_decisions[i]->part);
        ret_decisions[i] = NULL;
    }
    return status;
}

enum status
/* NOLINTNEXTLINE(readability-function-size): plans, states, and before */
decisions_make(struct mentions_cache *cache, const struct geo_base *base,
               struct plan *const *plans, size_t count, const struct health_view *view,
               const char *const *changed, struct decision *const *previous,
               struct decision **ret_decisions)
{
    struct batch batch = { .cache = cache,
                           .base = base,
                           .plans = plans,
                           .count = count,
                           .view = view,
                           .changed = changed,
                           .previous = previous };

    while (changed && changed[batch.changed_count])
        batch.changed_count++;
    mentions_keep(cache, base);
    const enum status status = make_all(&batch, ret_decisions);
    free_sets(&batch.sets);
    free(batch.scratch.words);
    return status;
}

const struct mentions *
decision_mentions(const struct decision *decision)
{
    const struct owned *const owned = decision->owned;

    return owned->mentions;
}

/* ---- the query path --------------------------------------------------------------- */

struct found {
    uint32_t value;
    uint8_t len;
};

/* Looks one map up for a client. Special-purpose space: the resolver's address decides,
 * the block is the scope. */
static inline struct found
look_up(const struct geo_map *map, const uint32_t *vector, uint32_t unlocated,
        const struct client *client)
{
    struct geo_hit hit =
        client->subnet ? geo_map_find(map, client->subnet, client->source_len, UNLOCATED)
                       : geo_map_find(map, client->resolver,
                                      (uint8_t)addr_bits(client->resolver), UNLOCATED);
    const uint8_t len = hit.len;

    for (unsigned turn = 0;; turn++) {
        uint32_t value = hit.value;
        if (value == UNLOCATED)
            return (struct found){ unlocated, len };
        if (value != CLASS_RESOLVER && vector)
            value = vector[value];
        if (value != CLASS_RESOLVER)
            return (struct found){ value, len };
        if (turn > 0 || !client->subnet)
            return (struct found){ unlocated, len };
        hit = geo_map_find(map, client->resolver, (uint8_t)addr_bits(client->resolver),
                           UNLOCATED);
    }
}

/* A resolver that the configuration lists, asking without a subnet. */
static bool
listed_resolver(const struct decision *decision, const struct client *client,
                uint32_t *ret_choice)
{
    if (client->subnet || !decision->resolver_map)
        return false;
    const struct geo_hit hit = geo_map_find(decision->resolver_map, client->resolver,
                                            (uint8_t)addr_bits(client->resolver), 0);
    if (hit.value == 0)
        return false;
    *ret_choice = decision->resolver_rows[hit.value - 1];
    return true;
}

struct decided
decision_find(const struct decision *decision, const struct client *client)
{
    struct decided decided = { .draw_addr = client->resolver };
    struct found class = { 0, 0 }, mention = { 0, 0 };

    if (!client->subnet)
        decided.draw_len = (uint8_t)addr_bits(client->resolver);
    if (listed_resolver(decision, client, &decided.choice)) {
        decided.stick = decision->stick[decision->choices[decided.choice].class_id];
        return decided;
    }
    if (decision->class_map)
        class = look_up(decision->class_map, decision->class_vector,
                        decision->unlocated_class, client);
    if (decision->mention_map)
        mention = look_up(decision->mention_map, decision->mention_vector,
                          decision->unlocated_mention, client);
    decided.choice =
        decision->rows[class.value * decision->mention_count + mention.value];
    decided.stick = decision->stick[class.value];
    if (!client->subnet)
        return decided;
    decided.scope = class.len > mention.len ? class.len : mention.len;
    const uint8_t least = client->subnet->family == ADDR_V4 ? STICK_V4 : STICK_V6;
    if (decided.stick && decided.scope < least)
        decided.scope = least;
    decided.draw_addr = client->subnet;
    decided.draw_len = decided.scope;
    return decided;
}
