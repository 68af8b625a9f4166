"""An armored private key is one finding, though what the armor holds is a key as well."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable

import pytest

from gitops_secrets.core.guard import engine
from gitops_secrets.core.guard.judge.policy import Policy
from tests.guard.corpus.case import b64, remember
from tests.support.draw import CHANCE

SECRET = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: sops-gpg\n"
HOLDERS: dict[str, tuple[int, Callable[[str], str]]] = {
    "a file": (1, lambda armor: armor),
    "with a comment": (1, lambda armor: armor.replace("\n\n", "\nComment: of tests\n\n", 1)),
    "with carriage returns": (1, lambda armor: armor.replace("\n", "\r\n")),
    "a Secret": (
        7,
        lambda armor: f"{SECRET}stringData:\n  sops.asc: |\n{textwrap.indent(armor, '    ')}",
    ),
    "a Secret in base64": (6, lambda armor: f"{SECRET}data:\n  sops.asc: {b64(armor)}\n"),
    "a string of JSON": (2, lambda armor: '{"a":\n' + json.dumps(armor) + "}"),
    "notes": (3, lambda armor: f"The key of tests:\n\n{armor}\nKeep it.\n"),
}


def _ring() -> bytes:
    body = b"\x04\x65\x00\x00\x00\x01" + CHANCE.randbytes(600)
    return b"\x95" + len(body).to_bytes(2, "big") + body


def _armored(ring: bytes) -> str:
    lines = "\n".join(textwrap.wrap(remember(b64(ring)), 64))
    begin, end = (f"-----{word} PGP PRIVATE KEY BLOCK-----" for word in ("BEGIN", "END"))
    return f"{begin}\n\n{lines}\n=abcd\n{end}\n"


def _found(text: str) -> list[tuple[str, int]]:
    findings = engine.judge_blob("sops.asc", text.encode(), Policy()).findings
    return [(f.rule, f.position.line) for f in findings]


@pytest.mark.parametrize(("line", "hold"), HOLDERS.values(), ids=HOLDERS)
def test_an_armored_key_is_found_once(line: int, hold: Callable[[str], str]) -> None:
    assert _found(hold(_armored(_ring()))) == [("pgp-private-key", line)]


def test_another_key_beside_it_is_found_too() -> None:
    armor = _armored(_ring())
    place = armor.count("\n") + 1
    assert _found(f"{armor}other: {b64(_ring())}\n") == [
        ("pgp-private-key", 1),
        ("pgp-private-key", place),
    ]


def test_the_same_key_in_another_place_is_found_there_too() -> None:
    ring = _ring()
    armor = _armored(ring)
    assert [line for _, line in _found(f"key: {b64(ring)}\n---\n{armor}")] == [1, 3]
    assert [line for _, line in _found(f"{armor}\n\nkey: {b64(ring)}\n")] == [
        1,
        armor.count("\n") + 3,
    ]
