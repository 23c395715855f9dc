/* SPDX-License-Identifier: BSD-2-Clause */
/* What holds of every reply, whatever was asked: judged by ldns and by a walk of its own,
 * not by the code that wrote it. */
#ifndef TESTS_LIB_REPLY_CHECK_H
#define TESTS_LIB_REPLY_CHECK_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reply_case {
    const uint8_t *query;
    size_t query_len;
    const uint8_t *reply;
    size_t reply_len; /* 0: silence */
    bool tcp;
    size_t udp_size_max;
};

/* What is wrong with the reply, or NULL: silence exactly where RFC 8906 3 allows it; our
 * ID, opcode, RD; QR set, RA, Z, AD and CD clear; the question as asked; as many records
 * as the counts say and no byte more; readable by ldns; within the size limit (RFC 6891
 * 6.2.5); OPT if, and only if, the query has one that can be found (RFC 6891 6.1.1). */
const char *reply_problem(const struct reply_case *exchange);

#endif
