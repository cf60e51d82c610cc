#!/usr/bin/env python3
"""Address mappings in a real DNS server (PX, RFC 2163) and a real directory (RFC 2164): mail through both, servers that are away
or hang, answers that are kept for their time, a heading that does not wait for ever (RFC 2156 4.2.1)."""
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from gateway import Gateway, Sink, Tap, free_port, peer_xml, swaks, wait_for
from mapping_servers import Nsd, Slapd

TTL = 6
ZONE = """*.X42D.zz A 127.0.0.1
*.land.example. PX 50 land.example. PRMD-land.ADMD-demo.C-xx.
*.sea.example. PX 50 sea.example. PRMD-sea.ADMD-demo.C-xx.
*.PRMD-land.ADMD-demo.X42D.xx. PX 50 land.example. PRMD-land.ADMD-demo.C-xx.
*.PRMD-sea.ADMD-demo.X42D.xx. PX 50 sea.example. PRMD-sea.ADMD-demo.C-xx.
"""
OR_TREE = "cn=X.400 to RFC 822,ou=MIXER MCGAMs,o=test"
DOMAIN_TREE = "cn=RFC 822 to X.400,ou=MIXER MCGAMs,o=test"
LDIF = f"""dn: ou=MIXER MCGAMs,o=test
objectClass: organizationalUnit

dn: {OR_TREE}
objectClass: organizationalRole

dn: C=xx,{OR_TREE}
objectClass: mHSCountry

dn: ADMD=demo,C=xx,{OR_TREE}
objectClass: aDMD

dn: PRMD=land,ADMD=demo,C=xx,{OR_TREE}
objectClass: pRMD
objectClass: x400ToRFC822Mapping
mixerAssociatedDomain: land.example

dn: PRMD=sea,ADMD=demo,C=xx,{OR_TREE}
objectClass: pRMD
objectClass: x400ToRFC822Mapping
mixerAssociatedDomain: sea.example

dn: {DOMAIN_TREE}
objectClass: organizationalRole

dn: dc=example,{DOMAIN_TREE}
objectClass: domain

dn: dc=land,dc=example,{DOMAIN_TREE}
objectClass: rFC822ToX400Mapping
associatedORAddress: PRMD=land,ADMD=demo,C=xx

dn: dc=sea,dc=example,{DOMAIN_TREE}
objectClass: rFC822ToX400Mapping
associatedORAddress: PRMD=sea,ADMD=demo,C=xx
"""


class World:
    """sea looks mappings up in DNS, land in a directory."""

    def __init__(self, folder):
        self.folder = folder
        self.nsd = Nsd(folder / "nsd", ZONE, TTL)
        self.slapd = Slapd(folder / "slapd", LDIF, password="reading")
        self.sink = {name: Sink(folder / f"{name}.mail") for name in ("sea", "land")}
        p1 = {"sea": free_port(), "land": free_port()}
        (folder / "land").mkdir()
        secret = folder / "land" / "ldap-password"
        secret.write_text("reading\n")
        secret.chmod(0o600)
        sources = {
            "sea": f'<addressing header-patience="4s"><source kind="tables"/><source kind="dns"/></addressing>'
                   f'<dns forward="127.0.0.1@{self.nsd.port}"/>',
            "land": f'<addressing header-patience="4s"><source kind="ldap" url="ldap://127.0.0.1:{self.slapd.port}" tls="start" ca="{folder}/slapd/ca.pem" '
                    f'base="ou=MIXER MCGAMs,o=test" bind-dn="cn=reader,o=test" password-file="ldap-password" timeout="2" '
                    f'ttl="{TTL}s" negative-ttl="1s"/></addressing>'}
        self.gateway = {}
        for name, other in (("sea", "land"), ("land", "sea")):
            peers = peer_xml(other, p1[other], f"{name}-mta", f"{other}-mta", folder / name)
            peers += f'<route or="/PRMD={other}/ADMD=demo/C=xx/" peer="{other}"/><route domain="{name}.example" smarthost="127.0.0.1" port="{self.sink[name].port}"/>'
            self.gateway[name] = Gateway(name, folder / name, peers=peers, p1_port=p1[name], sink_port=self.sink[name].port,
                                         tables=False, extra=sources[name])
        self.sea, self.land = self.gateway["sea"], self.gateway["land"]

    def __enter__(self):
        for server in (self.nsd, self.slapd, *self.sink.values(), self.land, self.sea):
            server.start()
        return self

    def __exit__(self, *exception):
        for gateway in self.gateway.values():
            gateway.kill()
        for server in (self.nsd, self.slapd, *self.sink.values()):
            server.stop()

    def mail_at_land(self, subject):
        return next((m for m in self.sink["land"].mails() if subject.encode() in m), None)

    def send(self, subject, *arguments, **keywords):
        return swaks(self.sea.smtp_port, "ann@sea.example", "bob@land.example", "--header", f"Subject: {subject}", *arguments,
                     **keywords)

    def delivered(self, subject, seconds=40):
        return wait_for(lambda: self.mail_at_land(subject), seconds, f"{subject} arrives at land")


