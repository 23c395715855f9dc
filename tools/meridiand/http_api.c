/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/meridiand/http_api.h"
#include "dns/base/diag.h"
#include "dns/base/yaml.h"
#include "tools/meridiand/explain.h"
#include "tools/meridiand/metrics.h"
#include "zones/export.h"
#include "zones/load.h"
#include "zones/snapshot.h"
#include "zones/steering/health.h"
#include "zones/store.h"
#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "0"
#endif

/* ---- looking ---------------------------------------------------------------------- */

void
api_status(const struct asked *asked)
{
    json_t *const status = store_status_json(asked->daemon->store);

    json_object_set_new(status, "version", json_string(PACKAGE_VERSION));
    json_object_set_new(status, "started", json_integer(asked->daemon->started));
    json_object_set_new(status, "now", json_integer(time(NULL)));
    json_object_set_new(status, "zones", store_zones_json(asked->daemon->store));
    reply_json(asked->request, 200, status);
}

void
api_zones(const struct asked *asked)
{
    reply_json(asked->request, 200, store_zones_json(asked->daemon->store));
}

void
api_health(const struct asked *asked)
{
    reply_json(asked->request, 200, store_health_json(asked->daemon->store));
}

void
api_document(const struct asked *asked, const char *writer)
{
    size_t len;
    char *const bytes = store_document(asked->daemon->store, writer, &len);

    if (!bytes) {
        reply_error(asked->request, 404, "this writer pushed no document");
        return;
    }
    reply_text(asked->request, "application/yaml", bytes, len);
    free(bytes);
    evhttp_send_reply(asked->request, 200, "OK", NULL);
}

/* Writes the zone into memory as text; false: no such zone, or no memory. */
static bool
export_zone(const struct store_view *view, const char *name, char **ret_text,
            size_t *ret_len)
{
    uint8_t apex[NAME_LEN_MAX];
    const struct snapshot *const snapshot = store_view_snapshot(view);
    bool found = false;

    if (zone_name_from_text(name, apex) != OK)
        return false;
    FILE *const out = open_memstream(ret_text, ret_len);
    for (size_t i = 0; out && i < snapshot->entry_count; i++) {
        const struct zone_entry *const entry = &snapshot->entries[i];
        if (!entry->zone || !name_equal(entry->apex, apex))
            continue;
        found = export_master(entry->zone, out) == OK;
    }
    if (!out || fclose(out) != 0)
        return false;
    if (!found)
        free(*ret_text);
    return found;
}

void
api_zone(const struct asked *asked, const char *name)
{
    const struct store_view *const view = store_hold(asked->daemon->store);
    char *text;
    size_t len;

    if (view && export_zone(view, name, &text, &len)) {
        reply_text(asked->request, "text/plain", text, len);
        free(text);
        evhttp_send_reply(asked->request, 200, "OK", NULL);
    } else {
        reply_error(asked->request, 404, "no such zone is served");
    }
    store_release(asked->daemon->store, view);
}

void
api_explain(const struct asked *asked)
{
    const char *const query =
        evhttp_uri_get_query(evhttp_request_get_evhttp_uri(asked->request));
    struct evkeyvalq keys;
    json_t *body = NULL;

    TAILQ_INIT(&keys);
    if (!query || evhttp_parse_query_str(query, &keys) != 0) {
        reply_error(asked->request, 400, "explain?name=…&type=…&from=…");
        return;
    }
    const char *const type = evhttp_find_header(&keys, "type");
    const struct explain_question question = {
        .name = evhttp_find_header(&keys, "name"),
        .type = type ? type : "A",
        .from = evhttp_find_header(&keys, "from"),
        .resolver = evhttp_find_header(&keys, "resolver"),
    };
    const struct store_view *const view = store_hold(asked->daemon->store);
    enum status status = ERR_FORMAT;
    if (view && question.name)
        status = explain_question_json(view, &question, &body);
    store_release(asked->daemon->store, view);
    evhttp_clear_headers(&keys);
    if (!body)
        reply_error(asked->request, status == ERR_NOMEM ? 503 : 400, "name= is needed");
    else
        reply_json(asked->request, status == OK ? 200 : 400, body);
}

void
api_metrics(const struct asked *asked)
{
    char *text = NULL;
    size_t len = 0;
    FILE *const out = open_memstream(&text, &len);

    if (out)
        metrics_write(asked->daemon, out);
    if (!out || fclose(out) != 0) {
        reply_error(asked->request, 503, "out of memory");
        return;
    }
    reply_text(asked->request, "text/plain; version=0.0.4", text, len);
    free(text);
    evhttp_send_reply(asked->request, 200, "OK", NULL);
}

