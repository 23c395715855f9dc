/* SPDX-License-Identifier: BSD-2-Clause */
/* A health document, as pushed or written (FORMATS.md, "health.d"). */
#include "dns/base/arena.h"
#include "dns/base/array.h"
#include "dns/base/yaml.h"
#include "zones/steering/health.h"
#include "zones/steering/inline.h"
#include "zones/steering/routing.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    ENTRIES_MAX = 100000,
    TTL_MAX_S = 86400 * 7,
    NAME_BYTES_MAX = 255,
    REASON_MAX = 1000
};

static const double default_factor = 0.25; /* DESIGN, Steering */

struct health_document {
    atomic_size_t refs;
    struct arena *arena;
    const char *writer;
    struct diag_at writer_at; /* no file */
    enum health_source source;
    bool has_source;
    struct place_word *vantage;
    size_t vantage_count;
    int64_t generated;
    int64_t ttl;
    struct health_entry *entries;
    size_t entry_count, entry_capacity;
};

/* ---- names ------------------------------------------------------------------------ */

static const char *const state_names[HEALTH_STATES] = { "up", "degraded", "drain", "down",
                                                        "blocked" };
static const char *const source_names[] = { "operator", "monitor", "reports" };

const char *
health_state_name(enum health_state state)
{
    return state_names[state];
}

const char *
health_source_name(enum health_source source)
{
    return source_names[source];
}

enum status
health_state_parse(const char *text, enum health_state *ret_state)
{
    for (unsigned i = 0; i < HEALTH_STATES; i++) {
        if (strcmp(state_names[i], text) == 0) {
            *ret_state = (enum health_state)i;
            return OK;
        }
    }
    return ERR_FORMAT;
}

/* ---- reading ---------------------------------------------------------------------- */

struct reading {
    struct health_document *document;
    const struct routing *routing;
};

/* What one map of state, factor, reason, until, services, scopes says. */
struct opinion {
    struct reading *reading;
    const char *subject; /* for messages */
    bool has_state, has_factor;
    enum health_state state;
    double factor;
    const char *reason;
    int64_t until;
    const struct yaml_node *services;
    const struct yaml_node *scopes;
};

static enum status
read_state(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct opinion *const opinion = object;
    const char *text;

    if (yaml_text(value, "state", diag, &text) != OK)
        return ERR_INVALID;
    if (health_state_parse(text, &opinion->state) != OK) {
        diag_error(diag, value->at,
                   "%s: state '%s' is none of up, degraded, drain, down, blocked",
                   opinion->subject, text);
        return ERR_INVALID;
    }
    opinion->has_state = true;
    return OK;
}

static enum status
read_factor(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct opinion *const opinion = object;
    const enum status status =
        yaml_real(value, "factor", 0.001, 1, diag, &opinion->factor);

    opinion->has_factor = status == OK;
    return status;
}

static enum status
read_reason(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct opinion *const opinion = object;
    const char *text;

    if (yaml_text(value, "reason", diag, &text) != OK)
        return ERR_INVALID;
    const size_t len = value->len < REASON_MAX ? value->len : REASON_MAX;
    opinion->reason = arena_memdup(opinion->reading->document->arena, text, len);
    return opinion->reason ? OK : ERR_NOMEM;
}

static enum status
read_until(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct opinion *const opinion = object;

    return yaml_time(value, "until", diag, &opinion->until);
}

static enum status
read_services(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct opinion *const opinion = object;

    (void)diag;
    opinion->services = value;
    return OK;
}

static enum status
read_scopes(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct opinion *const opinion = object;

    opinion->scopes = value;
    return yaml_expect(value, YAML_MAP, "scopes", diag);
}

static const struct yaml_field service_fields[] = { { "state", read_state, true },
                                                    { "factor", read_factor, false },
                                                    { "reason", read_reason, false },
                                                    { "until", read_until, false },
                                                    { 0 } };
