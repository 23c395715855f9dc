/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/base/siphash.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
the_published_example_gives_the_published_hash(void **state)
{
    uint8_t key[SIPHASH_KEY_LEN], message[15];

    (void)state; /* Aumasson, Bernstein 2012, appendix A */
    for (unsigned i = 0; i < sizeof(key); i++)
        key[i] = (uint8_t)i;
    for (unsigned i = 0; i < sizeof(message); i++)
        message[i] = (uint8_t)i;
    assert_true(siphash(key, message, sizeof(message)) == 0xa129ca6149be45e5U);
}

/* The first of vectors.h of the authors' own program, for messages of 0 to 16 bytes. */
static void
the_vectors_of_the_authors_hold(void **state)
{
    static const uint64_t expected[] = {
        0x726fdb47dd0e0e31U, 0x74f839c593dc67fdU, 0x0d6c8009d9a94f5aU,
        0x85676696d7fb7e2dU, 0xcf2794e0277187b7U, 0x18765564cd99a68dU,
        0xcbc9466e58fee3ceU, 0xab0200f58b01d137U, 0x93f5f5799a932462U,
        0x9e0082df0ba9e4b0U, 0x7a5dbbc594ddb9f3U, 0xf4b32f46226bada7U,
        0x751e8fbc860ee5fbU, 0x14ea5627c0843d90U, 0xf723ca908e7af2eeU,
        0xa129ca6149be45e5U, 0x3f2acc7f57c29bdbU,
    };
    uint8_t key[SIPHASH_KEY_LEN], message[sizeof(expected) / sizeof(expected[0])];

    (void)state;
    for (unsigned i = 0; i < sizeof(key); i++)
        key[i] = (uint8_t)i;
    for (unsigned i = 0; i < sizeof(message); i++) {
        message[i] = (uint8_t)i;
        assert_true(siphash(key, message, i) == expected[i]);
    }
}

static void
key_and_each_byte_matter(void **state)
{
    uint8_t key[SIPHASH_KEY_LEN] = { 0 }, message[40] = { 0 };
    const uint64_t first = siphash(key, message, sizeof(message));

    (void)state;
    for (size_t i = 0; i < sizeof(message); i++) {
        message[i] ^= 1;
        assert_true(siphash(key, message, sizeof(message)) != first);
        message[i] ^= 1;
    }
    for (size_t i = 0; i < sizeof(key); i++) {
        key[i] ^= 1;
        assert_true(siphash(key, message, sizeof(message)) != first);
        key[i] ^= 1;
    }
    assert_true(siphash(key, message, sizeof(message)) == first);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_example_gives_the_published_hash),
        cmocka_unit_test(the_vectors_of_the_authors_hold),
        cmocka_unit_test(key_and_each_byte_matter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
