/* SPDX-License-Identifier: BSD-2-Clause */
#include "zones/steering/health_view.h"
#include "dns/base/arena.h"
#include "dns/base/array.h"
#include "zones/steering/routing.h"
#include <stdlib.h>
#include <string.h>

static bool
is_automatic(const struct health_document *document)
{
    return health_document_source(document) != HEALTH_OPERATOR;
}

bool
health_entry_is_over(const struct health_entry *entry, int64_t now)
{
    return entry->until && entry->until <= now;
}

bool
health_document_mentions(const struct health_document *document, const char *server,
                         int64_t now)
{
    size_t count;
    const struct health_entry *const entries = health_document_entries(document, &count);

    for (size_t i = 0; i < count; i++) {
        if (entries[i].server && strcmp(entries[i].server, server) == 0 &&
            !health_entry_is_over(&entries[i], now))
            return true;
    }
    return false;
}

bool
health_is_superseded(const struct counted_document *documents, size_t count, size_t index,
                     const char *server, int64_t now)
{
    if (!documents[index].stale)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!documents[i].stale && is_automatic(documents[i].document) &&
            health_document_mentions(documents[i].document, server, now))
            return true;
    }
    return false;
}

enum status
health_view_add(struct health_view *view, const struct health_verdict *verdict,
                uint32_t group)
{
    enum status status = array_reserve(&view->verdicts, &view->capacity, view->count + 1,
                                       sizeof(*view->verdicts));

    if (status == OK)
        status = array_reserve(&view->groups, &view->group_capacity, view->count + 1,
                               sizeof(*view->groups));
    if (status != OK)
        return status;
    view->verdicts[view->count] = *verdict;
    view->groups[view->count++] = group;
    return OK;
}

static void
note_time(struct health_view *view, int64_t at, int64_t now)
{
    if (at > now && (view->next_change == 0 || at < view->next_change))
        view->next_change = at;
}

/* ---- order ------------------------------------------------------------------------ */

static int
compare_text(const char *a, const char *b)
{
    if (!a || !b)
        return (a != NULL) - (b != NULL);
    return strcmp(a, b);
}

static int
compare_subject(const struct health_entry *a, const struct health_entry *b)
{
    if (!a->server != !b->server)
        return a->server ? -1 : 1; /* servers, then pools */
    return a->server ? strcmp(a->server, b->server) : compare_text(a->pool, b->pool);
}

static int
compare_verdicts(const struct health_verdict *a, const struct health_verdict *b)
{
    int order = compare_subject(&a->entry, &b->entry);

    if (order == 0)
        order = place_word_compare(&a->entry.scope, &b->entry.scope);
    if (order == 0)
        order = compare_text(a->entry.service, b->entry.service);
    return order ? order : strcmp(a->writer, b->writer);
}

static int
compare_held(const void *a, const void *b)
{
    return compare_verdicts(&((const struct held_verdict *)a)->verdict,
                            &((const struct held_verdict *)b)->verdict);
}

static enum status
sort_verdicts(struct health_view *view)
{
    struct held_verdict *const held = calloc(view->count + 1, sizeof(*held));

    if (!held)
        return ERR_NOMEM;
    for (size_t i = 0; i < view->count; i++)
        held[i] = (struct held_verdict){ view->verdicts[i], view->groups[i] };
    qsort(held, view->count, sizeof(*held), compare_held);
    for (size_t i = 0; i < view->count; i++) {
        view->verdicts[i] = held[i].verdict;
        view->groups[i] = held[i].group;
    }
    free(held);
    return OK;
}

