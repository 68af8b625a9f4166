"""A branch of somebody without any key puts an older version of an encrypted file back.

All of its values have their MAC, so nothing refuses them, and the merge gives them a MAC of today. A revert
does the same, so it is not refused: it is said.
"""

from __future__ import annotations

import time

import pytest
import yaml

from tests.support.merging import SECRET, Branches
from tests.support.user import User

NOTE = "note: apps/db.sops.yaml: one side puts values back: its version is of "


@pytest.fixture
def branches(user: User) -> Branches:
    """A file whose first version was replaced by another one, a second later."""
    branches = Branches(user)
    branches.start(branches.encrypt(SECRET))
    user.git("branch", "first")
    time.sleep(1.1)
    branches.on("main", branches.setting("stringData", "a", value='"rotated"'))
    return branches


def put_back(branches: Branches) -> None:
    branches.user.git("checkout", "--quiet", "first", "--", branches.path)


def values(branches: Branches) -> dict[str, str]:
    found: dict[str, str] = yaml.safe_load(branches.opened())["stringData"]
    return found


def test_a_merge_says_that_it_puts_values_back(branches: Branches) -> None:
    branches.part(
        branches.setting("stringData", "b", value='"of main"'), lambda: put_back(branches)
    )
    done = branches.merge()
    assert (done.status, NOTE in done.stderr) == (0, True), done.printed
    assert values(branches) == {"a": "one", "b": "of main"}


def test_a_rebase_says_that_the_fetched_branch_puts_values_back(branches: Branches) -> None:
    branches.part(
        branches.setting("stringData", "b", value='"of main"'), lambda: put_back(branches)
    )
    done = branches.user.program(["git", "rebase", "topic"])
    assert (done.status, NOTE in done.stderr) == (0, True), done.printed


def test_resolve_says_that_it_puts_values_back(branches: Branches) -> None:
    branches.part(
        branches.setting("stringData", "a", value='"of main"'), lambda: put_back(branches)
    )
    assert branches.merge().status == 1
    done = branches.user.run("resolve", branches.path, "--theirs")
    assert (done.status, NOTE in done.stderr) == (0, True), done.printed
    assert values(branches)["a"] == "one"


def test_what_our_own_branch_has_put_back_is_not_said(branches: Branches) -> None:
    branches.part(
        lambda: put_back(branches), branches.setting("stringData", "b", value='"of topic"')
    )
    done = branches.merge()
    assert (done.status, NOTE in done.stderr) == (0, False), done.printed
    assert values(branches) == {"a": "one", "b": "of topic"}
