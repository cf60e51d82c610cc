#!/usr/bin/env python3
"""test_operator.py - what an administrator does: check, queue, audit, status, reload, backup, against a real daemon.

The peer does not answer, so mails stay in the queue. Every command is called as people call it, its output and its exit
code (0 done, 1 no, 2 usage, 75 the daemon is down) are looked at.
"""
import json
import pathlib
import signal
import socket
import sqlite3
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import gateway  # noqa: E402

tap = gateway.Tap()
NOBODY = gateway.free_port()


def new_gateway(folder, **settings):
    folder = pathlib.Path(folder)
    peers = gateway.peer_xml("land", NOBODY, "sea-mta", "land-mta", folder / "sea")
    peers += '\n  <route or="/PRMD=land/ADMD=demo/C=xx/" peer="land"/>'
    return gateway.Gateway("sea", folder / "sea", peers=peers, queue='retry-first="1h" retry-max="1h"', **settings)


def send(home, number):
    gateway.swaks(home.smtp_port, "ann@sea.example", "bob@land.example", "--header", f"Message-Id: <{number}@sea.example>", "--header",
                  f"Subject: mail {number}", "--body", f"body of {number}")


def code(result):
    return result.returncode


def listed(home, *arguments):
    return json.loads(home.cli("queue", "--json", "list", *arguments).stdout)


def check_command(folder):
    home = new_gateway(folder)
    home.write_config()
    good = home.cli("check")
    tap.ok("no mistake found" in good.stdout, "check: a good configuration with its tables")
    home.config.write_text(home.config.read_text().replace("<p1>", '<p1 associations="9">'))
    bad = home.cli("check", check=False)
    expected = f"{home.config}:10: <p1> has no attribute associations; did you mean associations-max?"
    tap.ok(code(bad) == 1 and expected in bad.stdout, f"check: a mistake is told with its place: {bad.stdout.splitlines()[0]}")
    told = json.loads(home.cli("check", "--json", check=False).stdout)
    tap.ok(told["ok"] is False and told["messages"] == [expected], "check --json")
    home.write_config()
    (home.folder / "domain-to-or").write_text("sea.example#PRMD$sea.ADMD$demo.C$xx#\nno row at all\n")
    table = home.cli("check", check=False)
    tap.ok(code(table) == 1 and "domain-to-or:2:" in table.stdout, f"check: a mistake in a mapping table: {table.stdout.splitlines()[0]}")
    home.write_config()
    text = home.config.read_text().replace("<p1>", '<route or="/C=xx/" peer="land"/>\n  <p1>')
    home.config.write_text(text)
    line = 1 + text[:text.index('<route or="/C=xx/"')].count("\n")
    loop = home.cli("check")
    tap.ok(f"{home.config}:{line}: warning: possible loop: " in loop.stdout and "our own domain" in loop.stdout,
           f"check: a route that may loop: {loop.stdout.splitlines()[0]}")
    home.config.write_text(text.replace('<route or="/C=xx/" peer="land"/>', '<route or="/S=lee/C=xx/" peer="land"/>'))
    wrong = home.cli("check", check=False)
    tap.ok(code(wrong) == 1 and f"{home.config}:{line}: route of line" in wrong.stdout, "check: a route that names a person")
    tap.ok(home.cli("check", "--relax-ng").stdout == (gateway.ROOT / "conf/gw400.rng").read_text(), "check --relax-ng")
    tap.ok(home.cli("check", "--reference").stdout == (gateway.ROOT / "docs/reference.md").read_text(), "check --reference")


def down_and_usage(folder):
    home = new_gateway(folder)
    home.write_config()
    for arguments in (["queue", "list"], ["queue", "show", "x"], ["audit", "verify"], ["status"], ["reload"], ["backup", str(home.folder / "b")]):
        result = home.cli(*arguments, check=False)
        tap.ok(code(result) == 75 and result.stderr and not result.stdout, f"{' '.join(arguments[:2])}: 75 without a daemon")
    for arguments in (["queue"], ["queue", "list", "more"], ["queue", "hold"], ["queue", "eat", "x"], ["queue", "list", "--no-such-option"],
                      ["audit"], ["audit", "show"], ["status", "more"], ["backup"]):
        result = home.cli(*arguments, check=False)
        tap.ok(code(result) == 2 and result.stderr, f"{' '.join(arguments)}: 2")


