/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/meridiand/config.h"
#include "dns/base/arena.h"
#include "dns/base/yaml.h"
#include "tools/meridiand/config_read.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef LOCALSTATEDIR
#define LOCALSTATEDIR "/var"
#endif
#ifndef RUNSTATEDIR
#define RUNSTATEDIR "/run"
#endif

enum {
    DNS_PORT = 53,
    HTTP_PORT = 8053,
    WORKERS_MAX = 256,
    DEFAULT_TTL = 3600,
    DEFAULT_DYNAMIC_TTL = 30,
    DEFAULT_HOLD_S = 15 * 60,
    DEFAULT_MAPS = 16,
    MAPS_MAX = 1024,
    DEFAULT_SETTLE_MS = 50,
    SETTLE_MAX_MS = 60000,
    DEFAULT_TCP_CLIENTS = 1024,
    TCP_CLIENTS_MAX = 65536,
    DEFAULT_TCP_IDLE_MS = 10000,
    DEFAULT_UDP_SIZE = 1232, /* RFC 9715 */
    UDP_SIZE_MAX = 4096,
    IDENTITY_MAX = 255
};

/* ---- helpers shared by the sections ----------------------------------------------- */

const char *
config_absolute(struct config *config, const struct yaml_node *node, const char *path)
{
    const char *const file = node->at.file;
    const char *const slash = strrchr(file, '/');
    char text[PATH_MAX];
    int len;

    if (path[0] == '/')
        return arena_strdup(config->arena, path);
    if (slash && strcmp(file, config->store.path) != 0) /* an included file */
        len = snprintf(text, sizeof(text), "%.*s/%s", (int)(slash - file), file, path);
    else
        len = snprintf(text, sizeof(text), "%s/%s", config->store.folder, path);
    return len < (int)sizeof(text) ? arena_strdup(config->arena, text) : NULL;
}

enum status
config_text(struct config *config, const struct yaml_node *value, const char *what,
            struct diag *diag, const char **ret_text)
{
    const char *text;
    const enum status status = yaml_text(value, what, diag, &text);

    if (status != OK)
        return status;
    *ret_text = arena_strdup(config->arena, text);
    return *ret_text ? OK : ERR_NOMEM;
}

enum status
/* NOLINTNEXTLINE(readability-function-size): reads for one option */
config_paths(struct config *config, const struct yaml_node *value, const char *what,
             struct diag *diag, const char *const **ret_paths, size_t *ret_count)
{
    size_t count;
    const struct yaml_node *at = yaml_elements(value, &count);
    const char **const paths = arena_calloc(config->arena, count + 1, sizeof(*paths));

    if (!paths)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++, at = at->next) {
        const char *text;
        const enum status status = yaml_text(at, what, diag, &text);
        if (status != OK)
            return status;
        paths[i] = config_absolute(config, at, text);
        if (!paths[i])
            return ERR_NOMEM;
    }
    *ret_paths = paths;
    *ret_count = count;
    return OK;
}

enum status
/* NOLINTNEXTLINE(readability-function-size): reads for one option */
config_endpoints(const struct yaml_node *value, const char *what, uint16_t port,
                 struct diag *diag, struct endpoint list[LISTEN_MAX], size_t *ret_count)
{
    size_t count;
    const struct yaml_node *at = yaml_elements(value, &count);
    enum status worst = OK;

    if (count > LISTEN_MAX) {
        diag_error(diag, value->at, "%s: more than %d addresses", what, (int)LISTEN_MAX);
        return ERR_INVALID;
    }
    for (size_t i = 0; i < count; i++, at = at->next) {
        const char *text;
        if (yaml_text(at, what, diag, &text) != OK) {
            worst = ERR_INVALID;
        } else if (endpoint_parse(text, port, &list[i]) != OK) {
            diag_error(diag, at->at, "%s: '%s' is not address@port, such as 192.0.2.1@%u",
                       what, text, (unsigned)port);
            worst = ERR_INVALID;
        }
    }
    *ret_count = worst == OK ? count : 0;
    return worst;
}

enum status
/* NOLINTNEXTLINE(readability-function-size): reads for one option */
config_words(struct config *config, const struct yaml_node *value, const char *what,
             struct diag *diag, const struct place_word **ret_words, size_t *ret_count)
{
    size_t count;
    const struct yaml_node *at = yaml_elements(value, &count);
    struct place_word *const words =
        arena_calloc(config->arena, count + 1, sizeof(*words));
    enum status worst = OK;

