#!/usr/bin/env python3
# time-limit: 300
"""test_transit_1984.py - one gateway between a peer of 1988 and one of 1984: what an independent peer wrote and read on both sides.

West is p1peer.py in 1988 normal mode, east in 1984: APDUs are built and taken apart here, octet by octet, with its BER alone.
"""
import hashlib
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import gateway  # noqa: E402
from x400 import (CORRELATOR, PRIVATE, Peer, ber, fields, gdi, message, mts_id, name, probe, recipient, report,  # noqa: E402
                  tlv, trace)

tap = gateway.Tap()

COMMON_NAME = tlv(0x31, tlv(0x30, tlv(0x80, b"\1"), tlv(0xa1, tlv(0x13, b"Bob Lee"))))
COMMON = tlv(0x30, tlv(0x30, tlv(0x13, b"Common"), tlv(0x13, b"Bob Lee")))
OLD_MESSAGE = {0x64, 0x60, 0x65, 0x46, 0x4a, 0x47, 0x48, 0x80, 0xa1, 0xa2, 0x69}  # members of X.411 (1984)'s UMPDUEnvelope
LATEST = tlv(0x30, tlv(0x80, b"\5"), tlv(0x81, b"\5\x20"), tlv(0xa2, tlv(0x17, b"261223180000Z")))  # critical for delivery


def with_more(who, more):
    """An O/R name with more members."""
    return tlv(0x60, ber.read(who)[1] + more)


def ia5(text):
    return tlv(0xa0, tlv(0x31), tlv(0x16, text))


def ipm(*parts):
    return tlv(0x04, tlv(0xa0, tlv(0x31, tlv(0x6b, tlv(0x13, b"ipm-1"))), tlv(0x30, *parts)))


GENERAL_TEXT = tlv(0xaf, tlv(0xa0, tlv(0x06, ber.oid("2.6.1.11.11")), tlv(0xa0, tlv(0x31, tlv(2, b"\1"), tlv(2, b"\6"), tlv(2, b"\x64")))),
                   tlv(0x28, tlv(0x06, ber.oid("2.6.1.4.11")), tlv(0xa0, tlv(0x1b, b"K\xe4se"))))


def start(folder):
    west, east = Peer("west", folder), Peer("east", folder, ("--mode", "1984"))
    home = folder / "mid"
    peers = gateway.peer_xml("west", west.port, "mid-mta", "west-mta", home)
    peers += gateway.peer_xml("east", east.port, "mid-mta", "east-mta", home, attributes='mode="1984"')
    peers += '<route or="/PRMD=west/ADMD=demo/C=xx/" peer="west"/><route or="/PRMD=east/ADMD=demo/C=xx/" peer="east"/>'
    sink = gateway.Sink(folder / "mail").start()
    middle = gateway.Gateway("mid", home, peers=peers, sink_port=sink.port, tables=False)
    middle.start()
    west.start()
    east.start()
    return west, east, middle, sink


def content_of(apdu):
    octets = ber.find(apdu, 0x24)
    return ber.string(0x24 if octets else 0x04, octets or ber.find(apdu, 0x04))