def queue_commands(home):
    for number in range(1, 4):
        send(home, number)
    gateway.wait_for(lambda: len(listed(home, "--state", "routed")) == 3, 30, "three mails are routed")
    items = {item["id"]: item for item in listed(home)}
    by_message = {number: home.cli("queue", "--json", "show", f"<{number}@sea.example>").stdout for number in range(1, 4)}
    first = json.loads(by_message[1])
    tap.ok(first["id"] in items and first["recipients"][0]["address"] == "bob@land.example", "queue show finds a message by its Message-ID")
    tap.ok([r["event"] for r in first["timeline"]][:2] == ["received", "routed"], "queue show --json has the timeline")
    text = home.cli("queue", "list").stdout.splitlines()
    tap.ok(len(text) == 4 and text[0].startswith("IDENTIFIER") and all(line.startswith(tuple(items)) for line in text[1:]),
           "queue list: a head and a line for each")
    tap.ok(len(listed(home, "--hop", "p1:land")) == 3 and not listed(home, "--hop", "p1:sea"), "queue list --hop")
    tap.ok(len(listed(home, "--address", "bob@land.example")) == 3, "queue list --address")
    tap.ok(len(listed(home, "--limit", "2")) == 2, "queue list --limit")
    shown = home.cli("queue", "show", first["id"]).stdout
    tap.ok("state       routed" in shown and "waiting" in shown and "  received  " in shown, "queue show for people")
    tap.ok(code(home.cli("queue", "show", "<nobody@nowhere>", check=False)) == 1, "queue show of an unknown one: 1")

    exported = home.cli("queue", "export", first["id"], text=False).stdout
    tap.ok(b"Subject: mail 1\r\n" in exported and b"body of 1" in exported, "queue export: the octets as they came")
    target = home.folder / "exported.eml"
    home.cli("queue", "export", "-o", target, first["id"])
    tap.ok(target.read_bytes() == exported, "queue export -o")
    tap.ok(code(home.cli("queue", "export", "-o", target, first["id"], check=False)) == 1, "queue export does not write over a file")

    home.cli("queue", "hold", first["id"], "--why", "a look first")
    held = listed(home, "--held")
    tap.ok(len(held) == 1 and held[0]["id"] == first["id"], "queue hold")
    home.cli("queue", "release", first["id"])
    tap.ok(not listed(home, "--held"), "queue release")
    home.cli("queue", "retry", *items)
    deleted = home.cli("queue", "--json", "delete", first["id"], "<2@sea.example>", "<nobody@nowhere>", check=False)
    tap.ok(code(deleted) == 1 and [d["ok"] for d in json.loads(deleted.stdout)] == [True, True, False], "queue delete of several, one unknown")
    tap.ok(len(listed(home)) == 1, "what is deleted has left the queue")
    again = home.cli("queue", "delete", first["id"], check=False)
    tap.ok(code(again) != 0, "a message is deleted once")
    return first["id"]


def audit_commands(home, first):
    timeline = home.cli("audit", "show", "<1@sea.example>").stdout
    tap.ok(timeline.startswith(f"message {first}\n"), "audit show by Message-ID")
    for word in ("received", "routed", "held", "released", "retried", "deleted", 'why="a look first"'):
        tap.ok(f"  {word}" in timeline, f"audit show: {word}")
    tap.ok(home.cli("audit", "show", first).stdout == timeline, "audit show by queue identifier")
    records = json.loads(home.cli("audit", "--json", "search", "--event", "deleted").stdout)
    tap.ok(len(records) == 2 and all(r["event"] == "deleted" for r in records), "audit search --event")
    tap.ok(code(home.cli("audit", "search", "--text", "no such text", check=False)) == 1, "audit search that finds nothing: 1")
    lines = home.cli("audit", "export").stdout.splitlines()
    sequence = [json.loads(line)["sequence"] for line in lines]
    tap.ok(sequence == list(range(1, len(lines) + 1)), f"audit export: {len(lines)} records, one JSON object on each line")
    tap.ok(home.cli("audit", "verify").stdout.startswith(f"{len(lines)} records"), "audit verify")


