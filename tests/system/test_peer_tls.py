#!/usr/bin/env python3
"""test_peer_tls.py - certificates of both roles, per peer: one P1 door shows each caller the certificate of its sheet, and takes it only with
the certificate that the sheet names."""
import json
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import gateway  # noqa: E402

tap = gateway.Tap()


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], check=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def certificate(folder, name, authority):
    openssl(folder, "req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
    (folder / "ext").write_text(f"subjectAltName=DNS:{name}\n")
    openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem", "-CAkey", f"{authority}.key", "-CAcreateserial", "-days",
            "2", "-extfile", "ext", "-out", f"{name}.pem")
    (folder / f"{name}.key").chmod(0o600)


def call(folder, number, port, tls, source="127.0.0.1"):
    """The steps of sea's test call with this <tls>."""
    config = folder / f"sea{number}.xml"
    config.write_text(f"""<gw400>
  <gateway name="sea" domain="gw.sea.example" administrator="postmaster@sea.example" or-address="/S=gateway/C=xx/" country="xx"
           mta-name="sea" spool="spool" control-socket="control"/>
  <smtp hostname="gw.sea.example"/>
  <peer name="land" local-mta="sea-mta" remote-mta="land-mta" tls="yes" local-source="{source}"><address at="127.0.0.1:{port}"/>{tls}</peer>
</gw400>
""")
    result = subprocess.run([gateway.BUILD / "gw400", "peer", "test", "-c", config, "--json", "--wait", "8", "land"], capture_output=True,
                            text=True, env={"ASAN_OPTIONS": "detect_leaks=0"})
    steps = json.loads(result.stdout)
    return result.returncode, {step["step"]: step for step in steps}


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for authority in ("ca-door", "ca-sea"):
            openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{authority}.key", "-out", f"{authority}.pem",
                    "-days", "2", "-subj", f"/CN={authority}", "-addext", "basicConstraints=critical,CA:TRUE")
        certificate(folder, "door.land.example", "ca-door")
        certificate(folder, "land.for-sea.example", "ca-sea")
        certificate(folder, "mta.sea.example", "ca-sea")
        certificate(folder, "other.sea.example", "ca-sea")
        peers = """
  <peer name="sea" local-mta="land-mta" remote-mta="sea-mta" tls="yes"><network cidr="127.0.0.1"/>
    <tls ca="ca-sea.pem" server-certificate="land.for-sea.example.pem" server-key="land.for-sea.example.key"
         client-name="mta.sea.example"/></peer>
  <peer name="isle" local-mta="land-mta" remote-mta="isle-mta" tls="yes"><network cidr="127.0.0.2"/></peer>"""
        land = gateway.Gateway("land", folder, peers=peers)
        write = land.write_config

        def write_config():
            write()
            text = land.config.read_text().replace(
                f'<p1><listen port="{land.p1_port}"/></p1>',
                f'<p1><listen port="{land.p1_port}" tls="yes"/><tls certificate="door.land.example.pem" key="door.land.example.key"/></p1>')
            land.config.write_text(text)
        land.write_config = write_config
        land.start()
        try:
            ours = 'certificate="mta.sea.example.pem" key="mta.sea.example.key"'
            sheet = f'<tls ca="ca-sea.pem" name="land.for-sea.example" {ours}/>'
            code, steps = call(folder, 1, land.p1_port, sheet)
            tap.ok(code == 0 and steps["bind"]["ok"], "both certificates of the sheet: the link comes up")
            code, steps = call(folder, 2, land.p1_port, '<tls ca="ca-sea.pem" name="land.for-sea.example"/>')
            tap.ok(code == 1 and "bind" not in steps, "without a certificate of ours it does not")
            code, steps = call(folder, 3, land.p1_port, sheet.replace("mta.sea.example", "other.sea.example"))
            tap.ok(code == 1 and steps["tls"]["ok"] and not steps["bind"]["ok"], "another name in our certificate is refused at the bind")
            tap.ok("client-name" in land.log_text(), "and land's log says why")
            code, steps = call(folder, 4, land.p1_port, sheet.replace("ca-sea", "ca-door").replace("land.for-sea", "door.land"))
            tap.ok(code == 1 and not steps["tls"]["ok"], "the door's own certificate is not shown to sea")
            code, steps = call(folder, 5, land.p1_port, '<tls ca="ca-door.pem" name="door.land.example"/>', source="127.0.0.2")
            tap.ok(steps["tls"]["ok"], "the door's own certificate is shown to a caller of another network")
            tap.ok(not land.sanitizer_findings(), "no finding of the sanitizers")
        finally:
            tap.ok(land.stop() == 0, "a clean stop")
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
