#!/usr/bin/env python3
"""test_poison.py - a converter that hangs and one that crashes cost one attempt each; then the message is parked (issue 2, point 8).

The message takes its converter seconds of work. The converter that has it is known by its status and by the processor time it has
used since; no other mail is in work at these two moments.
"""
import os
import pathlib
import signal
import smtplib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import gateway  # noqa: E402
import load as loads  # noqa: E402

DEADLINE = 20  # seconds: a converter's job
TICKS = 15     # of processor time since it took the job (10 ms each): then it is in the middle
OTHERS = 100
tap = gateway.Tap()


def slow_mail(parts=60, lines=5000):
    text = "Gr=C3=BC=C3=9Fe aus M=C3=BCnchen, =E2=82=AC 100, \r\n" * lines
    part = f"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{text}"
    return ("From: ann@sea.example\r\nTo: bob@land.example\r\nSubject: poison\r\nMessage-ID: <poison@sea.example>\r\n"
            "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + part * parts + "--b--\r\n")


def ticks(pid):
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])
    except OSError:
        return 0


def working(home):
    """pid -> what it does, of the converters that have a job."""
    lines = (line.split() for line in home.ask("status")["converters"])
    return {int(words[1].rstrip(":")): words[2].rstrip(",") for words in lines if words[2].rstrip(",") in ("read", "write")}


def in_the_middle(home, seconds=60):
    """The pid of the one converter that works, well into its job."""
    since = {}

    def found():
        for pid in working(home):
            since.setdefault(pid, ticks(pid))
            if ticks(pid) - since[pid] >= TICKS and pid in working(home):
                return pid
        return None

    return gateway.wait_for(found, seconds, "a converter is in the middle of the message")


def main(folder):
    with gateway.Pair(folder, converters=f'count="2" deadline="{DEADLINE}s"') as pair:
        sea = pair.sea
        mail = slow_mail().encode()
        with smtplib.SMTP("127.0.0.1", sea.smtp_port, "client.example", timeout=60) as client:
            client.sendmail("ann@sea.example", ["bob@land.example"], mail)
        first = in_the_middle(sea)
        os.kill(first, signal.SIGSTOP)
        stopped = time.monotonic()
        load = loads.Load(sea.smtp_port, threads=4, large_every=10**9).start()
        with tap.case(f"{OTHERS} others pass while a converter hangs"):
            gateway.wait_for(lambda: len(load.accepted) >= OTHERS, DEADLINE - 2, f"{OTHERS} others are accepted")
        load.stop()
        gateway.wait_for(lambda: first not in sea.converter_pids(), DEADLINE + 10, "the stopped converter is killed")
        lived = time.monotonic() - stopped
        tap.ok(lived < DEADLINE + 5, f"the stopped converter was killed within its limit of {DEADLINE} s ({lived:.1f} s after the stop)")
        second = in_the_middle(sea)
        tap.ok(second != first, "another converter tries once more")
        os.kill(second, signal.SIGSEGV)
        with tap.case("after the second attempt the message is parked"):
            gateway.wait_for(lambda: sea.queue(state="parked"), 20, "it is parked")
        with tap.case("the others arrive"):
            gateway.wait_for(lambda: load.accepted <= set(loads.arrivals(pair.sinks["land"])), 60, "all others arrive")
        parked = sea.queue(state="parked")
        tap.ok(len(parked) == 1, "nothing else is parked")
        message = parked[0]["id"]
        timeline = sea.cli("audit", "show", message).stdout
        tap.ok(timeline.count("conversion-failed") == 1 and f"did not answer within {DEADLINE} s" in timeline,
               "its timeline tells the first attempt and why it failed")
        end = timeline[timeline.find("conversion-failed") + 1:]
        # a sanitizer's own handler ends the process itself; without it the signal is told
        tap.ok("parked" in end and ("signal 11" in end or "signal 6" in end or "exit code" in end), "and the parking, and why")
        print("# " + timeline.replace("\n", "\n# "), flush=True)
        export = pathlib.Path(folder) / "export"
        sea.cli("queue", "export", message, "-o", export)
        tap.ok(export.exists() and export.read_bytes() == mail, "the original can be exported, octet for octet")
        sea.cli("queue", "retry", message)
        with tap.case("retried by the operator it arrives"):
            gateway.wait_for(lambda: "poison@sea.example" in loads.arrivals(pair.sinks["land"]), 120, "the message arrives")


with tempfile.TemporaryDirectory(prefix="gw400-") as folder, tap.case("poison: the run ends"):
    main(folder)
tap.end()
