"""One verdict in many spellings: quotes, order, nesting, comments, indentation and line ends."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator
from typing import Any

import yaml

_SHELL_COMMENT = "# of no interest"


def of_mapping(value: Any) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each spelling of *value*, which YAML and JSON can hold."""
    block = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=10_000)
    yield "block", block
    yield "flow", yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10_000)
    yield "json", json.dumps(value, indent=2)
    yield "tabs", json.dumps(value, indent="\t")
    yield "double quotes", yaml.safe_dump(value, default_style='"', sort_keys=False, width=10_000)
    yield "single quotes", yaml.safe_dump(value, default_style="'", sort_keys=False, width=10_000)
    yield "turned", yaml.safe_dump(_turned(value), sort_keys=False, width=10_000)
    yield "deep indent", yaml.safe_dump(value, sort_keys=False, indent=6, width=10_000)
    yield "nested", yaml.safe_dump({"more": {"of": [value]}}, sort_keys=False, width=10_000)
    yield "second", f"a: 1\n---\n{block}"
    yield "comments", re.sub(r"(?m)^(?=[ ]*(?:- )?[\w-]+:)", f"{_SHELL_COMMENT}\n", block)
    yield "commented ends", re.sub(r"(?m)(?<![|>])$(?=\n)", f" {_SHELL_COMMENT}", block)
    yield "windows", block.replace("\n", "\r\n")
    yield "in a block", f"data:\n  a.yaml: |\n{textwrap.indent(block, '    ')}"
    yield "commented out", textwrap.indent(block, "# ") + "a: b\n"


def of_lines(text: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each spelling of *text*: lines of a script, a program or settings."""
    yield "itself", text
    yield "windows", re.sub(r"\r?\n", "\r\n", text)
    yield "indented", textwrap.indent(text, "    ")
    yield "tabbed", textwrap.indent(text, "\t")
    yield "behind others", f"first\n\n{text}\nlast\n"
    yield (
        "commented ends",
        re.sub(r"(?m)(?<=[^\\\s])$(?=\r?\n|\Z)", f"  {_SHELL_COMMENT}", text, count=1),
    )
    yield "in notes", f"Do this:\n\n```\n{text}\n```\n"
    yield (
        "in a block",
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n  run: |\n{textwrap.indent(text.replace(chr(13), ''), '    ')}",
    )
    yield "in json", json.dumps({"run": text})
    yield "without a last line end", text.rstrip("\n")


def _turned(value: Any) -> Any:
    """Return *value* with the entries of each mapping in the other order."""
    if isinstance(value, dict):
        return {key: _turned(held) for key, held in reversed(value.items())}
    return [_turned(item) for item in value] if isinstance(value, list) else value
