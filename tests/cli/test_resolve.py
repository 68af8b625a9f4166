"""What resolve does with a conflict: one key after the other, in an editor, and of what a server merged."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from tests.support.merging import SECRET, Branches
from tests.support.terminal import Terminal
from tests.support.user import PROGRAM, Result, User

THREE = f"{SECRET}  c: three\n"


@pytest.fixture
def branches(user: User) -> Branches:
    return Branches(user)


@pytest.fixture
def conflict(branches: Branches) -> Branches:
    """Both branches changed a and b, and theirs c."""
    part(branches)
    assert branches.merge().status == 1
    return branches


def part(branches: Branches) -> None:
    branches.start(branches.encrypt(THREE))

    def edit(side: str, *keys: str) -> None:
        for key in keys:
            branches.set("stringData", key, value=f'"{key} of {side}"')

    branches.part(lambda: edit("main", "a", "b"), lambda: edit("topic", "a", "b", "c"))


def held(branches: Branches) -> Any:
    return yaml.safe_load(branches.opened())["stringData"]


def unmerged(branches: Branches) -> bool:
    return branches.user.git("ls-files", "--unmerged") != ""


def test_a_file_that_git_does_not_stage_is_as_before(conflict: Branches) -> None:
    user, path = conflict.user, conflict.path
    lock = user.repository / ".git/index.lock"
    lock.touch()
    before = user.state()
    refused = user.run("resolve", path, "--theirs")
    assert refused.status == 3, refused.printed
    assert f"error: git add {path} failed, and nothing was changed" in refused.stderr
    assert user.state() == before
    lock.unlink()
    assert user.run("resolve", path, "--theirs").status == 0
    assert not unmerged(conflict)


@pytest.mark.parametrize("how", ["by sops", "readable"])
def test_what_somebody_wrote_since_the_merge_is_not_overwritten(
    conflict: Branches, how: str
) -> None:
    user, path = conflict.user, conflict.path
    if how == "by sops":
        conflict.set("stringData", "b", value='"by hand"')
    else:
        user.write({path: conflict.opened().replace("b of main", "by hand")})
    before = user.state()
    refused = user.run("resolve", path, "--theirs")
    assert (refused.status, user.state()) == (3, before), refused.printed
    assert f"{path} was changed since the merge, and resolve would overwrite that" in refused.stderr
    assert f"hint: git checkout --ours -- ':(top,literal){path}'\n" in refused.stderr
    user.git("checkout", "--ours", "--", path)
    assert user.run("resolve", path, "--theirs").status == 0
    assert held(conflict)["b"] == "b of topic"


def test_a_file_that_was_only_encrypted_anew_since_the_merge_is_resolved(
    conflict: Branches,
) -> None:
    conflict.user.write({conflict.path: conflict.encrypt(conflict.opened())})
    assert conflict.user.run("resolve", conflict.path, "--theirs").status == 0
    assert held(conflict)["b"] == "b of topic"


def test_each_key_has_a_side_of_its_own(conflict: Branches) -> None:
    user, path = conflict.user, conflict.path
    first = user.run("resolve", path, "stringData.a", "--theirs", "--json")
    assert (first.status, json.loads(first.stdout)["conflicts"]) == (1, ["stringData.b"])
    assert unmerged(conflict)
    last = user.run("resolve", path, "stringData.b", "--ours")
    assert last.status == 0, last.printed
    assert not unmerged(conflict)
    assert held(conflict) == {"a": "a of topic", "b": "b of main", "c": "c of topic"}
    assert not list((user.repository / ".git").glob("gitops-secrets-resolve*"))


def test_a_choice_does_not_outlive_its_conflict(conflict: Branches) -> None:
    user, path = conflict.user, conflict.path
    assert user.run("resolve", path, "stringData.a", "--theirs").status == 1
    user.git("merge", "--abort")
    conflict.on("main", conflict.setting("stringData", "a", value='"another"'))
    assert conflict.merge().status == 1
    assert json.loads(user.run("resolve", path, "--json").stdout)["chosen"] == []


def test_a_hint_works_in_the_folder_from_which_git_was_called(branches: Branches) -> None:
    part(branches)
    below = branches.user.repository / "apps"
    done = branches.user.program(["git", "merge", "topic"], cwd=below)
    hint = done.stderr.partition("hint: ")[2].partition("\n")[0]
    assert hint == "gitops-secrets resolve db.sops.yaml stringData.a --theirs"
    env = {"PATH": f"{PROGRAM.parent}:{branches.user.env['PATH']}"}
    followed = branches.user.program(["sh", "-c", hint], env=env, cwd=below)
    assert (followed.status, "both sides changed stringData.b" in followed.stdout) == (1, True)


def test_a_file_whose_name_begins_as_an_option_is_merged(user: User) -> None:
    branches = Branches(user, "-x.sops.yaml")
    part(branches)
    done = branches.merge()
    hint = done.stderr.partition("hint: ")[2].partition("\n")[0]
    assert hint == "gitops-secrets resolve ./-x.sops.yaml stringData.a --theirs"
    assert user.run("resolve", "./-x.sops.yaml", "--theirs").status == 0
    assert held(branches)["a"] == "a of topic"


def edited(branches: Branches, script: str, *arguments: str) -> tuple[int, str]:
    """Resolve with an editor that runs *script*; on a terminal, since there an editor can be."""
    editor = branches.user.home / "my-editor"
    editor.write_text(f"#!/bin/sh\n{script}\n")
    editor.chmod(0o755)
    argv = [PROGRAM, "resolve", branches.path, *arguments, "--edit"]
    with Terminal(branches.user, argv, EDITOR=str(editor)) as terminal:
        return terminal.end(60), terminal.shown.decode()


def test_in_an_editor_a_third_value_is_written(conflict: Branches) -> None:
    status, shown = edited(conflict, "sed -i 's/a of main/a third/' \"$1\"")
    assert status == 0, shown
    assert not unmerged(conflict)
    assert held(conflict) == {"a": "a third", "b": "b of main", "c": "c of topic"}


def test_an_editor_that_fails_leaves_the_conflict(conflict: Branches) -> None:
    status, shown = edited(conflict, "exit 1")
    assert status == 3, shown
    assert unmerged(conflict)
    assert conflict.user.run("resolve", conflict.path, "--theirs").status == 0
    assert held(conflict)["a"] == "a of topic"


def test_what_was_edited_and_is_not_staged_is_said(conflict: Branches) -> None:
    lock = conflict.user.repository / ".git/index.lock"
    status, shown = edited(conflict, f"sed -i 's/a of main/a third/' \"$1\"; touch {lock}")
    assert status == 3, shown
    assert "the file has what you chose and edited, and is in conflict in the index" in shown
    lock.unlink()
    assert unmerged(conflict)
    assert held(conflict)["a"] == "a third"


def test_an_editor_does_not_open_while_another_key_is_left(conflict: Branches) -> None:
    status, shown = edited(conflict, "exit 1", "stringData.a")
    assert (status, "resolve apps/db.sops.yaml stringData.b --ours" in shown) == (2, True), shown
    assert unmerged(conflict)


def merged_by_a_server(branches: Branches) -> Result:
    """Merge without the driver, and commit what Git left."""
    part(branches)
    branches.user.git("config", "--remove-section", "merge.gitops-secrets")
    assert branches.merge().status == 1
    branches.user.git("add", "--all")
    branches.user.git("commit", "--quiet", "--no-verify", "--no-edit")
    assert "<<<<<<<" in branches.content()
    return branches.user.run("resolve", branches.path)


def test_markers_of_a_committed_merge_are_resolved_from_where_both_began(
    branches: Branches,
) -> None:
    left = merged_by_a_server(branches)
    assert [line.rpartition(" ")[2] for line in left.stdout.splitlines()] == [
        "stringData.a",
        "stringData.b",
    ]
    user = branches.user
    assert user.run("resolve", branches.path, "stringData.a", "--theirs").status == 1
    assert user.run("resolve", branches.path, "stringData.b", "--ours").status == 0
    assert held(branches) == {"a": "a of topic", "b": "b of main", "c": "c of topic"}
    assert user.run("scan").status == 0


def test_a_clone_without_the_drivers_merges_as_git_does(branches: Branches) -> None:
    part(branches)
    user = branches.user
    assert user.run("hooks", "uninstall").status == 0
    user.write({".gitattributes": "*.sops.yaml merge=gitops-secrets diff=gitops-secrets\n"})
    user.git("add", "--all")
    user.git("commit", "--quiet", "--no-verify", "--message", "attributes")
    done = branches.merge()
    assert done.status == 1
    assert branches.content().count("<<<<<<< ") == branches.content().count(">>>>>>> ") > 0
    assert user.run("resolve", branches.path, "--ours").status == 0
    assert held(branches) == {"a": "a of main", "b": "b of main", "c": "c of topic"}


def test_a_merge_without_an_identity_is_finished_once_there_is_one(branches: Branches) -> None:
    branches.start(branches.encrypt(THREE))
    branches.part(
        branches.setting("stringData", "a", value='"of main"'),
        branches.setting("stringData", "b", value='"of topic"'),
    )
    keys = branches.user.home / ".config/sops/age/keys.txt"
    kept = keys.rename(branches.user.home.parent / "keys.txt")
    done = branches.merge()
    hint = done.stderr.partition("hint: ")[2].partition("\n")[0]
    assert hint == "gitops-secrets resolve apps/db.sops.yaml --age-identity-file FILE"
    followed = branches.user.run(*hint.split()[1:-1], str(kept))
    assert followed.status == 0, followed.printed
    kept.rename(keys)
    assert not unmerged(branches)
    assert held(branches) == {"a": "of main", "b": "of topic", "c": "three"}
