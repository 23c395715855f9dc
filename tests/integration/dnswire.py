# SPDX-License-Identifier: BSD-2-Clause
"""DNS messages, as few as tests need: written and read apart from the server's own code."""
import socket
import struct

TYPES = {
    "A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "HINFO": 13, "MX": 15, "TXT": 16, "RP": 17, "AFSDB": 18,
    "RT": 21, "SIG": 24, "KEY": 25, "PX": 26, "AAAA": 28, "LOC": 29, "SRV": 33, "NAPTR": 35, "KX": 36, "CERT": 37,
    "DNAME": 39, "OPT": 41, "DS": 43, "SSHFP": 44, "RRSIG": 46, "NSEC": 47, "DNSKEY": 48, "DHCID": 49, "NSEC3": 50,
    "NSEC3PARAM": 51, "TLSA": 52, "SMIMEA": 53, "HIP": 55, "CDS": 59, "CDNSKEY": 60, "OPENPGPKEY": 61, "CSYNC": 62,
    "ZONEMD": 63, "SVCB": 64, "HTTPS": 65, "SPF": 99, "EUI48": 108, "EUI64": 109, "ANY": 255, "URI": 256, "CAA": 257,
}
TYPE_NAMES = {number: name for name, number in TYPES.items()}
RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED", 6: "YXDOMAIN"}
# How many bytes stand before, and how many names are in, the rdata of types whose names may be compressed.
NAMES_IN = {2: (0, 1), 5: (0, 1), 6: (0, 2), 12: (0, 1), 15: (2, 1), 17: (0, 2), 18: (2, 1), 21: (2, 1), 26: (2, 2),
            33: (6, 1), 36: (2, 1), 39: (0, 1)}
ANSWER_MAX = 65535


def type_number(name):
    """"A" or "TYPE65280" as a number."""
    return TYPES[name] if name in TYPES else int(name.removeprefix("TYPE"))


def type_name(number):
    return TYPE_NAMES.get(number, f"TYPE{number}")


def name_labels(text):
    """The labels of a name in presentation form, as bytes."""
    labels, label, i = [], bytearray(), 0
    raw = text.encode("latin-1")
    while i < len(raw):
        if raw[i] == 0x5C and raw[i + 1:i + 4].isdigit():
            label.append(int(raw[i + 1:i + 4]))
            i += 4
        elif raw[i] == 0x5C:
            label.append(raw[i + 1])
            i += 2
        elif raw[i] == 0x2E:
            labels.append(bytes(label))
            label = bytearray()
            i += 1
        else:
            label.append(raw[i])
            i += 1
    if label:
        labels.append(bytes(label))
    return [one for one in labels if one]


def name_wire(text):
    return b"".join(bytes([len(label)]) + label for label in name_labels(text)) + b"\0"


def name_text(wire):
    """Wire form, without pointers, to lower-case presentation form."""
    out, i = "", 0
    while wire[i]:
        for byte in wire[i + 1:i + 1 + wire[i]].lower():
            if chr(byte) in '.\\;"@$()':
                out += "\\" + chr(byte)
            else:
                out += chr(byte) if 0x20 < byte < 0x7F else f"\\{byte:03d}"
        out += "."
        i += 1 + wire[i]
    return out or "."


def read_name(message, at):
    """The name at an offset, expanded, and the offset after it."""
    out, end, hops = b"", None, 0
    while True:
        length = message[at]
        if length >= 0xC0:
            end = at + 2 if end is None else end
            at = (length & 0x3F) << 8 | message[at + 1]
            hops += 1
            assert hops < 128, "pointers go round"
            continue
        out += message[at:at + 1 + length]
        at += 1 + length
        if not length:
            return out, at if end is None else end


