/* SPDX-License-Identifier: BSD-2-Clause */
/* Notices that files changed (inotify). Folders are watched, not files: a file that is
 * replaced by rename, or through a symbolic link like Kubernetes' ..data, would leave a
 * watch behind that sees nothing any more. */
#ifndef TOOLS_MERIDIAND_WATCH_H
#define TOOLS_MERIDIAND_WATCH_H
#include "dns/base/status.h"
#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct watch;

/* Called on the loop `settle_ms` after the last change (at once after a file was moved
 * into place). health: something below the health folder changed; data: something else.
 */
typedef void (*watch_fn)(void *context, bool data, bool health);

MUST_CHECK enum status watch_new(struct event_base *loop, uint64_t settle_ms,
                                 watch_fn changed, void *context,
                                 struct watch **ret_watch);
void watch_free(struct watch *watch); /* NULL is fine */
/* Watches the folders of these paths (and paths that are folders themselves), and no
 * others any more. NULL-terminated. health_folder may be NULL. Whatever changed before a
 * watch was there is looked at once. */
void watch_set(struct watch *watch, char *const *paths, const char *health_folder);

#endif
