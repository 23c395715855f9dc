#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What survives a restart and what does not, how the server starts and how it ends."""
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time

import dnswire
import lib

ROUTING = """\
servers:
  a: {addresses: [192.0.2.1]}
  b: {addresses: [192.0.2.2]}
pools:
  one: {servers: [a], fallback: two}
  two: {servers: [b]}
regions: {here: [country:DE]}
policies:
  near: [{pools: [one, two]}]
"""
NS = "'': {type: NS, values: [ns1.other.test., ns2.other.test.]}\n"
ZONE = NS + "www: {type: A, dynamic: {pool: one}}\nstatic: {type: A, value: 192.0.2.9}\ninc: !include ../parts/inc.yaml\n"
CONFIG = lib.CONFIG + "geoip: {networks: {\"198.51.100.0/24\": country:DE}}\n"
FILES = {"meridian.yaml": CONFIG, "routing.yaml": ROUTING, "zones/example.test.yaml": ZONE, "parts/inc.yaml": "{type: A, value: 192.0.2.10}\n"}


def now(offset=0):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + offset))


def monitor(writer, servers, ttl=600):
    return f"version: 1\nsource: monitor\nwriter: {writer}\ngenerated: {now()}\nttl: {ttl}\nservers: {{{servers}}}\n...\n"


def serial(server, zone="example.test."):
    reply = server.ask(zone, "SOA")
    rdata = reply.answer[0].rdata
    return int.from_bytes(rdata[-20:-16], "big")


def four(server):
    return [server.values(f"{name}.example.test.") for name in ("static", "www", "inc")]


GOOD = [["192.0.2.9"], ["192.0.2.1"], ["192.0.2.10"]]


def readyz(server):
    return server.http("GET", "/readyz")[0]


def test_last_good(tap):
    """Broken at start: the last good version of an earlier run."""
    breaks = [
        ("the zone", {"zones/example.test.yaml": ZONE + "bad: {type: A, value: x}\n"}, r"example\.test\.yaml:5:\d+: "),
        ("its include", {"parts/inc.yaml": "{type: A, value: x}\n"}, r"parts/inc\.yaml:1:\d+: "),
        ("its include is gone", {"parts/inc.yaml": None}, r"example\.test\.yaml:4:\d+: .*inc\.yaml"),
        ("routing", {"routing.yaml": ROUTING + "colour: blue\n"}, r"routing\.yaml:10:1: .*colour"),
        ("a pool that the routing lacks", {"zones/example.test.yaml": ZONE + "x: {type: A, dynamic: {pool: six}}\n"},
         r"example\.test\.yaml:5:\d+: .*six"),
        ("routing that lacks a pool in use", {"routing.yaml": ROUTING.replace("one", "uno")}, r"routing\.yaml"),
        ("both", {"routing.yaml": "servers: [\n", "zones/example.test.yaml": "'': [\n"}, r"routing\.yaml:\d+:\d+: "),
    ]
    with lib.Server(FILES) as server:
        if not tap.check(server.start(), "starts", server.log()):
            return
        tap.equal(four(server), GOOD, "good files are served")
        before = serial(server)
        for what, files, pattern in breaks:
            server.stop()
            for path, text in files.items():
                if text is None:
                    server.remove(path)
                else:
                    server.write(path, text)
            tap.check(server.start(), f"starts with broken: {what}", server.log())
            tap.equal([four(server), readyz(server), serial(server)], [GOOD, 200, before], f"the last good version serves: {what}")
            tap.check(re.search(pattern, server.messages()) and re.search(pattern, server.log()), f"it is told: {what}",
                      server.messages(), server.log())
            tap.equal(server.metrics()["meridian_config_last_reload_successful"], 0, f"the metric says so: {what}")
            server.restart()
            tap.equal(four(server), GOOD, f"also the second time: {what}")
            for path in files:
                server.write(path, FILES[path])
            tap.check(lib.wait_for(lambda: not server.messages()), f"repaired: {what}", server.messages())
        tap.equal(four(server), GOOD, "all is as it was")


