#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Random client subnets over GeoLite2-City: each answer is what a plain look-up (libmaxminddb) and a straightforward reading
of the rules give, and so is the answer for another random address inside the returned scope. Then the same with five
health overrides for places."""
import ipaddress
import os
import random
import sys

import maxminddb

import fetch
import lib

V4_COUNT = int(os.environ.get("GEO_MODEL_V4", "10000"))
V6_COUNT = V4_COUNT // 2
SEED = int(os.environ.get("GEO_MODEL_SEED", "20261124"))
# Where regional registries assign from; 2001::/32 and 2002::/16 hide IPv4 addresses, and have tests of their own.
V6_BLOCKS = [ipaddress.ip_network(block) for block in
             ("2400::/12", "2600::/12", "2800::/12", "2a00::/12", "2c00::/12", "2001:200::/23", "2001:4000::/18")]
SUBNET = "203.0.112.0/22"  # an operator's word on addresses that the database may know, too

ROUTING = f"""\
servers:
  net:   {{addresses: [192.0.2.1, "2001:db8::1"]}}
  west:  {{addresses: [192.0.2.2, "2001:db8::2"]}}
  fr:    {{addresses: [192.0.2.3, "2001:db8::3"]}}
  eu:    {{addresses: [192.0.2.4, "2001:db8::4"]}}
  asia:  {{addresses: [192.0.2.5, "2001:db8::5"]}}
  am:    {{addresses: [192.0.2.6, "2001:db8::6"]}}
  home:  {{addresses: [192.0.2.7, "2001:db8::7"]}}
  spare: {{addresses: [192.0.2.8, "2001:db8::8"]}}
pools:
  net:   {{servers: [net]}}
  west:  {{servers: [west]}}
  fr:    {{servers: [fr]}}
  eu:    {{servers: [eu]}}
  asia:  {{servers: [asia]}}
  am:    {{servers: [am]}}
  home:  {{servers: [home], fallback: spare}}
  spare: {{servers: [spare]}}
policies:
  model:
    - {{subnets: ["{SUBNET}"], pools: [net, home]}}
    - {{geos: [NA-US-CA, NA-US-OR, NA-US-WA, NA-CA-BC], pools: [west, am, home]}}
    - {{geos: [EU-FR, "country:BE", subdivision:ES-CT], pools: [fr, eu, home]}}
    - {{geos: [EU, AF, "country:TR"], pools: [eu, home]}}
    - {{geos: [AS, OC], pools: [asia, home]}}
    - {{geos: [NA, SA], pools: [am, home]}}
    - {{pool: home}}
"""
RULES = [
    (lambda place: place["net"], ["net", "home", "spare"]),
    (lambda place: place["subdivision"] in ("US-CA", "US-OR", "US-WA", "CA-BC"), ["west", "am", "home", "spare"]),
    (lambda place: place["country"] in ("FR", "BE") or place["subdivision"] == "ES-CT", ["fr", "eu", "home", "spare"]),
    (lambda place: place["continent"] in ("EU", "AF") or place["country"] == "TR", ["eu", "home", "spare"]),
    (lambda place: place["continent"] in ("AS", "OC"), ["asia", "home", "spare"]),
    (lambda place: place["continent"] in ("NA", "SA"), ["am", "home", "spare"]),
    (lambda place: True, ["home", "spare"]),
]
HEALTH = """\
version: 1
source: operator
writer: ops
servers:
  eu: {scopes: {"country:DE": {state: blocked}, "subdivision:GB-ENG": {state: down}}}
  am: {scopes: {"continent:SA": {state: blocked}}}
  fr: {scopes: {"net:80.0.0.0/6": {state: down}}}
  asia: {scopes: {"country:JP": {state: blocked}}}
