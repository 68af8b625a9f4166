"""Literals of several lines, as TOML, Python, HCL, Ruby, Nix, shells and PowerShell write them, that hold one word."""

from __future__ import annotations

import re

_SIGNS = ('"""', "''", "<<", '@"', "@'")
_LITERAL = re.compile(
    r"(?<=[=:>])[ \t]{0,40}(?:"
    r"(?P<mark>\"{3}|'{3}|''(?!'))(?P<held>(?s:.{1,1200}?))(?P=mark)"
    r"|(?:[\"']?\$\(cat[ \t]{1,8})?<<[-~]?[ \t]?[\"']?(?P<name>[A-Za-z_]\w{0,40})[\"']?[ \t]*\r?\n"
    r"(?P<lines>(?:[^\n]{0,1000}\n){1,8}?)[ \t]*(?P=name)\b"
    r"|@(?P<quote>[\"'])[ \t]*\r?\n(?P<block>(?:[^\n]{0,1000}\n){1,8}?)(?P=quote)@)"
)
_PARTS = ("held", "lines", "block")


def on_one_line(text: str) -> str:
    """Return *text*, as long as it is, with each such literal as a string in quotes where its word stands.

    A literal that holds more than a word, or one that a backslash takes to the next line, stays as it is.
    """
    return _LITERAL.sub(_quoted, text) if any(sign in text for sign in _SIGNS) else text


def _quoted(match: re.Match[str]) -> str:
    whole = match.group()
    part = next(name for name in _PARTS if match[name] is not None)
    pieces = [piece for line in match[part].split("\n") if (piece := line.strip())]
    word = "".join(piece.removesuffix("\\") for piece in pieces)
    if any(not piece.endswith("\\") for piece in pieces[:-1]) or not word:
        return whole
    quote = "'" if '"' in word else '"'
    if quote in word:
        return whole
    first = next(piece.removesuffix("\\") for piece in pieces if piece != "\\")
    begin = whole.index(first, match.start(part) - match.start())
    return f"{' ' * (begin - 1)}{quote}{word}{quote}".ljust(len(whole))
