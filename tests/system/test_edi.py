#!/usr/bin/env python3
"""test_edi.py - interchanges through two gateways in each form, and EDI messages (P35) from and to an independent peer."""
import base64
import email
import pathlib
import random
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import gateway  # noqa: E402
from x400 import Peer, ber, message, name, recipient, tlv  # noqa: E402

tap = gateway.Tap()
UNB = b"UNA:+.? 'UNB+UNOC:3+5412345000013:14+4012345500004:14+261123:1800+ICR1++ORDERS'"


def interchanges():
    """Lines of no end, line ends of all kinds, every octet, nothing at the end."""
    random.seed(4711)
    plain = UNB + b"UNH+1+ORDERS:D:96A:UN'" + b"FTX+AAI+++" + b"x" * 3000 + b"'UNT+3+1'UNZ+1+ICR1'"
    lines = UNB + b"\r\nUNH+1+ORDERS:D:96A:UN'\nBGM+220+4711+9' \r\nUNZ+1+ICR1'\r\n\r\n"
    octets = UNB + bytes(range(256)) + random.randbytes(200000) + b"UNZ+1+ICR1'"
    return {"one long line": plain, "line ends of all kinds": lines, "every octet": octets}


def mail_of(octets, number):
    return (b"From: joerg@sea.example\r\nTo: bob@land.example\r\nSubject: order\r\nMessage-ID: <%d@sea.example>\r\nMIME-Version: 1.0\r\n"
            b"Content-Type: application/EDIFACT; name=order.edi\r\nContent-Transfer-Encoding: base64\r\n\r\n" % number
            + base64.encodebytes(octets).replace(b"\n", b"\r\n"))


# proves: EDI:edifact
def through_two(folder, form):
    with gateway.Pair(folder, peer_attributes=f"edi-body='{form}'") as pair:
        for number, (what, octets) in enumerate(interchanges().items(), 1):
            path = pathlib.Path(folder) / "out.eml"
            path.write_bytes(mail_of(octets, number))
            gateway.swaks(pair.sea.smtp_port, "joerg@sea.example", "bob@land.example", "--data", f"@{path}")
            with tap.case(f"{form}: {what}: the octets are the same"):
                gateway.wait_for(lambda: len(pair.sinks["land"].mails()) >= number, 60, "the mail arrives")
                got = email.message_from_bytes(pair.sinks["land"].mails()[-1])
                assert got.get_content_type() == "application/edifact", got.get_content_type()
                assert got.get_filename() == "order.edi", got.get_filename()
                assert got["Message-ID"] == f"<{number}@sea.example>", got["Message-ID"]
                assert got.get_payload(decode=True) == octets
        tap.ok(not pair.sea.sanitizer_findings() and not pair.land.sanitizer_findings(), f"{form}: no finding")


def edim(octets):
    """By hand: X.435 8."""
    identifier = tlv(0xa1, name(b"west", b"ann", 0xa0), tlv(0x81, b"EDIM 1"))
    to = tlv(0xa3, tlv(0x30, name(b"east", b"lee", 0xa1), tlv(0xa3, tlv(0x80, b"\x06\xc0")), tlv(0x87, b"ICR1")))
    heading = tlv(0x30, identifier, to, tlv(0xad, tlv(0x14, b"ORDERS")))
    return tlv(0xa0, heading, tlv(0x30, tlv(0x80, octets)))


# proves: EDI:p35<>
def with_a_peer(folder):
    folder.mkdir()
    west = Peer("west", folder)
    home = folder / "mid"
    peers = gateway.peer_xml("west", west.port, "mid-mta", "west-mta", home)
    peers += '<route or="/PRMD=west/ADMD=demo/C=xx/" peer="west"/>'
    sink = gateway.Sink(folder / "mail").start()
    middle = gateway.Gateway("mid", home, peers=peers, sink_port=sink.port, tables=False)
    middle.start()
    west.start()
    try:
        octets = interchanges()["every octet"]
        content = edim(octets)
        bob = name(b"mid", b"gateway", dda=b"bob(a)example.org")
        west.send(middle.p1_port, message(b"edi-1", tlv(0x04, content), recipient(bob, 1, 0xa8), content_type=b"\x23"))
        with tap.case("P35 of a peer: the mailbox gets the interchange, octet for octet, and the heading's fields"):
            gateway.wait_for(sink.mails, 60, "the mail arrives")
            raw = sink.mails()[0]
            got = email.message_from_bytes(raw)
            assert got.get_content_type() == "application/edifact" and got.get_payload(decode=True) == octets
            assert "message-type-1=ORDERS" in got["X400-EDI-Heading"] and "notify=\"pn,nn\"" in got["X400-EDI-Recipient"].replace(
                "\n", ""), (got["X400-EDI-Heading"], got["X400-EDI-Recipient"])
        with tap.case("P35: the mail sent back to X.400 is the same EDI message, octet for octet"):
            path = folder / "back.eml"
            lines = raw.replace(b"\r\n", b"\n").split(b"\n")
            lines = [line for line in lines if not line.startswith(b"X-")]  # smtp-sink's own
            path.write_bytes(b"\r\n".join(lines))
            gateway.swaks(middle.smtp_port, "bob@example.org", '"/S=ann/PRMD=west/ADMD=demo/C=xx/"@mid.example', "--data",
                          f"@{path}")
            gateway.wait_for(lambda: any(content in apdu for apdu in west.received()), 60, "the EDI message arrives")
            apdu = next(apdu for apdu in west.received() if content in apdu)
            assert ber.find(apdu, 0xa0, 0x31, 0x46) == b"\x23", "content type 35"
        tap.ok(middle.stop() == 0 and not middle.sanitizer_findings(), f"a clean stop {middle.sanitizer_findings()[:2]}")
    finally:
        middle.kill()
        west.stop()
        sink.stop()


def main():
    for form in ("ia5", "p35", "externally-defined"):
        with tempfile.TemporaryDirectory(prefix="gw400-edi-") as folder:
            through_two(folder, form)
    with tempfile.TemporaryDirectory(prefix="gw400-edi-") as folder:
        with_a_peer(pathlib.Path(folder) / "peer")
    tap.end()


main()
