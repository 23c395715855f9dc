#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""meridianctl: every command, with -c and with -s, as text and as JSON, and its exit codes."""
import json
import os
import re
import subprocess
import sys
import time

import lib

ROUTING = """\
servers:
  a: {addresses: [192.0.2.1, "2001:db8::1"], host: a.example.test.}
  b: {addresses: [192.0.2.2]}
  c: {addresses: [192.0.2.3]}
services: {api: {check: tcp, port: 1}}
pools:
  one: {servers: [a], fallback: two}
  two: {servers: [b]}
  mix: {servers: [{server: b, weight: 3}, {server: c, weight: 1}]}
policies:
  near:
    - {geos: [country:DE], pools: [one, mix]}
    - {asns: [64500], pool: mix}
    - {pool: two}
"""
ZONE = """\
'': {type: NS, values: [ns1.other.test., ns2.other.test.]}
near: {type: A, dynamic: {policy: near}}
near6: {type: AAAA, dynamic: {pool: one}}
api: {type: A, dynamic: {policy: near, service: api}}
a: {type: A, value: 192.0.2.1}
static: {type: A, ttl: 77, values: [192.0.2.9, 192.0.2.8]}
text: {type: TXT, value: "a b"}
www: {type: CNAME, value: near.example.test.}
"""
CONFIG = lib.CONFIG + """\
geoip:
  databases: [geo/ranges]
  networks: {"198.51.100.0/24": {country: FR, asn: 64500, tag: office}}
"""
FILES = {"meridian.yaml": CONFIG, "routing.yaml": ROUTING, "zones/example.test.yaml": ZONE, "geo/ranges": "84213760,84279295,DE\n",
         "health.d/ops.yaml": "version: 1\nsource: operator\nwriter: ops\nservers: {}\n"}
FORMS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "forms", "forms.test.zone")


def stamp():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def test_usage(tap, server):
    """Exit 2: wrong usage, no connection."""
    for arguments in ([], ["nosuch"], ["zone"], ["zone", "nosuch"], ["health"], ["explain"], ["explain", "a", "A", "more"], ["zones", "more"],
                      ["zone", "show"], ["zone", "export"], ["zone", "export", "a", "b"], ["health", "set", "a"], ["health", "set", "a", "down", "more"],
                      ["health", "clear"], ["health", "clear", "a", "b"], ["health", "clear", "a", "--all"], ["health", "clear", "--scope", "EU"],
                      ["--nosuch", "status"], ["status", "--force"], ["check", "--from", "EU"], ["import", "x"], ["zones", "--scope", "EU"],
                      ["health", "set", "a", "tired"], ["health", "set", "a", "down", "--scope", "DE"], ["health", "set", "a", "down", "--for", "soon"],
                      ["health", "set", "a", "degraded", "--factor", "2"], ["health", "set", "a", "degraded", "--factor", ""], ["status", "-s"]):
        code, out, said = server.ctl(*arguments)
        tap.check(code == 2 and not out and said, f"usage: {' '.join(arguments) or 'nothing'}: exit 2", code, out, said)
    for arguments in (["status"], ["stats"], ["zones"], ["zone", "show", "example.test"], ["reload"], ["health", "list"], ["health", "set", "a", "up"],
                      ["health", "clear", "a"], ["explain", "near.example.test"]):
        code, out, said = lib.ctl("-s", server.path("nosuch.sock"), *arguments)
        tap.check(code == 2 and not out and "nosuch.sock" in said, f"no server: {' '.join(arguments)}: exit 2", code, out, said)
    code, out, _ = lib.ctl("--help")
    tap.check(code == 0 and all(word in out for word in ("check", "explain", "import", "status", "stats", "zones", "zone show", "zone export", "reload",
                                                         "health list", "health set", "health clear")), "--help names the commands", out)
    code, out, _ = lib.ctl("--version")
    tap.check(code == 0 and re.fullmatch(r"meridianctl \S+\n", out), "--version", out)


def both(tap, server, *arguments):
    """The same command of the server and of the files: (code, out) of each, which must be alike."""
    asked = server.ctl(*arguments)
    read = lib.ctl("-c", server.path("meridian.yaml"), *arguments)
    tap.check(asked[0] == read[0] and asked[1].splitlines()[:1] == read[1].splitlines()[:1], f"-c and -s agree: {' '.join(arguments)}", asked, read)
    return asked[0], asked[1], read[1]


