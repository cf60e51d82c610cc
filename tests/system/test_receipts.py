#!/usr/bin/env python3
"""test_receipts.py - receipts and reports through two gateways: what the sender asked for comes back with his own identifiers."""
import email
import email.policy
import pathlib
import smtplib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import gateway  # noqa: E402

tap = gateway.Tap()
ANN, BOB = "ann@sea.example", "bob@land.example"
NAME = "<asks.for.all@sea.example>"


def deliver(port, sender, recipient, text, mail_options=(), recipient_options=()):
    with smtplib.SMTP("127.0.0.1", port, "client.example", timeout=60) as client:
        client.sendmail(sender, [recipient], text.replace("\n", "\r\n"), mail_options=list(mail_options),
                        rcpt_options=list(recipient_options))


def mails(sink, count):
    data = gateway.wait_for(lambda: sink.mails() if len(sink.mails()) >= count else None, 25, f"{count} mails")
    return [email.message_from_bytes(one, policy=email.policy.default) for one in data]


def of_type(found, report_type):
    return next((m for m in found if m.get_param("report-type") == report_type), None)


def fields_of(mail, content_type):
    part = next(p for p in mail.walk() if p.get_content_type() == content_type)
    payload = part.get_payload()
    return payload if isinstance(payload, list) else [email.message_from_string(payload, policy=email.policy.compat32)]


def mdn(to, about, disposition, final=BOB):
    return (f"From: {final}\nTo: {to}\nSubject: Read: asks\nDate: Mon, 23 Nov 2026 19:00:00 +0000\nMessage-ID: <mdn.{len(about)}."
            f"{len(disposition)}@land.example>\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=disposition-notification; "
            f"boundary=b\n\n--b\nContent-Type: text/plain\n\nYour mail was read.\n--b\nContent-Type: "
            f"message/disposition-notification\n\nReporting-UA: pc.land.example; Reader 1.0\nFinal-Recipient: rfc822;{final}\n"
            f"Original-Message-ID: {about}\nDisposition: {disposition}\n\n--b--\n")


def run(pair):
    deliver(pair.sea.smtp_port, ANN, BOB,
            f"From: Ann <{ANN}>\nTo: Bob <{BOB}>\nSubject: asks\nMessage-ID: {NAME}\nDate: Mon, 23 Nov 2026 18:00:00 +0000\n"
            f"Disposition-Notification-To: Ann <{ANN}>\n\nplease tell me\n",
            ["ENVID=QQ314159", "RET=HDRS"], ["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;Bob@Land.Example"])
    arrived = mails(pair.sinks["land"], 1)[0]
    tap.ok(arrived["Message-ID"] == NAME, f"the mail arrives with its Message-ID ({arrived['Message-ID']})")
    asked = arrived["Disposition-Notification-To"]
    tap.ok(asked is not None, f"it asks for a receipt ({asked})")
    tap.ok(len(arrived.get_all("Disposition-Notification-To") or []) == 1, "once (RFC 8098 2.1)")

    with tap.case("the delivery report"):
        dsn = of_type(mails(pair.sinks["sea"], 1), "delivery-status")
        message, recipient = fields_of(dsn, "message/delivery-status")[:2]
        tap.ok(message["Original-Envelope-Id"] == "QQ314159", f"it has the ENVID ({message['Original-Envelope-Id']})")
        tap.ok(recipient["Original-Recipient"].replace(" ", "") == "rfc822;Bob@Land.Example",
               f"it has the ORCPT as it was written ({recipient['Original-Recipient']})")
        tap.ok(recipient["Action"] == "delivered", f"delivered ({recipient['Action']})")
        tap.ok("please tell me" not in dsn.as_string(), "the text of the mail does not come back (RET=HDRS)")

    deliver(pair.land.smtp_port, "", email.utils.parseaddr(asked)[1],
            mdn(asked, NAME, "manual-action/MDN-sent-manually; displayed"))
    with tap.case("the receipt"):
        found = of_type(mails(pair.sinks["sea"], 2), "disposition-notification")
        fields = fields_of(found, "message/disposition-notification")[0]
        tap.ok(ANN in found["To"], f"it goes to who asked ({found['To']})")
        tap.ok(fields["Original-Message-ID"] == NAME, f"about his mail ({fields['Original-Message-ID']})")
        tap.ok(BOB in fields["Final-Recipient"], f"from the recipient ({fields['Final-Recipient']})")
        tap.ok((fields["Original-Recipient"] or "").replace(" ", "") == "rfc822;Bob@Land.Example",
               f"with the ORCPT ({fields['Original-Recipient']})")
        tap.ok(fields["Disposition"] == "manual-action/MDN-sent-manually; displayed", f"read ({fields['Disposition']})")
        tap.ok(fields["MDN-Gateway"] is not None and "Inter-Personal Notification" in found["Subject"],
               "it went over X.400 as a notification")
        tap.ok(found["Disposition-Notification-To"] is None, "no receipt asks for a receipt")

    deliver(pair.land.smtp_port, "", email.utils.parseaddr(asked)[1],
            mdn(asked, "<nobody.knows@sea.example>", "manual-action/MDN-sent-manually; displayed"))
    with tap.case("a receipt that answers nothing"):
        odd = mails(pair.sinks["sea"], 3)
        tap.ok(any("nobody.knows" in m.as_string() and m["Subject"] == "Read: asks" for m in odd),
               "it arrives as the mail that it is")
    for home in pair.gateways.values():
        home.wait_empty()
    for home in (pair.sea, pair.land):
        timeline = home.cli("audit", "show", NAME).stdout
        tap.ok("notification-received" in timeline, f"{home.name}'s timeline of the mail tells that a receipt came")
    tap.ok("report-received" in pair.sea.cli("audit", "show", NAME).stdout, "sea's tells of the report")
    tap.ok(not any(home.queue(state="parked") for home in pair.gateways.values()), "nothing is left parked")


with tempfile.TemporaryDirectory(prefix="gw400-") as folder, tap.case("receipts and reports"):
    both = gateway.Pair(folder)
    both.sinks["land"].options = ["-N"]  # without DSN: the gateway reports the delivery (RFC 2156 4.6.2.3)
    with both:
        try:
            run(both)
        finally:
            for home in both.gateways.values():
                print("# " + home.cli("audit", "show", NAME, check=False).stdout.replace("\n", "\n# "), flush=True)
tap.end()
