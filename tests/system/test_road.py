#!/usr/bin/env python3
"""test_road.py - the road of issue 2: SMTP -> P1 -> SMTP through two gateways, and legs that begin and end at p1peer.py."""
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import gateway  # noqa: E402
import mails  # noqa: E402

TOOLS = gateway.ROOT / "tests/tools"
tap = gateway.Tap()


def send(port, sender, recipients, data, folder):
    path = pathlib.Path(folder) / "out.eml"
    path.write_bytes(data)
    gateway.swaks(port, sender, ",".join(recipients), "--data", f"@{path}")


def tshark_text(pcap, port):
    return subprocess.run(["tshark", "-r", pcap, "-o", "tcp.desegment_tcp_streams:TRUE", "-o", "tpkt.desegment:TRUE", "-o",
                           "cotp.reassemble:TRUE", "-o", "rtse.reassemble:TRUE", "-o", "ses.desegment:TRUE", "-d",
                           f"tcp.port=={port},tpkt", "-V"], capture_output=True, text=True, errors="replace").stdout


def two_gateways(folder):
    with gateway.Pair(folder) as pair:
        pcap = pathlib.Path(folder) / "road.pcap"
        capture = subprocess.Popen(["tcpdump", "-i", "lo", "-U", "-w", pcap, f"tcp port {pair.land.p1_port}"],
                                   stderr=subprocess.PIPE, text=True)
        capture.stderr.readline()
        original = mails.multipart()
        send(pair.sea.smtp_port, "joerg@sea.example", ["bob@land.example", "carla@land.example"], original, folder)
        with tap.case("a 20 KB multipart crosses SMTP -> P1 -> SMTP"):
            gateway.wait_for(lambda: pair.sinks["land"].mails(), 60, "the mail arrives")
            pair.sea.wait_empty()
            pair.land.wait_empty()
        if not pair.sinks["land"].mails():
            print(pair.sea.log_text()[-3000:], pair.land.log_text()[-3000:], file=sys.stderr)
            return
        sent, got = mails.parse(original), mails.parse(pair.sinks["land"].mails()[0])
        for field in ("Subject", "Message-ID", "Date"):
            tap.ok(str(sent[field]) == str(got[field]), f"{field} is the same: {got[field]}")
        for field in ("From", "To", "Cc"):
            tap.ok(mails.addresses(sent[field]) == mails.addresses(got[field]), f"{field} is the same: {got[field]}")
        tap.ok(mails.text_of(sent) == mails.text_of(got), "the text with its umlauts is the same")
        a, b = mails.parts(sent)[1:], mails.parts(got)[1:]
        tap.ok([p[:2] for p in a] == [p[:2] for p in b], f"types and file names are the same: {[p[:2] for p in b]}")
        tap.ok(len(b) > 0 and a[0][2] == b[0][2], "the attachment's octets are the same")
        tap.ok(len(b) > 1 and a[1][2] == b[1][2], "the nested message's subject is the same")
        received = got.get_all("Received") or []
        tap.ok(len(received) >= 1 and got.get("X400-Received"), "the trace tells both worlds")
        time.sleep(1)
        capture.terminate()
        capture.wait()
        text = tshark_text(pcap, pair.land.p1_port)
        tap.ok("subject" in text and "Pr" in text and "file-transfer" in text.lower().replace("filetransfer", "file-transfer"),
               "tshark reads the subject and a file-transfer body part in the P22 on the wire")
        for home in (pair.sea, pair.land):
            shown = home.cli("audit", "show", "<road.1@sea.example>").stdout
            tap.ok("received" in shown and "sent" in shown, f"gw400 audit show tells at {home.name} where the message went")
        tap.ok(all(code == 0 for code in (pair.sea.stop(), pair.land.stop())), "both daemons stop cleanly")
        findings = pair.sea.sanitizer_findings() + pair.land.sanitizer_findings()
        tap.ok(not findings, f"no sanitizer finding {findings[:3]}")


def from_peer(folder):
    """The leg that starts at p1peer.py: its APDU goes by land's P1 door to land's SMTP server."""
    folder = pathlib.Path(folder)
    with gateway.Pair(folder) as pair:
        eml = folder / "out.eml"
        eml.write_bytes(mails.multipart(message_id="<road.2@sea.example>"))
        apdu = folder / "out.ber"
        pair.sea.cli("convert", eml, "--from", "joerg@sea.example", "--to", "bob@land.example", "-o", apdu)
        result = subprocess.run([sys.executable, TOOLS / "p1peer.py", "send", "127.0.0.1", str(pair.land.p1_port), apdu, "--mta",
                                 "sea-mta", "--pw", "secret"], capture_output=True, text=True)
        tap.ok(result.returncode == 0, f"p1peer.py hands a message over: {result.stdout.strip()} {result.stderr[-500:]}")
        with tap.case("p1peer.py's message arrives by SMTP"):
            gateway.wait_for(lambda: pair.sinks["land"].mails(), 60, "the mail arrives")
        got = mails.parse(pair.sinks["land"].mails()[0]) if pair.sinks["land"].mails() else None
        tap.ok(got and mails.parts(got)[1][1:] == ("Rechnung März.pdf", mails.PDF), "its attachment is whole, name and octets")


def to_peer(folder):
    """The leg that ends at p1peer.py: it writes the MTS-APDU that it was given."""
    folder = pathlib.Path(folder)
    port = gateway.free_port()
    out = folder / "peer"
    home = folder / "sea"
    peers = gateway.peer_xml("land", port, "sea-mta", "peer-mta", home)
    peers += '\n  <route or="/PRMD=land/ADMD=demo/C=xx/" peer="land"/>'
    sea = gateway.Gateway("sea", home, peers=peers, sink_port=gateway.free_port())
    peer = subprocess.Popen([sys.executable, TOOLS / "p1peer.py", "serve", str(port), out], stdout=subprocess.PIPE, text=True)
    time.sleep(0.5)
    try:
        sea.start()
        send(sea.smtp_port, "joerg@sea.example", ["bob@land.example"], mails.multipart(), folder)
        with tap.case("a message is handed over to p1peer.py"):
            gateway.wait_for(lambda: (out / "1.ber").exists(), 60, "p1peer.py writes the APDU")
            sea.wait_empty()
        shown = subprocess.run([gateway.BUILD / "gw400", "decode", out / "1.ber"], capture_output=True, text=True, errors="replace")
        tap.ok(shown.returncode == 0 and "Rechnung M" in shown.stdout, "gw400 decode reads what p1peer.py received")
    finally:
        sea.stop()
        peer.kill()


for leg in (two_gateways, from_peer, to_peer):
    with tempfile.TemporaryDirectory(prefix="gw400-") as folder:
        try:
            leg(folder)
        except Exception as error:  # a leg that breaks off is a failed test, and the next leg still runs
            tap.ok(False, f"{leg.__name__}: {type(error).__name__}: {error}")
tap.end()
