"""ber.py - BER as text that an X.400 engineer reads, and back: what golden cases are written in (README.md).

Written from X.690 alone and independent of the gateway's codec.  A line is one value, its indentation says what it is in:

    SET                               -- constructed: the lines below, deeper by two, are its contents
      [APPLICATION 1]                 -- country-name
        PrintableString "xx"
      [0] INTEGER 1                   -- an IMPLICIT tag: what it stands for is said for the notation of the value alone
      [15] '3080'H                    -- octets; also '0110'B (a BIT STRING), TRUE, 1.3.6.1.7 behind OBJECT IDENTIFIER
      OCTET STRING contains           -- octets that are BER themselves
        SEQUENCE
"""
import re

UNIVERSAL = {'BOOLEAN': 1, 'INTEGER': 2, 'BIT STRING': 3, 'OCTET STRING': 4, 'NULL': 5, 'OBJECT IDENTIFIER': 6,
             'ObjectDescriptor': 7, 'EXTERNAL': 8, 'REAL': 9, 'ENUMERATED': 10, 'UTF8String': 12, 'SEQUENCE': 16, 'SET': 17,
             'NumericString': 18, 'PrintableString': 19, 'T61String': 20, 'VideotexString': 21, 'IA5String': 22, 'UTCTime': 23,
             'GeneralizedTime': 24, 'GraphicString': 25, 'VisibleString': 26, 'GeneralString': 27, 'UniversalString': 28,
             'BMPString': 30}
NAMES = {number: name for name, number in UNIVERSAL.items()}
CLASSES = {'UNIVERSAL': 0, 'APPLICATION': 1, '': 2, 'PRIVATE': 3}
ENCODINGS = {'UTF8String': 'utf-8', 'BMPString': 'utf-16-be', 'UniversalString': 'utf-32-be'}
TAG = re.compile(r'\[(?:(UNIVERSAL|APPLICATION|PRIVATE) )?(\d+)\]|(' + '|'.join(sorted(UNIVERSAL, key=len, reverse=True)) + r')\b')


class Node:
    """A value: tag (class, number); either children or octets; wraps: its octets are those of its children.
    known: False when the text gave neither, and it stands for any value of the tag; absent: written with "!"."""

    def __init__(self, tag, octets=None, children=None, wraps=False, known=True):
        self.tag, self.octets, self.children, self.wraps, self.known = tag, octets, children, wraps, known
        self.absent = self.exact = self.anywhere = False
        self.line = ''


class Wrong(Exception):
    """Neither BER nor the notation of it."""


# --- octets -----------------------------------------------------------------------------------------------------------------

def _length(data, at):
    first = data[at]
    if first < 128:
        return first, at + 1
    if first == 128:
        return None, at + 1
    count = first & 127
    if count > 4:
        raise Wrong(f'length at {at}')
    return int.from_bytes(data[at + 1:at + 1 + count], 'big'), at + 1 + count


def _value(data, at, end):
    first = data[at]
    number, at = first & 31, at + 1
    if number == 31:
        number = 0
        while True:
            number, at = number << 7 | data[at] & 127, at + 1
            if not data[at - 1] & 128:
                break
    length, at = _length(data, at)
    if length is not None and at + length > end:
        raise Wrong(f'value at {at} is longer than what holds it')
    tag = (first >> 6, number)
    if not first & 32:
        if length is None:
            raise Wrong(f'length at {at}')
        return Node(tag, octets=data[at:at + length]), at + length
    children, at = _values(data, at, end if length is None else at + length, length is None)
    return Node(tag, children=children), at


def _values(data, at, end, open_ended):
    children = []
    while at < end:
        if open_ended and data[at:at + 2] == b'\0\0':
            return children, at + 2
        child, at = _value(data, at, end)
        children.append(child)
    if open_ended:
        raise Wrong('no end of contents')
    return children, at


def decode(data):
    """The values that the octets are, one after the other."""
    try:
        return _values(bytes(data), 0, len(data), False)[0]
    except IndexError:
        raise Wrong('ends early') from None


