#!/usr/bin/env python3
"""test_loss_texts.py - every text of a loss in mapping/*.c reads "element: what became of it (clause): why", the reason being optional.

One case per call of mapping_loss() and of downgrade.c's tell(), which puts the element before what it is given.
"""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import gateway  # noqa: E402

tap = gateway.Tap()
CLAUSE = r"\((?:RFC \d+|X\.\d+|ISO \d+|X\.408)(?: (?:[^()]|\([^()]*\))+)?\)"
WHOLE = re.compile(rf"[^:]+: .*\S {CLAUSE}(?:: .+)?")
TOLD = re.compile(rf".*\S {CLAUSE}(?:: .+)?")
CALL = re.compile(r"\b(mapping_loss|tell)\s*\(")
LITERALS = re.compile(r'[^";]*((?:"(?:\\.|[^"\\])*"(?:\s*(?:PRI|G_G)\w+)?\s*)+)')


def texts(path):
    """(line, function, text) of each call; a definition or a call that hands a text on has none of its own."""
    source = path.read_text()
    for call in CALL.finditer(source):
        literals = LITERALS.match(source, call.end())
        if not literals:
            continue
        text = "".join(re.findall(r'"((?:\\.|[^"\\])*)"', literals[1]))
        if call[1] == "tell" and path.name != "downgrade.c":
            continue
        if not text.startswith("%s%s%s") and not re.fullmatch(r"[^()]*%s", text):  # put together elsewhere
            yield source.count("\n", 0, call.start()) + 1, call[1], text
    for handed in re.finditer(r'g_strdup_printf\("([^"]*(?:discarded|left out|dropped|cut)[^"]*)"', source):
        yield source.count("\n", 0, handed.start()) + 1, "mapping_loss", handed[1]


def main():
    count = 0
    for path in sorted((gateway.ROOT / "mapping").glob("*.c")):
        for line, function, text in texts(path):
            count += 1
            tap.ok((WHOLE if function == "mapping_loss" else TOLD).fullmatch(text), f"{path.name}: {text} (line {line})")
    tap.ok(count > 30, "the texts are found")
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
