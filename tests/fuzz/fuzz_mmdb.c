/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a MaxMind database: refused with an error, or a sound trie of sound
 * places. */
#include "dns/base/diag.h"
#include "geoip/mmdb.h"
#include "geoip/trie.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's own name */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
check_leaf(void *context, const struct prefix *prefix, uint32_t value)
{
    const struct place_table *const places = context;

    (void)prefix;
    if (value >= place_count(places))
        abort();
    const struct place *const place = place_get(places, value);
    const bool has_country = place->country[0] != '\0';
    if ((has_country && !country_continent(place->country)) ||
        (place->subdivision[0] &&
         (!has_country || memcmp(place->subdivision, place->country, 2) != 0)))
        abort();
    if (!(fabsf(place->latitude) <= 90) || !(fabsf(place->longitude) <= 180))
        abort();
    return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const int fd = memfd_create("fuzz", MFD_CLOEXEC);
    struct place_table *const places = place_table_new();
    struct mmdb_result result;
    struct diag diag;

    diag_init(&diag);
    if (fd >= 0 && places && write(fd, data, size) == (ssize_t)size) {
        const struct mmdb_read read = { "fuzz.mmdb", fd, 1, places };
        const enum status status = mmdb_load(&read, &diag, &result);
        if ((status == OK) != (diag.error_count == 0))
            abort();
        if (status == OK) {
            trie_walk(result.trie, check_leaf, places);
            trie_free(result.trie);
        }
    }
    close(fd);
    place_table_free(places);
    diag_done(&diag);
    return 0;
}
