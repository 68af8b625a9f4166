"""Killed at any instant, bootstrap leaves the branch as before or as after."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from gitops_secrets.adapters.files import new_token, temporary_of
from tests.support.kill import SIGNALS, end_everywhere
from tests.support.stories import STORIES, bootstrap_story
from tests.support.user import PROGRAM, User


def test_bootstrap_can_be_killed_anywhere(tmp_path: Path) -> None:
    found = end_everywhere(bootstrap_story(), tmp_path, 40)
    assert sum(count for point, count in found.items() if point.journal) >= 5
    assert sum(count for point, count in found.items() if not point.journal) >= 5


def test_killed_when_the_branch_has_moved_and_the_index_not_yet(user: User) -> None:
    """A hook of Git's own kills everything, git and itself included, at that very step."""
    user.commit({".sops.yaml": "stores: {}\n", "mine": "1"})
    user.write({"mine": "2"})
    user.git("add", "mine")
    kill = 'kill -9 -$(ps -o pgid= $$ | tr -d " ")'
    user.hook(
        "reference-transaction",
        f'while read -r _ _ ref; do [ "$1 $ref" = "committed refs/heads/main" ] && {kill}; done; true',
    )
    story = bootstrap_story()
    killed = subprocess.run(
        [PROGRAM, *story.arguments],
        cwd=user.repository,
        env={**user.env, **story.env},
        check=False,
        start_new_session=True,
        capture_output=True,
    )
    assert killed.returncode == -signal.SIGKILL
    (user.repository / ".git" / "hooks" / "reference-transaction").unlink()
    assert story.is_whole(user)
    for lock in (user.repository / ".git").rglob("*.lock"):
        lock.unlink()
    user.git("commit", "--quiet", "--message", "The user's own")
    assert story.is_whole(user)
    assert user.run(*story.arguments, env=story.env).status == 0
    assert story.is_whole(user)


def test_killed_before_the_journal_had_its_name(user: User) -> None:
    """Nothing was begun then, and the next command leaves no half of a journal behind."""
    user.commit({"mine": "1"})
    story = bootstrap_story()
    folder = user.repository / ".git" / "gitops-secrets"
    folder.mkdir()
    half = temporary_of(folder / "journal.json", new_token())
    half.write_text('{"branch": ')
    assert user.run(*story.arguments, env=story.env).status == 0
    assert story.is_whole(user)
    assert not half.exists()


@pytest.mark.parametrize("number", SIGNALS[:-1])
@pytest.mark.parametrize("name", STORIES)
def test_a_signal_at_any_time_leaves_all_or_nothing(
    tmp_path: Path, name: str, number: signal.Signals
) -> None:
    found = end_everywhere(STORIES[name](), tmp_path, 8, number)
    assert sum(found.values()) == 8
