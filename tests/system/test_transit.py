#!/usr/bin/env python3
"""test_transit.py - one gateway between two X.400 peers: messages, probes and reports as an independent peer wrote and read them.

West and east are p1peer.py on both sides of each link: APDUs are built and taken apart here, octet by octet, with its BER alone.
"""
import hashlib
import pathlib
import smtplib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import gateway  # noqa: E402
from x400 import (CORRELATOR, LABEL, PRIVATE, Asked, Peer, ber, children, fields, gdi, message, mts_id, name, probe,  # noqa: E402
                  recipient, report, tlv)

tap = gateway.Tap()


def start(folder, send=""):
    folder.mkdir()
    west, east = Peer("west", folder), Peer("east", folder)
    home = folder / "mid"
    peers = "".join(gateway.peer_xml(peer.name, peer.port, "mid-mta", f"{peer.name}-mta", home) for peer in (west, east))
    peers += '<route or="/PRMD=west/ADMD=demo/C=xx/" peer="west"/><route or="/PRMD=east/ADMD=demo/C=xx/" peer="east"/>'
    sink = Asked() if send else gateway.Sink(folder / "mail").start()
    middle = gateway.Gateway("mid", home, peers=peers, sink_port=sink.port, send=send, tables=False)
    middle.start()
    # after the gateway: a peer's first connection must not be the look whether its port is open
    west.start()
    east.start()
    return west, east, middle, sink


# --- what must be so ---

def messages_pass(west, east, middle):
    content = tlv(0x04, bytes(range(256)) * 300)
    sent = message(b"m-1", content, recipient(name(b"east", b"lee"), 1, 0xa8), recipient(name(b"nowhere", b"gone"), 2, 0xa8),
                   recipient(name(b"east", b"other"), 3, 0x28), content_type=b"\x23")
    west.send(middle.p1_port, sent)
    with tap.case("message: it comes out to the peer of its recipient"):
        got = ber.find(east.wait(1), 0xa0)
        before, after = fields(ber.find(sent, 0xa0, 0x31)), fields(ber.find(got, 0x31))
    with tap.case("message: every field but trace, internal trace and recipients is as it came"):
        for tag, octets in before.items():
            if tag not in (0x69, 0xa3, 0xa2):
                assert after[tag] == octets, f"{tag:02x}: {after.get(tag, b'').hex()}"
    with tap.case("message: the extensions are as they came, internal trace behind them"):
        own = [tlv(*item) for item in ber.elements(ber.read(after[0xa3])[1])]
        assert own[:3] == [PRIVATE, LABEL, CORRELATOR] and len(own) == 4 and own[3][2:5] == b"\x80\x01\x26", [octets.hex() for octets in own]
        assert b"mid-mta" in own[3]
    with tap.case("message: one trace element more, this domain's"):
        elements = ber.elements(ber.read(after[0x69])[1])
        assert len(elements) == 2 and gdi(b"mid") in tlv(*elements[1]), after[0x69].hex()
    with tap.case("message: three recipients, one of them this copy's"):
        bits = [ber.find(inner, 0x81)[1] for _, inner in ber.elements(ber.read(after[0xa2])[1])]
        assert bits == [0xa8, 0x28, 0x28], bits
    with tap.case("message: the content is the same, by its hash"):
        octets = ber.string(0x24 if ber.find(got, 0x24) else 0x04, ber.find(got, 0x24) or ber.find(got, 0x04))
        assert hashlib.sha256(octets).digest() == hashlib.sha256(ber.read(content)[1]).digest()
    with tap.case("message: its originator is told of the recipient without a route"):
        told = ber.find(west.wait(1), 0xa1)
        _, about = ber.elements(told)
        assert mts_id(b"west", b"m-1") in about[1]
        recipients = ber.elements(ber.find(about[1], 0xa0))
        assert len(recipients) == 1 and ber.find(recipients[0][1], 0x81) == b"\2"
        assert ber.find(recipients[0][1], 0xa3, 0xa1, 0xa1) is not None  # non-delivery
        assert LABEL in told and CORRELATOR in told


