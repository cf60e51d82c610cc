#!/usr/bin/env python3
"""test_smtp_out.py - mail that leaves a real daemon by SMTP, towards servers that behave as a test wants it.

A mail enters `sea` by SMTP, crosses P1 and leaves `land` towards a server of the test: which recipients it refuses, when it is busy, when
it breaks the connection, how it does TLS, and how MX records lead to it.
"""
import pathlib
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import gateway  # noqa: E402

# time-limit: 600
tap = gateway.Tap()


class Server(threading.Thread):
    """An SMTP server by a script.

    answers: reply to a command's beginning, as {"RCPT TO:<no@": "550 5.1.1 nobody"}; a list is used up one by one, then 250.
    "DROP" closes the connection instead. tls: None, "broken", or a PEM file."""

    def __init__(self, address="127.0.0.1", port=0, answers=None, extensions=("PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES"), tls=None):
        super().__init__(daemon=True)
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((address, port))
        self.listener.listen(50)
        self.port = self.listener.getsockname()[1]
        self.answers = {key: list(value) if isinstance(value, (list, tuple)) else value for key, value in (answers or {}).items()}
        self.extensions, self.tls = list(extensions), tls
        self.connections, self.lines, self.mails = 0, [], []
        self.start()

    def run(self):
        while True:
            try:
                link, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(link,), daemon=True).start()

    def answer(self, line, standard):
        for key, value in self.answers.items():
            if line.startswith(key):
                if isinstance(value, list):
                    return value.pop(0) if value else standard
                return value
        return standard

    def serve(self, link):
        try:
            self.talk(link)
        except OSError:
            pass
        finally:
            link.close()

    def read_text(self, file):
        text = b""
        while True:
            line = file.readline()
            if not line:
                raise OSError("lost in the text")
            if line == b".\r\n":
                return text
            text += line[1:] if line.startswith(b".") else line

    def talk(self, link):
        file = link.makefile("rb")
        secure, sender, recipients, text = False, False, [], b""

        def say(reply):
            if reply == "DROP":
                raise OSError("dropped by the script")
            link.sendall(reply.encode() + b"\r\n")

        say(self.answer("", "220 mx.example ESMTP"))
        while True:
            line = file.readline().decode().rstrip("\r\n")
            if not line:
                return
            self.lines.append(line)
            verb = line.split(" ")[0]
            if verb == "EHLO":
                offered = self.extensions + (["STARTTLS"] if self.tls and not secure else [])
                standard = "\r\n".join(f"250-{word}" for word in ["mx.example", *offered[:-1]]) + f"\r\n250 {offered[-1]}"
                say(self.answer(line, standard))
            elif verb == "STARTTLS":
                say("220 2.0.0 go")
                if self.tls == "broken":
                    link.sendall(b"this is no TLS at all\r\n" * 10)
                    return
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(self.tls)
                link = context.wrap_socket(link, server_side=True)
                file, secure = link.makefile("rb"), True
            elif verb == "RCPT":
                reply = self.answer(line, "250 2.1.5 ok") if sender else "503 5.5.1 send MAIL"
                recipients += [line] if reply.startswith("250") else []
                say(reply)
            elif verb == "DATA":
                reply = self.answer(line, "354 go on" if recipients else "554 5.5.1 no recipient")
                say(reply)
                if reply.startswith("354"):
                    text = self.read_text(file)
                    self.mails.append((secure, list(recipients), text))
                    say(self.answer(".", "250 2.0.0 taken"))
                    recipients = []
            elif verb == "BDAT":
                text += file.read(int(line.split(" ")[1]))
                if line.endswith("LAST"):
                    self.mails.append((secure, list(recipients), text))
                    recipients, text = [], b""
                say(self.answer(line, "250 2.0.0 taken"))
            elif verb == "QUIT":
                say("221 2.0.0 bye")
                return
            else:
                reply = self.answer(line, "250 2.0.0 ok")
                if verb in ("RSET", "MAIL"):
                    sender, recipients = verb == "MAIL" and reply.startswith("250"), []
                say(reply)

    def stop(self):
        self.listener.close()


