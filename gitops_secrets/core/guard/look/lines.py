"""What stands in lines that are no document: notes, scripts, settings, broken YAML."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gitops_secrets.core.guard.filter import prefilter
from gitops_secrets.core.guard.filter.runs import is_worth_decoding, squeeze
from gitops_secrets.core.guard.look.inspection import Inspection
from gitops_secrets.core.guard.look.origin import Origin, is_comment, place
from gitops_secrets.core.guard.patterns import addresses, calls, dockerconfig, headers
from gitops_secrets.core.guard.patterns.literals import on_one_line
from gitops_secrets.core.guard.patterns.placeholders import is_placeholder
from gitops_secrets.core.guard.read.composing import LimitError

_RUN = re.compile(
    r"(?:[A-Za-z0-9+/]{20,}[ \t]*(?:\\|=3D)?\r?\n[ \t#>*/-]*)*[A-Za-z0-9+/_-]{16,}={0,2}"
)
_LAST_LINE = re.compile(
    r"[ \t]*(?:\\|=3D)?\r?\n[ \t#>*/-]*[A-Za-z0-9+/_-]{1,15}={0,2}(?=[ \t]*(?:[\"'\r\n]|\Z))"
)
"""What may end a run of several lines: a word of the next sentence as well, so the run is read without it too."""
_ESCAPE_END = re.compile(r"[nrt]|u[0-9a-fA-F]{4}")
"""The letters of an escaped line end or NUL that a run follows: they are none of its own."""
_ESCAPE = re.compile(r"\\{1,8}(?:x|u00|U000000)(?P<code>[2-7][0-9a-fA-F])")
_PERCENT = re.compile(r"%(?P<code>[2-7][0-9a-fA-F])")
_NETRC = re.compile(r"(?m)^[ \t]*machine\s+(?P<host>\S+)\s+login\s+\S+\s+password\s+(?P<value>\S+)")
_SECTION = re.compile(
    r"(?im)^[ \t]*(?:\[[^\]\n]*registry[^\n]*\.auth\"?\][^\n]*|(?:registry_auth|registr(?:y|ies)[ \t]*(?:=\s*\[\s*)?)[ \t]*\{[^\n]*|\[\[?registry[^\n]*)\n"
    r"(?P<body>(?:(?:[ \t]*+(?:[#;][^\n]*+)?\n)*+[^\n\[}]*(?:\n|$)){1,12})"
)
"""What follows is looked at as far as the next section, and for twelve lines that are no comment."""
_SECTION_FIELD = re.compile(
    r"(?im)^[ \t]*(?P<name>password|auth|identitytoken)[ \t]*[=:][ \t]*(?P<value>\"[^\"\n]*\"|'[^'\n]*'|[^\s#]+)"
)
_XZ = "/Td6W"
"""How xz begins in base64: with what else would be taken for the beginning of a comment."""
_AROUND_LINE = re.compile(r"^[ \t#>*/-]*|[\\ \t]+$")
_MAX_HITS = 1000
_KEYS = 4
"""How many steps of a key path say what a value is."""
_BEFORE = 400
"""How many characters ahead of a value may say what it is."""


def look(inspection: Inspection, text: str, line: int, origin: Origin, bits: int) -> None:
    """Show *text*, which begins *line* lines below its piece's beginning, to the rules that read lines."""
    if "\\" in text and _ESCAPE.search(text):
        text = _ESCAPE.sub(lambda m: chr(int(m["code"], 16)), text)
    if "auth%22" in text or "auths%22" in text:
        text = _PERCENT.sub(lambda m: chr(int(m["code"], 16)), text)
    try:
        for count, (rule, offset, material) in enumerate(_found_in(text, bits, origin)):
            if count == _MAX_HITS:
                raise LimitError(f"it holds more than {_MAX_HITS} credentials")
            _report(inspection, rule, text, line, offset, origin, material)
    except LimitError as error:
        inspection.unreadable(origin, error.detail)
    if bits & prefilter.PACKED:
        counted = 0
        for offset, run in _runs(text):
            line += text.count("\n", counted, offset)
            counted = offset
            column = offset - text.rfind("\n", 0, offset) - 1
            inside = origin.inside(line, column, exact=False)._replace(
                comment=origin.comment or (origin.exact and is_comment(text, offset)),
                in_secret=origin.in_secret or _names_pull_secret(text, offset),
            )
            inspection.unwrap(run, inside)


