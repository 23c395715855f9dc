/* SPDX-License-Identifier: BSD-2-Clause */
/* The cookies section: DNS cookies and the secrets that all nodes of a service share. */
#include "dns/base/yaml.h"
#include "tools/meridiand/config_read.h"
#include "zones/state.h"
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { SECRET_FILE_MAX = 256, HEX_BASE = 16 };

/* 32 hexadecimal digits, white space around them. */
static bool
parse_secret(const char *text, uint8_t secret[COOKIE_SECRET_LEN])
{
    text += strspn(text, " \t\r\n");
    for (size_t i = 0; i < COOKIE_SECRET_LEN; i++, text += 2) {
        if (!isxdigit((unsigned char)text[0]) || !isxdigit((unsigned char)text[1]))
            return false;
        const char digits[] = { text[0], text[1], '\0' };
        secret[i] = (uint8_t)strtoul(digits, NULL, HEX_BASE);
    }
    return text[strspn(text, " \t\r\n")] == '\0';
}

static enum status
read_secret_file(struct config *config, const struct yaml_node *value, struct diag *diag,
                 uint8_t secret[COOKIE_SECRET_LEN])
{
    const char *text;
    char *bytes;
    size_t len;

    if (yaml_text(value, "cookies: secrets", diag, &text) != OK)
        return ERR_INVALID;
    const char *const path = config_absolute(config, value, text);
    if (!path || stamps_add(&config->files, path) != OK)
        return ERR_NOMEM;
    if (state_read(path, SECRET_FILE_MAX, &bytes, &len) != OK) {
        diag_error(diag, value->at, "cookies: secrets: cannot read '%s'", path);
        return ERR_INVALID;
    }
    const bool good = strlen(bytes) == len && parse_secret(bytes, secret);
    free(bytes);
    if (good)
        return OK;
    diag_error(diag, value->at, "cookies: secrets: '%s' must hold %d hexadecimal digits",
               path, COOKIE_SECRET_LEN * 2);
    return ERR_INVALID;
}

static enum status
read_secrets(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct config *const config = object;
    struct cookie_secrets *const secrets = &config->store.settings.cookies;
    enum status worst = OK;
    size_t count;
    const struct yaml_node *at = yaml_elements(value, &count);

    if (count == 0 || count > COOKIE_SECRETS_MAX) {
        diag_error(diag, value->at,
                   "cookies: secrets: one file, or two while the secret is changed");
        return ERR_INVALID;
    }
    for (size_t i = 0; i < count; i++, at = at->next) {
        const enum status status = read_secret_file(config, at, diag, secrets->secret[i]);
        if (status != OK)
            worst = status;
    }
    secrets->count = (unsigned)count;
    return worst;
}

static enum status
read_enabled(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct config *const config = object;

    return yaml_bool(value, "cookies: enabled", diag, &config->cookies);
}

static enum status
read_require(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct config *const config = object;

    return yaml_bool(value, "cookies: require", diag,
                     &config->store.settings.cookies_required);
}

static const struct yaml_field fields[] = {
    { "enabled", read_enabled, false },
    { "secrets", read_secrets, false },
    { "require", read_require, false },
    { 0 },
};

enum status
config_read_cookies(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct config *const config = object;
    const enum status status = yaml_read_map(value, "cookies", fields, config, diag);

    if (!config->cookies)
        config->store.settings.cookies.count = 0;
    return status;
}

bool
config_make_cookie_secret(uint8_t secret[COOKIE_SECRET_LEN])
{
    return getrandom(secret, COOKIE_SECRET_LEN, 0) == COOKIE_SECRET_LEN;
}

void
config_set_cookie_secret(struct config *config, const uint8_t secret[COOKIE_SECRET_LEN])
{
    struct cookie_secrets *const secrets = &config->store.settings.cookies;

    if (!config->cookies || secrets->count > 0)
        return;
    memcpy(secrets->secret[0], secret, COOKIE_SECRET_LEN);
    secrets->count = 1;
}
