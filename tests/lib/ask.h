/* SPDX-License-Identifier: BSD-2-Clause */
/* Questions for tests that begin behind the wire: a struct query made from text. */
#ifndef TESTS_LIB_ASK_H
#define TESTS_LIB_ASK_H
#include "dns/query.h"

struct ask {
    struct query query;
    uint8_t wire[DNS_HEADER_LEN + NAME_LEN_MAX + 4];
};

/* Class IN, over UDP, from 192.0.2.53, without EDNS. Aborts on a bad name. */
void ask(struct ask *ask, const char *name, uint16_t type);
/* Adds EDNS with a client subnet, "198.51.100.0/24". */
void ask_ecs(struct ask *ask, const char *subnet);

#endif
