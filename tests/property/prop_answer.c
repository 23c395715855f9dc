/* SPDX-License-Identifier: BSD-2-Clause */
/* Random small zones, random questions: the answer is what a naive reading of RFC
 * 1034 4.3.2, RFC 4592 and RFC 6672 over a list of records says, and ldns can read it.
 * SEED and ROUNDS can be set. */
#include "tests/lib/render.h"
#include "tests/lib/served.h"
#include "tests/lib/zone_text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RECORDS_MAX = 24, NAME_ROOM = 300, QUESTIONS = 60, ROUNDS = 400, LINES_MAX = 64 };

static const char *const apex = "example.";

/* ---- random zones ------------------------------------------------------------------ */

struct record {
    char owner[NAME_ROOM];
    const char *type;
    char rdata[NAME_ROOM];
};

struct model {
    struct record records[RECORDS_MAX];
    size_t count;
};

static uint64_t state;

static uint32_t
random_below(uint32_t limit)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32) % limit;
}

/* Few labels, so that names meet. */
static void
random_name(char name[NAME_ROOM], uint32_t labels_max)
{
    static const char *const labels[] = { "a", "b", "c", "*" };

    name[0] = 0;
    for (uint32_t i = random_below(labels_max + 1); i > 0; i--)
        snprintf(name + strlen(name), NAME_ROOM - strlen(name), "%s.",
                 labels[random_below(4)]);
    snprintf(name + strlen(name), NAME_ROOM - strlen(name), "%s",
             random_below(20) ? apex : "elsewhere.");
}

static bool
has(const struct model *model, const char *owner, const char *type)
{
    for (size_t i = 0; i < model->count; i++) {
        if (strcmp(model->records[i].owner, owner) == 0 &&
            (!type || strcmp(model->records[i].type, type) == 0))
            return true;
    }
    return false;
}

static bool
is_under(const char *name, const char *ancestor)
{
    const size_t len = strlen(name);
    const size_t tail = strlen(ancestor);

    return len >= tail && strcmp(name + len - tail, ancestor) == 0 &&
           (len == tail || name[len - tail - 1] == '.');
}

/* What check.c would refuse is left out: it has tests of its own. */
static bool
is_allowed(const struct model *model, const struct record *record)
{
    const bool single =
        strcmp(record->type, "CNAME") == 0 || strcmp(record->type, "DNAME") == 0;

    if (!is_under(record->owner, apex) || has(model, record->owner, "CNAME"))
        return false;
    if (strcmp(record->type, "CNAME") == 0 && has(model, record->owner, NULL))
        return false;
    if (single && has(model, record->owner, record->type))
        return false;
    for (size_t i = 0; i < model->count; i++) { /* RFC 6672 2.4: nothing below a DNAME */
        const struct record *const other = &model->records[i];
        const bool below = is_under(record->owner, other->owner) &&
                           strcmp(record->owner, other->owner) != 0;
        const bool above = is_under(other->owner, record->owner) &&
                           strcmp(record->owner, other->owner) != 0;
        if ((below && strcmp(other->type, "DNAME") == 0) ||
            (above && strcmp(record->type, "DNAME") == 0))
            return false;
        if (strcmp(other->owner, record->owner) == 0 &&
            strcmp(other->type, record->type) == 0 &&
            strcmp(other->rdata, record->rdata) == 0)
            return false;
    }
    /* NS or DNAME at a wildcard: undefined (RFC 4592 4.2, 4.4) */
    return record->owner[0] != '*' ||
           (strcmp(record->type, "NS") != 0 && strcmp(record->type, "DNAME") != 0);
}

static void
add_random(struct model *model)
{
    static const char *const types[] = { "A",     "A",  "TXT",   "CNAME",
                                         "CNAME", "NS", "DNAME", "PTR" };
    struct record *const record = &model->records[model->count];

    random_name(record->owner, 4);
    record->type = types[random_below(8)];
    if (strcmp(record->type, "A") == 0)
        snprintf(record->rdata, NAME_ROOM, "192.0.2.%u", random_below(4));
    else if (strcmp(record->type, "TXT") == 0)
        snprintf(record->rdata, NAME_ROOM, "\"%u\"", random_below(4));
    else
        random_name(record->rdata, 3);
    if (is_allowed(model, record))
        model->count++;
}

