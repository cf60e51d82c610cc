#!/usr/bin/env python3
"""test_p1_wire.py - our P1 door and what real and independent peers bring to it (issue 2, point 3).

The exchange of 2005 is answered; the dialogue captured from a real MTA is accepted and its message delivered in each of
the three modes; wrong names and passwords are refused, on the wire as X.411 has it and in our log by their cause; p1peer.py gives and
takes several messages on one association with every kind of checkpointing.
"""
import pathlib
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import gateway  # noqa: E402
import p1_wire  # noqa: E402

P1PEER = gateway.ROOT / "tests/tools/p1peer.py"
CN, AC, RF, FN, DN, AB = 13, 14, 12, 9, 10, 25
tap = gateway.Tap()


def connect(port, connect_tsdu, request=b"\x06\xe0\x00\x00\x0d\xe0\x00"):
    wire = p1_wire.Wire(port)
    wire.send(request)
    confirm = wire.receive()
    if confirm is None or confirm[1] & 0xf0 != 0xd0:
        return wire, confirm, None
    wire.send_data(connect_tsdu)
    return wire, confirm, wire.receive_data()


def exchange_of_2005(folder):
    peer = p1_wire.peer_of("percival", folder / "land", ("guinevere.smhs.co.uk", "merlin"), ("percival.smhs.co.uk", "excalibur"))
    peer += p1_wire.peer_of("lancelot", folder / "land", ("guinevere.smhs.co.uk", "merlin"), ("lancelot.smhs.co.uk", "excalibur"),
                            inner='<network cidr="192.0.2.0/24"/>')
    land = gateway.Gateway("land", folder / "land", peers=peer, sink_port=gateway.free_port())
    land.start()
    try:
        hello = p1_wire.ping_block("CN")
        wire, confirm, accept = connect(land.p1_port, hello, p1_wire.ping_block("CR"))
        tap.ok(confirm is not None and confirm[1] == 0xd0 and confirm[2:4] == b"\x0d\xe0",
               "2005: CR with both selectors and no size is confirmed")
        tap.ok(confirm is not None and 0xc0 not in confirm[7:], "2005: a size that was not asked for is not told")
        tap.ok(accept is not None and accept[0] == AC, f"2005: CN is accepted: {accept.hex() if accept else None}")
        if accept:
            tap.ok(bytes.fromhex("a203020100") in accept, "2005: AARE says accepted")
            tap.ok(b"guinevere.smhs.co.uk" in accept and b"merlin" in accept, "2005: our name and password for this peer are told")
            tap.ok(bytes.fromhex("0b0f170d3035313030313134343835325a") in accept, "2005: the common reference comes back")
            tap.ok(accept.count(bytes.fromhex("81025101")) >= 2, "2005: both presentation contexts are accepted")
        wire.send_data(p1_wire.ping_block("FN"))
        answer = wire.receive_data()
        tap.ok(answer is not None and answer[0] == DN and bytes.fromhex("6303800100") in answer, "2005: FN is answered by DN with RLRE")
        wire.send(bytes.fromhex("06800002" + "0de080"))
        tap.ok(wire.receive() is None, "2005: after DR the connection ends")
        wire.close()
        for old, new, words in ((b"excalibur", b"excalibuR", "gave a wrong password"),
                                (b"percival.smhs", b"percivaX.smhs", "\"percivaX.smhs.co.uk\" is unknown"),
                                (b"percival.smhs", b"Percival.smhs", "differs in case"),
                                (b"percival.smhs", b"lancelot.smhs", "may not call from 127.0.0.1")):
            wire, _, answer = connect(land.p1_port, hello.replace(old, new))
            reason = p1_wire.parameters(answer).get(50) if answer and answer[0] == RF else None
            tap.ok(reason is not None and reason[0] == 2, f"2005, {words}: refused by REFUSE, reason 2")
            # CPR with AARE rejected-permanent, RTORJ with X.411's authentication-error in it, and nothing that tells more
            tap.ok(reason is not None and bytes.fromhex("a203020101") in reason and b"merlin" not in reason and
                   b"guinevere" not in reason, f"2005, {words}: authentication-error and no more on the wire")
            wire.close()
            with tap.case(f"2005, {words}: so the log says"):
                gateway.wait_for(lambda: words in land.log_text().replace('\\"', '"'), 10, f"the log says '{words}'")
        tap.ok("excalibu" not in land.log_text().lower(), "no password in the log")
        tap.ok(land.stop() == 0 and not land.sanitizer_findings(), f"a clean stop {land.sanitizer_findings()[:2]}")
    finally:
        land.kill()


# capture of a real initiator, mode, form of the passwords, its recipient's organisation, its subject
CAPTURES = (("p1-1988-normal.pcap", "1988-normal", "octets", "Beta", "msg 0 of 2"),
            ("p1-1988-x410.pcap", "1988-x410", "octets", "Beta88x", "msg 0 of 1"),
            ("p1-1984-x410.pcap", "1984", "ia5", "Beta84", "msg 0 of 1"))