class Dns(threading.Thread):
    """Answers MX and A questions over UDP from {("name", type): [data]}; a name that it does not know does not exist."""

    def __init__(self, records):
        super().__init__(daemon=True)
        self.records = records
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.start()

    @staticmethod
    def name(text):
        return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".") if label) + b"\0"

    def data(self, kind, value):
        if kind == 15:
            preference, host = value.split(" ")
            return struct.pack(">H", int(preference)) + self.name(host)
        return socket.inet_aton(value)

    def run(self):
        while True:
            packet, sender = self.socket.recvfrom(1500)
            labels, at = [], 12
            while packet[at]:
                labels.append(packet[at + 1:at + 1 + packet[at]].decode())
                at += packet[at] + 1
            name, kind = ".".join(labels).lower(), struct.unpack(">H", packet[at + 1:at + 3])[0]
            found = self.records.get((name, kind), [])
            known = any(key[0] == name for key in self.records)
            reply = packet[:2] + struct.pack(">HHHHH", 0x8480 | (0 if known else 3), 1, len(found), 0, 0) + packet[12:at + 5]
            for value in found:
                data = self.data(kind, value)
                reply += struct.pack(">HHHIH", 0xC00C, kind, 1, 60, len(data)) + data
            self.socket.sendto(reply, sender)


class Road(gateway.Pair):
    """sea and land; what leaves land goes to a server of the test. mx: no smarthost."""

    def __init__(self, folder, server, mx=False, send="", extra="", environment=None):
        super().__init__(folder)
        self.land.sink_port = None if mx else server.port
        self.land.settings["send"] = send
        self.land.settings["extra"] = extra
        self.land.environment = environment or {}

    def settled(self):
        """All replies are in, and told to the store."""
        gateway.wait_for(lambda: self.sea.is_empty() and self.land.is_empty(), 40, "the queues are empty")

    def mail(self, *recipients, sender="a@sea.example", subject="hello"):
        gateway.swaks(self.sea.smtp_port, sender, ",".join(recipients), "--header", f"Subject: {subject}", "--body", "one\n.two\n")

    def __exit__(self, *exception):
        try:
            codes = [home.stop() for home in (self.sea, self.land)]
            findings = self.sea.sanitizer_findings() + self.land.sanitizer_findings()
            tap.ok(codes == [0, 0] and not findings, f"both daemons stop cleanly {codes} {findings[:3]}")
        finally:
            super().__exit__(*exception)


def wait(condition, what, seconds=40):
    with tap.case(what):
        gateway.wait_for(condition, seconds, what)


# --- outcomes -----------------------------------------------------------------------------------------------------------------------

def outcomes(folder):
    server = Server(answers={"RCPT TO:<no@": "550 5.1.1 nobody of that name", "RCPT TO:<later@": ["450 4.2.1 mailbox busy"],
                             "MAIL FROM:<busy@": ["451 4.3.0 not now"], ".": []})
    with Road(folder, server) as road:
        road.mail("b@land.example", "no@land.example", "c@land.example")
        wait(lambda: len(server.mails) == 1, "one recipient of three is refused, the others get the mail")
        _, recipients, text = server.mails[0]
        tap.ok(len(recipients) == 2 and b"\r\n.two\r\n" in text, f"its recipients are {recipients}, its dots as they were")
        wait(lambda: any(b"no@land.example" in mail for mail in road.sinks["sea"].mails()), "the sender is told of the third")
        road.mail("later@land.example")
        wait(lambda: len(server.mails) == 2, "a recipient that is busy gets it the second time")
        server.answers.update({f"RCPT TO:<busy{number}@": ["450 4.2.1 mailbox busy"] for number in range(6)})
        for number in range(6):
            road.mail(f"busy{number}@land.example")
            time.sleep(0.3)
        wait(lambda: len(server.mails) == 8, "six that are busy one after the other get theirs at their times, not at the next review", 25)
        del server.mails[2:]
        road.mail("b@land.example", sender="busy@sea.example")
        wait(lambda: len(server.mails) == 3, "a sender that is refused for now comes through the second time")
        road.settled()
        server.answers["."] = ["DROP"]
        road.mail("b@land.example", subject="twice")
        wait(lambda: len(server.mails) == 5, "when the reply to the text is lost, the mail is sent again")
        tap.ok(server.mails[3][2].split(b"Subject:")[1] == server.mails[4][2].split(b"Subject:")[1], "and is the same")
        road.settled()
        server.answers["DATA"] = ["DROP"]
        road.mail("b@land.example")
        wait(lambda: len(server.mails) == 6, "lost before the text: sent once")
        road.settled()
        server.answers["."] = ["554 5.6.0 not this"]
        road.mail("b@land.example", subject="unwanted")
        wait(lambda: any(b"5.6.0" in mail for mail in road.sinks["sea"].mails()), "a refused text is reported with its code")
        wait(road.land.is_empty, "nothing is left")
    server.stop()