static const struct yaml_field scope_fields[] = {
    { "state", read_state, false },       { "factor", read_factor, false },
    { "reason", read_reason, false },     { "until", read_until, false },
    { "services", read_services, false }, { 0 }
};
static const struct yaml_field server_fields[] = { { "state", read_state, false },
                                                   { "factor", read_factor, false },
                                                   { "reason", read_reason, false },
                                                   { "until", read_until, false },
                                                   { "services", read_services, false },
                                                   { "scopes", read_scopes, false },
                                                   { 0 } };

/* factor goes with degraded alone. */
static enum status
read_opinion(struct opinion *opinion, const struct yaml_node *map,
             const struct yaml_field *fields, struct diag *diag)
{
    opinion->factor = default_factor;
    opinion->reason = "";
    const enum status status =
        yaml_read_map(map, opinion->subject, fields, opinion, diag);
    if (status != OK)
        return status;
    if (opinion->has_factor && opinion->state != HEALTH_DEGRADED) {
        diag_error(diag, map->at, "%s: factor is for state degraded", opinion->subject);
        return ERR_INVALID;
    }
    if (opinion->has_state && opinion->state != HEALTH_DEGRADED)
        opinion->factor = 1;
    return OK;
}

/* ---- entries ---------------------------------------------------------------------- */

/* Who and where an opinion is about. */
struct about {
    const char *server, *pool;
    const struct place_word *scopes; /* a region is several */
    size_t scope_count;
};

static enum status
/* NOLINTNEXTLINE(readability-function-size): what one entry is made of */
add_entry(struct reading *reading, const struct about *about, const char *service,
          const struct opinion *opinion, const struct yaml_node *node, struct diag *diag)
{
    struct health_document *const document = reading->document;

    for (size_t i = 0; i < about->scope_count; i++) {
        if (document->entry_count >= ENTRIES_MAX) {
            diag_error(diag, node->at, "more than %d entries", (int)ENTRIES_MAX);
            return ERR_INVALID;
        }
        const enum status status =
            array_reserve(&document->entries, &document->entry_capacity,
                          document->entry_count + 1, sizeof(*document->entries));
        if (status != OK)
            return status;
        document->entries[document->entry_count++] = (struct health_entry){
            .server = about->server,
            .pool = about->pool,
            .service = service,
            .scope = about->scopes[i],
            .state = opinion->state,
            .factor = opinion->factor,
            .reason = opinion->reason,
            .until = opinion->until,
            .at = { .line = node->at.line, .column = node->at.column },
        };
    }
    return OK;
}

static enum status
copy_name(struct reading *reading, const struct yaml_node *node, const char *what,
          struct diag *diag, const char **ret_name)
{
    const char *text;

    if (yaml_text(node, what, diag, &text) != OK)
        return ERR_INVALID;
    if (node->len == 0 || node->len > NAME_BYTES_MAX) {
        diag_error(diag, node->at, "%s: a name has 1 to %d bytes", what,
                   (int)NAME_BYTES_MAX);
        return ERR_INVALID;
    }
    *ret_name = arena_strdup(reading->document->arena, text);
    return *ret_name ? OK : ERR_NOMEM;
}

/* A server of routing.yaml is called as it is written there; any other name is an inline
 * value, however it is spelled. */
static enum status
copy_server(struct reading *reading, const struct yaml_node *key, struct diag *diag,
            const char **ret_name)
{
    char canonical[INLINE_NAME_SIZE];
    const char *name;
    const enum status status = copy_name(reading, key, "a server", diag, &name);

    if (status != OK)
        return status;
    const bool is_entry = reading->routing && routing_server(reading->routing, name);
    const char *const other = is_entry ? NULL : inline_value_name(name, canonical);
    if (other && strcmp(other, name) != 0)
        name = arena_strdup(reading->document->arena, other);
    *ret_name = name;
    return name ? OK : ERR_NOMEM;
}