def test_never_good(tap):
    """A zone that never had a good version."""
    files = dict(FILES)
    files["zones/sub.example.test.yaml"] = NS + "bad: {type: A, value: x}\n"
    files["zones/example.test.yaml"] += "'*': {type: A, value: 192.0.2.77}\n"
    with lib.Server(files) as server:
        if not tap.check(server.start(), "starts with a zone that never was good", server.log()):
            return
        for name, wanted in (("sub.example.test.", "SERVFAIL"), ("a.b.sub.example.test.", "SERVFAIL"), ("other.example.test.", "NOERROR")):
            tap.equal(server.ask(name).rcode, wanted, f"{name} is {wanted}")
        tap.equal([readyz(server), server.http("GET", "/healthz")[0]], [503, 200], "alive, but not ready")
        tap.equal(server.metrics()['meridian_zone_stale{zone="sub.example.test"}'], 1, "the metric says so")
        server.write("zones/sub.example.test.yaml", NS)
        tap.check(lib.wait_for(lambda: readyz(server) == 200), "ready when it is repaired", server.messages())
        tap.equal(server.ask("a.sub.example.test.").rcode, "NXDOMAIN", "and served")
        server.stop()
        shutil.rmtree(server.path("state"))
        server.write("routing.yaml", "colour: blue\n")
        tap.check(server.start(), "starts with broken routing that never was good", server.log())
        tap.equal([server.ask("www.example.test.").rcode, readyz(server), server.ask("sub.example.test.", "NS").rcode],
                  ["SERVFAIL", 503, "NOERROR"], "zones that need it fail, others serve")


def test_pushed_health(tap):
    """Pushed documents survive kill -9 and count in the first answer."""
    with lib.Server(FILES) as server:
        if not tap.check(server.start(), "starts for pushes", server.log()):
            return
        tap.equal(server.http("PUT", "/v1/health/mon-1", monitor("mon-1", "a: {state: down}"))[0], 200, "a push")
        tap.equal(server.values("www.example.test."), ["192.0.2.2"], "is in force")
        server.process.kill()
        server.process.wait()
        tap.check(server.start(), "starts after kill -9", server.log())
        tap.equal(server.values("www.example.test."), ["192.0.2.2"], "the push still holds")
        tap.check(server.ask("www.example.test.").answer[0].ttl == 15, "with half the TTL: its age is known")
        tap.equal(server.ctl("health", "set", "b", "down", "--scope", "region:here")[0], 0, "the operator speaks of a region")
        tap.equal(server.ctl("health", "set", "pool/one", "up")[0], 0, "and of a pool")
        tap.equal(server.http("DELETE", "/v1/health/mon-1")[0], 200, "the push is removed")
        before = server.ctl("--json", "health", "list")[1]
        newest = max(v["since"] for v in json.loads(before)["verdicts"])
        lib.wait_for(lambda: time.time() >= newest + 1)  # seconds are what ages are told in
        server.process.kill()
        server.process.wait()
        tap.check(server.start(), "starts after another kill -9", server.log())
        after = server.ctl("--json", "health", "list")[1]
        verdicts = [sorted((v.get("server", v.get("pool")), v["scope"], v["state"], v["since"]) for v in json.loads(text)["verdicts"])
                    for text in (before, after)]
        tap.check(len(verdicts[0]) == 2 and verdicts[0] == verdicts[1], "all verdicts are there, as old as they were", *verdicts)
        tap.check(not server.messages(), "and nothing is wrong", server.messages())
        server.write("routing.yaml", ROUTING.replace("country:DE", "country:FR"))
        tap.check(lib.wait_for(lambda: "country:FR" in server.ctl("health", "list")[1]), "a region's new meaning holds for what was pushed",
                  server.ctl("health", "list"))
        server.write("routing.yaml", ROUTING.replace("regions: {here: [country:DE]}\n", ""))
        tap.check(lib.wait_for(lambda: "region" in server.messages()), "a region that is gone is told", server.messages())
        server.write("state/health/junk.yaml", "junk: [\n")
        tap.check(server.restart(), "starts with junk in the state folder", server.log())
        tap.check("junk" in server.log() and server.values("static.example.test.") == ["192.0.2.9"], "and tells of it", server.log())


