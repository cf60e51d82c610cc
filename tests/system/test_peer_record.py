#!/usr/bin/env python3
"""test_peer_record.py - the wire record: what is kept of a peer's last dialogue, in words and as a capture, bounded and without a
password."""
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import gateway  # noqa: E402

PASSWORD, WRONG = "k1-only-for-us", "k2-a-wrong-one"
TOOLS = gateway.ROOT / "tests/tools"
VECTOR = gateway.ROOT / "tests/vectors/real-mta/p1-1988-normal.canonical.ber"
tap = gateway.Tap()


def record(host, peer, *options, check=True):
    """(words, octets of the capture)"""
    pcap = host.folder / "record.pcap"
    words = host.cli("peer", "record", peer, *options, check=check).stdout
    host.cli("peer", "record", peer, *options, "--pcap", pcap, check=check)
    return words, pcap


def secret_in(words, pcap):
    return [text for text in (PASSWORD, WRONG) if text in words or text.encode() in pcap.read_bytes()]


def in_order(words, *wanted):
    at = 0
    for text in wanted:
        at = words.find(text, at)
        if at < 0:
            return False
    return True


def frames(pcap):
    result = subprocess.run(["tshark", "-r", pcap, "-d", "tcp.port==102,tpkt", "-T", "fields", "-e", "frame.protocols"],
                            capture_output=True, text=True)
    return result.returncode, result.stdout.splitlines()


def send(host, *options):
    """p1peer.py as the peer sea of land."""
    return subprocess.run([sys.executable, TOOLS / "p1peer.py", "send", "127.0.0.1", str(host.p1_port), VECTOR, "--mta", "sea-mta",
                           *options], capture_output=True, text=True, timeout=60)


def ended(host):
    """True once no association with sea is open."""
    return gateway.wait_for(lambda: not any(peer["associations"] for peer in host.ask("peer.list")["items"]), 30, "the links ended")


def test_good_dialogue(pair):
    gateway.swaks(pair.sea.smtp_port, "a@sea.example", "b@land.example")
    gateway.wait_for(lambda: pair.sinks["land"].mails(), 60, "the mail arrives")
    words, pcap = record(pair.sea, "land", "--open")
    tap.ok(in_order(words, "sent transport     CR", "came transport     CC", "sent session       CN", "sent bind          bind argument: MTA "
                    'name "sea-mta", a password', "came bind          bind result", "sent transfer      AS", "came transfer      AEA"),
           "an open dialogue is told from its beginning")
    tap.ok(not secret_in(words, pcap), "an open record has no password")
    ended(pair.sea)
    for host, peer in ((pair.sea, "land"), (pair.land, "sea")):
        words, pcap = record(host, peer, "--last")
        tap.ok("session       FN" in words and "session       DN" in words, f"{host.name} keeps the dialogue after its end")
        tap.ok(not secret_in(words, pcap), f"{host.name}'s record has no password")
        checked = subprocess.run([TOOLS / "p1-pcap-check.sh", pcap, "102"], capture_output=True, text=True)
        print(f"# {checked.stdout.strip()}", flush=True)  # of the content: a header field of its own as heading extension
        tap.ok("malformed=0" in checked.stdout and "p22=1" in checked.stdout, "tshark decodes it up to the message")
        tap.ok("started=1 ended=1" in checked.stdout, "tshark sees the activity")
    refused = pair.sea.cli("peer", "record", "land", check=False)
    tap.ok(refused.returncode == 1 and "no dialogue with this peer has ended in an error" in refused.stderr,
           "there is none in error yet")
    unknown = pair.sea.cli("peer", "record", "nobody", check=False)
    tap.ok(unknown.returncode == 1 and "no such peer" in unknown.stderr, "an unknown peer is refused")


def test_errors(pair):
    result = send(pair.land, "--pw", WRONG)
    tap.ok(result.returncode == 2, "land refuses a wrong password")
    ended(pair.land)
    words, pcap = record(pair.land, "sea")
    tap.ok("wrong password" in words.splitlines()[0] and in_order(words, "came bind", "sent bind          bind error: authentication"),
           "the refused bind is kept under the name that it claimed")
    tap.ok(not secret_in(words, pcap), "its record has no password")
    send(pair.land, "--pw", PASSWORD, "--chunk", "1024", "--fault", "abort:1", "--abort-reason", "protocol-error")
    ended(pair.land)
    words, pcap = record(pair.land, "sea")
    tap.ok(in_order(words, "came transfer      AS", "came transfer      MIP", "came rtse          RTAB: protocol error"),
           "an aborted transfer takes its place")
    tap.ok(not secret_in(words, pcap), "its record has no password")
    send(pair.land, "--pw", PASSWORD)
    ended(pair.land)
    again, _ = record(pair.land, "sea")
    last, _ = record(pair.land, "sea", "--last")
    tap.ok("RTAB" in again and "RTAB" not in last, "a good dialogue afterwards leaves the one in error")


def test_bounds(pair):
    body = pair.folder / "large"
    body.write_text("Subject: large\n\n" + ("0123456789abcdef" * 4 + "\n") * 20000)
    gateway.swaks(pair.sea.smtp_port, "a@sea.example", "b@land.example", "--data", f"@{body}")
    gateway.wait_for(lambda: len(pair.sinks["land"].mails()) > 1, 120, "the large mail arrives")
    ended(pair.sea)
    words, pcap = record(pair.sea, "land", "--last")
    size = pcap.stat().st_size
    tap.ok(20000 < size < 90000, f"a record of 64K stays that small: {size} octets of capture")
    tap.ok(in_order(words, "CN", "octets are no longer kept", "transfer      AEA", "DN"),
           "its beginning and its end are there, and what is missing is told")
    tap.ok("?" not in [line.split()[4].rstrip(":") for line in words.splitlines()[1:] if len(line.split()) > 4],
           "after the gap the words go on with whole packets")
    code, lines = frames(pcap)
    tap.ok(code == 0 and sum("ses" in line for line in lines) > 5, "tshark opens it")
    tap.ok(not secret_in(words, pcap), "it has no password")


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        pair = gateway.Pair(folder, peer_attributes='record-size="64K" idle="3" checkpoint-size="16"')
        for host in (pair.sea, pair.land):
            for path in host.folder.glob("*-password"):
                path.write_text(PASSWORD + "\n")
        with pair:
            with tap.case("a good dialogue"):
                test_good_dialogue(pair)
            with tap.case("dialogues in error"):
                test_errors(pair)
            with tap.case("bounds"):
                test_bounds(pair)
            tap.ok(not pair.sea.sanitizer_findings() + pair.land.sanitizer_findings(), "no finding of the sanitizers")
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
