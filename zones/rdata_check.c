/* SPDX-License-Identifier: BSD-2-Clause */
#include "zones/rdata_check.h"
#include "zones/rrset.h"
#include <ctype.h>
#include <ldns/ldns.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOKEN_MAX = 64, DEGREES_LATITUDE = 90, DEGREES_LONGITUDE = 180, SIXTY = 60 };
enum { PARAMS_MAX = 32, RECORD_HEAD = 11 };

struct checking {
    const char *at; /* what is not read yet */
    char *problem;
    size_t size;
};

/* The next word; a longer one is cut, as no number is that long. False: the end. */
static bool
next_token(struct checking *checking, char token[TOKEN_MAX], size_t *ret_len)
{
    const char *const begin = checking->at + strspn(checking->at, " \t()");
    size_t len = 0;

    if (*begin == '"') {
        for (len = 1; begin[len] && begin[len] != '"'; len++)
            len += begin[len] == '\\' && begin[len + 1];
        len += begin[len] == '"';
    } else {
        len = strcspn(begin, " \t()");
    }
    (void)snprintf(token, TOKEN_MAX, "%.*s", (int)(len < TOKEN_MAX ? len : TOKEN_MAX - 1),
                   begin);
    checking->at = begin + len;
    *ret_len = len;
    return len > 0;
}

/* 0: not a plain number. */
static uint64_t
number_max(ldns_rdf_type field)
{
    static const struct {
        ldns_rdf_type field;
        uint64_t max;
    } numbers[] = {
        { LDNS_RDF_TYPE_INT8, UINT8_MAX },
        { LDNS_RDF_TYPE_ALG, UINT8_MAX },
        { LDNS_RDF_TYPE_CERTIFICATE_USAGE, UINT8_MAX },
        { LDNS_RDF_TYPE_SELECTOR, UINT8_MAX },
        { LDNS_RDF_TYPE_MATCHING_TYPE, UINT8_MAX },
        { LDNS_RDF_TYPE_INT16, UINT16_MAX },
        { LDNS_RDF_TYPE_CERT_ALG, UINT16_MAX },
        { LDNS_RDF_TYPE_INT32, UINT32_MAX },
    };

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (numbers[i].field == field)
            return numbers[i].max;
    }
    return 0;
}

static enum status
check_number(const struct checking *checking, const char *token, uint64_t max)
{
    const size_t digits = strspn(token, "0123456789");

    if (token[0] == '-') {
        (void)snprintf(checking->problem, checking->size, "'%s' is below 0", token);
        return ERR_RANGE;
    }
    if (digits == 0 || token[digits] != '\0')
        return OK; /* a mnemonic, or nothing that ldns takes */
    if (digits < 20 && strtoull(token, NULL, 10) <= max)
        return OK;
    (void)snprintf(checking->problem, checking->size, "'%s' is more than %llu", token,
                   (unsigned long long)max);
    return ERR_RANGE;
}

/* Presentation form has no origin here: a name without its final dot is a slip. */
static enum status
check_name(const struct checking *checking, const char *token, size_t len)
{
    const char *const end = checking->at;

    if (token[0] == '"' || end[-1] == '.')
        return OK;
    (void)snprintf(checking->problem, checking->size,
                   "the name '%.*s' needs its final dot", (int)len, end - len);
    return ERR_RANGE;
}

/* The parameters of HTTPS and SVCB: each key once (RFC 9460 2.1), ports of 16 bits. */
static enum status
check_params(struct checking *checking)
{
    char seen[PARAMS_MAX][TOKEN_MAX], token[TOKEN_MAX];
    size_t len, count = 0;

    for (; next_token(checking, token, &len); count++) {
        char *const value = strchr(token, '=');
        if (value)
            *value = '\0';
        for (size_t i = 0; i < count && i < PARAMS_MAX; i++) {
            if (strcmp(seen[i], token) != 0)
                continue;
            (void)snprintf(checking->problem, checking->size,
                           "the parameter '%s' is there twice", token);
            return ERR_RANGE;
        }
        if (count < PARAMS_MAX)
            memcpy(seen[count], token, TOKEN_MAX);
        if (value && strcmp(token, "port") == 0) {
            char *const number = value + 1 + (value[1] == '"');
            number[strcspn(number, "\"")] = '\0';
            const enum status status = check_number(checking, number, UINT16_MAX);
            if (status != OK)
                return status;
        }
    }
    return OK;
}