def probes_pass(west, east, middle):
    sent = probe(b"p-1", recipient(name(b"east", b"lee"), 4, 0xd0))
    west.send(middle.p1_port, sent)
    with tap.case("probe: it comes out to the peer, its fields as they came, with our trace"):
        got = fields(ber.find(east.wait(2), 0xa2))
        for tag, octets in fields(ber.find(sent, 0xa2)).items():
            if tag not in (0x69, 0xa3):
                assert got[tag] == octets, f"{tag:02x}: {got.get(tag, b'').hex()}"
        assert gdi(b"mid") in got[0x69] and PRIVATE in got[0xa3]
    west.send(middle.p1_port, probe(b"p-2", recipient(name(b"mid", b"gateway", dda=b"bob(a)example.org"), 7, 0xd0),
                                    recipient(name(b"nowhere", b"gone"), 8, 0xd0)))
    with tap.case("probe: of a recipient with mail the gateway answers, and says no for one without a route"):
        content = ber.elements(ber.find(west.wait(2), 0xa1))[1][1]
        assert mts_id(b"west", b"p-2") in content
        outcomes = {ber.find(inner, 0x81): ber.find(inner, 0xa3, 0xa1, 0xa0) is not None
                    for _, inner in ber.elements(ber.find(content, 0xa0))}
        assert outcomes == {b"\7": True, b"\x08": False}, outcomes


def reports_of_success(west, middle, sink):
    count = len(west.received())
    ipm = tlv(0x04, tlv(0xa0, tlv(0x31, tlv(0x6b, tlv(0x13, b"ipm-1"))), tlv(0x30, tlv(0xa0, tlv(0x31), tlv(0x16, b"hello")))))
    bob = name(b"mid", b"gateway", dda=b"bob(a)example.org")
    west.send(middle.p1_port, message(b"m-2", ipm, recipient(bob, 1, 0xd0)))
    west.send(middle.p1_port, message(b"m-3", ipm, recipient(bob, 1, 0xc0)))
    west.send(middle.p1_port, message(b"m-4", ipm, recipient(bob, 1, 0xa8)))
    with tap.case("report: the mail server does DSN for the originator; for his MTA alone the gateway reports; for nobody else none"):
        gateway.wait_for(lambda: len(sink.mails()) == 3, 60, "three mails")
        told = west.wait(count + 1)
        middle.wait_empty()
        assert len(west.received()) == count + 1
        assert mts_id(b"west", b"m-3") in told and b"report of the gateway" in told


def reports_pass(west, east, middle, sink):
    count_west, mails_before = len(west.received()), len(sink.mails())
    sent = report(mts_id(b"west", b"m-0"), name(b"west", b"ann"), returned=b"\xa0\x80 not BER")
    east.send(middle.p1_port, sent)
    with tap.case("report: with DL history and redirections it comes out as it came, with our trace"):
        got = ber.find(west.wait(count_west + 1), 0xa1)
        (_, envelope), (_, content) = ber.elements(got)
        before = ber.elements(ber.find(sent, 0xa1))
        assert fields(content) == fields(before[1][1]), content.hex()
        after = fields(envelope)
        for tag, octets in fields(before[0][1]).items():
            if tag == 0xa1:
                assert all(tlv(*item) in after[tag] for item in ber.elements(ber.read(octets)[1]))
            elif tag != 0x69:
                assert after[tag] == octets
        assert gdi(b"mid") in after[0x69] and b"mid-mta" in after[0xa1]
    # a subject that nobody here knows, for a user of mail
    east.send(middle.p1_port, report(mts_id(b"mid", b"never-seen"), name(b"mid", b"gateway", dda=b"ann(a)example.org")))
    with tap.case("report: on a message that is not known here it goes to whom it is for"):
        gateway.wait_for(lambda: len(sink.mails()) == mails_before + 1, 60, "the report as mail")
        mail = sink.mails()[-1]
        assert b"report-type=delivery-status" in mail and b"never-seen" in mail
        assert b"the recipient's address is not known there" in mail
    count = len(west.received()) + len(east.received())
    east.send(middle.p1_port, report(mts_id(b"west", b"m-0"), name(b"nowhere", b"gone")))
    with tap.case("report: to nobody it is parked with words"):
        item = gateway.wait_for(lambda: [item for item in middle.queue() if "parked" in str(item)], 30, "a parked report")
        assert item
    malformed = report(mts_id(b"west", b"m-0"), name(b"west", b"ann"))[:-30]
    east.send(middle.p1_port, malformed)
    with tap.case("report: a broken one is parked, and the link stays up"):
        gateway.wait_for(lambda: len([item for item in middle.queue() if "parked" in str(item)]) == 2, 30, "two parked")
    tap.ok(len(west.received()) + len(east.received()) == count and len(sink.mails()) == mails_before + 1, "report: none was answered by a report")


