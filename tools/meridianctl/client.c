/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/meridianctl/client.h"
#include "dns/base/diag.h"
#include "tools/meridiand/config.h"
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#ifndef RUNSTATEDIR
#define RUNSTATEDIR "/run"
#endif

enum { CONNECT_S = 5, REPLY_S = 600 }; /* a reload answers when it is done */

static const char default_socket[] = RUNSTATEDIR "/meridian/control.sock";

/* The socket's path; the caller frees it. NULL: complained. */
static char *
socket_path(const struct ctl *ctl)
{
    struct config *config = NULL;
    struct diag diag;
    char *path = NULL;

    if (ctl->socket || !ctl->config)
        return strdup(ctl->socket ? ctl->socket : default_socket);
    diag_init(&diag);
    if (config_load(ctl->config, &diag, NULL, &config) != OK) {
        ctl_complain("%s: has errors; 'meridianctl check' shows them, -s names a socket",
                     ctl->config);
    } else {
        path = strdup(config->control);
        part_drop(&config->store.part);
    }
    diag_done(&diag);
    return path;
}

static size_t
take(char *bytes, size_t size, size_t count, void *context)
{
    struct reply *const reply = context;
    const size_t len = size * count;

    if (len > CLIENT_REPLY_MAX - reply->len)
        return 0;
    char *const text = realloc(reply->text, reply->len + len + 1);
    if (!text)
        return 0;
    memcpy(text + reply->len, bytes, len);
    reply->text = text;
    reply->len += len;
    text[reply->len] = '\0';
    return len;
}

static void
set_options(CURL *curl, const char *socket, const struct request *request,
            struct reply *reply)
{
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)REPLY_S);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, reply);
    if (request->body)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
}

static bool
ask(CURL *curl, const char *socket, const struct request *request, struct reply *reply)
{
    struct curl_slist *const headers =
        curl_slist_append(NULL, "Content-Type: application/json");
    char *url = NULL;

    if (!request->path || asprintf(&url, "http://localhost%s", request->path) < 0)
        url = NULL;
    if (!curl || !url || !headers) {
        ctl_complain("out of memory");
        free(url);
        curl_slist_free_all(headers);
        return false;
    }
    set_options(curl, socket, request, reply);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    const CURLcode code = curl_easy_perform(curl);
    if (code == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply->code);
    else
        ctl_complain("no answer from the server at %s: %s", socket,
                     curl_easy_strerror(code));
    curl_slist_free_all(headers);
    free(url);
    return code == CURLE_OK;
}

bool
client_ask(const struct ctl *ctl, const struct request *request, struct reply *ret_reply)
{
    char *const socket = socket_path(ctl);
    struct reply reply = { 0 };

    if (!socket)
        return false;
    CURL *const curl = curl_easy_init();
    const bool asked = ask(curl, socket, request, &reply);
    curl_easy_cleanup(curl);
    free(socket);
    if (asked && !reply.text)
        reply.text = strdup("");
    if (!asked || !reply.text) {
        free(reply.text);
        return false;
    }
    *ret_reply = reply;
    return true;
}

bool
client_ask_json(const struct ctl *ctl, const struct request *request, long *ret_code,
                json_t **ret_body)
{
    struct reply reply;

    if (!client_ask(ctl, request, &reply))
        return false;
    *ret_code = reply.code;
    *ret_body = json_loadb(reply.text, reply.len, 0, NULL);
    free(reply.text);
    return true;
}

char *
client_escape(const char *text)
{
    char *const escaped = curl_easy_escape(NULL, text, 0);
    char *const copy = escaped ? strdup(escaped) : NULL;

    curl_free(escaped);
    return copy;
}
