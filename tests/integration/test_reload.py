#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Edits while the server runs: every kind of file, every way of saving, what is refused, what waits for --force."""
import os
import re
import shutil
import signal
import sys
import time

import lib

CONFIG = lib.CONFIG + """\
geoip: {databases: [geo/ranges]}
zones: {directory: zones, defaults: {ttl: 300}}
"""
ROUTING = """\
servers:
  a: {addresses: [192.0.2.1]}
  b: {addresses: [192.0.2.2]}
  c: !include parts/server.yaml
pools:
  one: {servers: [a], fallback: two}
  two: {servers: [b], fallback: three}
  three: {servers: [c]}
policies:
  near:
    - {geos: [country:DE], pool: one}
    - {pool: two}
"""
ZONE = """\
'': {type: NS, values: [ns1.other.test., ns2.other.test.]}
www: {type: A, dynamic: {pool: one}}
near: {type: A, dynamic: {policy: near}}
static: {type: A, value: 192.0.2.9}
inc: !include ../names/inc.yaml
"""
RANGES = "84213760,84279295,DE\n84279296,84344831,FR\n"       # 5.5.0.0/16, 5.6.0.0/16
DOCUMENT = "version: 1\nsource: operator\nwriter: {}\nservers: {{{}}}\n"
FILES = {"meridian.yaml": CONFIG.replace("zones: {directory: zones}\n", ""), "routing.yaml": ROUTING, "zones/example.test.yaml": ZONE,
         "parts/server.yaml": "{addresses: [192.0.2.3]}\n", "names/inc.yaml": "{type: A, value: 192.0.2.10}\n", "geo/ranges": RANGES}


