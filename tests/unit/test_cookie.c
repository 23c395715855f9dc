/* SPDX-License-Identifier: BSD-2-Clause */
/* Server cookies: the examples of RFC 9018, appendix A, and the ages of its section 4.3.
 */
#include "dns/cookie.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
from_hex(const char *hex, uint8_t *ret_bytes, size_t len)
{
    assert_int_equal(strlen(hex), 2 * len);
    for (size_t i = 0; i < len; i++) {
        const char digits[] = { hex[2 * i], hex[2 * i + 1], '\0' };
        ret_bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
}

static struct addr
address(const char *text)
{
    struct addr addr;

    assert_int_equal(addr_parse(text, &addr), OK);
    return addr;
}

static struct cookie_secrets
secrets_of(const char *first, const char *second)
{
    struct cookie_secrets secrets = { .count = second ? 2 : 1 };

    from_hex(first, secrets.secret[0], COOKIE_SECRET_LEN);
    if (second)
        from_hex(second, secrets.secret[1], COOKIE_SECRET_LEN);
    return secrets;
}

static const char *const secret_a = "e5e973e5a6b2a43f48e7dc849e37bfcf";
static const char *const secret_b = "dd3bdf9344b678b185a6f5cb60fca715";
static const char *const secret_c = "445536bcd2513298075a5d379663c962";

static const struct {
    const char *secret, *source, *client, *server;
    int64_t now_s;
} examples[] = {
    { "e5e973e5a6b2a43f48e7dc849e37bfcf", "198.51.100.100", "2464c4abcf10c957",
      "010000005cf79f111f8130c3eee29480", 1559731985 },
    { "e5e973e5a6b2a43f48e7dc849e37bfcf", "198.51.100.100", "2464c4abcf10c957",
      "010000005cf7a871d4a564a1442aca77", 1559734385 },
    { "e5e973e5a6b2a43f48e7dc849e37bfcf", "203.0.113.203", "fc93fc62807ddb86",
      "010000005cf7a9acf73a7810aca2381e", 1559734700 },
    { "dd3bdf9344b678b185a6f5cb60fca715", "2001:db8:220:1:59de:d0f4:8769:82b8",
      "22681ab97d52c298", "010000005cf7c57926556bd0934c72f8", 1559741817 },
    { "445536bcd2513298075a5d379663c962", "2001:db8:220:1:59de:d0f4:8769:82b8",
      "22681ab97d52c298", "010000005cf7c609a6bb79d16625507a", 1559741961 },
};

static void
cookies_are_those_of_rfc_9018(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        const struct cookie_secrets secrets = secrets_of(examples[i].secret, NULL);
        const struct addr source = address(examples[i].source);
        uint8_t client[COOKIE_CLIENT_LEN];
        uint8_t wanted[COOKIE_SERVER_LEN];
        uint8_t made[COOKIE_SERVER_LEN];

        from_hex(examples[i].client, client, sizeof(client));
        from_hex(examples[i].server, wanted, sizeof(wanted));
        cookie_make(secrets.secret[0], client, &source, examples[i].now_s, made);
        assert_memory_equal(made, wanted, sizeof(made));
    }
}

static bool
check(const struct cookie_secrets *secrets, const char *hex, const char *source,
      int64_t now_s)
{
    const struct addr addr = address(source);
    uint8_t cookie[COOKIE_LEN];

    from_hex(hex, cookie, sizeof(cookie));
    return cookie_is_valid(secrets, cookie, sizeof(cookie), &addr, now_s);
}

static void
another_servers_reserved_bytes_are_taken_as_they_are(void **state)
{
    const struct cookie_secrets secrets = secrets_of(secret_a, NULL);

    (void)state; /* RFC 9018 A.3 */
    assert_true(check(&secrets, "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5",
                      "203.0.113.203", 1559728000));
}

