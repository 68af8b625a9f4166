"""A watch for leaks: a secret's value in everything that a run wrote, printed or showed to others.

While the command runs, the command line and the environment of every process below this one is
sampled from /proc. Afterwards everything below the user's folders is read, Git's objects unpacked.
"""

from __future__ import annotations

import base64
import json
import subprocess
import threading
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.user import Result, User

_INTERVAL = 0.002


def spellings(*secrets: str) -> set[bytes]:
    """Return the forms in which a secret could stand somewhere: itself, escaped, in base64.

    Base64 at each of the three alignments, without the characters that its neighbours decide.
    """
    found: set[bytes] = set()
    for secret in secrets:
        raw = secret.encode()
        found |= {
            raw,
            json.dumps(secret)[1:-1].encode(),
            urllib.parse.quote(secret, safe="").encode(),
        }
        for shift in range(3):
            encoded = base64.b64encode(b"\0" * shift + raw)
            first = -(-8 * shift // 6)
            last = (8 * (shift + len(raw))) // 6
            found |= {encoded[first:last], encoded[first:last].translate(_URL_SAFE)}
    return {form for form in found if len(form) >= 6}


_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class Watch:
    """Samples processes while its context is open; ``leaks`` then says where a secret was seen.

    What the user himself put into his own process, the command that he started, is not counted:
    *own* are the names of the variables by which he gave it.
    """

    def __init__(self, user: User, *secrets: str, own: str = "CREDS") -> None:
        self._user = user
        self._forms = spellings(*secrets)
        self._own = own.encode()
        self._seen: set[str] = set()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self.samples = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()

    def leaks(self, *results: Result) -> list[str]:
        """Return each place in which a secret was found; empty is good."""
        found = set(self._seen)
        for number, result in enumerate(results):
            found |= self._in(f"output {number}", result.printed.encode())
        for folder in (self._user.repository, self._user.home, self._user.temporary):
            for path in folder.rglob("*"):
                if path.is_file() and not path.is_symlink():
                    found |= self._in(str(path), path.read_bytes())
        found |= self._in("an object of Git", self._objects())
        return sorted(found)

    def _objects(self) -> bytes:
        return subprocess.run(
            ["git", "cat-file", "--batch-all-objects", "--batch", "--unordered"],
            cwd=self._user.repository,
            env=self._user.env,
            capture_output=True,
            check=False,
        ).stdout

    def _in(self, place: str, content: bytes) -> set[str]:
        return {place} if any(form in content for form in self._forms) else set()

    def _sample(self) -> None:
        me = str(self._pid())
        while not self._done.wait(_INTERVAL):
            self.samples += 1
            for process, depth in _descendants(me):
                if _not_yet_itself(process):
                    continue
                for name in ("cmdline", "environ"):
                    try:
                        content = (Path("/proc") / process / name).read_bytes()
                    except OSError:
                        continue
                    if name == "environ" and depth == 1:
                        entries = content.split(b"\0")
                        content = b"\0".join(
                            e for e in entries if not e.startswith(self._own + b"=")
                        )
                    if any(form in content for form in self._forms):
                        self._seen.add(f"{name} of a process {depth} below")

    @staticmethod
    def _pid() -> int:
        import os

        return os.getpid()


def _not_yet_itself(process: str) -> bool:
    """Return whether a process has not yet become its program: until then it shows its parent's memory."""
    try:
        status = (Path("/proc") / process / "stat").read_text().rsplit(")", 1)[1].split()
        mine = (Path("/proc") / process / "cmdline").read_bytes()
        return mine == (Path("/proc") / status[1] / "cmdline").read_bytes()
    except (OSError, IndexError):
        return True


def _descendants(root: str, depth: int = 1) -> Iterator[tuple[str, int]]:
    try:
        tasks = list((Path("/proc") / root / "task").iterdir())
    except OSError:
        return
    for task in tasks:
        try:
            children = (task / "children").read_text().split()
        except OSError:
            continue
        for child in children:
            yield child, depth
            yield from _descendants(child, depth + 1)
