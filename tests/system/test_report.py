#!/usr/bin/env python3
"""test_report.py - what cannot be delivered comes back: from the SMTP side over X.400 as a DSN, and at the end of a lifetime."""
import email
import email.policy
import pathlib
import smtplib
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import gateway  # noqa: E402
from refuser import Refuser  # noqa: E402

tap = gateway.Tap()


def send(port, sender, recipients, name, body="A mail that may come back.\r\n", options=()):
    text = (f"From: {sender}\r\nTo: {', '.join(recipients)}\r\nSubject: report me\r\nMessage-ID: <{name}>\r\n"
            f"Date: Mon, 23 Nov 2026 18:00:00 +0000\r\n\r\n{body}")
    with smtplib.SMTP("127.0.0.1", port, "client.example", timeout=60) as client:
        client.sendmail(sender, recipients, text, mail_options=list(options))


def dsn(sink, seconds=60):
    """The one report in the sink: (message, fields of the message, list of the recipients' fields, returned part or None)."""
    data = gateway.wait_for(lambda: sink.mails(), seconds, "a report comes back")
    mail = email.message_from_bytes(data[0], policy=email.policy.default)
    assert mail.get_content_type() == "multipart/report", mail.get_content_type()
    assert mail.get_param("report-type") == "delivery-status", mail["Content-Type"]
    parts = list(mail.iter_parts())
    status = next(part for part in parts if part.get_content_type() == "message/delivery-status")
    groups = status.get_payload()
    returned = [part for part in parts if part.get_content_type() in ("message/rfc822", "text/rfc822-headers")]
    return mail, groups[0], groups[1:], returned[0] if returned else None


def text_of(mail):
    return " ".join(mail.get_body(("plain",)).get_content().split()) if mail.get_body(("plain",)) else str(mail)


def show(sink):
    for data in sink.mails():
        print("# " + data.decode(errors="replace").replace("\n", "\n# "), flush=True)


def check(sink, what, recipient, words, codes, returned_words):
    """One failed recipient, told by name, with its reason, and what was sent."""
    with tap.case(f"{what}: a report comes back to the sender"):
        gateway.wait_for(lambda: sink.mails(), 150, "a report comes back")
        show(sink)
        mail, _, recipients, returned = dsn(sink)
        show(sink)
        tap.ok("ann@sea.example" in mail["To"], f"{what}: it goes to the sender ({mail['To']})")
        # as the sender wrote it stands in Original-Recipient; the final one may be an X.400 address
        names = [f"{r['Original-Recipient']} {r['Final-Recipient']}" for r in recipients]
        tap.ok(len(names) == 1 and recipient in names[0], f"{what}: it names the one recipient ({names})")
        first = recipients[0]
        tap.ok(first["Action"] == "failed" and first["Status"] in codes, f"{what}: failed, status {first['Status']}")
        tap.ok(any(w in str(first) + text_of(mail) for w in words), f"{what}: it says why ({first['Diagnostic-Code']})")
        content = returned.as_string() if returned else ""
        tap.ok(returned_words in content, f"{what}: what was sent is returned ({returned.get_content_type() if returned else 'nothing'})")


def refused(folder):
    server = Refuser()
    pair = gateway.Pair(folder)
    pair.land.sink_port = server.port
    with pair:
        send(pair.sea.smtp_port, "ann@sea.example", ["bob@land.example", "nobody@land.example"], "refused@sea.example")
        check(pair.sinks["sea"], "refused by the SMTP server behind X.400", "nobody@land.example",
              ["no mailbox of that name", "unrecognised", "unrecognized"], ("5.1.1", "5.1.0", "5.0.0"), "refused@sea.example")
        tap.ok(len(server.taken) == 1 and "bob@land.example" in server.taken[0][0][0], "the other recipient has it, once")
        for home in pair.gateways.values():
            home.wait_empty()
        timeline = pair.land.cli("audit", "show", "<refused@sea.example>").stdout
        tap.ok("failed" in timeline and "reported" in timeline, "land's timeline tells the refusal and the report")
        timeline = pair.sea.cli("audit", "show", "<refused@sea.example>").stdout
        tap.ok("report-received" in timeline, "sea's timeline tells that a report came")
        tap.ok(not any(home.queue(state="parked") for home in pair.gateways.values()), "nothing is left parked")


def server_down(folder):
    with gateway.Pair(folder) as pair:
        pair.sinks["land"].stop()
        pair.land.stop()
        pair.land.settings["queue"] = 'lifetime="4s" retry-first="1s" retry-max="2s"'
        pair.land.start()
        send(pair.sea.smtp_port, "ann@sea.example", ["bob@land.example"], "expired.smtp@sea.example")
        check(pair.sinks["sea"], "SMTP server down beyond land's lifetime", "bob@land.example",
              ["lifetime", "maximum-time-expired", "time expired", "connect"], ("4.4.7", "5.4.7"), "expired.smtp@sea.example")


def peer_down(folder):
    with gateway.Pair(folder, queue='lifetime="4s" retry-first="1s" retry-max="2s"') as pair:
        pair.land.kill()
        send(pair.sea.smtp_port, "ann@sea.example", ["bob@land.example"], "expired.p1@sea.example")
        check(pair.sinks["sea"], "P1 peer down beyond sea's lifetime", "bob@land.example", ["lifetime"], ("4.4.7", "5.4.7"),
              "A mail that may come back.")


def run(leg):
    with tempfile.TemporaryDirectory(prefix="gw400-") as folder, tap.case(f"{leg.__name__}: the run ends"):
        leg(folder)


# the ends of lifetimes are looked for once a minute, so the legs run side by side
legs = [threading.Thread(target=run, args=(leg,)) for leg in (refused, server_down, peer_down)]
for leg in legs:
    leg.start()
for leg in legs:
    leg.join()
tap.end()
