/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/lib/world.h"
#include "tests/lib/render.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
keep(struct part *part)
{
    (void)part; /* all lies in struct world */
}

static void
add_server(struct world *world, unsigned number)
{
    static const char *const names[WORLD_SERVERS] = {
        "s0", "s1", "s2", "s3", "s4", "s5"
    };
    static const char *const hosts[WORLD_SERVERS] = { "h0.example.", "h1.example.",
                                                      "h2.example.", "h3.example.",
                                                      "h4.example.", "h5.example." };
    char text[ADDR_TEXT_SIZE];

    snprintf(text, sizeof(text), "192.0.2.%u", number);
    assert_int_equal(addr_parse(text, &world->addresses[number][0]), OK);
    snprintf(text, sizeof(text), "2001:db8::a%u", number);
    assert_int_equal(addr_parse(text, &world->addresses[number][1]), OK);
    world->servers[number] = (struct server){ .name = names[number],
                                              .addresses = world->addresses[number],
                                              .address_count = 2,
                                              .host = hosts[number] };
    world->members[number] =
        (struct member){ .server = &world->servers[number], .weight = 1 };
    world->numbers[number] = number;
}

static void
make_plan(struct world *world)
{
    static const unsigned pool_first[WORLD_POOLS + 1] = { 0, 3, 4, 6 };
    static const char *const names[WORLD_POOLS] = { "a", "b", "c" };

    for (unsigned i = 0; i < WORLD_POOLS; i++) {
        world->pools[i] =
            (struct pool){ .name = names[i],
                           .members = &world->members[pool_first[i]],
                           .member_count = pool_first[i + 1] - pool_first[i],
                           .min_up = 1 };
        world->pool_list[i] = &world->pools[i];
        for (unsigned m = pool_first[i]; m < pool_first[i + 1]; m++)
            world->plan_members[m] =
                (struct plan_member){ .member = &world->members[m],
                                      .pool = &world->pools[i],
                                      .server = world->servers[m].name,
                                      .entry = &world->servers[m] };
    }
    for (unsigned i = 0; i <= WORLD_POOLS; i++)
        world->first[i] = pool_first[i];
    world->chain = (struct chain){ .pools = world->pool_list, .pool_count = WORLD_POOLS };
    world->rule = (struct rule){ .everyone = true, .chain = world->chain };
    world->policy = (struct policy){ .name = "policy",
                                     .rules = &world->rule,
                                     .rule_count = 1,
                                     .pools = world->pool_list,
                                     .pool_count = WORLD_POOLS };
    world->classes = (struct classes){ .chains = &world->chain, .class_count = 1 };
    world->plan_chain = (struct plan_chain){ .first = world->first,
                                             .members = world->numbers,
                                             .pool_count = WORLD_POOLS };
    world->plan = (struct plan){ .policy = &world->policy,
                                 .service = "default",
                                 .classes = &world->classes,
                                 .members = world->plan_members,
                                 .member_count = WORLD_SERVERS,
                                 .chains = &world->plan_chain,
                                 .draw_seed = draw_seed("policy", "default") };
}

void
world_begin(struct world *world)
{
    memset(world, 0, sizeof(*world));
    for (unsigned i = 0; i < WORLD_SERVERS; i++)
        add_server(world, i);
    make_plan(world);
    for (unsigned i = 0; i < WORLD_CHOICES; i++) {
        for (unsigned m = 0; m < WORLD_SERVERS; m++)
            world->states[i][m] =
                (struct choice_member){ .state = HEALTH_UP, .factor = 1 };
        world->choices[i] = (struct choice){ .members = world->states[i] };
    }
    world->decision = (struct decision){ .rows = &world->row,
                                         .stick = &world->stick,
                                         .mention_count = 1,
                                         .choice_count = 1,
                                         .choices = world->choices,
                                         .plan = &world->plan };
    part_init(&world->classes.part, keep);
    part_init(&world->plan.part, keep);
    part_init(&world->decision.part, keep);
    world->dyn = (struct dyn){ .form = DYN_POLICY,
                               .type = RR_TYPE_A,
                               .ttl = 60,
                               .target = "policy",
                               .service = "default",
                               .chain = 1,
                               .priority = 10,
                               .owner = "www.example" };
}

const uint8_t world_apex[] = "\7example";

void
world_make(struct world *world, uint16_t type)
{
    world->dyn.type = type;
    assert_int_equal(dyntab_new(&(struct dyntab_input){ .dyn = &world->dyn,
                                                        .apex = world_apex,
                                                        .decision = &world->decision },
                                &world->dyntab),
                     OK);
}

char *
world_ask(const struct world *world, struct ask *question)
{
    struct answer answer;

    question->query.type = world->dyn.type;
    answer_begin(&answer, &question->query);
    (void)dyntab_answer(world->dyntab, &question->query, SECTION_ANSWER, DNS_HEADER_LEN,
                        &answer);
    char *const text = render(&question->query, &answer);
    memmove(text, strchr(text, '\n') + 1, strlen(strchr(text, '\n')));
    return text;
}

void
world_expect(struct world *world, const char *expected)
{
    struct ask question;

    ask(&question, "www.example.", world->dyn.type);
    char *const text = world_ask(world, &question);
    assert_string_equal(text, expected);
    free(text);
    part_drop(&world->dyntab->part);
}

void
world_expect_of(struct world *world, uint16_t type, const char *expected)
{
    world_make(world, type);
    world_expect(world, expected);
}
