"""A text as node graphs, however its reader would read it.

YAML first, document by document as kubectl splits them. What PyYAML refuses and other readers take
(a stream of JSON values, JSON with comments, control characters, half a surrogate, templates between
the lines) is mended and tried again; what is left over is for the rules that read lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import yaml

MAX_TEXT = 6 * 1024 * 1024
"""Characters of one document that are parsed: Flux reads no encrypted file over 5 MiB."""
MAX_TOKENS = 400_000
"""A bound on the nodes of one document; a node costs about 500 bytes."""
MAX_DEPTH = 400
"""libyaml's composer calls itself for each level, and a few ten thousand end the process."""

_LARGE = 4000
NULL, _STR, _SEQ, _MAP = (f"tag:yaml.org,2002:{name}" for name in ("null", "str", "seq", "map"))
_NULLS = ("", "~", "null", "Null", "NULL")

_SEPARATOR = re.compile(r"^---(?=[ \t\r\n]|$)", re.MULTILINE)
_DEEP = re.compile(r"^[ \t\-?:]{400}|(?:[-?:][ \t]+(?:[&!]\S*[ \t]+)*){200}")
"""So deep a line has at least MAX_DEPTH characters: most texts have none so long."""
_BRACKET = re.compile(r"[\[\]{}]")
_NOT_PRINTABLE = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
_NOT_PRINTABLE_ASCII = re.compile(r"[^\t\n\r\x20-\x7e]")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_STRING = r'"(?:[^"\\\n]|\\.)*+"?|//[^\n]*'
_COMMENT = re.compile(_STRING + r"|/\*.*?\*/", re.DOTALL)
_LINE_COMMENT = re.compile(_STRING, re.DOTALL)
_BLANK = re.compile(r"[\s,;]*")
_MAX_VALUES = 10_000
_TEMPLATE_LINE = re.compile(r"^[ \t]*\{\{[-~]?.*?\}\}[ \t]*$|^[ \t]*\{%.*?%\}[ \t]*$", re.MULTILINE)
_TEMPLATE = re.compile(r"\{\{(?:(?!\{\{|\}\}).)*\}\}", re.DOTALL)


class Document(NamedTuple):
    """One document: its root node, or None where no reader makes one."""

    text: str
    line: int
    """How many lines of the whole text stand above it."""
    number: int
    root: yaml.Node | None
    mended: bool = False
    """Whether the text was changed to be read: positions still hold, comments may be gone."""


def split(text: str) -> Iterator[tuple[int, str]]:
    """Yield each document's text with the number of lines above it, as ``---`` lines part them."""
    if "---" not in text:
        yield 0, text
        return
    begin = line = 0
    for match in _SEPARATOR.finditer(text):
        if match.start():
            yield line, text[begin : match.start()]
        line += text.count("\n", begin, match.start())
        begin = match.start()
    yield line, text[begin:]


def read(text: str, *, wanted: Callable[[str], bool], exact: bool = False) -> Iterator[Document]:
    """Yield the documents of *text*; of a large text only those that are *wanted*.

    With *exact* only plain YAML and JSON count, and nothing is mended: for a text that need not be a
    document at all.
    """
    has_directive = text.startswith("%") or "\n%" in text
    if has_directive and (whole := _compose_all(text)) is not None:
        for index, root in enumerate(whole):
            yield Document(text if index == 0 else "", 0, index, root)
        return
    index = 0
    for line, part in split(text):
        if len(part) < len(text) > _LARGE and not wanted(part):
            index += 1
            continue
        roots, mended = _read_part(part, exact=exact)
        for root in roots:
            yield Document(part, line, index, root, mended)
            index += 1
        for above, root in () if roots or exact else _json_stream(part):
            yield Document(part, line + above, index, root, mended=True)
            roots.append(root)
            index += 1
        if not roots:
            yield Document(part, line, index, None)
            index += 1


def _read_part(part: str, *, exact: bool) -> tuple[list[yaml.Node], bool]:
    roots = _compose_all(part)
    if roots is not None:
        return roots, False
    if exact:
        return [], False
    for mend in _MENDS:
        mended = mend(part)
        if mended != part:
            roots = _compose_all(mended)
            if roots is not None:
                return roots, True
            part = mended
    return [], False


