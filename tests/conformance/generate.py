#!/usr/bin/env python3
"""generate.py - writes docs/conformance.md from the rows of rows.tsv and envelope.tsv and the tests that prove them.

A test proves a row by a comment line before it: `/* proves: A7 B8 */` (C) or `# proves: A7` (Python); several such lines add up. A row
counts as proven only if every test so marked passed in the last run (build/test/results.json, written by tests/run.py); a row without
one reads "no". A row of envelope.tsv has a cell per way through the gateway, each with a proof of its own: `env:priority/88-88`.
"""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MARK = re.compile(r"(?:/\*|#)\s*proves:\s*([^*\n]+)")
WAYS = ("88-88", "88-84", "84-88", "smtp")
TEST = re.compile(r"START_TEST\((\w+)\)|(?:tap\.ok|tap\.case)\(|def (\w+)\(")


def marks():
    """key -> list of (file without suffix, test name)."""
    found = {}
    for path in sorted(ROOT.glob("tests/**/*.[cp]*")):
        if path.suffix not in (".c", ".py") or path.parent == pathlib.Path(__file__).parent:
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
                name = test.group(1) or test.group(2) or ""
                for key in keys:
                    found.setdefault(key, []).append((str(path.relative_to(ROOT / "tests").with_suffix("")), name))
                keys = []
    return found


def passed(results, file, name):
    """True, False, or None when it did not run."""
    verdicts = [ok == "pass" for test, ok in results.items() if test.startswith(f"{file}:") and re.search(rf"\b{name}\b", test)]
    if not verdicts:
        verdicts = [ok == "pass" for test, ok in results.items() if test.startswith(f"{file}:")]
    return all(verdicts) if verdicts else None


def rows_of(name):
    lines = (pathlib.Path(__file__).parent / name).read_text().splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


def verdict_of(key, proofs, results):
    """Whether every test marked with the key passed, and which did."""
    tests = [(f"{file}: {name}", passed(results, file, name)) for file, name in proofs.get(key, [])]
    good = [test for test, verdict in tests if verdict]
    return bool(tests) and len(good) == len(tests), sorted(set(good))


def envelope_part(proofs, results):
    """The second table: what becomes of each field of an envelope, way by way; a cell that is proven ends with a tick."""
    lines, proven, cells = [], 0, 0
    rows = rows_of("envelope.tsv")
    known = {f"{row[0]}/{way}" for row in rows for way in WAYS}
    unknown = sorted(key for key in proofs if "/" in key and key not in known)
    for key, clause, field, *ways in rows:
        shown = []
        for way, text in zip(WAYS, ways):
            if text in ("", "-"):
                shown.append(text)
                continue
            good, _ = verdict_of(f"{key}/{way}", proofs, results)
            proven += good
            cells += 1
            shown.append(text.replace("|", "\\|") + (" ✓" if good else ""))
        lines.append(f"| {key} | {clause} | {field} | " + " | ".join(shown) + " |")
    if unknown:
        raise SystemExit(f"envelope.tsv has no rows for {', '.join(unknown)}")
    head = (pathlib.Path(__file__).parent / "envelope-head.md").read_text()
    table = "| row | X.411 | field | 88 → 88 | 88 → 84 | 84 → 88 | to SMTP |\n|---|---|---|---|---|---|---|\n" + "\n".join(lines) + "\n"
    return f"\n{head}\n{proven} of {cells} cells are proven by a passing test.\n\n{table}"


def main():
    results_file = ROOT / "build/test/results.json"
    results = json.loads(results_file.read_text()) if results_file.exists() else {}
    proofs = marks()
    rows = rows_of("rows.tsv")
    lines, proven = [], 0
    for key, clause, text in rows:
        yes, good = verdict_of(key, proofs, results)
        proven += yes
        cell = text.replace("|", "\\|")
        lines.append(f"| {key} | {clause} | {cell} | {'yes' if yes else 'no'} | {'; '.join(good)} |")
    head = (pathlib.Path(__file__).parent / "head.md").read_text()
    table = "| row | clause | what | proven | by |\n|---|---|---|---|---|\n" + "\n".join(lines) + "\n"
    (ROOT / "docs/conformance.md").write_text(f"{head}\n{proven} of {len(rows)} rows are proven by a passing test.\n\n{table}"
                                              + envelope_part(proofs, results))
    print(f"docs/conformance.md: {proven} of {len(rows)} rows proven")
    return 0 if results else 1


if __name__ == "__main__":
    sys.exit(main())