void
api_page(const struct asked *asked)
{
    static const char page[] =
        "<!doctype html><meta charset=utf-8><title>Meridian</title>"
        "<style>body{font:16px sans-serif;margin:3em}li{margin:.4em}</style>"
        "<h1>Meridian</h1><ul><li><a href=/v1/status>status</a>"
        "<li><a href=/v1/zones>zones</a><li><a href=/v1/health>health</a>"
        "<li><a href=/metrics>metrics</a><li><a href=/readyz>ready?</a></ul>\n";

    evhttp_add_header(evhttp_request_get_output_headers(asked->request),
                      "Content-Security-Policy",
                      "default-src 'none'; style-src 'unsafe-inline'");
    reply_text(asked->request, "text/html; charset=utf-8", page, strlen(page));
    evhttp_send_reply(asked->request, 200, "OK", NULL);
}

/* ---- pushing health --------------------------------------------------------------- */

/* Is a word within what the token may speak of? */
static bool
word_allowed(const struct config_token *token, const struct place_word *word)
{
    for (size_t i = 0; i < token->scope_count; i++) {
        if (place_word_covers(&token->scopes[i], word))
            return true;
    }
    return token->scope_count == 0;
}

/* An unscoped entry of a document with a vantage speaks of the vantage. */
static bool
entry_allowed(const struct config_token *token, const struct health_document *document,
              const struct health_entry *entry)
{
    size_t count;
    const struct place_word *const vantage = health_document_vantage(document, &count);

    if (entry->scope.kind != PLACE_WORD_GLOBAL || count == 0)
        return word_allowed(token, &entry->scope);
    for (size_t i = 0; i < count; i++) {
        if (!word_allowed(token, &vantage[i]))
            return false;
    }
    return true;
}

/* NULL: the token may have documents of this source; else why not. */
static const char *
source_forbidden(const struct config_token *token, const char *source)
{
    const bool operator= strcmp(source, "operator") == 0;

    if (operator&& !(token->rights &TOKEN_OPERATOR))
        return "this token may not write operator documents";
    if (!operator&& !(token->rights &TOKEN_HEALTH))
        return "this token may not write health";
    if (!operator&& strcmp(token->source, source) != 0)
        return "this token writes documents of another source";
    return NULL;
}

/* NULL: fine; else why not. */
static const char *
forbidden(const struct config_token *token, const struct health_document *document)
{
    const char *const why =
        source_forbidden(token, health_source_name(health_document_source(document)));
    size_t count;
    const struct health_entry *const entries = health_document_entries(document, &count);

    if (strcmp(token->name, health_document_writer(document)) != 0)
        return "a token writes only documents whose writer is its own name";
    if (why)
        return why;
    for (size_t i = 0; i < count; i++) {
        if (!entry_allowed(token, document, &entries[i]))
            return "an entry's scope is wider than this token's scopes";
    }
    return NULL;
}

/* JSON cannot be cut short unnoticed; YAML needs its closing `...`. */
static bool
looks_like_json(const char *bytes, size_t len)
{
    const size_t at = strspn(bytes, " \t\r\n");

    return at < len && bytes[at] == '{';
}

/* What was received, and what is to be said of it. */
struct body {
    char *bytes;
    size_t len;
    struct diag diag;
};

static enum status
read_body(const struct asked *asked, const char *writer, struct body *body,
          struct health_document **ret_document)
{
    struct evbuffer *const input = evhttp_request_get_input_buffer(asked->request);
    struct yaml *yaml;

    body->len = evbuffer_get_length(input);
    body->bytes = malloc(body->len + 1);
    if (!body->bytes)
        return ERR_NOMEM;
    evbuffer_copyout(input, body->bytes, body->len);
    body->bytes[body->len] = '\0';
    enum status status =
        yaml_open_bytes(writer, body->bytes, body->len, &body->diag, &yaml);
    if (status != OK)
        return status;
    const struct store_view *const view = store_hold(asked->daemon->store);
    status = health_document_read(yaml, view ? store_view_routing(view) : NULL,
                                  !looks_like_json(body->bytes, body->len), &body->diag,
                                  ret_document);
    store_release(asked->daemon->store, view);
    yaml_close(yaml);
    return status;
}

static void
push_document(const struct asked *asked, const char *writer,
              struct health_document *document, const struct body *body)
{
    const char *const why = asked->trusted ? NULL : forbidden(asked->token, document);