    if (!words)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++, at = at->next) {
        const char *text;
        char problem[DIAG_TEXT_MAX];
        if (yaml_text(at, what, diag, &text) != OK) {
            worst = ERR_INVALID;
        } else if (place_word_parse(text, &words[i], problem, sizeof(problem)) != OK) {
            diag_error(diag, at->at, "%s: %s", what, problem);
            worst = ERR_INVALID;
        } else if (problem[0]) {
            diag_warning(diag, at->at, "%s: %s", what, problem);
        }
    }
    *ret_words = words;
    *ret_count = count;
    return worst;
}

/* ---- top-level options ------------------------------------------------------------ */

static enum status
read_listen(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct config *const config = object;

    const enum status status = config_endpoints(value, "listen", DNS_PORT, diag,
                                                config->listen, &config->listen_count);
    if (status == OK && config->listen_count == 0) {
        diag_error(diag, value->at, "listen: at least one address is needed");
        return ERR_INVALID;
    }
    return status;
}

static enum status
read_workers(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct config *const config = object;
    uint64_t count;

    if (value->kind == YAML_SCALAR && strcmp(value->text, "auto") == 0)
        return OK;
    const enum status status = yaml_uint(value, "workers", 1, WORKERS_MAX, diag, &count);
    if (status == OK)
        config->workers = (unsigned)count;
    return status;
}

static enum status
read_user(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct config *const config = object;

    return config_text(config, value, "user", diag, &config->user);
}

static enum status
read_state(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct config *const config = object;
    const char *text;
    const enum status status = yaml_text(value, "state", diag, &text);

    if (status != OK)
        return status;
    config->store.state = text[0] ? config_absolute(config, value, text) : "";
    return config->store.state ? OK : ERR_NOMEM;
}

static enum status
read_name(struct config *config, const struct yaml_node *value, const char *what,
          struct diag *diag, const char **ret_text)
{
    const enum status status = config_text(config, value, what, diag, ret_text);

    if (status == OK && strlen(*ret_text) > IDENTITY_MAX) {
        diag_error(diag, value->at, "%s: longer than %d bytes", what, (int)IDENTITY_MAX);
        return ERR_INVALID;
    }
    return status;
}

static enum status
read_identity(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct config *const config = object;

    return read_name(config, value, "identity", diag, &config->store.settings.identity);
}

static enum status
read_version(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct config *const config = object;

    return read_name(config, value, "version", diag, &config->store.settings.version);
}

static enum status
read_routing(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct config *const config = object;

    return config_paths(config, value, "routing", diag, &config->store.routing,
                        &config->store.routing_count);
}

static enum status
read_ecs_enabled(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct config *const config = object;

    return yaml_bool(value, "ecs: enabled", diag, &config->store.settings.ecs_enabled);
}

static enum status
read_ecs(void *object, const struct yaml_node *value, struct diag *diag)
{
    static const struct yaml_field fields[] = { { "enabled", read_ecs_enabled, false },
                                                { 0 } };

    return yaml_read_map(value, "ecs", fields, object, diag);
}

static enum status
read_control(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct config *const config = object;
    const char *text;
    const enum status status = yaml_text(value, "control", diag, &text);

    if (status != OK)
        return status;
    config->control = text[0] ? config_absolute(config, value, text) : "";
    return config->control ? OK : ERR_NOMEM;
}

static enum status
read_watch(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct config *const config = object;

    return yaml_bool(value, "reload: watch", diag, &config->watch);
}

static enum status
read_settle(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct config *const config = object;
    uint64_t ms;
    const enum status status = yaml_duration_ms(value, "reload: settle", diag, &ms);

    if (status == OK && ms > SETTLE_MAX_MS) {
        diag_error(diag, value->at, "reload: settle: at most 60s");
        return ERR_INVALID;
    }
    if (status == OK)
        config->settle_ms = ms;
    return status;
}

static enum status
read_reload(void *object, const struct yaml_node *value, struct diag *diag)
{
    static const struct yaml_field fields[] = { { "watch", read_watch, false },
                                                { "settle", read_settle, false },
                                                { 0 } };

    return yaml_read_map(value, "reload", fields, object, diag);
}

