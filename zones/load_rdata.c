/* SPDX-License-Identifier: BSD-2-Clause */
/* Values → rdata. Addresses, names and texts by hand; octoDNS's structured types become
 * presentation form, and that is ldns's. */
#include "dns/base/arena.h"
#include "zones/loading.h"
#include "zones/rdata_check.h"
#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STRING_MAX = 255, FIELDS_MAX = 12 };

enum status
load_refuse(const struct valuing *valuing, const char *what)
{
    char type[16];

    diag_error(valuing->loading->diag, valuing->value->at, "%s: %s: %s",
               valuing->owner->shown, type_text(valuing->type, type), what);
    return ERR_INVALID;
}

/* ---- by hand ---------------------------------------------------------------------- */

static enum status
read_address(const struct valuing *valuing, struct rdata *ret_rdata)
{
    struct addr addr;
    const char *text;
    char message[DIAG_TEXT_MAX];

    if (yaml_text(valuing->value, valuing->owner->shown, valuing->loading->diag, &text) !=
        OK)
        return ERR_INVALID;
    const enum addr_family family = valuing->type == RR_TYPE_A ? ADDR_V4 : ADDR_V6;
    if (addr_parse(text, &addr) != OK || addr.family != family) {
        (void)snprintf(message, sizeof(message), "'%s' is not an %s address", text,
                       family == ADDR_V4 ? "IPv4" : "IPv6");
        return load_refuse(valuing, message);
    }
    const uint16_t len = (uint16_t)addr_len(&addr);
    const void *const bytes = arena_memdup(valuing->arena, addr.bytes, len);
    *ret_rdata = (struct rdata){ .bytes = bytes, .len = len };
    return bytes ? OK : ERR_NOMEM;
}

static enum status
read_name(const struct valuing *valuing, struct rdata *ret_rdata)
{
    uint8_t name[NAME_LEN_MAX];
    const enum status status =
        load_target(valuing->loading, valuing->owner, valuing->value, name);

    if (status != OK)
        return status;
    const size_t len = name_len(name);
    const void *const bytes = arena_memdup(valuing->arena, name, len);
    *ret_rdata = (struct rdata){ .bytes = bytes,
                                 .len = (uint16_t)len,
                                 .name_count = 1,
                                 .wants_add = rrset_type_wants_add(valuing->type) };
    return bytes ? OK : ERR_NOMEM;
}

static bool
is_quoted(const char *text, size_t len)
{
    return len >= 2 && text[0] == '"' && text[len - 1] == '"';
}

/* octoDNS's raw text: `\;` and `;` are a semicolon, any other byte stands for itself;
 * split at 255. A text all in quotes is what other software writes: as octoDNS does, the
 * quotes are passed over, and so are those between its pieces. */
static enum status
read_raw_text(const struct valuing *valuing, struct rdata *ret_rdata)
{
    const char *text;

    if (yaml_text(valuing->value, valuing->owner->shown, valuing->loading->diag, &text) !=
        OK)
        return ERR_INVALID;
    uint8_t *const bytes = arena_alloc(
        valuing->arena, valuing->value->len + valuing->value->len / STRING_MAX + 2);
    if (!bytes)
        return ERR_NOMEM;
    const bool quoted = is_quoted(text, valuing->value->len);
    const char *const end = text + valuing->value->len - quoted;
    size_t len = 0, string = 0; /* where the current string's length byte is */
    bytes[len++] = 0;
    for (const char *at = text + quoted; at < end; at++) {
        if (quoted && strncmp(at, "\" \"", 3) == 0 && at + 3 <= end) {
            at += 2;
            continue;
        }
        if (at[0] == '\\' && at[1] == ';')
            at++;
        if (bytes[string] == STRING_MAX) {
            string = len;
            bytes[len++] = 0;
        }
        bytes[len++] = (uint8_t)*at;
        bytes[string]++;
    }
    if (len > UINT16_MAX)
        return load_refuse(valuing, "longer than 65,535 bytes");
    *ret_rdata = (struct rdata){ .bytes = bytes, .len = (uint16_t)len };
    return OK;
}

/* ---- presentation form, by ldns --------------------------------------------------- */

