#!/usr/bin/env python3
"""test_p1peer.py - the independent peer itself: its octets against those of a real MTA, and each of its tricks against itself.

The captures of 1984, 1988 X.410 mode and 1988 normal mode are replayed at it in both roles: given the same names, passwords and
references it must answer, and call, octet for octet as the real MTA did.
"""
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import gateway  # noqa: E402
import p1_wire  # noqa: E402

TOOLS = gateway.ROOT / "tests/tools"
sys.path.insert(0, str(TOOLS))
from p1peer import ber, capture, peer, session, settings, transport  # noqa: E402

VECTORS = gateway.ROOT / "tests/vectors/real-mta"
PORT = 30002
SHAPE = ["> CN", "< AC", "> GT AS", "> GT DT", "> GT MIP", "> GT DT", "> GT MIP", "> GT DT", "> GT AE", "< PT MIA", "< PT MIA",
         "< PT AEA", "> FN", "< DN"]
# capture, APDU, mode, form of the passwords, applicationProtocol, session reference, transport references, called T-selector
CAPTURES = [
    ("p1-1984-x410.pcap", "p1-1984.ber", "1984", "ia5", None, "vm,261123181451Z", (0x7f21, 0x7f22), b"593"),
    ("p1-1988-x410.pcap", "p1-1988-x410.ber", "1988-x410", "octets", 3072, "vm,261123181356Z", (0x7c8c, 0x7c8e), b"592"),
    ("p1-1988-normal.pcap", "p1-1988-normal-external.ber", "1988-normal", "octets", None, "vm,261123181156Z", (0x77a1, 0x77a2),
     b"591"),
]
tap = gateway.Tap()


def quiet(own):
    own.say = lambda *_: None
    return own


def same(ours, theirs, text):
    tap.ok(ours == theirs, text)
    if ours != theirs:
        print(f"# ours   {ours.hex() if ours else ours}\n# theirs {theirs.hex()}", flush=True)


def name_of(tpdu):
    return {0xe0: "CR", 0xd0: "CC", 0x80: "DR"}.get(tpdu[1] & 0xf0) or " ".join(item.name for item in session.parse(tpdu[3:]))


def structure(tpdu):
    """What two encodings of the same TPDU have in common: parameters, presentation data in definite lengths, the frame of RTTR."""
    if tpdu[1] & 0xf0 != 0xf0:
        return tpdu
    found = []
    for item in session.parse(tpdu[3:]):
        parameters = {code: ber.canonical(value) if code == session.USER_DATA else value for code, value in item.parameters.items()}
        pdv = [(tag, ber.elements(inner)[0], ber.elements(inner)[1][0]) for tag, inner in ber.elements(ber.find(item.data, 0x61))] \
            if item.data else []
        found.append((item.name, parameters, pdv))
    return found


def as_responder(pcap, apdu, mode, form, reference, folder):
    """The captured initiator calls p1peer."""
    told = settings.Settings(mode=mode, mta=b"beta-mta", pw=b"betapw", password_form=form, checkpoint=1,
                             transport_reference=reference, expect_mta=b"alpha-mta", expect_pw=b"alphapw", expect_tsel=None)
    own = quiet(peer.Peer(told, folder=folder))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        wire = p1_wire.Wire(listener.getsockname()[1])
        line = transport.Transport(listener.accept()[0], told)
    thread = threading.Thread(target=peer.Association(own, line, initiator=False).respond, daemon=True)
    thread.start()
    for from_initiator, tpdu in capture.streams(VECTORS / pcap, PORT)[0].tpdus:
        if from_initiator:
            wire.send(tpdu)
        else:
            same(wire.receive(), tpdu, f"{pcap}, p1peer as responder: {name_of(tpdu)} as the real MTA sent it")
    wire.close()
    thread.join(10)
    tap.ok(not thread.is_alive(), f"{pcap}: the association ends")
    octets = (VECTORS / apdu).read_bytes()
    expected = octets if mode != "1988-normal" else ber.find(ber.read(octets)[1], 0xa0)
    tap.ok((folder / "1.ber").read_bytes() == expected, f"{pcap}: the APDU as the capture has it")