static enum status
read_maps(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct config *const config = object;
    uint64_t count;
    const enum status status =
        yaml_uint(value, "limits: maps", 0, MAPS_MAX, diag, &count);

    if (status == OK)
        config->store.maps_max = (size_t)count;
    return status;
}

static enum status
read_tcp_clients(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct config *const config = object;
    uint64_t count;
    const enum status status =
        yaml_uint(value, "limits: tcp_clients", 1, TCP_CLIENTS_MAX, diag, &count);

    if (status == OK)
        config->tcp_clients_max = (unsigned)count;
    return status;
}

static enum status
read_tcp_idle(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct config *const config = object;

    return yaml_duration_ms(value, "limits: tcp_idle", diag, &config->tcp_idle_ms);
}

static enum status
read_udp_size(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct config *const config = object;
    uint64_t size;
    const enum status status =
        yaml_uint(value, "limits: udp_size", 512, UDP_SIZE_MAX, diag, &size);

    if (status == OK)
        config->store.settings.udp_size_max = (uint16_t)size;
    return status;
}

static enum status
read_limits(void *object, const struct yaml_node *value, struct diag *diag)
{
    static const struct yaml_field fields[] = { { "maps", read_maps, false },
                                                { "tcp_clients", read_tcp_clients,
                                                  false },
                                                { "tcp_idle", read_tcp_idle, false },
                                                { "udp_size", read_udp_size, false },
                                                { 0 } };

    return yaml_read_map(value, "limits", fields, object, diag);
}

static const struct yaml_field top_fields[] = {
    { "listen", read_listen, false },
    { "workers", read_workers, false },
    { "user", read_user, false },
    { "state", read_state, false },
    { "identity", read_identity, false },
    { "version", read_version, false },
    { "geoip", config_read_geoip, false },
    { "routing", read_routing, false },
    { "zones", config_read_zones, true },
    { "tsig", config_read_tsig, false },
    { "dnssec", config_read_dnssec, false },
    { "health", config_read_health, false },
    { "guard", config_read_guard, false },
    { "ecs", read_ecs, false },
    { "cookies", config_read_cookies, false },
    { "http", config_read_http, false },
    { "control", read_control, false },
    { "reload", read_reload, false },
    { "rrl", config_read_rrl, false },
    { "limits", read_limits, false },
    { 0 },
};

/* ---- the whole -------------------------------------------------------------------- */

static void
free_config(struct part *part)
{
    struct config *const config = (struct config *)(void *)part;

    stamps_done(&config->files);
    arena_free(config->arena);
    free(config);
}

static const char *
host_name(struct config *config)
{
    char name[IDENTITY_MAX + 1] = "";

    if (gethostname(name, sizeof(name) - 1) != 0)
        return "";
    return arena_strdup(config->arena, name);
}

static void
set_defaults(struct config *config)
{
    (void)!endpoint_parse("0.0.0.0", DNS_PORT, &config->listen[0]);
    (void)!endpoint_parse("::", DNS_PORT, &config->listen[1]);
    (void)!endpoint_parse("127.0.0.1", HTTP_PORT, &config->http[0]);
    config->listen_count = 2;
    config->http_count = 1;
    config->control = RUNSTATEDIR "/meridian/control.sock";
    config->cookies = true;
    config->watch = true;
    config->settle_ms = DEFAULT_SETTLE_MS;
    config->tcp_clients_max = DEFAULT_TCP_CLIENTS;
    config->tcp_idle_ms = DEFAULT_TCP_IDLE_MS;
    config->store.state = LOCALSTATEDIR "/lib/meridian";
    config->store.settings =
        (struct serve_settings){ .identity = host_name(config),
                                 .version = "",
                                 .ecs_enabled = true,
                                 .udp_size_max = DEFAULT_UDP_SIZE,
                                 .rrl = { .slip = RRL_DEFAULT_SLIP,
                                          .v4_len = RRL_DEFAULT_V4,
                                          .v6_len = RRL_DEFAULT_V6 } };
    config->store.ttl = DEFAULT_TTL;
    config->store.dynamic_ttl = DEFAULT_DYNAMIC_TTL;
    config->store.safe_delete = 0.3;
    config->store.safe_update = 0.5;
    config->store.health_hold_s = DEFAULT_HOLD_S;
    config->store.maps_max = DEFAULT_MAPS;
}

