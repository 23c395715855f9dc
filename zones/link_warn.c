/* SPDX-License-Identifier: BSD-2-Clause */
/* What can be served but is hardly meant, once zones, routing and places are joined:
 * types that no client gets, and words that no place matches. */
#include "dns/base/array.h"
#include "dns/base/diag.h"
#include "zones/dyntab.h"
#include "zones/link.h"
#include "zones/loading.h"
#include "zones/steering/classes.h"
#include "zones/steering/routing.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POOLS_NAMED = 8, LIST_SIZE = 512 };

/* ---- types that do not exist ------------------------------------------------------ */

/* What a server lacks, for whom the record's type does not exist. */
static const char *
lacking(const struct want *want)
{
    if (want->v4)
        return "an IPv4 address";
    return want->v6 ? "an IPv6 address" : "a host";
}

static bool
is_first_before(const struct plan *plan, size_t class, const struct pool *pool)
{
    for (size_t i = 0; i < class; i++) {
        if (plan->chains[i].pool_count > 0 && plan->classes->chains[i].pools[0] == pool)
            return true;
    }
    return false;
}

/* The pools that come first for somebody and have no member as it is wanted. */
static void
list_pools(const struct plan *plan, const struct want *want, char list[LIST_SIZE])
{
    size_t count = 0;
    size_t len = 0;

    list[0] = '\0';
    for (size_t i = 0; i < plan->classes->class_count && len < LIST_SIZE; i++) {
        const struct chain *const chain = &plan->classes->chains[i];
        const struct pool *const pool = chain->pool_count ? chain->pools[0] : NULL;
        if (!pool || dyn_pool_has(plan, &plan->chains[i], want) ||
            is_first_before(plan, i, pool) || count++ >= POOLS_NAMED)
            continue;
        len += (size_t)snprintf(list + len, LIST_SIZE - len, "%s'%s'", len ? ", " : "",
                                pool->name);
    }
    if (count > POOLS_NAMED && len < LIST_SIZE)
        (void)snprintf(list + len, LIST_SIZE - len, " …");
}

static void
warn_absent(const struct link_dyn *linked, const struct plan *plan, struct diag *diag)
{
    const struct dyn *const dyn = linked->dyn;
    const struct want want = dyn_want(dyn);
    char buffer[16];
    char list[LIST_SIZE];
    const char *const type = type_text(dyn->type, buffer);

    if (!plan) {
        diag_warning(diag, dyn->at, "%s: has no %s for anybody: server '%s' lacks %s",
                     dyn->owner, type, dyn->target, lacking(&want));
        return;
    }
    list_pools(plan, &want, list);
    diag_warning(diag, dyn->at,
                 "%s: has no %s for anybody: no server of pool %s has %s%s", dyn->owner,
                 type, list, lacking(&want),
                 want.host || dyn->families_borrow
                     ? ""
                     : " ('families: borrow' takes those of later pools)");
}

static void
check_types(const struct link *link, const struct link_zone *zone, struct diag *diag)
{
    for (size_t i = 0; i < zone->zone->dyn_count; i++) {
        const struct link_dyn *const linked = &zone->dyns[i];
        const struct want want = dyn_want(linked->dyn);
        /* An ALIAS has the families of its target, whichever they are. */
        if (zone->zone->dyns[i].form == DYN_ALIAS)
            continue;
        if (linked->plan != LINK_NO_PLAN) {
            const struct plan *const plan = link->plans[linked->plan];
            if (!dyn_type_exists(linked->dyn, plan))
                warn_absent(linked, plan, diag);
        } else if (linked->server && !dyn_server_has(linked->server, &want)) {
            warn_absent(linked, NULL, diag);
        }
    }
}

/* ---- words ------------------------------------------------------------------------ */

struct policies {
    const struct policy **items;
    size_t count;
    size_t capacity;
};

static enum status
add_policy(struct policies *policies, const struct policy *policy)
{
    const enum status status =
        array_reserve(&policies->items, &policies->capacity, policies->count + 1,
                      sizeof(const struct policy *));

    if (status == OK)
        policies->items[policies->count++] = policy;
    return status;
}

/* Those of routing, used or not, and those of records. */
static enum status
collect_policies(const struct link *link, struct policies *policies)
{
    const struct policy *policy;
    enum status status = OK;

    for (size_t i = 0;
         status == OK && (policy = routing_policy_at(link->routing, i)) != NULL; i++)
        status = add_policy(policies, policy);
    for (size_t i = 0; status == OK && i < link->plan_count; i++) {
        policy = link->plans[i]->policy;
        if (policy->is_inline)
            status = add_policy(policies, policy);
    }
    return status;
}

enum status
link_warn(const struct link *link, struct diag *diag)
{
    struct policies policies = { 0 };
    enum status status = collect_policies(link, &policies);

    if (status == OK)
        status =
            classes_check_words(link->base->base, policies.items, policies.count, diag);
    free(policies.items);
    for (size_t i = 0; status == OK && i < link->zone_count; i++) {
        if (link->zones[i].zone)
            check_types(link, &link->zones[i], diag);
    }
    return status;
}
