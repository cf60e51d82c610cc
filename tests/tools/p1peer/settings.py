"""What a peer is told: one dataclass, from which the command line is made as well."""
import argparse
import dataclasses
import time
from dataclasses import dataclass, field

from . import ber, rtse, session

FAULTS = """faults, for tests (NAME or NAME:NUMBER; may be given several times; a cut is used up by happening):
  no-cc             accept TCP, never answer CR
  cut:N             reset the connection after N octets sent
  cut-received:N    reset the connection after N octets received
  stop-reading:N    read nothing more after N octets received
  withhold-mia:N    confirm N checkpoints of the association, and no more
  withhold-aea      write the message, never confirm the activity's end
  cut-before-aea    write the message, reset instead of confirming
  lose:N            as receiver: at the Nth checkpoint forget the activity, so that it can't be resumed
  exception:N       as receiver: report an exception instead of confirming the Nth checkpoint (--exception)
  interrupt:N       as sender: interrupt the activity after N checkpoints, then resume it
  discard:N         as sender: discard the activity after N checkpoints, then send it anew
  abort:N           as sender: RTAB after N checkpoints (--abort-reason)
  answer-checkpoint:N, answer-window:N   RTOAC with these values, whatever was proposed
refusals (--refuse WHAT[:NUMBER]): transport[:DR reason], session[:RF reason], busy, validation-failure, dialogue-mode (RTORJ),
  cannot-recover (RTORJ, of a recovery alone), bind[:error] (RTORJ with a bind error, normal mode)"""


def option(default, text, **keywords):
    return field(default=default, metadata={"help": text, **keywords})


def octets(text):
    """A selector, name or password: text, or octets as 0x..."""
    return bytes.fromhex(text[2:]) if text.startswith("0x") else text.encode()


@dataclass
class Settings:
    mode: str = option("1988-normal", "form of RTSE and P1", choices=list(rtse.APPLICATIONS))
    application: int = option(None, "applicationProtocol in RTORQ (X.410 modes: 1 in 1984, 12 in 1988; 3072 was seen too)")
    application_context: str = option("2.6.0.1.6", "application context name (normal mode)")
    mta: bytes = option(b"peer-mta", "own MTA name")
    pw: bytes = option(b"secret", "own password; may be empty")
    password_form: str = option("ia5", "form of the password; none: bind without authentication",
                                choices=[*rtse.PASSWORD_TAGS, "none"])
    certificate: str = option("", "strong authentication: own certificate (PEM) instead of a password")
    key: str = option("", "its private key (PEM)")
    token_for: bytes = option(b"", "the MTA that the token is made for")
    token_age: int = option(0, "seconds ago that the token was made")
    authority: str = option("", "the other MTA proves itself by a certificate that leads to this one (PEM)")
    expect_mta: bytes = option(None, "serve: refuse another MTA name")
    expect_pw: bytes = option(None, "serve: refuse another password")
    tsel: bytes = option(b"X400-88", "called T-selector")
    ssel: bytes = option(b"", "called S-selector")
    psel: bytes = option(b"", "called P-selector")
    calling_tsel: bytes = option(b"", "calling T-selector")
    calling_ssel: bytes = option(b"", "calling S-selector")
    calling_psel: bytes = option(b"", "calling P-selector")
    expect_tsel: bytes = option(None, "serve: refuse another called T-selector")
    expect_ssel: bytes = option(None, "serve: refuse another called S-selector")
    expect_psel: bytes = option(None, "serve: refuse another called P-selector")
    tpdu: int = option(2048, "TPDU size proposed, or taken at most (128 to 65536); 0: not told")
    transport_reference: int = option(0x1234, "own transport reference")
    session_versions: int = option(3, "session versions offered: 1, 2 or 3 for both")
    tsdu_maximum: int = option(0, "TSDU maximum size proposed in CN; 0: none")
    reference: str = option("", "session reference: USER,UTCTIME[,ADDITIONAL]; without it a new one for each connection")
    checkpoint: int = option(None, "checkpoint size in KiB: proposed (4), or agreed to at most", alias="--check")
    window: int = option(None, "checkpoint window: proposed, or agreed to at most; without it RTSE's 3")
    chunk: int = option(0, "octets between checkpoints, if less than the checkpoint size")
    indefinite: bool = option(False, "normal mode: indefinite lengths of CP and in the data phase")
    dialogue: str = option("monologue", "dialogue mode proposed", choices=["monologue", "two-way"])
    turn: str = option("initiator", "who has the turn at first", choices=["initiator", "responder"])
    priority: int = option(0, "priority in RTTP")
    expect: int = option(0, "two-way: messages that send waits for before it releases")
    out: str = option("", "send: folder for what is received")
    hold: float = option(0.0, "send: seconds to stay idle before the release")
    max: int = option(1, "serve: connections to take")
    recover: int = option(0, "send: how often a broken association is opened again")
    pause: float = option(0.5, "send: seconds before it is opened again")
    recover_as: str = option("", "send: recover the session connection USER,UTCTIME[,ADDITIONAL] instead of ours")
    resume_behind: int = option(0, "send: resume so many checkpoints behind the last that was confirmed (negative: ahead)")
    resume_answer: str = option("accept", "what AR is answered with: accept, exception, or the reason of an RTAB",
                                choices=["accept", "exception", *rtse.ABORTS])
    exception: str = option("local SS-user error", "reason of a reported exception", choices=list(session.EXCEPTION_NUMBERS))
    abort_reason: str = option("temporary-problem", "reason of the abort", choices=list(rtse.ABORTS))
    refuse: str = option("", "serve: refuse the association (below)")
    fault: list = field(default_factory=list, metadata={"help": "misbehave (below)"})
    patience: float = option(0.0, "seconds to wait for the peer; 0: 60 as initiator, an hour as responder")

    def __post_init__(self):
        self.faults = {}
        for item in self.fault:
            name, _, number = item.partition(":")
            self.faults.setdefault(name, []).append(int(number or 0))
        self.fault = lambda name: self.faults[name][0] if self.faults.get(name) else None
        if self.application is None:
            self.application = rtse.APPLICATIONS[self.mode]
        self.tpdu_code = self.tpdu.bit_length() - 1 if self.tpdu else 0
        self.refusal, _, self._refusal_number = self.refuse.partition(":")

    def refusal_number(self, default):
        return int(self._refusal_number or default)

    def forget(self, *names):
        """A fault has happened: it does not happen again unless it was asked for again."""
        for name in names:
            if self.faults.get(name):
                self.faults[name].pop(0)

    def forget_cut(self):
        self.forget("cut" if self.fault("cut") is not None else "cut-received")

    def new_reference(self):
        """The one asked for, or a new one of the same length."""
        user, common = f"p1peer{time.monotonic_ns() // 1000 % 10 ** 8:08}", time.strftime("%y%m%d%H%M%SZ", time.gmtime())
        return reference(self.reference or f"{user},{common}")


