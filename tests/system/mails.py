"""mails.py - messages for the system tests, and what is compared of them."""
import email
import email.header
import email.message
import email.mime.application
import email.mime.message
import email.mime.multipart
import email.mime.text
import email.policy
import email.utils
import hashlib

PDF = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n" + bytes((i * 167 + i // 256) & 0xff for i in range(12000)) + b"\n%%EOF\n"
TEXT = "Grüße aus Köln: Ä Ö Ü ä ö ü ß, 100 €, naïve façade.\r\n.\r\nDie Zeile davor war ein einzelner Punkt.\r\n" * 20


def multipart(sender="=?utf-8?q?J=C3=B6rg_M=C3=BCller?= <joerg@sea.example>", to="Bob Lee <bob@land.example>",
              cc="carla@land.example", message_id="<road.1@sea.example>"):
    """About 20 KB: text with umlauts, a PDF whose name has an umlaut and a space, and a nested message."""
    inner = email.mime.text.MIMEText("Der innere Text, schön.\r\n", "plain", "utf-8")
    inner["From"] = "Ann <ann@sea.example>"
    inner["To"] = "joerg@sea.example"
    inner["Subject"] = email.header.Header("Früher gesagt", "utf-8")
    inner["Message-ID"] = "<inner.1@sea.example>"
    inner["Date"] = "Fri, 20 Nov 2026 10:00:00 +0100"
    outer = email.mime.multipart.MIMEMultipart()
    outer["From"], outer["To"], outer["Cc"] = sender, to, cc
    outer["Subject"] = email.header.Header("Prüfung: Größe und Übergang", "utf-8")
    outer["Message-ID"] = message_id
    outer["Date"] = "Mon, 23 Nov 2026 18:00:00 +0100"
    outer["In-Reply-To"] = "<before.1@land.example>"
    outer.attach(email.mime.text.MIMEText(TEXT, "plain", "utf-8"))
    pdf = email.mime.application.MIMEApplication(PDF, "pdf")
    pdf.add_header("Content-Disposition", "attachment", filename=("utf-8", "", "Rechnung März.pdf"))
    outer.attach(pdf)
    outer.attach(email.mime.message.MIMEMessage(inner))
    return outer.as_bytes(policy=email.policy.compat32.clone(linesep="\r\n"))


def parse(data):
    """A mail as it came from the sink; smtp-sink's own lines before the header are X- fields."""
    return email.message_from_bytes(data, policy=email.policy.default)


def parts(message):
    """Leaves in order: (type, file name, octets); a nested message is one leaf with its own subject."""
    found = []
    if message.get_content_type() == "message/rfc822":
        return [("message/rfc822", None, str(message.get_content()["Subject"]))]
    if message.is_multipart():
        for part in message.iter_parts():
            found += parts(part)
        return found
    return [(message.get_content_type(), message.get_filename(), message.get_payload(decode=True))]


def text_of(message):
    body = message.get_body(("plain",))
    return body.get_content().replace("\r\n", "\n") if body else None


def digest(octets):
    return hashlib.sha256(octets).hexdigest()


def addresses(field):
    """The mailboxes of a field, phrases decoded."""
    return [(a.display_name, a.addr_spec) for a in field.addresses] if field else []
