#!/usr/bin/env python3
"""test_p1_tools.py - gw400 source and gw400 sink: against each other, and each against the independent peer p1peer.py."""
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import gateway  # noqa: E402

GW400 = gateway.BUILD / "gw400"
PEER = gateway.ROOT / "tests/tools/p1peer.py"
VECTOR = gateway.ROOT / "tests/vectors/real-mta/p1-1988-normal.canonical.ber"
tap = gateway.Tap()


def sink(port, *arguments):
    process = subprocess.Popen([GW400, "sink", "--mta", "land", *arguments, f"127.0.0.1:{port}"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    gateway.wait_for(lambda: gateway.port_open(port), 10, "the sink listens")
    return process


def source(port, *arguments):
    return subprocess.run([GW400, "source", "--mta", "sea", *arguments, f"127.0.0.1:{port}"], capture_output=True, text=True,
                          timeout=120)


def finish(process):
    output, errors = process.communicate(timeout=60)
    return process.returncode, output, errors


def each_other(folder):
    with tap.case("two sessions, 40 messages of 30 KB: all arrive, decode, and have the same body"):
        port = gateway.free_port()
        receiver = sink(port, "-c", "40", "--same")
        sent = source(port, "-s", "2", "-m", "40", "-l", "30000")
        code, output, errors = finish(receiver)
        assert sent.returncode == 0 and sent.stdout.startswith("40 of 40 messages sent"), sent.stdout + sent.stderr
        assert code == 0 and output.startswith("40 messages") and "0 faults" in output, output + errors
    for mode in ("1988-normal", "1988-x410", "1984"):
        with tap.case(f"5 messages in mode {mode}; the sink takes whichever comes, and alone its own when it has one"):
            for own in ((), ("--mode", mode)):
                port = gateway.free_port()
                receiver = sink(port, "-c", "5", "--same", "--decode", *own)
                sent = source(port, "-m", "5", "-l", "20000", "--mode", mode)
                code, output, errors = finish(receiver)
                assert sent.returncode == 0 and code == 0 and "0 faults" in output, sent.stderr + output + errors
            port = gateway.free_port()
            receiver = sink(port, "--mode", "1984" if mode == "1988-normal" else "1988-normal")
            sent = source(port, "--mode", mode)
            receiver.terminate()
            finish(receiver)
            assert sent.returncode == 1 and "authentication error" in sent.stderr, sent.stdout + sent.stderr
    for scheme in ("--checkpoint=0", "--checkpoint=1 --window=1", "--tpdu=7", "--tpdu=0", "--session=1"):
        with tap.case(f"5 messages of 200 KB with {scheme}"):
            port = gateway.free_port()
            receiver = sink(port, "-c", "5", "--same")
            sent = source(port, "-m", "5", "-l", "200000", *scheme.split())
            code, output, errors = finish(receiver)
            assert sent.returncode == 0 and code == 0 and "0 faults" in output, sent.stderr + output + errors
    with tap.case("a template's messages differ in their MTS identifiers alone"):
        port, dumped = gateway.free_port(), folder / "dumped"
        dumped.mkdir()
        receiver = sink(port, "-c", "3", "--same", "--dump", dumped)
        sent = source(port, "-m", "3", "-f", VECTOR)
        code, output, errors = finish(receiver)
        assert sent.returncode == 0 and code == 0, sent.stderr + output + errors
        octets = [(dumped / f"{n}.ber").read_bytes() for n in (1, 2, 3)]
        assert len(set(octets)) == 3 and len({len(o) for o in octets}) == 1
        differ = [i for i in range(len(octets[0])) if octets[0][i] != octets[1][i]]
        assert differ[-1] - differ[0] < 24, differ


def checks(folder):
    body = folder / "body"
    body.write_bytes((b"The quick brown fox jumps over the lazy dog, and the gateway carries it.\r\n" * 20)[:1000])
    for name, contents, good in (("right", body.read_bytes(), True), ("wrong", body.read_bytes()[:-1] + b"?", False)):
        with tap.case(f"--expect-body tells the {name} body"):
            port, expected = gateway.free_port(), folder / name
            expected.write_bytes(contents)
            receiver = sink(port, "-c", "2", "--expect-body", expected)
            sent = source(port, "-m", "2", "-l", "1000")
            code, output, errors = finish(receiver)
            assert sent.returncode == 0 and code == (0 if good else 1), output + errors
            assert good or "message 1: no body part has the expected SHA-256" in errors, errors
    with tap.case("a name that is not wanted is refused, and the source says why"):
        port = gateway.free_port()
        receiver = sink(port, "--peer", "river")
        sent = source(port)
        receiver.terminate()
        finish(receiver)
        assert sent.returncode == 1 and 'authentication error' in sent.stderr and '"sea"' in sent.stderr, sent.stderr
    with tap.case("nothing listens: exit 1 and words"):
        sent = source(gateway.free_port())
        assert sent.returncode == 1 and "refused" in sent.stderr, sent.stderr
    with tap.case("usage: exit 2"):
        assert subprocess.run([GW400, "source"], capture_output=True).returncode == 2
        assert subprocess.run([GW400, "sink", "--no-such-option"], capture_output=True).returncode == 2


def independent_peer(folder):
    password = folder / "password"
    password.write_text("secret\n")
    with tap.case("source to p1peer.py: whole, in its EXTERNAL, released"):
        port, taken = gateway.free_port(), folder / "taken"
        peer = subprocess.Popen([sys.executable, PEER, "serve", str(port), taken], stdout=subprocess.PIPE, text=True)
        sent = gateway.wait_for(lambda: (lambda r: r if "Connection refused" not in r.stderr else None)(
            source(port, "-m", "4", "-l", "70000", "--password-file", password)), 10, "the peer takes the messages")
        output, _ = peer.communicate(timeout=30)
        assert sent.returncode == 0, sent.stderr
        assert "released" in output and len(list(taken.iterdir())) == 4, output
        assert all(len(f.read_bytes()) > 70000 for f in taken.iterdir())
    with tap.case("p1peer.py to sink: accepted, decoded, released"):
        port, dumped = gateway.free_port(), folder / "from-peer"
        dumped.mkdir()
        receiver = sink(port, "-c", "2", "--tsel", "X400-88", "--decode", "--dump", dumped)
        files = [folder / "taken/1.ber", VECTOR]
        peer = subprocess.run([sys.executable, PEER, "send", "127.0.0.1", str(port), *files], capture_output=True, text=True)
        code, output, errors = finish(receiver)
        assert peer.returncode == 0 and "released" in peer.stdout, peer.stdout + peer.stderr
        assert code == 0, output + errors
        assert [(dumped / f"{n}.ber").read_bytes() for n in (1, 2)] == [f.read_bytes() for f in files]


with tempfile.TemporaryDirectory() as name:
    each_other(pathlib.Path(name))
    checks(pathlib.Path(name))
    independent_peer(pathlib.Path(name))
tap.end()