def test_check(tap, server):
    """Every error and warning of every file."""
    config = server.path("meridian.yaml")
    code, out, said = lib.ctl("-c", config, "check")
    tap.check(code == 0 and "0 errors, 0 warnings" in out and not said, "check of good files", code, out, said)
    tap.equal(json.loads(lib.ctl("-c", config, "--json", "check")[1]), [], "as JSON: an empty list")
    with lib.Server(FILES) as other:
        config = other.path("meridian.yaml")
        other.write("zones/example.test.yaml", ZONE + "mx: {type: MX, value: {preference: 1, exchange: www.example.test.}}\n")
        code, out, said = lib.ctl("-c", config, "check")
        tap.check(code == 0 and "0 errors, 1 warnings" in out and re.search(r"example\.test\.yaml:9:\d+: warning: ", said), "a warning alone: exit 0",
                  code, out, said)
        broken = [("zones/bad.test.yaml", "'': {type: NS, values: [ns1.other.test.]}\nx: {type: A, value: y}\nz: {type: B, value: y}\n", (2, 3)),
                  ("zones/worse.test.yaml", "'': [\n", (2,)),
                  ("routing.yaml", ROUTING + "colour: blue\nregions: {x: [DE]}\n", (15, 16)),
                  ("health.d/ops.yaml", "version: 1\nsource: operator\nwriter: ops\nservers: {a: {state: tired}}\n", (4,)),
                  ("health.d/mon.yaml", "version: 1\nsource: monitor\nwriter: mon\n", (1,)),
                  ("geo/ranges", "84213760,84279295,DE\nnonsense\n", (2,))]
        for path, text, _ in broken:
            other.write(path, text)
        code, out, said = lib.ctl("-c", config, "check")
        listed = json.loads(lib.ctl("-c", config, "--json", "check")[1])
        for path, _, lines in broken:
            for line in lines:
                tap.check(re.search(rf"{re.escape(path)}:{line}:\d+: ", said), f"check tells {path}:{line}", said)
                tap.check(any(one["file"].endswith(path) and one["line"] == line and one["level"] == "error" and one["column"] and one["message"]
                              for one in listed), f"and --json: {path}:{line}", listed)
        tap.check(code == 1 and re.search(rf"{sum(one['level'] == 'error' for one in listed)} errors", out), "exit 1, and counts them", code, out)
        tap.check(not os.path.exists(other.path("state")), "check writes nothing")
        other.write("meridian.yaml", CONFIG + "colour: blue\nlimits: many\n")
        code, _, said = lib.ctl("-c", config, "check")
        tap.check(code == 1 and len(re.findall(r"meridian\.yaml:1[34]:\d+: ", said)) == 2, "all errors of meridian.yaml", code, said)
        for arguments in (["zones"], ["explain", "near.example.test"], ["zone", "export", "example.test"], ["health", "list"]):
            code, out, said = lib.ctl("-c", config, *arguments)
            tap.check(code == 1 and not out and "meridian.yaml:13:1" in said, f"-c with a broken meridian.yaml: {' '.join(arguments)}: exit 1",
                      code, out, said)
        code, _, said = lib.ctl("-c", other.path("nosuch.yaml"), "check")
        tap.check(code == 1 and "nosuch.yaml" in said, "a file that is not there", code, said)


def test_zones(tap, server):
    """zones, zone show, zone export."""
    code, asked, read = both(tap, server, "zones")
    tap.check(code == 0 and all(re.search(r"^example\.test +served +\d+ +\d+ +\d+ +/\S+example\.test\.yaml$", out, re.M) for out in (asked, read)),
              "zones: a table", asked, read)
    _, asked, read = both(tap, server, "--json", "zones")
    tap.check(all(json.loads(out)[0]["name"] == "example.test" for out in (asked, read)), "zones --json")
    for typed, wanted in ((["static"], 2), (["static.example.test."], 2), (["static", "A"], 2), (["static", "a"], 2), (["@"], 3), (["near"], 1),
                          (["near", "AAAA"], 0), (["nosuch"], 0), ([], 11)):
        code, asked, read = both(tap, server, "zone", "show", "example.test", *typed)
        tap.check(len(asked.splitlines()) == wanted and len(read.splitlines()) == wanted and code == (0 if wanted else 1),
                  f"zone show {' '.join(typed)}: {wanted} records", code, asked)
    code, asked, _ = both(tap, server, "--json", "zone", "show", "example.test.", "static", "A")
    tap.equal(json.loads(asked), [{"name": "static.example.test.", "ttl": 77, "type": "A", "data": value, "dynamic": False}
                                  for value in ("192.0.2.9", "192.0.2.8")], "zone show --json")
    for zone in ("nosuch.test", "..", "example"):
        tap.equal(both(tap, server, "zone", "export", zone)[0], 1, f"zone export {zone}: exit 1")