    if (strcmp(writer, health_document_writer(document)) != 0) {
        reply_error(asked->request, 422, "the document's writer is not the path's");
        return;
    }
    if (why) {
        reply_error(asked->request, 403, why);
        return;
    }
    struct pending *const pending = pending_new(asked);
    if (!pending)
        return;
    pending_warn(pending, &body->diag);
    const struct store_push push = { .document = document,
                                     .writer = writer,
                                     .bytes = body->bytes,
                                     .len = body->len,
                                     .done = pending_done,
                                     .context = pending };
    if (store_push(asked->daemon->store, &push) != OK)
        pending_fail(pending);
}

void
api_push(const struct asked *asked, const char *writer)
{
    struct health_document *document = NULL;
    struct body body = { 0 };

    diag_init(&body.diag);
    const enum status status = read_body(asked, writer, &body, &document);
    if (status == OK)
        push_document(asked, writer, document, &body);
    else if (status == ERR_NOMEM)
        reply_error(asked->request, 503, "out of memory");
    else
        reply_diag(asked->request, 422, &body.diag);
    health_document_drop(document);
    free(body.bytes);
    diag_done(&body.diag);
}

/* Somebody else may have pushed it over the socket. False: refused, and said so. */
static bool
may_delete(const struct asked *asked, const char *writer)
{
    const char *why = NULL;
    size_t index;
    const json_t *one;

    if (asked->trusted)
        return true;
    json_t *const health = store_health_json(asked->daemon->store);
    json_array_foreach(json_object_get(health, "documents"), index, one)
    {
        const char *const other = json_string_value(json_object_get(one, "writer"));
        const char *const source = json_string_value(json_object_get(one, "source"));
        if (other && source && strcmp(other, writer) == 0)
            why = source_forbidden(asked->token, source);
    }
    json_decref(health);
    if (why)
        reply_error(asked->request, 403, why);
    return why == NULL;
}

void
api_delete(const struct asked *asked, const char *writer)
{
    if (!asked->trusted && strcmp(asked->token->name, writer) != 0) {
        reply_error(asked->request, 403,
                    "a token deletes only documents whose writer is its own name");
        return;
    }
    if (!may_delete(asked, writer))
        return;
    struct pending *const pending = pending_new(asked);
    if (!pending)
        return;
    const struct store_push push = { .writer = writer,
                                     .done = pending_done,
                                     .context = pending };
    if (store_push(asked->daemon->store, &push) != OK)
        pending_fail(pending);
}

/* ---- reload ----------------------------------------------------------------------- */

enum { ZONES_NAMED_MAX = 256 };

/* Body: {"force": true, "zones": ["a.example"]}, both optional; empty: look at
 * everything. */
static bool
read_reload(const struct asked *asked, json_t **ret_body, struct store_reload *reload,
            const char *named[ZONES_NAMED_MAX + 1])
{
    struct evbuffer *const buffer = evhttp_request_get_input_buffer(asked->request);
    const size_t len = evbuffer_get_length(buffer);
    size_t index, count = 0;
    json_t *zone;

    *ret_body = len ? json_loadb((const char *)evbuffer_pullup(buffer, -1), len, 0, NULL)
                    : json_object();
    json_t *zones = NULL;
    int forced = 0;
    if (json_unpack(*ret_body, "{s?o, s?b!}", "zones", &zones, "force", &forced) != 0 ||
        (zones && !json_is_array(zones)))
        return false;
    json_array_foreach(zones, index, zone)
    {
        if (count == ZONES_NAMED_MAX || !json_is_string(zone))
            return false;
        named[count++] = json_string_value(zone);
    }
    named[count] = NULL;
    reload->reread = true;
    reload->zones = count > 0 ? named : NULL;
    reload->force = forced;
    return true;
}

void
api_reload(const struct asked *asked)
{
    const char *named[ZONES_NAMED_MAX + 1];
    struct store_reload reload = { 0 };
    struct diag diag;
    json_t *body;

    if (!read_reload(asked, &body, &reload, named)) {
        reply_error(asked->request, 400,
                    "the body is {\"zones\": [NAME…], \"force\": true}");
        json_decref(body);
        return;
    }
    struct pending *const pending = pending_new(asked);
    diag_init(&diag);
    if (pending) {
        reload.done = pending_done;
        reload.context = pending;
        const enum status status = daemon_reload(asked->daemon, &reload, &diag);
        const struct store_result result = { .status = status, .diag = &diag };
        if (status != OK)
            pending_done(pending, &result);
    }
    diag_done(&diag);
    json_decref(body);
}
