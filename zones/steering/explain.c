/* SPDX-License-Identifier: BSD-2-Clause */
#include "zones/steering/explain.h"
#include "geoip/base.h"
#include "geoip/map.h"
#include "zones/steering/mentions.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REASON_SIZE = 512 };

/* What is being told. */
struct telling {
    const struct explain_input *input;
    const struct plan *plan;
    const struct choice *choice;
    const struct place_word **covering; /* words of the verdicts that hold the client */
    size_t covering_count;
    struct selection selection;
};

/* ---- the place -------------------------------------------------------------------- */

static const char *
source_name(const struct geo_base *base, uint8_t from)
{
    const struct geo_source *sources;
    const size_t count = geo_base_sources(base, &sources);

    if (from == PLACE_FROM_OPERATOR)
        return "networks";
    return from > 0 && from <= count ? sources[from - 1].path : "";
}

static void
tell_field(json_t *to, const char *key, const char *text, const char *source)
{
    if (!text[0])
        return;
    json_object_set_new(to, key, json_string(text));
    if (!source[0])
        return;
    json_t *from = json_object_get(to, "from");
    if (!from) {
        from = json_object();
        json_object_set_new(to, "from", from);
    }
    json_object_set_new(from, key, json_string(source));
}

static json_t *
place_json(const struct geo_base *base, const struct place *place)
{
    json_t *const to = json_object();
    size_t tag_count;
    const char *const *const tags = geo_base_tags(base, &tag_count);

    if (place->special)
        json_object_set_new(to, "special", json_true());
    tell_field(to, "continent", place->continent,
               source_name(base, place->from[PLACE_COUNTRY]));
    tell_field(to, "country", place->country,
               source_name(base, place->from[PLACE_COUNTRY]));
    tell_field(to, "subdivision", place->subdivision,
               source_name(base, place->from[PLACE_SUBDIVISION]));
    if (place->asn) {
        char text[16];
        (void)snprintf(text, sizeof(text), "%u", (unsigned)place->asn);
        tell_field(to, "asn", text, source_name(base, place->from[PLACE_ASN]));
    }
    if (place->has_location)
        json_object_set_new(
            to, "location",
            json_pack("[f, f]", (double)place->latitude, (double)place->longitude));
    if (place->tag)
        json_object_set_new(to, "tag", json_string(tags[place->tag]));
    return to;
}

/* ---- who the client is ------------------------------------------------------------ */

static const struct addr *
used_address(const struct client *client)
{
    return client->subnet ? client->subnet : client->resolver;
}

static bool
word_covers_client(const struct telling *telling, const struct place_word *word,
                   const struct place *place)
{
    const struct explain_input *const input = telling->input;
    size_t tag_count;
    const char *const *const tags = geo_base_tags(input->base, &tag_count);

    if (word->kind == PLACE_WORD_NET)
        return !input->from && prefix_contains(&word->net, used_address(input->client));
    return place_word_holds(word, place, tags);
}

static enum status
find_covering(struct telling *telling, const struct place *place)
{
    size_t total = 0;

    for (size_t i = 0; i < telling->plan->member_count; i++) {
        size_t count;
        (void)health_view_words(telling->input->view, telling->plan->members[i].server,
                                &count);
        total += count;
    }
    telling->covering = calloc(total + 1, sizeof(struct place_word *));
    if (!telling->covering)
        return ERR_NOMEM;
    for (size_t i = 0; i < telling->plan->member_count; i++) {
        size_t count;
        const struct place_word *const *const words = health_view_words(
            telling->input->view, telling->plan->members[i].server, &count);
        for (size_t w = 0; w < count; w++) {
            if (word_covers_client(telling, words[w], place))
                telling->covering[telling->covering_count++] = words[w];
        }
    }
    return OK;
}

/* A place without an address: the choice with this class and these states. NULL: no
 * client has them now. */
static const struct choice *
choice_of_place(const struct telling *telling, const struct place *place)
{
    const struct decision *const decision = telling->input->decision;
    size_t tag_count;
    const char *const *const tags = geo_base_tags(telling->input->base, &tag_count);
    const uint32_t class_id = classes_of_place(telling->plan->classes,
                                               telling->plan->policy, place, tags, NULL);
    uint32_t mention = decision->unlocated_mention;

    if (decision->mention_map) {
        const struct mentions *const mentions = decision_mentions(decision);
        for (uint32_t m = 0; m < mentions->count; m++) {
            bool same = true;
            for (size_t w = 0; w < mentions->word_count && same; w++)
                same = mentions_hold(mentions, m, w) ==
                       place_word_holds(&mentions->words[w], place, tags);
            if (same)
                mention = m;
        }
    }
    return &decision
                ->choices[decision->rows[class_id * decision->mention_count + mention]];
}

/* ---- the chain -------------------------------------------------------------------- */