/* Copies ldns's rdata and notes where its names are. */
static enum status
copy_rdata(const struct valuing *valuing, const ldns_rr *rr, struct rdata *ret_rdata)
{
    const bool compresses = rrset_type_compresses(valuing->type);
    const bool adds = rrset_type_wants_add(valuing->type);
    struct rdata rdata = { .wants_add = adds };
    size_t len = 0;

    for (size_t i = 0; i < ldns_rr_rd_count(rr); i++)
        len += ldns_rdf_size(ldns_rr_rdf(rr, i));
    if (len > UINT16_MAX)
        return load_refuse(valuing, "longer than 65,535 bytes");
    uint8_t *const bytes = arena_alloc(valuing->arena, len + 1);
    if (!bytes)
        return ERR_NOMEM;
    for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
        const ldns_rdf *const rdf = ldns_rr_rdf(rr, i);
        if (ldns_rdf_get_type(rdf) == LDNS_RDF_TYPE_DNAME && (compresses || adds) &&
            rdata.name_count < RRSET_NAMES_MAX)
            rdata.name[rdata.name_count++] = rdata.len;
        memcpy(bytes + rdata.len, ldns_rdf_data(rdf), ldns_rdf_size(rdf));
        rdata.len = (uint16_t)(rdata.len + ldns_rdf_size(rdf));
    }
    rdata.bytes = bytes;
    *ret_rdata = rdata;
    return OK;
}

static enum status
parse_presentation(const struct valuing *valuing, const char *text,
                   struct rdata *ret_rdata)
{
    char type[16], message[DIAG_TEXT_MAX];
    char *line = NULL;
    ldns_rr *rr = NULL;

    if (strchr(text, '\n'))
        return load_refuse(valuing, "a line break in presentation form");
    if (rdata_check(valuing->type, text, message, sizeof(message)) != OK)
        return load_refuse(valuing, message);
    if (asprintf(&line, "x. 0 IN %s %s", type_text(valuing->type, type), text) < 0)
        return ERR_NOMEM;
    const ldns_status parsed = ldns_rr_new_frm_str(&rr, line, 0, NULL, NULL);
    free(line);
    if (parsed != LDNS_STATUS_OK) {
        (void)snprintf(message, sizeof(message), "'%.200s' is not its rdata: %s", text,
                       ldns_get_errorstr_by_id(parsed));
        return load_refuse(valuing, message);
    }
    const enum status status = copy_rdata(valuing, rr, ret_rdata);
    ldns_rr_free(rr);
    return status;
}

/* ---- octoDNS's structured values -------------------------------------------------- */

enum field_form { PLAIN, QUOTED, TARGET };

struct field {
    const char *keys[3]; /* the key and its legacy name */
    enum field_form form;
    const char *otherwise; /* when missing; NULL: required */
};

struct structure {
    uint16_t type;
    struct field fields[FIELDS_MAX];
};

