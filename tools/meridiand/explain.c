/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/meridiand/explain.h"
#include "dns/base/addr.h"
#include "dns/serve.h"
#include "dns/stats.h"
#include "zones/answer.h"
#include "zones/dyntab.h"
#include "zones/load.h"
#include "zones/snapshot.h"
#include "zones/steering/explain.h"
#include "zones/store.h"
#include "zones/zone.h"
#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { EDNS_SIZE = 4096, PROBLEM_SIZE = 512 };

/* The question, understood. */
struct asking {
    uint8_t name[NAME_LEN_MAX];
    uint16_t type;
    bool has_place; /* from is a place, not an address */
    struct place_word place;
    bool has_subnet;
    struct prefix subnet;
    struct addr resolver;
};

static json_t *
error_json(const char *message)
{
    return json_pack("{s:[{s:s, s:i, s:i, s:s}]}", "errors", "file", "", "line", 0,
                     "column", 0, "message", message);
}

static json_t *
refuse(const char *what, const char *text)
{
    char message[PROBLEM_SIZE];

    (void)snprintf(message, sizeof(message), "%s: '%s'", what, text);
    return error_json(message);
}

static enum status
parse_from(const char *from, struct asking *asking, json_t **ret_object)
{
    char problem[PROBLEM_SIZE];

    if (prefix_parse(from, &asking->subnet) == OK) {
        asking->has_subnet = true;
        return OK;
    }
    if (place_word_parse(from, &asking->place, problem, sizeof(problem)) != OK) {
        *ret_object = error_json(problem);
        return ERR_FORMAT;
    }
    if (asking->place.kind == PLACE_WORD_NET) {
        asking->subnet = asking->place.net;
        asking->has_subnet = true;
    } else {
        asking->has_place = true;
    }
    return OK;
}

static enum status
parse_question(const struct explain_question *question, struct asking *asking,
               json_t **ret_object)
{
    *asking = (struct asking){ 0 };
    if (zone_name_from_text(question->name, asking->name) != OK) {
        *ret_object = refuse("not a domain name", question->name);
        return ERR_FORMAT;
    }
    asking->type = (uint16_t)ldns_get_rr_type_by_name(question->type);
    if (asking->type == 0) {
        *ret_object = refuse("not a record type", question->type);
        return ERR_FORMAT;
    }
    const char *const resolver = question->resolver ? question->resolver : "192.0.2.53";
    if (addr_parse(resolver, &asking->resolver) != OK) {
        *ret_object = refuse("not an address", resolver);
        return ERR_FORMAT;
    }
    return question->from ? parse_from(question->from, asking, ret_object) : OK;
}

/* ---- the answer ------------------------------------------------------------------- */

static size_t
put16(uint8_t *to, size_t at, unsigned value)
{
    to[at] = (uint8_t)(value >> 8);
    to[at + 1] = (uint8_t)value;
    return at + 2;
}

/* A query as a resolver sends it: header, question, OPT with the client's subnet. */
static size_t
write_query(const struct asking *asking, uint8_t message[512])
{
    static const uint8_t header[] = { 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1 };
    const size_t name_bytes = name_len(asking->name);
    const size_t octets = asking->has_subnet ? (asking->subnet.len + 7U) / 8 : 0;
    size_t at = sizeof(header);

    memcpy(message, header, sizeof(header));
    memcpy(message + at, asking->name, name_bytes);
    at = put16(message, at + name_bytes, asking->type);
    at = put16(message, at, RR_CLASS_IN);
    message[at++] = 0;
    at = put16(message, at, RR_TYPE_OPT);
    at = put16(message, at, EDNS_SIZE);
    at = put16(message, put16(message, at, 0), 0);
    at = put16(message, at, asking->has_subnet ? (unsigned)(8 + octets) : 0);
    if (!asking->has_subnet)
        return at;
    at = put16(message, at, 8); /* RFC 7871 6 */
    at = put16(message, at, (unsigned)(4 + octets));
    at = put16(message, at, asking->subnet.addr.family == ADDR_V4 ? 1 : 2);
    message[at++] = asking->subnet.len;
    message[at++] = 0;
    memcpy(message + at, asking->subnet.addr.bytes, octets);
    return at + octets;
}

static const void *
acquire_nothing(void *context)
{
    return context;
}

static const struct serve_settings *
settings_of(const void *snapshot)
{
    return &((const struct snapshot *)snapshot)->settings;
}

static void
answer_of(const void *snapshot, const struct query *query, struct answer *answer)
{
    zone_answer(snapshot, query, answer);
}

static json_t *
records_json(const ldns_rr_list *records)
{
    json_t *const all = json_array();

    for (size_t i = 0; records && i < ldns_rr_list_rr_count(records); i++) {
        char *const text = ldns_rr2str(ldns_rr_list_rr(records, i));
        if (!text)
            continue;
        text[strcspn(text, "\n")] = '\0';
        json_array_append_new(all, json_string(text));
        free(text);
    }
    return all;
}

