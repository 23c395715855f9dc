/* SPDX-License-Identifier: BSD-2-Clause */
/* How meridianctl prints: tables, JSON, errors that the server sent, times. */
#ifndef TOOLS_MERIDIANCTL_PRINT_H
#define TOOLS_MERIDIANCTL_PRINT_H
#include "tools/meridianctl/ctl.h"
#include <stddef.h>
#include <stdint.h>

enum { PRINT_COLUMNS_MAX = 10, PRINT_TIME_SIZE = 32, PRINT_AGE_SIZE = 24 };

/* Rows of texts, printed with columns as wide as their widest cell. */
struct table {
    size_t columns;
    size_t widths[PRINT_COLUMNS_MAX];
    json_t *rows; /* array of arrays of strings */
};

void table_init(struct table *table, const char *const *heads, size_t columns);
/* cells: `columns` texts, NULL for none; copied. */
void table_add(struct table *table, const char *const *cells);
void table_print(struct table *table); /* and frees it */

/* Prints the object, which it takes. */
void print_json(json_t *body);
/* "FILE:LINE:COLUMN: message" of {"errors": […]} on standard error; CTL_NO. Borrows. */
enum ctl_exit print_errors(const json_t *body, long code);
/* The value as text, "" when absent or of another kind. */
const char *text_of(const json_t *object, const char *key);
/* "2026-11-24T10:00:00Z"; "" of 0. */
const char *time_text(int64_t unix_s, char text[PRINT_TIME_SIZE]);
/* "3 s", "5 min", "7 h", "12 d". */
const char *age_text(int64_t seconds, char text[PRINT_AGE_SIZE]);

#endif
