"""Strong credentials of the bind (X.411 8.1.1.1, 8.5.8, 8.5.10): an asymmetric token and the certificate that proves it. What is signed
and verified is done by the command openssl, so that nothing here is shared with the gateway."""
import os
import pathlib
import subprocess
import tempfile
import time

from . import ber

ASYMMETRIC_TOKEN = ber.oid("2.6.3.6.0")  # id-tok-asymmetricToken
ECDSA_SHA256, RSA_SHA256 = ber.oid("1.2.840.10045.4.3.2"), ber.oid("1.2.840.113549.1.1.11")
BIND_TOKEN_SIGNED_DATA = 1


def openssl(*arguments, octets=b""):
    return subprocess.run(["openssl", *arguments], input=octets, capture_output=True, check=True).stdout


def algorithm(key):
    kind = openssl("pkey", "-in", key, "-noout", "-text")
    return ber.tlv(0x30, ber.tlv(6, RSA_SHA256), ber.tlv(5)) if b"modulus" in kind else ber.tlv(0x30, ber.tlv(6, ECDSA_SHA256))


def token(key, recipient, age=0):
    """For the MTA of that name; age: seconds ago it was made."""
    method = algorithm(key)
    random_number = ber.tlv(3, b"\0", os.urandom(16))
    data = ber.tlv(0x30, method, ber.tlv(0xa3, ber.tlv(0x16, recipient)),
                   ber.tlv(0x17, time.strftime("%y%m%d%H%M%SZ", time.gmtime(time.time() - age)).encode()),
                   ber.tlv(0xa0, ber.integer(BIND_TOKEN_SIGNED_DATA, 0x80), ber.tlv(0xa1, random_number)))
    signature = openssl("dgst", "-sha256", "-sign", key, octets=data)
    signed = ber.tlv(0x30, data, method, ber.tlv(3, b"\0", signature))
    return ber.tlv(0xa0, ber.tlv(0x80, ASYMMETRIC_TOKEN), ber.tlv(0xa1, signed))


def credentials(certificate, key, recipient, age=0):
    return ber.tlv(0xa0, token(key, recipient, age),
                   ber.tlv(0xa1, openssl("x509", "-in", certificate, "-outform", "DER")))


def verify(content, authority, own_name):
    """The subject of the one who proved himself by these StrongCredentials; ValueError says what is wrong."""
    signed, certificate = ber.find(content, 0xa0, 0xa1, 0x30), ber.find(content, 0xa1)
    if signed is None or certificate is None:
        raise ValueError("token or certificate is missing")
    if ber.find(content, 0xa0, 0x80) != ASYMMETRIC_TOKEN:
        raise ValueError("no asymmetric token")
    data = ber.elements(signed)[0][1]
    signature = ber.find(signed, 3)
    if ber.find(data, 0xa3, 0x16) != own_name:
        raise ValueError(f"made for {ber.find(data, 0xa3, 0x16)}")
    made = time.strptime(ber.find(data, 0x17).decode(), "%y%m%d%H%M%SZ")
    if abs(time.mktime(made) - time.mktime(time.gmtime())) > 60:
        raise ValueError("made at another time")
    if ber.to_integer(ber.find(data, 0xa0, 0x80)) != BIND_TOKEN_SIGNED_DATA or len(ber.find(data, 0xa0, 0xa1, 3)) < 9:
        raise ValueError("its signed data are no random number")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        one = ber.read(certificate)
        pem = openssl("x509", "-inform", "DER", octets=certificate[:one[2]])
        (folder / "given.pem").write_bytes(pem)
        (folder / "key.pem").write_bytes(openssl("x509", "-pubkey", "-noout", octets=pem))
        (folder / "signature").write_bytes(signature[1:])
        try:
            openssl("verify", "-CAfile", authority, folder / "given.pem")
            openssl("dgst", "-sha256", "-verify", folder / "key.pem", "-signature", folder / "signature", octets=ber.tlv(0x30, data))
        except subprocess.CalledProcessError as error:
            raise ValueError(f"openssl says {(error.stdout + error.stderr).decode().strip()}") from None
        return openssl("x509", "-noout", "-subject", octets=pem).decode().strip()
