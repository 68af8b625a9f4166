"""Contents read by one git that stays are those that a git for each question reads."""

from __future__ import annotations

import os
import signal
from contextlib import closing
from itertools import cycle, islice

import pytest

from gitops_secrets.adapters.git import bulk
from gitops_secrets.adapters.git.bulk import Contents
from gitops_secrets.adapters.git.objects import Git
from gitops_secrets.errors import GitOpsSecretsError
from tests.support.user import User


def ids_of(user: User) -> list[str]:
    user.commit(
        {"a": "one\n", "empty": "", "b/large": "x" * 90_000, "bytes": b"\0\n\xff\n\n"}
        | {f"c/{n}": f"{n}\n" * n for n in range(40)}
    )
    listed = user.git("ls-tree", "-r", "HEAD").splitlines()
    ids = [line.split()[2] for line in listed]
    return [user.git("rev-parse", "HEAD^{tree}").strip(), "0" * 40, *ids]


@pytest.mark.parametrize("room", [bulk._ROOM, 4096])
def test_they_are_the_same_whatever_the_pipe_holds(
    user: User, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "_ROOM", room)
    git, ids = Git(str(user.repository)), ids_of(user)
    with closing(Contents(git)) as contents:
        for asked in (ids, [], ids[3:], list(islice(cycle(ids), 5000))):
            assert list(contents.read(asked)) == list(git.contents(asked))


def test_a_git_that_ends_too_early_is_an_error_in_its_own_words(user: User) -> None:
    ids = ids_of(user)
    with closing(Contents(Git(str(user.repository)))) as contents:
        os.kill(contents._process, signal.SIGKILL)
        with pytest.raises(GitOpsSecretsError, match="git cat-file failed"):
            list(contents.read(ids))
