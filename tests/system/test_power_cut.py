#!/usr/bin/env python3
"""test_power_cut.py - power cuts under load: all processes die and what was not synced is gone (issue 2, point 4).

Both gateways run under tests/shim/lossy.c. At each cut one of them (or both) is killed whole, its spool is made what a disk would
hold - by turns strictly (everything unsynced is gone) and with a random part of it kept - and it is started again. What must
hold: every message answered 250 arrives, which for the second gateway means every confirmed activity end. CUTS=200 for the
long run (make soak); SEED repeats one.
"""
import fcntl
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import gateway  # noqa: E402
import load as loads  # noqa: E402

CUTS = int(os.environ.get("CUTS", "14"))
SEED = int(os.environ.get("SEED", str(int(time.time()))))
SHIM = gateway.ROOT / "build/test/lossy.so"
REBUILD = gateway.ROOT / "tests/shim/lossy_rebuild.py"
tap = gateway.Tap()


def cover(home):
    notes = home.folder / "notes"
    notes.mkdir(parents=True, exist_ok=True)
    home.environment = {"LD_PRELOAD": str(SHIM), "LOSSY_DIR": str((home.folder / "spool").resolve()), "LOSSY_LOG": str(notes.resolve()),
                        "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1:verify_asan_link_order=0"}


def is_dead(home):
    """The relay holds this lock as long as it lives."""
    with open(home.folder / "spool/lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError:
            return False


def cut(home, rng, strict):
    home.kill()
    if (home.folder / "spool/lock").exists():
        gateway.wait_for(lambda: is_dead(home), 20, f"{home.name}: all processes are dead")
    keep = [] if strict else ["--keep", str(rng.randrange(1 << 31))]
    done = subprocess.run([sys.executable, REBUILD, home.folder / "spool", home.folder / "notes", *keep], capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"rebuilding {home.name}: {done.stdout}{done.stderr}")
    print(f"# {home.name}: {'all' if strict else 'some'} {done.stdout.strip()}", flush=True)
    home.start(wait=False)


def run(folder):
    rng = random.Random(SEED)
    print(f"# seed {SEED}", flush=True)
    pair = gateway.Pair(folder)
    homes = list(pair.gateways.values())
    for home in homes:
        cover(home)
    with pair:
        load = loads.Load(pair.sea.smtp_port, large_every=5).start()
        for number in range(CUTS):
            time.sleep(rng.uniform(0.3, 1.5))
            for home in rng.choice([homes[:1], homes[1:], homes]):
                cut(home, rng, strict=number % 2 == 0)
            for home in homes:
                home.wait_ready()
        load.stop()
        for home in homes:
            for message in home.queue(state="parked"):
                home.ask("queue.retry", id=message["id"])
        accepted = set(load.accepted)
        gateway.wait_for(lambda: accepted <= set(loads.arrivals(pair.sinks["land"])) or None, 300,
                         f"all {len(accepted)} answered 250 arrive")
        tap.ok(len(accepted) > CUTS, f"{CUTS} power cuts, {len(accepted)} answered 250, none missing")
        for home in homes:
            verified = home.cli("audit", "verify", check=False)
            tap.ok(verified.returncode == 0, f"{home.name}: the audit log fits: {verified.stdout.strip()}{verified.stderr.strip()}")
            tap.ok(not home.sanitizer_findings(), f"{home.name}: no sanitizer speaks up")


with tempfile.TemporaryDirectory(prefix="gw400-") as folder, tap.case("power cuts: the run ends"):
    run(folder)
tap.end()
