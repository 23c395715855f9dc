/* SPDX-License-Identifier: BSD-2-Clause */
#include "geoip/ranges.h"
#include "dns/base/addr.h"
#include "dns/base/diag.h"
#include "geoip/trie.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_SIZE = 1024, FIELD_SIZE = 64, FIELDS = 3 };

struct reading {
    const struct ranges_read *read;
    struct diag *diag;
    struct trie *trie;
    uint32_t line;
    size_t count;
    bool asns;
};

static enum status
refuse(const struct reading *reading, const char *what, const char *text)
{
    diag_error(reading->diag,
               (struct diag_at){
                   .file = reading->read->path, .line = reading->line, .column = 1 },
               "%s: '%s'", what, text);
    return ERR_INVALID;
}

/* ---- fields ----------------------------------------------------------------------- */

/* The next field of a CSV line, quotes taken off; what is too long is cut. False: there
 * is none. */
static bool
take_field(const char **at, char field[FIELD_SIZE])
{
    const bool quoted = **at == '"';
    size_t len = 0;

    if (**at == '\0')
        return false;
    *at += quoted;
    while (**at && (quoted ? **at != '"' : **at != ',')) {
        if (len + 1 < FIELD_SIZE)
            field[len++] = **at;
        ++*at;
    }
    *at += quoted && **at == '"';
    *at += **at == ',';
    field[len] = '\0';
    return true;
}

/* An address as text, or IPv4 as a decimal number. */
static bool
parse_address(const char *text, struct addr *ret_addr)
{
    char *end;

    if (addr_parse(text, ret_addr) == OK)
        return true;
    if (!isdigit((unsigned char)*text))
        return false;
    const unsigned long long number = strtoull(text, &end, 10);
    if (*end != '\0' || number > UINT32_MAX)
        return false;
    *ret_addr =
        (struct addr){ .family = ADDR_V4,
                       .bytes = { (uint8_t)(number >> 24), (uint8_t)(number >> 16),
                                  (uint8_t)(number >> 8), (uint8_t)number } };
    return true;
}

/* What a range's third field says; a code of nowhere ("??", "ZZ") is the unknown place.
 */
static enum status
place_of_field(struct reading *reading, const char *text, uint32_t *ret_id)
{
    struct place place = { .special = false };
    char *end;
    const unsigned long long asn = strtoull(text, &end, 10);

    if (isdigit((unsigned char)*text) && *end == '\0' && asn <= UINT32_MAX) {
        reading->asns = true;
        place.asn = (uint32_t)asn;
        place.from[PLACE_ASN] = asn ? reading->read->source : 0;
    } else if (strlen(text) == 2) {
        const char *const continent = country_continent(text);
        if (continent) {
            memcpy(place.country, text, 2);
            memcpy(place.continent, continent, 2);
            place.from[PLACE_COUNTRY] = reading->read->source;
        }
    } else if (text[0] != '\0') {
        return refuse(reading, "neither a country code nor an AS number", text);
    }
    return place_intern(reading->read->places, &place, ret_id);
}

/* ---- ranges → prefixes ---------------------------------------------------------- */

__extension__ typedef unsigned __int128 uint128;

static uint128
to_number(const struct addr *addr)
{
    uint128 number = 0;

    for (unsigned i = 0; i < addr_len(addr); i++)
        number = number << 8 | addr->bytes[i];
    return number;
}

static struct addr
to_address(uint128 number, uint8_t family)
{
    struct addr addr = { .family = family };

    for (unsigned i = addr_len(&addr); i-- > 0; number >>= 8)
        addr.bytes[i] = (uint8_t)number;
    return addr;
}

/* Zero bits below the lowest one that is set; `bits` for 0. */
static unsigned
trailing_zeros(uint128 number, unsigned bits)
{
    const uint64_t low = (uint64_t)number, high = (uint64_t)(number >> 64);

    if (low)
        return (unsigned)__builtin_ctzll(low);
    return high ? 64 + (unsigned)__builtin_ctzll(high) : bits;
}

/* The largest n for which 2^n is at most count; count is not 0. */
static unsigned
log2_of(uint128 count)
{
    const uint64_t low = (uint64_t)count, high = (uint64_t)(count >> 64);

    return high ? 127 - (unsigned)__builtin_clzll(high)
                : 63 - (unsigned)__builtin_clzll(low);
}

/* A range as the fewest prefixes: each time the largest that begins where the last one
 * ended. */
static enum status
set_range(struct reading *reading, const struct addr *first, const struct addr *last,
          uint32_t id)
{
    const unsigned bits = addr_bits(first);
    const uint128 end = to_number(last);
    uint128 start = to_number(first);

    for (;;) {
        const uint128 count = end - start + 1; /* 0: all of IPv6 */
        const unsigned aligned = trailing_zeros(start, bits);
        const unsigned fits = count ? log2_of(count) : bits;
        const unsigned free_bits = aligned < fits ? aligned : fits;
        const struct prefix prefix = { to_address(start, first->family),
                                       (uint8_t)(bits - free_bits) };
        const enum status status = trie_set(reading->trie, &prefix, id);
        if (status != OK || free_bits >= 128)
            return status;
        start += (uint128)1 << free_bits;
        if (start > end || start == 0)
            return OK;
    }
}

static enum status
read_line(struct reading *reading, const char *line)
{
    char fields[FIELDS][FIELD_SIZE];
    struct addr start, end;
    uint32_t id;
    const char *at = line;

    for (size_t i = 0; i < FIELDS; i++) {
        if (!take_field(&at, fields[i]))
            return refuse(reading, "expected start,end,country or start,end,asn", line);
    }
    if (!parse_address(fields[0], &start) || !parse_address(fields[1], &end) ||
        start.family != end.family)
        return refuse(reading, "not a range of addresses", line);
    if (addr_compare(&start, &end) > 0)
        return refuse(reading, "the range ends before it begins", line);
    enum status status = place_of_field(reading, fields[2], &id);
    if (status == OK)
        status = set_range(reading, &start, &end, id);
    reading->count++;
    return status;
}

static enum status
read_lines(struct reading *reading)
{
    char line[LINE_SIZE];

    while (fgets(line, sizeof(line), reading->read->file)) {
        reading->line++;
        const size_t len = strcspn(line, "\r\n");
        if (line[len] == '\0' && len + 1 == sizeof(line))
            return refuse(reading, "a line of more than 1,000 bytes", "");
        line[len] = '\0';
        if (line[0] == '#' || line[0] == '\0')
            continue;
        const enum status status = read_line(reading, line);
        if (status != OK)
            return status;
    }
    if (reading->count == 0)
        return refuse(reading, "no range is in it", "");
    return OK;
}

enum status
ranges_load(const struct ranges_read *read, struct diag *diag,
            struct ranges_result *ret_result)
{
    struct reading reading = { .read = read,
                               .diag = diag,
                               .trie = trie_new(PLACE_UNKNOWN) };

    if (!reading.trie)
        return ERR_NOMEM;
    const enum status status = read_lines(&reading);
    if (status != OK) {
        trie_free(reading.trie);
        return status;
    }
    *ret_result = (struct ranges_result){ .trie = reading.trie,
                                          .type = reading.asns ? "asns" : "countries",
                                          .network_count = reading.count };
    return OK;
}
