/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/edns.h"
#include "dns/wire.h"
#include <string.h>

enum {
    OPTION_HEAD = 4,       /* code and length */
    ECS_HEAD = 4,          /* family, source and scope prefix-length */
    CLIENT_COOKIE_LEN = 8, /* RFC 7873 4 */
    COOKIE_WHOLE_MIN = 16,
    FAMILY_NONE = 0,
    FAMILY_V4 = 1,
    FAMILY_V6 = 2,
    FLAG_DO = 0x8000,
};

/* ---- reading ---------------------------------------------------------------------- */

/* RFC 7871 6: ADDRESS is cut to the source length, and bits past it are zero. */
static bool
read_subnet_address(const uint8_t *bytes, size_t len, struct ecs *ecs)
{
    const unsigned max = ecs->family_be_raw == FAMILY_V4 ? 32 : 128;
    const unsigned rest = ecs->source_len % 8;

    if (ecs->source_len > max || len != (ecs->source_len + 7U) / 8)
        return false;
    if (rest && (bytes[len - 1] & (0xff >> rest)))
        return false;
    ecs->address.family = ecs->family_be_raw == FAMILY_V4 ? ADDR_V4 : ADDR_V6;
    memset(ecs->address.bytes, 0, sizeof(ecs->address.bytes));
    wire_copy_few(ecs->address.bytes, bytes, len);
    return true;
}

/* Present only if all of it is sound: what is present is echoed, and address_len has to
 * fit the address. */
static bool
read_subnet(const uint8_t *bytes, size_t len, struct ecs *ecs)
{
    ecs->present = false;
    if (len < ECS_HEAD || bytes[3] != 0) /* SCOPE must be 0 in queries: 7.1.2 */
        return false;
    ecs->family_be_raw = wire_get16(bytes);
    ecs->source_len = bytes[2];
    len -= ECS_HEAD;
    if (ecs->family_be_raw == FAMILY_NONE) {
        ecs->address.family = ADDR_NONE;
        ecs->present = ecs->source_len == 0 && len == 0;
    } else if (ecs->family_be_raw == FAMILY_V4 || ecs->family_be_raw == FAMILY_V6) {
        ecs->present = read_subnet_address(bytes + ECS_HEAD, len, ecs);
    }
    if (ecs->present)
        ecs->address_len = (uint8_t)len;
    return ecs->present;
}

static bool
read_cookie(const uint8_t *bytes, size_t len, struct edns *edns)
{
    if (len != CLIENT_COOKIE_LEN && (len < COOKIE_WHOLE_MIN || len > COOKIE_MAX))
        return false; /* RFC 7873 5.2.2 */
    edns->cookie_len = (uint8_t)len;
    memcpy(edns->cookie, bytes, len);
    return true;
}

/* Unknown options are ignored: RFC 6891 6.1.2. */
static bool
read_option(unsigned code, const uint8_t *bytes, size_t len, bool ecs_enabled,
            struct edns *edns)
{
    if (code == EDNS_CLIENT_SUBNET && ecs_enabled)
        return read_subnet(bytes, len, &edns->ecs);
    if (code == EDNS_COOKIE)
        return read_cookie(bytes, len, edns);
    if (code == EDNS_NSID)
        edns->wants_nsid = true;
    else if (code == EDNS_TCP_KEEPALIVE)
        edns->wants_keepalive = true;
    return true;
}

bool
edns_read_options(const uint8_t *options, size_t len, bool ecs_enabled, struct edns *edns)
{
    while (len >= OPTION_HEAD) {
        const size_t option_len = wire_get16(options + 2);
        if (option_len > len - OPTION_HEAD)
            return false;
        if (!read_option(wire_get16(options), options + OPTION_HEAD, option_len,
                         ecs_enabled, edns))
            return false;
        options += OPTION_HEAD + option_len;
        len -= OPTION_HEAD + option_len;
    }
    return len == 0;
}

/* ---- writing ---------------------------------------------------------------------- */

static size_t
nsid_len(const struct edns_reply *reply)
{
    return reply->query->edns.wants_nsid ? strlen(reply->identity) : 0;
}

static bool
tells_keepalive(const struct edns_reply *reply)
{
    return reply->query->tcp && reply->query->edns.wants_keepalive;
}

size_t
edns_len(const struct edns_reply *reply)
{
    const struct edns *const edns = &reply->query->edns;
    size_t len = EDNS_FIXED_LEN;

    if (!edns->present)
        return 0;
    if (edns->ecs.present)
        len += OPTION_HEAD + ECS_HEAD + edns->ecs.address_len;
    if (reply->answer->has_cookie)
        len += OPTION_HEAD + COOKIE_LEN;
    if (nsid_len(reply) > 0)
        len += OPTION_HEAD + nsid_len(reply);
    if (reply->answer->extended_error >= 0)
        len += OPTION_HEAD + 2;
    if (tells_keepalive(reply))
        len += OPTION_HEAD + 2;
    return len;
}

static uint8_t *
put_option(uint8_t *to, unsigned code, size_t len)
{
    wire_put16(to, code);
    wire_put16(to + 2, (unsigned)len);
    return to + OPTION_HEAD;
}

/* RFC 7871 7.2.1: family, source and address as asked; scope 0 if no prefix was given. */
static uint8_t *
put_subnet(uint8_t *to, const struct ecs *ecs, uint8_t scope)
{
    to = put_option(to, EDNS_CLIENT_SUBNET, ECS_HEAD + ecs->address_len);
    wire_put16(to, ecs->family_be_raw);
    to[2] = ecs->source_len;
    to[3] = ecs->source_len ? scope : 0;
    wire_copy_few(to + ECS_HEAD, ecs->address.bytes, ecs->address_len);
    return to + ECS_HEAD + ecs->address_len;
}

void
edns_write(const struct edns_reply *reply, size_t len, uint8_t *to)
{
    const struct edns *const edns = &reply->query->edns;

    to[0] = 0; /* the root owns it */
    wire_put16(to + 1, RR_TYPE_OPT);
    wire_put16(to + 3, reply->udp_size);
    to[5] = (uint8_t)(reply->answer->rcode >> 4);
    to[6] = EDNS_VERSION;
    wire_put16(to + 7, edns->dnssec_ok ? FLAG_DO : 0);
    wire_put16(to + 9, (unsigned)(len - EDNS_FIXED_LEN));
    to += EDNS_FIXED_LEN;
    len -= EDNS_FIXED_LEN;
    if (edns->ecs.present) {
        to = put_subnet(to, &edns->ecs, reply->answer->scope);
        len -= OPTION_HEAD + ECS_HEAD + edns->ecs.address_len;
    }
    if (len == 0) /* mostly */
        return;
    if (reply->answer->has_cookie) {
        to = put_option(to, EDNS_COOKIE, COOKIE_LEN);
        memcpy(to, reply->answer->cookie, COOKIE_LEN);
        to += COOKIE_LEN;
    }
    const size_t identity_len = nsid_len(reply);
    if (identity_len > 0) {
        to = put_option(to, EDNS_NSID, identity_len);
        memcpy(to, reply->identity, identity_len);
        to += identity_len;
    }
    if (reply->answer->extended_error >= 0) {
        to = put_option(to, EDNS_EXTENDED_ERROR, 2);
        wire_put16(to, (unsigned)reply->answer->extended_error);
        to += 2;
    }
    if (tells_keepalive(reply)) {
        to = put_option(to, EDNS_TCP_KEEPALIVE, 2);
        wire_put16(to, reply->keepalive_100ms);
    }
}
