"""gateway.py - a gw400d of a test's own: its configuration, its life, and the commands that ask it.

A Gateway lives in a folder, listens on loopback ports of its own, and is a real daemon built by make. A Pair is two of them, `sea`
and `land`, joined by P1: mail for *.land.example enters sea by SMTP and leaves land by SMTP, and the other way.
"""
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("GW400_BUILD", ROOT / "build/test"))


def free_port():
    """A port that nobody listens on, below those the system gives to outgoing connections: a daemon finds it free again when restarted."""
    while True:
        with socket.socket() as probe:
            try:
                port = random.SystemRandom().randrange(10240, 32768)
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def wait_for(condition, seconds, what):
    """Polls until condition() is true; its value is returned. AssertionError names what did not happen."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"did not happen within {seconds} s: {what}")


def port_open(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def group_lives(group):
    """True while a process of the group runs (one that is dead and not yet waited for does not count)."""
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, its_group = path.read_text().rsplit(")", 1)[1].split()[:3]
        except OSError:
            continue
        if int(its_group) == group and state not in "ZX":
            return True
    return False


class Sink:
    """Postfix's smtp-sink: takes every mail and writes each to a file."""

    def __init__(self, folder, port=None, options=()):
        self.folder = pathlib.Path(folder)
        self.port = port or free_port()
        self.options = list(options)
        self.process = None

    def start(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.folder.chmod(0o777)
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        self.process = subprocess.Popen(
            ["smtp-sink", *user, *self.options, "-R", str(self.folder), "-d", "mail.", f"127.0.0.1:{self.port}", "1000"],
            stderr=subprocess.DEVNULL)
        wait_for(lambda: port_open(self.port), 10, "smtp-sink listens")
        return self

    def mails(self):
        """The mails taken so far as bytes, without smtp-sink's own X- lines, oldest first."""
        found = []
        for path in sorted(self.folder.glob("mail.*"), key=lambda p: p.stat().st_mtime_ns):
            data = path.read_bytes()
            if data.endswith(b"\n") and b"\n\n" in data:
                found.append(data)
        return found

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


class Gateway:
    def __init__(self, name, folder, *, gateway="", smtp="", send="", queue="", converters="", extra="", peers="", tables=True,
                 smtp_port=None, p1_port=None, sink_port=None, environment=None):
        self.name = name
        self.folder = pathlib.Path(folder)
        self.smtp_port = smtp_port or free_port()
        self.p1_port = p1_port or free_port()
        self.sink_port = sink_port
        self.settings = dict(gateway=gateway, smtp=smtp, send=send, queue=queue, converters=converters, extra=extra, peers=peers)
        self.tables = tables
        self.environment = environment or {}
        self.process = None
        self.config = self.folder / "gw400.xml"
        self.log = self.folder / "log"

    def write_config(self):
        (self.folder / "spool").mkdir(parents=True, exist_ok=True)
        tables = ""
        if self.tables:
            names = ["sea", "land"]
            (self.folder / "domain-to-or").write_text(
                "".join(f"{n}.example#PRMD${n}.ADMD$demo.C$xx#\n" for n in names))
            (self.folder / "or-to-domain").write_text(
                "".join(f"PRMD${n}.ADMD$demo.C$xx#{n}.example#\n" for n in names))
            tables = ('<table kind="domain-to-or" file="domain-to-or"/>\n'
                      '  <table kind="or-to-domain" file="or-to-domain"/>')
        s = self.settings
        send = f'<send smarthost="127.0.0.1" port="{self.sink_port}" {s["send"]}/>' if self.sink_port else f'<send {s["send"]}/>'
        self.config.write_text(f"""<?xml version="1.0" encoding="UTF-8"?>
<gw400>
  <gateway name="{self.name}" domain="gw.{self.name}.example" administrator="postmaster@{self.name}.example"
           or-address="/S=gateway/PRMD={self.name}/ADMD=demo/C=xx/" country="xx" admd="demo" prmd="{self.name}"
           mta-name="{self.name}" spool="spool" control-socket="control" {s["gateway"]}/>
  <smtp hostname="gw.{self.name}.example" {s["smtp"]}>
    <listen port="{self.smtp_port}"/>
    {send}
  </smtp>
  <p1><listen port="{self.p1_port}"/></p1>
  {s["peers"]}
  {tables}
  <queue {s["queue"] or 'retry-first="1s" retry-max="5s"'}/>
  <converters {s["converters"]}/>
  {s["extra"]}
</gw400>
""")

    def start(self, wait=True):
        self.write_config()
        environment = dict(os.environ, **self.environment)
        environment.setdefault("ASAN_OPTIONS", "detect_leaks=0:abort_on_error=1")
        environment.setdefault("UBSAN_OPTIONS", "halt_on_error=1:print_stacktrace=1")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([BUILD / "gw400d", "-c", self.config], stderr=log, stdout=log, env=environment,
                                            start_new_session=True)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, seconds=60):
        def ready():
            if self.process.poll() is not None:
                raise AssertionError(f"gw400d {self.name} ended: {self.log.read_text(errors='replace')[-3000:]}")
            return self.answers()
        wait_for(ready, seconds, f"gw400d {self.name} is ready")

    def answers(self):
        """True once the SMTP door greets (the master's socket accepts before the relay does)."""
        try:
            with socket.create_connection(("127.0.0.1", self.smtp_port), 2) as probe:
                probe.settimeout(2)
                return probe.recv(3) == b"220"
        except OSError:
            return False

    def relay_pid(self):
        """The relay: the master's child."""
        path = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        children = path.read_text().split()
        return int(children[0]) if children else None

    def converter_pids(self):
        relay = self.relay_pid()
        if not relay:
            return []
        pids = []
        for task in pathlib.Path(f"/proc/{relay}/task").iterdir():
            pids += [int(p) for p in (task / "children").read_text().split()]
        return pids

    def stop(self, seconds=60):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(seconds)
        code = self.process.returncode if self.process else None
        self.process = None
        return code

    def kill(self):
        """SIGKILL to master, relay and converters at once, as a power cut would end them."""
        if self.process:
            group = self.process.pid
            try:
                os.killpg(group, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
            self.process = None
            wait_for(lambda: not group_lives(group), 30, f"all processes of {self.name} are gone")

    def cli(self, *arguments, check=True, text=True, **keywords):
        command, *rest = arguments
        result = subprocess.run([BUILD / "gw400", command, "-c", self.config, *rest], capture_output=True, text=text,
                                env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"), **keywords)
        if check and result.returncode != 0:
            raise AssertionError(f"gw400 {' '.join(map(str, arguments))}: exit {result.returncode}\n{result.stdout}{result.stderr}")
        return result

    def ask(self, op, **members):
        """One question on the control socket."""
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(str(self.folder / "control"))
            link.sendall(json.dumps(dict(members, v=1, op=op)).encode() + b"\n")
            answer = b""
            while not answer.endswith(b"\n"):
                block = link.recv(65536)
                if not block:
                    raise AssertionError(f"{op}: the daemon closed the control socket")
                answer += block
        return json.loads(answer)

    def queue(self, **filters):
        return self.ask("queue.list", limit=1000, **filters)["items"]

    def is_empty(self):
        status = self.ask("status")
        return status["received"] == 0 and status["routed"] == 0

    def wait_empty(self, seconds=60):
        wait_for(self.is_empty, seconds, f"the queue of {self.name} is empty: {self.name}")

    def log_text(self):
        return self.log.read_text(errors="replace")

    def sanitizer_findings(self):
        return [line for line in self.log_text().splitlines() if "Sanitizer" in line or "runtime error" in line]


def peer_xml(name, port, local_mta, remote_mta, folder, password="secret", attributes="", inner=""):
    folder.mkdir(parents=True, exist_ok=True)
    for kind in ("local", "remote"):
        path = folder / f"{name}.{kind}-password"
        path.write_text(password + "\n")
        path.chmod(0o600)
    address = f'<address at="127.0.0.1:{port}"/>' if port else ""
    return (f'<peer name="{name}" local-mta="{local_mta}" remote-mta="{remote_mta}" local-password-file="{name}.local-password" '
            f'remote-password-file="{name}.remote-password" {attributes}>{address}{inner}</peer>')


class Pair:
    """sea and land, their sinks, and the P1 link between them. through: a port that leads to land's P1 door (a proxy)."""

    def __init__(self, folder, peer_attributes="", through=None, ports=None, **settings):
        self.folder = pathlib.Path(folder)
        ports = ports or [free_port() for _ in range(6)]
        self.sinks = {"sea": Sink(self.folder / "sea.mail", ports[0]), "land": Sink(self.folder / "land.mail", ports[1])}
        p1 = {"sea": ports[2], "land": ports[3]}
        smtp = {"sea": ports[4], "land": ports[5]}
        self.gateways = {}
        for name, other in (("sea", "land"), ("land", "sea")):
            port = through if through and name == "sea" else p1[other]
            home = self.folder / name
            peers = peer_xml(other, port, f"{name}-mta", f"{other}-mta", home, attributes=peer_attributes)
            peers += f'\n  <route or="/PRMD={other}/ADMD=demo/C=xx/" peer="{other}"/>'
            self.gateways[name] = Gateway(name, home, peers=peers, smtp_port=smtp[name], p1_port=p1[name],
                                          sink_port=self.sinks[name].port, **settings)
        self.sea, self.land = self.gateways["sea"], self.gateways["land"]

    def start(self):
        for sink in self.sinks.values():
            sink.start()
        for gateway in self.gateways.values():
            gateway.start()
        return self

    def stop(self):
        codes = [gateway.stop() for gateway in self.gateways.values()]
        for sink in self.sinks.values():
            sink.stop()
        return codes

    def __enter__(self):
        return self.start()

    def __exit__(self, *exception):
        for gateway in self.gateways.values():
            gateway.kill()
        for sink in self.sinks.values():
            sink.stop()


def swaks(port, sender, recipient, *arguments, check=True):
    result = subprocess.run(["swaks", "--server", f"127.0.0.1:{port}", "--from", sender, "--to", recipient, "--helo",
                             "client.example", *arguments], capture_output=True, text=True)
    if check and result.returncode != 0:
        raise AssertionError(f"swaks: exit {result.returncode}\n{result.stdout}{result.stderr}")
    return result


class Tap:
    """The lines that tests/run.py counts."""

    def __init__(self):
        self.count = self.failures = 0
        self.lock = threading.Lock()

    def ok(self, condition, text):
        with self.lock:
            self.count += 1
            if not condition:
                self.failures += 1
            print(f"{'ok' if condition else 'not ok'} {self.count} - {text}", flush=True)
        return condition

    def case(self, text):
        """A block whose assertion errors are one failed test."""
        return _Case(self, text)

    def end(self):
        sys.exit(1 if self.failures or not self.count else 0)


class _Case:
    def __init__(self, tap, text):
        self.tap, self.text = tap, text

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind and issubclass(kind, Exception):
            self.tap.ok(False, self.text)
            print(f"# {kind.__name__}: {error}".replace("\n", "\n# "), flush=True)
            return True
        self.tap.ok(True, self.text)
        return False
