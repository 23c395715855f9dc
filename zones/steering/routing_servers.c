/* SPDX-License-Identifier: BSD-2-Clause */
/* `servers` and `services` of routing.yaml. */
#include "dns/base/arena.h"
#include "zones/steering/routing_read.h"
#include <stdio.h>
#include <string.h>

/* ---- servers ---------------------------------------------------------------------- */

struct server_item {
    struct routing_item item;
    struct server *server;
};

static bool
has_address(const struct server *server, size_t count, const struct addr *addr)
{
    for (size_t i = 0; i < count; i++)
        if (addr_equal(&server->addresses[i], addr))
            return true;
    return false;
}

static enum status
read_address(struct server_item *object, const struct yaml_node *node,
             struct addr *addresses)
{
    struct server *server = object->server;
    struct diag *diag = object->item.reader->diag;
    const char *what = routing_what(&object->item, "addresses");
    const char *text = NULL;
    struct addr addr;
    const enum status status = yaml_text(node, what, diag, &text);

    if (status != OK)
        return status;
    if (addr_parse(text, &addr) != OK) {
        diag_error(diag, node->at, "%s: '%s' is no IPv4 or IPv6 address", what, text);
        return ERR_INVALID;
    }
    if (has_address(server, server->address_count, &addr)) {
        diag_error(diag, node->at, "%s: %s is there twice", what, text);
        return ERR_INVALID;
    }
    addresses[server->address_count++] = addr;
    return OK;
}

static enum status
read_addresses(void *context, const struct yaml_node *value, struct diag *diag)
{
    struct server_item *object = context;
    size_t count = 0;
    enum status result = OK;
    const struct yaml_node *node = yaml_elements(value, &count);

    if (count == 0 || count > SERVER_ADDRESSES_MAX) {
        diag_error(diag, value->at, "%s: there must be 1 to %d",
                   routing_what(&object->item, "addresses"), SERVER_ADDRESSES_MAX);
        return ERR_INVALID;
    }
    struct addr *addresses =
        arena_calloc(object->item.reader->arena, count, sizeof(*addresses));
    if (!addresses)
        return ERR_NOMEM;
    object->server->addresses = addresses;
    for (size_t i = 0; i < count; i++, node = node->next) {
        const enum status status = read_address(object, node, addresses);

        if (status == ERR_NOMEM)
            return status;
        if (status != OK)
            result = status;
    }
    return result;
}

static enum status
read_server_host(void *context, const struct yaml_node *value, struct diag *diag)
{
    struct server_item *object = context;

    (void)diag;
    return routing_read_host(&object->item, routing_what(&object->item, "host"), value,
                             &object->server->host);
}

static enum status
read_location(void *context, const struct yaml_node *value, struct diag *diag)
{
    struct server_item *object = context;
    struct location *location = &object->server->location;
    const char *what = routing_what(&object->item, "location");

    if (value->kind != YAML_LIST || value->len != 2) {
        diag_error(diag, value->at, "%s: must be [latitude, longitude]", what);
        return ERR_INVALID;
    }
    enum status status =
        yaml_real(value->child, routing_what(&object->item, "location: latitude"), -90.0,
                  90.0, diag, &location->latitude);
    if (status == OK)
        status = yaml_real(value->child->next,
                           routing_what(&object->item, "location: longitude"), -180.0,
                           180.0, diag, &location->longitude);
    object->server->has_location = status == OK;
    return status;
}

static const struct yaml_field server_fields[] = {
    { "addresses", read_addresses, false },
    { "host", read_server_host, false },
    { "location", read_location, false },
    { 0 },
};

/* A name that is an address would stand for that address in health documents. */
static void
check_server(struct server_item *object, const struct yaml_node *node)
{
    const struct server *server = object->server;
    struct diag *diag = object->item.reader->diag;
    struct addr addr;

    if (node->kind == YAML_MAP && !yaml_get(node, "addresses") && !yaml_get(node, "host"))
        diag_error(diag, node->at, "%s: needs addresses, a host, or both",
                   object->item.where);
    if (addr_parse(server->name, &addr) == OK && server->address_count &&
        !has_address(server, server->address_count, &addr))
        diag_error(diag, server->at, "%s: the name is an address that it does not have",
                   object->item.where);
}

static enum status
read_server(struct routing_reader *reader, const struct routing_entry *entry,
            struct server *server)
{
    struct server_item object = { .item.reader = reader, .server = server };

