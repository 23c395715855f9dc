/* SPDX-License-Identifier: BSD-2-Clause */
/* health list, set, clear: what holds, and the operator's word on it. */
#include "zones/steering/health.h"
#include "dns/base/diag.h"
#include "dns/base/yaml.h"
#include "geoip/words.h"
#include "tools/meridianctl/client.h"
#include "tools/meridianctl/files.h"
#include "tools/meridianctl/health_edit.h"
#include "tools/meridianctl/print.h"
#include "zones/store.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char ctl_path[] = "/v1/health/ctl";
enum { PROBLEM_SIZE = 512, HTTP_OK = 200, HTTP_NOT_FOUND = 404 };

/* ---- list ------------------------------------------------------------------------- */

static json_t *
health_of_files(const struct ctl *ctl)
{
    struct store *store = NULL;
    struct diag diag;
    json_t *health = NULL;

    diag_init(&diag);
    if (files_load(ctl->config, &diag, &store) == OK) {
        health = store_health_json(store);
        store_free(store);
    }
    files_print(&diag);
    diag_done(&diag);
    return health;
}

static json_t *
health_of_server(const struct ctl *ctl)
{
    json_t *body = NULL;
    long code;

    if (!client_ask_json(ctl, &(struct request){ "GET", "/v1/health", NULL }, &code,
                         &body))
        return NULL;
    if (code == HTTP_OK)
        return body;
    (void)print_errors(body, code);
    json_decref(body);
    return NULL;
}

static void
print_verdicts(const json_t *verdicts)
{
    size_t index;
    const json_t *one;
    struct table table;
    const char *const heads[] = { "SERVER", "SERVICE", "SCOPE", "STATE",
                                  "BY",     "FOR",     "UNTIL", "REASON" };

    table_init(&table, heads, 8);
    json_array_foreach(verdicts, index, one)
    {
        char name[256], by[256], age[PRINT_AGE_SIZE], until[PRINT_TIME_SIZE];
        const bool pool = json_object_get(one, "pool") != NULL;
        const json_int_t since = json_integer_value(json_object_get(one, "since"));
        (void)snprintf(name, sizeof(name), "%s%s", pool ? "pool/" : "",
                       text_of(one, pool ? "pool" : "server"));
        (void)snprintf(by, sizeof(by), "%s (%s%s)", text_of(one, "writer"),
                       text_of(one, "source"),
                       json_is_true(json_object_get(one, "stale")) ? ", stale" : "");
        table_add(
            &table,
            (const char *const[]){
                name, text_of(one, "service"), text_of(one, "scope"),
                text_of(one, "state"), by, age_text(time(NULL) - since, age),
                time_text(json_integer_value(json_object_get(one, "lapses")), until),
                text_of(one, "reason") });
    }
    table_print(&table);
}

enum ctl_exit
ctl_health_list(const struct ctl *ctl)
{
    json_t *const health = ctl->config ? health_of_files(ctl) : health_of_server(ctl);

    if (!health)
        return ctl->config ? CTL_NO : CTL_FAILED;
    if (ctl->json) {
        print_json(health);
        return CTL_FINE;
    }
    const json_t *const verdicts = json_object_get(health, "verdicts");
    if (json_array_size(verdicts) == 0)
        (void)printf("nothing is said of any server: all count as up\n");
    else
        print_verdicts(verdicts);
    json_decref(health);
    return CTL_FINE;
}

/* ---- what was typed --------------------------------------------------------------- */

static bool
check_subject(const struct ctl *ctl)
{
    char problem[PROBLEM_SIZE];
    struct place_word word;

    if (!ctl->scope || strncmp(ctl->scope, "region:", strlen("region:")) == 0 ||
        place_word_parse(ctl->scope, &word, problem, sizeof(problem)) == OK)
        return true;
    ctl_complain("--scope: %s", problem);
    return false;
}

static bool
parse_word(const struct ctl *ctl, struct health_word *ret_word)
{
    struct health_word word = { .state = ctl->arguments[1], .reason = ctl->reason };
    enum health_state state;

    if (health_state_parse(word.state, &state) != OK) {
        ctl_complain("'%s' is no state: up, degraded, drain, down or blocked",
                     word.state);
        return false;
    }
    if (ctl->factor) {
        char *end;
        word.factor = strtod(ctl->factor, &end);
        if (*end != '\0' || !(word.factor > 0 && word.factor <= 1)) {
            ctl_complain("--factor: '%s' is no number above 0 and up to 1", ctl->factor);
            return false;
        }
    }
    if (ctl->period) {
        const struct yaml_node node = { .kind = YAML_SCALAR,
                                        .plain = true,
                                        .text = ctl->period,
                                        .len = strlen(ctl->period) };
        uint64_t period_ms;
        if (yaml_duration_ms(&node, "--for", NULL, &period_ms) != OK ||
            period_ms < 1000) {
            ctl_complain("--for: '%s' is no time such as 30s, 15m, 2h or 7d",
                         ctl->period);
            return false;
        }
        word.until = time(NULL) + (int64_t)(period_ms / 1000);
    }
    *ret_word = word;
    return true;
}

