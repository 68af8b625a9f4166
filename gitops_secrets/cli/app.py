"""The commands, and the one place where errors become messages and an exit status."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from gitops_secrets import __version__
from gitops_secrets.adapters.files import remove_private_folders
from gitops_secrets.adapters.running.interrupts import (
    Interrupted,
    end_on_signals,
    interrupted,
    unheard,
)
from gitops_secrets.cli import commands
from gitops_secrets.cli.printing.say import NAME, discretion, say, say_error, tell
from gitops_secrets.core.discretion.suspicion import NOT_SHOWN
from gitops_secrets.errors import ExitCode, GitOpsSecretsError

_HIDDEN = ("__complete", "help")
"""The commands that no list shows."""
_COMMAND = re.compile(r"'[a-z-]+'")
_EXTRAS = {
    **dict.fromkeys(("cryptography", "httpx", "pathspec", "pyrage"), "cli"),
    "kubernetes": "cluster",
}
"""The libraries that the base install lacks, and the extra that brings each."""


class LazyGroup(click.Group):
    """A group whose commands are imported only when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, which are imported for it."""
        del ctx
        return commands.in_order()

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command *cmd_name*."""
        del ctx
        if cmd_name not in _HIDDEN:
            return commands.load(cmd_name)
        from gitops_secrets.cli import complete

        return complete.help_command if cmd_name == "help" else complete.complete_command


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, "-V", "--version", prog_name=NAME)
@click.pass_context
def root(context: click.Context, /) -> None:
    """Registry credentials for Flux: encrypted before they are written, never readable in Git.

    Without a command, shows what the repository holds and the likely next command.
    """
    if context.invoked_subcommand is None:
        from gitops_secrets.commands.overview import overview

        tell(*overview(Path()))


def run(arguments: Sequence[str]) -> int:
    """Run the command line *arguments* and return the exit status."""
    end_on_signals()
    try:
        discretion().check()
        result = root.main(list(arguments), prog_name=NAME, standalone_mode=False)
    except click.exceptions.Exit as done:
        return done.exit_code
    except (click.Abort, KeyboardInterrupt, EOFError) as error:
        return _say_interrupted(error)
    except click.UsageError as error:
        hints = (f"{error.ctx.command_path} --help",) if error.ctx is not None else ()
        near = _meant(error)
        return _say_error(
            GitOpsSecretsError(_usage_message(error), *near, *hints), ExitCode.USAGE, arguments
        )
    except GitOpsSecretsError as error:
        return _say_error(error, error.exit_code, arguments)
    except BrokenPipeError:
        # The reader of the output has gone. Python would report that at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK
    except ModuleNotFoundError as error:
        return _say_missing(error)
    except OSError as error:
        say("error", f"{error.filename or 'a file'} cannot be used: {error.strerror}")
        return ExitCode.REFUSED
    except Exception as error:  # noqa: BLE001
        if interrupted() is not None:
            # Python makes a RuntimeError of what is raised while it makes a class.
            return _say_interrupted(error)
        _say_bug(error)
        return ExitCode.BUG
    except BaseException as error:
        if interrupted() is None:
            raise
        return _say_interrupted(error)
    return int(result) if isinstance(result, int) else ExitCode.OK


def _say_error(error: GitOpsSecretsError, status: int, arguments: Sequence[str]) -> int:
    """Print *error* for people, and as a document if the result was to be one; return *status*."""
    for note in getattr(error, "__notes__", ()):
        say("note", note)
    say_error(error.message, error.hints)
    if _wants_json(arguments):
        from gitops_secrets.cli.printing.documents import error_document

        click.echo(error_document(error, status), nl=False)
    return status


def _wants_json(arguments: Sequence[str]) -> bool:
    pairs = zip(arguments, [*arguments, ""][1:], strict=True)
    return any(
        word in ("--json", "--output=json", "-ojson")
        or (word in ("-o", "--output") and value == "json")
        for word, value in pairs
    )


_ELSEWHERE = {
    "decrypt": "show FILE --reveal",
    "view": "show FILE",
    "init": "bootstrap",
    "check": "doctor",
    "updatekeys": "key --help",
    "rotate": "registry rotate --help",
}
"""What other tools call what a command here does."""


def _meant(error: click.UsageError) -> tuple[str, ...]:
    """Return the command that a mistyped one was to be, if one is near."""
    found = _COMMAND.search(error.format_message())
    if not error.format_message().startswith("No such command") or found is None:
        return ()
    from difflib import get_close_matches

    context = error.ctx or click.Context(root, info_name=NAME)
    group = context.command
    names = group.list_commands(context) if isinstance(group, click.Group) else []
    typed = found[0].strip("'")
    if group is root and typed in _ELSEWHERE:
        return (f"{NAME} {_ELSEWHERE[typed]}",)
    near = get_close_matches(typed, names, n=1)
    return tuple(f"{context.command_path} {name}" for name in near)


def _usage_message(error: click.UsageError) -> str:
    message = error.format_message()
    if isinstance(error, (click.NoSuchOption, click.MissingParameter, click.BadOptionUsage)):
        return message[:1].lower() + message[1:].rstrip(".")
    if message.startswith("No such command") and not _COMMAND.search(message):
        return f"no such command {NOT_SHOWN}"
    if message.startswith(("No such command", "Invalid value", "Missing command")):
        return message[:1].lower() + message[1:].rstrip(".")
    # It may be a password whose option is missing.
    return f"unexpected extra argument {NOT_SHOWN}"


def _say_interrupted(error: BaseException) -> int:
    """Print what became of an interrupted run; return its exit status."""
    # click turns an interrupt into an Abort, as it does the end of the input at a prompt.
    how = error if isinstance(error, Interrupted) else interrupted() or Interrupted(signal.SIGINT)
    with unheard():
        remove_private_folders()
    say("error", f"interrupted; {how.words}")
    return how.exit_code


def _say_missing(error: ModuleNotFoundError) -> ExitCode:
    """Print which extra installs the missing library: the base install, used by hooks, omits optional ones."""
    library = (error.name or "").partition(".")[0]
    if library not in _EXTRAS:
        _say_bug(error)
        return ExitCode.BUG
    say("error", f"{library} is not installed, and this command needs it")
    from gitops_secrets.adapters.installing import install_command

    say("hint", install_command(_EXTRAS[library]))
    return ExitCode.REFUSED


def _say_bug(error: Exception) -> None:
    """Print where a bug is, without the message of *error*, which could quote a secret."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "gitops_secrets" in f.filename] or frames
    at = f"{os.path.basename(ours[-1].filename)}:{ours[-1].lineno}" if ours else "?"
    say("error", f"a bug in gitops-secrets: {type(error).__name__} at {at}")
    say("hint", f"report this line and the version, {__version__}; neither holds a secret")
