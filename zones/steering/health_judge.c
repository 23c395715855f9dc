/* SPDX-License-Identifier: BSD-2-Clause */
/* What health says of one server, for one client and service (DESIGN, "Steering"): the
 * operator's most specific word; else the worst of what automatic documents say; else up.
 */
#include "zones/steering/health_view.h"
#include <string.h>

struct judging {
    const struct health_view *view;
    const char *service;
    const struct place_word *const *covering;
    size_t covering_count;
};

static bool
is_covering(const struct judging *judging, const struct place_word *word)
{
    if (word->kind == PLACE_WORD_GLOBAL)
        return true;
    for (size_t i = 0; i < judging->covering_count; i++) {
        if (place_word_equal(judging->covering[i], word))
            return true;
    }
    return false;
}

/* Does the verdict speak of this client and service? */
static bool
applies(const struct judging *judging, const struct health_verdict *verdict)
{
    const struct health_entry *const entry = &verdict->entry;

    if (entry->service &&
        (!judging->service || strcmp(entry->service, judging->service) != 0))
        return false;
    if (!is_covering(judging, &entry->scope))
        return false;
    for (size_t i = 0; i < verdict->except_count; i++) {
        if (is_covering(judging, &verdict->except[i]))
            return false;
    }
    return true;
}

/* How narrow: scope first (nets by length), then a named service before all. */
static unsigned
specificity(const struct health_entry *entry)
{
    const unsigned scope =
        (unsigned)entry->scope.kind * 256 +
        (entry->scope.kind == PLACE_WORD_NET ? entry->scope.net.len : 0U);

    return scope * 2 + (entry->service != NULL);
}

/* Worse state, or as bad with less weight. */
static bool
is_worse(const struct health_entry *a, const struct health_entry *b)
{
    return a->state > b->state ||
           (a->state == b->state && a->state == HEALTH_DEGRADED && a->factor < b->factor);
}

/* The verdicts of a server and of the pool it is asked through, as one list of two runs.
 */
struct runs {
    size_t first[2], count[2];
};

static struct runs
find_runs(const struct health_view *view, const char *server, const char *pool)
{
    struct runs runs = { { 0, 0 }, { 0, 0 } };

    runs.first[0] = health_view_find(view, false, server, &runs.count[0]);
    if (pool)
        runs.first[1] = health_view_find(view, true, pool, &runs.count[1]);
    return runs;
}

/* The best-standing verdict that applies: of the operator (group: any), or of one
 * automatic document. */
static const struct health_verdict *
pick(const struct judging *judging, const struct runs *runs, bool operators,
     uint32_t group)
{
    const struct health_verdict *best = NULL;

    for (unsigned r = 0; r < 2; r++) {
        for (size_t i = runs->first[r]; i < runs->first[r] + runs->count[r]; i++) {
            const struct health_verdict *const verdict = &judging->view->verdicts[i];
            const bool is_operator = verdict->source == HEALTH_OPERATOR;
            if (is_operator != operators || !applies(judging, verdict) ||
                (!operators && judging->view->groups[i] != group))
                continue;
            if (!best || specificity(&verdict->entry) > specificity(&best->entry) ||
                (specificity(&verdict->entry) == specificity(&best->entry) &&
                 is_worse(&verdict->entry, &best->entry)))
                best = verdict;
        }
    }
    return best;
}

/* The worst over all automatic documents and the votes, each by its own best-standing
 * entry. */
static const struct health_verdict *
worst_automatic(const struct judging *judging, const struct runs *runs)
{
    const struct health_verdict *worst = NULL;

    for (unsigned r = 0; r < 2; r++) {
        for (size_t i = runs->first[r]; i < runs->first[r] + runs->count[r]; i++) {
            if (judging->view->verdicts[i].source == HEALTH_OPERATOR)
                continue;
            const struct health_verdict *const verdict =
                pick(judging, runs, false, judging->view->groups[i]);
            if (verdict && (!worst || is_worse(&verdict->entry, &worst->entry)))
                worst = verdict;
        }
    }
    return worst;
}

static struct health_opinion
opinion_of(const struct health_view *view, const struct health_verdict *verdict)
{
    if (!verdict)
        return (struct health_opinion){ .state = HEALTH_UP, .factor = 1 };
    return (struct health_opinion){
        .state = verdict->entry.state,
        .factor = verdict->entry.state == HEALTH_DEGRADED ? verdict->entry.factor : 1,
        .recent = verdict->source != HEALTH_OPERATOR &&
                  verdict->entry.state >= HEALTH_DRAIN &&
                  view->now < verdict->since + HEALTH_FRESH_S,
        .decided = verdict,
    };
}

struct health_opinion
/* NOLINTNEXTLINE(readability-function-size): one judgement's words */
health_view_judge(const struct health_view *view, const char *server, const char *service,
                  const char *pool, const struct place_word *const *covering,
                  size_t covering_count)
{
    const struct judging judging = { view, service, covering, covering_count };
    const struct runs runs = find_runs(view, server, pool);

    if (runs.count[0] + runs.count[1] == 0)
        return opinion_of(view, NULL);
    const struct health_verdict *const operator= pick(&judging, &runs, true, 0);
    const struct health_verdict *const automatic = worst_automatic(&judging, &runs);
    if (!operator)
        return opinion_of(view, automatic);
    const bool final = operator->entry.state != HEALTH_DEGRADED && operator->entry
                           .state != HEALTH_DRAIN;
    if (final || !automatic || !is_worse(&automatic->entry, &operator->entry))
        return opinion_of(view, operator);
    return opinion_of(view, automatic);
}
