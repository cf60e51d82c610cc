"""X.226 and X.227: how RTSE's APDUs travel, in normal mode and in X.410 mode (Normal and X410 have the same methods).

In X.410 mode the session carries RTSE almost bare: CP, CPA and CPR hold RTORQ, RTOAC and RTORJ themselves, there is no ACSE, and
in the data phase no presentation octet at all (X.228 annex C; the captures).
"""
from . import ber, session

BASIC_ENCODING = ber.oid("2.1.1")
ACSE_SYNTAX, RTSE_SYNTAX, MTS_SYNTAX = ber.oid("2.2.1.0.1"), ber.oid("2.6.0.2.12"), ber.oid("2.6.0.2.7")
X410_MODE, NORMAL_MODE = 0, 1
ACCEPTED, REJECTED_PERMANENT, REJECTED_TRANSIENT = 0, 1, 2
ADDRESS_UNKNOWN = 3  # X.226: provider reason of CPR: called presentation address unknown


def mode(number):
    return ber.tlv(0xa0, ber.integer(number, 0x80))


def mode_of(connect):
    """The mode selector of a CP; 0 where it is missing, as 1984 has no other."""
    found = ber.find(ber.read(connect)[1], 0xa0, 0x80)
    return ber.to_integer(found) if found else X410_MODE


class X410:
    """RTSE's APDUs as SETs of their own; RTTP an INTEGER; RTTR nothing but the octets."""
    TAGS = {"RTORQ": 0x31, "RTOAC": 0x31, "RTORJ": 0x31, "RTAB": 0x31}
    with_selector = False

    def __init__(self, settings):
        self.settings = settings

    def connect(self, rtorq):
        return ber.tlv(0x31, mode(X410_MODE), ber.tlv(0xa1, ber.read(rtorq)[1]))

    def read_connect(self, octets):
        return ber.find(ber.read(octets)[1], 0xa1)

    def accept(self, rtoac):
        return self.connect(rtoac)

    def read_answer(self, octets):
        """(accepted, content of RTOAC or RTORJ)"""
        content = ber.read(octets)[1]
        accepted = ber.find(content, 0xa1)
        return (True, accepted) if accepted is not None else (False, content)

    def refuse(self, rtorj, _):
        return rtorj

    def release(self):
        return b""

    def released(self):
        return b""

    def abort(self, rtab):
        return rtab

    def read_abort(self, octets):
        return ber.read(octets)[1]

    def data(self, octets):
        return octets

    def read_data(self, octets):
        return octets

    def please(self, rttp):
        return rttp

    read_please = staticmethod(lambda octets: octets)

    def wrap(self, mts_apdu):
        return mts_apdu

    def unwrap(self, octets):
        return octets


