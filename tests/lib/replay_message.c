/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/name.h"
#include "dns/query.h"
#include "tests/lib/replay.h"
#include <ctype.h>
#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPTION_NSID = 3,
    OPTION_ECS = 8,
    OPTION_COOKIE = 10,
    OPTION_EDE = 15,
    MESSAGE_ID = 0x1234,
    EDNS_SIZE = 1232,
};

/* ---- questions -----------------------------------------------------------------------
 */

struct wanted {
    const char *ecs;
    const char *cookie;
    const char *name;
    uint16_t type;
    uint16_t class;
    uint16_t size;
    bool edns, dnssec_ok, nsid;
};

static void
put_u16(struct replay_question *question, unsigned value)
{
    question->message[question->len++] = (uint8_t)(value >> 8);
    question->message[question->len++] = (uint8_t)value;
}

static void
put(struct replay_question *question, const void *bytes, size_t len)
{
    memcpy(question->message + question->len, bytes, len);
    question->len += len;
}

static bool
put_ecs(struct replay_question *question, const char *text)
{
    struct prefix prefix;

    if (prefix_parse(text, &prefix) != OK)
        return false;
    const unsigned address_len = (prefix.len + 7U) / 8U;
    put_u16(question, OPTION_ECS);
    put_u16(question, 4 + address_len);
    put_u16(question, prefix.addr.family == ADDR_V4 ? 1 : 2);
    question->message[question->len++] = prefix.len;
    question->message[question->len++] = 0;
    put(question, prefix.addr.bytes, address_len);
    return true;
}

/* Hexadecimal digits as bytes, white space between them passed over. */
static bool
put_hex(struct replay_question *question, const char *text)
{
    for (const char *at = text; *at; at++) {
        if (isspace((unsigned char)*at))
            continue;
        const char byte[3] = { at[0], at[1], 0 };
        char *end;
        if (question->len == REPLAY_MESSAGE_MAX)
            return false;
        question->message[question->len++] = (uint8_t)strtoul(byte, &end, 16);
        if (*end || !byte[1])
            return false;
        at++;
    }
    return true;
}

static bool
put_opt(struct replay_question *question, const struct wanted *wanted)
{
    question->message[question->len++] = 0;
    put_u16(question, RR_TYPE_OPT);
    put_u16(question, wanted->size);
    put_u16(question, 0);
    put_u16(question, wanted->dnssec_ok ? 0x8000 : 0);
    const size_t len_at = question->len;
    put_u16(question, 0);
    if (wanted->nsid) {
        put_u16(question, OPTION_NSID);
        put_u16(question, 0);
    }
    if (wanted->ecs && !put_ecs(question, wanted->ecs))
        return false;
    if (wanted->cookie) {
        put_u16(question, OPTION_COOKIE);
        put_u16(question, (unsigned)strlen(wanted->cookie) / 2);
        if (!put_hex(question, wanted->cookie))
            return false;
    }
    const size_t len = question->len - len_at - 2;
    question->message[len_at] = (uint8_t)(len >> 8);
    question->message[len_at + 1] = (uint8_t)len;
    question->message[11] = 1; /* ARCOUNT */
    return true;
}

static bool
write_question(struct replay_question *question, const struct wanted *wanted)
{
    uint8_t name[NAME_LEN_MAX];

    if (name_from_text(wanted->name, NULL, name) != OK)
        return false;
    put_u16(question, MESSAGE_ID);
    put_u16(question, 0);
    put_u16(question, 1);
    put(question, (const uint8_t[6]){ 0 }, 6);
    put(question, name, name_len(name));
    put_u16(question, wanted->type);
    put_u16(question, wanted->class);
    return !wanted->edns || put_opt(question, wanted);
}

/* A word that stands alone. */
static bool
parse_flag(const char *word, struct replay_question *question, struct wanted *wanted)
{
    if (strcmp(word, "tcp") == 0) {
        question->tcp = true;
        return true;
    }
    if (strcmp(word, "do") == 0)
        wanted->dnssec_ok = true;
    else if (strcmp(word, "nsid") == 0)
        wanted->nsid = true;
    else if (strcmp(word, "edns") != 0)
        return false;
    wanted->edns = true;
    return true;
}

/* A word with a value. */
static bool
parse_value(const char *word, const char *value, struct replay_question *question,
            struct wanted *wanted)
{
    if (strcmp(word, "ecs") == 0) {
        wanted->ecs = value;
        wanted->edns = true;
    } else if (strcmp(word, "cookie") == 0) {
        wanted->cookie = value;
        wanted->edns = true;
    } else if (strcmp(word, "size") == 0) {
        wanted->size = (uint16_t)strtoul(value, NULL, 10);
        wanted->edns = true;
    } else if (strcmp(word, "class") == 0) {
        wanted->class = (uint16_t)ldns_get_rr_class_by_name(value);
    } else if (strcmp(word, "from") == 0) {
        return addr_parse(value, &question->source) == OK;
    } else if (strcmp(word, "at") == 0) {
        question->now_s = strtoll(value, NULL, 10);
    } else if (strcmp(word, "random") == 0) {
        question->random = strtoull(value, NULL, 10);
    } else {
        return false;
    }
    return true;
}

