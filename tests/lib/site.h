/* SPDX-License-Identifier: BSD-2-Clause */
/* A whole configuration, loaded from files made for it, and served in this process: all
 * of the server but its sockets. For tests and fuzz targets that need real answers. */
#ifndef TESTS_LIB_SITE_H
#define TESTS_LIB_SITE_H
#include "dns/serve.h"
#include "dns/stats.h"

struct store;
struct store_view;

struct site {
    struct store *store;
    const struct store_view *view;
    struct stats stats;
    struct serve serve; /* large */
};

/* A zone yourdomain.com with static names of all kinds, large sets and dynamic names, as
 * in tools/example, and example.org with a delegation, a DNAME and wildcards. Aborts on
 * any error. */
void site_open(struct site *site);
void site_close(struct site *site);

/* serve_message with this site's snapshot; the same input gives the same reply. */
struct site_question {
    const uint8_t *message;
    size_t len;
    struct addr source;
    bool tcp;
};
size_t site_ask(struct site *site, const struct site_question *question, uint8_t *reply);
enum { SITE_REPLY_MAX = 65535, SITE_UDP_SIZE = 1232 };

#endif
