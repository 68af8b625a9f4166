"""The warning about a file with a secret that is given from inside a Git work tree."""

from __future__ import annotations

from pathlib import Path

import click

from gitops_secrets.cli.printing.say import say


def warn_if_exposed(path: Path) -> None:
    """Warn if *path* is in a Git work tree that does not ignore it."""
    from gitops_secrets.commands.repository.exposed import is_exposed

    if is_exposed(path):
        say(
            "warning",
            f"{path} is in a Git work tree, and Git does not ignore it: git add --all takes it along. Keep it elsewhere",
        )


def checked_identity(_: click.Context, __: click.Parameter, value: Path | None) -> Path | None:
    """Return the file of an identity as it was given, after a warning if Git would take it along."""
    if value is not None:
        warn_if_exposed(value)
    return value
