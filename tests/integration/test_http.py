#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""HTTP: every path and status over TCP and the Unix socket, tokens, bad and slow clients, metrics."""
import http.client
import json
import re
import socket
import sys
import threading
import time

import lib

ROUTING = """\
servers:
  a: {addresses: [192.0.2.1]}
  b: {addresses: [192.0.2.2]}
pools:
  one: {servers: [a], fallback: two}
  two: {servers: [b]}
policies:
  near: [{pools: [one, two]}]
services: {api: {check: tcp, port: 1}}
"""
NS = "'': {type: NS, values: [ns1.other.test., ns2.other.test.]}\n"
ZONE = NS + "www: {type: A, dynamic: {pool: one}}\nstatic: {type: A, value: 192.0.2.9}\n"
SECRETS = {name: f"the-secret-of-{name}-0123456789" for name in ("mon", "rep", "wide", "deploy", "all")}
CONFIG = lib.CONFIG.replace('http: ""\n', """\
http:
  listen: 127.0.0.1@{port}
  tokens:
    mon: {{file: secrets/mon, may: [health], source: monitor, scopes: [country:RU, asn:12389]}}
    rep: {{file: secrets/rep, may: [health], source: reports}}
    wide: {{file: secrets/wide, may: [health], source: monitor, scopes: [EU, "net:198.51.100.0/24"]}}
    deploy: {{file: secrets/deploy, may: [reload, operator]}}
    all: {{file: secrets/all, may: [health]}}
""").replace("health: {directory: health.d}", "health: {{directory: health.d, expect: [mon-9, all]}}") \
    .replace("zones: {directory: zones}", "zones: {{directory: zones, defaults: {{ttl: 300}}}}")


def files(port):
    made = {"meridian.yaml": CONFIG.format(port=port), "routing.yaml": ROUTING, "zones/example.test.yaml": ZONE,
            "health.d/file.yaml": "version: 1\nsource: operator\nwriter: file\n"}
    made.update({f"secrets/{name}": f"{secret}\n" for name, secret in SECRETS.items()})
    return made


def stamp(offset=0):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + offset))


def document(writer, servers=None, source="monitor", offset=0, **more):
    made = {"version": 1, "source": source, "writer": writer, "servers": servers if servers is not None else {"a": {"state": "down"}}}
    if source != "operator":
        made.update(generated=stamp(offset), ttl=600)
    made.update(more)
    return made