def reuse(folder):
    server = Server(extensions=["PIPELINING", "CHUNKING", "DSN", "8BITMIME"])
    with Road(folder, server, send='connections="1" idle="20s"') as road:
        for number in range(6):
            road.mail("b@land.example", subject=f"number {number}")
        wait(lambda: len(server.mails) == 6, "six mails by BDAT")
        tap.ok(server.connections <= 2, f"connections used: {server.connections}")
        tap.ok(any(line.startswith("BDAT") for line in server.lines) and "DATA" not in server.lines, "the text went in chunks")
        tap.ok(all(b"\r\n.two\r\n" in mail[2] for mail in server.mails), "and its dots are single")
    server.stop()


# --- TLS ----------------------------------------------------------------------------------------------------------------------------

def certificate(folder, name, alternative):
    path = pathlib.Path(folder) / f"{name}.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                    f"/CN={name}", "-addext", f"subjectAltName={alternative}", "-keyout", f"{path}.key", "-out", f"{path}.crt"],
                   check=True, capture_output=True)
    path.write_bytes(pathlib.Path(f"{path}.crt").read_bytes() + pathlib.Path(f"{path}.key").read_bytes())
    path.chmod(0o600)
    return path


def secure(folder):
    folder = pathlib.Path(folder)
    right = certificate(folder, "right", "IP:127.0.0.1")
    wrong = certificate(folder, "wrong", "DNS:other.example")
    trust = folder / "trust.pem"
    trust.write_bytes(right.read_bytes() + wrong.read_bytes())
    for name, tls, send, is_secure in (("offered", right, "", True), ("with a certificate of another", wrong, "", True),
                                       ("broken: sent in clear", "broken", "", False), ("not wanted", right, 'tls="never"', False),
                                       ("required and right", right, 'tls="require"', True),
                                       ("required, our own authority", right, f'tls="require" ca="{trust}"', True)):
        server = Server(tls=tls)
        place = folder / name.split(":")[0].replace(" ", "-").replace(",", "")
        with Road(place, server, send=send, environment={} if "ca=" in send else {"SSL_CERT_FILE": str(trust)}) as road:
            road.mail("b@land.example")
            wait(lambda server=server: len(server.mails) == 1, f"TLS {name}")
            tap.ok(server.mails and server.mails[0][0] == is_secure, f"TLS {name}: inside TLS is {is_secure}")
        server.stop()
    for name, tls, words in (("wrong name", wrong, "not for"), ("not offered", None, "does not offer STARTTLS")):
        server = Server(tls=tls)
        with Road(folder / name.replace(" ", "-"), server, send='tls="require"', environment={"SSL_CERT_FILE": str(trust)}) as road:
            road.mail("b@land.example")
            wait(lambda road=road, words=words: words in str(road.land.queue()) + road.land.log_text(), f"TLS required, {name}: says so")
            tap.ok(not server.mails and not any(line.startswith("MAIL") for line in server.lines), "and nothing is sent in clear")
        server.stop()


# --- by MX --------------------------------------------------------------------------------------------------------------------------

def by_mx(folder):
    server = Server(address="127.0.0.2")
    dns = Dns({("land.example", 15): ["10 dead.land.example", "20 mx.land.example"], ("dead.land.example", 1): ["127.0.0.3"],
               ("mx.land.example", 1): ["127.0.0.2"]})
    with Road(folder, server, mx=True, send=f'mx-port="{server.port}"', extra=f'<dns forward="127.0.0.1@{dns.port}"/>') as road:
        road.mail("b@land.example")
        wait(lambda: len(server.mails) == 1, "the second MX host takes it, since the first does not answer")
        wait(road.land.is_empty, "nothing is left")


def null_mx(folder):
    dns = Dns({("land.example", 15): ["0 ."]})
    with Road(folder, None, mx=True, extra=f'<dns forward="127.0.0.1@{dns.port}"/>') as road:
        road.mail("b@land.example")
        wait(lambda: any(b"5.1.10" in mail or b"null MX" in mail for mail in road.sinks["sea"].mails()), "a null MX is reported")
        wait(road.land.is_empty, "nothing is left")


with tempfile.TemporaryDirectory(prefix="gw400-out-") as top:
    for part in (outcomes, reuse, secure, by_mx, null_mx):
        place = pathlib.Path(top) / part.__name__
        place.mkdir()
        with tap.case(f"{part.__name__}: to its end"):
            part(place)
tap.end()