static json_t *
verdict_json(const struct health_verdict *verdict, int64_t now)
{
    char scope[PLACE_WORD_TEXT_SIZE];

    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:b, s:s}", "state",
                     health_state_name(verdict->entry.state), "scope",
                     place_word_text(&verdict->entry.scope, scope), "writer",
                     verdict->writer, "source", health_source_name(verdict->source),
                     "since", (json_int_t)verdict->since, "age",
                     (json_int_t)(now - verdict->since), "stale", (int)verdict->stale,
                     "reason", verdict->entry.reason ? verdict->entry.reason : "");
}

static bool
is_selected(const struct telling *telling, uint32_t member)
{
    for (size_t i = 0; i < telling->selection.count; i++) {
        if (telling->selection.items[i].member == member)
            return true;
    }
    return false;
}

static bool
is_wanted(const struct want *want, const struct server *server)
{
    if (want->any)
        return true;
    for (size_t i = 0; i < server->address_count; i++) {
        if ((want->v4 && server->addresses[i].family == ADDR_V4) ||
            (want->v6 && server->addresses[i].family == ADDR_V6))
            return true;
    }
    return want->host && server->host;
}

/* The entry that keeps a server out, in words. */
static void
say_entry(const struct health_verdict *decided, int64_t now_s, bool chosen,
          char reason[REASON_SIZE])
{
    const char *const why = decided->entry.reason ? decided->entry.reason : "";
    char scope[PLACE_WORD_TEXT_SIZE];

    (void)snprintf(reason, REASON_SIZE, "%s%s in %s by %s (%s), for %lld s%s%s",
                   chosen ? "nobody better is left: " : "",
                   health_state_name(decided->entry.state),
                   place_word_text(&decided->entry.scope, scope), decided->writer,
                   health_source_name(decided->source),
                   (long long)(now_s - decided->since), why[0] ? ": " : "", why);
}

static const char *
lacks(const struct want *want)
{
    if (want->host)
        return "it has no host name";
    return want->v6 ? "it has no IPv6 address" : "it has no IPv4 address";
}

/* Why a server is answered or not, in words. */
static void
reason_of(const struct telling *telling, uint32_t number,
          const struct choice_member *state, const struct health_verdict *decided,
          char reason[REASON_SIZE])
{
    const struct plan_member *const member = &telling->plan->members[number];
    const struct want *const want = telling->input->want;
    const bool chosen = is_selected(telling, number);

    if (!is_wanted(want, member->entry)) {
        (void)snprintf(reason, REASON_SIZE, "%s", lacks(want));
    } else if (state->state > HEALTH_DEGRADED && decided) {
        say_entry(decided, telling->input->now_s, chosen, reason);
    } else if (state->state > HEALTH_DEGRADED) {
        (void)snprintf(reason, REASON_SIZE, "%s by its own status",
                       health_state_name((enum health_state)state->state));
    } else if (chosen) {
        (void)snprintf(reason, REASON_SIZE, "chosen%s",
                       state->state == HEALTH_DEGRADED ? ", degraded" : "");
    } else {
        (void)snprintf(reason, REASON_SIZE, "%s",
                       telling->selection.pool && member->pool != telling->selection.pool
                           ? "another pool serves before it"
                           : "passed over");
    }
}

static json_t *
member_json(const struct telling *telling, uint32_t number,
            const struct choice_member *state)
{
    const struct plan_member *const member = &telling->plan->members[number];
    const struct health_opinion opinion = health_view_judge(
        telling->input->view, member->server, telling->plan->service,
        member->pool && !telling->plan->policy->is_inline ? member->pool->name : NULL,
        telling->covering, telling->covering_count);
    char reason[REASON_SIZE];

    reason_of(telling, number, state, opinion.decided, reason);
    json_t *const one =
        json_pack("{s:s, s:s, s:b, s:s}", "server", member->server, "state",
                  health_state_name((enum health_state)state->state), "chosen",
                  (int)is_selected(telling, number), "reason", reason);
    if (opinion.decided)
        json_object_set_new(one, "entry",
                            verdict_json(opinion.decided, telling->input->now_s));
    return one;
}

static json_t *
chain_json(const struct telling *telling)
{
    const struct plan_chain *const chain =
        &telling->plan->chains[telling->choice->class_id];
    const struct chain *const pools =
        &telling->plan->classes->chains[telling->choice->class_id];
    json_t *const all = json_array();

    for (size_t p = 0; p < chain->pool_count; p++) {
        json_t *const servers = json_array();
        bool served = false;
        for (uint32_t i = chain->first[p]; i < chain->first[p + 1]; i++) {
            served = served || is_selected(telling, chain->members[i]);
            json_array_append_new(servers, member_json(telling, chain->members[i],
                                                       &telling->choice->members[i]));
        }
        json_array_append_new(all,
                              json_pack("{s:s, s:b, s:o}", "pool", pools->pools[p]->name,
                                        "served", (int)served, "servers", servers));
    }
    return all;
}

