# SPDX-License-Identifier: BSD-2-Clause
"""Where a client is, by the operator's networks alone, and which place words hold it."""
import ipaddress

CONTINENTS = {"DE": "EU", "FR": "EU", "RU": "EU", "US": "NA", "CA": "NA", "BR": "SA", "JP": "AS", "TR": "AS", "ZA": "AF", "AU": "OC"}
CONTINENT_CODES = ("AF", "AN", "AS", "EU", "NA", "OC", "SA")
# RFC 6890, as far as the tests go there.
SPECIAL = [ipaddress.ip_network(text) for text in
           ("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.2.0/24",
            "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "fc00::/7", "2001:db8::/32", "fe80::/10")]
# Of two words that hold a client the one of the later kind is narrower.
KINDS = ("global", "continent", "country", "subdivision", "asn", "tag", "net")


def parse(word):
    """(kind, value) of a place word."""
    kind, colon, value = word.partition(":")
    if colon:
        return kind, value
    if word == "global":
        return "global", ""
    codes = word.split("-")
    if len(codes) == 1:
        return "continent", word
    if len(codes) == 2:
        return "country", codes[1]
    return "subdivision", "-".join(codes[1:])


def covers(word, place, regions):
    """Whether a place word holds a client."""
    kind, value = parse(word)
    if kind == "global":
        return True
    if kind == "region":
        return any(covers(other, place, regions) for other in regions[value])
    if kind == "net":
        network = ipaddress.ip_network(value)
        return place["address"].version == network.version and place["address"] in network
    if kind == "asn":
        return place["asn"] == int(value)
    return place[kind] == value


def width(word):
    """Greater is narrower: the kind, then the length of a prefix."""
    kind, value = parse(word)
    return KINDS.index(kind), ipaddress.ip_network(value).prefixlen if kind == "net" else 0


def prefixes_of(data):
    """Every prefix of any rule or health scope of a world."""
    if isinstance(data, dict):
        for key, value in data.items():
            if key.startswith("net:"):
                yield key[4:]
            if key == "subnets":
                yield from value
            yield from prefixes_of(value)
    elif isinstance(data, list):
        for value in data:
            yield from prefixes_of(value)
    elif isinstance(data, str) and data.startswith("net:"):
        yield data[4:]


def address_of(version, number):
    return ipaddress.IPv4Address(number) if version == 4 else ipaddress.IPv6Address(number)


class Places:
    """The networks of a world."""

    def __init__(self, world, regions):
        self.regions = regions
        self.networks = sorted(((ipaddress.ip_network(text), given) for text, given in world["networks"].items()),
                               key=lambda pair: pair[0].prefixlen)
        self.written = [network for network, _ in self.networks]
        self.written += [ipaddress.ip_network(text) for part in ("routing", "zone", "health") for text in prefixes_of(world[part])]

    def of_address(self, address):
        """From the shortest network to the longest; each replaces the fields that it gives."""
        place = dict.fromkeys(("continent", "country", "subdivision", "asn", "tag", "location"))
        for network, given in self.networks:
            if network.version != address.version or address not in network:
                continue
            if isinstance(given, str):
                kind, value = parse(given)
                given = {kind: int(value) if kind == "asn" else value}
            if "country" in given:
                place.update(continent=None, subdivision=None, location=None)
            place.update(given)
        if place["country"] and not place["continent"]:
            place["continent"] = CONTINENTS[place["country"]]
        place["address"] = address
        return place

    def locations(self):
        """Every location that an address has: places change only where a network begins or has ended."""
        edges = {(network.version, edge) for network, _ in self.networks
                 for edge in (int(network.network_address), int(network.broadcast_address) + 1)}
        found = {tuple(place["location"]) for place in (self.of_address(address_of(*edge)) for edge in edges) if place["location"]}
        return sorted(found)

    def is_special(self, address):
        def within(networks):
            return any(network.version == address.version and address in network for network in networks)
        return within(SPECIAL) and not within(self.written)

    def of_client(self, client):
        """By the subnet, padded with zeros; else, or where it says nothing about a place, by the resolver."""
        resolver = ipaddress.ip_address(client["from"])
        if client.get("ecs"):
            network = ipaddress.ip_network(client["ecs"])
            if network.prefixlen > 0 and not self.is_special(network.network_address):
                return self.of_address(network.network_address)
        return self.of_address(resolver)