/* services as a list: `state` is about those alone. */
static enum status
add_listed(struct reading *reading, const struct about *about,
           const struct opinion *opinion, const struct yaml_node *node, struct diag *diag)
{
    if (!opinion->has_state) {
        diag_error(diag, opinion->services->at,
                   "%s: a list of services limits `state`, which is missing",
                   opinion->subject);
        return ERR_INVALID;
    }
    for (const struct yaml_node *at = opinion->services->child; at; at = at->next) {
        const char *service;
        enum status status = copy_name(reading, at, "services", diag, &service);
        if (status == OK)
            status = add_entry(reading, about, service, opinion, node, diag);
        if (status != OK)
            return status;
    }
    return OK;
}

/* services as a map: each with an opinion of its own, apart from `state`. */
static enum status
add_mapped(struct reading *reading, const struct about *about,
           const struct opinion *general, struct diag *diag)
{
    for (const struct yaml_node *at = general->services->child; at; at = at->next) {
        struct opinion opinion = { .reading = reading, .subject = general->subject };
        const char *service;
        enum status status = copy_name(reading, at->key, "services", diag, &service);
        if (status == OK)
            status = read_opinion(&opinion, at, service_fields, diag);
        if (status == OK)
            status = add_entry(reading, about, service, &opinion, at, diag);
        if (status != OK)
            return status;
    }
    return OK;
}

static enum status
add_opinion(struct reading *reading, const struct about *about,
            const struct opinion *opinion, const struct yaml_node *node,
            struct diag *diag)
{
    enum status status = OK;

    if (opinion->services && opinion->services->kind == YAML_LIST)
        return add_listed(reading, about, opinion, node, diag);
    if (opinion->services && opinion->services->kind == YAML_SCALAR)
        return yaml_expect(opinion->services, YAML_MAP, "services", diag);
    if (opinion->services)
        status = add_mapped(reading, about, opinion, diag);
    if (status == OK && opinion->has_state)
        status = add_entry(reading, about, NULL, opinion, node, diag);
    return status;
}

/* ---- scopes ----------------------------------------------------------------------- */

/* A word, or the words of a region. In the arena. */
static enum status
scope_words(struct reading *reading, const struct yaml_node *key, struct diag *diag,
            struct about *about)
{
    struct place_word *const word = arena_alloc(reading->document->arena, sizeof(*word));
    char problem[DIAG_TEXT_MAX];

    if (!word)
        return ERR_NOMEM;
    if (place_word_parse(key->text, word, problem, sizeof(problem)) != OK) {
        diag_error(diag, key->at, "scopes: %s", problem);
        return ERR_INVALID;
    }
    if (problem[0])
        diag_warning(diag, key->at, "scopes: %s", problem);
    about->scopes = word;
    about->scope_count = 1;
    if (word->kind != PLACE_WORD_REGION)
        return OK;
    const struct region *const region =
        reading->routing ? routing_region(reading->routing, word->name) : NULL;
    if (!region) {
        diag_error(diag, key->at, "scopes: unknown region '%s'", word->name);
        return ERR_INVALID;
    }
    struct place_word *const words =
        arena_calloc(reading->document->arena, region->word_count + 1, sizeof(*words));
    if (!words)
        return ERR_NOMEM;
    memcpy(words, region->words, region->word_count * sizeof(*words));
    about->scopes = words;
    about->scope_count = region->word_count;
    return OK;
}

static enum status
read_scope(struct reading *reading, const struct about *whole, const char *subject,
           const struct yaml_node *value, struct diag *diag)
{
    struct about about = *whole;
    struct opinion opinion = { .reading = reading, .subject = subject };
    enum status status = scope_words(reading, value->key, diag, &about);

    if (status == OK)
        status = read_opinion(&opinion, value, scope_fields, diag);
    return status == OK ? add_opinion(reading, &about, &opinion, value, diag) : status;
}

