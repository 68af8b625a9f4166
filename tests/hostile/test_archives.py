"""What hides in an archive beside its members, or in one that only another reader opens."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import struct
import zipfile

import pytest

from gitops_secrets.core.guard import engine
from gitops_secrets.core.guard.judge.policy import Policy
from tests.support.draw import CHANCE, hexadecimal

PASSWORD = f"v3J{hexadecimal(7)}w8"
AUTH = base64.b64encode(f"deployer:{PASSWORD}".encode()).decode()
CONFIG = json.dumps({"auths": {"harbor.corp.example": {"auth": AUTH}}}).encode()


def rules(content: bytes) -> set[str]:
    return {f.rule for f in engine.judge_blob("files/a.bin", content, Policy({})).findings}


def zipped(
    text: bytes, *, comment: bytes = b"", of_member: bytes = b"", extra: bytes = b""
) -> bytes:
    """Return a zip file with one member, and what else its format has room for."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        member = zipfile.ZipInfo("notes.txt")
        member.compress_type = zipfile.ZIP_DEFLATED
        member.comment, member.extra = of_member, extra
        archive.writestr(member, text)
        archive.comment = comment
    return out.getvalue()


def gapped(gap: bytes) -> bytes:
    """Return a zip file with *gap* between its member and its directory, as one that was edited has."""
    made = zipped(b"hello")
    at = made.find(b"PK\x01\x02")
    return made[:at] + gap + made[at:]


def encrypted(text: bytes, *, by_itself: bool, by_directory: bool) -> bytes:
    """Return a zip file whose member is said to be encrypted, and is not."""
    made = bytearray(zipped(text))
    made[6] |= by_itself
    made[made.find(b"PK\x01\x02") + 8] |= by_directory
    return bytes(made)


def sized(text: bytes) -> bytes:
    """Return a zip file whose directory says that its member is shorter and stored."""
    made = bytearray(zipped(text))
    at = made.find(b"PK\x01\x02")
    made[at + 10 : at + 12] = bytes(2)
    made[at + 20 : at + 24] = struct.pack("<I", 4)
    return bytes(made)


BESIDE_MEMBERS = {
    "behind the end": zipped(b"hello") + CONFIG,
    "a comment": zipped(b"hello", comment=CONFIG),
    "a member's comment": zipped(b"hello", of_member=CONFIG),
    "an extra field": zipped(b"hello", extra=struct.pack("<HH", 0x7777, len(CONFIG)) + CONFIG),
    "a gap": gapped(CONFIG),
    "a gap, in gzip": gapped(gzip.compress(CONFIG)),
    "behind the end, in gzip": zipped(b"hello") + gzip.compress(CONFIG),
    "behind the end and a comment, in gzip": zipped(b"hello", comment=b"x") + gzip.compress(CONFIG),
}


@pytest.mark.parametrize("name", BESIDE_MEMBERS)
def test_what_stands_in_a_zip_file_beside_its_members_is_looked_at(name: str) -> None:
    assert rules(BESIDE_MEMBERS[name]) == {"packed-credentials"}


def test_a_key_in_the_comment_of_a_zip_file_is_found() -> None:
    import pyrage

    identity = str(pyrage.x25519.Identity.generate())
    assert rules(zipped(b"hello", comment=identity.encode())) == {"age-identity"}


DISPUTED = {
    "encrypted by the directory": encrypted(CONFIG, by_itself=False, by_directory=True),
    "encrypted by itself": encrypted(CONFIG, by_itself=True, by_directory=False),
    "of another length and method": sized(CONFIG),
}


@pytest.mark.parametrize("name", DISPUTED)
def test_what_one_header_alone_says_of_a_member_hides_nothing(name: str) -> None:
    assert "packed-credentials" in rules(DISPUTED[name])


def test_a_member_that_is_disputed_and_cannot_be_unpacked_is_reported() -> None:
    made = encrypted(b"hello" * 50, by_itself=False, by_directory=True)
    at = made.find(b"notes.txt") + len("notes.txt")
    assert rules(made[:at] + b"\xff" * 10 + made[at + 10 :]) == {"unreadable"}


def test_a_member_that_both_headers_call_encrypted_is_nothing_to_report() -> None:
    made = encrypted(CHANCE.randbytes(300), by_itself=True, by_directory=True)
    assert rules(made) == set()


