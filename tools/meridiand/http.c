/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/meridiand/http.h"
#include "dns/base/diag.h"
#include "tools/meridiand/http_api.h"
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    BODY_MAX = 4 << 20,
    /* More is cut off by libevent, and the client may not see its 413 for that. */
    RECEIVED_MAX = 2 * BODY_MAX,
    HEADERS_MAX = 16384,
    TIMEOUT_S = 120,
    BACKLOG = 64,
    SOCKET_MODE = 0660
};

struct http {
    struct daemon *daemon;
    struct evhttp *tcp;    /* needs tokens for writing */
    struct evhttp *socket; /* the file's permissions decided */
    char *socket_path;     /* to remove; owned */
};

/* ---- who may what ----------------------------------------------------------------- */

/* Equal without telling by the time it takes how much of it is. */
static bool
secret_equal(const char *a, const char *b)
{
    const size_t a_len = strlen(a), b_len = strlen(b);
    unsigned char different = a_len != b_len;

    for (size_t i = 0; i < a_len; i++)
        different |= (unsigned char)(a[i] ^ b[b_len ? i % b_len : 0]);
    return different == 0;
}

static const struct config_token *
token_of(const struct daemon *daemon, struct evhttp_request *request)
{
    static const char bearer[] = "Bearer ";
    const char *const header =
        evhttp_find_header(evhttp_request_get_input_headers(request), "Authorization");
    const struct config_token *found = NULL;

    if (!header || strncasecmp(header, bearer, strlen(bearer)) != 0)
        return NULL;
    for (size_t i = 0; i < daemon->config->token_count; i++) {
        if (secret_equal(header + strlen(bearer), daemon->config->tokens[i].secret))
            found = &daemon->config->tokens[i];
    }
    return found;
}

/* Over the control socket everybody may all; over TCP writing needs a token with the
 * right. */
static bool
may(const struct asked *asked, unsigned rights)
{
    if (asked->trusted)
        return true;
    if (!asked->token) {
        evhttp_add_header(evhttp_request_get_output_headers(asked->request),
                          "WWW-Authenticate", "Bearer");
        reply_error(asked->request, 401, "a bearer token is needed");
        return false;
    }
    if (asked->token->rights & rights)
        return true;
    reply_error(asked->request, 403, "this token may not do that");
    return false;
}

/* ---- paths ------------------------------------------------------------------------ */

static void
healthz(const struct asked *asked)
{
    reply_text(asked->request, "text/plain", "ok\n", 3);
    evhttp_send_reply(asked->request, 200, "OK", NULL);
}

static void
readyz(const struct asked *asked)
{
    const bool ready = store_is_ready(asked->daemon->store);
    const char *const text = ready ? "ready\n" : "a zone has never been loaded\n";

    reply_text(asked->request, "text/plain", text, strlen(text));
    evhttp_send_reply(asked->request, ready ? 200 : 503,
                      ready ? "OK" : "Service Unavailable", NULL);
}

struct path {
    const char *path;
    enum evhttp_cmd_type method;
    unsigned rights; /* 0: anybody */
    void (*handle)(const struct asked *asked);
};

static const struct path paths[] = {
    { "/metrics", EVHTTP_REQ_GET, 0, api_metrics },
    { "/healthz", EVHTTP_REQ_GET, 0, healthz },
    { "/readyz", EVHTTP_REQ_GET, 0, readyz },
    { "/", EVHTTP_REQ_GET, 0, api_page },
    { "/v1/status", EVHTTP_REQ_GET, 0, api_status },
    { "/v1/zones", EVHTTP_REQ_GET, 0, api_zones },
    { "/v1/health", EVHTTP_REQ_GET, 0, api_health },
    { "/v1/explain", EVHTTP_REQ_GET, 0, api_explain },
    { "/v1/reload", EVHTTP_REQ_POST, TOKEN_RELOAD, api_reload },
};

/* RFC 9110 15.5.6: a 405 says what is allowed. */
static void
reply_method(const struct asked *asked, const char *allowed)
{
    evhttp_add_header(evhttp_request_get_output_headers(asked->request), "Allow",
                      allowed);
    reply_error(asked->request, 405, "this path takes another method");
}

