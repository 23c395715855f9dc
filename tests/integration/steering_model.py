# SPDX-License-Identifier: BSD-2-Clause
"""What an answer may be, by the plainest way to it: a reading of the format's rules from the first to the last, without a map,
a cache or an index. A world is plain data, as steering_worlds makes it; times in it count from its "now"."""
import ipaddress
import math

import steering_health as health
from steering_place import Places, covers

EARTH_KM = 6371.0
DISTANCE_KEEP = 2
USABLE = ("up", "degraded")
UNFIT = ("drain", "down", "blocked")
HALVED_FLOOR = 5


class Unsure(Exception):
    """The rules leave this one to rounding (two pools equally far): no comparison."""


class Member:
    """What a pool has of one server: how health calls it, and what it gives."""

    def __init__(self, key, weight, give, pool, status="obey"):
        self.key = key  # as health documents call it
        self.weight = weight
        self.give = give  # "A", "AAAA", "host" -> list of texts
        self.pool = pool  # pool of the routing, or None
        self.status = status


class Pool:
    """A name and members in order."""

    def __init__(self, name, members, min_up=1, stick=False, fallback=None):
        self.name = name
        self.members = members
        self.min_up = min_up
        self.stick = stick
        self.fallback = fallback

    def differ(self):
        return len({member.weight for member in self.members}) > 1


class Group:
    """`count` of these members are answered, at one priority."""

    def __init__(self, members, count, pool, drawn):
        self.members = members
        self.count = count
        self.pool = pool
        self.drawn = drawn  # fewer than all are wanted: the draw decides


class Expected:
    """The groups of one answer in their order, its TTL, and what the draw goes by. No groups: the type is not there."""

    def __init__(self, groups, ttl, policy="", service="", words=None):
        self.groups = groups
        self.ttl = ttl
        self.policy = policy
        self.service = service
        self.words = words or {}  # of health, by member

    def weight(self, member):
        return member.weight * self.words[member].factor if member in self.words else member.weight

    def chosen(self, group, draw):
        """The members of a group that are answered; draw: makes a Draw of a policy and service."""
        if not group.drawn:
            return group.members
        ranked = [(member, member.key, self.weight(member), group.pool.stick) for member in group.members]
        return draw(self.policy, self.service).first(ranked, group.count)


def great_circle_km(here, there):
    """Haversine."""
    lat1, lon1, lat2, lon2 = map(math.radians, (*here, *there))
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(half)))


def as_list(value):
    return value if isinstance(value, list) else [value]


def family_of(text):
    return "A" if ipaddress.ip_address(text).version == 4 else "AAAA"


