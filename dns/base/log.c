/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/base/log.h"
#include "dns/base/diag.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TEXT_MAX = 2048, LINE_MAX_BYTES = 2 * TEXT_MAX + 64 };

/* The sink: set once before threads start. */
static enum log_level log_limit_level = LOG_LEVEL_INFO;
static bool log_to_journal;

void
log_init(enum log_level level)
{
    log_limit_level = level;
    log_to_journal = secure_getenv("JOURNAL_STREAM") != NULL;
}

/* logfmt: quotes and backslashes escaped, other control bytes made visible. */
static size_t
put_escaped(char *line, size_t at, const char *text)
{
    for (; *text; text++) {
        const char c = *text;
        if (c == '"' || c == '\\') {
            line[at++] = '\\';
            line[at++] = c;
        } else if (c == '\n' || c == '\t' || c == '\r') {
            line[at++] = '\\';
            line[at++] = (char)(c == '\n' ? 'n' : c == '\t' ? 't' : 'r');
        } else {
            line[at++] = (char)((unsigned char)c < ' ' || c == 0x7f ? '?' : c);
        }
    }
    return at;
}

static void
log_text(enum log_level level, const char *text)
{
    static const char *const names[] = { "error", "warning", "info", "debug" };
    static const char *const priorities[] = { "<3>", "<4>", "<6>", "<7>" };
    char line[LINE_MAX_BYTES];

    int len = snprintf(line, sizeof(line), "%slevel=%s msg=\"",
                       log_to_journal ? priorities[level] : "", names[level]);
    size_t at = put_escaped(line, (size_t)len, text);
    line[at++] = '"';
    line[at++] = '\n';
    (void)!write(STDERR_FILENO, line, at); /* one write: lines of threads do not mix */
}

void
log_line(enum log_level level, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list args;

    if (level > log_limit_level)
        return;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    log_text(level, text);
}

void
log_diag(const struct diag *diag)
{
    char text[TEXT_MAX];

    for (size_t i = 0; i < diag->count; i++) {
        const struct diag_message *const message = &diag->messages[i];
        diag_format(message, text, sizeof(text));
        log_line(message->level == DIAG_ERROR ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, "%s",
                 text);
    }
    const size_t all = diag->error_count + diag->warning_count;
    if (all > diag->count)
        log_line(LOG_LEVEL_WARNING, "%zu more messages are not shown", all - diag->count);
}

void
log_limited(struct log_limit *limit, enum log_level level, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list args;
    const int64_t now = time(NULL);

    if (limit->last_s == now) {
        limit->dropped++;
        return;
    }
    va_start(args, format);
    int len = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (limit->dropped > 0 && len > 0 && (size_t)len < sizeof(text))
        (void)snprintf(text + len, sizeof(text) - (size_t)len, " (%llu more like it)",
                       (unsigned long long)limit->dropped);
    limit->last_s = now;
    limit->dropped = 0;
    if (level <= log_limit_level)
        log_text(level, text);
}
