#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Random routing, health documents and clients: every answer is one that a naive model of the rules allows, all clients of a
returned scope get the same one, and scopes never overlap. STEERING_SEED=n repeats a run, STEERING_WORLDS=n says how many."""
import copy
import datetime
import ipaddress
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time

import lib
from steering_draw import Draw
from steering_model import Group, Model, Unsure, as_list
import steering_worlds as worlds

SEED = int(os.environ.get("STEERING_SEED", "20261130"))
WORLDS = int(os.environ.get("STEERING_WORLDS", "150"))
BATCH = 25
CLIENTS = 12
SHOWN = int(os.environ.get("STEERING_SHOWN", "5"))
REPLAY = os.path.join(lib.BUILD, "tests", "replay", "replay")
BROKEN = (Unsure, KeyError, IndexError, ValueError, TypeError, AttributeError, StopIteration)  # a world that is not whole
START = 1_700_000_000  # of the draws' clock


# ---- a world as files --------------------------------------------------------------------------


def stamped(data, now):
    """Health times as they are written in documents."""
    if isinstance(data, dict):
        return {key: datetime.datetime.fromtimestamp(now + value, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
                if key in ("generated", "until") else stamped(value, now) for key, value in data.items()}
    return data


def files_of(world, folder, now):
    """Path and text; all below a folder of its own, but meridian.yaml."""
    config = {"state": "", "http": "", "control": "", "routing": f"{folder}/routing.yaml",
              "zones": {"directory": f"{folder}/zones", "defaults": {"dynamic_ttl": world["dynamic_ttl"]}},
              "health": {"directory": f"{folder}/health.d", "hold": f"{world['hold']}s"}, "geoip": {"networks": world["networks"]}}
    yield "meridian.yaml", json.dumps(config)
    yield f"{folder}/routing.yaml", json.dumps(world["routing"])
    yield f"{folder}/zones/example.yaml", json.dumps(world["zone"])
    yield f"{folder}/health.d/none", ""
    for name, document in world["health"].items():
        end = "" if document["source"] == "operator" else "\n..."
        yield f"{folder}/health.d/{name}", json.dumps(stamped(document, now)) + end


def ask_line(question):
    name, rtype, client, at_s = question
    words = ["ask", f"{name}.example.", rtype, "from", client["from"]]
    words += ["ecs", client["ecs"]] if client.get("ecs") else []
    return " ".join(words + ["at", str(at_s), "random", str(hash(json.dumps(client)) % 1000)])


def play(cases):
    """cases: (world, questions). For each world the replies, one list of lines a question, or text that says why it did not load."""
    now = int(time.time())
    with tempfile.NamedTemporaryFile("w", suffix=".txt", prefix="mer-steering-", delete=False) as scenario:
        for number, (world, questions) in enumerate(cases):
            for path, text in files_of(world, f"w{number}", now):
                scenario.write(f"file {path}\n{text}\nend\n")
            for question in questions:
                scenario.write(ask_line(question) + "\n")
    done = subprocess.run([REPLAY, scenario.name], capture_output=True, text=True, check=False, timeout=280)
    os.unlink(scenario.name)
    return list(take_replies(done, cases))


def take_replies(done, cases):
    """What replay prints: nothing is expected there, so each reply is told whole."""
    lines = iter(done.stdout.splitlines())
    for _, questions in cases:
        replies, reply, problem = [], [], ""
        while len(replies) < len(questions):
            line = next(lines, None)
            if line is None:
                raise RuntimeError(f"replay ended early: {done.stderr[-2000:]}")
            if line.startswith("# got:"):
                reply.append(line[6:].strip())
            elif "the configuration loads" in line:
                problem = "does not load: "
            elif re.match(r"(not )?ok ", line):
                replies.append(reply)
                reply = []
            elif problem and line.startswith("# "):
                problem += line[2:] + "; "
        yield problem or replies


# ---- one reply against the model ---------------------------------------------------------------


class Reply:
    """The lines of one reply."""

    def __init__(self, lines):
        head = lines[0].split()
        self.rcode = head[0]
        self.scope = int(head[head.index("scope") + 1]) if "scope" in head else None
        records = [line.split(" ", 5) for line in lines[1:] if line.startswith("answer ")]
        self.records = [(owner, int(ttl), rtype, rdata.strip()) for _, owner, ttl, _, rtype, rdata in records]
        self.text = "; ".join(lines)

    def of(self, owner, rtype):
        return [(ttl, rdata) for name, ttl, kind, rdata in self.records if (name, kind) == (owner, rtype)]


def form_of(record):
    return record.get("octodns", {}).get("meridian") or record["dynamic"]


def drawer(question, reply):
    """Makes draws for a question: by the client's prefix at the reply's scope, or the whole resolver address."""
    _, _, client, at_s = question
    prefix = scope_of(question, reply) or ipaddress.ip_network(client["from"])
    return lambda policy, service: Draw(policy, service, prefix, at_s)


def texts_of(expected, rtype, form, draw):
    """What each record of an answer is. SRV weights apart: a set for each record."""
    result = []
    for step, group in enumerate(expected.groups):
        for member in expected.chosen(group, draw):
            if rtype in ("A", "AAAA"):
                result += [{text} for text in member.give[rtype]]
                continue
            host = member.give["host"][0]
            priority = form.get("priority", 10) + 10 * step
            weights = {member.weight, max(1, int(expected.weight(member) + 0.5)), max(1, int(expected.weight(member)))}
            result.append({"CNAME": {host}, "MX": {f"{priority} {host}"},
                           "SRV": {f"{priority} {weight} {form.get('port')} {host}" for weight in weights}}[rtype])
    return result


def same_records(wanted, got):
    """wanted: sets of texts that a record may be."""
    return len(wanted) == len(got) and all(any(text in texts for text in got) for texts in wanted)


def agrees_https(model, question, record, got, draw):
    """The hints of what A and AAAA give; those of one server alone, where there is a draw."""
    name, _, client, _ = question
    wanted = {kind: model.decide(name, record, kind, client) for kind in ("A", "AAAA")}
    groups = {kind: one.groups[0] for kind, one in wanted.items() if one.groups}
    hints = {"ipv4hint": [], "ipv6hint": []}
    for word in got[0][1].split()[2:] if got else []:
        key, _, value = word.partition("=")
        hints[key] = value.split(",")
    if got and groups and got[0][0] not in [wanted[kind].ttl for kind in groups]:
        return False
    if any(group.drawn for group in groups.values()):
        members = {member.key: (member, kind) for kind, group in groups.items() for member in group.members}
        if len({group.pool.name for group in groups.values()}) > 1:
            members = {key: value for key, value in members.items() if value[1] == "A"}
            groups.pop("AAAA")
        one = next(iter(wanted[kind] for kind in groups))
        ranked = [(member, key, wanted[kind].weight(member), groups[kind].pool.stick) for key, (member, kind) in members.items()]
        key = draw(one.policy, one.service).first(ranked, 1)[0].key
        groups = {kind: Group([member for member in group.members if member.key == key], 1, group.pool, False) for kind, group in groups.items()}
    texts = {kind: [text for member in groups[kind].members for text in member.give[kind]] if kind in groups else [] for kind in ("A", "AAAA")}
    return sorted(hints["ipv4hint"]) == sorted(texts["A"]) and sorted(hints["ipv6hint"]) == sorted(texts["AAAA"])


def agrees(model, question, reply):
    """Whether the model allows a reply."""
    name, rtype, client, _ = question
    record = model.world["zone"][name]
    got = reply.of(f"{name}.example.", rtype)
    if reply.rcode != "NOERROR":
        return False
    if rtype == "HTTPS":
        return agrees_https(model, question, record, got, drawer(question, reply))
    expected = model.decide(name, record, rtype, client)
    if not expected.groups:
        return not reply.records
    wanted = texts_of(expected, rtype, form_of(record), drawer(question, reply))
    return bool(got) and all(ttl == expected.ttl for ttl, _ in got) and same_records(wanted, [rdata for _, rdata in got])


def told(model, question):
    """What the model expects, in words."""
    name, rtype, client, _ = question
    record = model.world["zone"][name]
    text = []
    for kind in ("A", "AAAA") if rtype == "HTTPS" else (rtype,):
        expected = model.decide(name, record, kind, client)
        give = kind if kind in ("A", "AAAA") else "host"
        text += [f"{kind} ttl {expected.ttl}"]
        text += [f"{group.count} of {[member.give[give] for member in group.members]}" for group in expected.groups]
    return "; ".join(text)


# ---- properties of all replies of one world ----------------------------------------------------


def scope_of(question, reply):
    client = question[2]
    if not client.get("ecs") or reply.scope is None or ipaddress.ip_network(client["ecs"]).prefixlen == 0:
        return None
    return ipaddress.ip_network((ipaddress.ip_network(client["ecs"]).network_address, reply.scope), strict=False)


def same_client(world_places, question, other):
    """Subnets of special-purpose space are decided by the resolver: then only clients of one resolver are alike."""
    special = [world_places.is_special(ipaddress.ip_network(one[2]["ecs"]).network_address) for one in (question, other)]
    return not any(special) or question[2]["from"] == other[2]["from"]


def broken_scopes(world_places, questions, replies):
    """Pairs of replies of one name and type whose scopes overlap, or are the same with different decisions."""
    known = {}
    for question, reply in zip(questions, replies):
        scope = scope_of(question, reply)
        if scope is None:
            continue
        key = (question[0], question[1], scope.version)
        for other, its_question, its_reply in known.setdefault(key, []):
            if not scope.overlaps(other) or not same_client(world_places, question, its_question):
                continue
            same_time = question[3] == its_question[3]
            if scope != other or same_time and sorted(reply.records) != sorted(its_reply.records):
                yield its_question, its_reply, question, reply
        known[key].append((scope, question, reply))


def questions_for(chance, world):
    at_s = START + 10 * chance.randrange(1000)
    result = []
    for client in worlds.clients(chance, world, CLIENTS):
        for name, record in world["zone"].items():
            if name in ("", "hz"):
                continue
            result += [(name, rtype, client, at_s) for rtype in as_list(record["type"])]
    return result


# ---- making a failing world small --------------------------------------------------------------


def parts_of(data, path=()):
    """Paths of everything that could be left out, the outer before the inner."""
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield (*path, key)
        yield from parts_of(value, (*path, key))


def without(data, paths):
    """A copy that lacks these parts."""
    left = copy.deepcopy(data)
    for path in sorted(paths, key=lambda path: [(isinstance(key, int) and key, str(key)) for key in path], reverse=True):
        at = left
        try:
            for key in path[:-1]:
                at = at[key]
            del at[path[-1]]
        except (KeyError, IndexError):
            pass
    return left


def failing(candidates, question):
    """The first of some worlds that loads and whose reply the model does not allow, or None."""
    fit = []
    for world in candidates:
        try:
            told(Model(world), question)
            fit.append(world)
        except BROKEN:
            continue
    for world, replies in zip(fit, play([(world, [question]) for world in fit])):
        try:
            if isinstance(replies, list) and not agrees(Model(world), question, Reply(replies[0])):
                return world
        except BROKEN:
            continue
    return None


def shrink(world, question):
    """Leaves out what it fails without: all parts that can be spared, or half of them, or one."""
    keep = {name: record for name, record in world["zone"].items() if name in ("", "hz", question[0])}
    world = failing([{**world, "zone": keep}], question) or world
    while True:
        paths = [path for path in parts_of(world) if len(path) > 1 and path[-1] not in ("type", "zone", question[0])]
        paths = [path for path in paths if "type" not in path]
        share = 1
        while share <= len(paths):
            size = -(-len(paths) // share)
            groups = [paths[start:start + size] for start in range(0, len(paths), size)]
            less = failing([without(world, group) for group in groups], question)
            if less is not None:
                break
            share *= 2
        else:
            return world
        world = less


def show(world, question, reply_text):
    small = shrink(world, question)
    model = Model(small)
    replies = play([(small, [question])])[0]
    got = "; ".join(replies[0]) if isinstance(replies, list) else reply_text
    return [ask_line(question), f"got:      {got}", f"expected: {told(model, question)}",
            *(f"{key}: {json.dumps(value)}" for key, value in small.items())]


# ---- the run -----------------------------------------------------------------------------------


class Run:
    """Counts and the first differences."""

    def __init__(self):
        self.compared = self.unsure = self.loaded = 0
        self.wrong, self.unloaded, self.scopes = [], [], []

    def take_world(self, world, questions, lines):
        if not isinstance(lines, list):
            self.unloaded.append((world, lines))
            return
        self.loaded += 1
        model = Model(world)
        replies = [Reply(reply) for reply in lines]
        for question, reply in zip(questions, replies):
            try:
                good = agrees(model, question, reply)
            except Unsure:
                self.unsure += 1
                continue
            self.compared += 1
            if not good:
                self.wrong.append((world, question, reply.text))
        self.scopes += [(world, pair) for pair in broken_scopes(model.places, questions, replies)]

    def go(self, seed, count):
        for start in range(0, count, BATCH):
            cases = []
            for number in range(start, min(count, start + BATCH)):
                chance = random.Random(f"{seed} {number}")
                world = worlds.world(chance)
                cases.append((world, questions_for(chance, world)))
            for (world, questions), lines in zip(cases, play(cases)):
                self.take_world(world, questions, lines)


def main():
    tap = lib.Tap()
    if not os.path.exists(REPLAY):
        subprocess.run(["make", "-C", lib.BUILD, "-s", "tests/replay/replay"], check=True)
    print(f"# STEERING_SEED={SEED} STEERING_WORLDS={WORLDS}")
    run = Run()
    run.go(SEED, WORLDS)
    tap.check(not run.unloaded, f"{run.loaded} worlds load, {len(run.unloaded)} do not",
              *(f"{text}" for _, text in run.unloaded[:SHOWN]))
    different = {(id(world), question[0], question[1]): (world, question, text) for world, question, text in run.wrong}
    details = [line for case in list(different.values())[:SHOWN] for line in show(*case)]
    tap.check(not run.wrong and run.compared, f"{run.compared} answers compared with the model, {len(run.wrong)} differ, "
              f"{run.unsure} left to rounding", *details)
    tap.check(not run.scopes, f"scopes hold one decision each and never overlap, {len(run.scopes)} pairs do not",
              *(f"{ask_line(a)}\n  {b.text}\n{ask_line(c)}\n  {d.text}" for _, (a, b, c, d) in run.scopes[:SHOWN]))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
