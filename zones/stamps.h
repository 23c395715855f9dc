/* SPDX-License-Identifier: BSD-2-Clause */
/* Have these files changed since they were read? A stamp is what stat says of a file,
 * through symbolic links, so that replaced, rewritten, removed and newly made files are
 * all noticed. */
#ifndef ZONES_STAMPS_H
#define ZONES_STAMPS_H
#include "dns/base/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stamp {
    char *path; /* owned */
    bool exists;
    uint64_t device, inode;
    int64_t size;
    int64_t changed_ns; /* time of the last change of content */
    int64_t status_ns;  /* of the last change of anything */
};

struct stamps {
    struct stamp *items; /* owned */
    size_t count;
    size_t capacity;
};

void stamps_init(struct stamps *stamps);
void stamps_done(struct stamps *stamps);
void stamps_clear(struct stamps *stamps);
/* Adds a file as it is now; a path that is there already stays as it was first stamped.
 * Stamp before reading: a change while it is read is then noticed next time. ERR_NOMEM.
 */
MUST_CHECK enum status stamps_add(struct stamps *stamps, const char *path);
/* Does any file differ from its stamp? */
bool stamps_changed(const struct stamps *stamps);
/* Newest time of change of content among existing files, Unix seconds; 0 if there is
 * none. */
int64_t stamps_newest(const struct stamps *stamps);

#endif