static bool
is_get(enum evhttp_cmd_type method)
{
    return method == EVHTTP_REQ_GET || method == EVHTTP_REQ_HEAD;
}

static bool
handle_document(const struct asked *asked, const char *path)
{
    static const char prefix[] = "/v1/health/";

    if (strncmp(path, prefix, strlen(prefix)) != 0)
        return false;
    char *const writer = evhttp_uridecode(path + strlen(prefix), 0, NULL);
    const enum evhttp_cmd_type method = evhttp_request_get_command(asked->request);
    if (!writer || !writer[0])
        reply_error(asked->request, 404, "no writer is named");
    else if (is_get(method))
        api_document(asked, writer);
    else if (method != EVHTTP_REQ_PUT && method != EVHTTP_REQ_DELETE)
        reply_method(asked, "GET, HEAD, PUT, DELETE");
    else if (!may(asked, TOKEN_HEALTH | TOKEN_OPERATOR))
        ; /* refused, and said so */
    else if (method == EVHTTP_REQ_PUT)
        api_push(asked, writer);
    else
        api_delete(asked, writer);
    free(writer);
    return true;
}

static bool
handle_zone(const struct asked *asked, const char *path)
{
    static const char prefix[] = "/v1/zones/";

    if (strncmp(path, prefix, strlen(prefix)) != 0)
        return false;
    char *const name = evhttp_uridecode(path + strlen(prefix), 0, NULL);
    if (name && is_get(evhttp_request_get_command(asked->request)))
        api_zone(asked, name);
    else
        reply_method(asked, "GET, HEAD");
    free(name);
    return true;
}

static void
handle(const struct asked *asked)
{
    const char *const path =
        evhttp_uri_get_path(evhttp_request_get_evhttp_uri(asked->request));
    const enum evhttp_cmd_type method = evhttp_request_get_command(asked->request);
    const char *allowed = NULL;

    if (evbuffer_get_length(evhttp_request_get_input_buffer(asked->request)) > BODY_MAX) {
        reply_error(asked->request, 413, "the body is larger than 4 MiB");
        return;
    }
    for (size_t i = 0; path && i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (strcmp(paths[i].path, path[0] ? path : "/") != 0)
            continue;
        allowed = is_get(paths[i].method) ? "GET, HEAD" : "POST";
        if (paths[i].method != method && !(is_get(paths[i].method) && is_get(method)))
            continue;
        if (paths[i].rights == 0 || may(asked, paths[i].rights))
            paths[i].handle(asked);
        return;
    }
    if (allowed)
        reply_method(asked, allowed);
    else if (!path || (!handle_document(asked, path) && !handle_zone(asked, path)))
        reply_error(asked->request, 404, "no such path");
}

static void
handle_tcp(struct evhttp_request *request, void *context)
{
    const struct http *const http = context;
    const struct asked asked = { .daemon = http->daemon,
                                 .request = request,
                                 .token = token_of(http->daemon, request) };

    handle(&asked);
}

static void
handle_socket(struct evhttp_request *request, void *context)
{
    const struct http *const http = context;
    const struct asked asked = { .daemon = http->daemon,
                                 .request = request,
                                 .trusted = true };

    handle(&asked);
}

/* ---- sockets ---------------------------------------------------------------------- */

static struct evhttp *
new_evhttp(struct http *http, void (*handle_fn)(struct evhttp_request *, void *))
{
    struct evhttp *const server = evhttp_new(http->daemon->loop);

    if (!server)
        return NULL;
    evhttp_set_gencb(server, handle_fn, http);
    evhttp_set_max_body_size(server, RECEIVED_MAX);
    evhttp_set_max_headers_size(server, HEADERS_MAX);
    evhttp_set_timeout(server, TIMEOUT_S);
    /* All, so that the refusal is ours. */
    evhttp_set_allowed_methods(server, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_PUT |
                                           EVHTTP_REQ_POST | EVHTTP_REQ_DELETE |
                                           EVHTTP_REQ_OPTIONS | EVHTTP_REQ_TRACE |
                                           EVHTTP_REQ_CONNECT | EVHTTP_REQ_PATCH);
    return server;
}

