#!/usr/bin/env python3
"""test_smtp_door.py - the SMTP door of a real daemon, by raw sockets and by swaks: every refusal of issue 2's list.

The peer that mail is routed to does not answer, so what is accepted stays in the queue, where it is counted.
"""
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import gateway  # noqa: E402

# time-limit: 300
tap = gateway.Tap()
HELLO = ("EHLO client.example", "MAIL FROM:<a@sea.example>")
RCPT = "RCPT TO:<b@land.example>"


class Client:
    """A connection whose replies are read as (code, enhanced code or "", text)."""

    def __init__(self, port, source=None):
        self.link = socket.create_connection(("127.0.0.1", port), 10, (source, 0) if source else None)
        self.link.settimeout(10)
        self.file = self.link.makefile("rb")
        self.greeting = self.reply()

    def reply(self):
        lines = []
        while True:
            line = self.file.readline().decode("ascii").rstrip("\r\n")
            if not line:
                return None
            lines.append(line)
            if line[3:4] != "-":
                break
        words = line[4:].split(" ", 1)
        enhanced = words[0] if words[0][:2] in ("2.", "4.", "5.") else ""
        return int(line[:3]), enhanced, "\n".join(lines)

    def send(self, octets):
        self.link.sendall(octets)

    def say(self, line):
        self.send((line if isinstance(line, bytes) else line.encode()) + b"\r\n")
        return self.reply()

    def codes(self, *lines):
        """The replies to the lines in short: "250 2.1.0"."""
        replies = []
        for line in lines:
            reply = self.say(line)
            replies.append(f"{reply[0]} {reply[1]}".strip() if reply else "closed")
        return replies

    def closed(self):
        """True when the server ends the connection in the orderly way."""
        try:
            return self.file.read() == b""
        except OSError:
            return False

    def starttls(self, certificate=None, injected=b""):
        self.send(b"STARTTLS\r\n" + injected)
        reply = self.reply()
        if reply[0] != 220:
            return reply
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if certificate:
            context.load_cert_chain(certificate)
        self.link = context.wrap_socket(self.link)
        self.file = self.link.makefile("rb")
        return reply

    def close(self):
        self.file.close()
        self.link.close()


class Door(gateway.Gateway):
    """One gateway whose only peer is deaf. inner: more elements of <smtp>."""

    def __init__(self, folder, smtp="", inner="", **settings):
        home = pathlib.Path(folder) / "sea"
        peers = gateway.peer_xml("land", gateway.free_port(), "sea-mta", "land-mta", home)
        peers += '\n  <route or="/PRMD=land/ADMD=demo/C=xx/" peer="land"/>'
        super().__init__("sea", home, smtp=smtp, peers=peers, **settings)
        self.inner = inner

    def write_config(self):
        super().write_config()
        self.config.write_text(self.config.read_text().replace("<send ", self.inner + "<send "))

    def client(self, *lines, source=None):
        client = Client(self.smtp_port, source)
        for line in lines:
            client.say(line)
        return client

    def kept(self):
        status = self.ask("status")
        return status["received"] + status["routed"]

    def __enter__(self):
        return self.start()

    def __exit__(self, *exception):
        code = self.stop()
        findings = self.sanitizer_findings()
        tap.ok(code == 0 and not findings, f"the daemon stops cleanly ({code}) {findings[:3]}")


def expect(name, got, wanted):
    tap.ok(got == wanted, name if got == wanted else f"{name}: got {got}, wanted {wanted}")


# --- refusals of syntax, sequence, parameters, addresses ------------------------------------------------------------------------

