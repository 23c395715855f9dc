/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules of octoDNS's dynamic records: `rules:`, and the legacy `geo:` map. octoDNS's own
 * validations are kept where they guard against mistakes; the order of subnet rules and a
 * pool used twice are no mistakes here, for subnets are tried first and a chain belongs
 * to its rule. */
#include "dns/base/arena.h"
#include "zones/steering/chain.h"
#include "zones/steering/cover.h"
#include "zones/steering/inline_read.h"
#include "zones/steering/place_set.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rule_item {
    struct inline_maker *maker;
    struct place_set places;
    const struct pool *pool;
    bool has_places;
};

/* ---- one rule --------------------------------------------------------------------- */

static enum status
read_pool(void *context, const struct yaml_node *value, struct diag *diag)
{
    struct rule_item *object = context;
    const struct inline_maker *maker = object->maker;
    const char *name = NULL;
    const enum status status = yaml_text(value, maker->where, diag, &name);

    if (status != OK)
        return status;
    for (size_t i = 0; i < maker->pool_count; i++)
        if (strcmp(maker->pools[i].name, name) == 0) {
            object->pool = &maker->pools[i];
            return OK;
        }
    if (maker->pool_count) /* else the pools are what is wrong, and reported */
        diag_error(diag, value->at, "%s undefined pool \"%s\"", maker->where, name);
    return ERR_INVALID;
}

static enum status
add_geo(struct rule_item *object, const struct yaml_node *node)
{
    struct inline_maker *maker = object->maker;
    struct place_word word;
    enum status status = place_set_read_word(node, maker->where, maker->diag, &word);

    if (status != OK)
        return status;
    if (word.kind == PLACE_WORD_REGION) {
        diag_error(
            maker->diag, node->at,
            "%s: '%s': regions belong to routing.yaml: write the places themselves",
            maker->where, node->text);
        return ERR_INVALID;
    }
    status = place_set_add(&object->places, &word);
    if (status != ERR_LIMIT)
        return status;
    diag_error(maker->diag, node->at, "%s: more than %d geos", maker->where, PLACES_MAX);
    return ERR_INVALID;
}

static enum status
add_subnet(struct rule_item *object, const struct yaml_node *node)
{
    struct inline_maker *maker = object->maker;
    struct prefix net;
    enum status status = place_set_read_net(node, maker->where, maker->diag, &net);

    if (status == OK)
        status = place_set_add_net(&object->places, &net);
    if (status != ERR_LIMIT)
        return status;
    diag_error(maker->diag, node->at, "%s: more than %d subnets", maker->where,
               PLACES_MAX);
    return ERR_INVALID;
}

/* Lists only, as octoDNS has it; an empty one is no condition. */
static enum status
read_list(struct rule_item *object, const char *key, const struct yaml_node *value,
          enum status (*add)(struct rule_item *, const struct yaml_node *))
{
    enum status result = OK;

    if (value->kind != YAML_LIST) {
        object->has_places = true;
        diag_error(object->maker->diag, value->at, "%s %s must be a list",
                   object->maker->where, key);
        return ERR_INVALID;
    }
    if (value->len)
        object->has_places = true;
    for (const struct yaml_node *node = value->child; node; node = node->next) {
        const enum status status = add(object, node);

        if (status == ERR_NOMEM)
            return status;
        if (status != OK)
            result = status;
    }
    return result;
}

static enum status
read_geos(void *context, const struct yaml_node *value, struct diag *diag)
{
    (void)diag;
    return read_list(context, "geos", value, add_geo);
}

static enum status
read_subnets(void *context, const struct yaml_node *value, struct diag *diag)
{
    (void)diag;
    return read_list(context, "subnets", value, add_subnet);
}

static const struct yaml_field rule_fields[] = {
    { "pool", read_pool, true },
    { "geos", read_geos, false },
    { "subnets", read_subnets, false },
    { 0 },
};

static enum status
make_chain(struct inline_maker *maker, const struct pool *pool, struct rule *rule)
{
    const enum status status = chain_make(maker->arena, &pool, 1, false, &rule->chain);

    if (status != ERR_LIMIT)
        return status;
    if (maker->diag->error_count) /* a loop, reported */
        return ERR_INVALID;
    diag_error(maker->diag, rule->at, "%s: more than %d pools in one chain of fallbacks",
               maker->where, CHAIN_POOLS_MAX);
    return ERR_INVALID;
}

