#!/usr/bin/env python3
"""test_times.py - what an envelope asks of time and of other recipients: deferred and latest delivery, lifetimes by priority, alternate
recipients; and how the recipients of one message part over next hops.

The gateway mid lies between the peers west, east and south (p1peer.py), a mail server that takes all, and one that takes nothing.
"""
import datetime
import json
import pathlib
import smtplib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import gateway  # noqa: E402
from x400 import Asked, Peer, ber, fields, gdi, message, mts_id, name, recipient, tlv  # noqa: E402

CONTENT = tlv(0x04, tlv(0xa0, tlv(0x31, tlv(0x6b, tlv(0x13, b"ipm-1"))), tlv(0x30, tlv(0xa0, tlv(0x31), tlv(0x16, b"hello")))))
tap = gateway.Tap()


def at(seconds):
    """That many seconds from now, whole."""
    return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) + datetime.timedelta(seconds=seconds)


def utc_time(moment, zone="Z"):
    return moment.strftime("%y%m%d%H%M%S").encode() + zone.encode()


def latest(moment):
    return tlv(0x30, tlv(0x80, b"\5"), tlv(0x81, b"\5\x20"), tlv(0xa2, tlv(0x17, utc_time(moment))))


def alternate(who):
    return tlv(0xa3, tlv(0x30, tlv(0x80, b"\2"), tlv(0x81, b"\7\x80"), tlv(0xa2, who)))


def user(address):
    """An Internet mailbox as recipient in X.400."""
    return name(b"mid", b"gateway", dda=address.replace("@", "(a)").encode())


class Net:
    def __init__(self, folder):
        self.west, self.east, self.south = (Peer(each, folder) for each in ("west", "east", "south"))
        self.sink = gateway.Sink(folder / "mail").start()
        self.refuser = Asked()
        home = folder / "mid"
        honour = {"west": 'deferred-delivery="honour"'}
        peers = "".join(gateway.peer_xml(peer.name, peer.port, "mid-mta", f"{peer.name}-mta", home, attributes=honour.get(peer.name, ""))
                        for peer in (self.west, self.east, self.south))
        peers += gateway.peer_xml("down", gateway.free_port(), "mid-mta", "down-mta", home)
        self.lame = Peer("lame", folder)
        peers += gateway.peer_xml("lame", self.lame.port, "mid-mta", "lame-mta", home)
        peers += "".join(f'<route or="/PRMD={each}/ADMD=demo/C=xx/" peer="{each}"/>' for each in ("west", "east", "south", "down"))
        peers += '<route or="/PRMD=twice/ADMD=demo/C=xx/" peer="lame"><fallback peer="down"/><fallback peer="south"/></route>'
        peers += f'<route domain="refuse.example" smarthost="127.0.0.1" port="{self.refuser.port}"/>'
        peers += '<alias country="xx" admd="0" of="demo"/>'
        queue = ('retry-first="1s" retry-max="1s" lifetime="24h" lifetime-urgent="4h" lifetime-non-urgent="36h" deferral-max="1h" fallback-after="3s"')
        self.middle = gateway.Gateway("mid", home, peers=peers, sink_port=self.sink.port, queue=queue, tables=False)
        self.middle.start()
        for peer in (self.west, self.east, self.south):
            peer.start()
        self.mails = 0

    def mail(self, recipients, identifier, *header):
        lines = ["From: ann@example.org", f"Message-ID: <{identifier}@example.org>", "Date: Mon, 23 Nov 2026 18:00:00 +0000",
                 "Subject: times", *header, "", "x", ""]
        with smtplib.SMTP("127.0.0.1", self.middle.smtp_port, "client.example", timeout=60) as client:
            client.sendmail("ann@example.org", [f'"{each}"@gw.mid.example' for each in recipients], "\r\n".join(lines).encode())

    def message(self, local, *recipients, peer=None, **settings):
        settings.setdefault("extensions", ())
        (peer or self.west).send(self.middle.p1_port, message(local, CONTENT, *recipients, **settings))

    def next_mail(self, seconds=60):
        self.mails += 1
        return gateway.wait_for(lambda: len(self.sink.mails()) >= self.mails and self.sink.mails()[self.mails - 1], seconds,
                                f"mail {self.mails}")

    def events(self, identifier):
        found = self.middle.cli("audit", "show", identifier, check=False)
        return found.stdout

    def stop(self):
        code = self.middle.stop()
        return code, self.middle.sanitizer_findings()

    def clear(self):
        self.middle.kill()
        for part in (self.west, self.east, self.south, self.lame, self.sink, self.refuser):
            part.stop()