def as_initiator(pcap, apdu, mode, form, application, reference, local, tsel, folder, indefinite):
    """p1peer calls; the captured responder answers."""
    source = folder / f"source-{indefinite}.ber"
    octets = (VECTORS / apdu).read_bytes()
    source.write_bytes(octets if mode != "1988-normal" else ber.find(ber.read(octets)[1], 0xa0))
    told = settings.Settings(mode=mode, mta=b"alpha-mta", pw=b"alphapw", password_form=form, application=application,
                             reference=reference, tsel=tsel, transport_reference=local, tsdu_maximum=0x7f9, checkpoint=63,
                             indefinite=indefinite)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        own = quiet(peer.Peer(told, [source]))
        thread = threading.Thread(target=own.send, args=("127.0.0.1", listener.getsockname()[1]), daemon=True)
        thread.start()
        wire = p1_wire.Wire.__new__(p1_wire.Wire)
        wire.socket = listener.accept()[0]
        wire.socket.settimeout(20)
    for from_initiator, tpdu in capture.streams(VECTORS / pcap, PORT)[0].tpdus:
        if not from_initiator:
            wire.send(tpdu)
            continue
        ours, name = wire.receive(), name_of(tpdu)
        if indefinite:
            same(ours, tpdu, f"{pcap}, p1peer as initiator: {name} as the real MTA sent it")
        else:
            tap.ok(structure(ours) == structure(tpdu), f"{pcap}, p1peer as initiator: {name} in definite lengths, of the same structure")
    wire.close()
    thread.join(10)
    tap.ok(not thread.is_alive() and own.outgoing is None and not own.queue, f"{pcap}: the transfer is over")


def captures(folder):
    for pcap, apdu, mode, form, application, reference, (local, remote), tsel in CAPTURES:
        streams = capture.streams(VECTORS / pcap, PORT)
        tap.ok(len(streams) == 1 and streams[0].shape() == SHAPE, f"{pcap}: the shape of its dialogue is read")
        with tap.case(f"{pcap} replayed at p1peer serve"):
            as_responder(pcap, apdu, mode, form, remote, folder / pcap)
        with tap.case(f"{pcap} replayed at p1peer send"):
            as_initiator(pcap, apdu, mode, form, application, reference, local, tsel, folder / pcap, True)
        if mode == "1988-normal":
            with tap.case(f"{pcap} replayed at p1peer send, definite lengths"):
                as_initiator(pcap, apdu, mode, form, application, reference, local, tsel, folder / pcap, False)


def run(folder, port, calling, serving, files=1, connections=1, back=()):
    """send and serve against each other: (exit code of send, what send said, what serve said, APDUs written)."""
    out = folder / f"{port}.out"
    command = [sys.executable, TOOLS / "p1peer.py"]
    # the responder may have to be ended: it waits for associations that the test expects not to come
    answers = subprocess.Popen([*command, "serve", str(port), out, *back, "--max", str(connections), *serving], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
    gateway.wait_for(lambda: "\tL" in listening(port), 10, "p1peer serve listens")
    apdus = [VECTORS / "p1-1984.ber"] * files
    result = subprocess.run([*command, "send", "127.0.0.1", str(port), *apdus, *calling], capture_output=True, text=True, timeout=60)
    try:
        said = answers.communicate(timeout=5)[0]
    except subprocess.TimeoutExpired:
        answers.kill()
        said = answers.communicate()[0]
    written = [path.read_bytes() == apdus[0].read_bytes() for path in sorted(out.glob("*.ber"))]
    return result.returncode, result.stdout + result.stderr, said, written


def listening(port):
    """A line of /proc/net/tcp for a socket that listens there; asking by a connection would use one up."""
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1].endswith(f":{port:04X}") and fields[3] == "0A":
            return "\tL"
    return ""


