"""x400.py - X.400 peers of a test's own, and envelopes of X.411 by hand: octet for octet, with p1peer's BER alone.

All names lie in C=xx, ADMD=demo; a Peer is p1peer.py on both sides of its link with the gateway.
"""
import pathlib
import socketserver
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
import gateway  # noqa: E402
from p1peer import ber  # noqa: E402
from p1peer.ber import tlv  # noqa: E402

P1PEER = gateway.ROOT / "tests/tools/p1peer.py"


# --- X.411 by hand ---

def gdi(prmd):
    return tlv(0x63, tlv(0x61, tlv(0x13, b"xx")), tlv(0x62, tlv(0x13, b"demo")), tlv(0x13, prmd))


def mts_id(prmd, local):
    return tlv(0x64, gdi(prmd), tlv(0x16, local))


def name(prmd, surname, tag=0x60, dda=None):
    standard = tlv(0x30, tlv(0x61, tlv(0x13, b"xx")), tlv(0x62, tlv(0x13, b"demo")), tlv(0xa2, tlv(0x13, prmd)),
                   tlv(0xa5, tlv(0x80, surname)))
    domain_defined = tlv(0x30, tlv(0x30, tlv(0x13, b"RFC-822"), tlv(0x13, dda))) if dda else b""
    return tlv(tag, standard, domain_defined)


def trace(prmd, when=b"261123180000Z"):
    return tlv(0x69, tlv(0x30, gdi(prmd), tlv(0x31, tlv(0x80, when), tlv(0x82, b"\0"))))


def recipient(who, number, indicators, *more):
    return tlv(0x31, who, ber.integer(number, 0x80), tlv(0x81, bytes([0, indicators])), *more)


PRIVATE = tlv(0x30, tlv(0x83, ber.oid("1.2.3.7")), tlv(0xa2, tlv(0x30, tlv(0x80, b"\xff\0"), tlv(0x0c, "ü".encode()))))
BILATERAL = tlv(0xa1, tlv(0x30, tlv(0x61, tlv(0x13, b"xx")), tlv(0x62, tlv(0x13, b"demo")), tlv(0x04, b"\0\xff\x80")))
LABEL = tlv(0x30, tlv(0x80, b"\x14"), tlv(0xa2, tlv(0x31, tlv(0x02, b"\3"))))
CORRELATOR = tlv(0x30, tlv(0x80, b"\x17"), tlv(0xa2, tlv(0x16, b"Subject: transit")))


def message(local, content, *recipients, content_type=b"\x16", extensions=(PRIVATE, LABEL, CORRELATOR), more=b""):
    envelope = tlv(0x31, mts_id(b"west", local), name(b"west", b"ann"), tlv(0x46, content_type), tlv(0x4a, b"Content 4711"),
                   tlv(0x47, b"\2"), tlv(0x48, b"\0\x90"), more, BILATERAL, trace(b"west"), tlv(0xa3, *extensions),
                   tlv(0xa2, *recipients))
    return tlv(0xa0, envelope, content)


def probe(local, *recipients):
    return tlv(0xa2, mts_id(b"west", local), name(b"west", b"ann"), tlv(0x46, b"\x16"), ber.integer(100000, 0x80), trace(b"west"),
               tlv(0xa3, PRIVATE), tlv(0xa2, *recipients))


def report(subject, destination, indicators=0x28, returned=None):
    history = tlv(0x30, tlv(0x80, b"\x1e"), tlv(0xa2, tlv(0x30, tlv(0x30, name(b"west", b"ann"), tlv(0x17, b"261123180000Z")),
                                                          tlv(0x30, name(b"east", b"list"), tlv(0x17, b"261123180100Z")))))
    redirection = tlv(0x30, tlv(0x80, b"\x19"), tlv(0xa2, tlv(0x30, tlv(0x30, tlv(
        0x30, name(b"east", b"first"), tlv(0x17, b"261123180000Z")), tlv(0x0a, b"\1")))))
    failed = tlv(0xa3, tlv(0x80, b"261123180500Z"), tlv(0xa1, tlv(0xa1, tlv(0x80, b"\1"), tlv(0x81, b"\0"))))
    about = tlv(0x31, name(b"east", b"member", 0xa0), tlv(0x81, b"\1"), tlv(0x82, bytes([0, indicators])), failed,
                name(b"east", b"first", 0xa4), tlv(0xa6, redirection))
    content = tlv(0x31, subject, tlv(0x81, returned) if returned else b"", tlv(0xa3, CORRELATOR), tlv(0xa0, about))
    return tlv(0xa1, tlv(0x31, mts_id(b"east", b"report-1"), destination, trace(b"east"), tlv(0xa1, history, PRIVATE)), content)


def children(octets, tag):
    return [tlv(found, ber.canonical(inner) if found & 32 else inner) for found, inner in ber.elements(octets) if found == tag]


def fields(content):
    """{tag: whole TLV} of a SET."""
    return {tag: tlv(tag, inner) for tag, inner in ber.elements(content)}


# --- the two peers ---

class Peer:
    """A p1peer that takes what the gateway sends; send() calls the gateway. options: more of p1peer's, for both."""

    def __init__(self, name, folder, options=()):
        self.name, self.folder, self.port, self.options = name, folder / name, gateway.free_port(), options
        self.folder.mkdir()
        self.sent = 0
        self.log = open(folder / f"{name}.log", "wb")
        self.process = None

    def start(self):
        self.process = subprocess.Popen([sys.executable, P1PEER, "serve", str(self.port), self.folder / "in", "--mta", f"{self.name}-mta",
                                         "--max", "100", *self.options], stdout=self.log, stderr=self.log)
        gateway.wait_for(lambda: gateway.port_open(self.port), 20, f"{self.name} listens")

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
        self.log.close()

    def received(self):
        """The APDUs so far, in definite lengths."""
        paths = sorted((self.folder / "in").glob("*.ber"), key=lambda path: int(path.stem))
        return [ber.canonical(path.read_bytes()) for path in paths]

    def wait(self, count):
        gateway.wait_for(lambda: len(self.received()) >= count, 60, f"{self.name} has {count} APDUs, not {len(self.received())}")
        return self.received()[count - 1]

    def send(self, port, apdu):
        self.sent += 1
        path = self.folder / f"out-{self.sent}.ber"
        path.write_bytes(apdu)
        result = subprocess.run([sys.executable, P1PEER, "send", "127.0.0.1", str(port), path, "--mta", f"{self.name}-mta",
                                 *self.options],
                                capture_output=True, text=True, timeout=60)
        assert result.returncode == 0, result.stdout + result.stderr


class _Question(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"220 asked.example\r\n")
        for line in self.rfile:
            verb = line[:4].upper()
            self.server.heard.append(line.decode().strip())
            no = verb == b"DATA" or b"<nobody" in line
            self.wfile.write(b"550 5.1.1 no mailbox of that name\r\n" if no else b"250 2.1.5 fine\r\n")


class Asked(socketserver.ThreadingTCPServer):
    """A mail server that knows everybody but nobody@, and takes no text."""
    allow_reuse_address = daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Question)
        self.port, self.heard = self.server_address[1], []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self):
        self.shutdown()
