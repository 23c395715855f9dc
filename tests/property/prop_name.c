/* SPDX-License-Identifier: BSD-2-Clause */
/* Random names: what we parse, print, fold, compare and cut is what ldns makes of them.
 * SEED=n repeats a run. */
#include "dns/name.h"
#include "tests/lib/random.h"
#include <ldns/ldns.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { ROUNDS = 20000, TEXTS = 40000, TEXT_LEN_MAX = 300 };

static uint64_t seed_of_run;

/* ---- names ------------------------------------------------------------------------ */

static uint8_t
random_byte(uint64_t *seed)
{
    static const char odd[] = "aAbBzZ@[`{.\\\"$;()* -_09";

    if (random_below(seed, 8) == 0)
        return (uint8_t)random_below(seed, 256);
    return (uint8_t)odd[random_below(seed, sizeof(odd) - 1)];
}

/* Short ones mostly, but the longest and the deepest, too. */
static void
random_name(uint64_t *seed, uint8_t name[NAME_LEN_MAX])
{
    static const unsigned label_max[] = { 1, 1, 3, 8, 63 };
    const unsigned most = label_max[random_below(seed, 5)];
    const unsigned size = random_below(seed, 3) ? 1 + random_below(seed, 20) : 255;
    unsigned at = 0;

    for (;;) {
        const unsigned len = random_below(seed, 4) ? 1 + random_below(seed, most) : most;
        if (at + 1 + len + 1 > size)
            break;
        name[at++] = (uint8_t)len;
        for (unsigned i = 0; i < len; i++)
            name[at++] = random_byte(seed);
    }
    name[at] = 0;
}

/* A name near another: the same but for case, an ancestor, or one byte away. */
static void
near_name(uint64_t *seed, const uint8_t *name, uint8_t near[NAME_LEN_MAX])
{
    unsigned chops = random_below(seed, 3) ? 0 : random_below(seed, 4);

    while (chops-- > 0 && *name)
        name = name_parent(name);
    memcpy(near, name, name_len(name));
    for (unsigned at = 0; near[at]; at += near[at] + 1U) {
        for (unsigned i = at + 1; i <= at + near[at]; i++) {
            const bool letter = (near[i] | 0x20) >= 'a' && (near[i] | 0x20) <= 'z';
            if (letter && random_below(seed, 2))
                near[i] ^= 0x20;
            else if (random_below(seed, 40) == 0)
                near[i] = random_byte(seed);
        }
    }
}

static ldns_rdf *
to_ldns(const uint8_t *name)
{
    ldns_rdf *const dname = ldns_dname_new_frm_data((uint16_t)name_len(name), name);

    assert_non_null(dname);
    return dname;
}

static void
assert_same_name(const ldns_rdf *dname, const uint8_t *name)
{
    assert_non_null(dname);
    assert_int_equal(ldns_rdf_size(dname), name_len(name));
    assert_memory_equal(ldns_rdf_data(dname), name, name_len(name));
}

/* ---- properties ------------------------------------------------------------------- */

static void
check_text(const uint8_t *name, const ldns_rdf *dname)
{
    char text[NAME_TEXT_SIZE];
    uint8_t parsed[NAME_LEN_MAX];
    char *const ldns_text = ldns_rdf2str(dname);
    ldns_rdf *const again = ldns_dname_new_frm_str(name_to_text(name, text));

    assert_same_name(again, name);
    assert_int_equal(name_from_text(text, NULL, parsed), OK);
    assert_memory_equal(parsed, name, name_len(name));
    /* ldns prints a blank as \032, so nothing of its text is foreign to us */
    assert_int_equal(name_from_text(ldns_text, NULL, parsed), OK);
    assert_memory_equal(parsed, name, name_len(name));
    ldns_rdf_deep_free(again);
    free(ldns_text);
}

static void
check_alone(const uint8_t *name, const ldns_rdf *dname)
{
    uint8_t folded[NAME_LEN_MAX], in_place[NAME_LEN_MAX];
    ldns_rdf *const canonical = ldns_rdf_clone(dname);

    ldns_dname2canonical(canonical);
    assert_int_equal(name_copy_folded(name, folded), name_len(name));
    assert_same_name(canonical, folded);
    memcpy(in_place, name, name_len(name));
    name_fold(in_place);
    assert_memory_equal(in_place, folded, name_len(name));
    assert_int_equal(name_label_count(name), ldns_dname_label_count(dname));
    assert_int_equal(name_is_wildcard(name), ldns_dname_is_wildcard(dname));
    if (*name) {
        ldns_rdf *const parent = ldns_dname_left_chop(dname);
        assert_same_name(parent, name_parent(name));
        assert_int_equal(name_hash(folded),
                         name_hash_label(name_hash(name_parent(folded)), folded));
        ldns_rdf_deep_free(parent);
    }
    ldns_rdf_deep_free(canonical);
}

