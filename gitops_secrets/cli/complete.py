"""``__complete``: what Flux asks a plugin for when somebody presses TAB after ``flux secrets``.

Flux runs ``flux-secrets __complete WORD... INCOMPLETE`` and reads one completion in each line, with its help
behind a tab, and then a line with a number that says what the shell does (RFC-0013; the protocol is Cobra's).
"""

from __future__ import annotations

import click
from click.shell_completion import ShellComplete

from gitops_secrets.cli.printing.say import NAME
from gitops_secrets.errors import ExitCode

_FILES, _NO_FILES, _FOLDERS = 0, 4, 16
"""The shell adds files, adds nothing, or adds folders."""


@click.command(
    "__complete",
    hidden=True,
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def complete_command(context: click.Context, /, *, words: tuple[str, ...]) -> ExitCode:
    """Print how the last of WORDS may go on."""
    *before, incomplete = words or ("",)
    found = ShellComplete(context.find_root().command, {}, NAME, "").get_completions(
        before, incomplete
    )
    kinds = {item.type for item in found}
    for item in found:
        if item.type == "plain":
            click.echo(f"{item.value}\t{item.help}" if item.help else item.value)
    directive = _FILES if "file" in kinds else _FOLDERS if "dir" in kinds else _NO_FILES
    click.echo(f":{directive}")
    return ExitCode.OK


@click.command("help", hidden=True, add_help_option=False)
@click.argument("words", metavar="COMMAND...", nargs=-1)
@click.pass_context
def help_command(context: click.Context, /, *, words: tuple[str, ...]) -> ExitCode:
    """Print the help of COMMAND, as COMMAND --help does."""
    found = context.find_root()
    for word in words:
        group = found.command
        name, command, _ = (
            group.resolve_command(found, [word])
            if isinstance(group, click.Group)
            else (None, None, [])
        )
        if command is None:
            raise click.UsageError("No such command", found)
        found = click.Context(command, info_name=name, parent=found)
    click.echo(found.get_help())
    return ExitCode.OK