def captured_dialogues(folder):
    for pcap, mode, *rest in CAPTURES:
        captured_dialogue(folder / mode, pcap, mode, *rest)


def captured_dialogue(folder, pcap, mode, form, organisation, subject):
    what, home = f"captured dialogue of {mode}", folder / "beta"
    home.mkdir(parents=True)
    (home / "or-to-domain").write_text(f"O${organisation}.PRMD$PPTEST.ADMD$ .C$GB#beta.example#\nO$Smtp.PRMD$PPTEST.ADMD$ .C$GB#smtp.example#\n")
    (home / "domain-to-or").write_text(f"beta.example#O${organisation}.PRMD$PPTEST.ADMD$ .C$GB#\nsmtp.example#O$Smtp.PRMD$PPTEST.ADMD$ .C$GB#\n")
    peers = p1_wire.peer_of("alpha", home, ("beta-mta", "betapw"), ("alpha-mta", "alphapw"),
                            attributes=f'mode="{mode}" local-password-form="{form}" checkpoint-size="1" window="3"')
    peers += ('\n  <table kind="or-to-domain" file="or-to-domain"/>\n  <table kind="domain-to-or" file="domain-to-or"/>')
    sink = gateway.Sink(folder / "beta.mail").start()
    beta = gateway.Gateway("beta", home, peers=peers, tables=False, sink_port=sink.port)
    beta.start()
    try:
        wire, answers, theirs = p1_wire.Wire(beta.p1_port), [], []
        ahead = None
        for from_client, tpdu in p1_wire.capture_tpdus(f"real-mta/{pcap}"):
            if from_client:
                wire.send(tpdu)
                continue
            answer, ahead = ahead or wire.receive(), None
            if tpdu[3:6] == b"\2\0\x32" and answer[3:6] == b"\2\0\x2a":  # MIA, and AEA at once: it confirms what is before it
                ahead = answer
                continue
            theirs.append(tpdu)
            answers.append(answer)
        tap.ok(all(answers), f"{what}: as many answers as the real responder gave: {len(answers)}")

        def kinds(tpdus):
            return [t[1] & 0xf0 if t[1] & 0xf0 != 0xf0 else t[3:3 + 3 + (t[3] == 2)].hex() for t in tpdus if t]
        same = [a == b for a, b in zip(kinds(answers)[2:6], kinds(theirs)[2:6])]
        tap.ok(all(same), f"{what}: MIA MIA AEA as theirs: {kinds(answers)}")
        tap.ok([a[3:] for a in answers[2:5]] == [t[3:] for t in theirs[2:5]], f"{what}: octet for octet")
        if mode != "1988-normal":  # nothing in it that the standard leaves open
            tap.ok(answers[1] is not None and answers[1][3:] == theirs[1][3:],
                   f"{what}: AC with PAccept and the bind's result, octet for octet: {answers[1].hex() if answers[1] else None}")
        tap.ok(answers[-1] is not None and answers[-1][3:] == theirs[-1][3:], f"{what}: the release as theirs")
        wire.close()
        with tap.case(f"{what}: its message is delivered"):
            gateway.wait_for(lambda: sink.mails(), 60, "the mail arrives")
        mail = sink.mails()[0].decode("utf-8", "replace") if sink.mails() else ""
        tap.ok(f"Subject: {subject}" in mail, f"{what}: with its subject: {re.findall('(?m)^Subject: .*$', mail)}")
        tap.ok("quick brown fox" in mail or "fox" in mail, f"{what}: with its text")
        tap.ok("sink@beta.example" in mail, f"{what}: to its recipient")
        tap.ok(beta.stop() == 0 and not beta.sanitizer_findings(), f"{what}: a clean stop {beta.sanitizer_findings()[:2]}")
    finally:
        beta.kill()
        sink.stop()