static void
a_cookie_of_either_secret_is_valid(void **state)
{
    const char *const old = "22681ab97d52c298010000005cf7c57926556bd0934c72f8";
    const char *const source = "2001:db8:220:1:59de:d0f4:8769:82b8";
    const struct cookie_secrets before = secrets_of(secret_b, secret_c);
    const struct cookie_secrets after = secrets_of(secret_c, secret_b);
    const struct cookie_secrets later = secrets_of(secret_c, NULL);
    const struct cookie_secrets none = { .count = 0 };

    (void)state; /* RFC 9018 5 and A.4 */
    assert_true(check(&before, old, source, 1559741961));
    assert_true(check(&after, old, source, 1559741961));
    assert_false(check(&later, old, source, 1559741961));
    assert_false(check(&none, old, source, 1559741961));
}

static void
a_cookie_is_valid_for_an_hour_and_five_minutes_ahead(void **state)
{
    const char *const cookie = "2464c4abcf10c957010000005cf79f111f8130c3eee29480";
    const struct cookie_secrets secrets = secrets_of(secret_a, NULL);
    const char *const source = "198.51.100.100";
    const int64_t made_s = 1559731985;

    (void)state;
    assert_true(check(&secrets, cookie, source, made_s + COOKIE_AGE_MAX_S));
    assert_false(check(&secrets, cookie, source, made_s + COOKIE_AGE_MAX_S + 1));
    assert_true(check(&secrets, cookie, source, made_s - COOKIE_AHEAD_MAX_S));
    assert_false(check(&secrets, cookie, source, made_s - COOKIE_AHEAD_MAX_S - 1));
}

static void
a_cookie_of_anybody_else_is_not_valid(void **state)
{
    const char *const cookie = "2464c4abcf10c957010000005cf79f111f8130c3eee29480";
    const struct cookie_secrets secrets = secrets_of(secret_a, NULL);
    const struct addr source = address("198.51.100.100");
    uint8_t bytes[COOKIE_LEN + 1] = { 0 };

    (void)state;
    assert_false(check(&secrets, cookie, "198.51.100.101", 1559731985));
    from_hex(cookie, bytes, COOKIE_LEN);
    for (size_t i = 0; i < (size_t)8 * COOKIE_LEN; i++) {
        bytes[i / 8] ^= (uint8_t)(1U << i % 8);
        assert_false(cookie_is_valid(&secrets, bytes, COOKIE_LEN, &source, 1559731985));
        bytes[i / 8] ^= (uint8_t)(1U << i % 8);
    }
    assert_false(cookie_is_valid(&secrets, bytes, COOKIE_LEN + 1, &source, 1559731985));
    assert_false(
        cookie_is_valid(&secrets, bytes, COOKIE_CLIENT_LEN, &source, 1559731985));
}

static void
time_may_wrap(void **state)
{
    const struct cookie_secrets secrets = secrets_of(secret_a, NULL);
    const struct addr source = address("192.0.2.1");
    const int64_t late_s = 0xfffffff0;
    uint8_t cookie[COOKIE_LEN] = { 1, 2, 3 };

    (void)state; /* RFC 9018 4.3: serial number arithmetic */
    cookie_make(secrets.secret[0], cookie, &source, late_s, cookie + COOKIE_CLIENT_LEN);
    assert_true(cookie_is_valid(&secrets, cookie, COOKIE_LEN, &source, late_s + 60));
    assert_false(cookie_is_valid(&secrets, cookie, COOKIE_LEN, &source, late_s + 7200));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cookies_are_those_of_rfc_9018),
        cmocka_unit_test(another_servers_reserved_bytes_are_taken_as_they_are),
        cmocka_unit_test(a_cookie_of_either_secret_is_valid),
        cmocka_unit_test(a_cookie_is_valid_for_an_hour_and_five_minutes_ahead),
        cmocka_unit_test(a_cookie_of_anybody_else_is_not_valid),
        cmocka_unit_test(time_may_wrap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
