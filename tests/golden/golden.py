#!/usr/bin/env python3
"""golden.py [PREFIX] | --show FILE | --actual CASE - conversions held against expectations written by hand (README.md).

Runs every case tests/golden/ROW/NAME.in.{eml,x400} whose path begins with PREFIX through `gw400 convert` and prints a TAP line
for each.  The program is build/test/gw400, or gw400 in the folder that GW400_BUILD names.  --show prints what a file of either
form (or a raw BER file) reads as; --actual CASE prints what the gateway makes of a case, whole.
"""
import concurrent.futures
import difflib
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

import ber

HERE = pathlib.Path(__file__).resolve().parent
TIME = '2026-03-01T12:00:00Z'
LIMIT = 60  # seconds for one conversion
# Where the words at the margin lead: the tags from the APDU down; a number after a tag tells which of several.
MESSAGE, REPORT, PROBE = (2, 0), (2, 1), (2, 2)
SET, SEQUENCE, OCTETS = (0, 17), (0, 16), (0, 4)
ANCHORS = {
    'apdu': [], 'envelope': [MESSAGE, SET], 'recipients': [MESSAGE, SET, (2, 2)], 'extensions': [MESSAGE, SET, (2, 3)],
    'trace': [MESSAGE, SET, (1, 9)],
    'content': [MESSAGE, OCTETS], 'heading': [MESSAGE, OCTETS, (2, 0), SET], 'body': [MESSAGE, OCTETS, (2, 0), SEQUENCE],
    'heading-extensions': [MESSAGE, OCTETS, (2, 0), SET, (2, 15)], 'notification': [MESSAGE, OCTETS, (2, 1)],
    'report-envelope': [REPORT, SET], 'report-content': [REPORT, (0, 17, 1)], 'report-extensions': [REPORT, (0, 17, 1), (2, 3)],
    'report-recipients': [REPORT, (0, 17, 1), (2, 0)],
    'probe': [PROBE], 'probe-recipients': [PROBE, (2, 2)], 'probe-extensions': [PROBE, (2, 3)]}
LISTS = {'recipients', 'body', 'report-recipients', 'probe-recipients', 'trace', 'content', 'notification'}  # replaced, not merged


# --- the X.400 side --------------------------------------------------------------------------------------------------------------

def contents(node):
    """What is in a value, as a list that can be added to; for octets that are BER: those values."""
    if node.children is None or node.tag == OCTETS and not node.wraps:
        held = ber.inside(node)
        if held is None:
            return None
        node.children, node.octets, node.wraps = held, None, True
    return node.children


def anchored(top, name, make=False):
    """The value that an anchor stands for; None: it is not there."""
    node = top
    for step in ANCHORS[name]:
        children = contents(node) or []
        found = [child for child in children if child.tag == step[:2]]
        which = step[2] if len(step) > 2 else 0
        if len(found) > which:
            node = found[which]
        elif make:
            child = ber.Node(step[:2], children=[])
            node.children = children + [child]
            node = child
        else:
            return None
    return node


def top_of(values):
    return ber.Node((3, 0), children=values)


def assemble(text, base=None):
    """The octets that an input file stands for: itself, or what its anchors change in the plain APDU of its kind."""
    said = ber.parse(text)
    if all(anchor is None for anchor, _ in said):
        return b''.join(ber.encode(node) for _, node in said)
    kind = next(anchor.split('-')[0] for anchor, _ in said if anchor)
    name = kind if kind in ('report', 'probe') else 'notification' if kind == 'notification' else 'message'
    top = top_of([node for _, node in ber.parse((base or HERE / f'{name}.x400').read_text())])
    fresh = set()
    for anchor, node in said:
        place = anchored(top, anchor, make=True)
        children = contents(place)
        if node is None:  # the anchor's own line
            fresh = {child.tag for child in children}
            if anchor in LISTS:
                children.clear()
            continue
        if node.tag in fresh and anchor not in LISTS and not anchor.endswith('extensions'):
            fresh.discard(node.tag)  # the plain one gives way to what the case says
            children[:] = [child for child in children if child.tag != node.tag]
        if not node.absent:
            children.append(node)
    return b''.join(ber.encode(node) for node in top.children)


