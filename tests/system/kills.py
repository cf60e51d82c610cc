"""kills.py - what test_kill.py and soak_kill.py share: a pair under load whose processes are killed, and the judgement of what arrived.

What must hold: every mail answered 250 arrives (or its sender gets a report), and a mail arrives twice only if a transfer of it was
open at a kill: a kill lies between its two arrivals, or shortly before the first.
"""
import os
import pathlib
import random
import signal
import threading
import time

import gateway
import load as loads

POINTS = {
    "sea": ["smtp-receive-before-commit", "smtp-receive-after-commit", "smtp-receive-after-reply", "route-before-commit",
            "route-after-commit", "p1-send-before", "p1-sent-before-commit", "outcome-before-commit", "outcome-after-commit",
            "report-before-commit", "report-after-commit"],
    "land": ["p1-receive-before-commit", "p1-receive-after-commit", "p1-receive-after-confirm", "smtp-send-before",
             "smtp-sent-before-commit"],
}
PASSES = {"report-before-commit": 2, "report-after-commit": 2}  # of a point in one life of the relay; else:
PASSES_ELSE = 3
PEER_LIMIT = "size-max=\"65536\""  # a mail larger than that cannot be sent: its sender gets a report
BEFORE_KILL = 10  # seconds: so long may a transfer that a kill cut have been open


class KilledPair:
    """A Pair under load that notes when its relays died. `with` starts and ends both."""

    def __init__(self, folder, tap, peer_attributes=PEER_LIMIT, **settings):
        self.tap = tap
        settings.setdefault("queue", 'retry-first="1s" retry-max="1s"')
        self.pair = gateway.Pair(folder, peer_attributes=peer_attributes, **settings)
        self.limited = "size-max" in peer_attributes
        self.homes = self.pair.gateways
        self.times = []  # time.time() of each kill that was seen
        self.seen = {name: 0 for name in self.homes}
        self.ended = threading.Event()
        self.watcher = threading.Thread(target=self.watch, daemon=True)
        self.expected, self.reported = set(), set()

    def __enter__(self):
        self.pair.start()
        self.watcher.start()
        return self

    def __exit__(self, *exception):
        self.ended.set()
        self.watcher.join()
        self.pair.__exit__(*exception)

    def watch(self):
        while not self.ended.wait(0.05):
            for name, home in self.homes.items():
                count = self.deaths(home)
                if count > self.seen[name]:
                    self.times += [time.time()] * (count - self.seen[name])
                    self.seen[name] = count

    @staticmethod
    def deaths(home):
        return home.log_text().count("master the relay ended (signal 9)")

    def killed(self):
        self.times.append(time.time())

    def load(self, **settings):
        self.current = loads.Load(self.pair.sea.smtp_port, **dict(dict(threads=4, pause=0.1, large_every=11), **settings))
        return self.current.start()

    def settle(self, what, kills, seconds=120):
        """Ends the load, waits for the queues, and judges what arrived."""
        self.current.stop()
        self.expected |= self.current.accepted
        if self.limited:
            self.reported |= self.current.large
        for home in self.homes.values():
            gateway.wait_for(lambda: home.answers() and home.is_empty(), seconds, f"{what}: the queue of {home.name} is empty")
        time.sleep(0.3)  # smtp-sink writes its file after its 250
        found = loads.arrival_times(self.pair.sinks["land"])
        told = loads.reports(self.pair.sinks["sea"])
        missing = sorted((self.expected - self.reported) - set(found)) + sorted((self.expected & self.reported) - set(told))
        accepted = len(self.current.accepted)
        self.tap.ok(not missing and accepted > 0, f"{what}: {kills} kills, {accepted} answered 250, none missing {missing[:5] or ''}")
        unexplained = {name: times for name, times in found.items() if len(times) > 1 and not self.explained(times)}
        doubled = sum(len(times) - 1 for times in found.values())
        self.tap.ok(not unexplained, f"{what}: {doubled} duplicates so far, each with a kill while it was open "
                                     f"{list(unexplained)[:5] or ''}")
        refused = {code: count for code, count in self.current.refused.items() if code >= 500}
        self.tap.ok(not refused, f"{what}: nothing was refused for good {refused or ''}")
        for home in self.homes.values():
            findings = home.sanitizer_findings()
            self.tap.ok(not findings, f"{what}: no finding of a sanitizer in {home.name}")
            if findings:
                text = home.log_text()
                print("# " + text[text.index(findings[0]):][:8000].replace("\n", "\n# "), flush=True)

    def explained(self, times):
        return all(any(earlier - BEFORE_KILL <= at <= later for at in self.times) for earlier, later in zip(times, times[1:]))


