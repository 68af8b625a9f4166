"""attach follows what bootstrap was answered about the readers of a rule that ours goes ahead of."""

from __future__ import annotations

import pytest

from gitops_secrets.adapters.age import create_identity
from tests.field import gotk
from tests.support.fleet import TEAM
from tests.support.user import User

COPY = "pull-secrets/namespaces/prod/team-b/regcred.sops.yaml"
PGP = "FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4"


@pytest.fixture
def alice() -> str:
    """A recipient who reads everything by a rule for the whole repository."""
    return create_identity().recipient


@pytest.fixture
def fleet(user: User, alice: str) -> User:
    """A user whose repository has that rule, and no pull Secret yet."""
    rule = f"creation_rules:\n  - age: {alice}\n"
    files = gotk.LAYOUTS["one cluster"].files
    user.commit({**files, "clusters/prod/team-b.yaml": TEAM, ".sops.yaml": rule})
    return user


@pytest.mark.parametrize(("answer", "reads"), [("drop", False), ("keep", True)])
def test_the_first_answer_counts_for_the_copies(
    fleet: User, alice: str, answer: str, reads: bool
) -> None:
    assert fleet.bootstrap("--shadowed-recipients", answer).status == 0
    result = fleet.run("attach", "team-b")
    assert result.status == 0, result.printed
    assert (alice in fleet.read(COPY)) is reads


def test_readers_by_a_key_manager_are_not_asked_for_again(fleet: User) -> None:
    fleet.commit({".sops.yaml": f"creation_rules:\n  - pgp: {PGP}\n"})
    assert fleet.bootstrap("--shadowed-recipients", "drop").status == 0
    result = fleet.run("attach", "team-b")
    assert result.status == 0, result.printed


def test_an_answer_on_the_command_line_counts_for_more(fleet: User, alice: str) -> None:
    fleet.bootstrap("--shadowed-recipients", "drop")
    result = fleet.run("attach", "team-b", "--shadowed-recipients", "keep")
    assert result.status == 0, result.printed
    assert alice in fleet.read(COPY)
    assert alice not in fleet.read("pull-secrets/prod/regcred.sops.yaml")


def test_a_rule_of_which_bootstrap_did_not_ask_is_asked_of(fleet: User, alice: str) -> None:
    """It is for all copies of all clusters, and came after bootstrap."""
    fleet.bootstrap("--shadowed-recipients", "drop")
    other = create_identity().recipient
    rule = f"  - path_regex: ^pull-secrets/namespaces/\n    age: {other}\n  - age: {alice}\n"
    fleet.commit({".sops.yaml": fleet.read(".sops.yaml").replace(f"  - age: {alice}\n", rule)})
    before = fleet.state()
    result = fleet.run("attach", "team-b")
    assert (result.status, fleet.state()) == (2, before), result.printed
    assert f"by which {other} could decrypt the Secret" in result.stderr
