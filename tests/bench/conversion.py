"""conversion.py - the conversion of one mail, against a bare GMime parse of it and a bare asn1c encoding of what it becomes.

The peer's time is the sum of the two, which no converter can save; times are processor times of build/bench/conversion.
"""
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIMIT = 5.0


def run(work, mails):
    """mails: name -> file."""
    for name, path in mails.items():
        crlf = work / f"{name}-crlf.eml"
        crlf.write_bytes(path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
        said = subprocess.run([ROOT / "build/bench/conversion", crlf], check=True, capture_output=True, text=True).stdout
        figures = {key: float(value) for key, value in (line.split("=") for line in said.splitlines())}
        peer = figures["parse"] + figures["encode"]
        for figure, ours in ((f"convert-{name}", figures["there"]), (f"convert-{name}-back", figures["back"])):
            print(f"{figure} ours={ours:.1f}us peer={peer:.1f}us ratio={ours / peer:.2f} gmime={figures['parse']:.1f}us "
                  f"asn1c={figures['encode']:.1f}us{'' if ours <= LIMIT * peer else ' over the limit of 5'}", flush=True)
