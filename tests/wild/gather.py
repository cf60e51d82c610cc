#!/usr/bin/env python3
"""gather.py FOLDER - real mail out of the test suites of other mail software, a file a message.

Sources are packages of Debian, binary and source, fetched by apt-get and unpacked under FOLDER/packages; what was fetched once stays. One that is missing is said and left out. Messages end up as FOLDER/messages/NNNN.eml with CRLF line ends, as SMTP brings
them; FOLDER/index.tsv says where each came from. Ends with exit code 1 when there are fewer than 300.
"""
import hashlib
import pathlib
import re
import subprocess
import sys
import tarfile

BINARIES = ["libpython3.11-testsuite", "golang-github-jhillyerd-enmime-dev", "golang-github-emersion-go-message-dev", "libmail-box-perl",
            "spamassassin"]
SOURCES = ["libmime-tools-perl", "libemail-mime-perl", "gmime", "notmuch", "ruby-mail", "kmime", "mhonarc", "mimetic", "ripmime", "mailman3",
           "rspamd", "spamassassin", "maildir-utils", "kf5-messagelib", "mailutils", "claws-mail"]
LEAST = 300
LARGEST = 8 << 20
FIELD = re.compile(rb"^[!-9;-~]+[ \t]*:", re.M)
KNOWN = re.compile(rb"^(from|to|subject|date|received|message-id|content-type|mime-version|return-path|sender|cc)[ \t]*:", re.I | re.M)
NOT_MAIL = {".c", ".h", ".cc", ".cpp", ".py", ".pm", ".pl", ".go", ".rb", ".js", ".ts", ".html", ".png", ".gif", ".jpg", ".pdf", ".md", ".json",
            ".sh", ".am", ".in", ".ac", ".m4", ".cs", ".lua", ".yml", ".xml", ".rst", ".zip", ".gz", ".map", ".po", ".css", ".cf", ".robot", ".svg"}


def run(command, folder):
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=120)
        return done.returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def unpack(path, folder):
    """Plain files alone, and none outside the folder."""
    with tarfile.open(path) as archive:
        for member in archive:
            target = (folder / member.name).resolve()
            if member.isfile() and target.is_relative_to(folder.resolve()) and member.size <= LARGEST:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.extractfile(member).read())


def fetch(kind, name, folder):
    """Unpacked under folder; False when it cannot be had."""
    if (folder / ".complete").exists():
        return True
    folder.mkdir(parents=True, exist_ok=True)
    commands = {"deb": ["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", name],
                "source": ["apt-get", "-q", "-o", "APT::Sandbox::User=root", "source", "--download-only", name]}
    if not run(commands[kind], folder):
        return False
    for path in sorted(folder.iterdir()):
        if path.suffix == ".deb":
            run(["dpkg-deb", "-x", path.name, "."], folder)
        elif ".orig.tar." in path.name and not path.name.endswith(".asc"):
            unpack(path, folder)
    (folder / ".complete").touch()
    return True


def is_mail(octets):
    head = re.split(rb"\r?\n\r?\n", octets[:65536], maxsplit=1)[0]
    lines = head.splitlines()
    fields = sum(bool(FIELD.match(line)) for line in lines)
    folded = sum(line[:1] in (b" ", b"\t") for line in lines)
    return len(KNOWN.findall(head)) >= 2 and fields + folded + 2 >= len(lines)


def messages_of(path):
    """The messages in a file: one, or a mailbox of them."""
    octets = path.read_bytes()
    if b"\0" in octets[:200]:
        return
    if octets.startswith(b"From ") and is_mail(octets.split(b"\n", 1)[-1]):
        for piece in re.split(rb"(?m)^From [^\n]*\d\d:\d\d[^\n]*\n", octets):
            piece = re.sub(rb"(?m)^>(>*From )", rb"\1", piece)
            if is_mail(piece):
                yield piece
    elif is_mail(octets):
        yield octets


def as_smtp_brings_it(octets):
    return re.sub(rb"\r\n|\r|\n", b"\r\n", octets)


def gather(folder):
    wanted = [("deb", name) for name in BINARIES] + [("source", name) for name in SOURCES]
    messages = folder / "messages"
    messages.mkdir(parents=True, exist_ok=True)
    seen, index = set(), []
    for kind, name in wanted:
        place = folder / "packages" / f"{kind}-{name}"
        if not fetch(kind, name, place):
            print(f"# {kind} {name}: cannot be had here, left out", flush=True)
            continue
        before = len(index)
        for path in sorted(place.rglob("*")):
            if path.suffix.lower() in NOT_MAIL or path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST:
                continue
            for octets in messages_of(path):
                octets = as_smtp_brings_it(octets)
                digest = hashlib.sha256(octets).digest()
                if digest in seen:
                    continue
                seen.add(digest)
                target = messages / f"{len(index):04}.eml"
                target.write_bytes(octets)
                index.append((target.name, f"{kind}:{name}", str(path.relative_to(place))))
        print(f"# {kind} {name}: {len(index) - before} messages", flush=True)
    (folder / "index.tsv").write_text("".join("\t".join(row) + "\n" for row in index))
    return index


def main():
    index = gather(pathlib.Path(sys.argv[1]))
    print(f"# {len(index)} messages")
    return 0 if len(index) >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
