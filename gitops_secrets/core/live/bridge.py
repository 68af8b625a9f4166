"""A credential for the pull Secret that a cluster has now, before Flux brings it from Git."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from gitops_secrets.core.live.patches import Object, SecretPatch, plan_pull_secret
from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.dockerconfig import build_dockerconfigjson, read_dockerconfigjson
from gitops_secrets.core.sops.secrets import DOCKERCONFIGJSON
from gitops_secrets.errors import GitOpsSecretsError


def read_live(live: Object | None, name: str) -> dict[str, Credentials]:
    """Return the credentials of the pull Secret *live* by registry key.

    Raises GitOpsSecretsError, naming *name* and no value, if there is no such Secret or it cannot be read.
    """
    if live is None:
        raise GitOpsSecretsError(f"there is no Secret {name}")
    value = (live.get("data") or {}).get(DOCKERCONFIGJSON)
    try:
        content = base64.b64decode(value or "")
    except ValueError:
        content = b""
    return read_dockerconfigjson(content, f"Secret {name}")


def plan_bridge(
    live: Object, namespace: str, name: str, wanted: Mapping[str, Credentials], kubectl: str
) -> SecretPatch | None:
    """Return what gives the entries *wanted* to the pull Secret *live*, which keeps its others; None if it has them.

    The patch is for this very object as it was read: it conflicts with a change meanwhile, and makes no new Secret.
    Kubelets ask a registry again for the images that they have if a Secret is deleted and made anew. The errors are
    those of read_live and plan_pull_secret.
    """
    held = read_live(live, f"{namespace}/{name}")
    merged = {**held, **wanted}
    if merged == held:
        return None
    content = build_dockerconfigjson(merged)
    patch = plan_pull_secret(live, namespace, name, content, kubectl)
    if patch is not None:
        metadata = live["metadata"]
        patch.body["metadata"]["uid"] = metadata["uid"]
        patch.body["metadata"]["resourceVersion"] = metadata["resourceVersion"]
    return patch