def never_is_the_operators(east, middle, sink):
    before = len(east.received())
    with smtplib.SMTP("127.0.0.1", middle.smtp_port, "client.example", timeout=60) as client:
        client.ehlo()
        client.mail("ann@example.org")
        client.rcpt('"/S=lee/PRMD=east/ADMD=demo/C=xx/"@gw.mid.example', ["NOTIFY=NEVER"])
        client.data(b"From: ann@example.org\r\nSubject: never\r\nMessage-ID: <never@example.org>\r\n"
                    b"Date: Mon, 23 Nov 2026 18:00:00 +0000\r\n\r\nx\r\n")
    apdu = east.wait(before + 1)
    envelope = ber.find(apdu, 0xa0, 0x31)
    with tap.case("NOTIFY=NEVER: one bit of the originating MTA is set, none of the originator"):
        assert ber.find(envelope, 0xa2, 0x31, 0x81)[1] == 0xa0
    subject = children(envelope, 0x64)[0]
    mails = len(sink.mails())
    east.send(middle.p1_port, report(subject, name(b"mid", b"gateway", dda=b"ann(a)example.org"), indicators=0x20))
    with tap.case("NOTIFY=NEVER: the report ends here, and the record of the message says why it was not delivered"):
        def told():
            found = middle.cli("audit", "show", "--json", "<never@example.org>", check=False).stdout
            return "report-received" in found and "not known there" in found
        gateway.wait_for(told, 30, "the operator can read it: " + middle.cli("audit", "show", "<never@example.org>", check=False).stdout)
    tap.ok(len(sink.mails()) == mails, "NOTIFY=NEVER: the sender is told nothing")


def probes_ask(west, middle, asked):
    west.send(middle.p1_port, probe(b"p-3", recipient(name(b"mid", b"gateway", dda=b"bob(a)example.org"), 1, 0xd0),
                                    recipient(name(b"mid", b"gateway", dda=b"nobody(a)example.org"), 2, 0xd0)))
    with tap.case("probe, asked on: what the mail server says of each recipient is reported"):
        def outcomes():
            found = {}
            for apdu in west.received():
                content = ber.elements(ber.find(apdu, 0xa1))[1][1]
                for _, inner in ber.elements(ber.find(content, 0xa0)):
                    found[ber.find(inner, 0x81)] = (ber.find(inner, 0xa3, 0xa1, 0xa0) is not None, ber.find(inner, 0x85))
            return found if len(found) == 2 else None
        found = gateway.wait_for(outcomes, 60, "the outcomes of both recipients")
        assert found[b"\1"][0] and b"the gateway answers the probe" in found[b"\1"][1], found
        assert not found[b"\2"][0] and b"no mailbox of that name" in found[b"\2"][1], found
    heard = [line for line in asked.heard if not line.startswith(("EHLO", "QUIT"))]
    tap.ok([line[:4] for line in heard] == ["MAIL", "RCPT", "RCPT", "RSET"], f"probe, asked on: nothing was sent {heard}")


def with_gateway(folder, checks, send=""):
    west, east, middle, sink = start(folder, send)
    try:
        checks(west, east, middle, sink)
        tap.ok(middle.stop() == 0 and not middle.sanitizer_findings(), f"a clean stop {middle.sanitizer_findings()[:2]}")
    finally:
        middle.kill()
        west.stop()
        east.stop()
        sink.stop()


def pass_all(west, east, middle, sink):
    messages_pass(west, east, middle)
    probes_pass(west, east, middle)
    reports_of_success(west, middle, sink)
    reports_pass(west, east, middle, sink)
    never_is_the_operators(east, middle, sink)


def main():
    with tempfile.TemporaryDirectory(prefix="gw400-transit-") as folder:
        with_gateway(pathlib.Path(folder) / "pass", pass_all)
        with_gateway(pathlib.Path(folder) / "ask", lambda west, east, middle, sink: probes_ask(west, middle, sink), 'probes="ask"')
    tap.end()


main()
