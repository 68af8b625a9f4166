"""A disk that fills up, and one that goes away, at points spread over a run that writes.

    unshare --map-root-user --mount python -m tests.support.disk --points 300

Everything of a user's is on a file system in memory of its own. In two thirds of the points all but some
of its pages, or of its inodes, are taken; after the run everything is as before or as after, and what was
printed says which. In the others it is unmounted while the run writes, is there again afterwards, and the
next run brings everything to an end.
"""

from __future__ import annotations

import argparse
import collections
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.kill import free_the_server, prepare_user, start_story, wait_for_journal
from tests.support.stories import STORIES, Story
from tests.support.user import User

_PAGE = 4096
_PAGES = 256
_INODES = 4000


class Disk:
    """A file system in memory at *place*, which can be filled and taken away."""

    def __init__(self, folder: Path) -> None:
        self._kept, self.place = folder / "kept", folder / "disk"
        self._kept.mkdir()
        self.place.mkdir()
        _mount("-t", "tmpfs", "-o", f"size=64m,nr_inodes={_INODES}", "tmpfs", str(self._kept))
        self.attach()

    def attach(self) -> None:
        """Have it at its place."""
        _mount("--bind", str(self._kept), str(self.place))

    def detach(self) -> None:
        """Take it away from under whoever uses it."""
        subprocess.run(["umount", "--lazy", str(self.place)], check=True)

    def remove(self) -> None:
        """Take it away for good."""
        self.detach()
        subprocess.run(["umount", "--lazy", str(self._kept)], check=True)

    @contextmanager
    def filled(self, pages: int | None, inodes: int | None) -> Iterator[None]:
        """Leave so many pages, or so many inodes, free."""
        folder = self.place / "filler"
        folder.mkdir()
        if inodes is not None:
            free = os.statvfs(self.place).f_favail
            for number in range(max(0, free - inodes)):
                (folder / str(number)).touch()
        if pages is not None:
            with (folder / "pages").open("wb") as file:
                free = os.statvfs(self.place).f_bavail
                os.posix_fallocate(file.fileno(), 0, max(1, (free - pages) * _PAGE))
        try:
            yield
        finally:
            shutil.rmtree(folder)


def run_full(story: Story, user: User, disk: Disk, number: int, points: int) -> str:
    """Run *story* on a disk with the *number*th amount of room; return how it ended."""
    state, before = user.state(), user.git("rev-parse", "HEAD")
    by_inodes = number % 3 == 0
    room = (96 if by_inodes else _PAGES) * number // points
    with disk.filled(None if by_inodes else room, room if by_inodes else None):
        run = start_story(story, user)
        status = run.process.wait()
        printed = run.out.read_text()
    # What it printed may not fit on the disk either.
    assert status in (0, 3), (status, printed)
    done = story.is_whole(user)
    if story.commits:
        assert done == (user.git("rev-parse", "HEAD") != before)
    if status == 0:
        assert done
        how = "done"
    elif " stands on " in printed:
        assert done
        how = "done but for what follows"
    elif "could not be taken back" in printed:
        how = "waits for the next run"
    else:
        assert not done, printed
        now = user.state()
        assert now == state, (printed, [k for k in state if now[k] != state[k]])
        how = "as before"
    _again(story, user)
    return how


def run_lost(story: Story, user: User, disk: Disk, after: float) -> str:
    """Take the disk away so long after *story* began to write; return how it ended."""
    run = start_story(story, user)
    wait_for_journal(user, run.process)
    time.sleep(after)
    disk.detach()
    status = run.process.wait()
    disk.attach()
    printed = run.out.read_text()
    assert status in (0, 3), (status, printed)
    _wait_for_lock(user)
    if status == 0:
        assert story.is_whole(user), printed
        how = "done"
    elif "nothing was changed" in printed:
        how = "as before"
        assert not story.is_whole(user), printed
    else:
        assert "git is not installed" not in printed
        how = "waits for the next run"
    _again(story, user)
    return how


def _again(story: Story, user: User) -> None:
    free_the_server(user)
    done = story.is_whole(user)
    result = user.run(*story.arguments, env=story.env, stdin=story.stdin)
    assert result.status == story.status_of_again(done=done), result.printed
    assert story.is_whole(user)
    assert not list(user.repository.rglob("*.tmp"))
    if story.commits:
        assert user.git("status", "--porcelain") == "M  mine\n M other\n?? new\n"


def _wait_for_lock(user: User) -> None:
    lock = user.repository / ".git/gitops-secrets/lock"
    if lock.exists():
        subprocess.run(["flock", str(lock), "true"], check=True)


def run_everywhere(name: str, points: int) -> collections.Counter[str]:
    """Run the story *name* at *points* points of either kind, and count how it ended."""
    story = STORIES[name]()
    found: collections.Counter[str] = collections.Counter()
    with tempfile.TemporaryDirectory() as folder, _disk(Path(folder)) as disk:
        template = prepare_user(story, Path(folder) / "template")
        for number in range(points):
            place = disk.place / "user"
            shutil.copytree(template.home.parent, place, symlinks=True)
            user = template.moved(place)
            # What is printed goes elsewhere, as to a terminal.
            user.printed = Path(folder) / "printed"
            if number % 3 == 2:
                how = "lost: " + run_lost(story, user, disk, 0.06 * number / points)
            else:
                how = "full: " + run_full(story, user, disk, number, points)
            found[how] += 1
            shutil.rmtree(place)
    return found


@contextmanager
def _disk(folder: Path) -> Iterator[Disk]:
    disk = Disk(folder)
    try:
        yield disk
    finally:
        disk.remove()


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=300)
    parser.add_argument("--story", choices=list(STORIES), action="append")
    options = parser.parse_args()
    for name in options.story or STORIES:
        found = run_everywhere(name, options.points)
        counted = ", ".join(f"{found[how]} {how}" for how in sorted(found))
        print(f"{name}: {options.points} points held: {counted}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