size_t
health_view_find(const struct health_view *view, bool is_pool, const char *name,
                 size_t *ret_count)
{
    const struct health_entry wanted = { .server = is_pool ? NULL : name,
                                         .pool = is_pool ? name : NULL };
    size_t low = 0, high = view->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (compare_subject(&view->verdicts[middle].entry, &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_count = 0;
    while (low + *ret_count < view->count &&
           compare_subject(&view->verdicts[low + *ret_count].entry, &wanted) == 0)
        ++*ret_count;
    return low;
}

/* ---- from documents to verdicts --------------------------------------------------- */

struct making {
    struct health_view *view;
    const struct health_options *options;
    struct counted_document *documents;
    size_t document_count;
};

/* Stale documents count for a while; a future one is the receiver's business. */
static struct counted_document
count_document(const struct making *making, const struct health_document *document)
{
    struct counted_document counted = { .document = document };

    if (!is_automatic(document))
        return counted;
    const int64_t stale_at =
        health_document_generated(document) + health_document_ttl(document);
    counted.stale = making->options->now >= stale_at;
    counted.lapses = stale_at + making->options->hold_s;
    note_time(making->view, stale_at, making->options->now);
    note_time(making->view, counted.lapses, making->options->now);
    return counted;
}

static enum status
add_scoped(struct making *making, const struct counted_document *counted,
           const struct health_entry *entry, const struct place_word *scope,
           uint32_t group)
{
    struct health_verdict verdict = {
        .entry = *entry,
        .source = health_document_source(counted->document),
        .writer = health_document_writer(counted->document),
        .stale = counted->stale,
        .lapses = counted->lapses,
    };

    verdict.entry.scope = *scope;
    if (entry->until && (verdict.lapses == 0 || entry->until < verdict.lapses))
        verdict.lapses = entry->until;
    note_time(making->view, verdict.lapses, making->options->now);
    return health_view_add(making->view, &verdict, group);
}

/* An unscoped entry of a document with a vantage holds at once for the vantage. */
static enum status
add_entry(struct making *making, uint32_t index, const struct health_entry *entry)
{
    const struct counted_document *const counted = &making->documents[index];
    const int64_t now = making->options->now;
    size_t count;
    const struct place_word *const vantage =
        health_document_vantage(counted->document, &count);
    enum status status = OK;

    if (health_entry_is_over(entry, now))
        return OK;
    if (entry->server && health_is_superseded(making->documents, making->document_count,
                                              index, entry->server, now))
        return OK;
    if (count == 0 || entry->scope.kind != PLACE_WORD_GLOBAL)
        return add_scoped(making, counted, entry, &entry->scope, index);
    for (size_t i = 0; i < count && status == OK; i++)
        status = add_scoped(making, counted, entry, &vantage[i], index);
    return status;
}

static enum status
add_documents(struct making *making)
{
    enum status status = OK;

    for (size_t i = 0; i < making->document_count && status == OK; i++) {
        size_t count;
        const struct health_entry *const entries =
            health_document_entries(making->documents[i].document, &count);
        for (size_t k = 0; k < count && status == OK; k++)
            /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): health_view_new frees them */
            status = add_entry(making, (uint32_t)i, &entries[k]);
    }
    return status;
}

/* ---- ages ------------------------------------------------------------------------- */

static bool
makes_recent(const struct health_verdict *verdict, int64_t now)
{
    return verdict->source != HEALTH_OPERATOR && verdict->entry.state >= HEALTH_DRAIN &&
           now < verdict->since + HEALTH_FRESH_S;
}

/* Since when each state holds: as before where the same writer said the same. */
static void
date_verdicts(struct making *making, const struct health_view *previous)
{
    struct health_view *const view = making->view;
    const int64_t now = making->options->now;
    size_t old = 0;

    for (size_t i = 0; i < view->count; i++) {
        struct health_verdict *const verdict = &view->verdicts[i];
        verdict->since = now;
        while (previous && old < previous->count &&
               compare_verdicts(&previous->verdicts[old], verdict) < 0)
            old++;
        if (previous && old < previous->count &&
            compare_verdicts(&previous->verdicts[old], verdict) == 0 &&
            previous->verdicts[old].entry.state == verdict->entry.state)
            verdict->since = previous->verdicts[old].since;
        if (makes_recent(verdict, now))
            note_time(view, verdict->since + HEALTH_FRESH_S, now);
    }
}

/* ---- footprints ------------------------------------------------------------------- */

static struct footprint *
footprint_of(struct health_view *view, const char *server)
{
    size_t low = 0, high = view->footprint_count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = strcmp(view->footprints[middle].server, server);
        if (order == 0)
            return &view->footprints[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (array_reserve(&view->footprints, &view->footprint_capacity,
                      view->footprint_count + 1, sizeof(*view->footprints)) != OK)
        return NULL;
    memmove(&view->footprints[low + 1], &view->footprints[low],
            (view->footprint_count - low) * sizeof(*view->footprints));
    view->footprint_count++;
    view->footprints[low] =
        (struct footprint){ .server = server, .hash = 0xcbf29ce484222325U };
    return &view->footprints[low];
}

static enum status
add_word(struct footprint *footprint, const struct place_word *word)
{
    size_t at = 0;

    if (word->kind == PLACE_WORD_GLOBAL)
        return OK;
    while (at < footprint->word_count &&
           place_word_compare(footprint->words[at], word) < 0)
        at++;
    if (at < footprint->word_count && place_word_equal(footprint->words[at], word))
        return OK;
    const enum status status =
        array_reserve(&footprint->words, &footprint->word_capacity,
                      footprint->word_count + 1, sizeof(struct place_word *));
    if (status != OK)
        return status;
    memmove(&footprint->words[at + 1], &footprint->words[at],
            (footprint->word_count - at) * sizeof(struct place_word *));
    footprint->words[at] = word;
    footprint->word_count++;
    return OK;
}

static uint64_t
mix(uint64_t hash, const void *bytes, size_t len)
{
    const uint8_t *const at = bytes;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ at[i]) * 0x100000001b3U;
    return hash;
}

static uint64_t
mix_text(uint64_t hash, const char *text)
{
    return text ? mix(hash, text, strlen(text) + 1) : mix(hash, "", 1);
}

static uint64_t
mix_word(uint64_t hash, const struct place_word *word)
{
    char text[PLACE_WORD_TEXT_SIZE];

    place_word_text(word, text);
    return mix(hash, text, strlen(text) + 1);
}

/* Everything of a verdict that a choice can depend on. */
static uint64_t
mix_verdict(uint64_t hash, const struct health_verdict *verdict, int64_t now)
{
    const struct health_entry *const entry = &verdict->entry;
    const uint32_t facts[] = { entry->state, verdict->source,
                               makes_recent(verdict, now) };

    hash = mix(hash, facts, sizeof(facts));
    hash = mix(hash, &entry->factor, sizeof(entry->factor));
    hash = mix_word(hash, &entry->scope);
    hash = mix_text(hash, entry->service);
    hash = mix_text(hash, entry->pool);
    hash = mix_text(hash, verdict->writer);
    for (size_t i = 0; i < verdict->except_count; i++)
        hash = mix_word(hash, &verdict->except[i]);
    return hash;
}

static enum status
touch(struct making *making, const char *server, size_t verdict_index)
{
    struct health_view *const view = making->view;
    const struct health_verdict *const verdict = &view->verdicts[verdict_index];
    struct footprint *const footprint = footprint_of(view, server);

    if (!footprint)
        return ERR_NOMEM;
    footprint->hash = mix_verdict(footprint->hash, verdict, making->options->now);
    enum status status = add_word(footprint, &verdict->entry.scope);
    for (size_t i = 0; i < verdict->except_count && status == OK; i++)
        status = add_word(footprint, &verdict->except[i]);
    return status;
}

static enum status
touch_pool(struct making *making, size_t verdict_index)
{
    const struct routing *const routing = making->options->routing;
    const char *const name = making->view->verdicts[verdict_index].entry.pool;
    const struct pool *const pool = routing ? routing_pool(routing, name) : NULL;
    enum status status = OK;

    for (size_t i = 0; pool && i < pool->member_count && status == OK; i++)
        status = touch(making, pool->members[i].server->name, verdict_index);
    return status;
}

static enum status
make_footprints(struct making *making)
{
    struct health_view *const view = making->view;
    enum status status = OK;

    for (size_t i = 0; i < view->count && status == OK; i++)
        status = view->verdicts[i].entry.server
                     ? touch(making, view->verdicts[i].entry.server, i)
                     : touch_pool(making, i);
    return status;
}

/* ---- lingering mentions ----------------------------------------------------------- */

static bool
has_word(const struct footprint *footprint, const struct place_word *word)
{
    for (size_t i = 0; i < footprint->word_count; i++) {
        if (place_word_equal(footprint->words[i], word))
            return true;
    }
    return false;
}

static enum status
linger(struct making *making, const char *server, const struct place_word *word,
       int64_t until)
{
    struct health_view *const view = making->view;
    char *const name = arena_strdup(view->arena, server);
    struct place_word *const copy = arena_alloc(view->arena, sizeof(*copy));
    enum status status =
        name && copy ? array_reserve(&view->lingering, &view->lingering_capacity,
                                     view->lingering_count + 1, sizeof(*view->lingering))
                     : ERR_NOMEM;

    if (status != OK)
        return status;
    *copy = *word;
    view->lingering[view->lingering_count++] = (struct lingering){ name, *word, until };
    struct footprint *const footprint = footprint_of(view, name);
    if (!footprint)
        return ERR_NOMEM;
    note_time(view, until, making->options->now);
    return add_word(footprint, copy);
}

/* When a mention that only lingers ends; 0: it does not linger. */
static int64_t
lingers_until(const struct health_view *view, const char *server,
              const struct place_word *word)
{
    for (size_t i = 0; i < view->lingering_count; i++) {
        if (place_word_equal(&view->lingering[i].word, word) &&
            strcmp(view->lingering[i].server, server) == 0)
            return view->lingering[i].until;
    }
    return 0;
}

static enum status
keep_mentions(struct making *making, const struct health_view *previous)
{
    const int64_t now = making->options->now;
    enum status status = OK;

    for (size_t i = 0; i < previous->footprint_count; i++) {
        const struct footprint *const old = &previous->footprints[i];
        for (size_t w = 0; w < old->word_count && status == OK; w++) {
            const struct footprint *const own = footprint_of(making->view, old->server);
            if (!own)
                return ERR_NOMEM;
            if (has_word(own, old->words[w]))
                continue;
            const int64_t until = lingers_until(previous, old->server, old->words[w]);
            if (until == 0 || until > now)
                status = linger(making, old->server, old->words[w],
                                until ? until : now + HEALTH_LINGER_S);
        }
    }
    return status;
}

/* Footprints keep names of the previous view only where something is left of them; those
 * names are copied. */
static enum status
own_names(struct health_view *view)
{
    for (size_t i = 0; i < view->footprint_count; i++) {
        view->footprints[i].server =
            arena_strdup(view->arena, view->footprints[i].server);
        if (!view->footprints[i].server)
            return ERR_NOMEM;
        for (size_t w = 0; w < view->footprints[i].word_count; w++)
            view->footprints[i].hash =
                mix_word(view->footprints[i].hash, view->footprints[i].words[w]);
    }
    return OK;
}

/* ---- life ------------------------------------------------------------------------- */

struct health_view *
health_view_empty(void)
{
    struct health_view *const view = calloc(1, sizeof(*view));

    if (!view || !(view->arena = arena_new())) {
        free(view);
        return NULL;
    }
    atomic_init(&view->refs, 1);
    return view;
}

static enum status
take_documents(struct making *making, struct health_document *const *documents,
               size_t count)
{
    struct health_view *const view = making->view;

    view->documents = calloc(count + 1, sizeof(struct health_document *));
    making->documents = calloc(count + 1, sizeof(*making->documents));
    if (!view->documents || !making->documents)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        const struct counted_document counted = count_document(making, documents[i]);
        if (counted.lapses && counted.lapses <= making->options->now)
            continue;
        making->documents[making->document_count++] = counted;
        health_document_hold(documents[i]);
        view->documents[view->document_count++] = documents[i];
    }
    return OK;
}