def daemon_commands(home):
    status = json.loads(home.cli("status", "--json").stdout)
    tap.ok(status["gateway"] == "sea" and status["routed"] == 1 and status["generation"] == 1, "status --json")
    tap.ok("gateway         sea" in home.cli("status").stdout, "status for people")
    good = home.config.read_text()
    home.config.write_text(good.replace("<p1>", "<p2>").replace("</p1>", "</p2>"))
    # The command itself must read the configuration to find the daemon: what it says is what the daemon would say.
    refused = home.cli("reload", check=False)
    tap.ok(code(refused) == 1 and "<p2> is not known" in refused.stderr, "reload of a bad configuration: 1, and why")
    home.config.write_text(good)
    tap.ok(home.ask("status")["generation"] == 1, "the old generation stays")
    home.config.write_text(home.config.read_text().replace("<p1>", '<route or="/C=xx/" peer="land"/>\n  <p1>'))
    loaded = home.cli("reload")
    tap.ok("generation 2" in loaded.stdout and "warning: possible loop" in loaded.stderr, f"reload, and what is worth a look {loaded.stderr}")
    target = home.folder / "backup"
    home.cli("backup", target)
    with sqlite3.connect(f"file:{target}/gw400.db?mode=ro", uri=True) as copy:
        tap.ok(copy.execute("SELECT count(*) FROM message WHERE state = 1").fetchone() == (1,), "backup: the queue is in the copy")
    tap.ok(code(home.cli("backup", target, check=False)) == 1, "backup into a folder that is not empty: 1")


def unread_answers(home):
    """Who asks and does not read must not make the daemon grow: it takes no further questions until he reads."""
    question = b'{"v":1,"op":"audit.search","limit":1000}\n'
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(str(home.folder / "control"))
        link.settimeout(2)
        asked = 0
        try:
            while asked < 100000:
                link.sendall(question)
                asked += 1
        except TimeoutError:
            pass
        tap.ok(asked < 100000, f"{asked} questions are taken of one who does not read the answers")
        tap.ok(home.ask("status")["gateway"] == "sea", "others are answered")
        link.settimeout(30)
        reader = link.makefile("rb")
        answers = [json.loads(reader.readline())["ok"] for _ in range(asked)]
    tap.ok(all(answers), "and all answers come when they are read")


def stopped_at_once(folder):
    """A stop while converters and tables are still being set up."""
    for hundredths in range(0, 100, 8):
        home = new_gateway(pathlib.Path(folder) / str(hundredths))
        home.start(wait=False)
        time.sleep(hundredths / 100)
        home.process.terminate()
        code_or_signal = home.process.wait(60)
        # a SIGTERM before main() has its handlers ends the program as signals do
        clean = code_or_signal in (0, -signal.SIGTERM) and not home.sanitizer_findings()
        tap.ok(clean, f"a stop {hundredths / 100} s after the start: {code_or_signal} {home.sanitizer_findings()}")
        home.kill()


with tempfile.TemporaryDirectory(prefix="gw400-") as folder, tap.case("check: the run ends"):
    check_command(folder)
with tempfile.TemporaryDirectory(prefix="gw400-") as folder, tap.case("without a daemon: the run ends"):
    down_and_usage(folder)
with tempfile.TemporaryDirectory(prefix="gw400-") as folder, tap.case("with a daemon: the run ends"):
    gateway_under_test = new_gateway(folder)
    try:
        gateway_under_test.start()
        audit_commands(gateway_under_test, queue_commands(gateway_under_test))
        daemon_commands(gateway_under_test)
        unread_answers(gateway_under_test)
        tap.ok(gateway_under_test.stop() == 0, "the daemon ends in order")
        tap.ok(not gateway_under_test.sanitizer_findings(), "no sanitizer speaks up")
    finally:
        gateway_under_test.kill()
with tempfile.TemporaryDirectory(prefix="gw400-") as folder, tap.case("stopped at once: the run ends"):
    stopped_at_once(folder)
tap.end()
