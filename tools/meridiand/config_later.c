/* SPDX-License-Identifier: BSD-2-Clause */
/* Sections whose features this version lacks: tsig, dnssec, guard, freeze, transfer. They
 * are read as strictly as any, so that a mistake shows now and not with an upgrade, and a
 * warning says that they have no effect yet. */
#include "dns/base/yaml.h"
#include "tools/meridiand/config_read.h"
#include <strings.h>

enum { DNS_PORT = 53, SERVERS_MAX = 1000000 };

static enum status
not_yet(enum status status, const struct yaml_node *value, const char *what,
        struct diag *diag)
{
    if (status == OK)
        diag_warning(diag, value->at, "%s", what);
    return status;
}

/* ---- values ----------------------------------------------------------------------- */

static enum status
read_word(const struct yaml_node *value, const char *what, const char *const *words,
          struct diag *diag)
{
    const char *text;
    const enum status status = yaml_text(value, what, diag, &text);

    if (status != OK)
        return status;
    for (size_t i = 0; words[i]; i++) {
        if (strcasecmp(words[i], text) == 0)
            return OK;
    }
    const char *const near = yaml_nearest(text, words);
    diag_error(diag, value->at, "%s: '%s' is not known; %s%s%s", what, text,
               near ? "did you mean '" : "one would be '", near ? near : words[0], "'");
    return ERR_INVALID;
}

static enum status
read_any_text(void *object, const struct yaml_node *value, struct diag *diag)
{
    const char *text;

    (void)object;
    return yaml_text(value, value->key->text, diag, &text);
}

static enum status
read_any_bool(void *object, const struct yaml_node *value, struct diag *diag)
{
    bool flag;

    (void)object;
    return yaml_bool(value, value->key->text, diag, &flag);
}

static enum status
read_any_share(void *object, const struct yaml_node *value, struct diag *diag)
{
    double share;

    (void)object;
    return yaml_share(value, value->key->text, diag, &share);
}

static enum status
read_servers(void *object, const struct yaml_node *value, struct diag *diag)
{
    uint64_t count;

    (void)object;
    return yaml_uint(value, "servers", 1, SERVERS_MAX, diag, &count);
}

/* ---- tsig ------------------------------------------------------------------------- */

static enum status
read_hmac(void *object, const struct yaml_node *value, struct diag *diag)
{
    static const char *const names[] = { "hmac-sha256", "hmac-sha384", "hmac-sha512",
                                         "hmac-sha224", "hmac-sha1",   "hmac-md5",
                                         NULL };

    (void)object;
    return read_word(value, "tsig: algorithm", names, diag);
}

enum status
config_read_tsig(void *object, const struct yaml_node *value, struct diag *diag)
{
    static const struct yaml_field fields[] = { { "algorithm", read_hmac, false },
                                                { "file", read_any_text, true },
                                                { 0 } };
    enum status worst = yaml_expect(value, YAML_MAP, "tsig", diag);

    if (worst != OK)
        return worst;
    for (const struct yaml_node *at = value->child; at; at = at->next) {
        const enum status status = yaml_read_map(at, "tsig", fields, object, diag);
        if (status != OK)
            worst = status;
    }
    return not_yet(worst, value,
                   "tsig: this version does not have it; the section has no effect",
                   diag);
}

/* ---- dnssec ----------------------------------------------------------------------- */

enum status
config_read_dnssec(void *object, const struct yaml_node *value, struct diag *diag)
{
    static const struct yaml_field fields[] = { { "keys", read_any_text, false },
                                                { "generate", read_any_bool, false },
                                                { 0 } };

    return not_yet(yaml_read_map(value, "dnssec", fields, object, diag), value,
                   "dnssec: this version does not have it; the section has no effect",
                   diag);
}

static enum status
read_algorithm(void *object, const struct yaml_node *value, struct diag *diag)
{
    static const char *const names[] = {
        "ECDSAP256SHA256", "ECDSAP384SHA384", "ED25519", "ED448",
        "RSASHA256",       "RSASHA512",       NULL
    };

    (void)object;
    return read_word(value, "dnssec: algorithm", names, diag);
}

static enum status
read_denial(void *object, const struct yaml_node *value, struct diag *diag)
{
    static const char *const names[] = { "nsec", "nsec3", NULL };

    (void)object;
    return read_word(value, "dnssec: denial", names, diag);
}

enum status
config_read_zone_dnssec(void *object, const struct yaml_node *value, struct diag *diag)
{
    static const struct yaml_field fields[] = { { "enabled", read_any_bool, false },
                                                { "algorithm", read_algorithm, false },
                                                { "denial", read_denial, false },
                                                { 0 } };

    return not_yet(yaml_read_map(value, "dnssec", fields, object, diag), value,
                   "dnssec: this version does not sign; the zone is served unsigned",
                   diag);
}

/* ---- transfer --------------------------------------------------------------------- */

static enum status
read_peer_address(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct prefix prefix;
    const char *text;
    const enum status status = yaml_text(value, "transfer: address", diag, &text);

    (void)object;
    if (status != OK || prefix_parse(text, &prefix) == OK)
        return status;
    diag_error(diag, value->at, "transfer: '%s' is not an address or prefix", text);
    return ERR_INVALID;
}

static enum status
read_allow(void *object, const struct yaml_node *value, struct diag *diag)
{
    static const struct yaml_field fields[] = { { "address", read_peer_address, false },
                                                { "key", read_any_text, false },
                                                { 0 } };
    size_t count;
    const struct yaml_node *at = yaml_elements(value, &count);
    enum status worst = OK;

    for (size_t i = 0; i < count; i++, at = at->next) {
        const enum status status =
            at->kind == YAML_SCALAR
                ? read_peer_address(object, at, diag)
                : yaml_read_map(at, "transfer: allow", fields, object, diag);
        if (status != OK)
            worst = status;
    }
    return worst;
}

static enum status
read_notify(void *object, const struct yaml_node *value, struct diag *diag)
{
    struct endpoint list[LISTEN_MAX];
    size_t count;

    (void)object;
    return config_endpoints(value, "transfer: notify", DNS_PORT, diag, list, &count);
}

enum status
config_read_zone_transfer(void *object, const struct yaml_node *value, struct diag *diag)
{
    static const struct yaml_field fields[] = { { "allow", read_allow, false },
                                                { "notify", read_notify, false },
                                                { 0 } };

    return not_yet(yaml_read_map(value, "transfer", fields, object, diag), value,
                   "transfer: this version does not transfer zones", diag);
}

/* ---- guards ----------------------------------------------------------------------- */

enum status
config_read_guard(void *object, const struct yaml_node *value, struct diag *diag)
{
    static const struct yaml_field fields[] = { { "lost", read_any_text, false },
                                                { "share", read_any_share, false },
                                                { 0 } };

    return not_yet(yaml_read_map(value, "guard", fields, object, diag), value,
                   "guard: this version does not have it; the section has no effect",
                   diag);
}

enum status
config_read_freeze(void *object, const struct yaml_node *value, struct diag *diag)
{
    static const struct yaml_field fields[] = { { "share", read_any_share, false },
                                                { "servers", read_servers, false },
                                                { 0 } };

    return not_yet(yaml_read_map(value, "health: freeze", fields, object, diag), value,
                   "health: freeze: this version does not have it; the key has no effect",
                   diag);
}
