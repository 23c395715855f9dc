/* SPDX-License-Identifier: BSD-2-Clause */
/* HTTPS and SVCB as octoDNS's maps have them → rdata (RFC 9460). By hand: ldns 1.8 takes
 * ports beyond 16 bits and keys written twice, and knows no `ohttp`. */
#include "dns/base/arena.h"
#include "zones/loading.h"
#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEY_MANDATORY = 0,
    KEY_ALPN = 1,
    KEY_NO_DEFAULT_ALPN = 2,
    KEY_MAX = 65534, /* 65535 is reserved: "invalid key" */
    PARAMS_MAX = 64,
    ID_MAX = 255,
    PARAM_HEAD = 4,
};

struct param {
    const struct yaml_node *node;
    uint16_t key;
    uint8_t *bytes;
    size_t len;
};

struct params {
    struct valuing valuing; /* its value is what is being read */
    struct param items[PARAMS_MAX];
    size_t count;
};

static void
put16(uint8_t *to, uint16_t value)
{
    to[0] = (uint8_t)(value >> 8);
    to[1] = (uint8_t)value;
}

static uint16_t
get16(const uint8_t *from)
{
    return (uint16_t)(from[0] << 8 | from[1]);
}

/* ---- values ----------------------------------------------------------------------- */

/* One word of a list → bytes at the end of the parameter. */
typedef enum status (*word_fn)(struct params *params, struct param *param,
                               const char *word);

static enum status
refuse_word(const struct params *params, const struct param *param, const char *what,
            const char *word)
{
    char message[DIAG_TEXT_MAX];

    (void)snprintf(message, sizeof(message), "%s: '%.200s' %s", param->node->key->text,
                   word, what);
    return load_refuse(&params->valuing, message);
}

/* ERR_FORMAT: no key of a parameter. */
static enum status
parse_key(const char *text, uint16_t *ret_key)
{
    static const char *const names[] = { "mandatory", "alpn",     "no-default-alpn",
                                         "port",      "ipv4hint", "ech",
                                         "ipv6hint",  "dohpath",  "ohttp" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], text) == 0) {
            *ret_key = (uint16_t)i;
            return OK;
        }
    }
    if (strncmp(text, "key", 3) != 0)
        return ERR_FORMAT;
    const size_t digits = strspn(text + 3, "0123456789");
    if (digits == 0 || digits > 5 || text[3 + digits] || (digits > 1 && text[3] == '0'))
        return ERR_FORMAT;
    const unsigned long number = strtoul(text + 3, NULL, 10);
    if (number > KEY_MAX)
        return ERR_FORMAT;
    *ret_key = (uint16_t)number;
    return OK;
}

static enum status
put_mandatory(struct params *params, struct param *param, const char *word)
{
    uint16_t key;

    if (parse_key(word, &key) != OK || key == KEY_MANDATORY)
        return refuse_word(params, param, "is no parameter that can be mandatory", word);
    /* RFC 9460 8: in ascending order, each once */
    size_t at = 0;
    while (at < param->len && get16(param->bytes + at) < key)
        at += 2;
    if (at < param->len && get16(param->bytes + at) == key)
        return OK;
    memmove(param->bytes + at + 2, param->bytes + at, param->len - at);
    put16(param->bytes + at, key);
    param->len += 2;
    return OK;
}

static enum status
put_id(struct params *params, struct param *param, const char *word)
{
    const size_t len = strlen(word);

    if (len == 0 || len > ID_MAX)
        return refuse_word(params, param, "has not 1 to 255 bytes", word);
    param->bytes[param->len++] = (uint8_t)len;
    memcpy(param->bytes + param->len, word, len);
    param->len += len;
    return OK;
}

static enum status
put_address(struct params *params, struct param *param, const char *word,
            enum addr_family family)
{
    struct addr addr;

    if (addr_parse(word, &addr) != OK || addr.family != family)
        return refuse_word(params, param,
                           family == ADDR_V4 ? "is not an IPv4 address"
                                             : "is not an IPv6 address",
                           word);
    memcpy(param->bytes + param->len, addr.bytes, addr_len(&addr));
    param->len += addr_len(&addr);
    return OK;
}

static enum status
put_ipv4(struct params *params, struct param *param, const char *word)
{
    return put_address(params, param, word, ADDR_V4);
}

static enum status
put_ipv6(struct params *params, struct param *param, const char *word)
{
    return put_address(params, param, word, ADDR_V6);
}

static enum status
put_port(struct params *params, struct param *param, const char *word)
{
    const size_t digits = strspn(word, "0123456789");

    if (digits == 0 || digits > 5 || word[digits] ||
        strtoul(word, NULL, 10) > UINT16_MAX || param->len > 0)
        return refuse_word(params, param, "is no port", word);
    put16(param->bytes, (uint16_t)strtoul(word, NULL, 10));
    param->len = 2;
    return OK;
}

