"""What the JSON document of each command holds, but for those of scan (``report/scan/json.py``) and verify (``cli/verify``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gitops_secrets.cli.printing.branches import base_of
from gitops_secrets.cli.printing.say import cleared, discretion
from gitops_secrets.core.repository.filechange import render_diff
from gitops_secrets.core.sops.keys.recipients import visible
from gitops_secrets.report.document import Lines, Value, render_document

if TYPE_CHECKING:
    from gitops_secrets.commands.bootstrap.model import ClusterOutcome
    from gitops_secrets.commands.bootstrap.model import Outcome as Bootstrapped
    from gitops_secrets.commands.doctor.run import Examined
    from gitops_secrets.commands.hooks import HookState
    from gitops_secrets.commands.merging.resolve import Outcome as Resolved
    from gitops_secrets.commands.secrets.apply import Outcome as Applied
    from gitops_secrets.commands.secrets.edit import Outcome as Edited
    from gitops_secrets.commands.secrets.encrypt import Outcome as Encrypted
    from gitops_secrets.commands.secrets.pull_secret import Registries
    from gitops_secrets.core.verify.explain import Explained
    from gitops_secrets.errors import GitOpsSecretsError


def error_document(error: GitOpsSecretsError, status: int) -> str:
    """Return why a command that was to print a document has none."""
    return render_document(
        "error",
        {
            "exit_status": int(status),
            "message": cleared(error.message),
            "hints": [cleared(hint) for hint in error.hints],
        },
    )


def bootstrap_document(outcome: Bootstrapped, *, dry_run: bool) -> str:
    """Return what bootstrap did, or with *dry_run* would do."""
    clusters = [
        _cluster(c, created=c.identity.is_new and not dry_run and bool(outcome.changes))
        for c in outcome.clusters
    ]
    return render_document("bootstrap", _written(outcome, dry_run) | {"clusters": clusters})


def attach_document(outcome: Bootstrapped, *, dry_run: bool) -> str:
    """Return what attach did, or with *dry_run* would do."""
    clusters = [
        {
            "path": c.cluster.path,
            "secret": c.secret_name,
            "namespaces": _namespaces(c),
            "sources": c.sources,
        }
        for c in outcome.clusters
    ]
    return render_document("attach", _written(outcome, dry_run) | {"clusters": clusters})


def _written(outcome: Bootstrapped, dry_run: bool) -> dict[str, Value]:
    return {
        "dry_run": dry_run,
        "branch": outcome.branch,
        "base": base_of(outcome.new_branch),
        "merge_request_addresses": outcome.addresses,
        "commit": outcome.commit,
        "pushed": outcome.pushed,
        "recovered": outcome.recovered,
        "changes": [{"path": c.path, "change": c.verb} for c in outcome.changes],
        "uncommitted": outcome.uncommitted,
    }


def _cluster(outcome: ClusterOutcome, *, created: bool) -> dict[str, Value]:
    identity = outcome.identity
    return {
        "path": outcome.cluster.path,
        "namespace": outcome.namespace,
        "layout": "inline" if outcome.cluster.inline else "separate",
        "decryption_only": outcome.decryption_only,
        "secret": outcome.secret_name,
        "file": outcome.secret_file,
        "registries": _registries(outcome.registries),
        "recipients": [{"recipient": r.value, "cluster": r.cluster} for r in outcome.recipients],
        "identity_file": str(identity.file) if identity.file else None,
        "identity_created": created,
        "service_accounts": outcome.wired.service_accounts,
        "namespaces": _namespaces(outcome),
        "notes": outcome.wired.notes,
    }


def _namespaces(outcome: ClusterOutcome) -> list[Value]:
    from gitops_secrets.commands.bootstrap.model import notes_of_accounts

    return [
        {
            "namespace": other.namespace,
            "file": other.secret_file,
            "kustomization": other.kustomization,
            "resource_set": other.resource_set,
            "registries": _registries(other.registries),
            "recipients": other.recipients,
            "service_accounts": other.accounts,
            "notes": (*other.notes, *notes_of_accounts([other])),
        }
        for other in outcome.namespaces
    ]


def _registries(found: Registries) -> dict[str, Value]:
    return {"added": found.added, "updated": found.updated, "unchanged": found.unchanged}


def apply_document(outcome: Applied, *, dry_run: bool) -> str:
    """Return what apply did, or with *dry_run* would do."""
    return render_document(
        "apply",
        {
            "dry_run": dry_run,
            "context": outcome.context,
            "server": outcome.server,
            "revision": outcome.revision,
            "paths": outcome.paths,
            "objects": [
                {
                    "object": step.object,
                    "done": step.done,
                    "detail": step.detail or None,
                    "diff": Lines(render_diff([step.change])) if step.change else None,
                }
                for step in outcome.steps
            ],
            "notes": outcome.notes,
        },
    )


def doctor_document(examined: Examined) -> str:
    """Return what doctor looked at and found."""
    return render_document(
        "doctor",
        {
            "clusters": examined.clusters,
            "kustomizations": examined.kustomizations,
            "encrypted": examined.encrypted,
            "unopened": examined.unopened,
            "refused": [discretion().conceal(error.message) for error in examined.refused],
            "diagnoses": [
                {
                    "check": found.check,
                    "severity": found.severity,
                    "message": found.message,
                    "evidence": found.evidence,
                    "hint": found.fix,
                }
                for found in examined.diagnoses
            ],
            "notes": examined.notes,
        },
    )


def encrypt_document(outcome: Encrypted) -> str:
    """Return what became of the file that encrypt was given."""
    return render_document(
        "encrypt",
        {
            "path": outcome.path,
            "objects": outcome.objects,
            "keys": outcome.keys,
            "recipients": outcome.recipients,
            "changed": outcome.changed,
            "notes": outcome.notes,
        },
    )


def edit_document(outcome: Edited) -> str:
    """Return what became of the file that edit was given."""
    return render_document(
        "edit",
        {
            "path": outcome.path,
            "objects": outcome.objects,
            "keys": outcome.keys,
            "changed": outcome.changed,
        },
    )


def resolve_document(outcome: Resolved) -> str:
    """Return what is left of the conflict that resolve was asked about."""
    return render_document(
        "resolve",
        {
            "path": outcome.path,
            "conflicts": outcome.conflicts,
            "chosen": [{"key": key, "side": side} for key, side in outcome.chosen.items()],
            "staged": outcome.staged,
        },
    )


def hooks_status_document(states: Sequence[HookState], *, merges_by_value: bool) -> str:
    """Return which hooks run the guard, and whether Git merges encrypted files by value."""
    return render_document(
        "hooks-status",
        {
            "hooks": [
                {
                    "name": state.name,
                    "path": str(state.path),
                    "installed": state.installed,
                    "changed": state.changed,
                    "current": state.current,
                    "earlier": state.earlier,
                }
                for state in states
            ],
            "merges_by_value": merges_by_value,
        },
    )


def which_rule_document(explained: Explained) -> str:
    """Return which creation rule is for a file."""
    rule = explained.rule
    return render_document(
        "which-rule",
        {
            "path": explained.path,
            "config": explained.config,
            "rule": None
            if rule is None
            else {
                "number": rule.order + 1,
                "line": rule.line,
                "path_regex": rule.path_regex or None,
                "recipients": [
                    {"recipient": visible(r.value), "cluster": r.cluster} for r in rule.recipients
                ],
                "other_keys": [key.name for key in rule.other_keys],
                "encrypts_by": [{"field": c.field, "value": c.value} for c in rule.choices],
                "mac_only_encrypted": rule.mac_only_encrypted,
                "misfit": rule.misfit(),
            },
            "values": [{"key": key, "encrypted": encrypted} for key, encrypted in explained.values],
        },
    )