static const struct structure structures[] = {
    { RR_TYPE_MX,
      { { { "preference", "priority" }, PLAIN, NULL },
        { { "exchange", "value" }, TARGET, NULL } } },
    { RR_TYPE_SRV,
      { { { "priority" }, PLAIN, NULL },
        { { "weight" }, PLAIN, NULL },
        { { "port" }, PLAIN, NULL },
        { { "target" }, TARGET, NULL } } },
    { RR_TYPE_CAA,
      { { { "flags" }, PLAIN, "0" },
        { { "tag" }, PLAIN, NULL },
        { { "value" }, QUOTED, NULL } } },
    { RR_TYPE_NAPTR,
      { { { "order" }, PLAIN, NULL },
        { { "preference" }, PLAIN, NULL },
        { { "flags" }, QUOTED, "" },
        { { "service" }, QUOTED, "" },
        { { "regexp" }, QUOTED, "" },
        { { "replacement" }, TARGET, "." } } },
    { RR_TYPE_SSHFP,
      { { { "algorithm" }, PLAIN, NULL },
        { { "fingerprint_type" }, PLAIN, NULL },
        { { "fingerprint" }, PLAIN, NULL } } },
    { RR_TYPE_TLSA,
      { { { "certificate_usage" }, PLAIN, NULL },
        { { "selector" }, PLAIN, NULL },
        { { "matching_type" }, PLAIN, NULL },
        { { "certificate_association_data" }, PLAIN, NULL } } },
    { RR_TYPE_DS,
      { { { "key_tag" }, PLAIN, NULL },
        { { "algorithm" }, PLAIN, NULL },
        { { "digest_type" }, PLAIN, NULL },
        { { "digest" }, PLAIN, NULL } } },
    { RR_TYPE_URI,
      { { { "priority" }, PLAIN, NULL },
        { { "weight" }, PLAIN, NULL },
        { { "target" }, QUOTED, NULL } } },
    { RR_TYPE_LOC,
      { { { "lat_degrees" }, PLAIN, NULL },
        { { "lat_minutes" }, PLAIN, "0" },
        { { "lat_seconds" }, PLAIN, "0" },
        { { "lat_direction" }, PLAIN, NULL },
        { { "long_degrees" }, PLAIN, NULL },
        { { "long_minutes" }, PLAIN, "0" },
        { { "long_seconds" }, PLAIN, "0" },
        { { "long_direction" }, PLAIN, NULL },
        { { "altitude" }, PLAIN, NULL },
        { { "size" }, PLAIN, "1" },
        { { "precision_horz" }, PLAIN, "10000" },
        { { "precision_vert" }, PLAIN, "10" } } },
    { RR_TYPE_SOA,
      { { { "mname", "primary" }, TARGET, NULL },
        { { "rname", "admin" }, TARGET, NULL },
        { { "serial" }, PLAIN, NULL },
        { { "refresh" }, PLAIN, NULL },
        { { "retry" }, PLAIN, NULL },
        { { "expire" }, PLAIN, NULL },
        { { "minimum" }, PLAIN, NULL } } },
};

/* octoDNS's old names for a DS; `algorithm` means something else among them. */
static const struct structure old_ds = { RR_TYPE_DS,
                                         { { { "flags" }, PLAIN, NULL },
                                           { { "protocol" }, PLAIN, NULL },
                                           { { "algorithm" }, PLAIN, NULL },
                                           { { "public_key" }, PLAIN, NULL } } };

static const struct structure *
structure_of(uint16_t type, const struct yaml_node *value)
{
    if (type == RR_TYPE_DS && (yaml_get(value, "flags") || yaml_get(value, "public_key")))
        return &old_ds;
    for (size_t i = 0; i < sizeof(structures) / sizeof(structures[0]); i++) {
        if (structures[i].type == type)
            return &structures[i];
    }
    return NULL;
}

/* A character-string of presentation form: quotes and backslashes escaped, other odd
 * bytes as \DDD. */
static void
put_quoted(FILE *out, const char *text)
{
    (void)fputc('"', out);
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            (void)fprintf(out, "\\%c", c);
        else if (c < ' ' || c >= 0x7f)
            (void)fprintf(out, "\\%03u", (unsigned)c);
        else
            (void)fputc(c, out);
    }
    (void)fputc('"', out);
}

static const struct yaml_node *
field_value(const struct yaml_node *map, const struct field *field)
{
    for (size_t i = 0; i < 3 && field->keys[i]; i++) {
        const struct yaml_node *const value = yaml_get(map, field->keys[i]);
        if (value)
            return value;
    }
    return NULL;
}

static enum status
put_field(const struct valuing *valuing, const struct field *field, FILE *out)
{
    const struct yaml_node *const value = field_value(valuing->value, field);
    const char *text = field->otherwise;
    char message[DIAG_TEXT_MAX], name_text[NAME_TEXT_SIZE];
    uint8_t name[NAME_LEN_MAX];

    if (!value && !text) {
        (void)snprintf(message, sizeof(message), "'%s' is missing", field->keys[0]);
        return load_refuse(valuing, message);
    }
    if (value && yaml_text(value, field->keys[0], valuing->loading->diag, &text) != OK)
        return ERR_INVALID;
    (void)fputc(' ', out);
    if (field->form == QUOTED) {
        put_quoted(out, text);
    } else if (field->form == TARGET && value) {
        if (load_target(valuing->loading, valuing->owner, value, name) != OK)
            return ERR_INVALID;
        (void)fputs(name_to_text(name, name_text), out);
    } else {
        if (text[strcspn(text, " \t\"")] || text[0] == '\0') {
            (void)snprintf(message, sizeof(message), "'%s' has a bad value '%s'",
                           field->keys[0], text);
            return load_refuse(valuing, message);
        }
        (void)fputs(text, out);
    }
    return OK;
}

