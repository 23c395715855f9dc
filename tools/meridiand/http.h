/* SPDX-License-Identifier: BSD-2-Clause */
/* HTTP on the control socket and on TCP: status, metrics, health, reload (FORMATS.md).
 * Runs on the control loop and never waits: what a lane does is answered when the lane is
 * done. */
#ifndef TOOLS_MERIDIAND_HTTP_H
#define TOOLS_MERIDIAND_HTTP_H
#include "dns/base/status.h"

struct daemon;
struct diag;
struct http;

/* Binds all addresses and the control socket of daemon->config (privileges may be
 * needed). ERR_INVALID: reported to diag. */
MUST_CHECK enum status http_new(struct daemon *daemon, struct diag *diag,
                                struct http **ret_http);
void http_free(struct http *http); /* NULL is fine; removes the socket */
/* On the loop, when daemon_wake was called: sends the replies whose work is done. */
void http_finish(struct daemon *daemon);

#endif
