#!/usr/bin/env python3
"""test_memory.py - a 100 MB message each way: the relay's memory rises by at most 32 MB, that of all processes by at most 250 MB.

Measured on the optimised build (sanitizers keep freed memory); issue 2, point 7.
"""
import os
import pathlib
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
os.environ["GW400_BUILD"] = str(pathlib.Path(__file__).resolve().parents[2] / "build")
import gateway  # noqa: E402

OCTETS = 100 << 20
tap = gateway.Tap()


def resident(pid):
    """Resident octets of a process, shared file pages counted too."""
    try:
        for line in open(f"/proc/{pid}/status"):
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


class Watch(threading.Thread):
    def __init__(self, home):
        super().__init__(daemon=True)
        self.home = home
        self.stopping = threading.Event()
        self.relay0 = resident(home.relay_pid())
        self.all0 = self.total()
        self.relay = self.all = 0
        self.start()

    def total(self):
        pids = [self.home.process.pid, self.home.relay_pid(), *self.home.converter_pids()]
        return sum(resident(pid) for pid in pids)

    def run(self):
        while not self.stopping.is_set():
            self.relay = max(self.relay, resident(self.home.relay_pid()) - self.relay0)
            self.all = max(self.all, self.total() - self.all0)
            time.sleep(0.02)

    def end(self):
        self.stopping.set()
        self.join()
        return self.relay / 2**20, self.all / 2**20


def main(folder):
    folder = pathlib.Path(folder)
    with gateway.Pair(folder, peer_attributes='size-max="400M"', smtp='size-max="400M"') as pair:
        eml = folder / "large.eml"
        with open(eml, "w", newline="") as file:
            file.write("From: ann@sea.example\r\nTo: bob@land.example\r\nSubject: large\r\nMessage-ID: <large@sea.example>\r\n"
                       "MIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=\"large.bin\"\r\n"
                       "Content-Disposition: attachment; filename=\"large.bin\"\r\nContent-Transfer-Encoding: base64\r\n\r\n")
            line = "QUJD" * 19 + "\r\n"
            for _ in range(OCTETS // 57 // 1000):
                file.write(line * 1000)
        watches = {name: Watch(home) for name, home in pair.gateways.items()}
        began = time.monotonic()
        gateway.swaks(pair.sea.smtp_port, "ann@sea.example", "bob@land.example", "--data", f"@{eml}")
        gateway.wait_for(lambda: [m for m in pair.sinks["land"].folder.glob("mail.*") if m.stat().st_size > OCTETS] and
                         pair.land.is_empty(), 300, "the large message arrives")
        print(f"# {time.monotonic() - began:.1f} s from door to door", flush=True)
        for name, what in (("sea", "SMTP -> P1"), ("land", "P1 -> SMTP")):
            relay, everything = watches[name].end()
            tap.ok(relay <= 32, f"{what}: the relay's resident memory rises by {relay:.0f} MB (at most 32)")
            tap.ok(everything <= 250, f"{what}: that of all processes by {everything:.0f} MB (at most 250)")


with tempfile.TemporaryDirectory(prefix="gw400-", dir="/var/tmp") as name, tap.case("memory: the run ends"):
    main(name)
tap.end()