def same(expected, actual):
    """Whether a value is as the text says; what the text does not say may be anything."""
    if expected.tag != actual.tag:
        return False
    if not expected.known:
        return True
    if expected.octets is not None:
        return expected.octets == ber.flat(actual)
    return holds(expected, contents(actual) if expected.wraps else actual.children)


def anywhere(expected, values):
    return any(same(expected, value) or anywhere(expected, contents(value) or []) for value in values)


def holds(expected, values):
    """Whether values hold expected.children: those of a SET in any order, others in the order written."""
    if values is None:
        return False
    wanted = [child for child in expected.children or [] if not child.absent and not child.anywhere]
    for child in expected.children or []:
        if child.anywhere and anywhere(child, values) == child.absent:
            return False
        if child.absent and not child.anywhere and any(same(child, value) for value in values):
            return False
    if expected.exact and len(wanted) != len(values):
        return False
    return placed(wanted, values, expected.tag == SET)


def placed(wanted, values, any_order):
    if not wanted:
        return True
    for index, value in enumerate(values):
        if same(wanted[0], value):
            rest = values[:index] + values[index + 1:] if any_order else values[index + 1:]
            if placed(wanted[1:], rest, any_order):
                return True
    return False


def listing(top):
    return [line for node in top.children for line in ber.show(node)]


def compare_x400(expected_text, octets):
    """What differs, as lines; none when nothing does."""
    top = top_of(ber.decode(octets))
    said = ber.parse(expected_text)
    groups = []
    for anchor, node in said:
        if node is None or not groups or anchor is None and groups[-1][0] is not None:
            groups.append((anchor, []))
        if node is not None:
            groups[-1][1].append(node)
    wrong = []
    for anchor, nodes in groups:
        place = anchored(top, anchor or 'apdu')
        if place is None:
            if any(not node.absent for node in nodes) or not nodes:
                wrong.append(f'there is no {anchor}')
            continue
        parent = ber.Node(place.tag if anchor and anchor != 'trace' else SET, children=nodes)
        if anchor is None and nodes and not nodes[0].anywhere:
            parent.exact = True
        if not holds(parent, contents(place)):
            single = [node for node in nodes if not holds(ber.Node(parent.tag, children=[node]), contents(place))]
            wrong += [f'{anchor or "apdu"}: not as written: {node.line}' for node in single or nodes]
    return wrong + (['it reads:'] + listing(top) if wrong else [])


# --- the mail side ---------------------------------------------------------------------------------------------------------------

ENVELOPE = re.compile(r'(MAIL FROM|RCPT TO):', re.I)


def split_mail(text):
    """Envelope lines, header lines as written, body or None."""
    lines = text.replace('\r\n', '\n').split('\n')
    envelope = []
    while lines and ENVELOPE.match(lines[0]):
        envelope.append(lines.pop(0))
    if lines and lines[0] == 'DATA' and envelope:
        lines.pop(0)
    end = lines.index('') if '' in lines else len(lines)
    return envelope, lines[:end], lines[end + 1:] if end < len(lines) else None


def fields(lines):
    """Header fields unfolded, one string each."""
    found = []
    for line in lines:
        if line[:1] in (' ', '\t') and found:
            found[-1] += line
        elif line:
            found.append(line)
    return [re.sub(r'[ \t]+', ' ', field).strip() for field in found]


def unfolded(lines):
    """Lines of fields in one piece each: message/delivery-status and the like."""
    found, inside = [], False
    for line in lines:
        if inside and line[:1] in (' ', '\t'):
            found[-1] += ' ' + line.strip()
        else:
            inside = bool(re.match(r'[!-9;-~]+:', line))
            found.append(line)
    return found


