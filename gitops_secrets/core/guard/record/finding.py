"""What the guard, ``verify`` and ``doctor`` say: findings, which never hold the secret."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from gitops_secrets.core.yamltext.places import Path, Position


class Severity(StrEnum):
    """How bad a finding is. An error fails the run; a warning is only shown."""

    ERROR = "error"
    WARNING = "warning"


class ObjectName(NamedTuple):
    """A Kubernetes object as a person names it."""

    kind: str
    namespace: str | None
    name: str | None

    def __str__(self) -> str:
        where = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {where}{self.name or '(unnamed)'}"


class Finding(NamedTuple):
    """One thing that is wrong, at one place, with the command that fixes it."""

    rule: str
    """The rule's identifier: its module, its anchor in the docs and its fixtures bear the same name."""
    severity: Severity
    path: str
    """The file, relative to the repository's top, with forward slashes."""
    position: Position
    message: str
    object_name: ObjectName | None = None
    key_path: Path = ()
    fix: str = ""
    """The command or edit that fixes it."""
    commit: str = ""
    """The first commit that brought it in, where commits were looked at."""
    commits: tuple[str, ...] = ()
    """All commits that brought a version of the file with it, if there are several."""
    where: str = "file"
    """What it stands in: a file, or else a commit, tag or ref, which *path* then names by its id."""