def config_complaints(folder, extra):
    gateway = Gateway("odd", folder / f"odd{time.monotonic_ns()}", tables=False, extra=extra, sink_port=1)
    gateway.write_config()
    result = gateway.cli("check", check=False)
    return result.returncode, result.stdout + result.stderr


def main():
    tap = Tap()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="gw400-lookups-"))
    with World(folder) as world:
        sea, land = world.sea, world.land
        # proves: M2 M6
        with tap.case("mail goes through a mapping in DNS and one in a directory"):
            world.send("both worlds")
            mail = world.delivered("both worlds")
            assert b"ann@sea.example" in mail, mail
            assert b"PRMD" not in mail.split(b"\nFrom:")[1].split(b"\n")[0], mail
        with tap.case("what was looked up stands in the audit log"):
            told = [r["detail"] for g in (sea, land) for r in g.ask("audit.search", event="looked-up", limit=100)["items"]]
            text = str(told).lower()
            assert "50 land.example prmd-land.admd-demo.c-xx" in text and "mixerassociateddomain: land.example" in text, text
        with tap.case("gw400 map asks the daemon, and says what it lacks when there is none"):
            there = sea.cli("map", "--explain", "bob@land.example").stdout
            assert "-> /S=bob/PRMD=land/ADMD=demo/C=xx/" in there and "dns: land.example: 50" in there, there
            back = land.cli("map", "/S=bob/PRMD=land/ADMD=demo/C=xx/").stdout
            assert "-> bob@land.example" in back, back
        # proves: A7-indeterminate
        with tap.case("an answer is kept for its time, and a directory that hangs holds up nobody for long"):
            world.send("warms land")
            world.delivered("warms land")
            world.slapd.freeze()
            world.send("kept answers")
            world.delivered("kept answers", 10)
            time.sleep(TTL + 1)
            begin = time.monotonic()
            answer = land.cli("map", "/S=bob/PRMD=land/ADMD=demo/C=xx/", check=False)
            assert time.monotonic() - begin < 15 and "4.4.3" in answer.stdout, answer.stdout
        # proves: A7-indeterminate
        with tap.case("an envelope's recipient waits for its look-up by the retry schedule"):
            world.send("waits at land")
            waiting = wait_for(lambda: [m for m in land.queue() if any(r.get("hop") == "lookup" for r in m["recipients"])], 30,
                               "the recipient waits at the hop lookup")
            assert "4.4.3" in str(waiting), waiting
            world.slapd.thaw()
            world.delivered("waits at land", 60)
        # proves: A7-indeterminate
        with tap.case("an unknown mapping is 451 4.4.3 at RCPT, and taken when DNS is back"):
            time.sleep(TTL + 1)
            world.nsd.stop()
            refused = world.send("refused", check=False)
            assert "451 4.4.3" in refused.stdout, refused.stdout
            world.nsd.start()
            wait_for(lambda: world.send("taken again", check=False).returncode == 0, 90, "the recipient is taken again")
            world.delivered("taken again")
        # proves: A7-header
        with tap.case("a heading waits its time, then its address is encapsulated"):
            world.send("warm")
            world.delivered("warm")
            world.send("warm again")  # answers are fresh now
            world.nsd.stop()
            world.send("heading", "--header", "Cc: carol@unknown.example")
            deferred = wait_for(lambda: "4.4.3" in str(sea.queue()) or world.mail_at_land("heading"), 60, "it waits")
            mail = world.delivered("heading", 90)
            assert b"carol" in mail, mail
            losses = str(sea.ask("audit.search", text="encapsulated", limit=10)["items"])
            assert "unknown.example" in losses, losses
            world.nsd.start()
        # proves: A7-indeterminate
        with tap.case("at the end of the lifetime the sender gets a report"):
            world.slapd.stop()
            time.sleep(TTL + 1)
            land.settings["queue"] = 'retry-first="1s" retry-max="2s" lifetime="8s"'
            land.stop()
            land.start()
            world.send("never known")
            wait_for(lambda: any(b"never known" in m or b"4.4.7" in m or b"5.4.7" in m for m in world.sink["sea"].mails()), 120,
                     "a report at sea")
            world.slapd.start()
        for gateway in (sea, land):
            tap.ok(not gateway.sanitizer_findings(), f"{gateway.name}: no findings")
            gateway.stop()
        with tap.case("offline the look-ups that are lacking are named"):
            answer = sea.cli("map", "bob@land.example", check=False)
            assert answer.returncode == 75 and "lacks the look-up of land.example in dns" in answer.stderr, answer.stderr
        with tap.case("check names what is wrong with a source"):
            for extra, words in (('<source kind="ldap"/>', "needs url and base"),
                                 ('<source kind="ldap" url="http://x" base="o=x"/>', "expected ldap://"),
                                 ('<source kind="dns" url="ldap://x"/>', "are of ldap"),
                                 ('<source kind="dns"/><source kind="dns"/>', "a second one of the name dns"),
                                 ('<source kind="dns" root="a..b"/>', "expected a domain name"),
                                 ('<source kind="nis"/>', "nis")):
                code, text = config_complaints(folder, f"<addressing>{extra}</addressing>")
                assert code == 1 and words in text, (extra, text)
    tap.end()


if __name__ == "__main__":
    main()
