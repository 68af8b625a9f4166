"""A name for a finding that stays while its file moves about it: of its place, never of its secret."""

from __future__ import annotations

import hashlib

from gitops_secrets.core.guard.record.finding import Finding


def fingerprint(finding: Finding) -> str:
    """Return the same name for the same rule, path, object, key path and commit."""
    place = (
        *(finding.rule, finding.path, str(finding.object_name or ""), finding.commit),
        *map(str, finding.key_path or (finding.position.line,)),
    )
    return hashlib.sha256("\0".join(place).encode("utf-8", "surrogateescape")).hexdigest()
