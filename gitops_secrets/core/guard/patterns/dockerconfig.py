"""Docker config in any text: JSON, JSON within a string, YAML, HCL, whole or in pieces.

What counts is what a registry would take: an ``auth`` that decodes to user:password, a password, or a
token. Empty configs, credential helpers and placeholders are none of these.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from gitops_secrets.core.guard.patterns.placeholders import (
    defaults,
    is_placeholder,
    is_placeholder_whole,
)
from gitops_secrets.core.guard.read.composing import LimitError
from gitops_secrets.core.guard.read.encoding import from_base64

_MAX_HITS = 1000
_AUTHS = re.compile(r"(?i:auth[s\u017f])\\{0,8}[\"']?\s*(?:=>|[:=])\s*")
"""It begins with its own letters, as _AUTH does, so that it is not tried at every character."""
_QUOTES = re.compile(r"\\{0,8}[\"']?\Z")
_FIELD = re.compile(
    r"(?<![\w.-])\\{0,8}[\"']?(?P<name>auth|password|identity_?token|registry_?token)\\{0,8}[\"']?"
    r"\s*(?:=>|[:=])\s*(?:(?P<quote>\\{0,8}[\"'])(?P<quoted>.{0,20000}?)(?P=quote)"
    r"|(?P<bare>[^\s\"',}\]#][^\s\"',}\]]*))",
    re.IGNORECASE,
)
_AUTH = re.compile(
    r"(?i:auth)\\{0,8}[\"']?\s*(?:=>|[:=])\s*\\{0,8}[\"']?(?P<value>[A-Za-z0-9+/_-]{8,}={0,2})"
)
_CALL = (
    r"(?:base64encode|b64enc|btoa|(?:base64\.)?b64encode|Buffer\.from|base64\.\w{1,12}Encoding\.EncodeToString"
    r"|Base64\.\w{0,12}encode64|toBase64)\(\s*(?:\[\]byte\()?b?"
    r"\\{0,8}[\"'][^\"'\n:]{1,200}:(?P<password>[^\"'\\\n]{1,1000})\\{0,8}[\"']"
)
"""What makes an auth of a user name and a password that stand in it."""
_PIPED = (
    r"\\{0,8}[\"']?\$\([ ]{0,8}(?:echo|printf)[ ]+(?:-[neE]+[ ]+)*(?:\\{0,8}[\"']?%s(?:\\{1,2}n)?\\{0,8}[\"']?[ ]+)?"
    r"\\{0,8}[\"']?[^\"'\s\\:|$]{1,200}:(?P<piped>[^\"'\s\\|]{1,1000})\\{0,8}[\"']?[ ]{0,8}\|[ ]{0,8}(?:base64|openssl)\b"
)
"""The same of a shell, in whatever quotes."""
_OPENED = r"(?:\\{0,8}[\"']?(?:\$\{|\{\{-?)[ ]{0,8})?(?:base64encode\([ ]{0,8})?"
_TEXT = r"\\{0,8}[\"'`][^\"'`\n]{1,200}\\{0,8}[\"'`]"
_ENCODED = r"\\{0,8}[\"'`][^\"'`\n:]{1,200}:(?P<encoded>[^\"'`\\\n]{1,1000})\\{0,8}[\"'`][ )]{0,8}\|[ ]{0,8}b64enc\b"
_FORMATTED = (
    r"(?:format|printf)[( ]{1,8}\\{0,8}[\"'`]%[sv]:%[sv]\\{0,8}[\"'`][, ]{1,8}"
    rf"{_TEXT}[, ]{{1,8}}\\{{0,8}}[\"'`](?P<formatted>[^\"'`\\\n]{{1,1000}})\\{{0,8}}[\"'`]"
)
"""The same in an expression of a template, or put together by a format."""
_MADE = re.compile(
    rf"(?i:auth)\\{{0,8}}[\"']?\s*(?:=>|[:=])\s*(?:{_PIPED}|{_OPENED}(?:{_CALL}|{_FORMATTED}|{_ENCODED}))"
)
_MADE_BY = re.compile(_CALL)
_BEFORE_AUTH = re.compile(r"[\w.-]\Z")
"""What makes a longer name of it, such as that of an index of packages in .npmrc."""
_WORD = re.compile(r"[\w-]")
_PLAIN_NAME = re.compile(r"[A-Za-z_$][\w.$]*[,;)}\]]")
"""A program's name for something else."""
_LONGEST_EXPRESSION = 2000
_HASH = re.compile(r"\$(?:apr1|1|2[abxy]?|5|6|argon2\w*|y)\$|\{(?:SHA|SSHA|PLAIN-MD5)")
"""How an htpasswd file keeps a password, which nobody can pull with."""
_HOST = r"(?:https?://)?(?:[\w*-]+\.)+[\w*-]+(?::\d+)?(?:/[\w./-]*)?|localhost:\d+"
_HOST_ENTRY = re.compile(
    rf"\\{{0,8}}[\"'](?P<host>{_HOST})\\{{0,8}}[\"']\s*:\s*\{{(?P<entry>[^{{}}]*)\}}"
)
HOST_KEY = re.compile(_HOST)


