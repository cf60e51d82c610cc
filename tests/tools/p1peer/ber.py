"""BER (X.209), as much as the upper layers need: tags in one octet, any length."""


def length(count):
    if count < 128:
        return bytes([count])
    octets = count.to_bytes((count.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets


def tlv(tag, *parts):
    content = b"".join(parts)
    return bytes([tag]) + length(len(content)) + content


def indefinite(tag, *parts):
    return bytes([tag, 0x80]) + b"".join(parts) + b"\0\0"


def integer(value, tag=2):
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def to_integer(content):
    return int.from_bytes(content, "big", signed=True)


def read(octets, at=0):
    """(tag, content, end) of the TLV at an offset; a long tag gives its first octet."""
    tag, at = octets[at], at + 1
    if tag & 31 == 31:
        while octets[at] & 128:
            at += 1
        at += 1
    size, at = octets[at], at + 1
    if size == 128:
        end = at
        while octets[end:end + 2] != b"\0\0":
            end = read(octets, end)[2]
        return tag, octets[at:end], end + 2
    if size & 128:
        count = size & 127
        size, at = int.from_bytes(octets[at:at + count], "big"), at + count
    if at + size > len(octets):
        raise ValueError("a BER length runs over the end")
    return tag, octets[at:at + size], at + size


def elements(content):
    """[(tag, content)] of the TLVs that follow each other."""
    found, at = [], 0
    while at < len(content):
        tag, inner, at = read(content, at)
        found.append((tag, inner))
    return found


def find(content, *tags):
    """Descends by the first element of each tag; None where one is missing."""
    for tag in tags:
        content = next((inner for found, inner in elements(content) if found == tag), None)
        if content is None:
            return None
    return content


def string(tag, content):
    """The octets of a string, primitive or in segments."""
    return b"".join(string(*part) for part in elements(content)) if tag & 32 else content


def canonical(octets):
    """The same TLVs with definite lengths: what two encodings of the same structure have in common."""
    return b"".join(tlv(tag, canonical(inner) if tag & 32 else inner) for tag, inner in elements(octets))


def oid(text):
    first, second, *rest = [int(arc) for arc in text.split(".")]
    octets = b""
    for arc in (first * 40 + second, *rest):
        groups = [arc & 127]
        while arc := arc >> 7:
            groups.insert(0, 128 | arc & 127)
        octets += bytes(groups)
    return octets
