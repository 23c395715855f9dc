/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/lib/zone_text.h"
#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SET_RECORDS_MAX = 128, RDATA_ROOM = 65536 };

static void
fail(const char *what, const char *text)
{
    fprintf(stderr, "zone_text: %s: '%s'\n", what, text);
    abort();
}

static ldns_rr_list *
read_records(const char *records)
{
    ldns_rr_list *const list = ldns_rr_list_new();
    char *const copy = strdup(records);
    char *rest = copy;

    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
        ldns_rr *rr = NULL;
        line += strspn(line, " ");
        if (!*line)
            continue;
        if (ldns_rr_new_frm_str(&rr, line, 3600, NULL, NULL) != LDNS_STATUS_OK)
            fail("ldns cannot read", line);
        ldns_rr_list_push_rr(list, rr);
    }
    free(copy);
    return list;
}

/* Rdata in wire form, names as they are written. */
static void
read_rdata(const ldns_rr *rr, uint8_t *room, struct rdata *ret_rdata)
{
    struct rdata rdata = { .bytes = room };

    for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
        const ldns_rdf *const field = ldns_rr_rdf(rr, i);
        if (ldns_rdf_get_type(field) == LDNS_RDF_TYPE_DNAME &&
            rdata.name_count < RRSET_NAMES_MAX)
            rdata.name[rdata.name_count++] = rdata.len;
        memcpy(room + rdata.len, ldns_rdf_data(field), ldns_rdf_size(field));
        rdata.len = (uint16_t)(rdata.len + ldns_rdf_size(field));
    }
    *ret_rdata = rdata;
}

static bool
same_set(const ldns_rr *a, const ldns_rr *b)
{
    return ldns_rr_get_type(a) == ldns_rr_get_type(b) &&
           ldns_dname_compare(ldns_rr_owner(a), ldns_rr_owner(b)) == 0;
}

/* The set that record `first` begins, unless it belongs to an earlier one. */
static void
add_set(struct builder *builder, const ldns_rr_list *list, size_t first)
{
    static uint8_t room[SET_RECORDS_MAX][RDATA_ROOM / SET_RECORDS_MAX];
    const ldns_rr *const head = ldns_rr_list_rr(list, first);
    struct rdata rdata[SET_RECORDS_MAX];
    uint8_t owner[NAME_LEN_MAX];
    size_t count = 0;

    for (size_t i = 0; i < first; i++) {
        if (same_set(ldns_rr_list_rr(list, i), head))
            return;
    }
    for (size_t i = first; i < ldns_rr_list_rr_count(list) && count < SET_RECORDS_MAX;
         i++) {
        if (!same_set(ldns_rr_list_rr(list, i), head))
            continue;
        read_rdata(ldns_rr_list_rr(list, i), room[count], &rdata[count]);
        rdata[count].wants_add = rrset_type_wants_add((uint16_t)ldns_rr_get_type(head));
        count++;
    }
    name_copy_folded(ldns_rdf_data(ldns_rr_owner(head)), owner);
    const struct diag_at at = { .file = "test" };
    if (builder_add(builder, owner, (uint16_t)ldns_rr_get_type(head), ldns_rr_ttl(head),
                    rdata, count, &at) != OK)
        fail("builder_add failed", "");
}

void
zone_text_add(struct builder *builder, const char *records)
{
    ldns_rr_list *const list = read_records(records);

    for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++)
        add_set(builder, list, i);
    ldns_rr_list_deep_free(list);
}

struct zone *
zone_text(const char *apex, const char *records)
{
    uint8_t name[NAME_LEN_MAX];
    char soa[2048];
    struct zone *zone = NULL;
    struct diag diag;

    if (name_from_text(apex, NULL, name) != OK)
        fail("bad apex", apex);
    struct builder *const builder = builder_new(name);
    if (!builder)
        fail("out of memory", apex);
    if (!strstr(records, " SOA ")) {
        snprintf(soa, sizeof(soa), "%s 3600 IN SOA ns.%s host.%s 1 3600 600 86400 300",
                 apex, apex[0] == '.' ? "" : apex, apex[0] == '.' ? "" : apex);
        zone_text_add(builder, soa);
    }
    zone_text_add(builder, records);
    diag_init(&diag);
    if (builder_finish(builder, &diag, &zone) != OK)
        fail("builder_finish failed", diag.count ? diag.messages[0].text : apex);
    diag_done(&diag);
    builder_free(builder);
    return zone;
}