def reference(text):
    """A session reference written USER,UTCTIME[,ADDITIONAL]."""
    user, common, *additional = text.split(",")
    return session.Reference(ber.tlv(0x14, octets(user)), ber.tlv(0x17, common.encode()),
                             *(ber.tlv(0x14, octets(item)) for item in additional))


def parser():
    made = argparse.ArgumentParser(prog="p1peer.py", description="An independent P1 peer.", epilog=FAULTS,
                                   formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = made.add_subparsers(dest="command", required=True)
    send = commands.add_parser("send", help="open an association, send MTS-APDUs, release", epilog=FAULTS,
                               formatter_class=argparse.RawDescriptionHelpFormatter)
    send.add_argument("host")
    send.add_argument("port", type=int)
    serve = commands.add_parser("serve", help="take associations; write each MTS-APDU to OUTDIR/n.ber; send FILES in turn",
                                epilog=FAULTS, formatter_class=argparse.RawDescriptionHelpFormatter)
    serve.add_argument("port", type=int)
    serve.add_argument("outdir")
    for command in (send, serve):
        command.add_argument("files", nargs="*", help="MTS-APDUs in BER")
        for item in dataclasses.fields(Settings):
            names = [f"--{item.name.replace('_', '-')}"] + [item.metadata[key] for key in ("alias",) if key in item.metadata]
            keywords = {"help": item.metadata["help"].replace("%", "%%")}
            if item.type is bool:
                keywords["action"] = "store_true"
            elif item.type is list:
                keywords.update(action="append", default=[], metavar="NAME[:N]")
            else:
                kind = {bytes: octets}.get(item.type, item.type)
                keywords.update(type=kind, default=item.default, choices=item.metadata.get("choices"))
            command.add_argument(*names, **keywords)
    shown = commands.add_parser("show", help="the dialogues of a capture, SPDU by SPDU")
    shown.add_argument("pcap")
    shown.add_argument("port", type=int)
    return made


def parse(arguments):
    """(arguments, Settings) of a command line; Settings is None for show."""
    parsed = parser().parse_args(arguments)
    if parsed.command == "show":
        return parsed, None
    return parsed, Settings(**{item.name: getattr(parsed, item.name) for item in dataclasses.fields(Settings)})
