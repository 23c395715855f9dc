/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/lib/ask.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BYTE_BITS = 8 };

static void
fail(const char *what, const char *text)
{
    fprintf(stderr, "ask: %s: '%s'\n", what, text);
    abort();
}

static void
ask_question(struct ask *ask)
{
    struct query *const query = &ask->query;
    uint8_t *at = ask->wire + DNS_HEADER_LEN;

    ask->wire[5] = 1; /* QDCOUNT */
    memcpy(at, query->name, query->name_len);
    at += query->name_len;
    at[0] = (uint8_t)(query->type >> 8);
    at[1] = (uint8_t)query->type;
    at[3] = RR_CLASS_IN;
    query->wire = ask->wire;
    query->wire_len = (size_t)(at + 4 - ask->wire);
}

void
ask(struct ask *ask, const char *name, uint16_t type)
{
    struct query *const query = &ask->query;
    uint8_t wire[NAME_LEN_MAX];
    unsigned count = 0;
    unsigned at = 0;

    memset(ask, 0, sizeof(*ask));
    if (name_from_text(name, NULL, wire) != OK)
        fail("bad name", name);
    query->name_len = (uint16_t)name_copy_folded(wire, query->name);
    for (; query->name[at]; at += query->name[at] + 1U)
        query->label[count++] = (uint8_t)at;
    query->label[count] = (uint8_t)at;
    query->label_count = (uint8_t)count;
    query->hash[count] = NAME_HASH_ROOT;
    for (unsigned i = count; i > 0; i--)
        query->hash[i - 1] =
            name_hash_label(query->hash[i], query->name + query->label[i - 1]);
    query->type = type;
    query->class = RR_CLASS_IN;
    query->has_question = true;
    if (addr_parse("192.0.2.53", &query->source) != OK)
        fail("bad address", "192.0.2.53");
    ask_question(ask);
}

void
ask_ecs(struct ask *ask, const char *subnet)
{
    struct ecs *const ecs = &ask->query.edns.ecs;
    struct prefix prefix;

    if (prefix_parse(subnet, &prefix) != OK)
        fail("bad subnet", subnet);
    ask->query.edns.present = true;
    ecs->present = true;
    ecs->family_be_raw = prefix.addr.family == ADDR_V4 ? 1 : 2;
    ecs->source_len = prefix.len;
    ecs->address_len = (uint8_t)((prefix.len + BYTE_BITS - 1) / BYTE_BITS);
    ecs->address = prefix.addr;
}
