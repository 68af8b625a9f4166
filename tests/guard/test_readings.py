"""What the first bytes of a content say of its encoding hides nothing: who reads it may not believe them."""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Callable

import pyrage
import pytest

from gitops_secrets.core.guard import engine
from gitops_secrets.core.guard.judge.policy import Policy
from tests.guard.corpus import field, trades
from tests.guard.corpus.case import ONLY_DATA, Fresh, encrypt

CLAIMS: dict[str, Callable[[bytes], bytes]] = {
    "16 bits": lambda content: b"\xff\xfe\n" + content,
    "16 bits, even": lambda content: b"\xff\xfe" + content + b"\n" * (len(content) % 2),
    "16 bits, the other order": lambda content: b"\xfe\xff\n" + content,
    "32 bits": lambda content: b"\xff\xfe\0\0\n" + content,
    "a comment of 16 bits": lambda content: "# of no interest\n".encode("utf-16-le") * 130 + content,
    "NULs in a comment": lambda content: b"#\0" * 2050 + b"\n" + content,
    "16 bits behind it": lambda content: content + "\nmore\n".encode("utf-16-le") * 2000,
}  # fmt: skip
CLAIMED = pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)


def _rules(content: bytes) -> set[str]:
    return {f.rule for f in engine.judge_blob("a.txt", content, Policy()).findings}


@CLAIMED
def test_a_line_is_found_whatever_the_first_bytes_claim(claim: Callable[[bytes], bytes]) -> None:
    missed = [
        case.name
        for case in field.LINES
        if case.rule not in _rules(claim(f"{case.spell(Fresh())}\n".encode()))
    ]
    assert missed == []


@CLAIMED
def test_a_pull_secret_is_found_whatever_the_first_bytes_claim(
    claim: Callable[[bytes], bytes],
) -> None:
    assert _rules(claim(Fresh().secret.encode())) != set()


@CLAIMED
def test_what_is_of_another_trade_stays_so(claim: Callable[[bytes], bytes]) -> None:
    wrong = [name for name, text, _ in trades.LINES if _rules(claim(f"{text}\n".encode()))]
    assert wrong == []


def test_a_nul_ends_a_line_as_in_the_environment_of_a_process() -> None:
    missed = [
        case.name
        for case in field.LINES
        if not _rules(f"HOME=/root\0{case.spell(Fresh())}\0TERM=x\0".encode())
    ]
    assert missed == []


def test_a_finding_is_told_once_in_both_readings() -> None:
    content = f"docker login -u robot -p {Fresh().password} ghcr.io\0\n".encode()
    assert len(engine.judge_blob("a", content, Policy()).findings) == 1


def test_text_of_16_bits_is_looked_at_once() -> None:
    from gitops_secrets.core.guard.read.encoding import readings

    assert len(readings("docker login -u robot\n".encode("utf-16"))) == 1
    assert len(readings(b"docker login -u robot\n")) == 1


SCRIPT = b'#!/bin/sh\ntail -n +4 "$0" | unpack > ~/.docker/config.json\nexit\n'
COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    **{f"zlib {level}": lambda content, level=level: zlib.compress(content, level) for level in (1, 6, 9)},
    "zlib of a small window": lambda content: _deflate(content, 9),
    "lzma": lambda content: lzma.compress(content, format=lzma.FORMAT_ALONE),
    "lzma of a small dictionary": lambda content: lzma.compress(content, format=lzma.FORMAT_ALONE, preset=0),
}  # fmt: skip


def _deflate(content: bytes, window: int) -> bytes:
    compressor = zlib.compressobj(9, zlib.DEFLATED, window)
    return compressor.compress(content) + compressor.flush()


@pytest.mark.parametrize("text", [SCRIPT, SCRIPT + b"# caf\xe9\n", b"#", SCRIPT * 90], ids=["a script", "Latin-1", "a letter", "a long one"])  # fmt: skip
@pytest.mark.parametrize("compress", COMPRESSORS.values(), ids=COMPRESSORS)
def test_what_is_packed_without_a_name_of_its_format_is_read_behind_a_text(
    text: bytes, compress: Callable[[bytes], bytes]
) -> None:
    assert _rules(text + compress(Fresh().config.encode())) == {"packed-credentials"}
    assert _rules(text + compress(Fresh().config.encode()) + b"\0more") == {"packed-credentials"}


