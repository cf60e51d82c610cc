#!/usr/bin/env python3
"""mutate.py [--list] [KEY-PREFIX | FILE.c]... - switches off the rows of the mapping one at a time; the tests must see each.

A mutant is one place of mapping/*.c without which a row of tests/conformance/rows.tsv is not done:
- a line, mostly of a table, that ends with the row's key as a comment, `/* H:Subject */`, is taken out (with the lines before it that
  its braces reach back to);
- a line of mutants.tsv (file, keys, pattern, replacement) says what is changed where there is no such table; a pattern that does not
  match exactly once is an error.

For each only that file is compiled, from a copy in build/mutate, and linked before the archive; the checkout is not touched, and may
change once the trial runs, which has copies of all it needs. Then run the golden cases of the row, the unit tests marked with it, all golden cases, and all unit tests of the mapping, until one is red.
Prints a line per mutant (row, place, by what it was found) and ends with "N mutants, N killed"; exit code 1 if one survives.
"""
import collections
import concurrent.futures
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/mutate"
BASE = BUILD / "base"
if "--list" not in sys.argv:
    shutil.rmtree(BUILD, ignore_errors=True)
    shutil.copytree(ROOT / "tests/golden", BASE / "golden")
sys.path[:0] = [str(BASE / "golden"), str(ROOT / "tests/golden"), str(ROOT / "tests/conformance")]
import generate  # noqa: E402
import golden    # noqa: E402

KEY = r"(?:[A-Z]+[0-9]*(?:[:-][\w-]+)?|[0-9]{4}:[\w.-]+)"
MARK = re.compile(rf"/\* ((?:{KEY}[ ,]*)+) \*/\s*$")
TEST_LIMIT = 120  # seconds for a unit test
Mutant = collections.namedtuple("Mutant", "path keys place text")


class Trouble(Exception):
    """The mutation cannot be done as it is written."""


# --- what is switched off ------------------------------------------------------------------------------------------------------

def begin_of(lines, last):
    """The line where the braces that the line closes were opened."""
    depth, first = 0, last
    while True:
        code = re.sub(r'"(?:\\.|[^"\\])*"|/\*.*?\*/', "", lines[first])
        depth += code.count("}") + code.count(")") - code.count("{") - code.count("(")
        if depth <= 0 or first == 0:
            return first
        first -= 1


def marked(known):
    """A mutant per marked line; the marks that are no row's."""
    found, unknown = [], []
    for path in sorted(ROOT.glob("mapping/*.c")):
        lines = path.read_text().splitlines(keepends=True)
        for number, line in enumerate(lines):
            mark = MARK.search(line)
            if not mark or line.lstrip().startswith("/*"):
                continue
            keys = re.split(r"[ ,]+", mark[1].strip())
            if not any(":" in key or key in known for key in keys):
                continue  # an abbreviation in capitals, no key
            unknown += [f"{path.name}:{number + 1}: {key}" for key in keys if key not in known]
            first = begin_of(lines, number)
            text = "".join(lines[:first] + lines[number + 1:])
            found.append(Mutant(path, [key for key in keys if key in known], f"{path.name}:{number + 1}", text))
    return found, unknown


def patched(known):
    """A mutant per line of mutants.tsv."""
    found, wrong = [], []
    for number, line in enumerate((ROOT / "tests/mutate/mutants.tsv").read_text().splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        file, keys, pattern, replacement = (line.split("\t") + ["", "", ""])[:4]
        path = ROOT / "mapping" / file
        source = path.read_text()
        matches = list(re.finditer(pattern, source, re.M))
        wrong += [f"mutants.tsv:{number}: {key} is no row" for key in keys.split() if key not in known]
        if len(matches) != 1:
            wrong.append(f"mutants.tsv:{number}: {file}: the pattern matches {len(matches)} times: {pattern}")
            continue
        text = source[:matches[0].start()] + matches[0].expand(replacement) + source[matches[0].end():]
        place = f"{file}:{source.count(chr(10), 0, matches[0].start()) + 1}"
        found.append(Mutant(path, keys.split(), place, text))
    return found, wrong


# --- the tools ------------------------------------------------------------------------------------------------------------------

def run(command, **more):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False, **more)


