"""The Git server: what a test pushes and clones goes through Git's own HTTP."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.githttp import Repository


def test_the_git_server_asks_for_the_password(repository: Repository) -> None:
    with pytest.raises(RuntimeError, match="could not read Username"):
        repository.git("ls-remote", repository.url)


def test_a_push_in_chunks_arrives_whole(repository: Repository, tmp_path: Path) -> None:
    worktree = repository.clone(tmp_path / "clone")
    repository.git("config", "http.postBuffer", "1", cwd=worktree)
    (worktree / "noise").write_bytes(os.urandom(200_000))
    repository.git("add", "noise", cwd=worktree)
    repository.git("commit", "--quiet", "--message=Add noise", cwd=worktree)

    repository.git("push", "--quiet", "origin", "main", cwd=worktree)

    assert repository.head() == repository.git("rev-parse", "HEAD", cwd=worktree).strip()