    server->name = entry->name;
    server->at = entry->at;
    routing_where(&object.item, "server '%s'", entry->name);
    const enum status status = yaml_read_map(entry->node, object.item.where,
                                             server_fields, &object, reader->diag);
    if (status == ERR_NOMEM)
        return status;
    check_server(&object, entry->node);
    return OK;
}

enum status
routing_read_servers(struct routing_reader *reader)
{
    const struct routing_entries *entries = &reader->sections[SECTION_SERVERS];
    struct routing *routing = reader->routing;
    const size_t room =
        entries->count + (reader->geo_routing ? reader->geo_routing->len : 0);

    routing->servers = arena_calloc(reader->arena, room + 1, sizeof(*routing->servers));
    if (!routing->servers)
        return ERR_NOMEM;
    for (size_t i = 0; i < entries->count; i++) {
        const enum status status =
            read_server(reader, &entries->items[i], &routing->servers[i]);

        if (status != OK)
            return status;
    }
    routing->server_count = entries->count;
    return OK;
}

/* ---- services --------------------------------------------------------------------- */

/* What a check needs of the other keys. */
struct check {
    const char *name;
    bool port_required, path, http;
};

static const struct check checks[] = {
    { "https", false, true, true },      { "http", false, true, true },
    { "tcp", true, false, false },       { "tls", false, false, false },
    { "stun", false, false, false },     { "turn", false, false, false },
    { "websocket", false, true, false }, { "dns", false, false, false },
    { NULL, false, false, false },
};

struct service_item {
    struct routing_item item;
    struct service *service;
    const struct check *check;
};

static enum status
keep_text(struct service_item *object, const char *text, const char **ret_copy)
{
    *ret_copy = arena_strdup(object->item.reader->arena, text);
    return *ret_copy ? OK : ERR_NOMEM;
}

static enum status
read_check(void *context, const struct yaml_node *value, struct diag *diag)
{
    struct service_item *object = context;
    const char *what = routing_what(&object->item, "check");
    const char *text = NULL;
    const char *known[sizeof(checks) / sizeof(checks[0])] = { NULL };
    const enum status status = yaml_text(value, what, diag, &text);

    if (status != OK)
        return status;
    for (size_t i = 0; checks[i].name; i++) {
        known[i] = checks[i].name;
        if (strcmp(checks[i].name, text) == 0) {
            object->check = &checks[i];
            object->service->check = checks[i].name;
            return OK;
        }
    }
    const char *nearest = yaml_nearest(text, known);
    diag_error(
        diag, value->at,
        "%s: '%s' is none of https, http, tcp, tls, stun, turn, websocket, dns%s%s%s",
        what, text, nearest ? ": did you mean '" : "", nearest ? nearest : "",
        nearest ? "'?" : "");
    return ERR_INVALID;
}

/* Kept as written but for case: a certificate is checked against it. */
static enum status
read_service_host(void *context, const struct yaml_node *value, struct diag *diag)
{
    struct service_item *object = context;
    const char *host = NULL;
    char text[1024];

    (void)diag;
    const enum status status = routing_read_host(
        &object->item, routing_what(&object->item, "host"), value, &host);
    if (status != OK)
        return status;
    (void)snprintf(text, sizeof(text), "%s", host);
    text[strlen(text) - 1] = '\0'; /* HTTP and TLS write no final dot */
    return keep_text(object, text, &object->service->host);
}

static enum status
read_path(void *context, const struct yaml_node *value, struct diag *diag)
{
    struct service_item *object = context;
    const char *what = routing_what(&object->item, "path");
    const char *text = NULL;
    const enum status status = yaml_text(value, what, diag, &text);

    if (status != OK)
        return status;
    bool sound = text[0] == '/';
    for (const char *c = text; *c; c++)
        sound = sound && (unsigned char)*c > ' ' && *c != 0x7f;
    if (!sound) {
        diag_error(diag, value->at, "%s: '%s' must begin with '/' and have no blanks",
                   what, text);
        return ERR_INVALID;
    }
    return keep_text(object, text, &object->service->path);
}

static enum status
read_method(void *context, const struct yaml_node *value, struct diag *diag)
{
    struct service_item *object = context;
    const char *what = routing_what(&object->item, "method");
    const char *text = NULL;
    const enum status status = yaml_text(value, what, diag, &text);

    if (status != OK)
        return status;
    if (!*text || strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != strlen(text)) {
        diag_error(diag, value->at, "%s: '%s' is no HTTP method such as HEAD", what,
                   text);
        return ERR_INVALID;
    }
    return keep_text(object, text, &object->service->method);
}

