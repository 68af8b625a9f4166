"""Secrets read line by line, for texts that no parser takes: broken YAML, notes, heredocs, templates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from gitops_secrets.core.guard.read.composing import LimitError
from gitops_secrets.core.guard.record.facts import Identity

_KIND = re.compile(
    r"^(?P<indent>[ \t]*(?:-[ \t]+)*)(?:\?[ \t]*)?[\"']?kind[\"']?[ \t]*:[ \t]*"
    r"(?:[!&][^\s]*[ \t]+)*[\"']?Secret[\"']?[ \t]*,?[ \t]*(?:#.*)?\r?$",
    re.MULTILINE,
)
_JSON_KIND = re.compile(r'"kind"\s*:\s*"Secret"')
_FLOW_KIND = re.compile(
    r"[{,\n][ \t]*[\"']?kind[\"']?\s*:\s+(?:[!&]\S*\s+)*[\"']?Secret[\"']?\s*[,}\n]"
)
_JSON_DATA = re.compile(r'"(?P<root>data|stringData)"\s*:\s*\{(?P<body>[^{}]*)')
_FLOW_DATA = re.compile(
    r"(?:^|[{,\n])[ \t]*[\"']?(?P<root>data|stringData)[\"']?\s*:\s*(?:[!&]\S*\s+)*\{(?P<body>(?!\{)[^{}]*)"
)
_FLOW_PAIR = re.compile(
    # From the beginning of a run of letters alone: a run without a colon would else be read from each of them.
    r"(?<![\w./-])[\"']?(?P<key>[\w./-]++)[\"']?\s*:\s+(?:[!&]\S*\s+)*[\"']?(?P<value>(?:ENC\[[^\]]*\]|[^,{}\[\]\"'\n])+)"
)
_JSON_PAIR = re.compile(r'"(?P<key>(?:[^"\\\n]|\\.)*)"\s*:\s*"(?P<value>(?:[^"\\\n]|\\.)*)"?')
_PAIR = re.compile(
    r"^(?P<indent>[ \t]*(?:-[ \t]+)*)(?P<quote>[\"']?)(?P<key>[\w./-]+)(?P=quote)[ \t]*:"
    r"(?:[ \t]+(?:&\S+[ \t]*)?(?P<value>.*?))?\r?$"
)
_OUTERMOST = re.compile(r"^[^ \t\r\n].*$", re.MULTILINE)
_NEUTRAL = re.compile(r"#|---|\.\.\.|\{\{|\{%|<<<<<<<|=======|>>>>>>>|//|[\]}],?\s*$")
_LIKELY = re.compile(r"[\"']?[\w./-]+[\"']?[ \t]*:(?:[ \t\r]|$)|- |\? |[{\[]|%YAML|\"")
_BLOCK = re.compile(r"[|>][-+0-9]*[ \t]*(?:#.*)?$")
_MAX_INDENTS = 20
"""At how many depths of one text a Secret is looked for; those of one depth are read together."""


class LenientValue(NamedTuple):
    """One value below data or stringData."""

    root: str
    key: str
    line: int
    column: int
    text: str

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"


class LenientSecret(NamedTuple):
    """A Secret as its lines say."""

    identity: Identity
    line: int
    values: tuple[LenientValue, ...]


def is_manifest(text: str) -> bool:
    """Return whether the lines of *text* are those of a manifest, broken as it may be.

    Code and notes that quote a manifest are none: what stands there is applied by nobody.
    """
    outermost = [line for line in _OUTERMOST.findall(text) if not _NEUTRAL.match(line)]
    likely = sum(_LIKELY.match(line) is not None for line in outermost)
    return likely > 0 and likely * 10 >= len(outermost) * 8


def find_secrets(text: str) -> Iterator[LenientSecret]:
    """Yield the Secrets in *text*; lines count from 0. Raises LimitError beyond _MAX_INDENTS."""
    indents: set[int] = set()
    for match in _KIND.finditer(text):
        indent = len(match["indent"])
        if indent not in indents:
            if len(indents) == _MAX_INDENTS:
                raise LimitError(f"it holds Secrets at more than {_MAX_INDENTS} depths")
            indents.add(indent)
            yield _by_lines(text.split("\n"), text.count("\n", 0, match.start()), indent)
    found = None if indents else _JSON_KIND.search(text)
    if found is not None:
        yield _by_pairs(text, text.count("\n", 0, found.start()), _JSON_DATA, _JSON_PAIR)
    flow = None if found else _FLOW_KIND.search(text)
    if flow is not None:
        secret = _by_pairs(text, text.count("\n", 0, flow.start()), _FLOW_DATA, _FLOW_PAIR)
        if secret.values:
            yield secret


def _by_lines(lines: list[str], at: int, indent: int) -> LenientSecret:
    values: list[LenientValue] = []
    scalars: dict[str, str] = {}
    section = ""
    child = None
    for number, line in enumerate(lines):
        found = _PAIR.match(line)
        if found is None or line.lstrip().startswith("#"):
            continue
        depth = len(found["indent"])
        value = (found["value"] or "").strip()
        if depth <= indent:
            section = found["key"] if not value else ""
            child = None
            scalars[found["key"]] = value
        elif section in ("data", "stringData"):
            child = depth if child is None else child
            if depth == child:
                if _BLOCK.match(value):
                    value = _block(lines, number, depth)
                values.append(
                    LenientValue(section, found["key"], number, depth, value.strip("\"'"))
                )
        elif section == "metadata":
            scalars.setdefault(f"metadata.{found['key']}", value)
    return LenientSecret(_identity(scalars), at, tuple(values))


def _block(lines: list[str], number: int, depth: int) -> str:
    body = []
    for line in lines[number + 1 :]:
        if line.strip() and len(line) - len(line.lstrip()) <= depth:
            break
        body.append(line.strip())
    return "\n".join(body)


def _by_pairs(
    text: str, line: int, sections: re.Pattern[str], pairs: re.Pattern[str]
) -> LenientSecret:
    values = []
    for data in sections.finditer(text):
        for pair in pairs.finditer(text, data.start("body"), data.end("body")):
            at = pair.start("value")
            values.append(
                LenientValue(
                    data["root"],
                    pair["key"],
                    text.count("\n", 0, at),
                    at - text.rfind("\n", 0, at) - 1,
                    pair["value"],
                )
            )
    return LenientSecret(Identity(None, "Secret", None, None, None), line, tuple(values))


def _identity(scalars: dict[str, str]) -> Identity:
    def get(key: str) -> str | None:
        value = scalars.get(key, "").split(" #")[0].strip("\"' ")
        return value or None

    return Identity(
        get("apiVersion"), "Secret", get("metadata.namespace"), get("metadata.name"), get("type")
    )
