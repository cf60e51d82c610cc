"""The APDUs of X.228 9 and the MTA-bind of X.411 12.1.1 that they carry when an association is opened."""
from . import ber, strong

MONOLOGUE, TWO_WAY = 0, 1
APPLICATIONS = {"1988-normal": None, "1988-x410": 12, "1984": 1}
REFUSALS = {"busy": 0, "cannot-recover": 1, "validation-failure": 2, "dialogue-mode": 3}
REFUSAL_NAMES = {number: name for name, number in REFUSALS.items()}
ABORTS = {"local-system-problem": 0, "invalid-parameter": 1, "unrecognized-activity": 2, "temporary-problem": 3, "protocol-error": 4,
          "permanent-problem": 5, "user-error": 6, "transfer-completed": 7}
ABORT_NAMES = {number: name for name, number in ABORTS.items()}
BIND_ERRORS = {0: "busy", 2: "authentication-error", 3: "unacceptable-dialogue-mode", 4: "unacceptable-security-context",
               5: "inadequate-association-confidentiality"}
BIND_ERROR_OF = {"busy": 0, "validation-failure": 2, "dialogue-mode": 3}  # what a refusal is called in normal mode
PASSWORD_TAGS = {"ia5": 0x16, "octets": 0x04}


def bind(settings):
    """MTABindArgument and MTABindResult have the same members: a name and credentials, or NULL."""
    if settings.password_form == "none":
        return ber.tlv(5)
    if settings.certificate:
        proof = strong.credentials(settings.certificate, settings.key, settings.token_for, settings.token_age)
        return ber.tlv(0xa1, ber.tlv(0x80, settings.mta), ber.tlv(0xa1, proof))
    return ber.tlv(0xa1, ber.tlv(0x80, settings.mta), ber.tlv(0xa1, ber.tlv(PASSWORD_TAGS[settings.password_form], settings.pw)))


def read_bind(octets):
    """(MTA name, password or the content of strong credentials) of a bind, None for what is not there."""
    for tag, content in ber.elements(octets):
        if tag == 0xa1:
            password = ber.find(content, 0xa1)
            return ber.find(content, 0x80), ber.elements(password)[0][1] if password else None
    return None, None


class Apdus:
    """The APDUs in the form of a mode: tags of the upper layer, bind operations bare or in [16] to [18]."""

    def __init__(self, settings, upper):
        self.settings, self.upper = settings, upper
        self.normal = settings.mode == "1988-normal"

    def operation(self, tag, octets):
        return ber.tlv(tag, octets) if self.normal else octets

    def identifier(self, reference):
        """SessionConnectionIdentifier: the calling user's reference is T.61 in X.410 mode, octets in normal mode."""
        calling = reference.calling if not self.normal else ber.tlv(4, ber.read(reference.calling)[1])
        additional = ber.tlv(0x80, ber.read(reference.additional)[1]) if reference.additional else b""
        return ber.tlv(0xa1, calling, reference.common, additional)

    def rtorq(self, recover=None):
        settings = self.settings
        parts = [ber.integer(settings.checkpoint, 0x80)]
        if settings.window is not None:
            parts.append(ber.integer(settings.window, 0x81))
        parts.append(ber.integer(TWO_WAY if settings.dialogue == "two-way" else MONOLOGUE, 0x82))
        opened = ber.tlv(0xa0, self.operation(0xb0, bind(settings)))
        parts.append(ber.tlv(0xa3, self.identifier(recover) if recover else opened))
        if settings.application is not None:
            parts.append(ber.integer(settings.application, 0x84))
        return ber.tlv(self.upper.TAGS["RTORQ"], *parts)

    def read_rtorq(self, content):
        return self._read(content, 0xa3, 0xb0)

    def rtoac(self, checkpoint, window, recover=None):
        """The content of the answer: connectionData is [2] here."""
        parts = [ber.integer(checkpoint, 0x80)]
        if window is not None:
            parts.append(ber.integer(window, 0x81))
        opened = ber.tlv(0xa0, self.operation(0xb1, bind(self.settings)))
        parts.append(ber.tlv(0xa2, recover or opened))
        return ber.tlv(self.upper.TAGS["RTOAC"], *parts)

    def read_rtoac(self, content):
        return self._read(content, 0xa2, 0xb1)

    def _read(self, content, connection_data, operation):
        def number(tag, default):
            found = ber.find(content, tag)
            return ber.to_integer(found) if found is not None else default
        opened = ber.find(content, connection_data, 0xa0)
        if opened is not None and self.normal:
            opened = ber.find(opened, operation)
        recover = ber.find(content, connection_data, 0xa1)
        return {"checkpoint": number(0x80, 0), "window": number(0x81, 3), "dialogue": number(0x82, MONOLOGUE),
                "application": number(0x84, None), "bind": read_bind(opened or b""),
                "recover": None if recover is None else ber.tlv(0xa1, recover)}

    def rtorj(self, reason, bind_error=None):
        """X.410 mode has the reason, normal mode the bind's error, if there was a bind (X.228 9)."""
        if not self.normal:
            return ber.tlv(self.upper.TAGS["RTORJ"], ber.integer(reason, 0x80))
        error = b"" if bind_error is None else ber.tlv(0xa1, ber.tlv(0xb2, ber.integer(bind_error)))
        return ber.tlv(self.upper.TAGS["RTORJ"], error)

    @staticmethod
    def read_rtorj(content):
        """In words."""
        reason, error = ber.find(content, 0x80), ber.find(content, 0xa1, 0xb2, 2)
        words = [] if reason is None else [REFUSAL_NAMES.get(ber.to_integer(reason), reason.hex())]
        return ", ".join(words + ([] if error is None else [BIND_ERRORS.get(ber.to_integer(error), error.hex())])) or "no reason"

    def rtab(self, reason):
        return ber.tlv(self.upper.TAGS["RTAB"], ber.integer(reason, 0x80))

    @staticmethod
    def read_rtab(content):
        reason = ber.find(content, 0x80)
        return "no reason" if reason is None else ABORT_NAMES.get(ber.to_integer(reason), reason.hex())

    @staticmethod
    def rttp(priority):
        return ber.integer(priority)
