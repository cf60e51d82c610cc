"""X.225: SPDUs as octets, built and read.  Clause numbers are those of X.225 8."""
from dataclasses import dataclass, field

# 8.3: identifiers.  Some mean another SPDU when they stand behind GT or PT in the TSDU (basic concatenation, 6.3.7).
FIRST = {1: "GT", 2: "PT", 5: "EX", 7: "PR", 8: "NF", 9: "FN", 10: "DN", 12: "RF", 13: "CN", 14: "AC", 15: "CDO", 16: "OA", 21: "GTC",
         22: "GTA", 25: "AB", 26: "AA", 33: "TD"}
BEHIND = {0: "ER", 1: "DT", 25: "AI", 26: "AIA", 29: "AR", 34: "RA", 41: "AE", 42: "AEA", 45: "AS", 48: "ED", 49: "MIP", 50: "MIA",
          53: "RS", 57: "AD", 58: "ADA", 61: "CD", 62: "CDA"}
SI = {name: code for table in (FIRST, BEHIND) for code, name in table.items()}

CONNECTION_GROUP, ITEM_GROUP, LINKING_GROUP, USER_DATA, EXTENDED_USER_DATA = 1, 5, 33, 193, 194
CALLED_REFERENCE, CALLING_REFERENCE, COMMON_REFERENCE, ADDITIONAL_REFERENCE = 9, 10, 11, 12
TOKEN_ITEM, DISCONNECT, OPTIONS, REQUIREMENTS, TSDU_MAXIMUM, VERSION, TOKEN_SETTING = 16, 17, 19, 20, 21, 22, 26
ACTIVITY, SERIAL, REASON, CALLING_SELECTOR, CALLED_SELECTOR = 41, 42, 50, 51, 52

UNITS = 0x0249  # half-duplex, minor synchronize, activity management, exceptions
TOKENS_INITIATOR, TOKENS_RESPONDER = 0x00, 0x15  # 8.3.1: two bits per token: major/activity, minor, data
DATA_TOKEN = 0x01
EXCEPTIONS = {0: "no specific reason", 1: "receiving ability jeopardized", 3: "sequence error", 5: "local SS-user error",
              6: "unrecoverable procedure error", 128: "demand data token"}
EXCEPTION_NUMBERS = {name: number for number, name in EXCEPTIONS.items()}


@dataclass
class Spdu:
    name: str
    parameters: dict = field(default_factory=dict)  # the groups of CN and AC opened
    linking: dict = field(default_factory=dict)     # AR: the old activity
    data: bytes = b""                               # DT: what follows its header

    @property
    def user_data(self):
        return self.parameters.get(USER_DATA) or self.parameters.get(EXTENDED_USER_DATA) or b""

    @property
    def serial(self):
        return int(self.parameters[SERIAL])


def length(count):
    return bytes([count]) if count < 255 else b"\xff" + count.to_bytes(2, "big")


def parameter(code, value):
    return bytes([code]) + length(len(value)) + value


def group(code, *parameters):
    return parameter(code, b"".join(parameters))


def optional(code, value):
    return parameter(code, value) if value else b""


def spdu(name, *parameters, data=b""):
    octets = b"".join(parameters)
    return bytes([SI[name]]) + length(len(octets)) + octets + data


def serial(name, number):
    """GT MIP, GT AE, PT MIA or PT AEA: who holds the tokens gives none, who does not asks for none."""
    return spdu("GT" if name in ("MIP", "AE") else "PT") + spdu(name, parameter(SERIAL, str(number).encode()))


def _length(octets, at):
    if octets[at] != 255:
        return octets[at], at + 1
    return int.from_bytes(octets[at + 1:at + 3], "big"), at + 3


def _parameters(octets):
    found, linking, at = {}, {}, 0
    while at < len(octets):
        code = octets[at]
        size, at = _length(octets, at + 1)
        value, at = octets[at:at + size], at + size
        if code == LINKING_GROUP:
            linking = _parameters(value)[0]
        elif code in (CONNECTION_GROUP, ITEM_GROUP):
            found.update(_parameters(value)[0])
        else:
            found[code] = value
    return found, linking


