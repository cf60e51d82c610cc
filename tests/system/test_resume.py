#!/usr/bin/env python3
"""test_resume.py - transfers that are cut go on from the last confirmed checkpoint (X.218 8.1.3, X.228 7.8).

A large message crosses from sea to land through a proxy that cuts each connection at a random octet; at every second cut one
side's relay is killed as well. The message arrives exactly once, and what is sent twice for a cut is at most window + 1
checkpoints. Environment: MESSAGES [2] of MEGABYTES [12] with CUTS [6] each; SEED.
"""
# time-limit: 600
import base64
import os
import pathlib
import random
import signal
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import cutter  # noqa: E402
import gateway  # noqa: E402

MESSAGES = int(os.environ.get("MESSAGES", "2"))
MEGABYTES = float(os.environ.get("MEGABYTES", "12"))
CUTS = int(os.environ.get("CUTS", "6"))
SEED = int(os.environ.get("SEED", str(int(time.time()))))
CHECKPOINT, WINDOW = 64, 4  # KiB
AROUND = 12000  # octets of a connection besides the content: bind, SPDU and TPDU headers of one window

tap = gateway.Tap()


def large_mail(path, number, octets):
    raw = random.Random(number).randbytes(octets)
    path.write_text(f"From: ann@sea.example\nTo: bob@land.example\nSubject: large {number}\nMessage-Id: <{number}@sea.example>\n"
                    "MIME-Version: 1.0\nContent-Type: application/octet-stream; name=\"data.bin\"\n"
                    "Content-Disposition: attachment; filename=\"data.bin\"\nContent-Transfer-Encoding: base64\n\n" +
                    base64.encodebytes(raw).decode())
    return raw


def attachment(mail):
    import email
    message = email.message_from_bytes(mail)
    parts = [part for part in message.walk() if part.get_filename() == "data.bin"]
    return parts[0].get_payload(decode=True) if parts else None


def kill_relay(one):
    os.kill(one.relay_pid(), signal.SIGKILL)


def cut_message(pair, line, path, number, size, rng):
    raw = large_mail(path, number, size)
    gateway.wait_for(lambda: len(line.seen) == len(line.connections), 60, "no association is open")
    points = sorted(rng.randrange(2000, int(size * 1.02)) for _ in range(CUTS))
    before_passed, before_cuts, before_mails = line.passed("client"), line.cuts, len(pair.sinks["land"].mails())
    so_far = 0
    for point in points:  # each connection carries on from about where the one before was cut
        line.cut_next("client", max(1500, point - so_far))
        so_far = point
    gateway.swaks(pair.sea.smtp_port, "ann@sea.example", "bob@land.example", "--data", f"@{path}")
    killed = 0
    until = time.monotonic() + 240
    while time.monotonic() < until and len(pair.sinks["land"].mails()) == before_mails:
        if line.cuts - before_cuts > 2 * killed + 1 and killed < CUTS // 2:
            kill_relay(rng.choice([pair.sea, pair.land]))
            killed += 1
        time.sleep(0.02)
    gateway.wait_for(lambda: pair.sea.is_empty() and pair.land.is_empty(), 60, "both queues are empty")
    mails = pair.sinks["land"].mails()[before_mails:]
    cuts = line.cuts - before_cuts
    line.plans.clear()
    tap.ok(len(mails) == 1, f"message {number}: arrived once after {cuts} cuts and {killed} kills: {len(mails)}")
    tap.ok(bool(mails) and attachment(mails[0]) == raw, f"message {number}: octets are the same")
    return cuts, killed, line.passed("client") - before_passed


def main(folder):
    folder = pathlib.Path(folder)
    rng = random.Random(SEED)
    ports = [gateway.free_port() for _ in range(6)]
    line = cutter.Cutter(ports[3])
    attributes = f'checkpoint-size="{CHECKPOINT}" window="{WINDOW}" associations="1" idle="1s"'
    with gateway.Pair(folder, attributes, through=line.port, ports=ports, queue='retry-first="1s" retry-max="2s"') as pair:
        size = int(MEGABYTES * (1 << 20))
        raw = large_mail(folder / "whole.eml", 0, size)
        gateway.swaks(pair.sea.smtp_port, "ann@sea.example", "bob@land.example", "--data", f"@{folder}/whole.eml")
        gateway.wait_for(lambda: len(pair.sinks["land"].mails()) == 1, 120, "the undisturbed message arrives")
        whole = line.passed("client")
        tap.ok(attachment(pair.sinks["land"].mails()[0]) == raw, f"undisturbed: {whole} octets on the line")
        for number in range(1, MESSAGES + 1):
            cuts, killed, octets = cut_message(pair, line, folder / f"{number}.eml", number, size, rng)
            bound = (cuts + killed) * ((WINDOW + 1) * CHECKPOINT * 1024 + AROUND)
            twice = octets - whole
            if twice > bound:
                for one in pair.gateways.values():
                    for text in one.log_text().splitlines():
                        if any(word in text for word in ("resum", "recover", "interrupted", "refused", "aborted", "start ", "bound", "deferred", "broken")):
                            print(f"# {one.name}: {text}")
            tap.ok(twice <= bound, f"message {number}: {twice} octets sent again for {cuts} cuts, {killed} kills; allowed {bound}")
        resumed = pair.land.log_text().count("resumed peer=")
        tap.ok(resumed > 0, f"transfers resumed: {resumed}")
        codes = pair.stop()
        tap.ok(codes == [0, 0], f"both daemons stop cleanly {codes}")
        for one in pair.gateways.values():
            tap.ok(not one.sanitizer_findings(), f"no finding of a sanitizer in {one.name}: {one.sanitizer_findings()}")
    line.close()


with tempfile.TemporaryDirectory(prefix="gw400-") as folder, tap.case(f"seed {SEED}: the run ends"):
    main(folder)
tap.end()