class Model:
    """One world."""

    def __init__(self, world):
        self.world = world
        self.routing = world["routing"]
        self.servers = self.routing.get("servers", {})
        self.regions = {"europe": ["EU", "AF"], "asia": ["AS", "OC"], "americas": ["NA", "SA"]}
        self.regions.update(self.routing.get("regions", {}))
        self.places = Places(world, self.regions)
        self.health = health.Health(world, self.regions)
        self.pools = {name: self.read_pool(name, pool) for name, pool in self.routing.get("pools", {}).items()}

    # ---- servers and pools -----------------------------------------------------------------

    def gives(self, name):
        """What a server of the routing gives, by kind."""
        server = self.servers[name]
        give = {"A": [], "AAAA": [], "host": [server["host"]] if "host" in server else []}
        addresses = server.get("addresses")
        if addresses is None:
            addresses = self.static_addresses(server["host"])
        for address in addresses:
            give[family_of(address)].append(address)
        return give

    def static_addresses(self, host):
        """Of a host in the zone."""
        relative = host.removesuffix(".example.")
        return [value for record in as_list(self.world["zone"].get(relative, []))
                for value in as_list(record.get("values", record.get("value")))]

    def read_pool(self, name, pool):
        members = []
        for entry in as_list(pool["servers"]):
            entry = entry if isinstance(entry, dict) else {"server": entry}
            members.append(Member(entry["server"], entry.get("weight", 1), self.gives(entry["server"]), name))
        return Pool(name, members, pool.get("min_up", 1), pool.get("stick") == "client", pool.get("fallback"))

    def owner_of(self, value):
        """The server of the routing that owns an address or host; else the value itself."""
        for name, server in self.servers.items():
            if value in server.get("addresses", []) or value == server.get("host"):
                return name
        return value.removesuffix(".")

    def read_inline_pool(self, name, pool, kind):
        members = []
        for entry in as_list(pool["values"]):
            entry = entry if isinstance(entry, dict) else {"value": entry}
            value = entry["value"]
            members.append(Member(self.owner_of(value), entry.get("weight", 1), {kind: [value]}, None, entry.get("status", "obey")))
        return Pool(name, members, fallback=pool.get("fallback"))

    @staticmethod
    def chain(names, pools, only=False):
        """The pools in order, then the fallbacks of the last one; repeats drop out."""
        names = list(dict.fromkeys(names))
        at = None if only else pools[names[-1]].fallback
        while at:
            names += [] if at in names else [at]
            at = pools[at].fallback
        return [pools[name] for name in names]

    # ---- which chain -----------------------------------------------------------------------

    def holds(self, rule, place):
        """Any of subnets, asns, geos and region is enough; without any the rule is for everyone."""
        words = ["net:" + subnet for subnet in as_list(rule.get("subnets", []))]
        words += [f"asn:{number}" for number in as_list(rule.get("asns", []))]
        words += as_list(rule.get("geos", []))
        words += [f"region:{rule['region']}"] if "region" in rule else []
        conditions = any(key in rule for key in ("subnets", "asns", "geos", "region"))
        return not conditions or any(covers(word, place, self.regions) for word in words)

    def distance_chain(self, policy, place):
        if place["location"] is None:
            return self.chain([policy["otherwise"]], self.pools)
        found = []
        for name in policy["pools"]:
            first = self.pools[name].members[0].key
            bias = policy.get("bias", {}).get(name, 0) / 100
            factor = 1 - bias if bias > 0 else 1 / (1 + bias)  # as Route 53 has it
            found.append((great_circle_km(place["location"], self.servers[first]["location"]) * factor, name))
        found.sort(key=lambda pair: pair[0])
        for (near, _), (far, _) in zip(found, found[1:]):
            if far - near < 1 + far / 1000:
                raise Unsure
        return self.chain([name for _, name in found[:policy.get("keep", DISTANCE_KEEP)]], self.pools)

    def short_form(self):
        """geo_routing as rules: each entry's fallbacks are the others, in order; the last serves the rest."""
        entries = self.routing["geo_routing"]
        pools = {entry["server"]: Pool(entry["server"], [Member(entry["server"], 1, self.gives(entry["server"]), None)])
                 for entry in entries}
        rules = []
        for entry in entries:
            names = [entry["server"]] + [other["server"] for other in entries if other is not entry]
            rules.append(({"region": entry["region"]}, [pools[name] for name in dict.fromkeys(names)]))
        return rules + [({}, rules[-1][1])]

    def rules_of(self, form):
        """All (rule, chain) of a policy by rules, or of the inline form."""
        if form["policy"] == "geo_routing" and "geo_routing" in self.routing:
            return self.short_form()
        policy = self.routing["policies"][form["policy"]]
        return [(rule, self.chain(as_list(rule.get("pools", rule.get("pool"))), self.pools, rule.get("only", False)))
                for rule in policy]

    def chains_of(self, form):
        """Every chain that a form can come to, as far as types go: the first pool counts for whether a type is there."""
        if "pool" in form:
            return [self.chain([form["pool"]], self.pools)]
        policy = self.routing.get("policies", {}).get(form["policy"])
        if isinstance(policy, dict):
            chains = [self.chain([policy["otherwise"]], self.pools)]
            for location in self.places.locations():
                chains.append(self.distance_chain(policy, {"location": location}))
            return chains
        return [chain for _, chain in self.rules_of(form)]

    def chain_for(self, form, place):
        if "pool" in form:
            return self.chain([form["pool"]], self.pools)
        policy = self.routing.get("policies", {}).get(form["policy"])
        if isinstance(policy, dict):
            return self.distance_chain(policy, place)
        return next(chain for rule, chain in self.rules_of(form) if self.holds(rule, place))

    def inline_rules(self, record, kind):
        pools = {name: self.read_inline_pool(name, pool, kind) for name, pool in record["dynamic"]["pools"].items()}
        return [(rule, self.chain([rule["pool"]], pools)) for rule in record["dynamic"]["rules"]]

    def inline_chain(self, record, kind, place):
        """Subnets first, then the rules in their order."""
        rules = self.inline_rules(record, kind)
        for rule, chain in rules:
            if "subnets" in rule and self.holds({"subnets": rule["subnets"]}, place):
                return chain
        return next(chain for rule, chain in rules if self.holds(rule, place))

    # ---- which pools and members of it -----------------------------------------------------

    def word(self, member, service, place):
        """(what health says, whether an automatic document makes it so)"""
        if member.status != "obey":
            return health.Word(member.status), False
        return self.health.verdict(member.key, member.pool, service, place)

    @staticmethod
    def group(pool, members, words, form, rtype):
        """What is answered of these members."""
        count = form.get("answers")
        if rtype == "CNAME":
            count = 1
        elif count is None:
            count = 1 if pool.differ() and rtype not in ("SRV", "MX") else len(pool.members)
        if count < len(members):
            return Group(members, count, pool, True)
        if any(words[member].state == "up" for member in members):
            members = [member for member in members if words[member].state != "degraded"]
        return Group(members, len(members), pool, False)

    def groups(self, chain, values, form, want, words):
        """The ladder: the groups, and the pool that was chosen first. want: (kind, type)"""
        kind, rtype = want
        able = {pool: [member for member in pool.members if member.give.get(kind) and member.status != "down"] for pool in chain}
        usable = {pool: [member for member in able[pool] if words[member].state in USABLE] for pool in chain}
        serving = [pool for pool in chain if len(usable[pool]) >= max(1, min(pool.min_up, len(able[pool])))]
        serving += [pool for pool in chain if usable[pool] and pool not in serving]
        if serving:
            first = min(form.get("skip", 0), len(serving) - 1)
            chosen = serving[first:first + form.get("chain", 1)]
            return self.each_once([(pool, usable[pool]) for pool in chosen], words, form, rtype), chosen[0]
        last = [member for member in values.members if words[member].state in USABLE] if values else []
        if last:
            return [self.group(values, last, words, form, rtype)], None
        for rank in UNFIT:
            for pool in chain:
                members = [member for member in pool.members if member.give.get(kind) and words[member].state == rank]
                if members:
                    return [self.group(pool, members, words, form, rtype)], pool
        return None, None

    def each_once(self, chosen, words, form, rtype):
        """A server that an earlier pool could give is not given again."""
        seen, groups = set(), []
        for pool, members in chosen:
            left = [member for member in members if member.key not in seen]
            seen.update(member.key for member in members)
            if left:
                groups.append(self.group(pool, left, words, form, rtype))
            else:
                groups.append(Group([], 0, pool, False))
        return groups

    @staticmethod
    def ttl(ttl, chain, first, halved):
        """Half of it where an automatic entry took out a member of the chain, up to the pool chosen."""
        end = chain.index(first) if first else len(chain) - 1
        if any(halved[member] for pool in chain[:end + 1] for member in pool.members):
            return min(ttl, max(HALVED_FLOOR, ttl // 2))
        return ttl

    # ---- the answer ------------------------------------------------------------------------

    def exists(self, form, kind):
        """A type is there if the first pool of every chain can give it; with families: borrow, any pool of each."""
        borrow = form.get("families") == "borrow"
        return all(any(member.give.get(kind) for pool in (chain if borrow else chain[:1]) for member in pool.members)
                   for chain in self.chains_of(form))

    def decide(self, name, record, rtype, client):
        """Expected of a dynamic record. rtype: A, AAAA, CNAME, SRV, MX; for the hints of HTTPS ask for A and AAAA."""
        place = self.places.of_client(client)
        kind = rtype if rtype in ("A", "AAAA") else "host"
        ttl = record.get("ttl", self.world["dynamic_ttl"])
        form = dict(record.get("octodns", {}).get("meridian") or record["dynamic"])
        if "server" in form:
            member = Member(form["server"], 1, self.gives(form["server"]), None)
            if not member.give[kind]:
                return Expected([], ttl)
            return Expected([Group([member], 1, Pool("", [member]), False)], ttl)
        if "pools" in form:
            chain = self.inline_chain(record, kind, place)
            policy = service = f"{name}.example" if name else "example"
            form = {}
        else:
            if not self.exists(form, kind):
                return Expected([], ttl)
            chain = self.chain_for(form, place)
            service = form.get("service", "default")
            policy = "pool/" + form["pool"] if "pool" in form else form["policy"]
        texts = as_list(record.get("values", record.get("value", [])))
        values = Pool("", [Member(self.owner_of(text), 1, {kind: [text]}, None) for text in texts])
        found = {member: self.word(member, service, place) for pool in [*chain, values] for member in pool.members}
        words = {member: word for member, (word, _) in found.items()}
        halved = {member: automatic and word.state in UNFIT for member, (word, automatic) in found.items()}
        groups, first = self.groups(chain, values, form, (kind, rtype), words)
        if groups is None:
            raise Unsure
        return Expected(groups, self.ttl(ttl, chain, first, halved), policy, service, words)
