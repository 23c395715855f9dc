/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests to the running server, over its control socket. */
#ifndef TOOLS_MERIDIANCTL_CLIENT_H
#define TOOLS_MERIDIANCTL_CLIENT_H
#include "tools/meridianctl/ctl.h"
#include <stddef.h>

enum { CLIENT_REPLY_MAX = 1 << 30 }; /* bytes; a zone of a million names is 100 MB */

struct reply {
    long code;  /* of HTTP */
    char *text; /* NUL-terminated; NULL after a failure */
    size_t len;
};

struct request {
    const char *method; /* "GET", "PUT", "POST", "DELETE" */
    const char *path;   /* NULL (memory ran out while it was made) is refused */
    const char *body;   /* NULL: none */
};

/* False: no connection, which was complained of. The caller frees ret_reply->text. */
bool client_ask(const struct ctl *ctl, const struct request *request,
                struct reply *ret_reply);
/* The same; the reply as JSON (the caller's), NULL when it is none. */
bool client_ask_json(const struct ctl *ctl, const struct request *request, long *ret_code,
                     json_t **ret_body);
/* Adds text to a path, percent-encoded. The caller frees the result; NULL when out of
 * memory. */
char *client_escape(const char *text);

#endif
