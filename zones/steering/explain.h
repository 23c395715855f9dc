/* SPDX-License-Identifier: BSD-2-Clause */
/* The decision, told step by step, as JSON (jansson): which address was used, its place
 * and who said so, the rule, the chain with a reason for every server not chosen, the
 * deciding health entry, scope. Same functions as the answer: classes, choice_select. */
#ifndef ZONES_STEERING_EXPLAIN_H
#define ZONES_STEERING_EXPLAIN_H
#include "zones/steering/decision.h"
#include <jansson.h>

struct explain_input {
    const struct decision *decision;
    const struct health_view *view;
    const struct geo_base *base;
    const struct want *want;
    const struct place_word
        *from; /* a place without an address; NULL: `client` is given */
    const struct client *client;
    int64_t now_s;
};
/* A new object (the caller's), or NULL when out of memory. Keys: "address", "used"
 * ("subnet", "resolver", "place"), "place" {…, "from" sources}, "policy", "rule" {number,
 * line}, "chain" [{pool, served, servers: [{server, state, chosen, reason, entry{source,
 * writer, since, until, reason, scope}}]}], "ladder", "short_ttl", "scope", "candidates"
 * [{server, share}]. */
json_t *explain_decision(const struct explain_input *input);

#endif
