/* SPDX-License-Identifier: BSD-2-Clause */
/* Trees → values: field tables, and scalars of one kind. */
#include "dns/base/yaml.h"
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { NEAR_WORD_MAX = 64 };

static const char *
kind_name(enum yaml_kind kind)
{
    static const char *const names[] = { "a single value", "a list", "a map" };

    return names[kind];
}

enum status
yaml_expect(const struct yaml_node *node, enum yaml_kind kind, const char *what,
            struct diag *diag)
{
    if (node->kind == kind)
        return OK;
    diag_error(diag, node->at, "%s: expected %s, found %s", what, kind_name(kind),
               kind_name(node->kind));
    return ERR_INVALID;
}

const struct yaml_node *
yaml_get(const struct yaml_node *map, const char *key)
{
    for (const struct yaml_node *at = map->child; at; at = at->next) {
        if (at->key && strcmp(at->key->text, key) == 0)
            return at;
    }
    return NULL;
}

bool
yaml_is_null(const struct yaml_node *node)
{
    return node->kind == YAML_SCALAR && node->plain &&
           (node->len == 0 || strcmp(node->text, "null") == 0 ||
            strcmp(node->text, "~") == 0);
}

const struct yaml_node *
yaml_elements(const struct yaml_node *node, size_t *ret_count)
{
    *ret_count = node->kind == YAML_LIST ? node->len : 1;
    return node->kind == YAML_LIST ? node->child : node;
}

/* ---- did you mean ----------------------------------------------------------------- */

static unsigned
least(unsigned a, unsigned b, unsigned c)
{
    const unsigned ab = a < b ? a : b;

    return ab < c ? ab : c;
}

/* How many letters must be put in, left out, changed (Levenshtein 1966) or have changed
 * places with their neighbour (Damerau 1964). */
static unsigned
word_distance(const char *a, const char *b)
{
    unsigned rows[3][NEAR_WORD_MAX + 1];
    const size_t a_len = strlen(a), b_len = strlen(b);

    if (a_len > NEAR_WORD_MAX || b_len > NEAR_WORD_MAX)
        return UINT_MAX;
    for (unsigned i = 0; i <= b_len; i++)
        rows[0][i] = i;
    for (unsigned i = 1; i <= a_len; i++) {
        unsigned *const row = rows[i % 3];
        const unsigned *const above = rows[(i - 1) % 3];
        row[0] = i;
        for (size_t k = 1; k <= b_len; k++) {
            row[k] = least(above[k] + 1, row[k - 1] + 1,
                           above[k - 1] + (a[i - 1] != b[k - 1]));
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
                row[k] = least(row[k], rows[(i - 2) % 3][k - 2] + 1, UINT_MAX);
        }
    }
    return rows[a_len % 3][b_len];
}

const char *
yaml_nearest(const char *word, const char *const *candidates)
{
    const char *best = NULL;
    unsigned least_distance = (unsigned)strlen(word) / 3 + 1;

    for (; *candidates; candidates++) {
        const unsigned distance = word_distance(word, *candidates);
        if (distance < least_distance) {
            least_distance = distance;
            best = *candidates;
        }
    }
    return best;
}

/* ---- maps ------------------------------------------------------------------------- */

enum { FIELDS_MAX = 64 };

static void
report_unknown(const struct yaml_node *key, const char *where,
               const struct yaml_field *fields, struct diag *diag)
{
    const char *known[FIELDS_MAX + 1];
    size_t count = 0;

    for (; count < FIELDS_MAX && fields[count].key; count++)
        known[count] = fields[count].key;
    known[count] = NULL;
    const char *const near = yaml_nearest(key->text, known);
    diag_error(diag, key->at, "%s%sunknown key '%s'%s%s%s", where, where[0] ? ": " : "",
               key->text, near ? ", did you mean '" : "", near ? near : "",
               near ? "'?" : "");
}

static const struct yaml_field *
field_of(const struct yaml_field *fields, const char *key)
{
    for (; fields->key; fields++) {
        if (strcmp(fields->key, key) == 0)
            return fields;
    }
    return NULL;
}

static enum status
check_required(const struct yaml_node *map, const char *where,
               const struct yaml_field *fields, struct diag *diag)
{
    enum status status = OK;

    for (; fields->key; fields++) {
        if (!fields->required || yaml_get(map, fields->key))
            continue;
        diag_error(diag, map->at, "%s%s'%s' is missing", where, where[0] ? ": " : "",
                   fields->key);
        status = ERR_INVALID;
    }
    return status;
}