/* ---- the document ----------------------------------------------------------------- */

/* What is set now; an empty document if nothing. NULL: said why. */
static json_t *
get_document(const struct ctl *ctl)
{
    struct reply reply;
    json_t *document = NULL;

    if (!client_ask(ctl, &(struct request){ "GET", ctl_path, NULL }, &reply))
        return NULL;
    if (reply.code == HTTP_NOT_FOUND)
        document = health_edit_new();
    else if (reply.code != HTTP_OK ||
             health_edit_read(reply.text, reply.len, &document) != OK)
        ctl_complain(
            "the document of writer 'ctl' is not understood: 'meridianctl health "
            "clear --all' removes it");
    free(reply.text);
    return document;
}

static enum ctl_exit
report(const struct ctl *ctl, const char *what, long code, json_t *body)
{
    enum ctl_exit result = CTL_FINE;
    size_t index;
    const json_t *unknown;

    if (ctl->json) {
        if (code != HTTP_OK)
            result = CTL_NO;
        print_json(body);
        return result;
    }
    if (code != HTTP_OK) {
        result = print_errors(body, code);
    } else {
        (void)printf("%s\n", what);
        json_array_foreach(json_object_get(body, "unknown"), index, unknown)
        {
            ctl_complain("routing knows no '%s'", json_string_value(unknown));
            result = CTL_NO;
        }
    }
    json_decref(body);
    return result;
}

static enum ctl_exit
delete_document(const struct ctl *ctl, const char *writer)
{
    char *const escaped = client_escape(writer);
    char *path = NULL;
    json_t *body = NULL;
    long code;

    if (!escaped || asprintf(&path, "/v1/health/%s", escaped) < 0)
        path = NULL;
    free(escaped);
    const bool asked =
        client_ask_json(ctl, &(struct request){ "DELETE", path, NULL }, &code, &body);
    free(path);
    return asked ? report(ctl, "removed", code, body) : CTL_FAILED;
}

static enum ctl_exit
put_document(const struct ctl *ctl, const json_t *document)
{
    char *const text = json_dumps(document, JSON_INDENT(1));
    json_t *body = NULL;
    long code;

    const bool asked =
        text &&
        client_ask_json(ctl, &(struct request){ "PUT", ctl_path, text }, &code, &body);
    free(text);
    return asked ? report(ctl, "in force", code, body) : CTL_FAILED;
}

static enum ctl_exit
write_document(const struct ctl *ctl, const json_t *document)
{
    if (ctl->dry_run) {
        json_dumpf(document, stdout, JSON_INDENT(1));
        (void)putchar('\n');
        return CTL_FINE;
    }
    return health_edit_is_empty(document) ? delete_document(ctl, "ctl")
                                          : put_document(ctl, document);
}

/* ---- set and clear ---------------------------------------------------------------- */

enum ctl_exit
ctl_health_set(const struct ctl *ctl)
{
    const struct health_subject subject = { ctl->arguments[0], ctl->scope, ctl->service };
    struct health_word word;

    if (!check_subject(ctl) || !parse_word(ctl, &word))
        return CTL_FAILED;
    json_t *const document = get_document(ctl);
    if (!document)
        return CTL_FAILED;
    health_edit_set(document, &subject, &word);
    const enum ctl_exit result = write_document(ctl, document);
    json_decref(document);
    return result;
}

enum ctl_exit
ctl_health_clear(const struct ctl *ctl)
{
    const int ways = (ctl->argument_count > 0) + ctl->all + (ctl->writer != NULL);

    if (ways != 1 || (ctl->argument_count == 0 && (ctl->scope || ctl->service))) {
        ctl_complain("health clear needs a server, pool/POOL, --all or --writer WRITER");
        return CTL_FAILED;
    }
    if (ctl->all || ctl->writer)
        return delete_document(ctl, ctl->all ? "ctl" : ctl->writer);
    if (!check_subject(ctl))
        return CTL_FAILED;
    const struct health_subject subject = { ctl->arguments[0], ctl->scope, ctl->service };
    json_t *const document = get_document(ctl);
    if (!document)
        return CTL_FAILED;
    enum ctl_exit result = CTL_NO;
    if (health_edit_clear(document, &subject))
        result = write_document(ctl, document);
    else
        ctl_complain("nothing like that was set");
    json_decref(document);
    return result;
}
