/* SPDX-License-Identifier: BSD-2-Clause */
/* Random prefixes laid over each other: trie and map give each address what reading the
 * prefixes from the last to the first gives. The leaves cover everything, never overlap,
 * and are merged as far as they can be; and so are the scopes of a map, beside blocks
 * that hide IPv4. Great circles agree with another formula. SEED=n repeats a run. */
#include "geoip/distance.h"
#include "geoip/map.h"
#include "geoip/trie.h"
#include "tests/lib/geo.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { ROUNDS = 150, PREFIXES_MAX = 120, ADDRS = 400, VALUES = 6, UNLOCATED = 77 };

static uint64_t
random64(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15U;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    return z ^ z >> 31;
}

static uint64_t
start_seed(void)
{
    const char *const set = getenv("SEED");
    const uint64_t seed = set ? strtoull(set, NULL, 10) : (uint64_t)time(NULL);

    print_message("# SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

/* ---- prefixes --------------------------------------------------------------------- */

struct layer {
    struct prefix prefix;
    uint32_t value;
};

/* Few different bits, so that prefixes nest and touch; some near hidden IPv4. */
static struct addr
random_addr(uint64_t *seed, uint8_t family)
{
    static const char *const near[] = { "2001::",
                                        "2002::",
                                        "2003::",
                                        "64:ff9b::",
                                        "::ffff:0:0",
                                        "::",
                                        "64:ff9b:0:0:0:1::",
                                        "2001:1::" };
    struct addr addr = { .family = family };

    for (unsigned i = 0; i < addr_len(&addr); i++)
        addr.bytes[i] = random64(seed) % 3 ? (uint8_t)(random64(seed) % 4 * 0x55)
                                           : (uint8_t)random64(seed);
    if (family == ADDR_V6 && random64(seed) % 3 == 0) {
        const unsigned kept = (unsigned)(random64(seed) % 13);
        const struct addr block = geo_addr(near[random64(seed) % 8]);
        memcpy(addr.bytes, block.bytes, kept);
    }
    return addr;
}

static struct layer
random_layer(uint64_t *seed)
{
    const uint8_t family = random64(seed) % 2 ? ADDR_V4 : ADDR_V6;
    struct layer layer = { { .addr = random_addr(seed, family) },
                           (uint32_t)(random64(seed) % VALUES) };
    const unsigned most = addr_bits(&layer.prefix.addr);

    layer.prefix.len = (uint8_t)(random64(seed) % (random64(seed) % 2 ? 12 : most + 1));
    addr_mask(&layer.prefix.addr, layer.prefix.len);
    return layer;
}

/* The naive way: the last prefix that contains the address. */
static uint32_t
naive(const struct layer *layers, size_t count, const struct addr *addr)
{
    for (size_t i = count; i-- > 0;) {
        if (prefix_contains(&layers[i].prefix, addr))
            return layers[i].value;
    }
    return 0;
}

/* As a map looks: IPv4 hidden in IPv6 is IPv4. */
static uint32_t
naive_hidden(const struct layer *layers, size_t count, const struct addr *addr)
{
    static const struct {
        const char *block;
        unsigned at, turned;
    } blocks[] = { { "::ffff:0:0/96", 12, 0 },
                   { "2002::/16", 2, 0 },
                   { "64:ff9b::/96", 12, 0 },
                   { "2001::/32", 12, 0xff } };

    for (size_t i = 0; addr->family == ADDR_V6 && i < 4; i++) {
        const struct prefix block = geo_prefix(blocks[i].block);
        struct addr v4 = { .family = ADDR_V4 };
        if (!prefix_contains(&block, addr))
            continue;
        for (unsigned b = 0; b < 4; b++)
            v4.bytes[b] = (uint8_t)(addr->bytes[blocks[i].at + b] ^ blocks[i].turned);
        return naive(layers, count, &v4);
    }
    return naive(layers, count, addr);
}

/* ---- the trie --------------------------------------------------------------------- */

/* Leaves as they come: each begins where the last one ended, and is no half of what could
 * be one leaf. */
struct partition {
    struct prefix last;
    uint32_t last_value;
    struct addr next; /* where the next leaf must begin */
    bool any, ended;  /* the family's last address is covered */
    size_t wrong, count;
};

/* The first address past a prefix; false if there is none. */
static bool
step_past(const struct prefix *prefix, struct addr *ret_next)
{
    *ret_next = prefix->addr;
    for (unsigned bit = prefix->len; bit-- > 0;) {
        const uint8_t mask = (uint8_t)(0x80U >> bit % 8);
        ret_next->bytes[bit / 8] ^= mask;
        if (ret_next->bytes[bit / 8] & mask)
            return true;
    }
    return false;
}

static bool
are_siblings(const struct prefix *a, const struct prefix *b)
{
    struct prefix parent = *a;

    if (a->len != b->len || a->len == 0)
        return false;
    parent.len--;
    addr_mask(&parent.addr, parent.len);
    return prefix_covers(&parent, b) && !prefix_equal(a, b);
}

static bool
check_leaf(void *context, const struct prefix *prefix, uint32_t value)
{
    struct partition *const is = context;
    const bool first = !is->any || is->last.addr.family != prefix->addr.family;
    const struct addr zero = { .family = prefix->addr.family };
    const struct addr *const begin = first ? &zero : &is->next;

    if (!addr_equal(&prefix->addr, begin) || (first && is->any && !is->ended) ||
        (!first && is->ended))
        is->wrong++;
    if (!first && value == is->last_value && are_siblings(&is->last, prefix))
        is->wrong++;
    is->ended = !step_past(prefix, &is->next);
    is->last = *prefix;
    is->last_value = value;
    is->any = true;
    is->count++;
    return true;
}

static struct trie *
make_trie(const struct layer *layers, size_t count)
{
    static const uint32_t same[VALUES] = { 0, 1, 2, 3, 4, 5 };
    struct trie *const trie = trie_new(0);
    struct trie *folded = NULL;

    assert_non_null(trie);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(trie_set(trie, &layers[i].prefix, layers[i].value), OK);
    assert_int_equal(trie_fold(trie, same, &folded), OK);
    trie_free(trie);
    return folded;
}

/* The same by overlaying: the first half, and over it the second. */
static uint32_t
upper_or_lower(void *context, uint32_t lower, uint32_t upper)
{
    (void)context;
    return upper == VALUES ? lower : upper;
}

static struct trie *
make_by_overlay(const struct layer *layers, size_t count)
{
    struct trie *const lower = make_trie(layers, count / 2);
    struct trie *const upper = trie_new(VALUES); /* stands for "nothing here" */
    struct trie *joined = NULL;

    for (size_t i = count / 2; i < count; i++)
        assert_int_equal(trie_set(upper, &layers[i].prefix, layers[i].value), OK);
    assert_int_equal(trie_overlay(lower, upper, upper_or_lower, NULL, &joined), OK);
    trie_free(lower);
    trie_free(upper);
    return joined;
}

/* ---- comparing -------------------------------------------------------------------- */

static struct addr
neighbour(uint64_t *seed, const struct addr *addr, unsigned len)
{
    struct addr other = *addr;

    for (unsigned bit = len; bit < addr_bits(addr); bit++) {
        if (random64(seed) % 2)
            other.bytes[bit / 8] ^= (uint8_t)(0x80U >> bit % 8);
    }
    return other;
}

/* An address of, beside, or just past a layer; or anywhere. */
static struct addr
address_near(uint64_t *seed, const struct layer *layers, size_t count)
{
    const struct layer *const layer = &layers[random64(seed) % count];
    struct addr addr = random_addr(seed, random64(seed) % 2 ? ADDR_V4 : ADDR_V6);

    switch (random64(seed) % 4) {
    case 0: return addr;
    case 1: return layer->prefix.addr;
    case 2: return neighbour(seed, &layer->prefix.addr, layer->prefix.len);
    default: break;
    }
    return step_past(&layer->prefix, &addr) ? addr : layer->prefix.addr;
}

struct compared {
    const struct layer *layers;
    size_t count;
    const struct trie *trie;
    const struct geo_map *map;
};

/* Another address of the same scope gets the same value in the same scope. */
static bool
is_right(uint64_t *seed, const struct compared *is, const struct addr *addr)
{
    const uint8_t whole = (uint8_t)addr_bits(addr);
    uint8_t len = 0;
    const uint32_t value = trie_find(is->trie, addr, &len);
    const struct geo_hit hit = geo_map_find(is->map, addr, whole, UNLOCATED);

    if (value != naive(is->layers, is->count, addr) ||
        hit.value != naive_hidden(is->layers, is->count, addr) || hit.len > whole ||
        (addr->family == ADDR_V4 && hit.len != len))
        return false;
    for (unsigned turn = 0; turn < 4; turn++) {
        struct addr other = neighbour(seed, addr, hit.len);
        if (turn == 3) /* what differs in one bit of the scope alone */
            other = neighbour(seed, addr, whole);
        const struct geo_hit there = geo_map_find(is->map, &other, whole, UNLOCATED);
        struct prefix scope = { *addr, hit.len };
        addr_mask(&scope.addr, hit.len);
        const bool within = prefix_contains(&scope, &other);
        if (within && (there.value != hit.value || there.len != hit.len))
            return false;
    }
    return true;
}

/* The scope cannot be one bit shorter: the sibling differs, or is cut in pieces, or a
 * block of hidden IPv4 lies there. */
static bool
is_widest(const struct compared *is, const struct addr *addr)
{
    const uint8_t whole = (uint8_t)addr_bits(addr);
    const struct geo_hit hit = geo_map_find(is->map, addr, whole, UNLOCATED);
    struct addr beside = *addr, v4;
    uint8_t extra = 0;

    if (hit.len == 0)
        return true;
    addr_mask(&beside, hit.len);
    beside.bytes[(hit.len - 1) / 8] ^= (uint8_t)(0x80U >> (hit.len - 1) % 8);
    if (addr->family == ADDR_V6) { /* within a block its own length is the bound */
        struct prefix sibling = { beside, hit.len };
        const char *const blocks[] = { "::ffff:0:0/96", "2002::/16", "64:ff9b::/96",
                                       "2001::/32" };
        if (addr_hidden_v4(addr, whole, &v4, &extra) > 0)
            return true;
        for (size_t i = 0; i < 4; i++) {
            const struct prefix block = geo_prefix(blocks[i]);
            if (prefix_covers(&sibling, &block))
                return true;
        }
    }
    const struct geo_hit there = geo_map_find(is->map, &beside, whole, UNLOCATED);
    return there.value != hit.value || there.len != hit.len;
}

static size_t
count_wrong(uint64_t *seed, const struct compared *is)
{
    struct partition partition = { .wrong = 0 };
    size_t wrong = 0;
    char text[ADDR_TEXT_SIZE];

    trie_walk(is->trie, check_leaf, &partition);
    if (partition.wrong || !partition.ended || partition.last.addr.family != ADDR_V6) {
        print_message("# %zu of %zu leaves are wrong\n", partition.wrong,
                      partition.count);
        wrong++;
    }
    for (size_t n = 0; n < ADDRS; n++) {
        const struct addr addr = address_near(seed, is->layers, is->count);
        if (is_right(seed, is, &addr) && is_widest(is, &addr))
            continue;
        print_message("# address %s\n", addr_text(&addr, text));
        wrong++;
    }
    return wrong;
}

static size_t
try_world(uint64_t *seed)
{
    struct layer layers[PREFIXES_MAX];
    const size_t count = 1 + random64(seed) % PREFIXES_MAX;
    struct geo_map *map;

    for (size_t i = 0; i < count; i++)
        layers[i] = random_layer(seed);
    struct trie *const trie = make_trie(layers, count);
    struct trie *const other = make_by_overlay(layers, count);
    assert_true(trie_equal(trie, other));
    assert_true(trie_hash(trie) == trie_hash(other));
    assert_int_equal(geo_map_new(trie, &map), OK);
    const struct compared compared = { layers, count, trie, map };
    const size_t wrong = count_wrong(seed, &compared);
    geo_map_free(map);
    trie_free(trie);
    trie_free(other);
    return wrong;
}

static void
tries_and_maps_agree_with_reading_the_prefixes(void **state)
{
    const uint64_t start = start_seed();

    (void)state;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        const unsigned long long seeded = start + round;
        uint64_t seed = seeded;
        const size_t wrong = try_world(&seed);
        if (wrong)
            print_message("# SEED=%llu finds %zu\n", seeded, wrong);
        assert_int_equal(wrong, 0);
    }
}

/* Large enough for the large first tables of both families. */
static void
a_large_map_agrees_with_its_trie(void **state)
{
    uint64_t seed = start_seed();
    struct trie *const trie = trie_new(0);
    struct geo_map *map;
    size_t wrong = 0;

    (void)state;
    for (unsigned i = 0; i < 120000; i++) {
        struct layer layer = { { .addr.family = i % 2 ? ADDR_V4 : ADDR_V6 },
                               (uint32_t)(random64(&seed) % 1000) };
        for (unsigned b = 0; b < addr_len(&layer.prefix.addr); b++)
            layer.prefix.addr.bytes[b] = (uint8_t)random64(&seed);
        layer.prefix.addr.bytes[0] |= (uint8_t)(i % 2 ? 0 : 0x80); /* past hidden IPv4 */
        layer.prefix.len =
            (uint8_t)(i % 2 ? 8 + random64(&seed) % 25 : 12 + random64(&seed) % 117);
        addr_mask(&layer.prefix.addr, layer.prefix.len);
        assert_int_equal(trie_set(trie, &layer.prefix, layer.value), OK);
    }
    assert_int_equal(geo_map_new(trie, &map), OK);
    for (unsigned i = 0; i < 200000; i++) {
        struct addr addr = { .family = i % 2 ? ADDR_V4 : ADDR_V6 };
        uint8_t len = 0;
        for (unsigned b = 0; b < addr_len(&addr); b++)
            addr.bytes[b] = (uint8_t)random64(&seed);
        addr.bytes[0] |= (uint8_t)(i % 2 ? 0 : 0x80);
        const uint32_t value = trie_find(trie, &addr, &len);
        const struct geo_hit hit =
            geo_map_find(map, &addr, (uint8_t)addr_bits(&addr), UNLOCATED);
        wrong += hit.value != value || hit.len != len;
    }
    assert_int_equal(wrong, 0);
    geo_map_free(map);
    trie_free(trie);
}

/* ---- great circles ---------------------------------------------------------------- */

/* The angle between two vectors from the centre of the Earth, by cross and dot product.
 */
static double
by_vectors(const struct location *a, const struct location *b)
{
    const double to_radians = 3.14159265358979323846 / 180;
    double v[2][3];
    const struct location *const both[] = { a, b };

    for (size_t i = 0; i < 2; i++) {
        const double up = both[i]->latitude * to_radians;
        const double along = both[i]->longitude * to_radians;
        v[i][0] = cos(up) * cos(along);
        v[i][1] = cos(up) * sin(along);
        v[i][2] = sin(up);
    }
    const double x = v[0][1] * v[1][2] - v[0][2] * v[1][1];
    const double y = v[0][2] * v[1][0] - v[0][0] * v[1][2];
    const double z = v[0][0] * v[1][1] - v[0][1] * v[1][0];
    const double dot = v[0][0] * v[1][0] + v[0][1] * v[1][1] + v[0][2] * v[1][2];
    return 6371.0 * atan2(sqrt(x * x + y * y + z * z), dot);
}

static struct location
random_location(uint64_t *seed)
{
    struct location at = { (double)(random64(seed) % 180001) / 1000 - 90,
                           (double)(random64(seed) % 360001) / 1000 - 180 };

    if (random64(seed) % 8 == 0)
        at.latitude = random64(seed) % 2 ? 90 : -90;
    if (random64(seed) % 8 == 0)
        at.longitude = random64(seed) % 2 ? 180 : -180;
    return at;
}

static void
great_circles_agree_with_vectors(void **state)
{
    uint64_t seed = start_seed();

    (void)state;
    for (unsigned i = 0; i < 200000; i++) {
        const struct location a = random_location(&seed);
        struct location b = random_location(&seed);
        if (i % 5 == 0) /* the other side of the Earth, nearly */
            b = (struct location){ -a.latitude,
                                   a.longitude + (a.longitude > 0 ? -180 : 180) };
        if (i % 7 == 0) /* next door */
            b = (struct location){ a.latitude,
                                   a.longitude + (a.longitude > 0 ? -1e-5 : 1e-5) };
        const double km = distance_km(&a, &b);
        const double off = km - by_vectors(&a, &b);
        if (!(km >= 0 && km <= 20015.1) || !(off < 0.01 && off > -0.01))
            fail_msg("%f,%f to %f,%f is %f km, off by %f", a.latitude, a.longitude,
                     b.latitude, b.longitude, km, off);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tries_and_maps_agree_with_reading_the_prefixes),
        cmocka_unit_test(a_large_map_agrees_with_its_trie),
        cmocka_unit_test(great_circles_agree_with_vectors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
