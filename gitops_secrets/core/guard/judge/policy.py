"""What decides besides the content: creation rules, settings of rules, accepted findings, today's date.

On a server and in CI all of it comes from the protected branch as it was, never from what is judged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import date
    from typing import Self

    from gitops_secrets.core.guard.judge.baseline import BaselineEntry
    from gitops_secrets.core.guard.judge.creation import CreationRule
    from gitops_secrets.core.guard.judge.settings import RuleSetting

BASELINE_FILE = ".gitops-secrets-baseline.yaml"
SETTINGS_FILE = ".gitops-secrets.yaml"
"""Baseline and settings stand at the repository's top."""
SOPS_CONFIG = ".sops.yaml"


class Parts(NamedTuple):
    """What a policy is read from."""

    sops_configs: Mapping[str, bytes]
    """Each ``.sops.yaml`` of the tree by its repository path (``.sops.yaml``, ``apps/.sops.yaml``)."""
    baseline: bytes | None = None
    """The content of BASELINE_FILE, None where there is none."""
    today: date | None = None
    """The day that the expiry of the baseline's entries is held against: without one each counts as expired."""
    settings: bytes | None = None
    """The content of SETTINGS_FILE, None where there is none."""


class Policy:
    """The policy in force, made of Parts; read only when a finding depends on it.

    The properties raise InvalidDocumentError, naming the file, for what cannot be read: a guard that
    could not look blocks.
    """

    def __init__(
        self,
        sops_configs: Mapping[str, bytes] | None = None,
        baseline: bytes | None = None,
        today: date | None = None,
        settings: bytes | None = None,
    ) -> None:
        parts = Parts(sops_configs or {}, baseline, today, settings)
        self._load: Callable[[], Parts] = lambda: parts

    @classmethod
    def read_by(cls, load: Callable[[], Parts]) -> Self:
        """Return a policy whose parts *load* returns when one is needed."""
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
        return self._parts.today

    @cached_property
    def baseline_entries(self) -> tuple[BaselineEntry, ...]:
        """The accepted findings, expired ones included."""
        from gitops_secrets.core.guard.judge.baseline import parse_baseline

        baseline = self._parts.baseline
        return parse_baseline(baseline, BASELINE_FILE) if baseline else ()

    @cached_property
    def _settings(self) -> tuple[RuleSetting, ...]:
        settings = self._parts.settings
        if not settings:
            return ()
        from gitops_secrets.core.guard.judge.settings import parse_settings

        return parse_settings(settings, SETTINGS_FILE)

    def setting(self, rule: str, path: str) -> RuleSetting | None:
        """Return how the repository sets *rule* at *path*; None if it does not."""
        return next((s for s in self._settings if s.rule == rule and s.covers(path)), None)

    @cached_property
    def _rules(self) -> dict[str, tuple[CreationRule, ...]]:
        from gitops_secrets.core.guard.judge.creation import parse_creation_rules
        from gitops_secrets.core.guard.judge.followed import followed

        return {
            path.rpartition("/")[0]: parse_creation_rules(
                followed(self._parts.sops_configs, path), path
            )
            for path in self._parts.sops_configs
        }

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

    def setting(self, rule: str, path: str) -> RuleSetting | None:  # noqa: ARG002 - it may come to stand elsewhere
        """Return how *rule* is set whatever the path is; what lowers it for some paths only does not count."""
        return next(
            (s for s in self._settings if s.rule == rule and (not s.paths or s.is_error)), None
        )
