#!/usr/bin/env python3
"""test_cut.py - the P1 connection is cut after every 50th octet, from each side; and the duplicate rule (issue 2, point 5).

A proxy between sea and land cuts the first connection of each message; the message must arrive exactly once. Then p1peer.py hands over
copies that are repeats, and copies that only look like repeats.
"""
import os
import pathlib
import smtplib
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import cutter  # noqa: E402
import gateway  # noqa: E402
import load as loads  # noqa: E402

STEP = int(os.environ.get("STEP", "50"))
PAIRS = 3
PEER = gateway.ROOT / "tests/tools/p1peer.py"
tap = gateway.Tap()


def send(port, name, recipient="bob@land.example"):
    text = (f"From: ann@sea.example\r\nTo: {recipient}\r\nSubject: cut\r\nMessage-ID: <{name}>\r\n"
            f"Date: Mon, 23 Nov 2026 18:00:00 +0000\r\n\r\nA small mail.\r\n")
    with smtplib.SMTP("127.0.0.1", port, "client.example", timeout=60) as client:
        client.sendmail("ann@sea.example", [recipient], text)


# --- every 50th octet

class Line:
    """A pair whose P1 line can be cut; each message takes an association of its own."""

    def __init__(self, folder):
        self.pair = gateway.Pair(folder, through=1, peer_attributes='messages="1" idle="1s"',
                                 queue='retry-first="1s" retry-max="1s"')
        self.cutter = cutter.Cutter(self.pair.land.p1_port)
        peers = self.pair.sea.settings["peers"].replace("127.0.0.1:1\"", f"127.0.0.1:{self.cutter.port}\"")
        self.pair.sea.settings["peers"] = peers
        self.names = []

    def message(self, name, side, octets):
        """Sends one whose connection is cut, and waits until it went."""
        self.cutter.cut_next(side, octets)
        self.names.append(name)
        send(self.pair.sea.smtp_port, name)
        self.pair.sea.wait_empty(60)


def measure(line):
    """How many octets each side sends when nothing is cut."""
    line.message("cut.client.nothing@sea.example", "client", 10**9)
    gateway.wait_for(lambda: line.cutter.seen, 30, "the idle association is released")
    return line.cutter.seen[0]


def places(pieces):
    """Every 50th octet, and the border before each piece: there what was sent is lost whole, a confirmation among it."""
    borders = {sum(pieces[:index]) for index in range(len(pieces))}
    return sorted(set(range(0, sum(pieces), STEP)) | borders)


