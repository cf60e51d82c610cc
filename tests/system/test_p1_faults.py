#!/usr/bin/env python3
# time-limit: 900
"""test_p1_faults.py - a P1 peer that interrupts, discards, loses the line, forgets or goes mute: each message arrives, and once.

The peer is p1peer.py, in both roles and in the three modes in turn. Whether a broken transfer is resumed or sent anew is the gateway's
affair but where the peer can resume: there the transfer must go on from a confirmed checkpoint. That the message is there once, and
that the association or the next one works on, is asserted of all.
"""
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import gateway  # noqa: E402
import p1_apdus  # noqa: E402
from refuser import Refuser  # noqa: E402

P1PEER = gateway.ROOT / "tests/tools/p1peer.py"
MODES = ("1988-normal", "1988-x410", "1984")
FORM = ["--checkpoint", "1", "--window", "2"]
tap = gateway.Tap()

# what the peer does as sender, its options, words that it must say
AS_SENDER = [
    ("sends in order", [], "transferred"),
    ("interrupts and resumes", ["--fault", "interrupt:2"], "ber at 2"),
    ("interrupts, and resumes a checkpoint behind", ["--fault", "interrupt:3", "--resume-behind", "1"], "ber at 2"),
    ("resumes ahead of what we confirmed", ["--fault", "interrupt:2", "--resume-behind", "-1", "--recover", "3"], "sequence error"),
    ("interrupts twice", ["--fault", "interrupt:1", "--fault", "interrupt:3"], "ber at 3"),
    ("discards and sends anew", ["--fault", "discard:2"], "discarded"),
    ("loses the line and recovers", ["--fault", "cut:3000", "--recover", "3"], "resumed"),
    ("loses it twice", ["--fault", "cut:3000", "--fault", "cut:2500", "--recover", "5"], "resumed"),
    ("recovers an association that we never had", ["--fault", "cut:3000", "--recover", "3", "--recover-as", "nobody,260101000000Z"],
     "REFUSED"),
    ("aborts and sends anew", ["--fault", "abort:2", "--recover", "3"], "aborted"),
    ("has a small TPDU", ["--tpdu", "128"], "transferred"),
    ("has small checkpoints", ["--chunk", "100"], "transferred"),
    ("has the window 1", ["--window", "1"], "transferred"),
]

# what it does as receiver, its options of the first process, whether the message may come twice, words that it must say
AS_RECEIVER = [
    ("takes in order", [], False, ""),
    ("reports an exception", ["--fault", "exception:2"], False, "ACTIVITY RESUME"),
    ("reports a severe exception", ["--fault", "exception:2", "--exception", "unrecoverable procedure error"], False, "ACTIVITY DISCARD"),
    ("loses the line", ["--fault", "cut-received:3000"], False, "ACTIVITY RESUME"),
    ("loses the line and what it had", ["--fault", "lose:2", "--fault", "cut-received:4000"], False, "unrecognized-activity"),
    ("loses the line and cannot recover", ["--fault", "cut-received:3000", "--refuse", "cannot-recover"], False, "REFUSING"),
    ("does not know the activity", ["--fault", "cut-received:3000", "--resume-answer", "unrecognized-activity"], False,
     "unrecognized-activity"),
    ("answers a resumption with an exception", ["--fault", "cut-received:3000", "--resume-answer", "exception"], False, "ACTIVITY RESUME"),
    ("loses the line before it confirms the end", ["--fault", "cut-before-aea"], True, "transfer-completed"),
    ("withholds a checkpoint's confirmation", ["--fault", "withhold-mia:2", "--max", "1", "--patience", "6"], False, ""),
    ("withholds the confirmation of the end", ["--fault", "withhold-aea", "--max", "1", "--patience", "6"], True, ""),
    ("stops reading", ["--fault", "stop-reading:3000", "--max", "1", "--patience", "6"], False, ""),
    ("answers no CR", ["--fault", "no-cc", "--max", "1", "--patience", "6"], False, ""),
    ("is busy", ["--refuse", "busy", "--max", "1"], False, ""),
    ("refuses the session", ["--refuse", "session:129", "--max", "1"], False, ""),
    ("answers RTOAC larger than RTORQ", ["--fault", "answer-checkpoint:70", "--fault", "answer-window:99", "--max", "1"], False, ""),
]


def configuration(home, port):
    """A peer for each mode: names peer-MODE, own PRMDs."""
    peers = ""
    for number, mode in enumerate(MODES):
        peers += gateway.peer_xml(f"peer{number}", port, "land-mta", f"peer{number}-mta", home, attributes=(
            f'mode="{mode}" associations="1" urgent-associations="0" idle="2s" checkpoint-size="1" window="2" retry-first="1s" '
            'retry-max="1s" transfer-limit-normal="4s"')) + f'\n  <route or="/PRMD=peer{number}/ADMD=demo/C=xx/" peer="peer{number}"/>\n'
    land = gateway.Gateway("land", home, peers=peers)
    land.write_config()
    for kind in ("domain-to-or", "or-to-domain"):
        rows = [(f"peer{number}.example", f"PRMD$peer{number}.ADMD$demo.C$xx") for number in range(len(MODES))]
        path = home / kind
        path.write_text(path.read_text() + "".join("#".join(row if kind == "domain-to-or" else row[::-1]) + "#\n" for row in rows))
    land.tables, land.settings["peers"] = False, peers + ('\n  <table kind="domain-to-or" file="domain-to-or"/>'
                                                          '\n  <table kind="or-to-domain" file="or-to-domain"/>')
    return land