DIALOGUES = [
    ("MAIL before EHLO", ["MAIL FROM:<a@sea.example>"], ["503 5.5.1"]),
    ("RCPT before MAIL", ["EHLO c", RCPT], ["250", "503 5.5.1"]),
    ("DATA before RCPT", [*HELLO, "DATA"], ["250", "250 2.1.0", "503 5.5.1"]),
    ("two MAIL", [*HELLO, "MAIL FROM:<a@sea.example>"], ["250", "250 2.1.0", "503 5.5.1"]),
    ("HELP, EXPN, VRFY", ["EHLO c", "HELP", "EXPN x", "VRFY b@land.example"], ["250", "502 5.5.1", "502 5.5.1", "252 2.1.5"]),
    ("unknown command", ["EHLO c", "AUTH PLAIN x"], ["250", "500 5.5.1"]),
    ("STARTTLS without a certificate", ["EHLO c", "STARTTLS"], ["250", "502 5.5.1"]),
    ("EHLO without a name", ["EHLO"], ["501 5.5.4"]),
    ("arguments where none may be", ["EHLO c", "RSET x", "QUIT x"], ["250", "501 5.5.4", "501 5.5.4"]),
    ("addresses that are none", [*HELLO, "RCPT TO:b@land.example", "RCPT TO:<b>", "RCPT TO:<b@@land>", "RCPT TO:<>"],
     ["250", "250 2.1.0", "501 5.1.3", "501 5.1.3", "501 5.1.3", "501 5.1.3"]),
    ("bad sender", ["EHLO c", "MAIL FROM:<a>", "MAIL FROM:<a@b", "MAIL <a@b>"], ["250", "501 5.1.7", "501 5.1.7", "501 5.5.4"]),
    ("SIZE", ["EHLO c", "MAIL FROM:<a@b> SIZE=100001", "MAIL FROM:<a@b> SIZE=x"], ["250", "552 5.3.4", "501 5.5.4"]),
    ("unknown parameters", ["EHLO c", "MAIL FROM:<a@b> AUTH=<>", "MAIL FROM:<a@b>", "RCPT TO:<b@land.example> X=1"],
     ["250", "555 5.5.4", "250 2.1.0", "555 5.5.4"]),
    ("parameters after HELO", ["HELO c", "MAIL FROM:<a@b> SIZE=1"], ["250", "555 5.5.4"]),
    ("bad BODY, RET, ENVID", ["EHLO c", "MAIL FROM:<a@b> BODY=BINARYMIME", "MAIL FROM:<a@b> RET=ALL",
                              "MAIL FROM:<a@b> ENVID=+0A", "MAIL FROM:<a@b> ENVID=" + "x" * 101],
     ["250", "501 5.5.4", "501 5.5.4", "501 5.5.4", "501 5.5.4"]),
    ("bad NOTIFY, ORCPT", [*HELLO, RCPT + " NOTIFY=NEVER,DELAY", RCPT + " ORCPT=x", RCPT + " ORCPT=rfc822;" + "x" * 494],
     ["250", "250 2.1.0", "501 5.5.4", "501 5.5.4", "501 5.5.4"]),
    ("DSN parameters taken", ["EHLO c", "MAIL FROM:<a@sea.example> RET=HDRS ENVID=a+2Bb SIZE=10 BODY=8BITMIME",
                              RCPT + " NOTIFY=SUCCESS,DELAY ORCPT=rfc822;x+2By@z"], ["250", "250 2.1.0", "250 2.1.5"]),
    ("8-bit address without SMTPUTF8", [*HELLO, "RCPT TO:<jörg@land.example>"], ["250", "250 2.1.0", "553 5.6.7"]),
    ("non-ASCII address that cannot be mapped", ["EHLO c", "MAIL FROM:<a@sea.example> SMTPUTF8", "RCPT TO:<jörg@land.example>"],
     ["250", "250 2.1.0", "553 5.6.7"]),
    ("8-bit octets elsewhere", ["EHLO ö", "EHLO c", b"NOOP \xff"], ["500 5.5.2", "250", "500 5.5.2"]),
    ("NUL, bare CR, tab", [b"EHLO c\0", b"EHLO c\rNOOP", b"EHLO\tc"], ["500 5.5.2", "500 5.5.2", "500 5.5.2"]),
    ("no mapping and no route", [*HELLO, "RCPT TO:<b@nowhere.example>", "RCPT TO:</S=b/PRMD=other/ADMD=demo/C=xx/@gw.sea.example>"],
     ["250", "250 2.1.0", "550 5.1.2", "550 5.4.4"]),
    ("a refused recipient leaves the others", [*HELLO, "RCPT TO:<b@nowhere.example>", RCPT, "RSET"],
     ["250", "250 2.1.0", "550 5.1.2", "250 2.1.5", "250 2.0.0"]),
    ("all recipients refused", [*HELLO, "RCPT TO:<b@nowhere.example>", "DATA"], ["250", "250 2.1.0", "550 5.1.2", "554 5.5.1"]),
    ("BDAT of a wrong size ends the session", ["EHLO c", "BDAT x"], ["250", "501 5.5.4"]),
]


