/* SPDX-License-Identifier: BSD-2-Clause */
/* routing.yaml as one immutable part: opens the files, collects their sections, has them
 * read in order, and answers look-ups. */
#include "zones/steering/routing.h"
#include "dns/base/arena.h"
#include "dns/base/array.h"
#include "zones/steering/place_set.h"
#include "zones/steering/routing_read.h"
#include <stdlib.h>
#include <string.h>

static const char *const section_kinds[SECTIONS] = { "server", "service", "region",
                                                     "pool", "policy" };

/* ---- collecting ------------------------------------------------------------------- */

static enum status
add_entry(struct routing_reader *reader, enum routing_section section,
          const struct yaml_node *node)
{
    struct routing_entries *entries = &reader->sections[section];

    if (routing_check_name(reader, section_kinds[section], node->key) != OK)
        return ERR_INVALID;
    const enum status status = array_reserve(&entries->items, &entries->capacity,
                                             entries->count + 1, sizeof(*entries->items));
    if (status != OK)
        return status;
    struct routing_entry *entry = &entries->items[entries->count];
    entry->name = arena_strdup(reader->arena, node->key->text);
    entry->node = node;
    entry->at = routing_keep_at(reader, node->key->at);
    if (!entry->name)
        return ERR_NOMEM;
    entries->count++;
    return OK;
}

static enum status
add_section(struct routing_reader *reader, enum routing_section section,
            const struct yaml_node *value)
{
    enum status result = OK;

    if (yaml_is_null(value))
        return OK;
    if (yaml_expect(value, YAML_MAP, value->key->text, reader->diag) != OK)
        return ERR_INVALID;
    for (const struct yaml_node *node = value->child; node; node = node->next) {
        const enum status status = add_entry(reader, section, node);

        if (status == ERR_NOMEM)
            return status;
        if (status != OK)
            result = status;
    }
    return result;
}

static enum status
add_servers(void *reader, const struct yaml_node *value, struct diag *diag)
{
    (void)diag;
    return add_section(reader, SECTION_SERVERS, value);
}

static enum status
add_services(void *reader, const struct yaml_node *value, struct diag *diag)
{
    (void)diag;
    return add_section(reader, SECTION_SERVICES, value);
}

static enum status
add_regions(void *reader, const struct yaml_node *value, struct diag *diag)
{
    (void)diag;
    return add_section(reader, SECTION_REGIONS, value);
}

static enum status
add_pools(void *reader, const struct yaml_node *value, struct diag *diag)
{
    (void)diag;
    return add_section(reader, SECTION_POOLS, value);
}

static enum status
add_policies(void *reader, const struct yaml_node *value, struct diag *diag)
{
    (void)diag;
    return add_section(reader, SECTION_POLICIES, value);
}

static enum status
add_geo_routing(void *context, const struct yaml_node *value, struct diag *diag)
{
    struct routing_reader *reader = context;

    if (yaml_is_null(value))
        return OK;
    if (reader->geo_routing) {
        diag_error(diag, value->key->at, "geo_routing: is already written at %s:%u",
                   reader->geo_routing->key->at.file,
                   (unsigned)reader->geo_routing->key->at.line);
        return ERR_INVALID;
    }
    if (yaml_expect(value, YAML_LIST, "geo_routing", diag) != OK)
        return ERR_INVALID;
    if (!value->len || value->len > CHAIN_POOLS_MAX) {
        diag_error(diag, value->at, "geo_routing: there must be 1 to %d entries",
                   CHAIN_POOLS_MAX);
        return ERR_INVALID;
    }
    reader->geo_routing = value;
    return OK;
}

static const struct yaml_field top_fields[] = {
    { "servers", add_servers, false },
    { "services", add_services, false },
    { "regions", add_regions, false },
    { "pools", add_pools, false },
    { "policies", add_policies, false },
    { "geo_routing", add_geo_routing, false },
    { 0 },
};

/* ---- one name space --------------------------------------------------------------- */

static int
compare_entries(const void *a, const void *b)
{
    const struct routing_entry *const *left = a;
    const struct routing_entry *const *right = b;
    const int order = strcmp((*left)->name, (*right)->name);

    return order ? order : (*left > *right) - (*left < *right);
}

static void
report_twice(struct routing_reader *reader, const char *kind,
             const struct routing_entry *first, const struct routing_entry *second)
{
    diag_error(reader->diag, second->at, "%s '%s': is already defined at %s:%u", kind,
               second->name, first->at.file, (unsigned)first->at.line);
}

/* A name defined in two files is reported at the second; within one file the YAML reader
 * did. */
