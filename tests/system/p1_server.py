"""p1_server.py - p1peer as a server of a test's own: every connection in a thread, each with the same fault."""
import pathlib
import socket
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from p1peer import peer, settings, transport  # noqa: E402


class Server:
    """Takes P1 associations on a port; what arrives is kept as (time, octets). fault: as p1peer.py --fault.
    back: files that the first association sends in its turn. most: associations at the same time; busy beyond."""

    def __init__(self, port=0, mta=b"land-mta", password=b"secret", back=(), host="127.0.0.1", most=1000, **told):
        self.told = dict(told, mta=mta, pw=password, patience=told.get("patience", 120))
        self.back = list(back)
        self.most, self.bound, self.callers = most, 0, []
        self.listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=200)
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.calls, self.arrived, self.words, self.lines = [], [], [], []
        self.closing = False
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while not self.closing:
            try:
                connection, caller = self.listener.accept()
            except OSError:
                return
            self.callers.append(caller[0])
            self.calls.append(time.monotonic())
            self.lines.append(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with self.lock:
            self.bound += 1
            refuse = {"refuse": "bind:0"} if self.bound > self.most else {}
        own = settings.Settings(**{**self.told, "fault": list(self.told.get("fault", [])), **refuse})
        connection.settimeout(600)
        life = peer.Peer(own, self.back)
        self.back = []
        life.say = lambda *words: self.words.append(" ".join(map(str, words)))
        life.store = self.store
        line = transport.Transport(connection, own)
        try:
            peer.Association(life, line, initiator=False).respond()
        except Exception as error:  # whatever ends it: the test looks at what arrived
            self.words.append(f"{type(error).__name__}: {error}")
        finally:
            line.close()
            with self.lock:
                self.bound -= 1

    def store(self, octets):
        with self.lock:
            self.arrived.append((time.monotonic(), octets))

    def close(self):
        self.closing = True
        self.listener.close()
        for line in self.lines:
            line.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


class SlowProxy:
    """Passes connections on; what goes to the target, in steps of at most `rate` octets a second for each connection."""

    def __init__(self, target, rate, port=0):
        self.target, self.rate = target, rate
        self.listener = socket.create_server(("127.0.0.1", port), backlog=200)
        # a small window, so that the sender feels the rate and not the buffers
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        self.port = self.listener.getsockname()[1]
        self.lines = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                caller, _ = self.listener.accept()
                callee = socket.create_connection(("127.0.0.1", self.target), 10)
            except OSError:
                return
            callee.settimeout(None)
            self.lines += [caller, callee]
            for source, sink, rate in ((caller, callee, self.rate), (callee, caller, None)):
                threading.Thread(target=self.pass_on, args=(source, sink, rate), daemon=True).start()

    @staticmethod
    def pass_on(source, sink, rate):
        try:
            while block := source.recv(16384 if rate else 65536):
                if rate:
                    time.sleep(len(block) / rate)
                sink.sendall(block)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()
        for line in self.lines:
            line.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()
