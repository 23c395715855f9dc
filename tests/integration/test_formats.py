#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What users write and what they are told: every key is read, every mistake has its place, and what is odd is warned of."""
import re
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
    ("no glue", "sub: {type: NS, value: ns.sub.t.test.}", [r"1:6: .*'ns\.sub\.t\.test\.' has no address"]),
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


def main():
    tap = lib.Tap()
    check_zone_warnings(tap)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
