/* SPDX-License-Identifier: BSD-2-Clause */
#include "zones/import.h"
#include "dns/base/array.h"
#include "dns/base/diag.h"
#include <ctype.h>
#include <errno.h>
#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_TTL = 3600, STRING_MAX = 255 };

struct import {
    const char *path;
    ldns_rdf *origin;
    FILE *out;
    struct diag *diag;
    ldns_rr **records; /* owned, array */
    size_t count, capacity;
};

/* ---- reading ---------------------------------------------------------------------- */

static enum status
keep(struct import *import, ldns_rr *record, const struct diag_at *at)
{
    const ldns_rdf *const owner = ldns_rr_owner(record);

    if (ldns_dname_compare(owner, import->origin) != 0 &&
        !ldns_dname_is_subdomain(owner, import->origin)) {
        char *const name = ldns_rdf2str(owner);
        diag_warning(import->diag, *at, "'%s' is not in the zone: left out",
                     name ? name : "");
        free(name);
        ldns_rr_free(record);
        return OK;
    }
    if (import->count == IMPORT_RECORDS_MAX) {
        ldns_rr_free(record);
        return ERR_LIMIT;
    }
    if (array_reserve(&import->records, &import->capacity, import->count + 1,
                      sizeof(ldns_rr *)) != OK) {
        ldns_rr_free(record);
        return ERR_NOMEM;
    }
    ldns_rr2canonical(record);
    import->records[import->count++] = record;
    return OK;
}

static enum status
read_records(struct import *import, FILE *in)
{
    uint32_t ttl = DEFAULT_TTL;
    ldns_rdf *origin = ldns_rdf_clone(import->origin);
    ldns_rdf *previous = NULL;
    int line = 1;
    enum status status = origin ? OK : ERR_NOMEM;

    while ((status == OK || status == ERR_INVALID) && !feof(in)) {
        const struct diag_at at = { import->path, (uint32_t)line, 0 };
        ldns_rr *record = NULL;
        const ldns_status read =
            ldns_rr_new_frm_fp_l(&record, in, &ttl, &origin, &previous, &line);
        if (read == LDNS_STATUS_OK) {
            const enum status kept = keep(import, record, &at);
            status = kept == OK ? status : kept;
        } else if (read == LDNS_STATUS_MEM_ERR) {
            status = ERR_NOMEM;
        } else if (read != LDNS_STATUS_SYNTAX_EMPTY && read != LDNS_STATUS_SYNTAX_TTL &&
                   read != LDNS_STATUS_SYNTAX_ORIGIN) {
            diag_error(import->diag, at, "%s", ldns_get_errorstr_by_id(read));
            status = ERR_INVALID;
        }
    }
    ldns_rdf_deep_free(origin);
    ldns_rdf_deep_free(previous);
    return status;
}

/* By owner, type, then rdata: a set's records are neighbours. */
static int
compare_records(const void *a, const void *b)
{
    const ldns_rr *const left = *(ldns_rr *const *)a;
    const ldns_rr *const right = *(ldns_rr *const *)b;
    const int owners = ldns_dname_compare(ldns_rr_owner(left), ldns_rr_owner(right));

    if (owners != 0)
        return owners;
    if (ldns_rr_get_type(left) != ldns_rr_get_type(right)) /* the SOA first */
        return ldns_rr_get_type(left) == LDNS_RR_TYPE_SOA         ? -1
               : ldns_rr_get_type(right) == LDNS_RR_TYPE_SOA      ? 1
               : ldns_rr_get_type(left) < ldns_rr_get_type(right) ? -1
                                                                  : 1;
    return ldns_rr_compare(left, right);
}

/* ---- writing ---------------------------------------------------------------------- */

/* A single-quoted YAML scalar. */
static void
put_quoted(FILE *out, const char *text)
{
    (void)fputc('\'', out);
    for (; *text; text++) {
        if (*text == '\'')
            (void)fputc('\'', out);
        (void)fputc(*text, out);
    }
    (void)fputc('\'', out);
}

static void
put_rdf(FILE *out, const ldns_rdf *field)
{
    char *const text = ldns_rdf2str(field);

    put_quoted(out, text ? text : "");
    free(text);
}

/* The name below the origin: '' for itself. Both texts end alike: they are canonical. */
static void
put_owner(const struct import *import, const ldns_rdf *owner)
{
    char *const text = ldns_rdf2str(owner);
    char *const origin = ldns_rdf2str(import->origin);
    const size_t len = text ? strlen(text) : 0;
    const size_t origin_len = origin ? strlen(origin) : 0;

    if (text && origin_len > 1 && len > origin_len)
        text[len - origin_len - 1] = '\0';
    else if (text && len >= origin_len)
        text[len - origin_len] = '\0';
    put_quoted(import->out, text ? text : "");
    free(text);
    free(origin);
}

/* All rdata in presentation form. */
static void
put_rdata(FILE *out, const ldns_rr *record)
{
    ldns_buffer *const buffer = ldns_buffer_new(LDNS_MIN_BUFLEN);

    for (size_t i = 0; buffer && i < ldns_rr_rd_count(record); i++) {
        if (i > 0)
            (void)ldns_buffer_printf(buffer, " ");
        (void)ldns_rdf2buffer_str(buffer, ldns_rr_rdf(record, i));
    }
    char *const text = buffer ? ldns_buffer2str(buffer) : NULL;
    (void)fputs("{rdata: ", out);
    put_quoted(out, text ? text : "");
    (void)fputc('}', out);
    free(text);
    ldns_buffer_free(buffer);
}

