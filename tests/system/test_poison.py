#!/usr/bin/env python3
"""test_poison.py - a converter that hangs and one that crashes cost one attempt each; then the message is parked (issue 2, point 8)."""
import os
import pathlib
import signal
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import gateway  # noqa: E402
import load as loads  # noqa: E402

tap = gateway.Tap()


def main(folder):
    with gateway.Pair(folder, converters='count="2" deadline="3s"') as pair:
        sea = pair.sea
        # a message large enough that its conversion is caught in the middle
        body = pathlib.Path(folder) / "large.eml"
        lines = "QUJD" * 19 + "\r\n"
        body.write_text("From: ann@sea.example\r\nTo: bob@land.example\r\nSubject: poison\r\nMessage-ID: <poison@sea.example>\r\n"
                        "MIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
                        lines * 900000, newline="")
        before = set(sea.converter_pids())
        gateway.swaks(sea.smtp_port, "ann@sea.example", "bob@land.example", "--data", f"@{body}")

        def busy():
            for pid in sea.converter_pids():
                if "idle" not in " ".join(w for w in sea.ask("status")["converters"] if f"pid {pid}:" in w):
                    return pid
            return None

        first = gateway.wait_for(busy, 30, "a converter works on the message")
        began = time.monotonic()
        os.kill(first, signal.SIGSTOP)
        load = loads.Load(sea.smtp_port, threads=4, large_every=10**9).start()
        gateway.wait_for(lambda: first not in sea.converter_pids(), 15, "the stopped converter is killed at its deadline")
        tap.ok(time.monotonic() - began < 10, "the stopped converter was killed within its limit")
        second = gateway.wait_for(lambda: [w for w in sea.ask("status")["converters"] if "read" in w or "write" in w] and busy(), 30,
                                  "the message is tried once more")
        while not sea.queue(state="parked"):
            for pid in sea.converter_pids():
                status = " ".join(w for w in sea.ask("status")["converters"] if f"pid {pid}:" in w)
                cpu = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split() if os.path.exists(f"/proc/{pid}") else None
                if cpu and "idle" not in status and "starting" not in status and int(cpu[11]) + int(cpu[12]) > 5:
                    try:
                        os.kill(pid, signal.SIGSEGV)
                    except ProcessLookupError:
                        pass
            time.sleep(0.02)
            if time.monotonic() - began > 60:
                break
        load.stop()
        parked = [m for m in sea.queue(state="parked") if m["size"] > 1000000]
        tap.ok(len(parked) == 1, f"after the second attempt the message is parked: {parked and parked[0].get('reason')}")
        with tap.case("the others pass"):
            gateway.wait_for(lambda: len(load.accepted & set(loads.arrivals(pair.sinks['land']))) >= min(100, len(load.accepted)), 60,
                             "at least 100 other messages arrive")
        tap.ok(len(load.accepted) >= 100, f"{len(load.accepted)} others were accepted meanwhile")
        shown = sea.cli("audit", "show", parked[0]["id"]).stdout if parked else ""
        tap.ok(shown.count("conversion-failed") == 1 and "parked" in shown, "its timeline tells the attempt, the parking and why")
        out = pathlib.Path(folder) / "export"
        if parked:
            sea.cli("queue", "export", parked[0]["id"], "-o", out)
        tap.ok(out.exists() and b"Message-ID: <poison@sea.example>" in out.read_bytes()[:2000], "the original can be exported")
        del before, second


with tempfile.TemporaryDirectory(prefix="gw400-") as folder, tap.case("poison: the run ends"):
    main(folder)
tap.end()
