/* SPDX-License-Identifier: BSD-2-Clause */
/* Words that no loaded data can match: every place of the base ticks off what it lies in.
 */
#include "dns/base/diag.h"
#include "geoip/base.h"
#include "zones/steering/classes.h"
#include "zones/steering/tested.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_NAMED = 8 };

/* seen[field][number]: some place has it. */
struct ticks {
    bool *seen[TESTED_FIELDS];
    bool any; /* some place is known at all */
};

static void
ticks_done(struct ticks *ticks)
{
    for (unsigned field = 0; field < TESTED_FIELDS; field++)
        free(ticks->seen[field]);
}

static enum status
tick_places(const struct geo_base *base, const struct tested *tested, struct ticks *ticks)
{
    const struct place_table *places = geo_base_places(base);
    size_t tag_count = 0;
    const char *const *tags = geo_base_tags(base, &tag_count);
    uint32_t *by_tag = NULL;

    for (unsigned field = 0; field < TESTED_FIELDS; field++) {
        ticks->seen[field] = calloc(tested->count[field] + 1, sizeof(bool));
        if (!ticks->seen[field])
            return ERR_NOMEM;
    }
    if (tested_tags(tested, tags, tag_count, &by_tag) != OK)
        return ERR_NOMEM;
    for (size_t i = 0; i < place_count(places); i++) {
        const struct place *place = place_get(places, (uint32_t)i);
        uint32_t numbers[TESTED_FIELDS];

        ticks->any = ticks->any || *place->country || *place->continent || place->asn ||
                     place->tag;
        tested_place(tested, by_tag, place, numbers);
        for (unsigned field = 0; field < TESTED_FIELDS; field++)
            ticks->seen[field][numbers[field]] = true;
    }
    free(by_tag);
    return OK;
}

static bool
is_seen(const struct tested *tested, const struct ticks *ticks,
        const struct place_word *word)
{
    enum tested_field field = TESTED_CONTINENT;
    const uint32_t number = tested_word(tested, word, &field);

    return !number || ticks->seen[field][number];
}

/* All words of one rule in one warning. */
static void
check_rule(const struct tested *tested, const struct ticks *ticks,
           const struct policy *policy, size_t number, struct diag *diag)
{
    const struct rule *rule = &policy->rules[number];
    char list[WORDS_NAMED * (PLACE_WORD_TEXT_SIZE + 4)] = "";
    char word[PLACE_WORD_TEXT_SIZE];
    size_t len = 0;
    size_t count = 0;

    for (size_t i = 0; i < rule->word_count; i++) {
        if (is_seen(tested, ticks, &rule->words[i]) || count++ >= WORDS_NAMED)
            continue;
        len += (size_t)snprintf(list + len, sizeof(list) - len, "%s'%s'", len ? ", " : "",
                                place_word_text(&rule->words[i], word));
    }
    if (count)
        diag_warning(diag, rule->at, "%s: rule %zu: no loaded data can match %s%s",
                     policy->name, number + 1, list, count > WORDS_NAMED ? " …" : "");
}

static bool
has_words(const struct policy *policy)
{
    for (size_t i = 0; i < policy->rule_count; i++)
        if (policy->rules[i].word_count)
            return true;
    return policy->by_distance;
}

static void
check_policies(const struct tested *tested, const struct ticks *ticks,
               const struct policy *const *policies, size_t count, struct diag *diag)
{
    for (size_t i = 0; i < count; i++) {
        if (!ticks->any && has_words(policies[i])) {
            diag_warning(
                diag, policies[i]->at,
                "%s: no geographic data is loaded: everyone is at an unknown place",
                policies[i]->name);
            return;
        }
        for (size_t j = 0; ticks->any && j < policies[i]->rule_count; j++)
            check_rule(tested, ticks, policies[i], j, diag);
    }
}

enum status
classes_check_words(const struct geo_base *base, const struct policy *const *policies,
                    size_t count, struct diag *diag)
{
    struct tested *tested = NULL;
    struct ticks ticks = { 0 };
    enum status status = tested_new(policies, count, &tested);

    if (status != OK)
        return status;
    status = tick_places(base, tested, &ticks);
    if (status == OK)
        check_policies(tested, &ticks, policies, count, diag);
    ticks_done(&ticks);
    tested_free(tested);
    return status;
}
