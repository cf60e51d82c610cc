#!/usr/bin/env python3
# time-limit: 900
"""test_modes.py - messages, reports and probes in each mode of P1 and each dialogue mode, both directions (issue 3, must show 1).

Between two gateways, and between a gateway and the independent peer p1peer.py in both roles. In two-way-alternate dialogue only one
side can call, so that both directions use one association. Captures of normal mode are clean in tshark; in the X.410 modes, whose
data phase tshark does not decode, the dialogue is held step by step against that of the captured real MTA.
"""
import pathlib
import re
import smtplib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import gateway  # noqa: E402
import p1_apdus  # noqa: E402
from refuser import Refuser  # noqa: E402

TOOLS = gateway.ROOT / "tests/tools"
sys.path.insert(0, str(TOOLS))
from p1peer import ber, capture, session  # noqa: E402

MODES = ("1988-normal", "1988-x410", "1984")
DIALOGUES = {"monologue": "monologue", "two-way-alternate": "two-way"}  # ours and p1peer.py's word
REAL = gateway.ROOT / "tests/vectors/real-mta"
REAL_CAPTURES = {"1984": "p1-1984-x410.pcap", "1988-x410": "p1-1988-x410.pcap", "1988-normal": "p1-1988-normal.pcap"}
REAL_PORT = 30002
COMMON = 'associations="1" urgent-associations="0" idle="3s" checkpoint-size="1" window="3" retry-first="1s" retry-max="2s"'
tap = gateway.Tap()


class Capture:
    def __init__(self, path, port):
        self.path, self.port = path, port
        self.process = subprocess.Popen(["tcpdump", "-i", "lo", "-U", "--immediate-mode", "-B", "65536", "-s", "0", "-w", path,
                                         f"tcp port {port}"], stderr=subprocess.PIPE, text=True)
        self.process.stderr.readline()

    def stop(self):
        time.sleep(0.5)
        self.process.terminate()
        self.process.communicate()
        return capture.streams(self.path, self.port)


def tell(*logs):
    """What the programs of a leg that failed had to say."""
    for log in logs:
        lines = log.read_text(errors="replace").splitlines()[-40:]
        print("".join(f"# {log.parent.name}/{log.name}: {line}\n" for line in lines), end="", flush=True)