def _names_pull_secret(text: str, offset: int) -> bool:
    start = max(offset - _BEFORE, 0)
    line = text.rfind("\n", start, offset)
    before = text[max(text.rfind("\n", start, max(line, 0)), start) : offset]
    return "dockerconfigjson" in before or "dockercfg" in before


def _report(
    inspection: Inspection,
    rule: str,
    text: str,
    line: int,
    offset: int,
    origin: Origin,
    material: str,
) -> None:
    at, column = place(text, offset)
    comment = origin.comment or (origin.exact and is_comment(text, offset))
    in_secret = origin.in_secret or "dockerconfigjson" in text[max(0, offset - _BEFORE) : offset]
    inspection.credential(
        rule, origin._replace(comment=comment, in_secret=in_secret), at + line, column, material
    )


def _found_in(text: str, bits: int, origin: Origin) -> Iterator[tuple[str, int, str]]:
    yield from _found(text, bits, origin)
    if bits & prefilter.VALUES and (joined := on_one_line(text)) != text:
        yield from _found(joined, bits, origin)


def _found(text: str, bits: int, origin: Origin) -> Iterator[tuple[str, int, str]]:
    if bits & (prefilter.PAYLOAD | prefilter.VALUES):
        for hit in dockerconfig.find(text):
            yield "docker-config", hit.offset, hit.material
        for offset, secret in (*calls.find_calls(text), *calls.find_literals(text)):
            yield "registry-password", offset, secret
    if bits & prefilter.VALUES:
        yield from _headers(text)
        yield from _variables(text)
        yield from _sections(text)
        yield from _addresses(text, origin)


def _variables(text: str) -> Iterator[tuple[str, int, str]]:
    from gitops_secrets.core.guard.look.assignments import find_assigned

    for match in _NETRC.finditer(text) if "machine" in text else ():
        if addresses.is_registry_host(match["host"]) and not is_placeholder(match["value"]):
            yield "registry-password", match.start("value"), match["value"]
    for offset, value in find_assigned(text):
        yield "registry-password", offset, value


def _sections(text: str) -> Iterator[tuple[str, int, str]]:
    for section in _SECTION.finditer(text):
        # In a block of HCL a string stands in quotes, and what does not is an expression.
        is_block = text[section.start() : section.start("body")].rstrip().endswith("{")
        for match in _SECTION_FIELD.finditer(text, section.start("body"), section.end("body")):
            value = match["value"].strip("\"'")
            if is_block and value == match["value"]:
                continue
            secret = dockerconfig.credential(match["name"], value)
            if secret:
                yield "registry-password", match.start("value"), secret


def _addresses(text: str, origin: Origin) -> Iterator[tuple[str, int, str]]:
    names = [step for step in origin.key[-_KEYS:] if isinstance(step, str)]
    for offset, secret in addresses.find(text, names):
        from gitops_secrets.core.guard.rules.credentials.registry_login import is_within

        rule = "registry-login" if is_within(text, offset) else "registry-password"
        yield rule, offset, secret


def _headers(text: str) -> Iterator[tuple[str, int, str]]:
    for offset, secret in headers.find(text):
        from gitops_secrets.core.guard.rules.credentials.registry_login import is_within

        if not is_within(text, offset):
            yield "registry-password", offset, secret


def _runs(text: str) -> Iterator[tuple[int, str]]:
    for match in _RUN.finditer(text):
        begin = match.start()
        escape = _ESCAPE_END.match(text, begin) if text[begin - 1 : begin] == "\\" else None
        begin = escape.end() if escape else begin
        first = text[begin : match.end()]
        last = _LAST_LINE.match(text, match.end())
        for run in (first, first + last.group()) if last else (first,):
            raw = run.encode()
            if len(run) < 32 or not is_worth_decoding(raw, squeeze(raw)):
                continue
            lines = [_AROUND_LINE.sub("", part) for part in run.splitlines()]
            yield begin, ("/" if run.startswith(_XZ) else "") + "".join(lines)