bool
replay_question_parse(char *text, struct replay_question *ret_question)
{
    struct wanted wanted = { .class = RR_CLASS_IN, .size = EDNS_SIZE };
    char *rest = text;

    memset(ret_question, 0, sizeof(*ret_question));
    ret_question->now_s = 1700000000;
    ret_question->random = 1;
    if (addr_parse("192.0.2.53", &ret_question->source) != OK)
        return false;
    if (strncmp(text, "hex ", 4) == 0)
        return put_hex(ret_question, text + 4);
    wanted.name = strsep(&rest, " ");
    const char *const type = strsep(&rest, " ");
    if (!type)
        return false;
    wanted.type = (uint16_t)ldns_get_rr_type_by_name(type);
    while (rest) {
        const char *const word = strsep(&rest, " ");
        if (!*word || parse_flag(word, ret_question, &wanted))
            continue;
        const char *const value = strsep(&rest, " ");
        if (!value || !parse_value(word, value, ret_question, &wanted))
            return false;
    }
    return write_question(ret_question, &wanted);
}

/* ---- replies --------------------------------------------------------------------------
 */

static char *
record_line(const char *section, const ldns_rr *rr)
{
    char *const record = ldns_rr2str(rr);
    char *line = NULL;

    record[strcspn(record, "\n")] = 0;
    for (char *at = record; *at; at++) {
        if (*at == '\t')
            *at = ' ';
    }
    if (asprintf(&line, "%s %s", section, record) < 0)
        abort();
    free(record);
    return line;
}

static size_t
add_section(const char *section, const ldns_rr_list *list, size_t count,
            char *lines[REPLAY_LINES_MAX])
{
    for (size_t i = 0; i < ldns_rr_list_rr_count(list) && count < REPLAY_LINES_MAX; i++) {
        if (ldns_rr_get_type(ldns_rr_list_rr(list, i)) != LDNS_RR_TYPE_OPT)
            lines[count++] = record_line(section, ldns_rr_list_rr(list, i));
    }
    return count;
}

/* " edns", and what the options say. */
static void
print_options(FILE *out, const ldns_pkt *packet)
{
    const ldns_rdf *const options = ldns_pkt_edns_data(packet);
    const size_t len = options ? ldns_rdf_size(options) : 0;
    const uint8_t *at = options ? ldns_rdf_data(options) : NULL;

    if (ldns_pkt_edns_extended_rcode(packet) != 0)
        fprintf(out, " extended-rcode %u", ldns_pkt_edns_extended_rcode(packet));
    for (size_t left = len; left >= 4;) {
        const unsigned code = (unsigned)at[0] << 8 | at[1];
        const size_t size = (size_t)at[2] << 8 | at[3];
        if (code == OPTION_ECS && size >= 4)
            fprintf(out, " scope %u", at[4 + 3]);
        if (code == OPTION_EDE && size >= 2)
            fprintf(out, " ede %u", (unsigned)at[4] << 8 | at[5]);
        if (code == OPTION_NSID)
            fprintf(out, " nsid %.*s", (int)size, (const char *)at + 4);
        if (code == OPTION_COOKIE)
            fputs(" cookie ", out);
        for (size_t i = 0; code == OPTION_COOKIE && i < size; i++)
            fprintf(out, "%02x", at[4 + i]);
        if (size + 4 > left)
            return;
        at += size + 4;
        left -= size + 4;
    }
}

static char *
head_line(const ldns_pkt *packet, const char *rcode)
{
    char *line = NULL;
    size_t size = 0;
    FILE *const out = open_memstream(&line, &size);

    if (!out)
        abort();
    fprintf(out, "%s%s%s", rcode, ldns_pkt_aa(packet) ? " aa" : "",
            ldns_pkt_tc(packet) ? " tc" : "");
    if (ldns_pkt_edns(packet))
        print_options(out, packet);
    fclose(out);
    return line;
}

size_t
replay_reply_lines(const uint8_t *reply, size_t len, char *lines[REPLAY_LINES_MAX])
{
    ldns_pkt *packet = NULL;
    size_t count = 1;

    if (len == 0 || ldns_wire2pkt(&packet, reply, len) != LDNS_STATUS_OK) {
        lines[0] = strdup(len == 0 ? "silence" : "garbage");
        return 1;
    }
    char *const rcode = ldns_pkt_rcode2str(ldns_pkt_get_rcode(packet));
    lines[0] = head_line(packet, rcode);
    count = add_section("answer", ldns_pkt_answer(packet), count, lines);
    count = add_section("authority", ldns_pkt_authority(packet), count, lines);
    count = add_section("additional", ldns_pkt_additional(packet), count, lines);
    free(rcode);
    ldns_pkt_free(packet);
    return count;
}

char *
replay_line_normal(const char *line)
{
    static const char *const sections[] = { "answer ", "authority ", "additional " };

    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
        const size_t len = strlen(sections[i]);
        ldns_rr *rr = NULL;
        char section[16];
        if (strncmp(line, sections[i], len) != 0)
            continue;
        if (ldns_rr_new_frm_str(&rr, line + len, 0, NULL, NULL) != LDNS_STATUS_OK)
            return NULL;
        snprintf(section, sizeof(section), "%.*s", (int)len - 1, sections[i]);
        char *const normal = record_line(section, rr);
        ldns_rr_free(rr);
        return normal;
    }
    return strdup(line);
}
