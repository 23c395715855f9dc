/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/base/diag.h"
#include "dns/base/array.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
diag_init(struct diag *diag)
{
    *diag = (struct diag){ 0 };
}

void
diag_clear(struct diag *diag)
{
    for (size_t i = 0; i < diag->count; i++) {
        free(diag->messages[i].file);
        free(diag->messages[i].text);
    }
    diag->count = 0;
    diag->kept_errors = 0;
    diag->error_count = 0;
    diag->warning_count = 0;
}

void
diag_done(struct diag *diag)
{
    diag_clear(diag);
    free(diag->messages);
    diag_init(diag);
}

/* What concerns both families of a record is found twice. */
static bool
repeats_last(const struct diag *diag, enum diag_level level, struct diag_at at,
             const char *text)
{
    if (diag->count == 0)
        return false;
    const struct diag_message *const last = &diag->messages[diag->count - 1];
    if (last->level != level || last->line != at.line || last->column != at.column ||
        strcmp(last->text, text) != 0)
        return false;
    return at.file && last->file ? strcmp(at.file, last->file) == 0
                                 : at.file == last->file;
}

/* An error is worth more than a warning: the last one kept makes room for it. */
static void
make_room(struct diag *diag, enum diag_level level)
{
    size_t at = diag->count;

    if (diag->count < DIAG_MESSAGES_MAX || level == DIAG_WARNING ||
        diag->kept_errors == diag->count)
        return;
    while (at > 0 && diag->messages[at - 1].level == DIAG_ERROR)
        at--;
    free(diag->messages[at - 1].file);
    free(diag->messages[at - 1].text);
    memmove(&diag->messages[at - 1], &diag->messages[at],
            (diag->count - at) * sizeof(*diag->messages));
    diag->count--;
}

static void
add(struct diag *diag, enum diag_level level, struct diag_at at, const char *text)
{
    /* What concerns a whole file is said of its beginning: who reads messages by program
     * always finds FILE:LINE:COLUMN. */
    if (at.file && at.line == 0)
        at.line = 1;
    if (at.file && at.column == 0)
        at.column = 1;
    if (repeats_last(diag, level, at, text))
        return;
    if (level == DIAG_ERROR)
        diag->error_count++;
    else
        diag->warning_count++;
    make_room(diag, level);
    if (diag->count >= DIAG_MESSAGES_MAX ||
        array_reserve(&diag->messages, &diag->capacity, diag->count + 1,
                      sizeof(*diag->messages)) != OK)
        return;
    struct diag_message *const message = &diag->messages[diag->count];
    *message =
        (struct diag_message){ .level = level, .line = at.line, .column = at.column };
    message->file = at.file ? strdup(at.file) : NULL;
    message->text = strdup(text);
    if (message->text && (message->file || !at.file)) {
        diag->count++;
        diag->kept_errors += level == DIAG_ERROR;
        return;
    }
    free(message->file);
    free(message->text);
}

void
diag_error(struct diag *diag, struct diag_at at, const char *format, ...)
{
    char text[DIAG_TEXT_MAX];
    va_list args;

    if (!diag)
        return;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    add(diag, DIAG_ERROR, at, text);
}

void
diag_warning(struct diag *diag, struct diag_at at, const char *format, ...)
{
    char text[DIAG_TEXT_MAX];
    va_list args;

    if (!diag)
        return;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    add(diag, DIAG_WARNING, at, text);
}

void
diag_append(struct diag *diag, const struct diag *from)
{
    if (!diag)
        return;
    for (size_t i = 0; i < from->count; i++) {
        const struct diag_message *const message = &from->messages[i];
        const struct diag_at at = { message->file, message->line, message->column };
        add(diag, message->level, at, message->text);
    }
    diag->error_count += from->error_count - from->kept_errors;
    diag->warning_count += from->warning_count - (from->count - from->kept_errors);
}

size_t
diag_format(const struct diag_message *message, char *buffer, size_t size)
{
    char place[64] = "";

    if (message->line && message->column)
        (void)snprintf(place, sizeof(place), "%u:%u:", message->line, message->column);
    else if (message->line)
        (void)snprintf(place, sizeof(place), "%u:", message->line);
    const int len =
        snprintf(buffer, size, "%s%s%s%s%s%s", message->file ? message->file : "",
                 message->file ? ":" : "", place, message->file || place[0] ? " " : "",
                 message->level == DIAG_WARNING ? "warning: " : "", message->text);
    if (len < 0 || size == 0)
        return 0;
    return (size_t)len < size ? (size_t)len : size - 1;
}
