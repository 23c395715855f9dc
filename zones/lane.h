/* SPDX-License-Identifier: BSD-2-Clause */
/* A build lane: one thread that does jobs in order, and calls `tick` when a set time has
 * come. */
#ifndef ZONES_LANE_H
#define ZONES_LANE_H
#include "dns/base/status.h"
#include <stdint.h>

struct lane;

typedef void (*lane_fn)(void *context);

/* name: of the thread, at most 15 bytes. tick (may be NULL) is called in the lane's
 * thread at the time that lane_set_tick named; it is due once only. */
MUST_CHECK enum status lane_start(const char *name, lane_fn tick, void *context,
                                  struct lane **ret_lane);
/* Finishes the queued jobs, joins the thread, frees. NULL is fine. */
void lane_stop(struct lane *lane);
/* Queues job(context). ERR_NOMEM; ERR_IO: the lane has ended (NULL). Any thread. */
MUST_CHECK enum status lane_post(struct lane *lane, lane_fn job, void *context);
/* When tick is due: Unix seconds; 0: never. Any thread. */
void lane_set_tick(struct lane *lane, int64_t unix_s);

#endif
