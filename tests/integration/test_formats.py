#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What users write and what they are told: every key is read, every mistake has its place, and what is odd is warned of."""
import os
import re
import subprocess
import sys

import lib

CONFIG = """\
listen: ["127.0.0.1@0"]
workers: 1
state: state
identity: test
geoip: {databases: places.csv}
zones: {directory: zones}
routing: routing.yaml
health: {directory: health.d}
http: ""
control: control.sock
"""
# IPv4 ranges as numbers: two countries of Europe, one of America.
PLACES = "83886080,83951615,DE\n84017152,84082687,RU\n134217728,134283263,US\n"
ROUTING = """\
servers:
  eu-1: {addresses: [192.0.2.10, "2001:db8::10"], host: eu.s.test.}
  v4-1: {addresses: [192.0.2.20], host: v4.s.test.}
  us-1: {addresses: [192.0.2.30, "2001:db8::30"]}
pools:
  eu: {servers: [eu-1]}
  v4: {servers: [v4-1], fallback: eu}
  us: {servers: [us-1]}
policies:
  near:
    - {geos: [country:RU], pool: v4}
    - {pool: eu}
"""
ZONE = """\
'': {type: NS, values: [ns1.t.test., ns2.t.test.]}
ns1: {type: A, value: 192.0.2.1}
ns2: {type: A, value: 192.0.2.2}
"""
FIRST = ZONE.count("\n") + 1  # the line of what is put after it
PLACE = re.compile(r"^(\S+?):(\d+):(\d+): ")

# What a zone says after ZONE; the warnings, "LINE:COLUMN: pattern" with lines counted from there; "routing.yaml …" is of that file.
ZONE_WARNINGS = [
    ("an MX to a CNAME", "c: {type: CNAME, value: ns1.t.test.}\nm: {type: MX, value: 10 c.t.test.}", [r"2:4: m\.t\.test\.: .*CNAME"]),
    ("a CNAME loop", "a: {type: CNAME, value: b.t.test.}\nb: {type: CNAME, value: a.t.test.}",
     [r"1:4: a\.t\.test\.: .*lead back", r"2:4: b\.t\.test\.: .*lead back"]),
    ("no glue", "sub: {type: NS, value: ns.sub.t.test.}", [r"1:6: .*glue is missing: .*'ns\.sub\.t\.test\.'"]),
    ("TTL 0", "z: {type: A, ttl: 0, value: 192.0.2.9}", [r"1:4: .*TTL 0"]),
    ("a value twice", "d: {type: A, values: [192.0.2.9, 192.0.2.9]}", [r"1:\d+: d: this value is there already"]),
    ("a type that is none in DNS", "u: {type: URLFWD, values: [{code: 301}]}", [r"1:\d+: u: type URLFWD"]),
    ("a name that octoDNS would read otherwise", "NO: {type: A, value: 192.0.2.9}", [r"1:1: 'NO' .*octoDNS"]),
    ("a country on another continent",
     "d: {type: A, value: 192.0.2.9, dynamic: {pools: {a: {values: [{value: 192.0.2.9}]}}, rules: [{geos: [EU-TR, EU-DE], pool: a}, {pool: a}]}}",
     [r"1:\d+: .*'EU-TR'.*'AS-TR'", r"1:\d+: d\.t\.test: rule 1: no loaded data can match 'country:TR'"]),
    ("words that no data matches",
     "d: {type: A, value: 192.0.2.9, dynamic: {pools: {a: {values: [{value: 192.0.2.9}]}}, rules: [{geos: ['tag:office', 'asn:64500'], pool: a}, {pool: a}]}}",
     [r"1:\d+: d\.t\.test: rule 1: no loaded data can match 'asn:64500', 'tag:office'"]),
    ("a family that a rule's first pool lacks", "d: {type: [A, AAAA], dynamic: {policy: near}}",
     [r"1:4: d\.t\.test: has no AAAA for anybody: no server of pool 'v4' has an IPv6 address"]),
    ("a family that is borrowed", "d: {type: [A, AAAA], dynamic: {policy: near, families: borrow}}", []),
    ("a family that a server lacks", "d: {type: [A, AAAA], dynamic: {server: v4-1}}", [r"1:4: d\.t\.test: has no AAAA .*'v4-1'"]),
    ("hosts that a pool lacks", "d: {type: CNAME, dynamic: {pool: us}}", [r"1:4: d\.t\.test: has no CNAME .*'us' has a host"]),
    ("an ALIAS to one family", "d: {type: ALIAS, value: ns1.t.test.}", []),
]