static enum status
cannot(struct diag *diag, const char *what)
{
    diag_error(diag, (struct diag_at){ 0 }, "cannot listen on '%s': %s", what,
               errno_text(errno));
    return ERR_INVALID;
}

static enum status
bind_tcp(struct http *http, const struct endpoint *endpoint, struct diag *diag)
{
    char text[ENDPOINT_TEXT_SIZE];
    struct sockaddr_storage sa;
    const socklen_t len = endpoint_to_sockaddr(endpoint, &sa);
    struct evconnlistener *const listener = evconnlistener_new_bind(
        http->daemon->loop, NULL, NULL,
        LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_EXEC, BACKLOG,
        (struct sockaddr *)&sa, (int)len);

    if (!listener)
        return cannot(diag, endpoint_text(endpoint, text));
    if (!evhttp_bind_listener(http->tcp, listener)) {
        evconnlistener_free(listener);
        return cannot(diag, endpoint_text(endpoint, text));
    }
    return OK;
}

/* Nobody answers on a socket that a crash left behind. */
static void
remove_stale(const struct sockaddr_un *sa)
{
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return;
    if (connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) != 0 &&
        errno == ECONNREFUSED)
        (void)unlink(sa->sun_path);
    close(fd);
}

static enum status
bind_socket(struct http *http, const char *path, struct diag *diag)
{
    struct sockaddr_un sa = { .sun_family = AF_UNIX };

    if (strlen(path) >= sizeof(sa.sun_path)) {
        diag_error(diag, (struct diag_at){ 0 }, "control: '%s' is longer than %zu bytes",
                   path, sizeof(sa.sun_path) - 1);
        return ERR_INVALID;
    }
    memcpy(sa.sun_path, path, strlen(path));
    remove_stale(&sa);
    char *const slash = strrchr(sa.sun_path, '/');
    if (slash && slash != sa.sun_path) {
        *slash = '\0';
        (void)mkdir(sa.sun_path, 0750);
        *slash = '/';
    }
    struct evconnlistener *const listener = evconnlistener_new_bind(
        http->daemon->loop, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC,
        BACKLOG, (struct sockaddr *)&sa, sizeof(sa));
    if (!listener)
        return cannot(diag, path);
    http->socket_path = strdup(path);
    if (!http->socket_path || chmod(path, SOCKET_MODE) != 0 ||
        !evhttp_bind_listener(http->socket, listener)) {
        evconnlistener_free(listener);
        return cannot(diag, path);
    }
    return OK;
}

enum status
http_new(struct daemon *daemon, struct diag *diag, struct http **ret_http)
{
    struct http *const http = calloc(1, sizeof(*http));
    const struct config *const config = daemon->config;

    if (!http)
        return ERR_NOMEM;
    http->daemon = daemon;
    http->tcp = new_evhttp(http, handle_tcp);
    http->socket = new_evhttp(http, handle_socket);
    enum status status = http->tcp && http->socket ? OK : ERR_NOMEM;
    for (size_t i = 0; status == OK && i < config->http_count; i++)
        status = bind_tcp(http, &config->http[i], diag);
    if (status == OK && config->control[0])
        status = bind_socket(http, config->control, diag);
    if (status != OK) {
        http_free(http);
        return status;
    }
    *ret_http = http;
    return OK;
}

void
http_free(struct http *http)
{
    if (!http)
        return;
    if (http->tcp)
        evhttp_free(http->tcp);
    if (http->socket)
        evhttp_free(http->socket);
    if (http->socket_path)
        (void)unlink(http->socket_path);
    free(http->socket_path);
    free(http);
}

void
http_finish(struct daemon *daemon)
{
    pthread_mutex_lock(&daemon->mutex);
    struct pending *const finished = daemon->finished;
    daemon->finished = NULL;
    pthread_mutex_unlock(&daemon->mutex);
    pending_send(finished);
}
