"""A killer: SIGKILL at points spread over a run, and what has to hold after each.

    python -m tests.support.kill --points 400

One half of the points is spread from the start to the end, the other over the short time in which the
run writes, from the moment its journal is there. How long both take is measured anew now and then, for a
machine's load changes. Half of the kills take the whole process group, git and sops included. After each: the branch is as it was
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
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.support.user import User

_MEASURED_EVERY = 20
"""After so many points the run is measured again."""


class Point(NamedTuple):
    """What was found right after one kill."""

    committed: bool
    """Whether the branch had the commit."""
    journal: bool
    """Whether something had been begun that the next run has to clear up."""
    git_lock: bool
    """Whether git's index.lock was left."""
    ended: bool
    """Whether the run was over before it was killed."""


class Moment(NamedTuple):
    """When to kill: so many seconds after the start, or after the journal is there."""

    after: float
    since_journal: bool


class Story(NamedTuple):
    """A command to kill, and how to know that all of it is in a commit."""

    prepare: Callable[[User], None]
    arguments: Sequence[str]
    env: dict[str, str]
    is_whole: Callable[[User], bool]


def kill_at(
    story: Story, folder: Path, moment: Moment, *, group: bool, user_commits: bool
) -> Point:
    """Kill *story*'s command at *moment*, and check what has to hold; AssertionError where not."""
    user = _prepare(story, folder)
    before = user.git("rev-parse", "HEAD")
    run = _start(story, user)
    if moment.since_journal:
        _wait_for_journal(user, run)
    time.sleep(moment.after)
    with contextlib.suppress(ProcessLookupError):
        (os.killpg if group else os.kill)(run.pid, signal.SIGKILL)
    run.wait()
    _wait_for_git(user)
    git_dir = user.repository / ".git"
    point = Point(
        user.git("rev-parse", "HEAD") != before,
        (git_dir / "gitops-secrets" / "journal.json").exists(),
        (git_dir / "index.lock").exists(),
        run.returncode >= 0,
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
    found: collections.Counter[Point] = collections.Counter()
    measured: list[tuple[float, float]] = []
    for number in range(points):
        if number % _MEASURED_EVERY == 0:
            measured.append(_measure(story, folder / f"trial-{number}"))
        since_journal, place = bool(number % 2), folder / str(number)
        span = statistics.median(both[since_journal] for both in measured[-3:])
        found[
            kill_at(
                story,
                place,
                Moment(span * 1.1 * number / points, since_journal),
                group=bool(number // 2 % 2),
                user_commits=bool(number // 4 % 2),
            )
        ] += 1
        shutil.rmtree(place)
    return found


def _prepare(story: Story, folder: Path) -> User:
    user = User(folder)
    user.commit({"mine": "1", "other": "1"})
    story.prepare(user)
    user.write({"mine": "staged", "other": "unstaged", "new": "untracked"})
    user.git("add", "mine")
    return user


def _start(story: Story, user: User) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [Path(sys.executable).with_name("gitops-secrets"), *story.arguments],
        cwd=user.repository,
        env={**user.env, **story.env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _wait_for_journal(user: User, run: subprocess.Popen[bytes]) -> None:
    """Wait until the run begins to write, or is over."""
    journal = user.repository / ".git" / "gitops-secrets" / "journal.json"
    while not journal.exists() and run.poll() is None:
        time.sleep(0.0002)


def _measure(story: Story, folder: Path) -> tuple[float, float]:
    """Return how long the whole run takes, and how long what follows the journal's appearance."""
    user = _prepare(story, folder)
    began = time.monotonic()
    run = _start(story, user)
    _wait_for_journal(user, run)
    writes = time.monotonic()
    assert run.wait() == 0
    ended = time.monotonic()
    shutil.rmtree(folder)
    return ended - began, ended - writes


def _wait_for_git(user: User) -> None:
    """Wait until no git that outlived the kill is at work: it may still move the branch.

    One that was just started bears the name of who started it, and is known by where it works alone.
    """
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        busy = False
        for process in Path("/proc").iterdir():
            try:
                if process.name.isdigit():
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


_FIGURES: dict[str, Callable[[Point], bool]] = {
    "before anything was written": lambda p: not p.ended and not p.journal and not p.committed,
    "while it was written, the branch as before": lambda p: p.journal and not p.committed,
    "while it was written, the branch moved": lambda p: p.journal and p.committed,
    "of these, with a lock of git's left": lambda p: p.journal and p.git_lock,
    "after the last write, before the end": lambda p: not p.ended and not p.journal and p.committed,
    "after the end": lambda p: p.ended,
}


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=400)
    points: int = parser.parse_args().points
    with tempfile.TemporaryDirectory() as folder:
        found = kill_everywhere(bootstrap_story(), Path(folder), points)
    print(
        f"{points} kills, half of them while it writes; each time all of it was there or nothing:"
    )
    for what, is_so in _FIGURES.items():
        print(f"{sum(n for point, n in found.items() if is_so(point)):5}  {what}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
