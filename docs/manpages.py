"""The man pages, made of the commands' own help: ``make man`` writes them to docs/man.

The wheel brings them along, to where ``man`` looks for those of an environment that is active or of pipx.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from gitops_secrets.cli.app import root

FOLDER = Path(__file__).parent / "man"
_STATUS = (
    ("0", "Done, or nothing was found."),
    ("1", "Findings or problems."),
    ("2", "The command line is invalid."),
    ("3", "Refused, or not everything could be looked at; the message says what was changed."),
    ("4", "A bug in the program."),
)
_VERBATIM = "\b"
"""How click marks a paragraph of help that keeps its lines."""


def pages() -> dict[str, str]:
    """Return each page by the name of its file."""
    context = click.Context(root, info_name="gitops-secrets")
    return {f"{'-'.join(c.command_path.split())}.1": _page(c) for c in _all(context)}


def _all(context: click.Context) -> Iterator[click.Context]:
    """Yield *context* and that of every command below it which its help shows."""
    yield context
    command = context.command
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            if not child.hidden:
                yield from _all(click.Context(child, info_name=name, parent=context))


def _page(context: click.Context) -> str:
    command, path = context.command, context.command_path
    name = "-".join(path.split())
    lines = [
        f'.TH "{name.upper()}" "1" "" "gitops-secrets" "gitops-secrets"',
        ".SH NAME",
        f"{_plain(name)} \\- {_plain(_first(command))}",
        ".SH SYNOPSIS",
        f".B {_plain(path)}",
        _plain(" ".join(command.collect_usage_pieces(context))),
        *_description(command),
        *_commands(context),
        *_options(context),
        ".SH EXIT STATUS",
        *(line for status, words in _STATUS for line in (".TP", f".B {status}", _plain(words))),
    ]
    parent = context.parent
    if parent is not None:
        above = "-".join(parent.command_path.split())
        lines += [".SH SEE ALSO", f".BR {_plain(above)} (1)"]
    return "\n".join(lines) + "\n"


def _first(command: click.Command) -> str:
    """Return what *command* does, in one line without a full stop."""
    words = command.short_help or inspect.cleandoc(command.help or "").split("\n\n")[0]
    return " ".join(words.split()).rstrip(".")


def _description(command: click.Command) -> Iterator[str]:
    """Yield the help of *command*, its examples as they stand."""
    yield ".SH DESCRIPTION"
    for number, paragraph in enumerate(inspect.cleandoc(command.help or "").split("\n\n")):
        if number:
            yield ".PP"
        if not paragraph.startswith(_VERBATIM):
            yield _plain(" ".join(paragraph.split()))
            continue
        yield from (".RS 4", ".nf")
        yield from (
            _plain(line) for line in paragraph.removeprefix(_VERBATIM).strip("\n").split("\n")
        )
        yield from (".fi", ".RE")


def _commands(context: click.Context) -> Iterator[str]:
    command = context.command
    if not isinstance(command, click.Group):
        return
    yield ".SH COMMANDS"
    for name in command.list_commands(context):
        child = command.get_command(context, name)
        assert child is not None
        if child.hidden:
            continue
        page = "-".join((*context.command_path.split(), name))
        yield from (".TP", f".BR {_plain(page)} (1)", _plain(_first(child)) + ".")


def _options(context: click.Context) -> Iterator[str]:
    yield ".SH OPTIONS"
    for parameter in context.command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None:
            flags, words = record
            yield from (".TP", f".B {_plain(flags)}", _plain(" ".join(words.split())))


def _plain(text: str) -> str:
    """Return *text* as roff prints it letter by letter."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    return f"\\&{text}" if text.startswith(".") else text


def main() -> int:
    """Write the pages, and remove those of commands that are there no more."""
    FOLDER.mkdir(exist_ok=True)
    made = pages()
    for old in FOLDER.glob("*.1"):
        if old.name not in made:
            old.unlink()
    for name, content in made.items():
        (FOLDER / name).write_text(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
