/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as text ranges: refused with an error, or a trie that has something to say.
 */
#include "dns/base/diag.h"
#include "geoip/ranges.h"
#include "geoip/trie.h"
#include <stdlib.h>
#include <string.h>

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
    if (place->country[0] && !country_continent(place->country))
        abort();
    return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* a copy: fmemopen takes no const, nor a size of 0 */
    uint8_t *const bytes = calloc(1, size + 1);
    FILE *const file = bytes ? fmemopen(bytes, size ? size : 1, "r") : NULL;
    struct place_table *const places = place_table_new();
    struct ranges_result result;
    struct diag diag;

    diag_init(&diag);
    if (bytes)
        memcpy(bytes, data, size);
    if (file && places) {
        const struct ranges_read read = { "fuzz.csv", file, 1, places };
        const enum status status = ranges_load(&read, &diag, &result);
        if ((status == OK) != (diag.error_count == 0) ||
            (status == OK && (result.network_count == 0 || place_count(places) <= 2)))
            abort();
        if (status == OK) {
            trie_walk(result.trie, check_leaf, places);
            trie_free(result.trie);
        }
    }
    if (file)
        (void)fclose(file);
    free(bytes);
    place_table_free(places);
    diag_done(&diag);
    return 0;
}