def body_holds(wanted, actual):
    """wanted: lines; "..." between blocks that must stand in this order with anything between."""
    blocks, anchored_begin = [[]], bool(wanted) and wanted[0] != '...'
    for line in wanted:
        if line == '...':
            blocks.append([])
        else:
            blocks[-1].append(line)
    at = 0
    for index, block in enumerate(blocks):
        if not block:
            continue
        last = index == len(blocks) - 1
        places = [p for p in range(at, len(actual) - len(block) + 1) if actual[p:p + len(block)] == block]
        if index == 0 and anchored_begin:
            places = [p for p in places if p == 0]
        if last:
            places = [p for p in places if p + len(block) == len(actual)]
        if not places:
            return block
        at = places[0] + len(block)
    return None


def compare_mail(expected_text, octets):
    text = octets.decode('utf-8', 'surrogateescape')
    envelope, header, body = split_mail(expected_text)
    got_envelope, got_header, got_body = split_mail(text)
    wrong = [f'envelope: {line}' for line in envelope if line not in got_envelope]
    got = fields(got_header)
    at = {}
    for field in fields(header):
        if field == '...':
            continue
        if field.startswith('!'):
            name = field[1:].rstrip()
            bad = [g for g in got if g.lower().startswith(name.lower())]
            wrong += [f'should not be there: {g}' for g in bad]
            continue
        name = field.split(':')[0].lower()
        place = next((p for p in range(at.get(name, 0), len(got)) if got[p] == field), None)
        if place is None:
            wrong.append(f'header: not there: {field}')
        else:
            at[name] = place + 1
    if body is not None and not wrong:
        while body and body[-1] == '':
            body.pop()
        got_lines = list(got_body or [])
        while got_lines and got_lines[-1] == '':
            got_lines.pop()
        missing = body_holds(body, got_lines)
        if missing is not None and body_holds(unfolded(body), unfolded(got_lines)) is None:
            missing = None  # the same in a part whose lines are fields
        if missing is not None:
            wrong += ['body: not there (in this order):'] + ['  ' + line for line in missing]
    return wrong + (['it reads:'] + text.splitlines() if wrong else [])


def compare_losses(expected_text, said):
    wanted = [line for line in expected_text.splitlines() if line.strip() and not line.startswith('#')]
    wrong, left = [], list(said)
    for line in wanted:
        if line == 'nothing else':
            wrong += [f'a loss that is not expected: {one}' for one in left]
        elif line.startswith('!'):
            wrong += [f'should not be lost: {one}' for one in said if line[1:].strip() in one]
        else:
            match = next((one for one in left if line in one), None)
            if match is None:
                wrong.append(f'loss not told: {line}')
            else:
                left.remove(match)
    return wrong + (['losses told:'] + said if wrong else [])


# --- cases -----------------------------------------------------------------------------------------------------------------------

