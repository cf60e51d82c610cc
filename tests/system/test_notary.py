#!/usr/bin/env python3
# time-limit: 300
"""test_notary.py - RFC 2156 appendix A on the wire: an X.400 user who asks for a delivery report gets it from whoever can say it.

A mail server that offers DSN is told NOTIFY, ORCPT, ENVID and RET, and the gateway makes no report; for one that does not the gateway
makes the positive report itself (4.6.2.3). The X.400 side is p1peer.py.
"""
import pathlib
import socketserver
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import gateway  # noqa: E402
from x400 import Peer, ber, message, mts_id, name, recipient, tlv  # noqa: E402

tap = gateway.Tap()
ROUTE = '<route or="/PRMD=west/ADMD=demo/C=xx/" peer="west"/>'
IPM = tlv(0x04, tlv(0xa0, tlv(0x31, tlv(0x6b, tlv(0x13, b"ipm-1"))), tlv(0x30, tlv(0xa0, tlv(0x31), tlv(0x16, b"hello")))))


class _Dialogue(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"220 mx.example\r\n")
        text = False
        for line in self.rfile:
            line = line.rstrip(b"\r\n").decode()
            if text:
                text = line != "."
                if not text:
                    self.server.mails += 1
                    self.wfile.write(b"250 2.0.0 taken\r\n")
                continue
            self.server.lines.append(line)
            text = line == "DATA"
            reply = "250-mx.example\r\n250-8BITMIME\r\n250 " + self.server.offered if line.startswith("EHLO") else \
                "354 go on" if text else "221 2.0.0 bye" if line == "QUIT" else "250 2.1.0 ok"
            self.wfile.write(reply.encode() + b"\r\n")
            if line == "QUIT":
                return


class Server(socketserver.ThreadingTCPServer):
    """An SMTP server that takes everything; offered: one more extension."""
    allow_reuse_address = daemon_threads = True

    def __init__(self, offered):
        super().__init__(("127.0.0.1", 0), _Dialogue)
        self.offered, self.lines, self.mails = offered, [], 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self):
        return self.server_address[1]


def road(folder, offered):
    """A message that asks for reports of delivery goes to the server; what the peer then hears, and the server's lines."""
    folder.mkdir()
    server, west = Server(offered), Peer("west", folder)
    peers = gateway.peer_xml("west", west.port, "mid-mta", "west-mta", folder / "mid") + ROUTE
    middle = gateway.Gateway("mid", folder / "mid", peers=peers, sink_port=server.port, tables=False)
    try:
        middle.start()
        west.start()
        to = recipient(name(b"mid", b"x", dda=b"ann(a)mid.example"), 1, 0xd0)
        west.send(middle.p1_port, message(b"m-1", IPM, to, extensions=()))
        gateway.wait_for(lambda: server.mails, 60, "the mail comes out")
        if offered != "DSN":
            west.wait(1)
        middle.wait_empty()
        return west.received(), server.lines, middle.stop() == 0 and not middle.sanitizer_findings()
    finally:
        middle.kill()
        west.stop()
        server.shutdown()


def main():
    with tempfile.TemporaryDirectory(prefix="gw400-notary-") as folder:
        folder = pathlib.Path(folder)
        heard, lines, clean = road(folder / "with", "DSN")
        # proves: R7-no-report
        with tap.case("a server with DSN is asked to report, and the gateway makes no report"):
            said = next(line for line in lines if line.startswith("RCPT"))
            assert "NOTIFY=SUCCESS,FAILURE" in said, lines
            assert not heard and clean, [apdu.hex() for apdu in heard]
        heard, lines, clean = road(folder / "without", "SIZE")
        # proves: R8
        with tap.case("for a server without DSN the gateway makes the positive report"):
            told = ber.elements(ber.find(heard[0], 0xa1))[1][1]
            assert mts_id(b"west", b"m-1") in told and clean, told.hex()
            about = ber.elements(ber.find(told, 0xa0))[0][1]
            assert ber.find(about, 0xa3, 0xa1, 0xa0) is not None, about.hex()
            assert "NOTIFY" not in "".join(lines), lines
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