def in_place(path, text):
    """Written over, as some editors do."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def answers(tap, server, name, wanted, text, **options):
    """Waits until a name has these addresses."""
    full = name if name.endswith(".") else f"{name}.example.test."
    got = []

    def asked():
        got[:] = server.values(full, **options)
        return got == wanted

    return tap.check(lib.wait_for(asked), text, f"got {got}, wanted {wanted}", server.messages(), server.log()[-1500:])


def complains(tap, server, pattern, text):
    """Waits until the status has a message, then looks for it in the log, and at the metric."""
    found = re.compile(pattern, re.M)
    told = lib.wait_for(lambda: found.search(server.messages()))
    logged = lib.wait_for(lambda: found.search(server.log()), 2)
    metric = lib.wait_for(lambda: server.metrics()["meridian_config_last_reload_successful"] == 0, 2)
    return tap.check(told and logged and metric, text, f"status {bool(told)} log {bool(logged)} metric {bool(metric)}",
                     pattern, server.messages(), server.log()[-1500:])


def quiet(server, seconds=0.4):
    """Waits until all that was noticed is done: what comes next has to be noticed by itself."""
    last = [None, time.monotonic()]

    def unchanged():
        log = server.log()
        if log != last[0]:
            last[:] = [log, time.monotonic()]
        return time.monotonic() - last[1] > seconds

    lib.wait_for(unchanged)


def calm(tap, server, text):
    """Waits until nothing is wrong any more."""
    good = lib.wait_for(lambda: not server.messages() and server.status()["reload"]["ok"]
                        and server.metrics()["meridian_config_last_reload_successful"] == 1)
    return tap.check(good, text, server.messages(), server.status()["reload"])


def edits(save):
    """(what, path, new text, name, addresses before, addresses after, options) of one kind of file each."""
    del save
    return [
        ("a zone", "zones/example.test.yaml", ZONE.replace("192.0.2.9", "192.0.2.19"), "static", ["192.0.2.9"], ["192.0.2.19"], {}),
        ("an include of a zone", "names/inc.yaml", "{type: A, value: 192.0.2.20}\n", "inc", ["192.0.2.10"], ["192.0.2.20"], {}),
        ("routing", "routing.yaml", ROUTING.replace("192.0.2.1]", "192.0.2.11]"), "www", ["192.0.2.1"], ["192.0.2.11"], {}),
        ("an include of routing", "parts/server.yaml", "{addresses: [192.0.2.13]}\n", "three", ["192.0.2.3"], ["192.0.2.13"], {}),
        ("text ranges", "geo/ranges", RANGES.replace("DE", "FR"), "near", ["192.0.2.1"], ["192.0.2.2"], {"subnet": "5.5.5.0/24"}),
        ("a health document", "health.d/ops.yaml", DOCUMENT.format("ops", "a: {state: down}"), "www", ["192.0.2.1"], ["192.0.2.2"], {}),
        ("an include of a health document", "words/b.yaml", "{state: down}\n", "two", ["192.0.2.2"], ["192.0.2.3"], {}),
        ("meridian.yaml", "meridian.yaml", FILES["meridian.yaml"].replace("geoip: {databases: [geo/ranges]}\n",
         "geoip: {networks: {\"198.51.100.0/24\": country:DE}}\n"), "near", ["192.0.2.2"], ["192.0.2.1"], {"subnet": "198.51.100.0/24"}),
    ]


def files_with_three():
    files = dict(FILES)
    files["zones/example.test.yaml"] = ZONE + "three: {type: A, dynamic: {pool: three}}\ntwo: {type: A, dynamic: {pool: two}}\n"
    files["health.d/ops.yaml"] = DOCUMENT.format("ops", "")
    files["health.d/more.yaml"] = DOCUMENT.format("more", "b: !include ../words/b.yaml")
    files["words/b.yaml"] = "{state: up}\n"
    return files


def test_ways_of_saving(tap):
    """Each kind of file, saved in each way."""
    files = files_with_three()

    def by_rename(server, path, text):
        server.write(path, text)

    def over_itself(server, path, text):
        in_place(server.path(path), text)

    def beside_and_link(server, path, text):
        target = server.path("elsewhere-" + os.path.basename(path))
        in_place(target, text)
        os.symlink(target, server.path(path) + ".new")
        os.rename(server.path(path) + ".new", server.path(path))

    for how in (by_rename, over_itself, beside_and_link):
        with lib.Server(files) as server:
            if not tap.check(server.start(), f"starts ({how.__name__})", server.log()):
                return
            for what, path, text, name, before, after, options in edits(how):
                if path == "zones/example.test.yaml":
                    text += "three: {type: A, dynamic: {pool: three}}\ntwo: {type: A, dynamic: {pool: two}}\n"
                answers(tap, server, name, before, f"{how.__name__}: before {what} is saved", **options)
                quiet(server, 0.2)
                how(server, path, text)
                answers(tap, server, name, after, f"{how.__name__}: after {what} is saved", **options)
                by_rename(server, path, files[path])
                answers(tap, server, name, before, f"{how.__name__}: {what} is as it was", **options)
            calm(tap, server, f"nothing was refused ({how.__name__})")


def test_without_watching(tap):
    """reload: {watch: false}: HUP and meridianctl reload, all files as one change; nothing by itself."""
    files = files_with_three()
    files["meridian.yaml"] += "reload: {watch: false}\n"
    with lib.Server(files) as server:
        if not tap.check(server.start(), "starts without watching", server.log()):
            return
        for how in ("HUP", "meridianctl reload"):
            for what, path, text, name, before, after, options in edits(how):
                if path == "zones/example.test.yaml":
                    text += "three: {type: A, dynamic: {pool: three}}\ntwo: {type: A, dynamic: {pool: two}}\n"
                if path == "meridian.yaml":
                    text += "reload: {watch: false}\n"
                server.write(path, text)
                tap.equal(server.values(f"{name}.example.test.", **options), before, f"{what} alone changes nothing")
                if how == "HUP":
                    server.signal(signal.SIGHUP)
                    answers(tap, server, name, after, f"HUP: {what}", **options)
                    server.write(path, files[path])
                    server.signal(signal.SIGHUP)
                    answers(tap, server, name, before, f"HUP: {what} is as it was", **options)
                    continue
                code, _, said = server.ctl("reload")
                tap.check(code == 0 and server.values(f"{name}.example.test.", **options) == after,
                          f"meridianctl reload: {what} is in force when it returns", code, said,
                          server.values(f"{name}.example.test.", **options))
                server.write(path, files[path])
                tap.equal(server.ctl("reload")[0], 0, f"meridianctl reload: {what} is as it was")
        server.write("health.d/ops.yaml", "version: 1\nsource: operator\nwriter: ops\nservers: {a: {state: tired}}\n")
        code, _, said = server.ctl("reload")
        tap.check(code == 1 and re.search(r"ops\.yaml:4:\d+: .*tired", said), "meridianctl reload tells the errors of health documents",
                  code, said)


def test_link_swaps(tap):
    """As Kubernetes mounts a ConfigMap: everything changes by the swap of one symbolic link."""
    for layout in ("..data", "current"):
        with lib.Server() as server:
            for version in (1, 2, 3):
                for path, text in FILES.items():
                    text = text.replace("192.0.2.9}", f"192.0.2.9{version}}}").replace("192.0.2.1]", f"192.0.2.10{version}]")
                    text = text.replace("state: state", f"state: {server.path('state')}")
                    text = text.replace("control: control.sock", f"control: {server.path('control.sock')}")
                    os.makedirs(server.path(f"..v{version}", os.path.dirname(path)), exist_ok=True)
                    in_place(server.path(f"..v{version}", path), text)
                os.mkdir(server.path(f"..v{version}", "health.d"))
            os.makedirs(server.path("mount"))
            os.symlink("../..v1", server.path("mount", layout))
            if layout == "..data":
                for name in ("meridian.yaml", "routing.yaml", "zones", "parts", "names", "geo", "health.d"):
                    os.symlink(os.path.join("..data", name), server.path("mount", name))
            config = "mount/meridian.yaml" if layout == "..data" else "mount/current/meridian.yaml"
            if not tap.check(server.start(config=config), f"{layout}: starts through the link", server.log()):
                continue
            answers(tap, server, "static", ["192.0.2.91"], f"{layout}: the first version")
            for version in (2, 3):
                quiet(server)
                os.symlink(f"../..v{version}", server.path("mount", "..new"))
                os.rename(server.path("mount", "..new"), server.path("mount", layout))
                answers(tap, server, "static", [f"192.0.2.9{version}"], f"{layout}: the zone of version {version}")
                answers(tap, server, "www", [f"192.0.2.10{version}"], f"{layout}: the routing of version {version}")
                shutil.rmtree(server.path(f"..v{version - 1}"))
            quiet(server)
            lib.write(server.path("..v3", "health.d", "ops.yaml"), DOCUMENT.format("ops", "a: {state: down}"))
            answers(tap, server, "www", ["192.0.2.2"], f"{layout}: an edit behind the link")
            quiet(server)
            in_place(server.path("..v3", "zones", "example.test.yaml"), ZONE.replace("192.0.2.9}", "192.0.2.99}"))
            answers(tap, server, "static", ["192.0.2.99"], f"{layout}: another, in place")
            calm(tap, server, f"{layout}: nothing is wrong")


def test_folders(tap):
    """Folders that come later, go, and come back."""
    with lib.Server(FILES) as server:
        os.rmdir(server.path("health.d"))
        if not tap.check(server.start(), "starts without a health folder", server.log()):
            return
        os.mkdir(server.path("health.d"))
        server.write("health.d/ops.yaml", DOCUMENT.format("ops", "a: {state: down}"))
        answers(tap, server, "www", ["192.0.2.2"], "a health folder that is made later counts")
        os.rename(server.path("health.d"), server.path("away"))
        answers(tap, server, "www", ["192.0.2.1"], "a health folder that is moved away says nothing any more")
        lib.write(server.path("away", "ops.yaml"), DOCUMENT.format("ops", "a: {state: drain}"))
        os.rename(server.path("away"), server.path("health.d"))
        answers(tap, server, "www", ["192.0.2.2"], "and counts again when it is back")
        in_place(server.path("health.d", "ops.yaml"), DOCUMENT.format("ops", ""))
        answers(tap, server, "www", ["192.0.2.1"], "and is watched again")
        os.rename(server.path("zones"), server.path("away"))
        complains(tap, server, r"zones: cannot read|cannot read zone folder", "a zone folder that is moved away is told")
        tap.equal(server.values("static.example.test."), ["192.0.2.9"], "its zones serve on")
        os.rename(server.path("away"), server.path("zones"))
        calm(tap, server, "it is back")
        in_place(server.path("zones", "example.test.yaml"), ZONE.replace("192.0.2.9}", "192.0.2.99}"))
        answers(tap, server, "static", ["192.0.2.99"], "and watched again")
        path = server.path("zones", "example.test.yaml")
        before = os.stat(path)
        in_place(path, ZONE.replace("192.0.2.9}", "192.0.2.98}"))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        answers(tap, server, "static", ["192.0.2.98"], "an edit that keeps size and time is one, too")
        os.makedirs(server.path("zones", "split.test."))
        server.write("zones/split.test./a.yaml", "'': {type: NS, values: [ns1.other.test.]}\na: {type: A, value: 192.0.2.30}\n")
        answers(tap, server, "a.split.test.", ["192.0.2.30"], "a split zone's folder that is made later counts")
        server.write("zones/split.test./b.yaml", "b: {type: A, value: 192.0.2.31}\n")
        answers(tap, server, "b.split.test.", ["192.0.2.31"], "so does another file in it")
        server.remove("zones/split.test./b.yaml")
        lib.wait_for(lambda: server.ask("b.split.test.").rcode == "NXDOMAIN")
        tap.equal(server.ask("b.split.test.").rcode, "NXDOMAIN", "and its going")


SECRETS = """\
http:
  listen: 127.0.0.1@%d
  tokens: {mon: {file: secrets/mon, may: [health, reload]}}
