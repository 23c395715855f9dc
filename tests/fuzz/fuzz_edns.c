/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as the options of a query's OPT: what is taken from them is sound by itself
 * (RFC 7871 6, RFC 7873 5.2.2), and the reply's OPT is as long as foretold, and readable.
 */
#include "dns/edns.h"
#include <stdlib.h>
#include <string.h>

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's own name */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { V4_BITS = 32, V6_BITS = 128, SCOPE = 24, EXTENDED = 21 };

static void
require(bool holds)
{
    if (!holds)
        abort();
}

static void
check_subnet(const struct ecs *ecs)
{
    struct addr masked = ecs->address;

    if (!ecs->present)
        return;
    require(ecs->family_be_raw <= 2);
    if (ecs->family_be_raw == 0) {
        require(ecs->source_len == 0 && ecs->address_len == 0);
        return;
    }
    require(ecs->source_len <= (ecs->family_be_raw == 1 ? V4_BITS : V6_BITS));
    require(ecs->address_len == (ecs->source_len + 7) / 8);
    addr_mask(&masked, ecs->source_len);
    require(addr_equal(&masked, &ecs->address));
}

static void
check_same(const struct edns *asked, const struct edns *told)
{
    const struct ecs *const a = &asked->ecs;
    const struct ecs *const b = &told->ecs;

    require(a->present == b->present);
    if (a->present) {
        require(a->family_be_raw == b->family_be_raw);
        require(a->source_len == b->source_len && a->address_len == b->address_len);
        require(a->address_len == 0 || addr_equal(&a->address, &b->address));
    }
}

/* Writes the OPT of a reply into just as many bytes, and reads its options as a query's,
 * which a scope of 0 makes possible. */
static void
check_reply(const struct query *query, uint8_t scope)
{
    static struct answer answer;
    struct edns told;
    const struct edns_reply reply = { .query = query,
                                      .answer = &answer,
                                      .identity = "ns1.test",
                                      .udp_size = 1232,
                                      .keepalive_100ms = 100 };

    answer_begin(&answer, query);
    answer.scope = scope;
    answer.extended_error = (int16_t)(query->edns.dnssec_ok ? EXTENDED : -1);
    const size_t len = edns_len(&reply);
    require(len >= EDNS_FIXED_LEN);
    uint8_t *const opt = malloc(len);
    require(opt != NULL);
    edns_write(&reply, len, opt);
    require(opt[0] == 0 && opt[1] == 0 && opt[2] == RR_TYPE_OPT);
    require(((size_t)opt[9] << 8 | opt[10]) == len - EDNS_FIXED_LEN);
    memset(&told, 0, sizeof(told));
    if (scope == 0) {
        require(
            edns_read_options(opt + EDNS_FIXED_LEN, len - EDNS_FIXED_LEN, true, &told));
        check_same(&query->edns, &told);
        require(told.wants_nsid == query->edns.wants_nsid);
        require(told.wants_keepalive == (query->tcp && query->edns.wants_keepalive));
    }
    free(opt);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct query query;

    if (size == 0 || size > UINT16_MAX)
        return 0;
    memset(&query, 0, sizeof(query));
    query.tcp = data[0] & 1;
    query.edns.present = true;
    query.edns.dnssec_ok = data[0] & 2;
    const bool ecs_enabled = !(data[0] & 4);
    const bool sound = edns_read_options(data + 1, size - 1, ecs_enabled, &query.edns);
    require(ecs_enabled || !query.edns.ecs.present);
    require(query.edns.cookie_len == 0 || query.edns.cookie_len == 8 ||
            (query.edns.cookie_len >= 16 && query.edns.cookie_len <= COOKIE_MAX));
    check_subnet(&query.edns.ecs);
    check_reply(&query, 0); /* errors are answered with an OPT, too */
    if (sound)
        check_reply(&query, SCOPE);
    return 0;
}
