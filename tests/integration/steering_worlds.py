# SPDX-License-Identifier: BSD-2-Clause
"""Random worlds for the steering: networks, routing, one zone, health documents and clients, from small alphabets, so that much
collides. A world is plain data that JSON can hold. Times of health documents count from its "now", 0."""
import ipaddress

from steering_place import parse, width

COUNTRIES = ["DE", "FR", "RU", "US", "CA", "BR", "JP", "TR", "ZA", "AU"]
SUBDIVISIONS = {"DE": ["DE-BE", "DE-BY"], "US": ["US-CA", "US-NY"], "CA": ["CA-BC"]}
ASNS = [64500, 64501]
TAGS = ["office", "lab"]
LOCATIONS = [[52.5, 13.4], [40.7, -74.0], [1.3, 103.8], [-33.9, 151.2], [-23.5, -46.6]]
WORDS = ["EU", "AS", "NA", "AF", "continent:EU", "continent:SA", "country:DE", "country:US", "country:RU", "EU-DE", "EU-FR", "NA-US",
         "EU-TR", "NA-US-CA", "NA-CA-BC", "subdivision:US-CA", "subdivision:DE-BE", "asn:64500", "asn:64501", "tag:office", "tag:lab",
         "region:r1", "region:europe", "region:americas"]
SCOPES = ["EU", "continent:AS", "country:DE", "country:US", "country:RU", "EU-FR", "subdivision:US-CA", "NA-US-NY", "asn:64500", "asn:64501",
          "tag:office", "tag:lab"]
VANTAGES = ["country:RU", "country:DE", ["country:DE", "country:FR"], "EU", "asn:64500"]
STATES = ["up", "up", "degraded", "drain", "down", "down", "blocked"]
SERVICES = ["default", "turn", "api"]
INLINE = ["192.0.2.1", "192.0.2.2", "198.51.100.1", "198.51.100.2", "198.51.100.3", "198.51.100.4"]
INLINE_V6 = ["2001:db8::1", "2001:db8:1::1", "2001:db8:1::2", "2001:db8:1::3"]
INLINE_HOSTS = ["h1.example.net.", "i1.example.net.", "i2.example.net.", "i3.example.net."]


def maybe(chance, share):
    return chance.random() < share


def some(chance, items, least, most):
    return chance.sample(items, min(len(items), chance.randint(least, most)))


# ---- places ----------------------------------------------------------------------------------


def prefix(chance, long=False):
    """Nested and touching ones."""
    if maybe(chance, 0.25):
        number = 0x2600 << 112 | chance.choice((0, 0x8000)) << 96 | chance.choice((0, 0x4000, 0x8000)) << 80 | chance.choice((0, 0x80)) << 72
        length = chance.choice((36, 44, 48, 56) if long else (17, 20, 32, 34, 40, 48, 56))
        return str(ipaddress.ip_network((number, length), strict=False))
    number = 20 << 24 | chance.choice((0, 64, 128, 192)) << 16 | chance.choice((0, 128)) << 8 | chance.choice((0, 128))
    length = chance.choice((16, 17, 20, 24, 25, 26) if long else (8, 9, 10, 12, 16, 17, 18, 20, 23, 24, 25))
    return str(ipaddress.ip_network((number, length), strict=False))


def network(chance):
    country = chance.choice(COUNTRIES)
    if maybe(chance, 0.25):
        return chance.choice(["country:" + country, "asn:64500", "tag:office", "continent:EU"])
    given = {}
    if maybe(chance, 0.7):
        given["country"] = country
        if country in SUBDIVISIONS and maybe(chance, 0.6):
            given["subdivision"] = chance.choice(SUBDIVISIONS[country])
    if maybe(chance, 0.1):
        given["continent"] = chance.choice(["EU", "AS", "NA"])
    if maybe(chance, 0.3):
        given["asn"] = chance.choice(ASNS)
    if maybe(chance, 0.3):
        given["tag"] = chance.choice(TAGS)
    if maybe(chance, 0.5) or not given:
        given["location"] = chance.choice(LOCATIONS)
    return given


def address_in(chance, text):
    net = ipaddress.ip_network(text)
    return ipaddress.ip_address(int(net.network_address) | chance.getrandbits(net.max_prefixlen - net.prefixlen or 1)
                                if net.prefixlen < net.max_prefixlen else int(net.network_address))


