#!/usr/bin/env python3
"""run_pair.py - `make run`: two gateways on loopback joined by P1, one mail each way, both traces, a pcap of the association.

sea   SMTP 2525 (in)  P1 10102   its mail is delivered to a sink on 2527
land  SMTP 2526 (in)  P1 10103   its mail is delivered to a sink on 2528
With --once it ends when both queues are empty; else it stays up until Ctrl-C. Everything lies under run/.
"""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
os.environ.setdefault("GW400_BUILD", str(pathlib.Path(__file__).resolve().parents[2] / "build"))
import gateway  # noqa: E402

RUN = gateway.ROOT / "run"
PORTS = [2527, 2528, 10102, 10103, 2525, 2526]


def capture():
    """tcpdump on the two P1 ports; None where capturing is not allowed."""
    pcap = RUN / "p1.pcap"
    process = subprocess.Popen(["tcpdump", "-i", "lo", "-U", "-q", "-w", pcap, "tcp port 10102 or tcp port 10103"],
                               stderr=subprocess.PIPE, text=True)
    line = process.stderr.readline()
    if "listening" not in line and process.poll() is not None:
        print(f"no capture: {line.strip()}")
        return None
    return process


def trace(home, message_id):
    print(f"\n--- {home.name}: gw400 audit show {message_id}")
    print(home.cli("audit", "show", message_id).stdout, end="")


def main():
    once = "--once" in sys.argv
    shutil.rmtree(RUN, ignore_errors=True)
    RUN.mkdir()
    pair = gateway.Pair(RUN, ports=PORTS)
    tcpdump = capture()
    exit_code = 1
    try:
        pair.start()
        print("sea and land are up; P1 between 127.0.0.1:10102 and 127.0.0.1:10103")
        ids = []
        for port, sender, recipient in ((2525, "ann@sea.example", "bob@land.example"), (2526, "bob@land.example", "ann@sea.example")):
            message_id = f"<make-run-{port}@{sender.split('@')[1]}>"
            ids.append(message_id)
            gateway.swaks(port, sender, recipient, "--header", f"Subject: Grüße from {sender}", "--header",
                          f"Message-Id: {message_id}", "--body", f"Guten Tag, {recipient}: a mail through X.400.\nSchöne Grüße\n")
            print(f"sent: {sender} -> {recipient} by SMTP to port {port}")
        for name in ("land", "sea"):
            gateway.wait_for(lambda: pair.sinks[name].mails(), 60, f"the mail arrives at {name}'s SMTP server")
        for home in pair.gateways.values():
            home.wait_empty()
        for message_id in ids:
            for home in (pair.sea, pair.land):
                trace(home, message_id)
        print("\n--- what bob received")
        print(pair.sinks["land"].mails()[0].decode(errors="replace"))
        exit_code = 0
        if not once:
            print(f"The pair stays up: send to 127.0.0.1:2525 (for @land.example) or :2526 (for @sea.example); configurations and "
                  f"queues are under {RUN}. Ctrl-C ends it.")
            try:
                while True:
                    time.sleep(3600)
            except KeyboardInterrupt:
                pass
    finally:
        codes = pair.stop()
        if tcpdump:
            time.sleep(0.5)
            tcpdump.send_signal(signal.SIGINT)
            tcpdump.wait()
            print(f"capture of the P1 association: {RUN / 'p1.pcap'}")
    if any(codes):
        print(f"a gateway ended with {codes}")
        exit_code = 1
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