static enum status
fill_rule(struct rule_item *object, struct rule *rule)
{
    struct arena *arena = object->maker->arena;
    struct place_set *places = &object->places;

    place_set_finish(places);
    rule->everyone = places->everyone || !object->has_places;
    rule->word_count = places->word_count;
    rule->subnet_count = places->net_count;
    enum status status = place_set_words(places, arena, &rule->words);
    if (status == OK)
        status = place_set_nets(places, arena, &rule->subnets);
    if (status == OK && object->pool)
        status = make_chain(object->maker, object->pool, rule);
    return status;
}

static enum status
read_rule(struct inline_maker *maker, const struct yaml_node *node, size_t number,
          struct rule *rule)
{
    struct rule_item object = { .maker = maker };

    inline_where(maker, "rule %zu", number);
    rule->at = inline_at(maker, node->at);
    place_set_init(&object.places);
    const enum status read =
        yaml_read_map(node, maker->where, rule_fields, &object, maker->diag);
    const enum status filled = read == ERR_NOMEM ? read : fill_rule(&object, rule);
    place_set_done(&object.places);
    return read == OK || filled == ERR_NOMEM ? filled : read;
}

/* ---- all rules -------------------------------------------------------------------- */

static void
check_words(struct inline_maker *maker, const struct cover *cover, size_t number)
{
    const struct rule *rule = &maker->policy->rules[number];
    char word[PLACE_WORD_TEXT_SIZE];
    char wide_text[PLACE_WORD_TEXT_SIZE];
    struct place_word wide;

    for (size_t i = 0; i < rule->word_count; i++) {
        const size_t where = cover_of_word(cover, &rule->words[i], number, &wide);

        if (where == SIZE_MAX)
            continue;
        (void)place_word_text(&rule->words[i], word);
        if (place_word_equal(&rule->words[i], &wide))
            diag_error(
                maker->diag, rule->at,
                "rule %zu targets geo %s which has previously been seen in rule %zu",
                number + 1, word, where + 1);
        else
            diag_error(
                maker->diag, rule->at,
                "rule %zu targets geo %s which is more specific than the previously "
                "seen %s in rule %zu",
                number + 1, word, place_word_text(&wide, wide_text), where + 1);
    }
}

static void
check_nets(struct inline_maker *maker, const struct cover *cover, size_t number)
{
    const struct rule *rule = &maker->policy->rules[number];
    char net[PREFIX_TEXT_SIZE];
    char wide_text[PREFIX_TEXT_SIZE];
    struct prefix wide;

    for (size_t i = 0; i < rule->subnet_count; i++) {
        const size_t where = cover_of_net(cover, &rule->subnets[i], number, &wide);

        if (where == SIZE_MAX)
            continue;
        (void)prefix_text(&rule->subnets[i], net);
        if (prefix_equal(&rule->subnets[i], &wide))
            diag_error(
                maker->diag, rule->at,
                "rule %zu targets subnet %s which has previously been seen in rule %zu",
                number + 1, net, where + 1);
        else
            diag_error(maker->diag, rule->at,
                       "rule %zu targets subnet %s which is more specific than the "
                       "previously seen %s in rule %zu",
                       number + 1, net, prefix_text(&wide, wide_text), where + 1);
    }
}

/* Catch-alls: one, the last. */
static void
check_everyone(struct inline_maker *maker)
{
    const struct policy *policy = maker->policy;
    bool seen = false;

    for (size_t i = 0; i < policy->rule_count; i++) {
        const struct rule *rule = &policy->rules[i];

        if (rule->everyone && seen)
            diag_error(maker->diag, rule->at, "rule %zu duplicate default", i + 1);
        else if (!rule->everyone && seen)
            diag_error(maker->diag, rule->at,
                       "rule %zu can never be reached: rule %zu is for everyone", i + 1,
                       i);
        if (seen)
            return;
        seen = rule->everyone;
    }
    if (!seen)
        diag_error(maker->diag, policy->rules[policy->rule_count - 1].at,
                   "final rule has \"subnets\" and/or \"geos\" and is not catchall");
}

