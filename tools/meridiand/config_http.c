/* SPDX-License-Identifier: BSD-2-Clause */
/* The http and health sections: who may look, who may push, and for how long it counts.
 */
#include "dns/base/arena.h"
#include "dns/base/yaml.h"
#include "tools/meridiand/config_read.h"
#include "zones/state.h"
#include <stdlib.h>
#include <string.h>

enum { HTTP_PORT = 8053, SECRET_MAX = 4096, SECRET_MIN = 16 };

/* ---- tokens ----------------------------------------------------------------------- */

struct token_reading {
    struct config *config;
    struct config_token *token;
};

/* The file's content without white space around it. */
static enum status
read_secret(void *object, const struct yaml_node *value, struct diag *diag)
{
    const struct token_reading *const reading = object;
    const char *text;
    char *bytes;
    size_t len;

    if (yaml_text(value, "http: tokens: file", diag, &text) != OK)
        return ERR_INVALID;
    const char *const path = config_absolute(reading->config, value, text);
    if (!path || stamps_add(&reading->config->files, path) != OK)
        return ERR_NOMEM;
    if (state_read(path, SECRET_MAX, &bytes, &len) != OK) {
        diag_error(diag, value->at, "http: tokens: cannot read '%s'", path);
        return ERR_INVALID;
    }
    const char *const begin = bytes + strspn(bytes, " \t\r\n");
    const size_t secret_len = strcspn(begin, " \t\r\n");
    char *const secret = arena_memdup(reading->config->arena, begin, secret_len);
    free(bytes);
    if (!secret)
        return ERR_NOMEM;
    if (secret_len == 0) {
        diag_error(diag, value->at, "http: tokens: '%s' holds no secret", path);
        return ERR_INVALID;
    }
    if (secret_len < SECRET_MIN)
        diag_warning(diag, value->at,
                     "http: tokens: the secret in '%s' is shorter than %d bytes", path,
                     (int)SECRET_MIN);
    reading->token->secret = secret;
    return OK;
}

static unsigned
right_of(const char *word)
{
    static const struct {
        const char *word;
        unsigned right;
    } rights[] = { { "health", TOKEN_HEALTH },
                   { "reload", TOKEN_RELOAD },
                   { "operator", TOKEN_OPERATOR } };

    for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
        if (strcmp(rights[i].word, word) == 0)
            return rights[i].right;
    }
    return 0;
}

static enum status
read_may(void *object, const struct yaml_node *value, struct diag *diag)
{
    const struct token_reading *const reading = object;
    size_t count;
    const struct yaml_node *at = yaml_elements(value, &count);

    for (size_t i = 0; i < count; i++, at = at->next) {
        const char *word;
        if (yaml_text(at, "http: tokens: may", diag, &word) != OK)
            return ERR_INVALID;
        const unsigned right = right_of(word);
        if (right == 0) {
            diag_error(diag, at->at,
                       "http: tokens: may: '%s' is none of health, reload, operator",
                       word);
            return ERR_INVALID;
        }
        reading->token->rights |= right;
    }
    return OK;
}

static enum status
read_source(void *object, const struct yaml_node *value, struct diag *diag)
{
    const struct token_reading *const reading = object;
    const char *source;

    if (config_text(reading->config, value, "http: tokens: source", diag, &source) != OK)
        return ERR_INVALID;
    if (strcmp(source, "monitor") != 0 && strcmp(source, "reports") != 0 &&
        strcmp(source, "operator") != 0) {
        diag_error(diag, value->at,
                   "http: tokens: source: '%s' is none of monitor, reports, operator",
                   source);
        return ERR_INVALID;
    }
    reading->token->source = source;
    return OK;
}

static enum status
read_scopes(void *object, const struct yaml_node *value, struct diag *diag)
{
    const struct token_reading *const reading = object;

    return config_words(reading->config, value, "http: tokens: scopes", diag,
                        &reading->token->scopes, &reading->token->scope_count);
}

static enum status
read_tokens(void *object, const struct yaml_node *value, struct diag *diag)
{
    static const struct yaml_field fields[] = { { "file", read_secret, true },
                                                { "may", read_may, true },
                                                { "source", read_source, false },
                                                { "scopes", read_scopes, false },
                                                { 0 } };
    struct config *const config = object;
    enum status worst = OK;

    if (yaml_expect(value, YAML_MAP, "http: tokens", diag) != OK)
        return ERR_INVALID;
    if (value->len > TOKENS_MAX) {
        diag_error(diag, value->at, "http: tokens: more than %d", (int)TOKENS_MAX);
        return ERR_INVALID;
    }
    struct config_token *const tokens =
        arena_calloc(config->arena, value->len + 1, sizeof(*tokens));
    if (!tokens)
        return ERR_NOMEM;
    for (const struct yaml_node *at = value->child; at; at = at->next) {
        struct token_reading reading = { .config = config,
                                         .token = &tokens[config->token_count++] };
        reading.token->name = arena_strdup(config->arena, at->key->text);
        reading.token->source = "monitor";
        if (!reading.token->name)
            return ERR_NOMEM;
        const enum status status =
            yaml_read_map(at, "http: tokens", fields, &reading, diag);
        if (status != OK)
            worst = status;
    }
    config->tokens = tokens;
    return worst;
}

static enum status
read_http_listen(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct config *const config = object;

    config->http_count = 0;
    if (yaml_is_null(value) || (value->kind == YAML_SCALAR && value->len == 0))
        return OK;
    return config_endpoints(value, "http: listen", HTTP_PORT, diag, config->http,
                            &config->http_count);
}

enum status
config_read_http(void *object, const struct yaml_node *value, struct diag *diag)
{
    static const struct yaml_field fields[] = { { "listen", read_http_listen, false },
                                                { "tokens", read_tokens, false },
                                                { 0 } };

    if (value->kind != YAML_MAP)
        return read_http_listen(object, value, diag);
    return yaml_read_map(value, "http", fields, object, diag);
}

/* ---- health ----------------------------------------------------------------------- */

static enum status
read_folder(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct config *const config = object;
    const char *text;
    const enum status status = yaml_text(value, "health: directory", diag, &text);

    if (status != OK)
        return status;
    config->store.health_folder = config_absolute(config, value, text);
    return config->store.health_folder ? OK : ERR_NOMEM;
}

static enum status
read_hold(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct config *const config = object;
    uint64_t ms;
    const enum status status = yaml_duration_ms(value, "health: hold", diag, &ms);

    if (status == OK)
        config->store.health_hold_s = (int64_t)(ms / 1000);
    return status;
}

static enum status
read_expect(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct config *const config = object;
    size_t count;
    const struct yaml_node *at = yaml_elements(value, &count);
    const char **const writers = arena_calloc(config->arena, count + 1, sizeof(*writers));

    if (!writers)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++, at = at->next) {
        if (config_text(config, at, "health: expect", diag, &writers[i]) != OK)
            return ERR_INVALID;
    }
    config->store.health_expect = writers;
    config->store.health_expect_count = count;
    return OK;
}

enum status
config_read_health(void *object, const struct yaml_node *value, struct diag *diag)
{
    static const struct yaml_field fields[] = { { "directory", read_folder, false },
                                                { "hold", read_hold, false },
                                                { "expect", read_expect, false },
                                                { "freeze", config_read_freeze, false },
                                                { 0 } };

    return yaml_read_map(value, "health", fields, object, diag);
}
