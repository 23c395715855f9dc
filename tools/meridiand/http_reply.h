/* SPDX-License-Identifier: BSD-2-Clause */
/* Replies: JSON at once, or later when a lane is done. For http.c and its handlers. */
#ifndef TOOLS_MERIDIAND_HTTP_REPLY_H
#define TOOLS_MERIDIAND_HTTP_REPLY_H
#include "tools/meridiand/daemon.h"
#include <jansson.h>

struct config_token;
struct evhttp_request;
struct store_result;

/* A request being handled. */
struct asked {
    struct daemon *daemon;
    struct evhttp_request *request;
    bool trusted;                     /* came over the control socket */
    const struct config_token *token; /* who it is, over TCP; NULL: nobody */
};

/* Sends the object (which it takes) as JSON. */
void reply_json(struct evhttp_request *request, int code, json_t *body);
/* {"errors": [{file, line, column, message}]} of all errors in diag. */
void reply_diag(struct evhttp_request *request, int code, const struct diag *diag);
/* The same with one error that is about no place in a file. */
void reply_error(struct evhttp_request *request, int code, const char *message);
void reply_text(struct evhttp_request *request, const char *type, const char *text,
                size_t len);
/* The code and body for a finished request to the store. */
int reply_of_result(const struct store_result *result, json_t **ret_body);

/* A reply that waits for a lane. */
struct pending;
/* NULL when out of memory (then 503 was sent). */
struct pending *pending_new(const struct asked *asked);
/* A store_done_fn, context: the pending. Any thread. */
void pending_done(void *context, const struct store_result *result);
/* These warnings go into the reply, too; copied. Before the request to the store. */
void pending_warn(struct pending *pending, const struct diag *diag);
/* The store did not take it: says so now. */
void pending_fail(struct pending *pending);
/* Sends what is finished. On the loop. */
void pending_send(struct pending *finished);

#endif
