"""``gitops-secrets edit``."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitops_secrets.cli.options.shared import identity_option, output_option, verbose_option
from gitops_secrets.cli.printing.documents import edit_document
from gitops_secrets.cli.printing.say import answer, say
from gitops_secrets.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from gitops_secrets.commands.secrets.edit import Outcome


@click.command("edit", short_help="Change an encrypted Secret in your editor.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--key",
    metavar="KEY",
    help="Change only this value: from a prompt, or from standard input as it is.",
)
@identity_option
@output_option
@verbose_option
def edit_command(
    *, file: Path, key: str | None, age_identity_file: Path | None, output: str
) -> ExitCode:
    """Change an encrypted Secret in your editor. Only changed values are re-encrypted.

    The decrypted text is kept in memory, in a folder that only you can read, until the editor ends.
    vim, nvim, nano and emacs start without your configuration and write no swap, backup, undo or
    history files. A text value of data is shown as !text, and is saved as base64.
    """
    if key is None and not sys.stdin.isatty():
        raise UsageError(
            "there is no terminal for an editor",
            f'printf %s "$VALUE" | gitops-secrets edit {shlex.quote(str(file))} --key KEY',
        )
    outcome = edit_file(file, key, age_identity_file)
    answer(output, lambda: edit_document(outcome), lambda: [_line(outcome)])
    return ExitCode.OK


def _line(outcome: Outcome) -> str:
    if not outcome.changed:
        return f"{outcome.path}: nothing changed"
    what = ", ".join(outcome.keys) or "no values"
    return f"{outcome.path}: {', '.join(outcome.objects)} encrypted, changed: {what}"


def edit_file(file: Path, key: str | None, identity_file: Path | None) -> Outcome:
    """Have a person change *file* in an editor, or one *key* of it by a prompt; the errors are those of edit."""
    from gitops_secrets.commands.secrets.edit import Request, edit

    return edit(
        Request(
            file=file,
            key=key,
            read_value=lambda: _read_value(key or ""),
            again=_ask_again,
            warn=lambda words: say("warning", words),
            identity_file=identity_file,
        )
    )


def _read_value(key: str) -> bytes:
    if not sys.stdin.isatty():
        return sys.stdin.buffer.read()
    value: str = click.prompt(key, hide_input=True, confirmation_prompt=True, err=True)
    return value.encode()


def _ask_again(words: str) -> bool:
    say("error", words)
    return click.confirm('Edit again? "No" discards your changes', default=True, err=True)


COMMAND, ORDER = edit_command, 70
