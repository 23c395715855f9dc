/* SPDX-License-Identifier: BSD-2-Clause */
/* Random zones, written as zone YAML and as a master file: what is loaded of the YAML,
 * and of the imported master file, are the records that named-checkzone reads in it; and
 * an export imports again. SEED and ROUNDS can be set. Without BIND's named-checkzone the
 * master file is compared as it was written. */
#include "dns/base/diag.h"
#include "tests/lib/loaded.h"
#include "zones/import.h"
#include <ldns/ldns.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { ROUNDS = 40, OWNERS = 6, LINES_MAX = 400, ZONE_ROOM = 65536 };

static const char soa[] = "ns.elsewhere. host.example. 5 3600 600 86400 300";

static uint64_t state_of_random;

static uint32_t
random_below(uint32_t limit)
{
    state_of_random ^= state_of_random << 13;
    state_of_random ^= state_of_random >> 7;
    state_of_random ^= state_of_random << 17;
    return (uint32_t)(state_of_random >> 32) % limit;
}

/* ---- random records --------------------------------------------------------------- */

struct text {
    char bytes[ZONE_ROOM];
    size_t len;
};

static void __attribute__((format(printf, 2, 3)))
put(struct text *text, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    text->len += (size_t)vsnprintf(text->bytes + text->len, ZONE_ROOM - text->len, format,
                                   arguments);
    va_end(arguments);
    assert_true(text->len < ZONE_ROOM);
}

static const char *
random_target(void)
{
    static const char *const targets[] = {
        "a.example.", "B.Example.", "example.", "x.y.elsewhere.", ".", "c.d.example."
    };

    return targets[random_below(sizeof(targets) / sizeof(targets[0]))];
}

/* Printable bytes for a character-string; what is special in either format is among them.
 */
static void
random_string(char *string, size_t len)
{
    static const char bytes[] = "abcxyz019 ;,:'#{}[]&*!|>%@`=?-_.\\\"";

    for (size_t i = 0; i < len; i++)
        string[i] = bytes[random_below(sizeof(bytes) - 1)];
    string[len] = '\0';
}

/* The text in double quotes, with escapes of presentation form. */
static void
put_presented(struct text *out, const char *string, size_t len)
{
    put(out, "\"");
    for (size_t i = 0; i < len; i++)
        put(out, string[i] == '"' || string[i] == '\\' ? "\\%c" : "%c", string[i]);
    put(out, "\"");
}

/* In single quotes of YAML. */
static void
put_yaml(struct text *out, const char *string)
{
    put(out, "'");
    for (; *string; string++)
        put(out, *string == '\'' ? "''" : "%c", *string);
    put(out, "'");
}

/* A TXT: in YAML octoDNS's raw text, in which a semicolon may be escaped. */
static void
put_txt(struct text *yaml, struct text *rdata)
{
    char string[600], raw[1200];
    const size_t len = random_below(4) ? random_below(40) : 200 + random_below(380);
    size_t at = 0;

    random_string(string, len);
    if (string[0] == '"')
        string[0] = 'q'; /* raw text in quotes loses them: test_load_rdata's */
    for (size_t i = 1; i < len; i++) {
        if (string[i] == ';' && string[i - 1] == '\\')
            string[i] = 's'; /* raw, that is a semicolon */
    }
    for (size_t i = 0; i < len; i++) {
        if (string[i] == ';' && random_below(2) && (i == 0 || string[i - 1] != '\\'))
            raw[at++] = '\\';
        raw[at++] = string[i];
    }
    raw[at] = '\0';
    put_yaml(yaml, raw);
    for (size_t i = 0; i == 0 || i < len; i += 255) {
        put(rdata, i ? " " : "");
        put_presented(rdata, string + i, len - i < 255 ? len - i : 255);
    }
}

/* octoDNS's map, or the presentation form in one or the other way. */
static void __attribute__((format(printf, 3, 4)))
put_either(struct text *yaml, const char *rdata, const char *format, ...)
{
    char map[512];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(map, sizeof(map), format, arguments);
    va_end(arguments);
    const uint32_t way = random_below(3);
    if (way == 0) {
        put(yaml, "%s", map);
        return;
    }
    put(yaml, way == 1 ? "{rdata: " : "");
    put_yaml(yaml, rdata);
    put(yaml, way == 1 ? "}" : "");
}

enum kind { A, AAAA, TXT, MX, SRV, NAPTR, CAA, SSHFP, TLSA, HTTPS, PTR, UNKNOWN, KINDS };

static const char *const type_names[KINDS] = { "A",    "AAAA",  "TXT", "MX",
                                               "SRV",  "NAPTR", "CAA", "SSHFP",
                                               "TLSA", "HTTPS", "PTR", "TYPE65400" };

