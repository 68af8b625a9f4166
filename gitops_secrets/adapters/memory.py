"""A folder in memory for what an editor has to read: gone when we end, however we end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from gitops_secrets.adapters.running.process import Started
from gitops_secrets.errors import MachineError

_IN_MEMORY = ("tmpfs", "ramfs")
_MOUNTS = Path("/proc/self/mounts")


class Folder(NamedTuple):
    """A private folder, and whether its files are kept in memory."""

    path: Path
    in_memory: bool


@contextmanager
def editing_folder() -> Iterator[Folder]:
    """Yield a private folder, in memory where the machine has such storage.

    A shell waits beside us and removes it once we are gone: at the end, and as well when we are killed.
    Raises MachineError if no folder can be made.
    """
    root, in_memory = _root()
    path = root / f"gitops-secrets-{os.urandom(8).hex()}"
    # It reads from us until we end; the editor inherits nothing of the pipe.
    watcher = Started(
        ["/bin/sh", "-c", 'trap "" INT HUP TERM QUIT; read -r _; rm -rf -- "$0"', str(path)],
        env={"PATH": os.environ.get("PATH", os.defpath)},
        cwd="/",
        own_session=True,
    )
    try:
        path.mkdir(mode=0o700)
    except OSError as error:
        watcher.finish()
        raise MachineError(
            f"{root} cannot be written: {error.strerror}", "set TMPDIR to a folder that can"
        ) from None
    try:
        yield Folder(path, in_memory)
    finally:
        watcher.finish()


def _root() -> tuple[Path, bool]:
    mounts = _MOUNTS.read_text().splitlines() if _MOUNTS.exists() else []
    kinds = {fields[1]: fields[2] for fields in (line.split() for line in mounts)}
    for folder in ("/dev/shm", os.environ.get("XDG_RUNTIME_DIR")):  # noqa: S108
        if folder and kinds.get(folder) in _IN_MEMORY and os.access(folder, os.W_OK | os.X_OK):
            return Path(folder), True
    return Path(os.environ.get("TMPDIR") or "/tmp"), False  # noqa: S108