def dialogues(door):
    for name, lines, wanted in DIALOGUES:
        client = door.client()
        expect(name, client.codes(*lines), wanted)
        client.close()
    client = door.client()
    text = client.say("EHLO client.example")[2]
    extensions = {line[4:].split(" ")[0] for line in text.splitlines()[1:]}
    wanted = {"PIPELINING", "SIZE", "8BITMIME", "CHUNKING", "ENHANCEDSTATUSCODES", "DSN", "SMTPUTF8"}
    tap.ok(wanted <= extensions and "STARTTLS" not in extensions, f"EHLO names {sorted(extensions)}")
    reason = client.codes("MAIL FROM:<>") and client.say("RCPT TO:<b@nowhere.example>")[2]
    tap.ok("nowhere.example" in reason, f"the refusal says why: {reason}")
    client.close()


# --- text ---------------------------------------------------------------------------------------------------------------------------

SMUGGLING = [b"1\n.\nMAIL FROM:<evil@sea.example>\r\n", b"1\n.\r\nMAIL FROM:<evil@sea.example>\r\n", b"1\r\n.\n", b"1\r\n.\rQUIT\r\n",
             b"1\r.\r\n", b"1\r\r\n.\r\n", b"1\r\n.\r\r\n"]


def text(door):
    for octets in SMUGGLING:
        client = door.client(*HELLO, RCPT, "DATA")
        client.send(octets)
        reply = client.reply()
        tap.ok(reply and reply[:2] == (554, "5.6.0") and client.closed(), f"{octets!r} in the text: {reply}, and the end")
        client.close()
    client = door.client(*HELLO, RCPT)
    client.send(b"BDAT 3\r\n1\n2")
    tap.ok(client.reply()[:2] == (554, "5.6.0") and client.closed(), "a bare LF in a chunk")
    client.close()
    client = door.client(*HELLO, RCPT, "DATA")
    line = b"x" * 78 + b"\r\n"
    client.send(line * 1500 + b".\r\nNOOP\r\n")
    expect("too large a message is read to its end and refused", [client.reply()[:2], client.reply()[0]], [(552, "5.3.4"), 250])
    client.say(HELLO[1])
    client.say(RCPT)
    client.say("DATA")
    client.send(b"y" * 2001 + b"\r\n.\r\nNOOP\r\n")
    expect("too long a line likewise", [client.reply()[:2], client.reply()[0]], [(554, "5.6.0"), 250])
    client.close()
    client = door.client(*HELLO, RCPT, "DATA")
    client.send(b"half a messa")
    client.close()
    client = door.client(*HELLO, RCPT)
    client.send(b"BDAT 5\r\n12345RSET\r\n")
    expect("RSET between chunks", [client.reply()[0], client.reply()[0]], [250, 250])
    client.close()
    expect("nothing of all that is kept", door.kept(), 0)


def accepted(door):
    client = door.client()
    client.send(b"EHLO c\r\nMAIL FROM:<a@sea.example>\r\n" + RCPT.encode() + b"\r\nRCPT TO:<b@nowhere.example>\r\nDATA\r\n")
    expect("a pipelined group", [client.reply()[0] for _ in range(5)], [250, 250, 250, 550, 354])
    client.send(b"Subject: 1\r\n\r\n..\r\n.\r\nMAIL FROM:<>\r\n" + RCPT.encode() + b"\r\nBDAT 10\r\nSubject: 2BDAT 7 LAST\r\n\r\n\r\nx\r\nQUIT\r\n")
    replies = [client.reply() for _ in range(6)]
    expect("two messages in one stream, by DATA and by BDAT", [r[0] for r in replies], [250, 250, 250, 250, 250, 221])
    tap.ok("queued as" in replies[0][2] and client.closed(), replies[0][2])
    gateway.wait_for(lambda: door.kept() == 2, 20, "two messages are kept")
    codes = door.client("EHLO c").codes("MAIL FROM:<a@elsewhere.example>", "RCPT TO:<postmaster>", "RCPT TO:<Postmaster@gw.sea.example>")
    expect("postmaster is always there (RFC 5321 4.5.1)", codes, ["250 2.1.0", "250 2.1.5", "250 2.1.5"])
    result = gateway.swaks(door.smtp_port, "a@sea.example", "b@land.example", "--pipeline", "--body", "by swaks", check=False)
    tap.ok(result.returncode == 0, "swaks sends a message")
    gateway.wait_for(lambda: door.kept() == 3, 20, "three messages are kept")


