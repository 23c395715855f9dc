/* SPDX-License-Identifier: BSD-2-Clause */
/* The rrl section: how many replies a second one client net may have. */
#include "dns/base/arena.h"
#include "dns/base/yaml.h"
#include "tools/meridiand/config_read.h"

static struct rrl_settings *
settings_of(void *object)
{
    struct config *const config = object;

    return &config->store.settings.rrl;
}

static enum status
read_rate(void *object, const struct yaml_node *value, struct diag *diag)
{
    uint64_t number;
    const enum status status =
        yaml_uint(value, "rrl: rate", 0, RRL_RATE_MAX, diag, &number);

    if (status == OK)
        settings_of(object)->rate = (uint32_t)number;
    return status;
}

static enum status
read_small(const struct yaml_node *value, const char *what, uint64_t max,
           struct diag *diag, uint8_t *ret_number)
{
    uint64_t number;
    const enum status status = yaml_uint(value, what, 0, max, diag, &number);

    if (status == OK)
        *ret_number = (uint8_t)number;
    return status;
}

static enum status
read_slip(void *object, const struct yaml_node *value, struct diag *diag)
{
    return read_small(value, "rrl: slip", RRL_SLIP_MAX, diag, &settings_of(object)->slip);
}

static enum status
read_v4(void *object, const struct yaml_node *value, struct diag *diag)
{
    return read_small(value, "rrl: ipv4", 32, diag, &settings_of(object)->v4_len);
}

static enum status
read_v6(void *object, const struct yaml_node *value, struct diag *diag)
{
    return read_small(value, "rrl: ipv6", 128, diag, &settings_of(object)->v6_len);
}

static enum status
read_exempt(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct config *const config = object;
    size_t count;
    const struct yaml_node *at = yaml_elements(value, &count);
    struct prefix *const list = arena_calloc(config->arena, count + 1, sizeof(*list));
    enum status worst = OK;

    if (!list)
        return ERR_NOMEM;
    if (count > RRL_EXEMPT_MAX) {
        diag_error(diag, value->at, "rrl: exempt: more than %d prefixes", RRL_EXEMPT_MAX);
        return ERR_INVALID;
    }
    for (size_t i = 0; i < count; i++, at = at->next) {
        const char *text;
        if (yaml_text(at, "rrl: exempt", diag, &text) != OK) {
            worst = ERR_INVALID;
        } else if (prefix_parse(text, &list[i]) != OK) {
            diag_error(diag, at->at,
                       "rrl: exempt: '%s' is not a prefix, such as 192.0.2.0/24", text);
            worst = ERR_INVALID;
        }
    }
    settings_of(object)->exempt = list;
    settings_of(object)->exempt_count = worst == OK ? count : 0;
    return worst;
}

enum status
config_read_rrl(void *object, const struct yaml_node *value, struct diag *diag)
{
    static const struct yaml_field fields[] = {
        { "rate", read_rate, false },     { "slip", read_slip, false },
        { "ipv4", read_v4, false },       { "ipv6", read_v6, false },
        { "exempt", read_exempt, false }, { 0 },
    };

    return yaml_read_map(value, "rrl", fields, object, diag);
}
