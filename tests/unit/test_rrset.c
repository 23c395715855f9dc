/* SPDX-License-Identifier: BSD-2-Clause */
/* Ready RRsets: compressed names, equal strides, and their limits. */
#include "zones/rrset.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RECORD_HEAD = 12, MESSAGE_MAX = 65535, RECORDS = 4097 };

static const uint8_t apex[] = "\7example";

static struct rrset *
make(const struct rrset_spec *spec)
{
    const size_t size = rrset_size(spec);
    struct rrset *const set = aligned_alloc(8, (size + 7) & ~(size_t)7);

    assert_true(size > 0);
    assert_int_equal(size % 4, 0);
    assert_non_null(set);
    rrset_write(spec, set);
    return set;
}

static void
names_within_the_zone_become_pointers_in_old_types_alone(void **state)
{
    static const uint8_t bytes[] = "\0\1\1a\7EXAMPLE";
    const struct rdata record = { .bytes = bytes,
                                  .len = sizeof(bytes),
                                  .name_count = 1,
                                  .name = { 2 },
                                  .wants_add = true };
    const struct rrset_spec mx = {
        .type = 15, .ttl = 5, .apex = apex, .records = &record, .count = 1
    };
    struct rrset_spec other = mx;
    struct rrset *set = make(&mx);

    (void)state;
    assert_int_equal(set->fix_count, 1);
    assert_int_equal(set->add_count, 1);
    assert_int_equal(rrset_adds(set)[0].offset, RECORD_HEAD + 2);
    assert_int_equal(rrset_fixes(set)[0], RECORD_HEAD + 4);
    assert_int_equal(set->len, RECORD_HEAD + 6);
    assert_memory_equal(rrset_bytes(set), "\xc0\x0c\0\x0f\0\1\0\0\0\5\0\6\0\1\1a\xc0\x0c",
                        set->len);
    free(set);
    other.type = 65; /* as any type that RFC 3597 4 forbids to compress */
    set = make(&other);
    assert_int_equal(set->fix_count, 0);
    assert_int_equal(set->add_count, 1);
    assert_memory_equal(rrset_bytes(set) + RECORD_HEAD, bytes, sizeof(bytes));
    free(set);
}

static void
records_of_one_length_have_a_stride(void **state)
{
    const struct rdata records[] = { { .bytes = (const uint8_t *)"abcd", .len = 4 },
                                     { .bytes = (const uint8_t *)"efgh", .len = 4 },
                                     { .bytes = (const uint8_t *)"ijk", .len = 3 } };
    struct rrset_spec spec = {
        .type = 99, .apex = apex, .records = records, .count = 2, .twice = true
    };
    struct rrset *set = make(&spec);

    (void)state;
    assert_int_equal(set->stride, RECORD_HEAD + 4);
    assert_int_equal(set->flags, RRSET_TWICE);
    assert_memory_equal(rrset_bytes(set), rrset_bytes(set) + set->len, set->len);
    free(set);
    spec.count = 3;
    spec.twice = false;
    set = make(&spec);
    assert_int_equal(set->stride, 0);
    assert_int_equal(set->count, 3);
    free(set);
}

static void
a_set_has_at_most_65535_bytes(void **state)
{
    static const uint8_t bytes[MESSAGE_MAX];
    const struct rdata record = { .bytes = bytes, .len = MESSAGE_MAX - RECORD_HEAD };
    struct rrset_spec spec = { .type = 99, .apex = apex, .records = &record, .count = 1 };
    struct rrset *const set = make(&spec);

    (void)state;
    assert_int_equal(set->len, MESSAGE_MAX);
    free(set);
    const struct rdata longer = { .bytes = bytes, .len = MESSAGE_MAX - RECORD_HEAD + 1 };
    spec.records = &longer;
    assert_int_equal(rrset_size(&spec), 0);
    spec.count = 0;
    assert_int_equal(rrset_size(&spec), 0);
}

static void
a_set_has_as_many_records_as_fit(void **state)
{
    static struct rdata records[RECORDS];
    struct rrset_spec spec = { .type = 1, .apex = apex, .records = records };

    (void)state;
    for (size_t i = 0; i < RECORDS; i++)
        records[i] = (struct rdata){ .bytes = (const uint8_t *)"\xc0\0\2\1", .len = 4 };
    spec.count = 4095; /* of 16 bytes */
    assert_true(rrset_size(&spec) > 0);
    spec.count = 4096;
    assert_int_equal(rrset_size(&spec), 0);
    for (size_t i = 0; i < RECORDS; i++)
        records[i].len = 0; /* of 12 bytes: only their number counts */
    assert_true(rrset_size(&spec) > 0);
    spec.count = RRSET_RECORDS_MAX + 1;
    assert_int_equal(rrset_size(&spec), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_within_the_zone_become_pointers_in_old_types_alone),
        cmocka_unit_test(records_of_one_length_have_a_stride),
        cmocka_unit_test(a_set_has_at_most_65535_bytes),
        cmocka_unit_test(a_set_has_as_many_records_as_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
