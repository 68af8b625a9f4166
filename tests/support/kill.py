"""Signals at points spread over a run, and what has to hold after each.

    python -m tests.support.kill --points 300 --signal SIGINT --story "bootstrap --push"

One half of the points is spread from the start to the end, the other over the short time in which the
run writes, from the moment its journal is there. How long both take is measured anew now and then, for a
machine's load changes. Half of the signals go to the whole process group, git and sops included, as a
terminal's do. After each: the branch is as it was or has the whole commit; what was printed is true of it;
index and work tree are as before or as after, at once or, after SIGKILL, once the next command ran; a plain
``git commit`` of the user's own work undoes nothing of ours; and the next run ends well.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.support.signals import hear_signals
from tests.support.stories import STORIES, Story
from tests.support.user import PROGRAM, User

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGKILL)
_MEASURED_EVERY = 20
"""After so many points the run is measured again."""


class Point(NamedTuple):
    """What was found right after one signal."""

    done: bool
    """Whether all of it was there: the commit, or the file."""
    journal: bool
    """Whether something had been begun that the next run has to clear up."""
    git_lock: bool
    """Whether git's index.lock was left."""
    ended: bool
    """Whether the run was over before the signal came."""


class Moment(NamedTuple):
    """When the signal comes: so many seconds after the start, or after the journal is there."""

    after: float
    since_journal: bool


class _Run(NamedTuple):
    process: subprocess.Popen[bytes]
    out: Path


def end_at(
    story: Story,
    user: User,
    number: signal.Signals,
    moment: Moment,
    *,
    group: bool,
    user_commits: bool,
) -> Point:
    """Send the signal *number* to *story*'s command at *moment*, and check what has to hold.

    Raises AssertionError if it does not.
    """
    before = user.git("rev-parse", "HEAD")
    state = user.state()
    run = start_story(story, user)
    if moment.since_journal:
        wait_for_journal(user, run.process)
    time.sleep(moment.after)
    ended = run.process.poll() is not None
    with contextlib.suppress(ProcessLookupError):
        (os.killpg if group else os.kill)(run.process.pid, number)
    status = run.process.wait()
    _wait_for_git(user)
    printed = run.out.read_text()
    git_dir = user.repository / ".git"
    point = Point(
        story.is_whole(user),
        (git_dir / "gitops-secrets" / "journal.json").exists(),
        (git_dir / "index.lock").exists(),
        ended,
    )
    moved = user.git("rev-parse", "HEAD") != before
    if story.commits:
        assert moved == point.done, "the branch is neither as before nor as after"
    if number != signal.SIGKILL:
        # Python itself ends with 1 if it is interrupted before it has come to us.
        is_python = "KeyboardInterrupt" in printed and "gitops-secrets: " not in printed
        # git may end of the signal, and its end be told, before the signal comes to us.
        is_git = printed.startswith("gitops-secrets: error: git ")
        others = (*([1] if is_python else []), *([3] if is_git else []))
        assert status in (0, 128 + number, -number, *others), (status, printed)
        _check_printed(printed, status, point, f"{number.name} {moment}")
        assert not point.journal, printed
        assert not point.git_lock, printed
        if not point.done:
            now = user.state()
            differing = [what for what in state if now[what] != state[what]]
            assert not differing, (printed, [(state[w], now[w]) for w in differing])
    if user_commits and story.commits and not point.git_lock:
        user.git("commit", "--quiet", "--message", "The user's own")
        assert story.is_whole(user) or not point.done, "the user's commit undid ours"
    free_the_server(user)
    # The user's commit may have taken what a killed run had staged.
    done = story.is_whole(user)
    again = user.run(*story.arguments, env=story.env, stdin=story.stdin)
    assert again.status == story.status_of_again(done=done), again.stderr
    assert story.is_whole(user)
    if story.commits:
        shown = user.git("status", "--porcelain")
        staged = "" if user_commits and not point.git_lock else "M  mine\n"
        assert shown == f"{staged} M other\n?? new\n", shown
    assert not (git_dir / "gitops-secrets" / "journal.json").exists()
    left = [str(p) for p in user.repository.rglob("*.tmp")]
    assert not left, left
    return point