enum status
health_view_new(struct health_document *const *documents, size_t count,
                const struct health_options *options, const struct health_view *previous,
                struct health_view **ret_view)
{
    struct making making = { .view = health_view_empty(), .options = options };

    if (!making.view)
        return ERR_NOMEM;
    making.view->now = options->now;
    enum status status = take_documents(&making, documents, count);
    if (status == OK)
        status = add_documents(&making);
    if (status == OK)
        status = health_votes_add(making.view, making.documents, making.document_count);
    if (status == OK)
        status = sort_verdicts(making.view);
    if (status == OK) {
        date_verdicts(&making, previous);
        status = make_footprints(&making);
    }
    if (status == OK && previous)
        status = keep_mentions(&making, previous);
    if (status == OK)
        status = own_names(making.view);
    free(making.documents);
    if (status != OK) {
        health_view_drop(making.view);
        return status;
    }
    *ret_view = making.view;
    return OK;
}

void
health_view_hold(struct health_view *view)
{
    if (view)
        atomic_fetch_add_explicit(&view->refs, 1, memory_order_relaxed);
}

void
health_view_drop(struct health_view *view)
{
    if (!view || atomic_fetch_sub_explicit(&view->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < view->document_count; i++)
        health_document_drop(view->documents[i]);
    for (size_t i = 0; i < view->footprint_count; i++)
        free(view->footprints[i].words);
    free(view->documents);
    free(view->verdicts);
    free(view->groups);
    free(view->lingering);
    free(view->footprints);
    arena_free(view->arena);
    free(view);
}

int64_t
health_view_next_change(const struct health_view *view)
{
    return view->next_change;
}

const struct health_verdict *
health_view_verdicts(const struct health_view *view, size_t *ret_count)
{
    *ret_count = view->count;
    return view->verdicts;
}

/* ---- what plans ask --------------------------------------------------------------- */

static const struct footprint *
find_footprint(const struct health_view *view, const char *server)
{
    for (size_t low = 0, high = view->footprint_count; low < high;) {
        const size_t middle = low + (high - low) / 2;
        const int order = strcmp(view->footprints[middle].server, server);
        if (order == 0)
            return &view->footprints[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct place_word *const *
health_view_words(const struct health_view *view, const char *server, size_t *ret_count)
{
    const struct footprint *const footprint = find_footprint(view, server);

    *ret_count = footprint ? footprint->word_count : 0;
    return footprint ? (const struct place_word *const *)footprint->words : NULL;
}

enum status
health_view_changes(const struct health_view *before, const struct health_view *after,
                    const char ***ret_servers)
{
    const size_t before_count = before ? before->footprint_count : 0;
    const char **const servers =
        calloc(before_count + after->footprint_count + 1, sizeof(*servers));
    size_t count = 0, a = 0, b = 0;

    if (!servers)
        return ERR_NOMEM;
    while (a < before_count && b < after->footprint_count) {
        const struct footprint *const old = &before->footprints[a];
        const struct footprint *const now = &after->footprints[b];
        const int order = strcmp(old->server, now->server);
        if (order != 0 || old->hash != now->hash)
            servers[count++] = order < 0 ? old->server : now->server;
        a += order <= 0;
        b += order >= 0;
    }
    for (; a < before_count; a++)
        servers[count++] = before->footprints[a].server;
    for (; b < after->footprint_count; b++)
        servers[count++] = after->footprints[b].server;
    *ret_servers = servers;
    return OK;
}