static enum status
read_subject(struct reading *reading, const struct yaml_node *value, bool is_pool,
             struct diag *diag)
{
    static const struct place_word global = { .kind = PLACE_WORD_GLOBAL };
    struct opinion opinion = { .reading = reading };
    const char *name;
    enum status status = is_pool ? copy_name(reading, value->key, "a pool", diag, &name)
                                 : copy_server(reading, value->key, diag, &name);

    if (status != OK)
        return status;
    const struct about about = { .server = is_pool ? NULL : name,
                                 .pool = is_pool ? name : NULL,
                                 .scopes = &global,
                                 .scope_count = 1 };
    opinion.subject = name;
    status = read_opinion(&opinion, value, server_fields, diag);
    if (status == OK)
        status = add_opinion(reading, &about, &opinion, value, diag);
    if (status != OK || !opinion.scopes)
        return status;
    for (const struct yaml_node *at = opinion.scopes->child; at; at = at->next) {
        const enum status one = read_scope(reading, &about, name, at, diag);
        if (one == ERR_NOMEM)
            return one;
        if (one != OK)
            status = one;
    }
    return status;
}

static enum status
read_subjects(struct reading *reading, const struct yaml_node *value, bool is_pool,
              struct diag *diag)
{
    enum status worst = OK;

    if (yaml_is_null(value))
        return OK;
    if (yaml_expect(value, YAML_MAP, is_pool ? "pools" : "servers", diag) != OK)
        return ERR_INVALID;
    for (const struct yaml_node *at = value->child; at; at = at->next) {
        const enum status status = read_subject(reading, at, is_pool, diag);
        if (status == ERR_NOMEM)
            return status;
        if (status != OK)
            worst = status;
    }
    return worst;
}

/* ---- the head of a document ------------------------------------------------------- */

static enum status
read_servers(void *object, const struct yaml_node *value, struct diag *diag)
{
    return read_subjects(object, value, false, diag);
}

static enum status
read_pools(void *object, const struct yaml_node *value, struct diag *diag)
{
    return read_subjects(object, value, true, diag);
}

static enum status
read_version(void *object, const struct yaml_node *value, struct diag *diag)
{
    uint64_t version;

    (void)object;
    return yaml_uint(value, "version", 1, 1, diag, &version);
}

static enum status
read_source(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct reading *const reading = object;
    const char *text;

    if (yaml_text(value, "source", diag, &text) != OK)
        return ERR_INVALID;
    for (unsigned i = 0; i < sizeof(source_names) / sizeof(source_names[0]); i++) {
        if (strcmp(source_names[i], text) == 0) {
            reading->document->source = (enum health_source)i;
            reading->document->has_source = true;
            return OK;
        }
    }
    diag_error(diag, value->at, "source: '%s' is none of operator, monitor, reports",
               text);
    return ERR_INVALID;
}

static enum status
read_writer(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct reading *const reading = object;

    reading->document->writer_at =
        (struct diag_at){ .line = value->at.line, .column = value->at.column };
    return copy_name(reading, value, "writer", diag, &reading->document->writer);
}

static enum status
read_vantage(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct reading *const reading = object;
    size_t count;
    const struct yaml_node *at = yaml_elements(value, &count);
    struct place_word *const words =
        arena_calloc(reading->document->arena, count + 1, sizeof(*words));

    if (!words)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++, at = at->next) {
        char problem[DIAG_TEXT_MAX];
        const char *text;
        if (yaml_text(at, "vantage", diag, &text) != OK)
            return ERR_INVALID;
        if (place_word_parse(text, &words[i], problem, sizeof(problem)) != OK ||
            words[i].kind == PLACE_WORD_REGION || words[i].kind == PLACE_WORD_GLOBAL) {
            diag_error(diag, at->at, "vantage: %s",
                       problem[0] ? problem
                                  : "a place is meant, not a region and not global");
            return ERR_INVALID;
        }
    }
    reading->document->vantage = words;
    reading->document->vantage_count = count;
    return OK;
}

