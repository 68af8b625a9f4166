"""show --diff: two versions of an encrypted file compared by value, without any value unless it is asked for."""

from __future__ import annotations

import json

import pytest
from pyrage import x25519

from gitops_secrets.adapters.sops.binary import find_sops
from tests.support.secrets import mixed, opaque, rule
from tests.support.user import User
from tests.support.verified import A, change, seal


def values(user: User) -> list[str]:
    """The two values of the file."""
    plain = user.program([find_sops(), "decrypt", A]).stdout
    return [line.rpartition(" ")[2] for line in plain.splitlines()[-2:]]


def test_a_file_that_was_encrypted_anew_has_the_same_values(user: User, own: str) -> None:
    seal(user, A, user.program([find_sops(), "decrypt", A]).stdout)
    result = user.run("show", A, "--diff")
    commit = user.git("rev-parse", "HEAD")[:10]
    assert (result.status, result.stdout) == (
        0,
        f"{A}, against commit {commit}\n6 values are the same\n",
    )


def test_keys_are_named_and_values_are_not(user: User, own: str) -> None:
    first, second = values(user)
    new, more = mixed(), mixed()
    seal(user, A, opaque(new, second, more, name="a"))
    result = user.run("show", A, "--diff", "HEAD")
    assert "  Secret shop/a\n    stringData.a  changed\n    stringData.c  added\n" in result.stdout
    assert not any(value in result.printed for value in (first, second, new, more))


def test_values_are_printed_when_that_is_asked_for(user: User, own: str) -> None:
    first, second = values(user)
    new = mixed()
    seal(user, A, opaque(new, second, name="a"))
    result = user.run("show", A, "--diff", "--reveal")
    lines = result.stdout.splitlines()
    assert [line for line in lines if line[:1] == "-" and line[:3] != "---"] == [f"-  a: {first}"]
    assert [line for line in lines if line[:1] == "+" and line[:3] != "+++"] == [f"+  a: {new}"]


def test_readers_who_come_and_go_are_shown(user: User, own: str) -> None:
    other = str(x25519.Identity.generate().to_public())
    plain = user.program([find_sops(), "decrypt", A]).stdout
    user.write({".sops.yaml": rule(own, other)})
    seal(user, A, plain)
    result = user.run("show", A, "--diff")
    assert f"  reader  {other[:8]}" in result.stdout
    assert result.stdout.count("  added") == 1


def test_a_version_that_was_readable_is_compared_as_well(user: User, own: str) -> None:
    user.commit({"apps/old.yaml": opaque("first-value-of-it", name="old")})
    assert user.run("encrypt", "apps/old.yaml").status == 0
    result = user.run("show", "apps/old.yaml", "--diff")
    assert (result.status, "stringData" in result.stdout) == (0, False)


def test_programs_get_a_document(user: User, own: str) -> None:
    seal(user, A, opaque(mixed(), name="a"))
    document = json.loads(user.run("show", A, "--diff", "--json").stdout)
    assert document["differing"] == [
        {"object": "Secret shop/a", "key": "stringData.a", "what": "changed"},
        {"object": "Secret shop/a", "key": "stringData.b", "what": "removed"},
    ]
    assert document["commit"] == user.git("rev-parse", "HEAD").strip()


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        (("--diff", "HEAD~9"), 3, "HEAD~9"),
        (("--diff", "HEAD~1"), 3, "HEAD~1 has no apps/a.yaml"),
        (("--diff", "--key", "a"), 2, "--diff compares a whole file"),
        (("--diff", "--reveal", "--json"), 2, "--reveal prints them"),
    ],
)
def test_what_cannot_be_compared_is_said(
    user: User, own: str, options: tuple[str, ...], status: int, words: str
) -> None:
    result = user.run("show", A, *options)
    assert (result.status, words in result.stderr) == (status, True), result.printed


def test_a_file_that_was_changed_by_hand_is_not_compared(user: User, own: str) -> None:
    change(user, A, "namespace: shop", "namespace: other")
    result = user.run("show", A, "--diff")
    assert (result.status, "MAC" in result.stderr) == (3, True), result.printed