def subnet_of(chance, address):
    lengths = (8, 12, 16, 20, 24, 24, 25, 28, 32) if address.version == 4 else (16, 20, 32, 40, 48, 56, 56, 64, 128)
    return str(ipaddress.ip_network((address, chance.choice(lengths)), strict=False))


def near(chance, address):
    """The same up to a random bit."""
    bits = chance.randint(1, 22 if address.version == 4 else 70)
    flipped = int(address) ^ chance.getrandbits(bits + (2 if address.version == 4 else 50))
    return ipaddress.ip_address(flipped) if address.version == 4 else ipaddress.IPv6Address(flipped)


def client_near(chance, addresses):
    address = chance.choice(addresses)
    if maybe(chance, 0.5):
        address = near(chance, address)
    client = {"from": "192.0.2.53"}
    kind = chance.random()
    if kind < 0.15:
        client["from"] = str(address)
    else:
        client["ecs"] = subnet_of(chance, address)
        if maybe(chance, 0.2):
            client["from"] = str(chance.choice(addresses))
        if kind < 0.2:
            client["ecs"] = "0.0.0.0/0" if address.version == 4 else "::/0"
        elif kind < 0.25:
            client["ecs"] = chance.choice(["10.1.2.0/24", "10.200.0.0/16", "172.16.5.0/24", "192.168.1.0/24", "fd00:1::/48"])
    return client


def clients(chance, world, count):
    addresses = [address_in(chance, text) for text in world["networks"] for _ in range(2)]
    addresses += [address_in(chance, prefix(chance)) for _ in range(4)]
    base = some(chance, addresses, 3, 6)
    return [client_near(chance, base) for _ in range(count)]


# ---- routing ---------------------------------------------------------------------------------


def servers(chance):
    made = {}
    for number in range(1, chance.randint(3, 6)):
        addresses = []
        if maybe(chance, 0.93):
            addresses.append(f"192.0.2.{number}")
        if maybe(chance, 0.15):
            addresses.append(f"192.0.2.{number + 100}")
        if maybe(chance, 0.85) or not addresses:
            addresses.append(f"2001:db8::{number}")
        made[f"s{number}"] = {"addresses": addresses, "host": f"h{number}.example.net.",
                                "location": [chance.choice(LOCATIONS)[0] + number, chance.choice(LOCATIONS)[1] + number]}
        if maybe(chance, 0.05):
            del made[f"s{number}"]["host"]
    if maybe(chance, 0.2):
        made["sz"] = {"host": "hz.example.", "location": chance.choice(LOCATIONS)}
    return made


def pool(chance, names, others):
    members = some(chance, names, 1, 3)
    made = {"servers": [{"server": name, "weight": chance.choice((1, 1, 2, 3))} if maybe(chance, 0.3) else name for name in members]}
    if maybe(chance, 0.3):
        made["min_up"] = chance.randint(1, len(members))
    if maybe(chance, 0.12):
        made["stick"] = "client"
    if others and maybe(chance, 0.5):
        made["fallback"] = chance.choice(others)
    return made


def chain_keys(chance, pools):
    made = {"pool": chance.choice(pools)} if maybe(chance, 0.4) else {"pools": some(chance, pools, 1, 3)}
    if maybe(chance, 0.2):
        made["only"] = True
    return made


def rule(chance, pools):
    made = {}
    kind = chance.randint(0, 4)
    if kind in (0, 4):
        made["geos"] = some(chance, WORDS, 1, 3)
    if kind == 1:
        made["region"] = chance.choice(["europe", "asia", "americas", "r1", "r2"])
    if kind in (2, 4):
        made["subnets"] = [prefix(chance, True) for _ in range(chance.randint(1, 2))]
    if kind == 3:
        made["asns"] = some(chance, ASNS, 1, 2)
    made.update(chain_keys(chance, pools))
    return made


def distance(chance, pools):
    made = {"by": "distance", "pools": some(chance, pools, 1, 4), "otherwise": chance.choice(pools)}
    if maybe(chance, 0.5):
        made["keep"] = chance.randint(1, 4)
    if maybe(chance, 0.5):
        made["bias"] = {name: chance.choice((-50, -20, 20, 50)) for name in some(chance, made["pools"], 1, 2)}
    return made