enum status
yaml_read_map(const struct yaml_node *map, const char *where,
              const struct yaml_field *fields, void *object, struct diag *diag)
{
    if (map->kind != YAML_MAP)
        return yaml_expect(map, YAML_MAP, where[0] ? where : "this", diag);
    enum status worst = OK;
    for (const struct yaml_node *at = map->child; at; at = at->next) {
        const struct yaml_field *const field = field_of(fields, at->key->text);
        if (!field) {
            report_unknown(at->key, where, fields, diag);
            worst = ERR_INVALID;
            continue;
        }
        const enum status status = field->read(object, at, diag);
        if (status == ERR_NOMEM)
            return status;
        if (status != OK)
            worst = ERR_INVALID;
    }
    const enum status required = check_required(map, where, fields, diag);
    return worst == OK ? required : worst;
}

/* ---- scalars ---------------------------------------------------------------------- */

enum status
yaml_text(const struct yaml_node *node, const char *what, struct diag *diag,
          const char **ret_text)
{
    const enum status status = yaml_expect(node, YAML_SCALAR, what, diag);

    if (status == OK)
        *ret_text = node->text;
    return status;
}

static enum status
not_a(const struct yaml_node *node, const char *what, const char *expected,
      struct diag *diag)
{
    diag_error(diag, node->at, "%s: expected %s, found '%s'", what, expected, node->text);
    return ERR_INVALID;
}

enum status
yaml_bool(const struct yaml_node *node, const char *what, struct diag *diag,
          bool *ret_value)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = { { "true", true },   { "yes", true }, { "on", true },
                  { "false", false }, { "no", false }, { "off", false } };

    if (yaml_expect(node, YAML_SCALAR, what, diag) != OK)
        return ERR_INVALID;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcasecmp(words[i].word, node->text) != 0)
            continue;
        *ret_value = words[i].value;
        return OK;
    }
    return not_a(node, what, "true or false", diag);
}

/* Decimal digits alone. *ret_end is after them. */
static bool
parse_digits(const char *text, uint64_t *ret_value, const char **ret_end)
{
    uint64_t value = 0;
    const char *at = text;

    for (; *at >= '0' && *at <= '9'; at++) {
        if (__builtin_mul_overflow(value, 10U, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
            return false;
    }
    *ret_value = value;
    *ret_end = at;
    return at > text;
}

/* NOLINTBEGIN(readability-function-size): two bounds, and five more that all readers have
 */
enum status
yaml_uint(const struct yaml_node *node, const char *what, uint64_t min, uint64_t max,
          struct diag *diag, uint64_t *ret_value)
{
    uint64_t value;
    const char *end;

    if (yaml_expect(node, YAML_SCALAR, what, diag) != OK)
        return ERR_INVALID;
    if (parse_digits(node->text, &value, &end) && *end == '\0' && value >= min &&
        value <= max) {
        *ret_value = value;
        return OK;
    }
    diag_error(diag, node->at,
               "%s: expected a whole number from %llu to %llu, found '%s'", what,
               (unsigned long long)min, (unsigned long long)max, node->text);
    return ERR_INVALID;
}

enum status
yaml_real(const struct yaml_node *node, const char *what, double min, double max,
          struct diag *diag, double *ret_value)
{
    if (yaml_expect(node, YAML_SCALAR, what, diag) != OK)
        return ERR_INVALID;
    const size_t usable = strspn(node->text, "+-.0123456789eE");
    char *end;
    const double value = strtod(node->text, &end);
    if (node->len > 0 && usable == node->len && *end == '\0' && isfinite(value) &&
        value >= min && value <= max) {
        *ret_value = value;
        return OK;
    }
    diag_error(diag, node->at, "%s: expected a number from %g to %g, found '%s'", what,
               min, max, node->text);
    return ERR_INVALID;
}
/* NOLINTEND(readability-function-size) */

enum status
yaml_duration_ms(const struct yaml_node *node, const char *what, struct diag *diag,
                 uint64_t *ret_ms)
{
    static const struct {
        const char *unit;
        uint64_t ms;
    } units[] = { { "", 1000 },   { "ms", 1 },      { "s", 1000 },
                  { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 } };
    uint64_t count, ms;
    const char *end;

    if (yaml_expect(node, YAML_SCALAR, what, diag) != OK)
        return ERR_INVALID;
    if (!parse_digits(node->text, &count, &end))
        return not_a(node, what, "a time such as 50ms, 30s, 15m, 2h or seconds", diag);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(units[i].unit, end) != 0 ||
            __builtin_mul_overflow(count, units[i].ms, &ms))
            continue;
        *ret_ms = ms;
        return OK;
    }
    return not_a(node, what, "a time such as 50ms, 30s, 15m, 2h or seconds", diag);
}

