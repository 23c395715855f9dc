/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration's files, loaded as a server would load them, but without one. */
#ifndef TOOLS_MERIDIANCTL_FILES_H
#define TOOLS_MERIDIANCTL_FILES_H
#include "dns/base/diag.h"
#include "dns/base/status.h"

struct store;

/* Loads all of it; the state folder is neither read nor written. Every message goes to
 * diag. OK also when parts have errors; ERR_INVALID: meridian.yaml itself has. The caller
 * frees the store with store_free. */
MUST_CHECK enum status files_load(const char *config_path, struct diag *diag,
                                  struct store **ret_store);
/* Prints messages to standard error, one a line. */
void files_print(const struct diag *diag);

#endif
