#!/usr/bin/env python3
"""test_kill.py - kill -9 of relay, converter and master under load, at named points and at random moments (issue 2, point 4).

KILLS at each point, RANDOM_KILLS moments, SEED to repeat a run; soak_kill.py is the long run.
"""
import itertools
import os
import pathlib
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import gateway  # noqa: E402
import kills  # noqa: E402

KILLS = int(os.environ.get("KILLS", "10"))
RANDOM = int(os.environ.get("RANDOM_KILLS", "30"))
SEED = int(os.environ.get("SEED", str(int(time.time()))))

if __name__ == "__main__":
    tap = gateway.Tap()
    phases = [dict(sea=sea, land=land) for sea, land in itertools.zip_longest(kills.POINTS["sea"], kills.POINTS["land"])]

    def run(phases):
        with tempfile.TemporaryDirectory(prefix="gw400-") as folder, tap.case("named points: the run ends"):
            kills.at_points(folder, tap, KILLS, phases)

    pairs = [threading.Thread(target=run, args=(phases[start::2],)) for start in (0, 1)]  # two pairs side by side
    for thread in pairs:
        thread.start()
    for thread in pairs:
        thread.join()
    with tempfile.TemporaryDirectory(prefix="gw400-") as folder, tap.case("random moments: the run ends"):
        kills.at_random(folder, tap, RANDOM, SEED)
    tap.end()
