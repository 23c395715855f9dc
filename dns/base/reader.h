/* SPDX-License-Identifier: BSD-2-Clause */
/* A thread that reads published snapshots (liburcu, QSBR): one of the two files that know
 * liburcu; the other is zones/store.c. */
#ifndef DNS_BASE_READER_H
#define DNS_BASE_READER_H

/* Once a thread, before the first read; the thread is online from then on. */
void reader_register(void);
void reader_unregister(void);
/* Nothing that was read before is used any more: between batches. */
void reader_quiescent(void);
/* Before blocking; nothing may be read until reader_online. */
void reader_offline(void);
void reader_online(void);

#endif