def encode(node):
    contents = node.octets if node.octets is not None else b''.join(encode(child) for child in node.children or [])
    primitive = node.octets is not None or node.wraps
    head = node.tag[0] << 6 | (0 if primitive else 32)
    if node.tag[1] < 31:
        octets = bytes([head | node.tag[1]])
    else:
        digits, number = [], node.tag[1]
        while number or not digits:
            digits.insert(0, number & 127 | (128 if digits else 0))
            number >>= 7
        octets = bytes([head | 31] + digits)
    size = len(contents)
    if size < 128:
        return octets + bytes([size]) + contents
    count = (size.bit_length() + 7) // 8
    return octets + bytes([128 | count]) + size.to_bytes(count, 'big') + contents


def flat(node):
    """The octets of a string: of a constructed one those of its segments."""
    return node.octets if node.octets is not None else b''.join(flat(child) for child in node.children)


def inside(node):
    """What an OCTET STRING holds, as values; None when that is not BER."""
    try:
        return decode(flat(node))
    except Wrong:
        return None


# --- text --------------------------------------------------------------------------------------------------------------------

def oid_octets(text):
    arcs = [int(arc) for arc in text.split('.')]
    octets = b''
    for arc in [arcs[0] * 40 + arcs[1]] + arcs[2:]:
        part = bytes([arc & 127])
        while arc > 127:
            arc >>= 7
            part = bytes([arc & 127 | 128]) + part
        octets += part
    return octets


def oid_text(octets):
    arcs, arc = [], 0
    for octet in octets:
        arc = arc << 7 | octet & 127
        if not octet & 128:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return '.'.join(str(arc) for arc in [first, arcs[0] - 40 * first] + arcs[1:])


def _quoted(text, encoding):
    octets, at = b'', 0
    while at < len(text):
        if text[at] != '\\':
            octets += text[at].encode(encoding)
            at += 1
        elif text[at + 1] == 'x':
            octets += bytes.fromhex(text[at + 2:at + 4])
            at += 4
        else:
            octets += {'n': b'\n', 'r': b'\r', 't': b'\t'}.get(text[at + 1], text[at + 1].encode())
            at += 2
    return octets