static enum status
find_doubles(struct routing_reader *reader, enum routing_section section)
{
    struct routing_entries *entries = &reader->sections[section];
    const struct routing_entry **sorted =
        calloc(entries->count + 1, sizeof(struct routing_entry *));

    if (!sorted)
        return ERR_NOMEM;
    for (size_t i = 0; i < entries->count; i++)
        sorted[i] = &entries->items[i];
    if (entries->count)
        qsort(sorted, entries->count, sizeof(struct routing_entry *), compare_entries);
    for (size_t i = 1; i < entries->count; i++)
        if (strcmp(sorted[i - 1]->name, sorted[i]->name) == 0)
            report_twice(reader, section_kinds[section], sorted[i - 1], sorted[i]);
    if (section == SECTION_POLICIES && reader->geo_routing)
        for (size_t i = 0; i < entries->count; i++)
            if (strcmp(entries->items[i].name, "geo_routing") == 0)
                diag_error(reader->diag, entries->items[i].at,
                           "policy 'geo_routing': this name is the short form's");
    free(sorted);
    return OK;
}

/* ---- indexes ---------------------------------------------------------------------- */

static enum status
index_servers(struct routing_reader *reader)
{
    struct routing *routing = reader->routing;
    const char **names =
        arena_calloc(reader->arena, routing->server_count + 1, sizeof(*names));

    if (!names)
        return ERR_NOMEM;
    for (size_t i = 0; i < routing->server_count; i++)
        names[i] = routing->servers[i].name;
    return names_make(reader->arena, names, routing->server_count,
                      &routing->server_names);
}

static enum status
index_addresses(struct routing_reader *reader)
{
    return routing_index_addresses(reader->routing, reader->diag);
}

static enum status
index_hosts(struct routing_reader *reader)
{
    struct routing *routing = reader->routing;
    const size_t room = routing->server_count + 1;
    const char **names = arena_calloc(reader->arena, room, sizeof(*names));
    size_t count = 0;

    routing->hosts = arena_calloc(reader->arena, room, sizeof(struct server *));
    if (!names || !routing->hosts)
        return ERR_NOMEM;
    for (size_t i = 0; i < routing->server_count; i++) {
        const struct server *server = &routing->servers[i];

        if (!server->host)
            continue;
        names[count] = server->host;
        routing->hosts[count++] = server;
    }
    return names_make(reader->arena, names, count, &routing->host_names);
}

/* Everything that was added after its section was read. */
static enum status
index_rest(struct routing_reader *reader)
{
    struct routing *routing = reader->routing;
    const size_t pools = routing->pool_count;
    const size_t policies = routing->policy_count;
    const size_t services = routing->service_count;
    const char **names =
        arena_calloc(reader->arena, pools + policies + services + 1, sizeof(*names));

    if (!names)
        return ERR_NOMEM;
    for (size_t i = 0; i < pools; i++)
        names[i] = routing->pools[i].name;
    for (size_t i = 0; i < policies; i++)
        names[pools + i] = routing->policies[i].name;
    for (size_t i = 0; i < services; i++)
        names[pools + policies + i] = routing->services[i].name;
    enum status status = names_make(reader->arena, names, pools, &routing->pool_names);
    if (status == OK)
        status =
            names_make(reader->arena, names + pools, policies, &routing->policy_names);
    if (status == OK)
        status = names_make(reader->arena, names + pools + policies, services,
                            &routing->service_names);
    return status;
}

/* ---- loading ---------------------------------------------------------------------- */

typedef enum status (*step_fn)(struct routing_reader *reader);

/* The order matters: each looks up what those before it have made. */
static const step_fn steps[] = {
    routing_read_servers, index_servers,      routing_geo_servers, routing_read_services,
    routing_read_regions, routing_read_pools, routing_geo_pools,   routing_read_policies,
    routing_geo_policy,   index_addresses,    index_hosts,         index_rest,
};

static enum status
read_sections(struct routing_reader *reader)
{
    enum status status = OK;

    for (unsigned i = 0; status == OK && i < SECTIONS; i++)
        status = find_doubles(reader, (enum routing_section)i);
    for (size_t i = 0; status == OK && i < sizeof(steps) / sizeof(steps[0]); i++)
        status = steps[i](reader);
    return status;
}

static enum status
note_files(struct routing_reader *reader, const struct yaml *yaml)
{
    struct routing *routing = reader->routing;
    const size_t count = yaml_file_count(yaml);
    const char **files =
        arena_calloc(reader->arena, routing->file_count + count + 1, sizeof(*files));

    if (!files)
        return ERR_NOMEM;
    for (size_t i = 0; i < routing->file_count; i++)
        files[i] = routing->files[i];
    for (size_t i = 0; i < count; i++) {
        files[routing->file_count + i] = arena_strdup(reader->arena, yaml_file(yaml, i));
        if (!files[routing->file_count + i])
            return ERR_NOMEM;
    }
    routing->files = files;
    routing->file_count += count;
    return OK;
}

/* Opens one file and collects its sections; what is wrong with it is reported. */
static enum status
read_file(struct routing_reader *reader, const char *path, const char *folder,
          struct yaml **ret_yaml)
{
    const struct yaml_node *map = NULL;
    enum status status = yaml_open(path, folder, reader->diag, ret_yaml);