def _check_printed(printed: str, status: int, point: Point, when: str) -> None:
    """See that what a run that was interrupted printed is true."""
    if status == 0 or " stands on " in printed or re.search(" (?:is|are) written", printed):
        assert point.done, (when, printed)
    elif "nothing was changed" in printed:
        assert not point.done, (when, printed)
    else:
        # Before Python got so far, or with its output gone, there are no words; nor is there any change.
        assert not point.done, (when, printed)


def end_everywhere(
    story: Story, folder: Path, points: int, number: signal.Signals = signal.SIGKILL
) -> collections.Counter[Point]:
    """Send the signal at *points* points from start to end, and count what was found."""
    found: collections.Counter[Point] = collections.Counter()
    measured: list[tuple[float, float]] = []
    template = prepare_user(story, folder / "template")
    for at in range(points):
        if at % _MEASURED_EVERY == 0:
            measured.append(_measure(story, _copy(template, folder / f"trial-{at}")))
            shutil.rmtree(folder / f"trial-{at}")
        since_journal = bool(at % 2)
        span = statistics.median(both[since_journal] for both in measured[-3:])
        found[
            end_at(
                story,
                _copy(template, folder / str(at)),
                number,
                Moment(span * 1.1 * at / points, since_journal),
                group=bool(at // 2 % 2),
                user_commits=bool(at // 4 % 2),
            )
        ] += 1
        shutil.rmtree(folder / str(at))
    return found


def prepare_user(story: Story, folder: Path) -> User:
    user = User(folder)
    user.commit({"mine": "1", "other": "1"})
    story.prepare(user)
    user.write({"mine": "staged", "other": "unstaged", "new": "untracked"})
    user.git("add", "mine")
    return user


def _copy(template: User, folder: Path) -> User:
    """Return a user like *template*, whose everything is below *folder*."""
    shutil.copytree(template.home.parent, folder, symlinks=True)
    return template.moved(folder)


def start_story(story: Story, user: User) -> _Run:
    out = user.printed or user.home.parent / "printed"
    with out.open("wb") as stream:
        process = subprocess.Popen(
            [PROGRAM, *story.arguments],
            cwd=user.repository,
            env={**user.env, **story.env},
            stdin=subprocess.PIPE,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(story.stdin)
        process.stdin.close()
    return _Run(process, out)


def wait_for_journal(user: User, run: subprocess.Popen[bytes]) -> None:
    """Wait until the run begins to write, or is over."""
    journal = user.repository / ".git" / "gitops-secrets" / "journal.json"
    while not journal.exists() and run.poll() is None:
        time.sleep(0.0002)


def free_the_server(user: User) -> None:
    """Take away the locks that the server's Git left.

    The server of these stories is a folder, so that its Git runs in our own process group and on the
    user's own disk, and dies with them. A server elsewhere goes on, and takes its locks away itself.
    """
    for lock in (user.home.parent / "origin.git").glob("**/*.lock"):
        lock.unlink()


def _measure(story: Story, user: User) -> tuple[float, float]:
    """Return how long the whole run takes, and how long what follows the journal's appearance."""
    began = time.monotonic()
    run = start_story(story, user)
    wait_for_journal(user, run.process)
    writes = time.monotonic()
    assert run.process.wait() == 0, run.out.read_text()
    ended = time.monotonic()
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


_FIGURES: dict[str, Callable[[Point], bool]] = {
    "before anything was written": lambda p: not p.ended and not p.journal and not p.done,
    "while it was written, not done": lambda p: p.journal and not p.done,
    "while it was written, done": lambda p: p.journal and p.done,
    "of these, with a lock of git's left": lambda p: p.journal and p.git_lock,
    "when it was done, before the end": lambda p: not p.ended and not p.journal and p.done,
    "after the end": lambda p: p.ended,
}


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=300)
    names = [number.name for number in SIGNALS]
    parser.add_argument("--signal", choices=names, action="append")
    parser.add_argument("--story", choices=list(STORIES), action="append")
    options = parser.parse_args()
    hear_signals()
    for name in options.story or STORIES:
        for number in options.signal or names:
            with tempfile.TemporaryDirectory() as folder:
                story = STORIES[name]()
                found = end_everywhere(story, Path(folder), options.points, getattr(signal, number))
            counted = ", ".join(
                f"{sum(n for point, n in found.items() if is_so(point))} {what}"
                for what, is_so in _FIGURES.items()
            )
            print(f"{name}, {number}: {options.points} points held: {counted}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