def test_serials(tap):
    """max(time of the newest file, last + 1); rises exactly when content changes; kept."""
    files = dict(FILES)
    files["meridian.yaml"] += "reload: {watch: false}\n"
    files["zones/written.test.yaml"] = NS[:-1].replace("'': ", "'':\n  - ") + \
        "\n  - {type: SOA, value: {mname: ns1.other.test., rname: h.other.test., serial: 77, refresh: 1, retry: 2, expire: 3, minimum: 4}}\n"
    files["zones/written.test.yaml"] = ("'':\n  - {type: NS, values: [ns1.other.test.]}\n"
                                        "  - {type: SOA, value: ns1.other.test. h.other.test. 77 3600 600 86400 60}\n")
    past = time.time() - 100000

    def age(server, seconds):
        for path in ("zones/example.test.yaml", "parts/inc.yaml"):
            os.utime(server.path(path), (past + seconds, past + seconds))

    with lib.Server(files) as server:
        age(server, 0)
        if not tap.check(server.start(), "starts for serials", server.log()):
            return
        first = serial(server)
        tap.equal(first, int(past), "the first is the newest file's time")
        tap.equal(serial(server, "written.test."), 77, "a written one is used as it is")
        os.utime(server.path("parts/inc.yaml"), (past + 50, past + 50))
        server.ctl("reload")
        tap.equal(serial(server), first, "another time of a file alone changes nothing")
        server.write("zones/example.test.yaml", "# a comment\n" + ZONE)
        server.ctl("reload")
        tap.equal(serial(server), first, "nor does a comment")
        server.write("zones/example.test.yaml", ZONE.replace("192.0.2.9", "192.0.2.8"))
        age(server, 0)
        os.utime(server.path("parts/inc.yaml"), (past - 50, past - 50))
        server.ctl("reload")
        tap.equal(serial(server), first + 1, "an edit with an old time: last + 1")
        server.write("routing.yaml", ROUTING.replace("192.0.2.1]", "192.0.2.11]"))
        server.ctl("reload")
        tap.equal(serial(server), first + 2, "routing that changes what it serves: last + 1")
        server.write("routing.yaml", ROUTING.replace("192.0.2.1]", "192.0.2.12]"))
        server.ctl("reload")
        tap.equal(serial(server), first + 3, "and again")
        server.http("PUT", "/v1/health/mon-1", monitor("mon-1", "a: {state: down}"))
        tap.equal([serial(server), server.values("www.example.test.")], [first + 3, ["192.0.2.2"]], "health changes answers, never serials")
        server.process.kill()
        server.process.wait()
        server.start()
        tap.equal(serial(server), first + 3, "kept over kill -9")
        server.stop()
        server.write("routing.yaml", ROUTING.replace("192.0.2.1]", "192.0.2.13]"))
        server.start()
        tap.equal(serial(server), first + 4, "an edit while it was down: last + 1")
        server.write("zones/example.test.yaml", ZONE)
        age(server, 5000)
        server.ctl("reload")
        tap.equal(serial(server), int(past) + 5000, "a newer file: its time")
        server.write("zones/example.test.yaml", ZONE + "bad: {type: A, value: x}\n")
        server.ctl("reload")
        tap.equal([serial(server), server.metrics()['meridian_zone_serial{zone="example.test"}']], [int(past) + 5000] * 2,
                  "a refused edit does not raise it")
        server.write("zones/written.test.yaml", files["zones/written.test.yaml"].replace("77", "76"))
        server.ctl("reload")
        tap.equal(serial(server, "written.test."), 76, "a written one may even fall")


