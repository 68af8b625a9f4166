"""verify shows whom a change of .sops.yaml lets in, and to what."""

from __future__ import annotations

import pytest
from pyrage import x25519

from tests.support.secrets import mixed, opaque
from tests.support.user import User
from tests.support.verified import A, B, findings, seal

NAME = ".sops.yaml"


def rules(own: str, *others: str, apps: str = "^apps/") -> str:
    """One rule for the files in apps/, read by *own* and *others*."""
    return (
        f"creation_rules:\n  - path_regex: {apps}\n    encrypted_regex: ^(data|stringData)$\n"
        f"    age: {','.join((own, *others))}\n"
    )


@pytest.fixture
def colleague() -> str:
    return str(x25519.Identity.generate().to_public())


@pytest.fixture
def user(user: User, own: str) -> User:
    """A repository of two encrypted files, whose rule names the user alone."""
    user.commit({NAME: rules(own)})
    return user


def test_who_comes_is_named_with_the_files_that_they_could_open(
    user: User, own: str, colleague: str
) -> None:
    user.write({NAME: rules(own, colleague)})
    result = user.run("verify", "--keyless")
    assert "widened-rule" in findings(result)
    assert f"lets {colleague[:8]}" in result.stdout
    assert f"encrypts it by that rule: {A}, {B}" in result.stdout
    hint = next(line for line in result.stdout.splitlines() if "if that is not meant" in line)
    user.git(*hint.partition("git ")[2].split())
    assert "widened-rule" not in findings(user.run("verify", "--keyless"))


@pytest.mark.parametrize("options", [("--staged",), ("--range", "HEAD~1..HEAD")])
def test_what_is_staged_and_what_a_branch_brings_is_seen(
    user: User, own: str, colleague: str, options: tuple[str, ...]
) -> None:
    user.write({NAME: rules(own, colleague)})
    user.git("add", NAME)
    if "--range" in options:
        user.git("commit", "--quiet", "--message", "let a colleague in")
    assert "widened-rule" in findings(user.run("verify", "--keyless", *options))


def test_the_files_are_brought_along_and_it_is_said_all_the_same(
    user: User, own: str, colleague: str
) -> None:
    user.write({NAME: rules(own, colleague)})
    seal(user, A, opaque(mixed(), name="a"))
    seal(user, B, opaque(mixed(), name="b"))
    user.git("add", "--all")
    result = user.run("verify", "--keyless", "--staged")
    assert findings(result) == ["widened-rule"]
    assert result.status == 0


def test_a_new_file_for_a_new_reader_opens_nothing_that_was_there(
    user: User, own: str, colleague: str
) -> None:
    more = (
        f"  - path_regex: ^team/\n    encrypted_regex: ^(data|stringData)$\n    age: {colleague}\n"
    )
    user.write({NAME: rules(own) + more})
    seal(user, "team/c.yaml", opaque(mixed(), name="c"))
    assert "widened-rule" not in findings(user.run("verify", "--keyless"))


def test_a_rule_that_catches_up_with_its_files_lets_nobody_in(
    user: User, own: str, colleague: str
) -> None:
    user.write({NAME: rules(own, colleague)})
    seal(user, A, opaque(mixed(), name="a"))
    seal(user, B, opaque(mixed(), name="b"))
    user.commit({NAME: rules(own)})
    user.write({NAME: rules(own, colleague)})
    assert "widened-rule" not in findings(user.run("verify", "--keyless"))


def test_a_rule_put_ahead_of_another_is_seen_by_the_files_that_it_takes(
    user: User, own: str, colleague: str
) -> None:
    ahead = rules(own, colleague, apps="a.yaml$") + rules(own).partition("\n")[2]
    user.write({NAME: ahead})
    result = user.run("verify", "--keyless")
    assert "widened-rule" in findings(result)
    assert f"by that rule: {A}\n" in result.stdout


def test_a_reader_who_goes_is_no_widening(user: User, own: str, colleague: str) -> None:
    user.commit({NAME: rules(own, colleague)})
    user.write({NAME: rules(own)})
    assert "widened-rule" not in findings(user.run("verify", "--keyless"))


def test_fewer_key_groups_are_a_widening(user: User, own: str, colleague: str) -> None:
    groups = (
        "creation_rules:\n  - path_regex: ^apps/\n    encrypted_regex: ^(data|stringData)$\n"
        f"    shamir_threshold: 2\n    key_groups:\n      - age: [{own}]\n      - age: [{colleague}]\n"
    )
    user.write({NAME: groups})
    seal(user, A, opaque(mixed(), name="a"))
    seal(user, B, opaque(mixed(), name="b"))
    user.commit({})
    user.write({NAME: groups.replace("threshold: 2", "threshold: 1")})
    result = user.run("verify", "--keyless")
    assert "asks for no more than 1 of its key groups to decrypt" in result.stdout
