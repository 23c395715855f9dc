# SPDX-License-Identifier: BSD-2-Clause
"""The published draw: who is answered where a pool has more members than are asked for (meridian-routing(5))."""
import ipaddress
import math
import struct

KEY = b"meridian-draw-v1"
PERIOD_S = 10
STICK = {4: 24, 6: 48}
MASK = (1 << 64) - 1


def rotate(value, bits):
    return (value << bits | value >> (64 - bits)) & MASK


def rounds(v, count):
    v0, v1, v2, v3 = v
    for _ in range(count):
        v0 = (v0 + v1) & MASK
        v1 = rotate(v1, 13) ^ v0
        v2 = (v2 + v3) & MASK
        v3 = rotate(v3, 16) ^ v2
        v0 = rotate(v0, 32)
        v2 = (v2 + v1) & MASK
        v1 = rotate(v1, 17) ^ v2
        v2 = rotate(v2, 32)
        v0 = (v0 + v3) & MASK
        v3 = rotate(v3, 21) ^ v0
    return v0, v1, v2, v3


def siphash(data):
    """SipHash-2-4 of some bytes, under the draw's key."""
    k0, k1 = struct.unpack("<QQ", KEY)
    v = k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573
    padded = data + bytes(-(len(data) + 1) % 8) + bytes([len(data) % 256])
    for (word,) in struct.iter_unpack("<Q", padded):
        v = v[0], v[1], v[2], v[3] ^ word
        v = rounds(v, 2)
        v = v[0] ^ word, v[1], v[2], v[3]
    v0, v1, v2, v3 = rounds((v[0], v[1], v[2] ^ 0xFF, v[3]), 4)
    return v0 ^ v1 ^ v2 ^ v3


class Draw:
    """One client's draw for a policy and service, at a time."""

    def __init__(self, policy, service, client, at_s):
        self.seed = siphash(policy.encode() + b"\0" + service.encode())
        self.client = client  # the prefix at the answer's scope, or the whole resolver address
        self.period = at_s // PERIOD_S

    def score(self, name, weight, sticks):
        network, period = self.client, self.period
        if sticks:
            network = ipaddress.ip_network((self.client.network_address, STICK[network.version]), strict=False)
            period = 0
        data = struct.pack("<QBB", self.seed, network.prefixlen, network.version) + network.network_address.packed
        number = siphash(data + struct.pack("<QQ", period, siphash(name.encode())))
        return -weight / math.log(((number >> 11) + 0.5) / 2 ** 53)

    def first(self, members, count):
        """members: (what, name, weight, whether it sticks)"""
        ranked = sorted(members, key=lambda member: -self.score(*member[1:]))
        return [member[0] for member in ranked[:count]]