def archived(*members: tuple[str, bytes]) -> bytes:
    """Return an archive as ar writes it, of which a Debian package is one."""
    made = b"!<arch>\n"
    for name, content in members:
        made += f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode()
        made += content + b"\n" * (len(content) % 2)
    return made


def packaged(payload: bytes) -> bytes:
    """Return a package as RPM has it: a lead, a signature, a header and *payload*."""
    header = b"\x8e\xad\xe8\1" + bytes(4) + struct.pack(">II", 1, 5) + bytes(16) + b"x-1.0"
    return (
        b"\xed\xab\xee\xdb\3".ljust(96, b"\0") + header + bytes(-len(header) % 8) + header + payload
    )


SELF_EXTRACTING = b'#!/bin/sh\ntail -n +3 "$0" | tar x; exit\n'
UNPACKED_HERE = {
    "an archive of ar": archived(("debian-binary", b"2.0\n"), ("data.gz", gzip.compress(CONFIG))),
    "an archive of ar with an odd member": archived(("a", b"odd"), ("b", gzip.compress(CONFIG))),
    "behind the end of ar": archived(("a", b"even")) + gzip.compress(CONFIG),
    "a package of RPM": packaged(gzip.compress(CONFIG)),
    "a script with gzip": SELF_EXTRACTING + gzip.compress(CONFIG),
    "a script with xz": SELF_EXTRACTING + lzma.compress(CONFIG),
    "a script with bzip2": SELF_EXTRACTING + bz2.compress(CONFIG),
    "a script with umlauts": "#!/bin/sh\n# für Änderungen\n".encode() + gzip.compress(CONFIG),
    "a script that names a beginning": b"#!/bin/sh\n# BZh91AY&SY\n" + gzip.compress(CONFIG),
    "a script with a zip file that names a beginning": b"#!/bin/sh\n# BZh91AY&SY\n"
    + zipped(CONFIG),
    "gzip ahead of a zip file": gzip.compress(b"hello") + zipped(CONFIG),
}


@pytest.mark.parametrize("name", UNPACKED_HERE)
@pytest.mark.parametrize("spell", [bytes, base64.b64encode], ids=["as it is", "in base64"])
def test_what_programs_unpack_is_unpacked_wherever_it_begins(name, spell) -> None:
    assert "packed-credentials" in rules(spell(UNPACKED_HERE[name]))


MADE_UP = CHANCE.randbytes(100)
NOT_UNPACKED = {
    "zstd": b"\x28\xb5\x2f\xfd",
    "zstd, before it was fixed": b"\x27\xb5\x2f\xfd",
    "zstd or lz4, behind what they skip": b"\x5f\x2a\x4d\x18\x02\0\0\0ab",
    "lz4": b"\x04\x22\x4d\x18",
    "lz4, as it was": b"\x02\x21\x4c\x18",
    "compress, with few bits": b"\x1f\x9d\x8c",
    "cab": b"MSCF\0\0\0\0",
    "rpm": packaged(b"\x28\xb5\x2f\xfd"),
    "rpm, with a header that is too long": packaged(b"").replace(b"\0\5", b"\xff\5"),
    "xar": b"xar!\0\x1c\0\1",
    "squashfs": b"hsqs" + bytes(24) + b"\4\0\0\0",
    "arj": b"\x60\xea\x2b\0\x22\x0b",
    "a script with zstd": SELF_EXTRACTING + b"\x28\xb5\x2f\xfd",
}


@pytest.mark.parametrize("name", NOT_UNPACKED)
@pytest.mark.parametrize("spell", [bytes, base64.b64encode], ids=["as it is", "in base64"])
def test_what_is_not_unpacked_is_reported(name, spell) -> None:
    assert rules(spell(NOT_UNPACKED[name] + MADE_UP)) == {"unreadable"}


def test_an_archive_of_lha_is_reported() -> None:
    assert rules(b"\x21\x3a-lh5-" + bytes(13) + b"\2" + MADE_UP) == {"unreadable"}


def test_a_text_that_speaks_of_formats_is_none_of_them() -> None:
    for text in (
        "A file of bzip2 begins with BZh91AY&SY, für immer.\n",
        "hsqs is how squashfs begins; -lh5- is a method, **ACE** and !<arch> are others.\n",
        "LZIP and MSCF, xar! and 7z\n",
    ):
        assert rules(text.encode()) == set()
        assert rules(text.encode("latin-1")) == set()
