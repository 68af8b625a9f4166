"""What is commented out, encoded again, packed, or repeated in an annotation; and private keys."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
import textwrap
import zipfile
import zlib
from collections.abc import Iterator

import pyrage

from tests.guard.corpus.case import ONLY_DATA, Case, Fresh, b64, encrypt, found, remember
from tests.support.draw import CHANCE

COMMENTED = "commented-credentials"
PACKED = "packed-credentials"


def readable() -> Iterator[Case]:
    for name, spell, reason in COMMENTS:
        yield found(f"comment/{name}", COMMENTED, spell(Fresh()), reason)
    for name, spell, reason in PACKINGS:
        yield found(f"packed/{name}", PACKED, spell(Fresh()), reason)
    yield from _annotations()
    yield from _keys()


def _comment(text: str, mark: str = "# ") -> str:
    return "".join(mark + line + "\n" for line in text.splitlines())


def _tar(name: str, content: str | bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content.encode() if isinstance(content, str) else content))
    return out.getvalue()


def _zip(content: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", content)
    return out.getvalue()


def _secret_of(value: str) -> str:
    return f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\ndata:\n  blob: {value}\n"


def _login(c: Fresh) -> str:
    return f"docker login -u {c.user} -p {c.password} ghcr.io"


def _address(c: Fresh) -> str:
    return f"https://{c.user}:{c.password}@registry.example.com/v2/"


def _values(c: Fresh) -> str:
    return (
        f"imageCredentials:\n  registry: quay.io\n  username: {c.user}\n  password: {c.password}\n"
    )


SPELLED = [
    ("login", _login, "a command"),
    ("address", _address, "an address with its password"),
    ("short address", lambda c: f"oci://r:{c.password[-9:]}@a.io", "as short as one may be"),
    ("values", _values, "chart values"),
    ("variable", lambda c: f"REGISTRY_PASSWORD={c.password}\n", "an env file"),
    ("words of another language", lambda c: f"user: röbot\n{_values(c)}", "letters that are no ASCII"),
]  # fmt: skip
COMMENTS = [
    ("secret", lambda c: "a: 1\n" + _comment(c.secret), "a commented-out pull Secret"),
    ("no blank", lambda c: "a: 1\n" + _comment(c.secret, "#"), "marks without a blank"),
    ("indented", lambda c: "a:\n" + textwrap.indent(_comment(c.secret), "  "), "indented"),
    ("one line", lambda c: f"data:\n  # .dockerconfigjson: {c.packed}\n  a: b\n", "one line of a Secret"),
    ("trailing", lambda c: f"password: ${{PW}} # {c.config}\n", "behind a value"),
    ("string data", lambda c: "kind: ConfigMap\n" + _comment("stringData:\n  .dockerconfigjson: |\n" + textwrap.indent(json.dumps(json.loads(c.config), indent=2), "    ")), "JSON on many comment lines"),
    ("login", lambda c: f"#!/bin/sh\n# docker login -u {c.user} -p {c.password} {c.host}\n", "a command"),
    ("values", lambda c: _comment(f"imageCredentials:\n  registry: quay.io\n  username: {c.user}\n  password: {c.password}") + "a: 1\n", "chart values"),
    ("encrypted file", lambda c: _comment(c.secret) + encrypt(Fresh().secret, *ONLY_DATA), "above an encrypted document"),
    ("slashes", lambda c: "{\n// " + c.config + '\n"a": 1}\n', "a comment in JSON"),
    ("env", lambda c: f"# REGISTRY_PASSWORD={c.password}\nA=b\n", "an env file"),
    ("hexadecimal", lambda c: f"a: 1\n# {_address(c).encode().hex()}\n", "an address in hexadecimal"),
    ("address in base64", lambda c: f"a: 1\n# {b64(_address(c))}\n", "an address in base64"),
    ("address in lines", lambda c: "a: 1\n" + _comment("\n".join(textwrap.wrap(b64(f"mirror of the images: {_address(c)}"), 36))), "base64 in lines of which each is commented out"),
    ("html", lambda c: f"# T\n<!-- {c.config} -->\n", "Markdown"),
    ("other document", lambda c: "a: 1\n---\n" + _comment(c.secret) + "---\nb: 2\n", "a document of comments only"),
]  # fmt: skip
PACKINGS = [
    ("base64 twice", lambda c: c.secret.replace(c.packed, b64(c.packed)), "base64 of base64"),
    ("base64 thrice", lambda c: f"x: {b64(b64(c.packed))}\n", "and once more"),
    ("gzip", lambda c: _secret_of(b64(gzip.compress(c.config.encode()))), "gzip in base64"),
    ("gzip of secret", lambda c: "x: " + b64(gzip.compress(c.secret.encode())) + "\n", "a packed manifest"),
    ("helm release", lambda c: _secret_of(b64(b64(gzip.compress(json.dumps({"manifest": c.secret}).encode())))).replace("blob", "release"), "what helm stores for a release"),
    ("tar", lambda c: _secret_of(b64(_tar("config.json", c.config))).replace("blob", "files"), "tar in base64"),
    ("tar gz", lambda c: _secret_of(b64(gzip.compress(_tar("a/config.json", c.config)))), "tar in gzip in base64"),
    ("bzip2", lambda c: _secret_of(b64(bz2.compress(c.config.encode()))), "bzip2 in base64"),
    ("xz", lambda c: _secret_of(b64(lzma.compress(c.config.encode()))), "xz in base64"),
    ("zip", lambda c: _secret_of(b64(_zip(c.config))), "zip in base64"),
    ("zlib", lambda c: _secret_of(b64(zlib.compress(c.config.encode()))), "zlib in base64"),
    ("zlib of secret", lambda c: f"config: {b64(zlib.compress(c.secret.encode()))}\n", "a manifest in zlib"),
    ("file zlib best", lambda c: zlib.compress(c.secret.encode(), 9), "a file that is compressed as well as zlib can"),
    ("zlib twice", lambda c: f"x: {b64(b64(zlib.compress(c.config.encode())))}\n", "zlib in base64 of base64"),
    ("zlib wrapped", lambda c: "x: |\n" + textwrap.indent("\n".join(textwrap.wrap(b64(zlib.compress(c.config.encode())), 60)), "  ") + "\n", "zlib in wrapped lines"),
    ("zlib script", lambda c: f"python3 -c \"import zlib,base64;print(zlib.decompress(base64.b64decode('{b64(zlib.compress(c.config.encode()))}')))\"\n", "a script that unpacks it"),
    ("file zlib", lambda c: zlib.compress(c.config.encode()), "a compressed file without gzip's head"),
    ("hexadecimal", lambda c: f"config: {c.config.encode().hex()}\n", "a docker config in hexadecimal"),
    ("hexadecimal upper", lambda c: f"config: 0x{c.config.encode().hex().upper()}\n", "in capitals, with what programs put ahead"),
    ("hexadecimal dump", lambda c: "xxd -r -p > config.json <<EOF\n" + "\n".join(textwrap.wrap(c.config.encode().hex(), 60)) + "\nEOF\n", "as xxd -p wraps it"),
    ("hexadecimal of secret", lambda c: f"manifest = '{c.secret.encode().hex()}'\n", "a whole Secret, of which the config is in base64"),
    ("hexadecimal in secret", lambda c: _secret_of(b64(c.config.encode().hex())), "hexadecimal in base64"),
    *((f"hexadecimal {name}", lambda c, spell=spell: f"x: {spell(c).encode().hex()}\n", reason) for name, spell, reason in SPELLED),
    ("hexadecimal capitals of login", lambda c: f"run = bytes.fromhex('{_login(c).encode().hex().upper()}')\n", "a program's string, in capitals"),
    ("hexadecimal dump of values", lambda c: "xxd -r -p > values.yaml <<EOF\n" + "\n".join(textwrap.wrap(_values(c).encode().hex(), 30)) + "\nEOF\n", "in lines too short to say anything alone"),
    ("hexadecimal lines in JSON", lambda c: json.dumps({"run": "\n".join(textwrap.wrap(_values(c).encode().hex(), 60))}), "line ends that are escaped"),
    ("hexadecimal behind an escape", lambda c: f"printf 'first\\n{_values(c).encode().hex()}' > x\n", "the letter of an escaped line end is no digit"),
    ("hexadecimal of base64", lambda c: f"x: {b64(_login(c)).encode().hex()}\n", "base64 in hexadecimal"),
    ("base64 of hexadecimal", lambda c: f"x: {b64(_login(c).encode().hex())}\n", "hexadecimal in base64"),
    ("hexadecimal of an address in secret", lambda c: _secret_of(b64(_address(c).encode().hex())), "where a Secret has base64 anyway"),
    ("address twice", lambda c: f"x: {b64(b64(_address(c)))}\n", "base64 of base64 of an address"),
    ("hexadecimal in comment", lambda c: f"a: 1\nb: {b64(c.config.encode().hex())} # as the vendor wants it\n", "hexadecimal in base64, beside a comment"),
    ("file gz", lambda c: gzip.compress(c.secret.encode()), "a compressed file"),
    ("file tgz", lambda c: gzip.compress(_tar("chart/values.yaml", c.secret)), "a packed chart"),
    ("file zip", lambda c: _zip(c.config), "a zip file"),
    ("wrapped twice", lambda c: "x: |\n" + "\n".join("  " + part for part in textwrap.wrap(b64(b64(c.config)), 64)) + "\n", "wrapped lines of base64 of base64"),
]  # fmt: skip


def _annotations() -> Iterator[Case]:
    c = Fresh()
    copied = json.dumps(
        {"apiVersion": "v1", "kind": "Secret", "data": {".dockerconfigjson": c.packed}}
    )
    head = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: r\n  annotations:\n"
    key = "    kubectl.kubernetes.io/last-applied-configuration: "
    plain = (
        head
        + key
        + "'"
        + copied
        + "'\ntype: kubernetes.io/dockerconfigjson\ndata:\n  .dockerconfigjson: e30=\n"
    )
    yield found(
        "annotation/encrypted",
        "annotation-credentials",
        encrypt(plain, *ONLY_DATA),
        "kubectl left it beside the ciphertext",
    )
    block = plain.replace("'" + copied + "'", "|\n      " + copied)
    yield found(
        "annotation/block",
        "annotation-credentials",
        encrypt(block, *ONLY_DATA),
        "as kubectl get shows it",
    )
    c = Fresh()
    twice = f'{{"kind": "Secret", "stringData": {{"token": "{c.password}", "token": ""}}}}'
    yield found(
        "annotation/a key twice",
        "annotation-credentials",
        encrypt(head + key + f"'{twice}'\nstringData:\n  token: x\n", *ONLY_DATA),
        "a reader of JSON shows the last of two values",
    )
    c = Fresh()
    generic = json.dumps(
        {"apiVersion": "v1", "kind": "Secret", "stringData": {"password": c.password}}
    )
    text = head + key + "'" + generic + "'\nstringData:\n  password: x\n"
    yield found(
        "annotation/any secret",
        "annotation-credentials",
        encrypt(text, *ONLY_DATA),
        "any Secret's readable value",
    )


def _keys() -> Iterator[Case]:
    age = "age-identity"
    pgp = "pgp-private-key"

    def key() -> str:
        return remember(str(pyrage.x25519.Identity.generate()))

    yield found(
        "key/age",
        age,
        f"# created: now\n# public key: age1x\n{key()}\n",
        "age-keygen's file",
        "age.agekey",
    )
    yield found(
        "key/age in secret",
        age,
        f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: sops-age\nstringData:\n  age.agekey: {key()}\n",
        "Flux's Secret",
    )
    yield found(
        "key/age base64",
        age,
        f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: sops-age\ndata:\n  age.agekey: {b64(key())}\n",
        "in base64",
    )
    yield found(
        "key/age base64 file",
        age,
        f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\ndata:\n  a.agekey: {b64('# created: x' + chr(10) + key() + chr(10))}\n",
        "a whole key file in base64",
    )
    yield found("key/age comment", age, f"a: b # {key()}\n", "in a comment")
    yield found("key/age hexadecimal", age, f"x: {key().encode().hex()}\n", "in hexadecimal")
    yield found("key/age env", age, f"export SOPS_AGE_KEY={key()}\n", "in a script")
    yield found("key/age lower", age, f"key: {key().lower()}\n", "lower case is the same key")
    yield found("key/age utf-16", age, key().encode("utf-16"), "in UTF-16")
    yield found("key/age gzip", age, gzip.compress(key().encode()), "in a compressed file")
    yield found("key/age twice", age, f"x: {b64(b64(key()))}\n", "base64 of base64")
    bech = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"
    body = remember("".join(CHANCE.choice(bech) for _ in range(60)))
    yield found("key/age pq", age, f"AGE-SECRET-KEY-PQ-1{body}\n", "a post-quantum identity")
    yield found("key/age plugin", age, f"AGE-PLUGIN-YUBIKEY-1{body[:40]}\n", "a plugin's identity")
    armor = (
        "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n"
        + "\n".join(textwrap.wrap(remember(b64(CHANCE.randbytes(300))), 64))
        + "\n=abcd\n-----END PGP PRIVATE KEY BLOCK-----\n"
    )
    yield found("key/pgp", pgp, armor, "an armored private key", "sops.asc")
    yield found(
        "key/pgp in secret",
        pgp,
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: sops-gpg\nstringData:\n  sops.asc: |\n"
        + textwrap.indent(armor, "    "),
        "Flux's Secret",
    )
    yield found(
        "key/pgp base64",
        pgp,
        f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: sops-gpg\ndata:\n  sops.asc: {b64(armor)}\n",
        "in base64",
    )
    yield found("key/pgp crlf", pgp, armor.replace("\n", "\r\n"), "Windows line ends")
    yield found("key/pgp json", pgp, json.dumps({"key": armor}), "in a JSON string")
    packet = (
        b"\xc5" + bytes([200, 10]) + b"\x04" + b"\x65\x00\x00\x00" + b"\x01" + CHANCE.randbytes(200)
    )
    yield found("key/pgp binary", pgp, packet, "an unarmored key ring", "secring.gpg")
    # Tag 5 as gpg writes it: with a length of two bytes, or of one.
    body = b"\x04\x65\x00\x00\x00\x01" + CHANCE.randbytes(1000)
    ring = b"\x95" + len(body).to_bytes(2, "big") + body
    short = b"\x94\x70" + b"\x04\x65\x00\x00\x00\x16" + CHANCE.randbytes(106)
    public = b"\x99\x01\x06\x04\x65\x00\x00\x00\x01" + CHANCE.randbytes(256)
    user = b"\xb4\x05a@b.c"
    agent = b"(11:private-key(3:ecc(5:curve7:Ed25519)(1:d32:" + CHANCE.randbytes(32) + b")))"
    text = f"Created: 20260101T000000\nKey: (protected-private-key (rsa (n #{CHANCE.randbytes(64).hex().upper()}#)))\n"
    for name, content, reason in (
        ("ring", ring, "gpg --export-secret-keys"),
        ("short ring", short + user, "a key of an elliptic curve"),
        ("public first", public + user + ring, "two rings, of which the first is public"),
        ("agent", agent, "a file of gpg-agent"),
        ("agent text", text.encode(), "the same in its newer form"),
        ("ring gzip", gzip.compress(ring), "a compressed ring"),
        ("ring tar", _tar("ring", ring), "a ring in an archive"),
        ("ring base64", f"x: {b64(ring)}\n", "Flux's Secret, with what gpg writes by default"),
        ("short ring base64", f"x: {b64(short + user)}\n", "the same with a short key"),
        ("agent base64", f"x: {b64(agent)}\n", "a file of gpg-agent"),
        ("agent text base64", f"x: {b64(text)}\n", "the same in its newer form"),
    ):
        yield found(f"key/pgp {name}", pgp, content, reason, "key")
