/* SPDX-License-Identifier: BSD-2-Clause */
/* Log lines on standard error, for programs only: libraries report by status and diag.
 * "level=info msg=\"…\"", with a <N> priority before it when JOURNAL_STREAM says that
 * standard error is the journal. Any thread; one write per line. */
#ifndef DNS_BASE_LOG_H
#define DNS_BASE_LOG_H
#include <stdbool.h>
#include <stdint.h>

struct diag;

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Lines above `level` are dropped. Call once, before other threads start. */
void log_init(enum log_level level);
void log_line(enum log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Every message of a diag, one line each. */
void log_diag(const struct diag *diag);

/* At most one line a second for one subject; the next line says how many were dropped. */
struct log_limit {
    int64_t last_s;
    uint64_t dropped;
};
void log_limited(struct log_limit *limit, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
