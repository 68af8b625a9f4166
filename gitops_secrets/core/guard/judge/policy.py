"""What decides besides the content: creation rules, accepted findings, settings, today's date.

On a server and in CI all of it comes from the protected branch as it was, never from what is judged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from posixpath import dirname, join, normpath

from gitops_secrets.errors import InvalidDocumentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import date
    from typing import Self

    from gitops_secrets.core.guard.judge.baseline import BaselineEntry
    from gitops_secrets.core.guard.judge.creation import CreationRule

BASELINE_FILE = ".gitops-secrets-baseline.yaml"
"""The baseline stands at the repository's top."""
SOPS_CONFIG = ".sops.yaml"
_MAX_LINKS = 8

if TYPE_CHECKING:
    Parts = tuple[Mapping[str, bytes], bytes | None, date | None]


class Policy:
    """The policy in force, as bytes; read only when a finding depends on it.

    *sops_configs* is each ``.sops.yaml`` of the tree by its repository path (``.sops.yaml``,
    ``apps/.sops.yaml``), *baseline* the content of BASELINE_FILE or None where there is none, *today*
    the day that the expiry of its entries is held against: without one each counts as expired.

    The properties raise InvalidDocumentError, naming the file, for what cannot be read: a guard that
    could not look blocks.
    """

    def __init__(
        self,
        sops_configs: Mapping[str, bytes] | None = None,
        baseline: bytes | None = None,
        today: date | None = None,
    ) -> None:
        self._load: Callable[[], Parts] = lambda: (sops_configs or {}, baseline, today)

    @classmethod
    def read_by(cls, load: Callable[[], Parts]) -> Self:
        """Return a policy whose parts, in the constructor's order, *load* returns when one is needed."""
        policy = cls()
        policy._load = load
        return policy

    def anywhere(self) -> Anywhere:
        """Return this for contents whose path is not known."""
        return Anywhere.read_by(lambda: self._parts)

    @cached_property
    def _parts(self) -> Parts:
        return self._load()

    @property
    def today(self) -> date | None:
        """The day that expiry is held against."""
        return self._parts[2]

    @cached_property
    def baseline_entries(self) -> tuple[BaselineEntry, ...]:
        """The accepted findings, expired ones included."""
        from gitops_secrets.core.guard.judge.baseline import parse_baseline

        baseline = self._parts[1]
        return parse_baseline(baseline, BASELINE_FILE) if baseline else ()

    @cached_property
    def _rules(self) -> dict[str, tuple[CreationRule, ...]]:
        from gitops_secrets.core.guard.judge.creation import parse_creation_rules

        return {
            path.rpartition("/")[0]: parse_creation_rules(self._followed(path), path)
            for path in self._parts[0]
        }

    def _followed(self, path: str) -> bytes:
        """Return the rules at *path*; of a symlink those of the ``.sops.yaml`` that it leads to.

        Git holds a symlink as one line of text. Raises InvalidDocumentError if it leads elsewhere: who
        changes what stands there would change the rules without changing any file of rules.
        """
        configs = self._parts[0]
        content = configs[path]
        for _ in range(_MAX_LINKS):
            if b":" in content or b"\n" in content or not content.strip():
                return content
            target = content.decode(errors="surrogateescape")
            path = normpath(join(dirname(path), target))
            content = configs.get(path, b"")
            if path not in configs:
                break
        raise InvalidDocumentError(
            f"{path}: a symlink named {SOPS_CONFIG} leads here, and this is no {SOPS_CONFIG} of the repository",
            f"git mv {path} over the symlink",
        )

    def creation_rule(self, path: str) -> CreationRule | None:
        """Return the creation rule for *path*: of the nearest ``.sops.yaml`` above it that has one."""
        from gitops_secrets.core.guard.judge.creation import find_rule

        folder = path
        while folder:
            folder = folder.rpartition("/")[0]
            rules = self._rules.get(folder)
            if rules:
                relative = path[len(folder) + 1 :] if folder else path
                found = find_rule(rules, relative)
                if found:
                    return found
        return None


class Anywhere(Policy):
    """The policy for a content whose path is not known: it may come to stand wherever a rule covers it."""

    def creation_rule(self, path: str) -> CreationRule | None:
        """Return the creation rule for *path*, or else the first that there is."""
        rules = (rule for of_file in self._rules.values() for rule in of_file)
        return super().creation_rule(path) or next(rules, None)
