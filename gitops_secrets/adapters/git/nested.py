"""A path in another repository, whose work tree is inside this one: a submodule, for example."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from gitops_secrets.errors import UsageError


def refuse_nested(top: Path, path: str, command: str) -> None:
    """Raise UsageError if *path*, from the *top* of a work tree, is in another repository below it.

    *command* begins the hint, with ``{repo}`` for that repository from the current folder, and ``{path}`` from there.
    """
    parts = path.split("/")
    for number in range(1, len(parts) + 1):
        inner = "/".join(parts[:number])
        if inner != os.curdir and os.path.lexists(top / inner / ".git"):
            repo = os.path.relpath(os.path.realpath(top / inner))
            rest = "/".join(parts[number:]) or os.curdir
            where = f"{path} is" if inner == path else f"{path} is in {inner}, which is"
            raise UsageError(
                f"{where} a repository of its own",
                command.format(repo=shlex.quote(repo), path=shlex.quote(rest)),
            )