static enum status
put_ech(struct params *params, struct param *param, const char *word)
{
    ldns_rdf *bytes = NULL;

    if (param->len > 0 || ldns_str2rdf_b64(&bytes, word) != LDNS_STATUS_OK ||
        ldns_rdf_size(bytes) == 0) {
        ldns_rdf_deep_free(bytes);
        return refuse_word(params, param, "is not base64", word);
    }
    param->len = ldns_rdf_size(bytes);
    memcpy(param->bytes, ldns_rdf_data(bytes), param->len);
    ldns_rdf_deep_free(bytes);
    return OK;
}

/* Any other: text with the escapes of presentation form, \\DDD and \\X. */
static enum status
put_text(struct params *params, struct param *param, const char *word)
{
    for (const char *at = word; *at; at++) {
        unsigned byte = (unsigned char)*at;
        if (byte == '\\' && at[1]) {
            const bool number = strspn(at + 1, "0123456789") >= 3;
            byte =
                number
                    ? (unsigned)((at[1] - '0') * 100 + (at[2] - '0') * 10 + at[3] - '0')
                    : (unsigned char)at[1];
            at += number ? 3 : 1;
        }
        if (byte > UINT8_MAX)
            return refuse_word(params, param, "has a byte above \\255", word);
        param->bytes[param->len++] = (uint8_t)byte;
    }
    return OK;
}

/* Each word of a text: those of a list are separated by commas. */
static enum status
put_words(struct params *params, struct param *param, const char *text, word_fn put)
{
    char *const copy = arena_strdup(params->valuing.arena, text);
    char *rest = copy;
    enum status status = copy ? OK : ERR_NOMEM;

    while (status == OK && rest)
        status = put(params, param, strsep(&rest, ","));
    return status;
}

enum form { EMPTY, WORD, WORDS };

static const struct {
    enum form form;
    word_fn put;
} forms[] = {
    { WORDS, put_mandatory }, { WORDS, put_id },   { EMPTY, NULL },
    { WORD, put_port },       { WORDS, put_ipv4 }, { WORD, put_ech },
    { WORDS, put_ipv6 },      { WORD, put_text },  { EMPTY, NULL },
};

static bool
is_nothing(const struct yaml_node *node)
{
    return yaml_is_null(node) || (node->kind == YAML_SCALAR && node->len == 0);
}

/* Room for any form of the value: an address may be as short as "::". */
static size_t
room_of(const struct yaml_node *node)
{
    size_t count, room = 0;
    const struct yaml_node *at = yaml_elements(node, &count);

    for (size_t i = 0; i < count; i++, at = at->next)
        room += (at->kind == YAML_SCALAR ? at->len : 0) * 16 + 16;
    return room;
}

static enum form
form_of(uint16_t key)
{
    return key < sizeof(forms) / sizeof(forms[0]) ? forms[key].form : WORD;
}

/* Each word of the value, by the parameter's own reader. */
static enum status
read_words(struct params *params, struct param *param)
{
    const bool known = param->key < sizeof(forms) / sizeof(forms[0]);
    const word_fn put = known ? forms[param->key].put : put_text;
    const bool many = form_of(param->key) == WORDS;
    size_t count;
    const struct yaml_node *at = yaml_elements(param->node, &count);
    enum status status = OK;

    for (size_t i = 0; status == OK && i < count; i++, at = at->next) {
        const char *text;
        status = yaml_text(at, "svcparams", params->valuing.loading->diag, &text);
        if (status == OK)
            status =
                many ? put_words(params, param, text, put) : put(params, param, text);
    }
    return status;
}

/* What is wrong with the value's kind; NULL: nothing. */
static const char *
misfit(const struct param *param)
{
    const enum form form = form_of(param->key);

    if (form == EMPTY)
        return "takes no value";
    if (form == WORD && param->node->kind != YAML_SCALAR)
        return "takes one value";
    return param->node->kind == YAML_LIST && param->node->len == 0 ? "needs a value"
                                                                   : NULL;
}

static enum status
read_value(struct params *params, struct param *param)
{
    const bool known = param->key < sizeof(forms) / sizeof(forms[0]);
    const char *what = misfit(param);

    if (is_nothing(param->node)) {
        if (form_of(param->key) == EMPTY || !known)
            return OK;
        what = "needs a value";
    }
    if (what)
        return refuse_word(params, param, what, param->node->key->text);
    param->bytes = arena_alloc(params->valuing.arena, room_of(param->node));
    if (!param->bytes)
        return ERR_NOMEM;
    const enum status status = read_words(params, param);
    if (status != OK || param->len <= UINT16_MAX)
        return status;
    return load_refuse(&params->valuing, "longer than 65,535 bytes");
}

/* ---- all parameters --------------------------------------------------------------- */

static const struct param *
find(const struct params *params, uint16_t key)
{
    for (size_t i = 0; i < params->count; i++) {
        if (params->items[i].key == key)
            return &params->items[i];
    }
    return NULL;
}

/* In ascending order of keys (RFC 9460 2.2). */
static void
insert(struct params *params, const struct param *param)
{
    size_t at = params->count++;

    for (; at > 0 && params->items[at - 1].key > param->key; at--)
        params->items[at] = params->items[at - 1];
    params->items[at] = *param;
}