enum status
yaml_share(const struct yaml_node *node, const char *what, struct diag *diag,
           double *ret_share)
{
    if (yaml_expect(node, YAML_SCALAR, what, diag) != OK)
        return ERR_INVALID;
    char *end;
    const double percent = strtod(node->text, &end);
    const bool sound = end > node->text &&
                       strspn(node->text, ".0123456789%") == node->len &&
                       (*end == '\0' || strcmp(end, "%") == 0);
    if (!sound || percent < 0 || percent > 100)
        return not_a(node, what, "a share from 0% to 100%", diag);
    *ret_share = percent / 100;
    return OK;
}

/* ---- times ------------------------------------------------------------------------ */

/* `count` digits at *at; moves on. */
static bool
take_digits(const char **at, unsigned count, int *ret_value)
{
    int value = 0;

    for (unsigned i = 0; i < count; i++, ++*at) {
        if (**at < '0' || **at > '9')
            return false;
        value = value * 10 + (**at - '0');
    }
    *ret_value = value;
    return true;
}

static bool
take_sign(const char **at, const char *signs)
{
    if (**at == '\0' || !strchr(signs, **at))
        return false;
    ++*at;
    return true;
}

static int
days_in_month(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && leap ? 29 : days[month - 1];
}

static bool
take_date(const char **at, struct tm *tm)
{
    int year, month, day;

    if (!take_digits(at, 4, &year) || !take_sign(at, "-") ||
        !take_digits(at, 2, &month) || !take_sign(at, "-") || !take_digits(at, 2, &day))
        return false;
    if (year < 1970 || month < 1 || month > 12 || day < 1 ||
        day > days_in_month(year, month))
        return false;
    tm->tm_year = year - 1900;
    tm->tm_mon = month - 1;
    tm->tm_mday = day;
    return true;
}

static bool
take_clock(const char **at, struct tm *tm)
{
    int hour, minute, second, fraction;

    if (!take_digits(at, 2, &hour) || !take_sign(at, ":") ||
        !take_digits(at, 2, &minute) || !take_sign(at, ":") ||
        !take_digits(at, 2, &second))
        return false;
    if (hour > 23 || minute > 59 || second > 60)
        return false;
    if (take_sign(at, ".")) {
        if (!take_digits(at, 1, &fraction))
            return false;
        *at += strspn(*at, "0123456789");
    }
    tm->tm_hour = hour;
    tm->tm_min = minute;
    tm->tm_sec = second;
    return true;
}

/* "Z", "+03:00"; seconds east of Greenwich. */
static bool
take_offset(const char **at, int *ret_offset_s)
{
    int hours, minutes;

    if (take_sign(at, "zZ")) {
        *ret_offset_s = 0;
        return true;
    }
    const int sign = **at == '-' ? -1 : 1;
    if (!take_sign(at, "+-") || !take_digits(at, 2, &hours) || !take_sign(at, ":") ||
        !take_digits(at, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *ret_offset_s = sign * (hours * 3600 + minutes * 60);
    return true;
}

enum status
yaml_time(const struct yaml_node *node, const char *what, struct diag *diag,
          int64_t *ret_unix_s)
{
    struct tm tm = { 0 };
    int offset_s;

    if (yaml_expect(node, YAML_SCALAR, what, diag) != OK)
        return ERR_INVALID;
    const char *at = node->text;
    if (!take_date(&at, &tm) || !take_sign(&at, "Tt ") || !take_clock(&at, &tm) ||
        !take_offset(&at, &offset_s) || *at != '\0')
        return not_a(node, what, "a time such as 2026-11-23T02:50:00Z", diag);
    *ret_unix_s = (int64_t)timegm(&tm) - offset_s;
    return OK;
}
