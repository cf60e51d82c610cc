"""RFC 1006 and X.224 class 0: TSDUs over a TCP connection, and the faults that a line can have."""
import socket
import struct
import time

CR, CC, DR, DT = 0xe0, 0xd0, 0x80, 0xf0
SIZE, CALLING, CALLED = 0xc0, 0xc1, 0xc2
ADDRESS_UNKNOWN = 3  # 13.5.3: reason of DR


class Closed(Exception):
    """The connection ended; the text says how."""


class Cut(Exception):
    """We cut the connection ourselves, as a fault asked for."""


class Transport:
    def __init__(self, connection, settings):
        self.socket, self.settings = connection, settings
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent = self.received = 0
        self.local, self.remote = settings.transport_reference.to_bytes(2, "big"), b"\0\0"
        self.parameters = {}
        self.size = 1 << 16

    # octets

    def write(self, octets):
        limit = self.settings.fault("cut")
        if limit is not None and self.sent + len(octets) >= limit:
            self.socket.sendall(octets[:max(limit - self.sent, 0)])
            self.cut(f"after {limit} octets sent")
        self.socket.sendall(octets)
        self.sent += len(octets)

    def read(self, count):
        octets = b""
        while len(octets) < count:
            limit = self.settings.fault("cut-received")
            if limit is not None and self.received >= limit:
                self.cut(f"after {limit} octets received")
            limit = self.settings.fault("stop-reading")
            if limit is not None and self.received >= limit:
                print("stopped reading", flush=True)
                self.linger()
            try:
                block = self.socket.recv(count - len(octets))
            except ConnectionError as error:
                raise Closed(f"closed by the peer: {error}") from error
            except TimeoutError as error:
                raise Closed("nothing came in time") from error
            if not block:
                raise Closed("closed by the peer")
            octets += block
            self.received += len(block)
        return octets

    def cut(self, why):
        """Ends the connection as a broken line does: by a reset, without a word."""
        self.settings.forget_cut()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()
        raise Cut(why)

    def linger(self):
        """Neither reads nor writes until the peer loses patience, at most as long as a test may take."""
        self.socket.settimeout(1)
        for _ in range(int(self.settings.patience)):
            time.sleep(1)
            try:
                # a closed connection shows as an error or an event without our reading what is there
                if self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                    break
                self.socket.send(b"", socket.MSG_NOSIGNAL)
            except OSError:
                break
        raise Closed("given up by us")

    def drain(self):
        """Reads what is under way after our last word; closing at once would reset the connection, and the word be lost."""
        self.socket.settimeout(5)
        try:
            self.socket.shutdown(socket.SHUT_WR)
            while self.socket.recv(65536):
                pass
        except OSError:
            pass

    def close(self):
        self.socket.close()

    # TPDUs

    def send_tpdu(self, tpdu):
        self.write(struct.pack(">BBH", 3, 0, len(tpdu) + 4) + tpdu)

    def receive_tpdu(self):
        header = self.read(4)
        if header[0] != 3:
            raise Closed(f"no TPKT: {header.hex()}")
        return self.read(struct.unpack(">H", header[2:])[0] - 4)

    @staticmethod
    def header(code, destination, source, last, *parameters):
        octets = bytes([code]) + destination + source + bytes([last])
        octets += b"".join(bytes([name, len(value)]) + value for name, value in parameters)
        return bytes([len(octets)]) + octets

    def take_parameters(self, tpdu):
        at = 7
        while at < tpdu[0] + 1:
            self.parameters[tpdu[at]] = tpdu[at + 2:at + 2 + tpdu[at + 1]]
            at += 2 + tpdu[at + 1]

    # the connection

    def connect(self):
        settings = self.settings
        own = [(CALLED, settings.tsel)] if settings.tsel else []
        own += [(CALLING, settings.calling_tsel)] if settings.calling_tsel else []
        own += [(SIZE, bytes([settings.tpdu_code]))] if settings.tpdu_code else []
        self.send_tpdu(self.header(CR, b"\0\0", self.local, 0, *own))
        confirm = self.receive_tpdu()
        if confirm[1] & 0xf0 == DR:
            raise Closed(f"refused by DR, reason {confirm[6]}")
        if confirm[1] & 0xf0 != CC:
            raise Closed(f"no CC but {confirm.hex()}")
        self.remote = confirm[4:6]
        self.take_parameters(confirm)
        self.agree(min(settings.tpdu_code or 7, self.parameters.get(SIZE, b"\7")[0]))

    def accept(self):
        settings = self.settings
        request = self.receive_tpdu()
        if request[1] & 0xf0 != CR:
            raise Closed(f"no CR but {request.hex()}")
        self.remote = request[4:6]
        self.take_parameters(request)
        if settings.fault("no-cc") is not None:
            print("CR is not answered", flush=True)
            self.linger()
        wrong = settings.expect_tsel is not None and self.parameters.get(CALLED, b"") != settings.expect_tsel
        if wrong or settings.refusal == "transport":
            print("REFUSING called T-selector", self.parameters.get(CALLED, b"").hex(), flush=True)
            self.send_tpdu(self.header(DR, self.remote, b"\0\0", settings.refusal_number(ADDRESS_UNKNOWN)))
            raise Closed("refused by DR")
        answer = []
        if SIZE in self.parameters:
            self.agree(min(settings.tpdu_code or 11, self.parameters[SIZE][0]))
            answer.append((SIZE, bytes([self.code])))
        else:
            self.agree(7)
        self.send_tpdu(self.header(CC, self.remote, self.local, 0, *answer))

    def agree(self, code):
        self.code, self.size = code, (1 << code) - 3

    def disconnect(self):
        """The initiator's DR after the release of the session, normal (128)."""
        self.send_tpdu(self.header(DR, self.remote, self.local, 128))

    # TSDUs

    def send(self, tsdu):
        while len(tsdu) > self.size:
            self.send_tpdu(b"\x02\xf0\0" + tsdu[:self.size])
            tsdu = tsdu[self.size:]
        self.send_tpdu(b"\x02\xf0\x80" + tsdu)

    def receive(self):
        tsdu = b""
        while True:
            tpdu = self.receive_tpdu()
            if tpdu[1] & 0xf0 == DR:
                raise Closed(f"DR, reason {tpdu[6]}")
            if tpdu[1] & 0xf0 != DT:
                raise Closed(f"an unexpected TPDU {tpdu.hex()}")
            tsdu += tpdu[3:]
            if tpdu[2] & 0x80:
                return tsdu