def plain(folder):
    with Door(folder, smtp='size-max="100000" text-line-max="2000"') as door:
        dialogues(door)
        text(door)
        with tap.case("what is accepted is kept"):
            accepted(door)


# --- limits -------------------------------------------------------------------------------------------------------------------------

def limits(folder):
    settings = 'recipients-max="100" messages-max="2" errors-max="3" line-max="512" sessions-per-client="4" idle="2s" data-idle="3s"'
    with Door(folder, smtp=settings) as door:
        client = door.client(*HELLO)
        expect("100 recipients", client.codes(*[RCPT] * 100, RCPT), ["250 2.1.5"] * 100 + ["452 4.5.3"])
        client.close()
        client = door.client("EHLO c")
        expect("bad commands", client.codes("X", "Y", "Z") + [client.reply()[:2]], ["500 5.5.1"] * 3 + [(421, "4.7.0")])
        tap.ok(client.closed(), "and the end")
        client.close()
        client = door.client("EHLO c")
        codes = client.codes("MAIL FROM:<>", "RSET", "MAIL FROM:<>", "RSET", "MAIL FROM:<>")
        tap.ok(codes[-1].startswith("421") and client.closed(), f"messages of one connection: {codes[-1]}")
        client.close()
        client = door.client("EHLO c")
        expect("the longest line", client.codes("NOOP " + "x" * 505, "NOOP " + "x" * 506), ["250 2.0.0", "500 5.5.2"])
        client.close()
        time.sleep(0.3)
        others = [door.client() for _ in range(4)]
        fifth = door.client()
        tap.ok(fifth.greeting[:2] == (421, "4.3.2") and fifth.closed(), f"sessions of one client: {fifth.greeting}")
        another = door.client(source="127.0.0.2")
        tap.ok(another.greeting[0] == 220, "another client still gets in")
        start = time.monotonic()
        reply = others[0].reply()
        tap.ok(reply[:2] == (421, "4.4.2") and 1 < time.monotonic() - start < 6, f"silence before a command: {reply}")
        for link in (*others, fifth, another):
            link.close()
        client = door.client(*HELLO, RCPT, "DATA")
        client.send(b"Subject: x\r\n")
        reply = client.reply()
        tap.ok(reply[:2] == (421, "4.4.2") and client.closed(), f"silence in the text: {reply}")
        client.close()
        expect("nothing is kept", door.kept(), 0)


def full_disk(folder):
    with Door(folder, queue='disk-reserve="1024G"') as door:
        client = door.client("EHLO c")
        expect("below the disk's reserve", client.codes(HELLO[1]), ["452 4.3.1"])
        client.close()


# --- who may relay; TLS -------------------------------------------------------------------------------------------------------------

def certificate(folder, name, authority=None):
    """PEM file with certificate and key, signed by the authority's file or by itself."""
    path = pathlib.Path(folder) / f"{name}.pem"
    signed = ["-CA", authority, "-CAkey", authority] if authority else []
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                    f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", *signed, "-keyout", f"{path}.key", "-out", f"{path}.crt"],
                   check=True, capture_output=True)
    path.write_bytes(pathlib.Path(f"{path}.crt").read_bytes() + pathlib.Path(f"{path}.key").read_bytes())
    path.chmod(0o600)
    return path