class Case:
    def __init__(self, path):
        self.path = path
        self.kind = path.name.rsplit('.', 1)[1]
        self.stem = path.name[:-len(f'.in.{self.kind}')]
        self.name = f'{path.parent.relative_to(HERE)}/{self.stem}.in.{self.kind}'
        self.args = self.side('args')
        self.losses, self.refused = self.side('losses'), self.side('refused')
        suffixes = ('x400', 'eml') if self.kind == 'eml' else ('eml', 'x400')
        self.out = next((p for k in suffixes for p in [path.parent / f'{self.stem}.out.{k}'] if p.exists()), None)

    def side(self, suffix):
        path = self.path.parent / f'{self.stem}.{suffix}'
        return path.read_text() if path.exists() else None

    def options(self):
        lines = [line for line in (self.args or '').splitlines() if not line.startswith('#')]
        options = shlex.split(' '.join(lines))
        if self.out and self.out.suffix == '.x400' and self.kind == 'x400' and '--transit' not in options:
            options.append('--transit')
        return ['--time', TIME] + options if '--time' not in options else options

    def octets(self):
        text = self.path.read_text(encoding='utf-8', errors='surrogateescape')
        if self.kind == 'x400':
            return assemble(text)
        return text.replace('\n', '\r\n').encode('utf-8', 'surrogateescape')

    def convert(self, program=None):
        """(exit code, output, lines on standard error)"""
        program = program or pathlib.Path(os.environ.get('GW400_BUILD', HERE.parents[1] / 'build/test')).resolve() / 'gw400'
        with tempfile.NamedTemporaryFile(prefix='gw400-golden-') as file:
            file.write(self.octets())
            file.flush()
            envelope = ['--smtp'] if self.kind == 'x400' or self.octets()[:9].upper() == b'MAIL FROM' else []
            done = subprocess.run([program, 'convert', '--losses', *envelope, *self.options(), file.name], capture_output=True,
                                  timeout=LIMIT, cwd=self.path.parent, stdin=subprocess.DEVNULL, check=False)
        words = done.stderr.decode('utf-8', 'replace').replace(file.name, self.path.name)
        return done.returncode, done.stdout, words.splitlines()

    def judge(self, program=None):
        """What is wrong, as lines."""
        code, output, words = self.convert(program)
        if self.refused is not None:
            wanted = [line for line in self.refused.splitlines() if line and not line.startswith('#')]
            missing = [line for line in wanted if not any(line in word for word in words)]
            return [f'refusal not told: {line}' for line in missing] + (words if missing else []) + ([] if code else ['it was converted'])
        if code:
            return ['was not converted:'] + words
        if not self.out and self.losses is None:
            return ['there is nothing that it is held against']
        wrong = []
        if self.out:
            compare = compare_x400 if self.out.suffix == '.x400' else compare_mail
            wrong = compare(self.out.read_text(encoding='utf-8', errors='surrogateescape'), output)
        if self.losses is not None:
            wrong += compare_losses(self.losses, words)
        return wrong


def cases(prefix=''):
    found = [Case(path) for kind in ('eml', 'x400') for path in HERE.glob(f'*/*.in.{kind}')]
    return sorted((case for case in found if case.name.startswith(prefix)), key=lambda case: case.name)


def orphans():
    """Files that belong to no case: a name mistyped must not pass for a test."""
    stems = {(case.path.parent, case.stem) for case in cases()}
    for path in HERE.glob('*/*'):
        match = re.fullmatch(r'(.+?)\.(in\.eml|in\.x400|out\.eml|out\.x400|args|losses|refused)', path.name)
        if path.suffix not in ('.xml', '.table') and (not match or (path.parent, match[1]) not in stems):
            yield path


def verdict(case, program=None):
    """What is wrong with a case, as lines; program: a gw400 other than the tests' own."""
    try:
        return case.judge(program)
    except (ber.Wrong, OSError, subprocess.SubprocessError, ValueError, KeyError) as wrong:
        return [f'{type(wrong).__name__}: {wrong}']


def run(prefix):
    good = True
    chosen = cases(prefix)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for case, wrong in zip(chosen, pool.map(verdict, chosen)):
            print(f'{"not ok" if wrong else "ok"} - {case.name}', flush=True)
            for line in wrong:
                print(f'#   {line}')
            good = good and not wrong
    for path in orphans():
        print(f'not ok - {path.relative_to(HERE)} belongs to no case')
        good = False
    return 0 if good else 1


def actual(name):
    for case in cases(name):
        code, output, words = case.convert()
        print(f'== {case.name} (exit code {code})')
        print('\n'.join(words))
        if output[:1] in (b'\xa0', b'\xa1', b'\xa2'):
            print('\n'.join(listing(top_of(ber.decode(output)))))
        else:
            print(output.decode('utf-8', 'replace').replace('\r\n', '\n'))
    return 0


def show(name):
    octets = assemble(pathlib.Path(name).read_text()) if name.endswith('.x400') else pathlib.Path(name).read_bytes()
    print('\n'.join(listing(top_of(ber.decode(octets)))))
    return 0


def main():
    if len(sys.argv) == 3 and sys.argv[1] in ('--show', '--actual'):
        return (show if sys.argv[1] == '--show' else actual)(sys.argv[2])
    if len(sys.argv) > 2 or sys.argv[1:] and sys.argv[1].startswith('-'):
        print(__doc__, file=sys.stderr)
        return 2
    return run(sys.argv[1] if sys.argv[1:] else '')


if __name__ == '__main__':
    sys.exit(main())
