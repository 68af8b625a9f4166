"""What is taken for the name of a new branch."""

from __future__ import annotations

import pytest

from gitops_secrets.core.discretion.branchname import check_branch_name
from gitops_secrets.errors import UsageError


@pytest.mark.parametrize(
    "name",
    [
        *("registry/regcred", "OPS-1234", "feature/OPS-1234-new-registry", "rotate-2026-11-27"),
        *("user.name/topic", "release_1.2", "renovate/ghcr.io-fluxcd-flux2-2.x", "a", "x1/y2/z3"),
    ],
)
def test_names_as_teams_give_them_are_taken(name: str) -> None:
    check_branch_name(name)


@pytest.mark.parametrize("name", ["xK7mQ2vL9pRt4WzN", "robot:hunter2", "ghp_0123456789abcdef", "a/xK7mQ2vL9pRt4WzN"])  # fmt: skip
def test_what_may_be_a_password_is_not_repeated(name: str) -> None:
    with pytest.raises(UsageError) as raised:
        check_branch_name(name)
    said = " ".join((raised.value.message, *raised.value.hints))
    assert "looks like a secret" in said
    assert name.rsplit("/", 1)[-1] not in said
