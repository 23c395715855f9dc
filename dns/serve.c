/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/serve.h"
#include "dns/emit.h"
#include "dns/query_parse.h"
#include "dns/stats.h"
#include "dns/wire.h"
#include <string.h>

enum {
    UDP_SIZE_PLAIN = 512,  /* RFC 1035 4.2.1 */
    META_TYPE_FIRST = 128, /* RFC 6895 3.1: QTYPEs and meta types */
    META_TYPE_LAST = 255,
    CHAOS_TEXT_MAX = 255,
    CHAOS_FIXED = 12, /* a record with a two-byte owner, without rdata */
    EDE_NOT_SUPPORTED = 21,
    EDE_INVALID_QUERY_TYPE = 30
};

/* xorshift64: where a rotation starts needs no more. */
static uint32_t
next_random(struct serve *serve)
{
    uint64_t x = serve->random_state;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    serve->random_state = x;
    return (uint32_t)(x >> 32);
}

static void
fail(struct answer *answer, enum rcode rcode)
{
    answer->rcode = (uint16_t)rcode;
    answer->kind = ANSWER_ERROR;
}

/* ---- CHAOS: who answers (RFC 4892) ------------------------------------------------ */

static const struct {
    const uint8_t *name; /* wire */
    bool identity;       /* else the version */
} chaos_names[] = {
    { (const uint8_t *)"\2id\6server", true },
    { (const uint8_t *)"\10hostname\4bind", true },
    { (const uint8_t *)"\7version\6server", false },
    { (const uint8_t *)"\7version\4bind", false },
};

static const char *
chaos_text(const struct query *query, const struct serve_settings *settings)
{
    for (size_t i = 0; i < sizeof(chaos_names) / sizeof(chaos_names[0]); i++) {
        const size_t len = strlen((const char *)chaos_names[i].name) + 1;
        if (query->name_len == len && memcmp(query->name, chaos_names[i].name, len) == 0)
            return chaos_names[i].identity ? settings->identity : settings->version;
    }
    return "";
}

/* One TXT record made for this answer. */
static void
add_chaos(const struct query *query, const char *text, struct answer *answer)
{
    struct rrset *const set = (struct rrset *)(void *)answer->scratch;
    uint8_t *const bytes = answer->scratch + sizeof(*set);
    const size_t len = strlen(text);

    *set = (struct rrset){ .type = RR_TYPE_TXT,
                           .count = 1,
                           .len = (uint16_t)(CHAOS_FIXED + 1 + len) };
    wire_put16(bytes, 0xc000 | DNS_HEADER_LEN);
    wire_put16(bytes + 2, RR_TYPE_TXT);
    wire_put16(bytes + 4, query->class);
    wire_put32(bytes + 6, 0);
    wire_put16(bytes + 10, (unsigned)(len + 1));
    bytes[CHAOS_FIXED] = (uint8_t)len;
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): wire text */
    memcpy(bytes + CHAOS_FIXED + 1, text, len);
    answer->authoritative = true;
    answer->kind = ANSWER_POSITIVE;
    (void)answer_add(answer, SECTION_ANSWER, set, DNS_HEADER_LEN);
}

static void
answer_chaos(struct serve *serve)
{
    const struct query *const query = &serve->query;
    const char *const text = chaos_text(query, serve->settings);
    const bool wants_text = query->type == RR_TYPE_TXT || query->type == RR_TYPE_ANY;

    if (text[0] == '\0' || !wants_text || strlen(text) > CHAOS_TEXT_MAX)
        fail(&serve->answer, RCODE_REFUSED);
    else
        add_chaos(query, text, &serve->answer);
}

/* ---- what is asked ---------------------------------------------------------------- */

/* Types that no data can have. Transfers are refused; OPT and the transaction types make
 * no sense as a question, nor does NXNAME (RFC 9824 3.5); the others of RFC 6895's meta
 * range are not implemented, as Knot and BIND say of them. */
static enum rcode
refuse_meta_type(uint16_t type)
{
    switch (type) {
    case RR_TYPE_ANY: return RCODE_NOERROR;
    case RR_TYPE_AXFR:
    case RR_TYPE_IXFR: return RCODE_REFUSED;
    case RR_TYPE_OPT:
    case RR_TYPE_NXNAME:
    case RR_TYPE_TKEY:
    case RR_TYPE_TSIG: return RCODE_FORMERR;
    default: break;
    }
    return type >= META_TYPE_FIRST && type <= META_TYPE_LAST ? RCODE_NOTIMP
                                                             : RCODE_NOERROR;
}

static void
decide(struct serve *serve)
{
    const struct query *const query = &serve->query;
    const enum rcode refused = query->type < META_TYPE_FIRST && query->type != RR_TYPE_OPT
                                   ? RCODE_NOERROR
                                   : refuse_meta_type(query->type);

    if (refused != RCODE_NOERROR) {
        fail(&serve->answer, refused);
        if (refused == RCODE_REFUSED)
            serve->answer.extended_error = EDE_NOT_SUPPORTED;
        else if (query->type == RR_TYPE_NXNAME)
            serve->answer.extended_error = EDE_INVALID_QUERY_TYPE;
    } else if (query->class == RR_CLASS_IN || query->class == RR_CLASS_ANY) {
        serve->answerer->answer(serve->snapshot, query, &serve->answer);
        if (query->class == RR_CLASS_ANY) /* RFC 1035 6.2: other classes may hold more */
            serve->answer.authoritative = false;
    } else if (query->class == RR_CLASS_CH) {
        answer_chaos(serve);
    } else {
        fail(&serve->answer, RCODE_REFUSED);
    }
}