def canonical(text, zone):
    """A master file as named reads it: its lines, sorted, names in lower case. It wants a DNSKEY for a CDS: without that."""
    text = re.sub(r"^.*\sCDS\s.*$", "", text, flags=re.M)
    done = subprocess.run(["/usr/bin/named-checkzone", "-q", "-D", "-o", "-", "-i", "none", "-k", "ignore", "-m", "ignore", "-M", "ignore", "-r", "ignore",
                           "-S", "ignore", "-T", "ignore", "-s", "full", zone, "/dev/stdin"], input=text.encode(), capture_output=True, check=False)
    lines = [line.partition("\t") for line in done.stdout.decode().splitlines()]
    return sorted(owner.lower() + (rest if re.search(r"\b(TXT|CAA|NAPTR)\b", rest) else rest.lower()) for owner, _, rest in lines), done.stderr.decode()


# What YAML or octoDNS's raw text could take for something else.
ODD = r"""
odd1 TXT "back\\;semi" "it's: [a] {b} # c" "NO" "~"
odd2 TXT "'" "\"" "%" "- x" "a: b" "\\"
odd3 TXT "\\\;" ";;" " lead" "trail " "tab\009x" "\127" "\000"
odd4 TXT "back\\;semi"
odd5 TXT "it's: [a] {b} # c; d"
odd6 TXT "\\"
odd7 TXT "ends in \\"
NO A 192.0.2.1
null A 192.0.2.2
1.2 A 192.0.2.3
\042quoted\042 A 192.0.2.4
it's A 192.0.2.5
UPPER CNAME Mixed.Case.Elsewhere.Test.
"""


def test_round_trip(tap, server):
    """master file → import → zone YAML → server and check → export → the same records."""
    with open(FORMS, encoding="latin-1") as file:
        original = file.read() + ODD
    path = server.path("forms.zone")
    lib.write(path, original.encode("latin-1"))
    code, yaml, said = lib.ctl("import", "--origin", "forms.test", path)
    tap.check(code == 0 and yaml, "import", code, said)
    with lib.Server({"zones/forms.test.yaml": yaml}) as server:  # pylint: disable=redefined-argument-from-local
        code, out, said = lib.ctl("-c", server.path("meridian.yaml"), "check")
        tap.check(code == 0, "what import wrote loads", code, out, said)
        if not tap.check(server.start(), "and starts", server.log()):
            return
        texts = {"the server": server.ctl("zone", "export", "forms.test")[1],
                 "the files": lib.ctl("-c", server.path("meridian.yaml"), "zone", "export", "forms.test")[1]}
        wanted, said = canonical(original, "forms.test")
        tap.check(len(wanted) > 100, "named reads the original", said)
        for who, text in texts.items():
            got, said = canonical(text, "forms.test")
            missing, more = [line for line in wanted if line not in got], [line for line in got if line not in wanted]
            tap.check(not missing and not more, f"export of {who} has the same records", *[f"- {line}" for line in missing],
                      *[f"+ {line}" for line in more], said[:300])
        again = server.path("again.zone")
        lib.write(again, texts["the server"])
        code, second, said = lib.ctl("import", "--origin", "forms.test.", again)
        tap.check(code == 0 and second == yaml, "import of the export is the same YAML", code, said)
        serial = server.ask("forms.test.", "SOA").answer[0].rdata[-20:-16]
        tap.equal(int.from_bytes(serial, "big"), 7, "the master file's serial is kept")
    for text, what in (("x A 192.0.2.1\n", "no zone at all"), ("@ IN SOA a b 1 2 3 4 5\nx A 300.1.1.1\ny NOSUCH 1\nz A x\n", "bad lines"), ("", "nothing")):
        lib.write("/tmp/mer-import-" + str(os.getpid()), text)
        code, out, said = lib.ctl("import", "--origin", "x.test" if what != "no zone at all" else "..", "/tmp/mer-import-" + str(os.getpid()))
        tap.check(code == 1 and not out and said, f"import of {what}: exit 1", code, out, said)
        if what == "bad lines":
            tap.equal(len(re.findall(r"^/tmp/mer-import-\d+:[234]:", said, re.M)), 3, "every bad line is told")
        os.unlink("/tmp/mer-import-" + str(os.getpid()))
    tap.equal(lib.ctl("import", "--origin", "x.test", "/nosuch/file")[0], 1, "import of a file that is not there")


