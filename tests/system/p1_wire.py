"""p1_wire.py - the P1 wire by hand, for system tests: TPDUs and SPDUs as octets, captures, and a proxy that cuts connections."""
import pathlib
import re
import socket
import struct
import threading

import gateway

VECTORS = gateway.ROOT / "tests/vectors"


def ping_block(name):
    """A block of x400-ping-2005.txt: CR CC (TPDUs), CN AC FN (SPDUs)."""
    text = (VECTORS / "x400-ping-2005.txt").read_text()
    return bytes.fromhex(re.sub(r"\s", "", text.split(f"## {name}:")[1].split("\n", 1)[1].split("#")[0]))


def capture_tpdus(name):
    """(from_client, tpdu) of a capture's one TCP connection, in the order of the wire."""
    data, position, turns, client = (VECTORS / name).read_bytes(), 24, [], None
    while position < len(data):
        length, = struct.unpack_from("<I", data, position + 8)
        packet, position = data[position + 16:position + 16 + length], position + 16 + length
        header = 14 + (packet[14] & 15) * 4
        end = 14 + struct.unpack_from(">H", packet, 16)[0]
        port, = struct.unpack_from(">H", packet, header)
        client = client or port
        turns.append((port == client, packet[header + (packet[header + 12] >> 4) * 4:end]))
    found, streams = [], {True: b"", False: b""}
    for from_client, octets in turns:
        streams[from_client] += octets
        while len(streams[from_client]) >= 4:
            size, = struct.unpack_from(">H", streams[from_client], 2)
            if len(streams[from_client]) < size:
                break
            found.append((from_client, streams[from_client][4:size]))
            streams[from_client] = streams[from_client][size:]
    return found


class Wire:
    """A TCP connection that speaks TPKT."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 20)
        self.socket.settimeout(20)

    def send(self, tpdu):
        self.socket.sendall(struct.pack(">BBH", 3, 0, len(tpdu) + 4) + tpdu)

    def send_data(self, tsdu):
        self.send(b"\x02\xf0\x80" + tsdu)

    def read(self, count):
        data = b""
        while len(data) < count:
            block = self.socket.recv(count - len(data))
            if not block:
                return None
            data += block
        return data

    def receive(self):
        """The next TPDU, None at the end of the connection."""
        try:
            header = self.read(4)
            return header and self.read(struct.unpack(">H", header[2:])[0] - 4)
        except ConnectionError:
            return None

    def receive_data(self):
        """The next TSDU, None when something else comes."""
        tsdu = b""
        while True:
            tpdu = self.receive()
            if tpdu is None or tpdu[1] & 0xf0 != 0xf0:
                return None
            tsdu += tpdu[3:]
            if tpdu[2] & 0x80:
                return tsdu

    def close(self):
        self.socket.close()


def parameters(tsdu):
    """The parameters of the one SPDU of a TSDU, groups opened: {identifier: value}."""
    def length(position):
        if tsdu[position] != 255:
            return tsdu[position], position + 1
        return int.from_bytes(tsdu[position + 1:position + 3], "big"), position + 3

    def read(position, end):
        found = {}
        while position < end:
            code = tsdu[position]
            size, position = length(position + 1)
            found[code] = tsdu[position:position + size]
            if code in (1, 5, 33):
                found.update(read(position, position + size))
            position += size
        return found
    size, position = length(1)
    return read(position, position + size)


def free_ports(count):
    """As many different free ports, for gateways that are started at the same time."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


class CutProxy:
    """Passes TCP connections on to a port; the next one is cut where plan() was told: after so many octets of one direction."""

    def __init__(self, target):
        self.target, self.lock, self.cuts, self.passed = target, threading.Lock(), [], []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.closing = False
        threading.Thread(target=self.accept, daemon=True).start()

    def plan(self, to_target, octets):
        with self.lock:
            self.cuts.append((to_target, octets))

    def accept(self):
        while not self.closing:
            try:
                caller, _ = self.listener.accept()
                callee = socket.create_connection(("127.0.0.1", self.target), 10)
            except OSError:
                continue
            with self.lock:
                cut = self.cuts.pop(0) if self.cuts else None
                counts = {True: 0, False: 0}
                self.passed.append(counts)
            for ends in ((caller, callee, True), (callee, caller, False)):
                threading.Thread(target=self.pass_on, args=(*ends, cut, counts), daemon=True).start()

    def pass_on(self, source, sink, to_target, cut, counts):
        limit = cut[1] if cut and cut[0] == to_target else None
        try:
            while True:
                block = source.recv(65536)
                if not block:
                    break
                if limit is not None:
                    block = block[:limit - counts[to_target]]
                sink.sendall(block)
                counts[to_target] += len(block)
                if limit is not None and counts[to_target] >= limit:
                    break
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()

    def close(self):
        self.closing = True
        self.listener.close()


def peer_of(name, folder, local, remote, port=None, attributes="", inner=""):
    """<peer> with an own password for each side: local and remote are (MTA name, password)."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for side, (_, password) in (("local", local), ("remote", remote)):
        path = folder / f"{name}.{side}"
        path.write_text(password + "\n")
        path.chmod(0o600)
    address = f'<address at="127.0.0.1:{port}"/>' if port else ""
    return (f'<peer name="{name}" local-mta="{local[0]}" remote-mta="{remote[0]}" local-password-file="{name}.local" '
            f'remote-password-file="{name}.remote" {attributes}>{address}{inner}</peer>')