static struct zone *
random_zone(struct model *model, char *text, size_t size)
{
    const uint32_t wanted = 3 + random_below(RECORDS_MAX - 4);

    model->count = 1;
    model->records[0] = (struct record){ .type = "NS", .rdata = "ns.elsewhere." };
    snprintf(model->records[0].owner, NAME_ROOM, "%s", apex);
    for (uint32_t i = 0; i < 2 * wanted && model->count < wanted; i++)
        add_random(model);
    text[0] = 0;
    for (size_t i = 0; i < model->count; i++)
        snprintf(text + strlen(text), size - strlen(text), "%s 300 IN %s %s\n",
                 model->records[i].owner, model->records[i].type,
                 model->records[i].rdata);
    return zone_text(apex, text);
}

/* ---- the naive answer ------------------------------------------------------------- */

struct naive {
    const char *rcode;
    const char *
        kind; /* "answer", "nodata", "referral", and at the end of a chain "end", "cut" */
    char lines[LINES_MAX][3 * NAME_ROOM];
    size_t line_count;
};

static bool
exists(const struct model *model, const char *name)
{
    for (size_t i = 0; i < model->count; i++) {
        if (is_under(model->records[i].owner, name))
            return true;
    }
    return false;
}

static void
add_line(struct naive *naive, const char *owner, const char *type, const char *rdata)
{
    char line[3 * NAME_ROOM];

    snprintf(line, sizeof(line), "AN %s 300 IN %s %s", owner, type, rdata);
    for (size_t i = 0; i < naive->line_count; i++) {
        if (strcmp(naive->lines[i], line) == 0)
            return;
    }
    snprintf(naive->lines[naive->line_count++], sizeof(line), "%s", line);
}

static const char *
add_set(const struct model *model, struct naive *naive, const char *source,
        const char *type, const char *owner)
{
    const char *rdata = NULL;

    for (size_t i = 0; i < model->count; i++) {
        const struct record *const record = &model->records[i];
        if (strcmp(record->owner, source) != 0 || strcmp(record->type, type) != 0)
            continue;
        rdata = record->rdata;
        add_line(naive, owner, type, rdata);
    }
    return rdata;
}

/* The ancestor of a name (or itself) that is `up` labels above it; NULL: past the apex.
 */
static const char *
ancestor(const char *name, unsigned up)
{
    for (; up > 0; up--) {
        if (strcmp(name, apex) == 0)
            return NULL;
        name = strchr(name, '.') + 1;
    }
    return name;
}

static unsigned
depth_of(const char *name)
{
    unsigned depth = 0;

    while (ancestor(name, depth + 1))
        depth++;
    return depth;
}

/* One step: what the name itself gives. Returns the CNAME's target in `next` to be
 * followed. */
static bool
naive_step(const struct model *model, struct naive *naive, const char *type,
           const char *name, char next[NAME_ROOM])
{
    char wildcard[NAME_ROOM + 2];
    const char *source = name;

    for (unsigned up = depth_of(name) + 1; up-- > 0;) { /* from the apex down */
        const char *const at = ancestor(name, up);
        if (strcmp(at, apex) != 0 && has(model, at, "NS") && at[0] != '*') {
            naive->kind = "referral";
            return false;
        }
        if (up > 0 && has(model, at, "DNAME")) {
            const char *const target = add_set(model, naive, at, "DNAME", at);
            snprintf(next, NAME_ROOM, "%.*s%s", (int)(at - name), name, target);
            add_line(naive, name, "CNAME", next);
            naive->kind = "answer";
            return strcmp(type, "CNAME") != 0; /* that was the question */
        }
    }
    if (!exists(model, name)) {
        unsigned up = 1;
        while (!exists(model, ancestor(name, up)))
            up++;
        snprintf(wildcard, sizeof(wildcard), "*.%s", ancestor(name, up));
        if (!exists(model, wildcard)) {
            naive->rcode = "NXDOMAIN";
            naive->kind = "nodata";
            return false;
        }
        source = wildcard;
    }
    if (add_set(model, naive, source, type, name)) {
        naive->kind = "answer";
        return false;
    }
    const char *const target = add_set(model, naive, source, "CNAME", name);
    if (!target) {
        naive->kind = "nodata";
        return false;
    }
    snprintf(next, NAME_ROOM, "%s", target);
    return true;
}

