"""What is staged is looked at from every folder, under every setting of Git's."""

from __future__ import annotations

import pytest

from tests.hostile.server import RULED, RULES, readable
from tests.support.user import User

SETTINGS = {
    "diff.relative": "true",
    "diff.noprefix": "true",
    "diff.orderFile": "/nowhere",
    "diff.renames": "copies",
    "diff.ignoreSubmodules": "all",
    "diff.interHunkContext": "9",
    "diff.external": "false",
    "core.quotePath": "true",
    "core.ignoreCase": "true",
    "core.splitIndex": "true",
    "core.sparseCheckout": "true",
    "index.version": "4",
    "index.sparse": "true",
    "status.relativePaths": "false",
    "status.showUntrackedFiles": "no",
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_setting_hides_nothing_that_is_staged(user: User, setting: str) -> None:
    user.commit({"below/a": "1\n", ".sops.yaml": RULES})
    user.git("config", setting, SETTINGS[setting])
    user.write({RULED: readable()})
    user.git("add", "--all")
    for folder in (user.repository, user.repository / "below", user.repository / "secrets"):
        assert user.run("scan", cwd=folder).status == 1
        assert user.run("scan", "--output", "json", cwd=folder).status == 1
        assert user.run("scan", "--repo", str(user.repository), cwd=user.home).status == 1


@pytest.mark.parametrize("how", ["LITERAL", "GLOB", "NOGLOB", "ICASE"])
def test_how_the_user_reads_pathspecs_does_not_lose_the_rules(user: User, how: str) -> None:
    user.commit({".sops.yaml": RULES})
    user.write({RULED: readable()})
    user.git("add", "--all")
    assert user.run("scan", env={f"GIT_{how}_PATHSPECS": "1"}).status == 1


@pytest.mark.parametrize("flag", ["--skip-worktree", "--assume-unchanged"])
def test_a_flag_in_the_index_hides_nothing(user: User, flag: str) -> None:
    user.commit({RULED: "a: 1\n", ".sops.yaml": RULES})
    user.write({RULED: readable()})
    user.git("add", "--all")
    user.git("update-index", flag, RULED)
    assert user.run("scan").status == 1


def test_paths_trees_and_the_index_are_read_from_a_folder_below(user: User) -> None:
    user.commit({".sops.yaml": RULES, RULED: readable(), "below/a": "1\n"})
    below = user.repository / "below"
    for arguments in (["--tree"], ["--index", "../secrets/db.yaml"], ["../secrets"]):
        assert user.run("scan", *arguments, cwd=below).status == 1, arguments


def test_a_bare_repository_is_not_taken_for_one_with_nothing_staged(user: User) -> None:
    user.commit({"a": "1\n"})
    bare = user.home / "bare.git"
    user.git("clone", "--quiet", "--bare", str(user.repository), str(bare))
    for arguments in ([], ["--staged"], ["--output", "json"]):
        result = user.run("scan", *arguments, cwd=bare)
        assert result.status == 3
        assert "nothing is staged in it" in result.stderr
    assert user.run("scan", cwd=user.home).status == 3
    assert user.run("scan", "--tree", cwd=bare).status == 0


def test_what_a_clone_lacks_of_the_rules_blocks(user: User) -> None:
    user.commit({".sops.yaml": RULES, "a": "1\n"})
    blob = user.git("rev-parse", "HEAD:.sops.yaml").strip()
    (user.repository / ".git/objects" / blob[:2] / blob[2:]).unlink()
    user.write({RULED: readable()})
    user.git("add", RULED)
    result = user.run("scan")
    assert result.status == 3
    assert ".sops.yaml" in result.stderr
