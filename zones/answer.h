/* SPDX-License-Identifier: BSD-2-Clause */
/* RFC 1034 4.3.2, top to bottom: a query and a snapshot → an answer. Static and dynamic
 * names, UDP and TCP, server and explain: all go through here. No allocation, lock, log,
 * or system call. */
#ifndef ZONES_ANSWER_H
#define ZONES_ANSWER_H
#include "dns/answer.h"

struct snapshot;

/* Fills an answer that was begun (answer_begin) for a query of class IN. Out-of-zone
 * names: REFUSED with EDE 20. */
void zone_answer(const struct snapshot *snapshot, const struct query *query,
                 struct answer *answer);

#endif
