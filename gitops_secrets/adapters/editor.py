"""The user's editor, told to leave nothing behind: no swap, backup, undo or history file.

The known ones start without any configuration, which could switch these on again, and vim and nvim
are asked whether they obeyed before they show the text.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from gitops_secrets.adapters.running.process import attend, find_program, inherited_environment
from gitops_secrets.errors import GitOpsSecretsError

_QUIET = "set noswapfile nobackup nowritebackup noundofile nomodeline"
_OBEYED = "if &swapfile || &backup || &writebackup || &undofile | cquit | endif"
_VIM = ("--clean", "-n", "-i", "NONE", "--cmd", _QUIET, "-c", _QUIET, "-c", _OBEYED)
_LISP = (
    "(setq make-backup-files nil auto-save-default nil auto-save-list-file-prefix nil create-lockfiles nil"
    " savehist-mode nil save-place-mode nil)"
)
_EMACS = ("-nw", "-Q", "--eval", _LISP)
_KNOWN = {
    "vim": _VIM,
    "nvim": _VIM,
    "nano": ("--ignorercfiles",),
    "emacs": _EMACS,
}
"""What each takes that it leaves nothing behind. nano makes backups and history only where its rc files say so."""
_REDIRECTING = ("VIMINIT", "EXINIT", "MYVIMRC", "VIM", "VIMRUNTIME", "NVIM_APPNAME")


class Editor(NamedTuple):
    """A program and its arguments ahead of the file."""

    name: str
    argv: tuple[str, ...]
    is_known: bool
    """Whether it is one that we can tell to leave nothing behind."""


def choose_editor() -> Editor:
    """Return the editor that VISUAL or EDITOR names, else the first known one that is installed.

    Raises GitOpsSecretsError if there is none.
    """
    named = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ""
    try:
        words = shlex.split(named)
    except ValueError:
        raise GitOpsSecretsError("EDITOR has a quote that is not closed", "EDITOR=vim") from None
    words = words or [next((e for e in ("vim", "nvim", "nano", "emacs") if find_program(e)), "vi")]
    program = find_program(words[0])
    if program is None:
        raise GitOpsSecretsError(
            f"the editor {words[0]} is not installed", "EDITOR=nano gitops-secrets edit FILE"
        )
    name = _kind(program)
    if name not in _KNOWN:
        return Editor(Path(words[0]).name, (program, *words[1:]), is_known=False)
    # Arguments of the user's could undo ours, and are left out.
    return Editor(name, (program, *_KNOWN[name]), is_known=True)


def _kind(program: str) -> str:
    """Return which known editor *program* is, through the links that vi and editor are on many systems."""
    for name in (Path(program).name, Path(program).resolve().name):
        base = name.split(".")[0].split("-")[0]
        if base in _KNOWN:
            return base
    return Path(program).name


def edit(editor: Editor, path: Path) -> None:
    """Run *editor* on *path* to its end, in the terminal. Raises GitOpsSecretsError if it fails."""
    env = {k: v for k, v in inherited_environment().items() if k not in _REDIRECTING}
    env |= {"TMPDIR": str(path.parent)}
    try:
        status = attend([*editor.argv, str(path)], env=env, cwd="/")
    except OSError as error:
        raise GitOpsSecretsError(
            f"the editor {editor.name} cannot be started: {error.strerror}"
        ) from None
    if status:
        raise GitOpsSecretsError(
            f"the editor {editor.name} ended with {status}, and nothing was changed",
            "EDITOR=nano gitops-secrets edit FILE",
        )


def left_behind(folder: Path, kept: Sequence[Path]) -> tuple[str, ...]:
    """Return the names of the files that an editor made in *folder* beside *kept*."""
    return tuple(sorted(p.name for p in folder.rglob("*") if p.is_file() and p not in kept))