def explain(tap, server, *arguments):
    """The JSON of server and files, which must agree but for ages."""
    bodies = []
    for way in (["-s", server.path("control.sock")], ["-c", server.path("meridian.yaml")]):
        code, out, said = lib.ctl(*way, "--json", "explain", *arguments)
        bodies.append(json.loads(out) if out else {"failed": said})
        bodies[-1]["exit"] = code
    return bodies


def chain(body):
    """[(pool, server, state, chosen)] in order."""
    return [(pool["pool"], server["server"], server["state"], server["chosen"]) for pool in body["decision"]["chain"] for server in pool["servers"]]


def test_explain(tap, server):
    """Which address, which place and who says so, rule, chain, health, scope, TTL."""
    for body in explain(tap, server, "near.example.test", "A", "--from", "5.5.5.0/24"):
        decision = body["decision"]
        tap.equal([decision["used"], decision["address"], decision["place"]["country"], decision["place"]["continent"]],
                  ["subnet", "5.5.5.0/24", "DE", "EU"], "the subnet counts; its country and continent")
        tap.equal(decision["place"]["from"]["country"], server.path("geo/ranges"), "which file says so")
        tap.equal([decision["policy"], decision["service"], decision["rule"]["number"], decision["rule"]["line"], decision["rule"]["everyone"]],
                  ["near", "default", 1, 12, False], "the rule")
        tap.equal(chain(body), [("one", "a", "up", True), ("mix", "b", "up", False), ("mix", "c", "up", False)], "the chain")
        tap.check(all(one["reason"] for pool in decision["chain"] for one in pool["servers"]), "a reason for each", decision["chain"])
        tap.equal([body["rcode"], body["answer"], body["ttl"], body["scope"], decision["scope"]],
                  ["NOERROR", ["near.example.test.\t30\tIN\tA\t192.0.2.1"], 30, 16, 16], "answer, TTL, scope")
    for body in explain(tap, server, "near.example.test", "A", "--from", "198.51.100.7"):
        place = body["decision"]["place"]
        tap.equal([place["country"], place["asn"], place["tag"], place["from"]["country"], place["from"]["asn"]],
                  ["FR", "64500", "office", "networks", "networks"], "the operator's networks")
        tap.equal([body["decision"]["rule"]["number"], [one[0] for one in chain(body)]], [2, ["mix", "mix"]], "another rule")
    for body in explain(tap, server, "near.example.test", "--resolver", "5.5.5.5"):
        tap.equal([body["decision"]["used"], body["decision"]["address"], body["decision"]["rule"]["number"], body["scope"]],
                  ["resolver", "5.5.5.5/32", 1, 0], "no subnet: the resolver counts")
    for body in explain(tap, server, "near.example.test", "A", "--from", "asn:64500"):
        shares = {one["server"]: one["share"] for one in body["decision"]["candidates"]}
        tap.equal([shares, body["decision"]["used"], "answer" in body], [{"b": 0.75, "c": 0.25}, "place", False], "a place: candidates with shares")
    for body in explain(tap, server, "www.example.test", "A", "--from", "country:DE"):
        tap.equal([body["decided_name"], chain(body)[0]], ["near.example.test.", ("one", "a", "up", True)], "through a CNAME")
    for body in explain(tap, server, "near6.example.test", "AAAA", "--from", "country:DE"):
        tap.equal([one[:2] for one in chain(body)], [("one", "a"), ("two", "b")], "a pool's own chain")
        tap.check("IPv6" in body["decision"]["chain"][1]["servers"][0]["reason"], "a server without the family: why", body["decision"]["chain"])
    for body in explain(tap, server, "static.example.test", "A"):
        tap.check("decision" not in body and len(body["answer"]) == 2, "a static name has no decision", body)
    for name, rcode in (("nosuch.example.test", "NXDOMAIN"), ("www.elsewhere.test", "REFUSED")):
        for body in explain(tap, server, name):
            tap.equal([body.get("rcode"), body["exit"]], [rcode, 1], f"{name}: {rcode}, exit 1")
    for arguments in (["near.example.test", "A", "--from", "DE"], ["near.example.test", "NOSUCH"], ["a..b"], ["near.example.test", "--resolver", "x"]):
        for way in (["-s", server.path("control.sock")], ["-c", server.path("meridian.yaml")]):
            code, out, said = lib.ctl(*way, "explain", *arguments)
            tap.check(code == 1 and not out and said, f"explain {' '.join(arguments)} ({way[0]}): exit 1", code, out, said)
    server.write("health.d/ops.yaml", "version: 1\nsource: operator\nwriter: ops\nservers:\n  a: {scopes: {country:DE: {state: down, reason: \"the reason\"}}}\n")
    lib.wait_for(lambda: server.values("near.example.test.", subnet="5.5.5.0/24") != ["192.0.2.1"])
    for body in explain(tap, server, "near.example.test", "A", "--from", "country:DE"):
        first = body["decision"]["chain"][0]["servers"][0]
        tap.equal([first["state"], first["chosen"], first["entry"]["writer"], first["entry"]["scope"], first["entry"]["source"]],
                  ["down", False, "ops", "country:DE", "operator"], "the health entry that decides")
        tap.check("the reason" in first["reason"] and body["decision"]["short_ttl"] is False, "in words; an operator's word halves no TTL", body)
        tap.equal(sorted(one["server"] for one in body["decision"]["candidates"]), ["b", "c"], "the next pool serves")
    for way in (["-s", server.path("control.sock")], ["-c", server.path("meridian.yaml")]):
        code, out, _ = lib.ctl(*way, "explain", "near.example.test", "A", "--from", "5.5.5.0/24")
        tap.check(code == 0 and all(re.search(pattern, out, re.M) for pattern in (
            r"^near\.example\.test\. A from 5\.5\.5\.0/24$", r"client +5\.5\.5\.0/24, by its subnet", r"place +country DE \(/\S+ranges\)",
            r"policy +near, service default: rule 1 \(line 12\)", r"one +a +down +.*down in country:DE by ops.*the reason", r"mix +[bc] +up +=>",
            r"answer +NOERROR, scope /16, TTL 30", r"near\.example\.test\.\t30\tIN\tA\t192\.0\.2\.[23]")), f"explain as text ({way[0]})", out)
        code, out, _ = lib.ctl(*way, "explain", "near.example.test", "A", "--from", "asn:64500")
        tap.check(code == 0 and re.search(r"may get +.*b 75\.0%.*c 25\.0%|may get +.*c 25\.0%.*b 75\.0%", out), f"a place as text ({way[0]})", out)
    server.write("health.d/ops.yaml", FILES["health.d/ops.yaml"])
    lib.wait_for(lambda: server.values("near.example.test.", subnet="5.5.5.0/24") == ["192.0.2.1"])


