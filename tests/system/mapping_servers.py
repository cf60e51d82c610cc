"""mapping_servers.py - real servers that hold address mappings: NSD with PX records, OpenLDAP with the schema of RFC 2164."""
import os
import pathlib
import shutil
import signal
import subprocess

from gateway import ROOT, free_port, port_open, wait_for


def sbin(name):
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


class Server:
    """A process on a port of 127.0.0.1 that can be stopped and started again."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.process = None

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log)
        wait_for(lambda: port_open(self.port), 20, f"{type(self).__name__} listens: {self.folder}/log")
        return self

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
            self.process = None

    def freeze(self):
        """It stays connected, but answers nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)


class Nsd(Server):
    """Serves the root zone: the records given (master file text), and that nothing else exists."""

    def __init__(self, folder, records, ttl):
        super().__init__(folder)
        (self.folder / "zone").write_text(
            f"$ORIGIN .\n$TTL {ttl}\n@ SOA ns. admin. 1 3600 600 86400 {ttl}\n@ NS ns.\nns. A 127.0.0.1\n{records}\n")
        (self.folder / "nsd.conf").write_text(f"""server:
  ip-address: 127.0.0.1@{self.port}
  username: ""
  zonesdir: "{self.folder}"
  database: ""
  pidfile: "{self.folder}/pid"
  xfrdfile: "{self.folder}/xfrd"
  zonelistfile: "{self.folder}/zonelist"
  server-count: 1
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: "."
  zonefile: "zone"
""")

    def command(self):
        return [sbin("nsd"), "-d", "-c", str(self.folder / "nsd.conf")]

    def stop(self):
        """NSD's children end with it, but not at once."""
        if self.process:
            children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
            super().stop()
            for child in children:
                try:
                    os.kill(int(child), signal.SIGKILL)
                except ProcessLookupError:
                    pass
            wait_for(lambda: not port_open(self.port), 10, "NSD is gone")


class Slapd(Server):
    """Holds the entries of an LDIF text below o=test; offers StartTLS as 127.0.0.1, verified by ca.pem in its folder."""

    def __init__(self, folder, ldif, password=None):
        super().__init__(folder)
        (self.folder / "db").mkdir(exist_ok=True)
        access = "access to * by dn.exact=\"cn=reader,o=test\" read by * auth" if password else "access to * by * read"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
                        "subjectAltName=IP:127.0.0.1", "-keyout", self.folder / "key.pem", "-out", self.folder / "ca.pem"],
                       check=True, capture_output=True)
        (self.folder / "slapd.conf").write_text(f"""include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include {ROOT}/conf/ldap/mixer.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {self.folder}/pid
TLSCertificateFile {self.folder}/ca.pem
TLSCertificateKeyFile {self.folder}/key.pem
{access}
database mdb
suffix o=test
directory {self.folder}/db
maxsize 16777216
""")
        reader = f"dn: cn=reader,o=test\nobjectClass: person\nsn: reader\nuserPassword: {password}\n\n" if password else ""
        (self.folder / "data.ldif").write_text("dn: o=test\nobjectClass: organization\n\n" + reader + ldif)
        subprocess.run([sbin("slapadd"), "-f", str(self.folder / "slapd.conf"), "-l", str(self.folder / "data.ldif")], check=True,
                       capture_output=True, text=True)

    def command(self):
        return [sbin("slapd"), "-f", str(self.folder / "slapd.conf"), "-h", f"ldap://127.0.0.1:{self.port}", "-d", "0"]
