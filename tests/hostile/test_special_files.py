"""Pipes, devices and symlinks in the place of a file: nothing waits for them, and none of them is called clean."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.guard.corpus.case import Fresh
from tests.support.user import PROGRAM, User

COVERED = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {password: one}\n"
POLICY = [".sops.yaml", ".gitops-secrets-baseline.yaml", ".gitops-secrets.yaml"]


@pytest.mark.parametrize("file", POLICY)
def test_rules_in_a_pipe_block_and_nobody_waits_for_a_writer(user: User, file: str) -> None:
    user.write({"a.yaml": Fresh().secret})
    os.mkfifo(user.repository / file)
    result = user.run("scan", ".")
    assert result.status == 3
    assert f"{file}: it is not a plain file, and the guard's rules stand in it" in result.stderr


@pytest.mark.parametrize("file", POLICY)
def test_rules_by_a_symlink_to_a_device_block_and_are_not_read(user: User, file: str) -> None:
    user.write({"a.yaml": Fresh().secret})
    (user.repository / file).symlink_to("/dev/zero")
    assert user.run("scan", ".").status == 3


def test_rules_on_disk_by_a_symlink_to_other_rules_count(user: User) -> None:
    user.write({".sops.yaml": "creation_rules:\n- path_regex: \\.yaml$\n", "apps/a.yaml": COVERED})
    (user.repository / "apps/.sops.yaml").symlink_to("../.sops.yaml")
    result = user.run("scan", "apps")
    assert (result.status, "creation rule 1 of apps/.sops.yaml" in result.stdout) == (1, True)


def test_rules_on_disk_that_cannot_be_read_block(user: User) -> None:
    user.write({"a.yaml": Fresh().secret})
    (user.repository / ".sops.yaml").write_bytes(b"")
    os.truncate(user.repository / ".sops.yaml", 65 << 20)
    result = user.run("scan", "a.yaml")
    assert (result.status, "it has more than 64 MiB" in result.stderr) == (3, True)


def test_a_baseline_in_a_pipe_is_not_waited_for_when_a_finding_is_accepted(user: User) -> None:
    user.commit({"a.yaml": Fresh().secret})
    os.mkfifo(user.repository / POLICY[1])
    result = user.run("scan", "--tree", "--accept", "a test", "--expires", "2100-01-01")
    assert (result.status, "is not a plain file" in result.stderr) == (3, True)


@pytest.mark.parametrize("given", ["a pipe", "/dev/null", "a symlink to a pipe"])
def test_a_special_file_that_is_named_is_not_looked_at_and_blocks(user: User, given: str) -> None:
    path = user.temporary / "given"
    if given == "a pipe":
        os.mkfifo(path)
    elif given == "/dev/null":
        path = Path(given)
    else:
        os.mkfifo(user.temporary / "pipe")
        path.symlink_to("pipe")
    result = user.run("scan", str(path))
    assert result.status == 3
    assert f"not looked at: {path}: it is a pipe or a device" in result.stdout


def test_standard_input_from_a_pipe_is_not_called_clean(user: User) -> None:
    result = user.program(["sh", "-c", 'echo x | "$0" scan /dev/stdin', PROGRAM])
    assert result.status == 3


def test_a_special_file_in_a_folder_is_passed_over_as_git_does(user: User) -> None:
    user.write({"folder/a.yaml": "a: b\n"})
    os.mkfifo(user.repository / "folder/pipe")
    result = user.run("scan", "folder")
    assert (result.status, "looked at 1 file, nothing found" in result.stdout) == (0, True)


@pytest.mark.parametrize("target", ["file", "folder"])
def test_a_symlink_that_is_named_is_followed(user: User, target: str) -> None:
    elsewhere = user.temporary / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.yaml").write_text(Fresh().secret)
    (user.repository / "link").symlink_to(elsewhere / "a.yaml" if target == "file" else elsewhere)
    result = user.run("scan", "link")
    assert (result.status, result.stdout.count("error[plaintext-dockerconfigjson]")) == (1, 1)


def test_a_symlink_in_a_folder_is_judged_as_git_holds_it(user: User) -> None:
    (user.temporary / "a.yaml").write_text(Fresh().secret)
    user.write({"folder/b.yaml": "a: b\n"})
    (user.repository / "folder/link").symlink_to(user.temporary / "a.yaml")
    assert user.run("scan", "folder").status == 0
