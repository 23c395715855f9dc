/* SPDX-License-Identifier: BSD-2-Clause */
/* meridian.yaml, read strictly (FORMATS.md). One table row an option: it drives parsing
 * and the check. */
#ifndef TOOLS_MERIDIAND_CONFIG_H
#define TOOLS_MERIDIAND_CONFIG_H
#include "dns/base/addr.h"
#include "dns/base/status.h"
#include "zones/stamps.h"
#include "zones/store.h"
#include <stdbool.h>
#include <stddef.h>

struct arena;
struct diag;

enum { LISTEN_MAX = 64, TOKENS_MAX = 256, TOKEN_SCOPES_MAX = 256 };

enum token_right { TOKEN_HEALTH = 1, TOKEN_RELOAD = 2, TOKEN_OPERATOR = 4 };

/* Who may write over TCP, and what. */
struct config_token {
    const char *name;   /* also the only writer whose documents it may push */
    const char *secret; /* content of the file, without white space around it */
    unsigned rights;    /* enum token_right */
    const char *source; /* "monitor", "reports", "operator" */
    const struct place_word *scopes;
    size_t scope_count; /* 0: no limit */
};

/* A part; `store` is first, so that the store's reference keeps all of it. */
struct config {
    struct store_config store;
    struct arena *arena;
    struct endpoint listen[LISTEN_MAX];
    size_t listen_count;
    unsigned workers; /* 0: one per CPU */
    bool cookies;     /* wanted, though settings may have no secret of them yet */
    const char *user; /* NULL: no change */
    struct endpoint http[LISTEN_MAX];
    size_t http_count;
    const struct config_token *tokens;
    size_t token_count;
    const char *control; /* path of the socket; "": none */
    bool watch;
    uint64_t settle_ms;
    unsigned tcp_clients_max;
    uint64_t tcp_idle_ms;
    struct stamps
        files; /* meridian.yaml, its includes, the tokens' secrets: as they were read */
};

/* Reads a file. All errors and warnings go to diag; ERR_INVALID with any error. files
 * (may be NULL): those of a configuration that is refused are added.
 * part_drop(&(*ret)->store.part) frees it. */
MUST_CHECK enum status config_load(const char *path, struct diag *diag,
                                   struct stamps *files, struct config **ret_config);
/* The same, to find the errors of further files, too: with ERR_INVALID *ret_config is
 * what could be read, not to be served from, or NULL where that is nothing. */
MUST_CHECK enum status config_check(const char *path, struct diag *diag,
                                    struct config **ret_config);
/* A secret of this process alone. False: the system has no randomness. */
MUST_CHECK bool config_make_cookie_secret(uint8_t secret[COOKIE_SECRET_LEN]);
/* Gives the secret to a configuration that wants cookies and names none. */
void config_set_cookie_secret(struct config *config,
                              const uint8_t secret[COOKIE_SECRET_LEN]);
/* Warns of what a running server does not take from a new configuration. */
void config_tell_fixed(const struct config *old, const struct config *new,
                       struct diag *diag);

#endif
