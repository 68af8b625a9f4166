"""A killer: SIGKILL at points spread over a run, and what has to hold after each.

    python -m tests.support.kill --points 400

Every other kill takes the whole process group, git and sops included. After it: the branch is as it was
or has the whole commit; a plain ``git commit`` of the user's own work undoes nothing of ours; the next
run ends well, with the user's other work as it was.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.support.user import User


class Point(NamedTuple):
    """What was found right after one kill."""

    committed: bool
    """Whether the branch had the commit."""
    journal: bool
    """Whether something had been begun that the next run has to clear up."""
    git_lock: bool
    """Whether git's index.lock was left."""


class Story(NamedTuple):
    """A command to kill, and how to know that all of it is in a commit."""

    prepare: Callable[[User], None]
    arguments: Sequence[str]
    env: dict[str, str]
    is_whole: Callable[[User], bool]


def kill_at(story: Story, folder: Path, after: float, *, group: bool, user_commits: bool) -> Point:
    """Kill *story*'s command *after* seconds, and check what has to hold; AssertionError where not."""
    user = User(folder)
    user.commit({"mine": "1", "other": "1"})
    story.prepare(user)
    user.write({"mine": "staged", "other": "unstaged", "new": "untracked"})
    user.git("add", "mine")
    before = user.git("rev-parse", "HEAD")
    run = subprocess.Popen(
        [Path(sys.executable).with_name("gitops-secrets"), *story.arguments],
        cwd=user.repository,
        env={**user.env, **story.env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(after)
    with contextlib.suppress(ProcessLookupError):
        (os.killpg if group else os.kill)(run.pid, signal.SIGKILL)
    run.wait()
    _wait_for_git(user)
    git_dir = user.repository / ".git"
    point = Point(
        user.git("rev-parse", "HEAD") != before,
        (git_dir / "gitops-secrets" / "journal.json").exists(),
        (git_dir / "index.lock").exists(),
    )
    assert point.committed == story.is_whole(user), "the branch is neither as before nor as after"
    if user_commits and not point.git_lock:
        user.git("commit", "--quiet", "--message", "The user's own")
        assert story.is_whole(user) or not point.committed, "the user's commit undid ours"
    again = user.run(*story.arguments, env=story.env)
    assert again.status == 0, again.stderr
    assert story.is_whole(user)
    status = user.git("status", "--porcelain")
    staged = "" if user_commits and not point.git_lock else "M  mine\n"
    assert status == f"{staged} M other\n?? new\n", status
    assert not (git_dir / "gitops-secrets" / "journal.json").exists()
    return point


def kill_everywhere(story: Story, folder: Path, points: int) -> collections.Counter[Point]:
    """Kill at *points* points from start to end, and count what was found."""
    trial = User(folder / "trial")
    trial.commit({"mine": "1"})
    story.prepare(trial)
    began = time.monotonic()
    trial.run(*story.arguments, env=story.env)
    whole = (time.monotonic() - began) * 1.1
    found: collections.Counter[Point] = collections.Counter()
    for number in range(points):
        place = folder / str(number)
        found[
            kill_at(
                story,
                place,
                whole * number / points,
                group=number % 2 == 1,
                user_commits=number % 4 >= 2,
            )
        ] += 1
        shutil.rmtree(place)
    return found


def _wait_for_git(user: User) -> None:
    """Wait until no git that outlived the kill is at work: it may still move the branch."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        busy = False
        for process in Path("/proc").iterdir():
            try:
                if process.name.isdigit() and (process / "comm").read_text().strip() == "git":
                    busy |= os.readlink(process / "cwd") == str(user.repository)
            except OSError:
                continue
        if not busy:
            return
        time.sleep(0.005)


def bootstrap_story() -> Story:
    """The first bootstrap of a repository that has a .sops.yaml."""
    from tests.support.user import BOOTSTRAP

    def is_whole(user: User) -> bool:
        files = user.git("ls-tree", "-r", "--name-only", "HEAD").split()
        ours = [f for f in files if f.startswith(("clusters/", "pull-secrets/"))]
        assert len(ours) in (0, 5), ours
        return len(ours) == 5

    return Story(
        lambda user: user.commit({".sops.yaml": "stores: {yaml: {indent: 2}}\n"}),
        BOOTSTRAP,
        {"CREDS": "robot:hunter2hunter2"},
        is_whole,
    )


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=400)
    points: int = parser.parse_args().points
    with tempfile.TemporaryDirectory() as folder:
        found = kill_everywhere(bootstrap_story(), Path(folder), points)
    for point, count in sorted(found.items()):
        print(f"{count:5}  {point}")
    print(f"{points} points: invariant 2 held at each")
    return 0


if __name__ == "__main__":
    sys.exit(main())
