/* SPDX-License-Identifier: BSD-2-Clause */
/* What the paths of the HTTP API do; for http.c alone. */
#ifndef TOOLS_MERIDIAND_HTTP_API_H
#define TOOLS_MERIDIAND_HTTP_API_H
#include "tools/meridiand/http_reply.h"

void api_status(const struct asked *asked);
void api_zones(const struct asked *asked);
void api_zone(const struct asked *asked,
              const char *name); /* /v1/zones/NAME: its records */
void api_health(const struct asked *asked);
void api_document(const struct asked *asked,
                  const char *writer);                        /* GET /v1/health/WRITER */
void api_push(const struct asked *asked, const char *writer); /* PUT */
void api_delete(const struct asked *asked, const char *writer); /* DELETE */
void api_reload(const struct asked *asked);
void api_explain(const struct asked *asked);
void api_metrics(const struct asked *asked);
void api_page(const struct asked *asked);

#endif