@pytest.mark.parametrize(
    "text", ["xx x^ h\u00e9 (caf\u00e9) x\u009c [0]\0\0 x\1 ", " x\u00da" * 200]
)
def test_a_text_of_8_bits_is_not_taken_for_something_packed(text: str) -> None:
    from gitops_secrets.core.guard.read.formats import packings

    assert packings(text.encode("latin-1")) == []
    assert packings((SCRIPT.decode() + text).encode("latin-1") + bytes(range(256))) == []


AHEAD = {
    "a line": b"# header\n",
    "an end of a line": b"\n",
    "a letter of more bytes": "# un caf\u00e9\n".encode(),
    "many lines": b"# header\n" * 21,
    "a mark and a byte": b"\xff\xfe\n",
    "a mark of the other order and a byte": b"\xfe\xff\n",
    "text of 16 bits": "# of no interest\r\n".encode("utf-16") * 200 + b"#\r\n",
    "text of 16 bits in the other order": "# of no interest\r\n".encode("utf-16-be") * 200 + b"#\r\n",
}  # fmt: skip
"""An odd number of bytes each."""


@pytest.mark.parametrize("behind", [b"", b"#", b"# more\n", b"\0"], ids=["nothing", "a byte", "a line", "a NUL"])  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16"])
@pytest.mark.parametrize("ahead", AHEAD.values(), ids=AHEAD)
def test_text_of_16_bits_is_read_behind_an_odd_number_of_bytes(
    ahead: bytes, encoding: str, behind: bytes
) -> None:
    """As ``>>`` of Windows PowerShell appends to a file of bytes."""
    assert len(ahead) % 2
    login = f"docker login -u robot -p {Fresh().password} ghcr.io".encode(encoding)
    assert _rules(ahead + login + behind) == {"registry-login"}
    identity = str(pyrage.x25519.Identity.generate()).encode(encoding)
    assert _rules(ahead + identity + behind) == {"age-identity"}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_an_encrypted_secret_of_16_bits_is_silent_in_any_language(encoding: str) -> None:
    text = "# \u8bf7\u52ff\u4fee\u6539 \u2022 \u0438\u043b\u0438\n" + encrypt(
        Fresh().secret, *ONLY_DATA
    )
    assert _rules(text.encode(encoding)) == set()


@pytest.mark.parametrize(("quote", "entity"), [('"', "&quot;"), ('"', "&#34;"), ("'", "&apos;"), ("'", "&#39;")])  # fmt: skip
def test_what_stands_in_xml_is_read_with_its_quotes(quote: str, entity: str) -> None:
    password = Fresh().password
    said = f"docker login -u robot -p {quote}{password}{quote} ghcr.io".replace(quote, entity)
    assert _rules(f"<command>{said}</command>\n".encode()) == {"registry-login"}
    config = Fresh().config.replace('"', entity)
    assert quote == "'" or _rules(f"<file>{config}</file>\n".encode()) == {"docker-config"}


def test_an_entity_in_a_secret_hides_none_of_its_values() -> None:
    """Resolved, this is no YAML any more."""
    content = Fresh().secret + '---\nnote: "a &quot; b"\n'
    assert "plaintext-dockerconfigjson" in _rules(content.encode())


@pytest.mark.parametrize("width", [60, 64, 76])
@pytest.mark.parametrize("more", range(0, 48, 3))
def test_wrapped_base64_is_read_with_its_last_line_however_short(width: int, more: int) -> None:
    import base64
    import textwrap

    config = Fresh().config + " " * more
    packed = "\n".join(textwrap.wrap(base64.b64encode(config.encode()).decode(), width))
    assert _rules(f"{packed}\n".encode()), len(packed)
    assert _rules(f"{packed}\nlast\n".encode()), len(packed)
