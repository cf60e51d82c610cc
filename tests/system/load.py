"""load.py - a load of numbered mails over SMTP that knows which of them were answered 250."""
import collections
import re
import smtplib
import threading
import time


class Load:
    """Sends until stop() from several threads; survives lost connections and restarts of the server."""

    def __init__(self, port, sender="ann@sea.example", recipient="bob@land.example", threads=6, pause=0.0, large_every=23):
        self.port, self.sender, self.recipient = port, sender, recipient
        self.pause, self.large_every = pause, large_every
        self.accepted, self.unsure, self.refused = set(), set(), collections.Counter()
        self.large = set()  # those of about 100 KB: every large_every-th
        self.run_name = f"{time.time_ns():x}"
        self.lock = threading.Lock()
        self.next = 0
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(threads)]

    def start(self):
        for thread in self.threads:
            thread.start()
        return self

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)
        return self

    def number(self):
        with self.lock:
            self.next += 1
            return self.next

    def run(self):
        client = None
        while not self.stopping.is_set():
            number = self.number()
            name = f"load.{self.run_name}.{number}@sea.example"
            filler = "x" * 70 + "\r\n"
            size = 1500 if number % self.large_every == 0 else 5
            if size > 5:
                with self.lock:
                    self.large.add(name)
            text = (f"From: {self.sender}\r\nTo: {self.recipient}\r\nSubject: load {number}\r\nMessage-ID: <{name}>\r\n"
                    f"Date: Mon, 23 Nov 2026 18:00:00 +0000\r\n\r\n" + filler * size)
            try:
                if client is None:
                    client = smtplib.SMTP("127.0.0.1", self.port, "client.example", timeout=30)
                    client.ehlo()
                client.sendmail(self.sender, [self.recipient], text)
                with self.lock:
                    self.accepted.add(name)
            except smtplib.SMTPResponseException as error:
                self.refused[error.smtp_code] += 1
                client = self.drop(client)
            except (OSError, smtplib.SMTPException):
                with self.lock:
                    self.unsure.add(name)  # the connection went while it was open: it may or may not arrive
                client = self.drop(client)
                time.sleep(0.05)
            if self.pause:
                time.sleep(self.pause)
        self.drop(client)

    @staticmethod
    def drop(client):
        try:
            if client:
                client.close()
        except OSError:
            pass
        return None


def arrivals(sink):
    """Message-ID -> how often it lies in smtp-sink's folder."""
    found = collections.Counter()
    for path in sink.folder.glob("mail.*"):
        with open(path, "rb") as file:
            match = re.search(rb"(?mi)^Message-ID:\s*<([^>]+)>", file.read(8192))
        if match:
            found[match.group(1).decode()] += 1
    return found


def arrival_times(sink):
    """Message-ID -> when each of its copies came, in order."""
    found = collections.defaultdict(list)
    for path in sink.folder.glob("mail.*"):
        with open(path, "rb") as file:
            match = re.search(rb"(?mi)^Message-ID:\s*<([^>]+)>", file.read(8192))
        if match:
            found[match.group(1).decode()].append(path.stat().st_mtime)
    return {name: sorted(times) for name, times in found.items()}


def reports(sink):
    """The Message-IDs of the mails that the reports in smtp-sink's folder are about -> how many."""
    found = collections.Counter()
    for path in sink.folder.glob("mail.*"):
        data = path.read_bytes()
        if b"multipart/report" in data[:8192]:
            found.update(match.decode() for match in set(re.findall(rb"<(load\.[^>]+)>", data)))
    return found
