"""Files of the work tree: never through a symlink, never half-written."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from gitops_secrets.errors import GitOpsSecretsError, MachineError

_SUFFIX = ".gitops-secrets.tmp"
"""Ends the name of every file under way; a generated kustomization takes only .yaml and .yml."""

_private: set[str] = set()
"""The temporary folders that are there now."""


def check_inside(top: Path, path: str) -> None:
    """Raise GitOpsSecretsError if *path* below *top* goes through a symlink, or is not a plain file."""
    here = top
    parts = path.split("/")
    for number, part in enumerate(parts, 1):
        here = here / part
        try:
            mode = here.lstat().st_mode
        except FileNotFoundError:
            return
        except OSError as error:
            raise GitOpsSecretsError(f"{here} cannot be read: {error.strerror}") from None
        if stat.S_ISLNK(mode):
            link = "/".join(parts[:number])
            raise GitOpsSecretsError(
                f"{link} is a symlink, and what is written stays in the repository",
                f"rm {link}",
            )
        if number == len(parts) and not stat.S_ISREG(mode):
            raise GitOpsSecretsError(f"{path} is not a plain file", f"mv {path} {path}.moved")
        if number < len(parts) and not stat.S_ISDIR(mode):
            folder = "/".join(parts[:number])
            raise GitOpsSecretsError(f"{folder} is not a folder", f"mv {folder} {folder}.moved")


def read_file(top: Path, path: str) -> bytes | None:
    """Return the content of *path* below *top*, None if there is no such file."""
    check_inside(top, path)
    return _read(top, path)


def _read(top: Path, path: str) -> bytes | None:
    try:
        return (top / path).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise GitOpsSecretsError(f"{path} cannot be read: {error.strerror}") from None


def read_plain(top: Path, path: str) -> bytes | None:
    """Return the content of *path* below *top*, None if no plain file is there, or a symlink leads to it.

    That is what Flux has of it. Raises GitOpsSecretsError for a plain file that cannot be read.
    """
    here = str(top)
    for part in path.split("/"):
        here = f"{here}/{part}"
        try:
            mode = os.lstat(here).st_mode
        except OSError:
            return None
        if stat.S_ISLNK(mode):
            return None
    return _read(top, path) if stat.S_ISREG(mode) else None


def new_token() -> str:
    """Return a name that nobody can foresee: a repository may hold a file of every other name."""
    return os.urandom(8).hex()


def temporary_of(path: Path, token: str) -> Path:
    """Return the file under way that becomes *path* in the run with *token*."""
    return path.with_name(f".{path.name}.{token}{_SUFFIX}")


def remove_temporaries(path: Path) -> None:
    """Remove what killed runs left of writing *path*; no run may be at it now. Raises OSError."""
    for entry in os.listdir(path.parent):
        if entry.startswith(f".{path.name}.") and entry.endswith(_SUFFIX):
            path.with_name(entry).unlink(missing_ok=True)


def replace_file(path: Path, content: bytes, token: str | None = None) -> None:
    """Put *content* at *path* at once: another process sees the old file or the new one, whole.

    It is written to a new file first, through no link: temporary_of *token*, or of one of its own. Raises
    OSError that names *path*, with nothing left behind.
    """
    temporary = write_beside(path, content, token)
    try:
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        _name(error, path)
        raise


def write_beside(path: Path, content: bytes, token: str | None = None) -> Path:
    """Write *content* to a new file that is to become *path*, and return it. The errors are those of replace_file."""
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o644
    temporary = temporary_of(path, token or new_token())
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        descriptor = os.open(temporary, flags, mode)
    except OSError as error:
        _name(error, path)
        raise
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        _name(error, path)
        raise
    return temporary


def _name(error: BaseException, path: Path) -> None:
    # A disk that is full is found out while writing: the error names no file then.
    if isinstance(error, OSError):
        error.filename = str(path)


@contextmanager
def private_folder(files: Mapping[str, bytes]) -> Iterator[str]:
    """Yield a temporary folder of the user's own, with *files* in it; nothing secret may be there."""
    # Not tempfile: importing it costs as much as the rest of this module's work.
    root = os.environ.get("TMPDIR") or "/tmp"  # noqa: S108
    folder = f"{root}/gitops-secrets-{os.urandom(8).hex()}"
    _private.add(folder)
    try:
        os.mkdir(folder, 0o700)
    except OSError as error:
        _private.discard(folder)
        raise MachineError(
            f"{root} cannot be written: {error.strerror}", "set TMPDIR to a folder that can"
        ) from None
    try:
        for name, content in files.items():
            Path(folder, name).write_bytes(content)
        yield folder
    finally:
        _remove(folder)


def remove_private_folders() -> None:
    """Remove what an interrupt left: it may come between any two steps of making or removing a folder."""
    for folder in tuple(_private):
        with suppress(OSError):
            _remove(folder)


def _remove(folder: str) -> None:
    for entry in os.listdir(folder):
        os.unlink(f"{folder}/{entry}")
    os.rmdir(folder)
    _private.discard(folder)
