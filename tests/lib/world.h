/* SPDX-License-Identifier: BSD-2-Clause */
/* One plan and decision, made by hand, for tests of dynamic tables: a policy of one class
 * whose chain is the pools "a" (s0, s1, s2), "b" (s3) and "c" (s4, s5). Server n has
 * 192.0.2.n, 2001:db8::an and the host hn.example. */
#ifndef TESTS_LIB_WORLD_H
#define TESTS_LIB_WORLD_H
#include "tests/lib/ask.h"
#include "zones/dyntab.h"

enum { WORLD_SERVERS = 6, WORLD_POOLS = 3, WORLD_CHOICES = 8 };

struct world {
    struct addr addresses[WORLD_SERVERS][3];
    struct server servers[WORLD_SERVERS];
    struct member members[WORLD_SERVERS];
    struct pool pools[WORLD_POOLS];
    const struct pool *pool_list[WORLD_POOLS];
    struct chain chain;
    struct rule rule;
    struct policy policy;
    struct classes classes;
    struct plan_member plan_members[WORLD_SERVERS];
    uint32_t first[WORLD_POOLS + 1];
    uint32_t numbers[WORLD_SERVERS];
    struct plan_chain plan_chain;
    struct plan plan;
    uint32_t row;
    struct choice_member states[WORLD_CHOICES][WORLD_SERVERS];
    struct choice choices[WORLD_CHOICES];
    uint8_t stick;
    struct decision decision;
    struct dyn dyn;
    struct dyntab *dyntab;
};

/* Everything up, one choice; the dyn is an A record of TTL 60. */
void world_begin(struct world *world);
/* Makes the table of the dyn with this type. */
void world_make(struct world *world, uint16_t type);
/* The table's answer to one question as text, without the first line. The caller frees
 * it. */
char *world_ask(const struct world *world, struct ask *question);
/* Asks the table for www.example., compares, and drops the table. */
void world_expect(struct world *world, const char *expected);
/* Makes it first. */
void world_expect_of(struct world *world, uint16_t type, const char *expected);

extern const uint8_t world_apex[]; /* example. */

#define WORLD_A(n) "AN www.example. 60 IN A 192.0.2." #n "\n"
#define WORLD_AAAA(n) "AN www.example. 60 IN AAAA 2001:db8::a" #n "\n"

#endif
