"""What the JSON document of ``verify`` holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitops_secrets.core.sops.keys.recipients import visible
from gitops_secrets.report.document import Value, render_document
from gitops_secrets.report.scan.json import VERDICTS, finding_value

if TYPE_CHECKING:
    from gitops_secrets.commands.verify.fix import Outcome as Fixing
    from gitops_secrets.commands.verify.run import Verified


def verify_document(verified: Verified, fixing: Fixing | None = None) -> str:
    """Return what verify looked at and found, and what it fixed if that was asked for."""
    outcome = verified.outcome
    return render_document(
        "verify",
        {
            "verdict": VERDICTS[int(outcome.exit_code)],
            "exit_code": int(outcome.exit_code),
            "looked_at": {"what": outcome.what, "count": outcome.looked_at},
            "intact": verified.intact,
            "unopened": verified.unopened,
            "keyless": verified.keyless,
            "versions": verified.versions,
            "signed": verified.signed,
            "readers": [
                {
                    "path": reader.path,
                    "sops": reader.sops.value,
                    "kustomize_controller": reader.controller.handling.value,
                    "why": reader.controller.why,
                }
                for reader in verified.readers
            ],
            "findings": [finding_value(finding) for finding in outcome.findings],
            "excused": [
                {**finding_value(i.finding), "by": i.by, "reason": i.reason}
                for i in outcome.ignored
            ],
            "notes": verified.notes,
            "not_looked_at": outcome.unread,
            "fix": _fixing(fixing) if fixing is not None else None,
        },
    )


def _fixing(fixing: Fixing) -> dict[str, Value]:
    return {
        "dry_run": fixing.dry_run,
        "fixed": [
            {
                "path": fixed.path,
                "findings": fixed.findings,
                "encrypted": fixed.encrypted,
                "readers_added": [visible(r) for r in fixed.added],
                "readers_removed": [visible(r) for r in fixed.removed],
                "left_readable": fixed.exposed,
                "fewer_key_groups": fixed.fewer_groups,
            }
            for fixed in fixing.fixed
        ],
        "left": [
            {"path": left.path, "reason": left.reason, "hints": left.hints} for left in fixing.left
        ],
        "notes": fixing.notes,
    }
