/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as an octoDNS record with addresses: refused with an error at least, or a
 * policy that holds everyone. */
#include "dns/base/arena.h"
#include "dns/base/yaml.h"
#include "zones/steering/inline.h"
#include <stdlib.h>

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's own name */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum status
read_address(void *context, const struct yaml_node *value, struct diag *diag,
             struct member *ret_member)
{
    const char *text = NULL;
    char name[ADDR_TEXT_SIZE];
    struct addr addr;
    struct server *server = arena_calloc(context, 1, sizeof(*server));

    if (!server)
        return ERR_NOMEM;
    if (yaml_text(value, "value", diag, &text) != OK)
        return ERR_INVALID;
    if (addr_parse(text, &addr) != OK) {
        diag_error(diag, value->at, "'%s' is no address", text);
        return ERR_INVALID;
    }
    server->name = arena_strdup(context, addr_text(&addr, name));
    if (!server->name)
        return ERR_NOMEM;
    ret_member->server = server;
    return OK;
}

static void
check_policy(const struct policy *policy)
{
    if (!policy->rule_count || !policy->rules[policy->rule_count - 1].everyone)
        abort();
    for (size_t i = 0; i < policy->rule_count; i++)
        if (!policy->rules[i].chain.pool_count)
            abort();
}

static void
try_record(const struct yaml_node *map, struct arena *arena, struct diag *diag)
{
    const struct inline_reader reader = { arena, read_address };
    const struct inline_record record = { .owner = "www.example",
                                          .dynamic = yaml_get(map, "dynamic"),
                                          .geo = yaml_get(map, "geo"),
                                          .values = yaml_get(map, "values"),
                                          .at = map->at };
    const struct policy *policy = NULL;

    if (!record.dynamic && !record.geo)
        return;
    diag_clear(diag);
    const enum status status = inline_policy(&record, &reader, arena, diag, &policy);
    if ((status == OK) != (diag->error_count == 0))
        abort();
    if (status == OK)
        check_policy(policy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct yaml *yaml = NULL;
    const struct yaml_node *map = NULL;
    struct arena *arena = arena_new();
    struct diag diag;

    diag_init(&diag);
    if (arena && yaml_open_bytes("record.yaml", data, size, &diag, &yaml) == OK &&
        yaml_whole(yaml, &map) == OK)
        try_record(map, arena, &diag);
    yaml_close(yaml);
    arena_free(arena);
    diag_done(&diag);
    return 0;
}