def user_of(prmd, surname="lee"):
    return f"/S={surname}/PRMD={prmd}/ADMD=demo/C=xx/"


def header(moment):
    return moment.strftime("%a, %d %b %Y %H:%M:%S +0000")


def envelope_of(apdu):
    return fields(ber.find(apdu, 0xa0, 0x31))


# --- deferred delivery ---

def deferred_here(net):
    until = at(6)
    net.mail([user_of("east")], "deferred", f"Deferred-Delivery: {header(until)}")
    with tap.case("deferred: what is submitted here with Deferred-Delivery waits here"):
        gateway.wait_for(lambda: "routed" in net.events("<deferred@example.org>"), 20, "it is routed")
        time.sleep(2)
        assert not net.east.received() and at(0) < until
        got = net.east.wait(1)
        assert at(0) >= until, "it left before its time"
    with tap.case("deferred: the trace tells until when"):
        envelope = envelope_of(got)
        assert envelope[0x80] == tlv(0x80, utc_time(until, "+0000")), envelope[0x80]
        assert utc_time(until, "+0000") in envelope[0x69], "deferred-time"


def deferred_by_peers(net):
    count = len(net.east.received())
    until = at(6)
    net.message(b"d-1", recipient(name(b"east", b"held"), 1, 0xa8), more=tlv(0x80, utc_time(until)))
    net.message(b"d-2", recipient(name(b"east", b"passed"), 1, 0xa8), peer=net.south, more=tlv(0x80, utc_time(until)))
    with tap.case("deferred: what a peer of deferred-delivery=pass sends goes on at once, with its time"):
        first = net.east.wait(count + 1)
        assert at(0) < until and b"passed" in first and envelope_of(first)[0x80] == tlv(0x80, utc_time(until))
        assert utc_time(until, "") not in envelope_of(first)[0x69]
    with tap.case("deferred: what a peer of deferred-delivery=honour sends is held here"):
        second = net.east.wait(count + 2)
        assert at(0) >= until and b"held" in second
        assert utc_time(until, "") in envelope_of(second)[0x69]


def deferred_too_long(net):
    net.mail([user_of("east")], "too-long", f"Deferred-Delivery: {header(at(7200))}")
    with tap.case("deferred: further ahead than deferral-max is reported at once"):
        told = net.next_mail()
        assert b"further ahead" in told and b"Action: failed" in told


# --- latest delivery, lifetimes ---

def latest_of_mail(net):
    limit = at(5)
    net.mail([user_of("down")], "latest", f"Latest-Delivery-Time: {header(limit)}")
    with tap.case("latest: what cannot be delivered in time is reported as expired"):
        told = net.next_mail(90)
        assert at(0) >= limit and b"latest delivery time" in told and b"Status: 5.4.7" in told, told[-1500:]
    net.mail([user_of("east")], "late", f"Latest-Delivery-Time: {header(at(-60))}")
    with tap.case("latest: what comes too late is not even tried"):
        count = len(net.east.received())
        told = net.next_mail()
        assert b"latest delivery time has passed" in told and len(net.east.received()) == count


def latest_of_x400(net):
    count = len(net.west.received())
    net.message(b"l-1", recipient(name(b"east", b"lee"), 1, 0xa8), extensions=(latest(at(-60)),))
    with tap.case("latest: the report to X.400 says unable-to-transfer, maximum-time-expired"):
        about = ber.find(net.west.wait(count + 1), 0xa1)
        content = ber.elements(about)[1][1]
        assert mts_id(b"west", b"l-1") in content
        failed = ber.find(content, 0xa0, 0x31, 0xa3, 0xa1, 0xa1)
        assert (ber.find(failed, 0x80), ber.find(failed, 0x81)) == (b"\1", b"\5"), failed.hex()


