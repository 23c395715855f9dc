#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Clients that ask steadily through many reloads: every query has its answer, and no answer is half of one version."""
import sys
import threading

import dnswire
import lib
import test_reload as edits


class Client(threading.Thread):
    """Asks steadily, over UDP or TCP; what it saw."""

    def __init__(self, server, exchange):
        super().__init__()
        self.exchange = exchange
        self.server, self.ending, self.lost, self.mixed, self.seen = server, threading.Event(), [], [], set()
        self.asked = 0

    def run(self):
        while not self.ending.is_set():
            try:
                reply = dnswire.Message(self.exchange(self.server.port, dnswire.query("pair.example.test.", "A"), 5.0))
            except (TimeoutError, OSError) as error:
                self.lost.append(str(error))
                continue
            self.asked += 1
            values, names = reply.values("A"), reply.values("CNAME")
            versions = {value.rpartition(".")[2] for value in values} | {name[1:].partition(".")[0] for name in names}
            if reply.rcode != "NOERROR" or len(values) != 2 or len(names) != 1 or len(versions) != 1:
                self.mixed.append((reply.rcode, names, values))
            self.seen.add(tuple(values))


def test_under_load(tap):
    """200 reloads, a zone and its routing changing together: nothing is lost, nobody sees half of one and half of the other."""
    def pair(number):
        return (edits.ZONE + f"pair: {{type: CNAME, value: p{number}.example.test.}}\n"
                f"p{number}: {{type: A, dynamic: {{pool: p{number}}}}}\n",
                edits.ROUTING.replace("  a:", f"  x: {{addresses: [10.0.0.{number}]}}\n  y: {{addresses: [10.0.1.{number}]}}\n  a:")
                .replace("  one:", f"  p{number}: {{servers: [x, y]}}\n  one:"))
    files = dict(edits.FILES)
    files["meridian.yaml"] += "reload: {watch: false}\n"
    files["zones/example.test.yaml"], files["routing.yaml"] = pair(100)
    with lib.Server(files) as server:
        if not tap.check(server.start(), "starts under load", server.log()):
            return
        clients = [Client(server, exchange) for exchange in (dnswire.exchange_udp, dnswire.exchange_tcp)]
        for client in clients:
            client.start()
        refused = []
        for i in range(200):
            for path, text in zip(("zones/example.test.yaml", "routing.yaml"), pair(101 + i % 100)):
                server.write(path, text)
            status, body = server.http("POST", "/v1/reload")
            if status != 200:
                refused.append(body)
        for client in clients:
            client.ending.set()
            client.join()
        tap.check(not refused, "200 reloads apply", *refused[:3])
        tap.check(not any(client.lost for client in clients), "no query is lost", *[client.lost[:3] for client in clients])
        tap.check(not any(client.mixed for client in clients), "no reply is mixed", *[client.mixed[:3] for client in clients])
        tap.check(all(len(client.seen) > 50 for client in clients), "many versions were seen",
                  *[f"{client.asked} asked, {len(client.seen)} seen" for client in clients])
        tap.equal(server.stop(), 0, "stops cleanly after 200 reloads")


def main():
    tap = lib.Tap()
    test_under_load(tap)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