def cut_everywhere(folder):
    lines = [Line(pathlib.Path(folder) / str(index)) for index in range(PAIRS)]
    try:
        for line in lines:
            line.pair.start()
        seen = measure(lines[0])
        totals = {side: sum(pieces) for side, pieces in seen.items()}
        plan = [(side, octets) for side in seen for octets in places(seen[side])]
        failures = []

        def work(index):
            try:
                for side, octets in plan[index::PAIRS]:
                    lines[index].message(f"cut.{side}.{octets}@sea.example", side, octets)
            except Exception as error:
                failures.append(f"{type(error).__name__}: {error}")

        threads = [threading.Thread(target=work, args=(index,)) for index in range(PAIRS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        tap.ok(not failures, f"each message leaves sea after its cut {failures[:2] or ''}")
        for line in lines:
            line.pair.land.wait_empty(60)
        # cuts in the release come when the association has been idle
        gateway.wait_for(lambda: sum(line.cutter.cuts for line in lines) >= len(plan) - 2, 15, f"all {len(plan)} cuts are made")
        time.sleep(0.5)
        found, repeats = {}, 0
        for line in lines:
            found.update(loads.arrivals(line.pair.sinks["land"]))
            repeats += line.pair.land.log_text().count(" repeats=")
        names = [name for line in lines for name in line.names]
        wrong = {name: found.get(name, 0) for name in names if found.get(name, 0) != 1}
        cuts = sum(line.cutter.cuts for line in lines)
        sides = {side: len(places(seen[side])) for side in seen}
        tap.ok(not wrong, f"{cuts} cuts, every {STEP} octets of {totals['client']} from the sender ({sides['client']}) and "
                          f"{totals['server']} from the receiver ({sides['server']}): each arrives exactly once {wrong or ''}")
        tap.ok(repeats > 0, f"{repeats} repeats were recognised and dropped by land")
    finally:
        for line in lines:
            line.pair.__exit__()
            line.cutter.close()


# --- copies that are repeats, and copies that are not: BER by hand

def tlv(tag, value):
    size = len(value)
    if size < 128:
        return bytes([tag, size]) + value
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + value


def parts(data):
    """(tag, value) of each element; one-octet tags and definite lengths, as gw400 writes them."""
    found, at = [], 0
    while at < len(data):
        tag, size, head = data[at], data[at + 1], 2
        assert tag & 31 != 31 and size != 0x80, "the canonical form is expected"
        if size & 0x80:
            head += size & 0x7f
            size = int.from_bytes(data[at + 2:at + head], "big")
        found.append((tag, data[at + head:at + head + size]))
        at += head + size
    return found


def whole(elements):
    return b"".join(tlv(tag, value) for tag, value in elements)


TIME = tlv(0x17, b"261123180000Z")


def extension(number, value):
    return tlv(0x30, tlv(0x80, bytes([number])) + tlv(0xa2, value))


def with_extension(elements, tag, added):
    """The SET with one more extension in its list (context tag `tag`)."""
    if any(found == tag for found, _ in elements):
        return [(found, value + added if found == tag else value) for found, value in elements]
    return elements + [(tag, added)]


def variant(apdu, dl=False, redirected=False):
    """The same message as a copy of a distribution list, or redirected: same MTS identifier, another history."""
    (choice, message), = parts(apdu)
    envelope, *content = parts(message)
    elements = parts(envelope[1])
    recipients = next(value for tag, value in elements if tag == 0xa2)
    (set_tag, fields), = parts(recipients)
    fields = parts(fields)
    name = next(tlv(tag, value) for tag, value in fields if tag == 0x60)
    if dl:  # X.411 8.3.1.1.1.7, extension 26
        elements = with_extension(elements, 0xa3, extension(26, tlv(0x30, tlv(0x30, name + TIME))))
    if redirected:  # extension 25 of the recipient: was meant for another, who assigned an alternate
        history = tlv(0x30, tlv(0x30, tlv(0x30, name + TIME) + tlv(0x0a, b"\0")))
        fields = with_extension(fields, 0xa3, extension(25, history))
        elements = [(tag, tlv(set_tag, whole(fields)) if tag == 0xa2 else value) for tag, value in elements]
    return tlv(choice, whole([(envelope[0], whole(elements)), *content]))


class Peer:
    """p1peer.py on the far side of a line that can be cut."""

    def __init__(self, folder, land, line):
        self.folder, self.land, self.line = pathlib.Path(folder), land, line

    def hand_over(self, apdu, proven=True):
        """proven: our confirmation is answered (by the release); else the line is cut before the peer's next octet."""
        if not proven:
            # a like one has just shown how much comes before the release; what follows the confirmation is cut off
            self.line.cut_next("client", self.before_release(apdu))
        path = self.folder / "apdu.ber"
        path.write_bytes(apdu)
        ended = len(self.line.seen)
        result = subprocess.run([sys.executable, PEER, "send", "127.0.0.1", str(self.line.port), path, "--mta", "sea-mta", "--pw",
                                 "secret"], capture_output=True, text=True, timeout=60)
        gateway.wait_for(lambda: len(self.line.seen) > ended, 30, "the connection ends")
        assert "transferred" in result.stdout, f"p1peer.py: {result.stdout}{result.stderr[-800:]}"
        assert ("released" in result.stdout) == proven, f"p1peer.py: {result.stdout}"
        return self.line.seen[-1]

    def before_release(self, apdu):
        """Octets that p1peer.py sends up to the activity's end: measured with a message of the same size and another content."""
        mark = apdu.rindex(b"small")
        probe = bytearray(apdu)
        probe[mark:mark + 5] = f"{time.time_ns() % 100000:05d}".encode()
        # the last pieces are the FN SPDU, for which p1peer.py waits for the confirmation, and the DR that follows DN
        return sum(self.hand_over(bytes(probe))["client"][:-2])


def copies(folder):
    pair = gateway.Pair(folder)
    line = cutter.Cutter(pair.land.p1_port)
    with pair:
        peer = Peer(folder, pair.land, line)

        def arrived(name):
            pair.land.wait_empty(30)
            time.sleep(0.3)
            return loads.arrivals(pair.sinks["land"])[name]

        def apdu(name):
            eml = pathlib.Path(folder) / "copy.eml"
            eml.write_text(f"From: ann@sea.example\r\nTo: bob@land.example\r\nSubject: copy\r\nMessage-ID: <{name}>\r\n"
                           f"Date: Mon, 23 Nov 2026 18:00:00 +0000\r\n\r\nA small mail.\r\n", newline="")
            out = eml.with_suffix(".out")
            pair.sea.cli("convert", eml, "--from", "ann@sea.example", "--to", "bob@land.example", "-o", out)
            return out.read_bytes()

        with tap.case("an exact repeat after a proven confirmation arrives as two"):
            twice = apdu("proven@sea.example")
            peer.hand_over(twice)
            peer.hand_over(twice)
            assert arrived("proven@sea.example") == 2, arrived("proven@sea.example")
        with tap.case("an exact repeat after an unproven confirmation arrives as one"):
            once = apdu("unproven@sea.example")
            peer.hand_over(once, proven=False)
            before = arrived("unproven@sea.example")
            peer.hand_over(once)
            # the measurement hands over a copy with another content, which is no repeat
            assert arrived("unproven@sea.example") == before, f"{before}, then {arrived('unproven@sea.example')}"
            assert pair.land.log_text().count(" repeats=") == 1
        with tap.case("a DL copy and a redirected copy with the same MTS identifier arrive, their repeats do not"):
            base = apdu("copies@sea.example")
            variants = [base, variant(base, dl=True), variant(base, redirected=True)]
            repeats = pair.land.log_text().count(" repeats=")
            measured = 0
            for copy in variants:
                peer.hand_over(copy, proven=False)
                measured += 1  # arrives besides, see before_release()
            assert arrived("copies@sea.example") == len(variants) + measured, arrived("copies@sea.example")
            for copy in variants:
                peer.hand_over(copy)
            assert arrived("copies@sea.example") == len(variants) + measured, arrived("copies@sea.example")
            assert pair.land.log_text().count(" repeats=") == repeats + len(variants)
        with tap.case("after a kill of the receiver the unproven repeat is still one"):
            kept = apdu("killed@sea.example")
            peer.hand_over(kept, proven=False)
            before = arrived("killed@sea.example")
            pair.land.kill()
            pair.land.start()
            peer.hand_over(kept)
            assert arrived("killed@sea.example") == before, f"{before}, then {arrived('killed@sea.example')}"
        with tap.case("the same Message-ID to two recipients in two mails arrives as two"):
            for recipient in ("bob@land.example", "carla@land.example"):
                send(pair.sea.smtp_port, "same@sea.example", recipient)
            pair.sea.wait_empty(30)
            assert arrived("same@sea.example") == 2
        with tap.case("two Message-IDs alike in their first 32 characters arrive as two"):
            alike = "0123456789abcdefghijklmnopqrstuvwxyz"
            for end in "12":
                send(pair.sea.smtp_port, f"{alike}.{end}@sea.example")
            pair.sea.wait_empty(30)
            assert [arrived(f"{alike}.{end}@sea.example") for end in "12"] == [1, 1]
        for home in pair.gateways.values():
            tap.ok(not home.sanitizer_findings(), f"no finding of a sanitizer in {home.name}")
        codes = [home.stop() for home in pair.gateways.values()]
        tap.ok(codes == [0, 0], f"both end in order: {codes}")
    line.close()


for run in (cut_everywhere, copies):
    with tempfile.TemporaryDirectory(prefix="gw400-") as folder, tap.case(f"{run.__name__}: the run ends"):
        run(folder)
tap.end()
