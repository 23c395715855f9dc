/* SPDX-License-Identifier: BSD-2-Clause */
/* import: a master file as zone YAML. */
#include "zones/import.h"
#include "dns/base/diag.h"
#include "tools/meridianctl/ctl.h"
#include "tools/meridianctl/files.h"
#include <stdio.h>

enum ctl_exit
ctl_import(const struct ctl *ctl)
{
    struct diag diag;

    if (!ctl->origin) {
        ctl_complain("import needs --origin ZONE");
        return CTL_FAILED;
    }
    diag_init(&diag);
    const enum status status =
        import_master(ctl->arguments[0], ctl->origin, stdout, &diag);
    files_print(&diag);
    if (status != OK && diag.error_count == 0)
        ctl_complain("%s: %s", ctl->arguments[0], status_text(status));
    diag_done(&diag);
    return status == OK ? CTL_FINE : CTL_NO;
}
