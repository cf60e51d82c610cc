"""links.py - figures of peers that are slow or do not behave: `urgent` and `bad-peers` of bench.py (issue 3).

urgent: from the acceptance of an urgent message to its arrival, behind a backlog of normal ones for the same peer, against the time
of one normal transfer in the same run. The line passes 20 KB a second, so that a transfer of 2 KB takes a tenth of a second.

bad-peers: throughput to a good peer, with three other peers that have mail waiting (one never answers CR, one stops reading in
mid-activity, one withholds MIA with the window full), against a gateway that has none of them, in turn.
"""
import os
import shutil
import smtplib
import statistics
import subprocess
import time

import gateway
from p1_server import Server, SlowProxy

BACKLOG = int(os.environ.get("BACKLOG", "10000"))
ROUNDS = int(os.environ.get("ROUNDS", "5"))
MESSAGES = int(os.environ.get("MESSAGES", "1500"))
LINE = 20000  # octets a second
ASSOCIATIONS = 4


def route(name):
    return f'\n  <route or="/PRMD={name}/ADMD=demo/C=xx/" peer="{name}"/>'


def send(port, recipient, count, octets, subject="bad", headers=""):
    text = (f"From: ann@sea.example\r\nTo: bob@land.example\r\nSubject: {subject}\r\nDate: Mon, 23 Nov 2026 18:00:00 +0000\r\n{headers}"
            "\r\n" + ("x" * 70 + "\r\n") * (octets // 72))
    with smtplib.SMTP("127.0.0.1", port, "client.example", timeout=60) as client:
        for _ in range(count):
            client.sendmail("ann@sea.example", [recipient], text)


class Sink:
    """gw400 sink, which writes what it gets to files."""

    def __init__(self, folder, port, password, count=0):
        self.folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        counted = ["-c", str(count)] if count else ["--dump", folder]
        self.process = subprocess.Popen([gateway.BUILD / "gw400", "sink", "--listen", f"127.0.0.1:{port}", "--mta", "land-mta",
                                         "--password-file", password, *counted], stdout=subprocess.DEVNULL)
        gateway.wait_for(lambda: gateway.port_open(port), 10, "gw400 sink listens")

    def files(self):
        return list(self.folder.glob("*.ber"))

    def stop(self):
        self.process.kill()
        self.process.wait()


def urgent(work, source):
    home = work / "urgent"
    shutil.rmtree(home, ignore_errors=True)
    port, entry = gateway.free_port(), gateway.free_port()
    # nobody listens at the entry of the line until the backlog is there
    peers = gateway.peer_xml("land", entry, "sea-mta", "land-mta", home, attributes=f'associations="{ASSOCIATIONS}"')
    sea = gateway.Gateway("sea", home, peers=peers + route("land"), queue='retry-first="1s" retry-max="2s"').start()
    sink = proxy = None
    try:
        source(sea.smtp_port, BACKLOG)
        gateway.wait_for(lambda: sea.ask("status")["received"] == 0, 300, "the backlog is read")
        assert sea.ask("status")["routed"] == BACKLOG
        sink = Sink(home / "dump", port, home / "land.local-password")
        proxy = SlowProxy(port, LINE, entry)
        gateway.wait_for(lambda: len(sink.files()) > 10 * ASSOCIATIONS, 60, "the backlog moves")
        send(sea.smtp_port, "bob@land.example", 1, 1000, "urgent indeed", "Priority: urgent\r\n")
        accepted = time.time()

        def found():
            return [path for path in sink.files() if path.stat().st_mtime > accepted - 5 and b"urgent indeed" in path.read_bytes()]
        arrived = gateway.wait_for(found, 60, "the urgent message")[0].stat().st_mtime
        time.sleep(2)
        times = sorted(path.stat().st_mtime for path in sink.files())[ASSOCIATIONS:]
        transfer = ASSOCIATIONS * (times[-1] - times[0]) / (len(times) - 1)
        print(f"urgent ours={(arrived - accepted) * 1e3:.0f}ms peer={transfer * 1e3:.0f}ms ratio={(arrived - accepted) / transfer:.2f} "
              f"backlog={BACKLOG}", flush=True)
    finally:
        sea.kill()
        if proxy:
            proxy.close()
        if sink:
            sink.stop()


class Side:
    """A gateway with a good peer, and perhaps with bad ones."""

    def __init__(self, work, name, bad):
        self.home = work / name
        shutil.rmtree(self.home, ignore_errors=True)
        self.port = gateway.free_port()
        peers = gateway.peer_xml("land", self.port, "sea-mta", "land-mta", self.home, attributes='associations="8"') + route("land")
        for number, server in enumerate(bad):
            peers += gateway.peer_xml(f"bad{number}", server.port, "sea-mta", f"bad{number}", self.home) + route(f"bad{number}")
        self.gateway = gateway.Gateway("sea", self.home, peers=peers).start()

    def run(self, source):
        sink = Sink(self.home / "dump", self.port, self.home / "land.local-password", MESSAGES)
        began = time.monotonic()
        source(self.gateway.smtp_port, MESSAGES)
        sink.process.wait(600)
        return MESSAGES / (time.monotonic() - began)


def bad_peers(work, source):
    faults = [["no-cc"], ["stop-reading:20000"], ["withhold-mia:1"]]
    servers = [Server(mta=f"bad{number}".encode(), fault=fault, checkpoint=4, window=2, patience=3600)
               for number, fault in enumerate(faults)]
    sides = {"clean": Side(work, "clean", []), "bad": Side(work, "bad", servers)}
    try:
        for number in range(len(servers)):
            send(sides["bad"].gateway.smtp_port, f'"/S=bob/PRMD=bad{number}/ADMD=demo/C=xx/"@gw.sea.example', 100, 100000)
        gateway.wait_for(lambda: all(server.calls for server in servers), 30, "the bad peers are called")
        time.sleep(3)
        with_bad, without = [], []
        for _ in range(ROUNDS):
            without.append(sides["clean"].run(source))
            with_bad.append(sides["bad"].run(source))
        ratios = [a / b for a, b in zip(with_bad, without)]
        waiting = sides["bad"].gateway.ask("status")["routed"]
        print(f"bad-peers ours={statistics.median(with_bad):.1f}/s peer={statistics.median(without):.1f}/s "
              f"ratio={statistics.median(ratios):.2f} min={min(ratios):.2f} max={max(ratios):.2f} waiting={waiting}", flush=True)
    finally:
        for side in sides.values():
            side.gateway.kill()
        for server in servers:
            server.close()
