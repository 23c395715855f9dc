/* SPDX-License-Identifier: BSD-2-Clause */
/* The answer to a question and how it came about, as JSON: for the API and for
 * meridianctl without a server. The answer is made by the same functions as a client's.
 */
#ifndef TOOLS_MERIDIAND_EXPLAIN_H
#define TOOLS_MERIDIAND_EXPLAIN_H
#include "dns/base/status.h"
#include <jansson.h>

struct store_view;

struct explain_question {
    const char *name;
    const char *type;
    const char
        *from; /* place word, address or prefix; NULL: the resolver's address counts */
    const char *resolver; /* address; NULL: 192.0.2.53, of which nothing is known */
};

/* A new object (the caller's). On ERR_FORMAT *ret_object is {"errors": [{"message"}]}:
 * something in the question is not understood. ERR_NOMEM. */
MUST_CHECK enum status explain_question_json(const struct store_view *view,
                                             const struct explain_question *question,
                                             json_t **ret_object);

#endif
