"""What a cluster lacks: decided from what Git holds and what is there, and only ever added."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from gitops_secrets.core.sops.secrets import DOCKERCONFIGJSON, PULL_SECRET_TYPE
from gitops_secrets.errors import GitOpsSecretsError

MANAGER = "gitops-secrets"
"""The field manager of pull Secrets' values. Of nothing else, so that Flux can drop what Git drops."""
WATCH_LABEL = "reconcile.fluxcd.io/watch"
"""Where it says Enabled, Flux reconciles as soon as the Secret changes."""

FLUX_MANAGER = "kustomize-controller"
"""The field manager of what Flux applies."""
_FLUX_LABEL = "kustomize.toolkit.fluxcd.io/name"

Object = Mapping[str, Any]


class SecretPatch(NamedTuple):
    """Fields to apply to one Secret, and as whom."""

    body: dict[str, Any]
    manager: str

    def __repr__(self) -> str:
        return f"SecretPatch({self.body['metadata']['name']!r}, ...)"


def identity_entry(recipient: str) -> str:
    """Return the entry under which the identity of *recipient* stands; Flux reads ``*.agekey``."""
    return f"age-{_short(recipient)}.agekey"


def plan_identity(
    live: Object | None, namespace: str, name: str, recipient: str, secret: bytes, kubectl: str
) -> SecretPatch | None:
    """Return what adds the identity to the Secret *name*; None if some entry holds it already.

    Each identity has a field manager of its own: one manager that applied a second one would take
    its first away. *kubectl* begins a hint's command. Raises GitOpsSecretsError if the entry's name
    is taken by something else, and for a Secret that cannot be added to.
    """
    _refuse_passing(live, namespace, name, kubectl)
    entry = identity_entry(recipient)
    for key, value in ((live or {}).get("data") or {}).items():
        if key.endswith(".agekey") and secret in _decoded(value).split():
            return None
        if key == entry:
            raise GitOpsSecretsError(
                f"the entry {entry} of Secret {namespace}/{name} holds something else than the "
                f"identity of {recipient}",
                f"{kubectl} --namespace {namespace} get secret {name} --show-managed-fields -o yaml",
            )
    _refuse_immutable(live, namespace, name, kubectl)
    content = f"# public key: {recipient}\n".encode() + secret + b"\n"
    body = _secret(namespace, name)
    # Somebody else's answer to whether Flux is to watch it is not a reason to bring no identity.
    if WATCH_LABEL not in (((live or {}).get("metadata") or {}).get("labels") or {}):
        body["metadata"]["labels"] = {WATCH_LABEL: "Enabled"}
    body["data"] = {entry: base64.b64encode(content).decode()}
    return SecretPatch(body, f"{MANAGER}-age-{_short(recipient)}")


def plan_pull_secret(
    live: Object | None, namespace: str, name: str, dockerconfigjson: bytes, kubectl: str
) -> SecretPatch | None:
    """Return what gives the pull Secret *name* its value; None if it has it.

    *kubectl* begins a hint's command. Raises GitOpsSecretsError for a Secret of another
    type, for a type never changes, and for one that cannot be changed.
    """
    _refuse_passing(live, namespace, name, kubectl)
    if live is not None:
        if live.get("type") != PULL_SECRET_TYPE:
            raise GitOpsSecretsError(
                f"Secret {namespace}/{name} is there and is of the type {live.get('type')}, "
                "which cannot change",
                f"{kubectl} --namespace {namespace} delete secret {name}",
            )
        if _decoded((live.get("data") or {}).get(DOCKERCONFIGJSON, "")) == dockerconfigjson:
            return None
    _refuse_immutable(live, namespace, name, kubectl)
    body = _secret(namespace, name)
    body["type"] = PULL_SECRET_TYPE
    body["data"] = {DOCKERCONFIGJSON: base64.b64encode(dockerconfigjson).decode()}
    return SecretPatch(body, MANAGER)


def owned_by_flux(live: Object | None) -> bool:
    """Return whether Flux applies this object: it will bring Git's value back at its next reconcile."""
    metadata = (live or {}).get("metadata") or {}
    managers = [entry.get("manager") for entry in metadata.get("managedFields") or ()]
    return FLUX_MANAGER in managers or _FLUX_LABEL in (metadata.get("labels") or {})


def _refuse_passing(live: Object | None, namespace: str, name: str, kubectl: str) -> None:
    if ((live or {}).get("metadata") or {}).get("deletionTimestamp"):
        raise GitOpsSecretsError(
            f"Secret {namespace}/{name} is being deleted, and what is put there goes with it",
            f"{kubectl} --namespace {namespace} get secret {name} -o jsonpath='{{.metadata.finalizers}}'",
        )


def _refuse_immutable(live: Object | None, namespace: str, name: str, kubectl: str) -> None:
    if (live or {}).get("immutable"):
        there = f"{kubectl} --namespace {namespace}"
        raise GitOpsSecretsError(
            f"Secret {namespace}/{name} is immutable, and lacks what this commit has",
            f"{there} get secret {name} -o yaml | sed '/^immutable: true$/d' | {there} replace --force -f -",
        )


def _secret(namespace: str, name: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}


def _short(recipient: str) -> str:
    return hashlib.sha256(recipient.encode()).hexdigest()[:10]


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value)
    except (binascii.Error, ValueError):
        return b""
