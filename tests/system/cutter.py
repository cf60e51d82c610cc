"""cutter.py - a TCP proxy that cuts a connection after so many octets of one side, as a line that fails does."""
import socket
import struct
import threading
import time


class Cutter:
    """Leads to a port of this machine. cut_next(side, octets) arms it for the next connection (several calls: for as many); later ones
    pass.

    Sides are "client" and "server"; exactly so many of that side's octets pass, and when one more comes, both ends see a reset.
    seen holds, for each connection that ended, the octets and the pieces that passed from each side.
    """

    def __init__(self, target):
        self.target = target
        self.plans, self.cuts, self.seen, self.connections = [], 0, [], []
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def cut_next(self, side, octets):
        with self.lock:
            self.plans.append((side, octets))

    def run(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.target), 10)
            except OSError:
                client.close()
                continue
            with self.lock:
                plan = self.plans.pop(0) if self.plans else None
            connection = _Connection(self, client, server, plan)
            self.connections.append(connection)
            for side in ("client", "server"):
                threading.Thread(target=connection.carry, args=(side,), daemon=True).start()

    def passed(self, side):
        """Octets that came from that side so far, over all connections, also those that are open."""
        return sum(sum(connection.pieces[side]) for connection in self.connections)

    def close(self):
        self.listener.close()


class _Connection:
    def __init__(self, cutter, client, server, plan):
        self.cutter, self.plan = cutter, plan
        self.ends = {"client": client, "server": server}
        self.pieces = {"client": [], "server": []}
        self.over = threading.Event()
        for end in self.ends.values():
            end.settimeout(None)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def carry(self, side):
        source, target = self.ends[side], self.ends["server" if side == "client" else "client"]
        left = self.plan[1] if self.plan and self.plan[0] == side else None
        while True:
            try:
                data = source.recv(65536)
                if data and left is not None and len(data) > left:
                    target.sendall(data[:left])
                    if left:
                        self.pieces[side].append(left)
                    time.sleep(0.02)  # what passed is read before the reset comes
                    self.end(cut=True)
                    return
                if not data:
                    self.end()
                    return
                target.sendall(data)
            except OSError:
                self.end()
                return
            self.pieces[side].append(len(data))
            if left is not None:
                left -= len(data)

    def end(self, cut=False):
        with self.cutter.lock:
            if self.over.is_set():
                return
            self.over.set()
            self.cutter.cuts += cut
            self.cutter.seen.append(self.pieces)
        for end in self.ends.values():
            try:
                if cut:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                end.shutdown(socket.SHUT_RDWR)  # close() alone waits for the other thread's recv(): a half-open line
                end.close()
            except OSError:
                pass
