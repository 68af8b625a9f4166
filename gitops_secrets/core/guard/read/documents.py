"""A text as node graphs, however its reader would read it.

YAML first, document by document as kubectl splits them. What PyYAML refuses and other readers take
(a stream of JSON values, JSON with comments, control characters, half a surrogate, templates between
the lines) is fixed and tried again; what is left over is for the rules that read lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from gitops_secrets.core.guard.read.composing import (
    TOO_DEEP,
    LimitError,
    compose_all,
    compose_some,
    node_of_json,
)

if TYPE_CHECKING:
    import yaml

_LARGE = 4000

_SEPARATOR = re.compile(r"^---(?=[ \t\r\n]|$)", re.MULTILINE)
_OTHER_SEPARATOR = re.compile(r"^---[^ \t\r\n].*$", re.MULTILINE)
"""Parts documents for kubectl and kustomize, whatever follows on its line, and not for YAML."""
_QUOTE = "\\'"
_COLON = re.compile(r":(?=[ \t]*[}\],])")
_TAG = re.compile(r"(?<![^\s\[{,:-])!(?=[^\s{}\"]*[\[\],])[^\s{}\"]*")
_NOT_PRINTABLE = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
_NOT_PRINTABLE_ASCII = re.compile(r"[^\t\n\r\x20-\x7e]")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_STRING = r'"(?:[^"\\\n]|\\.)*+"?|//[^\n]*'
_COMMENT = re.compile(_STRING + r"|/\*.*?\*/", re.DOTALL)
_LINE_COMMENT = re.compile(_STRING, re.DOTALL)
_BLANK = re.compile(r"[\s,;]*")
_MAX_VALUES = 100_000
_TEMPLATE_LINE = re.compile(r"^[ \t]*\{\{[-~]?.*?\}\}[ \t]*$|^[ \t]*\{%.*?%\}[ \t]*$", re.MULTILINE)
_TEMPLATE = re.compile(r"\{\{(?:(?!\{\{|\}\}).)*\}\}", re.DOTALL)

_SAID = re.compile(
    r"(?:\{\{[- ]*|\bdefault[ (]+)(?P<quote>[\"'`])(?P<text>[\w+/=@.-]{4,200})(?P=quote)"
)
"""What a template says by itself, or where nothing is given."""


class Document(NamedTuple):
    """One document: its root node, or None where no reader makes one."""

    text: str
    line: int
    """How many lines of the whole text stand above it."""
    number: int
    root: yaml.Node | None
    fixed: bool = False
    """Whether the text was changed to be read: positions still hold, comments may be gone."""
    limit: str = ""
    """Why it was not read although another reader may read it; empty where it was, or no reader does."""


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

    With *exact* only plain YAML and JSON count, and nothing is fixed: for a text that need not be a
    document at all.
    """
    import yaml

    has_directive = text.startswith("%") or "\n%" in text or "%TAG" in text
    if has_directive and (whole := _compose_whole(text)) is not None:
        roots, end = whole
        for index, root in enumerate(roots):
            yield Document(text if index == 0 else "", 0, index, root)
        if end is not None:
            yield Document(text[end:], text.count("\n", 0, end), len(roots), None)
        return
    index = 0
    for line, part in split(text):
        if len(part) < len(text) > _LARGE and not wanted(part):
            index += 1
            continue
        found = _read_part(part, exact=exact)
        if not exact and _OTHER_SEPARATOR.search(part):
            has_object = any(isinstance(d.root, yaml.MappingNode) for d in found)
            found = [*(found if has_object else ()), *_read_otherwise(part)] or found
        for document in found:
            yield document._replace(line=line + document.line, number=index)
            index += 1


def _compose_whole(text: str) -> tuple[list[yaml.Node], int | None] | None:
    """Return what ``compose_some`` says of *text*; None if no object of it can be read so.

    TOML begins with what is a list in YAML, and ends there.
    """
    import yaml

    try:
        roots, end = compose_some(text)
    except LimitError:
        return None
    has_object = any(isinstance(root, yaml.MappingNode) for root in roots)
    return (roots, end) if has_object or end is None else None