EVERY_KEY = """\
listen: ["127.0.0.1@0", "::1@0"]
workers: auto
user: nobody
state: state
identity: ""
version: "1"
geoip:
  databases: places.csv
  networks:
    "203.0.113.0/24": country:DE
    "10.1.0.0/16": {continent: EU, country: DE, subdivision: DE-BE, asn: 64500, location: [52.5, 13.4], tag: office}
  resolvers:
    "198.51.100.0/24": [country:RU, country:KZ]
    "198.51.101.0/24": country:RU
routing: [routing.yaml]
zones:
  directory: [zones]
  defaults: {ttl: 1h, dynamic_ttl: 30}
  safe_delete: 30%
  safe_update: 50%
  t.test:
    soa: {rname: hostmaster.t.test., refresh: 1h, retry: 10m, expire: 7d, minimum: 60, ttl: 5m}
    dnssec: {enabled: true, algorithm: ECDSAP256SHA256, denial: nsec}
    transfer: {allow: [{address: 198.51.100.53, key: xfr}], notify: ["198.51.100.53@53"]}
tsig: {xfr: {algorithm: hmac-sha256, file: secrets/xfr}}
dnssec: {keys: keys, generate: false}
health:
  directory: health.d
  hold: 15m
  expect: [mon]
  freeze: {share: 50%, servers: 8}
guard: {lost: refuse, share: 0}
ecs: {enabled: true}
http:
  listen: [127.0.0.1@8053]
  tokens:
    mon: {file: secrets/mon, may: [health], source: monitor, scopes: [country:RU, asn:12389]}
    ops: {file: secrets/ops, may: [reload, operator]}
control: control.sock
reload: {watch: true, settle: 50ms}
limits: {maps: 16, tcp_clients: 100, tcp_idle: 10s, udp_size: 1232}
"""
# A last line of meridian.yaml, and what is said of it, "COLUMN: pattern".
CONFIG_ERRORS = [
    ("an unknown section", "nonsense: 1", [r"1: unknown key 'nonsense'"]),
    ("an address that is none", 'listen: ["x@53", "127.0.0.1@99999"]', [r"10: listen: 'x@53'", r"18: listen: '127\.0\.0\.1@99999'"]),
    ("no token file", "http: {tokens: {a: {file: none, may: [health]}}}", [r"27: http: tokens: cannot read"]),
    ("an empty secret", "http: {tokens: {a: {file: empty, may: [health]}}}", [r"27: http: tokens: .* holds no secret"]),
    ("a bare country", "geoip: {networks: {192.0.2.0/24: DE}, resolvers: {192.0.2.0/24: RU}}",
     [r"34: .*'country:DE'", r"65: .*'country:RU'"]),
    ("a key of tsig", "tsig: {xfr: {algorithm: hmac-sha255, fle: x}}", [r"25: .*'hmac-sha256'", r"38: .*'file'", r"13: .*'file' is missing"]),
    ("a key of dnssec", "dnssec: {key: x, generate: maybe}", [r"10: .*'keys'", r"28: generate: expected true or false"]),
    ("a key of guard", "guard: {lost: refuse, shares: 1}", [r"23: guard: unknown key 'shares'"]),
    ("a key of freeze", "health: {freeze: {share: 200%, servers: none}}", [r"26: share: ", r"41: servers: "]),
    ("a zone's dnssec", "zones: {directory: zones, t.test: {dnssec: {algorithm: RSA, denial: nsec4}}}",
     [r"56: dnssec: algorithm: 'RSA'", r"69: dnssec: denial: 'nsec4'"]),
    ("a zone's transfer", "zones: {directory: zones, t.test: {transfer: {allow: [{address: x}], notify: [y]}}}",
     [r"65: transfer: 'x'", r"79: transfer: notify: 'y'"]),
]


