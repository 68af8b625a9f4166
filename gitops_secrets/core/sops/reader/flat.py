"""Files of lines as sops loads them: dotenv and ini, whose metadata is flat."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import yaml

from gitops_secrets.core.sops.reader.tree import (
    Branch,
    Comment,
    Form,
    RefusedError,
    Tree,
    Typed,
    UnsupportedError,
    Value,
)

_PREFIX = "sops_"
_SECTION = re.compile(r"\[(?P<name>[^\[\]\"'`\\;#]+)\]")
_ENTRY = re.compile(r"(?P<key>[A-Za-z0-9_.-]+)\s*=[ \t]*(?P<value>.*)")
_ODD_INI = re.compile(r"[#;`]|^[\"']|\\$")
_STEP = re.compile("__(?=map_|list_)")
_TEXT = "tag:yaml.org,2002:str"
_MARK = yaml.Mark("", 0, 0, 0, "", 0)
_DEFAULT = "DEFAULT"
_QUOTES = '"""'


def load_dotenv(content: bytes) -> tuple[Tree, yaml.MappingNode]:
    """Return what a dotenv file holds, and its metadata. Raises RefusedError and UnsupportedError."""
    branch: list[tuple[str, Value]] = []
    block: list[tuple[str, str]] = []
    for line in _decoded(content).split("\n"):
        if not line:
            continue
        if line[0] == "#":
            branch.append(("", Comment(line[1:])))
            continue
        key, equals, value = line.partition("=")
        if not equals:
            raise RefusedError("a line has no equals sign")
        value = value.replace("\\n", "\n")
        if key.startswith(_PREFIX):
            block.append((key.removeprefix(_PREFIX), value))
        else:
            branch.append((key, value))
    return Tree(Form.DOTENV, (tuple(branch),)), _unflatten(block)


def load_ini(content: bytes) -> tuple[Tree, yaml.MappingNode]:
    """Return what an ini file holds in the form that sops writes, and its metadata.

    Raises RefusedError, and UnsupportedError for whatever else go-ini reads.
    """
    sections: list[tuple[str, list[tuple[str, str]]]] = [(_DEFAULT, [])]
    lines = iter(_decoded(content).splitlines())
    for line in lines:
        stripped = line.strip(" \t")
        if not stripped or stripped[0] in ";#":
            if "ENC[" in stripped and "type:comment]" not in stripped:
                raise UnsupportedError("a comment holds an encrypted value that is not a comment")
            continue
        section, entry = _SECTION.fullmatch(stripped), _ENTRY.fullmatch(stripped)
        if section is not None:
            name = section["name"].strip()
            if name == _DEFAULT and not sections[0][1] and len(sections) == 1:
                continue
            sections.append((name, []))
        elif entry is not None:
            entries = sections[-1][1]
            if entry["key"] in dict(entries):
                raise UnsupportedError("a key stands twice")
            entries.append((entry["key"], _ini_value(entry["value"], lines)))
        else:
            raise UnsupportedError("it has lines that sops would write otherwise")
    names = [name for name, _ in sections]
    if len(set(names)) != len(names):
        raise UnsupportedError("a section stands twice")
    block = dict(sections).get("sops", [])
    branch = tuple((name, tuple(entries)) for name, entries in sections if name != "sops")
    return Tree(Form.INI, (branch,)), _unflatten(
        [(key, value.replace("\\n", "\n")) for key, value in block]
    )


def _ini_value(text: str, lines: Iterator[str]) -> str:
    """Return the value that begins with *text*: one in three quotes goes on in the next *lines*."""
    if not text.startswith(_QUOTES):
        if _ODD_INI.search(text):
            raise UnsupportedError("it has lines that sops would write otherwise")
        return text
    text = text.removeprefix(_QUOTES)
    while _QUOTES not in text:
        following = next(lines, None)
        if following is None:
            raise RefusedError("a value in quotes does not end")
        text += f"\n{following}"
    value, _, rest = text.partition(_QUOTES)
    if rest.strip():
        raise UnsupportedError("it has lines that sops would write otherwise")
    return value


def _decoded(content: bytes) -> str:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise UnsupportedError("it is not UTF-8") from None
    if re.search("[\x00\x0b\x0c\x1c-\x1e\x85\u2028\u2029\ufeff]", text):
        raise UnsupportedError("it has line breaks that are not plain newlines")
    return text


def _unflatten(block: Iterable[tuple[str, str]]) -> yaml.MappingNode:
    """Return the metadata that ``age__list_0__map_recipient`` and the like stand for."""
    root: dict[str, object] = {}
    for name, value in block:
        first, *steps = _STEP.split(name)
        keys = [first, *(step.removeprefix("map_") for step in steps)]
        here = root
        for key in keys[:-1]:
            below = here.setdefault(key, {})
            if not isinstance(below, dict):
                raise RefusedError("its metadata contradicts itself")
            here = below
        if keys[-1] in here:
            raise UnsupportedError("its metadata says something twice")
        here[keys[-1]] = value
    if not root:
        raise RefusedError("it has no metadata")
    return node_of(_branch(root))


def _branch(held: dict[str, object]) -> Branch:
    return tuple((key, _listed(value)) for key, value in held.items())


def _listed(value: object) -> Value:
    if not isinstance(value, dict):
        return str(value)
    numbers = [re.fullmatch("list_([0-9]{1,3})", key) for key in value]
    if not all(numbers):
        return _branch(value)
    places = sorted(
        (int(number[1]), key) for number, key in zip(numbers, value, strict=True) if number
    )
    if [place for place, _ in places] != list(range(len(places))):
        raise RefusedError("its metadata has a list with a gap")
    return [_listed(value[key]) for _, key in places]


def node_of(value: Value) -> yaml.MappingNode:
    """Return the mapping *value* as YAML's parser would have it, for the reader of metadata."""
    node = _node(value)
    assert isinstance(node, yaml.MappingNode)
    return node


def _node(value: Value) -> yaml.Node:
    if isinstance(value, tuple) and not isinstance(value, (Typed, Comment)):
        pairs = [(_scalar(key), _node(item)) for key, item in value]
        return yaml.MappingNode("tag:yaml.org,2002:map", pairs, _MARK, _MARK)
    if isinstance(value, list):
        items = [_node(item) for item in value]
        return yaml.SequenceNode("tag:yaml.org,2002:seq", items, _MARK, _MARK)
    if value is None:
        return yaml.ScalarNode("tag:yaml.org,2002:null", "", _MARK, _MARK)
    if isinstance(value, Typed):
        text = value.canonical.decode()
        return yaml.ScalarNode("tag:yaml.org,2002:int", text, _MARK, _MARK)
    return _scalar(str(value))


def _scalar(text: str) -> yaml.ScalarNode:
    return yaml.ScalarNode(_TEXT, text, _MARK, _MARK, '"')
