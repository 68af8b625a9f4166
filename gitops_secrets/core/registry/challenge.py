"""What a registry asks for: its WWW-Authenticate headers (RFC 9110, section 11.6.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_LONGEST = 8192
"""Characters that are read of one header."""
_ELEMENT = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*"|")+')
_PARAMETER = re.compile(rf'\s*({_WORD})\s*=\s*("(?:[^"\\]|\\.)*"|[^\s",]*)\s*')
_SCHEME = re.compile(rf"\s*({_WORD})(?:\s+(.*))?", re.DOTALL)


class Challenge(NamedTuple):
    """One way to authenticate."""

    scheme: str
    """In small letters."""
    parameters: Mapping[str, str]
    """By their names in small letters."""


def parse_challenges(headers: Iterable[str]) -> tuple[Challenge, ...]:
    """Return the challenges of all WWW-Authenticate *headers*, in their order.

    There can be several headers, several challenges in one, and commas within quotes. What is no challenge
    is passed over: a registry may send an empty header.
    """
    found: list[tuple[str, dict[str, str]]] = []
    for header in headers:
        found += _parse(header[:_LONGEST])
    return tuple(Challenge(scheme, parameters) for scheme, parameters in found)


def find_challenge(challenges: Iterable[Challenge], scheme: str) -> Challenge | None:
    """Return the first of *challenges* with *scheme*, None if there is none."""
    return next((c for c in challenges if c.scheme == scheme), None)


def _parse(header: str) -> list[tuple[str, dict[str, str]]]:
    found: list[tuple[str, dict[str, str]]] = []
    for element in _ELEMENT.findall(header):
        parameter = _PARAMETER.fullmatch(element)
        if parameter is None:
            begun = _SCHEME.fullmatch(element)
            if begun is None:
                continue
            found.append((begun[1].lower(), {}))
            parameter = _PARAMETER.fullmatch(begun[2] or "")
        if parameter is not None and found:
            found[-1][1].setdefault(parameter[1].lower(), _unquoted(parameter[2]))
    return found


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value[:1] == '"' else value