def _compose_all(text: str) -> list[yaml.Node] | None:
    """Return the root nodes of *text* that are not null; None where PyYAML may not or will not read it."""
    import yaml

    if not _is_safe(text):
        return None
    try:
        return [node for node in yaml.compose_all(text, _loader()) if node.tag != NULL]
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


@cache
def _loader() -> type[yaml.SafeLoader]:
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """Tells null from all else: no rule asks whether a scalar is a number, a date or a truth value."""

        def resolve(self, kind: type[yaml.Node], value: object, implicit: Any) -> str:
            if kind is yaml.ScalarNode:
                return NULL if implicit[0] and value in _NULLS else _STR
            return _SEQ if kind is yaml.SequenceNode else _MAP

    return Loader


def _is_safe(text: str) -> bool:
    if len(text) > MAX_TEXT:
        return False
    if len(text) > 20_000:
        tokens = text.count("\n") + text.count(",") + text.count(":") + text.count("[")
        if tokens + text.count("{") + text.count("- ") > MAX_TOKENS:
            return False
    if any(map(_DEEP.search, filter(_is_long, text.split("\n")))):
        return False
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return True
    depth = 0
    for match in _BRACKET.finditer(text):
        depth += 1 if match.group() in "[{" else -1
        if depth > MAX_DEPTH:
            return False
        depth = max(depth, 0)
    return True


def _is_long(line: str) -> bool:
    return len(line) >= MAX_DEPTH


def _json_stream(text: str) -> Iterator[tuple[int, yaml.Node]]:
    """Yield the values of concatenated JSON, which kubectl reads one after the other.

    Each comes with the number of lines above it. Nothing is yielded where the text is something else.
    """
    import json

    decoder = json.JSONDecoder(strict=False)
    at = line = count = 0
    while count < _MAX_VALUES:
        blank = _BLANK.match(text, at)
        line += text.count("\n", at, blank.end() if blank else at)
        at = blank.end() if blank else at
        if at >= len(text) or text[at] not in "{[" or (count == 0 and not _is_safe(text)):
            return
        try:
            _, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return
        for root in _compose_all(_replace_surrogates(text[at:end])) or []:
            yield line, root
        line += text.count("\n", at, end)
        count += 1
        at = end


def _replace_surrogates(text: str) -> str:
    return _SURROGATE.sub("\\\\u0020", text)


def _drop_controls(text: str) -> str:
    # Compiling the long class takes as long as judging ten Secrets, and few texts need it.
    return re.sub(_NOT_PRINTABLE_ASCII if text.isascii() else _NOT_PRINTABLE, " ", text)


def _drop_comments(text: str) -> str:
    """Blank out ``//`` and ``/* */`` comments outside of strings, and commas before a closing bracket."""
    if not text.lstrip().startswith(("{", "[", "/")):
        return text

    at, pieces = 0, list[str]()
    for match in _comments(text):
        pieces += text[at : match.start()], re.sub(r"[^\n]", " ", match.group())
        at = match.end()
    return "".join((*pieces, text[at:]))


def _comments(text: str) -> Iterator[re.Match[str]]:
    """Yield the comments of *text*, which are looked for behind the last ``*/`` by line only.

    Where nothing ends a comment, each of many beginnings would be followed to the end of the text.
    """
    at, end = 0, text.rfind("*/") + 2
    for match in _COMMENT.finditer(text, 0, end):
        if match.end() == end and match.group()[0] == '"':
            break
        at = match.end()
        if match.group()[0] == "/":
            yield match
    yield from (m for m in _LINE_COMMENT.finditer(text, at) if m.group()[0] == "/")


def _drop_templates(text: str) -> str:
    """Take lines that are only a template away, and quote what a template leaves inside a line."""
    if "{{" not in text and "{%" not in text:
        return text
    text = _TEMPLATE_LINE.sub(lambda m: "\n" * m.group().count("\n"), text)

    def stand_in(match: re.Match[str]) -> str:
        return "${X}" + "\n" * match.group().count("\n")

    return _TEMPLATE.sub(stand_in, text)


def _drop_tabs(text: str) -> str:
    return text.replace("\t", "  ")


_MENDS = (_drop_controls, _replace_surrogates, _drop_comments, _drop_templates, _drop_tabs)
