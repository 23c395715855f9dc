/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/meridianctl/files.h"
#include "tools/meridianctl/ctl.h"
#include "tools/meridiand/config.h"
#include "zones/store.h"
#include <stdio.h>

enum status
files_load(const char *config_path, struct diag *diag, struct store **ret_store)
{
    const struct store_hooks hooks = { 0 };
    struct config *config;
    struct store *store;

    const enum status configured = config_check(config_path, diag, &config);
    if (!config)
        return configured;
    enum status status = configured == ERR_NOMEM ? ERR_NOMEM : store_new(&hooks, &store);
    if (status == OK) {
        status = store_load(store, &config->store, true, diag);
        if (configured == OK && (status == OK || status == ERR_INVALID))
            *ret_store = store;
        else
            store_free(store);
    }
    part_drop(&config->store.part);
    if (configured != OK)
        return configured;
    return status == ERR_INVALID ? OK : status;
}

void
files_print(const struct diag *diag)
{
    char text[2 * DIAG_TEXT_MAX];

    for (size_t i = 0; i < diag->count; i++) {
        diag_format(&diag->messages[i], text, sizeof(text));
        (void)fprintf(stderr, "%s\n", text);
    }
}

/* ---- check ------------------------------------------------------------------------ */

static json_t *
message_json(const struct diag_message *message)
{
    return json_pack("{s:s, s:s, s:i, s:i, s:s}", "level",
                     message->level == DIAG_ERROR ? "error" : "warning", "file",
                     message->file ? message->file : "", "line", (int)message->line,
                     "column", (int)message->column, "message",
                     message->text ? message->text : "");
}

static void
print_messages_json(const struct diag *diag)
{
    json_t *const all = json_array();

    for (size_t i = 0; i < diag->count; i++)
        json_array_append_new(all, message_json(&diag->messages[i]));
    json_dumpf(all, stdout, JSON_INDENT(1));
    (void)putchar('\n');
    json_decref(all);
}

enum ctl_exit
ctl_check(const struct ctl *ctl)
{
    struct store *store = NULL;
    struct diag diag;

    diag_init(&diag);
    const enum status status = files_load(ctl->config, &diag, &store);
    if (status == OK)
        store_free(store);
    else if (status != ERR_INVALID && status != ERR_NOENT)
        ctl_complain("%s: %s", ctl->config, status_text(status));
    if (ctl->json)
        print_messages_json(&diag);
    else
        files_print(&diag);
    const bool fine = status == OK && diag.error_count == 0;
    if (!ctl->json)
        (void)printf("%s: %zu errors, %zu warnings\n", ctl->config, diag.error_count,
                     diag.warning_count);
    diag_done(&diag);
    return fine ? CTL_FINE : CTL_NO;
}