/* How large the reply may be: RFC 6891 6.2.5, RFC 9715. */
static size_t
reply_limit(const struct serve *serve, bool tcp, size_t room)
{
    size_t limit = UDP_SIZE_PLAIN;

    if (tcp)
        return room < DNS_MESSAGE_MAX ? room : DNS_MESSAGE_MAX;
    if (serve->query.edns.present)
        limit = serve->query.edns.udp_size;
    if (limit > serve->settings->udp_size_max)
        limit = serve->settings->udp_size_max;
    return limit < room ? limit : room;
}

static void
count(struct serve *serve, bool tcp, bool truncated)
{
    struct stats *const stats = serve->stats;
    const struct query *const query = &serve->query;
    const struct answer *const answer = &serve->answer;
    const size_t slot = answer->zone_slot < STATS_ZONES_MAX ? answer->zone_slot : 0;
    const size_t rcode = answer->rcode < STATS_RCODES ? answer->rcode : STATS_RCODES - 1;

    stats_add(
        &stats->requests[tcp ? STATS_TCP : STATS_UDP][query->source.family == ADDR_V6]
                        [stats_type_slot(query->type)]);
    stats_add(&stats->responses[slot][rcode]);
    stats_add(&stats->kinds[answer->kind]);
    if (truncated)
        stats_add(&stats->truncated);
    if (query->edns.ecs.source_len > 0)
        stats_add(&stats->ecs);
}

/* RFC 7873 5.2: who sent a cookie gets one back, and is known by a valid one. Without
 * secrets the option is as any unknown one. False: the query has nothing else to say. */
static bool
read_cookie(struct serve *serve)
{
    const struct cookie_secrets *const secrets = &serve->settings->cookies;
    struct edns *const edns = &serve->query.edns;

    if (secrets->count == 0) {
        edns->cookie_len = 0;
        return serve->query.has_question;
    }
    edns->cookie_valid = cookie_is_valid(secrets, edns->cookie, edns->cookie_len,
                                         &serve->query.source, serve->now_s);
    stats_add(&serve->stats->cookies[edns->cookie_valid ? 0 : 1]);
    serve->answer.has_cookie = true;
    if (edns->cookie_valid && cookie_is_fresh(edns->cookie, serve->now_s)) {
        memcpy(serve->answer.cookie, edns->cookie, COOKIE_LEN);
        return true;
    }
    memcpy(serve->answer.cookie, edns->cookie, COOKIE_CLIENT_LEN);
    cookie_make(secrets->secret[0], edns->cookie, &serve->query.source, serve->now_s,
                serve->answer.cookie + COOKIE_CLIENT_LEN);
    return true;
}

/* What a cookie changes of what is to be said of a query. */
static enum rcode
judge_cookie(struct serve *serve, enum rcode parsed)
{
    if (!read_cookie(serve) && parsed == RCODE_NOERROR)
        return RCODE_FORMERR;
    /* RFC 7873 5.2.3 and 5.2.4, by policy */
    if (parsed == RCODE_NOERROR && serve->settings->cookies_required &&
        serve->answer.has_cookie && !serve->query.edns.cookie_valid && !serve->query.tcp)
        return RCODE_BADCOOKIE;
    return parsed;
}

static bool
has_limit(const struct serve *serve)
{
    return serve->settings->rrl.rate > 0 && serve->rrl && !serve->query.tcp &&
           !serve->query.edns.cookie_valid;
}

/* False: this reply is not sent. */
static bool
pass_limit(struct serve *serve)
{
    const struct rrl_reply reply = { .source = &serve->query.source,
                                     .zone = serve->answer.zone_slot,
                                     .kind = serve->answer.kind,
                                     .ticks = serve->ticks,
                                     .random = serve->query.random };

    const enum rrl_verdict verdict = rrl_judge(serve->rrl, &serve->settings->rrl, &reply);
    if (verdict == RRL_SEND)
        return true;
    stats_add(&serve->stats->limited[verdict == RRL_SLIP ? 0 : 1]);
    serve->answer.piece_count = 0;
    serve->answer.truncated = true;
    return verdict == RRL_SLIP;
}

size_t
/* NOLINTNEXTLINE(readability-function-size): a message, where it came from, a buffer */
serve_message(struct serve *serve, const uint8_t *message, size_t message_len,
              const struct addr *source, bool tcp, uint8_t *reply, size_t room)
{
    struct query *const query = &serve->query;
    bool truncated = false;
    const int parsed =
        query_parse(message, message_len, serve->settings->ecs_enabled, query);

    if (parsed == QUERY_SILENCE) {
        stats_add(
            &serve->stats->drops[message_len < DNS_HEADER_LEN ? STATS_DROP_SHORT
                                                              : STATS_DROP_RESPONSE]);
        return 0;
    }
    query->source = *source;
    query->tcp = tcp;
    query->idle_100ms = serve->idle_100ms;
    query->now_s = serve->now_s;
    query->random = next_random(serve);
    answer_begin(&serve->answer, query);
    const enum rcode rcode = query->edns.cookie_len > 0
                                 ? judge_cookie(serve, (enum rcode)parsed)
                                 : (enum rcode)parsed;
    if (rcode != RCODE_NOERROR)
        fail(&serve->answer, rcode);
    else if (query->has_question)
        decide(serve);
    size_t len = 0;
    if (!has_limit(serve) || pass_limit(serve))
        len = emit(query, &serve->answer, serve->settings, reply,
                   reply_limit(serve, tcp, room), &truncated);
    count(serve, tcp, truncated);
    return len;
}
