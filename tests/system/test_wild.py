#!/usr/bin/env python3
# time-limit: 600
"""Real mail of many origins through mail -> X.400 -> mail: nothing fails without a diagnosis, no attachment changes, texts come back."""
import collections
import email
import email.policy
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import gateway

sys.path.insert(0, str(gateway.ROOT / "tests/wild"))
import gather  # noqa: E402

tap = gateway.Tap()
CACHE = gateway.ROOT / "build/wild"
HABITS = ["general-text", "teletex", "ia5"]


def convert(paths, back, habit):
    """Messages as lists of (what, words) that build/test/bin/wild/convert says."""
    env = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "detect_leaks=0"))
    done = subprocess.run([gateway.BUILD / "bin/wild/convert", back, habit], input="".join(f"{path}\n" for path in paths),
                          capture_output=True, text=True, timeout=400, env=env)
    messages = []
    for line in done.stdout.splitlines():
        what, _, words = line.partition("\t")
        if what == "message":
            messages.append([])
        messages[-1].append((what, words))
    return messages, done


def is_base64(text):
    return re.fullmatch(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", re.sub(r"\s", "", text)) is not None


def attachments(octets):
    """By Python's own parser: decoded octets of what is no plain text; None: it finds the mail defective."""
    message = email.message_from_bytes(octets, policy=email.policy.compat32)
    found = []
    for part in message.walk():
        if part.defects:
            return None
        if part.is_multipart() or part.get_content_maintype() in ("text", "message"):
            continue
        if part.get("Content-Transfer-Encoding", "").strip().lower() == "base64" and not is_base64(part.get_payload()):
            return None
        found.append(part.get_payload(decode=True))
    return found


def kind_of(loss):
    words = re.sub(r'"[^"]*"', "x", loss.split(": it has")[0])
    clause = re.search(r"\((RFC [^)]*|\d[^)]*)\)", words)
    return re.sub(r"\d+", "n", words.split(":")[0]) + ": " + re.sub(r"\d+", "n", words.split(": ", 1)[-1].split(" (")[0])[:60] + (
        f" ({clause.group(1)})" if clause else "")


def show(name, counter, most=40):
    print(f"# {name}: " + ", ".join(f"{key} {count}" for key, count in counter.most_common(most)))


def main():
    index = gather.gather(CACHE)
    tap.ok(len(index) >= gather.LEAST, f"at least {gather.LEAST} messages are at hand: {len(index)}")
    origins = collections.Counter(row[1] for row in index)
    show("origins", origins)
    paths = [CACHE / "messages" / row[0] for row in index]
    tap.ok(len(origins) >= 4, "of at least four origins")
    for habit in HABITS:
        with tempfile.TemporaryDirectory() as folder:
            run_habit(paths, pathlib.Path(folder), habit)
    tap.ok(*real_command(paths[::len(paths) // 20]))
    tap.end()


def run_habit(paths, folder, habit):
    messages, done = convert(paths, folder, habit)
    if done.returncode or done.stderr:
        print("# " + done.stderr[-2000:].replace("\n", "\n# "))
    tap.ok(len(messages) == len(paths) and not done.returncode and all(said[-1][0] == "end" for said in messages),
           f"{habit}: every message is converted, or it is said why not")
    count = collections.Counter((what, words) for said in messages for what, words in said)
    for what in ("type", "charset", "script"):
        merged = collections.Counter()
        for (kind, words), number in count.items():
            if kind == what:
                merged[words.lower()[:40]] += number
        if habit == HABITS[0]:
            show(what + "s", merged)
    parts = collections.Counter(words.replace("\t", " ") for said in messages for what, words in said if what == "part")
    diagnosed = [words for said in messages for what, words in said if what == "diagnosed"]
    losses = collections.Counter(kind_of(words) for said in messages for what, words in said if what == "loss")
    show(f"{habit}: {len(messages)} messages, {sum(parts.values())} parts", parts)
    show(f"{habit}: {len(diagnosed)} diagnosed", collections.Counter(diagnosed))
    show(f"{habit}: {sum(losses.values())} losses", losses)
    wrong = [(said[0][1], words) for said in messages for what, words in said if what == "wrong"]
    for path, words in wrong[:20]:
        print(f"# {pathlib.Path(path).name}: {words}")
    tap.ok(not wrong, f"{habit}: attachments as they were, texts equal but for losses that are listed")
    judged = 0
    changed = []
    for path in paths:
        back = folder / path.name
        before = attachments(path.read_bytes())
        if not before or not back.exists():
            continue
        judged += 1
        if attachments(back.read_bytes()) != before:
            changed.append(path.name)
    print(f"# {habit}: Python's parser found the same attachments in {judged - len(changed)} of {judged} messages that have any")
    for name in changed[:10]:
        print(f"# {name}")
    tap.ok(not changed, f"{habit}: so does Python's email package find it")


def real_command(paths):
    """The command itself, sandbox and all, on some of them."""
    with tempfile.TemporaryDirectory() as folder:
        for path in paths:
            apdu = pathlib.Path(folder) / "apdu"
            there = subprocess.run([gateway.BUILD / "gw400", "convert", path, "--from", "ann@sea.example", "--to", "bob@land.example", "-o", apdu],
                                   capture_output=True, text=True, timeout=60)
            if there.returncode and not there.stderr:
                return False, f"gw400 convert {path.name}: no word"
            if there.returncode:
                continue
            again = subprocess.run([gateway.BUILD / "gw400", "convert", apdu], capture_output=True, timeout=60)
            if again.returncode and not again.stderr:
                return False, f"gw400 convert back {path.name}: no word"
    return True, "gw400 convert says the same of some of them"


if __name__ == "__main__":
    if shutil.which("apt-get") is None:
        sys.exit("apt-get is missing")
    main()
