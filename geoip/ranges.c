/* SPDX-License-Identifier: BSD-2-Clause */
#include "geoip/ranges.h"
#include "dns/base/addr.h"
#include "dns/base/diag.h"
#include "geoip/trie.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_LEN = 1000, FIELD_SIZE = 64, FIELDS = 3 };

struct reading {
    const struct ranges_read *read;
    struct diag *diag;
    struct trie *trie;
    uint32_t line;
    size_t count;
    bool asns;
    bool useful; /* some range says something */
};

static enum status
refuse_line(const struct reading *reading, const char *what)
{
    diag_error(reading->diag,
               (struct diag_at){
                   .file = reading->read->path, .line = reading->line, .column = 1 },
               "%s", what);
    return ERR_INVALID;
}

static enum status
refuse(const struct reading *reading, const char *what, const char *text)
{
    diag_error(reading->diag,
               (struct diag_at){
                   .file = reading->read->path, .line = reading->line, .column = 1 },
               "%s: '%s'", what, text);
    return ERR_INVALID;
}

static enum status
refuse_file(const struct reading *reading, const char *what)
{
    diag_error(reading->diag, (struct diag_at){ .file = reading->read->path }, "%s",
               what);
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

/* Decimal digits alone, of a number that an address may be. */
static bool
parse_number(const char *text, uint128 *ret_number)
{
    const uint128 most = ~(uint128)0;
    uint128 number = 0;

    if (*text == '\0')
        return false;
    for (; *text; text++) {
        const unsigned digit = (unsigned)*text - '0';
        if (digit > 9 || number > (most - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    *ret_number = number;
    return true;
}

/* An address as text, or as a decimal number: below 2^32 of IPv4, else of IPv6. */
static bool
parse_address(const char *text, struct addr *ret_addr)
{
    uint128 number;

    if (addr_parse(text, ret_addr) == OK)
        return true;
    if (!parse_number(text, &number))
        return false;
    *ret_addr = to_address(number, number > UINT32_MAX ? ADDR_V6 : ADDR_V4);
    return true;
}

/* What a range's third field says; a code of nowhere ("??", "ZZ") is the unknown place.
 */
static enum status
place_of_field(struct reading *reading, const char *text, uint32_t *ret_id)
{
    struct place place = { .special = false };
    uint128 asn;

    if (parse_number(text, &asn) && asn <= UINT32_MAX) {
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
    reading->useful = reading->useful || place.asn || place.country[0];
    return place_intern(reading->read->places, &place, ret_id);
}

/* ---- ranges → prefixes ---------------------------------------------------------- */

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

/* Takes the line's end off. *ret_ended: it had one. */
static enum status
end_line(struct reading *reading, char *line, size_t len, bool *ret_ended)
{
    *ret_ended = len > 0 && line[len - 1] == '\n';
    while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
        len--;
    line[len] = '\0';
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)line[i] < ' ' && line[i] != '\t')
            return refuse_line(reading, "neither a MaxMind database nor text; is the "
                                        "file cut short?");
    }
    return len > LINE_MAX_LEN ? refuse_line(reading, "a line of more than 1,000 bytes")
                              : OK;
}

static enum status
read_lines(struct reading *reading)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    bool ended = true;
    enum status status = OK;

    while (status == OK && (len = getline(&line, &room, reading->read->file)) > 0) {
        reading->line++;
        status = end_line(reading, line, (size_t)len, &ended);
        if (status == OK && line[0] != '#' && line[0] != '\0')
            status = read_line(reading, line);
    }
    free(line);
    if (status != OK)
        return status;
    /* "…,DE" is whole, "…,13" may have been "…,13335". */
    if (!ended && reading->asns)
        return refuse_line(reading, "the last line has no end; is the file cut short?");
    if (ferror(reading->read->file))
        return refuse_file(reading, "cannot be read");
    if (!reading->useful)
        return refuse_file(reading, reading->count ? "no country or ASN is in it"
                                                   : "no range is in it");
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
