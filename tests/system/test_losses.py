#!/usr/bin/env python3
# time-limit: 300
"""test_losses.py - what a conversion changes or drops stands in the audit record of the message, with its clause: from mail to X.400,
from X.400 to mail, and for reports both ways. (In transit: test_transit_1984.py.)

One gateway between an SMTP sink and an independent peer of 1988, p1peer.py.
"""
import pathlib
import smtplib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import gateway  # noqa: E402
from x400 import PRIVATE, Peer, ber, gdi, message, name, recipient, report, tlv  # noqa: E402

tap = gateway.Tap()
ROUTE = '<route or="/PRMD=west/ADMD=demo/C=xx/" peer="west"/>'
MAIL = """From: ann@mid.example
To: "/S=lee/PRMD=west/ADMD=demo/C=xx/"@mid.example
Cc: not an address at all
Subject: losses
Message-ID: <{id}@mid.example>
Date: Mon, 23 Nov 2026 18:00:00 +0000

Text
""".replace("\n", "\r\n")
IPM = tlv(0x04, tlv(0xa0, tlv(0x31, tlv(0x6b, tlv(0x13, b"ipm-1"))), tlv(0x30, tlv(0xa0, tlv(0x31), tlv(0x16, b"hello")))))
TO_MAIL = {"dda": b"ann(a)mid.example"}


def losses_of(middle, identifier):
    """The lines of losses in the audit record of the message that an identifier finds."""
    def found():
        shown = middle.cli("audit", "show", "--json", identifier, check=False).stdout
        return shown if '"losses"' in shown else None
    return gateway.wait_for(found, 60, f"losses stand in the audit record of {identifier}")


def send_mail(middle, text, sender="ann@mid.example"):
    with smtplib.SMTP("127.0.0.1", middle.smtp_port, "client.example", timeout=60) as client:
        client.sendmail(sender, ['"/S=lee/PRMD=west/ADMD=demo/C=xx/"@mid.example'], text)


def to_x400(middle, west):
    send_mail(middle, MAIL.format(id="losses-1"))
    west.wait(1)
    with tap.case("mail to X.400: the address that is none is told, with its clause"):
        shown = losses_of(middle, "<losses-1@mid.example>")
        assert "Cc:" in shown and "is no address and is left out (RFC 5322 3.4)" in shown, shown


def to_mail(middle, west, sink):
    to = recipient(name(b"mid", b"x", **TO_MAIL), 1, 0xa8)
    west.send(middle.p1_port, message(b"m-1", IPM, to, extensions=(PRIVATE,)))
    gateway.wait_for(sink.mails, 60, "the message comes out")
    with tap.case("X.400 to mail: extension and bilateral information are told, with their clause"):
        shown = losses_of(middle, "[/PRMD=west/ADMD=demo/C=xx/;m-1]")
        assert "discarded (RFC 2156 5.3.6)" in shown and "per-domain-bilateral-information" in shown, shown


def reports(middle, west, sink):
    before = len(sink.mails())
    mts = tlv(0x64, gdi(b"mid"), tlv(0x16, b"unknown-1"))
    west.send(middle.p1_port, report(mts, name(b"mid", b"x", **TO_MAIL)))
    gateway.wait_for(lambda: len(sink.mails()) > before, 60, "the report comes out")
    with tap.case("a report to mail: what mail has no field for is told, with its clause"):
        shown = losses_of(middle, "[/PRMD=east/ADMD=demo/C=xx/;report-1]")
        assert "report extension" in shown and "(RFC 2156 5.3.8.1)" in shown, shown
    count = len(west.received())
    send_mail(middle, "From: ann@mid.example\r\nTo: ann@mid.example\r\nCc: not an address at all\r\n"
              "Message-ID: <losses-2@mid.example>\r\nMIME-Version: 1.0\r\n"
              "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nit failed\r\n"
              "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mid.example\r\n\r\n"
              "Final-Recipient: rfc822; ann@mid.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n", sender="")
    with tap.case("a DSN to X.400 is a report, and what its returned content lost is told"):
        assert ber.find(west.wait(count + 1), 0xa1), "no report"
        shown = losses_of(middle, "<losses-2@mid.example>")
        assert "is no address and is left out (RFC 5322 3.4)" in shown, shown


def main():
    with tempfile.TemporaryDirectory(prefix="gw400-losses-") as folder:
        folder = pathlib.Path(folder)
        west, sink = Peer("west", folder), gateway.Sink(folder / "mail").start()
        peers = gateway.peer_xml("west", west.port, "mid-mta", "west-mta", folder / "mid") + ROUTE
        middle = gateway.Gateway("mid", folder / "mid", peers=peers, sink_port=sink.port, tables=False)
        try:
            middle.start()
            west.start()
            to_x400(middle, west)
            to_mail(middle, west, sink)
            reports(middle, west, sink)
            tap.ok(middle.stop() == 0 and not middle.sanitizer_findings(), f"a clean stop {middle.sanitizer_findings()[:2]}")
        finally:
            middle.kill()
            west.stop()
            sink.stop()
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
