"""The life of an association: binding, activities and turns as X.218 and X.228 7 have them, recovery, and the faults asked for."""
import pathlib
import socket
import time
from dataclasses import dataclass, field

from . import ber, rtse, session, strong, transport, upper
from .session import spdu

RELEASED, REFUSED, BROKEN, ABORTED = 0, 2, 3, 4  # exit codes


class Refused(Exception):
    """The peer refused the association."""


class Aborted(Exception):
    """The association was aborted, by either side; the text is RTAB's reason."""


class Exceptional(Exception):
    """The receiver reported an exception."""


@dataclass
class Outgoing:
    """A transfer out: its octets, and where its checkpoints lie."""
    name: str
    octets: bytes = b""
    activity: bytes = b""
    reference: object = None
    marks: dict = field(default_factory=lambda: {0: 0})  # serial number: offset
    confirmed: int = 0

    def start_anew(self):
        self.marks, self.confirmed = {0: 0}, 0


@dataclass
class Incoming:
    """A transfer in; it outlives its association until it is whole or discarded."""
    reference: object
    activity: bytes
    octets: bytearray = field(default_factory=bytearray)
    marks: dict = field(default_factory=lambda: {0: 0})  # serial number: length

    @property
    def key(self):
        return self.reference, self.activity


class Peer:
    """What outlives an association: messages to send, messages received, transfers under way."""

    def __init__(self, settings, files=(), folder=None):
        self.settings, self.folder = settings, folder and pathlib.Path(folder)
        self.queue = [pathlib.Path(name) for name in files]
        self.outgoing = None
        self.received = 0
        self.incomplete, self.completed = {}, set()
        self.last_reference = None
        if self.folder:
            self.folder.mkdir(parents=True, exist_ok=True)

    def say(self, *words):
        print(*words, flush=True)

    def store(self, mts_apdu):
        self.received += 1
        if self.folder:
            (self.folder / f"{self.received}.ber").write_bytes(mts_apdu)
        self.say("MTS-APDU", self.received, len(mts_apdu), "octets")

    def next_outgoing(self, association):
        """The transfer to go on with or to start; None when there is nothing to send."""
        if self.outgoing is None and self.queue:
            path = self.queue.pop(0)
            self.outgoing = Outgoing(str(path), association.upper.wrap(path.read_bytes()))
        return self.outgoing

    def send(self, host, port):
        """The initiator's life; the exit code."""
        recovering = None
        while True:
            try:
                connection = socket.create_connection((host, port), 10)
                connection.settimeout(self.settings.patience or 60)
                Association(self, transport.Transport(connection, self.settings), initiator=True).initiate(recovering)
                return RELEASED
            except Refused as refused:
                self.say("REFUSED", refused)
                code, recoverable = REFUSED, recovering is not None
                if recoverable and self.outgoing:
                    self.outgoing.start_anew()
                self.last_reference = None
            except Aborted as aborted:
                self.say("aborted:", aborted)
                code, recoverable = ABORTED, True
                if self.outgoing and str(aborted).endswith("transfer-completed"):
                    self.say("transferred", self.outgoing.name, "before, as the peer says")
                    self.outgoing = None
                elif self.outgoing and str(aborted).endswith("unrecognized-activity"):
                    self.outgoing.start_anew()
            except (transport.Cut, transport.Closed, OSError) as broken:
                self.say("closed", broken)
                code, recoverable = BROKEN, True
            if not recoverable or self.settings.recover <= 0:
                return code
            self.settings.recover -= 1
            recovering = self.last_reference
            time.sleep(self.settings.pause)
            self.say("opening again", "to recover" if recovering else "anew")

    def serve(self, port):
        """The responder's life: so many connections, one after the other."""
        with socket.create_server(("127.0.0.1", port)) as listener:
            for _ in range(self.settings.max):
                connection, _ = listener.accept()
                connection.settimeout(self.settings.patience or 3600)
                line = transport.Transport(connection, self.settings)
                try:
                    Association(self, line, initiator=False).respond()
                except (transport.Cut, transport.Closed, Aborted, Refused, OSError) as broken:
                    self.say("closed", broken)
                finally:
                    line.close()
        return RELEASED


