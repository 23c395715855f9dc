/* SPDX-License-Identifier: BSD-2-Clause */
/* The zones section: folders, defaults, guards, and settings of single zones. */
#include "dns/base/arena.h"
#include "dns/base/yaml.h"
#include "tools/meridiand/config_read.h"
#include <string.h>

enum { TTL_MAX = INT32_MAX }; /* RFC 2181 8 */

static enum status
read_ttl(const struct yaml_node *value, const char *what, struct diag *diag,
         uint32_t *ret_ttl)
{
    uint64_t ms;
    const enum status status = yaml_duration_ms(value, what, diag, &ms);

    if (status != OK)
        return status;
    if (ms % 1000 != 0 || ms / 1000 > TTL_MAX) {
        diag_error(diag, value->at, "%s: whole seconds, at most %d", what, (int)TTL_MAX);
        return ERR_INVALID;
    }
    *ret_ttl = (uint32_t)(ms / 1000);
    return OK;
}

static enum status
read_directory(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct config *const config = object;

    return config_paths(config, value, "zones: directory", diag,
                        &config->store.zone_folders, &config->store.zone_folder_count);
}

static enum status
read_default_ttl(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct config *const config = object;

    return read_ttl(value, "zones: defaults: ttl", diag, &config->store.ttl);
}

static enum status
read_dynamic_ttl(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct config *const config = object;

    return read_ttl(value, "zones: defaults: dynamic_ttl", diag,
                    &config->store.dynamic_ttl);
}

static enum status
read_defaults(void *object, const struct yaml_node *value, struct diag *diag)
{
    static const struct yaml_field fields[] = { { "ttl", read_default_ttl, false },
                                                { "dynamic_ttl", read_dynamic_ttl,
                                                  false },
                                                { 0 } };

    return yaml_read_map(value, "zones: defaults", fields, object, diag);
}

static enum status
read_safe_delete(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct config *const config = object;

    return yaml_share(value, "zones: safe_delete", diag, &config->store.safe_delete);
}

static enum status
read_safe_update(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct config *const config = object;

    return yaml_share(value, "zones: safe_update", diag, &config->store.safe_update);
}

/* ---- one zone --------------------------------------------------------------------- */

struct zone_reading {
    struct config *config;
    struct store_zone_config *zone;
};

static enum status
read_rname(void *object, const struct yaml_node *value, struct diag *diag)
{
    const struct zone_reading *const reading = object;
    uint8_t wire[NAME_LEN_MAX];
    const enum status status = config_text(reading->config, value, "soa: rname", diag,
                                           &reading->zone->soa_rname);

    if (status != OK)
        return status;
    if (name_from_text(reading->zone->soa_rname, NULL, wire) == OK)
        return OK;
    diag_error(diag, value->at,
               "soa: rname: '%s' is not a full domain name with a final dot, such as "
               "hostmaster.example.com.",
               reading->zone->soa_rname);
    return ERR_INVALID;
}

static enum status
read_minimum(void *object, const struct yaml_node *value, struct diag *diag)
{
    const struct zone_reading *const reading = object;

    return read_ttl(value, "soa: minimum", diag, &reading->zone->soa_minimum);
}

static enum status
read_refresh(void *object, const struct yaml_node *value, struct diag *diag)
{
    const struct zone_reading *const reading = object;

    return read_ttl(value, "soa: refresh", diag, &reading->zone->soa_refresh);
}

static enum status
read_retry(void *object, const struct yaml_node *value, struct diag *diag)
{
    const struct zone_reading *const reading = object;

    return read_ttl(value, "soa: retry", diag, &reading->zone->soa_retry);
}

static enum status
read_expire(void *object, const struct yaml_node *value, struct diag *diag)
{
    const struct zone_reading *const reading = object;

    return read_ttl(value, "soa: expire", diag, &reading->zone->soa_expire);
}

static enum status
read_soa_ttl(void *object, const struct yaml_node *value, struct diag *diag)
{
    const struct zone_reading *const reading = object;

    return read_ttl(value, "soa: ttl", diag, &reading->zone->soa_ttl);
}

static enum status
read_soa(void *object, const struct yaml_node *value, struct diag *diag)
{
    static const struct yaml_field fields[] = {
        { "rname", read_rname, false },
        { "minimum", read_minimum, false },
        { "refresh", read_refresh, false },
        { "retry", read_retry, false },
        { "expire", read_expire, false },
        { "ttl", read_soa_ttl, false },
        { 0 },
    };

    return yaml_read_map(value, "soa", fields, object, diag);
}

static enum status
read_zone(struct config *config, const struct yaml_node *value,
          struct store_zone_config *zone, struct diag *diag)
{
    static const struct yaml_field fields[] = {
        { "soa", read_soa, false },
        { "dnssec", config_read_zone_dnssec, false },
        { "transfer", config_read_zone_transfer, false },
        { 0 }
    };
    struct zone_reading reading = { .config = config, .zone = zone };
    const size_t len = value->key->len;
    char *const name = arena_strdup(config->arena, value->key->text);

    if (!name)
        return ERR_NOMEM;
    if (len > 1 && name[len - 1] == '.')
        name[len - 1] = '\0';
    zone->name = name;
    zone->at = value->key->at;
    zone->at.file = config->store.path;
    return yaml_read_map(value, name, fields, &reading, diag);
}

/* ---- the section ------------------------------------------------------------------ */

static const struct yaml_field section_fields[] = {
    { "directory", read_directory, false },
    { "defaults", read_defaults, false },
    { "safe_delete", read_safe_delete, false },
    { "safe_update", read_safe_update, false },
    { 0 },
};

static const struct yaml_field *
section_field(const char *key)
{
    for (const struct yaml_field *field = section_fields; field->key; field++) {
        if (strcmp(field->key, key) == 0)
            return field;
    }
    return NULL;
}

/* Keys with a dot in them are zones; any other must be known. */
static enum status
read_entry(struct config *config, const struct yaml_node *entry,
           struct store_zone_config *zones, struct diag *diag)
{
    const char *const key = entry->key->text;
    const struct yaml_field *const field = section_field(key);

    if (field)
        return field->read(config, entry, diag);
    if (strchr(key, '.'))
        return read_zone(config, entry, &zones[config->store.zone_count++], diag);
    const char *const known[] = { "directory", "defaults", "safe_delete", "safe_update",
                                  NULL };
    const char *const near = yaml_nearest(key, known);
    diag_error(diag, entry->key->at, "zones: unknown key '%s'%s%s%s", key,
               near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
    return ERR_INVALID;
}

enum status
config_read_zones(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct config *const config = object;
    enum status worst = OK;

    if (yaml_expect(value, YAML_MAP, "zones", diag) != OK)
        return ERR_INVALID;
    struct store_zone_config *const zones =
        arena_calloc(config->arena, value->len + 1, sizeof(*zones));
    if (!zones)
        return ERR_NOMEM;
    for (const struct yaml_node *at = value->child; at; at = at->next) {
        const enum status status = read_entry(config, at, zones, diag);
        if (status != OK)
            worst = status;
    }
    config->store.zones = zones;
    if (worst == OK && config->store.zone_folder_count == 0) {
        diag_error(diag, value->at,
                   "zones: 'directory' is missing: where the zone files are");
        return ERR_INVALID;
    }
    return worst;
}