def _octets_of(kind, text, line):
    """The octets of a value's notation; kind: the universal type's name, or None."""
    if text.startswith('"') and text.endswith('"') and len(text) > 1:
        return _quoted(text[1:-1], ENCODINGS.get(kind, 'latin-1'))
    if re.fullmatch(r"'[0-9A-Fa-f\s]*'H", text):
        return bytes.fromhex(text[1:-2])
    if re.fullmatch(r"'[01\s]*'B", text):
        bits = re.sub(r'\s', '', text[1:-2])
        unused = -len(bits) % 8
        return bytes([unused]) + (int(bits + '0' * unused, 2).to_bytes((len(bits) + unused) // 8, 'big') if bits else b'')
    if text in ('TRUE', 'FALSE'):
        return b'\xff' if text == 'TRUE' else b'\0'
    if kind == 'OBJECT IDENTIFIER':
        return oid_octets(text)
    if re.fullmatch(r'-?\d+', text):
        number = int(text)
        return number.to_bytes((number + (number < 0)).bit_length() // 8 + 1, 'big', signed=True)
    raise Wrong(f'not a value: {line.strip()}')


def _strip_comment(line):
    quoted, at = False, 0
    while at < len(line):
        if line[at] == '\\' and quoted:
            at += 1
        elif line[at] == '"':
            quoted = not quoted
        elif not quoted and line.startswith('--', at):
            return line[:at].rstrip()
        at += 1
    return line.rstrip()


def _parse_line(line):
    text = line.strip()
    absent, anywhere = text.startswith('!'), text.startswith('...')
    text = text.lstrip('!.').strip()
    match = TAG.match(text)
    if not match:
        raise Wrong(f'not a tag: {line.strip()}')
    tag = (0, UNIVERSAL[match[3]]) if match[3] else (CLASSES[match[1] or ''], int(match[2]))
    rest, kind = text[match.end():].strip(), match[3]
    node = Node(tag, known=False)
    node.absent, node.anywhere, node.line = absent, anywhere, line.strip()
    if rest.startswith('='):
        node.exact, rest = True, rest[1:].strip()
    implicit = TAG.match(rest)
    if implicit and implicit[3]:
        kind, rest = implicit[3], rest[implicit.end():].strip()
    if rest == 'contains':
        node.wraps = node.known = True
    elif rest == '{}':
        node.children, node.known, node.exact = [], True, True
    elif rest or kind == 'NULL':
        node.octets, node.known = (_octets_of(kind, rest, line) if rest else b''), True
    return node


def parse(text):
    """[(anchor, node)]: what the text says; anchor is the word at the margin that a node stands under, or None."""
    found, stack, anchor = [], [], None
    for number, raw in enumerate(text.splitlines(), 1):
        line = _strip_comment(raw.expandtabs())
        if not line.strip() or line.lstrip().startswith('#'):
            continue
        indent = len(line) - len(line.lstrip())
        if indent == 0 and re.fullmatch(r'[a-z][a-z-]*', line):
            anchor, stack = line, []
            found.append((anchor, None))
            continue
        try:
            node = _parse_line(line)
        except Wrong as wrong:
            raise Wrong(f'line {number}: {wrong}') from None
        while stack and stack[-1][0] >= indent:
            stack.pop()
        if stack:
            parent = stack[-1][1]
            if parent.octets is not None:
                raise Wrong(f'line {number}: {parent.line} has a value and contents')
            parent.children, parent.known = (parent.children or []) + [node], True
        else:
            found.append((anchor, node))
        stack.append((indent, node))
    return found


def tag_text(tag):
    if tag[0] == 0:
        return NAMES.get(tag[1], f'[UNIVERSAL {tag[1]}]')
    return f'[{["", "APPLICATION ", "", "PRIVATE "][tag[0]]}{tag[1]}]'


def _value_text(node):
    octets, kind = node.octets, NAMES.get(node.tag[1]) if node.tag[0] == 0 else None
    if kind in ('INTEGER', 'ENUMERATED'):
        return str(int.from_bytes(octets, 'big', signed=True))
    if kind == 'BOOLEAN':
        return 'TRUE' if octets != b'\0' else 'FALSE'
    if kind == 'NULL' and not octets:
        return ''
    if kind == 'OBJECT IDENTIFIER' and octets:
        return oid_text(octets)
    if kind == 'BIT STRING' and octets:
        bits = ''.join(f'{octet:08b}' for octet in octets[1:])
        return f"'{bits[:len(bits) - octets[0]]}'B"
    if kind in ENCODINGS:
        try:
            return '"' + re.sub(r'["\\]', r'\\\g<0>', octets.decode(ENCODINGS[kind])) + '"'
        except UnicodeDecodeError:
            pass
    words = all(32 <= octet < 127 or octet in b'\r\n\t' for octet in octets)
    if (kind and kind.endswith('String')) or kind == 'UTCTime' or (octets and words and len(octets) > 1):
        return '"' + ''.join(_shown(octet) for octet in octets) + '"'
    return f"'{octets.hex()}'H"


def _shown(octet):
    named = {10: '\\n', 13: '\\r', 9: '\\t', 34: '\\"', 92: '\\\\'}
    return named.get(octet) or (chr(octet) if 32 <= octet < 127 else f'\\x{octet:02x}')


def show(node, depth=0):
    """The lines of a value; an OCTET STRING that is BER is shown as that."""
    head = '  ' * depth + tag_text(node.tag)
    if node.children is not None and not node.wraps and node.tag != (0, 4):
        lines = [head] if node.children else [head + ' {}']
        for child in node.children:
            lines += show(child, depth + 1)
        return lines
    held = node.children if node.wraps else inside(node) if node.tag == (0, 4) and len(flat(node)) > 4 else None
    if held and all(child.tag[0] or child.tag[1] in NAMES for child in held):
        return [head + ' contains'] + [line for child in held for line in show(child, depth + 1)]
    value = _value_text(Node(node.tag, octets=flat(node)))
    return [f'{head} {value}'.rstrip()]


if __name__ == '__main__':
    import sys
    for top in decode(sys.stdin.buffer.read()):
        print('\n'.join(show(top)))
