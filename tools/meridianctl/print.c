/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/meridianctl/print.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

/* ---- tables ----------------------------------------------------------------------- */

void
table_init(struct table *table, const char *const *heads, size_t columns)
{
    *table = (struct table){ .columns = columns, .rows = json_array() };
    table_add(table, heads);
}

void
table_add(struct table *table, const char *const *cells)
{
    json_t *const row = json_array();

    for (size_t i = 0; i < table->columns; i++) {
        const char *const cell = cells[i] && cells[i][0] ? cells[i] : "-";
        const size_t width = strlen(cell);
        if (width > table->widths[i])
            table->widths[i] = width;
        json_array_append_new(row, json_string(cell));
    }
    json_array_append_new(table->rows, row);
}

void
table_print(struct table *table)
{
    size_t index;
    const json_t *row;

    json_array_foreach(table->rows, index, row)
    {
        for (size_t i = 0; i < table->columns; i++) {
            const char *const cell = json_string_value(json_array_get(row, i));
            const bool last = i + 1 == table->columns;
            (void)printf("%-*s%s", last ? 0 : (int)table->widths[i], cell ? cell : "",
                         last ? "\n" : "  ");
        }
    }
    json_decref(table->rows);
}

/* ---- JSON and errors -------------------------------------------------------------- */

void
print_json(json_t *body)
{
    json_dumpf(body, stdout, JSON_INDENT(1));
    (void)putchar('\n');
    json_decref(body);
}

const char *
text_of(const json_t *object, const char *key)
{
    const char *const text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

enum ctl_exit
print_errors(const json_t *body, long code)
{
    const json_t *const errors = json_object_get(body, "errors");
    size_t index;
    const json_t *one;

    json_array_foreach(errors, index, one)
    {
        const json_int_t line = json_integer_value(json_object_get(one, "line"));
        if (line > 0)
            (void)fprintf(stderr, "%s:%lld:%lld: ", text_of(one, "file"), (long long)line,
                          (long long)json_integer_value(json_object_get(one, "column")));
        else if (text_of(one, "file")[0])
            (void)fprintf(stderr, "%s: ", text_of(one, "file"));
        (void)fprintf(stderr, "%s\n", text_of(one, "message"));
    }
    if (json_array_size(errors) == 0)
        ctl_complain("the server says %ld", code);
    return CTL_NO;
}

/* ---- times ------------------------------------------------------------------------ */

const char *
time_text(int64_t unix_s, char text[PRINT_TIME_SIZE])
{
    const time_t when = (time_t)unix_s;
    struct tm parts;

    text[0] = '\0';
    if (unix_s != 0 && gmtime_r(&when, &parts))
        (void)strftime(text, PRINT_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

const char *
age_text(int64_t seconds, char text[PRINT_AGE_SIZE])
{
    static const struct {
        int64_t seconds;
        const char *unit;
    } units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };
    size_t i = 0;

    if (seconds < 0)
        seconds = 0;
    while (units[i].seconds > 1 && seconds < 2 * units[i].seconds)
        i++;
    (void)snprintf(text, PRINT_AGE_SIZE, "%lld %s",
                   (long long)(seconds / units[i].seconds), units[i].unit);
    return text;
}
