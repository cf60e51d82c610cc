#!/usr/bin/env python3
"""bench.py [PREFIX] - the benchmarks, each as a ratio against a named peer in the same run.

One line per figure: `NAME ours=… peer=… ratio=…`. Throughput is in messages per second, the ratio is ours/peer, the median of five
rounds in which both are measured in turn. The clock stops when the sink has the last message. The peer is Postfix with its defaults
but in_flow_delay=0 and a relayhost: smtp-source -> Postfix -> smtp-sink. Both queues lie on the same file system, sync on.
The figures `urgent` and `bad-peers` measure us against ourselves: links.py. `tables`: a million rows of users: tables.py.
"""
import os
import pathlib
import pwd
import re
import resource
import shutil
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))
os.environ.setdefault("GW400_BUILD", str(HERE.parents[1] / "build"))
import gateway  # noqa: E402
import conversion  # noqa: E402
import links  # noqa: E402
import tables  # noqa: E402

ROOT = gateway.ROOT
WORK = ROOT / "build/bench"
ROUNDS = int(os.environ.get("ROUNDS", "5"))


# --- messages ---------------------------------------------------------------------------------------------------------------

def mime_file(name, octets):
    """A message of about this size: text, and from 20 KB on an attachment."""
    path = WORK / f"{name}.eml"
    head = ("From: Ann <ann@sea.example>\r\nTo: Bob <bob@land.example>\r\nSubject: Benchmark of %d octets\r\n"
            "Date: Mon, 23 Nov 2026 18:00:00 +0000\r\nMIME-Version: 1.0\r\n" % octets)
    line = "The quick brown fox jumps over the lazy dog, and the gateway carries it on.\r\n"
    if octets < 10000:
        body = "Content-Type: text/plain; charset=us-ascii\r\n\r\n" + line * ((octets - len(head) - 60) // len(line))
        path.write_text((head + body).replace("\r\n", "\n"))  # smtp-source ends the lines itself
        return path
    import base64
    raw = bytes((i * 7919 + (i >> 8) * 31) & 0xff for i in range((octets - len(head) - 700) * 57 // 78))
    lines = base64.b64encode(raw).decode()
    encoded = "\r\n".join(lines[i:i + 76] for i in range(0, len(lines), 76))
    whole = (head + "Content-Type: multipart/mixed; boundary=cut\r\n\r\n--cut\r\nContent-Type: text/plain\r\n\r\n" + line * 5 +
                    '--cut\r\nContent-Type: application/pdf; name="a.pdf"\r\nContent-Disposition: attachment; filename="a.pdf"\r\n'
                    "Content-Transfer-Encoding: base64\r\n\r\n" + encoded + "\r\n--cut--\r\n")
    path.write_text(whole.replace("\r\n", "\n"))
    return path


# --- the peer -----------------------------------------------------------------------------------------------------------------

class Postfix:
    def __init__(self):
        self.port, self.sink_port = gateway.free_port(), gateway.free_port()
        self.etc = WORK / "postfix"

    def start(self):
        spool, data = WORK / "postfix-spool", WORK / "postfix-data"
        for folder in (self.etc, spool, data):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        owner = pwd.getpwnam("postfix")
        os.chown(data, owner.pw_uid, owner.pw_gid)
        for folder in [WORK, *WORK.parents]:
            if not os.stat(folder).st_mode & 1:
                raise SystemExit(f"{folder} must be searchable for the user postfix")
        shutil.copy("/etc/postfix/postfix-files", self.etc)
        master = pathlib.Path("/etc/postfix/master.cf").read_text()
        master = re.sub(r"(?m)^smtp\s+inet.*$", f"127.0.0.1:{self.port} inet n - n - - smtpd", master)
        master = re.sub(r"(?m)^(\S+\s+\S+\s+\S+\s+\S+\s+)y(\s)", r"\1n\2", master)
        (self.etc / "master.cf").write_text(master)
        (self.etc / "main.cf").write_text(f"""compatibility_level = 3.6
queue_directory = {spool}
data_directory = {data}
myhostname = postfix.example
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
relayhost = [127.0.0.1]:{self.sink_port}
in_flow_delay = 0
alias_maps =
maillog_file = {spool}/log
maillog_file_prefixes = {spool}
""")
        subprocess.run(["postfix", "-c", self.etc, "start"], check=True, capture_output=True)
        gateway.wait_for(lambda: gateway.port_open(self.port), 30, "postfix listens")
        return self

    def stop(self):
        subprocess.run(["postfix", "-c", self.etc, "stop"], capture_output=True)

    def run(self, path, sessions, count):
        sink = smtp_sink(self.sink_port, count)
        began = time.monotonic()
        smtp_source(self.port, path, sessions, count)
        sink.wait(600)
        seconds = time.monotonic() - began
        with Drain(self.sink_port):
            gateway.wait_for(self.empty, 60, "Postfix's queue is empty")
        return count / seconds

    def empty(self):
        subprocess.run(["postqueue", "-c", self.etc, "-f"], capture_output=True)
        said = subprocess.run(["postqueue", "-c", self.etc, "-p"], capture_output=True, text=True).stdout
        return "queue is empty" in said


def smtp_sink(port, count):
    sink = subprocess.Popen(["smtp-sink", "-u", "nobody", "-M", str(count), f"127.0.0.1:{port}", "1000"], stderr=subprocess.DEVNULL)
    gateway.wait_for(lambda: gateway.port_open(port), 10, "smtp-sink listens")
    return sink


class Drain:
    """What a round leaves behind goes to a sink that does not count, so that the next round begins with empty queues: smtp-sink -M
    ends without an answer to its last message, and both sides keep it for another try."""

    def __init__(self, port):
        self.sink = subprocess.Popen(["smtp-sink", "-u", "nobody", f"127.0.0.1:{port}", "1000"], stderr=subprocess.DEVNULL)
        gateway.wait_for(lambda: gateway.port_open(port), 10, "smtp-sink listens")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sink.terminate()
        self.sink.wait(10)
        os.sync()


def smtp_source(port, path, sessions, count):
    subprocess.run(["smtp-source", "-d", "-s", str(sessions), "-m", str(count), "-f", "ann@sea.example", "-t", "bob@land.example",
                    "-F", path, f"127.0.0.1:{port}"], check=True, capture_output=True)


# --- ours ---------------------------------------------------------------------------------------------------------------------

class Ours:
    """One gateway, its P1 peer "land" a gw400 sink or a gw400 source."""

    def __init__(self):
        self.sink_port, self.mail_port = gateway.free_port(), gateway.free_port()
        home = WORK / "gateway"
        shutil.rmtree(home, ignore_errors=True)
        peers = gateway.peer_xml("land", self.sink_port, "sea-mta", "land-mta", home, attributes='associations="8"')
        peers += '\n  <route or="/PRMD=land/ADMD=demo/C=xx/" peer="land"/>'
        self.gateway = gateway.Gateway("sea", home, peers=peers, sink_port=self.mail_port)
        # the other side of the same link, which is only asked to convert what the source sends
        other = WORK / "other"
        peers = gateway.peer_xml("sea", self.gateway.p1_port, "land-mta", "sea-mta", other)
        self.other = gateway.Gateway("land", other, peers=peers + '\n  <route or="/PRMD=sea/ADMD=demo/C=xx/" peer="sea"/>')
        self.other.write_config()

    def start(self):
        self.gateway.start()
        return self

    def stop(self):
        self.gateway.stop()

    def cpu(self):
        """CPU seconds of all its processes so far."""
        ticks = os.sysconf("SC_CLK_TCK")
        total = 0
        for pid in [self.gateway.process.pid, self.gateway.relay_pid(), *self.gateway.converter_pids()]:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        return total / ticks

    def run_out(self, path, sessions, count):
        """smtp-source -> gateway -> gw400 sink, which decodes each P22 and checks number and digest."""
        sink = subprocess.Popen([gateway.BUILD / "gw400", "sink", "--listen", f"127.0.0.1:{self.sink_port}", "--mta", "land-mta",
                                 "--password-file", WORK / "gateway/land.local-password", "-c", str(count), "--decode", "--same"],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        gateway.wait_for(lambda: gateway.port_open(self.sink_port), 10, "gw400 sink listens")
        began = time.monotonic()
        smtp_source(self.gateway.smtp_port, path, sessions, count)
        output, _ = sink.communicate(timeout=600)
        seconds = time.monotonic() - began
        if sink.returncode != 0:
            raise SystemExit(f"the sink's check failed:\n{output}")
        self.gateway.wait_empty()
        os.sync()
        return count / seconds

    def run_in(self, apdu, sessions, count):
        """gw400 source -> gateway -> smtp-sink."""
        sink = smtp_sink(self.mail_port, count)
        began = time.monotonic()
        subprocess.run([gateway.BUILD / "gw400", "source", "-s", str(sessions), "-m", str(count), "-f", apdu, "--mta", "land-mta",
                        "--password-file", WORK / "gateway/land.local-password", f"127.0.0.1:{self.gateway.p1_port}"],
                       check=True, capture_output=True)
        sink.wait(600)
        seconds = time.monotonic() - began
        with Drain(self.mail_port):
            for left in self.gateway.queue():
                self.gateway.cli("queue", "retry", left["id"], check=False)
            self.gateway.wait_empty(120)
        return count / seconds


# --- figures --------------------------------------------------------------------------------------------------------------------

def line(name, ours, peer, unit="", better="higher"):
    ratio = ours / peer if peer else 0
    print(f"{name} ours={ours:.1f}{unit} peer={peer:.1f}{unit} ratio={ratio:.2f}", flush=True)
    return ratio


def throughput(name, ours_run, peer_run):
    ours, peer = [], []
    for _ in range(ROUNDS):
        ours.append(ours_run())
        peer.append(peer_run())
    ratios = [a / b for a, b in zip(ours, peer)]
    print(f"{name} ours={statistics.median(ours):.1f}/s peer={statistics.median(peer):.1f}/s ratio={statistics.median(ratios):.2f} "
          f"min={min(ratios):.2f} max={max(ratios):.2f}", flush=True)


def fdatasync_cost():
    path = WORK / "sync"
    fd = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    times = []
    for _ in range(200):
        os.write(fd, b"x" * 4096)
        began = time.monotonic()
        os.fdatasync(fd)
        times.append(time.monotonic() - began)
    os.close(fd)
    print(f"fdatasync median={statistics.median(times) * 1e3:.3f}ms", flush=True)


CASES = [("2k-1", 2048, 1, 400), ("2k-10", 2048, 10, 3000), ("20k-10", 20480, 10, 1500), ("1m-10", 1048576, 10, 100)]


def conversions(wanted):
    postfix, ours = Postfix().start(), Ours().start()
    try:
        for name, octets, sessions, count in CASES:
            path = mime_file(name, octets)
            figure = f"smtp-to-p1-{name}"
            if figure.startswith(wanted):
                before = ours.cpu()
                throughput(figure, lambda: ours.run_out(path, sessions, count), lambda: postfix.run(path, sessions, count))
                print(f"{figure}-cpu ours={(ours.cpu() - before) / (ROUNDS * count) * 1e6:.0f}us/message", flush=True)
            figure = f"p1-to-smtp-{name}"
            if figure.startswith(wanted):
                apdu = WORK / f"{name}.ber"
                ours.other.cli("convert", path, "--from", "ann@land.example", "--to", "bob@sea.example", "-o", apdu)
                throughput(figure, lambda: ours.run_in(apdu, sessions, count), lambda: postfix.run(path, sessions, count))
    finally:
        ours.stop()
        postfix.stop()


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    WORK.mkdir(parents=True, exist_ok=True)
    fdatasync_cost()
    if any(f"{way}-{name}".startswith(wanted) for way in ("smtp-to-p1", "p1-to-smtp") for name, *_ in CASES):
        conversions(wanted)
    path = mime_file("2k", 2048)

    def source(port, count):
        smtp_source(port, path, 10, count)
    for figure, run in (("urgent", links.urgent), ("bad-peers", links.bad_peers)):
        if figure.startswith(wanted):
            run(WORK, source)
    if "convert".startswith(wanted[:7]):
        conversion.run(WORK, {"2k": mime_file("2k", 2048), "20k": mime_file("20k", 20480)})
    if "tables".startswith(wanted):
        tables.run(WORK / "tables-of-users")


if __name__ == "__main__":
    main()