def routing(chance):
    made = {"servers": servers(chance), "services": {"default": {"check": "tcp", "port": 443}, "turn": {"check": "turn", "port": 3478},
                                                     "api": {"check": "tcp", "port": 80}}}
    names = list(made["servers"])
    pools = [f"p{number}" for number in range(1, chance.randint(3, 6))]
    made["pools"] = {name: pool(chance, names, pools[number + 1:]) for number, name in enumerate(pools)}
    made["regions"] = {"r1": some(chance, [word for word in WORDS if not word.startswith("region")], 1, 3),
                       "r2": [prefix_word(chance), chance.choice(["country:JP", "tag:lab", "region:asia"])]}
    if maybe(chance, 0.2):
        made["regions"]["europe"] = ["country:DE", "AF"]
    made["policies"] = {f"rules{number}": [rule(chance, pools) for _ in range(chance.randint(0, 4))] + [chain_keys(chance, pools)]
                        for number in range(chance.randint(1, 3))}
    made["policies"]["near"] = distance(chance, pools)
    if maybe(chance, 0.4):
        made["geo_routing"] = [{"region": region, "server": name} for region, name in
                               zip(some(chance, ["europe", "asia", "americas", "r1"], 1, 4), chance.sample(names, len(names)))]
    return made


def prefix_word(chance):
    return "net:" + prefix(chance, True)


# ---- the zone --------------------------------------------------------------------------------


def form(chance, made, rtype):
    if maybe(chance, 0.1):
        return {"server": chance.choice(list(made["servers"]))}
    policies = list(made["policies"]) + (["geo_routing"] if "geo_routing" in made else [])
    keys = {"pool": chance.choice(list(made["pools"]))} if maybe(chance, 0.2) else {"policy": chance.choice(policies)}
    if maybe(chance, 0.4):
        keys["service"] = chance.choice(SERVICES)
    if maybe(chance, 0.2):
        keys["answers"] = chance.randint(1, 3)
    if maybe(chance, 0.25):
        keys["skip"] = chance.randint(1, 2)
    if maybe(chance, 0.2):
        keys["families"] = "borrow"
    if rtype in ("SRV", "MX") and maybe(chance, 0.6):
        keys["chain"] = chance.randint(2, 4)
    return keys


def named(chance, made):
    """A record that names something of the routing."""
    rtype = chance.choice([["A", "AAAA"], ["A", "AAAA"], "A", "AAAA", "CNAME", "SRV", "MX", "HTTPS"])
    keys = form(chance, made, rtype)
    record = {"type": rtype, "dynamic": keys}
    if rtype == "SRV":
        keys["port"] = 3478
    if rtype in ("SRV", "MX") and maybe(chance, 0.3):
        keys["priority"] = 5
    if rtype == "A" and "server" not in keys and maybe(chance, 0.4):
        del record["dynamic"]
        record.update(values=some(chance, ["198.51.100.91", "198.51.100.92"], 1, 2), octodns={"meridian": keys})
    return record


def inline_pools(chance, values):
    names = ["one", "two", "three"][:chance.randint(1, 3)]
    pools = {}
    for number, name in enumerate(names):
        made = {"values": [{"value": value} for value in some(chance, values, 1, 3)]}
        for value in made["values"]:
            if maybe(chance, 0.3) and len(made["values"]) > 1:
                value["weight"] = chance.choice((1, 2, 5))
            if maybe(chance, 0.2):
                value["status"] = chance.choice(("up", "down", "obey"))
        if number and maybe(chance, 0.5):
            made["fallback"] = names[chance.randrange(number)]
        pools[name] = made
    return pools


def inline_rules(chance, names):
    """octoDNS wants subnets alone first, no place twice, the narrower place first, no pool unused, and the rest of the world last."""
    places = {parse(word): word for word in some(chance, [word for word in WORDS if not word.startswith("region")], 0, 5)}
    words = sorted(places.values(), key=width, reverse=True)
    subnets = sorted({prefix(chance, True) for _ in range(chance.randint(0, 3))}, key=lambda text: -ipaddress.ip_network(text).prefixlen)
    both = subnets.pop() if subnets and maybe(chance, 0.3) else None
    rules = [{"subnets": [subnet]} for subnet in subnets]
    while words:
        count = chance.randint(1, 2)
        rules.append({"geos": words[:count]})
        if both:
            rules[-1]["subnets"] = [both]
            both = None
        words = words[count:]
    rules.append({})
    for rule_number, made in enumerate(rules):
        made["pool"] = names[rule_number] if rule_number < len(names) else chance.choice(names)
    return rules


