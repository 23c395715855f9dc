/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/base/status.h"
#include <string.h>

const char *
status_text(enum status status)
{
    switch (status) {
    case OK: return "ok";
    case ERR_NOMEM: return "out of memory";
    case ERR_SPACE: return "does not fit";
    case ERR_FORMAT: return "malformed";
    case ERR_RANGE: return "out of range";
    case ERR_NOENT: return "not found";
    case ERR_EXIST: return "exists already";
    case ERR_IO: return "input or output failed";
    case ERR_LIMIT: return "a limit was reached";
    case ERR_STALE: return "older than what is loaded";
    case ERR_DENIED: return "not allowed";
    case ERR_INVALID: return "invalid";
    }
    return "unknown";
}

const char *
errno_text(int number)
{
    const char *const text = strerrordesc_np(number);

    return text ? text : "unknown error";
}