static enum status
check_keys(const struct valuing *valuing, const char *const *known)
{
    for (const struct yaml_node *at = valuing->value->child; at; at = at->next) {
        size_t i = 0;
        while (known[i] && strcmp(known[i], at->key->text) != 0)
            i++;
        if (known[i])
            continue;
        const char *const near = yaml_nearest(at->key->text, known);
        diag_error(valuing->loading->diag, at->key->at, "%s: unknown key '%s'%s%s%s",
                   valuing->owner->shown, at->key->text, near ? ", did you mean '" : "",
                   near ? near : "", near ? "'?" : "");
        return ERR_INVALID;
    }
    return OK;
}

static enum status
check_structure_keys(const struct valuing *valuing, const struct structure *structure)
{
    const char *known[FIELDS_MAX * 3 + 1];
    size_t count = 0;

    for (size_t f = 0; f < FIELDS_MAX && structure->fields[f].keys[0]; f++) {
        for (size_t k = 0; k < 3 && structure->fields[f].keys[k]; k++)
            known[count++] = structure->fields[f].keys[k];
    }
    known[count] = NULL;
    return check_keys(valuing, known);
}

static enum status
read_structure(const struct valuing *valuing, const struct structure *structure,
               struct rdata *ret_rdata)
{
    char *text = NULL;
    size_t len;
    enum status status = check_structure_keys(valuing, structure);
    FILE *const out = status == OK ? open_memstream(&text, &len) : NULL;

    if (!out)
        return status == OK ? ERR_NOMEM : status;
    for (size_t i = 0; i < FIELDS_MAX && structure->fields[i].keys[0] && status == OK;
         i++)
        status = put_field(valuing, &structure->fields[i], out);
    if (fclose(out) != 0)
        status = ERR_NOMEM;
    if (status == OK)
        status = parse_presentation(valuing, text + 1, ret_rdata);
    free(text);
    return status;
}

/* ---- HTTPS and SVCB --------------------------------------------------------------- */

static enum status
read_service_map(const struct valuing *valuing, struct rdata *ret_rdata)
{
    static const char *const known[] = { "svcpriority", "targetname", "svcparams", NULL };

    if (check_keys(valuing, known) != OK)
        return ERR_INVALID;
    return load_service(valuing, ret_rdata);
}

/* ---- any -------------------------------------------------------------------------- */

static enum status
read_map(const struct valuing *valuing, struct rdata *ret_rdata)
{
    const struct yaml_node *const rdata = yaml_get(valuing->value, "rdata");
    const struct structure *const structure = structure_of(valuing->type, valuing->value);
    const char *text;

    if (rdata && valuing->value->len == 1) {
        if (yaml_text(rdata, "rdata", valuing->loading->diag, &text) != OK)
            return ERR_INVALID;
        return parse_presentation(valuing, text, ret_rdata);
    }
    if (valuing->type == RR_TYPE_HTTPS || valuing->type == RR_TYPE_SVCB)
        return read_service_map(valuing, ret_rdata);
    if (structure)
        return read_structure(valuing, structure, ret_rdata);
    return load_refuse(valuing, "its values are plain text, or {rdata: '…'}");
}

enum status
/* NOLINTNEXTLINE(readability-function-size): where from, what, where to */
load_rdata(struct loading *loading, const struct owner_name *owner, uint16_t type,
           const struct yaml_node *value, struct arena *arena, struct rdata *ret_rdata)
{
    const struct valuing valuing = { loading, owner, type, value, arena };

    if (value->kind == YAML_MAP)
        return read_map(&valuing, ret_rdata);
    if (value->kind == YAML_LIST)
        return load_refuse(&valuing, "a list where one value is expected");
    switch (type) {
    case RR_TYPE_A:
    case RR_TYPE_AAAA: return read_address(&valuing, ret_rdata);
    case RR_TYPE_NS:
    case RR_TYPE_CNAME:
    case RR_TYPE_PTR:
    case RR_TYPE_DNAME: return read_name(&valuing, ret_rdata);
    case RR_TYPE_TXT:
    case RR_TYPE_SPF: return read_raw_text(&valuing, ret_rdata);
    default: return parse_presentation(&valuing, value->text, ret_rdata);
    }
}
