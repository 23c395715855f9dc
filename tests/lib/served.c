/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/lib/served.h"
#include "tests/lib/render.h"
#include "tests/lib/zone_text.h"
#include "zones/answer.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void
serve_zone(struct served *served, struct zone *zone, const struct dyntab *const *dyntabs)
{
    memset(served, 0, sizeof(*served));
    served->zone = zone;
    served->entry.zone = zone;
    served->entry.dyntabs = dyntabs;
    served->entry.slot = 7;
    served->entry.apex_len = zone->apex_len;
    memcpy(served->entry.apex, zone->apex, zone->apex_len);
    served->entry.hash = name_hash(zone->apex);
    served->snapshot.entries = &served->entry;
    served->snapshot.entry_count = 1;
    assert_int_equal(snapshot_index(&served->snapshot), OK);
}

void
serve_text(struct served *served, const char *apex, const char *records)
{
    serve_zone(served, zone_text(apex, records), NULL);
}

void
unserve(struct served *served)
{
    snapshot_done(&served->snapshot);
    part_drop(&served->zone->part);
}

void
answer_to(const struct served *served, const struct ask *question, struct answer *answer)
{
    answer_begin(answer, &question->query);
    zone_answer(&served->snapshot, &question->query, answer);
}

static void
check_exchange(const struct served *served, const struct exchange *exchange)
{
    struct ask question;
    struct answer answer;

    ask(&question, exchange->name, exchange->type);
    answer_to(served, &question, &answer);
    char *const text = render(&question.query, &answer);
    if (strcmp(text, exchange->expected) != 0)
        print_error("%s TYPE%u:\n", exchange->name, exchange->type);
    assert_string_equal(text, exchange->expected);
    assert_int_equal(answer.kind, exchange->kind);
    free(text);
}

void
check_all(const struct served *served, const struct exchange *exchanges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_exchange(served, &exchanges[i]);
}
