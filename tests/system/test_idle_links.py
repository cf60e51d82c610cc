#!/usr/bin/env python3
"""test_idle_links.py - 1,000 idle associations: the relay's resident memory rises by at most 64 MB (issue 3, what it must show, 5).

Measured on the optimised build (sanitizers keep freed memory). The other side is bare sockets with the exchange of 2005.
"""
import os
import pathlib
import resource
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
os.environ["GW400_BUILD"] = str(pathlib.Path(__file__).resolve().parents[2] / "build")
import gateway  # noqa: E402
import p1_wire  # noqa: E402

COUNT = int(os.environ.get("ASSOCIATIONS", "1000"))
tap = gateway.Tap()


def resident(pid):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0


def bound(port):
    wire = p1_wire.Wire(port)
    wire.send(p1_wire.ping_block("CR"))
    wire.receive()
    wire.send_data(p1_wire.ping_block("CN"))
    answer = wire.receive_data()
    assert answer and answer[0] == 14, answer
    return wire


def main(folder):
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    peers = p1_wire.peer_of("percival", folder / "land", ("guinevere.smhs.co.uk", "merlin"), ("percival.smhs.co.uk", "excalibur"),
                            attributes='associations="1000" remote-idle="1h"')
    home = gateway.Gateway("land", folder / "land", peers=peers, sink_port=gateway.free_port())
    home.start()
    try:
        wires = [bound(home.p1_port) for _ in range(20)]
        before = resident(home.relay_pid())
        wires += [bound(home.p1_port) for _ in range(COUNT - 20)]
        after = resident(home.relay_pid())
        held = home.ask("status")["associations"]
        print(f"# {held} associations, {(after - before) * 1024 / (COUNT - 20):.1f} KB each")
        tap.ok(held == COUNT, f"{held} associations are open")
        tap.ok(after - before <= 64, f"the relay's resident memory rises by {after - before:.1f} MB (at most 64)")
        wires[500 % COUNT].send_data(p1_wire.ping_block("FN"))
        answer = wires[500 % COUNT].receive_data()
        tap.ok(answer is not None and answer[0] == 10, "one of them is released in order")
        for wire in wires:
            wire.close()
        gateway.wait_for(lambda: home.ask("status")["associations"] == 0, 30, "all are gone")
        tap.ok(home.stop() == 0, "a clean stop")
    finally:
        home.kill()


with tempfile.TemporaryDirectory(prefix="gw400-") as name, tap.case("idle associations: the run ends"):
    main(pathlib.Path(name))
tap.end()
