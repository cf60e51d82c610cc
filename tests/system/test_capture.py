#!/usr/bin/env python3
"""test_capture.py - a P1 association on the wire, judged by tshark (issue 2, point 3).

Bind, messages of 1 KB to 5 MB, release: no complaint, and the counts of activity starts, activity ends and contents equal the
messages sent.  The judge itself is shown to go red on a capture that was broken.
"""
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import gateway  # noqa: E402

CHECK = gateway.ROOT / "tests/tools/p1-pcap-check.sh"
SIZES = [1 << 10, 4 << 10, 20 << 10, 100 << 10, 1 << 20, 5 << 20]
tap = gateway.Tap()


def judge(pcap, port):
    result = subprocess.run(["bash", CHECK, pcap, str(port)], capture_output=True, text=True)
    counts = {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", result.stdout)}
    return result.returncode, counts, result.stdout.strip()


def send_all(pair, folder):
    for number, size in enumerate(SIZES):
        path = folder / f"{number}.eml"
        line = "0123456789" * 7 + "\r\n"
        path.write_text(f"From: ann@sea.example\r\nTo: bob@land.example\r\nSubject: size {size}\r\n"
                        f"Message-ID: <capture.{number}@sea.example>\r\nDate: Mon, 23 Nov 2026 18:00:00 +0000\r\n\r\n" +
                        line * (size // len(line)), newline="")
        gateway.swaks(pair.sea.smtp_port, "ann@sea.example", "bob@land.example", "--data", f"@{path}")


def break_capture(pcap, broken):
    """Flips octets in the middle of packets: headers of the file and of the packets stay."""
    data = bytearray(pcap.read_bytes())
    rng = random.Random(1)
    position, packets = 24, []
    while position + 16 <= len(data):
        length = int.from_bytes(data[position + 8:position + 12], "little")
        packets.append((position + 16, length))
        position += 16 + length
    for start, length in rng.sample([p for p in packets if p[1] > 150], 12):
        data[start + 66 + 4 + 3 + rng.randrange(4, 60)] ^= 0xff  # behind Ethernet, IP, TCP with options, TPKT and DT
    broken.write_bytes(data)


def main(folder):
    """Checkpoint size and window keep at most 48 KB on the way: loopback's first TCP window is 64 KB, and tshark warns of a full one."""
    folder = pathlib.Path(folder)
    with gateway.Pair(folder, peer_attributes='idle="2s" associations="1" checkpoint-size="16" window="2"') as pair:
        pcap = folder / "p1.pcap"
        capture = subprocess.Popen(["tcpdump", "-i", "lo", "-U", "-B", "65536", "-s", "0", "-w", pcap,
                                    f"tcp port {pair.land.p1_port}"], stderr=subprocess.PIPE, text=True)
        capture.stderr.readline()
        send_all(pair, folder)
        gateway.wait_for(lambda: len(pair.sinks["land"].mails()) == len(SIZES), 120, "all messages arrive")
        gateway.wait_for(lambda: pair.sea.ask("status")["associations"] == 0, 30, "the idle association is released")
        time.sleep(1)
        capture.terminate()
        capture.wait()
        code, counts, words = judge(pcap, pair.land.p1_port)
        tap.ok(code == 0, f"tshark has no complaint: {words}")
        tap.ok(counts.get("started") == counts.get("ended") == counts.get("contents") == len(SIZES),
               f"activity starts, ends and contents are {len(SIZES)} each")
        text = subprocess.run(["tshark", "-r", pcap, "-d", f"tcp.port=={pair.land.p1_port},tpkt", "-T", "fields", "-e",
                               "_ws.col.Info"], capture_output=True, text=True).stdout
        tap.ok("Release-Request" in text and "Release-Response" in text, "the association ends with an orderly release")
        broken = folder / "broken.pcap"
        break_capture(pcap, broken)
        code, counts, words = judge(broken, pair.land.p1_port)
        tap.ok(code != 0 or counts.get("contents", 0) < len(SIZES), f"the judge goes red on a broken capture: {words}")
        code, counts, words = judge(pcap, 9)
        tap.ok(code != 0, f"a capture in which nothing is dissected is a failure: {words}")


import os
with tempfile.TemporaryDirectory(prefix="gw400-") as name, tap.case("capture: the run ends"):
    main(name)
tap.end()