class Hit(NamedTuple):
    """One readable credential at an offset of a text."""

    offset: int
    material: str
    host: str = ""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"


def credential(name: str, value: str, *, within_auths: bool = True) -> str | None:
    """Return the secret that the field *name* with *value* gives away, or None."""
    value = value.strip()
    name = name.lower()
    if not value or value.startswith("ENC[AES256_GCM") or is_placeholder(value):
        return None
    if name == "auth":
        return _from_auth(value, within_auths=within_auths)
    if not within_auths:
        return None
    if name == "password":
        return value
    return value if len(value) >= 8 else None


def _from_auth(value: str, *, within_auths: bool) -> str | None:
    if within_auths and ":" in value and " " not in value:
        password = value.partition(":")[2]
        return None if is_placeholder(password) else password
    made = _MADE_BY.match(value)
    if made:
        return None if is_placeholder(made["password"]) else made["password"]
    for said in defaults(value) if "{{" in value or "$(" in value else ():
        if ":" in said and not is_placeholder(said.partition(":")[2]):
            return said.partition(":")[2]
    decoded = from_base64(value)
    if decoded is None or b":" not in decoded:
        return None
    try:
        text = decoded.decode()
    except UnicodeDecodeError:
        return None
    text = text.strip("\0\r\n")
    user, _, password = text.partition(":")
    if (
        not user
        or not text.isprintable()
        or _HASH.match(password)
        or is_placeholder_whole(password)
    ):
        return None
    return password


def find(text: str) -> Iterator[Hit]:
    """Yield the readable credentials of every docker config in *text*, one for each registry.

    Raises LimitError after _MAX_HITS.
    """
    hits = list(islice(_find(text), _MAX_HITS + 1))
    yield from sorted(hits[:_MAX_HITS], key=lambda h: h.offset)
    if len(hits) > _MAX_HITS:
        raise LimitError(f"it holds more than {_MAX_HITS} credentials")


def _find(text: str) -> Iterator[Hit]:
    covered: list[tuple[int, int]] = []
    for match in _AUTHS.finditer(text):
        start = match.start()
        if covered and start < covered[-1][1]:
            continue
        if start and _WORD.match(text, start - 1):
            continue
        if _PLAIN_NAME.match(text, match.end()) and "\n" not in match.group():
            continue
        quotes = _QUOTES.search(text, max(0, start - 9), start)
        begin, end = _region(text, quotes.start() if quotes else start, match.end())
        covered.append((begin, end))
        yield from _in_region(text, begin, end)
    for match in _HOST_ENTRY.finditer(text):
        if not _is_covered(covered, match.start()):
            found = list(_in_region(text, match.start("entry"), match.end("entry")))
            if found:
                covered.append((match.start(), match.end()))
            yield from (h._replace(offset=found[0].offset, host=match["host"]) for h in found)
    for match in _MADE.finditer(text):
        before = _BEFORE_AUTH.search(text, max(0, match.start() - 2), match.start())
        group = next(name for name, found in match.groupdict().items() if found)
        if not before and not is_placeholder(match[group]):
            yield Hit(match.start(group), match[group])
    for match in _AUTH.finditer(text):
        before = _BEFORE_AUTH.search(text, max(0, match.start() - 2), match.start())
        if not before and not _is_covered(covered, match.start()):
            secret = credential("auth", match["value"], within_auths=False)
            if secret:
                yield Hit(match.start("value"), secret)


def _is_covered(regions: list[tuple[int, int]], offset: int) -> bool:
    return any(begin <= offset < end for begin, end in regions)


def _in_region(text: str, begin: int, end: int) -> Iterator[Hit]:
    """Yield the fields; those of one pair of braces at the offset of the first."""
    entry, first = -1, 0
    for match in _FIELD.finditer(text, begin, end):
        secret = credential(match["name"], _value(text, match, end))
        if secret is None:
            continue
        closing = text.find("}", match.end(), end)
        if closing == -1 or closing != entry:
            entry, first = closing, match.start()
        yield Hit(first, secret)


def _value(text: str, match: re.Match[str], end: int) -> str:
    """Return the value of the field *match*; quotes within an expression of a template do not end it."""
    if match["quoted"] is None:
        return match["bare"]
    begin = match.start("quoted")
    if text.startswith("{{", begin) and "}}" not in match["quoted"]:
        closing = text.find("}}", begin, min(end, begin + _LONGEST_EXPRESSION))
        if closing >= 0 and "\n" not in text[begin:closing]:
            return text[begin : closing + 2]
    return match["quoted"]


def _region(text: str, start: int, begin: int) -> tuple[int, int]:
    """Return the span that belongs to ``auths`` standing at *start*, whose value begins at *begin*."""
    if text[begin : begin + 1] == "{":
        depth = 0
        for match in re.compile(r"[{}]").finditer(text, begin):
            depth += 1 if match.group() == "{" else -1
            if depth == 0:
                return begin, match.end()
        return begin, len(text)
    line_start = text.rfind("\n", 0, start) + 1
    prefix = text[line_start:start]
    deeper = re.compile(rf"\n(?!{re.escape(prefix)}[ \t])(?=[^\n\r])")
    end = deeper.search(text, begin)
    return begin, end.start() if end else len(text)