def lifetimes(net):
    def shown(identifier):
        def routed():
            items = [item for item in net.middle.queue() if item["id"] == identifier_of[identifier]]
            return items and items[0]["state"] == "routed" and items[0]
        identifier_of[identifier] = gateway.wait_for(lambda: known(identifier), 20, identifier)
        return gateway.wait_for(routed, 20, f"{identifier} is routed")

    def known(identifier):
        found = net.middle.cli("queue", "--json", "show", f"<{identifier}@example.org>", check=False)
        return found.returncode == 0 and json.loads(found.stdout)["id"]

    def hours(item):
        seconds = [datetime.datetime.fromisoformat(item[key].replace("Z", "+00:00")).timestamp() for key in ("received", "expires")]
        return (seconds[1] - seconds[0]) / 3600

    identifier_of = {}
    for priority, life in (("urgent", 4), ("normal", 24), ("non-urgent", 36)):
        net.mail([user_of("down")], f"life-{priority}", f"Priority: {priority}")
        with tap.case(f"lifetime: {priority} lives {life} hours"):
            assert hours(shown(f"life-{priority}")) == life, hours(shown(f"life-{priority}"))
    net.mail([user_of("down")], "life-deferred", "Priority: urgent", f"Deferred-Delivery: {header(at(3000))}")
    with tap.case("lifetime: of a deferred message it begins at the release"):
        assert abs(hours(shown("life-deferred")) - 4 - 3000 / 3600) < 0.01, hours(shown("life-deferred"))


# --- alternate recipients ---

def redirected(net):
    count, reports = len(net.east.received()), len(net.west.received())
    lee = name(b"nowhere", b"lee")
    net.message(b"a-1", recipient(lee, 1, 0xa8, alternate(name(b"east", b"deputy"))))
    with tap.case("alternate: a recipient without a route: the message goes to the alternate"):
        got = net.east.wait(count + 1)
        each = dict(ber.elements(ber.find(got, 0xa0, 0x31, 0xa2, 0x31)))
        assert tlv(0x60, each[0x60]) == ber.canonical(name(b"east", b"deputy")), each[0x60].hex()
    with tap.case("alternate: the redirection history names who was meant, the reason is the originator's request"):
        history = ber.find(each[0xa3], 0x30, 0xa2, 0x30, 0x30)
        assert ber.canonical(lee) in history and tlv(0x0a, b"\1") in history, each[0xa3].hex()
    with tap.case("alternate: the trace says redirected"):
        own = ber.elements(ber.read(envelope_of(got)[0x69])[1])[-1]
        assert gdi(b"mid") in own[1] and (0x83, b"\x07\x80") in ber.elements(ber.find(own[1], 0x31)), own[1].hex()
    net.message(b"a-2", recipient(user("nobody@refuse.example"), 1, 0xa8, alternate(name(b"east", b"second"))))
    with tap.case("alternate: a mail server says no: the message goes to the alternate"):
        assert b"second" in net.east.wait(count + 2)
    net.message(b"a-3", recipient(name(b"nowhere", b"lee"), 1, 0xa8, alternate(user("carla@example.org"))))
    with tap.case("alternate: one in the Internet gets mail that says so"):
        mail = net.next_mail()
        assert b"carla@example.org" in mail and b"Redirected on" in mail.replace(b"\n ", b" "), mail
    tap.ok(len(net.west.received()) == reports, "alternate: the originator got no report of all this")
    net.message(b"a-4", recipient(lee, 1, 0xa8, alternate(user("nobody@refuse.example"))))
    with tap.case("alternate: when it fails too, one report tells of both"):
        told = net.west.wait(reports + 1)
        content = ber.elements(ber.find(told, 0xa1))[1][1]
        about = dict(ber.elements(ber.find(content, 0xa0, 0x31)))
        assert b"nobody(a)refuse.example" in about[0xa0] and b"lee" in about[0xa4], content.hex()
    with tap.case("alternate: the audit log shows the redirection"):
        gateway.wait_for(lambda: "redirected" in net.events("[/PRMD=west/ADMD=demo/C=xx/;a-4]"), 20, "redirected")