/* False: a chain that is long or a loop, where servers differ in when they stop. */
static bool
naive_answer(const struct model *model, const char *type, const char *asked,
             struct naive *naive)
{
    char name[NAME_ROOM];
    char next[NAME_ROOM];

    memset(naive, 0, sizeof(*naive));
    naive->rcode = "NOERROR";
    snprintf(name, sizeof(name), "%s", asked);
    for (unsigned link = 0; link < 5; link++) {
        if (!naive_step(model, naive, type, name, next)) {
            if (link > 0 && strcmp(naive->kind, "referral") == 0)
                naive->kind = "cut";
            return true;
        }
        naive->kind = "end";
        if (!is_under(next, apex))
            return true;
        snprintf(name, sizeof(name), "%s", next);
    }
    return false;
}

/* ---- comparing -------------------------------------------------------------------- */

static size_t
count_lines(const char *text, const char *prefix)
{
    size_t count = 0;

    for (const char *at = text; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
        count += strncmp(at, prefix, strlen(prefix)) == 0;
    return count;
}

static bool
authority_fits(const struct naive *naive, const char *text)
{
    if (strcmp(naive->kind, "nodata") == 0)
        return count_lines(text, "AU ") == 1 && strstr(text, " IN SOA ");
    if (strcmp(naive->kind, "referral") == 0 || strcmp(naive->kind, "cut") == 0)
        return count_lines(text, "AU ") >= 1 && !strstr(text, " IN SOA ");
    return count_lines(text, "AU ") == 0;
}

static bool
is_same(const struct naive *naive, const char *text)
{
    const bool aa = strncmp(text + strcspn(text, " \n"), " aa", 3) == 0;
    bool same = strncmp(text, naive->rcode, strlen(naive->rcode)) == 0 &&
                aa == (strcmp(naive->kind, "referral") != 0) &&
                authority_fits(naive, text) &&
                count_lines(text, "AN ") == naive->line_count;

    for (size_t i = 0; i < naive->line_count; i++) {
        char line[3 * NAME_ROOM + 2];
        snprintf(line, sizeof(line), "%s\n", naive->lines[i]);
        same = same && strstr(text, line);
    }
    return same;
}

static bool
check_question(const struct served *served, const struct model *model, const char *zone)
{
    static const struct {
        const char *name;
        uint16_t type;
    } types[] = { { "A", RR_TYPE_A },
                  { "TXT", RR_TYPE_TXT },
                  { "CNAME", RR_TYPE_CNAME },
                  { "DNAME", RR_TYPE_DNAME } };
    const size_t type = random_below(4);
    struct naive naive;
    struct ask question;
    struct answer answer;
    char name[NAME_ROOM];

    random_name(name, 5);
    if (!is_under(name, apex) || !naive_answer(model, types[type].name, name, &naive))
        return false;
    ask(&question, name, types[type].type);
    answer_to(served, &question, &answer);
    char *const text = render(&question.query, &answer);
    if (!is_same(&naive, text)) {
        print_error("%s\n%s %s:\n%s\nexpected: %s %s\n", zone, name, types[type].name,
                    text, naive.rcode, naive.kind);
        for (size_t i = 0; i < naive.line_count; i++)
            print_error("%s\n", naive.lines[i]);
        fail();
    }
    free(text);
    return true;
}

static void
answers_are_what_the_rfcs_say_of_the_list_of_records(void **unused)
{
    const char *const seed = getenv("SEED");
    const char *const rounds = getenv("ROUNDS");
    char text[16384];
    size_t compared = 0;

    (void)unused;
    state = seed ? strtoull(seed, NULL, 10) : 20231;
    state = state ? state : 1;
    print_message("SEED=%s\n", seed ? seed : "20231");
    for (long i = rounds ? strtol(rounds, NULL, 10) : ROUNDS; i > 0; i--) {
        struct model model;
        struct served served;
        serve_zone(&served, random_zone(&model, text, sizeof(text)), NULL);
        for (unsigned n = 0; n < QUESTIONS; n++)
            compared += check_question(&served, &model, text);
        unserve(&served);
    }
    assert_true(compared > 0);
    print_message("%zu questions\n", compared);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_what_the_rfcs_say_of_the_list_of_records),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
