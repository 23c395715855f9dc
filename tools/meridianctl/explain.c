/* SPDX-License-Identifier: BSD-2-Clause */
/* explain: how an answer comes about, as a person reads it. */
#include "tools/meridiand/explain.h"
#include "tools/meridianctl/client.h"
#include "tools/meridianctl/files.h"
#include "tools/meridianctl/print.h"
#include "zones/store.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- asking ----------------------------------------------------------------------- */

static bool
ask_files(const struct ctl *ctl, const struct explain_question *question, long *ret_code,
          json_t **ret_body)
{
    struct store *store = NULL;
    struct diag diag;

    diag_init(&diag);
    enum status status = files_load(ctl->config, &diag, &store);
    if (status == OK) {
        const struct store_view *const view = store_hold(store);
        status = view ? explain_question_json(view, question, ret_body) : ERR_INVALID;
        *ret_code = status == OK ? 200 : 400;
        store_release(store, view);
        store_free(store);
    }
    if (diag.error_count > 0)
        files_print(&diag);
    diag_done(&diag);
    return status == OK || status == ERR_FORMAT;
}

/* "/v1/explain?name=…&type=…"; the caller frees it. */
static char *
path_of(const struct explain_question *question)
{
    const char *const values[] = { question->name, question->type, question->from,
                                   question->resolver };
    char *escaped[4] = { NULL };
    char *path = NULL;
    bool failed = false;

    for (size_t i = 0; i < 4; i++) {
        escaped[i] = client_escape(values[i] ? values[i] : "");
        failed = failed || !escaped[i];
    }
    if (!failed && asprintf(&path, "/v1/explain?name=%s&type=%s%s%s%s%s", escaped[0],
                            escaped[1], values[2] ? "&from=" : "", escaped[2],
                            values[3] ? "&resolver=" : "", escaped[3]) < 0)
        path = NULL;
    for (size_t i = 0; i < 4; i++)
        free(escaped[i]);
    return path;
}

static bool
ask_server(const struct ctl *ctl, const struct explain_question *question, long *ret_code,
           json_t **ret_body)
{
    char *const path = path_of(question);
    const bool asked =
        client_ask_json(ctl, &(struct request){ "GET", path, NULL }, ret_code, ret_body);

    free(path);
    return asked;
}

/* ---- telling ---------------------------------------------------------------------- */

static void
print_place(const json_t *place)
{
    static const char *const keys[] = { "country", "subdivision", "continent", "asn",
                                        "tag" };
    const json_t *const sources = json_object_get(place, "from");
    bool any = false;

    (void)printf("  place      ");
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const char *const text = text_of(place, keys[i]);
        if (!text[0])
            continue;
        (void)printf("%s%s %s", any ? ", " : "", keys[i], text);
        if (text_of(sources, keys[i])[0])
            (void)printf(" (%s)", text_of(sources, keys[i]));
        any = true;
    }
    const json_t *const location = json_object_get(place, "location");
    if (location)
        (void)printf("%slocation %.2f,%.2f", any ? ", " : "",
                     json_real_value(json_array_get(location, 0)),
                     json_real_value(json_array_get(location, 1)));
    if (json_is_true(json_object_get(place, "special")))
        (void)printf("%sspecial-purpose space", any ? ", " : "");
    else if (!any && !location)
        (void)printf("unknown");
    (void)putchar('\n');
}

static void
print_rule(const json_t *decision)
{
    const json_t *const rule = json_object_get(decision, "rule");

    (void)printf("  policy     %s, service %s: ", text_of(decision, "policy"),
                 text_of(decision, "service"));
    if (json_is_string(rule))
        (void)printf("%s\n", json_string_value(rule));
    else
        (void)printf("rule %lld (line %lld)%s\n",
                     (long long)json_integer_value(json_object_get(rule, "number")),
                     (long long)json_integer_value(json_object_get(rule, "line")),
                     json_is_true(json_object_get(rule, "everyone")) ? ", for everyone"
                                                                     : "");
}

