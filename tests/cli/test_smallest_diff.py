"""encrypt --smallest-diff: what another editor encrypted anew without need is as in the last commit again."""

from __future__ import annotations

import pytest
from pyrage import x25519

from gitops_secrets.adapters.sops.binary import find_sops
from tests.support.secrets import mixed, opaque, rule
from tests.support.user import User
from tests.support.verified import A, change, findings, seal


def decrypted(user: User) -> str:
    """What the real sops decrypts."""
    done = user.program([find_sops(), "decrypt", A])
    assert done.status == 0, done.printed
    return done.stdout


def anew(user: User, *change: str) -> None:
    """Encrypt all of the file anew, as an editor does that decrypts a file and encrypts what was saved.

    *change* are a text and what takes its place.
    """
    plain = decrypted(user)
    seal(user, A, plain.replace(*change) if change else plain)


def test_a_file_that_was_only_encrypted_anew_is_the_file_of_the_commit(
    user: User, own: str
) -> None:
    before = user.read(A)
    anew(user)
    assert user.read(A) != before
    result = user.run("encrypt", "--smallest-diff", A)
    assert result.status == 0, result.printed
    assert "as in commit" in result.stdout
    assert user.read(A) == before


def test_a_value_that_was_changed_is_the_only_one_that_differs(user: User, own: str) -> None:
    before = user.read(A).splitlines()
    old, value = decrypted(user).rstrip().rpartition(" ")[2], mixed()
    anew(user, old, value)
    assert user.run("encrypt", "--smallest-diff", A).status == 0
    after = user.read(A).splitlines()
    differing = [line.split(":")[0].strip() for line in after if line not in before]
    # Both may be of one second.
    assert [key for key in differing if key != "lastmodified"] == ["b", "mac"]
    assert f"b: {value}" in decrypted(user)
    assert findings(user.run("verify")) == []


def test_other_readers_are_no_noise(user: User, own: str) -> None:
    other = str(x25519.Identity.generate().to_public())
    user.write({".sops.yaml": rule(own, other)})
    anew(user)
    after = user.read(A)
    result = user.run("encrypt", "--smallest-diff", A)
    assert (result.status, "has other readers in HEAD" in result.stderr) == (3, True), (
        result.printed
    )
    assert user.read(A) == after


def test_a_value_that_head_does_not_encrypt_is_not_made_readable(user: User, own: str) -> None:
    value = mixed()
    plain = decrypted(user).replace(
        "metadata:\n", f"metadata:\n  annotations:\n    note: {value}\n"
    )
    wider = rule(own, encrypted="^(annotations|data|stringData)$")
    user.write({".sops.yaml": wider})
    seal(user, A, plain)
    assert value not in user.read(A)
    after = user.read(A)
    result = user.run("encrypt", "--smallest-diff", A)
    assert result.status == 3, result.printed
    assert f"{A} encrypts other keys than in HEAD" in result.stderr
    assert user.read(A) == after


def test_a_change_that_is_more_than_values_of_one_document_is_left_as_it_is(
    user: User, own: str
) -> None:
    comment = "# what the shop's database asks for"
    anew(user, comment, "# what others ask for")
    commented = user.read(A)
    result = user.run("encrypt", "--smallest-diff", A)
    assert (result.status, user.read(A)) == (3, commented), result.printed
    seal(user, A, f"{opaque('one')}---\n{opaque('two', name='other')}")
    user.commit({})
    anew(user, "two", "three")
    changed = user.read(A)
    result = user.run("encrypt", "--smallest-diff", A)
    assert (result.status, user.read(A)) == (3, changed), result.printed
    assert "a comment was changed, or one of several documents" in result.stderr


def test_a_file_that_is_not_committed_has_nothing_to_be_like(user: User, own: str) -> None:
    seal(user, "apps/new.yaml", opaque(mixed(), name="new"))
    result = user.run("encrypt", "--smallest-diff", "apps/new.yaml")
    assert (result.status, "HEAD has no encrypted version" in result.stderr) == (3, True)


def test_a_file_that_was_changed_by_hand_is_not_made_whole(user: User, own: str) -> None:
    change(user, A, "namespace: shop", "namespace: other")
    after = user.read(A)
    assert user.run("encrypt", "--smallest-diff", A).status == 3
    assert user.read(A) == after


@pytest.mark.parametrize("options", [("--ignore-mac",), ("--to", "x.yaml"), ("--add-rule",)])
def test_it_goes_with_no_other_way_to_encrypt(
    user: User, own: str, options: tuple[str, ...]
) -> None:
    result = user.run("encrypt", "--smallest-diff", A, *options)
    assert (result.status, "--smallest-diff" in result.stderr) == (2, True)