static enum status
read_statuses(void *context, const struct yaml_node *value, struct diag *diag)
{
    struct service_item *object = context;
    const char *what = routing_what(&object->item, "status");
    size_t count = 0;
    enum status result = OK;
    const struct yaml_node *node = yaml_elements(value, &count);
    uint16_t *statuses =
        arena_calloc(object->item.reader->arena, count + 1, sizeof(*statuses));

    if (!statuses)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++, node = node->next) {
        uint64_t number = 0;
        const enum status status = yaml_uint(node, what, 100, 599, diag, &number);

        if (status != OK)
            result = status;
        statuses[i] = (uint16_t)number;
    }
    object->service->statuses = statuses;
    object->service->status_count = count;
    return result;
}

static enum status
read_timeout(void *context, const struct yaml_node *value, struct diag *diag)
{
    struct service_item *object = context;
    const char *what = routing_what(&object->item, "timeout");
    uint64_t timeout_ms = 0;
    const enum status status = yaml_duration_ms(value, what, diag, &timeout_ms);

    if (status != OK)
        return status;
    if (timeout_ms == 0 || timeout_ms > 600000) {
        diag_error(diag, value->at, "%s: must be over 0 and at most 10m", what);
        return ERR_INVALID;
    }
    object->service->timeout_ms = timeout_ms;
    return OK;
}

static enum status
read_port(void *context, const struct yaml_node *value, struct diag *diag)
{
    struct service_item *object = context;
    uint64_t port = 0;
    const enum status status =
        yaml_uint(value, routing_what(&object->item, "port"), 1, 65535, diag, &port);

    object->service->port = (uint16_t)port;
    return status;
}

static const struct yaml_field service_fields[] = {
    { "check", read_check, false },     { "host", read_service_host, false },
    { "path", read_path, false },       { "method", read_method, false },
    { "status", read_statuses, false }, { "port", read_port, false },
    { "timeout", read_timeout, false }, { 0 },
};

static void
warn_unused(const struct service_item *object, const struct yaml_node *node,
            const char *key)
{
    const struct yaml_node *value = yaml_get(node, key);

    if (value)
        diag_warning(object->item.reader->diag, value->key ? value->key->at : value->at,
                     "%s: '%s' means nothing for check '%s'", object->item.where, key,
                     object->check->name);
}

static void
check_service(struct service_item *object, const struct yaml_node *node)
{
    if (node->kind != YAML_MAP || !object->check)
        return;
    if (object->check->port_required && !yaml_get(node, "port"))
        diag_error(object->item.reader->diag, node->at, "%s: check '%s' needs a port",
                   object->item.where, object->check->name);
    if (!object->check->path)
        warn_unused(object, node, "path");
    if (!object->check->http) {
        warn_unused(object, node, "method");
        warn_unused(object, node, "status");
    }
}

static enum status
read_service(struct routing_reader *reader, const struct routing_entry *entry,
             struct service *service)
{
    struct service_item object = { .item.reader = reader, .service = service };

    service->name = entry->name;
    service->at = entry->at;
    routing_where(&object.item, "service '%s'", entry->name);
    if (yaml_is_null(entry->node)) /* a name alone is a service that nothing checks */
        return OK;
    const enum status status = yaml_read_map(entry->node, object.item.where,
                                             service_fields, &object, reader->diag);
    if (status == ERR_NOMEM)
        return status;
    check_service(&object, entry->node);
    return OK;
}

enum status
routing_read_services(struct routing_reader *reader)
{
    const struct routing_entries *entries = &reader->sections[SECTION_SERVICES];
    struct routing *routing = reader->routing;
    bool has_default = false;

    routing->services =
        arena_calloc(reader->arena, entries->count + 1, sizeof(*routing->services));
    if (!routing->services)
        return ERR_NOMEM;
    for (size_t i = 0; i < entries->count; i++) {
        const enum status status =
            read_service(reader, &entries->items[i], &routing->services[i]);

        if (status != OK)
            return status;
        has_default = has_default || strcmp(entries->items[i].name, "default") == 0;
    }
    routing->service_count = entries->count;
    if (!has_default)
        routing->services[routing->service_count++].name = "default";
    return OK;
}
