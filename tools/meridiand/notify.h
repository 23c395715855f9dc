/* SPDX-License-Identifier: BSD-2-Clause */
/* Tells systemd about us (sd_notify's protocol), where it listens. */
#ifndef TOOLS_MERIDIAND_NOTIFY_H
#define TOOLS_MERIDIAND_NOTIFY_H

/* Sends "READY=1" and the like to $NOTIFY_SOCKET; does nothing where there is none. */
void notify(const char *message);

#endif
