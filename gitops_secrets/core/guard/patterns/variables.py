"""What a variable holds that a command uses: the literal that the same text assigned to it above."""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cached_property

from gitops_secrets.core.guard.patterns.harmless import is_harmless
from gitops_secrets.core.guard.patterns.names import names_access_token, names_password

_REFERENCE = re.compile(
    r"[\"']?(?:\$\{(?P<braced>[A-Za-z_]\w*)\}|\$\((?P<made>[A-Za-z_]\w*)\)|\$(?i:env:)?(?P<plain>[A-Za-z_]\w*)|%(?P<windows>[A-Za-z_]\w*)%)[\"']?"
)
_ASSIGNED = re.compile(
    r"(?:\b(?:set|ENV|ARG|setx)[ \t]+(?:-[a-zA-Z]+[ \t]+)*(?P<said>[A-Za-z_]\w*+)[ \t]+"
    r"|(?<![\w$./-])\$?(?P<name>[A-Za-z_]\w*+)[\"']?(?:(?P<tight>=)|[ \t]*(?P<sign>[:?]?=)[ \t]*|(?P<colon>:)[ \t]+))"
    r"(?P<value>\"[^\"\n]*\"|'[^'\n]*'|[^\s;&|\"'`(){}\[\],]*)"
)
_WORDLIKE = re.compile(r"[A-Za-z_]+|[A-Za-z_]\w*(?:\.\w+)+")
_LONGEST = 4000


class Variables:
    """The variables of one text, looked for when the first is asked for."""

    def __init__(self, text: str) -> None:
        self._text = text

    def value_of(self, reference: str, before: int) -> tuple[int, str] | None:
        """Return the offset and the text that the variable *reference*, used at *before*, was given last.

        None for what is not one variable, what was not given a literal, and for the names by which
        passwords of registries are found in any case.
        """
        found = _REFERENCE.fullmatch(reference.strip())
        if found is None:
            return None
        name = next(filter(None, found.groups()))
        if names_password(name) or names_access_token(name):
            return None
        held = self._assigned.get(name, [])
        at = bisect_left(held, (before, "")) - 1
        if at < 0 or not held[at][1]:
            return None
        return held[at]

    @cached_property
    def _assigned(self) -> dict[str, list[tuple[int, str]]]:
        """Where each variable is given what, in order; an empty text for what is not a literal."""
        assigned: dict[str, list[tuple[int, str]]] = {}
        for match in _ASSIGNED.finditer(self._text):
            name = match["name"] or match["said"]
            literal = match["value"].strip("\"'") if self._is_literal(match) else ""
            assigned.setdefault(name, []).append((match.start("value"), literal))
        return assigned

    def _is_literal(self, match: re.Match[str]) -> bool:
        value = match["value"]
        if (
            not value
            or len(value) > _LONGEST
            or self._text[match.end() : match.end() + 1] in tuple("([{`")
        ):
            return False
        if value[0] in "\"'":
            return not is_harmless("", value.strip("\"'"))
        if match["sign"] and _WORDLIKE.fullmatch(value):
            return False  # a program's name for something else
        return not is_harmless("", value, is_bare=True)