"""
BLOCKED = {
    "eu": lambda place: place["country"] == "DE" or place["subdivision"] == "GB-ENG",
    "am": lambda place: place["continent"] == "SA",
    "fr": lambda place: place["address"] in ipaddress.ip_network("80.0.0.0/6"),
    "asia": lambda place: place["country"] == "JP",
}
ADDRESS = {name: f"192.0.2.{number}" for number, name in enumerate(("net", "west", "fr", "eu", "asia", "am", "home", "spare"), 1)}
ZONE = """\
'': {type: NS, values: [ns.model.test.]}
ns: {type: A, value: 192.0.2.53}
www: {type: [A, AAAA], dynamic: {policy: model}}
"""


class Model:
    """What the answer must be, by the plainest way to it."""

    def __init__(self, path):
        self.database = maxminddb.open_database(path)
        self.blocked = {}

    def place(self, address):
        record = self.database.get(str(address)) or {}
        country = record.get("country", {}).get("iso_code")
        part = (record.get("subdivisions") or [{}])[0].get("iso_code")
        return {
            "address": address,
            "net": address in ipaddress.ip_network(SUBNET),
            "continent": record.get("continent", {}).get("code"),
            "country": country,
            "subdivision": f"{country}-{part}" if country and part else None,
        }

    def answer(self, address):
        place = self.place(address)
        for holds, chain in RULES:
            if holds(place):
                usable = [pool for pool in chain if not self.blocked.get(pool, lambda _: False)(place)]
                return ADDRESS[usable[0]]
        raise AssertionError("the last rule holds for all")


def random_v4(chance):
    while True:
        address = ipaddress.ip_address(chance.getrandbits(32))
        if address.is_global and not address.is_multicast:
            return address


def random_v6(chance):
    block = chance.choice(V6_BLOCKS)
    # registries give out /32 to /48: high bits matter most
    bits = chance.getrandbits(128 - block.prefixlen)
    return ipaddress.ip_address(int(block.network_address) | bits)


def cut(address, length):
    return ipaddress.ip_network((address, length), strict=False)


def another_within(chance, network):
    """A random address of a network that is a public one, or None."""
    for _ in range(20):
        host = chance.getrandbits(network.max_prefixlen - network.prefixlen) if network.prefixlen < network.max_prefixlen else 0
        address = ipaddress.ip_address(int(network.network_address) | host)
        if address.is_global and not address.is_multicast and not hides_v4(address):
            return address
    return None


def hides_v4(address):
    return address.version == 6 and (address.sixtofour or address.teredo)


def compare(server, model, chance, make, lengths, count):
    """Asks for `count` random subnets, and for one more address inside each scope; the differences."""
    wrong, asked = [], 0
    for _ in range(count):
        address = make(chance)
        network = cut(address, chance.choice(lengths))
        if not (network.network_address.is_global and not hides_v4(network.network_address)):
            continue
        reply = server.ask("www.model.test.", subnet=str(network))
        wanted = model.answer(network.network_address)
        asked += 1
        if reply.values("A") != [wanted]:
            wrong.append(f"{network}: {reply.values('A')}, not {wanted}")
        within = another_within(chance, cut(network.network_address, reply.scope))
        if within is None:
            continue
        asked += 1
        wanted = model.answer(within)
        if reply.values("A") != [wanted]:
            wrong.append(f"{within}, in the scope of {network}, /{reply.scope}: {reply.values('A')}, not {wanted}")
    return wrong, asked


def check_all(tap, server, model, what):
    chance = random.Random(SEED)
    wrong, asked = compare(server, model, chance, random_v4, (8, 12, 16, 19, 20, 22, 24, 24, 24, 28, 32), V4_COUNT)
    tap.check(not wrong and asked >= V4_COUNT, f"{what}: {asked} comparisons of IPv4 clients, {len(wrong)} differences", *wrong[:10])
    wrong, asked = compare(server, model, chance, random_v6, (24, 29, 32, 36, 40, 48, 48, 56, 56, 64, 128), V6_COUNT)
    tap.check(not wrong and asked >= V6_COUNT, f"{what}: {asked} comparisons of IPv6 clients, {len(wrong)} differences", *wrong[:10])


def main():
    tap = lib.Tap()
    try:
        city = fetch.city()
    except fetch.Unreachable as error:
        print(f"ok 1 - the registry does not answer # SKIP {error}\n1..1")
        return 0
    config = lib.CONFIG + f"geoip: {{databases: [{city}]}}\n"
    files = {"meridian.yaml": config, "routing.yaml": ROUTING, "zones/model.test.yaml": ZONE}
    with lib.Server(files) as server:
        model = Model(city)
        if not tap.check(server.start(), "the server starts with City", server.log()):
            return tap.done()
        check_all(tap, server, model, "all is up")
        model.blocked = BLOCKED
        server.write("health.d/ops.yaml", HEALTH)
        lib.wait_for(lambda: len(server.http("GET", "/v1/health")[1]["verdicts"]) == 5)
        check_all(tap, server, model, "five overrides")
        tap.equal(server.stop(), 0, "the server stops")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