def verdicts(server, *way):
    _, out, _ = lib.ctl(*(way or ("-s", server.path("control.sock"))), "--json", "health", "list")
    return sorted((one.get("server") or "pool/" + one["pool"], one.get("service", ""), one["scope"], one["state"]) for one in json.loads(out)["verdicts"])


def test_health(tap, server):
    """health list, set, clear."""
    code, out, _ = server.ctl("health", "list")
    tap.check(code == 0 and "nothing is said" in out, "nothing is said at first", out)
    steps = [
        (["set", "a", "down"], [("a", "", "global", "down")]),
        (["set", "a", "drain"], [("a", "", "global", "drain")]),
        (["set", "a", "blocked", "--scope", "country:DE"], [("a", "", "country:DE", "blocked"), ("a", "", "global", "drain")]),
        (["set", "a", "up", "--service", "api"], [("a", "", "country:DE", "blocked"), ("a", "", "global", "drain"), ("a", "api", "global", "up")]),
        (["set", "a", "down", "--scope", "country:DE", "--service", "api"],
         [("a", "", "country:DE", "blocked"), ("a", "", "global", "drain"), ("a", "api", "country:DE", "down"), ("a", "api", "global", "up")]),
        (["clear", "a", "--scope", "country:DE"], [("a", "", "global", "drain"), ("a", "api", "country:DE", "down"), ("a", "api", "global", "up")]),
        (["clear", "a", "--scope", "country:DE", "--service", "api"], [("a", "", "global", "drain"), ("a", "api", "global", "up")]),
        (["clear", "a", "--scope", "global"], [("a", "api", "global", "up")]),
        (["set", "pool/one", "drain"], [("a", "api", "global", "up"), ("pool/one", "", "global", "drain")]),
        (["clear", "a", "--service", "api"], [("pool/one", "", "global", "drain")]),
        (["clear", "pool/one"], []),
        (["set", "a", "down", "--scope", "region:europe"], [("a", "", "AF", "down"), ("a", "", "EU", "down")]),
        (["clear", "a"], []),
    ]
    for typed, wanted in steps:
        code, out, said = server.ctl("health", *typed)
        got = verdicts(server)
        tap.check(code == 0 and got in (wanted, [(a, b, c.replace("AF", "continent:AF").replace("EU", "continent:EU"), d) for a, b, c, d in wanted]),
                  f"health {' '.join(typed)}", code, out, said, got)
    for typed in (["clear", "a"], ["clear", "--all"], ["clear", "--writer", "nobody"], ["clear", "pool/one", "--scope", "EU"]):
        code, _, said = server.ctl("health", *typed)
        tap.check(code == 1 and said, f"nothing to clear: health {' '.join(typed)}: exit 1", code, said)
    code, out, said = server.ctl("health", "set", "nosuch", "down")
    tap.check(code == 1 and "nosuch" in said and verdicts(server), "a server that routing does not know: exit 1, and told", code, out, said)
    tap.equal([server.ctl("health", "clear", "--all")[0], verdicts(server)], [0, []], "clear --all")
    before = time.time()
    code, out, _ = server.ctl("health", "set", "a", "degraded", "--for", "2h", "--reason", "it's \"slow\": 5 s", "--factor", "0.5")
    one = json.loads(server.ctl("--json", "health", "list")[1])["verdicts"][0]
    tap.check(code == 0 and one["reason"] == "it's \"slow\": 5 s" and one["factor"] == 0.5 and abs(one["lapses"] - before - 7200) < 30 and
              one["writer"] == "ctl" and one["source"] == "operator", "--for, --reason, --factor", one)
    code, out, _ = server.ctl("health", "list")
    tap.check(code == 0 and re.search(r"^a +- +global +degraded +ctl \(operator\) +\d+ s +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ +it's \"slow\": 5 s$", out, re.M),
              "health list as a table", out)
    code, out, _ = server.ctl("health", "set", "b", "down", "--dry-run")
    tap.check(code == 0 and json.loads(out)["servers"]["b"]["state"] == "down" and len(verdicts(server)) == 1, "--dry-run says what it would write", out)
    code, out, _ = server.ctl("--json", "health", "set", "b", "down")
    tap.check(code == 0 and json.loads(out)["applied"] is True, "set --json is the server's reply", out)
    code, out, _ = server.ctl("--json", "health", "clear", "--all")
    tap.check(code == 0 and json.loads(out)["applied"] is True, "clear --json, too", out)
    server.ctl("health", "set", "a", "down", "--for", "1s")
    tap.check(lib.wait_for(lambda: not verdicts(server), 5), "--for ends by itself")
    server.ctl("health", "clear", "--all")
    server.http("PUT", "/v1/health/ctl", json.dumps({"version": 1, "source": "operator", "writer": "ctl",
                                                     "servers": {"a": {"state": "down", "services": ["api", "default"]}}}))
    tap.equal([server.ctl("health", "set", "a", "drain")[0], verdicts(server)],
              [0, [("a", "", "global", "drain"), ("a", "api", "global", "down"), ("a", "default", "global", "down")]],
              "set beside what a list of services says")
    server.ctl("health", "clear", "--all")
    push = f"version: 1\nsource: monitor\nwriter: m x\ngenerated: {stamp()}\nttl: 600\nservers: {{b: {{state: down}}}}\n...\n"
    server.http("PUT", "/v1/health/m%20x", push)
    tap.equal([verdicts(server), server.ctl("health", "clear", "--writer", "m x")[0], verdicts(server)], [[("b", "", "global", "down")], 0, []],
              "clear --writer removes what a monitor pushed")
    code, out, _ = lib.ctl("-c", server.path("meridian.yaml"), "health", "set", "a", "drain")
    tap.check(code == 0 and verdicts(server) == [("a", "", "global", "drain")], "set -c asks the server of that configuration", code, out)
    server.ctl("health", "clear", "--all")
    server.write("health.d/ops.yaml", "version: 1\nsource: operator\nwriter: ops\nservers: {b: {state: drain}}\n")
    lib.wait_for(lambda: verdicts(server))
    tap.equal([verdicts(server), verdicts(server, "-c", server.path("meridian.yaml"))], [[("b", "", "global", "drain")]] * 2, "list of server and files")
    server.write("health.d/ops.yaml", FILES["health.d/ops.yaml"])
    lib.wait_for(lambda: not verdicts(server))


