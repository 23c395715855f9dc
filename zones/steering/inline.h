/* SPDX-License-Identifier: BSD-2-Clause */
/* octoDNS's own dynamic forms, `dynamic: {pools, rules}` and legacy `geo:`, as a policy
 * of their own. */
#ifndef ZONES_STEERING_INLINE_H
#define ZONES_STEERING_INLINE_H
#include "dns/base/status.h"
#include "zones/steering/policy.h"

struct arena;
struct yaml_node;

enum { INLINE_NAME_SIZE = 256 };

/* How the record's type reads one value: fills server (a new inline server: name,
 * addresses or host) and payload. Reports to diag. */
struct inline_reader {
    void *context;
    enum status (*value)(void *context, const struct yaml_node *value, struct diag *diag,
                         struct member *ret_member);
};

struct inline_record {
    const char *owner;               /* lower case, no final dot */
    const struct yaml_node *dynamic; /* or NULL */
    const struct yaml_node *geo;     /* or NULL */
    const struct yaml_node *values;  /* record level: value(s); NULL: none */
    struct diag_at at;
};

/* Makes the policy in `arena`, with copies of all it needs. All errors go to diag, then
 * ERR_INVALID; ERR_NOMEM. Of the map `dynamic` only `pools` and `rules` are read: other
 * keys, unknown ones too, are the caller's. `region:NAME` is an error here: zones know
 * nothing of routing.yaml. Of a legacy `geo` map the record's values are the last pool,
 * "default"; of `dynamic` they are the last resort. */
MUST_CHECK enum status inline_policy(const struct inline_record *record,
                                     const struct inline_reader *reader,
                                     struct arena *arena, struct diag *diag,
                                     const struct policy **ret_policy);

/* The one spelling by which health knows an inline value: an address in its canonical
 * text; a host in lower case, without the final dot; anything else as it is. NULL: as it
 * is (too long for buffer, too). */
const char *inline_value_name(const char *text, char buffer[INLINE_NAME_SIZE]);

#endif
