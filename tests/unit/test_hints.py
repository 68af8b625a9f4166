"""Every command that a message or a page names exists, with each option that it is given there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from gitops_secrets.cli.app import root

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "gitops_secrets"
_NAMED = re.compile(r"(?<![\w/.-])(?:gitops-secrets|flux secrets) (?P<rest>[a-z][^`\n;|&)]*)")
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*(?![\w-]*\*)")
_PROSE = frozenset(
    {
        "error",
        "hint",
        "note",
        "warning",
        "healthy",
        "gives",
        "covers",
        "has",
        "looked",
        "and",
        "for",
    }
    | {
        "in",
        "is",
        "or",
        "if",
        "knows",
        "writes",
        "makes",
        "made",
        "gets",
        "reads",
        "does",
        "command",
    }
    | {
        "commands",
        "version",
        "here",
        "was",
        "that",
        "run",
        "users",
        "keeps",
        "adds",
        "removes",
        "encrypts",
        "did",
        "on",
    }
)
"""What follows the name of the tool where a sentence is about it."""


class Named(NamedTuple):
    """A command as a text has it."""

    place: str
    text: str


def in_code() -> Iterator[Named]:
    """Each command in a string of the package; what is filled in later is X."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            text = literal(node)
            if text is not None:
                place = f"{path.relative_to(ROOT)}:{node.lineno}"  # type: ignore[attr-defined]
                yield from (Named(place, m["rest"]) for m in _NAMED.finditer(text))


def literal(node: ast.AST) -> str | None:
    """The text of a string or an f-string; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = (literal(v) if isinstance(v, ast.Constant) else "X" for v in node.values)
        return "".join(part or "" for part in parts)
    return None


def in_pages() -> Iterator[Named]:
    """Each command in a page of the documentation, lines that go on joined."""
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        text = re.sub(r"\\\n\s*", "", path.read_text())
        for number, line in enumerate(text.splitlines(), 1):
            place = f"{path.relative_to(ROOT)}:{number}"
            yield from (Named(place, m["rest"]) for m in _NAMED.finditer(line.split("  #")[0]))


def command_of(words: list[str]) -> tuple[click.Command, int] | None:
    """The command that *words* begin with, and how many of them name it."""
    command: click.Command = root
    for used, word in enumerate(words):
        if not isinstance(command, click.Group):
            return command, used
        child = command.get_command(click.Context(command), word.rstrip(",.:"))
        if child is None:
            return (command, used) if used else None
        command = child
    return command, len(words)


def options_of(command: click.Command) -> set[str]:
    return {"--help", "--version"} | {
        option for p in command.params for option in (*p.opts, *p.secondary_opts)
    }


COMMANDS = [*in_code(), *in_pages()]


def bare_hints() -> Iterator[Named]:
    """Each hint of an error that is an option alone, for the command that failed."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                is_error = node.func.id.endswith("Error")
                for text in map(literal, node.args[1:] if is_error else ()):
                    if text is not None and text.startswith("--"):
                        yield Named(f"{path.relative_to(ROOT)}:{node.lineno}", text)


def every_option(command: click.Command = root) -> set[str]:
    found = options_of(command)
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            found |= every_option(child)
    return found


def test_every_option_that_a_hint_is_exists() -> None:
    known, hints = every_option(), list(bare_hints())
    assert len(hints) > 20
    lacking = [h for h in hints if not set(_OPTION.findall(h.text)[:1]) <= known]
    assert not lacking, lacking


FLAGS = ("--force", "--allow-empty", "--keep-old", "--all", "--check never")
FLAGS += ("--shadowed-recipients keep", "--flavour {Installer.EXTERNAL}")
"""Options that say nothing of what they would do, where they stand alone."""


def test_the_sentence_says_what_a_hint_does_that_is_a_flag_alone() -> None:
    met, silent = set(), []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)):
                continue
            words = ast.unparse(node.exc)
            for flag in FLAGS:
                # Once as the hint, and once more in the sentence.
                if f"'{flag}'" in words:
                    met.add(flag)
                    if words.count(flag.split()[0]) == 1:
                        silent.append(f"{path.relative_to(ROOT)}:{node.lineno}: {flag}")
    assert silent == []
    assert met == set(FLAGS)


def test_there_are_commands_to_look_at() -> None:
    assert len(COMMANDS) > 200


@pytest.mark.parametrize("source", [in_code, in_pages])
def test_every_named_command_exists_with_its_options(source) -> None:
    wrong = []
    for named in source():
        words = named.text.split()
        if words[0].rstrip(",.:'\"") in _PROSE:
            continue
        found = command_of(words)
        if found is None:
            wrong.append(f"{named.place}: no command in: {named.text}")
            continue
        command, used = found
        # What follows a comma or a colon is a sentence, or another command.
        # What is quoted is another program's.
        rest = re.sub(r"'[^']*'|\"[^\"]*\"", "X", " ".join(words[used:]))
        said = re.split(r"[,:] ", rest)[0]
        # Of a group, the command is filled in.
        is_filled = isinstance(command, click.Group) and rest.startswith("X ")
        known = every_option(command) if is_filled else options_of(command)
        lacking = set(_OPTION.findall(said)) - known
        wrong += [f"{named.place}: {command.name} has no {option}" for option in sorted(lacking)]
    assert not wrong, "\n".join(wrong)
