#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""tools/example as it is: it loads without a word, and every name that a record leads to has an address, for everybody."""
import os
import sys

import dnswire
import lib
import yaml

EXAMPLE = os.path.join(lib.TOP, "tools", "example")
ZONE = "yourdomain.com"
CLIENTS = [None, "5.145.128.0/20", "8.8.8.0/24", "1.1.1.0/24", "2001:4860::/32"]


def read_example():
    """The files, with listeners that are free."""
    files = {}
    for path in ("meridian.yaml", "routing.yaml", f"zones/{ZONE}.yaml", "health.d/operator.yaml"):
        with open(os.path.join(EXAMPLE, path), encoding="utf-8") as file:
            files[path] = file.read()
    config = files["meridian.yaml"].replace('"127.0.0.1@5300"', '"127.0.0.1@0"').replace("http: 127.0.0.1@8053", 'http: ""')
    files["meridian.yaml"] = config.replace("state/control.sock", "control.sock")
    return files


def records(zone):
    """(name, type) of everything in the zone's YAML."""
    for name, entries in yaml.safe_load(zone).items():
        full = f"{name}.{ZONE}." if name else f"{ZONE}."
        for entry in entries if isinstance(entries, list) else [entries]:
            types = entry["type"] if isinstance(entry["type"], list) else [entry["type"]]
            for rtype in types:
                yield full, rtype


def target(record):
    """The name that a record leads to; None: none."""
    if record.rtype == dnswire.TYPES["NAPTR"]:
        at = 4
        for _ in range(3):
            at += record.rdata[at] + 1
        return dnswire.name_text(record.rdata[at:])
    if record.rtype in dnswire.NAMES_IN and record.rtype != dnswire.TYPES["SOA"]:
        return record.value().split()[-1]
    return None


def resolve(server, name, subnet, depth=0):
    """The addresses at the end of all that a name leads to."""
    found = set()
    if depth > 4:
        return found
    for rtype in ("A", "AAAA"):
        for record in server.ask(name, rtype, subnet=subnet).answer:
            found |= resolve(server, target(record), subnet, depth + 1) if target(record) else {record.value()}
    for record in server.ask(name, "SRV", subnet=subnet).answer:
        found |= resolve(server, target(record), subnet, depth + 1)
    return found


def main():
    tap = lib.Tap()
    files = read_example()
    with lib.Server(files) as server:
        code, said = server.check()
        tap.check(code == 0 and "no errors, 0 warnings" in said, "-t has nothing to say of the example", said)
        if not tap.check(server.start(), "it starts", server.log()):
            return tap.done()
        for name, rtype in records(files[f"zones/{ZONE}.yaml"]):
            for subnet in CLIENTS:
                reply = server.ask(name, rtype, subnet=subnet)
                dead = [record for record in reply.answer if target(record) and not resolve(server, target(record), subnet)]
                tap.check(reply.rcode == "NOERROR" and reply.answer and not dead,
                          f"{name} {rtype} from {subnet or 'nowhere'} leads to addresses", reply.rcode, reply.answer, dead)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
