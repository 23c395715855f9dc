/* SPDX-License-Identifier: BSD-2-Clause */
#include "zones/load.h"
#include "dns/base/arena.h"
#include "zones/loading.h"
#include <idn2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SOA_NUMBERS = 5 };

/* ---- names ------------------------------------------------------------------------ */

static bool
is_ascii(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text >= 0x80)
            return false;
    }
    return true;
}

/* IDNA 2008 for names outside ASCII; others are taken as they are. */
static enum status
to_wire(const char *text, const uint8_t *origin, uint8_t ret_name[NAME_LEN_MAX])
{
    char *ascii = NULL;

    if (is_ascii(text))
        return name_from_text(text, origin, ret_name);
    if (idn2_to_ascii_8z(text, &ascii, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT) != IDN2_OK)
        return ERR_FORMAT;
    const enum status status = name_from_text(ascii, origin, ret_name);
    idn2_free(ascii);
    return status;
}

enum status
zone_name_from_text(const char *text, uint8_t ret_name[NAME_LEN_MAX])
{
    static const uint8_t root[] = { 0 };
    uint8_t name[NAME_LEN_MAX];
    const enum status status = to_wire(text, root, name);

    if (status != OK)
        return status;
    name_fold(name);
    memcpy(ret_name, name, name_len(name));
    return OK;
}

enum status
load_target(struct loading *loading, const struct owner_name *owner,
            const struct yaml_node *value, uint8_t ret_name[NAME_LEN_MAX])
{
    const char *text;

    if (yaml_text(value, owner->shown, loading->diag, &text) != OK)
        return ERR_INVALID;
    const size_t len = strlen(text);
    if (len > 0 && text[len - 1] != '.') {
        diag_error(loading->diag, value->at,
                   "%s: the target '%s' needs its final dot: '%s.'", owner->shown, text,
                   text);
        return ERR_INVALID;
    }
    if (to_wire(text, NULL, ret_name) == OK)
        return OK;
    diag_error(loading->diag, value->at, "%s: '%s' is not a domain name", owner->shown,
               text);
    return ERR_INVALID;
}

static enum status
name_problem(struct loading *loading, const struct yaml_node *key, const char *what)
{
    diag_error(loading->diag, key->at, "'%s' %s", key->text, what);
    return ERR_INVALID;
}

/* A plain scalar that PyYAML, octoDNS's reader, takes for true, false or nothing. */
static bool
is_word_of_yaml(const char *text)
{
    static const char *const words[] = { "yes",   "Yes",   "YES",   "no",   "No",
                                         "NO",    "on",    "On",    "ON",   "off",
                                         "Off",   "OFF",   "true",  "True", "TRUE",
                                         "false", "False", "FALSE", "null", "Null",
                                         "NULL",  "~" };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(words[i], text) == 0)
            return true;
    }
    return false;
}

/* A whole number that it would print in another way: 010, 0x1f, 1_000, +1. */
static bool
is_other_integer(const char *text)
{
    const bool is_signed = *text == '+' || *text == '-';
    const char *const digits = text + is_signed;
    const size_t all = strlen(digits);

    if (all > 2 && digits[0] == '0' && digits[1] == 'x')
        return strspn(digits + 2, "0123456789abcdefABCDEF_") == all - 2;
    if (all > 2 && digits[0] == '0' && digits[1] == 'b')
        return strspn(digits + 2, "01_") == all - 2;
    if (all > 1 && digits[0] == '0')
        return strspn(digits, "01234567_") == all;
    return digits[0] >= '0' && digits[0] <= '9' && strspn(digits, "0123456789_") == all &&
           (*text == '+' || strchr(digits, '_'));
}

