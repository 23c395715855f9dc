/* SPDX-License-Identifier: BSD-2-Clause */
/* An answerer without zones, and a server over it on loopback, for tests of the wire. It
 * knows "nCOUNT.…" (so many A records, 10.0.0.0 and on), "who.…" (one A or AAAA record:
 * who asks) and "fail.…" (SERVFAIL); everything else does not exist. */
#ifndef TESTS_LIB_STUB_H
#define TESTS_LIB_STUB_H
#include "dns/server.h"
#include "dns/stats.h"

enum { STUB_RECORDS_MAX = 4000, STUB_LISTEN_MAX = 4, STUB_SCOPE = 20 };

struct stub {
    struct answerer answerer;
    struct serve_settings settings;
    struct rrset *sets[STUB_RECORDS_MAX + 1]; /* made at first; shared by all workers */
};

/* The sets for these counts of records, which end with 0. */
void stub_init(struct stub *stub, const unsigned *counts);
void stub_done(struct stub *stub);

/* ---- a server over it ------------------------------------------------------------- */

struct stub_server {
    struct stub stub;
    struct server *server;
    const struct endpoint *endpoints; /* as bound */
    size_t endpoint_count;
};

/* listen: "ADDRESS@PORT", separated by blanks. Fails the test if it cannot start. */
void stub_start(struct stub_server *server, const char *listen, unsigned workers,
                unsigned clients_max, unsigned idle_ms);
void stub_stop(struct stub_server *server);

/* ---- clients ---------------------------------------------------------------------- */

/* Sockets that give up after ten seconds. from: the address to ask from, or NULL. */
int client_udp(const struct endpoint *to, const char *from);
int client_tcp(const struct endpoint *to);
enum { CLIENT_QUERY_MAX = 600, CLIENT_REPLY_MAX = 65535 };
/* A query for a name's addresses: A, or AAAA where the client is. edns_size 0: without
 * OPT. Behind two bytes of length, so query + 2 is for UDP. Returns the length without
 * these. */
size_t client_query(uint8_t query[CLIENT_QUERY_MAX], unsigned id, const char *name,
                    unsigned edns_size);
/* One reply of a TCP stream. 0: the stream has ended. */
size_t client_read(int fd, uint8_t reply[CLIENT_REPLY_MAX]);
void client_write(int fd, const void *bytes, size_t len);

/* Of a reply: its parts. */
unsigned reply_id(const uint8_t *reply);
unsigned reply_rcode(const uint8_t *reply);
bool reply_truncated(const uint8_t *reply);
unsigned reply_answers(const uint8_t *reply);

#endif