def inline(chance):
    """octoDNS's own form."""
    rtype, values = chance.choice([("A", INLINE), ("A", INLINE), ("AAAA", INLINE_V6), ("CNAME", INLINE_HOSTS)])
    pools = inline_pools(chance, values)
    rules = inline_rules(chance, list(pools))
    used = {made["pool"] for made in rules}
    while True:
        more = {pools[name]["fallback"] for name in used if "fallback" in pools[name]} - used
        if not more:
            break
        used |= more
    record = {"type": rtype, "dynamic": {"pools": {name: made for name, made in pools.items() if name in used}, "rules": rules}}
    record["values"] = some(chance, values, 1, 1 if rtype == "CNAME" else 2)
    return record


def zone(chance, made):
    records = {"": [{"type": "SOA", "ttl": 3600, "value": "ns.example.org. host.example. 1 3600 600 86400 300"},
                    {"type": "NS", "ttl": 3600, "value": "ns.example.org."}],
               "hz": {"type": "A", "ttl": 60, "value": "192.0.2.60"}}
    for number in range(10):
        record = inline(chance) if maybe(chance, 0.3) else named(chance, made)
        if maybe(chance, 0.8):
            record["ttl"] = chance.choice((4, 7, 8, 30, 61, 300))
        records[f"n{number}"] = record
    return records


# ---- health ----------------------------------------------------------------------------------


def until(chance, entry):
    if entry["state"] == "degraded" and maybe(chance, 0.5):
        entry["factor"] = chance.choice((0.1, 0.5))
    if maybe(chance, 0.15):
        entry["until"] = chance.choice((-300, 3600))
    return entry


def said(chance, scoped=False):
    entry = {"state": chance.choice(STATES)}
    kind = chance.random()
    names = SERVICES + ["n0.example", "n1.example", "n2.example", "n3.example", "n4.example", "n5.example", "n6.example"]
    if kind < 0.15:
        entry["services"] = some(chance, names, 1, 3)
    elif kind < 0.3:
        entry["services"] = {name: until(chance, {"state": chance.choice(STATES)}) for name in some(chance, names, 1, 2)}
        if maybe(chance, 0.3):
            del entry["state"]
    if not scoped and maybe(chance, 0.4):
        entry["scopes"] = {word: said(chance, True) for word in some(chance, SCOPES + [prefix_word(chance), prefix_word(chance)], 1, 3)}
        if maybe(chance, 0.5):
            entry.pop("state", None)
            entry.pop("services", None)
    return until(chance, entry) if "state" in entry else entry


def document(chance, made, number):
    source = chance.choice(["operator", "monitor", "monitor", "monitor", "reports"])
    targets = list(made["servers"]) * 2 + INLINE[2:] + INLINE_V6[1:] + [host[:-1] for host in INLINE_HOSTS[1:]]
    written = {"version": 1, "source": source, "writer": f"w{number}",
               "servers": {name: said(chance) for name in dict.fromkeys(some(chance, targets, 1, 7))}}
    if maybe(chance, 0.3):
        written["pools"] = {name: said(chance) for name in some(chance, list(made["pools"]), 1, 2)}
    if source != "operator":
        written.update(chance.choice([{"generated": -20, "ttl": 1200}] * 4 + [{"generated": -300, "ttl": 90}, {"generated": -9000, "ttl": 90}]))
        if maybe(chance, 0.6):
            written["vantage"] = chance.choice(VANTAGES)
    return written


def world(chance):
    made = routing(chance)
    result = {"networks": {prefix(chance): network(chance) for _ in range(chance.randint(2, 8))}, "routing": made, "dynamic_ttl": 20, "hold": 900,
              "zone": zone(chance, made), "health": {}}
    for number in range(chance.choice((0, 0, 1, 1, 2, 3, 4, 5))):
        result["health"][f"d{number}.yaml"] = document(chance, made, number)
    return result
