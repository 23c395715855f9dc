/* SPDX-License-Identifier: BSD-2-Clause */
/* HTTPS and SVCB with every parameter, as octoDNS's maps and as presentation form. */
#include "tests/lib/loaded.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct form {
    const char *params;   /* of "a: {type: HTTPS, value: {…, svcparams: PARAMS}}" */
    const char *expected; /* of "a.example. 3600 IN HTTPS 1 .", or a message */
};

static void
put_yaml(char yaml[1024], const char *params)
{
    (void)snprintf(yaml, 1024,
                   "a:\n  type: HTTPS\n  value:\n    svcpriority: 1\n    targetname: .\n"
                   "    svcparams: %s\n",
                   params);
}

static void
expect_params(const char *params, const char *expected, const char *messages)
{
    char yaml[1024], records[1024];

    put_yaml(yaml, params);
    (void)snprintf(records, sizeof(records), "a.example. 3600 IN HTTPS 1 .%s\n",
                   expected);
    loaded_expect_warned(yaml, records, messages);
}

static void
every_parameter_of_octodns_is_known(void **state)
{
    static const struct form forms[] = {
        { "{}", "" },
        { "", "" },
        { "{alpn: [h3, h2]}", " alpn=h3,h2" },
        { "{alpn: 'h3,h2'}", " alpn=h3,h2" },
        { "{alpn: h2, no-default-alpn: null}", " alpn=h2 no-default-alpn" },
        { "{no-default-alpn: , alpn: [h2]}", " alpn=h2 no-default-alpn" },
        { "{port: 8443}", " port=8443" },
        { "{port: '0'}", " port=0" },
        { "{ipv4hint: [192.0.2.1, 192.0.2.2]}", " ipv4hint=192.0.2.1,192.0.2.2" },
        { "{ipv6hint: '2001:DB8::1'}", " ipv6hint=2001:db8::1" },
        { "{ech: AQIDBA==}", " ech=AQIDBA==" },
        { "{dohpath: '/q{?dns}'}", " dohpath=/q{?dns}" },
        { "{key7: '/q{?dns}'}", " dohpath=/q{?dns}" },
        { "{ohttp: }", " key8" },
        { "{key8: null}", " key8" },
        { "{key65534: ab}", " key65534=ab" },
        { "{key667: hello}", " key667=hello" },
        { "{key667: 'a\\032b\\\\c'}", " key667=\"a b\\\\c\"" },
        { "{mandatory: [port, alpn, alpn], port: 1, alpn: [h2]}",
          " mandatory=alpn,port alpn=h2 port=1" },
        { "{mandatory: key667, key667: x}", " mandatory=key667 key667=x" },
        /* RFC 9460 2.2: in ascending order of keys, however they are written */
        { "{key9: x, ipv6hint: ['::'], ech: AQ==, ipv4hint: [192.0.2.1], port: 1, alpn: "
          "[h2]}",
          " alpn=h2 port=1 ipv4hint=192.0.2.1 ech=AQ== ipv6hint=:: key9=x" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        expect_params(forms[i].params, forms[i].expected, "");
}

static void
what_clients_would_ignore_is_served_with_a_warning(void **state)
{
    (void)state;
    expect_params(
        "{no-default-alpn: }", " no-default-alpn",
        "zone.yaml:5:5: warning: a: no-default-alpn without alpn: clients ignore "
        "it\n");
    expect_params("{mandatory: [alpn]}", " mandatory=alpn",
                  "zone.yaml:7:28: warning: a: a mandatory parameter is missing: clients "
                  "ignore the record\n");
    loaded_expect_warned("a: {type: SVCB, value: {svcpriority: 0, targetname: b.c., "
                         "svcparams: {port: 1}}}",
                         "a.example. 3600 IN SVCB 0 b.c. port=1\n",
                         "zone.yaml:2:24: warning: a: priority 0 is an alias: its "
                         "svcparams are ignored\n");
}

static void
bad_parameters_are_refused_where_they_stand(void **state)
{
    static const struct form forms[] = {
        { "{port: 65536}", "7:23: a: HTTPS: port: '65536' is no port" },
        { "{port: h2}", "7:23: a: HTTPS: port: 'h2' is no port" },
        { "{port: [1, 2]}", "7:23: a: HTTPS: port: 'port' takes one value" },
        { "{port: }", "7:23: a: HTTPS: port: 'port' needs a value" },
        { "{alpn: []}", "7:23: a: HTTPS: alpn: 'alpn' needs a value" },
        { "{alpn: 'h2,'}", "7:23: a: HTTPS: alpn: '' has not 1 to 255 bytes" },
        { "{no-default-alpn: h2}",
          "7:34: a: HTTPS: no-default-alpn: 'no-default-alpn' takes no value" },
        { "{ipv4hint: '2001:db8::1'}",
          "7:27: a: HTTPS: ipv4hint: '2001:db8::1' is not an IPv4 address" },
        { "{ipv6hint: [192.0.2.1]}",
          "7:27: a: HTTPS: ipv6hint: '192.0.2.1' is not an IPv6 address" },
        { "{ech: '*'}", "7:22: a: HTTPS: ech: '*' is not base64" },
        { "{mandatory: [mandatory]}", "7:28: a: HTTPS: mandatory: 'mandatory' is no "
                                      "parameter that can be mandatory" },
        { "{mandatory: [nonsense]}", "7:28: a: HTTPS: mandatory: 'nonsense' is no "
                                     "parameter that can be mandatory" },
        { "{nonsense: 1}", "7:27: a: HTTPS: svcparams: unknown key 'nonsense'" },
        { "{key65535: x}", "7:27: a: HTTPS: svcparams: unknown key 'key65535'" },
        { "{key07: x}", "7:24: a: HTTPS: svcparams: unknown key 'key07'" },
        { "{port: 1, key3: x}", "7:32: a: HTTPS: svcparams: this key is there twice" },
        { "{key667: '\\256'}", "7:25: a: HTTPS: key667: '\\256' has a byte above \\255" },
        { "[port]", "7:16: svcparams: expected a map, found a list" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        char yaml[1024], message[1024];
        put_yaml(yaml, forms[i].params);
        (void)snprintf(message, sizeof(message), "zone.yaml:%s\n", forms[i].expected);
        loaded_refuse(yaml, message);
    }
}

static void
presentation_form_is_checked_alike(void **state)
{
    (void)state;
    loaded_expect("a: {type: HTTPS, value: '1 b.c. alpn=h2 port=443'}",
                  "a.example. 3600 IN HTTPS 1 b.c. alpn=h2 port=443\n");
    loaded_refuse("a: {type: HTTPS, value: '1 . port=65536'}",
                  "zone.yaml:2:25: a: HTTPS: '65536' is more than 65535\n");
    loaded_refuse("a: {type: HTTPS, value: '1 . port=\"70000\"'}",
                  "zone.yaml:2:25: a: HTTPS: '70000' is more than 65535\n");
    loaded_refuse("a: {type: SVCB, value: '1 . alpn=h2 port=1 alpn=h3'}",
                  "zone.yaml:2:24: a: SVCB: the parameter 'alpn' is there twice\n");
    loaded_refuse(
        "a: {type: SVCB, value: {svcpriority: 65536, targetname: .}}",
        "zone.yaml:2:38: svcpriority: expected a whole number from 0 to 65535, found "
        "'65536'\n");
    loaded_refuse("a: {type: SVCB, value: {svcpriority: 1, targetname: b}}",
                  "zone.yaml:2:53: a: the target 'b' needs its final dot: 'b.'\n");
    loaded_refuse("a: {type: SVCB, value: {svcpriority: 1, target: b.}}",
                  "zone.yaml:2:41: a: unknown key 'target'\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_parameter_of_octodns_is_known),
        cmocka_unit_test(what_clients_would_ignore_is_served_with_a_warning),
        cmocka_unit_test(bad_parameters_are_refused_where_they_stand),
        cmocka_unit_test(presentation_form_is_checked_alike),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