def subnet_option(subnet):
    """EDNS client subnet (RFC 7871) of "198.51.100.0/24"."""
    address, _, bits = subnet.partition("/")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    packed = socket.inet_pton(family, address)
    bits = int(bits or 8 * len(packed))
    part = packed[:(bits + 7) // 8]
    return struct.pack("!HHHBB", 8, 4 + len(part), 2 if ":" in address else 1, bits, 0) + part


def query(name, rtype, subnet=None, do=False, ident=0x2B2B):
    """A query with EDNS, of 4096 bytes."""
    options = subnet_option(subnet) if subnet else b""
    return (struct.pack("!HHHHHH", ident, 0, 1, 0, 0, 1) + name_wire(name) + struct.pack("!HH", type_number(rtype), 1)
            + b"\0" + struct.pack("!HHIH", TYPES["OPT"], 4096, 0x8000 if do else 0, len(options)) + options)


class Record:
    """One record. rdata has its names expanded and in lower case."""

    def __init__(self, owner, rtype, ttl, rdata):
        self.owner, self.rtype, self.ttl, self.rdata = owner, rtype, ttl, rdata

    def key(self):
        return (self.owner, type_name(self.rtype), self.ttl, self.rdata.hex())

    def value(self):
        """An address or a name as text; anything else in hexadecimal."""
        if self.rtype == TYPES["A"]:
            return socket.inet_ntop(socket.AF_INET, self.rdata)
        if self.rtype == TYPES["AAAA"]:
            return socket.inet_ntop(socket.AF_INET6, self.rdata)
        if self.rtype in NAMES_IN and NAMES_IN[self.rtype] != (0, 2):
            before, _ = NAMES_IN[self.rtype]
            numbers = [str(n) for n in struct.unpack(f"!{before // 2}H", self.rdata[:before])]
            return " ".join(numbers + [name_text(self.rdata[before:])])
        return self.rdata.hex()

    def __repr__(self):
        return f"{self.owner} {self.ttl} {type_name(self.rtype)} {self.value()}"


class Message:
    """A reply, read."""

    def __init__(self, wire):
        self.wire = wire
        self.ident, flags, questions, *counts = struct.unpack("!HHHHHH", wire[:12])
        self.aa, self.tc = bool(flags & 0x0400), bool(flags & 0x0200)
        self.rcode = RCODES.get(flags & 15, str(flags & 15))
        at = 12
        for _ in range(questions):
            _, at = read_name(wire, at)
            at += 4
        self.scope, self.edns = None, False
        self.sections = []
        for count in counts:
            records = []
            for _ in range(count):
                record, at = self._record(at)
                if record:
                    records.append(record)
            self.sections.append(records)
        self.answer, self.authority, self.additional = self.sections
        assert at == len(wire), "bytes after the message"

    def _record(self, at):
        owner, at = read_name(self.wire, at)
        rtype, _, ttl, length = struct.unpack("!HHIH", self.wire[at:at + 10])
        at += 10
        end = at + length
        if rtype == TYPES["OPT"]:
            self.edns = True
            while at < end:
                code, size = struct.unpack("!HH", self.wire[at:at + 4])
                if code == 8:
                    self.scope = self.wire[at + 7]
                at += 4 + size
            return None, end
        rdata = b""
        if rtype in NAMES_IN:
            before, names = NAMES_IN[rtype]
            rdata += self.wire[at:at + before]
            at += before
            for _ in range(names):
                name, at = read_name(self.wire, at)
                rdata += name.lower()
        rdata += self.wire[at:end]
        return Record(name_text(owner), rtype, ttl, rdata), end

    def values(self, rtype):
        """The answer's values of one type, sorted."""
        return sorted(r.value() for r in self.answer if r.rtype == type_number(rtype))


def exchange_udp(port, wire, timeout=2.0):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(timeout)
        sock.connect(("127.0.0.1", port))
        sock.send(wire)
        return sock.recv(ANSWER_MAX)


def exchange_tcp(port, wire, timeout=5.0):
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as sock:
        sock.sendall(struct.pack("!H", len(wire)) + wire)
        stream = sock.makefile("rb")
        (length,) = struct.unpack("!H", stream.read(2))
        return stream.read(length)


def ask(port, name, rtype="A", subnet=None, tcp=False):
    """The reply to a query; lost datagrams are sent again."""
    wire = query(name, rtype, subnet)
    if tcp:
        return Message(exchange_tcp(port, wire))
    for _ in range(3):
        try:
            return Message(exchange_udp(port, wire))
        except (TimeoutError, ConnectionRefusedError):
            pass
    raise TimeoutError(f"no reply to {name} {rtype}")