/* The name that a chain of CNAMEs led to: what the last record is of, or, where that is a
 * CNAME, its target. */
static void
follow_chain(struct asking *asking, const ldns_rr_list *answers)
{
    const size_t count = answers ? ldns_rr_list_rr_count(answers) : 0;

    if (count == 0)
        return;
    const ldns_rr *const last = ldns_rr_list_rr(answers, count - 1);
    const bool alias =
        ldns_rr_get_type(last) == LDNS_RR_TYPE_CNAME && asking->type != RR_TYPE_CNAME;
    const ldns_rdf *const name = alias ? ldns_rr_rdf(last, 0) : ldns_rr_owner(last);
    if (ldns_rdf_size(name) > NAME_LEN_MAX)
        return;
    memcpy(asking->name, ldns_rdf_data(name), ldns_rdf_size(name));
    name_fold(asking->name);
}

static void
describe_reply(json_t *to, struct asking *asking, const uint8_t *reply, size_t len)
{
    ldns_pkt *packet = NULL;

    if (ldns_wire2pkt(&packet, reply, len) != LDNS_STATUS_OK)
        return;
    char *const rcode = ldns_pkt_rcode2str(ldns_pkt_get_rcode(packet));
    const ldns_rr_list *const answers = ldns_pkt_answer(packet);
    json_object_set_new(to, "rcode", json_string(rcode ? rcode : ""));
    json_object_set_new(to, "answer", records_json(answers));
    if (answers && ldns_rr_list_rr_count(answers) > 0)
        json_object_set_new(to, "ttl",
                            json_integer(ldns_rr_ttl(ldns_rr_list_rr(answers, 0))));
    follow_chain(asking, answers);
    free(rcode);
    ldns_pkt_free(packet);
}

static enum status
describe_answer(json_t *to, const struct store_view *view, struct asking *asking)
{
    const struct answerer answerer = { .acquire = acquire_nothing,
                                       .settings = settings_of,
                                       .answer = answer_of };
    struct serve *const serve = calloc(1, sizeof(*serve));
    struct stats *const stats = calloc(1, sizeof(*stats));
    uint8_t message[512];
    uint8_t *const reply = malloc(DNS_MESSAGE_MAX);
    enum status status = serve && stats && reply ? OK : ERR_NOMEM;

    if (status == OK) {
        serve->answerer = &answerer;
        serve->snapshot = store_view_snapshot(view);
        serve->settings = settings_of(serve->snapshot);
        serve->stats = stats;
        serve->now_s = time(NULL);
        serve->random_state = 1;
        const size_t len = write_query(asking, message);
        const size_t reply_len = serve_message(serve, message, len, &asking->resolver,
                                               true, reply, DNS_MESSAGE_MAX);
        describe_reply(to, asking, reply, reply_len);
        json_object_set_new(to, "scope", json_integer(serve->answer.scope));
    }
    free(reply);
    free(stats);
    free(serve);
    return status;
}

/* ---- the decision ----------------------------------------------------------------- */

static void
describe_decision(json_t *to, const struct store_view *view, const struct asking *asking)
{
    const struct dyntab *dyntab;
    const struct zone_entry *entry;

    if (!store_view_find(view, asking->name, asking->type, &dyntab, &entry) ||
        !dyntab->decision)
        return;
    const struct want want = dyn_want(dyntab->dyn);
    const struct client client = {
        .resolver = &asking->resolver,
        .subnet =
            asking->has_subnet && asking->subnet.len > 0 ? &asking->subnet.addr : NULL,
        .source_len = asking->subnet.len,
    };
    const struct explain_input input = {
        .decision = dyntab->decision,
        .view = store_view_health(view),
        .base = store_view_base(view),
        .want = &want,
        .from = asking->has_place ? &asking->place : NULL,
        .client = asking->has_place ? NULL : &client,
        .now_s = time(NULL),
    };
    char name[NAME_TEXT_SIZE];
    json_object_set_new(to, "decided_name",
                        json_string(name_to_text(asking->name, name)));
    json_object_set_new(to, "decision", explain_decision(&input));
    if (asking->has_place) { /* clients of one place may get different answers */
        json_object_del(to, "answer");
        json_object_del(to, "ttl");
        json_object_del(to, "scope");
    }
}

enum status
explain_question_json(const struct store_view *view,
                      const struct explain_question *question, json_t **ret_object)
{
    struct asking asking;
    char name[NAME_TEXT_SIZE];
    enum status status = parse_question(question, &asking, ret_object);

    if (status != OK)
        return status;
    json_t *const object = json_pack(
        "{s:s, s:s}", "name", name_to_text(asking.name, name), "type", question->type);
    if (!object)
        return ERR_NOMEM;
    if (question->from)
        json_object_set_new(object, "from", json_string(question->from));
    status = describe_answer(object, view, &asking);
    if (status != OK) {
        json_decref(object);
        return status;
    }
    describe_decision(object, view, &asking);
    *ret_object = object;
    return OK;
}
