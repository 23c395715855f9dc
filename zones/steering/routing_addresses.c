/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses of servers: who owns one, and those that come from a host in a zone served
 * here. */
#include "dns/base/arena.h"
#include "zones/steering/routing_read.h"
#include <stdlib.h>
#include <string.h>

/* ---- who owns an address ---------------------------------------------------------- */

static int
compare_owned(const void *a, const void *b)
{
    const struct routing_owned *left = a;
    const struct routing_owned *right = b;
    const int order = addr_compare(&left->addr, &right->addr);

    if (order)
        return order;
    return (left->server > right->server) - (left->server < right->server);
}

/* The first of several owners has it. */
static void
warn_shared(const struct routing *routing, struct diag *diag)
{
    const struct routing_owned *owned = routing->owned;
    char text[ADDR_TEXT_SIZE];

    for (size_t i = 1; i < routing->owned_count; i++)
        if (addr_equal(&owned[i - 1].addr, &owned[i].addr))
            diag_warning(diag, owned[i].server->at,
                         "server '%s': %s is an address of server '%s', too",
                         owned[i].server->name, addr_text(&owned[i].addr, text),
                         owned[i - 1].server->name);
}

enum status
routing_index_addresses(struct routing *routing, struct diag *diag)
{
    size_t total = 0;

    for (size_t i = 0; i < routing->server_count; i++)
        total += routing->servers[i].address_count;
    struct routing_owned *owned = arena_calloc(routing->arena, total + 1, sizeof(*owned));
    if (!owned)
        return ERR_NOMEM;
    routing->owned = owned;
    routing->owned_count = 0;
    for (size_t i = 0; i < routing->server_count; i++)
        for (size_t j = 0; j < routing->servers[i].address_count; j++)
            owned[routing->owned_count++] =
                (struct routing_owned){ routing->servers[i].addresses[j],
                                        &routing->servers[i] };
    if (total)
        qsort(owned, total, sizeof(*owned), compare_owned);
    warn_shared(routing, diag);
    return OK;
}

const struct server *
routing_owner_of_addr(const struct routing *routing, const struct addr *addr)
{
    size_t low = 0;
    size_t high = routing->owned_count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (addr_compare(&routing->owned[middle].addr, addr) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == routing->owned_count || !addr_equal(&routing->owned[low].addr, addr))
        return NULL;
    return routing->owned[low].server;
}

/* ---- addresses of hosts ----------------------------------------------------------- */

/* Asks for the addresses of one host. *ret_inside: the name is ours to know. */
static enum status
complete_server(struct routing *routing, struct server *server,
                routing_resolve_fn resolve, void *context, bool *ret_inside)
{
    struct addr found[SERVER_ADDRESSES_MAX];
    size_t count =
        resolve(context, server->host, found, SERVER_ADDRESSES_MAX, ret_inside);

    if (count > SERVER_ADDRESSES_MAX)
        count = SERVER_ADDRESSES_MAX;
    if (!count)
        return OK;
    struct addr *addresses = arena_calloc(routing->arena, count, sizeof(*addresses));
    if (!addresses)
        return ERR_NOMEM;
    memcpy(addresses, found, count * sizeof(*addresses));
    server->addresses = addresses;
    server->address_count = count;
    return OK;
}

static bool
lacks_addresses(const struct server *server)
{
    return !server->address_count && server->host;
}

/* One pass over all servers. A host inside without any is reported to diag, if given. */
static enum status
complete_all(struct routing *routing, routing_resolve_fn resolve, void *context,
             size_t *ret_found, struct diag *diag)
{
    enum status status = OK;

    *ret_found = 0;
    for (size_t i = 0; status == OK && i < routing->server_count; i++) {
        struct server *server = &routing->servers[i];
        bool inside = false;

        if (!lacks_addresses(server))
            continue;
        status = complete_server(routing, server, resolve, context, &inside);
        if (server->address_count)
            (*ret_found)++;
        else if (inside && diag)
            diag_error(diag, server->at,
                       "server '%s': its host '%s' has no address in its zone",
                       server->name, server->host);
    }
    return status;
}

/* A host's record may itself be a `server:` form, of a server that has just got its
 * addresses: so passes go on while they find anything, and only the last one reports. */
enum status
routing_complete(struct routing *routing, routing_resolve_fn resolve, void *context,
                 struct diag *diag)
{
    struct diag messages;
    size_t found = 0;
    enum status status = OK;

    do
        status = complete_all(routing, resolve, context, &found, NULL);
    while (status == OK && found);
    diag_init(&messages);
    if (status == OK)
        status = complete_all(routing, resolve, context, &found, &messages);
    if (status == OK && messages.error_count)
        status = ERR_INVALID;
    if (status == OK)
        status =
            routing_index_addresses(routing, NULL); /* warned of when it was loaded */
    if (diag)
        diag_append(diag, &messages);
    diag_done(&messages);
    return status;
}
