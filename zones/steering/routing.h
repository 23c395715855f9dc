/* SPDX-License-Identifier: BSD-2-Clause */
/* routing.yaml (one file or several, one name space): servers, services, regions, pools,
 * policies. */
#ifndef ZONES_STEERING_ROUTING_H
#define ZONES_STEERING_ROUTING_H
#include "dns/base/part.h"
#include "dns/base/status.h"
#include "zones/steering/policy.h"

/* How a monitor checks a service; the server itself only needs the name. */
struct service {
    const char *name;
    const char *check; /* "https", "http", "tcp", "tls", "stun", "turn", "websocket",
                          "dns"; NULL: none */
    const char *host, *path, *method;
    uint16_t port; /* 0: the check's default */
    const uint16_t *statuses;
    size_t status_count; /* 0: the monitor's own */
    uint64_t timeout_ms; /* 0: the monitor's own */
    struct diag_at at;
};

struct region {
    const char *name;
    const struct place_word *words; /* no regions */
    size_t word_count;
};

/* geo_routing is the policy "geo_routing"; each of its servers is a pool of one,
 * "geo_routing/SERVER", which no written pool can be called: names have no slash. A host
 * that no server entry has becomes a server named like it, without the final dot. */
struct routing; /* a part: (struct part *)routing is valid */

/* Reads all files into one routing. All errors of all files are reported; then
 * ERR_INVALID and nothing is made. No files: an empty routing (with the three default
 * regions and service `default`). `folder`: as in yaml_open. */
MUST_CHECK enum status routing_load(const char *const *paths, size_t path_count,
                                    const char *folder, struct diag *diag,
                                    struct routing **ret_routing);
void routing_free(
    struct routing *routing); /* NULL is fine; else drops the maker's reference */

const struct server *routing_server(const struct routing *routing, const char *name);
/* The server entry that owns this address or host (lower case, final dot), or NULL. */
const struct server *routing_owner_of_addr(const struct routing *routing,
                                           const struct addr *addr);
const struct server *routing_owner_of_host(const struct routing *routing,
                                           const char *host);
const struct pool *routing_pool(const struct routing *routing, const char *name);
const struct policy *routing_policy(const struct routing *routing, const char *name);
/* The policy "pool/NAME": one class, the pool and its fallbacks. */
const struct policy *routing_pool_policy(const struct routing *routing, const char *name);
const struct service *routing_service(const struct routing *routing, const char *name);
const struct region *routing_region(const struct routing *routing, const char *name);
/* Gives servers without addresses those of their host: `resolve` returns how many the
 * host has (at most max are written) and whether its name lies in a zone served here. A
 * host inside without any address is an error at the server, reported to diag:
 * ERR_INVALID. Once, before the routing is shared. */
typedef size_t (*routing_resolve_fn)(void *context, const char *host,
                                     struct addr *ret_addrs, size_t max,
                                     bool *ret_inside);
MUST_CHECK enum status routing_complete(struct routing *routing,
                                        routing_resolve_fn resolve, void *context,
                                        struct diag *diag);
/* By number, in the order of the files; NULL past the end. */
const struct server *routing_server_at(const struct routing *routing, size_t index);
const struct pool *routing_pool_at(const struct routing *routing, size_t index);
const struct policy *routing_policy_at(const struct routing *routing, size_t index);
const struct service *routing_service_at(const struct routing *routing, size_t index);
/* Files read (for watching), absolute. */
size_t routing_file_count(const struct routing *routing);
const char *routing_file(const struct routing *routing, size_t index);

#endif