# what is tried, arguments of send, of serve, connections, exit code of send, words of send, words of serve, messages that arrive
TRICKS = [
    ("interrupt and resume", ["--fault", "interrupt:1"], [], 1, 0, "resumed", "ACTIVITY RESUME 020102 of 020101 at 1", 1),
    ("discard and start anew", ["--fault", "discard:1"], [], 1, 0, "discarded", "ACTIVITY DISCARD", 1),
    ("the receiver reports an exception", [], ["--fault", "exception:2"], 1, 0, "exception: local SS-user error", "at 1", 1),
    ("the receiver reports a severe exception", [], ["--fault", "exception:2", "--exception", "unrecoverable procedure error"], 1, 0,
     "discarded", "ACTIVITY DISCARD", 1),
    ("a cut line, recovered", ["--window", "1", "--fault", "cut:1900", "--recover", "1"], [], 2, 0, "resumed", "of 020101 at 1", 1),
    ("a cut by the receiver, recovered", ["--window", "1", "--recover", "1"], ["--fault", "cut-received:2000"], 2, 0, "resumed", "of 020101 at 1",
     1),
    ("resuming a checkpoint behind", ["--fault", "interrupt:2", "--resume-behind", "1"], [], 1, 0, "at 1", "at 1", 1),
    ("resuming ahead is not recognised", ["--fault", "interrupt:1", "--resume-behind", "-1", "--recover", "1"], [], 2, 0,
     "unrecognized-activity", "by us: unrecognized-activity", 1),
    ("an activity that the receiver lost", ["--window", "1", "--fault", "cut:1900", "--recover", "2"], ["--fault", "lose:1"], 3, 0,
     "unrecognized-activity", "ACTIVITY START", 1),
    ("cannot recover", ["--window", "1", "--fault", "cut:1900", "--recover", "2"], ["--refuse", "cannot-recover"], 3, 0, "REFUSED",
     "REFUSING", 1),
    ("cut before the end is confirmed", ["--recover", "1"], ["--fault", "cut-before-aea"], 2, 4, "before, as the peer says",
     "transfer-completed", 1),
    ("abort", ["--fault", "abort:1", "--abort-reason", "user-error"], [], 1, 4, "by us: user-error", "by the peer: user-error", 0),
    ("RTORJ busy", [], ["--refuse", "busy"], 1, 2, "busy", "REFUSING", 0),
    ("session refuses", [], ["--refuse", "session:130"], 1, 2, "session reason 130", "REFUSING", 0),
    ("transport refuses", [], ["--refuse", "transport:1"], 1, 3, "refused by DR, reason 1", "REFUSING", 0),
    ("wrong T-selector", ["--tsel", "wrong"], ["--expect-tsel", "right"], 1, 3, "reason 3", "REFUSING", 0),
    ("wrong S-selector", ["--ssel", "wrong"], ["--expect-ssel", "right"], 1, 2, "session reason 129", "REFUSING", 0),
    ("wrong password", ["--pw", "wrong"], ["--expect-pw", "right"], 1, 2, "", "name or password", 0),
    ("an empty password", ["--pw", ""], ["--expect-pw", ""], 1, 0, "released", "released", 1),
    ("no credentials", ["--password-form", "none"], [], 1, 0, "released", "MTA None", 1),
    ("no CC", ["--patience", "2"], ["--fault", "no-cc", "--patience", "3"], 1, 3, "in time", "CR is not answered", 0),
    ("no further reading", ["--patience", "2"], ["--fault", "stop-reading:1500", "--patience", "3"], 1, 3, "in time", "stopped reading", 0),
    ("MIA withheld", ["--patience", "2"], ["--fault", "withhold-mia:1", "--window", "1"], 1, 3, "in time", "ACTIVITY START", 0),
    ("AEA withheld", ["--patience", "2"], ["--fault", "withhold-aea"], 1, 3, "in time", "MTS-APDU 1", 1),
    ("RTOAC larger than RTORQ", [], ["--fault", "answer-checkpoint:70", "--fault", "answer-window:9"], 1, 0, "800146810109", "released", 1),
    ("a small TPDU", [], ["--tpdu", "128"], 1, 0, "released", "released", 1),
]


def tricks(folder):
    for number, (what, calling, serving, connections, code, said, answered, arrived) in enumerate(TRICKS):
        mode = ("1988-normal", "1988-x410", "1984")[number % 3]
        with tap.case(f"{what} ({mode})"):
            form = ["--mode", mode, "--checkpoint", "1"]
            found = run(folder, gateway.free_port(), [*form, *calling], ["--mode", mode, *serving], connections=connections)
            assert found[0] == code, found
            assert said in found[1] and answered in found[2], found
            assert found[3] == [True] * arrived, found
    for mode in ("1988-normal", "1988-x410", "1984"):
        with tap.case(f"two-way alternate: both send on one association, the turn passes by PT, GTC, GTA ({mode})"):
            out = folder / f"caller-{mode}"
            form = ["--mode", mode, "--checkpoint", "1"]
            apdu = str(VECTORS / "p1-1984.ber")
            calling = [*form, "--dialogue", "two-way", "--expect", "1", "--out", str(out)]
            code, said, answered, written = run(folder, gateway.free_port(), calling, ["--mode", mode, "--priority", "2"], files=2,
                                                back=[apdu])
            assert code == 0 and written == [True, True], (code, said, answered, written)
            assert (out / "1.ber").read_bytes() == pathlib.Path(apdu).read_bytes()
            assert re.search(r"TURN PLEASE 2.*turn given.*turn taken.*released", said, re.S), said


for leg in (captures, tricks):
    with tempfile.TemporaryDirectory(prefix="gw400-") as name:
        leg(pathlib.Path(name))
tap.end()