/* A number with a fraction that it would print in another way: 1.10, in reverse zones. */
static bool
is_other_fraction(const char *text)
{
    enum { EXACT_DIGITS = 15 }; /* that many survive a double */
    const char *const digits = text + (*text == '+' || *text == '-');
    const size_t whole = strspn(digits, "0123456789_");
    const size_t rest = strspn(digits + whole, ".");
    const size_t part = strspn(digits + whole + rest, "0123456789_");

    if (rest != 1 || whole + part == 0 || digits[whole + 1 + part] || *digits == '_')
        return false;
    return *text == '+' || strchr(text, '_') || whole == 0 || part == 0 ||
           (whole > 1 && *digits == '0') || (part > 1 && digits[whole + part] == '0') ||
           whole + part > EXACT_DIGITS || strncmp(digits, "0.0000", 6) == 0;
}

static void
warn_of_other_readers(struct loading *loading, const struct yaml_node *key)
{
    const char *what = NULL;

    if (key->plain && is_word_of_yaml(key->text))
        what = "another value";
    else if (key->plain && (is_other_integer(key->text) || is_other_fraction(key->text)))
        what = "a number";
    if (what)
        diag_warning(loading->diag, key->at,
                     "'%s' is a name here; octoDNS would read %s: quote it", key->text,
                     what);
}

static enum status
read_owner(struct loading *loading, const struct yaml_node *key, struct owner_name *owner)
{
    const bool is_apex = key->len == 0 || strcmp(key->text, "@") == 0;

    if (!is_apex && key->text[key->len - 1] == '.')
        return name_problem(loading, key,
                            "is absolute: names in a zone file are relative to it");
    const enum status status =
        to_wire(is_apex ? "@" : key->text, loading->apex, owner->wire);
    if (status == ERR_RANGE)
        return name_problem(loading, key,
                            "is too long: a label has at most 63 bytes, a name 255");
    if (status != OK)
        return name_problem(loading, key, "is not a domain name");
    warn_of_other_readers(loading, key);
    name_fold(owner->wire);
    builder_expect(loading->builder, owner->wire);
    name_to_text(owner->wire, owner->text);
    owner->text[strlen(owner->text) - 1] = '\0';
    owner->shown = is_apex ? "''" : key->text;
    return OK;
}

/* ---- entries ---------------------------------------------------------------------- */

static enum status
read_records(struct loading *loading, const struct owner_name *owner,
             const struct yaml_node *entry)
{
    enum status worst = OK;
    size_t count;
    const struct yaml_node *record = yaml_elements(entry, &count);

    if (entry->kind == YAML_SCALAR)
        return yaml_expect(entry, YAML_MAP, owner->shown, loading->diag);
    for (size_t i = 0; i < count; i++, record = record->next) {
        const enum status status = load_record(loading, owner, record);
        if (status == ERR_NOMEM)
            return status;
        if (status != OK)
            worst = ERR_INVALID;
    }
    return worst;
}

static enum status
read_entry(struct loading *loading, const struct yaml_node *entry)
{
    struct owner_name owner;
    const enum status status = read_owner(loading, entry->key, &owner);

    arena_clear(loading->scratch);
    return status == OK ? read_records(loading, &owner, entry) : status;
}

/* All entries of a file; a bad one does not hide the others. */
static enum status
read_entries(struct loading *loading, struct yaml *yaml)
{
    enum status worst = OK;

    for (;;) {
        const struct yaml_node *entry;
        enum status status = yaml_next(yaml, &entry);
        if (status == ERR_NOENT)
            return worst;
        if (status != OK)
            return status;
        status = read_entry(loading, entry);
        if (status == ERR_NOMEM)
            return status;
        if (status != OK)
            worst = status;
    }
}

/* ---- files ------------------------------------------------------------------------ */

void
zone_files_done(struct zone_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        free(files->paths[i]);
    free(files->paths);
    *files = (struct zone_files){ 0 };
}

static enum status
keep_files(const struct yaml *yaml, struct zone_files *files)
{
    for (size_t i = 0; files && i < yaml_file_count(yaml); i++) {
        char **const more = realloc(files->paths, (files->count + 1) * sizeof(*more));
        if (!more)
            return ERR_NOMEM;
        files->paths = more;
        more[files->count] = strdup(yaml_file(yaml, i));
        if (!more[files->count])
            return ERR_NOMEM;
        files->count++;
    }
    return OK;
}