def at_points(folder, tap, kills, phases):
    """Each phase names a point of sea and one of land, or None: both relays die there again and again under one load."""
    with KilledPair(folder, tap) as killed:
        for points in phases:
            what = ", ".join(f"{name} {point}" for name, point in points.items() if point)
            with tap.case(f"{what}: the run ends"):
                before = {}
                for name, point in points.items():
                    home = killed.homes[name]
                    home.kill()
                    killed.killed()
                    passes = PASSES.get(point, PASSES_ELSE)
                    home.environment = {"GW400_KILL_AT": f"{point}:{passes}"} if point else {}
                    before[name] = killed.deaths(home)
                    home.start(wait=False)
                killed.load()
                began = time.time()
                done = set()

                def count(name):
                    return killed.deaths(killed.homes[name]) - before[name]

                def enough():
                    for name, point in points.items():
                        if name not in done and (not point or count(name) >= kills):
                            done.add(name)
                            points[name] and disarm(killed, name)
                    return len(done) == len(points)

                gateway.wait_for(enough, 150, f"{kills} kills each at {what}; there were {[count(n) for n in points]}")
                total = sum(count(name) for name in points)
                killed.settle(what, total)
                print(f"# {what}: {total} kills in {time.time() - began:.0f} s", flush=True)


def disarm(killed, name):
    """Once more all at once; then without the point, to see the end."""
    home = killed.homes[name]
    home.kill()
    killed.killed()
    home.environment = {}
    home.start(wait=False)


def kill_some(home, what):
    """True if a process was killed."""
    try:
        if what == "all":
            home.kill()
            home.start(wait=False)
        elif what == "master":
            group = home.process.pid
            os.kill(group, signal.SIGKILL)
            home.process.wait()
            gateway.wait_for(lambda: not gateway.group_lives(group), 30, "the relay ends after its master")
            home.start(wait=False)
        elif what == "relay":
            os.kill(home.relay_pid(), signal.SIGKILL)
        else:
            os.kill(random.choice(home.converter_pids()), signal.SIGKILL)
        return True
    except (TypeError, IndexError, ProcessLookupError, FileNotFoundError):
        return False  # it was just being started


def at_random(folder, tap, moments, seed):
    rng = random.Random(seed)
    random.seed(seed)
    print(f"# seed {seed}", flush=True)
    with KilledPair(folder, tap) as killed:
        killed.load()
        counts = {"relay": 0, "converter": 0, "master": 0, "all": 0}
        end = time.monotonic() + 20 * moments
        while sum(counts.values()) < moments and time.monotonic() < end:
            time.sleep(rng.uniform(0.05, 0.8))
            home = rng.choice(list(killed.homes.values()))
            what = rng.choice(["relay", "relay", "relay", "converter", "master", "all"])
            if rng.random() < 0.7:
                home.wait_ready()
            if kill_some(home, what):
                counts[what] += 1
                killed.killed()
        for home in killed.homes.values():
            home.wait_ready()
        killed.current.stop()
        # a converter killed twice at the same message parks it, as it should: the operator's retry brings it through
        parked = 0
        for home in killed.homes.values():
            for message in home.queue(state="parked"):
                home.ask("queue.retry", id=message["id"])
                parked += 1
        words = ", ".join(f"{count} of {what}" for what, count in counts.items())
        tap.ok(sum(counts.values()) == moments, f"{moments} random moments: {words}; {parked} parked and retried; seed {seed}")
        killed.settle(f"{moments} random moments", moments)