def text_of(number):
    return "".join(f"line {line} of message {number}.\r\n" for line in range(300))


def as_sender(folder):
    server = Refuser()
    land = configuration(folder / "land", None)
    land.sink_port = server.port
    land.start()
    try:
        for number, (what, options, words) in enumerate(AS_SENDER):
            peer = number % len(MODES)
            with tap.case(f"the peer {what} ({MODES[peer]})"):
                apdu = folder / f"{number}.ber"
                indicators = p1_apdus.RESPONSIBLE | p1_apdus.NON_DELIVERY_REPORT
                apdu.write_bytes(p1_apdus.message(f"peer{peer}", f"sender-{number}", [(p1_apdus.address("land", "bob"), indicators)],
                                                  text_of(number)))
                result = subprocess.run([sys.executable, P1PEER, "send", "127.0.0.1", str(land.p1_port), apdu, "--mode", MODES[peer],
                                         "--mta", f"peer{peer}-mta", "--patience", "20", *FORM, *options], capture_output=True, text=True,
                                        timeout=90)
                said = result.stdout + result.stderr
                assert result.returncode == 0 and words in said, said

                def copies(wanted=number):
                    return [data for _, data in server.taken if f"line 0 of message {wanted}.".encode() in data]
                gateway.wait_for(copies, 30, f"it arrives: {said}")
                time.sleep(0.5)
                land.wait_empty()
                assert len(copies()) == 1, f"{len(copies())} copies: {said}"
                assert copies()[0].count(f"of message {number}.".encode()) == 300, "not whole"
        findings = land.sanitizer_findings()
        tap.ok(land.stop() == 0 and not findings, f"a clean stop {findings[:2]}")
    finally:
        land.kill()


def serve(folder, port, number, mode, options):
    log = open(folder / f"{number}.log", "a")
    return subprocess.Popen([sys.executable, P1PEER, "serve", str(port), folder / f"{number}.{len(list(folder.glob(f'{number}.*')))}.out",
                             "--mta", f"peer{number % len(MODES)}-mta", "--max", "20", "--mode", mode, *options], stdout=log, stderr=log)


def as_receiver(folder):
    port = gateway.free_port()
    land = configuration(folder / "land", port)
    land.sink_port = gateway.free_port()
    land.start()
    try:
        for number, (what, options, twice, words) in enumerate(AS_RECEIVER):
            mode = MODES[number % len(MODES)]
            process = serve(folder, port, number, mode, options)
            try:
                with tap.case(f"the peer, called, {what} ({mode})"):
                    time.sleep(0.4)
                    eml = folder / f"{number}.eml"
                    eml.write_text(f"From: bob@land.example\r\nTo: ann@peer{number % len(MODES)}.example\r\nSubject: to a peer\r\n"
                                   f"Message-ID: <faults.{number}@land.example>\r\nDate: Mon, 23 Nov 2026 18:00:00 +0000\r\n\r\n" +
                                   text_of(number), newline="")
                    gateway.swaks(land.smtp_port, "bob@land.example", f"ann@peer{number % len(MODES)}.example", "--data", f"@{eml}")

                    def copies(wanted=number):
                        found = [path.read_bytes() for path in folder.glob(f"{wanted}.*.out/*.ber")]
                        return [p1_apdus.text_of(octets).count(f"of message {wanted}.".encode()) for octets in found]
                    end = time.monotonic() + 60
                    while time.monotonic() < end and not (copies() and land.is_empty()):
                        if process.poll() is not None:  # its fault is done: now the same peer in good order
                            process = serve(folder, port, number, mode, [])
                        time.sleep(0.2)
                    said = (folder / f"{number}.log").read_text()[-1500:] + land.log_text()[-1500:]
                    assert copies() and set(copies()) == {300} and len(copies()) <= 1 + twice, f"{copies()} {said}"
                    assert land.is_empty() and words in (folder / f"{number}.log").read_text(), said
            finally:
                process.kill()
                process.wait()
        findings = land.sanitizer_findings()
        tap.ok(land.stop() == 0 and not findings, f"a clean stop {findings[:2]}")
    finally:
        land.kill()


for leg in (as_sender, as_receiver):
    if leg.__name__ in sys.argv[1:] or len(sys.argv) == 1:
        with tempfile.TemporaryDirectory(prefix="gw400-") as name, tap.case(f"{leg.__name__}: the run ends"):
            leg(pathlib.Path(name))
tap.end()