/* The rest of the words is one hexadecimal text. */
static enum status
check_hex(struct checking *checking)
{
    char token[TOKEN_MAX];
    size_t len, digits = 0;

    while (next_token(checking, token, &len))
        digits += len;
    if (digits % 2 == 0)
        return OK;
    (void)snprintf(checking->problem, checking->size,
                   "an odd number of hexadecimal digits: the last byte lacks a half");
    return ERR_RANGE;
}

/* Degrees, minutes, seconds (the latter may be absent) up to a direction. */
static enum status
check_angle(struct checking *checking, double degrees_max)
{
    static const double unit[] = { 1, SIXTY, SIXTY * SIXTY };
    char token[TOKEN_MAX];
    double degrees = 0;
    size_t len, count = 0;

    while (next_token(checking, token, &len) && !isalpha((unsigned char)token[0])) {
        const double value = strtod(token, NULL);
        if (count >= 3 || value < 0 || (count > 0 && value >= SIXTY)) {
            (void)snprintf(checking->problem, checking->size,
                           "'%s' is no number of degrees, minutes or seconds", token);
            return ERR_RANGE;
        }
        degrees += value / unit[count++];
    }
    if (degrees <= degrees_max)
        return OK;
    (void)snprintf(checking->problem, checking->size, "more than %g degrees",
                   degrees_max);
    return ERR_RANGE;
}

static enum status
check_field(struct checking *checking, ldns_rdf_type field)
{
    char token[TOKEN_MAX];
    size_t len;

    if (field == LDNS_RDF_TYPE_HEX)
        return check_hex(checking);
    if (field == LDNS_RDF_TYPE_LOC) {
        const enum status status = check_angle(checking, DEGREES_LATITUDE);
        return status == OK ? check_angle(checking, DEGREES_LONGITUDE) : status;
    }
    if (field == LDNS_RDF_TYPE_SVCPARAMS)
        return check_params(checking);
    if (!next_token(checking, token, &len))
        return OK;
    if (field == LDNS_RDF_TYPE_DNAME)
        return check_name(checking, token, len);
    const uint64_t max = number_max(field);
    return max ? check_number(checking, token, max) : OK;
}

enum status
rdata_check(uint16_t type, const char *text, char *problem, size_t size)
{
    const ldns_rr_descriptor *const descriptor = ldns_rr_descript(type);
    struct checking checking = { .at = text, .problem = problem, .size = size };
    enum status status = OK;

    if (!descriptor || strncmp(text + strspn(text, " \t("), "\\#", 2) == 0)
        return OK;
    for (size_t i = 0;
         status == OK && *checking.at && i < ldns_rr_descriptor_maximum(descriptor); i++)
        status = check_field(&checking, ldns_rr_descriptor_field_type(descriptor, i));
    return status;
}

/* ---- the way back ----------------------------------------------------------------- */

char *
rdata_text(uint16_t type, const struct rdata *rdata)
{
    uint8_t *const wire = calloc(1, RECORD_HEAD + (size_t)rdata->len);
    ldns_buffer *const buffer = ldns_buffer_new(LDNS_MIN_BUFLEN);
    ldns_rr *rr = NULL;
    char *text = NULL;
    size_t at = 0;

    if (!wire || !buffer)
        goto out;
    wire[1] = (uint8_t)(type >> 8); /* after the root as owner */
    wire[2] = (uint8_t)type;
    wire[4] = LDNS_RR_CLASS_IN;
    wire[9] = (uint8_t)(rdata->len >> 8);
    wire[10] = (uint8_t)rdata->len;
    memcpy(wire + RECORD_HEAD, rdata->bytes, rdata->len);
    if (ldns_wire2rr(&rr, wire, RECORD_HEAD + (size_t)rdata->len, &at,
                     LDNS_SECTION_ANSWER) != LDNS_STATUS_OK)
        goto out;
    for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
        if (i > 0)
            (void)ldns_buffer_printf(buffer, " ");
        (void)ldns_rdf2buffer_str(buffer, ldns_rr_rdf(rr, i));
    }
    text = ldns_buffer_export2str(buffer);
out:
    ldns_rr_free(rr);
    ldns_buffer_free(buffer);
    free(wire);
    return text;
}