/* A type that octoDNS has a map for. */
static void
put_structure(enum kind kind, unsigned n, struct text *yaml, struct text *rdata)
{
    const unsigned number = random_below(200);
    const char *const target = random_target();

    switch ((int)kind) {
    case MX:
        put(rdata, "%u %s", 10 * n + number % 10, target);
        put_either(yaml, rdata->bytes, "{preference: %u, exchange: %s}",
                   10 * n + number % 10, target);
        return;
    case SRV:
        put(rdata, "%u 2 %u %s", n, number, target);
        put_either(yaml, rdata->bytes, "{priority: %u, weight: 2, port: %u, target: %s}",
                   n, number, target);
        return;
    case NAPTR:
        put(rdata, "%u 2 \"U\" \"E2U+sip\" \"!^(.*)$!sip:\\\\1@b!\" %s", n, target);
        put_either(yaml, rdata->bytes,
                   "{order: %u, preference: 2, flags: U, service: E2U+sip, regexp: "
                   "'!^(.*)$!sip:\\1@b!', replacement: %s}",
                   n, target);
        return;
    case CAA:
        put(rdata, "%u issue \"ca%u.b; x=1\"", n % 2 * 128, n);
        put_either(yaml, rdata->bytes, "{flags: %u, tag: issue, value: ca%u.b; x=1}",
                   n % 2 * 128, n);
        return;
    case SSHFP:
        put(rdata, "4 7 %02x%02xAB", n, number);
        put_either(yaml, rdata->bytes,
                   "{algorithm: 4, fingerprint_type: 7, fingerprint: '%02x%02xAB'}", n,
                   number);
        return;
    case TLSA:
        put(rdata, "3 1 1 %02x%02x", n, number);
        put_either(yaml, rdata->bytes,
                   "{certificate_usage: 3, selector: 1, matching_type: 1, "
                   "certificate_association_data: '%02x%02x'}",
                   n, number);
        return;
    case HTTPS:
        put(rdata, "%u %s mandatory=alpn,port alpn=h2,h3 port=%u ipv4hint=192.0.2.%u",
            n + 1, target, number, n);
        put_either(yaml, rdata->bytes,
                   "{svcpriority: %u, targetname: %s, svcparams: {port: %u, alpn: [h2, "
                   "h3], mandatory: [port, alpn], ipv4hint: 192.0.2.%u}}",
                   n + 1, target, number, n);
        return;
    default: break;
    }
}

/* Number `n` of a set: values of one set differ. */
static void
put_value(enum kind kind, unsigned n, struct text *yaml, struct text *rdata)
{
    const unsigned number = random_below(200);
    const char *const target = random_target();

    switch ((int)kind) {
    case A:
        put(rdata, "192.0.%u.%u", n, number);
        put(yaml, "%s", rdata->bytes);
        return;
    case AAAA:
        put(rdata, "2001:db8:%x::%x", n + 1, number + 1);
        put(yaml, "'2001:0DB8:%X:0::%X'", n + 1, number + 1);
        return;
    case TXT: put_txt(yaml, rdata); return;
    case PTR:
        put(rdata, "p%u.%s", n, target);
        rdata->len -= strcmp(target, ".") == 0;
        rdata->bytes[rdata->len] = '\0';
        put(yaml, "%s", rdata->bytes);
        return;
    case UNKNOWN:
        put(rdata, "\\# 3 %02x%02x00", n, number);
        put_yaml(yaml, rdata->bytes);
        return;
    default: put_structure(kind, n, yaml, rdata);
    }
}

static void
put_set(enum kind kind, const char *owner, struct text *yaml, struct text *master)
{
    static struct text rdata;
    const unsigned count = 1 + random_below(3);
    const unsigned ttl = 1 + random_below(100000);

    put(yaml, "- {type: %s, ttl: %u, values: [", type_names[kind], ttl);
    for (unsigned n = 0; n < count; n++) {
        rdata = (struct text){ .len = 0 };
        put(yaml, n ? ", " : "");
        put_value(kind, n, yaml, &rdata);
        put(master, "%s%sexample. %u IN %s %s\n", owner, *owner ? "." : "", ttl,
            type_names[kind], rdata.bytes);
    }
    put(yaml, "]}\n");
}

static void
make_zone(struct text *yaml, struct text *master)
{
    static const char *const owners[OWNERS] = {
        "a", "*.W", "c.d", "_x._tcp", "e\\.f", "7"
    };

    *yaml = *master = (struct text){ .len = 0 };
    put(yaml,
        "'':\n- {type: SOA, ttl: 60, value: %s}\n- {type: NS, ttl: 61, value: "
        "ns.elsewhere.}\n",
        soa);
    put(master, "example. 60 IN SOA %s\nexample. 61 IN NS ns.elsewhere.\n", soa);
    for (unsigned i = 0; i < OWNERS; i++) {
        put(yaml, "'%s':\n", owners[i]);
        for (unsigned kind = 0; kind < KINDS; kind++) {
            if (kind == A || random_below(3) == 0)
                put_set(kind, owners[i], yaml, master);
        }
    }
}

/* ---- records as lines that compare ------------------------------------------------ */