def test_gone_at_start(tap):
    """A zone whose file went while the server was down, and a changed apex NS set, wait for --force as ever; a large edit does not."""
    files = dict(FILES)
    files["zones/gone.test.yaml"] = NS + "x: {type: A, value: 192.0.2.50}\nd: {type: A, dynamic: {pool: two}}\n"
    files["zones/Odd_Name.test.yaml"] = NS + "x: {type: A, value: 192.0.2.51}\n"
    files["zones/split.test./a.yaml"] = NS + "x: {type: A, value: 192.0.2.52}\n"
    many = NS + "".join(f"n{i}: {{type: A, value: 192.0.2.9}}\n" for i in range(30))
    files["zones/many.test.yaml"] = many
    with lib.Server(files) as server:
        if not tap.check(server.start(), "starts with five zones", server.log()):
            return
        numbers = {zone: serial(server, zone) for zone in ("gone.test.", "odd_name.test.", "split.test.")}
        server.stop()
        server.remove("zones/gone.test.yaml")
        server.remove("zones/Odd_Name.test.yaml")
        shutil.rmtree(server.path("zones", "split.test."))
        server.write("zones/many.test.yaml", NS)
        server.write("zones/example.test.yaml", ZONE.replace("ns2", "ns3"))
        for times in ("once", "twice"):
            tap.check(server.restart(), f"starts without their files, {times}", server.log())
            states = {zone["name"]: zone["state"] for zone in server.status()["zones"]}
            tap.equal(states, {"gone.test": "held", "Odd_Name.test": "held", "split.test": "held", "many.test": "served", "example.test": "held"},
                      f"what is held, {times}")
            tap.equal([server.values(f"x.{zone}") for zone in numbers] + [server.values("d.gone.test.")],
                      [["192.0.2.50"], ["192.0.2.51"], ["192.0.2.52"], ["192.0.2.2"]], f"their last versions serve, {times}")
            tap.equal({zone: serial(server, zone) for zone in numbers}, numbers, f"with their serials, {times}")
            tap.equal([server.values("example.test.", "NS"), server.ask("n5.many.test.").rcode], [["ns1.other.test.", "ns2.other.test."], "NXDOMAIN"],
                      f"the apex NS set is the old one; a large edit is taken, {times}")
            tap.equal([server.metrics()['meridian_zone_stale{zone="gone.test"}'], readyz(server)], [1, 200], f"with an alarm, {times}")
        tap.check(re.search(r"zones/gone\.test\.yaml:1:1: .*--force gone\.test", server.messages()) and "split.test./a.yaml" in server.messages(),
                  "told with the file that is gone", server.messages())
        server.write("zones/Odd_Name.test.yaml", files["zones/Odd_Name.test.yaml"])
        tap.check(lib.wait_for(lambda: "Odd_Name" not in server.messages()), "a file that is back ends its hold", server.messages())
        code, _, said = server.ctl("reload", "--force", "gone.test", "split.test", "example.test")
        tap.check(code == 0 and server.ask("x.gone.test.").rcode == "REFUSED" and server.values("example.test.", "NS")[1] == "ns3.other.test.",
                  "--force ends and changes them", code, said)
        tap.check(server.restart() and server.ask("x.gone.test.").rcode == "REFUSED" and not server.messages(), "for good", server.messages())


