"""Versions of a bundle share most of their documents: one that brought nothing is not parsed again, and hides nothing."""

from __future__ import annotations

import pytest

from gitops_secrets.core.guard.engine import examine
from gitops_secrets.core.guard.look import silent, structure

PASSWORD = "vU7ePqwT2xLm9sRd"
QUIET = (
    "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: app}\nspec:\n  image: registry.example.com/app\n"
    "  password: ${REGISTRY_PASSWORD}\n"
    + "".join(f"  field{n}: something of no interest\n" for n in range(200))
)
LOGIN = f"---\nregistry: registry.example.com\nusername: robot\npassword: {PASSWORD}\n"
COMMENT = f"# docker login -u robot -p {PASSWORD} registry.example.com\n"


@pytest.fixture(autouse=True)
def nothing_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silent, "_silent", {})


def rules(text: str) -> list[tuple[str, int]]:
    return [(note.rule, note.line) for note in examine(text.encode()).notes]


def test_a_document_that_brought_nothing_is_not_parsed_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = QUIET.replace("name: app", "name: other")
    assert rules(QUIET + other) == []
    parsed: list[str] = []
    walk = structure._Walker.walk

    def noted(self: structure._Walker, root: object) -> None:
        parsed.append(self.document.text)
        walk(self, root)  # type: ignore[arg-type]

    monkeypatch.setattr(structure._Walker, "walk", noted)
    changed = other.replace("field7:", "field7b:")
    assert rules(QUIET + changed) == []
    assert parsed == [changed]


def test_what_stands_beside_a_document_that_brought_nothing_is_found_at_its_line() -> None:
    assert rules(QUIET + QUIET) == []
    assert rules(QUIET + LOGIN + QUIET) == [("registry-password", QUIET.count("\n") + 4)]


def test_a_comment_beside_documents_that_brought_nothing_is_found() -> None:
    assert rules(QUIET + QUIET) == []
    found = rules(f"{QUIET}---\n{COMMENT}{QUIET}")
    assert found == [("commented-credentials", QUIET.count("\n") + 2)]


def test_what_was_told_once_in_a_file_is_told_in_the_next_that_has_it_alone() -> None:
    """In the first file the second document brings no finding of its own: the same login stands above it."""
    login = f"  run: docker login -u robot -p {PASSWORD} registry.example.com\n"
    first, second = QUIET + login, QUIET.replace("name: app", "name: b") + login
    assert rules(first + second) != []
    assert rules(QUIET + second) == [("registry-login", (QUIET + second).count("\n"))]


def test_only_so_many_documents_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silent, "_MOST", 3)
    texts = [QUIET.replace("name: app", f"name: app{n}") for n in range(6)]
    assert rules("".join(texts)) == []
    assert len(silent._silent) == 3
