#!/usr/bin/env python3
"""test_peer_strong.py - strong authentication in the bind, both ways, between a call of gw400 and a gateway: who has the certificate of the
sheet comes in, who has another, a password or a recorded token does not."""
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import gateway  # noqa: E402
from p1_server import Server  # noqa: E402

tap = gateway.Tap()


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], check=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def certificate(folder, file, name, *kind):
    openssl(folder, "req", "-newkey", *kind, "-nodes", "-keyout", f"{file}.key", "-out", f"{file}.csr", "-subj", f"/CN={name}")
    openssl(folder, "x509", "-req", "-in", f"{file}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-out",
            f"{file}.pem")
    (folder / f"{file}.key").chmod(0o600)


class Listener(threading.Thread):
    """A proxy that keeps what the caller says, one packet after the other."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.to, self.said = port, []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]

    def run(self):
        caller, _ = self.server.accept()
        called = socket.create_connection(("127.0.0.1", self.to))
        threading.Thread(target=self.copy, args=(called, caller, None), daemon=True).start()
        self.copy(caller, called, self.said)

    @staticmethod
    def copy(source, target, kept):
        try:
            while block := source.recv(65536):
                if kept is not None:
                    kept.append(block)
                target.sendall(block)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def call(folder, number, port, attributes):
    config = folder / f"sea{number}.xml"
    config.write_text(f"""<gw400>
  <gateway name="sea" domain="gw.sea.example" administrator="postmaster@sea.example" or-address="/S=gateway/C=xx/" country="xx"
           mta-name="sea" spool="spool" control-socket="control"/>
  <smtp hostname="gw.sea.example"/>
  <peer name="land" local-mta="sea-mta" remote-mta="land-mta" {attributes}><address at="127.0.0.1:{port}"/></peer>
</gw400>
""")
    result = subprocess.run([gateway.BUILD / "gw400", "peer", "test", "-c", config, "--json", "--wait", "8", "land"], capture_output=True,
                            text=True, env={"ASAN_OPTIONS": "detect_leaks=0"})
    return result.returncode, {step["step"]: step for step in json.loads(result.stdout)}


def replay(port, said):
    """Says again what was said up to the bind; the answer to it."""
    with socket.create_connection(("127.0.0.1", port), 10) as line:
        answer = b""
        for block in said[:2]:
            line.sendall(block)
            answer = line.recv(65536)
        return answer


def independent(folder, mode, land):
    """The same with p1peer, which makes and proves tokens by itself."""
    def p1peer(mta, *options):
        return subprocess.run([sys.executable, gateway.ROOT / "tests/tools/p1peer.py", "send", "127.0.0.1", str(land.p1_port), "--mode", mode,
                               "--mta", mta, "--authority", folder / "ca.pem", *options], capture_output=True, text=True, timeout=60)

    def proof(name, for_mta="land-mta", age=0):
        return ["--certificate", folder / f"{name}.pem", "--key", folder / f"{name}.key", "--token-for", for_mta, "--token-age", str(age)]
    good = p1peer("sea-mta", *proof("sea"))
    tap.ok(good.returncode == 0 and "proved by" in good.stdout and "land-mta" in good.stdout, f"{mode}: p1peer and the gateway prove themselves")
    if good.returncode:
        print(f"# {good.stdout}{good.stderr}".replace("\n", "\n# "), flush=True)
    for what, options, words in (("made for another MTA", proof("sea", "isle-mta"), 'made for MTA "isle-mta"'),
                                 ("made too long ago", proof("sea", age=400), "seconds before now"),
                                 ("of another's key", [*proof("isle")[:1], folder / "sea.pem", *proof("isle")[2:]], "signature does not hold")):
        before = len(land.log_text())
        refused = p1peer("sea-mta", *options)
        tap.ok(refused.returncode != 0 and words in land.log_text()[before:], f"{mode}: a token {what} is refused")
    server = Server(mta=b"land-mta", mode=mode, certificate=str(folder / "land.pem"), key=str(folder / "land.key"), token_for=b"sea-mta",
                    authority=str(folder / "ca.pem"))
    try:
        ours = 'local-authentication="strong" strong-certificate="sea.pem" strong-key="sea.key" remote-authentication="strong" strong-ca="ca.pem"'
        code, steps = call(folder, 4, server.port, f'mode="{mode}" {ours}')
        tap.ok(code == 0 and any("proved by" in words and "sea-mta" in words for words in server.words), f"{mode}: p1peer proves our token")
        if code:
            print(f"# {json.dumps(steps)} {server.words}", flush=True)
    finally:
        server.close()


def main():
    ours = 'local-authentication="strong" strong-certificate="sea.pem" strong-key="sea.key"'
    theirs = 'remote-authentication="strong" strong-ca="ca.pem"'
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj",
                "/CN=ca", "-addext", "basicConstraints=critical,CA:TRUE")
        rsa, ec = ("rsa:2048",), ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        certificate(folder, "sea", "sea-mta", *rsa)
        certificate(folder, "land", "land-mta", *ec)
        certificate(folder, "isle", "isle-mta", *rsa)
        both = 'local-authentication="strong" remote-authentication="strong" strong-certificate="land.pem" strong-key="land.key" ' \
               'strong-ca="ca.pem"'
        for mode in ("1988-normal", "1988-x410"):
            land = gateway.Gateway("land", folder / mode,
                                   peers=f'<peer name="sea" local-mta="land-mta" remote-mta="sea-mta" mode="{mode}" {both}/>')
            land.folder.mkdir()
            for file in folder.glob("*.*"):
                (land.folder / file.name).write_bytes(file.read_bytes())
                (land.folder / file.name).chmod(file.stat().st_mode & 0o777)
            land.start()
            try:
                line = Listener(land.p1_port)
                line.start()
                code, steps = call(folder, 1, line.port, f'mode="{mode}" {ours} {theirs}')
                tap.ok(code == 0 and "token" in steps["bind"]["sent"][0] + steps["bind"]["came"][0], f"{mode}: both prove who they are")
                if code:
                    print(f"# {json.dumps(steps)}", flush=True)
                replay(land.p1_port, line.said)
                tap.ok("was used before" in land.log_text(), f"{mode}: a token that is said again is refused")
                code, steps = call(folder, 2, land.p1_port, f'mode="{mode}" {ours.replace("sea.", "isle.")} {theirs}')
                tap.ok(code == 1 and not steps["bind"]["ok"] and "for another name" in land.log_text(),
                       f"{mode}: the certificate of another MTA is refused")
                code, steps = call(folder, 3, land.p1_port, f'mode="{mode}"')
                tap.ok(code == 1 and "gave no signed token" in land.log_text(), f"{mode}: a password in its place is refused")
                independent(folder, mode, land)
                tap.ok(not land.sanitizer_findings(), f"{mode}: no finding of the sanitizers")
            finally:
                tap.ok(land.stop() == 0, f"{mode}: a clean stop")
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
