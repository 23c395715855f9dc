/* SPDX-License-Identifier: BSD-2-Clause */
/* struct answer → bytes: header, the question as asked, pieces copied and patched, OPT.
 */
#ifndef DNS_EMIT_H
#define DNS_EMIT_H
#include "dns/answer.h"

/* Writes a reply of at most `limit` bytes (at least 512) to `reply` and returns its
 * length. Additional data that is optional is left out silently where it does not fit;
 * any other piece that does not fit sets TC and ends the reply (RFC 2181 9). Room for OPT
 * is kept first. *ret_truncated says whether TC was set. */
size_t emit(const struct query *query, const struct answer *answer,
            const struct serve_settings *settings, uint8_t *reply, size_t limit,
            bool *ret_truncated);

#endif
