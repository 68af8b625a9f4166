"""The question before ``verify --fix`` lets somebody read what only others could."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from gitops_secrets.cli.printing.progress import clear
from gitops_secrets.cli.verify.text import changes
from gitops_secrets.errors import UsageError
from gitops_secrets.report.words import count, plain

if TYPE_CHECKING:
    from gitops_secrets.commands.verify.fix import Confirm
    from gitops_secrets.core.verify.fixing import Fixed


def question(*, yes: bool) -> Confirm:
    """Return what asks on a terminal; with *yes* it does not ask.

    Without either it raises UsageError.
    """

    def ask(widening: Sequence[Fixed]) -> bool:
        if yes:
            return True
        if not sys.stdin.isatty():
            more = len(widening) - 1
            others = f" and {count(more, 'more files')}" if more else ""
            raise UsageError(
                f"more people could read {widening[0].path}{others}; "
                "without a terminal, --yes is required for that",
                "--dry-run",
                "--yes",
            )
        clear()
        click.echo("more people could read these files:", err=True)
        for fixed in widening:
            click.echo(f"  {plain(fixed.path)}: {plain('; '.join(changes(fixed)))}", err=True)
        return click.confirm("Write them?", err=True)

    return ask
