/* SPDX-License-Identifier: BSD-2-Clause */
/* What is wrong with the input, and where: a list of FILE:LINE:COLUMN: messages.
 * Loaders fill it, programs print it. It never fails: out of memory drops the text but
 * still counts. At most DIAG_MESSAGES_MAX messages are kept, errors rather than warnings;
 * more are only counted. What is said twice in a row counts once. */
#ifndef DNS_BASE_DIAG_H
#define DNS_BASE_DIAG_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DIAG_MESSAGES_MAX = 1000, DIAG_TEXT_MAX = 1024 };

enum diag_level { DIAG_WARNING, DIAG_ERROR };

/* A place in a file. `file` is borrowed and must outlive the diag_add call only.
 * line and column count from 1; 0 means the whole file, and is told as 1. */
struct diag_at {
    const char *file;
    uint32_t line;
    uint32_t column;
};

struct diag_message {
    enum diag_level level;
    uint32_t line;
    uint32_t column;
    char *file; /* owned */
    char *text; /* owned */
};

struct diag {
    struct diag_message *messages; /* owned; in the order they were reported */
    size_t count;
    size_t capacity;
    size_t kept_errors;   /* among messages */
    size_t error_count;   /* all errors, kept or not */
    size_t warning_count; /* all warnings, kept or not */
};

void diag_init(struct diag *diag);
void diag_done(struct diag *diag);
/* Forgets every message; ready for reuse. */
void diag_clear(struct diag *diag);

/* Adds "where: what" (printf style) at a place. diag may be NULL: nothing is kept. */
void diag_error(struct diag *diag, struct diag_at at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void diag_warning(struct diag *diag, struct diag_at at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Appends copies of all messages of `from`, and counts those that it did not keep. */
void diag_append(struct diag *diag, const struct diag *from);

/* "FILE:LINE:COLUMN: text" without a newline ("warning: " before a warning's text); the
 * place is left out where there is no file. Always terminated; returns the length
 * written. */
size_t diag_format(const struct diag_message *message, char *buffer, size_t size);

#endif
