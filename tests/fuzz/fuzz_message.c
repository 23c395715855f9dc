/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a message, answered by the whole server but its sockets: silence, or a
 * reply that is sound in every way that reply_check knows. The first byte says where it
 * came from: bit 0 TCP, bit 1 IPv6. */
#include "tests/lib/reply_check.h"
#include "tests/lib/site.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's own name */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { VIA_TCP = 1, FROM_V6 = 2 };

static struct addr
source_of(unsigned flags)
{
    struct addr source;

    if (addr_parse(flags & FROM_V6 ? "2001:db8::53" : "192.0.2.53", &source) != OK)
        abort();
    return source;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct site site;
    static bool is_open;

    if (!is_open)
        site_open(&site);
    is_open = true;
    if (size == 0 || size > SITE_REPLY_MAX)
        return 0;
    const struct site_question question = { .message = data + 1,
                                            .len = size - 1,
                                            .source = source_of(data[0]),
                                            .tcp = data[0] & VIA_TCP };
    uint8_t *const reply = malloc(SITE_REPLY_MAX);
    if (!reply)
        return 0;
    const size_t len = site_ask(&site, &question, reply);
    const struct reply_case exchange = { .query = question.message,
                                         .query_len = question.len,
                                         .reply = reply,
                                         .reply_len = len,
                                         .tcp = question.tcp,
                                         .udp_size_max = SITE_UDP_SIZE };
    const char *const problem = reply_problem(&exchange);
    if (problem) {
        fprintf(stderr, "fuzz_message: %s\n", problem);
        abort();
    }
    free(reply);
    return 0;
}