class Normal:
    """Contexts, ACSE's APDUs, RTSE's APDUs by their tags, and the MTS-APDU as EXTERNAL."""
    TAGS = {"RTORQ": 0xb0, "RTOAC": 0xb1, "RTORJ": 0xb2, "RTAB": 0xb6}
    with_selector = True

    def __init__(self, settings):
        self.settings = settings
        self.contexts = {ACSE_SYNTAX: 1, RTSE_SYNTAX: 3, MTS_SYNTAX: 5}
        self.proposed = list(self.contexts.values())
        self.context_name = ber.oid(settings.application_context)

    def number(self, syntax):
        return self.contexts.get(syntax, 3)

    def pdv(self, syntax, octets, indefinite=False):
        build = ber.indefinite if indefinite else ber.tlv
        return build(0x61, build(0x30, ber.integer(self.number(syntax)), build(0xa0, octets)))

    def user_information(self, octets):
        return ber.tlv(0xbe, ber.tlv(0x28, ber.tlv(6, BASIC_ENCODING), ber.integer(self.number(RTSE_SYNTAX)), ber.tlv(0xa0, octets)))

    def connect(self, rtorq):
        def context(syntax, number):
            return ber.tlv(0x30, ber.integer(number), ber.tlv(6, syntax), ber.tlv(0x30, ber.tlv(6, BASIC_ENCODING)))
        settings = self.settings
        aarq = ber.tlv(0x60, ber.tlv(0xa1, ber.tlv(6, self.context_name)), self.user_information(rtorq))
        calling = ber.tlv(0x81, settings.calling_psel) if settings.calling_psel else b""
        called = ber.tlv(0x82, settings.psel) if settings.psel else b""
        outer = ber.indefinite if settings.indefinite else ber.tlv
        return outer(0x31, mode(NORMAL_MODE), ber.tlv(
            0xa2, calling, called, ber.tlv(0xa4, *(context(*item) for item in self.contexts.items())), self.pdv(ACSE_SYNTAX, aarq)))

    def read_connect(self, octets):
        """The content of RTORQ; what was proposed is kept for the answer."""
        parameters = ber.find(ber.read(octets)[1], 0xa2)
        proposed = [(ber.find(item, 6), ber.to_integer(ber.find(item, 2))) for _, item in ber.elements(ber.find(parameters, 0xa4))]
        self.contexts, self.proposed = dict(proposed), [number for _, number in proposed]
        self.called_selector = ber.find(parameters, 0x82) or b""
        aarq = ber.find(parameters, 0x61, 0x30, 0xa0, 0x60)
        self.context_name = ber.find(aarq, 0xa1, 6)
        return ber.find(aarq, 0xbe, 0x28, 0xa0, 0xb0)

    def aare(self, result, diagnostic, rtse):
        return ber.tlv(0x61, ber.tlv(0xa1, ber.tlv(6, self.context_name)), ber.tlv(0xa2, ber.integer(result)),
                       ber.tlv(0xa3, ber.tlv(0xa1, ber.integer(diagnostic))), self.user_information(rtse))

    def results(self):
        return ber.tlv(0xa5, ber.tlv(0x30, ber.integer(0, 0x80), ber.tlv(0x81, BASIC_ENCODING)) * len(self.proposed))

    def accept(self, rtoac):
        selector = ber.tlv(0x83, self.settings.expect_psel) if self.settings.expect_psel else b""
        return ber.tlv(0x31, mode(NORMAL_MODE), ber.tlv(
            0xa2, selector, self.results(), self.pdv(ACSE_SYNTAX, self.aare(ACCEPTED, 0, rtoac))))

    def read_answer(self, octets):
        tag, content, _ = ber.read(octets)
        if tag == 0x31:  # CPA; CPR is a SEQUENCE
            content = ber.find(content, 0xa2)
        aare = ber.find(content, 0x61, 0x30, 0xa0, 0x61)
        if aare is None:
            return False, b""
        if ber.find(aare, 0xa2, 2) == bytes([ACCEPTED]):
            return True, ber.find(aare, 0xbe, 0x28, 0xa0, 0xb1)
        return False, ber.find(aare, 0xbe, 0x28, 0xa0, 0xb2) or b""

    def refuse(self, rtorj, for_good):
        result = REJECTED_PERMANENT if for_good else REJECTED_TRANSIENT
        return ber.tlv(0x30, self.results(), self.pdv(ACSE_SYNTAX, self.aare(result, 1, rtorj)))

    def refuse_address(self):
        return ber.tlv(0x30, ber.integer(ADDRESS_UNKNOWN, 0x8a))

    def release(self):
        return session.parameter(session.USER_DATA, self.pdv(ACSE_SYNTAX, ber.tlv(0x62, ber.integer(0, 0x80))))

    def released(self):
        return session.parameter(session.USER_DATA, self.pdv(ACSE_SYNTAX, ber.tlv(0x63, ber.integer(0, 0x80))))

    def abort(self, rtab):
        """ARU with ABRT, abort source the user."""
        names = ber.tlv(0xa0, *(ber.tlv(0x30, ber.integer(self.number(syntax)), ber.tlv(6, BASIC_ENCODING))
                                for syntax in (ACSE_SYNTAX, RTSE_SYNTAX)))
        return ber.tlv(0xa0, names, self.pdv(ACSE_SYNTAX, ber.tlv(0x64, ber.integer(0, 0x80), self.user_information(rtab))))

    def read_abort(self, octets):
        return ber.find(octets, 0xa0, 0x61, 0x30, 0xa0, 0x64, 0xbe, 0x28, 0xa0, 0xb6) or b""

    def data(self, octets):
        return self.pdv(RTSE_SYNTAX, ber.tlv(4, octets), self.settings.indefinite)

    def read_data(self, octets):
        return b"".join(ber.string(*rttr) for _, pdv in ber.elements(ber.read(octets)[1])
                        for rttr in ber.elements(ber.find(pdv, 0xa0)))

    def please(self, rttp):
        return self.pdv(RTSE_SYNTAX, rttp)

    def read_please(self, octets):
        return ber.find(octets, 0x61, 0x30, 0xa0) or b""

    def wrap(self, mts_apdu):
        build = ber.indefinite if self.settings.indefinite else ber.tlv
        return build(0x28, ber.integer(self.number(MTS_SYNTAX)), build(0xa0, mts_apdu))

    def unwrap(self, octets):
        return ber.find(ber.read(octets)[1], 0xa0)


def of(settings):
    return (Normal if settings.mode == "1988-normal" else X410)(settings)