static enum status
read_file(struct loading *loading, const char *path, struct zone_files *files)
{
    struct yaml *yaml;
    enum status status = yaml_open(path, loading->options->folder, loading->diag, &yaml);

    if (status != OK)
        return status;
    status = read_entries(loading, yaml);
    const enum status kept = keep_files(yaml, files);
    yaml_close(yaml);
    return status == OK ? kept : status;
}

static enum status
read_files(struct loading *loading, struct zone_files *files)
{
    enum status worst = OK;

    for (size_t i = 0; i < loading->options->path_count; i++) {
        const enum status status = read_file(loading, loading->options->paths[i], files);
        if (status == ERR_NOMEM)
            return status;
        if (status != OK)
            worst = ERR_INVALID;
    }
    return worst;
}

/* ---- a made-up SOA ---------------------------------------------------------------- */

static size_t
put32(uint8_t *to, size_t at, uint32_t value)
{
    to[at] = (uint8_t)(value >> 24);
    to[at + 1] = (uint8_t)(value >> 16);
    to[at + 2] = (uint8_t)(value >> 8);
    to[at + 3] = (uint8_t)value;
    return at + 4;
}

static enum status
rname_of(const struct loading *loading, uint8_t rname[NAME_LEN_MAX])
{
    if (loading->options->soa_rname)
        return name_from_text(loading->options->soa_rname, NULL, rname);
    if (name_from_text("hostmaster", loading->apex, rname) != OK)
        memcpy(rname, loading->apex, name_len(loading->apex)); /* too long a zone name */
    return OK;
}

static enum status
add_soa(struct loading *loading)
{
    const struct zone_load_options *const options = loading->options;
    uint8_t bytes[2 * NAME_LEN_MAX + SOA_NUMBERS * 4], rname[NAME_LEN_MAX];
    const uint8_t *const mname = loading->first_ns[0] ? loading->first_ns : loading->apex;
    const uint32_t numbers[SOA_NUMBERS] = { options->serial, options->soa_refresh,
                                            options->soa_retry, options->soa_expire,
                                            options->soa_minimum };
    const enum status status = rname_of(loading, rname);
    size_t at = name_len(mname);

    if (status != OK)
        return status;
    memcpy(bytes, mname, at);
    struct rdata rdata = { .bytes = bytes, .name_count = 2, .name = { 0, (uint16_t)at } };
    memcpy(bytes + at, rname, name_len(rname));
    at += name_len(rname);
    for (size_t i = 0; i < SOA_NUMBERS; i++)
        at = put32(bytes, at, numbers[i]);
    rdata.len = (uint16_t)at;
    return builder_add(loading->builder, loading->apex, RR_TYPE_SOA, options->soa_ttl,
                       &rdata, 1, &loading->top);
}

/* ---- the whole -------------------------------------------------------------------- */

static enum status
load(struct loading *loading, struct zone_files *files, struct zone **ret_zone)
{
    enum status status = read_files(loading, files);

    if (status == OK && !loading->has_soa)
        status = add_soa(loading);
    if (status == OK)
        status = builder_finish(loading->builder, loading->diag, ret_zone);
    if (status == OK)
        (*ret_zone)->serial_written = loading->has_soa;
    return status;
}

enum status
zone_load(const struct zone_load_options *options, struct diag *diag,
          struct zone_files *ret_files, struct zone **ret_zone)
{
    struct loading loading = { .options = options, .diag = diag };

    if (zone_name_from_text(options->name, loading.apex) != OK) {
        diag_error(
            diag,
            (struct diag_at){ .file = options->path_count ? options->paths[0] : NULL },
            "'%s' is not a domain name", options->name);
        return ERR_INVALID;
    }
    loading.top = (struct diag_at){
        .file = options->path_count ? options->paths[0] : options->name,
        .line = 1,
        .column = 1,
    };
    loading.builder = builder_new(loading.apex);
    loading.scratch = arena_new();
    const enum status status = loading.builder && loading.scratch
                                   ? load(&loading, ret_files, ret_zone)
                                   : ERR_NOMEM;
    arena_free(loading.scratch);
    builder_free(loading.builder);
    return status;
}
