#!/usr/bin/env python3
"""test_peer_binds.py - callers by what they give in the bind: nothing at all, an empty password, a password in one form or the other; each
entry takes what it says and no more."""
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import gateway  # noqa: E402

TOOLS = gateway.ROOT / "tests/tools"
VECTOR = gateway.ROOT / "tests/vectors/real-mta/p1-1988-normal.canonical.ber"
tap = gateway.Tap()

PEERS = """
  <peer name="nameless" local-mta="us" remote-mta="nameless-mta" local-authentication="unauthenticated"
        remote-authentication="unauthenticated"><network cidr="127.0.0.0/8"/></peer>
  <peer name="empty" local-mta="us" remote-mta="empty-mta" remote-authentication="empty-password"/>
  <peer name="open" local-mta="us" remote-mta="open-mta"/>
  <peer name="ia5" local-mta="us" remote-mta="ia5-mta" remote-password-file="password" remote-password-form="ia5"/>
  <peer name="octets" local-mta="us" remote-mta="octets-mta" remote-password-file="password" remote-password-form="octets"/>
  <peer name="any" local-mta="us" remote-mta="any-mta" remote-password-file="password"/>"""

# name that the caller gives, options, taken, words of the log
CALLERS = [
    ("nameless-mta", ["--password-form", "none"], True, "peer=nameless"),
    ("nameless-mta", ["--pw", ""], False, 'our entry says remote-authentication="unauthenticated"'),
    ("empty-mta", ["--pw", ""], True, "peer=empty"),
    ("empty-mta", ["--pw", "x"], False, "it must be empty"),
    ("open-mta", ["--pw", ""], True, "peer=open"),
    ("open-mta", ["--pw", "x"], False, "it must be empty"),
    ("ia5-mta", ["--pw", "pass"], True, "peer=ia5"),
    ("ia5-mta", ["--pw", "pass", "--password-form", "octets"], False, "the form that remote-password-form does not take"),
    ("ia5-mta", ["--pw", "Pass"], False, "gave a wrong password"),
    ("octets-mta", ["--pw", "pass", "--password-form", "octets"], True, "peer=octets"),
    ("octets-mta", ["--pw", "pass"], False, "the form that remote-password-form does not take"),
    ("any-mta", ["--pw", "pass"], True, "peer=any"),
    ("any-mta", ["--pw", "pass", "--password-form", "octets"], True, "peer=any"),
    ("any-mta", ["--pw", ""], False, "gave a wrong password"),
    ("Any-MTA", ["--pw", "pass"], False, "which differs in case"),
]


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "password").write_text("pass\n")
        (folder / "password").chmod(0o600)
        host = gateway.Gateway("us", folder, peers=PEERS, tables=False).start()
        try:
            for mta, options, taken, words in CALLERS:
                before = len(host.log_text())
                result = subprocess.run([sys.executable, TOOLS / "p1peer.py", "send", "127.0.0.1", str(host.p1_port), VECTOR, "--mta", mta,
                                         *options], capture_output=True, text=True, timeout=60)
                said = host.log_text()[before:]
                tap.ok((result.returncode == 0) == taken and words in said, f"{mta} {' '.join(options)}: {'in' if taken else 'refused'}")
                if (result.returncode == 0) != taken or words not in said:
                    print(f"# {result.stdout}{result.stderr}{said}".replace("\n", "\n# "), flush=True)
            tap.ok(not host.sanitizer_findings(), "no finding of the sanitizers")
        finally:
            tap.ok(host.stop() == 0, "a clean stop")
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
