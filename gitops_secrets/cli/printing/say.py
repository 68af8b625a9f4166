"""The one place that prints: results for people, and messages without what may be a secret."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable
from typing import TextIO

import click

from gitops_secrets.adapters.running.here import way_to_top
from gitops_secrets.adapters.running.terminal import has_colour
from gitops_secrets.cli.printing import progress
from gitops_secrets.core.discretion.commandline import Discretion
from gitops_secrets.core.discretion.suspicion import NOT_SHOWN, conceal, is_a_word
from gitops_secrets.core.run import this_run
from gitops_secrets.core.veiled import held
from gitops_secrets.report.words import from_here, plain

NAME = "gitops-secrets"
_KEY = re.compile(r"(?i)AGE-(?:SECRET-KEY|PLUGIN-\w+)-(?:PQ-)?1[0-9A-Z]{16,}")
"""An identity, however it came into a message: for example by a variable with the wrong value."""


def discretion() -> Discretion:
    """Return what must not be repeated of the command line of this run."""
    return this_run().once(_discretion)


def _discretion() -> Discretion:
    return Discretion(sys.argv[1:], _not_there)


def cleared(words: str) -> str:
    """Return *words* without those of the command line that may be secrets, and without any password that we hold."""
    clear = _KEY.sub(NOT_SHOWN, discretion().conceal(words))
    passwords = [password for password in held() if not is_a_word(password)]
    if passwords:
        clear = conceal(clear, [form for password in passwords for form in _forms(password)])
    return clear


def say(kind: str, words: str) -> None:
    """Print one line, cleared, to standard error."""
    # Programs answer in several lines.
    shown = plain(cleared(words).replace("\n", " "))
    progress.clear()
    click.echo(painted(f"{NAME}: {kind}: {shown}", sys.stderr), err=True)


def hush() -> None:
    """Have ``tell`` print nothing from now on."""
    this_run().is_silent = True


def tell(*lines: str) -> None:
    """Print *lines*, the result of a command, to standard output; nothing in them steers a terminal."""
    progress.clear()
    if this_run().is_silent:
        return
    click.echo("".join(f"{painted(plain(line), sys.stdout)}\n" for line in lines), nl=False)


def answer(output: str, document: Callable[[], str], lines: Callable[[], Iterable[str]]) -> None:
    """Print the result of a command: the JSON of *document* if *output* is json, else *lines* for people."""
    if output == "json":
        click.echo(document(), nl=False)
    else:
        tell(*lines())


def say_error(message: str, hints: Iterable[str]) -> None:
    """Print an error and its hints, cleared, to standard error."""
    say("error", message)
    for hint in hints:
        # Our own commands take a path from the top too, whatever folder the user is in.
        is_ours = hint.startswith(f"{NAME} ") or "://" in hint
        say("hint", hint if is_ours else from_here(hint, way_to_top()))


def painted(line: str, stream: TextIO) -> str:
    """Return *line* with colours if *stream* may have them."""
    if not has_colour(stream):
        return line
    from gitops_secrets.report.colour import paint

    return paint(line)


def _forms(password: str) -> list[str]:
    """Return *password* as it is written in the clear and in base64."""
    from gitops_secrets.core.guard.filter.encoded import fragments

    return [password, *(f.decode() for f in fragments(password.encode("utf-8", "surrogatepass")))]


def _not_there(word: str) -> str:
    """Return the part of the path *word* that does not exist: an existing name is not a secret."""
    path = os.path.expanduser(word)
    if os.path.lexists(path):
        return ""
    rest: list[str] = []
    while path and path != "/":
        path, name = os.path.split(path)
        rest.append(name)
        if path and os.path.lexists(path):
            return "/".join(reversed(rest))
    return word
