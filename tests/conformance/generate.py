#!/usr/bin/env python3
"""generate.py [--open | --unmarked] - writes docs/conformance.md from rows.tsv, envelope.tsv and the last run of the tests.

A row has one or two directions (> to X.400, < to RFC 822) or none (=), and each wants a proof:
- a golden case tests/golden/KEY/NAME.in.{eml,x400}, which tells its direction itself; a line "# proves: KEY" in its NAME.args
  names further rows;
- a test with a comment before it, `/* proves: A7> B8<> */` (C) or `# proves: A7` (Python); several such lines add up. Without an arrow
  it speaks for a row of one direction or none; for a row of two it must have one.
A direction counts as proven only if every test that is marked for it passed in the last run (build/test/results.json, written by
tests/run.py). A row of envelope.tsv has a cell per way through the gateway, each with a proof of its own: `env:priority/88-88`.
--open lists what is not proven, and marks that say nothing; --unmarked what would not be proven if every test passed.
"""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
MARK = re.compile(r"(?:/\*|#)\s*proves:\s*([^*\n]+)")
WAYS = ("88-88", "88-84", "84-88", "smtp")
TEST = re.compile(r"START_TEST\((\w+)\)|(?:tap\.ok|tap\.case)\(|def (\w+)\(")
CASE = re.compile(r"(.+)\.in\.(eml|x400)")
SHOWN = 4  # proofs named per direction


class Row:
    def __init__(self, cells):
        cells += [""] * (6 - len(cells))
        self.key, self.clause, self.ways, self.what, self.reason = cells[:5]
        self.by = cells[5].split()


def marked_tests():
    """(key with its arrows, file without suffix, test name) of the marks in test programs."""
    for path in sorted(ROOT.glob("tests/**/*.[cp]*")):
        if path.suffix not in (".c", ".py") or path.parent in (HERE, ROOT / "tests/golden"):
            continue
        keys, inside = [], False
        for line in path.read_text(errors="replace").splitlines():
            mark = MARK.search(line)
            if mark or inside:
                text = mark.group(1) if mark else line.strip().lstrip("*").split("*/")[0]
                keys += re.split(r"[\s,]+", text.strip()) if text.strip() not in ("", "/") else []
                inside = path.suffix == ".c" and "*/" not in line  # the formatter wraps long comments
                continue
            test = TEST.search(line)
            if keys and test:
                for key in keys:
                    yield key, str(path.relative_to(ROOT / "tests").with_suffix("")), test.group(1) or test.group(2) or ""
                keys = []


def golden_cases(folder=ROOT / "tests/golden"):
    """The same of the golden cases, whose folder is a key."""
    for path in sorted(folder.glob("*/*.in.*")):
        case = CASE.fullmatch(path.name)
        if not case:
            continue
        transit = case[2] == "x400" and (path.parent / f"{case[1]}.out.x400").exists() and not (path.parent / f"{case[1]}.out.eml").exists()
        arrow = "" if transit else ">" if case[2] == "eml" else "<"
        args = path.parent / f"{case[1]}.args"
        more = re.findall(r"#\s*proves:\s*(.+)", args.read_text()) if args.exists() else []
        for key in [path.parent.name] + " ".join(more).split():
            yield key + ("" if key[-1] in "<>" else arrow), "golden", f"{path.parent.name}/{path.name}"


def proofs_of(known):
    """(key, direction) -> set of (file, test), and the marks that no row takes."""
    found, lost = {}, []
    for mark, file, name in [*marked_tests(), *golden_cases()]:
        key, arrows = mark.rstrip("<>"), mark[len(mark.rstrip("<>")):]
        row = known.get(key)
        if "/" in key and not row:
            found.setdefault((key, ""), set()).add((file, name))
            continue
        if not row or not arrows and row.ways == "<>" or arrows and row.ways != "=" and not set(arrows) & set(row.ways):
            if not re.fullmatch(r"RFC.*|[0-9.]+", key):
                lost.append(f"{mark}: {file}: {name}")
            continue
        for way in row.ways if not arrows or row.ways == "=" else arrows:
            if way in row.ways:
                found.setdefault((key, way), set()).add((file, name))
    return found, lost


class Verdicts:
    def __init__(self, results, known):
        self.results, self.known = results, known
        self.proofs, self.lost = proofs_of(known)
        self.by_file = {}
        for test, ok in (results or {}).items():
            self.by_file.setdefault(test.split(":")[0], []).append((test, ok == "pass"))

    def passed(self, file, name):
        """Whether it ran, and well; a golden case by its exact name, another by the word in it."""
        if self.results is None:
            return True
        if file == "golden":
            return self.results.get(f"golden: {name}") == "pass"
        tests = self.by_file.get(file, [])
        named = [ok for test, ok in tests if re.search(rf"\b{re.escape(name)}\b", test)] if name else []
        return all(named or [ok for _, ok in tests]) if named or tests else False

    def of(self, key, way):
        """Whether all that is marked for a direction of a row passed, and what did."""
        tests = sorted(self.proofs.get((key, way), ()))
        good = [f"{file}: {name}" for file, name in tests if self.passed(file, name)]
        return bool(tests) and len(good) == len(tests), good

    def of_row(self, row, way):
        if not row.by:
            return self.of(row.key, way)
        shown = [self.known[key] for key in row.by]
        ways = {other.key: way if way in other.ways else other.ways[0] for other in shown}
        return all(self.of_row(other, ways[other.key])[0] for other in shown), [f"row {key}" for key in row.by]