static int
sign(int order)
{
    return (order > 0) - (order < 0);
}

static void
check_pair(const uint8_t *a, const uint8_t *b)
{
    uint8_t a_folded[NAME_LEN_MAX], b_folded[NAME_LEN_MAX];
    ldns_rdf *const a_ldns = to_ldns(a);
    ldns_rdf *const b_ldns = to_ldns(b);
    const bool equal = ldns_dname_compare(a_ldns, b_ldns) == 0;

    assert_int_equal(sign(name_compare(a, b)), sign(ldns_dname_compare(a_ldns, b_ldns)));
    assert_int_equal(sign(name_compare(b, a)), -sign(name_compare(a, b)));
    assert_int_equal(name_equal(a, b), equal);
    assert_int_equal(name_is_under(a, b),
                     equal || ldns_dname_is_subdomain(a_ldns, b_ldns));
    (void)name_copy_folded(a, a_folded);
    (void)name_copy_folded(b, b_folded);
    if (equal)
        assert_int_equal(name_hash(a_folded), name_hash(b_folded));
    if (name_len(a) == name_len(b))
        assert_int_equal(name_same_bytes(a_folded, b_folded, name_len(a)), equal);
    ldns_rdf_deep_free(a_ldns);
    ldns_rdf_deep_free(b_ldns);
}

static void
names_are_what_ldns_makes_of_them(void **state)
{
    uint64_t seed = seed_of_run;
    uint8_t name[NAME_LEN_MAX], other[NAME_LEN_MAX], near[NAME_LEN_MAX];

    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++) {
        random_name(&seed, name);
        random_name(&seed, other);
        near_name(&seed, name, near);
        ldns_rdf *const dname = to_ldns(name);
        check_text(name, dname);
        check_alone(name, dname);
        check_pair(name, other);
        check_pair(name, near);
        ldns_rdf_deep_free(dname);
    }
}

/* Text of which much is nearly a name. */
static void
random_text(uint64_t *seed, char text[TEXT_LEN_MAX + 1])
{
    static const char *const bits[] = {
        "a",     "Z",     ".", "..", "\\.", "\\\\",  "\\04",         "\\255",
        "\\256", "\\000", "0", "*",  "-",   "@",     "\"",           "$",
        ";",     "\\a",   "(", "\\", "_",   "\\046", "bcdefghijklmn"
    };
    size_t at = 0;
    const unsigned count = random_below(seed, random_below(seed, 20) ? 12 : 90);

    for (unsigned i = 0; i < count; i++) {
        const char *const bit = bits[random_below(seed, sizeof(bits) / sizeof(bits[0]))];
        const size_t len = strlen(bit);
        if (at + len > TEXT_LEN_MAX)
            break;
        memcpy(text + at, bit, len);
        at += len;
    }
    text[at] = '\0';
}

static void
text_is_a_name_where_ldns_says_so(void **state)
{
    uint64_t seed = seed_of_run;
    char text[TEXT_LEN_MAX + 2];
    uint8_t name[NAME_LEN_MAX];

    (void)state;
    for (unsigned i = 0; i < TEXTS; i++) {
        random_text(&seed, text);
        if (strcmp(text, "@") == 0) /* the origin itself, which ldns_dname knows not of */
            continue;
        ldns_rdf *const dname = ldns_dname_new_frm_str(text);
        const enum status status = name_from_text(text, (const uint8_t *)"", name);
        if ((status == OK) != (dname != NULL))
            print_error("'%s' is %s to ldns\n", text, dname ? "a name" : "none");
        assert_int_equal(status == OK, dname != NULL);
        if (dname)
            assert_same_name(dname, name);
        ldns_rdf_deep_free(dname);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_what_ldns_makes_of_them),
        cmocka_unit_test(text_is_a_name_where_ldns_says_so),
    };

    seed_of_run = random_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