static enum status
check_rules(struct inline_maker *maker)
{
    const struct policy *policy = maker->policy;
    struct cover *cover = NULL;
    const enum status status = cover_new(policy->rules, policy->rule_count, &cover);

    if (status != OK)
        return status;
    for (size_t i = 0; i < policy->rule_count; i++) {
        check_words(maker, cover, i);
        check_nets(maker, cover, i);
    }
    cover_free(cover);
    check_everyone(maker);
    return OK;
}

static bool
is_used(const struct policy *policy, const struct inline_maker *maker,
        const struct pool *pool)
{
    for (size_t i = 0; i < maker->pool_count; i++)
        if (maker->pools[i].fallback == pool)
            return true;
    for (size_t i = 0; i < policy->rule_count; i++)
        if (policy->rules[i].chain.pool_count && policy->rules[i].chain.pools[0] == pool)
            return true;
    return false;
}

static void
check_unused(struct inline_maker *maker)
{
    for (size_t i = 0; i < maker->pool_count; i++)
        if (!is_used(maker->policy, maker, &maker->pools[i]))
            diag_error(maker->diag, maker->pools[i].at, "unused pools: \"%s\"",
                       maker->pools[i].name);
}

enum status
inline_read_rules(struct inline_maker *maker, const struct yaml_node *rules)
{
    enum status result = OK;
    size_t number = 0;

    if (!rules || yaml_is_null(rules) || (rules->kind == YAML_LIST && !rules->len)) {
        diag_error(maker->diag, rules ? rules->at : maker->record->dynamic->at,
                   "missing rules");
        return ERR_INVALID;
    }
    if (rules->kind != YAML_LIST || rules->len > POLICY_RULES_MAX) {
        diag_error(maker->diag, rules->at, "rules must be a list of at most %d",
                   POLICY_RULES_MAX);
        return ERR_INVALID;
    }
    struct rule *items = arena_calloc(maker->arena, rules->len, sizeof(*items));
    if (!items)
        return ERR_NOMEM;
    maker->policy->rules = items;
    maker->policy->rule_count = rules->len;
    for (const struct yaml_node *node = rules->child; node; node = node->next, number++) {
        const enum status status = read_rule(maker, node, number + 1, &items[number]);

        if (status == ERR_NOMEM)
            return status;
        if (status != OK)
            result = status;
    }
    if (check_rules(maker) != OK)
        return ERR_NOMEM;
    if (result == OK && !maker->diag->error_count) /* else a pool may only seem unused */
        check_unused(maker);
    return result;
}

/* ---- legacy geo ------------------------------------------------------------------- */

/* One code of the map, and the pool of its values. */
struct geo_item {
    struct place_word word;
    const char *code; /* as written */
    struct pool *pool;
    struct diag_at at;
};

static enum status
read_code(struct inline_maker *maker, const struct yaml_node *node, struct geo_item *geo)
{
    inline_where(maker, "geo \"%s\"", node->key->text);
    const enum status status =
        place_set_read_word(node->key, maker->where, maker->diag, &geo->word);
    if (status != OK)
        return status;
    if (geo->word.kind != PLACE_WORD_CONTINENT && geo->word.kind != PLACE_WORD_COUNTRY &&
        geo->word.kind != PLACE_WORD_SUBDIVISION) {
        diag_error(maker->diag, node->key->at, "invalid geo \"%s\"", node->key->text);
        return ERR_INVALID;
    }
    return OK;
}

static enum status
read_geo_pool(struct inline_maker *maker, const struct yaml_node *node, struct pool *pool)
{
    pool->name = arena_strdup(maker->arena, node->key->text);
    pool->min_up = 1;
    pool->at = inline_at(maker, node->key->at);
    if (!pool->name)
        return ERR_NOMEM;
    return inline_members(maker, node, &pool->members, &pool->member_count);
}

/* The narrowest other code that holds all of this one, else everybody's pool. */
static const struct pool *
wider_pool(const struct geo_item *geos, size_t count, const struct geo_item *geo,
           const struct pool *last)
{
    const struct geo_item *best = NULL;

    for (size_t i = 0; i < count; i++)
        if (geos[i].word.kind < geo->word.kind &&
            place_word_covers(&geos[i].word, &geo->word) &&
            (!best || geos[i].word.kind > best->word.kind))
            best = &geos[i];
    return best ? best->pool : last;
}