def make_apdus(pair, folder, count, size):
    """MTS-APDUs from sea to land, each a message of its own."""
    files = []
    for number in range(count):
        eml, apdu = folder / f"{number}.eml", folder / f"{number}.ber"
        eml.write_text(f"From: ann@sea.example\r\nTo: bob@land.example\r\nSubject: number {number}\r\nDate: Mon, 23 Nov 2026 "
                       f"18:00:00 +0000\r\nMessage-ID: <wire.{folder.name}.{number}@sea.example>\r\n\r\n" +
                       (f"{number}" * 70 + "\r\n") * (size // 72), newline="")
        pair.sea.cli("convert", eml, "--from", "ann@sea.example", "--to", "bob@land.example", "-o", apdu)
        files.append(apdu)
    return files


def from_p1peer(folder):
    pair = gateway.Pair(folder)
    pair.sea.write_config()
    pair.sinks["land"].start()
    pair.land.start()
    try:
        sent = 0
        # checkpoint size proposed, octets per RT-TRANSFER (0: the checkpoint size, or all at once), octets of text
        for check, chunk, size in ((0, 0, 3000), (1, 0, 9000), (1, 100, 2000), (63, 0, 200000), (4, 16384, 50000)):
            home = folder / f"apdus-{check}-{chunk}"
            home.mkdir()
            files = make_apdus(pair, home, 3, size)
            result = subprocess.run([sys.executable, P1PEER, "send", "127.0.0.1", str(pair.land.p1_port), *files, "--mta", "sea-mta",
                                     "--pw", "secret", "--check", str(check), "--chunk", str(chunk)], capture_output=True, text=True)
            sent += 3
            tap.ok(result.returncode == 0 and result.stdout.count("transferred") == 3,
                   f"p1peer.py sends 3 of {size} octets, checkpoint {check}, chunk {chunk}: {result.stderr[-300:]}")
        with tap.case(f"all {sent} of p1peer.py's messages arrive, none twice"):
            gateway.wait_for(lambda: len(pair.sinks["land"].mails()) >= sent, 90, "the mails arrive")
            time.sleep(1)
            subjects = [re.search(rb"(?im)^Message-ID: (.*?)\r?$", mail)[1] for mail in pair.sinks["land"].mails()]
            assert len(subjects) == sent and len(set(subjects)) == sent, subjects
        for arguments, words in ((["--mta", "sea-mta", "--pw", "wrong"], "gave a wrong password"),
                                 (["--mta", "nobody", "--pw", "secret"], "no peer has it")):
            before = pair.land.log_text().count(words)
            result = subprocess.run([sys.executable, P1PEER, "send", "127.0.0.1", str(pair.land.p1_port), files[0], *arguments],
                                    capture_output=True, text=True)
            tap.ok(result.returncode == 2 and "REFUSED" in result.stdout, f"p1peer.py with {words} is refused: {result.stdout.strip()[:200]}")
            tap.ok(pair.land.log_text().count(words) > before, f"the log says {words}")
        tap.ok(pair.land.stop() == 0 and not pair.land.sanitizer_findings(), f"a clean stop {pair.land.sanitizer_findings()[:2]}")
    finally:
        pair.land.kill()
        pair.sinks["land"].stop()


def to_p1peer(folder):
    port, out, home = gateway.free_port(), folder / "peer", folder / "sea"
    peers = gateway.peer_xml("land", port, "sea-mta", "peer-mta", home, attributes='associations="1" idle="2s" checkpoint-size="4"')
    peers += '\n  <route or="/PRMD=land/ADMD=demo/C=xx/" peer="land"/>'
    sea = gateway.Gateway("sea", home, peers=peers, sink_port=gateway.free_port())
    peer = subprocess.Popen([sys.executable, P1PEER, "serve", str(port), out, "--max", "5"], stdout=subprocess.PIPE, text=True)
    time.sleep(0.5)
    try:
        sea.start()
        sizes = (1000, 20000, 300000)
        for number, size in enumerate(sizes, 1):
            path = folder / f"{number}.eml"
            path.write_text(f"From: ann@sea.example\r\nTo: bob@land.example\r\nSubject: to the peer {number}\r\nDate: Mon, 23 Nov 2026 "
                            f"18:00:00 +0000\r\nMessage-ID: <to.{number}@sea.example>\r\n\r\n" + f"line of {number}\r\n" * (size // 11),
                            newline="")
            gateway.swaks(sea.smtp_port, "ann@sea.example", "bob@land.example", "--data", f"@{path}")
        with tap.case("p1peer.py is given three messages"):
            gateway.wait_for(lambda: (out / "3.ber").exists(), 60, "p1peer.py writes the third APDU")
            sea.wait_empty()
        found = set()
        for number in range(1, 4):
            shown = subprocess.run([gateway.BUILD / "gw400", "decode", out / f"{number}.ber"], capture_output=True, text=True,
                                   errors="replace")
            found |= set(re.findall(r"to the peer (\d)", shown.stdout)) if shown.returncode == 0 else set()
        tap.ok(found == {"1", "2", "3"}, f"gw400 decode reads them all: {sorted(found)}")
        gateway.wait_for(lambda: sea.ask("status")["associations"] == 0, 30, "the idle association is released")
        tap.ok(sea.stop() == 0 and not sea.sanitizer_findings(), f"a clean stop {sea.sanitizer_findings()[:2]}")
        peer.kill()
        said = peer.stdout.read()
        tap.ok("released" in said and "closed" not in said.split("released")[0], "one association, released in order")
    finally:
        sea.kill()
        peer.kill()


for leg in (exchange_of_2005, captured_dialogues, from_p1peer, to_p1peer):
    with tempfile.TemporaryDirectory(prefix="gw400-") as name:
        try:
            leg(pathlib.Path(name))
        except Exception as error:  # a leg that breaks off is a failed test, and the next leg still runs
            tap.ok(False, f"{leg.__name__}: {type(error).__name__}: {error}")
tap.end()
