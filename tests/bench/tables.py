"""tables.py - address tables with a million rows of single users, beside a hundred rules, against postmap's hash tables.

The peer holds the same rows, once by mailbox and once by O/R address, as Postfix would use them (postmap hash:). Times are
processor times, of a million rows: the machine may have other work; but for the opening, which is by the clock (of the peer: a process
that asks one key). A look-up of ours is the whole mapping, RFC 2156 4.3.4 or 4.3.5.
"""
import os
import pathlib
import resource
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROWS = int(os.environ.get("ROWS", "1000000"))
LIMITS = {"compile": 10.0, "open": 10.0, "file": 200.0, "to-or": 10.0, "from-or": 10.0}
GIVEN = ["Ann", "Bob", "Carla", "Dieter", "Eve", "Francois", "Grete", "Hiro"]
UNITS = ["Sales", "Research", "it", "HQ", "Harbour", "Lab7", "North"]


def user(i):
    given, unit = GIVEN[i % len(GIVEN)], UNITS[i // 8 % len(UNITS)]
    organisation = f"org{i % 100:02d}"
    return (f"{given.lower()}.surname{i:07d}@{organisation}.example",
            f"/G={given}/S=Surname{i:07d}/OU={unit}/O=Organisation {organisation}/PRMD=acme/ADMD=carrier/C=de/")


def write_sources(work):
    """Ours: users and the two tables of rules; the peer's: two texts of key and value."""
    names = [work / n for n in ("users", "domain-to-or", "or-to-domain")]
    peer = [work / n for n in ("peer-mailbox", "peer-or")]
    with open(names[0], "w") as ours, open(peer[0], "w") as mailboxes, open(peer[1], "w") as addresses:
        for i in range(ROWS):
            mailbox, address = user(i)
            ours.write(f"{mailbox}#{address}#\n")
            mailboxes.write(f"{mailbox} {address}\n")
            addresses.write(f"{address.replace(' ', '_')} {mailbox}\n")
    with open(names[1], "w") as forward, open(names[2], "w") as backward:
        for i in range(100):
            forward.write(f"part{i}.example#O$part{i}.PRMD$acme.ADMD$carrier.C$de#\n")
            backward.write(f"O$part{i}.PRMD$acme.ADMD$carrier.C$de#part{i}.example#\n")
    return names, peer


def processor_seconds(command, **options):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, check=True, **options)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done


def peer_figures(peer):
    compile_s = sum(processor_seconds(["postmap", f"hash:{path}"])[0] for path in peer)
    size = sum(pathlib.Path(f"{path}.db").stat().st_size for path in peer)
    looked_up = []
    for path in peer:
        with open(path) as text:
            keys = "".join(line.split(" ")[0] + "\n" for i, line in enumerate(text) if i % 100 == 0)
        began = time.monotonic()
        subprocess.run(["postmap", "-q", "x", f"hash:{path}"], stdout=subprocess.DEVNULL)
        opened = time.monotonic() - began
        spent, done = processor_seconds(["postmap", "-q", "-", f"hash:{path}"], input=keys.encode(), stdout=subprocess.PIPE)
        assert done.stdout.count(b"\n") == keys.count("\n"), "the peer has not found its rows"
        looked_up.append(spent * 1e6 / keys.count("\n"))
    return {"compile": compile_s, "file": size / 1e6, "open": opened * 1e3, "to-or": looked_up[0], "from-or": looked_up[1]}


def run(work):
    work.mkdir(parents=True, exist_ok=True)
    names, peer = write_sources(work)
    output = subprocess.run([ROOT / "build/bench/tables", *names, work / "compiled"], check=True, stdout=subprocess.PIPE, text=True)
    found = dict(line.split("=", 1) for line in output.stdout.split())
    ours = {"compile": float(found["compile_s"]) + float(found["check_s"]), "open": float(found["open_ms"]),
            "file": int(found["file_octets"]) / 1e6, "to-or": float(found["to_or_us"]), "from-or": float(found["from_or_us"])}
    theirs = peer_figures(peer)
    units = {"compile": "s", "open": "ms", "file": "MB", "to-or": "us", "from-or": "us"}
    for name, unit in units.items():
        print(f"tables-{name} ours={ours[name]:.2f}{unit} peer={theirs[name]:.2f}{unit} ratio={ours[name] / theirs[name]:.2f} "
              f"limit={LIMITS[name]:.0f}{unit} {'kept' if ours[name] < LIMITS[name] else 'BROKEN'}", flush=True)
    print(f"tables-memory ours={found['memory_mb']}MB while compiling {ROWS} rows of single users", flush=True)
    for path in work.iterdir():
        path.unlink()
