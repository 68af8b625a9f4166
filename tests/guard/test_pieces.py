"""Which files of a tree a commit looks at: those that may share a ciphertext, not those with the same readers."""

from __future__ import annotations

import re

from gitops_secrets.core.guard.patterns.ciphertext import pieces_of
from tests.guard.corpus.case import ONLY_DATA, encrypt

_PLAIN = "kind: Secret\nmetadata: {name: a}\nstringData:\n  a: %s\n"


def _pieces(content: str) -> set[bytes]:
    pieces = pieces_of(content.encode())
    assert pieces
    return pieces


def test_files_for_the_same_age_recipient_have_nothing_in_common() -> None:
    one, two = (encrypt(_PLAIN % word, *ONLY_DATA) for word in ("one", "another"))
    assert re.findall(r"age1\w+", one) == re.findall(r"age1\w+", two)
    assert _pieces(one).isdisjoint(_pieces(two))


def test_files_for_the_same_openpgp_key_have_nothing_in_common() -> None:
    fingerprint = "    pgp:\n        - fp: 85D77543B3D624B63CEA9E6DBC17301B491B3F21\n"
    one, two = (encrypt(_PLAIN % word, *ONLY_DATA) + fingerprint for word in ("one", "another"))
    assert _pieces(one).isdisjoint(_pieces(two))


def test_a_copied_ciphertext_and_a_copied_data_key_are_in_common() -> None:
    one, two = (encrypt(_PLAIN % word, *ONLY_DATA) for word in ("one", "another"))
    value = re.compile(r"a: ENC\[.*\]")
    copied = value.sub(value.search(one)[0], two)  # type: ignore[index]
    assert not _pieces(one).isdisjoint(_pieces(copied))
    armor = re.compile(r"-----BEGIN[^:]*-----END")
    copied = armor.sub(armor.search(one)[0], two)  # type: ignore[index]
    assert not _pieces(one).isdisjoint(_pieces(copied))
