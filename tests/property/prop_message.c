/* SPDX-License-Identifier: BSD-2-Clause */
/* Questions to a whole configuration, sound ones, then cut at every byte, then changed at
 * random: silence or a sound reply (tests/lib/reply_check.h), and for sound ones the
 * reply that ldns writes again is the one it read. SEED=n repeats a run. */
#include "dns/answer.h"
#include "tests/lib/random.h"
#include "tests/lib/reply_check.h"
#include "tests/lib/site.h"
#include <ldns/ldns.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { QUESTIONS = 400, CHANGES = 40, MESSAGE_MAX = 600, OPTIONS_MAX = 128 };

static const char *const owners[] = {
    "",          "ns1",
    "mail",      "widget",
    "close",     "media",
    "eu",        "asia",
    "www",       "a.w",
    "live",      "svc",
    "_udp",      "_turn._udp",
    "inline",    "large3",
    "large1",    "sub",
    "x.sub",     "old",
    "y.old",     "x.wild",
    "a.b.wild",  "c.deep",
    "loop1",     "out",
    "naptr",     "srv",
    "texts",     "nowhere",
    "a.nowhere", "000000000000000000000000000000000000000000000000000000000000000"
};
static const char *const zones[] = { "yourdomain.com.", "example.org.", "example.net.",
                                     "server.", "bind." };
static const uint16_t types[] = { 1,  1,  28,  2,   5,   6,   15,  16, 33,  35, 39,
                                  43, 65, 255, 257, 251, 252, 128, 41, 250, 0,  65300 };

#define PICK(list) ((list)[random_below(seed, sizeof(list) / sizeof((list)[0]))])

struct message {
    uint8_t bytes[MESSAGE_MAX];
    size_t len;
};

static void
put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static size_t
put_subnet(uint64_t *seed, uint8_t *to)
{
    static const uint8_t firsts[][3] = { { 192, 0, 2 }, { 198, 51, 100 }, { 10, 0, 0 } };
    const uint8_t *const first = firsts[random_below(seed, 3)];
    const bool v4 = random_below(seed, 3);

    put16(to, 8);
    put16(to + 2, 4 + 3);
    put16(to + 4, v4 ? 1 : 2);
    to[6] = 24;
    to[7] = 0;
    memcpy(to + 8, v4 ? first : (const uint8_t[]){ 0x20, 0x01, 0x0d }, 3);
    return 11;
}

static void
put_opt(uint64_t *seed, struct message *message)
{
    static const uint16_t sizes[] = { 0, 512, 600, 1232, 4096, 65535 };
    uint8_t *const opt = message->bytes + message->len;
    size_t len = 0;

    memset(opt, 0, 11);
    put16(opt + 1, RR_TYPE_OPT);
    put16(opt + 3, PICK(sizes));
    put16(opt + 7, random_below(seed, 2) ? 0x8000 : 0);
    if (random_below(seed, 3))
        len += put_subnet(seed, opt + 11);
    if (random_below(seed, 4) == 0) {
        put16(opt + 11 + len, 3);
        put16(opt + 13 + len, 0);
        len += 4;
    }
    if (random_below(seed, 4) == 0) {
        put16(opt + 11 + len, 10);
        put16(opt + 13 + len, 8);
        /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): wire */
        memcpy(opt + 15 + len, "12345678", 8);
        len += 12;
    }
    put16(opt + 9, (unsigned)len);
    message->len += 11 + len;
    message->bytes[11] = 1;
}

/* A sound query, most of them for what is there. */
static void
random_question(uint64_t *seed, struct message *message)
{
    char text[256];
    uint8_t name[NAME_LEN_MAX];
    const char *const owner = PICK(owners);

    memset(message, 0, sizeof(*message));
    (void)snprintf(text, sizeof(text), "%s%s%s", owner, owner[0] ? "." : "", PICK(zones));
    assert_int_equal(name_from_text(text, NULL, name), OK);
    put16(message->bytes, (unsigned)random_next(seed));
    message->bytes[2] = (uint8_t)random_below(seed, 2);
    message->bytes[5] = 1;
    memcpy(message->bytes + DNS_HEADER_LEN, name, name_len(name));
    message->len = DNS_HEADER_LEN + name_len(name);
    put16(message->bytes + message->len, PICK(types));
    put16(message->bytes + message->len + 2, random_below(seed, 20) ? 1 : 3);
    message->len += 4;
    if (random_below(seed, 3))
        put_opt(seed, message);
}

/* ---- asking ----------------------------------------------------------------------- */

struct asking {
    struct site site;
    uint8_t reply[SITE_REPLY_MAX];
    uint64_t seed;
};

static void
print_bytes(const struct message *message)
{
    for (size_t i = 0; i < message->len; i++)
        print_error("%02x", message->bytes[i]);
    print_error("\n");
}

static size_t
ask(struct asking *asking, const struct message *message)
{
    struct site_question question = { .len = message->len,
                                      .tcp = random_below(&asking->seed, 2) };
    uint8_t *const exact = malloc(message->len + 1); /* ASan sees a byte too far */

    assert_non_null(exact);
    memcpy(exact, message->bytes, message->len);
    question.message = exact;
    assert_int_equal(addr_parse("192.0.2.53", &question.source), OK);
    const size_t len = site_ask(&asking->site, &question, asking->reply);
    const struct reply_case exchange = { .query = message->bytes,
                                         .query_len = message->len,
                                         .reply = asking->reply,
                                         .reply_len = len,
                                         .tcp = question.tcp,
                                         .udp_size_max = SITE_UDP_SIZE };
    const char *const problem = reply_problem(&exchange);
    if (problem) {
        print_error("%s: %s, over %s\n", __func__, problem, question.tcp ? "TCP" : "UDP");
        print_bytes(message);
    }
    assert_null(problem);
    free(exact);
    return len;
}

