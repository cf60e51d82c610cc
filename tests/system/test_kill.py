#!/usr/bin/env python3
"""test_kill.py - kill -9 of relay, converter and master under load, at named points and at random moments (issue 2, point 4).

What must hold: every message answered 250 arrives; a duplicate is only one whose transfer was open at a kill. RANDOM=200 for the
long run (make soak).
"""
import os
import pathlib
import random
import signal
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import gateway  # noqa: E402
import load as loads  # noqa: E402

KILLS = int(os.environ.get("KILLS", "10"))
RANDOM = int(os.environ.get("RANDOM_KILLS", "30"))
SEED = int(os.environ.get("SEED", str(int(time.time()))))
OPEN_AT_KILL = 64  # transfers that a relay may have open at one moment: sessions and associations of both kinds

POINTS = {
    "sea": ["smtp-receive-before-commit", "smtp-receive-after-commit", "smtp-receive-after-reply", "route-before-commit",
            "route-after-commit", "p1-send-before", "p1-sent-before-commit", "outcome-before-commit", "outcome-after-commit"],
    "land": ["p1-receive-before-commit", "p1-receive-after-commit", "p1-receive-after-confirm", "smtp-send-before",
             "smtp-sent-before-commit"],
}
tap = gateway.Tap()


def settle(pair, load, kills, what):
    """Ends the load, waits for the queues, and judges what arrived."""
    load.stop()
    accepted = set(load.accepted)
    gateway.wait_for(lambda: accepted <= set(loads.arrivals(pair.sinks["land"])) or None, 120,
                     f"{what}: all {len(accepted)} answered 250 arrive")
    for home in pair.gateways.values():
        gateway.wait_for(lambda: home.answers() and home.is_empty(), 60, f"{what}: the queue of {home.name} is empty")
    found = loads.arrivals(pair.sinks["land"])
    doubled = sum(count - 1 for count in found.values())
    tap.ok(accepted <= set(found) and len(accepted) > 0, f"{what}: {kills} kills, {len(accepted)} answered 250, none missing")
    tap.ok(doubled <= kills * OPEN_AT_KILL, f"{what}: {doubled} duplicates, all among transfers open at a kill")


def restarts(home):
    return home.log_text().count("master the relay ended (signal 9)")


def at_point(folder, name, point):
    with gateway.Pair(folder) as pair:
        victim = pair.gateways[name]
        victim.kill()
        victim.environment = {"GW400_KILL_AT": f"{point}:8"}
        victim.start()
        load = loads.Load(pair.sea.smtp_port).start()
        gateway.wait_for(lambda: restarts(victim) >= KILLS, 120, f"{KILLS} kills at {point}")
        load.stop()
        kills = restarts(victim)
        victim.kill()  # and once more all at once; then without the point, to see the end
        victim.environment = {}
        victim.start()
        settle(pair, load, kills + 1, f"{name} {point}")


def at_random(folder):
    rng = random.Random(SEED)
    print(f"# seed {SEED}", flush=True)
    with gateway.Pair(folder) as pair:
        load = loads.Load(pair.sea.smtp_port).start()
        kills = 0
        for _ in range(RANDOM):
            time.sleep(rng.uniform(0.05, 0.8))
            home = rng.choice(list(pair.gateways.values()))
            what = rng.choice(["relay", "relay", "converter", "master"])
            try:
                if what == "master":
                    home.kill()
                    home.start(wait=False)
                elif what == "relay":
                    os.kill(home.relay_pid(), signal.SIGKILL)
                else:
                    os.kill(rng.choice(home.converter_pids()), signal.SIGKILL)
                kills += 1
            except (TypeError, IndexError, ProcessLookupError, FileNotFoundError):
                continue  # it was just being started
        for home in pair.gateways.values():
            home.wait_ready()
        # a converter killed twice at the same message parks it, as it should: the operator's retry brings it through
        for home in pair.gateways.values():
            for message in home.queue(state="parked"):
                home.ask("queue.retry", id=message["id"])
        settle(pair, load, kills, f"{RANDOM} random moments")


for name, points in POINTS.items():
    for point in points:
        with tempfile.TemporaryDirectory(prefix="gw400-") as folder, tap.case(f"{name} {point}: the run ends"):
            at_point(folder, name, point)
with tempfile.TemporaryDirectory(prefix="gw400-") as folder, tap.case("random moments: the run ends"):
    at_random(folder)
tap.end()
