"""Git's raw format: an id tells whether there is a content, not the mode beside it."""

from __future__ import annotations

import pytest

from gitops_secrets.adapters.git.rawdiff import is_link, parse_raw

A, B, NONE = "a" * 40, "b" * 40, "0" * 40


@pytest.mark.parametrize(
    ("meta", "new", "old"),
    [
        (f":000000 100644 {NONE} {A} A", A, ()),
        (f":100644 000000 {A} {NONE} D", "", (A,)),
        (f":000000 000000 {NONE} {A} A", A, ()),
        (f":000000 000000 {B} {A} M", A, (B,)),
        (f":100644 110644 {B} {A} T", A, (B,)),
        (f":160000 100644 {B} {A} T", A, ()),
        (f"::100644 000000 100644 {B} {NONE} {A} MA", A, (B,)),
        (f"::000000 000000 000000 {NONE} {NONE} {A} AA", A, ()),
    ],
)
def test_a_change_has_the_contents_that_its_ids_name(
    meta: str, new: str, old: tuple[str, ...]
) -> None:
    (change,) = parse_raw(f"{meta}\0path\0".encode())
    assert (change.path, change.new, change.old) == ("path", new, old)


def test_a_submodule_brings_no_content_of_this_repository() -> None:
    (change,) = parse_raw(f":160000 160000 {B} {A} M\0path\0".encode())
    assert (change.path, change.old) == ("path", ())
    assert is_link(change.new)


def test_a_submodule_that_is_taken_away_is_no_change() -> None:
    assert list(parse_raw(f":160000 000000 {A} {NONE} D\0path\0".encode())) == []
