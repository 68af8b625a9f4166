"""What a cluster has of ours and Git no longer wants: decided by what the cluster itself says of its objects."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from gitops_secrets.core.flux.pulls.resourcesets import COPY_FROM
from gitops_secrets.core.live.patches import FLUX_MANAGER, MANAGER, identity_entry
from gitops_secrets.core.sops.pullsecret import CLUSTER_ANNOTATION
from gitops_secrets.core.sops.secrets import DOCKERCONFIGJSON, PULL_SECRET_TYPE

Object = Mapping[str, Any]

_ENTRY = re.compile(r"age-([0-9a-f]{10})\.agekey")


def not_ours(secret: Object) -> str | None:
    """Return why the pull Secret *secret* was not made by this tool, or not by it alone; None if it was.

    The API server records who set each field, and nobody else can. Annotations are believed only if Flux set
    the value too.
    """
    metadata = secret["metadata"]
    if secret.get("type") != PULL_SECRET_TYPE:
        return f"its type is {secret.get('type')}"
    for owner in metadata.get("ownerReferences") or ():
        return f"{owner.get('kind')} {owner.get('name')} owns it"
    managers = set(_managers_of(secret, DOCKERCONFIGJSON))
    strange = sorted(managers - {MANAGER, FLUX_MANAGER})
    if strange:
        return f"{', '.join(strange)} set its value"
    is_marked = CLUSTER_ANNOTATION in (metadata.get("annotations") or {})
    if MANAGER in managers or (FLUX_MANAGER in managers and is_marked):
        return None
    return "nothing shows that gitops-secrets made it"


def leftover_entries(secret: Object | None, wanted: Collection[str]) -> Iterator[str]:
    """Yield the entries of the identity Secret that apply added, and that are for none of the recipients *wanted*."""
    entries = {identity_entry(recipient) for recipient in wanted}
    if secret is None:
        return
    for key in secret.get("data") or {}:
        found = _ENTRY.fullmatch(key)
        if found is None or key in entries:
            continue
        if set(_managers_of(secret, key)) == {f"{MANAGER}-age-{found[1]}"}:
            yield key


def appliers(kustomizations: Iterable[Object], namespace: str, name: str) -> Iterator[str]:
    """Yield the Kustomizations of Flux whose inventory holds the Secret: they would bring it back."""
    held = f"{namespace}_{name}__Secret"
    for found in kustomizations:
        inventory = ((found.get("status") or {}).get("inventory") or {}).get("entries") or ()
        if any(entry.get("id") == held for entry in inventory):
            yield f"{found['metadata']['namespace']}/{found['metadata']['name']}"


def names_secret(kind: str, item: Object, name: str) -> bool:
    """Return whether *item*, an object of *kind* in the Secret's namespace, names the Secret *name* anywhere.

    A ReplicaSet that runs no pods does not count: a Deployment keeps its earlier ones for a rollback.
    """
    spec = item.get("spec") or {}
    if kind == "ReplicaSet" and not spec.get("replicas"):
        return False
    return any(_names(key, value, name) for key, value in item.items() if key != "metadata")


def _names(key: str, value: Any, name: str) -> bool:
    if "secret" in key.lower() and _is_reference(value, name):
        return True
    if key == COPY_FROM and str(value).rpartition("/")[2] == name:
        return True
    if isinstance(value, dict):
        return any(_names(str(k), v, name) for k, v in value.items())
    if isinstance(value, list):
        return any(_names(key, v, name) for v in value)
    return False


def _is_reference(value: Any, name: str) -> bool:
    return name in (value, value.get("name") if isinstance(value, dict) else None)


def _managers_of(secret: Object, key: str) -> Iterator[str]:
    """Yield the field managers that own the entry *key* of *secret*."""
    for managed in secret["metadata"].get("managedFields") or ():
        data = (managed.get("fieldsV1") or {}).get("f:data") or {}
        if f"f:{key}" in data:
            yield str(managed.get("manager"))