static enum status
read_param(struct params *params, const struct yaml_node *node)
{
    struct param param = { .node = node };
    char message[DIAG_TEXT_MAX];

    params->valuing.value = node;
    if (parse_key(node->key->text, &param.key) != OK) {
        (void)snprintf(message, sizeof(message), "svcparams: unknown key '%.100s'",
                       node->key->text);
        return load_refuse(&params->valuing, message);
    }
    if (find(params, param.key) || params->count == PARAMS_MAX)
        return load_refuse(&params->valuing, params->count == PARAMS_MAX
                                                 ? "svcparams: more than 64"
                                                 : "svcparams: this key is there twice");
    const enum status status = read_value(params, &param);
    if (status == OK)
        insert(params, &param);
    return status;
}

/* RFC 9460 7.1.1, 8: a client passes over a record that contradicts itself. Served, for
 * octoDNS loads it. */
static void
warn_of_contradictions(const struct params *params, uint16_t priority, struct diag_at at)
{
    struct diag *const diag = params->valuing.loading->diag;
    const char *const owner = params->valuing.owner->shown;
    const struct param *const mandatory = find(params, KEY_MANDATORY);

    if (priority == 0 && params->count > 0)
        diag_warning(diag, at, "%s: priority 0 is an alias: its svcparams are ignored",
                     owner);
    if (find(params, KEY_NO_DEFAULT_ALPN) && !find(params, KEY_ALPN))
        diag_warning(diag, at, "%s: no-default-alpn without alpn: clients ignore it",
                     owner);
    for (size_t i = 0; mandatory && i < mandatory->len; i += 2) {
        if (!find(params, get16(mandatory->bytes + i)))
            diag_warning(diag, mandatory->node->at,
                         "%s: a mandatory parameter is missing: clients ignore the "
                         "record",
                         owner);
    }
}

static enum status
read_params(struct params *params, const struct yaml_node *map)
{
    enum status status = OK;

    if (!map || yaml_is_null(map))
        return OK;
    if (yaml_expect(map, YAML_MAP, "svcparams", params->valuing.loading->diag) != OK)
        return ERR_INVALID;
    for (const struct yaml_node *at = map->child; at && status == OK; at = at->next)
        status = read_param(params, at);
    return status;
}

/* Parameters, after `at` bytes of head that are there already. */
static enum status
put_rdata(const struct params *params, const uint8_t *head, size_t head_len,
          struct rdata *ret_rdata)
{
    size_t len = head_len;

    for (size_t i = 0; i < params->count; i++)
        len += PARAM_HEAD + params->items[i].len;
    if (len > UINT16_MAX)
        return load_refuse(&params->valuing, "longer than 65,535 bytes");
    uint8_t *const bytes = arena_alloc(params->valuing.arena, len + 1);
    if (!bytes)
        return ERR_NOMEM;
    if (head_len > 0)
        memcpy(bytes, head, head_len);
    uint8_t *at = bytes + head_len;
    for (size_t i = 0; i < params->count; i++) {
        const struct param *const param = &params->items[i];
        put16(at, param->key);
        put16(at + 2, (uint16_t)param->len);
        if (param->len > 0)
            memcpy(at + PARAM_HEAD, param->bytes, param->len);
        at += PARAM_HEAD + param->len;
    }
    *ret_rdata = (struct rdata){ .bytes = bytes,
                                 .len = (uint16_t)len,
                                 .name_count = head_len > 0,
                                 .name = { 2 },
                                 .wants_add = true };
    return OK;
}

/* ---- records ---------------------------------------------------------------------- */

enum status
load_service(const struct valuing *valuing, struct rdata *ret_rdata)
{
    const struct yaml_node *const priority = yaml_get(valuing->value, "svcpriority");
    const struct yaml_node *const target = yaml_get(valuing->value, "targetname");
    struct params params = { .valuing = *valuing };
    uint8_t head[2 + NAME_LEN_MAX] = { 0 };
    uint64_t number = 1;

    if (priority && yaml_uint(priority, "svcpriority", 0, UINT16_MAX,
                              valuing->loading->diag, &number) != OK)
        return ERR_INVALID;
    if (target && load_target(valuing->loading, valuing->owner, target, head + 2) != OK)
        return ERR_INVALID;
    put16(head, (uint16_t)number);
    const enum status status =
        read_params(&params, yaml_get(valuing->value, "svcparams"));
    if (status != OK)
        return status;
    warn_of_contradictions(&params, (uint16_t)number, valuing->value->at);
    return put_rdata(&params, head, 2 + name_len(head + 2), ret_rdata);
}

enum status
load_svcparams(struct loading *loading, const struct owner_name *owner,
               const struct yaml_node *map, const uint8_t **ret_bytes, uint16_t *ret_len)
{
    struct params params = { .valuing = { loading, owner, RR_TYPE_HTTPS, map,
                                          builder_arena(loading->builder) } };
    struct rdata rdata = { 0 };
    enum status status = read_params(&params, map);

    if (status == OK)
        status = put_rdata(&params, NULL, 0, &rdata);
    if (status != OK)
        return status;
    warn_of_contradictions(&params, 1, map->at);
    *ret_bytes = rdata.bytes;
    *ret_len = rdata.len;
    return OK;
}