# --- a route's further peers ---

def fallback(net):
    count = len(net.south.received())
    for number in range(1, 6):
        net.message(b"f-%d" % number, recipient(name(b"twice", b"lee"), 1, 0xa8))
    with tap.case("fallback: two peers are out of reach for a time: what waits goes to the third"):
        net.south.wait(count + 5)
        assert all(any(b"f-%d" % number in apdu for apdu in net.south.received()[count:]) for number in range(1, 6))
    with tap.case("fallback: the audit log tells the way"):
        shown = net.events("[/PRMD=west/ADMD=demo/C=xx/;f-1]")
        assert "rerouted" in shown and "hop=p1:lame" in shown and "next=p1:south" in shown, shown
    net.lame.start()
    with tap.case("fallback: the first peer is used again once it is back"):
        def back():
            back.tries += 1
            net.message(b"g-%d" % back.tries, recipient(name(b"twice", b"lee"), 1, 0xa8))
            time.sleep(1)
            return net.lame.received()
        back.tries = 0
        gateway.wait_for(back, 60, "the first peer has a message")


# --- one message, several next hops ---

def parted(net):
    counts = len(net.east.received()), len(net.south.received())
    net.message(b"s-1", recipient(name(b"east", b"e-one"), 1, 0xa8), recipient(name(b"south", b"s-one"), 2, 0xa8),
                recipient(user("bob@example.org"), 3, 0xa8), recipient(name(b"east", b"e-two"), 4, 0xa8),
                recipient(name(b"south", b"other"), 5, 0x28))
    with tap.case("split: one copy to each next hop"):
        east, south, mail = net.east.wait(counts[0] + 1), net.south.wait(counts[1] + 1), net.next_mail()
        assert b"bob@example.org" in mail
        time.sleep(1)
        assert (len(net.east.received()), len(net.south.received())) == (counts[0] + 1, counts[1] + 1)
    with tap.case("split: each copy has all recipients, and the responsibility for those of its hop"):
        for apdu, mine in ((east, {1, 4}), (south, {2})):
            bits = {}
            for _, inner in ber.elements(ber.find(apdu, 0xa0, 0x31, 0xa2)):
                bits[ber.find(inner, 0x80)[0]] = bool(ber.find(inner, 0x81)[1] & 0x80)
            assert bits == {number: number in mine for number in range(1, 6)}, bits
    with tap.case("route: an alias makes ADMD 0 the carrier's; the address goes on as it came"):
        other = tlv(0x60, tlv(0x30, tlv(0x61, tlv(0x13, b"xx")), tlv(0x62, tlv(0x12, b"0")), tlv(0xa2, tlv(0x13, b"EAST")),
                              tlv(0xa5, tlv(0x80, b"zero"))))
        net.message(b"r-1", recipient(other, 1, 0xa8))
        assert ber.canonical(other) in net.east.wait(counts[0] + 2)


def main():
    with tempfile.TemporaryDirectory(prefix="gw400-times-") as folder:
        net = Net(pathlib.Path(folder))
        try:
            for check in (deferred_here, deferred_by_peers, deferred_too_long, latest_of_mail, latest_of_x400, redirected, parted, fallback,
                          lifetimes):
                try:
                    check(net)
                except Exception as error:  # a check that breaks off is a failed test, and the next still runs
                    tap.ok(False, f"{check.__name__}: {type(error).__name__}: {error}")
            code, findings = net.stop()
            tap.ok(code == 0 and not findings, f"a clean stop {findings[:2]}")
            if tap.failures:
                print(net.middle.log_text()[-6000:], file=sys.stderr)
        finally:
            net.clear()
    tap.end()


main()
