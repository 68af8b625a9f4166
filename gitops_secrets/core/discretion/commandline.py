"""The words of a command line: which of them may be secrets in the wrong place, and what is said of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from gitops_secrets.core.discretion.suspicion import (
    IDENTITY,
    NOT_SHOWN,
    conceal,
    is_unmistakable,
    may_be_name,
    may_be_secret,
    password_of,
)
from gitops_secrets.errors import UsageError

_CREDENTIALS = "--registry-creds"
"""The one option whose value is a secret."""
_FILES_OF_CREDENTIALS = (
    "--registry-creds-file",
    "--registry-creds-docker-config",
    "--minting-creds-file",
)
_INDEX = "--index"
"""The flag of scan behind which hooks give the paths that are staged."""
_CHOICES = frozenset(
    {
        *("--scope", "--output", "--only", "--layout", "--flavour", "--shadowed-recipients"),
        *("--check", "--as", "--provider"),
    }
)
_IN_WORDS = re.compile(r"[\w:+/=-]+")
_CHOICE = re.compile(r"[A-Za-z-]+")
_NAMES = frozenset(
    {
        *(
            "--path",
            "--namespace",
            "--image-pull-secret",
            "--source",
            "--to",
            "--age-identity-file",
        ),
        *("--registry", "--key", "--accept"),
    }
)
"""Options whose values become names in files, of files, or in a cluster."""
_SEEN = "the shell's history and process lists have seen it: replace it if it is one"
_HINTS = {
    "--age-recipient": "age-keygen -y FILE",
    "--age-identity-file": "--age-identity-file FILE",
    "--registry": "credentials are given with --registry-creds-stdin, or one of the other sources",
    "--path": "a folder that exists is taken as it is called: mkdir -p it first",
}


class Word(NamedTuple):
    """One word, and the option before it; an option itself is split at its equals sign."""

    option: str
    value: str

    @property
    def place(self) -> str:
        """Where it stands, for an error."""
        return self.option or "the command line"


def words_of(arguments: Sequence[str]) -> list[Word]:
    """Return every word of *arguments* but the names of options that may be shown."""
    found: list[Word] = []
    option = ""
    for argument in arguments:
        if argument.startswith("-") and argument != "-":
            name, _, value = argument.partition("=")
            if may_be_secret(name):
                found.append(Word("", argument))
                option = ""
                continue
            option = name
            if value:
                found.append(Word(name, value))
                option = ""
        else:
            found.append(Word(option, argument))
            option = ""
    return found


class Discretion:
    """What must not be repeated of a command line. *rest* gives what of a path does not exist yet."""

    def __init__(self, arguments: Sequence[str], rest: Callable[[str], str]) -> None:
        self._words = words_of(arguments)
        self._rest = rest
        self._of_index = arguments[:1] == ["scan"] and _INDEX in arguments

    def check(self) -> None:
        """Raise UsageError if a secret stands where it would be made a name, or is unmistakably out of place."""
        for word in self._words:
            if word.option == _CREDENTIALS or self._is_staged_path(word):
                continue
            if IDENTITY.search(word.value):
                said = f"{word.place} was given an identity, which is the secret half {NOT_SHOWN}"
            elif is_unmistakable(word.value) or (
                word.option in _NAMES and self._may_be_secret(word) and not may_be_name(word.value)
            ):
                said = f"{word.place} was given what may be a secret {NOT_SHOWN}"
            else:
                continue
            raise UsageError(said, *filter(None, (_HINTS.get(word.option), _SEEN)))

    def conceal(self, text: str) -> str:
        """Return *text* without what may be a secret of the command line."""
        secrets: list[str] = []
        for word in self._words:
            if word.option == _CREDENTIALS or self._may_be_secret(word):
                secrets.append(word.value)
                password = password_of(word.value)
                if password is not None and may_be_secret(password):
                    secrets.append(password)
        return conceal(text, secrets) if secrets else text

    def _is_staged_path(self, word: Word) -> bool:
        """Return whether *word* is a path that is looked up in the index: whatever it is called, a hook names it."""
        return self._of_index and word.option in ("", _INDEX)

    def _may_be_secret(self, word: Word) -> bool:
        if word.option == "--accept":
            return any(may_be_secret(part) for part in _IN_WORDS.findall(word.value))
        if word.option in _CHOICES and not _CHOICE.fullmatch(word.value):
            return True
        rest = word.value if self._is_staged_path(word) else self._rest(word.value)
        if word.option in _FILES_OF_CREDENTIALS and rest and not {"/", "."} & set(word.value):
            return True
        if word.option == "--registry" and "." in word.value.partition(":")[0]:
            return is_unmistakable(rest) or password_of(rest) is not None
        return may_be_secret(rest)