def mail(port, sender, recipient, name, size=100, notify=None):
    text = (f"From: {sender}\r\nTo: {recipient}\r\nSubject: {name}\r\nMessage-ID: <{name}@{sender.split('@')[1]}>\r\n"
            f"Date: Mon, 23 Nov 2026 18:00:00 +0000\r\n\r\n" + f"text of {name}, line after line.\r\n" * (size // 30))
    with smtplib.SMTP("127.0.0.1", port, "client.example", timeout=60) as client:
        client.sendmail(sender, [recipient], text, rcpt_options=[f"NOTIFY={notify}"] if notify else [])


def subjects(mails):
    """What came, by Subject; of reports what they say of which of our mails (1984 carries its subject back, but no Message-ID)."""
    found = []
    for data in mails:
        text = data.decode(errors="replace")
        action = re.search(r"(?m)^Action: (\w+)", text)
        subject = re.search(r"(?m)^Subject: (.*?)\r?$", text)
        if action:
            found += [f"{action[1]} {name}" for name in ("sea.to.land", "sea.refused") if name in text]
        elif subject:
            found.append(subject[1])
    return found


# --- the dialogue, step by step

INITIATOR = r"CN (?:GT AS (?:GT DT GT MIP )*GT DT GT AE |PT |GTC |GTA |PT MIA |PT AEA )*FN "
RESPONDER = r"AC (?:GT AS (?:GT DT GT MIP )*GT DT GT AE |PT |GTC |GTA |PT MIA |PT AEA )*DN "
MONOLOGUE = (r"CN (?:GT AS (?:GT DT GT MIP )*GT DT GT AE )*FN ", r"AC (?:(?:PT MIA )*PT AEA )*DN ")


def frame(octets, skip=()):
    """The tags of presentation data, nested; without those of optional elements that the peers may use or not."""
    return [(tag, frame(inner, skip) if tag & 32 else None) for tag, inner in ber.elements(octets) if tag not in skip]


def step(tsdu):
    return " ".join(item.name for item in session.parse(tsdu))


def same_shape(what, mode, stream, monologue=True):
    """Our dialogue beside the captured real one: the SPDUs of each side, their order, the frames of CN and AC, of each first of a kind."""
    real = capture.streams(REAL / REAL_CAPTURES[mode], REAL_PORT)[0]
    for initiator, pattern in zip((True, False), MONOLOGUE if monologue else (INITIATOR, RESPONDER)):
        sides = ["".join(f"{step(tsdu)} " for from_initiator, tsdu in item.tsdus() if from_initiator == initiator)
                 for item in (stream, real)]
        tap.ok(re.fullmatch(pattern, sides[0]) and re.fullmatch(MONOLOGUE[not initiator], sides[1]),
               f"{what}: the {'initiator' if initiator else 'responder'}'s SPDUs follow each other as the real ones "
               f"({sides[0][:200]})")
    firsts = []
    for item in (stream, real):
        first = {}
        for _, tsdu in item.tsdus():
            first.setdefault(step(tsdu), tsdu)
        firsts.append(first)
    for name in ("CN", "AC", "FN", "DN"):
        ours, theirs = (session.parse(first[name])[0] for first in firsts)
        # windowSize is optional; selectors are a matter of the sheet; which form the password has, as well
        frames = [frame(item.user_data, skip=(0x81, 0x82, 0x83, 0x84, 0x04, 0x16)) for item in (ours, theirs)]
        tap.ok(frames[0] == frames[1], f"{what}: {name} carries what the real one carries" +
               ("" if frames[0] == frames[1] else f": {ours.user_data.hex()} beside {theirs.user_data.hex()}"))
    for name in ("GT AS", "GT MIP", "GT AE", "PT MIA", "PT AEA"):
        if name in firsts[0]:
            ours, theirs = ([(item.name, sorted(item.parameters)) for item in session.parse(first[name])] for first in firsts)
            tap.ok(ours == theirs, f"{what}: {name} has the real one's parameters: {ours}")
    if mode != "1988-normal" and "GT DT" in firsts[0]:
        tap.ok(session.parse(firsts[0]["GT DT"])[1].data[:1] in (b"\xa0", b"\xa1", b"\xa2"),
               f"{what}: the data phase begins with the MTS-APDU itself")


def complaints(pcap, port):
    fields = [item for name in ("frame.number", "frame.protocols", "_ws.expert.message", "tcp.payload") for item in ("-e", name)]
    return subprocess.run(["tshark", "-r", pcap, "-d", f"tcp.port=={port},tpkt", "-Y", "_ws.expert.severity >= 6291456", "-T", "fields",
                           *fields], capture_output=True, text=True).stdout.splitlines(True)


def judge(what, mode, streams, pcap, port, two_way):
    """What the wire must look like in this mode and dialogue."""
    used = [stream for stream in streams if any("AS" in line.split() for line in stream.shape())]
    tap.ok(used, f"{what}: an association was used")
    if two_way:
        shape = used[0].shape() if used else []
        tap.ok(any(line.startswith("> GT AS") for line in shape) and any(line.startswith("< GT AS") for line in shape) and
               any(line.endswith(" GTC") for line in shape), f"{what}: both directions on one association, the turn passed by GTC")
    if mode == "1988-normal":
        result = subprocess.run(["bash", TOOLS / "p1-pcap-check.sh", pcap, str(port)], capture_output=True, text=True)
        if not tap.ok(result.returncode == 0, f"{what}: tshark has no complaint: {result.stdout.strip()}"):
            print("".join(f"# {line}" for line in complaints(pcap, port)), end="", flush=True)
    released = [stream for stream in used if "> FN" in stream.shape()]
    tap.ok(released == used, f"{what}: each association used is released in order: {[stream.shape()[-8:] for stream in used]}")
    for stream in released[:1]:
        same_shape(what, mode, stream, monologue=not two_way)


# --- two gateways

def gateways(folder, mode, dialogue):
    what, two_way = f"two gateways, {mode}, {dialogue}", dialogue != "monologue"
    server = Refuser()
    pair = gateway.Pair(folder, peer_attributes=f'mode="{mode}" dialogue="{dialogue}" {COMMON}')
    pair.land.sink_port = server.port
    if two_way:  # land can't call: what it has goes over sea's association
        pair.land.settings["peers"] = re.sub(r'<address at="[^"]*"/>', "", pair.land.settings["peers"])
    prober = gateway.peer_xml("prober", None, "sea-mta", "prober-mta", folder / "sea")
    pair.sea.settings["peers"] += "\n  " + prober + '\n  <route or="/PRMD=prober/ADMD=demo/C=xx/" peer="prober"/>'
    failures = tap.failures
    with pair:
        pcap = folder / "p1.pcap"
        watch = Capture(pcap, pair.land.p1_port)
        mail(pair.sea.smtp_port, "ann@sea.example", "bob@land.example", "sea.to.land", 4000, "SUCCESS")
        mail(pair.sea.smtp_port, "ann@sea.example", "nobody@land.example", "sea.refused")
        mail(pair.land.smtp_port, "bob@land.example", "ann@sea.example", "land.to.sea", 3000)
        with tap.case(f"{what}: messages both ways, a delivery and a non-delivery report come back"):
            expected = {"land.to.sea", "failed sea.refused"}
            gateway.wait_for(lambda: len(server.taken) >= 1 and len(pair.sinks["sea"].mails()) >= 3, 60,
                             f"three mails at sea, one at land: {subjects(pair.sinks['sea'].mails())}, {len(server.taken)}")
            found = subjects(pair.sinks["sea"].mails())
            assert expected <= set(found) and any(item in found for item in ("delivered sea.to.land", "relayed sea.to.land")), found
            assert b"text of sea.to.land" in server.taken[0][1]
        with tap.case(f"{what}: a probe goes over, and its report comes back"):
            apdu = folder / "probe.ber"
            indicators = p1_apdus.RESPONSIBLE | p1_apdus.DELIVERY_REPORT
            apdu.write_bytes(p1_apdus.probe("prober", "probe-1", [(p1_apdus.address("land", "bob"), indicators)]))
            out = folder / "probe.out"
            result = subprocess.run([sys.executable, TOOLS / "p1peer.py", "send", "127.0.0.1", str(pair.sea.p1_port), apdu, "--mta",
                                     "prober-mta", "--dialogue", "two-way", "--expect", "1", "--out", out, "--patience", "30"],
                                    capture_output=True, text=True)
            assert result.returncode == 0, result.stdout + result.stderr
            assert p1_apdus.report((out / "1.ber").read_bytes()) == ("probe-1", [True]), (out / "1.ber").read_bytes().hex()
        for home in pair.gateways.values():
            with tap.case(f"{what}: {home.name} has nothing left, and nothing parked"):
                home.wait_empty()
                gateway.wait_for(lambda: home.ask("status")["associations"] == 0, 30, "idle associations are released")
        streams = watch.stop()
        judge(what, mode, streams, pcap, pair.land.p1_port, two_way)
        findings = pair.sea.sanitizer_findings() + pair.land.sanitizer_findings()
        tap.ok(pair.sea.stop() == 0 and pair.land.stop() == 0 and not findings, f"{what}: a clean stop {findings[:2]}")
        if tap.failures > failures:
            tell(pair.sea.log, pair.land.log)


# --- a gateway and the independent peer

def apdus(folder):
    """What the peer sends: a message that arrives and is reported on, one that can't be delivered, a probe."""
    wanted = p1_apdus.RESPONSIBLE | p1_apdus.DELIVERY_REPORT
    unwanted = p1_apdus.RESPONSIBLE | p1_apdus.NON_DELIVERY_REPORT
    files = {"message": p1_apdus.message("peer", "peer-1", [(p1_apdus.address("land", "bob"), wanted)], "text of the peer.\r\n" * 200),
             "hopeless": p1_apdus.message("peer", "peer-2", [(p1_apdus.address("land", "nobody"), unwanted)], "to nobody"),
             "probe": p1_apdus.probe("peer", "peer-3", [(p1_apdus.address("land", "bob"), wanted)])}
    for name, octets in files.items():
        (folder / f"{name}.ber").write_bytes(octets)
    return [folder / f"{name}.ber" for name in files]


def independent(folder, mode, dialogue, calls):
    """calls: the association's initiator in two-way-alternate dialogue; in a monologue both open their own."""
    two_way = dialogue != "monologue"
    what = f"p1peer.py, {mode}, {dialogue}" + (f", {calls} calls" if two_way else "")
    failures = tap.failures
    server, port, out = Refuser(), gateway.free_port(), folder / "out"
    home = folder / "land"
    reachable = port if calls == "gateway" or not two_way else None
    peers = gateway.peer_xml("peer", reachable, "land-mta", "peer-mta", home, attributes=f'mode="{mode}" dialogue="{dialogue}" {COMMON}')
    peers += '\n  <route or="/PRMD=peer/ADMD=demo/C=xx/" peer="peer"/>'
    land = gateway.Gateway("land", home, peers=peers, sink_port=server.port)
    land.write_config()
    for kind in ("domain-to-or", "or-to-domain"):  # peer.example is a domain of the peer's
        pair = ("peer.example", "PRMD$peer.ADMD$demo.C$xx")
        key, value = pair if kind == "domain-to-or" else pair[::-1]
        path = home / kind
        path.write_text(path.read_text() + f"{key}#{value}#\n")
    land.tables, land.settings["peers"] = False, peers + ('\n  <table kind="domain-to-or" file="domain-to-or"/>'
                                                          '\n  <table kind="or-to-domain" file="or-to-domain"/>')
    form = ["--mode", mode, "--dialogue", DIALOGUES[dialogue], "--checkpoint", "1", "--window", "3", "--patience", "60", "--priority", "2"]
    command, files, running = [sys.executable, TOOLS / "p1peer.py"], apdus(folder), []

    def start(*arguments):
        with open(folder / f"{arguments[0]}.log", "w") as log:
            running.append(subprocess.Popen([*command, *map(str, arguments)], stdout=log, stderr=log))
        return running[-1]
    try:
        land.start()
        watches = [Capture(folder / "in.pcap", land.p1_port), Capture(folder / "out.pcap", port)]
        if reachable:
            start("serve", port, out, *(files if two_way else []), "--max", 9, *form)
            time.sleep(0.5)
        mail(land.smtp_port, "bob@land.example", "ann@peer.example", "land.to.peer", 4000)
        if not (two_way and calls == "gateway"):
            expect = ["--expect", 4, "--out", out] if two_way else []
            calling = start("send", "127.0.0.1", land.p1_port, *files, *form, *expect)
            with tap.case(f"{what}: p1peer.py ends in order"):
                code = calling.wait(65)
                assert code == 0, (folder / "send.log").read_text()[-1500:]
        with tap.case(f"{what}: the peer is given a message and three reports"):
            def received():
                return sorted(out.glob("*.ber")) if out.exists() else []
            gateway.wait_for(lambda: len(received()) >= 4, 60, f"four APDUs, not {len(received())}")
            time.sleep(0.3)
            octets = [path.read_bytes() for path in received()]
            reports = dict(p1_apdus.report(item) for item in octets if p1_apdus.kind(item) == "report")
            assert reports == {"peer-1": [True], "peer-2": [False], "peer-3": [True]}, reports
            messages = [item for item in octets if p1_apdus.kind(item) == "message"]
            assert len(messages) == 1 and b"text of land.to.peer" in p1_apdus.text_of(messages[0]), [len(messages)]
        with tap.case(f"{what}: the peer's message arrives by SMTP, once"):
            gateway.wait_for(lambda: server.taken, 30, "a mail arrives")
            assert len(server.taken) == 1 and server.taken[0][1].count(b"text of the peer.") == 200, len(server.taken)
        with tap.case(f"{what}: nothing is left, and the associations are released"):
            land.wait_empty()
            gateway.wait_for(lambda: land.ask("status")["associations"] == 0, 30, "idle associations are released")
        streams = [watch.stop() for watch in watches]
        if reachable:  # our own dialogue as initiator
            judge(what, mode, streams[1], folder / "out.pcap", port, two_way)
        else:
            judge(what, mode, streams[0], folder / "in.pcap", land.p1_port, two_way)
        findings = land.sanitizer_findings()
        tap.ok(land.stop() == 0 and not findings, f"{what}: a clean stop {findings[:2]}")
    finally:
        land.kill()
        for process in running:
            process.kill()
        if tap.failures > failures:
            tell(land.log, *folder.glob("*.log"))


# --- binds

# mode of the peer's entry, p1peer.py's mode and options, exit code, words of p1peer.py, words of our log
BINDS = [
    ("1988-x410", "1988-x410", ["--application", "12"], 0, "released", "mode=1988-x410"),
    ("1988-x410", "1988-x410", ["--application", "3072"], 0, "released", "mode=1988-x410"),
    ("1988-x410", "1988-x410", ["--application", "1"], 0, "released", "mode=1988-x410"),
    ("1984", "1984", ["--session-versions", "1"], 0, "released", "mode=1984"),
    ("1984", "1984", ["--session-versions", "2"], 0, "released", "mode=1984"),
    ("1984", "1984", ["--tsdu-maximum", "2041"], 0, "released", "mode=1984"),
    ("1984", "1988-x410", [], 0, "released", "mode=1984"),  # both are X.410's mode: the entry decides
    ("1988-normal", "1988-normal", ["--indefinite"], 0, "released", "mode=1988-normal"),
    ("1988-normal", "1988-normal", ["--password-form", "octets"], 0, "released", "mode=1988-normal"),
    ("1988-x410", "1988-x410", ["--password-form", "octets"], 0, "released", "mode=1988-x410"),
    ("1988-x410", "1988-x410", ["--pw", "wrong"], 2, "validation-failure", "wrong password"),
    ("1984", "1984", ["--pw", "wrong"], 2, "validation-failure", "wrong password"),
    ("1988-normal", "1988-normal", ["--pw", "wrong"], 2, "authentication-error", "wrong password"),
    ("1984", "1984", ["--mta", "nobody"], 2, "validation-failure", "no peer has it"),
    ("1984", "1984", ["--password-form", "none"], 2, "validation-failure", ""),
    ("1984", "1984", ["--pw", ""], 2, "validation-failure", ""),
    ("1984", "1988-normal", [], 2, "", "mode"),
    ("1988-normal", "1984", [], 2, "", "mode"),
]


def binds(folder):
    peers = "\n  ".join(gateway.peer_xml(mode, None, "land-mta", f"{mode}-mta", folder / "land",
                                         attributes=f'mode="{mode}" dialogue="two-way-alternate"') for mode in MODES)
    land = gateway.Gateway("land", folder / "land", peers=peers, sink_port=gateway.free_port())
    land.start()
    apdu = folder / "probe.ber"
    try:
        for number, (entry, mode, options, code, words, logged) in enumerate(BINDS):
            apdu.write_bytes(p1_apdus.probe("peer", f"bind-{number}", [(p1_apdus.address("land", "bob"), p1_apdus.RESPONSIBLE)]))
            before = len(land.log_text())
            result = subprocess.run([sys.executable, TOOLS / "p1peer.py", "send", "127.0.0.1", str(land.p1_port), apdu, "--mode", mode,
                                     "--mta", f"{entry}-mta", "--patience", "20", *options], capture_output=True, text=True)
            said, log = result.stdout + result.stderr, land.log_text()[before:]
            good = result.returncode == code and words in said and logged in log.replace('\\"', '"')
            tap.ok(good, f"bind to a peer of {entry} in {mode} {' '.join(options)}: {'taken' if code == 0 else 'refused'}" +
                   ("" if good else f": {result.returncode} {said} {log}"))
        findings = land.sanitizer_findings()
        tap.ok(land.stop() == 0 and not findings, f"binds: a clean stop {findings[:2]}")
    finally:
        land.kill()


def main():
    wanted = sys.argv[1:]
    if not wanted or "binds" in wanted:
        with tempfile.TemporaryDirectory(prefix="gw400-") as name, tap.case("binds: the run ends"):
            binds(pathlib.Path(name))
    for mode in MODES:
        for dialogue in DIALOGUES:
            legs = [(gateways, (mode, dialogue))]
            legs += [(independent, (mode, dialogue, calls)) for calls in (("gateway", "peer") if dialogue != "monologue" else ("",))]
            for leg, arguments in legs:
                if not all(word in (leg.__name__, *arguments) for word in wanted):
                    continue
                with tempfile.TemporaryDirectory(prefix="gw400-") as name:
                    try:
                        leg(pathlib.Path(name), *arguments)
                    except Exception as error:  # a leg that breaks off is a failed test, and the next leg still runs
                        tap.ok(False, f"{leg.__name__} {arguments}: {type(error).__name__}: {error}")


main()
tap.end()
