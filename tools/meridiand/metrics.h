/* SPDX-License-Identifier: BSD-2-Clause */
/* /metrics: Prometheus text 0.0.4. */
#ifndef TOOLS_MERIDIAND_METRICS_H
#define TOOLS_MERIDIAND_METRICS_H
#include <stdio.h>

struct daemon;

/* Writes all metrics. On the loop. */
void metrics_write(struct daemon *daemon, FILE *out);

#endif