def test_running(tap, server):
    """status, stats, reload."""
    code, out, _ = server.ctl("status")
    tap.check(code == 0 and re.search(r"^meridiand \S+, ready, up for ", out) and "last load: fine" in out and "example.test" in out and
              server.path("geo/ranges") in out and "ops" in out, "status", out)
    code, out, _ = server.ctl("--json", "status")
    status = json.loads(out)
    tap.check(code == 0 and status["ready"] and status["zones"][0]["state"] == "served" and status["writers"][0]["writer"] == "ops", "status --json", out)
    server.ask("static.example.test.")
    code, out, _ = server.ctl("stats")
    tap.check(code == 0 and re.search(r'^meridian_dns_requests_total\{proto="udp",family="ipv4",type="A"\} \d+$', out, re.M) and "#" not in out, "stats", out)
    stats = json.loads(server.ctl("--json", "stats")[1])
    tap.equal([stats["meridian_config_last_reload_successful"], stats['meridian_zone_stale{zone="example.test"}']], [1, 0], "stats --json")
    code, out, _ = server.ctl("reload")
    tap.check(code == 0 and out == "reloaded\n", "reload", code, out)
    code, out, _ = server.ctl("--json", "reload", "example.test")
    tap.check(code == 0 and json.loads(out)["applied"] is True, "reload ZONE --json", code, out)
    code, _, said = server.ctl("reload", "nosuch.test")
    tap.check(code == 1 and "nosuch.test" in said, "reload of a zone that is not there: exit 1", code, said)
    server.write("zones/example.test.yaml", ZONE + "bad: {type: A, value: x}\n")
    server.write("health.d/bad.yaml", "version: 1\nsource: operator\nwriter: bad\nservers: {a: {state: tired}}\n")
    code, out, said = server.ctl("reload")
    tap.check(code == 1 and not out and re.search(r"example\.test\.yaml:9:\d+: ", said) and re.search(r"bad\.yaml:4:\d+: ", said), "reload with errors: exit 1",
              code, out, said)
    code, out, _ = server.ctl("--json", "reload")
    tap.check(code == 1 and {os.path.basename(one["file"]) for one in json.loads(out)["errors"]} == {"example.test.yaml", "bad.yaml"},
              "the same as JSON", out)
    code, out, _ = server.ctl("status")
    tap.check("with errors" in out and re.search(r"example\.test\.yaml:9:\d+: ", out) and re.search(r"bad\.yaml:4:\d+: ", out) and "stale" in out,
              "status shows them", out)
    tap.equal(server.ctl("zones")[0], 1, "zones: one is not as its file says: exit 1")
    server.remove("health.d/bad.yaml")
    server.write("zones/example.test.yaml", ZONE)
    tap.equal(server.ctl("reload")[0], 0, "and all is well again")


def main():
    tap = lib.Tap()
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    with lib.Server(FILES) as server:
        if tap.check(server.start(), "starts", server.log()):
            for name, test in list(globals().items()):
                if name.startswith("test_") and wanted in name:
                    test(tap, server)
            tap.equal(server.stop(), 0, "stops cleanly")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
