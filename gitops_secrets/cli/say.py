"""The one place from which words for people go to standard error, less what may be a secret."""

from __future__ import annotations

import os
import re
import sys
from functools import cache

import click

from gitops_secrets.core.discretion.commandline import Discretion
from gitops_secrets.core.discretion.suspicion import NOT_SHOWN, conceal
from gitops_secrets.core.veiled import held

NAME = "gitops-secrets"
_KEY = re.compile(r"(?i)AGE-(?:SECRET-KEY|PLUGIN-\w+)-(?:PQ-)?1[0-9A-Z]{16,}")
"""An identity, however it came into a message: by a variable that holds the wrong thing, say."""

_A_WORD = re.compile(r"[A-Za-z-]{0,9}|.{0,3}", re.DOTALL)
"""A password that cannot be told from a word of ours."""


@cache
def discretion() -> Discretion:
    """Return what is not to be repeated of this process's command line."""
    return Discretion(sys.argv[1:], _not_there)


def say(kind: str, words: str) -> None:
    """Print one line without what may be a secret, and without what steers a terminal.

    That is what of the command line may be one, and each password that this process holds.
    """
    clear = _KEY.sub(NOT_SHOWN, discretion().conceal(words))
    passwords = [password for password in held() if not _A_WORD.fullmatch(password)]
    if passwords:
        clear = conceal(clear, [form for password in passwords for form in _forms(password)])
    shown = "".join(c if c.isprintable() else " " for c in clear)
    click.echo(f"{NAME}: {kind}: {shown}", err=True)


def _forms(password: str) -> list[str]:
    """Return *password* as it is written in the clear and in base64."""
    from gitops_secrets.core.guard.filter.prefilter import fragments

    return [password, *(f.decode() for f in fragments(password.encode("utf-8", "surrogatepass")))]


def _not_there(word: str) -> str:
    """Return what of the path *word* does not exist, empty if all of it does: a name that is there is none of ours."""
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
