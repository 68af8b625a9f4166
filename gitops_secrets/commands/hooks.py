"""Putting the guard's scripts beside the hooks that a repository has, and taking them out again."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple

from gitops_secrets.adapters.files import remove_temporaries, replace_file, write_beside
from gitops_secrets.adapters.git.objects import Git
from gitops_secrets.adapters.running.interrupts import Held, held_back, unheard
from gitops_secrets.adapters.running.process import pass_on
from gitops_secrets.commands.drivers import (
    any_drivers,
    has_drivers,
    install_drivers,
    uninstall_drivers,
)
from gitops_secrets.core.guard.hookscripts import (
    CLIENT,
    EARLIER,
    NAME,
    SERVER,
    guard_of,
    is_ours,
    script,
)
from gitops_secrets.errors import GitOpsSecretsError

_TRIES = 5
"""How often Git is asked to forget the drivers while signals come."""


class HookState(NamedTuple):
    """One hook of a repository."""

    name: str
    path: Path
    installed: bool
    """Whether Git runs it, and it is the guard's script as this version writes it."""
    changed: bool
    """Whether it is the guard's script with changes: by hand, or of another version."""
    orphaned: bool
    """Whether it is the guard's script, and the guard that it runs is not there: it blocks everything."""
    current: bool
    """Whether it runs this very command, and not one at another path."""
    earlier: bool
    """Whether a hook that stood there before runs after it."""


class _Standing(NamedTuple):
    """What stands where a hook goes."""

    link: str | None
    """Where it leads, if it is a symlink."""
    content: bytes
    mode: int


def install(git: Git, *, server: bool, shared: bool) -> list[HookState]:
    """Write the guard's scripts; a hook that stands there is kept and runs after the guard.

    Without *server* Git's drivers for encrypted files are set too. Running it again changes nothing. With *server* the pre-receive hook, else those of a developer.
    Raises GitOpsSecretsError for hooks that many repositories share, unless *shared*; and if one cannot be
    written, with every hook as it was.
    """
    folder = _folder(git, shared=shared)
    names = SERVER if server else CLIENT
    paths = [folder / name for name in names]
    before = {path: _standing(path) for path in paths}
    drivers = None if server else git
    with held_back(pass_on) as held, ExitStack() as undo:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _install(paths, undo, drivers)
            held.check()
        except BaseException as error:
            with unheard():
                undo.close()
                so = _left(before, drivers)
            held.note_waiting()
            held.words = so
            held.check()
            if isinstance(error, (GitOpsSecretsError, OSError)):
                raise _failed(error, so) from None
            raise
        undo.pop_all()
        held.words = f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} installed"
    held.check()
    return status(git, server=server)


def _install(paths: Sequence[Path], undo: ExitStack, drivers: Git | None) -> None:
    """Put the guard's scripts at *paths*, at every instant of which a hook stands there if one did.

    Everything is written before the first hook changes. *undo* takes back what was done.
    """
    scripts = []
    for path in paths:
        if os.path.lexists(path) and not (path.is_file() and is_ours(path.read_bytes())):
            earlier = path.with_name(path.name + EARLIER)
            if not os.path.lexists(earlier):
                undo.callback(earlier.unlink, missing_ok=True)
            _keep(path, earlier)
        remove_temporaries(path)
        written = write_beside(path, script(path.name, _guard()).encode())
        undo.callback(written.unlink, missing_ok=True)
        written.chmod(0o755)
        scripts.append(written)
    if drivers is not None:
        if not any_drivers(drivers):
            undo.callback(_take_out, drivers)
        install_drivers(drivers, _guard())
    for path, written in zip(paths, scripts, strict=True):
        stood = _standing(path)
        written.replace(path)
        undo.callback(_put_back, path, stood)


def _standing(path: Path) -> _Standing | None:
    """Return what stands at *path*, None if nothing does."""
    if path.is_symlink():
        return _Standing(os.readlink(path), b"", 0)
    if not path.is_file():
        return None
    return _Standing(None, path.read_bytes(), path.stat().st_mode)


def _put_back(path: Path, stood: _Standing | None) -> None:
    if stood is None or stood.link is not None:
        path.unlink(missing_ok=True)
    if stood is not None and stood.link is not None:
        path.symlink_to(stood.link)
    elif stood is not None:
        replace_file(path, stood.content)
        path.chmod(stood.mode)


def _take_out(drivers: Git) -> None:
    # What Git does not take out now is named, by whoever asks what is left.
    with suppress(GitOpsSecretsError, OSError):
        uninstall_drivers(drivers)


def _left(before: Mapping[Path, _Standing | None], drivers: Git | None) -> str:
    """Return, in words, what is not as *before* after all was taken back."""
    changed = [path.name for path, stood in before.items() if _standing(path) != stood]
    words = f"{' and '.join(changed)} changed" if changed else "no hook was changed"
    with suppress(GitOpsSecretsError, OSError):
        if drivers is not None and any_drivers(drivers) and not has_drivers(drivers, _guard()):
            words += (
                "; some of Git's drivers are set: gitops-secrets hooks uninstall takes them out"
            )
    return words