class Both:
    """The server, over TCP and over its socket."""

    def __init__(self, server, port):
        self.server, self.port = server, port

    def tcp(self, method, path, body=None, token=None, headers=None):
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = f"Bearer {SECRETS.get(token, token)}"
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        return lib.request(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20), method, path, body, headers)

    def unix(self, method, path, body=None):
        return self.server.http(method, path, json.dumps(body) if isinstance(body, (dict, list)) else body)

    def raw(self, data, timeout=10, end=False):
        """Sends bytes; all that comes back until the server closes, or nothing more comes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as sock:
            got = b""
            try:
                sock.sendall(data)
                if end:
                    sock.shutdown(socket.SHUT_WR)
                while more := sock.recv(65536):
                    got += more
            except OSError:
                pass
            return got


def is_error(status, body, wanted):
    """The status, and a body of errors that all have the four keys."""
    return status == wanted and isinstance(body, dict) and body.get("errors") and \
        all(set(one) == {"file", "line", "column", "message"} and one["message"] for one in body["errors"])


def test_paths(tap, both):
    """What each path gives, to anybody."""
    looks = {
        "/metrics": lambda b: "# TYPE meridian_build_info gauge" in b,
        "/healthz": lambda b: b == "ok\n",
        "/readyz": lambda b: b == "ready\n",
        "/": lambda b: b.startswith("<!doctype html>"),
        "/v1/status": lambda b: b["ready"] is True and b["reload"]["ok"] is True and b["zones"][0]["name"] == "example.test",
        "/v1/zones": lambda b: [z["state"] for z in b] == ["served"],
        "/v1/health": lambda b: set(b) == {"documents", "verdicts"},
        "/v1/explain?name=www.example.test&type=A&from=country:DE": lambda b: b["decision"]["policy"],
        "/v1/zones/example.test": lambda b: "static.example.test.\t300\tIN\tA\t192.0.2.9" in b,
    }
    for way in (both.tcp, both.unix):
        for path, good in looks.items():
            status, body = way("GET", path)
            tap.check(status == 200 and good(body), f"{way.__name__}: GET {path}", status, body)
            status, body = way("HEAD", path)
            tap.check(status == 200 and body == "", f"{way.__name__}: HEAD {path}", status, body)
            for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
                status, body = way(method, path)
                tap.check(is_error(status, body, 405), f"{way.__name__}: {method} {path.partition('?')[0]} is 405", status, body)
        for path in ("/nosuch", "/v1", "/v1/zones/nosuch.test", "/v1/health/nosuch", "/v1/health/", "/metrics/", "/v1/nosuch"):
            status, body = way("GET", path)
            tap.check(is_error(status, body, 404), f"{way.__name__}: GET {path} is 404", status, body)
        tap.check(is_error(*way("POST", "/v1/reports", "{}"), 404), f"{way.__name__}: POST /v1/reports is 404 until it comes")
        for method in ("GET", "HEAD", "PUT"):
            tap.equal(way(method, "/v1/reload")[0], 405, f"{way.__name__}: {method} /v1/reload is 405")
    for path, allowed in (("/metrics", "GET, HEAD"), ("/v1/reload", "POST"), ("/v1/health/x", "GET, HEAD, PUT, DELETE")):
        reply = both.raw(f"PATCH {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        tap.check(f"\r\nAllow: {allowed}\r\n".encode() in reply, f"405 of {path} says what is allowed", reply)
    reply = both.raw(b"GET /metrics HTTP/1.0\r\n\r\n")
    tap.check(b"\r\nContent-Type: text/plain; version=0.0.4" in reply, "/metrics names its format", reply[:300])


def test_explain(tap, both):
    """The parameters of explain."""
    good = ["name=www.example.test", "name=www.example.test.&type=a", "name=www.example.test&type=AAAA&from=5.5.5.5",
            "name=www.example.test&from=5.5.5.0/24", "name=www.example.test&from=2001:db8::/32", "name=www.example.test&from=country%3ADE",
            "name=www.example.test&from=EU-DE", "name=www.example.test&from=net:198.51.100.0/24", "name=www.example.test&resolver=192.0.2.53",
            "name=nosuch.example.test", "name=www.nosuch.test", "name=www.example.test&type=TYPE65280"]
    bad = ["", "name=", "type=A", "name=a..b", "name=" + 70 * "x" + ".test", "name=www.example.test&type=NOSUCH", "name=www.example.test&from=DE",
           "name=www.example.test&from=300.1.1.1", "name=www.example.test&from=5.5.5.5/33", "name=www.example.test&resolver=x",
           "name=www.example.test&from=%00", "name=www.example.test&from=", "name=www.example.test&resolver=5.5.5.0/24"]
    for query in good:
        status, body = both.tcp("GET", f"/v1/explain?{query}")
        tap.check(status == 200 and body["name"].endswith(".test."), f"explain?{query}", status, body)
    for query in bad:
        status, body = both.tcp("GET", f"/v1/explain?{query}")
        tap.check(is_error(status, body, 400), f"explain?{query} is 400", status, body)
    body = both.tcp("GET", "/v1/explain?name=www.example.test&from=country:DE")[1]
    tap.equal(body["decision"]["candidates"][0]["server"], "a", "a place gives candidates")


def test_tokens(tap, both):
    """Who may push what."""
    def scoped(scope, **more):
        return {"a": {"scopes": {scope: {"state": "down", **more}}}}

    unscoped = {"a": {"state": "down"}}
    cases = [
        ("mon", document("mon", scoped("country:RU")), 200, "its country"),
        ("mon", document("mon", scoped("subdivision:RU-MOW")), 200, "a subdivision of it"),
        ("mon", document("mon", scoped("EU-RU")), 200, "octoDNS's word for it"),
        ("mon", document("mon", scoped("asn:12389")), 200, "its network"),
        ("mon", document("mon", scoped("country:RU", services=["api"])), 200, "one service there"),
        ("mon", document("mon", {"a": {"scopes": {"country:RU": {"services": {"api": {"state": "down"}}}}}}), 200, "a map of services"),
        ("mon", document("mon", {}, pools={"one": {"scopes": {"country:RU": {"state": "drain"}}}}), 200, "a pool there"),
        ("mon", document("mon", {}), 200, "nothing at all"),
        ("mon", document("mon", unscoped, vantage="country:RU"), 200, "unscoped, its vantage within"),
        ("mon", document("mon", unscoped, vantage=["country:RU", "asn:12389"]), 200, "a vantage of two words within"),
        ("mon", document("mon", scoped("asn:12390")), 403, "another network"),
        ("mon", document("mon", scoped("country:DE")), 403, "another country"),
        ("mon", document("mon", scoped("EU")), 403, "a continent around it"),
        ("mon", document("mon", scoped("global")), 403, "the world"),
        ("mon", document("mon", scoped("net:198.51.100.0/24")), 403, "a network that was not listed"),
        ("mon", document("mon", unscoped), 403, "unscoped, no vantage"),
        ("mon", document("mon", unscoped, vantage="country:DE"), 403, "a vantage elsewhere"),
        ("mon", document("mon", unscoped, vantage=["country:RU", "country:DE"]), 403, "a vantage half elsewhere"),
        ("mon", document("mon", {}, pools={"one": {"state": "drain"}}), 403, "a pool everywhere"),
        ("mon", document("mon", {**scoped("country:RU"), "b": {"state": "down"}}), 403, "one entry of two too wide"),
        ("mon", document("mon", scoped("country:RU"), source="reports"), 403, "another source"),
        ("mon", document("mon", scoped("country:RU"), source="operator"), 403, "an operator's word"),
        ("wide", document("wide", scoped("country:DE")), 200, "a country of its continent"),
        ("wide", document("wide", scoped("EU-DE")), 200, "the same in octoDNS's word"),
        ("wide", document("wide", scoped("subdivision:DE-BE")), 200, "a subdivision of its continent"),
        ("wide", document("wide", scoped("net:198.51.100.128/25")), 200, "a narrower network"),
        ("wide", document("wide", scoped("net:198.51.0.0/16")), 403, "a wider network"),
        ("wide", document("wide", scoped("country:US")), 403, "a country elsewhere"),
        ("wide", document("wide", scoped("region:europe")), 403, "a region that is more than its continent"),
        ("wide", document("wide", unscoped, vantage="EU"), 200, "its continent as vantage"),
        ("rep", document("rep", unscoped, source="reports"), 200, "reports, no scopes: everywhere"),
        ("rep", document("rep", unscoped), 403, "reports' token, a monitor's word"),
        ("all", document("all", unscoped), 200, "no scopes: everywhere"),
        ("deploy", document("deploy", unscoped, source="operator"), 200, "the operator"),
        ("deploy", document("deploy", unscoped), 403, "the operator's token may not write as a monitor"),
    ]
    for token, body, wanted, what in cases:
        name = body["writer"]
        before = both.tcp("GET", f"/v1/health/{name}")
        status, reply = both.tcp("PUT", f"/v1/health/{name}", body, token)
        good = status == 200 and reply["applied"] is True if wanted == 200 else is_error(status, reply, wanted)
        if wanted != 200:
            good = good and both.tcp("GET", f"/v1/health/{name}") == before
        tap.check(good, f"token {token}: {what}: {wanted}", status, reply)
    for token, name, what in (("mon", "wide", "another's document"), ("mon", "new", "a name of its own")):
        status, reply = both.tcp("PUT", f"/v1/health/{name}", document(name, scoped("country:RU")), token)
        tap.check(is_error(status, reply, 403), f"token mon may not write {what}", status, reply)
        status, reply = both.tcp("DELETE", f"/v1/health/{name}", None, token)
        tap.check(is_error(status, reply, 403), f"token mon may not remove {what}", status, reply)
    for token in (None, "not-the-secret-of-anybody", SECRETS["mon"][:-1], SECRETS["mon"] + "x", "x"):
        for method, path in (("PUT", "/v1/health/mon"), ("DELETE", "/v1/health/mon"), ("POST", "/v1/reload")):
            status, reply = both.tcp(method, path, document("mon") if method == "PUT" else None, token)
            tap.check(is_error(status, reply, 401), f"{method} {path} with token {token} is 401", status, reply)
    reply = both.raw(b"POST /v1/reload HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    tap.check(b"\r\nWWW-Authenticate: Bearer" in reply, "401 says what is needed", reply)
    status, _ = both.tcp("POST", "/v1/reload", None, None, {"Authorization": f"bearer {SECRETS['deploy']}"})
    tap.equal(status, 200, "the scheme's name is read without case")
    status, reply = both.tcp("POST", "/v1/reload", None, "mon")
    tap.check(is_error(status, reply, 403), "a health token may not reload", status, reply)
    tap.equal(both.tcp("DELETE", "/v1/health/mon", None, "mon")[0], 200, "a token removes its own document")
    status, reply = both.tcp("DELETE", "/v1/health/mon", None, "mon")
    tap.check(is_error(status, reply, 404), "once", status, reply)
    for name, source in (("mon", "operator"), ("deploy", "monitor"), ("rep", "monitor")):
        both.unix("PUT", f"/v1/health/{name}", document(name, unscoped, source=source, offset=5))
        status, reply = both.tcp("DELETE", f"/v1/health/{name}", None, name)
        tap.check(is_error(status, reply, 403), f"token {name} may not remove what a {source} wrote in its name", status, reply)
    for name in ("mon", "wide", "rep", "all", "deploy"):
        both.unix("DELETE", f"/v1/health/{name}")
    tap.equal(both.unix("GET", "/v1/health")[1]["verdicts"], [], "the socket may remove anybody's")


def yaml(writer, state="down", generated=None, end="...\n", more=""):
    return (f"version: 1\nsource: monitor\nwriter: {writer}\ngenerated: {generated or stamp()}\nttl: 600\n"
            f"servers:\n  a: {{state: {state}}}\n{more}{end}")


def test_pushes(tap, both):
    """Bodies, and what they do by the time the reply is there."""
    def www():
        return both.server.values("www.example.test.")

    for i in range(50):
        state = "down" if i % 2 == 0 else "up"
        status, reply = both.unix("PUT", "/v1/health/m1", document("m1", {"a": {"state": state}}))
        if status != 200 or www() != (["192.0.2.2"] if i % 2 == 0 else ["192.0.2.1"]):
            tap.check(False, f"answer {i} is there with the reply", status, reply, www())
            break
    else:
        tap.check(True, "fifty pushes: each in force when its reply comes")
    status, reply = both.unix("PUT", "/v1/health/m1", yaml("m1"))
    tap.equal((status, reply), (200, {"applied": True, "frozen": False, "unknown": [], "warnings": []}), "YAML; the reply has the four keys")
    status, text = both.unix("GET", "/v1/health/m1")
    tap.check(status == 200 and text.startswith("version: 1\n") and text.endswith("...\n"), "GET gives it back as it came", text)
    status, reply = both.unix("PUT", "/v1/health/m1", yaml("m1", end=""))
    tap.check(is_error(status, reply, 422) and "..." in reply["errors"][0]["message"], "YAML that is cut short", status, reply)
    status, reply = both.unix("PUT", "/v1/health/m1", yaml("m1", state="tired"))
    tap.check(is_error(status, reply, 422) and reply["errors"][0]["line"] == 7 and reply["errors"][0]["column"] > 1
              and "tired" in reply["errors"][0]["message"], "errors have line and column", reply)
    status, reply = both.unix("PUT", "/v1/health/m1", yaml("m1", state="tired", more="colour: blue\n"))
    tap.check(len(reply["errors"]) == 2, "all of them are told", reply)
    for what, body in (("no body", ""), ("no YAML", "{"), ("a list", []), ("a number", "7"), ("no version", yaml("m1").replace("version: 1\n", "")),
                       ("version 2", yaml("m1").replace("version: 1", "version: 2")), ("no ttl", yaml("m1").replace("ttl: 600\n", "")),
                       ("no generated", re.sub("generated.*\n", "", yaml("m1"))), ("an include", yaml("m1", more="pools: !include /etc/passwd\n")),
                       ("another writer", yaml("m2")), ("two documents", yaml("m1") + "---\n" + yaml("m1")), ("a NUL", yaml("m1") + "\0"),
                       ("no UTF-8", yaml("m1").encode() + b"\xff\xfe")):
        status, reply = both.unix("PUT", "/v1/health/m1", body)
        tap.check(is_error(status, reply, 422), f"{what} is 422", status, reply)
    tap.equal(www(), ["192.0.2.2"], "nothing of that changed anything")
    status, reply = both.unix("PUT", "/v1/health/m1", yaml("m1", state="up", generated=stamp(-60)))
    tap.check(is_error(status, reply, 409) and "older" in reply["errors"][0]["message"], "older than what is loaded: 409", status, reply)
    status, reply = both.unix("PUT", "/v1/health/file", document("file"))
    tap.check(is_error(status, reply, 409), "a file has this writer: 409", status, reply)
    status, reply = both.unix("DELETE", "/v1/health/file")
    tap.check(status in (404, 409) and reply["errors"], "nor is the file's document removed", status, reply)
    status, reply = both.unix("PUT", "/v1/health/m1", yaml("m1", state="up", generated=stamp(120)))
    tap.check(is_error(status, reply, 422), "from 120 s ahead: 422", status, reply)
    tap.equal(both.unix("PUT", "/v1/health/m1", yaml("m1", state="up", generated=stamp(40)))[0], 200, "from 40 s ahead is taken")
    tap.equal(www(), ["192.0.2.1"], "and in force")
    status, reply = both.unix("PUT", "/v1/health/m3", document("m3", {"aa": {"state": "down", "services": {"apj": {"state": "up"}}}},
                                                              pools={"ones": {"state": "up"}}))
    tap.check(status == 200 and sorted(reply["unknown"]) == ["aa", "apj", "ones"], "names that routing does not know", reply)
    status, reply = both.unix("PUT", "/v1/health/m3", document("m3", {"a": {"scopes": {"EU-TR": {"state": "down"}}}}))
    tap.check(status == 200 and len(reply["warnings"]) == 1 and "EU-TR" in reply["warnings"][0]["message"], "a document's warnings are in the reply",
              status, reply)
    tap.equal([both.unix("DELETE", f"/v1/health/{name}")[0] for name in ("m1", "m3", "m3")], [200, 200, 404], "DELETE")
    odd = "m/ü .x"
    status, reply = both.unix("PUT", "/v1/health/m%2F%C3%BC%20.x", document(odd))
    tap.check(status == 200 and both.unix("GET", "/v1/health/m%2F%C3%BC%20.x")[0] == 200, "any writer's name, escaped", status, reply)
    tap.equal(both.unix("DELETE", "/v1/health/m%2F%C3%BC%20.x")[0], 200, "and removed")
    status, reply = both.unix("POST", "/v1/reload", {"zones": ["nosuch.test"]})
    tap.check(is_error(status, reply, 422), "a reload of a zone that is not there: 422", status, reply)
    for body in ("[]", "{", '{"zones": [1]}', '{"zones": "x"}', '{"force": "yes"}', '{"zone": []}'):
        tap.check(is_error(*both.unix("POST", "/v1/reload", body), 400), f"a reload's body {body} is 400")
    both.server.write("zones/bad.test.yaml", NS + "x: {type: A, value: y}\n")
    status, reply = both.unix("POST", "/v1/reload")
    tap.check(is_error(status, reply, 422) and reply["errors"][0]["file"].endswith("bad.test.yaml") and reply["errors"][0]["line"] == 2,
              "a reload tells errors with file, line, column", status, reply)
    tap.check(both.tcp("GET", "/readyz")[0] == 503, "not ready then")
    both.server.remove("zones/bad.test.yaml")
    tap.equal(both.tcp("POST", "/v1/reload", None, "deploy")[0], 200, "all is well again")


def alive(tap, both, text):
    started = time.monotonic()
    status = both.tcp("GET", "/healthz")[0]
    return tap.check(status == 200 and time.monotonic() - started < 5, text, status)


def test_bad_clients(tap, both):
    """Too much, too little, too slow."""
    big = yaml("big") + "#" * (5 << 20)
    for way in (both.tcp, both.unix):
        try:
            status, reply = way("PUT", "/v1/health/all", big, *(["all"] if way == both.tcp else []))
        except OSError as error:
            status, reply = f"closed: {error}", None
        tap.check(status == 413 and (isinstance(reply, dict) and reply["errors"]), f"{way.__name__}: five MiB are 413", status, str(reply)[:300])
    reply = both.raw(b"PUT /v1/health/all HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n")
    tap.check(reply.startswith(b"HTTP/1.1 413"), "a length that is too much is 413 before the body", reply[:100])
    reply = both.raw(b"PUT /v1/health/all HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n")
    tap.check(not reply or reply.startswith(b"HTTP/1.1 4"), "a negative length is refused", reply[:100])
    for what, data in (("a header of 32 KiB", b"GET / HTTP/1.1\r\nX: " + b"y" * 32768 + b"\r\n\r\n"), ("a path of 32 KiB", b"GET /" + b"y" * 32768 + b" HTTP/1.1\r\n\r\n"),
                       ("a thousand headers", b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: yyyyyyyyyyyyyyyy\r\n" % i for i in range(1000)) + b"\r\n"),
                       ("no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n"), ("HTTP/9", b"GET / HTTP/9.9\r\n\r\n"), ("a method nobody knows", b"BREW / HTTP/1.1\r\n\r\n"),
                       ("a header without colon", b"GET / HTTP/1.1\r\nnonsense\r\n\r\n")):
        reply = both.raw(data, end=True)
        tap.check(not reply or re.match(rb"HTTP/1\.[01] [45]\d\d ", reply), f"{what} is refused", reply[:100])
        alive(tap, both, f"alive after {what}")
    reply = both.raw(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    tap.check(reply.count(b"HTTP/1.1 200") == 2 and reply.index(b"ok\n") < reply.index(b"ready\n"), "two requests at once have two replies in order", reply)
    body = yaml("all").encode()
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    reply = both.raw(b"PUT /v1/health/all HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer " + SECRETS["all"].encode() +
                     b"\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked)
    tap.check(reply.startswith(b"HTTP/1.1 200"), "a chunked body", reply[:300])
    both.unix("DELETE", "/v1/health/all")
    slow = [socket.create_connection(("127.0.0.1", both.port)) for _ in range(100)]
    for i, sock in enumerate(slow):
        sock.sendall((b"", b"GET /hea", b"GET /healthz HTTP/1.1\r\nHost:", b"PUT /v1/health/all HTTP/1.1\r\nContent-Length: 100\r\n\r\nversion")[i % 4])
    alive(tap, both, "a hundred slow clients hold nobody up")
    for sock in slow:
        sock.sendall(b"")
        sock.close()
    for _ in range(100):
        sock = socket.create_connection(("127.0.0.1", both.port))
        sock.sendall(b"POST /v1/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nAuthorization: Bearer " + SECRETS["deploy"].encode() + b"\r\n\r\n")
        sock.close()
    tap.equal(both.tcp("POST", "/v1/reload", None, "deploy")[0], 200, "clients that go before their reply")
    both.raw(b"PUT /v1/health/all HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nAuthorization: Bearer %s\r\n\r\n%s" %
             (len(body), SECRETS["all"].encode(), body), end=True)
    tap.check(lib.wait_for(lambda: both.unix("GET", "/v1/health/all")[0] == 200), "what a half-closed client pushed is taken")
    both.unix("DELETE", "/v1/health/all")
    statuses = []

    def many(number):
        for path in ("/healthz", "/v1/status", "/metrics", "/v1/explain?name=www.example.test&from=country:DE"):
            statuses.append(both.tcp("GET", path)[0])
        statuses.append(both.tcp("PUT", f"/v1/health/m{number}", document(f"m{number}"))[0])
        statuses.append(both.unix("PUT", f"/v1/health/m{number}", document(f"m{number}"))[0])

    threads = [threading.Thread(target=many, args=(i,)) for i in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tap.equal({status: statuses.count(status) for status in set(statuses)}, {200: 300, 401: 60}, "sixty clients at once")
    tap.equal(len(both.unix("GET", "/v1/health")[1]["documents"]), 61, "all they pushed is there")
    for i in range(60):
        both.unix("DELETE", f"/v1/health/m{i}")


LINE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"(?:,(?=[a-zA-Z_]))?)*)\})? (\S+)')


def parse(text):
    """Text format 0.0.4, strictly: series → value, and what is wrong."""
    series, wrong, types, helps, done, current = {}, [], {}, {}, set(), None
    if not text.endswith("\n"):
        wrong.append("no newline at the end")
    for line in text.split("\n")[:-1]:
        if line.startswith("# "):
            kind, name, rest = (line[2:] + " ").split(" ", 2)
            known = {"HELP": helps, "TYPE": types}.get(kind)
            if known is None or name in known or name in done or not rest.strip():
                wrong.append(line)
                continue
            known[name] = rest.strip()
            if kind == "TYPE" and rest.strip() not in ("counter", "gauge", "histogram", "summary", "untyped"):
                wrong.append(line)
            if current and current != name:
                done.add(current)
            current = name
            continue
        found = LINE.fullmatch(line)
        if not found:
            wrong.append(line)
            continue
        name, labels, value = found.groups()
        if name != current or name not in types or name not in helps:
            wrong.append(f"out of its group: {line}")
        if types.get(name) == "counter" and not name.endswith("_total"):
            wrong.append(f"a counter's name: {line}")
        names = re.findall(r'([a-zA-Z_][a-zA-Z0-9_]*)="', labels or "")
        key = (name, labels or "")
        if key in series or len(names) != len(set(names)):
            wrong.append(f"twice: {line}")
        try:
            series[key] = float(value)
        except ValueError:
            wrong.append(line)
    return series, wrong


def test_metrics(tap, both):
    """All that the format page names, with the right values."""
    server = both.server

    def metrics():
        series, wrong = parse(both.tcp("GET", "/metrics")[1])
        if wrong:
            tap.check(False, "/metrics is well formed", *wrong)
        return {name + (f"{{{labels}}}" if labels else ""): value for (name, labels), value in series.items()}

    before = metrics()
    asked = [("www.example.test.", "A", False)] * 3 + [("static.example.test.", "A", True)] * 2 + [("nosuch.example.test.", "AAAA", False)] + \
        [("x.elsewhere.test.", "MX", False), ("static.example.test.", "TYPE65280", False)]
    for name, rtype, tcp in asked:
        server.ask(name, rtype, tcp=tcp)
    server.ask("static.example.test.", subnet="198.51.100.0/24")
    wanted = {
        'meridian_dns_requests_total{proto="udp",family="ipv4",type="A"}': 4,
        'meridian_dns_requests_total{proto="tcp",family="ipv4",type="A"}': 2,
        'meridian_dns_requests_total{proto="udp",family="ipv4",type="AAAA"}': 1,
        'meridian_dns_requests_total{proto="udp",family="ipv4",type="MX"}': 1,
        'meridian_dns_requests_total{proto="udp",family="ipv4",type="other"}': 1,
        'meridian_dns_responses_total{zone="example.test",rcode="NOERROR"}': 7,
        'meridian_dns_responses_total{zone="example.test",rcode="NXDOMAIN"}': 1,
        'meridian_dns_responses_total{zone="",rcode="REFUSED"}': 1,
        "meridian_dns_ecs_requests_total": 1,
        "meridian_dns_tcp_connections_total": 2,
    }

    def risen():
        after = metrics()
        return {key: after.get(key, 0) - before.get(key, 0) for key in wanted}

    lib.wait_for(lambda: risen() == wanted, 5)
    tap.equal(risen(), wanted, "requests and responses are counted")
    odd = 'q"\\\n'
    both.unix("PUT", "/v1/health/" + "q%22%5C%0A", document(odd, {"a": {"scopes": {"country:RU": {"state": "blocked"}}}}))
    both.unix("PUT", "/v1/health/old", document("old", {"b": {"state": "degraded", "services": {"api": {"state": "drain"}}}}, offset=-700))
    now = metrics()
    tap.equal({key: now.get(key) for key in (
        'meridian_health_document_fresh{writer="q\\"\\\\\\n"}', 'meridian_health_document_fresh{writer="old"}',
        'meridian_health_document_fresh{writer="file"}', 'meridian_health_document_fresh{writer="mon-9"}')},
        dict(zip(('meridian_health_document_fresh{writer="q\\"\\\\\\n"}', 'meridian_health_document_fresh{writer="old"}',
                  'meridian_health_document_fresh{writer="file"}', 'meridian_health_document_fresh{writer="mon-9"}'), (1, 0, 1, 0))),
        "fresh, stale, a file, and expected but never heard of")
    states = sorted(key for key in now if key.startswith("meridian_health_state{"))
    def has(**labels):
        return any(all(f'{name}="{value}"' in key for name, value in labels.items()) for key in states)
    tap.check(has(server="a", service="", scope="country:RU", state="blocked") and has(server="b", service="", scope="global", state="degraded")
              and has(server="b", service="api", scope="global", state="drain"), "meridian_health_state has server, service, scope and state", *states)
    serial = server.status()["zones"][0]["serial"]
    version = server.status()["version"]
    tap.equal([now[key] for key in ("meridian_health_frozen", "meridian_config_last_reload_successful", 'meridian_zone_serial{zone="example.test"}',
                                    'meridian_zone_stale{zone="example.test"}', f'meridian_build_info{{version="{version}"}}')],
              [0, 1, serial, 0, 1], "the others")
    server.write("zones/example.test.yaml", "'': [\n")
    lib.wait_for(lambda: server.messages())
    now = metrics()
    tap.equal([now["meridian_config_last_reload_successful"], now['meridian_zone_stale{zone="example.test"}']], [0, 1], "a refused edit shows")
    server.write("zones/example.test.yaml", ZONE)
    tap.check(lib.wait_for(lambda: metrics()["meridian_config_last_reload_successful"] == 1), "and its repair")
    both.unix("DELETE", "/v1/health/q%22%5C%0A")
    tap.check("meridian_health_state" not in both.tcp("GET", "/metrics")[1].replace('writer="old"', "") or
              not any("blocked" in key for key in metrics()), "what is removed is no series any more")
    tap.check(not parse(both.tcp("GET", "/metrics")[1])[1], "/metrics is well formed to the end")


def main():
    tap = lib.Tap()
    port = lib.free_port()
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    with lib.Server(files(port)) as server:
        if tap.check(server.start(), "starts with HTTP on TCP", server.log()):
            for name, test in list(globals().items()):
                if name.startswith("test_") and wanted in name:
                    test(tap, Both(server, port))
            tap.equal(server.stop(), 0, "stops cleanly")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
