"""How a repository sets the rules: error, warning or off, everywhere or for some paths, each with its reason.

Nothing in the file is ignored: what is unknown in it is an error, for whoever wrote it expects an effect.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import yaml

from gitops_secrets.core.guard.judge.commitstyle import CommitStyle, read_style
from gitops_secrets.core.guard.judge.fields import elements, fields, glob, refused, text
from gitops_secrets.core.guard.judge.signing import Signing, read_signing
from gitops_secrets.core.guard.record.finding import Finding, Severity
from gitops_secrets.core.guard.record.idents import group_of, idents
from gitops_secrets.core.yamltext.nodes import compose_documents, single

_TOP = ("version", "rules", "commit", "verify")
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
    return _parse(content, name).rules


def parse_style(content: bytes, name: str) -> CommitStyle:
    """Return how the repository has its commit messages. Raises as ``parse_settings`` does."""
    return _parse(content, name).style


def parse_signing(content: bytes, name: str) -> Signing:
    """Return whose signature the files of the repository need. Raises as ``parse_settings`` does."""
    return _parse(content, name).signing


class _Parsed(NamedTuple):
    rules: tuple[RuleSetting, ...] = ()
    style: CommitStyle = CommitStyle()
    signing: Signing = Signing()


def _parse(content: bytes, name: str) -> _Parsed:
    root = single(compose_documents(content, name), name)
    if root is None:
        return _Parsed()
    top = fields(root, name, _TOP, required=("version",))
    if len(top) == 1:
        raise refused(root, name, "rules is missing", "add rules:, commit: or verify: to it")
    if text(top["version"], name, "version") != "1":
        raise refused(top["version"], name, "version is not 1", "write version: 1")
    entries = elements(top["rules"], name, "rules") if "rules" in top else []
    style = read_style(top["commit"], name) if "commit" in top else CommitStyle()
    signing = read_signing(top["verify"], name) if "verify" in top else Signing()
    return _Parsed(tuple(_entry(node, name) for node in entries), style, signing)


def _entry(node: yaml.Node, name: str) -> RuleSetting:
    found = fields(node, name, _ENTRY, required=("rule", "severity", "reason"))
    rule = text(found["rule"], name, "rule")
    if group_of(rule) is None:
        raise refused(found["rule"], name, f"there is no rule {rule!r}", _like(rule))
    if rule in FIXED:
        hint = "to allow such changes: --allow-policy-changes, or the setting of the server"
        raise refused(found["rule"], name, f"{rule} cannot be set in the repository", hint)
    level = text(found["severity"], name, "severity")
    if level not in tuple(Level):
        hint = f"it is one of {', '.join(Level)}"
        raise refused(found["severity"], name, f"there is no severity {level!r}", hint)
    globs = elements(found["paths"], name, "paths") if "paths" in found else []
    paths = tuple(glob(one, name) for one in globs)
    if not paths and ("paths" in found or (rule in NEEDS_PATHS and level != Level.ERROR)):
        hint = f"write paths: [FOLDER/] for the files whose {rule} finding is accepted"
        raise refused(found.get("paths", node), name, f"this setting of {rule} has no paths", hint)
    return RuleSetting(rule, Level(level), text(found["reason"], name, "reason"), paths)


def _like(rule: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(rule, sorted(set(idents()) - FIXED), n=1)
    return f"write {close[0]}" if close else "docs/rules.md has a heading for each rule"