static void
print_chain(const json_t *chain)
{
    size_t p, s;
    const json_t *pool, *server;
    struct table table;

    table_init(&table,
               (const char *const[]){ "  POOL", "SERVER", "STATE", " ", "REASON" }, 5);
    json_array_foreach(chain, p, pool)
    {
        json_array_foreach(json_object_get(pool, "servers"), s, server)
        {
            char name[256];
            (void)snprintf(name, sizeof(name), "  %s", text_of(pool, "pool"));
            const bool chosen = json_is_true(json_object_get(server, "chosen"));
            table_add(&table, (const char *const[]){ name, text_of(server, "server"),
                                                     text_of(server, "state"),
                                                     chosen ? "=>" : " ",
                                                     text_of(server, "reason") });
        }
    }
    table_print(&table);
}

static void
print_candidates(const json_t *candidates)
{
    size_t index;
    const json_t *one;

    (void)printf("  may get    ");
    json_array_foreach(candidates, index, one)
    {
        const bool next = json_integer_value(json_object_get(one, "step")) > 0;
        (void)printf("%s%s", index ? ", " : "", text_of(one, "server"));
        if (next)
            (void)printf(" (next in the chain)");
        else
            (void)printf(" %.1f%%", 100 * json_real_value(json_object_get(one, "share")));
    }
    (void)putchar('\n');
}

static void
print_decision(const json_t *decision, bool place_only)
{
    const char *const address = text_of(decision, "address");

    if (address[0])
        (void)printf("  client     %s, by its %s\n", address,
                     text_of(decision, "used")[0] == 's' ? "subnet (ECS)" : "resolver");
    print_place(json_object_get(decision, "place"));
    print_rule(decision);
    print_chain(json_object_get(decision, "chain"));
    (void)printf("  because    %s%s\n", text_of(decision, "ladder"),
                 json_is_true(json_object_get(decision, "short_ttl"))
                     ? "; half the TTL, for a fresh verdict had a say"
                     : "");
    if (place_only)
        print_candidates(json_object_get(decision, "candidates"));
}

static void
print_answer(const json_t *body)
{
    const json_t *const answer = json_object_get(body, "answer");
    const json_t *const ttl = json_object_get(body, "ttl");
    size_t index;
    const json_t *record;

    (void)printf("  answer     %s, scope /%lld", text_of(body, "rcode"),
                 (long long)json_integer_value(json_object_get(body, "scope")));
    if (ttl)
        (void)printf(", TTL %lld", (long long)json_integer_value(ttl));
    (void)putchar('\n');
    json_array_foreach(answer, index, record)(void)
        printf("    %s\n", json_string_value(record));
}

static void
print_explanation(const json_t *body)
{
    const json_t *const decision = json_object_get(body, "decision");
    const bool answered = json_object_get(body, "answer") != NULL;

    (void)printf("%s %s%s%s\n", text_of(body, "name"), text_of(body, "type"),
                 text_of(body, "from")[0] ? " from " : "", text_of(body, "from"));
    if (decision && strcmp(text_of(body, "decided_name"), text_of(body, "name")) != 0)
        (void)printf("  is         %s\n", text_of(body, "decided_name"));
    if (decision)
        print_decision(decision, !answered);
    else
        (void)printf("  the same for everyone: nothing here is dynamic\n");
    if (answered)
        print_answer(body);
}

enum ctl_exit
ctl_explain(const struct ctl *ctl)
{
    const struct explain_question question = {
        .name = ctl->arguments[0],
        .type = ctl->argument_count > 1 ? ctl->arguments[1] : "A",
        .from = ctl->from,
        .resolver = ctl->resolver,
    };
    json_t *body = NULL;
    long code = 0;

    if (!(ctl->config ? ask_files : ask_server)(ctl, &question, &code, &body))
        return ctl->config ? CTL_NO : CTL_FAILED;
    enum ctl_exit result = CTL_FINE;
    if (code != 200)
        result = print_errors(body, code);
    else if (ctl->json)
        print_json(json_incref(body));
    else
        print_explanation(body);
    const char *const rcode = text_of(body, "rcode");
    if (code == 200 && rcode[0] && strcmp(rcode, "NOERROR") != 0)
        result = CTL_NO;
    json_decref(body);
    return result;
}
