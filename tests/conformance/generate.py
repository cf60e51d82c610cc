#!/usr/bin/env python3
"""generate.py - writes docs/conformance.md from the rows of rows.tsv and the tests that prove them.

A test proves a row by a comment line before it: `/* proves: A7 B8 */` (C) or `# proves: A7` (Python). A row counts as proven only if
every test so marked passed in the last run (build/test/results.json, written by tests/run.py); a row without one reads "no".
"""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MARK = re.compile(r"(?:/\*|#)\s*proves:\s*([^*\n]+)")
TEST = re.compile(r"START_TEST\((\w+)\)|(?:tap\.ok|tap\.case)\(|def (\w+)\(")


def marks():
    """key -> list of (file without suffix, test name)."""
    found = {}
    for path in sorted(ROOT.glob("tests/**/*.[cp]*")):
        if path.suffix not in (".c", ".py"):
            continue
        keys = []
        for line in path.read_text(errors="replace").splitlines():
            mark = MARK.search(line)
            if mark:
                keys = re.split(r"[\s,]+", mark.group(1).strip())
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
    verdicts = [ok for test, ok in results.items() if test.startswith(f"{file}:") and re.search(rf"\b{name}\b", test)]
    if not verdicts:
        verdicts = [ok for test, ok in results.items() if test.startswith(f"{file}:")]
    return all(verdicts) if verdicts else None


def main():
    results_file = ROOT / "build/test/results.json"
    results = json.loads(results_file.read_text()) if results_file.exists() else {}
    proofs = marks()
    rows = [line.split("\t") for line in (ROOT / "tests/conformance/rows.tsv").read_text().splitlines() if not line.startswith("#")]
    lines, proven = [], 0
    for key, clause, text in rows:
        tests = [(f"{file}: {name}", passed(results, file, name)) for file, name in proofs.get(key, [])]
        good = [test for test, verdict in tests if verdict]
        yes = bool(tests) and len(good) == len(tests)
        proven += yes
        cell = text.replace("|", "\\|")
        lines.append(f"| {key} | {clause} | {cell} | {'yes' if yes else 'no'} | {'; '.join(sorted(set(good)))} |")
    head = (pathlib.Path(__file__).parent / "head.md").read_text()
    table = "| row | clause | what | proven | by |\n|---|---|---|---|---|\n" + "\n".join(lines) + "\n"
    (ROOT / "docs/conformance.md").write_text(f"{head}\n{proven} of {len(rows)} rows are proven by a passing test.\n\n{table}")
    print(f"docs/conformance.md: {proven} of {len(rows)} rows proven")
    return 0 if results else 1


if __name__ == "__main__":
    sys.exit(main())
