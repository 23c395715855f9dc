/* SPDX-License-Identifier: BSD-2-Clause */
/* Scenarios in text: files of a configuration, then questions with the replies that are
 * expected. All of the server but its sockets runs in this process. tests/replay/README
 * tells the format. */
#ifndef TESTS_LIB_REPLAY_H
#define TESTS_LIB_REPLAY_H
#include "dns/base/addr.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- replay.c: scenarios --------------------------------------------------------------
 */

/* Plays one file; a TAP line a question goes to standard output, numbered on from
 * *number. Returns how many failed. */
size_t replay_play(const char *path, size_t *number);

/* ---- replay_message.c: one question and its reply --------------------------------- */

enum { REPLAY_MESSAGE_MAX = 65535, REPLAY_LINES_MAX = 256 };

struct replay_question {
    uint8_t message[REPLAY_MESSAGE_MAX];
    size_t len;
    struct addr source;
    bool tcp;
    int64_t now_s;
    uint64_t random;
};

/* "NAME TYPE [class C] [from ADDRESS] [ecs PREFIX] [edns] [do] [nsid] [tcp] [at
 * UNIX-SECONDS] [random N] [size N]", or "hex BYTES…" for a message as it is. False: not
 * understood, says so on standard error. Changes text. */
bool replay_question_parse(char *text, struct replay_question *ret_question);

/* A reply as lines: "NOERROR aa scope 24" first, then "answer …", "authority …",
 * "additional …" with the record as ldns prints it. "silence" for no reply, "garbage" for
 * what ldns cannot read. The caller frees each line. */
size_t replay_reply_lines(const uint8_t *reply, size_t len,
                          char *lines[REPLAY_LINES_MAX]);
/* An expected line as replay_reply_lines would have written it (records by way of ldns).
 * NULL: not understood. */
char *replay_line_normal(const char *line);

#endif
