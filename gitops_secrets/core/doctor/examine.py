"""All checks of a repository, the worst first."""

from __future__ import annotations

from gitops_secrets.core.doctor import checks
from gitops_secrets.core.doctor.diagnosis import ERROR, Diagnosis
from gitops_secrets.core.doctor.given import Given


def examine(given: Given) -> tuple[Diagnosis, ...]:
    """Return everything that is wrong, each thing once: errors first, and what stops most first."""
    found = dict.fromkeys(d for module in checks.modules() for d in module.check(given))
    ranks = checks.ranks()
    return tuple(sorted(found, key=lambda d: (d.severity != ERROR, ranks[d.check])))
