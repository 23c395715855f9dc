/* SPDX-License-Identifier: BSD-2-Clause */
/* The decision: for one policy and service, client → choice and scope, two look-ups and a
 * table read. A plan is its static side (data lane), a decision the plan with one health
 * view applied (health lane).
 *
 *   rows[class × mention] → choice → (zones/dynset.c) ready sets
 */
#ifndef ZONES_STEERING_DECISION_H
#define ZONES_STEERING_DECISION_H
#include "dns/base/addr.h"
#include "dns/base/part.h"
#include "dns/base/status.h"
#include "zones/steering/classes.h"
#include "zones/steering/health.h"
#include "zones/steering/policy.h"

struct geo_base;
struct routing;

/* geoip.resolvers: where the clients of resolvers without ECS are. */
struct resolver_place {
    struct prefix prefix;
    const struct place_word *words;
    size_t word_count;
};

/* All resolvers of the configuration; shared by every plan of a snapshot; a part. */
struct resolvers {
    struct part part;
    const struct geo_map *map; /* NULL: none; value: entry + 1; 0: not listed */
    const struct resolver_place *entries;
    size_t entry_count;
};
MUST_CHECK enum status resolvers_new(const struct resolver_place *entries, size_t count,
                                     struct resolvers **ret_resolvers); /* copies */

/* ---- plans ------------------------------------------------------------------------ */

/* A part. Its members are those of every chain, each (pool, member) once, numbered. */
struct plan {
    struct part part;
    const struct policy
        *policy;             /* borrowed: of the routing or the zone, which outlive it */
    const char *service;     /* owned copy */
    struct classes *classes; /* one reference */
    struct resolvers *resolvers; /* one reference; NULL: none */
    const struct plan_member *members;
    size_t member_count;
    const struct plan_chain *chains; /* [classes->class_count] */
    uint64_t draw_seed;              /* draw_seed(policy name, service) */
};
struct plan_member {
    const struct member *member;
    const struct pool *pool; /* NULL: last resort */
    const char *server; /* what health calls it: an inline value that a server entry of
                           routing owns has that entry's name */
    const struct server *entry; /* that server entry, or member->server */
};
struct plan_chain {
    const uint32_t *first;   /* [pool_count + 1]: members of pool i are first[i] …
                                first[i+1]−1 of `members` */
    const uint32_t *members; /* numbers into plan->members */
    size_t pool_count;
};
/* Takes references of classes and resolvers itself. ERR_NOMEM. */
MUST_CHECK enum status plan_new(const struct policy *policy, const char *service,
                                struct classes *classes, struct resolvers *resolvers,
                                const struct routing *routing, struct plan **ret_plan);

/* ---- choices ---------------------------------------------------------------------- */

/* The state of every member of one chain, and so what is answered. Interned in its
 * decision. */
struct choice_member {
    uint8_t state; /* enum health_state */
    bool recent;   /* see struct health_opinion */
    float factor;  /* of weight, 1 unless degraded */
};
struct choice {
    uint32_t class_id; /* whose chain: plan->chains[class_id] */
    const struct choice_member
        *members; /* parallel to plan_chain->members, then to the last resort */
};

/* What a record wants of a choice. */
struct want {
    bool v4, v6, host, any; /* members count only if they have this; any: all do */
    uint16_t skip;          /* pools that would serve, passed over */
    uint16_t chain;         /* how many pools that would serve; at least 1 */
};
enum ladder { LADDER_MIN_UP, LADDER_ANY, LADDER_LAST_RESORT, LADDER_WORST };
struct selected {
    uint32_t member; /* number into plan->members */
    uint16_t step;   /* 0 for the first pool answered, 1 for the next of `chain` … */
    uint32_t weight; /* weight × factor × 65536, at least 1 */
    uint8_t state;
};
enum { SELECTED_MAX = 4096 };
struct selection {
    struct selected *items;  /* room for plan->member_count, the caller's */
    size_t count;            /* over 0 whenever the policy has any wanted member at all */
    const struct pool *pool; /* the first pool answered; NULL: last resort */
    enum ladder ladder;
    bool short_ttl; /* the TTL rule of DESIGN applies */
};
/* Runs the ladder of DESIGN rule 4 over a choice; the same function serves answers,
 * explain and tests. A server is selected once. Degraded members are kept (marked by
 * state) even where `up` ones are there: dynset drops them when all members are answered.
 */
void choice_select(const struct plan *plan, const struct choice *choice,
                   const struct want *want, struct selection *selection);

/* ---- decisions -------------------------------------------------------------------- */

struct mentions_cache; /* mention maps by set of words and base; one thread at a time */
struct mentions_cache *mentions_cache_new(void);
void mentions_cache_free(struct mentions_cache *cache);

/* A part; immutable. The first members are what a query touches. */
struct decision {
    struct part part;
    const struct geo_map *class_map; /* NULL: class 0, length 0 */
    const uint32_t *class_vector;
    const struct geo_map *mention_map;  /* NULL: mention 0, length 0 */
    const uint32_t *mention_vector;     /* NULL: the map's value is the mention */
    const uint32_t *rows;               /* [class_count × mention_count] → choice */
    const uint8_t *stick;               /* by class: scope at least /24, /48 */
    const struct geo_map *resolver_map; /* NULL: none */
    const uint32_t *resolver_rows;      /* [entry] → choice */
    uint32_t mention_count;
    uint32_t unlocated_class;
    uint32_t unlocated_mention;
    size_t choice_count;
    const struct choice *choices;
    struct plan *plan; /* one reference */
    void *owned;       /* decision.c's own */
};

/* Makes `count` decisions, one a plan, for one view. previous[i] (may be NULL, as may
 * previous) is the plan's last decision: where nothing of its servers changed it is given
 * back with one more reference. changed: servers from health_view_changes, or NULL: all.
 * ERR_NOMEM. */
MUST_CHECK enum status
decisions_make(struct mentions_cache *cache, const struct geo_base *base,
               struct plan *const *plans, size_t count, const struct health_view *view,
               const char *const *changed, struct decision *const *previous,
               struct decision **ret_decisions);

/* Who asks. */
struct client {
    const struct addr *resolver; /* the source address */
    const struct addr *subnet;   /* ECS address with source_len over 0; else NULL */
    uint8_t source_len;
};
struct decided {
    uint32_t choice;
    uint8_t scope;    /* 0 if no subnet was given */
    uint8_t draw_len; /* how much of draw_addr the draw hashes: the scope, or all of the
                         resolver */
    bool stick;
    const struct addr *draw_addr;
};
/* The query path: no allocation, no lock. */
struct decided decision_find(const struct decision *decision,
                             const struct client *client);

#endif
