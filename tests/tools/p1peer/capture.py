"""Captures: the TPDUs of each connection of a pcap, and the shape of its dialogue as a list of SPDU names."""
import struct
from dataclasses import dataclass, field

from . import session, transport

LINK_HEADERS = {1: 14, 0: 4, 12: 0, 101: 0, 113: 16, 276: 20}


@dataclass
class Stream:
    """One TCP connection: its TPDUs as (from the initiator, octets), in the order of the wire."""
    tpdus: list = field(default_factory=list)
    ports: tuple = ()
    left: dict = field(default_factory=lambda: {True: b"", False: b""})
    expected: dict = field(default_factory=dict)

    def take(self, from_initiator, sequence, octets, synchronize):
        """Octets in the order of their sequence numbers; what is repeated is cut off."""
        if synchronize:
            sequence += 1
        start = self.expected.setdefault(from_initiator, sequence)
        ahead = (start - sequence) & 0xffffffff
        if ahead < 1 << 31:
            octets = octets[ahead:]
        self.expected[from_initiator] = (start + len(octets)) & 0xffffffff
        waiting = self.left[from_initiator] + octets
        while len(waiting) >= 4 and len(waiting) >= (size := struct.unpack_from(">H", waiting, 2)[0]):
            self.tpdus.append((from_initiator, waiting[4:size]))
            waiting = waiting[size:]
        self.left[from_initiator] = waiting

    def tsdus(self):
        """(from the initiator, TSDU), put together from their TPDUs."""
        parts = {True: b"", False: b""}
        for from_initiator, tpdu in self.tpdus:
            if tpdu[1] & 0xf0 == transport.DT:
                parts[from_initiator] += tpdu[3:]
                if tpdu[2] & 0x80:
                    yield from_initiator, parts[from_initiator]
                    parts[from_initiator] = b""

    def spdus(self):
        """(from the initiator, SPDUs of one TSDU)"""
        return [(from_initiator, session.parse(tsdu)) for from_initiator, tsdu in self.tsdus()]

    def shape(self):
        """["> CN", "< AC", "> GT AS", ...]"""
        return [f"{'>' if from_initiator else '<'} {' '.join(item.name for item in items)}"
                for from_initiator, items in self.spdus()]


def streams(path, port):
    """The connections to a TCP port, in the order in which they were opened."""
    octets = open(path, "rb").read()
    order = "<" if octets[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    link = LINK_HEADERS[struct.unpack_from(order + "I", octets, 20)[0] & 0xffff]
    found, current, at = [], {}, 24
    while at + 16 <= len(octets):
        size, = struct.unpack_from(order + "I", octets, at + 8)
        packet, at = octets[at + 16 + link:at + 16 + size], at + 16 + size
        if packet[0] >> 4 == 4:
            head, end = (packet[0] & 15) * 4, struct.unpack_from(">H", packet, 2)[0]
        else:
            head, end = 40, 40 + struct.unpack_from(">H", packet, 4)[0]
        source, target, sequence = struct.unpack_from(">HHI", packet, head)
        if port not in (source, target):
            continue
        flags = packet[head + 13]
        client = source if target == port else target
        if flags & 0x12 == 2 or client not in current:  # SYN of a new connection
            current[client] = Stream(ports=(client, port))
            found.append(current[client])
        current[client].take(target == port, sequence, packet[head + (packet[head + 12] >> 4) * 4:end], flags & 2)
    return found


def show(path, port):
    for number, stream in enumerate(streams(path, port), 1):
        print(f"connection {number}, port {stream.ports[0]} to {stream.ports[1]}")
        for line in stream.shape():
            print(f"  {line}")
