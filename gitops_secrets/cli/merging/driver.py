"""``gitops-secrets __merge``: what Git starts to merge an encrypted file."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from gitops_secrets.cli.say import say, say_error
from gitops_secrets.errors import ExitCode, GitOpsSecretsError

_FILE = click.Path(path_type=Path)


@click.command("__merge", hidden=True)
@click.argument("base", type=_FILE)
@click.argument("ours", type=_FILE)
@click.argument("theirs", type=_FILE)
@click.argument("path")
def merge_command(*, base: Path, ours: Path, theirs: Path, path: str) -> ExitCode:
    """Merge three versions of the file PATH into OURS. Exit status 1 if a conflict is left."""
    from gitops_secrets.commands.merging.drivers import merge_by_lines, merge_in_place

    try:
        result = merge_in_place(base, ours, theirs, path)
        if result is None:
            return ExitCode.OK if merge_by_lines(base, ours, theirs) else ExitCode.FINDINGS
    except GitOpsSecretsError as error:
        say_error(f"{error.message}; our version of it is kept", error.hints)
        return ExitCode.FINDINGS
    for key in result.conflicts:
        say("error", f"{path}: both sides changed {key}; our value is kept until you choose")
    if result.conflicts:
        say("hint", f"gitops-secrets resolve {shlex.quote(path)} --theirs")
        return ExitCode.FINDINGS
    return ExitCode.OK
