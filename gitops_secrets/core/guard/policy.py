"""What decides besides the content: creation rules, accepted findings, settings, today's date.

On a server and in CI all of it comes from the protected branch as it was, never from what is judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from gitops_secrets.core.guard.baseline import BaselineEntry, parse_baseline
from gitops_secrets.core.guard.creation import CreationRule, find_rule, parse_creation_rules

BASELINE_FILE = ".gitops-secrets-baseline.yaml"
"""The baseline stands at the repository's top."""
SOPS_CONFIG = ".sops.yaml"


@dataclass(frozen=True)
class Policy:
    """The policy in force, as bytes; read only when a finding depends on it.

    The properties raise InvalidDocumentError, naming the file, for what cannot be read: a guard that
    could not look blocks.
    """

    sops_configs: Mapping[str, bytes] = field(default_factory=dict)
    """Each ``.sops.yaml`` of the tree, by its repository path (``.sops.yaml``, ``apps/.sops.yaml``)."""
    baseline: bytes | None = None
    """The content of BASELINE_FILE; None where there is none."""
    today: date | None = None
    """For the expiry of baseline entries; without a date every entry counts as expired."""

    @cached_property
    def baseline_entries(self) -> tuple[BaselineEntry, ...]:
        """The accepted findings, expired ones included."""
        return parse_baseline(self.baseline, BASELINE_FILE) if self.baseline else ()

    @cached_property
    def _rules(self) -> dict[str, tuple[CreationRule, ...]]:
        return {
            path.rpartition("/")[0]: parse_creation_rules(content, path)
            for path, content in self.sops_configs.items()
        }

    def creation_rule(self, path: str) -> CreationRule | None:
        """Return the creation rule for *path*: of the nearest ``.sops.yaml`` above it that has one."""
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