/* Narrow before wide; the order of the file among equals. */
static int
compare_geos(const void *a, const void *b)
{
    const struct geo_item *left = a;
    const struct geo_item *right = b;

    if (left->word.kind != right->word.kind)
        return left->word.kind > right->word.kind ? -1 : 1;
    return (left->pool > right->pool) - (left->pool < right->pool);
}

static enum status
make_geo_rules(struct inline_maker *maker, struct geo_item *geos, size_t count)
{
    struct rule *rules = arena_calloc(maker->arena, count + 1, sizeof(*rules));
    const struct pool *last = &maker->pools[count];

    if (!rules)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++)
        geos[i].pool->fallback = wider_pool(geos, count, &geos[i], last);
    for (size_t i = 0; i < count; i++) {
        struct place_word *word = arena_alloc(maker->arena, sizeof(*word));

        if (!word)
            return ERR_NOMEM;
        *word = geos[i].word;
        rules[i].words = word;
        rules[i].word_count = 1;
        rules[i].at = geos[i].pool->at;
        inline_where(maker, "geo \"%s\"", geos[i].pool->name);
        const enum status status = make_chain(maker, geos[i].pool, &rules[i]);
        if (status != OK)
            return status;
    }
    rules[count].everyone = true;
    rules[count].at = last->at;
    maker->policy->rules = rules;
    maker->policy->rule_count = count + 1;
    return make_chain(maker, last, &rules[count]);
}

/* All codes and the values for everybody else, as pools in the order of the file. */
static enum status
read_geo_pools(struct inline_maker *maker, const struct yaml_node *map,
               struct geo_item *geos)
{
    struct pool *last = &maker->pools[map->len];
    enum status result = OK;
    size_t i = 0;

    for (const struct yaml_node *node = map->child; node; node = node->next, i++) {
        geos[i].pool = &maker->pools[i];
        geos[i].at = node->key->at;
        geos[i].code = node->key->text;
        enum status status = read_code(maker, node, &geos[i]);
        if (status != ERR_NOMEM) {
            const enum status values = read_geo_pool(maker, node, &maker->pools[i]);

            status = status == OK || values == ERR_NOMEM ? values : status;
        }
        if (status == ERR_NOMEM)
            return status;
        if (status != OK)
            result = status;
    }
    last->name = "default";
    last->min_up = 1;
    last->at = maker->policy->at;
    inline_where(maker, "values");
    if (!maker->record->values) {
        diag_error(maker->diag, map->at, "geo: missing value(s) for everybody else");
        return ERR_INVALID;
    }
    const enum status status =
        inline_members(maker, maker->record->values, &last->members, &last->member_count);
    return status == OK ? result : status;
}

/* EU-TR and AS-TR are one country. */
static enum status
check_twice(struct inline_maker *maker, const struct geo_item *geos, size_t count)
{
    enum status result = OK;

    for (size_t i = 1; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (place_word_equal(&geos[i].word, &geos[j].word)) {
                diag_error(maker->diag, geos[i].at,
                           "geo \"%s\" is the same place as \"%s\"", geos[i].code,
                           geos[j].code);
                result = ERR_INVALID;
            }
    return result;
}

enum status
inline_read_geo(struct inline_maker *maker, const struct yaml_node *geo)
{
    if (yaml_expect(geo, YAML_MAP, "geo", maker->diag) != OK)
        return ERR_INVALID;
    if (geo->len > INLINE_POOLS_MAX) {
        diag_error(maker->diag, geo->at, "geo: more than %d codes", INLINE_POOLS_MAX);
        return ERR_INVALID;
    }
    struct geo_item *geos = calloc(geo->len + 1, sizeof(*geos));
    maker->pools = arena_calloc(maker->arena, geo->len + 1, sizeof(*maker->pools));
    maker->pool_count = geo->len + 1;
    if (!geos || !maker->pools) {
        free(geos);
        return ERR_NOMEM;
    }
    enum status status = read_geo_pools(maker, geo, geos);
    if (status == OK)
        status = check_twice(maker, geos, geo->len);
    if (status == OK && geo->len)
        qsort(geos, geo->len, sizeof(*geos), compare_geos);
    if (status == OK)
        status = make_geo_rules(maker, geos, geo->len);
    free(geos);
    return status;
}
