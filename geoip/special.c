/* SPDX-License-Identifier: BSD-2-Clause */
#include "geoip/special.h"

static const char *const prefixes[] = {
    "0.0.0.0/8",       /* this network, RFC 791 3.2 */
    "10.0.0.0/8",      /* private, RFC 1918 */
    "100.64.0.0/10",   /* shared, RFC 6598 */
    "127.0.0.0/8",     /* loopback, RFC 1122 3.2.1.3 */
    "169.254.0.0/16",  /* link-local, RFC 3927 */
    "172.16.0.0/12",   /* private, RFC 1918 */
    "192.0.0.0/24",    /* protocol assignments, RFC 6890 2.1 */
    "192.0.2.0/24",    /* documentation, RFC 5737 */
    "192.88.99.0/24",  /* relays of 6to4, RFC 3068 */
    "192.168.0.0/16",  /* private, RFC 1918 */
    "198.18.0.0/15",   /* benchmarks, RFC 2544 */
    "198.51.100.0/24", /* documentation, RFC 5737 */
    "203.0.113.0/24",  /* documentation, RFC 5737 */
    "224.0.0.0/4",     /* multicast, RFC 5771 */
    "240.0.0.0/4",     /* reserved, RFC 1112 4 */
    "::/128",          /* unspecified, RFC 4291 2.5.2 */
    "::1/128",         /* loopback, RFC 4291 2.5.3 */
    "64:ff9b:1::/48",  /* local translation, RFC 8215 */
    "100::/64",        /* discard, RFC 6666 */
    "2001::/23",       /* protocol assignments, RFC 2928 */
    "2001:db8::/32",   /* documentation, RFC 3849 */
    "3fff::/20",       /* documentation, RFC 9637 */
    "5f00::/16",       /* SRv6 SIDs, RFC 9602 */
    "fc00::/7",        /* unique local, RFC 4193 */
    "fe80::/10",       /* link-local, RFC 4291 2.5.6 */
    "ff00::/8",        /* multicast, RFC 4291 2.7 */
    0,
};

const char *const *
special_prefixes(void)
{
    return prefixes;
}
