"""Every hint that the package can print, as its source has it.

A hint is told by where it stands in the source: behind the message of an error, as the fix of a finding, in
what a function that makes hints returns. What is filled in when it is printed is ``{}`` here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).parents[2] / "gitops_secrets"
_POSITION = {"Diagnosis": 4, "Check": 2, "Rule": 2, "refused": 2, "refuse_nested": 2}
"""Which argument of a call is the first hint; of every error it is the second."""
_MAKERS = re.compile(
    r"_?(?:.*hints?|instead|without_rule|way_out|lost|resume_with|restore|where|row|fixed_by|why|.*command)"
)
"""Functions that return hints, by their names."""
_NAMES = re.compile(r"_?(?:.*hints?|fix|way_out|known|readable|again|near|more|away|asked|push)")
"""Variables that hold a hint, by their names."""
_CONSTANTS = re.compile(
    r"_?(?:ENCRYPT\w*|RENEW|RESTORE|RESOLVE|UNTRACK|MOVE|SEAL|INSIDE|UPDATE_KEYS|NEWER|LOGIN|FORM|SEEN|DROP|HINTS|BRINGS|NAME_IMAGE)"
)
_TABLE = "_SAYS"
"""What a check of a registry found out, and the hint beside it."""
_STANDS_FOR = {
    "kubectl": "kubectl --context {}",
    "there": "kubectl --context {}",
    "command": "gitops-secrets scan --range",
    "option": "--registry",
}
"""What begins a command and is filled in."""
_PROGRAMS = (
    *("gitops-secrets", "git", "kubectl", "flux", "sops", "pip", "pipx", "age-keygen", "docker"),
    *(
        "rm",
        "mv",
        "chmod",
        "cd",
        "printf",
        "read -rs",
        "unset",
        "export",
        "echo",
        "kustomize",
        "taskset",
    ),
)
COMMAND = re.compile(rf"(?:\(?(?:[A-Z_]+=\S+ )*(?:{'|'.join(_PROGRAMS)}) |--[a-z]|\S+ -m pip )")


class Hint(NamedTuple):
    """One hint, and where it is made."""

    text: str
    place: str

    @property
    def is_typed(self) -> bool:
        """Whether it is a command, or an option for the command that failed."""
        return COMMAND.match(self.text) is not None

    @property
    def pattern(self) -> re.Pattern[str]:
        """What a printed line matches that is this hint."""
        return pattern(self.text)


def pattern(text: str) -> re.Pattern[str]:
    """What a printed line matches that is the hint *text*, whatever is filled in."""
    parts = map(re.escape, re.split(r"\{[a-z_]*\}", text))
    return re.compile("(?s:.*)".join(parts))


@cache
def hints() -> tuple[Hint, ...]:
    """Every hint of the package, each text once."""
    found: dict[str, Hint] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        for node, line in _in_module(ast.parse(path.read_text())):
            for text in _texts(node):
                place = f"{path.relative_to(PACKAGE.parent)}:{line}"
                if text.strip("{} .:"):
                    found.setdefault(text, Hint(text, place))
    return tuple(found.values())


def _in_module(module: ast.Module) -> Iterator[tuple[ast.expr, int]]:
    """Yield each expression that is a hint."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call):
            yield from ((found, node.lineno) for found in _in_call(node))
        elif isinstance(node, ast.FunctionDef) and _MAKERS.fullmatch(node.name):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Return | ast.Yield) and inner.value is not None:
                    yield inner.value, inner.lineno
        elif isinstance(node, ast.Assign):
            name = _name(node.targets[0])
            if _NAMES.fullmatch(name) or _CONSTANTS.fullmatch(name):
                yield node.value, node.lineno
        elif isinstance(node, ast.AnnAssign) and node.value and _name(node.target) == _TABLE:
            rows = (row for row in ast.walk(node.value) if isinstance(row, ast.Tuple))
            yield from ((row.elts[1], row.lineno) for row in rows)


def _in_call(call: ast.Call) -> Iterator[ast.expr]:
    name = _name(call.func)
    if name.endswith("Error"):
        yield from call.args[1:]
    elif name in _POSITION:
        yield from call.args[_POSITION[name] :]
    elif name == "say" and isinstance(call.args[0], ast.Constant) and call.args[0].value == "hint":
        yield call.args[1]
    for keyword in call.keywords:
        if keyword.arg in {"fix", "elsewhere", "way_back"}:
            yield keyword.value


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def _texts(node: ast.expr) -> Iterator[str]:
    """Yield the texts that *node* may be: both branches of a choice, each part of a list."""
    match node:
        case ast.Constant(value=str() as text):
            yield text
        case ast.JoinedStr():
            yield _template(node)
        case ast.IfExp():
            yield from (*_texts(node.body), *_texts(node.orelse))
        case ast.BoolOp(values=values) | ast.Tuple(elts=values) | ast.List(elts=values):
            for value in values:
                yield from _texts(value)
        case ast.BinOp():
            yield "".join(next(_texts(part), "{}") for part in (node.left, node.right))
        case ast.Dict(values=values):
            for value in values:
                yield from _texts(value)
        case ast.Starred():
            yield from _texts(node.value)
        case ast.GeneratorExp() | ast.ListComp():
            yield from _texts(node.elt)


def _template(node: ast.JoinedStr) -> str:
    return "".join(map(_filled, node.values))


def _filled(part: ast.expr) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    named = _name(part.value) if isinstance(part, ast.FormattedValue) else ""
    return _STANDS_FOR.get(named, "{}")