def _failed(error: GitOpsSecretsError | OSError, so: str) -> GitOpsSecretsError:
    if isinstance(error, GitOpsSecretsError):
        return GitOpsSecretsError(f"{error.message}; {so}", *error.hints)
    return GitOpsSecretsError(f"{error.filename} cannot be written: {error.strerror}; {so}")


def _keep(path: Path, earlier: Path) -> None:
    """Put at *earlier* what stands at *path*: a symlink, wherever it leads, or the file."""
    link = os.readlink(path) if path.is_symlink() else None
    if os.path.lexists(earlier):
        if link is not None:
            is_same = earlier.is_symlink() and os.readlink(earlier) == link
        else:
            is_same = earlier.is_file() and earlier.read_bytes() == path.read_bytes()
        if not is_same:
            raise GitOpsSecretsError(
                f"{path} is not the guard's, and {earlier.name} is there too",
                f"see which of both is wanted, and remove {earlier}",
            )
    elif link is not None:
        earlier.symlink_to(link)
    else:
        replace_file(earlier, path.read_bytes())
        earlier.chmod(path.stat().st_mode)


def uninstall(git: Git, *, shared: bool) -> list[Path]:
    """Take the guard's scripts and Git's drivers out and put back what stood there; return which scripts were taken out.

    A signal that comes meanwhile ends the run when all is taken out. Raises GitOpsSecretsError if Git does not
    change its settings; then every hook is as it was.
    """
    folder = _folder(git, shared=shared)
    with held_back(pass_on) as held, unheard():
        _take_drivers_out(git, held)
        gone = [folder / name for name in (*CLIENT, *SERVER) if _take_away(folder / name)]
        held.words = "the guard is taken out"
    held.check()
    return gone


def _take_drivers_out(git: Git, held: Held) -> None:
    """Have Git forget the drivers, also if a signal ends the git that is asked."""
    for left in reversed(range(_TRIES)):
        try:
            uninstall_drivers(git)
        except (GitOpsSecretsError, KeyboardInterrupt) as error:
            held.note_waiting()
            if held.number and left:
                continue
            if isinstance(error, GitOpsSecretsError):
                raise _failed(error, "no hook was changed") from None
            raise
        return


def _take_away(path: Path) -> bool:
    """Put back what stood at *path* before the guard; return whether the guard stood there."""
    if path.parent.is_dir():
        remove_temporaries(path)
    if not path.is_file() or not is_ours(path.read_bytes()):
        return False
    earlier = path.with_name(path.name + EARLIER)
    if os.path.lexists(earlier):
        earlier.replace(path)
    else:
        path.unlink()
    return True


def merges_by_value(git: Git) -> bool:
    """Return whether Git merges encrypted files by value here, with this very command."""
    return has_drivers(git, _guard())


def status(git: Git, *, server: bool) -> list[HookState]:
    """Return the state of the hooks of a developer, or with *server* of a server."""
    folder = _folder(git, shared=True)
    names: Sequence[str] = SERVER if server else CLIENT
    return [_state(folder / name) for name in names]


def _state(path: Path) -> HookState:
    content = path.read_bytes() if path.is_file() else b""
    guard = guard_of(path.name, content)
    is_there = bool(guard) and bool(shutil.which(guard) or shutil.which(NAME))
    return HookState(
        path.name,
        path,
        is_there and os.access(path, os.X_OK),
        is_ours(content) and not guard,
        bool(guard) and not is_there,
        content == script(path.name, _guard()).encode(),
        path.with_name(path.name + EARLIER).exists(),
    )


def _folder(git: Git, *, shared: bool) -> Path:
    """Return the folder from which Git takes its hooks, core.hooksPath and worktrees included."""
    lines = git.ask(
        *("rev-parse", "--path-format=absolute"),
        *("--git-dir" if git.is_bare() else "--show-toplevel", "--git-common-dir"),
        *("--git-path", "hooks"),
    )
    top, common, hooks = (
        Path(os.fsdecode(line)) for line in lines.removesuffix(b"\n").split(b"\n")
    )
    if os.path.lexists(hooks) and not hooks.is_dir():
        own = shlex.quote(str(common / "hooks"))
        raise GitOpsSecretsError(
            f"core.hooksPath is {hooks}, which is not a folder: Git runs no hook",
            f"git config core.hooksPath {own} && gitops-secrets hooks install",
        )
    if not shared and not any(hooks.is_relative_to(parent) for parent in (top, common)):
        raise GitOpsSecretsError(
            f"core.hooksPath is {hooks}, which other repositories may share",
            "gitops-secrets hooks install --shared",
            f"git config core.hooksPath {shlex.quote(str(common / 'hooks'))} && gitops-secrets hooks install",
        )
    return hooks


def _guard() -> str:
    """Return the path of this very command, so that hooks run it whatever PATH says."""
    own = Path(sys.executable).with_name("gitops-secrets")
    return str(own) if own.is_file() else "gitops-secrets"