def _read_part(part: str, *, exact: bool) -> list[Document]:
    """Return what one part of a text is read as: at least one document, without a root if it is none."""
    limit = ""
    try:
        roots, fixed = _compose_part(part, exact=exact)
    except LimitError as error:
        roots, fixed, limit = [], False, error.detail
    found = [Document(part, 0, 0, root, fixed) for root in roots]
    if not found and not exact:
        try:
            for above, root in _json_stream(part):
                limit = ""
                found.append(Document(part, above, 0, root, fixed=True))
        except LimitError as error:
            limit = error.detail
    if not found and not limit and not exact and (whole := _compose_whole(part)) is not None:
        some, end = whole
        end = end or 0
        found = [Document(part[:end], 0, 0, root) for root in some]
        found.append(Document(part[end:], part.count("\n", 0, end), 0, None))
    if not found or limit:
        found.append(Document(part, 0, 0, None, limit=limit))
    return found


def _read_otherwise(part: str) -> list[Document]:
    """Return the documents of *part* as kubectl parts them; none where none of them is an object."""
    import yaml

    found: list[Document] = []
    begin = line = 0
    for match in [*_OTHER_SEPARATOR.finditer(part), None]:
        end = match.start() if match else len(part)
        text = part[begin:end]
        found.extend(
            d._replace(line=line + d.line) for d in _read_part(text, exact=False) if text.strip()
        )
        line += part.count("\n", begin, end)
        if match:
            begin = match.end()
    return found if any(isinstance(d.root, yaml.MappingNode) for d in found) else []


def _compose_part(part: str, *, exact: bool) -> tuple[list[yaml.Node], bool]:
    """Return the roots of *part*, and whether it had to be fixed for that."""
    roots = compose_all(part)
    if roots is not None or exact:
        return roots or [], False
    for fix in _FIXES:
        fixed = fix(part)
        if fixed != part:
            roots = compose_all(fixed)
            if roots is not None:
                return roots, True
            part = fixed
    return [], False


def _json_stream(text: str) -> Iterator[tuple[int, yaml.Node]]:
    """Yield the values of concatenated JSON, which kubectl reads one after the other.

    Each comes with the number of lines above it. Nothing is yielded where the text is something else.
    Raises LimitError for a value that is not read here, or too many of them.
    """
    import json

    decoder = json.JSONDecoder(strict=False)
    at = line = 0
    for _ in range(_MAX_VALUES):
        blank = _BLANK.match(text, at)
        line += text.count("\n", at, blank.end() if blank else at)
        at = blank.end() if blank else at
        if at >= len(text) or text[at] not in "{[":
            return
        try:
            _, end = decoder.raw_decode(text, at)
        except RecursionError:
            raise LimitError(TOO_DEEP) from None
        except ValueError:
            return
        value = text[at:end]
        roots = compose_all(_replace_surrogates(value))
        for root in [node_of_json(value)] if roots is None else roots:
            yield line, root
        line += text.count("\n", at, end)
        at = end
    raise LimitError(f"it holds more than {_MAX_VALUES} values")


def _replace_surrogates(text: str) -> str:
    return _SURROGATE.sub("\\\\u0020", text)


def _drop_controls(text: str) -> str:
    text = text.replace("\ufeff", "")
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
    """Take lines that are only a template away, and put a variable, with its default, for each other template."""
    if "{{" not in text and "{%" not in text:
        return text
    text = _TEMPLATE_LINE.sub(lambda m: "\n" * m.group().count("\n"), text)

    def stand_in(match: re.Match[str]) -> str:
        said = _SAID.search(match.group())
        return (f"${{X:={said['text']}}}" if said else "${X}") + "\n" * match.group().count("\n")

    return _TEMPLATE.sub(stand_in, text)


def _drop_tabs(text: str) -> str:
    return text.replace("\t", "  ")


def _as_go_reads(text: str) -> str:
    """Replace what Go's parser takes and libyaml does not: an escaped ', a colon that ends a word, a tag with brackets."""
    text = _TAG.sub(lambda m: " " * len(m.group()), text.replace(_QUOTE, " '"))
    return _COLON.sub(" ", text)


_FIXES = (
    _drop_controls,
    _replace_surrogates,
    _drop_comments,
    _drop_templates,
    _drop_tabs,
    _as_go_reads,
)
