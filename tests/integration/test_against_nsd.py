#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""forms/forms.test.yaml, served by meridiand, against the same zone as a master file, served by NSD and Knot: every name and type."""
import os
import shutil
import subprocess
import sys
import tempfile

import dnswire
import lib

FORMS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "forms")
ZONE = "forms.test"
TYPES = ["A", "NS", "CNAME", "SOA", "PTR", "HINFO", "MX", "TXT", "RP", "AFSDB", "AAAA", "LOC", "SRV", "NAPTR", "KX", "CERT", "DNAME",
         "DS", "SSHFP", "DHCID", "TLSA", "SMIMEA", "CDS", "OPENPGPKEY", "SVCB", "HTTPS", "SPF", "EUI48", "EUI64", "URI", "CAA",
         "TYPE65280", "TYPE65281"]
# Knot adds these to MX and SRV; NSD and meridiand leave them to the resolver.
OPTIONAL = ["any.wild.forms.test.", "ns1.cut.forms.test."]
# Names that are not in the file: beside, below and above those that are.
MORE = ["none", "none.none", "ent", "b.ent", "x.ent", "x.wild", "y.x.wild", "wild", "*.wild", "x.host.wild", "x.cwild", "y.x.cwild", "cwild",
        "*", "mid", "*.mid", "x.mid", "x.*.mid", "www.cut", "x.ns1.cut", "ns3.cut", "x.bare", "cut2", "er.cut2", "x.er.cut2",
        "x.deep.er.cut2", "www.old", "none.old", "ns1.cut.old", "x.wild.old", "www.older", "x.y.away", "x.www", "_tcp", "web", "_http._tcp",
        "MAIL", "x.mail", "bcher", "x.known-as-unknown", "dot", "ted", "x.loop1", ".".join(["abcdefghijklmnopqrstuvwxyz"] * 7) + ".longer"]
NSD = """\
server:
    ip-address: 127.0.0.1@{port}
    username: ""
    pidfile: "{folder}/nsd.pid"
    logfile: "{folder}/nsd.log"
    zonelistfile: "{folder}/zone.list"
    xfrdfile: "{folder}/xfrd.state"
    xfrdir: "{folder}"
    zonesdir: "{folder}"
    database: ""
    server-count: 1
    rrl-ratelimit: 0
remote-control:
    control-enable: no
zone:
    name: {zone}
    zonefile: "{file}"
"""
KNOT = """\
server:
    listen: 127.0.0.1@{port}
    rundir: "{folder}/knot"
    pidfile: "{folder}/knot.pid"
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
control:
    listen: "{folder}/knot.ctl"
database:
    storage: "{folder}/knot"
zone:
  - domain: {zone}
    file: "{file}"
    zonefile-load: whole
    journal-content: none
    semantic-checks: soft
"""


class Other:
    """NSD or Knot, in a folder of its own."""

    def __init__(self, name, command, config):
        self.name = name
        self.folder = tempfile.mkdtemp(prefix="mer-")
        os.mkdir(os.path.join(self.folder, "knot"))
        self.port = lib.free_port()
        conf = os.path.join(self.folder, "conf")
        lib.write(conf, config.format(port=self.port, folder=self.folder, zone=ZONE, file=os.path.join(FORMS, ZONE + ".zone")))
        self.log = open(os.path.join(self.folder, "log"), "wb")  # pylint: disable=consider-using-with
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen(command + [conf], stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)

    def answers(self):
        try:
            return dnswire.Message(dnswire.exchange_udp(self.port, dnswire.query(ZONE, "SOA"), 0.2)).rcode == "NOERROR"
        except OSError:
            return False

    def words(self):
        """What it has said, for a failure."""
        said = ""
        for name in ("log", "nsd.log"):
            path = os.path.join(self.folder, name)
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as file:
                    said += file.read()
        return said

    def stop(self):
        self.process.terminate()
        self.process.wait(lib.DEADLINE_S)
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def owners():
    """Every owner of the master file, in presentation form."""
    names = []
    with open(os.path.join(FORMS, ZONE + ".zone"), encoding="utf-8") as file:
        for line in file:
            if line[0] not in " \t;$\n":
                names.append(line.split()[0])
    return [name for name in dict.fromkeys(names) if name != "@"]


def shape(message):
    """What is compared: sections as sets."""
    return {"rcode": message.rcode, "aa": message.aa, "tc": message.tc,
            "answer": sorted(r.key() for r in message.answer),
            "authority": sorted(r.key() for r in message.authority),
            "additional": sorted(r.key() for r in message.additional)}


def differences(ours, nsd, knot):
    """What must be equal and is not, as text. Authority: as Knot, which names no servers beside an answer. Additional data is up to the
    server but for referrals: nothing that neither of the others has, and of what NSD has only names that wildcards or delegations gave."""
    others = [("NSD", nsd), ("Knot", knot)]
    if nsd["rcode"] == "YXDOMAIN":  # here Knot goes on with a name that is too long, cut
        others.pop()
    bad = [f"{part}: ours {ours[part]}, {name} {other[part]}" for name, other in others
           for part in ("rcode", "aa", "tc", "answer") if ours[part] != other[part]]
    if len(others) == 1:
        return bad
    if ours["authority"] != knot["authority"]:
        bad.append(f"authority: ours {ours['authority']}, Knot {knot['authority']}")
    if not ours["aa"] and ours["additional"] != nsd["additional"]:
        bad.append(f"glue: ours {ours['additional']}, NSD {nsd['additional']}")
    extra = [key for key in ours["additional"] if key not in nsd["additional"] + knot["additional"]]
    missing = [key for key in knot["additional"] if key not in ours["additional"] and key[0] not in OPTIONAL]
    if extra or missing:
        bad.append(f"additional: only ours {extra}, only theirs {missing}")
    return bad


def main():
    tap = lib.Tap()
    with open(os.path.join(FORMS, ZONE + ".yaml"), encoding="utf-8") as file:
        text = file.read()
    others = [Other("nsd", ["nsd", "-d", "-c"], NSD), Other("knot", ["knotd", "-c"], KNOT)]
    try:
        with lib.Server({f"zones/{ZONE}.yaml": text}) as server:
            tap.check(server.start(), "meridiand starts", server.log())
            tap.check(" level=error" not in " " + server.log(), "no errors", server.log())
            for other in others:
                tap.check(lib.wait_for(other.answers), f"{other.name} answers", other.words())
            names = [ZONE + "."] + [f"{name}.{ZONE}." for name in owners() + MORE]
            for name in names:
                bad = []
                for rtype in TYPES:
                    three = [shape(dnswire.ask(port, name, rtype)) for port in [server.port] + [other.port for other in others]]
                    bad += [f"{rtype}: {text}" for text in differences(*three)]
                tap.check(not bad, f"{name}: {len(TYPES)} types as NSD and Knot", *bad)
    finally:
        for other in others:
            other.stop()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
