/* SPDX-License-Identifier: BSD-2-Clause */
/* An answer as text, by way of a message that ldns must be able to read. Written apart
 * from dns/emit.c, piece by piece and without care for room, so that answers can be
 * tested by themselves. */
#ifndef TESTS_LIB_RENDER_H
#define TESTS_LIB_RENDER_H
#include "dns/answer.h"

/* "NOERROR aa\n", then a line a record in the order of the message: "AN www.example. 300
 * IN A 192.0.2.1\n". The caller frees it. Aborts if ldns cannot read the message or it is
 * longer than the answer says. */
char *render(const struct query *query, const struct answer *answer);
/* The same for a whole message, as received. NULL: ldns cannot read it. */
char *render_message(const uint8_t *message, size_t len);

#endif
