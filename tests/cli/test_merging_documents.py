"""Files of several documents: two branches change, add and remove some of them, and all stays encrypted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from pyrage import x25519

from tests.support.leaks import Watch
from tests.support.merging import Branches
from tests.support.secrets import mixed
from tests.support.user import User

ANEW = "note: apps/db.sops.yaml: encrypted anew in full"
MARK = "# of the team"


def secret(name: str, namespace: str = "shop", **values: object) -> str:
    """A Secret with a comment, in a document of its own."""
    lines = "".join(f"  {key}: {json.dumps(value)}\n" for key, value in values.items())
    return (
        f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n  namespace: {namespace}\n"
        f"stringData:\n  {MARK} {name}\n{lines}"
    )


def documents(*texts: str) -> str:
    return "---\n".join(texts)


A, B, C = (secret(name, x="1", y="2") for name in "abc")


@pytest.fixture
def branches(user: User) -> Branches:
    return Branches(user)


def held(branches: Branches) -> dict[str, Any]:
    """What the file holds by the names of its documents, in their order."""
    found = list(yaml.safe_load_all(branches.opened()))
    return {one["metadata"]["name"]: one["stringData"] for one in found}


def writing(branches: Branches, *texts: str) -> Callable[[], None]:
    """Return what writes the documents *texts*, encrypted anew."""
    return branches.write(branches.encrypt(documents(*texts)))


def test_values_of_later_documents_are_merged_and_nothing_readable_is_written(
    branches: Branches,
) -> None:
    mine, other, both = mixed(), mixed(), mixed()
    branches.start(branches.encrypt(documents(A, B, secret("c", x="1", z=both))))
    branches.part(
        writing(branches, A, secret("b", x=mine, y="2"), secret("c", x="1", z=both)),
        writing(branches, A, secret("b", x="1", y=other), secret("c", x="1", z=both, new="n")),
    )
    with Watch(branches.user, mine, other, both) as watch:
        done = branches.merge()
    assert (done.status, ANEW in done.stderr) == (0, True), done.printed
    assert watch.leaks(done) == []
    assert held(branches) == {
        "a": {"x": "1", "y": "2"},
        "b": {"x": mine, "y": other},
        "c": {"x": "1", "z": both, "new": "n"},
    }
    assert [f"{MARK} {name}" in branches.opened() for name in "abc"] == [True] * 3
    assert branches.user.run("verify").status == 0


def test_what_sops_can_set_keeps_all_other_ciphertext(branches: Branches) -> None:
    """Both changed the first document only."""
    branches.start(branches.encrypt(documents(A, B)))
    branches.part(
        branches.setting("stringData", "x", value='"of main"'),
        branches.setting("stringData", "y", value='"of topic"'),
    )
    done = branches.merge()
    assert (done.status, ANEW in done.stderr) == (0, False), done.printed
    assert held(branches) == {"a": {"x": "of main", "y": "of topic"}, "b": {"x": "1", "y": "2"}}
    later = [branches.user.git("show", f"{r}:{branches.path}") for r in ("main", "main~1")]
    assert [line for line in later[0].splitlines() if "  x: ENC" in line][1:] == [
        line for line in later[1].splitlines() if "  x: ENC" in line
    ][1:]


N, M = secret("n", x="new"), secret("m", x="mine")
B2 = secret("b", x="changed", y="2")
DEEDS = {
    "theirs adds": ((A, B2), (A, B, N), {"a": A, "b": B2, "n": N}),
    "theirs adds in the middle": ((A, B), (A, N, B), {"a": A, "n": N, "b": B}),
    "each adds another": ((A, B, M), (A, B, N), {"a": A, "b": B, "m": M, "n": N}),
    "both add the same": ((A, B, N), (A, B, N), {"a": A, "b": B, "n": N}),
    "theirs removes": ((A, B2), (B,), {"b": B2}),
    "ours removes, theirs adds": ((B,), (A, B, N), {"b": B, "n": N}),
    "each removes another": ((A, C), (B, C), {"c": C}),
    "ours renames": ((A, secret("r", x="1", y="2")), (A, B2), {"a": A, "r": B2}),
    "theirs moves": ((A, B2), (B, A), {"b": B2, "a": A}),
}
"""What each side makes of A and B, and what the merged file holds, by name."""


@pytest.mark.parametrize("deed", DEEDS)
def test_documents_that_one_side_added_or_removed_are_merged(branches: Branches, deed: str) -> None:
    ours, theirs, expected = DEEDS[deed]
    start = (A, B, C) if deed == "each removes another" else (A, B)
    branches.start(branches.encrypt(documents(*start)))
    branches.part(writing(branches, *ours), writing(branches, *theirs))
    done = branches.merge()
    assert done.status == 0, done.printed
    wanted = {name: yaml.safe_load(text)["stringData"] for name, text in expected.items()}
    assert list(held(branches).items()) == list(wanted.items())
    assert branches.user.run("verify").status == 0


def test_a_document_that_one_side_removed_and_the_other_changed_is_a_conflict_with_its_name(
    branches: Branches,
) -> None:
    branches.start(branches.encrypt(documents(A, B)))
    branches.part(writing(branches, A), writing(branches, secret("a", x="9", y="2"), B2))
    done = branches.merge()
    assert (done.status, "both sides changed Secret/shop/b;" in done.stderr) == (1, True)
    assert held(branches) == {"a": {"x": "9", "y": "2"}}
    resolved = branches.user.run("resolve", branches.path, "Secret/shop/b", "--theirs")
    assert resolved.status == 0, resolved.printed
    assert held(branches) == {"a": {"x": "9", "y": "2"}, "b": {"x": "changed", "y": "2"}}


def test_a_key_of_a_later_document_is_resolved_by_the_hint_of_the_merge(branches: Branches) -> None:
    branches.start(branches.encrypt(documents(A, B, C)))
    mine = (A, secret("b", x="of main", y="main"), C)
    other = (A, secret("b", x="of topic", y="2"), secret("c", x="of topic", y="2"))
    branches.part(writing(branches, *mine), writing(branches, *other))
    done = branches.merge()
    key = "Secret/shop/b.stringData.x"
    hint = f"hint: gitops-secrets resolve {branches.path} {key} --theirs\n"
    assert (done.status, hint in done.stderr) == (1, True), done.printed
    assert branches.user.run("resolve", branches.path, key, "--theirs").status == 0
    assert held(branches)["b"] == {"x": "of topic", "y": "main"}
    assert held(branches)["c"] == {"x": "of topic", "y": "2"}
    assert branches.user.git("ls-files", "--unmerged") == ""


def test_a_name_that_is_encrypted_is_said_by_neither_conflict_nor_error(
    branches: Branches,
) -> None:
    name, other = mixed(), mixed()

    def sealed(*texts: str) -> Callable[[], None]:
        return branches.write(branches.encrypt(documents(*texts), regex=""))

    branches.start(branches.encrypt(documents(A, secret(name, x="1")), regex=""))
    branches.part(
        sealed(A, secret(name, x=other), secret("new", x="1")),
        sealed(A, secret(name, x="2")),
    )
    with Watch(branches.user, name, other) as watch:
        done = branches.merge()
        listed = branches.user.run("resolve", branches.path)
    assert (done.status, "both sides changed 2.stringData.x;" in done.stderr) == (1, True)
    assert watch.leaks(done, listed) == []


def test_documents_that_nothing_tells_apart_are_not_merged(branches: Branches) -> None:
    branches.start(branches.encrypt(documents("x: 1\n", "x: 2\n"), regex=""))

    def values(*texts: str) -> Callable[[], None]:
        return branches.write(branches.encrypt(documents(*texts), regex=""))

    branches.part(values("x: 1\n"), values("x: 1\n", "x: 3\n"))
    done = branches.merge()
    assert (done.status, "do not tell them apart" in done.stderr) == (1, True), done.printed
    assert branches.content() == branches.user.git("show", f"main:{branches.path}")


def test_a_comment_of_the_side_that_changed_it_stays_beside_values_of_the_other(
    branches: Branches,
) -> None:
    branches.start(branches.encrypt(documents(A, B)))
    commented = B.replace(f"{MARK} b", f"{MARK} red")
    branches.part(writing(branches, A, commented), writing(branches, A, B2))
    done = branches.merge()
    assert done.status == 0, done.printed
    assert f"{MARK} red" in branches.opened()
    assert held(branches)["b"] == {"x": "changed", "y": "2"}


RED, BLUE = (one.replace(f"{MARK} ", f"{MARK} red ") for one in (A, B))


@pytest.mark.parametrize("way", ["anew", "by hand"])
def test_comments_that_the_sides_changed_in_different_documents_are_merged(
    branches: Branches, way: str
) -> None:
    """By hand a comment is written readable above the others, in a file that is encrypted."""

    def commenting(old: str, new: str, *texts: str) -> Callable[[], None]:
        if way == "anew":
            return writing(branches, *texts)

        def edit() -> None:
            content = branches.content()
            assert content.count(old) == 1
            branches.write(content.replace(old, new))()

        return edit

    branches.start(branches.encrypt(documents(A, B)))
    branches.part(
        commenting("    name: a\n", "    # red a\n    name: a\n", RED, B),
        commenting("    name: b\n", "    # red b\n    name: b\n", A, BLUE),
    )
    done = branches.merge()
    assert (done.status, ANEW in done.stderr) == (0, True), done.printed
    assert [f"red {name}" in branches.opened() for name in "ab"] == [True, True]
    assert held(branches) == {"a": {"x": "1", "y": "2"}, "b": {"x": "1", "y": "2"}}
    assert branches.user.run("verify").status == 0


def test_a_comment_of_one_side_is_kept_beside_one_that_both_changed(branches: Branches) -> None:
    """Both changed the comment of a, theirs that of b, and both their values."""
    other = RED.replace("red", "green")
    branches.start(branches.encrypt(documents(A, B)))
    branches.part(
        writing(branches, RED.replace('y: "2"', 'y: "ours"'), B2),
        writing(branches, other, BLUE.replace('y: "2"', 'y: "theirs"')),
    )
    done = branches.merge()
    hint = f"hint: gitops-secrets resolve {branches.path} sops.comments --theirs\n"
    assert (done.status, hint in done.stderr) == (1, True), done.printed
    assert [f"{MARK} {words}" in branches.opened() for words in ("red a", "red b")] == [True, True]
    assert branches.user.run("resolve", branches.path, "sops.comments", "--theirs").status == 0
    assert [f"{MARK} {words}" in branches.opened() for words in ("green a", "red b")] == [True] * 2
    assert held(branches) == {"a": {"x": "1", "y": "ours"}, "b": {"x": "changed", "y": "theirs"}}


def test_comments_of_both_sides_let_no_stranger_of_their_branch_in(branches: Branches) -> None:
    stranger = str(x25519.Identity.generate().to_public())
    branches.start(branches.encrypt(documents(A, B)))
    theirs = branches.encrypt(documents(A, BLUE), readers=(branches.recipient, stranger))
    branches.part(writing(branches, RED, B), branches.write(theirs))
    done = branches.merge()
    said = f"their side lets in {stranger}, whom no creation rule of ours names"
    assert (done.status, said in done.stderr) == (1, True), done.printed
    assert branches.content() == branches.user.git("show", f"main:{branches.path}")


def test_what_is_encrypted_anew_lets_no_stranger_of_their_branch_in(branches: Branches) -> None:
    """Their side let a reader in under the data key that both have, and each changed another document."""
    stranger = str(x25519.Identity.generate().to_public())
    branches.start(branches.encrypt(documents(A, B)))

    def edit(*texts: str, readers: tuple[str, ...]) -> Callable[[], None]:
        return branches.write(branches.encrypt(documents(*texts), readers=readers))

    both = (branches.recipient, stranger)
    branches.part(writing(branches, A, B2), edit(secret("a", x="9", y="2"), B, readers=both))
    done = branches.merge()
    said = f"their side lets in {stranger}, whom no creation rule of ours names"
    assert (done.status, said in done.stderr) == (1, True), done.printed
    assert branches.content() == branches.user.git("show", f"main:{branches.path}")


def test_a_data_key_is_new_and_readers_are_those_of_both_sides(branches: Branches) -> None:
    """Our side put a reader out, and theirs changed a later document."""
    gone = str(x25519.Identity.generate().to_public())
    branches.start(branches.encrypt(documents(A, B), readers=(branches.recipient, gone)))
    before = ciphertext(branches)
    theirs = branches.encrypt(documents(A, B2), readers=(branches.recipient, gone))
    branches.part(writing(branches, A, B, N), branches.write(theirs))
    done = branches.merge()
    assert (done.status, ANEW in done.stderr) == (0, True), done.printed
    assert gone not in branches.content()
    assert not ciphertext(branches) & before
    assert list(held(branches)) == ["a", "b", "n"]


def ciphertext(branches: Branches) -> set[str]:
    return {line for line in branches.content().splitlines() if " ENC[" in line}


def test_a_list_of_a_later_document_is_taken_from_the_side_that_made_it(branches: Branches) -> None:
    """sops sets no list, so the text of the document is theirs."""
    branches.start(branches.encrypt(documents(A, B)))
    listed = secret("b", x="1", y=["l", "m"])
    branches.part(writing(branches, secret("a", x="9", y="2"), B), writing(branches, A, listed))
    done = branches.merge()
    assert done.status == 0, done.printed
    assert held(branches) == {"a": {"x": "9", "y": "2"}, "b": {"x": "1", "y": ["l", "m"]}}


TYPED = (
    "since: 2001-12-14\nat: 2001-12-14T01:02:03Z\nratio: 0.5\nbig: 1e22\non: true\nnone: null\nempty: ''\n"
    "text: |\n  one\n\n  two\nlist: [1, x, {deep: 2}]\nport: 1\nname: a\n"
)
"""Helm values, all of them encrypted."""


def test_values_of_every_type_come_through_as_they_are(branches: Branches) -> None:
    def values(first: str, second: str) -> str:
        return branches.encrypt(documents(first, second), regex="")

    branches.start(values("x: 1\n", TYPED))
    ours, theirs = TYPED.replace("port: 1", "port: 2"), TYPED.replace("name: a", "name: b")
    branches.part(branches.write(values("x: 1\n", ours)), branches.write(values("x: 1\n", theirs)))
    done = branches.merge()
    assert done.status == 0, done.printed
    both = values("x: 1\n", ours.replace("name: a", "name: b"))
    merged = branches.opened()
    branches.write(both)()
    assert merged == branches.opened()
