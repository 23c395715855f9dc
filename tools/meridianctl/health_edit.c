/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/meridianctl/health_edit.h"
#include "dns/base/diag.h"
#include "dns/base/yaml.h"
#include <string.h>
#include <time.h>

static const char pool_prefix[] = "pool/";
static const char *const sections[] = { "servers", "pools" };
/* What an opinion is made of; `services` and `scopes` set others apart from it. */
static const char *const opinion_keys[] = { "state", "factor", "reason", "until" };
enum { SECTIONS = 2, OPINION_KEYS = 4, TIME_SIZE = 32 };

json_t *
health_edit_new(void)
{
    return json_pack("{s:i, s:s, s:s}", "version", 1, "source", "operator", "writer",
                     "ctl");
}

/* ---- reading ---------------------------------------------------------------------- */

/* Trees are YAML_NESTING_MAX deep at most: yaml.c refuses more. */
static json_t *
/* NOLINTNEXTLINE(misc-no-recursion): as deep as YAML_NESTING_MAX */
json_of(const struct yaml_node *node)
{
    if (node->kind == YAML_SCALAR)
        return json_stringn(node->text, node->len);
    json_t *const all = node->kind == YAML_LIST ? json_array() : json_object();
    for (const struct yaml_node *child = node->child; child; child = child->next) {
        json_t *const one = json_of(child);
        if (node->kind == YAML_LIST)
            json_array_append_new(all, one);
        else
            json_object_set_new(all, child->key->text, one);
    }
    return all;
}

enum status
health_edit_read(const char *bytes, size_t len, json_t **ret_document)
{
    struct diag diag;
    struct yaml *yaml;
    const struct yaml_node *map;

    diag_init(&diag);
    enum status status = yaml_open_bytes("ctl", bytes, len, &diag, &yaml);
    if (status == OK) {
        status = yaml_whole(yaml, &map);
        if (status == OK)
            *ret_document = json_of(map);
        yaml_close(yaml);
    }
    diag_done(&diag);
    return status;
}

/* ---- finding ---------------------------------------------------------------------- */

static json_t *
child_of(json_t *object, const char *key, bool make)
{
    json_t *child = json_object_get(object, key);

    if (!child && make) {
        child = json_object();
        json_object_set_new(object, key, child);
    }
    return child;
}

static const char *
section_of(const struct health_subject *subject, const char **ret_name)
{
    const size_t len = strlen(pool_prefix);
    const bool pool = strncmp(subject->name, pool_prefix, len) == 0;

    *ret_name = subject->name + (pool ? len : 0);
    return sections[pool ? 1 : 0];
}

static bool
is_scoped(const struct health_subject *subject)
{
    return subject->scope && strcmp(subject->scope, "global") != 0;
}

/* Where what is said of the subject's scope stands; NULL: nothing is, and it was not to
 * be made. */
static json_t *
opinion_of(json_t *document, const struct health_subject *subject, bool make)
{
    const char *name;
    json_t *const section = child_of(document, section_of(subject, &name), make);
    json_t *opinion = section ? child_of(section, name, make) : NULL;

    if (opinion && is_scoped(subject)) {
        json_t *const scopes = child_of(opinion, "scopes", make);
        opinion = scopes ? child_of(scopes, subject->scope, make) : NULL;
    }
    return opinion;
}

/* `state: down, services: [a, b]` as `services: {a: {state: down}, b: {state: down}}`,
 * which says the same. */
static void
spread_services(json_t *opinion)
{
    json_t *const list = json_object_get(opinion, "services");
    json_t *const map = json_object();
    size_t index;
    const json_t *service;

    if (!json_is_array(list)) {
        json_decref(map);
        return;
    }
    json_array_foreach(list, index, service)
    {
        json_t *const one = json_object();
        for (size_t i = 0; i < OPINION_KEYS; i++) {
            json_t *const value = json_object_get(opinion, opinion_keys[i]);
            if (value)
                json_object_set(one, opinion_keys[i], value);
        }
        json_object_set_new(map, json_string_value(service), one);
    }
    for (size_t i = 0; i < OPINION_KEYS; i++)
        json_object_del(opinion, opinion_keys[i]);
    json_object_set_new(opinion, "services", map);
}

/* ---- setting ---------------------------------------------------------------------- */

static void
write_word(json_t *opinion, const struct health_word *word)
{
    char until[TIME_SIZE];
    const time_t when = (time_t)word->until;
    struct tm parts;

    for (size_t i = 0; i < OPINION_KEYS; i++)
        json_object_del(opinion, opinion_keys[i]);
    json_object_set_new(opinion, "state", json_string(word->state));
    if (word->factor > 0)
        json_object_set_new(opinion, "factor", json_real(word->factor));
    if (word->reason)
        json_object_set_new(opinion, "reason", json_string(word->reason));
    if (word->until == 0 || !gmtime_r(&when, &parts))
        return;
    (void)strftime(until, sizeof(until), "%Y-%m-%dT%H:%M:%SZ", &parts);
    json_object_set_new(opinion, "until", json_string(until));
}

void
health_edit_set(json_t *document, const struct health_subject *subject,
                const struct health_word *word)
{
    json_t *opinion = opinion_of(document, subject, true);

    spread_services(opinion);
    if (subject->service)
        opinion = child_of(child_of(opinion, "services", true), subject->service, true);
    write_word(opinion, word);
}

/* ---- clearing --------------------------------------------------------------------- */

static void
drop_if_empty(json_t *object, const char *key)
{
    const json_t *const child = json_object_get(object, key);

    if (child && json_object_size(child) == 0)
        json_object_del(object, key);
}

/* Maps that nothing is left in are no opinion, and an error to have. */
static void
tidy(json_t *document, const struct health_subject *subject)
{
    const char *name;
    const char *const key = section_of(subject, &name);
    json_t *const section = json_object_get(document, key);
    json_t *const server = json_object_get(section, name);
    json_t *const scopes = json_object_get(server, "scopes");

    if (scopes && subject->scope) {
        drop_if_empty(json_object_get(scopes, subject->scope), "services");
        drop_if_empty(scopes, subject->scope);
    }
    if (server) {
        drop_if_empty(server, "scopes");
        drop_if_empty(server, "services");
    }
    if (section)
        drop_if_empty(section, name);
    drop_if_empty(document, key);
}

static bool
clear_opinion(json_t *opinion)
{
    bool found = false;

    for (size_t i = 0; i < OPINION_KEYS; i++)
        found = json_object_del(opinion, opinion_keys[i]) == 0 || found;
    return found;
}

bool
health_edit_clear(json_t *document, const struct health_subject *subject)
{
    const char *name;
    json_t *const section = json_object_get(document, section_of(subject, &name));
    json_t *const opinion = opinion_of(document, subject, false);
    bool found;

    if (!opinion)
        return false;
    spread_services(opinion);
    if (subject->service)
        found =
            json_object_del(json_object_get(opinion, "services"), subject->service) == 0;
    else if (subject->scope)
        found = clear_opinion(opinion);
    else
        found = json_object_del(section, name) == 0;
    tidy(document, subject);
    return found;
}

bool
health_edit_is_empty(const json_t *document)
{
    for (size_t i = 0; i < SECTIONS; i++) {
        if (json_object_size(json_object_get(document, sections[i])) > 0)
            return false;
    }
    return true;
}
