/* SPDX-License-Identifier: BSD-2-Clause */
/* The one error enum of the project, and its texts. */
#ifndef DNS_BASE_STATUS_H
#define DNS_BASE_STATUS_H

#define MUST_CHECK __attribute__((warn_unused_result))

enum status {
    OK = 0,
    ERR_NOMEM,   /* out of memory: an ordinary error while loading */
    ERR_SPACE,   /* does not fit into the space given */
    ERR_FORMAT,  /* malformed input */
    ERR_RANGE,   /* well-formed, but outside what is allowed */
    ERR_NOENT,   /* not there */
    ERR_EXIST,   /* there already */
    ERR_IO,      /* a system call failed; errno is still set */
    ERR_LIMIT,   /* a named limit was reached */
    ERR_STALE,   /* older than what is loaded */
    ERR_DENIED,  /* not allowed to */
    ERR_INVALID, /* bad input, already reported to a struct diag */
};

/* A short lower-case text, never NULL. */
const char *status_text(enum status status);

/* What an errno means: as strerror, but safe in any thread. Never NULL. */
const char *errno_text(int number);

#endif
