#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""5,000 records, each with inline rules of its own, over GeoLite2-City: they load, answer by their own rules, and the server
stays small. The list of countries of each record differs, so that no two share a map of their own."""
import os
import random
import sys
import time

import maxminddb

import fetch
import lib

RECORDS = int(os.environ.get("INLINE_RECORDS", "5000"))
LIMIT_MB = 150
LOAD_S = 240
ASKED = 500
SEED = int(os.environ.get("SEED", "20261201"))
COUNTRIES = {
    "AF": "DZ AO EG ET GH KE MA NG SN TN UG ZA".split(),
    "AS": "CN HK ID IL IN IR JP KR MY PH SA SG TH VN".split(),
    "EU": "AT BE BG CH CZ DE DK ES FI FR GB GR HU IE IT NL NO PL PT RO RU SE UA".split(),
    "NA": "CA CR CU GT MX PA US".split(),
    "OC": "AU NZ".split(),
    "SA": "AR BR CL CO PE UY".split(),
}


def rules_of(chance):
    """Two sets of codes, countries or whole continents, and what is left."""
    first = {f"{continent}-{country}" for continent, countries in COUNTRIES.items()
             for country in chance.sample(countries, chance.randrange(1, len(countries)))}
    second = set(chance.sample(sorted(COUNTRIES), 3))
    return sorted(first), sorted(second)


def address(pool, number):
    return f"10.{pool}.{number >> 8}.{number & 255}"


def record(number, rules):
    first, second = rules
    pools = ", ".join(f"{name}: {{values: [{{value: {address(pool, number)}}}], fallback: {fallback}}}"
                      for pool, name, fallback in ((1, "a", "c"), (2, "b", "c"), (3, "c", "null")))
    return (f"r{number}:\n  type: A\n  ttl: 60\n  value: {address(3, number)}\n  dynamic:\n    pools: {{{pools}}}\n"
            f"    rules:\n    - {{geos: [{', '.join(first)}], pool: a}}\n    - {{geos: [{', '.join(second)}], pool: b}}\n"
            f"    - {{pool: c}}\n")


def wanted(number, rules, place):
    first, second = rules
    if f"{place['continent']}-{place['country']}" in first:
        return address(1, number)
    return address(2 if place["continent"] in second else 3, number)


def place_of(reader, client):
    found = reader.get(client) or {}
    return {"continent": (found.get("continent") or {}).get("code"), "country": (found.get("country") or {}).get("iso_code")}


def resident_mb(pid, key):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith(key))


def main():
    tap = lib.Tap()
    chance = random.Random(SEED)
    try:
        city = fetch.city()
    except fetch.Unreachable as error:
        print(f"ok 1 - the registry does not answer # SKIP {error}\n1..1")
        return 0
    rules = [rules_of(chance) for _ in range(RECORDS)]
    tap.check(len({str(pair) for pair in rules}) == RECORDS, f"{RECORDS} records, no two with the same rules (seed {SEED})")
    zone = "'': {type: NS, value: ns.inline.test.}\nns: {type: A, value: 192.0.2.53}\n" + \
        "".join(record(number, pair) for number, pair in enumerate(rules))
    config = lib.CONFIG + f"geoip: {{databases: [{city}]}}\n"
    with lib.Server({"meridian.yaml": config, "zones/inline.test.yaml": zone}) as server:
        begin = time.monotonic()
        if not tap.check(server.start(deadline_s=LOAD_S), "they load", server.log()):
            return tap.done()
        tap.note(f"start: {time.monotonic() - begin:.2f} s, at most {resident_mb(server.process.pid, 'VmHWM'):.0f} MB on the way")
        wrong = 0
        with maxminddb.open_database(city) as reader:
            for _ in range(ASKED):
                client = f"{chance.randrange(1, 224)}.{chance.randrange(256)}.{chance.randrange(256)}.0"
                number = chance.randrange(RECORDS)
                if client.startswith(("10.", "127.")):
                    continue
                got = server.values(f"r{number}.inline.test.", subnet=f"{client}/24")
                wrong += got != [wanted(number, rules[number], place_of(reader, client))]
        tap.check(wrong == 0, f"{ASKED} random clients of random records: {wrong} wrong")
        rest = resident_mb(server.process.pid, "VmRSS")
        tap.check(rest < LIMIT_MB, f"with City it holds {rest:.0f} MB (promised: under {LIMIT_MB})")
        tap.equal(server.stop(), 0, "it stops")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
