# SPDX-License-Identifier: BSD-2-Clause
"""What health documents say of a server, for one client and service. Times are seconds from the world's "now"."""
from steering_place import covers, width

STATES = ("up", "degraded", "drain", "down", "blocked")  # from mild to bad
FINAL = ("up", "down", "blocked")
FACTOR = 0.25


class Word:
    """A state, and how much weight is left in it."""

    def __init__(self, state, factor=FACTOR):
        self.state = state
        self.factor = factor if state == "degraded" else 1

    def badness(self):
        return STATES.index(self.state), -self.factor


UP = Word("up")


def worst(words):
    return max(words, key=Word.badness)


class Said:
    """One entry: a word for a scope (None: unscoped) and a service (None: all)."""

    def __init__(self, word, scope, service):
        self.word = word
        self.scope = scope
        self.service = service

    def rank(self):
        """Greater is more specific: the scope, then the named service."""
        return width(self.scope or "global"), self.service is not None


def word_of(entry):
    """None: no opinion, or one that has ended."""
    if "state" not in entry or entry.get("until", 1) <= 0:
        return None
    return Word(entry["state"], entry.get("factor", FACTOR))


def flat(entry, scope=None):
    """The Said of an entry; a list of services limits the state, a map has states of its own."""
    services = entry.get("services", [])
    if isinstance(services, dict):
        for service, own in services.items():
            if word_of(own):
                yield Said(word_of(own), scope, service)
        services = []
    if word_of(entry):
        for service in services or [None]:
            yield Said(word_of(entry), scope, service)
    for place, own in entry.get("scopes", {}).items():
        yield from flat(own, place)


def agreed(words):
    """The state that more than half of the votes reach; of several the worst. Of those who say degraded the least factor."""
    ranks = sorted(STATES.index(word.state) for word in words)
    factors = [word.factor for word in words if word.state == "degraded"]
    return Word(STATES[ranks[(len(ranks) - 1) // 2]], min(factors, default=FACTOR))


class Health:
    """All documents of a world."""

    def __init__(self, world, regions):
        self.regions = regions
        self.operator = []
        self.automatic = []
        for document in world["health"].values():
            if document["source"] == "operator":
                self.operator.append(document)
            elif document["generated"] + document["ttl"] + world["hold"] > 0:
                self.automatic.append(document)

    @staticmethod
    def is_fresh(document):
        return document["generated"] + document["ttl"] > 0

    @staticmethod
    def on_server(document, key):
        return list(flat(document.get("servers", {}).get(key, {})))

    @staticmethod
    def on_pool(document, pool):
        return list(flat(document.get("pools", {}).get(pool, {}))) if pool is not None else []

    def narrowest(self, said, service, place):
        """The most specific of what covers client and service, the worst of those that are equal; None: nothing does."""
        said = [one for one in said if one.service in (None, service) and (one.scope is None or covers(one.scope, place, self.regions))]
        if not said:
            return None
        rank = max(one.rank() for one in said)
        return worst(one.word for one in said if one.rank() == rank)

    @staticmethod
    def vantage(document):
        vantage = document.get("vantage", [])
        return tuple(sorted(vantage)) if isinstance(vantage, list) else (vantage,)

    def is_at(self, document, place):
        return any(covers(word, place, self.regions) for word in self.vantage(document))

    def counted(self, key):
        """Documents and their entries on a server: of stale ones only if no fresh one mentions it."""
        mentioned = any(self.on_server(document, key) for document in self.automatic if self.is_fresh(document))
        for document in self.automatic:
            if self.is_fresh(document) or not mentioned:
                yield document, self.on_server(document, key)
            else:
                yield document, []

    def vote(self, key, service, place):
        """What the vantages agree on for a client elsewhere, or None."""
        by_vantage = {}
        for document, said in self.counted(key):
            if not document.get("vantage"):
                continue
            if said and self.is_fresh(document) and self.is_at(document, place):
                return None
            word = self.narrowest([one for one in said if one.scope is None], service, place)
            if word:
                by_vantage.setdefault(self.vantage(document), []).append(Word("down") if word.state == "blocked" else word)
        if len(by_vantage) < 2:
            return None
        result = agreed([agreed(words) for words in by_vantage.values()])
        factors = [word.factor for words in by_vantage.values() for word in words if word.state == "degraded"]
        return Word(result.state, min(factors, default=FACTOR))

    def by_automatic(self, key, pool, service, place):
        """The worst of what monitors and reports say, or None."""
        words = [self.vote(key, service, place)]
        for document, said in self.counted(key):
            said = said + self.on_pool(document, pool)
            if document.get("vantage"):
                # An unscoped entry is one for the vantage's places.
                said = [Said(one.word, scope, one.service) for one in said
                        for scope in ([one.scope] if one.scope else self.vantage(document))]
            words.append(self.narrowest(said, service, place))
        words = [word for word in words if word]
        return worst(words) if words else None

    def verdict(self, key, pool, service, place):
        """(word, whether an automatic document makes it so)"""
        said = [one for document in self.operator for one in self.on_server(document, key) + self.on_pool(document, pool)]
        operator = self.narrowest(said, service, place)
        if operator and operator.state in FINAL:
            return operator, False
        automatic = self.by_automatic(key, pool, service, place)
        if operator is None:
            return automatic or UP, automatic is not None
        if automatic is None or automatic.badness() <= operator.badness():
            return operator, False
        return automatic, True