struct lines {
    char *items[LINES_MAX];
    size_t count;
};

static int
compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Each record as ldns writes it in canonical form: software prints in its own ways. */
static void
read_lines(const char *text, struct lines *lines)
{
    char *const copy = strdup(text);
    char *rest = copy;

    lines->count = 0;
    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
        ldns_rr *rr = NULL;
        if (!*line || *line == ';')
            continue;
        if (ldns_rr_new_frm_str(&rr, line, 0, NULL, NULL) != LDNS_STATUS_OK)
            fail_msg("ldns cannot read: %s", line);
        ldns_rr2canonical(rr);
        assert_true(lines->count < LINES_MAX);
        lines->items[lines->count++] = ldns_rr2str(rr);
        ldns_rr_free(rr);
    }
    qsort(lines->items, lines->count, sizeof(lines->items[0]), compare_lines);
    free(copy);
}

static void
assert_same(const char *what, const char *got, const char *expected)
{
    static struct lines left, right;
    bool same;

    read_lines(got, &left);
    read_lines(expected, &right);
    same = left.count == right.count;
    for (size_t i = 0; i < left.count && i < right.count; i++) {
        if (strcmp(left.items[i], right.items[i]) != 0) {
            if (same)
                print_error("%s:\n got %s want %s", what, left.items[i], right.items[i]);
            same = false;
        }
    }
    for (size_t i = 0; i < left.count; i++)
        free(left.items[i]);
    for (size_t i = 0; i < right.count; i++)
        free(right.items[i]);
    assert_true(same);
}

/* ---- the others' reading ---------------------------------------------------------- */

/* What named-checkzone makes of a master file; NULL: it is not there. */
static char *
read_by_bind(const char *path)
{
    static const char flags[] = "-q -i none -k ignore -n ignore -m ignore -M ignore "
                                "-r ignore -S ignore -D -s full -o -";
    char command[512];
    char *text = calloc(1, ZONE_ROOM);

    assert_non_null(text);
    (void)snprintf(
        command, sizeof(command),
        "PATH=$PATH:/usr/sbin; command -v named-checkzone >/dev/null || exit 0; "
        "exec named-checkzone %s example %s",
        flags, path);
    /* NOLINTNEXTLINE(cert-env33-c): a program that is searched for on purpose */
    FILE *const in = popen(command, "re");
    assert_non_null(in);
    const size_t len = fread(text, 1, ZONE_ROOM - 1, in);
    assert_int_equal(pclose(in), 0);
    if (len > 0)
        return text;
    free(text);
    return NULL;
}

/* Imported and loaded; the export. The caller frees it. */
static char *
import_again(const char *path)
{
    char *yaml = NULL;
    size_t len = 0;
    struct loaded loaded;
    struct diag diag;
    FILE *const out = open_memstream(&yaml, &len);

    diag_init(&diag);
    assert_non_null(out);
    assert_int_equal(import_master(path, "example", out, &diag), OK);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(diag.error_count + diag.warning_count, 0);
    loaded_begin_bytes(&loaded, "example", yaml, len);
    if (loaded.status != OK)
        print_error("%s\n%s\n", yaml, loaded.messages);
    assert_int_equal(loaded.status, OK);
    char *const text = strdup(loaded.records);
    loaded_done(&loaded);
    diag_done(&diag);
    free(yaml);
    return text;
}

static void
write_text(const char *path, const char *text)
{
    FILE *const file = fopen(path, "we");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void
check_round(const char *path)
{
    static struct text yaml, master;
    struct loaded loaded;

    make_zone(&yaml, &master);
    write_text(path, master.bytes);
    char *const bind = read_by_bind(path);
    const char *const expected = bind ? bind : master.bytes;
    loaded_begin(&loaded, yaml.bytes);
    if (loaded.status != OK)
        print_error("%s\n%s\n", yaml.bytes, loaded.messages);
    assert_int_equal(loaded.status, OK);
    assert_same("the YAML", loaded.records, expected);
    char *const imported = import_again(path);
    assert_same("the import", imported, expected);
    write_text(path, loaded.records);
    char *const again = import_again(path);
    assert_same("the import of the export", again, loaded.records);
    free(again);
    free(imported);
    free(bind);
    loaded_done(&loaded);
}

static void
a_zone_says_the_same_as_its_master_file(void **state)
{
    char path[] = "/tmp/meridian-prop-XXXXXX";
    const char *const seed = getenv("SEED");
    const char *const rounds = getenv("ROUNDS");
    const int fd = mkstemp(path);
    const uint64_t first = seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL);

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    print_message("# SEED=%llu\n", (unsigned long long)first);
    state_of_random = first * 0x9e3779b97f4a7c15U + 1;
    for (long i = rounds ? strtol(rounds, NULL, 0) : ROUNDS; i > 0; i--)
        check_round(path);
    assert_int_equal(unlink(path), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_zone_says_the_same_as_its_master_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