"""


def test_secrets(tap):
    """A changed secret, one that is missing, one that comes later."""
    port = lib.free_port()
    files = dict(FILES)
    files["meridian.yaml"] = files["meridian.yaml"].replace('http: ""\n', SECRETS % port)
    files["secrets/mon"] = "first-secret-of-mon-0001\n"

    def reload(secret):
        return lib.request(lib.http.client.HTTPConnection("127.0.0.1", port, timeout=10), "POST", "/v1/reload", None,
                           {"Authorization": f"Bearer {secret}"})[0]

    with lib.Server(files) as server:
        if not tap.check(server.start(), "starts with a token", server.log()):
            return
        tap.equal([reload("first-secret-of-mon-0001"), reload("other-secret-of-mon-0002")], [200, 401], "the secret opens, another does not")
        server.write("secrets/mon", "other-secret-of-mon-0002\n")
        tap.check(lib.wait_for(lambda: reload("other-secret-of-mon-0002") == 200), "a changed secret opens", server.log()[-500:])
        tap.equal(reload("first-secret-of-mon-0001"), 401, "the old one does not any more")
        server.write("meridian.yaml", files["meridian.yaml"].replace("secrets/mon,", "later/mon,"))
        complains(tap, server, r"meridian\.yaml:\d+:\d+: .*later/mon", "a missing secret is an error of meridian.yaml")
        tap.equal([reload("other-secret-of-mon-0002"), reload("third-secret-of-mon-0003")], [422, 401], "the old token opens as before")
        server.write("later/mon", "third-secret-of-mon-0003\n")
        calm(tap, server, "the secret that comes later ends the error")
        tap.equal(reload("third-secret-of-mon-0003"), 200, "and opens")


def test_refused(tap):
    """Each broken file is told with its place, and changes nothing of what it breaks; other edits go on."""
    files = files_with_three()
    with lib.Server(files) as server:
        if not tap.check(server.start(), "starts for broken edits", server.log()):
            return
        broken = [
            ("zones/example.test.yaml", ZONE + "bad: {type: A, value: nowhere}\n", r"example\.test\.yaml:6:\d+: .*nowhere"),
            ("names/inc.yaml", "{type: A, value: [192.0.2.1, x]}\n", r"names/inc\.yaml:1:\d+: "),
            ("names/inc.yaml", "{type: A\n", r"names/inc\.yaml:\d+:\d+: "),
            ("routing.yaml", ROUTING.replace("[b]", "[nobody]"), r"routing\.yaml:7:\d+: .*nobody"),
            ("parts/server.yaml", "{addresses: [192.0.2.300]}\n", r"parts/server\.yaml:1:\d+: .*192\.0\.2\.300"),
            ("parts/server.yaml", "{addresses: [\n", r"parts/server\.yaml:\d+:\d+: "),
            ("geo/ranges", "no ranges at all\n", r"geo/ranges:1:\d+: "),
            ("words/b.yaml", "{state: tired}\n", r"words/b\.yaml:1:\d+: .*tired"),
            ("words/b.yaml", "{state: \n", r"words/b\.yaml:\d+:\d+: "),
            ("meridian.yaml", files["meridian.yaml"] + "colour: blue\n", r"meridian\.yaml:11:1: .*colour"),
            ("health.d/ops.yaml", "version: 1\nsource: operator\nwriter: ops\nservers: {a: {state: tired}}\n", r"ops\.yaml:4:\d+: .*tired"),
        ]
        for path, text, pattern in broken:
            server.write(path, text)
            complains(tap, server, pattern, f"told: {path}: {pattern}")
            tap.equal([server.values(f"{name}.example.test.") for name in ("static", "www", "inc", "three")],
                      [["192.0.2.9"], ["192.0.2.1"], ["192.0.2.10"], ["192.0.2.3"]], f"answers stay: {path}")
            server.write("zones/other.test.yaml", "'': {type: NS, values: [ns1.example.com.]}\n" f"x: {{type: TXT, value: {len(text)}}}\n")
            tap.check(lib.wait_for(lambda n=str(len(text)): server.values("x.other.test.", "TXT") ==
                                   [bytes([len(n)]).hex() + n.encode().hex()]), f"another zone changes beside {path}",
                      server.values("x.other.test.", "TXT"), server.messages())
            server.write(path, files[path])
            calm(tap, server, f"repaired: {path}")


def test_order_of_saving(tap):
    """A zone and the routing it needs, whichever is saved first; and names that are still used."""
    pool = ROUTING.replace("  two:", "  four: {servers: [b]}\n  two:")
    zone = ZONE + "four: {type: A, dynamic: {pool: four}}\n"
    with lib.Server(FILES) as server:
        if not tap.check(server.start(), "starts for both orders", server.log()):
            return
        server.write("zones/example.test.yaml", zone)
        complains(tap, server, r"example\.test\.yaml:6:\d+: .*four", "zone first: the unknown pool is the zone's error")
        tap.equal(server.ask("four.example.test.").rcode, "NXDOMAIN", "zone first: nothing changed")
        server.write("routing.yaml", pool)
        answers(tap, server, "four", ["192.0.2.2"], "zone first: in force when the routing follows")
        calm(tap, server, "zone first: all is well")
        server.write("routing.yaml", ROUTING.replace("192.0.2.1]", "192.0.2.11]"))
        complains(tap, server, r"routing\.yaml:\d+:\d+: ", "routing that lacks a pool in use is an error of routing.yaml")
        tap.check(any("routing.yaml" in line and "example.test.yaml:6:" in line for line in server.messages().splitlines()),
                  "which names the zone's line", server.messages())
        tap.check("\nexample" not in server.messages() and server.status()["zones"][0]["state"] == "served", "the zone is not at fault",
                  server.status()["zones"])
        tap.equal([server.values("four.example.test."), server.values("www.example.test.")], [["192.0.2.2"], ["192.0.2.1"]],
                  "all old routing stays")
        server.write("zones/example.test.yaml", ZONE)
        answers(tap, server, "www", ["192.0.2.11"], "routing first: in force when the zone lets go of the name")
        calm(tap, server, "routing first: all is well")
        server.write("zones/new.test.yaml", "'': {type: NS, values: [ns1.other.test.]}\nx: {type: A, dynamic: {pool: five}}\n")
        complains(tap, server, r"new\.test\.yaml:2:\d+: .*five", "a new zone with an unknown pool")
        tap.equal(server.ask("x.new.test.").rcode, "SERVFAIL", "is SERVFAIL")
        server.write("parts/server.yaml", "{addresses: [192.0.2.33]}\n")
        lib.wait_for(lambda: server.log().count("new.test.yaml") > 1)
        server.write("routing.yaml", ROUTING.replace("  two:", "  five: {servers: [c]}\n  two:"))
        answers(tap, server, "x.new.test.", ["192.0.2.33"], "and serves once the pool is there")


def ttl(server):
    return server.ask("static.example.test.").answer[0].ttl


def test_settings(tap):
    """meridian.yaml itself: what takes effect at once, and what only the next start takes."""
    config = FILES["meridian.yaml"]
    with lib.Server(FILES) as server:
        port = lib.free_port()
        if not tap.check(server.start("-p", str(port)), "starts with -p", server.log()):
            return
        server.signal(signal.SIGHUP)
        server.write("zones/mark.test.yaml", "'': {type: NS, values: [ns1.other.test.]}\nx: {type: A, value: 192.0.2.1}\n")
        answers(tap, server, "x.mark.test.", ["192.0.2.1"], "HUP with -p")
        tap.check(not server.messages(), "-p is no change of listen", server.messages())
        server.write("meridian.yaml", config.replace("ttl: 300", "ttl: 400"))
        tap.check(lib.wait_for(lambda: ttl(server) == 400), "another default TTL", server.messages())
        server.write("meridian.yaml", config.replace("ttl: 300", "ttl: 401").replace("workers: 1", "workers: 2")
                     .replace('http: ""', f"http: 127.0.0.1@{lib.free_port()}").replace("control.sock", "other.sock"))
        tap.check(lib.wait_for(lambda: ttl(server) == 401), "what can be taken is", server.messages())
        for key in ("workers", "http: listen", "control"):
            found = re.compile(rf"meridian\.yaml:\d+:\d+: warning: {key}: .*next start")
            tap.check(lib.wait_for(lambda f=found: f.search(server.messages())), f"{key}: told that it waits for a start", server.messages())
        tap.check(lib.wait_for(lambda: "next start" in server.log()) and server.status()["reload"]["ok"], "which is no error", server.status()["reload"])
        server.write("meridian.yaml", config + "reload: {watch: false}\n")
        tap.check(lib.wait_for(lambda: not server.messages()), "watch: false is taken", server.messages())
        server.write("zones/example.test.yaml", ZONE.replace("192.0.2.9", "192.0.2.7"))
        tap.equal(server.values("static.example.test."), ["192.0.2.9"], "an edit alone does nothing then")
        tap.equal([server.ctl("reload")[0], server.values("static.example.test.")], [0, ["192.0.2.7"]], "a reload does")
        server.write("meridian.yaml", config)
        tap.equal(server.ctl("reload")[0], 0, "watching again")
        server.write("zones/example.test.yaml", ZONE)
        answers(tap, server, "static", ["192.0.2.9"], "an edit is noticed again")
        calm(tap, server, "all is well")


def big_zone(count, value="192.0.2.9", first=0):
    return "'': {type: NS, values: [ns1.other.test., ns2.other.test.]}\n" + "".join(
        f"n{i}: {{type: A, value: {value}}}\n" for i in range(first, first + count - 1))


def state_of(server, name):
    return {zone["name"]: zone["state"] for zone in server.status()["zones"]}.get(name)


def edited(server, text, name="big.test"):
    """Saves, reloads; the zone's state then."""
    server.write(f"zones/{name}.yaml", text)
    server.ctl("reload")
    return state_of(server, name)