class Association:
    def __init__(self, peer, line, initiator):
        self.peer, self.line, self.initiator, self.settings = peer, line, initiator, peer.settings
        self.upper = upper.of(self.settings)
        self.apdus = rtse.Apdus(self.settings, self.upper)
        self.events = []
        self.checkpoint, self.window, self.two_way = 0, 3, False
        self.turn = self.asked = self.pleaded = self.open = False
        self.activities = self.points = 0
        self.incoming, self.reported = None, False

    # SPDUs in and out

    def send(self, octets):
        self.line.send(octets)

    def next(self):
        """The next SPDU that says something: neither the GT or PT that only leads, nor a GTA."""
        while not self.events:
            self.events = session.parse(self.line.receive())
            if len(self.events) > 1 and self.events[0].name in ("GT", "PT") and not self.events[0].parameters:
                self.events.pop(0)
        event = self.events.pop(0)
        if event.name == "AB":
            content = self.upper.read_abort(event.user_data) if event.user_data else b""
            self.answer_abort()
            raise Aborted(f"by the peer: {self.apdus.read_rtab(content)}" if event.user_data else
                          f"by the provider: {event.parameters.get(session.DISCONNECT, b'').hex()}")
        return event

    def answer_abort(self):
        try:
            self.send(spdu("AA"))
        except OSError:
            pass

    def abort(self, reason):
        item = b"\3"  # the transport connection is released; by the user
        self.send(spdu("AB", session.parameter(session.DISCONNECT, item), session.parameter(
            session.USER_DATA, self.upper.abort(self.apdus.rtab(rtse.ABORTS[reason])))))
        self.line.drain()
        raise Aborted(f"by us: {reason}")

    # opening

    def initiate(self, recovering=None):
        peer, settings = self.peer, self.settings
        self.line.connect()
        self.reference = settings.new_reference()
        if recovering and settings.recover_as:
            from .settings import reference
            recovering = reference(settings.recover_as)
        if settings.checkpoint is None:
            settings.checkpoint = 4
        self.send(session.connect(settings, self.reference, self.upper.connect(self.apdus.rtorq(recovering))))
        answer = self.next()
        if answer.name != "AC":
            raise Refused(self.refusal(answer))
        accepted, content = self.upper.read_answer(answer.user_data)
        if not accepted:
            raise Refused(self.apdus.read_rtorj(content))
        agreed = self.apdus.read_rtoac(content)
        peer.say("AARE result 00 RTOAC", content.hex())
        if not recovering:
            self.prove(agreed["bind"][1])
        self.checkpoint, self.window = agreed["checkpoint"], agreed["window"]
        self.two_way = settings.dialogue == "two-way"
        self.turn = settings.turn == "initiator"
        peer.last_reference = self.reference
        self.live()

    def refusal(self, answer):
        reason = answer.parameters.get(session.REASON, b"")
        words = f"si {session.SI.get(answer.name)} { {code: value.hex() for code, value in answer.parameters.items()} }"
        if reason[:1] == b"\2" and len(reason) > 1:
            words += ": " + self.apdus.read_rtorj(self.upper.read_answer(reason[1:])[1])
        elif reason:
            words += f": session reason {reason[0]}"
        return words

    def respond(self):
        peer, settings = self.peer, self.settings
        self.line.accept()
        request = self.next()
        if request.name != "CN":
            raise transport.Closed(f"no CN but {request.name}")
        self.reference = session.Reference.of(request.parameters)
        normal = upper.mode_of(request.user_data) == upper.NORMAL_MODE
        if normal != (settings.mode == "1988-normal"):
            self.refuse(session.refuse(0x85), "mode of the CP", "normal" if normal else "X.410")
        content = self.upper.read_connect(request.user_data)
        asked = self.apdus.read_rtorq(content)
        name, password = asked["bind"]
        peer.say("CN req", request.parameters[session.REQUIREMENTS].hex(), "RTORQ", content.hex(), "MTA", name)
        self.judge(request, asked)
        proposed = asked["checkpoint"]
        own = settings.checkpoint if settings.checkpoint is not None else proposed
        self.checkpoint = min(own, proposed) if proposed else own
        self.window = min(asked["window"], settings.window or asked["window"])
        self.two_way = asked["dialogue"] == rtse.TWO_WAY
        self.turn = request.parameters.get(session.TOKEN_SETTING, b"\0")[0] & 0x3f != session.TOKENS_INITIATOR
        larger = settings.fault("answer-checkpoint")
        self.checkpoint = self.checkpoint if larger is None else larger
        larger = settings.fault("answer-window")
        self.window = self.window if larger is None else larger
        rtoac = self.apdus.rtoac(self.checkpoint, self.window, asked["recover"])
        self.send(session.accept(request, settings, self.upper.accept(rtoac), self.upper.with_selector))
        self.live()

    def judge(self, request, asked):
        """Refuses what the settings say."""
        settings = self.settings
        name, password = asked["bind"]
        called = request.parameters.get(session.CALLED_SELECTOR, b"")
        if settings.expect_ssel is not None and called != settings.expect_ssel:
            self.refuse(session.refuse(0x81), "called S-selector", called)
        if settings.refusal == "session":
            self.refuse(session.refuse(settings.refusal_number(0x81)), "as told")
        if settings.expect_psel is not None and self.upper.called_selector != settings.expect_psel:
            self.refuse(session.refuse(2, self.upper.refuse_address()), "called P-selector", self.upper.called_selector)
        if settings.refusal in rtse.REFUSALS and (asked["recover"] or settings.refusal != "cannot-recover"):
            error = None if asked["recover"] else rtse.BIND_ERROR_OF.get(settings.refusal)
            self.refuse_rtse(rtse.REFUSALS[settings.refusal], error, "as told")
        if settings.refusal == "bind":
            self.refuse_rtse(rtse.REFUSALS["validation-failure"], settings.refusal_number(0), "as told")
        if asked["recover"]:
            self.peer.say("recover", asked["recover"].hex())
        elif (settings.expect_mta is not None and name != settings.expect_mta) or (
                settings.expect_pw is not None and password != settings.expect_pw):
            self.refuse_rtse(rtse.REFUSALS["validation-failure"], 2, "name or password of", name)
        else:
            try:
                self.prove(password)
            except Refused as error:
                self.refuse_rtse(rtse.REFUSALS["validation-failure"], 2, str(error))

    def prove(self, credentials):
        """The other MTA's strong credentials, when they are asked for."""
        if not self.settings.authority:
            return
        try:
            self.peer.say("proved by", strong.verify(credentials or b"", self.settings.authority, self.settings.mta))
        except ValueError as error:
            raise Refused(f"strong credentials: {error}") from None

    def refuse_rtse(self, reason, bind_error, *why):
        for_good = reason != rtse.REFUSALS["busy"]
        self.refuse(session.refuse(2, self.upper.refuse(self.apdus.rtorj(reason, bind_error), for_good)), *why)

    def refuse(self, octets, *why):
        self.peer.say("REFUSING", *why)
        self.send(octets)
        self.line.receive()  # the caller's DR
        raise Refused("by us")

    # the open association

    def live(self):
        """Sends while the turn is here, takes what comes while it is not, until one side ends it."""
        self.open = True
        while self.open:
            if self.turn:
                self.take_turn()
            else:
                if self.two_way and not self.pleaded and self.wants_turn():
                    self.please()
                self.handle(self.next())

    def wants_turn(self):
        """To send; or to release, which only the initiator does, and with the turn."""
        return self.peer.queue or self.peer.outgoing or (self.initiator and self.is_done())

    def is_done(self):
        return self.peer.received >= self.settings.expect and not self.peer.incomplete

    def take_turn(self):
        peer = self.peer
        outgoing = peer.next_outgoing(self)
        if outgoing:
            self.transfer(outgoing)
        elif self.two_way and (self.asked or not self.initiator):
            self.give()
        elif self.initiator and self.is_done():
            self.release()
        else:
            self.handle(self.next())

    def please(self):
        token = session.parameter(session.TOKEN_ITEM, bytes([session.DATA_TOKEN]))
        please = self.upper.please(self.apdus.rttp(self.settings.priority))
        self.send(spdu("PT", token, session.parameter(session.USER_DATA, please)))
        self.pleaded = True

    def give(self):
        self.send(spdu("GTC"))
        self.turn = self.asked = self.pleaded = False
        event = self.next()
        while event.name != "GTA":
            self.handle(event)
            event = self.next()
        self.peer.say("turn given")

    def release(self):
        time.sleep(self.settings.hold)
        self.send(spdu("FN", session.parameter(session.DISCONNECT, b"\1"), self.upper.release()))
        event = self.next()
        while event.name != "DN":
            if event.name != "PT":  # a please that crossed our release
                raise transport.Closed(f"FN is answered by {event.name}")
            event = self.next()
        self.line.disconnect()
        self.peer.say("released")
        self.open = False
        self.line.close()

    # sending

    def transfer(self, outgoing):
        try:
            self.begin(outgoing)
            self.send_segments(outgoing)
            self.peer.say("transferred", outgoing.name, len(outgoing.octets), "octets", len(outgoing.marks), "RTTR")
            self.peer.outgoing = None
        except Exceptional as exception:
            # X.228 7.8: what the receiver can't ever take is discarded, the rest interrupted and resumed
            hopeless = str(exception) in ("sequence error", "unrecoverable procedure error")
            self.peer.say("exception:", exception)
            self.give_up(outgoing, discard=hopeless)

    def begin(self, outgoing):
        self.activities += 1
        activity = ber.integer(self.activities)
        if outgoing.confirmed:
            serial = max(outgoing.confirmed - self.settings.resume_behind, 0)
            other = outgoing.reference if outgoing.reference != self.reference else None
            self.send(session.resume(activity, outgoing.activity, serial, other))
            self.peer.say("resumed", outgoing.name, "at", serial)
            outgoing.confirmed = serial
            outgoing.marks = {number: offset for number, offset in outgoing.marks.items() if number <= serial}
        else:
            self.send(spdu("GT") + spdu("AS", session.parameter(session.ACTIVITY, activity)))
            outgoing.start_anew()
        outgoing.activity, outgoing.reference = activity, self.reference

    def send_segments(self, outgoing):
        octets, serial = outgoing.octets, outgoing.confirmed
        size = self.checkpoint * 1024 or len(octets)
        size = min(size, self.settings.chunk or size)
        offset = outgoing.marks[max(number for number in outgoing.marks if number <= serial)]
        while True:
            self.send(spdu("GT") + spdu("DT", data=self.upper.data(octets[offset:offset + size])))
            offset += size
            serial += 1
            if offset >= len(octets):
                break
            outgoing.marks[serial] = offset
            self.send(session.serial("MIP", serial))
            self.misbehave_as_sender(outgoing, serial)
            while serial - outgoing.confirmed >= max(self.window, 1):
                self.confirmation(outgoing)
        self.send(session.serial("AE", serial))
        while not self.confirmation(outgoing):
            pass

    def confirmation(self, outgoing):
        """Waits for one; true when it is that of the activity's end."""
        event = self.next()
        if event.name == "MIA":
            outgoing.confirmed = max(outgoing.confirmed, event.serial)
        elif event.name == "PT":
            self.handle(event)
        elif event.name in ("ED", "ER"):
            reason = event.parameters.get(session.REASON, b"\0")[0]
            raise Exceptional(session.EXCEPTIONS.get(reason, reason) if event.name == "ED" else "of the provider")
        elif event.name != "AEA":
            raise transport.Closed(f"{event.name} during a transfer")
        return event.name == "AEA"

    def give_up(self, outgoing, discard):
        """Interrupts or discards the open activity; the next turn resumes it or starts anew."""
        name, answer = ("AD", "ADA") if discard else ("AI", "AIA")
        self.send(spdu("GT") + spdu(name, session.parameter(session.REASON, b"\0")))
        event = self.next()
        while event.name != answer:  # confirmations under way count still
            if event.name == "MIA":
                outgoing.confirmed = max(outgoing.confirmed, event.serial)
            elif event.name == "PT":
                self.handle(event)
            event = self.next()
        self.peer.say("discarded" if discard else "interrupted", outgoing.name)
        if discard:
            outgoing.start_anew()

    def misbehave_as_sender(self, outgoing, serial):
        settings = self.settings
        if settings.fault("abort") == serial:
            settings.forget("abort")
            self.abort(settings.abort_reason)
        for name in ("interrupt", "discard"):
            if settings.fault(name) == serial:
                settings.forget(name)
                while outgoing.confirmed < serial:
                    self.confirmation(outgoing)
                raise Exceptional("unrecoverable procedure error" if name == "discard" else "of our own")

    # receiving

    def handle(self, event):
        """An SPDU outside a transfer of our own."""
        handler = getattr(self, f"on_{event.name.lower()}", None)
        if handler is None:
            self.peer.say("SPDU", event.name, {code: value.hex() for code, value in event.parameters.items()})
        else:
            handler(event)

    def on_as(self, event):
        self.incoming = Incoming(self.reference, event.parameters[session.ACTIVITY])
        self.peer.incomplete = {self.incoming.key: self.incoming}
        self.reported = False
        self.peer.say("ACTIVITY START", self.incoming.activity.hex())

    def on_ar(self, event):
        peer, answer = self.peer, self.settings.resume_answer
        reference = session.Reference.of(event.linking) if session.COMMON_REFERENCE in event.linking else self.reference
        old = reference, event.linking[session.ACTIVITY]
        serial = int(event.linking[session.SERIAL])
        peer.say("ACTIVITY RESUME", event.parameters[session.ACTIVITY].hex(), "of", old[1].hex(), "at", serial)
        if answer == "accept" and old in peer.completed:
            answer = "transfer-completed"
        held = peer.incomplete.pop(old, None)
        if answer == "accept" and (held is None or serial not in held.marks):
            answer = "unrecognized-activity"
        if answer == "exception":
            self.report()
        elif answer != "accept":
            self.abort(answer)
        else:
            del held.octets[held.marks[serial]:]
            held.marks = {number: mark for number, mark in held.marks.items() if number <= serial}
            held.reference, held.activity = self.reference, event.parameters[session.ACTIVITY]
            peer.incomplete[held.key] = self.incoming = held
            self.reported = False

    def report(self):
        self.reported = True
        reason = bytes([session.EXCEPTION_NUMBERS[self.settings.exception]])
        self.send(spdu("PT") + spdu("ED", session.parameter(session.REASON, reason)))

    def on_dt(self, event):
        if self.incoming and not self.reported:
            self.incoming.octets += self.upper.read_data(event.data)

    def on_mip(self, event):
        settings = self.settings
        if self.reported or self.incoming is None:
            return
        self.points += 1
        if settings.fault("exception") == self.points:
            settings.forget("exception")
            self.report()
            return
        if settings.fault("lose") == self.points:
            settings.forget("lose")
            self.peer.incomplete.clear()
        limit = settings.fault("withhold-mia")
        if limit is None or self.points <= limit:
            self.incoming.marks[event.serial] = len(self.incoming.octets)
            self.send(session.serial("MIA", event.serial))

    def on_ae(self, event):
        if self.reported or self.incoming is None:
            return
        incoming, self.incoming = self.incoming, None
        self.peer.store(self.upper.unwrap(bytes(incoming.octets)))
        self.peer.completed.add(incoming.key)
        self.peer.incomplete.pop(incoming.key, None)
        if self.settings.fault("cut-before-aea") is not None:
            self.settings.forget("cut-before-aea")
            self.line.cut("before the confirmation of the activity's end")
        if self.settings.fault("withhold-aea") is None:
            self.send(session.serial("AEA", event.serial))

    def on_ai(self, _):
        self.peer.say("ACTIVITY INTERRUPT")
        self.incoming, self.reported = None, False
        self.send(spdu("PT") + spdu("AIA"))

    def on_ad(self, _):
        self.peer.say("ACTIVITY DISCARD")
        self.incoming, self.reported = None, False
        self.peer.incomplete.clear()
        self.send(spdu("PT") + spdu("ADA"))

    def on_pt(self, event):
        priority = ber.find(self.upper.read_please(event.user_data), 2) if event.user_data else None
        self.peer.say("TURN PLEASE", "" if priority is None else ber.to_integer(priority))
        self.asked = True

    def on_gtc(self, _):
        self.send(spdu("GTA"))
        self.turn, self.pleaded = True, False
        self.peer.say("turn taken")

    def on_fn(self, _):
        self.send(spdu("DN", self.upper.released()))
        self.peer.say("released")
        self.open = False
        try:
            self.line.receive()  # the initiator's DR, or the end
        except (transport.Closed, OSError):
            pass
