#!/usr/bin/env python3
"""test_links.py - the gateway's associations with peers that do not behave, or are not there (issue 3).

Peers that never answer CR, stop reading in mid-activity, withhold confirmations, are slow, busy, or refuse a message for good; two
addresses of a peer; hours in which we call; half-open associations; turns and urgent messages; a transfer larger than its peer may
send. The other side is p1peer.py or a bare socket.
"""
import json
import pathlib
import re
import smtplib
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import gateway  # noqa: E402
import p1_wire  # noqa: E402
from p1_server import Server, SlowProxy  # noqa: E402

CN, AC, RF = 13, 14, 12
LIMITS = 'connect-limit="2s" answer-limit="3s"'
tap = gateway.Tap()


def sea(folder, ports, attributes="", *, queue="", **keywords):
    """A gateway whose peer "land" has these addresses."""
    home = folder / "sea"
    inner = "".join(f'<address at="127.0.0.1:{port}"/>' for port in ports)
    peers = gateway.peer_xml("land", None, "sea-mta", "land-mta", home, attributes=attributes, inner=inner)
    peers += '\n  <route or="/PRMD=land/ADMD=demo/C=xx/" peer="land"/>'
    return gateway.Gateway("sea", home, peers=peers, queue=queue, **keywords)


def mail(home, text="hello", octets=0, headers=()):
    path = home.folder / f"mail.{time.monotonic_ns()}"
    lines = [f"From: ann@sea.example\nTo: bob@land.example\nSubject: {text}\nDate: Mon, 23 Nov 2026 18:00:00 +0000\n", *headers]
    body = ("x" * 72 + "\n") * (octets // 73 + 1)
    path.write_text("".join(line if line.endswith("\n") else line + "\n" for line in lines) + "\n" + body)
    gateway.swaks(home.smtp_port, "ann@sea.example", "bob@land.example", "--data", f"@{path}")
    path.unlink()


def load(home, recipient, count, lines=14):
    text = "From: ann@sea.example\r\nTo: bob@land.example\r\nSubject: load\r\n\r\n" + ("x" * 70 + "\r\n") * lines
    with smtplib.SMTP("127.0.0.1", home.smtp_port, "client.example", timeout=30) as client:
        for _ in range(count):
            client.sendmail("ann@sea.example", [recipient], text)


def arrives(server, seconds, what, count=1):
    gateway.wait_for(lambda: len(server.arrived) >= count, seconds, what)


def run(name):
    """A case with a folder of its own; its gateways are killed at its end."""
    def decorate(function):
        with tempfile.TemporaryDirectory(prefix="gw400-") as folder, tap.case(name):
            started = []
            try:
                function(pathlib.Path(folder), started)
                for home in started:
                    assert home.stop() == 0, home.log_text()[-2000:]
                    assert not home.sanitizer_findings(), home.sanitizer_findings()[:3]
            except Exception:
                for home in started:
                    print("# " + home.log_text()[-3000:].replace("\n", "\n# "), flush=True)
                raise
            finally:
                for home in started:
                    home.kill()
        return function
    return decorate


# --- peers that do not answer: what they are, how large a message shows it, what the log says -----------------------------------

BAD = [
    ("never answers CR", "no-cc", 0, "did not answer \\(CC\\)"),
    ("stops reading in mid-activity", "stop-reading:200000", 8 << 20, "took nothing of the transfer"),
    ("withholds MIA with the window full", "withhold-mia:1", 4 << 20, "took nothing of the transfer"),
    ("never confirms the activity's end", "withhold-aea", 0, "took nothing of the transfer"),
]

for what, fault, size, words in BAD:
    @run(f"a peer that {what}: the message goes to its next address")
    def _(folder, started, fault=fault, size=size, words=words):
        with Server(fault=[fault], checkpoint=4, window=2) as bad, Server() as good:
            home = sea(folder, [bad.port, good.port], LIMITS + ' size-max="64M"')
            started.append(home.start())
            mail(home, octets=size)
            arrives(good, 30, "the message at the second address")
            home.wait_empty(20)
            assert len(good.arrived) == 1, len(good.arrived)
            assert f"address 127.0.0.1:{bad.port} is not called until" in home.cli("peer", "list").stdout
            assert bad.calls, "the first address was called first"
            assert re.search(words, home.log_text()), words
            mail(home)
            began = time.monotonic()
            arrives(good, 2, "the next message goes to the address that works, at once", 2)
            assert not [call for call in bad.calls if call > began], "an address that failed rests"


@run("a transfer that takes longer than its limit is discarded, and the message goes to the next address")
def _(folder, started):
    with Server() as slow, Server() as good, SlowProxy(slow.port, 200000) as proxy:
        home = sea(folder, [proxy.port, good.port], LIMITS + ' transfer-limit-normal="3s" checkpoint-size="16"')
        started.append(home.start())
        mail(home, octets=4 << 20)
        arrives(good, 30, "the message at the second address")
        home.wait_empty(20)
        assert not slow.arrived and "took longer than 3 s" in home.log_text()


@run("a peer that refuses a transfer by an exception: the message is tried again, the association stays for others")
def _(folder, started):
    with Server(fault=["exception:1"], exception="unrecoverable procedure error") as bad:
        home = sea(folder, [bad.port], LIMITS + ' checkpoint-size="16"')
        started.append(home.start())
        mail(home, octets=200000)
        mail(home)
        arrives(bad, 20, "both", 2)
        home.wait_empty(10)
        assert len(bad.calls) <= 2 and "unreachable" not in home.log_text(), bad.calls


@run("a busy peer is left alone for growing pauses, and has its message when it is free")
def _(folder, started):
    with Server(refuse="bind:0") as busy:
        home = sea(folder, [busy.port], LIMITS, queue='retry-first="1s" retry-max="60s"')
        started.append(home.start())
        for number in range(20):
            mail(home, f"number {number}")
        time.sleep(9)
        pauses = [b - a for a, b in zip(busy.calls, busy.calls[1:])]
        assert 2 <= len(busy.calls) <= 6, busy.calls
        assert pauses[-1] > 1.5 * pauses[0], pauses
        peers = json.loads(home.cli("peer", "list", "--json").stdout)
        assert "busy" in peers[0]["last-error"], peers
        busy.told["refuse"] = ""
        arrives(busy, 30, "all messages", 20)
        home.wait_empty(10)


@run("a peer that is busy for more than two associations: these go on, and it is not called for ever")
def _(folder, started):
    with Server(most=2) as full, SlowProxy(full.port, 100000) as line:
        home = sea(folder, [line.port], 'associations="4" window="2"')
        started.append(home.start())
        load(home, "bob@land.example", 12, lines=850)
        arrives(full, 60, "all messages", 12)
        home.wait_empty(10)
        assert "busy" in home.log_text() and "unreachable" not in home.log_text()
        assert 3 <= len(full.calls) <= 12, len(full.calls)


@run("IPv6 and IPv4 addresses by preference, called from the local source address")
def _(folder, started):
    try:
        six = Server(host="::1")
    except OSError:
        return  # this host has no IPv6
    with six, Server() as four:
        home = sea(folder, [], 'idle="1s"')
        home.settings["peers"] = home.settings["peers"].replace(
            "</peer>", f'<address at="127.0.0.1:{four.port}" preference="20"/><address at="[::1]:{six.port}" preference="10"/></peer>')
        started.append(home.start())
        mail(home)
        arrives(six, 10, "the message at the IPv6 address, which is preferred")
        home.config.write_text(home.config.read_text().replace('<peer name="land"', '<peer name="land" local-source="127.0.0.9"'))
        home.cli("reload")
        gateway.wait_for(lambda: not json.loads(home.cli("peer", "list", "--json").stdout)[0]["associations"], 20, "the association is released")
        mail(home)
        arrives(four, 10, "the message at the IPv4 address: the source address is of IPv4")
        assert four.callers == ["127.0.0.9"], four.callers


@run("a peer that takes TCP and never shakes hands for TLS")
def _(folder, started):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        home = sea(folder, [mute.getsockname()[1]], LIMITS + ' tls="yes"')
        started.append(home.start())
        mail(home)
        gateway.wait_for(lambda: "handshake did not come to its end" in home.log_text(), 10, "the log says why")
        gateway.wait_for(lambda: "TLS" in home.cli("peer", "list").stdout, 10, "so does peer list")


@run("peers that are slow or do not answer, with a backlog larger than active-max: another peer's messages pass at once")
def _(folder, started):
    with Server() as slow, SlowProxy(slow.port, 4000) as line, Server(mta=b"mute", fault=["no-cc"]) as mute, \
            Server(mta=b"good") as good:
        home = sea(folder, [line.port], 'associations="2"', queue='active-max="100"')
        for name, server in (("mute", mute), ("good", good)):
            home.settings["peers"] += gateway.peer_xml(name, server.port, "sea-mta", name, folder / "sea")
            home.settings["peers"] += f'<route or="/PRMD={name}/ADMD=demo/C=xx/" peer="{name}"/>'
        started.append(home.start())
        load(home, "bob@land.example", 300)
        load(home, '"/S=bob/PRMD=mute/ADMD=demo/C=xx/"@gw.sea.example', 200)
        load(home, '"/S=bob/PRMD=good/ADMD=demo/C=xx/"@gw.sea.example', 20)
        arrives(good, 20, "all for the good peer", 20)
        assert len(slow.arrived) < 200, f"the slow one's backlog is still there: {len(slow.arrived)} of 300 have arrived"


@run("a line that breaks in every transfer: the message goes to the next address")
def _(folder, started):
    with Server(fault=["cut-received:20000"]) as bad, Server() as good:
        home = sea(folder, [bad.port, good.port], LIMITS + ' checkpoint-size="4"')
        started.append(home.start())
        mail(home, octets=200000)
        arrives(good, 20, "the message at the second address")
        assert len(bad.calls) <= 2, bad.calls  # the transfer, and the try to resume it


# --- half-open associations -------------------------------------------------------------------------------------------------------

def bound(port):
    """A bare socket with an association of percival's, or the answer that refused it."""
    wire = p1_wire.Wire(port)
    wire.send(p1_wire.ping_block("CR"))
    assert wire.receive()[1] == 0xd0
    wire.send_data(p1_wire.ping_block("CN"))
    return wire, wire.receive_data()


def guinevere(folder, attributes):
    peers = p1_wire.peer_of("percival", folder / "land", ("guinevere.smhs.co.uk", "merlin"), ("percival.smhs.co.uk", "excalibur"),
                            attributes=attributes)
    return gateway.Gateway("land", folder / "land", peers=peers, sink_port=gateway.free_port())


@run("associations whose other end is gone make place for new ones of the same peer")
def _(folder, started):
    home = guinevere(folder, 'associations="1" urgent-associations="0"')
    started.append(home.start())
    held = [bound(home.p1_port) for _ in range(2)]
    assert all(answer[0] == AC for _, answer in held)
    assert bound(home.p1_port)[1][0] == RF, "both are fresh: a third is refused"
    assert "busy: peer percival already holds 2" in home.log_text()
    time.sleep(10.5)
    wire, answer = bound(home.p1_port)
    assert answer[0] == AC, "after ten silent seconds the oldest makes place"
    assert "half-open" in home.log_text()
    assert held[0][0].receive_data()[0] == 25, "the displaced one is aborted"
    links = json.loads(home.cli("peer", "list", "--json").stdout)[0]["associations"]
    assert sum(link["bound"] for link in links) == 2, links


@run("an association of the peer's that is not used is ended")
def _(folder, started):
    home = guinevere(folder, 'remote-idle="2s"')
    started.append(home.start())
    wire, answer = bound(home.p1_port)
    assert answer[0] == AC
    time.sleep(1)
    assert len(json.loads(home.cli("peer", "list", "--json").stdout)[0]["associations"]) == 1
    assert wire.receive_data()[0] == 25, "ABORT: a responder may not release"
    wire.close()
    gateway.wait_for(lambda: not json.loads(home.cli("peer", "list", "--json").stdout)[0]["associations"], 10, "it is gone")


# --- turns, urgent messages, hours ----------------------------------------------------------------------------------------------

def p1peer(*arguments):
    return subprocess.Popen([sys.executable, gateway.ROOT / "tests/tools/p1peer.py", *map(str, arguments)], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)


for word, number in (("urgent", 1), ("normal", 2), ("non-urgent", 3)):
    @run(f"two-way-alternate: the turn is asked for with the priority of what waits: {word}")
    def _(folder, started, word=word, number=number):
        home = sea(folder, [])
        started.append(home.start())
        mail(home, headers=[f"Priority: {word}"])
        gateway.wait_for(lambda: "must call us" in home.cli("peer", "list").stdout, 10, "peer list says what it waits for")
        caller = p1peer("send", "127.0.0.1", home.p1_port, "--mta", "land-mta", "--dialogue", "two-way", "--expect", "1", "--out",
                        folder / "out", "--patience", "10")
        said, _ = caller.communicate(timeout=20)
        assert caller.returncode == 0 and (folder / "out/1.ber").exists(), said
        assert f"TURN PLEASE {number}" in said, said
        home.wait_empty(10)
        assert not re.search(r"deferred", home.log_text()), "waiting for a call is no failed attempt"


@run("two-way-alternate: a peer that asks with less waits, one that asks with more has the turn between our messages")
def _(folder, started):
    other = gateway.Gateway("land", folder / "other", peers=gateway.peer_xml("sea", 1, "land-mta", "sea-mta", folder / "other") +
                            '<route or="/PRMD=sea/ADMD=demo/C=xx/" peer="sea"/>')
    other.write_config()
    (folder / "mail.eml").write_text("From: bob@land.example\nTo: ann@sea.example\nSubject: back\n\nhello\n")
    other.cli("convert", folder / "mail.eml", "--from", "bob@land.example", "--to", "ann@sea.example", "-o", folder / "back.ber")
    for priority, behind in ((3, True), (1, False)):
        sink = gateway.Sink(folder / f"mail{priority}").start()
        with Server(back=[folder / "back.ber"], priority=priority) as peer:
            hours = f'schedule="daily {(time.gmtime().tm_hour + 3) % 24:02}:00-{(time.gmtime().tm_hour + 4) % 24:02}:00"'
            home = sea(folder / str(priority), [peer.port], f'dialogue="two-way-alternate" associations="1" {hours}', sink_port=sink.port)
            started.append(home.start())
            try:
                for count in range(30):
                    mail(home, f"number {count}")
                home.config.write_text(home.config.read_text().replace(hours, ""))
                home.cli("reload")
                gateway.wait_for(sink.mails, 30, "the peer's message comes back")
                home.wait_empty(20)
                assert len(peer.calls) == 1 and len(peer.arrived) == 30, (len(peer.calls), len(peer.arrived))
                turn = peer.words.index("turn taken")
                before = sum(word.startswith("MTS-APDU") or word.startswith("ACTIVITY START") for word in peer.words[:turn])
                assert (before == 30) if behind else (before < 30), (priority, before, peer.words)
            finally:
                sink.stop()


@run("an urgent message leaves on an association of its own while a large normal one is under way")
def _(folder, started):
    with Server() as good, SlowProxy(good.port, 400000) as proxy:
        home = sea(folder, [proxy.port], 'associations="1" urgent-associations="1" window="2"')
        started.append(home.start())
        mail(home, octets=6 << 20)
        gateway.wait_for(lambda: good.calls, 10, "the large one is under way")
        for number in range(40):
            mail(home, f"number {number}")
        time.sleep(1)
        mail(home, "urgent", headers=["Priority: urgent"])
        sent = time.monotonic()
        arrives(good, 10, "the urgent one")
        assert good.arrived[0][0] - sent < 3, good.arrived[0][0] - sent
        assert len(good.arrived[0][1]) < 10000 and len(good.calls) == 2, len(good.calls)
        associations = json.loads(home.cli("peer", "list", "--json").stdout)[0]["associations"]
        assert sorted(item["for"] for item in associations) == ["all", "urgent"], associations
        large = [item for item in associations if item["for"] == "all"][0]
        assert large["mode"] == "1988-normal" and large["window"] == 2 and large["dialogue"] == "monologue", large
        activity = large["activity"]
        assert activity["direction"] == "out" and activity["priority"] == "normal" and activity["of"] > 6 << 20, activity
        assert 0 < activity["octets"] < activity["of"], activity
        shown = home.cli("peer", "list").stdout
        assert f"sending {activity['message']} (normal)" in shown and "for urgent messages" in shown, shown
        arrives(good, 60, "the others follow", 42)


@run("outside of its hours a peer is not called, and no attempt is counted; a reload opens them")
def _(folder, started):
    with Server() as good:
        hours = f'schedule="daily {(time.gmtime().tm_hour + 3) % 24:02}:00-{(time.gmtime().tm_hour + 4) % 24:02}:00"'
        home = sea(folder, [good.port], hours)
        started.append(home.start())
        mail(home)
        gateway.wait_for(lambda: "hours" in home.cli("peer", "list").stdout, 10, "peer list says why nothing goes")
        assert not good.calls and "deferred" not in home.log_text()
        home.config.write_text(home.config.read_text().replace(hours, ""))
        home.cli("reload")
        arrives(good, 10, "the message, after the hours were taken away")


@run("a transfer larger than its peer may send: confirmed, its end swallowed, content-too-long reported; the next is delivered")
def _(folder, started):
    other = gateway.Gateway("land", folder / "other", peers=gateway.peer_xml("sea", 1, "land-mta", "sea-mta", folder / "other") +
                            '<route or="/PRMD=sea/ADMD=demo/C=xx/" peer="sea"/>')
    other.write_config()
    for name, size in (("large", 400000), ("small", 100)):
        (folder / f"{name}.eml").write_text(f"From: bob@land.example\nTo: ann@sea.example\nSubject: {name}\n\n" +
                                            ("y" * 70 + "\n") * (size // 71 + 1))
        other.cli("convert", folder / f"{name}.eml", "--from", "bob@land.example", "--to", "ann@sea.example", "-o",
                  folder / f"{name}.ber")
    sink = gateway.Sink(folder / "mail").start()
    with Server() as good:
        try:
            home = sea(folder, [good.port], 'size-max="100K"', sink_port=sink.port)
            started.append(home.start())
            caller = p1peer("send", "127.0.0.1", home.p1_port, folder / "large.ber", folder / "small.ber", "--mta", "land-mta",
                            "--patience", "20")
            said = caller.communicate(timeout=30)[0]
            assert caller.returncode == 0 and said.count("transferred") == 2, said
            gateway.wait_for(sink.mails, 10, "the small one is delivered")
            arrives(good, 10, "the report")
            home.wait_empty(10)
            assert len(sink.mails()) == 1 and b"Subject: small" in sink.mails()[0]
            (folder / "report.ber").write_bytes(good.arrived[0][1])
            report = subprocess.run([gateway.BUILD / "gw400", "decode", folder / "report.ber"], capture_output=True, text=True).stdout
            assert "unable-to-transfer" in report and "content-too-long" in report, report
        finally:
            sink.stop()


tap.end()