def test_held(tap):
    """What waits for --force."""
    files = dict(FILES)
    files["zones/big.test.yaml"] = big_zone(10)
    files["zones/small.test.yaml"] = big_zone(9)
    files["meridian.yaml"] += "reload: {watch: false}\n"
    with lib.Server(files) as server:
        if not tap.check(server.start(), "starts for held edits", server.log()):
            return
        tap.equal(edited(server, big_zone(7)), "served", "3 of 10 names go: 30 % is not more than 30 %")
        tap.equal(edited(server, big_zone(10)), "served", "names that come are no matter")
        tap.equal(edited(server, big_zone(6)), "held", "4 of 10 names go: held")
        tap.equal(server.values("n8.big.test."), ["192.0.2.9"], "what was to go is there")
        held = [line for line in server.messages().splitlines() if "big.test" in line]
        tap.check(len(held) == 1 and re.match(r"/\S+big\.test\.yaml:\d+:\d+: .*--force big\.test", held[0]),
                  "the message says where, and the command", held)
        tap.equal(server.metrics()['meridian_zone_stale{zone="big.test"}'], 1, "meridian_zone_stale says so")
        tap.equal(server.metrics()['meridian_zone_stale{zone="example.test"}'], 0, "and of no other zone")
        code, _, said = server.ctl("reload")
        tap.check(code == 1 and "big.test" in said, "a plain reload does not force it, and exits 1", code, said)
        tap.equal(server.ctl("reload", "--force", "example.test")[0], 1, "nor does --force of another zone")
        tap.equal([server.ctl("reload", "big.test", "--force")[0], server.ask("n8.big.test.").rcode], [0, "NXDOMAIN"], "--force big.test does")
        tap.equal(edited(server, big_zone(10)), "served", "ten names again")
        tap.equal(edited(server, big_zone(6)), "held", "held again")
        tap.equal(edited(server, big_zone(10)), "served", "undoing the edit ends the hold")
        half = big_zone(5) + big_zone(6, "192.0.2.8", 4).split("\n", 1)[1]
        tap.equal(edited(server, half), "served", "5 of 10 names change: not more than half")
        tap.equal(edited(server, big_zone(10)), "served", "and back")
        most = big_zone(4) + big_zone(7, "192.0.2.8", 3).split("\n", 1)[1]
        tap.equal(edited(server, most), "held", "6 of 10 names change: held")
        tap.equal(server.values("n8.big.test."), ["192.0.2.9"], "as it was")
        tap.equal(server.ctl("reload", "--force")[0], 0, "--force without a zone is for all")
        tap.equal(server.values("n8.big.test."), ["192.0.2.8"], "and applies it")
        tap.equal(edited(server, big_zone(1), "small.test"), "served", "a zone of nine names may lose eight")
        tap.equal(edited(server, big_zone(9).replace("ns2", "ns3"), "small.test"), "held", "a change of the apex NS set waits at any size")
        tap.equal(edited(server, big_zone(9).replace("ns1.other.test., ns2.other.test.", "ns2.other.test., ns1.other.test."), "small.test"),
                  "served", "their order is no change")
        tap.equal(edited(server, big_zone(9).replace("{type: NS,", "{type: NS, ttl: 77,"), "small.test"), "served", "nor is their TTL")
        tap.equal(edited(server, big_zone(9).replace("ns2", "ns3"), "small.test"), "held", "held once more")
        tap.equal([server.ctl("reload", "--force", "small.test.")[0], server.values("small.test.", "NS")],
                  [0, ["ns1.other.test.", "ns3.other.test."]], "--force small.test. applies it")
        server.remove("zones/small.test.yaml")
        code, _, said = server.ctl("reload")
        tap.check(code == 1 and re.search(r"small\.test\.yaml:1:1: .*--force small\.test", said), "a file that is gone is told", code, said)
        tap.equal([state_of(server, "small.test"), server.values("n1.small.test."), server.metrics()['meridian_zone_stale{zone="small.test"}']],
                  ["held", ["192.0.2.9"], 1], "its last version serves, with an alarm")
        code, _, said = server.ctl("reload", "--force", "small.test")
        tap.check(code == 0 and server.ask("n1.small.test.").rcode == "REFUSED", "--force ends the zone", code, said)
        tap.check('meridian_zone_serial{zone="small.test"}' not in server.metrics(), "no metric of it is left")
        code, _, said = server.ctl("reload", "--force", "nosuch.test")
        tap.check(code == 1 and "nosuch.test" in said, "--force of a zone that is not there: exit 1", code, said)
        server.write("zones/small.test.yaml", big_zone(9))
        tap.equal([server.ctl("reload")[0], server.values("n1.small.test.")], [0, ["192.0.2.9"]], "a zone that is added serves")
        server.write("zones/big.test.yaml", big_zone(2))
        tap.equal(server.ctl("reload")[0], 1, "a large edit is held before the restart")
        tap.check(server.restart() and server.values("n0.big.test.") == ["192.0.2.9"] and server.ask("n5.big.test.").rcode == "NXDOMAIN",
                  "at start safe_delete is not asked", server.log())


def main():
    tap = lib.Tap()
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    for name, test in list(globals().items()):
        if name.startswith("test_") and wanted in name:
            test(tap)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
