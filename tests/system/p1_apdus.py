"""p1_apdus.py - MTS-APDUs written by hand from X.411's module, with what P1 of 1984 and of 1988 have in common; and reports read."""
import time

import gateway
import sys

sys.path.insert(0, str(gateway.ROOT / "tests/tools"))
from p1peer import ber  # noqa: E402

MESSAGE, REPORT, PROBE = 0xa0, 0xa1, 0xa2
P2, P22 = 2, 22
RESPONSIBLE, DELIVERY_REPORT = 0x80, 0x50  # PerRecipientIndicators; the originator's and the originating MTA's request
NON_DELIVERY_REPORT = 0x28


def printable(text):
    return ber.tlv(0x13, text.encode())


def address(prmd, surname, admd="demo", country="XX"):
    """ORName [APPLICATION 0] with built-in standard attributes alone."""
    return ber.tlv(0x60, ber.tlv(0x30, ber.tlv(0x61, printable(country)), ber.tlv(0x62, printable(admd)),
                                 ber.tlv(0xa2, printable(prmd)), ber.tlv(0xa5, ber.tlv(0x80, surname.encode()))))


def domain(prmd):
    return ber.tlv(0x63, ber.tlv(0x61, printable("XX")), ber.tlv(0x62, printable("demo")), printable(prmd))


def now():
    return time.strftime("%y%m%d%H%M%SZ", time.gmtime()).encode()


def envelope(prmd, identifier, recipients, content_type, probe):
    """Elements in the order of the 1984 sender that was captured; a SET has none."""
    fields = b"".join(ber.tlv(0x31, recipient, ber.integer(number, 0x80), ber.tlv(0x81, bytes([0, indicators])))
                      for number, (recipient, indicators) in enumerate(recipients, 1))
    trace = ber.tlv(0x69, ber.tlv(0x30, domain(prmd), ber.tlv(0x31, ber.tlv(0x80, now()), ber.integer(0, 0x82))))
    return (ber.tlv(0x64, domain(prmd), ber.tlv(0x16, identifier.encode())), address(prmd, "ann"),
            ber.tlv(0x65, ber.tlv(0x80, b"\5\x20")),  # EITs: ia5-text
            ber.integer(content_type, 0x46), *([ber.integer(100, 0x80)] if probe else []), trace, ber.tlv(0xa2, fields))


def message(prmd, identifier, recipients, text, content_type=P2):
    """A P2 of one IA5 text; recipients are (address, indicators), sender is ann of the PRMD."""
    heading = ber.tlv(0x31, ber.tlv(0x6b, printable(identifier)), ber.tlv(0xa8, ber.tlv(0x14, b"by hand")))
    body = ber.tlv(0x30, ber.tlv(0xa0, ber.tlv(0x31), ber.tlv(0x16, text.encode())))
    return ber.tlv(MESSAGE, ber.tlv(0x31, *envelope(prmd, identifier, recipients, content_type, False)),
                   ber.tlv(4, ber.tlv(0xa0, heading, body)))


def probe(prmd, identifier, recipients, content_type=P2):
    return ber.tlv(PROBE, *envelope(prmd, identifier, recipients, content_type, True))


def kind(apdu):
    return {MESSAGE: "message", REPORT: "report", PROBE: "probe"}[apdu[0]]


def report(apdu):
    """(local identifier of the subject, [delivered of each recipient]) of a report APDU."""
    content = ber.elements(ber.read(apdu)[1])[1][1]
    subject = ber.find(content, 0x64, 0x16).decode()
    delivered = [ber.elements(ber.find(fields, 0xa3, 0xa1))[0][0] == 0xa0 for _, fields in ber.elements(ber.find(content, 0xa0))]
    return subject, delivered


def text_of(apdu):
    """The octets of a message's content with its strings joined, for looking a text up."""
    def walk(octets):
        joined = b""
        for tag, inner in ber.elements(octets):
            joined += ber.string(tag, inner) if tag in (0x04, 0x24, 0x16, 0x36) else walk(inner) if tag & 32 else inner
        return joined
    tag, content = ber.elements(ber.read(apdu)[1])[1]
    return walk(ber.string(tag, content))