static enum status
read_generated(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct reading *const reading = object;

    return yaml_time(value, "generated", diag, &reading->document->generated);
}

static enum status
read_ttl(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct reading *const reading = object;
    uint64_t ms;
    const enum status status = yaml_duration_ms(value, "ttl", diag, &ms);

    if (status == OK && (ms < 1000 || ms / 1000 > TTL_MAX_S)) {
        diag_error(diag, value->at, "ttl: from 1 second to 7 days");
        return ERR_INVALID;
    }
    if (status == OK)
        reading->document->ttl = (int64_t)(ms / 1000);
    return status;
}

static const struct yaml_field document_fields[] = {
    { "version", read_version, true },
    { "source", read_source, true },
    { "writer", read_writer, true },
    { "vantage", read_vantage, false },
    { "generated", read_generated, false },
    { "ttl", read_ttl, false },
    { "servers", read_servers, false },
    { "pools", read_pools, false },
    { 0 },
};

static enum status
check_automatic(const struct health_document *document, const struct yaml *yaml,
                bool need_end, const struct yaml_node *map, struct diag *diag)
{
    enum status status = OK;

    if (!document->has_source || document->source == HEALTH_OPERATOR)
        return OK;
    if (document->generated == 0) {
        diag_error(diag, map->at, "'generated' is missing: automatic documents need it");
        status = ERR_INVALID;
    }
    if (document->ttl == 0) {
        diag_error(diag, map->at, "'ttl' is missing: automatic documents need it");
        status = ERR_INVALID;
    }
    if (need_end && !yaml_closed_explicitly(yaml)) {
        diag_error(diag, map->at,
                   "the closing '...' is missing: the document is cut short");
        status = ERR_INVALID;
    }
    return status;
}

enum status
health_document_read(struct yaml *yaml, const struct routing *routing, bool need_end,
                     struct diag *diag, struct health_document **ret_document)
{
    struct health_document *const document = calloc(1, sizeof(*document));
    struct reading reading = { .document = document, .routing = routing };
    const struct yaml_node *map;

    if (!document || !(document->arena = arena_new())) {
        free(document);
        return ERR_NOMEM;
    }
    atomic_init(&document->refs, 1);
    enum status status = yaml_whole(yaml, &map);
    if (status == OK) {
        status = yaml_read_map(map, "", document_fields, &reading, diag);
        const enum status head = check_automatic(document, yaml, need_end, map, diag);
        status = status == OK ? head : status;
    }
    if (status != OK) {
        health_document_drop(document);
        return status;
    }
    *ret_document = document;
    return OK;
}

/* ---- looking ---------------------------------------------------------------------- */

void
health_document_hold(struct health_document *document)
{
    atomic_fetch_add_explicit(&document->refs, 1, memory_order_relaxed);
}

void
health_document_drop(struct health_document *document)
{
    if (!document ||
        atomic_fetch_sub_explicit(&document->refs, 1, memory_order_acq_rel) != 1)
        return;
    arena_free(document->arena);
    free(document->entries);
    free(document);
}

const char *
health_document_writer(const struct health_document *document)
{
    return document->writer;
}

struct diag_at
health_document_writer_at(const struct health_document *document)
{
    return document->writer_at;
}

enum health_source
health_document_source(const struct health_document *document)
{
    return document->source;
}

int64_t
health_document_generated(const struct health_document *document)
{
    return document->generated;
}

int64_t
health_document_ttl(const struct health_document *document)
{
    return document->ttl;
}

const struct place_word *
health_document_vantage(const struct health_document *document, size_t *ret_count)
{
    *ret_count = document->vantage_count;
    return document->vantage;
}

const struct health_entry *
health_document_entries(const struct health_document *document, size_t *ret_count)
{
    *ret_count = document->entry_count;
    return document->entries;
}
