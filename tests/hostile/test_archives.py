"""What hides in an archive beside its members, or in one that only another reader opens."""

from __future__ import annotations

import base64
import gzip
import io
import json
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