def test_state_folder(tap):
    """A state folder that cannot be had, or takes nothing more."""
    with lib.Server(FILES) as server:
        server.write("file", "")
        server.write("meridian.yaml", CONFIG.replace("state: state", "state: file/state"))
        tap.check(server.start() and four(server) == GOOD, "serves without a state folder", server.log())
        tap.check("file/state" in server.log() and "file/state" in server.messages(), "and says so", server.log(), server.messages())
        tap.equal(server.metrics()["meridian_state_saved"], 0, "the metric, too")
        status, body = server.http("PUT", "/v1/health/mon-1", monitor("mon-1", "a: {state: down}"))
        tap.check(status == 200 and body["applied"] and len(body["warnings"]) == 1, "a push is in force, with a warning", status, body)
        tap.equal(server.values("www.example.test."), ["192.0.2.2"], "in force it is")
        server.write("zones/example.test.yaml", ZONE.replace("192.0.2.9", "192.0.2.8"))
        tap.check(lib.wait_for(lambda: server.values("static.example.test.") == ["192.0.2.8"]), "edits are taken", server.messages())
        tap.equal(server.stop(), 0, "ends cleanly")
    with lib.Server(FILES) as server:
        server.write("meridian.yaml", CONFIG.replace("state: state", "state: a/b/state"))
        tap.check(server.start() and os.path.isdir(server.path("a/b/state/good")), "the folder is made, with those above it", server.log())
    with lib.Server(FILES) as server:
        server.write("meridian.yaml", CONFIG.replace("state: state", 'state: ""'))
        tap.check(server.start() and not server.messages(), 'state: "" keeps nothing, and says nothing', server.log())
        tap.equal(server.metrics()["meridian_state_saved"], 1, "by intention")
    with lib.Server(FILES) as server:
        # As on a full disk: every write fails.
        reader, writer = os.pipe()
        server.process = subprocess.Popen([lib.PROGRAM, "-c", server.path("meridian.yaml")], stderr=writer, restore_signals=False,
                                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY)))
        os.close(writer)
        log = ""
        while "ready" not in log and (more := os.read(reader, 65536)):
            log += more.decode()
        server.port = int(re.search(r"127\.0\.0\.1@(\d+)", log).group(1))
        tap.equal(four(server), GOOD, "serves with a full disk")
        tap.check("cannot" in server.messages() and server.metrics()["meridian_state_saved"] == 0, "and says so", server.messages())
        tap.equal([name for _, _, names in os.walk(server.path("state")) for name in names], [], "no halves of files are left")
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        server.ctl("reload")
        tap.check(not server.messages() and server.metrics()["meridian_state_saved"] == 1, "room again: all is kept at the next load",
                  server.messages())
        server.stop()
        os.close(reader)
        server.write("zones/example.test.yaml", "'': [\n")
        tap.check(server.start() and four(server) == GOOD, "and was", server.log())


def burst(server, number):
    """Queries wait in the socket while the server stands still; then the signal; how many are answered, and the exit code."""
    count = 200
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(lib.DEADLINE_S)
        sock.connect(("127.0.0.1", server.port))
        server.signal(signal.SIGSTOP)
        for i in range(count):
            sock.send(dnswire.query("static.example.test.", "A", ident=i))
        server.signal(number)
        server.signal(signal.SIGCONT)
        got = set()
        try:
            while len(got) < count:
                got.add(dnswire.Message(sock.recv(4096)).ident)
        except (TimeoutError, ConnectionRefusedError):
            pass
    code = server.process.wait(lib.DEADLINE_S)
    server.process = None
    return len(got), code


def last_words(server, established):
    """Three TCP queries on one connection wait while the server stands still; then TERM: how many bytes come, and the exit code."""
    wire = dnswire.query("static.example.test.", "A")
    message = len(wire).to_bytes(2, "big") + wire
    expected = 3 * (2 + len(dnswire.exchange_tcp(server.port, wire)))
    sock = None
    if established:
        sock = socket.create_connection(("127.0.0.1", server.port))
        sock.sendall(message)
        sock.recv(4096)
    server.signal(signal.SIGSTOP)
    with sock or socket.create_connection(("127.0.0.1", server.port)) as sock:
        sock.settimeout(lib.DEADLINE_S)
        sock.sendall(3 * message)
        server.signal(signal.SIGTERM)
        server.signal(signal.SIGCONT)
        got = 0
        try:
            while more := sock.recv(4096):
                got += len(more)
        except OSError:
            pass
    code = server.process.wait(lib.DEADLINE_S)
    server.process = None
    return got, code, expected


