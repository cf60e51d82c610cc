#!/usr/bin/env python3
# time-limit: 300
"""test_1984.py - a mail by way of 1984: two gateways joined by X.410 and P1 of 1984, both ways to send files, and gw400 convert.

What must arrive is what RFC 1496 and RFC 2156 appendix B let through: text with its umlauts, files with names and octets, a message
inside, the fields that X.400 has no place for.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import gateway  # noqa: E402
import mails  # noqa: E402

tap = gateway.Tap()


def run(*arguments, check=True, text=True):
    result = subprocess.run([gateway.BUILD / "gw400", *arguments], capture_output=True, text=text,
                            env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
    if check and result.returncode != 0:
        raise AssertionError(f"gw400 {' '.join(map(str, arguments))}: exit {result.returncode}\n{result.stderr}")
    return result


def road(folder, habit):
    attributes = f'mode="1984" attachment-body="{habit}"'
    with gateway.Pair(folder, peer_attributes=attributes) as pair:
        original = mails.multipart().replace(b"MIME-Version: 1.0\r\n", b"MIME-Version: 1.0\r\nX-Project: Atlas\r\n", 1)
        path = pathlib.Path(folder) / "out.eml"
        path.write_bytes(original)
        gateway.swaks(pair.sea.smtp_port, "joerg@sea.example", "bob@land.example,carla@land.example", "--data", f"@{path}")
        with tap.case(f"{habit}: a multipart crosses SMTP -> P1 of 1984 -> SMTP"):
            gateway.wait_for(lambda: pair.sinks["land"].mails(), 60, "the mail arrives")
            pair.sea.wait_empty()
            pair.land.wait_empty()
        if not pair.sinks["land"].mails():
            print(pair.sea.log_text()[-3000:], pair.land.log_text()[-3000:], file=sys.stderr)
            return
        sent, got = mails.parse(original), mails.parse(pair.sinks["land"].mails()[0])
        tap.ok("mode=1984" in pair.sea.log_text(), f"{habit}: the association is of 1984")
        tap.ok("P2-1984 (2)" in str(got["X400-Content-Type"]), f"{habit}: the content was of type 2: {got['X400-Content-Type']}")
        for field in ("Subject", "Message-ID", "Date", "X-Project"):
            tap.ok(str(sent[field]) == str(got[field]), f"{habit}: {field} is the same: {got[field]}")
        for field in ("From", "To", "Cc"):
            tap.ok(mails.addresses(sent[field]) == mails.addresses(got[field]), f"{habit}: {field} is the same: {got[field]}")
        tap.ok(mails.text_of(sent) == mails.text_of(got), f"{habit}: the text with its umlauts is the same")
        a, b = mails.parts(sent)[1:], mails.parts(got)[1:]
        tap.ok([p[:2] for p in a] == [p[:2] for p in b], f"{habit}: types and file names are the same: {[p[:2] for p in b]}")
        tap.ok(len(b) == 2 and a[0][2] == b[0][2], f"{habit}: the file's octets are the same")
        tap.ok(len(b) == 2 and a[1][2] == b[1][2], f"{habit}: the message inside has its subject")
        tap.ok(not pair.sea.sanitizer_findings() and not pair.land.sanitizer_findings(), f"{habit}: no sanitizer findings")


def commands(folder):
    """The same without a daemon: a mail and an APDU of 1988 as 1984, and both read again."""
    folder = pathlib.Path(folder)
    mail, old, new = folder / "m.eml", folder / "m84.ber", folder / "m88.ber"
    mail.write_bytes(mails.multipart())
    to = ("--from", "joerg@sea.example", "--to", '"/CN=Bob Lee/O=a/PRMD=land/ADMD=demo/C=xx/"@gw.sea.example')
    for profile, path in (("84", old), ("88", new)):
        run("convert", "--profile", profile, *to, "-o", path, mail)
    shown = json.loads(run("decode", "--json", "--type", "MPDU", old).stdout)
    text = json.dumps(shown, ensure_ascii=False)
    tap.ok(shown["type"] == "MPDU" and '"Common"' in text, "a mail with --profile 84 is an MPDU, with Common for the common name")
    tap.ok(run("decode", "--type", "MPDU", new, check=False).returncode == 1, "with --profile 88 it is none")
    down = folder / "down.ber"
    losses = run("convert", "--profile", "84", "--transit", "--losses", "-o", down, new).stderr
    tap.ok(run("decode", "--type", "MPDU", down).returncode == 0, "--transit makes the message of 1988 one of 1984")
    tap.ok("RFC 1496 3.2" in losses and "RFC 1328 3.2" in losses, "--losses names what changed, with its clause")
    back = mails.parse(run("convert", "--profile", "84", down, text=False).stdout)
    sent = mails.parse(mail.read_bytes())
    tap.ok(mails.text_of(back) == mails.text_of(sent), "and as a mail again it has its text")
    tap.ok([p[:2] for p in mails.parts(back)][1:] == [p[:2] for p in mails.parts(sent)][1:], "and its files' types and names")
    tap.ok("Bob Lee" in str(back["X400-Recipients"]) and "Common" not in str(back["X400-Recipients"]), "and the common name")
    tap.ok(run("convert", "--transit", new, check=False).returncode == 2, "--transit without a profile is a usage error")


with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two, tempfile.TemporaryDirectory() as three:
    commands(three)
    road(one, "file-transfer")
    road(two, "bilateral")
tap.end()
