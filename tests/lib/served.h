/* SPDX-License-Identifier: BSD-2-Clause */
/* One zone, served: tests ask it and compare the answers, as text, with what is expected.
 */
#ifndef TESTS_LIB_SERVED_H
#define TESTS_LIB_SERVED_H
#include "dns/answer.h"
#include "tests/lib/ask.h"
#include "zones/snapshot.h"

struct served {
    struct zone *zone;
    struct zone_entry entry; /* slot 7 */
    struct snapshot snapshot;
};

/* Takes the zone. dyntabs: [zone->dyn_count], borrowed. */
void serve_zone(struct served *served, struct zone *zone,
                const struct dyntab *const *dyntabs);
void serve_text(struct served *served, const char *apex, const char *records);
void unserve(struct served *served);

void answer_to(const struct served *served, const struct ask *question,
               struct answer *answer);

/* A question, and the message that it is answered with (as render has it). */
struct exchange {
    const char *name;
    uint16_t type;
    enum answer_kind kind;
    const char *expected;
};
void check_all(const struct served *served, const struct exchange *exchanges,
               size_t count);
#define CHECK_ALL(served, exchanges)                                                     \
    check_all(served, exchanges, sizeof(exchanges) / sizeof((exchanges)[0]))

/* The negative SOA of a zone_text zone "example.". */
#define EXAMPLE_SOA                                                                      \
    "AU example. 300 IN SOA ns.example. host.example. 1 3600 600 86400 300\n"

#endif
