"""How a repository sets the rules: error, warning or off, everywhere or for some paths, each with its reason.

Nothing in the file is ignored: what is unknown in it is an error, for whoever wrote it expects an effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

import yaml

from gitops_secrets.core.guard.record.finding import Finding, Severity
from gitops_secrets.core.guard.record.idents import IDENTS
from gitops_secrets.core.yamltext.nodes import compose_documents, position, single
from gitops_secrets.core.yamltext.nulls import is_null
from gitops_secrets.errors import InvalidDocumentError

_TOP = ("version", "rules")
_ENTRY = ("rule", "severity", "paths", "reason")
FIXED = frozenset({"policy-change"})
"""What speaks of changes of the settings themselves, and which they do not set."""
NEEDS_PATHS = frozenset({"unreadable"})
"""What was not seen is not known to be clean: that is said of the files for which it is accepted."""


class Level(StrEnum):
    """What a finding of a rule counts as."""

    ERROR = "error"
    WARNING = "warning"
    OFF = "off"


class RuleSetting(NamedTuple):
    """One entry of the settings."""

    rule: str
    level: Level
    reason: str
    paths: tuple[str, ...] = ()
    """Patterns of the files that it is for; every file and message if there are none."""

    @property
    def is_error(self) -> bool:
        """Whether it takes nothing away from the rule."""
        return self.level is Level.ERROR

    @property
    def is_off(self) -> bool:
        """Whether findings are counted, and not reported."""
        return self.level is Level.OFF

    def covers(self, path: str) -> bool:
        """Return whether it is for a finding at *path*."""
        if not self.paths:
            return True
        from gitops_secrets.core.guard.judge.globs import covers

        return any(covers(glob, path) for glob in self.paths)

    def applied(self, finding: Finding, name: str) -> Finding:
        """Return *finding* as bad as the settings in the file *name* say, with their reason if that changes it."""
        severity = Severity(self.level.value)
        if severity is finding.severity:
            return finding
        message = f"{finding.message} ({severity} by {name}: {self.reason})"
        return finding._replace(severity=severity, message=message)


def parse_settings(content: bytes, name: str) -> tuple[RuleSetting, ...]:
    """Return the settings in their order, of which the first that covers a finding counts.

    Raises InvalidDocumentError, with the place in *name* and a hint, for anything that is not understood.
    """
    root = single(compose_documents(content, name), name)
    if root is None:
        return ()
    top = _fields(root, name, _TOP, required=_TOP)
    if _text(top["version"], name, "version") != "1":
        raise _refused(top["version"], name, "version is not 1", "write version: 1")
    entries = _elements(top["rules"], name, "rules")
    return tuple(_entry(node, name) for node in entries)


def _entry(node: yaml.Node, name: str) -> RuleSetting:
    found = _fields(node, name, _ENTRY, required=("rule", "severity", "reason"))
    rule = _text(found["rule"], name, "rule")
    if rule not in IDENTS:
        raise _refused(found["rule"], name, f"there is no rule {rule!r}", _like(rule))
    if rule in FIXED:
        hint = "--allow-policy-changes, or the server's setting, allows such changes"
        raise _refused(found["rule"], name, f"{rule} cannot be set in the repository", hint)
    level = _text(found["severity"], name, "severity")
    if level not in tuple(Level):
        hint = f"it is one of {', '.join(Level)}"
        raise _refused(found["severity"], name, f"there is no severity {level!r}", hint)
    elements = _elements(found["paths"], name, "paths") if "paths" in found else []
    paths = tuple(_glob(element, name) for element in elements)
    if not paths and ("paths" in found or (rule in NEEDS_PATHS and level != Level.ERROR)):
        hint = f"write paths: [FOLDER/] for the files whose {rule} finding is accepted"
        raise _refused(found.get("paths", node), name, f"this setting of {rule} has no paths", hint)
    return RuleSetting(rule, Level(level), _text(found["reason"], name, "reason"), paths)


def _glob(node: yaml.Node, name: str) -> str:
    from gitops_secrets.core.guard.judge.globs import flaw_in

    glob = _text(node, name, "a path")
    flaw = flaw_in(glob)
    if flaw:
        hint = "write it as in .gitignore, such as docs/ or **/*.md"
        raise _refused(node, name, f"the pattern {glob!r} cannot be used: {flaw}", hint)
    return glob


def _fields(
    node: yaml.Node, name: str, known: Sequence[str], required: Sequence[str]
) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        raise _refused(node, name, "this is not a mapping", f"its keys are {', '.join(known)}")
    found: dict[str, yaml.Node] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.value not in known:
            word = repr(str(key.value)) if isinstance(key, yaml.ScalarNode) else "that is not text"
            raise _refused(key, name, f"unknown key {word}", f"the keys are {', '.join(known)}")
        found[str(key.value)] = value
    for field in required:
        if field not in found:
            raise _refused(node, name, f"{field} is missing", f"add {field}: to it")
    return found


def _elements(node: yaml.Node, name: str, what: str) -> list[yaml.Node]:
    if not isinstance(node, yaml.SequenceNode):
        raise _refused(node, name, f"{what} is not a list", "write a dash ahead of each element")
    return list(node.value)


def _text(node: yaml.Node, name: str, what: str) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise _refused(node, name, f"{what} is not text", f"write {what} on one line")
    value = "" if is_null(node) else str(node.value).strip()
    if not value:
        raise _refused(node, name, f"{what} is empty", f"write {what}")
    return value


def _like(rule: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(rule, sorted(set(IDENTS) - FIXED), n=1)
    return f"write {close[0]}" if close else "docs/rules.md has a heading for each rule"


def _refused(node: yaml.Node, name: str, what: str, hint: str) -> InvalidDocumentError:
    return InvalidDocumentError(f"{name}:{position(node)}: {what}", hint)