def parse(tsdu):
    """The SPDUs of a TSDU.  A GT or PT without parameters that others follow is told as well: the sequence is the peer's."""
    found, at = [], 0
    while at < len(tsdu):
        names = BEHIND if found and found[0].name in ("GT", "PT") else FIRST
        name = names.get(tsdu[at], f"SI {tsdu[at]}")
        size, at = _length(tsdu, at + 1)
        parameters, linking = _parameters(tsdu[at:at + size])
        at += size
        if name == "DT":
            found.append(Spdu(name, parameters, linking, tsdu[at:]))
            break
        found.append(Spdu(name, parameters, linking))
    return found


@dataclass(frozen=True)
class Reference:
    """The name of a session connection (7.1.1): the octets of the parameters, each a TLV of its own."""
    calling: bytes
    common: bytes
    additional: bytes = b""

    @classmethod
    def of(cls, parameters):
        return cls(*(parameters.get(code, b"") for code in (CALLING_REFERENCE, COMMON_REFERENCE, ADDITIONAL_REFERENCE)))

    def parameters(self, code=CALLING_REFERENCE):
        return b"".join((optional(code, self.calling), optional(COMMON_REFERENCE, self.common),
                         optional(ADDITIONAL_REFERENCE, self.additional)))


def connect(settings, reference, user_data):
    """CN: 8.3.1"""
    items = parameter(OPTIONS, b"\0")
    if settings.tsdu_maximum:
        items += parameter(TSDU_MAXIMUM, settings.tsdu_maximum.to_bytes(2, "big") * 2)
    items += parameter(VERSION, bytes([settings.session_versions]))
    items += parameter(TOKEN_SETTING, bytes([TOKENS_INITIATOR if settings.turn == "initiator" else TOKENS_RESPONDER]))
    return spdu("CN", group(CONNECTION_GROUP, reference.parameters()), group(ITEM_GROUP, items),
                parameter(REQUIREMENTS, UNITS.to_bytes(2, "big")), optional(CALLING_SELECTOR, settings.calling_ssel),
                optional(CALLED_SELECTOR, settings.ssel), parameter(USER_DATA, user_data))


def accept(request, settings, user_data, with_selector):
    """AC, the answer to a CN: 8.3.2.  The highest version of those offered; the tokens as they were set."""
    offered = request.parameters.get(VERSION, b"\1")[0] & settings.session_versions
    items = [parameter(OPTIONS, b"\0"), parameter(VERSION, b"\2" if offered & 2 else b"\1"),
             parameter(TOKEN_SETTING, request.parameters.get(TOKEN_SETTING, b"\0"))]
    asked = int.from_bytes(request.parameters.get(REQUIREMENTS, UNITS.to_bytes(2, "big")), "big")
    reference = Reference.of(request.parameters)
    return spdu("AC", group(CONNECTION_GROUP, reference.parameters(CALLED_REFERENCE)), group(ITEM_GROUP, *items),
                parameter(REQUIREMENTS, (asked & UNITS).to_bytes(2, "big")),
                parameter(CALLED_SELECTOR, request.parameters.get(CALLED_SELECTOR, b"")) if with_selector else b"",
                parameter(USER_DATA, user_data))


def refuse(reason, user_data=b""):
    """RF: 8.3.5"""
    return spdu("RF", parameter(DISCONNECT, b"\1"), parameter(REASON, bytes([reason]) + user_data))


def resume(activity, old_activity, number, old_reference=None):
    """AR: 8.3.26.  The old session connection is named when it is another."""
    linking = old_reference.parameters() if old_reference else b""
    linking += parameter(ACTIVITY, old_activity) + parameter(SERIAL, str(number).encode())
    return spdu("GT") + spdu("AR", group(LINKING_GROUP, linking), parameter(ACTIVITY, activity))