def places(said, folder):
    """(file below the folder, line, column, text) of each line that has a place."""
    for line in said.splitlines():
        line = line.replace(folder + "/", "")
        found = PLACE.match(line)
        if found:
            yield found[1], int(found[2]), int(found[3]), line[found.end():]


def files(zone="", **changes):
    contents = {"meridian.yaml": CONFIG, "routing.yaml": ROUTING, "places.csv": PLACES, "zones/t.test.yaml": ZONE + zone + "\n"}
    contents.update(changes)
    return contents


def check_zone_warnings(tap):
    for what, zone, wanted in ZONE_WARNINGS:
        with lib.Server(files(zone)) as server:
            code, said = server.check()
            got = [f"{line - FIRST + 1}:{column}: {text.removeprefix('warning: ')}"
                   for file, line, column, text in places(said, server.folder) if file == "zones/t.test.yaml"]
        tap.check(code == 0 and len(got) == len(wanted) and all(re.match(one, text) for one, text in zip(wanted, got)),
                  f"a zone is served with a warning of {what}" if wanted else f"no warning of {what}", said)


def check_config(tap):
    with lib.Server(files(**{"meridian.yaml": EVERY_KEY, "secrets/mon": "0123456789abcdef\n", "secrets/ops": "short\n"})) as server:
        code, said = server.check()
        tap.check(code == 0 and said.count("this version") == 6 and "'" + server.path("secrets/ops") + "' is shorter" in said,
                  "every key of meridian.yaml is read; what has no effect yet, and a short secret, are warned of", said)
    for what, line, wanted in CONFIG_ERRORS:
        key = line.split(":")[0]
        text = "".join(one for one in CONFIG.splitlines(True) if not one.startswith(key + ":")) + line + "\n"
        with lib.Server(files(**{"meridian.yaml": text, "empty": "\n"})) as server:
            code, said = server.check()
            got = [f"{column}: {message}" for file, number, column, message in places(said, server.folder)
                   if file == "meridian.yaml" and number == text.count("\n") and not message.startswith("warning")]
        tap.check(code == 1 and len(got) == len(wanted) and all(re.match(one, text) for one, text in zip(wanted, got)), what, said)


def check_relative(tap):
    """A path is relative to the file that names it, included ones too."""
    text = CONFIG.replace("{databases: places.csv}", "!include parts/geo.yaml")
    with lib.Server(files(**{"meridian.yaml": text, "parts/geo.yaml": "{databases: [near.csv, ../places.csv]}\n",
                             "parts/near.csv": PLACES})) as server:
        code, said = server.check()
    tap.check(code == 0, "a path in an included file is relative to that file", said)


def check_all_told(tap):
    """An error does not hide those of other files, and each has its place."""
    broken = {"meridian.yaml": CONFIG.replace("places.csv", "none.csv") + "nonsense: 1\n", "routing.yaml": "nonsense: 1\n",
              "health.d/x.yaml": "nonsense: 1\n"}
    with lib.Server(files("x: {type: A, value: 1.2.3}", **broken)) as server:
        code, said = server.check()
        got = {file for file, *_ in places(said, server.folder)}
    tap.check(code == 1 and got == {"meridian.yaml", "routing.yaml", "zones/t.test.yaml", "health.d/x.yaml", "none.csv"},
              "the errors of all files are told, each file's with line and column", said)
    for what, change in (("a missing folder of zones", {"meridian.yaml": CONFIG.replace("directory: zones", "directory: none")}),
                         ("a missing routing", {"meridian.yaml": CONFIG.replace("routing.yaml", "none.yaml")}),
                         ("a zone that is there twice", {"zones/t.test./a.yaml": ZONE})):
        with lib.Server(files(**change)) as server:
            code, said = server.check()
            lines = [line for line in said.splitlines() if "warning" not in line]
            tap.check(code == 1 and lines and all(PLACE.match(line) for line in lines), f"{what} has a place", said)


