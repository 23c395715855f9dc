/* SPDX-License-Identifier: BSD-2-Clause */
/* The operator's document, edited: the document that `health set` keeps as writer `ctl`
 * (FORMATS.md "health.d"). */
#ifndef TOOLS_MERIDIANCTL_HEALTH_EDIT_H
#define TOOLS_MERIDIANCTL_HEALTH_EDIT_H
#include "dns/base/status.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an entry is about. */
struct health_subject {
    const char *name;    /* of a server, or "pool/NAME" */
    const char *scope;   /* a place word; NULL: everywhere */
    const char *service; /* NULL: all */
};
struct health_word {
    const char *state;
    const char *reason; /* NULL: none */
    double factor;      /* 0: none */
    int64_t until;      /* Unix seconds; 0: open */
};

/* An empty document. */
json_t *health_edit_new(void);
/* A document's bytes (YAML or JSON) as JSON, the caller's. ERR_INVALID: not understood.
 */
MUST_CHECK enum status health_edit_read(const char *bytes, size_t len,
                                        json_t **ret_document);
/* Says it, in place of what was said of this subject. Service lists become maps, so that
 * services can differ. */
void health_edit_set(json_t *document, const struct health_subject *subject,
                     const struct health_word *word);
/* Takes back what was said of exactly this scope and service; of the whole server or pool
 * where both are NULL. False: nothing was. */
bool health_edit_clear(json_t *document, const struct health_subject *subject);
/* Says it anything at all? */
bool health_edit_is_empty(const json_t *document);

#endif
