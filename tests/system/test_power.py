#!/usr/bin/env python3
"""test_power.py - the power fails under load: what was not synced is gone, and nothing that was confirmed (issue 2, point 4).

Both gateways run with build/test/lossy.so, which notes what each write to the spool would lose. At a cut all processes of one or of
both are killed at once, the spools are rebuilt from synced writes only (in every second round some unsynced ones are kept, as a disk
may), and they start again. CUTS, SEED as in test_kill.py.
"""
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import gateway  # noqa: E402
import kills  # noqa: E402

CUTS = int(os.environ.get("CUTS", "20"))
SEED = int(os.environ.get("SEED", str(int(time.time()))))
SHIM = gateway.ROOT / "build/test/lossy.so"
REBUILD = gateway.ROOT / "tests/shim/lossy_rebuild.py"
tap = gateway.Tap()


def notes(home):
    return home.folder / "notes"


def make_lossy(home):
    spool = home.folder / "spool"
    for folder in (spool, notes(home)):
        folder.mkdir(parents=True, exist_ok=True)
    # the sanitizer's library is linked in: it need not come before the shim
    options = "detect_leaks=0:abort_on_error=1:verify_asan_link_order=0"
    home.environment = {"LD_PRELOAD": str(SHIM), "LOSSY_DIR": os.path.realpath(spool), "LOSSY_LOG": str(notes(home)),
                        "ASAN_OPTIONS": options}


def rebuild(home, keep):
    """What lossy_rebuild.py says: its words, writes undone, changes of names undone, notes."""
    arguments = [sys.executable, REBUILD, home.folder / "spool", notes(home), *(["--keep", str(keep)] if keep else [])]
    result = subprocess.run(arguments, capture_output=True, text=True)
    if result.returncode != 0:
        raise AssertionError(f"lossy_rebuild.py: {result.stdout}{result.stderr}")
    words = result.stdout.strip()
    return words, *map(int, re.findall(r"\d+", words))


def main(folder):
    dice = random.Random(SEED)
    print(f"# seed {SEED}", flush=True)
    with kills.KilledPair(folder, tap, peer_attributes="") as killed:
        homes = list(killed.homes.values())
        for home in homes:
            home.kill()
            make_lossy(home)
            home.start()
        load = killed.load()
        cuts = undone = renamed = noted = 0
        for cut in range(CUTS):
            before = len(load.accepted)
            time.sleep(dice.uniform(0.3, 2.0))
            victims = dice.choice([homes, homes[:1], homes[1:]])
            for home in victims:
                home.kill()
            killed.killed()
            for home in victims:
                words, writes, names, count = rebuild(home, keep=dice.randrange(1, 2**31) if cut % 2 else None)
                print(f"# cut {cut + 1} of {home.name} after {len(load.accepted) - before} more 250: {words}", flush=True)
                undone, renamed, noted = undone + writes, renamed + names, noted + count
                cuts += 1
            for home in victims:
                home.start()
        killed.settle(f"{CUTS} power cuts", cuts)
        tap.ok(noted > 0 and undone > 0, f"the cuts took {undone} writes and {renamed} names away, of {noted} notes; seed {SEED}")
        for home in homes:
            check = home.cli("audit", "verify", check=False)
            tap.ok(check.returncode == 0, f"the audit log of {home.name} is unbroken: {check.stdout.strip()[-200:]}{check.stderr[-200:]}")


with tempfile.TemporaryDirectory(prefix="gw400-") as folder, tap.case("power cuts: the run ends"):
    main(folder)
tap.end()