def check_health_warnings(tap):
    document = ("version: 1\nsource: operator\nwriter: ops\npools: {euro: {state: drain}, eu: {state: drain, services: [apy]}}\n"
                "servers: {eu1: {state: down}, eu-1: {state: down}, 192.0.2.77: {state: down, services: [d.t.test]}}\n")
    with lib.Server(files(**{"health.d/ops.yaml": document})) as server:
        code, said = server.check()
        got = [(line, text) for file, line, _, text in places(said, server.folder) if file == "health.d/ops.yaml"]
        wanted = [(5, "warning: the routing has no server 'eu1'"), (4, "warning: the routing has no pool 'euro'"),
                  (4, "warning: the routing has no service 'apy'")]
        tap.check(code == 0 and sorted(got) == sorted(wanted), "names that the routing lacks are warned of in health files", said)


def ctl(server, *arguments):
    """meridianctl's exit code and what it printed."""
    program = os.path.join(lib.BUILD, "meridianctl")
    done = subprocess.run([program, "-s", server.path("control.sock"), *arguments], capture_output=True, timeout=60, check=False)
    return done.returncode, (done.stdout + done.stderr).decode(errors="replace")


def check_refusals(tap):
    """What a running server says when it is asked for the impossible."""
    with lib.Server(files("d: {type: A, dynamic: {policy: near}}")) as server:
        if not tap.check(server.start(), "it starts", server.log()):
            return
        tap.equal(ctl(server, "reload", "T.test."), (0, "reloaded\n"), "a zone is reloaded, however its name is spelled")
        code, said = ctl(server, "reload", "t.test", "none.test")
        tap.check(code == 1 and "no zone 'none.test'" in said and "'t.test'" not in said, "reload of an unknown zone fails", said)
        code, said = ctl(server, "zone", "show", "t.test", "none")
        tap.check(code == 1 and "no such record" in said, "showing an unknown name fails with a word", said)
        server.write("routing.yaml", "servers: {}\n")
        code, said = ctl(server, "reload")
        got = [(file, text.replace(server.folder + "/", "")) for file, _, _, text in places(said, server.folder)]
        tap.check(code == 1 and got and all(file == "routing.yaml" for file, _ in got)
                  and any(f"zones/t.test.yaml:{FIRST}:4: d.t.test: unknown policy 'near'" in text for _, text in got),
                  "routing that lacks what a zone uses is an error of routing that names the zone's line", said)
        tap.equal(server.values("d.t.test"), ["192.0.2.10"], "and the old routing goes on")
        ahead = "version: 1\nsource: monitor\nwriter: m\ngenerated: 2200-01-01T00:00:00Z\nttl: 9\nservers: {}\n...\n"
        for path, body, what in (("m", ahead, "from the future"), ("n", ahead, "of another writer"), ("m", "version: 2\n...\n", "with a bad value"),
                                 ("m", "version: 1", "that is cut short"), ("m", "{", "that is no YAML"), ("m", "", "that is empty")):
            code, reply = server.http("PUT", f"/v1/health/{path}", body)
            tap.check(code == 422 and reply["errors"] and all({"file", "line", "column", "message"} <= set(one) for one in reply["errors"]),
                      f"a document {what} is refused with a place", code, reply)


def main():
    tap = lib.Tap()
    check_zone_warnings(tap)
    check_config(tap)
    check_relative(tap)
    check_all_told(tap)
    check_health_warnings(tap)
    check_refusals(tap)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