/* Can octoDNS's raw text say it? It is split at 255 bytes again. */
static bool
is_plain_text(const ldns_rr *record)
{
    const size_t count = ldns_rr_rd_count(record);

    for (size_t i = 0; i < count; i++) {
        const uint8_t *const bytes = ldns_rdf_data(ldns_rr_rdf(record, i));
        if (bytes[0] != STRING_MAX && i + 1 < count)
            return false;
        for (unsigned b = 1; b <= bytes[0]; b++) {
            if (!isprint(bytes[b]) || (bytes[b] == '"' && b == 1 && i == 0))
                return false; /* text in quotes loses them */
        }
    }
    return count > 0;
}

static void
put_text(FILE *out, const ldns_rr *record)
{
    (void)fputc('\'', out);
    for (size_t i = 0; i < ldns_rr_rd_count(record); i++) {
        const uint8_t *const bytes = ldns_rdf_data(ldns_rr_rdf(record, i));
        for (unsigned b = 1; b <= bytes[0]; b++) {
            if (bytes[b] == ';')
                (void)fputc('\\', out);
            else if (bytes[b] == '\'')
                (void)fputc('\'', out);
            (void)fputc(bytes[b], out);
        }
    }
    (void)fputc('\'', out);
}

/* {key: field, …} by octoDNS's names. */
static void
put_fields(FILE *out, const ldns_rr *record, const char *const *keys)
{
    for (size_t i = 0; i < ldns_rr_rd_count(record) && keys[i]; i++) {
        (void)fprintf(out, "%s%s: ", i ? ", " : "{", keys[i]);
        put_rdf(out, ldns_rr_rdf(record, i));
    }
    (void)fputc('}', out);
}

static void
put_value(FILE *out, const ldns_rr *record)
{
    static const char *const mx[] = { "preference", "exchange", NULL };
    static const char *const srv[] = { "priority", "weight", "port", "target", NULL };
    const ldns_rr_type type = ldns_rr_get_type(record);

    if (type == LDNS_RR_TYPE_MX)
        put_fields(out, record, mx);
    else if (type == LDNS_RR_TYPE_SRV)
        put_fields(out, record, srv);
    else if ((type == LDNS_RR_TYPE_TXT || type == LDNS_RR_TYPE_SPF) &&
             is_plain_text(record))
        put_text(out, record);
    else if (type == LDNS_RR_TYPE_A || type == LDNS_RR_TYPE_AAAA ||
             type == LDNS_RR_TYPE_NS || type == LDNS_RR_TYPE_CNAME ||
             type == LDNS_RR_TYPE_PTR || type == LDNS_RR_TYPE_DNAME)
        put_rdf(out, ldns_rr_rdf(record, 0));
    else
        put_rdata(out, record);
}

static bool
same_owner(const ldns_rr *a, const ldns_rr *b)
{
    return ldns_dname_compare(ldns_rr_owner(a), ldns_rr_owner(b)) == 0;
}

/* One set from `first`; the index after it. */
static size_t
put_set(const struct import *import, size_t first)
{
    const ldns_rr *const head = import->records[first];
    char *const type = ldns_rr_type2str(ldns_rr_get_type(head));
    uint32_t ttl = ldns_rr_ttl(head);
    size_t end = first + 1;

    while (end < import->count && same_owner(head, import->records[end]) &&
           ldns_rr_get_type(import->records[end]) == ldns_rr_get_type(head)) {
        if (ldns_rr_ttl(import->records[end]) < ttl) /* RFC 2181 §5.2: one TTL a set */
            ttl = ldns_rr_ttl(import->records[end]);
        end++;
    }
    (void)fprintf(import->out, "  - {type: %s, ttl: %u, values: [", type ? type : "",
                  ttl);
    free(type);
    for (size_t i = first; i < end; i++) {
        if (i > first && ldns_rr_compare(import->records[i - 1], import->records[i]) == 0)
            continue; /* RFC 2181 §5: no duplicates */
        if (i > first)
            (void)fputs(", ", import->out);
        put_value(import->out, import->records[i]);
    }
    (void)fputs("]}\n", import->out);
    return end;
}

static enum status
write_all(const struct import *import)
{
    for (size_t i = 0; i < import->count;) {
        if (i == 0 || !same_owner(import->records[i - 1], import->records[i])) {
            put_owner(import, ldns_rr_owner(import->records[i]));
            (void)fputs(":\n", import->out);
        }
        i = put_set(import, i);
    }
    return fflush(import->out) == 0 && !ferror(import->out) ? OK : ERR_IO;
}

/* ---- all of it -------------------------------------------------------------------- */

static enum status
import_stream(struct import *import, FILE *in)
{
    enum status status = read_records(import, in);

    if (status == OK && import->count == 0) {
        diag_error(import->diag, (struct diag_at){ import->path, 0, 0 },
                   "no records of the zone");
        status = ERR_INVALID;
    }
    if (status == OK) {
        qsort(import->records, import->count, sizeof(ldns_rr *), compare_records);
        status = write_all(import);
    }
    for (size_t i = 0; i < import->count; i++)
        ldns_rr_free(import->records[i]);
    free(import->records);
    return status;
}

enum status
import_master(const char *path, const char *origin, FILE *out, struct diag *diag)
{
    struct import import = { .path = path, .out = out, .diag = diag };
    FILE *const in = fopen(path, "re");
    enum status status = ERR_INVALID;

    if (!in) {
        diag_error(diag, (struct diag_at){ path, 0, 0 }, "%s", errno_text(errno));
        return ERR_INVALID;
    }
    import.origin = ldns_dname_new_frm_str(origin);
    if (import.origin) {
        ldns_dname2canonical(import.origin);
        status = import_stream(&import, in);
    } else {
        diag_error(diag, (struct diag_at){ path, 0, 0 },
                   "--origin: '%s' is no domain name", origin);
    }
    ldns_rdf_deep_free(import.origin);
    (void)fclose(in);
    return status;
}