def test_ends(tap):
    """TERM and INT: what was received is answered, then exit 0; the socket's file goes."""
    for number in (signal.SIGTERM, signal.SIGINT):
        with lib.Server(FILES) as server:
            server.start()
            tap.equal(burst(server, number), (200, 0), f"{number.name}: everything received is answered, exit 0")
            tap.check(not os.path.exists(server.path("control.sock")), f"{number.name}: the control socket is gone")
    for established in (True, False):
        results = []
        for _ in range(5):
            with lib.Server(FILES) as server:
                server.start()
                got, code, expected = last_words(server, established)
                results.append((got == expected, code))
        tap.equal(results, [(True, 0)] * 5, f"TERM: over TCP as well, {'connected' if established else 'not yet accepted'}")
    with lib.Server(FILES) as server:
        server.start()
        with socket.create_connection(("127.0.0.1", server.port)) as sock:
            wire = dnswire.query("static.example.test.", "A")
            sock.sendall(len(wire).to_bytes(2, "big") + wire[:10])
            tap.equal(server.stop(), 0, "a TCP client in the middle of a query does not hold the end up")
    with lib.Server(FILES) as server:
        server.start()
        connection = lib.Unix(server.path("control.sock"))
        connection.request("POST", "/v1/reload")
        server.process.terminate()
        try:
            status = connection.getresponse().status
        except OSError:
            status = 0
        tap.check(status in (0, 200, 503) and server.process.wait(lib.DEADLINE_S) == 0, "a reload under way ends before the server", status)
        server.process = None


def run(*arguments, **options):
    done = subprocess.run([lib.PROGRAM, *arguments], capture_output=True, timeout=30, check=False, **options)
    return done.returncode, (done.stdout + done.stderr).decode()


def test_exit_codes(tap):
    """0 done, 1 bad configuration, 2 could not start; -t and -p."""
    with lib.Server(FILES) as server:
        config = server.path("meridian.yaml")
        tap.equal(run("-t", "-c", config)[0], 0, "-t: good files")
        tap.check(not os.path.exists(server.path("state")), "-t makes no state folder")
        server.write("zones/bad.test.yaml", NS + "bad: {type: A, value: x}\nworse: {type: B}\n")
        server.write("health.d/ops.yaml", "version: 1\nsource: operator\nwriter: ops\nservers: {a: {state: tired}}\n")
        code, said = run("-t", "-c", config)
        tap.check(code == 1 and all(re.search(p, said) for p in (r"bad\.test\.yaml:2:\d+: ", r"bad\.test\.yaml:3:\d+: ", r"ops\.yaml:4:\d+: ")),
                  "-t: all errors of all files, exit 1", code, said)
        server.write("health.d/ops.yaml", "")
        os.unlink(server.path("zones/bad.test.yaml"))
        server.write("health.d/ops.yaml", "version: 1\nsource: operator\nwriter: ops\n")
        server.write("bad.yaml", CONFIG + "colour: blue\nuser: [x]\n")
        code, said = run("-c", server.path("bad.yaml"))
        tap.check(code == 1 and re.search(r"bad\.yaml:11:1: .*colour", said) and re.search(r"bad\.yaml:12:\d+: ", said),
                  "a broken meridian.yaml ends it with 1 and all errors", code, said)
        code, said = run("-c", server.path("nosuch.yaml"))
        tap.check(code == 1 and "nosuch.yaml" in said, "a missing one as well", code, said)
        for arguments in (["-x"], ["-p", "65536"], ["-p", "x"], ["-p", ""], ["more"]):
            tap.equal(run(*arguments)[0], 2, f"{' '.join(arguments)}: usage, exit 2")
        port = lib.free_port()
        tap.check(server.start("-p", str(port)) and server.port == port, "-p overrides the port", server.log())
        tap.equal(server.values("static.example.test."), ["192.0.2.9"], "and answers there")
        server.write("other.yaml", CONFIG.replace("control.sock", "other.sock"))
        code, said = run("-c", server.path("other.yaml"), "-p", str(port))
        tap.check(code == 2 and f"127.0.0.1@{port}" in said and "in use" in said, "a port that a running server has: exit 2", code, said)
        tap.equal(server.values("static.example.test."), ["192.0.2.9"], "the first one answers on")
        code, said = run("-c", config)
        tap.check(code == 2 and "control.sock" in said, "two on one control socket: the second exits 2", code, said)
        tap.equal(server.http("GET", "/healthz")[0], 200, "the first one's socket answers on")
        server.process.kill()
        server.process.wait()
        tap.check(os.path.exists(server.path("control.sock")) and server.start(), "a socket that a crash left behind is no hindrance",
                  server.log())
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
            tcp.bind(("127.0.0.1", 0))
            tcp.listen()
            taken = tcp.getsockname()[1]
            server.write("http.yaml", CONFIG.replace("control.sock", "other.sock").replace('http: ""', f"http: 127.0.0.1@{taken}"))
            code, said = run("-c", server.path("http.yaml"))
            tap.check(code == 2 and f"127.0.0.1@{taken}" in said, "an HTTP port that is taken: exit 2", code, said)
            server.write("tcp.yaml", CONFIG.replace("control.sock", "other.sock").replace("127.0.0.1@0", f"127.0.0.1@{taken}"))
            code, said = run("-c", server.path("tcp.yaml"))
            tap.check(code == 2 and f"127.0.0.1@{taken}" in said, "a port that is taken for TCP alone: exit 2", code, said)
        server.write("user.yaml", CONFIG.replace("control.sock", "other.sock") + "user: no-such-user-here\n")
        if os.geteuid() == 0:
            code, said = run("-c", server.path("user.yaml"))
            tap.check(code == 2 and "no-such-user-here" in said, "a user that does not exist: exit 2", code, said)
        try:
            resolved = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            resolved.bind(("127.0.0.53", 53))
        except OSError as error:
            tap.note(f"no port 53 here ({error}): systemd-resolved is not played")
            return
        server.write("stub.yaml", CONFIG.replace("control.sock", "other.sock").replace("127.0.0.1@0", "127.0.0.53@53"))
        code, said = run("-c", server.path("stub.yaml"))
        tap.check(code == 2 and "systemd-resolved" in said and "DNSStubListener=no" in said, "127.0.0.53:53 taken: the cure is told", code, said)
        server.write("stub.yaml", CONFIG.replace("control.sock", "other.sock").replace("127.0.0.1@0", "0.0.0.0@53"))
        resolved.close()