    if (status == OK)
        status = yaml_whole(*ret_yaml, &map);
    if (status == ERR_NOMEM)
        return status;
    if (status != OK) {
        reader->partial = true;
        return OK;
    }
    if (yaml_read_map(map, "", top_fields, reader, reader->diag) == ERR_NOMEM)
        return ERR_NOMEM;
    return note_files(reader, *ret_yaml);
}

static enum status
load(struct routing_reader *reader, const char *const *paths, size_t path_count,
     const char *folder)
{
    struct yaml **yamls = calloc(path_count + 1, sizeof(struct yaml *));
    enum status status = yamls ? OK : ERR_NOMEM;

    for (size_t i = 0; status == OK && i < path_count; i++)
        status = read_file(reader, paths[i], folder, &yamls[i]);
    if (status == OK)
        status = read_sections(reader);
    for (size_t i = 0; yamls && i < path_count; i++)
        yaml_close(yamls[i]);
    free(yamls);
    return status;
}

static void
free_routing(struct part *part)
{
    struct routing *routing = (struct routing *)part; /* first member */

    arena_free(routing->arena);
    free(routing);
}

/* What is needed only while reading. */
static void
reader_done(struct routing_reader *reader)
{
    struct routing *routing = reader->routing;

    for (unsigned i = 0; i < SECTIONS; i++)
        free(reader->sections[i].items);
    free(reader->files);
    for (size_t i = 0; routing->region_sets && i < routing->region_count; i++)
        place_set_done(&routing->region_sets[i]);
    free(routing->region_sets);
    routing->region_sets = NULL;
}

enum status
routing_load(const char *const *paths, size_t path_count, const char *folder,
             struct diag *diag, struct routing **ret_routing)
{
    struct routing_reader reader = { 0 };
    struct diag messages;
    struct routing *routing = calloc(1, sizeof(*routing));

    if (!routing)
        return ERR_NOMEM;
    part_init(&routing->part, free_routing);
    routing->arena = arena_new();
    if (!routing->arena) {
        free(routing);
        return ERR_NOMEM;
    }
    diag_init(&messages);
    reader.routing = routing;
    reader.arena = routing->arena;
    reader.diag = &messages;
    enum status status = load(&reader, paths, path_count, folder);
    reader_done(&reader);
    if (status == OK && messages.error_count)
        status = ERR_INVALID;
    if (diag)
        diag_append(diag, &messages);
    diag_done(&messages);
    if (status == OK)
        *ret_routing = routing;
    else
        routing_free(routing);
    return status;
}

void
routing_free(struct routing *routing)
{
    if (routing)
        part_drop(&routing->part);
}

/* ---- look-ups --------------------------------------------------------------------- */

const struct server *
routing_server(const struct routing *routing, const char *name)
{
    const size_t number = names_find(&routing->server_names, name);

    return number == SIZE_MAX ? NULL : &routing->servers[number];
}

const struct server *
routing_owner_of_host(const struct routing *routing, const char *host)
{
    const size_t number = names_find(&routing->host_names, host);

    return number == SIZE_MAX ? NULL : routing->hosts[number];
}

const struct pool *
routing_pool(const struct routing *routing, const char *name)
{
    const size_t number = names_find(&routing->pool_names, name);

    return number == SIZE_MAX ? NULL : &routing->pools[number];
}

const struct policy *
routing_policy(const struct routing *routing, const char *name)
{
    const size_t number = names_find(&routing->policy_names, name);

    return number == SIZE_MAX ? NULL : &routing->policies[number];
}

const struct policy *
routing_pool_policy(const struct routing *routing, const char *name)
{
    const size_t number = names_find(&routing->pool_names, name);

    return number == SIZE_MAX ? NULL : &routing->pool_policies[number];
}

const struct service *
routing_service(const struct routing *routing, const char *name)
{
    const size_t number = names_find(&routing->service_names, name);

    return number == SIZE_MAX ? NULL : &routing->services[number];
}

const struct region *
routing_region(const struct routing *routing, const char *name)
{
    const size_t number = names_find(&routing->region_names, name);

    return number == SIZE_MAX ? NULL : &routing->regions[number];
}

const struct server *
routing_server_at(const struct routing *routing, size_t index)
{
    return index < routing->server_count ? &routing->servers[index] : NULL;
}

const struct pool *
routing_pool_at(const struct routing *routing, size_t index)
{
    return index < routing->pool_count ? &routing->pools[index] : NULL;
}

const struct policy *
routing_policy_at(const struct routing *routing, size_t index)
{
    return index < routing->policy_count ? &routing->policies[index] : NULL;
}

const struct service *
routing_service_at(const struct routing *routing, size_t index)
{
    return index < routing->service_count ? &routing->services[index] : NULL;
}

size_t
routing_file_count(const struct routing *routing)
{
    return routing->file_count;
}

const char *
routing_file(const struct routing *routing, size_t index)
{
    return index < routing->file_count ? routing->files[index] : NULL;
}