static struct config *
new_config(const char *path)
{
    struct config *const config = calloc(1, sizeof(*config));
    char absolute[PATH_MAX];

    if (!config || !(config->arena = arena_new())) {
        free(config);
        return NULL;
    }
    part_init(&config->store.part, free_config);
    if (!realpath(path, absolute)) /* missing: yaml_open says so */
        (void)snprintf(absolute, sizeof(absolute), "%s", path);
    config->store.path = arena_strdup(config->arena, path);
    char *const slash = strrchr(absolute, '/');
    if (slash)
        *(slash == absolute ? slash + 1 : slash) = '\0';
    config->store.folder = arena_strdup(config->arena, slash ? absolute : ".");
    set_defaults(config);
    return config;
}

static enum status
keep_files(struct config *config, const struct yaml *yaml)
{
    enum status status = OK;

    for (size_t i = 0; status == OK && i < yaml_file_count(yaml); i++)
        status = stamps_add(&config->files, yaml_file(yaml, i));
    return status;
}

static enum status
add_stamps(struct stamps *to, const struct stamps *from)
{
    enum status status = OK;

    for (size_t i = 0; status == OK && i < from->count; i++)
        status = stamps_add(to, from->items[i].path);
    return status;
}

/* With ERR_INVALID *ret_config is what could be read, or NULL where that is nothing.
 * files: NULL, or where those of a refused configuration go. */
static enum status
read_config(const char *path, struct diag *diag, struct stamps *files,
            struct config **ret_config)
{
    struct config *const config = new_config(path);
    const struct yaml_node *map;
    struct yaml *yaml;

    *ret_config = NULL;
    if (!config)
        return ERR_NOMEM;
    enum status status = stamps_add(&config->files, config->store.path);
    if (status == OK)
        status = yaml_open(path, config->store.folder, diag, &yaml);
    if (status == OK) {
        status = yaml_whole(yaml, &map);
        if (status == OK) {
            status = yaml_read_map(map, "", top_fields, config, diag);
            *ret_config = config;
        }
        const enum status kept = keep_files(config, yaml);
        status = status == OK ? kept : status;
        yaml_close(yaml);
    }
    if (status != OK && files && add_stamps(files, &config->files) != OK)
        status = ERR_NOMEM;
    if (!*ret_config)
        part_drop(&config->store.part);
    return status;
}

enum status
config_check(const char *path, struct diag *diag, struct config **ret_config)
{
    return read_config(path, diag, NULL, ret_config);
}

enum status
config_load(const char *path, struct diag *diag, struct stamps *files,
            struct config **ret_config)
{
    struct config *config;
    const enum status status = read_config(path, diag, files, &config);

    if (status == OK)
        *ret_config = config;
    else if (config)
        part_drop(&config->store.part);
    return status;
}

/* ---- what stays until the next start ---------------------------------------------- */

static bool
same_endpoints(const struct endpoint *a, size_t a_count, const struct endpoint *b,
               size_t b_count)
{
    char a_text[ENDPOINT_TEXT_SIZE], b_text[ENDPOINT_TEXT_SIZE];

    for (size_t i = 0; a_count == b_count && i < a_count; i++) {
        if (strcmp(endpoint_text(&a[i], a_text), endpoint_text(&b[i], b_text)) != 0)
            return false;
    }
    return a_count == b_count;
}

static bool
same_user(const struct config *a, const struct config *b)
{
    return strcmp(a->user ? a->user : "", b->user ? b->user : "") == 0;
}

void
config_tell_fixed(const struct config *old, const struct config *new, struct diag *diag)
{
    const struct {
        const char *key;
        bool same;
    } fixed[] = {
        { "listen", same_endpoints(old->listen, old->listen_count, new->listen,
                                   new->listen_count) },
        { "http: listen",
          same_endpoints(old->http, old->http_count, new->http, new->http_count) },
        { "control", strcmp(old->control, new->control) == 0 },
        { "workers", old->workers == new->workers },
        { "user", same_user(old, new) },
        { "limits: tcp_clients", old->tcp_clients_max == new->tcp_clients_max },
        { "limits: tcp_idle", old->tcp_idle_ms == new->tcp_idle_ms },
        { "limits: maps", old->store.maps_max == new->store.maps_max },
    };

    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
        if (!fixed[i].same)
            diag_warning(diag, (struct diag_at){ new->store.path, 1, 1 },
                         "%s: what changed here holds from the next start on",
                         fixed[i].key);
    }
}