def to_1984(west, east, middle):
    plain = ipm(ia5(b"hello"))
    lee = with_more(name(b"east", b"lee"), COMMON_NAME)
    west.send(middle.p1_port, message(b"m-1", plain, recipient(lee, 1, 0xa8), extensions=(PRIVATE, CORRELATOR)))
    with tap.case("message: it comes out, with members of 1984 alone and content type 2"):
        got = ber.find(east.wait(1), 0xa0)
        members = fields(ber.find(got, 0x31))
        assert set(members) <= OLD_MESSAGE and members[0x46] == tlv(0x46, b"\2"), [hex(tag) for tag in members]
        assert b"Content 4711" in members[0x4a] and members[0x47] == tlv(0x47, b"\2") and gdi(b"mid") in members[0x69]
    with tap.case("message: the common name is the domain defined attribute Common"):
        assert COMMON in members[0xa2] and COMMON_NAME not in members[0xa2]
    with tap.case("message: a content with nothing of 1988 is the same, by its hash"):
        assert hashlib.sha256(content_of(got)).digest() == hashlib.sha256(ber.read(plain)[1]).digest()
    west.send(middle.p1_port, message(b"m-2", ipm(GENERAL_TEXT), recipient(name(b"east", b"lee"), 1, 0xa8), extensions=(CORRELATOR,)))
    with tap.case("message: general text comes as MIME in IA5 text, and our trace tells of the conversion"):
        got = ber.find(east.wait(2), 0xa0)
        octets = content_of(got)
        assert b"MIME-Version: 1.0" in octets and b"charset=iso-8859-1" in octets.lower() and b"K=E4se" in octets
        assert tlv(0x65, tlv(0x80, b"\5\x20")) in fields(ber.find(got, 0x31))[0x69]
    with tap.case("message: what was dropped is in its audit record, with the clause"):
        shown = middle.cli("audit", "show", "--json", "[/PRMD=west/ADMD=demo/C=xx/;m-2]", check=False).stdout
        assert "RFC 1496 3.2" in shown and "X.419 annex B" in shown, shown
    west.send(middle.p1_port, message(b"m-3", plain, recipient(name(b"east", b"lee"), 7, 0xa8), extensions=(LATEST,)))
    with tap.case("message: a critical extension makes a non-delivery report: unable-to-transfer, unable-to-downgrade"):
        told = ber.find(west.wait(1), 0xa1)
        about = ber.elements(told)[1][1]
        assert mts_id(b"west", b"m-3") in about
        failure = ber.find(ber.elements(ber.find(about, 0xa0))[0][1], 0xa3, 0xa1, 0xa1)
        assert ber.find(failure, 0x80) == b"\1" and ber.find(failure, 0x81) == b"\x2f", failure.hex()
    west.send(middle.p1_port, probe(b"p-1", recipient(name(b"east", b"lee"), 4, 0xd0)))
    with tap.case("probe: it comes out without extensions, for content of type 2"):
        members = fields(ber.find(east.wait(3), 0xa2))
        assert 0xa3 not in members and members[0x46] == tlv(0x46, b"\2") and tlv(0x80, b"\1\x86\xa0") == members[0x80]
    west.send(middle.p1_port, report(mts_id(b"east", b"o-0"), name(b"east", b"lee")))
    with tap.case("report: it comes out without what 1984 has not"):
        (_, envelope), (_, content) = ber.elements(ber.find(east.wait(4), 0xa1))
        assert set(fields(envelope)) == {0x64, 0x60, 0x69}, [hex(tag) for tag in fields(envelope)]
        assert set(fields(content)) <= {0x64, 0x69, 0x4a, 0xa0, 0x81, 0xa2}, [hex(tag) for tag in fields(content)]
        assert set(fields(ber.elements(ber.find(content, 0xa0))[0][1])) <= {0xa0, 0x81, 0x82, 0xa3, 0xa4, 0x85}
    tap.ok(len(east.received()) == 4, "nothing else was sent to the peer of 1984")


def from_1984(west, east, middle):
    before = len(west.received())
    content = ipm(ia5(b"MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nas it is"))
    kim = with_more(name(b"west", b"kim"), COMMON)
    envelope = tlv(0x31, mts_id(b"east", b"o-1"), name(b"east", b"lee"), tlv(0x65, tlv(0x80, b"\6\0\x40")), tlv(0x46, b"\2"),
                   tlv(0x48, b"\4\x30"), tlv(0xa2, recipient(kim, 1, 0xa8)), trace(b"east"))
    east.send(middle.p1_port, tlv(0xa0, envelope, content))
    with tap.case("from 1984: the message comes out to the peer of 1988, its fields as they came"):
        got = ber.find(west.wait(before + 1), 0xa0)
        members = fields(ber.find(got, 0x31))
        for tag, octets in fields(ber.read(envelope)[1]).items():
            if tag not in (0x69, 0xa2):
                assert members[tag] == octets, f"{tag:02x}: {members.get(tag, b'').hex()}"
        assert gdi(b"mid") in members[0x69] and b"mid-mta" in members[0xa3]
    with tap.case("from 1984: Common is the common name again"):
        assert COMMON_NAME in members[0xa2] and COMMON not in members[0xa2], members[0xa2].hex()
    with tap.case("from 1984: the content is the same, by its hash"):
        assert hashlib.sha256(content_of(got)).digest() == hashlib.sha256(ber.read(content)[1]).digest()


def main():
    with tempfile.TemporaryDirectory(prefix="gw400-transit-84-") as folder:
        west, east, middle, sink = start(pathlib.Path(folder))
        try:
            to_1984(west, east, middle)
            from_1984(west, east, middle)
            tap.ok(middle.stop() == 0 and not middle.sanitizer_findings(), f"a clean stop {middle.sanitizer_findings()[:2]}")
        finally:
            middle.kill()
            for other in (west, east, sink):
                other.stop()
    tap.end()


main()
