#!/usr/bin/env python3
"""test_p1_cut.py - the P1 connection is cut at every 50th octet of a small transfer, from each side (issue 2, point 5).

A proxy stands between sea and land.  For every cut a message of its own goes through it: the connection that carries it is cut
after so many octets of one direction, what comes later passes.  In the end every message has arrived, exactly once.
"""
# time-limit: 1500
import concurrent.futures
import pathlib
import re
import smtplib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import gateway  # noqa: E402
import p1_wire  # noqa: E402

STEP = 50
SHARES = 4  # most of the time is waiting for retries
tap = gateway.Tap()


def send(port, name):
    with smtplib.SMTP("127.0.0.1", port, "client.example", timeout=30) as client:
        client.sendmail("ann@sea.example", ["bob@land.example"],
                        f"From: ann@sea.example\r\nTo: bob@land.example\r\nSubject: cut {name}\r\nMessage-ID: <{name}@sea.example>\r\n"
                        f"Date: Mon, 23 Nov 2026 18:00:00 +0000\r\n\r\n" + "A small message.\r\n" * 110)


def arrived(sink):
    return [re.search(rb"(?im)^Message-ID: <(.*?)@", mail)[1].decode() for mail in sink.mails()]


def one(pair, proxy, name, cut=None):
    """Sends a message over a connection of its own and waits until it has left sea for good."""
    before = len(proxy.passed)
    if cut:
        proxy.plan(*cut)
    send(pair.sea.smtp_port, name)
    gateway.wait_for(lambda: pair.sea.is_empty() and pair.sea.ask("status")["associations"] == 0, 60, f"{name} leaves sea ({cut})")
    return proxy.passed[before:]


def cut_some(folder, share, ports):
    """One pair of gateways and the cuts that fall to it: every SHARES-th, from the share-th on."""
    proxy = p1_wire.CutProxy(ports[3])
    with gateway.Pair(folder, peer_attributes='associations="1" idle="1s" messages="1" checkpoint-size="1"', through=proxy.port,
                      ports=ports, queue='retry-first="1s" retry-max="1s"', converters='count="1"') as pair:
        counts = one(pair, proxy, "whole")[0]
        cuts = [(True, n) for n in range(0, counts[True], STEP)] + [(False, n) for n in range(0, counts[False], STEP)]
        cuts = (cuts + [(True, counts[True] - 1), (False, counts[False] - 1)])[share::SHARES]
        again = 0
        for number, cut in enumerate(cuts):
            again += len(one(pair, proxy, f"cut-{number}", cut)) > 1
        names = {"whole"} | {f"cut-{number}" for number in range(len(cuts))}
        with tap.case(f"share {share}: {len(cuts)} connections cut, {again} of them called again: every message arrives"):
            gateway.wait_for(lambda: names <= set(arrived(pair.sinks["land"])), 90, f"missing: {names - set(arrived(pair.sinks['land']))}")
        time.sleep(3)
        all_of_them = arrived(pair.sinks["land"])
        twice = sorted(name for name in set(all_of_them) if all_of_them.count(name) > 1)
        tap.ok(not twice and len(all_of_them) == len(names),
               f"share {share}: each exactly once {[(name, cuts[int(name[4:])]) for name in twice]}")
        tap.ok(again > len(cuts) // 2, f"share {share}: most cuts fell into a transfer")
        findings = pair.sea.sanitizer_findings() + pair.land.sanitizer_findings()
        tap.ok(not findings, f"share {share}: no sanitizer finding {findings[:3]}")
    proxy.close()
    return counts


with tempfile.TemporaryDirectory(prefix="gw400-") as name, tap.case("cut: the run ends"), \
        concurrent.futures.ThreadPoolExecutor(SHARES) as pool:
    ports = p1_wire.free_ports(6 * SHARES)
    runs = [pool.submit(cut_some, pathlib.Path(name) / str(share), share, ports[6 * share:][:6]) for share in range(SHARES)]
    for run in runs:
        counts = run.result()
        tap.ok(counts[True] > 2000 and counts[False] > 200, f"uncut, sea sent {counts[True]} octets and land {counts[False]}")
tap.end()
