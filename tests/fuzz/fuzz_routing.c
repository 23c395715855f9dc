/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as routing.yaml: refused with an error at least, or policies that hold
 * everyone and never lack a pool. */
#include "dns/base/diag.h"
#include "zones/steering/routing.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's own name */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The reader opens files only. */
static bool
write_input(char *path, const uint8_t *data, size_t size)
{
    const int fd = mkstemp(path);

    if (fd < 0)
        return false;
    const bool written = write(fd, data, size) == (ssize_t)size;
    (void)close(fd);
    return written;
}

static void
check_policy(const struct policy *policy)
{
    if (policy->by_distance) {
        if (!policy->pool_count || !policy->keep || !policy->otherwise.pool_count)
            abort();
        return;
    }
    if (!policy->rule_count || !policy->rules[policy->rule_count - 1].everyone)
        abort();
    for (size_t i = 0; i < policy->rule_count; i++)
        if (!policy->rules[i].chain.pool_count)
            abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[] = "/tmp/fuzz-routing-XXXXXX";
    const char *const paths[] = { path };
    struct routing *routing = NULL;
    struct diag diag;

    diag_init(&diag);
    if (write_input(path, data, size)) {
        const enum status status = routing_load(paths, 1, "/tmp", &diag, &routing);

        if ((status == OK) != (diag.error_count == 0))
            abort();
        for (size_t i = 0; status == OK && routing_policy_at(routing, i); i++)
            check_policy(routing_policy_at(routing, i));
        routing_free(routing);
        (void)unlink(path);
    }
    diag_done(&diag);
    return 0;
}
