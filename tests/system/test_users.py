#!/usr/bin/env python3
"""test_users.py - tables of single users (decision 0105): check, map, and mail by them between two gateways.

sea calls the user /G=Bob/S=Jones/O=hq/PRMD=land/... of land bob.jones@harbour.example, which no rule would say; land knows it by its
rules. A mail to that mailbox goes out through P1 and comes out of land by land's name; a mail from there comes in under sea's.
"""
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import gateway  # noqa: E402

tap = gateway.Tap()
BOB = "/G=Bob/S=Jones/O=hq/PRMD=land/ADMD=demo/C=xx/"
KINDS = ("users", "mailbox-to-or")


def sea_with_users(pair):
    sea = pair.sea
    sea.settings["extra"] = "".join(f'<table kind="{kind}" file="{kind}"/>' for kind in KINDS)
    home = pathlib.Path(sea.folder)
    home.mkdir(parents=True, exist_ok=True)
    (home / "users").write_text(f"# people who moved\nbob.jones@harbour.example#{BOB}#\n")
    (home / "mailbox-to-or").write_text(f"info@harbour.example#{BOB}#\n")
    return sea


def commands(sea):
    sea.write_config()
    good = sea.cli("check")
    tap.ok("no mistake found" in good.stdout, "check: a configuration with rows of single users")
    there = sea.cli("map", "--explain", "INFO@harbour.example")
    tap.ok(f"-> {BOB}" in there.stdout and "next hop p1:land" in there.stdout and
           "a reply comes back to this user, written bob.jones@harbour.example" in there.stdout, "map: an alias, and what is replied to")
    back = sea.cli("map", BOB.upper())
    tap.ok("-> bob.jones@harbour.example" in back.stdout, "map: an O/R address in other letters")
    users = sea.folder / "users"
    text = users.read_text()
    users.write_text(text + f"other@harbour.example#{BOB}#\n")
    bad = sea.cli("check", check=False)
    tap.ok(bad.returncode == 1 and f'users:3: error: contradicts {users}:2, which maps the same key to "bob.jones@harbour.example"'
           in bad.stdout, f"check: two mailboxes of one address: {bad.stdout.splitlines()[0]}")
    users.write_text(text + "ann@sea.example#/S=Other/PRMD=land/ADMD=demo/C=xx/#\n")
    against = sea.cli("check")
    tap.ok("users:3: warning: contradicts the rules, by which ann@sea.example is /S=ann/PRMD=sea/ADMD=demo/C=xx/" in against.stdout,
           "check: a row that the rules contradict")
    users.write_text(text)


def mail(pair):
    gateway.swaks(pair.sea.smtp_port, "ann@sea.example", "info@harbour.example", "--header", "Subject: there", "--body", "hello")
    gateway.wait_for(lambda: pair.sinks["land"].mails(), 60, "the mail is in land")
    there = pair.sinks["land"].mails()[0].decode()
    tap.ok("Bob.Jones@hq.land.example" in there, "a mail to a row's mailbox arrives under the name that land gives its user")
    gateway.swaks(pair.land.smtp_port, "Bob.Jones@hq.land.example", "ann@sea.example", "--header", "Subject: back", "--body", "hello")
    gateway.wait_for(lambda: pair.sinks["sea"].mails(), 60, "the answer is in sea")
    back = pair.sinks["sea"].mails()[0].decode()
    tap.ok("bob.jones@harbour.example" in back, "a mail from that user comes under the row's mailbox")


def reload(pair):
    (pair.sea.folder / "users").write_text("bob.jones@harbour.example#/S=x#\n")
    answer = pair.sea.cli("reload", check=False)
    tap.ok(answer.returncode == 1 and "users:1: error: O/R address: no country" in answer.stdout + answer.stderr,
           "reload: tables with a mistake are not taken, and the answer says why")
    (pair.sea.folder / "users").write_text(f"bob.jones@harbour.example#{BOB}#\nann@sea.example#/S=Other/PRMD=land/ADMD=demo/C=xx/#\n")
    pair.sea.cli("reload")
    gateway.wait_for(lambda: "mapping-tables" in pair.sea.log_text(), 30, "the log tells of it")
    tap.ok("users:2: warning: contradicts the rules" in pair.sea.log_text(), "reload: what the check says is in the log")


def main():
    with tempfile.TemporaryDirectory(prefix="gw400-users-") as folder:
        pair = gateway.Pair(folder)
        commands(sea_with_users(pair))
        with pair:
            mail(pair)
            reload(pair)
            tap.ok(not pair.sea.sanitizer_findings() and not pair.land.sanitizer_findings(), "no findings of the sanitizers")
    tap.end()


if __name__ == "__main__":
    main()
