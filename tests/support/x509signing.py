"""Signers with an X.509 certificate of a real gpgsm, made by an authority that the test makes itself."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.support.signing import Signer
from tests.support.user import User

_USAGES = ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign")


class Authority:
    """A certificate authority, which the user's gpgsm trusts once he says so."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.key = _key()
        self.certificate = _builder("CA", self.key, days=30, ca=True).sign(
            self.key, hashes.SHA256()
        )
        folder = user.home / ".gnupg"
        folder.mkdir(mode=0o700, exist_ok=True)
        (folder / "gpgsm.conf").write_text("disable-crl-checks\n")
        (folder / "gpg-agent.conf").write_text("no-allow-mark-trusted\n")
        self._import(self.certificate)

    def trust(self) -> None:
        """Have the user trust it."""
        fingerprint = self.certificate.fingerprint(hashes.SHA1()).hex().upper()
        (self.user.home / ".gnupg/trustlist.txt").write_text(f"{fingerprint} S relax\n")
        self._run("gpgconf", "--kill", "gpg-agent")

    def distrust(self) -> None:
        """Have the user trust it no more."""
        (self.user.home / ".gnupg/trustlist.txt").write_text("")
        self._run("gpgconf", "--kill", "gpg-agent")

    def signer(self, name: str, days: int = 30) -> Signer:
        """Somebody with a new certificate that ends in *days*, which names him *name*."""
        key = _key()
        builder = _builder(name, key, days=days, ca=False)
        made = builder.sign(self.key, hashes.SHA256())
        _keep(key, self.user.home / ".gnupg/private-keys-v1.d")
        self._import(made)
        fingerprint = made.fingerprint(hashes.SHA1()).hex().upper()
        return Signer(
            fingerprint, ("-c", "gpg.format=x509", "-c", f"user.signingKey={fingerprint}")
        )

    def _import(self, certificate: x509.Certificate) -> None:
        self._run("gpgsm", "--batch", "--import", stdin=certificate.public_bytes(Encoding.PEM))

    def _run(self, *argv: str, stdin: bytes = b"") -> None:
        done = self.user.program(argv, stdin=stdin)
        assert done.status == 0, done.printed


def _keep(key: rsa.RSAPrivateKey, folder: Path) -> None:
    """Put *key* into gpg-agent's *folder*, without a passphrase that a person would have to type."""
    private = key.private_numbers()
    public = private.public_numbers
    p, q = sorted((private.p, private.q))
    numbers = {"n": public.n, "e": public.e, "d": private.d, "p": p, "q": q, "u": pow(p, -1, q)}
    fields = b"".join(
        b"(1:%s%d:%s)" % (name.encode(), len(value), value)
        for name, value in ((name, _octets(number)) for name, number in numbers.items())
    )
    folder.mkdir(mode=0o700, exist_ok=True)
    keygrip = hashlib.sha1(_octets(public.n), usedforsecurity=False).hexdigest().upper()
    (folder / f"{keygrip}.key").write_bytes(b"(11:private-key(3:rsa%s))" % fields)


def _octets(number: int) -> bytes:
    """The bytes of *number* with a sign bit of 0."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _builder(name: str, key: rsa.RSAPrivateKey, *, days: int, ca: bool) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name("CA"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=5))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if ca:
        return builder
    mail = x509.SubjectAlternativeName([x509.RFC822Name("alice@example.com")])
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        encipher_only=False,
        decipher_only=False,
        **dict.fromkeys(_USAGES, False),
    )
    return builder.add_extension(mail, critical=False).add_extension(usage, critical=True)


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
