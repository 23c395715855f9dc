#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Each broken file of broken.txt: `meridiand -t` says what is wrong and where; a running server says so too, and answers as before."""
import os
import re
import sys

import lib

HERE = os.path.dirname(os.path.abspath(__file__))
QUESTIONS = [("example.test.", "A", None), ("www.example.test.", "A", "192.0.2.0/24"), ("www.example.test.", "AAAA", "203.0.113.0/24"),
             ("near.example.test.", "A", None), ("none.example.test.", "A", None), ("a.sub.example.test.", "A", None),
             ("www.other.test.", "A", None), ("other.test.", "SOA", None)]


class Case:
    """One "= FILE: what" of broken.txt."""

    def __init__(self, head):
        self.file, self.appends, self.what = re.fullmatch(r"= (\S+?)( \+)?: (.*)", head).groups()
        self.expected, self.lines = [], []

    def text(self):
        """The broken part, as bytes."""
        text = "\n".join(self.lines).rstrip("\n")
        text = re.sub(r"\{\{(\d+)\*(.+?)\}\}", lambda m: m[2] * int(m[1]), text)
        out = b""
        for i, part in enumerate(re.split(r"\{\{([0-9a-f]{2})\}\}", text)):
            out += bytes.fromhex(part) if i % 2 else part.encode()
        return out + b"\n" if out else out


def read_cases(path):
    cases = []
    with open(path, encoding="utf-8") as file:
        for line in file.read().splitlines():
            if line.startswith("= "):
                cases.append(Case(line))
            elif cases and line.startswith("> "):
                cases[-1].expected.append(line[2:])
            elif cases:
                cases[-1].lines.append(line)
    return cases


def read_good():
    """path below good/ → text."""
    good, top = {}, os.path.join(HERE, "broken", "good")
    for folder, _, names in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, encoding="utf-8") as file:
                good[os.path.relpath(path, top)] = file.read()
    return good


def pattern(case, expected, folder, good):
    """What is expected, as a pattern of a whole line."""
    named, line, rest = re.fullmatch(r"(?:(\S+\.yaml) )?(\d+|[^:]*):(.*)", expected).groups()
    if case.appends and not named and line.isdigit():
        line = str(int(line) + good[case.file].count("\n"))
    if not re.match(r"\d+: |\[0-9\]\+: ", rest):
        rest = r"\d+: " + rest
    # A running server says of a routing that a zone's line needs what it lacks.
    of_routing = r"(?:\S+/routing\.yaml:1:1: a zone that is served needs it as it was: )?"
    return re.compile("^" + of_routing + re.escape(os.path.join(folder, named or case.file)) + f":{line}:{rest}", re.M)


def answers(server):
    """What the server says to all questions; whatever order it has."""
    said = []
    for name, rtype, subnet in QUESTIONS:
        reply = server.ask(name, rtype, subnet=subnet)
        said.append((name, rtype, reply.rcode, reply.aa, [sorted(r.key() for r in section) for section in reply.sections]))
    return said


def messages(server):
    """Everything that the status complains about; no warnings."""
    status = server.status()
    texts = list(status["reload"]["messages"])
    for part in status["zones"] + status["writers"]:
        texts += part.get("messages", [])
    return "\n".join(text for text in texts if ": warning: " not in text)


def check_dry(tap, server, case, patterns):
    code, said = server.check()
    missing = [p.pattern for p in patterns if not p.search(said)]
    placeless = [line for line in said.splitlines() if not re.match(r"/\S+?:\d+:\d+: \S", line)]
    tap.check(code == 1 and not missing and not placeless, f"-t: {case.file}: {case.what}",
              f"exit {code}", *[f"missing: {p}" for p in missing], *[f"without a place: {line}" for line in placeless], said)


def differences(before, after):
    return [f"{old} became {new}" for old, new in zip(before, after) if old != new]


def check_live(tap, server, case, patterns, before, good):
    """The broken file is there: it is told, and changes nothing; then it is repaired."""
    told = lib.wait_for(lambda: all(p.search(messages(server)) for p in patterns), 5)
    tap.check(told, f"status: {case.file}: {case.what}", messages(server), server.log()[-1000:])
    changed = differences(before, answers(server))
    tap.check(not changed, f"answers stay: {case.file}: {case.what}", *changed)
    server.write(case.file, good[case.file])
    if not lib.wait_for(lambda: not messages(server) and server.status()["reload"]["ok"]):
        tap.check(False, f"repaired: {case.file}: {case.what}", messages(server), server.status()["reload"])


def main():
    tap = lib.Tap()
    good = read_good()
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    with lib.Server(good) as server:
        if not tap.check(server.start(), "starts with the good files", server.log()):
            return tap.done()
        before = answers(server)
        code, said = server.check()
        tap.check(code == 0, "-t finds nothing wrong with the good files", said)
        for case in read_cases(os.path.join(HERE, "broken.txt")):
            if wanted not in case.what:
                continue
            patterns = [pattern(case, expected, server.folder, good) for expected in case.expected]
            server.write(case.file, (good[case.file].encode() if case.appends else b"") + case.text())
            check_dry(tap, server, case, patterns)
            check_live(tap, server, case, patterns, before, good)
        tap.equal(server.stop(), 0, "stops cleanly")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
