"""``gitops-secrets resolve``."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitops_secrets.cli.merging.driver import notes
from gitops_secrets.cli.options.shared import identity_option, output_option, verbose_option
from gitops_secrets.cli.printing.documents import resolve_document
from gitops_secrets.cli.printing.progress import steps
from gitops_secrets.cli.printing.say import answer, say
from gitops_secrets.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from gitops_secrets.commands.merging.resolve import Outcome


@click.command("resolve", short_help="Resolve a merge conflict in an encrypted file.")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("keys", metavar="[KEY]...", nargs=-1)
@click.option("--ours", is_flag=True, help="Our value counts: of the branch that is checked out.")
@click.option("--theirs", is_flag=True, help="Their value counts: of the branch that is merged.")
@click.option("--edit", is_flag=True, help="Take ours, then change it in your editor.")
@identity_option
@output_option
@verbose_option
def resolve_command(
    *,
    file: Path,
    keys: tuple[str, ...],
    ours: bool,
    theirs: bool,
    edit: bool,
    age_identity_file: Path | None,
    output: str,
) -> ExitCode:
    """Resolve a merge conflict in an encrypted file, for each KEY that both sides changed, or for all.

    Without a side, shows which keys are in conflict, and finishes the merge if none is. The file stays
    encrypted, and is staged once no conflict is left. During a rebase, ours is the branch that you rebase onto, as in Git.

    gitops-secrets resolve apps/db.sops.yaml stringData.password --theirs

    Exit status 1 if a conflict is left.
    """
    from gitops_secrets.commands.merging.resolve import Request, resolve
    from gitops_secrets.core.sops.merging.values import Side

    if ours + theirs + edit > 1:
        raise UsageError("--ours, --theirs and --edit exclude each other")
    if edit and not sys.stdin.isatty():
        typed = f"gitops-secrets resolve {shlex.join([str(file), *keys])}"
        raise UsageError(
            "there is no terminal for an editor", f"{typed} --ours", f"{typed} --theirs"
        )
    side = Side.THEIRS if theirs else Side.OURS if ours or edit else None
    with steps() as step:
        step(f"merging {file}")
        request = Request(
            file,
            keys,
            side,
            (lambda: _edit(file, age_identity_file)) if edit else None,
            age_identity_file,
        )
        outcome = resolve(request)
    if outcome.recovered:
        say("note", outcome.recovered)
    for note in notes(outcome.path, outcome.told):
        say("note", note)
    answer(output, lambda: resolve_document(outcome), lambda: _lines(outcome))
    if not outcome.conflicts:
        return ExitCode.OK
    name = shlex.quote(str(file))
    say("hint", f"gitops-secrets resolve {name} {shlex.quote(outcome.conflicts[0])} --theirs")
    return ExitCode.FINDINGS


def _lines(outcome: Outcome) -> list[str]:
    if outcome.conflicts:
        return [f"{outcome.path}: both sides changed {key}" for key in outcome.conflicts]
    done = "staged" if outcome.staged else "written, not staged"
    return [f"{outcome.path}: no conflict is left; {done}"]


def _edit(file: Path, identity_file: Path | None) -> None:
    from gitops_secrets.cli.commands.edit import edit_file
    from gitops_secrets.cli.printing import progress

    progress.clear()
    edit_file(file, None, identity_file)


COMMAND, ORDER = resolve_command, 90
