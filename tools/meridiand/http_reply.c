/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/meridiand/http_reply.h"
#include "dns/base/diag.h"
#include "zones/store.h"
#include <event2/buffer.h>
#include <event2/http.h>
#include <stdlib.h>
#include <string.h>

void
reply_text(struct evhttp_request *request, const char *type, const char *text, size_t len)
{
    struct evbuffer *const body = evhttp_request_get_output_buffer(request);

    evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type", type);
    evhttp_add_header(evhttp_request_get_output_headers(request), "Cache-Control",
                      "no-store");
    evbuffer_add(body, text, len);
}

static const char *
reason_of(int code)
{
    static const struct {
        int code;
        const char *reason;
    } reasons[] = { { 200, "OK" },
                    { 400, "Bad Request" },
                    { 401, "Unauthorized" },
                    { 403, "Forbidden" },
                    { 404, "Not Found" },
                    { 405, "Method Not Allowed" },
                    { 409, "Conflict" },
                    { 413, "Content Too Large" },
                    { 422, "Unprocessable Content" },
                    { 503, "Service Unavailable" } };

    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (reasons[i].code == code)
            return reasons[i].reason;
    }
    return "";
}

void
reply_json(struct evhttp_request *request, int code, json_t *body)
{
    char *const text = body ? json_dumps(body, JSON_INDENT(1)) : NULL;

    json_decref(body);
    if (!text) {
        evhttp_send_reply(request, 503, reason_of(503), NULL);
        return;
    }
    reply_text(request, "application/json", text, strlen(text));
    evbuffer_add(evhttp_request_get_output_buffer(request), "\n", 1);
    free(text);
    evhttp_send_reply(request, code, reason_of(code), NULL);
}

/* All errors have the same keys: this one is about no place in a file. */
static json_t *
one_error(const char *message)
{
    return json_pack("{s:[{s:s, s:i, s:i, s:s}]}", "errors", "file", "", "line", 0,
                     "column", 0, "message", message);
}

void
reply_error(struct evhttp_request *request, int code, const char *message)
{
    reply_json(request, code, one_error(message));
}

static json_t *
messages_of(const struct diag *diag, enum diag_level level)
{
    json_t *const all = json_array();

    for (size_t i = 0; diag && i < diag->count; i++) {
        const struct diag_message *const message = &diag->messages[i];
        if (message->level != level)
            continue;
        json_array_append_new(all, json_pack("{s:s, s:i, s:i, s:s}", "file",
                                             message->file ? message->file : "", "line",
                                             (int)message->line, "column",
                                             (int)message->column, "message",
                                             message->text ? message->text : ""));
    }
    return all;
}

void
reply_diag(struct evhttp_request *request, int code, const struct diag *diag)
{
    reply_json(request, code,
               json_pack("{s:o}", "errors", messages_of(diag, DIAG_ERROR)));
}

static json_t *
texts_of(const char *const *texts)
{
    json_t *const all = json_array();

    for (; texts && *texts; texts++)
        json_array_append_new(all, json_string(*texts));
    return all;
}

int
reply_of_result(const struct store_result *result, json_t **ret_body)
{
    switch (result->status) {
    case OK:
        *ret_body = json_pack("{s:b, s:b, s:o, s:o}", "applied", 1, "frozen", 0,
                              "unknown", texts_of(result->unknown), "warnings",
                              messages_of(result->diag, DIAG_WARNING));
        return 200;
    case ERR_STALE:
        *ret_body = one_error("older than the document that is loaded");
        return 409;
    case ERR_EXIST:
        *ret_body = one_error("a file in the health folder has this writer");
        return 409;
    case ERR_RANGE:
        *ret_body =
            one_error("'generated' is more than 60 seconds ahead of this server's clock");
        return 422;
    case ERR_NOENT: *ret_body = one_error("this writer has no document"); return 404;
    case ERR_INVALID:
        *ret_body =
            json_pack("{s:o, s:o}", "errors", messages_of(result->diag, DIAG_ERROR),
                      "warnings", messages_of(result->diag, DIAG_WARNING));
        return 422;
    case ERR_NOMEM:
    case ERR_SPACE:
    case ERR_FORMAT:
    case ERR_IO:
    case ERR_LIMIT:
    case ERR_DENIED: break;
    }
    *ret_body = one_error(status_text(result->status));
    return 503;
}

/* ---- later ------------------------------------------------------------------------ */

struct pending {
    struct pending *next;
    struct daemon *daemon;
    struct evhttp_request *request; /* NULL: the client is gone; the loop's alone */
    int code;
    json_t *body;
    json_t *warnings; /* to be in the reply, too; or NULL */
};

static void
client_gone(struct evhttp_connection *connection, void *context)
{
    struct pending *const pending = context;

    (void)connection;
    pending->request = NULL;
}

struct pending *
pending_new(const struct asked *asked)
{
    struct pending *const pending = calloc(1, sizeof(*pending));

    if (!pending) {
        reply_error(asked->request, 503, "out of memory");
        return NULL;
    }
    pending->daemon = asked->daemon;
    pending->request = asked->request;
    evhttp_connection_set_closecb(evhttp_request_get_connection(asked->request),
                                  client_gone, pending);
    return pending;
}

void
pending_warn(struct pending *pending, const struct diag *diag)
{
    json_decref(pending->warnings);
    pending->warnings = messages_of(diag, DIAG_WARNING);
}

static void
drop_pending(struct pending *pending)
{
    json_decref(pending->warnings);
    free(pending);
}

void
pending_done(void *context, const struct store_result *result)
{
    struct pending *const pending = context;
    struct daemon *const daemon = pending->daemon;

    pending->code = reply_of_result(result, &pending->body);
    pthread_mutex_lock(&daemon->mutex);
    pending->next = daemon->finished;
    daemon->finished = pending;
    pthread_mutex_unlock(&daemon->mutex);
    daemon_wake(daemon);
}

static void
send_one(struct pending *pending)
{
    if (pending->warnings)
        json_array_extend(json_object_get(pending->body, "warnings"), pending->warnings);
    if (pending->request) {
        evhttp_connection_set_closecb(evhttp_request_get_connection(pending->request),
                                      NULL, NULL);
        reply_json(pending->request, pending->code, pending->body);
    } else {
        json_decref(pending->body);
    }
    drop_pending(pending);
}

void
pending_fail(struct pending *pending)
{
    pending->code = 503;
    pending->body = one_error("out of memory");
    send_one(pending);
}

void
pending_send(struct pending *finished)
{
    while (finished) {
        struct pending *const next = finished->next;
        send_one(finished);
        finished = next;
    }
}