def test_user(tap):
    """Dropping privileges; files that the user cannot read."""
    if os.geteuid() != 0:
        tap.note("not root: no privileges to drop")
        return
    files = dict(FILES)
    files["meridian.yaml"] += "user: nobody\nhttp: {listen: \"\", tokens: {mon: {file: secrets/mon, may: [health]}}}\n"
    files["meridian.yaml"] = files["meridian.yaml"].replace('http: ""\n', "")
    files["secrets/mon"] = "a-secret-that-is-long-enough\n"
    files["zones/closed.test.yaml"] = NS
    with lib.Server(files) as server:
        os.chmod(server.folder, 0o755)
        os.chmod(server.path("secrets/mon"), 0o600)
        os.chmod(server.path("zones/closed.test.yaml"), 0o600)
        if not tap.check(server.start(), "starts as root", server.log()):
            return
        with open(f"/proc/{server.process.pid}/status", encoding="ascii") as file:
            ids = re.findall(r"^[UG]id:\t(\d+)\t(\d+)\t(\d+)\t(\d+)$", file.read(), re.M)
        tap.check(set(ids) == {("65534",) * 4}, "runs as nobody, for good", ids)
        info = os.stat(server.path("control.sock"))
        tap.equal((info.st_uid, info.st_gid, info.st_mode & 0o777), (65534, 65534, 0o660), "the control socket is its own, its group may write")
        tap.check("secrets/mon" in server.log() and "nobody" in server.log(), "a secret that it cannot read again is told at start", server.log())
        tap.equal([server.ask("closed.test.").rcode, four(server)], ["SERVFAIL", GOOD], "a zone that it cannot read fails alone")
        tap.check("closed.test.yaml" in server.messages(), "and is told", server.messages())
        tap.equal(os.stat(server.path("state")).st_uid, 65534, "the state folder is its own")
        tap.check(os.path.exists(server.path("state", "serials.json")), "and written")
        code, _, said = server.ctl("reload")
        tap.check(code == 1 and "secrets/mon" in said, "a reload is refused for the secret", code, said)
        os.chmod(server.path("zones/closed.test.yaml"), 0o644)
        tap.check(lib.wait_for(lambda: server.ask("closed.test.").rcode == "NOERROR"), "a file that is opened up is noticed", server.messages())


def main():
    tap = lib.Tap()
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    for name, test in list(globals().items()):
        if name.startswith("test_") and wanted in name:
            test(tap)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