def make(*targets):
    done = run(["make", "-s", *targets])
    if done.returncode:
        raise Trouble(done.stdout[-2000:] + done.stderr[-2000:])


class Tools:
    """Compiler and linker as the Makefile has them, without warnings as errors."""

    def __init__(self):
        self.tests = [path.stem for path in sorted(ROOT.glob("tests/mapping/test_*.c"))]
        make("build/gw400", "build/obj/gateway/cli/gw400.o")
        printed = run(["make", "-s", "-f", "-", "flags"], input="include Makefile\nflags: ; @echo '$(BASE) -O0'; echo '$(PKG_CFLAGS)'; "
                      "echo '$(PKG_LIBS)'; echo '$(CC)'; pkg-config --libs check\n")
        lines = [line for line in printed.stdout.splitlines() if line.strip()]
        if printed.returncode or len(lines) < 5:
            raise Trouble(f"the Makefile's flags: {printed.stderr}")
        self.flags = shlex.split(lines[0]) + ["-w", f"-I{BASE}/include", "-isystem", f"{BASE}/gen"] + shlex.split(lines[1])
        self.libs, self.cc, self.check = shlex.split(lines[2]), lines[3], shlex.split(lines[4])
        self.library = []
        self.keep()

    def keep(self):
        """Copies of what compiler and linker will read; the tests' programs as objects."""
        for folder in ("mapping", "asn1"):
            shutil.copytree(ROOT / folder, BASE / "include" / folder, ignore=shutil.ignore_patterns("*.c", "modules", "skeletons"))
        (BASE / "gen").mkdir()
        for path in [*ROOT.glob("build/gen/*.h")]:
            shutil.copy(path, BASE / "gen")
        for path in ["build/gw400.a", "build/gen.a", "build/obj/gateway/cli/gw400.o", "build/gw400"]:
            shutil.copy(ROOT / path, BASE)
        self.library = [str(BASE / f"{path.stem}.o") for path in sorted(ROOT.glob("tests/lib/*.c"))]
        sources = [*ROOT.glob("tests/lib/*.c"), *ROOT.glob("tests/mapping/test_*.c")]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(self.test_object, sources))

    def test_object(self, source):
        include = ["-Ibuild/include/tests" if flag == f"-I{BASE}/include" else flag for flag in self.flags]
        done = run([self.cc, *include, "-c", str(source), "-o", str(BASE / f"{source.stem}.o")])
        if done.returncode:
            raise Trouble(f"{source.name} does not compile: {done.stderr[:1000]}")

    def compile(self, mutant, folder):
        source, target = folder / mutant.path.name, folder / "mutant.o"
        source.write_text(mutant.text)
        done = run([self.cc, *self.flags, "-c", str(source), "-o", str(target)])
        if done.returncode:
            raise Trouble(f"does not compile: {done.stderr[:1000]}")
        return str(target)

    def link(self, objects, target, libs=()):
        done = run([self.cc, "-o", str(target), *objects, str(BASE / "gw400.a"), str(BASE / "gen.a"), *libs, *self.libs])
        if done.returncode:
            raise Trouble(f"does not link: {done.stderr[:1000]}")

    def unit(self, name, folder, mutant_object):
        """Names of the tests of a program that are not passed, or None when it crashed or hung."""
        program = folder / name
        self.link([str(BASE / f"{name}.o"), *self.library, *mutant_object], program, self.check)
        with tempfile.NamedTemporaryFile(prefix="gw400-mutate-") as log:
            try:
                done = run([str(program)], timeout=TEST_LIMIT, env=dict(os.environ, CK_TAP_LOG_FILE_NAME=log.name, LC_ALL="C.UTF-8",
                                                                        TZ="UTC", CK_DEFAULT_TIMEOUT="60", GW400_MUTATE="1"))
            except subprocess.TimeoutExpired:
                return None
            finally:
                program.unlink()
            text = log.read().decode("utf-8", "replace")
        failed = re.findall(r"^not ok \d+ - [^:]*:[^:]*:([^:]+)", text, re.M)
        return None if done.returncode and not failed else set(failed)


# --- the trial --------------------------------------------------------------------------------------------------------------------

