/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes → struct query. */
#ifndef DNS_QUERY_PARSE_H
#define DNS_QUERY_PARSE_H
#include "dns/query.h"

enum { QUERY_SILENCE = -1 };

/* Takes a message apart. Returns RCODE_NOERROR for one that can be answered (without a
 * question only if it asks for a cookie, RFC 7873 5.4), QUERY_SILENCE for one that gets
 * no reply (short of a header, or itself a reply), else the rcode of the reply: FORMERR,
 * NOTIMP, BADVERS, NOTAUTH. In any case has_question and edns.present say what was
 * understood, and only fields of what was are set. tcp, idle_100ms, source, now_s and
 * random are the caller's. ecs_enabled: false ignores that option. */
int query_parse(const uint8_t *message, size_t len, bool ecs_enabled,
                struct query *query);

#endif
