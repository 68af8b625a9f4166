"""A watch for leaks: a secret's value in everything that a run wrote, printed or showed to others.

While the command runs, command lines and environments are sampled from /proc, and files that come
and go, if they live for some milliseconds, are kept. Afterwards everything below the user's folders
is read, Git's objects unpacked, packed and unreachable ones too, and what is new in the machine's
temporary folders. What the user gave by a file is not a leak: such a file stands outside his HOME,
repository and temporary folder.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from tests.support.contexts import Context
from tests.support.processes import Sampler
from tests.support.spellings import Needles
from tests.support.transient import KeptFiles
from tests.support.user import Result, User

_SHARED = ("/tmp", "/var/tmp", "/dev/shm")
_LARGEST = 64 * 1024 * 1024


class Watch(Context):
    """Watches one or several commands of *user* for *secrets*; ``leaks`` then says where one was seen.

    What the user himself put into the process that he started is not counted: *own* are the names
    of the variables by which he gave it, *own_arguments* says that he gave it as an argument.
    """

    def __init__(
        self,
        user: User,
        *secrets: str,
        own: str | tuple[str, ...] = "CREDS",
        own_arguments: bool = False,
    ) -> None:
        self._user = user
        self._secret = Needles(*secrets)
        names = (own,) if isinstance(own, str) else own
        self._sampler = Sampler(self._secret, names, own_arguments=own_arguments)
        self._base = user.temporary.parent
        self._kept = KeptFiles(self._folders(), self._base / f"kept-{time.monotonic_ns()}")
        self._began = 0.0

    def _open(self, stack: ExitStack) -> None:
        # A file's time may lag behind the clock by a tick.
        self._began = time.time() - 0.02
        # The thread that keeps files must not wait for the one that samples.
        stack.callback(sys.setswitchinterval, sys.getswitchinterval())
        sys.setswitchinterval(0.0002)
        stack.enter_context(self._kept)
        stack.enter_context(self._sampler)

    @property
    def samples(self) -> int:
        """How many times the processes were looked at."""
        return self._sampler.samples

    @property
    def programs(self) -> set[str]:
        """The names of the programs that the command started and that were looked at."""
        return self._sampler.programs

    def leaks(self, *results: Result) -> list[str]:
        """Return each place in which a secret was found; empty is good."""
        found = set(self._sampler.seen)
        for result in results:
            found |= self._in("standard output", result.stdout.encode())
            found |= self._in("standard error", result.stderr.encode())
        for place, content in self._contents():
            found |= self._in(place, content)
        return sorted(found)

    def _folders(self) -> list[Path]:
        return [self._user.repository, self._user.home, self._user.temporary]

    def _in(self, place: str, content: bytes) -> set[str]:
        return {place} if self._secret.are_in(content) else set()

    def _contents(self) -> Iterator[tuple[str, bytes]]:
        for folder in self._folders():
            yield from files_below(folder, self._base)
        for place, content in self._kept.contents():
            yield f"{os.path.relpath(place, self._base)}, made during the run", content
        yield from git_objects(self._user)
        yield from self._shared()

    def _shared(self) -> Iterator[tuple[str, bytes]]:
        """Yield what is new since the watch began in the folders that all users share."""
        for shared in map(Path, _SHARED):
            for path in shared.iterdir() if shared.is_dir() else ():
                if path not in self._base.parents and _time(path) >= self._began:
                    yield str(path), os.fsencode(path)
                    for place, content in files_below(path, shared, self._began):
                        yield f"{shared}/{place}", content


def files_below(folder: Path, base: Path, since: float = 0.0) -> Iterator[tuple[str, bytes]]:
    """Yield every file at or below *folder*, named from *base*, with its name's bytes and content.

    Of a symlink, where it leads. Only what was changed at or after the time *since*. What goes away
    meanwhile is passed over: other programs have files in the folders that all users share.
    """
    below = (Path(at, name) for at, folders, files in os.walk(folder) for name in folders + files)
    for path in (folder, *below):
        try:
            mode = path.lstat().st_mode
            content = b""
            if stat.S_ISLNK(mode):
                content = os.fsencode(os.readlink(path))
            elif stat.S_ISREG(mode) and _time(path) >= since and path.stat().st_size < _LARGEST:
                content = path.read_bytes()
        except OSError:
            continue
        yield str(path.relative_to(base)), os.fsencode(path.name) + b"\0" + content


def git_objects(user: User) -> Iterator[tuple[str, bytes]]:
    """Yield what Git's object store holds, unpacked: packed, loose, unreachable and half-written."""
    if not (user.repository / ".git").exists():
        return
    done = subprocess.run(
        ["git", "cat-file", "--batch-all-objects", "--batch", "--unordered"],
        cwd=user.repository,
        env=user.env,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    yield "an object of Git", done.stdout
    for path in (user.repository / ".git").rglob("tmp_obj_*"):
        yield "a half-written object of Git", zlib.decompressobj().decompress(path.read_bytes())


def _time(path: Path) -> float:
    try:
        return path.lstat().st_ctime
    except OSError:
        return 0.0