static int
compare_lists(const ldns_rr_list *a, const ldns_rr_list *b)
{
    if (ldns_rr_list_rr_count(a) != ldns_rr_list_rr_count(b))
        return 1;
    for (size_t i = 0; i < ldns_rr_list_rr_count(a); i++) {
        const ldns_rr *const a_rr = ldns_rr_list_rr(a, i), *b_rr = ldns_rr_list_rr(b, i);
        if (ldns_rr_compare(a_rr, b_rr) != 0 || ldns_rr_ttl(a_rr) != ldns_rr_ttl(b_rr))
            return 1;
    }
    return 0;
}

/* ldns writes what it read, and reads the same again: nothing was lost on it. */
static void
check_read_back(const uint8_t *reply, size_t len)
{
    ldns_pkt *first = NULL, *second = NULL;
    uint8_t *wire = NULL;
    size_t wire_len = 0;

    assert_int_equal(ldns_wire2pkt(&first, reply, len), LDNS_STATUS_OK);
    assert_int_equal(ldns_pkt2wire(&wire, first, &wire_len), LDNS_STATUS_OK);
    assert_int_equal(ldns_wire2pkt(&second, wire, wire_len), LDNS_STATUS_OK);
    assert_int_equal(compare_lists(ldns_pkt_answer(first), ldns_pkt_answer(second)), 0);
    assert_int_equal(compare_lists(ldns_pkt_authority(first), ldns_pkt_authority(second)),
                     0);
    assert_int_equal(
        compare_lists(ldns_pkt_additional(first), ldns_pkt_additional(second)), 0);
    assert_int_equal(ldns_pkt_edns(first), ldns_pkt_edns(second));
    LDNS_FREE(wire);
    ldns_pkt_free(first);
    ldns_pkt_free(second);
}

/* ---- properties ------------------------------------------------------------------- */

static void
a_sound_query_gets_a_sound_reply(void **state)
{
    struct asking *const asking = *state;
    struct message message;

    for (unsigned i = 0; i < QUESTIONS * 4; i++) {
        random_question(&asking->seed, &message);
        const size_t len = ask(asking, &message);
        assert_true(len > 0);
        check_read_back(asking->reply, len);
    }
}

static void
a_query_cut_anywhere_gets_silence_or_a_sound_reply(void **state)
{
    struct asking *const asking = *state;
    struct message message;

    for (unsigned i = 0; i < QUESTIONS; i++) {
        random_question(&asking->seed, &message);
        while (message.len > 0) {
            message.len--;
            const size_t len = ask(asking, &message);
            if (len > 0) /* whatever was cut off was needed */
                assert_int_equal(asking->reply[3] & 15, RCODE_FORMERR);
        }
    }
}

static void
change(uint64_t *seed, struct message *message)
{
    const size_t at = random_below(seed, (unsigned)message->len);

    switch (random_below(seed, 5)) {
    case 0: message->bytes[at] ^= (uint8_t)(1U << random_below(seed, 8)); break;
    case 1: message->bytes[at] = (uint8_t)random_next(seed); break;
    case 2: /* one of the counts */
        message->bytes[5 + 2 * random_below(seed, 4)] = (uint8_t)random_below(seed, 3);
        break;
    case 3: /* a byte more */
        memmove(message->bytes + at + 1, message->bytes + at, message->len - at);
        message->bytes[at] = (uint8_t)random_next(seed);
        message->len += message->len + 1 < MESSAGE_MAX;
        break;
    default: /* a byte less */
        memmove(message->bytes + at, message->bytes + at + 1, message->len - at - 1);
        message->len -= message->len > 1;
    }
}

static void
a_query_changed_anyhow_gets_silence_or_a_sound_reply(void **state)
{
    struct asking *const asking = *state;
    struct message sound, message;

    for (unsigned i = 0; i < QUESTIONS; i++) {
        random_question(&asking->seed, &sound);
        for (unsigned n = 0; n < CHANGES; n++) {
            message = sound;
            for (unsigned left = 1 + random_below(&asking->seed, 4); left > 0; left--)
                change(&asking->seed, &message);
            (void)ask(asking, &message);
        }
    }
}

static void
bytes_get_silence_or_a_sound_reply(void **state)
{
    struct asking *const asking = *state;
    struct message message;

    for (unsigned i = 0; i < QUESTIONS * CHANGES; i++) {
        message.len = random_below(&asking->seed, 60);
        for (size_t at = 0; at < message.len; at++)
            message.bytes[at] = (uint8_t)random_below(
                &asking->seed, random_below(&asking->seed, 2) ? 256 : 2);
        (void)ask(asking, &message);
    }
}

int
main(void)
{
    static struct asking asking;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(a_sound_query_gets_a_sound_reply, &asking),
        cmocka_unit_test_prestate(a_query_cut_anywhere_gets_silence_or_a_sound_reply,
                                  &asking),
        cmocka_unit_test_prestate(a_query_changed_anyhow_gets_silence_or_a_sound_reply,
                                  &asking),
        cmocka_unit_test_prestate(bytes_get_silence_or_a_sound_reply, &asking),
    };

    asking.seed = random_seed();
    site_open(&asking.site);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    site_close(&asking.site);
    return failed;
}
