#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A real resolver in between: unbound, which sends client subnets, with a stub to the server that serves tools/example. Clients
of four countries get their own region's addresses, and its cache keeps them apart by our scope."""
import ipaddress
import os
import subprocess
import sys
import tempfile

import dnswire
import lib

EXAMPLE = os.path.join(lib.TOP, "tools", "example")
RANGES = "/usr/share/tor/geoip"
NAME = "widget.yourdomain.com."
WANTED = {"DE": "5.6.7.8", "SG": "9.10.11.12", "US": "13.14.15.16", "IR": "1.2.3.4"}
UNBOUND = """\
server:
  interface: 127.0.0.1@{port}
  port: {port}
  access-control: 127.0.0.0/8 allow
  do-daemonize: no
  use-syslog: no
  logfile: ""
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: "{folder}/pid"
  do-not-query-localhost: no
  num-threads: 1
  root-hints: ""
  module-config: "subnetcache validator iterator"
  domain-insecure: "yourdomain.com"
  send-client-subnet: 127.0.0.1
  client-subnet-always-forward: yes
  max-client-subnet-ipv4: 24
  qname-minimisation: no
  prefetch: no
remote-control:
  control-enable: no
stub-zone:
  name: "yourdomain.com"
  stub-addr: 127.0.0.1@{server}
"""


def largest_ranges():
    """Country → the network address of its largest range, rounded up to a /24."""
    best = {}
    with open(RANGES, encoding="ascii") as file:
        for line in file:
            if line.startswith("#"):
                continue
            first, last, country = line.strip().split(",")
            size = int(last) - int(first)
            if country in WANTED and size > best.get(country, (0, 0))[0]:
                best[country] = (size, (int(first) + 255) // 256 * 256)
    return {country: ipaddress.ip_network((address, 24)) for country, (_, address) in best.items()}


def example_files():
    """The example, on a port of its own."""
    files = {}
    for path in ("routing.yaml", "zones/yourdomain.com.yaml", "health.d/operator.yaml"):
        with open(os.path.join(EXAMPLE, path), encoding="utf-8") as file:
            files[path] = file.read()
    files["meridian.yaml"] = lib.CONFIG + "geoip: {databases: [/usr/share/tor/geoip, /usr/share/tor/geoip6]}\n"
    return files


class Resolver:
    """unbound, in a folder of its own."""

    def __init__(self, server_port):
        self.port = lib.free_port()
        # pylint: disable=consider-using-with
        self.folder = tempfile.TemporaryDirectory(prefix="unbound-")
        path = os.path.join(self.folder.name, "conf")
        lib.write(path, UNBOUND.format(port=self.port, folder=self.folder.name, server=server_port))
        with open(os.path.join(self.folder.name, "log"), "wb") as log:
            self.process = subprocess.Popen(["/usr/sbin/unbound", "-d", "-c", path], stderr=log, stdout=log)

    def log(self):
        with open(os.path.join(self.folder.name, "log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def exchange(self, name, subnet=None, timeout=5.0):
        wire = bytearray(dnswire.query(name, "A", subnet))
        wire[2] |= 1  # RD: a resolver is asked
        return dnswire.Message(dnswire.exchange_udp(self.port, bytes(wire), timeout))

    def answers(self):
        try:
            return self.exchange("ns1.yourdomain.com.", timeout=0.5).rcode == "NOERROR"
        except OSError:
            return False

    def ask(self, network):
        return self.exchange(NAME, str(network)).values("A")

    def stop(self):
        self.process.terminate()
        self.process.wait(lib.DEADLINE_S)
        self.folder.cleanup()


def asked(server):
    """How many queries with a subnet the server has had."""
    text = server.http("GET", "/metrics")[1]
    return next(int(line.split()[-1]) for line in text.splitlines() if line.startswith("meridian_dns_ecs_requests_total "))


def neighbours(network, scope):
    """The last /24 within the scope, and one that is beyond it."""
    covered = ipaddress.ip_network((network.network_address, scope), strict=False)
    inside = ipaddress.ip_network((int(covered.broadcast_address) & ~255, 24))
    return inside, ipaddress.ip_network(((int(covered.broadcast_address) + 1) % 2**32, 24))


def check_country(tap, server, resolver, country, network):
    scope = server.ask(NAME, subnet=str(network)).scope
    before = asked(server)
    tap.equal(resolver.ask(network), [WANTED[country]], f"a client in {country} ({network}) gets its region's address")
    tap.equal(asked(server) - before, 1, f"{country}: it was asked of us")
    before = asked(server)
    tap.equal(resolver.ask(network), [WANTED[country]], f"{country}: again, the same")
    inside, outside = neighbours(network, scope)
    if scope < 24:
        tap.equal(resolver.ask(inside), [WANTED[country]], f"{country}: {inside}, inside our scope /{scope}, gets the same")
    tap.equal(asked(server) - before, 0, f"{country}: both came from the cache")
    direct = server.values(NAME, subnet=str(outside))
    before = asked(server)
    tap.equal(resolver.ask(outside), direct, f"{country}: {outside}, outside of it, gets what we say of it")
    tap.equal(asked(server) - before, 1, f"{country}: that was asked of us")


def main():
    tap = lib.Tap()
    with lib.Server(example_files()) as server:
        if not tap.check(server.start(), "the example is served", server.log()):
            return tap.done()
        resolver = Resolver(server.port)
        try:
            if tap.check(lib.wait_for(resolver.answers), "unbound resolves through us", resolver.log()):
                for country, network in sorted(largest_ranges().items()):
                    check_country(tap, server, resolver, country, network)
        finally:
            resolver.stop()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