static json_t *
candidates_json(const struct telling *telling)
{
    json_t *const all = json_array();
    double sum = 0;

    for (size_t i = 0; i < telling->selection.count; i++)
        sum += telling->selection.items[i].step == 0 ? telling->selection.items[i].weight
                                                     : 0;
    for (size_t i = 0; i < telling->selection.count; i++) {
        const struct selected *const one = &telling->selection.items[i];
        json_array_append_new(
            all, json_pack("{s:s, s:f, s:i}", "server",
                           telling->plan->members[one->member].server, "share",
                           sum > 0 ? round(one->weight / sum * 1000) / 1000 : 0.0, "step",
                           (int)one->step));
    }
    return all;
}

/* ---- the rule --------------------------------------------------------------------- */

/* The first rule whose chain is the class's: which rule made it. */
static json_t *
rule_json(const struct telling *telling, const struct place *place)
{
    const struct policy *const policy = telling->plan->policy;
    size_t tag_count;
    const char *const *const tags = geo_base_tags(telling->input->base, &tag_count);
    const struct client *const client = telling->input->client;

    if (policy->by_distance)
        return json_string("by distance");
    struct prefix net = { 0 };
    if (client) {
        net.addr = *used_address(client);
        net.len =
            client->subnet ? client->source_len : (uint8_t)addr_bits(client->resolver);
    }
    const size_t rule = policy_rule_of(policy, place, tags, client ? &net : NULL);
    return json_pack("{s:I, s:i, s:b}", "number", (json_int_t)rule + 1, "line",
                     (int)policy->rules[rule].at.line, "everyone",
                     (int)policy->rules[rule].everyone);
}

static const char *
ladder_name(enum ladder ladder)
{
    static const char *const names[] = { "enough servers are up", "some servers are up",
                                         "last resort values",
                                         "the best of what is left" };

    return names[ladder];
}

static void
tell_client(const struct telling *telling, json_t *to)
{
    const struct explain_input *const input = telling->input;
    char text[PREFIX_TEXT_SIZE];

    if (input->from) {
        json_object_set_new(to, "used", json_string("place"));
        return;
    }
    const struct prefix used = { *used_address(input->client),
                                 input->client->subnet
                                     ? input->client->source_len
                                     : (uint8_t)addr_bits(input->client->resolver) };
    json_object_set_new(to, "used",
                        json_string(input->client->subnet ? "subnet" : "resolver"));
    json_object_set_new(to, "address", json_string(prefix_text(&used, text)));
}

static json_t *
tell(struct telling *telling, const struct place *place, const struct decided *decided)
{
    json_t *const to = json_object();

    tell_client(telling, to);
    json_object_set_new(to, "place", place_json(telling->input->base, place));
    json_object_set_new(to, "policy", json_string(telling->plan->policy->name));
    json_object_set_new(to, "service", json_string(telling->plan->service));
    json_object_set_new(to, "rule", rule_json(telling, place));
    json_object_set_new(to, "chain", chain_json(telling));
    json_object_set_new(to, "ladder",
                        json_string(ladder_name(telling->selection.ladder)));
    json_object_set_new(to, "short_ttl", json_boolean(telling->selection.short_ttl));
    json_object_set_new(to, "candidates", candidates_json(telling));
    if (decided)
        json_object_set_new(to, "scope", json_integer(decided->scope));
    return to;
}

json_t *
explain_decision(const struct explain_input *input)
{
    struct telling telling = { .input = input, .plan = input->decision->plan };
    size_t tag_count;
    const char *const *const tags = geo_base_tags(input->base, &tag_count);
    struct place place = { .special = false };
    struct decided decided = { 0 };
    json_t *told = NULL;

    if (input->from) {
        (void)place_word_to_place(input->from, tags, tag_count, &place);
        telling.choice = choice_of_place(&telling, &place);
    } else {
        uint8_t len;
        const struct client *const client = input->client;
        place = *geo_base_locate(input->base, used_address(client),
                                 client->subnet ? client->source_len
                                                : (uint8_t)addr_bits(client->resolver),
                                 &len);
        decided = decision_find(input->decision, client);
        telling.choice = &input->decision->choices[decided.choice];
    }
    telling.selection.items =
        calloc(telling.plan->member_count + 1, sizeof(*telling.selection.items));
    if (telling.selection.items && find_covering(&telling, &place) == OK) {
        choice_select(telling.plan, telling.choice, input->want, &telling.selection);
        told = tell(&telling, &place, input->from ? NULL : &decided);
    }
    free(telling.covering);
    free(telling.selection.items);
    return told;
}
