/* SPDX-License-Identifier: BSD-2-Clause */
/* Votes: unscoped entries of documents with a vantage hold at once for the vantage;
 * elsewhere each distinct vantage has one vote (FORMATS.md, "Votes"). */
#include "dns/base/arena.h"
#include "dns/base/array.h"
#include "zones/steering/health_view.h"
#include <stdlib.h>
#include <string.h>

/* Something to vote on. */
struct subject {
    const char *server;
    const char *service; /* NULL: all */
};

struct poll {
    const struct counted_document *documents;
    size_t count;
    int64_t now;
    struct subject *subjects;
    size_t subject_count, subject_capacity;
};

static bool
service_equal(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool
same_vantage(const struct health_document *a, const struct health_document *b)
{
    size_t a_count, b_count;
    const struct place_word *const a_words = health_document_vantage(a, &a_count);
    const struct place_word *const b_words = health_document_vantage(b, &b_count);

    if (a_count != b_count)
        return false;
    for (size_t i = 0; i < a_count; i++) {
        bool found = false;
        for (size_t k = 0; k < b_count && !found; k++)
            found = place_word_equal(&a_words[i], &b_words[k]);
        if (!found)
            return false;
    }
    return true;
}

static bool
has_vantage(const struct health_document *document)
{
    size_t count;

    (void)health_document_vantage(document, &count);
    return count > 0;
}

/* ---- what a document says --------------------------------------------------------- */

/* A document's unscoped word on a server and service, if it still counts: the named
 * service before all services. NULL: none. */
static const struct health_entry *
opinion_on(const struct poll *poll, size_t index, const struct subject *subject)
{
    size_t count;
    const struct health_entry *const entries =
        health_document_entries(poll->documents[index].document, &count);
    const struct health_entry *best = NULL;

    if (health_is_superseded(poll->documents, poll->count, index, subject->server,
                             poll->now))
        return NULL;
    for (size_t i = 0; i < count; i++) {
        const struct health_entry *const entry = &entries[i];
        if (!entry->server || entry->scope.kind != PLACE_WORD_GLOBAL ||
            strcmp(entry->server, subject->server) != 0 ||
            health_entry_is_over(entry, poll->now))
            continue;
        if (entry->service && service_equal(entry->service, subject->service))
            return entry;
        if (!entry->service)
            best = entry;
    }
    return best;
}

static enum health_state
as_vote(enum health_state state)
{
    return state == HEALTH_BLOCKED ? HEALTH_DOWN : state;
}

/* The worst state that more than half of the votes reach. */
static enum health_state
majority(const size_t votes[HEALTH_STATES])
{
    size_t all = 0, reached = 0;

    for (unsigned s = 0; s < HEALTH_STATES; s++)
        all += votes[s];
    for (unsigned s = HEALTH_STATES; s-- > 0;) {
        reached += votes[s];
        if (2 * reached > all)
            return (enum health_state)s;
    }
    return HEALTH_UP;
}

/* One vantage's vote, by the majority of its documents. False: it has no opinion, or
 * another document of it spoke already. */
static bool
vantage_vote(const struct poll *poll, size_t index, const struct subject *subject,
             enum health_state *ret_state)
{
    size_t votes[HEALTH_STATES] = { 0 };

    if (!opinion_on(poll, index, subject))
        return false;
    for (size_t i = 0; i < poll->count; i++) {
        if (!same_vantage(poll->documents[i].document, poll->documents[index].document))
            continue;
        const struct health_entry *const opinion = opinion_on(poll, i, subject);
        if (!opinion)
            continue;
        if (i < index)
            return false;
        votes[as_vote(opinion->state)]++;
    }
    *ret_state = majority(votes);
    return true;
}

/* ---- the count -------------------------------------------------------------------- */

struct outcome {
    size_t vantages;
    enum health_state state;
    double factor;  /* the least of those who say degraded */
    int64_t lapses; /* when the first of the voters falls silent */
    const char *reason;
    bool stale;
};

static void
note_opinion(const struct poll *poll, size_t index, const struct subject *subject,
             struct outcome *outcome)
{
    const struct counted_document *const document = &poll->documents[index];
    const struct health_entry *const opinion = opinion_on(poll, index, subject);

    if (!opinion)
        return;
    if (opinion->state == HEALTH_DEGRADED && opinion->factor < outcome->factor)
        outcome->factor = opinion->factor;
    if (opinion->state != HEALTH_UP && outcome->reason[0] == '\0')
        outcome->reason = opinion->reason;
    const int64_t lapses = opinion->until && opinion->until < document->lapses
                               ? opinion->until
                               : document->lapses;
    if (outcome->lapses == 0 || lapses < outcome->lapses)
        outcome->lapses = lapses;
    outcome->stale = outcome->stale || document->stale;
}

static struct outcome
count_votes(const struct poll *poll, const struct subject *subject)
{
    size_t votes[HEALTH_STATES] = { 0 };
    struct outcome outcome = { .factor = 1, .reason = "" };

    for (size_t i = 0; i < poll->count; i++) {
        enum health_state state;
        if (!has_vantage(poll->documents[i].document))
            continue;
        note_opinion(poll, i, subject, &outcome);
        if (!vantage_vote(poll, i, subject, &state))
            continue;
        votes[state]++;
        outcome.vantages++;
    }
    outcome.state = majority(votes);
    if (outcome.state != HEALTH_DEGRADED)
        outcome.factor = 1;
    return outcome;
}

/* Clients within a vantage that has a fresh document on the server are told apart: its
 * own word counts there. */
static enum status
exceptions(const struct poll *poll, const char *server, struct arena *arena,
           struct health_verdict *verdict)
{
    size_t count = 0;

    for (size_t i = 0; i < poll->count; i++) {
        size_t words;
        (void)health_document_vantage(poll->documents[i].document, &words);
        count += words;
    }
    struct place_word *const except = arena_calloc(arena, count + 1, sizeof(*except));
    if (!except)
        return ERR_NOMEM;
    for (size_t i = 0; i < poll->count; i++) {
        const struct counted_document *const document = &poll->documents[i];
        size_t words;
        const struct place_word *const vantage =
            health_document_vantage(document->document, &words);
        if (words == 0 || document->stale ||
            !health_document_mentions(document->document, server, poll->now))
            continue;
        memcpy(except + verdict->except_count, vantage, words * sizeof(*except));
        verdict->except_count += words;
    }
    verdict->except = except;
    return OK;
}

static enum status
add_outcome(struct health_view *view, const struct poll *poll,
            const struct subject *subject)
{
    const struct outcome outcome = count_votes(poll, subject);
    struct health_verdict verdict = {
        .entry = { .server = subject->server,
                   .service = subject->service,
                   .scope = { .kind = PLACE_WORD_GLOBAL },
                   .state = outcome.state,
                   .factor = outcome.factor,
                   .reason = outcome.reason },
        .source = HEALTH_MONITOR,
        .writer = "votes",
        .lapses = outcome.lapses,
        .stale = outcome.stale,
    };

    if (outcome.vantages < 2)
        return OK;
    const enum status status = exceptions(poll, subject->server, view->arena, &verdict);
    return status == OK ? health_view_add(view, &verdict, HEALTH_GROUP_VOTES) : status;
}

static enum status
add_subject(struct poll *poll, const char *server, const char *service)
{
    for (size_t i = 0; i < poll->subject_count; i++) {
        if (strcmp(poll->subjects[i].server, server) == 0 &&
            service_equal(poll->subjects[i].service, service))
            return OK;
    }
    const enum status status =
        array_reserve(&poll->subjects, &poll->subject_capacity, poll->subject_count + 1,
                      sizeof(*poll->subjects));
    if (status == OK)
        poll->subjects[poll->subject_count++] = (struct subject){ server, service };
    return status;
}

static enum status
collect_subjects(struct poll *poll)
{
    enum status status = OK;

    for (size_t i = 0; i < poll->count && status == OK; i++) {
        size_t count;
        const struct health_entry *const entries =
            health_document_entries(poll->documents[i].document, &count);
        if (!has_vantage(poll->documents[i].document))
            continue;
        for (size_t k = 0; k < count && status == OK; k++) {
            if (entries[k].server && entries[k].scope.kind == PLACE_WORD_GLOBAL)
                status = add_subject(poll, entries[k].server, entries[k].service);
        }
    }
    return status;
}

enum status
health_votes_add(struct health_view *view, const struct counted_document *documents,
                 size_t count)
{
    struct poll poll = { .documents = documents, .count = count, .now = view->now };
    enum status status = collect_subjects(&poll);

    for (size_t i = 0; i < poll.subject_count && status == OK; i++)
        status = add_outcome(view, &poll, &poll.subjects[i]);
    free(poll.subjects);
    return status;
}
