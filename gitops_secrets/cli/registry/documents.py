"""What the JSON documents of the registry commands hold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from gitops_secrets.cli.printing.branches import base_of
from gitops_secrets.commands.registry.change import Changed, Outcome
from gitops_secrets.commands.registry.check import Outcome as CheckOutcome
from gitops_secrets.commands.registry.edits import Verb
from gitops_secrets.commands.registry.explain import Explained
from gitops_secrets.commands.registry.listing import Entry, Inventory, Listed
from gitops_secrets.commands.registry.rotation.model import Outcome as RotateOutcome
from gitops_secrets.core.doctor.exposed import Exposed
from gitops_secrets.core.flux.pulls.secrets import PullSecret
from gitops_secrets.core.registry.image import Image
from gitops_secrets.core.registry.limits import Allowance
from gitops_secrets.core.registry.lookup import Entry as Key
from gitops_secrets.core.registry.proof import Proof
from gitops_secrets.report.document import Value, render_document
from gitops_secrets.report.openmetrics import Gauge, Sample, render_openmetrics
from gitops_secrets.report.proofs import PRIVATE_REALM, hint, sentence


def change_document(verb: Verb, outcome: Outcome, *, dry_run: bool) -> str:
    """Return what add, update, remove or import did, or with *dry_run* would do."""
    return render_document(
        f"registry-{verb}",
        {
            "dry_run": dry_run,
            "branch": outcome.branch,
            "base": base_of(outcome.new_branch),
            "commit": outcome.commit,
            "recovered": outcome.recovered,
            "changes": [{"path": c.path, "change": c.verb} for c in outcome.changes],
            "uncommitted": outcome.uncommitted,
            "clusters": [_changed(c) for c in outcome.clusters],
            "checks": [_proof(proof) for proof in outcome.proofs],
        },
    )


def _changed(changed: Changed) -> dict[str, Value]:
    found = changed.registries
    return {
        **_place(changed.place),
        "registries": {
            "added": found.added,
            "updated": found.updated,
            "unchanged": found.unchanged,
            "removed": found.removed,
        },
    }


def list_document(found: Inventory) -> str:
    """Return the pull Secrets and their registries."""
    return render_document(
        "registry-list",
        {
            "secrets": [_listed(one) for one in found.secrets],
            "readable": [_readable(one) for one in found.readable],
        },
    )


def _readable(one: Exposed) -> dict[str, Value]:
    return {
        "path": one.cluster.path,
        "namespace": one.object.namespace if one.object is not None else None,
        "secret": one.object.name if one.object is not None else None,
        "file": one.path,
        "line": one.line,
        "fix": one.fix,
    }


def _listed(listed: Listed) -> dict[str, Value]:
    last, entries = listed.last_change, listed.entries
    return {
        **_place(listed.secret),
        "recipients": listed.recipients,
        "last_change": {"commit": last.commit, "date": last.date, "author": last.author}
        if last is not None
        else None,
        "uncommitted": listed.uncommitted,
        "registries": [_entry(e) for e in entries] if entries is not None else None,
    }


def _entry(entry: Entry) -> dict[str, Value]:
    return {
        "registry": entry.key,
        "user": entry.user,
        "provider": entry.provider,
        "expiry": entry.expiry,
        "uses": [
            {
                "kind": use.kind,
                "reference": use.reference,
                "object": use.object,
                "file": use.file,
            }
            for use in entry.uses
        ],
        "also_in": [
            {**_place(holder.secret), "same_credentials": holder.same} for holder in entry.others
        ],
    }


def list_metrics(found: Sequence[Listed]) -> list[str]:
    """Return when each credential ends, when each pull Secret was changed, and whether it could be opened."""
    ends = [
        Sample({**_labels(one), "registry": e.key, "user": e.user}, e.ends.timestamp())
        for one in found
        for e in one.entries or ()
        if e.ends is not None
    ]
    changes = [
        Sample(_labels(one), dt.datetime.fromisoformat(one.last_change.date).timestamp())
        for one in found
        if one.last_change is not None
    ]
    opened = [Sample(_labels(one), float(one.entries is not None)) for one in found]
    return render_openmetrics(
        [
            Gauge(
                "gitops_secrets_credential_end_timestamp_seconds",
                "When the credential of a registry ends, if that is known.",
                ends,
                unit="seconds",
            ),
            Gauge(
                "gitops_secrets_pull_secret_change_timestamp_seconds",
                "When the last commit changed the file of a pull Secret.",
                changes,
                unit="seconds",
            ),
            Gauge(
                "gitops_secrets_pull_secret_opened",
                "Whether an identity at hand opens a pull Secret: its credentials are known only then.",
                opened,
            ),
        ]
    )


def _labels(listed: Listed) -> dict[str, str]:
    secret = listed.secret
    return {"cluster": secret.cluster.path, "namespace": secret.namespace, "secret": secret.name}


def check_document(outcome: CheckOutcome) -> str:
    """Return what the registries said of each credential."""
    return render_document(
        "registry-check",
        {
            "credentials": [
                {
                    **_proof(checked.proof, checked.holders),
                    "pulls": _allowance(checked.proof.allowance),
                    "held_by": [_place(h) for h in checked.holders],
                }
                for checked in outcome.checked
            ],
            "not_opened": [_place(secret) for secret in outcome.unopened],
        },
    )


def explain_document(image: Image, found: Sequence[Explained]) -> str:
    """Return which entries are tried for *image*."""
    return render_document(
        "registry-explain",
        {
            "image": image.name,
            "namespaces": [
                {
                    "path": one.cluster,
                    "namespace": one.namespace,
                    "secrets": one.secrets,
                    "not_opened": one.unopened,
                    "readers": [
                        {
                            "reader": reader,
                            "entries": [_key(entry) for entry in entries],
                        }
                        for reader, entries in one.tried.items()
                    ],
                    "sources": [
                        {
                            "source": login.source.object,
                            "reader": login.reader,
                            "outcome": login.outcome,
                            "secrets": login.secrets,
                            "entries": [_key(entry) for entry in login.entries],
                        }
                        for login in one.logins
                    ],
                }
                for one in found
            ],
        },
    )


def _key(entry: Key) -> dict[str, str]:
    return {"secret": entry.secret, "registry": entry.key, "user": entry.user}


def rotate_document(registry: str, outcome: RotateOutcome, *, dry_run: bool) -> str:
    """Return what became of a rotation."""
    record, failure = outcome.record, outcome.failure
    return render_document(
        "registry-rotate",
        {
            "dry_run": dry_run,
            "registry": registry,
            "complete": outcome.is_complete,
            "branch": outcome.branch,
            "base": base_of(outcome.new_branch),
            "merge_request_addresses": outcome.addresses,
            "commit": outcome.commit,
            "recovered": outcome.recovered,
            "stages": [
                {"stage": s.stage, "state": s.state, "message": s.words} for s in outcome.steps
            ],
            "holders": [_place(secret) for secret in outcome.holders],
            "credential": {
                "provider": record.provider,
                "id": record.ident,
                "expires": record.expires,
                "previous_id": record.previous,
            }
            if record is not None
            else None,
            "changes": [{"path": c.path, "change": c.verb} for c in outcome.changes],
            "checks": [_proof(proof) for proof in outcome.proofs],
            "orphans": outcome.orphans,
            "resume": outcome.resume,
            "failure": {"message": failure.message, "hints": failure.hints}
            if failure is not None
            else None,
        },
    )


def _proof(proof: Proof, holders: Sequence[PullSecret] = ()) -> dict[str, Value]:
    return {
        "registry": proof.key,
        "user": proof.user,
        "image": proof.image,
        "verdict": proof.judgement.verdict,
        "reason": proof.judgement.reason,
        "password": proof.judgement.password,
        "message": sentence(proof),
        "hint": hint(proof, holders=holders) or None,
        "note": PRIVATE_REALM if proof.realm_is_private else None,
    }


def _allowance(allowance: Allowance | None) -> dict[str, Value] | None:
    if allowance is None:
        return None
    return {
        "limit": allowance.limit,
        "remaining": allowance.remaining,
        "window_seconds": allowance.window,
        "counted_for": allowance.counted_for,
    }


def _place(secret: PullSecret) -> dict[str, Value]:
    return {
        "path": secret.cluster.path,
        "namespace": secret.namespace,
        "secret": secret.name,
        "file": secret.path,
    }