def authority_signed(folder, name, authority):
    """As certificate(), by a request, since `openssl req -CA` came with OpenSSL 3.2."""
    path = pathlib.Path(folder) / f"{name}.pem"
    subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                    "-keyout", f"{path}.key", "-out", f"{path}.csr"], check=True, capture_output=True)
    subprocess.run(["openssl", "x509", "-req", "-in", f"{path}.csr", "-CA", authority, "-CAkey", authority, "-days", "2", "-out",
                    f"{path}.crt"], check=True, capture_output=True)
    path.write_bytes(pathlib.Path(f"{path}.crt").read_bytes() + pathlib.Path(f"{path}.key").read_bytes())
    path.chmod(0o600)
    return path


def relaying(folder):
    folder = pathlib.Path(folder)
    authority = certificate(folder, "authority.example")
    own = certificate(folder, "gw.sea.example")
    known = authority_signed(folder, "known.example", authority)
    stranger = authority_signed(folder, "stranger.example", authority)
    forged = certificate(folder, "forged")
    inner = (f'<relay network="127.0.0.2/32"/>\n  <relay certificate="known.example"/>\n'
             f'  <tls certificate="{own}" key="{own}" ca="{authority}"/>\n  ')
    with Door(folder, inner=inner) as door:
        client = door.client("EHLO c", HELLO[1])
        reply = client.say(RCPT)
        tap.ok(reply[:2] == (550, "5.7.1") and "127.0.0.1" in reply[2], f"another network: {reply[2]}")
        client.close()
        client = door.client("EHLO c", HELLO[1], source="127.0.0.2")
        expect("a network that may", client.codes(RCPT), ["250 2.1.5"])
        client.close()
        for name, shown, wanted in (("no certificate", None, "550 5.7.1"), ("a certificate that may", known, "250 2.1.5"),
                                    ("a certificate that may not", stranger, "550 5.7.1"),
                                    ("a certificate of an unknown authority", forged, "550 5.7.1")):
            client = door.client("EHLO c")
            client.starttls(shown)
            expect(f"in TLS: {name}", client.codes("EHLO c", HELLO[1], RCPT), ["250", "250 2.1.0", wanted])
            client.close()
        client = door.client("EHLO c", HELLO[1])
        client.starttls(known, injected=b"EHLO evil\r\nMAIL FROM:<evil@sea.example>\r\n")
        with tap.case("what is sent in clear after STARTTLS is not read"):
            assert client.codes("MAIL FROM:<a@sea.example>") == ["503 5.5.1"]
            assert client.codes("EHLO c", "STARTTLS") == ["250", "503 5.5.1"]
        client.close()
        client = door.client("EHLO c")
        client.starttls(known)
        client.codes("EHLO c", HELLO[1], RCPT, "DATA")
        reply = client.say("Subject: by TLS\r\n\r\n.")
        tap.ok(reply[0] == 250, f"a message through TLS: {reply[2]}")
        client.close()
        gateway.wait_for(lambda: door.kept() == 1, 20, "the message is kept")
    with Door(folder / "required", smtp='tls-required="yes"', inner=f'<tls certificate="{own}" key="{own}"/>\n  ') as door:
        client = door.client()
        expect("TLS required", client.codes("EHLO c", HELLO[1], RCPT, "RSET", "NOOP"),
               ["250", "530 5.7.0", "530 5.7.0", "530 5.7.0", "250 2.0.0"])
        client.starttls()
        expect("inside it", client.codes("EHLO c", HELLO[1], RCPT), ["250", "250 2.1.0", "250 2.1.5"])
        client.close()


# --- the daemon stops ---------------------------------------------------------------------------------------------------------------

def stopping(folder):
    door = Door(folder).start()
    idle = door.client("EHLO c")
    door.process.send_signal(15)
    reply = idle.reply()
    tap.ok(reply[:2] == (421, "4.3.2") and idle.closed(), f"a session when the daemon stops: {reply}")
    expect("the daemon's exit code", door.stop(), 0)


with tempfile.TemporaryDirectory(prefix="gw400-door-") as top:
    for part in (plain, limits, full_disk, relaying, stopping):
        place = pathlib.Path(top) / part.__name__
        place.mkdir()
        with tap.case(f"{part.__name__}: to its end"):
            part(place)
tap.end()
