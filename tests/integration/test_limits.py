#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Rate limits and cookies: under a flood that seems to come from one /24, an honest client of that very net with a cookie is
answered, one without gets through by truncated replies and TCP, and other nets notice nothing."""
import os
import select
import shutil
import socket
import struct
import subprocess
import sys
import threading

import dnswire
import lib

RATE = 50
COOKIE_QUERIES = 3000
FLOOD_QUERIES = 40000
PLAIN_TRIES = 60
COOKIE = 10
ZONE = """\
'': {type: NS, value: ns.limits.test.}
ns: {type: A, value: 192.0.2.53}
www: {type: A, value: 192.0.2.1}
"""
CONFIG = lib.CONFIG + f"rrl: {{rate: {RATE}}}\n"


def with_cookie(wire, cookie):
    """The query with one more option; its OPT is the last record."""
    return wire[:-2] + struct.pack("!H", 4 + len(cookie)) + struct.pack("!HH", COOKIE, len(cookie)) + cookie


def cookie_of(wire):
    """The 24 bytes of the reply's cookie: its OPT is the last record, and the cookie its first option."""
    at = wire.rfind(struct.pack("!HH", COOKIE, 24))
    return None if at < 0 else wire[at + 4:at + 28]


class Client:
    """A socket bound to one address of the loopback net."""

    def __init__(self, address, port):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 0))
        self.socket.connect(("127.0.0.1", port))

    def ask(self, wire, wait_s):
        self.socket.send(wire)
        return self.socket.recv(4096) if select.select([self.socket], [], [], wait_s)[0] else None

    def close(self):
        self.socket.close()


def flood(port, stop):
    """Queries from many addresses of 127.0.5.0/24, below what the server can do; whoever is named reads nothing."""
    clients = [Client(f"127.0.5.{number}", port) for number in range(1, 51)]
    wire = dnswire.query("www.limits.test.", "A")
    for number in range(FLOOD_QUERIES):
        if stop.is_set():
            break
        clients[number % len(clients)].socket.send(wire)
        if number % 20 == 0:
            stop.wait(0.002)
    for client in clients:
        client.close()


def ask_with_cookie(tap, port):
    """Every query is answered; the cookie is learned with the first."""
    client = Client("127.0.5.200", port)
    wire = dnswire.query("www.limits.test.", "A")
    cookie = b"\1\2\3\4\5\6\7\10"
    for _ in range(100):  # the first one is limited like any other, until a reply, be it truncated, brings the cookie
        reply = client.ask(with_cookie(wire, cookie), 0.2)
        if reply and cookie_of(reply):
            cookie = cookie_of(reply)
            break
    tap.equal(len(cookie), 24, "a cookie is learned under the flood")
    good = 0
    for _ in range(COOKIE_QUERIES):
        reply = client.ask(with_cookie(wire, cookie), 2)
        good += reply is not None and dnswire.Message(reply).values("A") == ["192.0.2.1"]
    client.close()
    tap.check(good >= COOKIE_QUERIES * 0.999, f"{good} of {COOKIE_QUERIES} queries with a cookie are answered")


def ask_without(tap, port):
    """Some replies are sent, some truncated, some not at all; TCP gives the answer."""
    client = Client("127.0.5.201", port)
    wire = dnswire.query("www.limits.test.", "A")
    silent = truncated = 0
    for _ in range(PLAIN_TRIES):
        reply = client.ask(wire, 0.05)
        silent += reply is None
        truncated += reply is not None and bool(reply[2] & 2)
    client.close()
    tap.check(silent > 0, f"without a cookie, {silent} of {PLAIN_TRIES} are not answered")
    tap.check(truncated > 0, f"and {truncated} are truncated")
    with socket.socket() as stream:
        stream.bind(("127.0.5.201", 0))
        stream.settimeout(5)
        stream.connect(("127.0.0.1", port))
        stream.sendall(struct.pack("!H", len(wire)) + wire)
        file = stream.makefile("rb")
        reply = file.read(struct.unpack("!H", file.read(2))[0])
    tap.equal(dnswire.Message(reply).values("A"), ["192.0.2.1"], "which leads to TCP, and that answers")


def ask_from_elsewhere(tap, port):
    client = Client("127.0.6.1", port)
    wire = dnswire.query("www.limits.test.", "A")
    good = sum(client.ask(wire, 2) is not None for _ in range(RATE // 2))
    client.close()
    tap.equal(good, RATE // 2, "another net notices nothing")


def with_dig(tap, port):
    """dig checks that the cookie comes back with its own half."""
    done = subprocess.run([shutil.which("dig"), "+cookie", "-p", str(port), "@127.0.0.1", "www.limits.test"],
                          capture_output=True, timeout=20, check=False)
    tap.check(b"(good)" in done.stdout, "dig finds the cookie good", done.stdout.decode())


def main():
    tap = lib.Tap()
    with lib.Server({"meridian.yaml": CONFIG, "zones/limits.test.yaml": ZONE}) as server:
        if not tap.check(server.start(), "it starts", server.log()):
            return tap.done()
        with_dig(tap, server.port)
        stop = threading.Event()
        flooding = threading.Thread(target=flood, args=(server.port, stop))
        flooding.start()
        ask_with_cookie(tap, server.port)
        ask_without(tap, server.port)
        ask_from_elsewhere(tap, server.port)
        tap.check(flooding.is_alive(), "the flood went on all the while")
        stop.set()
        flooding.join()
        _, metrics = server.http("GET", "/metrics")
        counts = {line.split()[0]: int(line.split()[1]) for line in metrics.splitlines() if line and line[0] != "#"
                  and line.split()[1].isdigit()}
        tap.check(counts['meridian_dns_limited_total{action="drop"}'] > 100, "the metrics count what was not sent")
        tap.check(counts['meridian_dns_limited_total{action="slip"}'] > 10, "and what was truncated")
        tap.check(counts['meridian_dns_cookie_requests_total{valid="yes"}'] >= COOKIE_QUERIES, "and valid cookies")
        tap.equal(server.stop(), 0, "it stops")
    return tap.done()


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C")
    sys.exit(main())