def rows_of(name):
    return [line.split("\t") for line in (HERE / name).read_text().splitlines() if not line.startswith("#")]


def escaped(text):
    return text.replace("|", "\\|")


def mixer_part(rows, verdicts):
    """The table of RFC 2156, the count of its proven directions, and what is open."""
    lines, proven, wanted, still = [], 0, 0, []
    for row in rows:
        cells, shown = {">": "", "<": "", "=": ""}, []
        for way in row.ways:
            good, tests = verdicts.of_row(row, way)
            if good or not row.reason:
                wanted += 1
                proven += good
            cells[way] = "yes" if good else "no"
            shown += tests[:SHOWN] + ([f"{len(tests) - SHOWN} more"] if len(tests) > SHOWN else [])
            if not good and not row.reason:
                still.append(f"{row.key}{way.replace('=', '')}: {row.what}")
        if row.ways == "=":
            cells[">"] = cells["<"] = cells["="]
        words = "; ".join(shown) + ("; " if shown and row.reason else "") + row.reason
        lines.append(f"| {row.key} | {row.clause} | {escaped(row.what)} | {cells['>']} | {cells['<']} | {escaped(words)} |")
    table = "| row | clause | what | to X.400 | to RFC 822 | proven by, or why not |\n|---|---|---|---|---|---|\n" + "\n".join(lines) + "\n"
    return table, f"{proven} of {wanted} directions of {len(rows)} rows are proven by a passing test.\n", still


def envelope_part(verdicts):
    """What becomes of each field of an envelope, way by way; a cell that is proven ends with a tick."""
    lines, proven, cells = [], 0, 0
    rows = rows_of("envelope.tsv")
    known = {f"{row[0]}/{way}" for row in rows for way in WAYS}
    unknown = sorted(key for key, way in verdicts.proofs if "/" in key and key not in known)
    for key, clause, field, *ways in rows:
        shown = []
        for way, text in zip(WAYS, ways):
            if text in ("", "-"):
                shown.append(text)
                continue
            good, _ = verdicts.of(f"{key}/{way}", "")
            proven += good
            cells += 1
            shown.append(escaped(text) + (" ✓" if good else ""))
        lines.append(f"| {key} | {clause} | {field} | " + " | ".join(shown) + " |")
    if unknown:
        raise SystemExit(f"envelope.tsv has no rows for {', '.join(unknown)}")
    head = (HERE / "envelope-head.md").read_text()
    table = "| row | X.411 | field | 88 → 88 | 88 → 84 | 84 → 88 | to SMTP |\n|---|---|---|---|---|---|---|\n" + "\n".join(lines) + "\n"
    return f"\n{head}\n{proven} of {cells} cells are proven by a passing test.\n\n{table}"


def claim(rows, verdicts):
    """The sentence about conformance: made only when nothing is open (RFC 2156 1.13: a subset does not conform)."""
    mixer = [row for row in rows if row.key[0] in "MBAHXNRPCDF"]
    missing = [row.key for row in mixer for way in row.ways if not row.reason and not verdicts.of_row(row, way)[0]]
    if not missing:
        return "**Conformance to RFC 2156 is claimed**: every row below is proven, or has a reason from the RFC.\n"
    return (f"**Conformance is not yet claimed**: RFC 2156 1.13 says that a subset does not conform, and {len(set(missing))} rows are not proven "
            "in each of their directions (\"no\" below).\n")


def main():
    results_file = ROOT / "build/test/results.json"
    results = json.loads(results_file.read_text()) if results_file.exists() else {}
    rows = [Row(cells) for cells in rows_of("rows.tsv")]
    verdicts = Verdicts(None if "--unmarked" in sys.argv else results, {row.key: row for row in rows})
    table, count, still = mixer_part(rows, verdicts)
    if sys.argv[1:] in (["--open"], ["--unmarked"]):
        print("\n".join(still + [f"says nothing: {mark}" for mark in verdicts.lost]))
        return 0
    head = (HERE / "head.md").read_text().replace("{claim}\n", claim(rows, verdicts))
    (ROOT / "docs/conformance.md").write_text(f"{head}\n{count}\n{table}" + envelope_part(verdicts))
    print(f"docs/conformance.md: {count}".rstrip())
    for mark in verdicts.lost:
        print(f"a mark without a row, or without a direction: {mark}")
    return 0 if results else 1


if __name__ == "__main__":
    sys.exit(main())