class Trial:
    def __init__(self, tools, known):
        self.tools = tools
        self.cases = golden.cases()
        self.of_row, self.units_of = collections.defaultdict(list), collections.defaultdict(set)
        by_name = {case.name: case for case in self.cases}
        for mark, file, name in [*generate.golden_cases(BASE / "golden"), *generate.marked_tests()]:
            key = mark.rstrip("<>")
            if file == "golden":
                self.of_row[key].append(by_name[name])
            elif file.startswith("mapping/"):
                self.units_of[key].add(file.split("/")[1])
        self.red_before = {}

    def before(self):
        """What is red without any mutant: it proves nothing."""
        folder = BUILD / "none"
        folder.mkdir(parents=True, exist_ok=True)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            bad = [case for case, wrong in zip(self.cases, pool.map(lambda c: golden.verdict(c, BASE / "gw400"), self.cases)) if wrong]
            units = dict(zip(self.tools.tests, pool.map(lambda name: self.tools.unit(name, folder, []), self.tools.tests)))
        self.cases = [case for case in self.cases if case not in bad]
        self.red_before = units
        return [case.name for case in bad] + [f"{name}: {', '.join(sorted(red)) if red is not None else 'crashed'}"
                                              for name, red in units.items() if red is None or red]

    def golden_red(self, cases, program):
        for case in cases:
            if case in self.cases and golden.verdict(case, program):
                return f"golden {case.name}"
        return None

    def unit_red(self, names, folder, mutant_object):
        for name in names:
            red, before = self.tools.unit(name, folder, [mutant_object]), self.red_before[name]
            if before is None:
                continue
            if red is None or red - before:
                return f"{name}: {min(red - before) if red else 'crash'}"
        return None

    def judge(self, mutant, folder):
        """By what a mutant was found; None: by nothing."""
        folder.mkdir(parents=True, exist_ok=True)
        mutant_object = self.tools.compile(mutant, folder)
        program = folder / "gw400"
        self.tools.link([str(BASE / "gw400.o"), mutant_object], program)
        own = [case for key in mutant.keys for case in self.of_row[key]]
        own_units = sorted({name for key in mutant.keys for name in self.units_of[key]})
        others = [case for case in self.cases if case not in own]
        return (self.golden_red(own, program) or self.unit_red(own_units, folder, mutant_object) or
                self.golden_red(others, program) or
                self.unit_red([name for name in self.tools.tests if name not in own_units], folder, mutant_object))


def chosen(mutants, wanted):
    if not wanted:
        return mutants
    return [m for m in mutants if any(m.path.name == w or any(key.startswith(w) for key in m.keys) for w in wanted)]


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--list"]
    known = {row[0] for row in generate.rows_of("rows.tsv")}
    (by_mark, unknown), (by_patch, wrong) = marked(known), patched(known)
    mutants = chosen(by_mark + by_patch, arguments)
    for line in wrong + [f"a mark that is no row: {line}" for line in unknown]:
        print(line)
    if "--list" in sys.argv:
        for mutant in mutants:
            print(f"{mutant.place:32} {' '.join(mutant.keys)}")
        return 1 if wrong or unknown else 0
    trial = Trial(Tools(), known)
    for name in trial.before():
        print(f"red without a mutant, not counted on: {name}")

    def one(numbered):
        number, mutant = numbered
        try:
            return trial.judge(mutant, BUILD / str(number % (2 * os.cpu_count()))), None
        except Trouble as trouble:
            return None, trouble

    killed, folders = 0, 2 * os.cpu_count()
    for first in range(0, len(mutants), folders):  # a folder each: none is used twice at a time
        group = list(enumerate(mutants))[first:first + folders]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for (_, mutant), (by, trouble) in zip(group, pool.map(one, group)):
                killed += by is not None
                print(f"{'red  ' if by else 'WRONG' if trouble else 'GREEN'} {mutant.place:32} {' '.join(mutant.keys):28} {by or trouble or ''}",
                      flush=True)
    print(f"{len(mutants)} mutants, {killed} killed")
    return 0 if killed == len(mutants) and not wrong and not unknown else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Trouble as words:
        sys.exit(f"mutate.py: {words}")
