"""The canonical pull Secret, as it is before sops encrypts it."""

from __future__ import annotations

import base64
import json

from gitops_secrets.core.yamltext.nodes import compose_single, text
from gitops_secrets.errors import GitOpsSecretsError

ANNOTATION_PREFIX = "gitops-secrets/"
"""Every annotation that the tool writes and reads begins with it."""
CLUSTER_ANNOTATION = f"{ANNOTATION_PREFIX}cluster"
"""The cluster path an object of ours was made for; by it we know what is ours. A hint, no authority."""

PULL_SECRET_TYPE = "kubernetes.io/dockerconfigjson"  # noqa: S105
DOCKERCONFIGJSON = ".dockerconfigjson"
MAX_SECRET_BYTES = 1024 * 1024
"""Kubernetes' limit on the decoded values of one Secret."""
MAX_ENCRYPTED_BYTES = 5 * 1024 * 1024
"""Flux's limit on one encrypted file (kustomize-controller, maxEncryptedFileSize)."""


def render_pull_secret(
    name: str, namespace: str, cluster_path: str, dockerconfigjson: bytes
) -> bytes:
    """Return the manifest of the pull Secret, readable: for sops' standard input and nowhere else.

    Base64 ``data`` and substitution off, since Flux's post-build substitution would rewrite ``${x}``
    in a password; prune off, so that removing a file never takes a cluster's credential away. Raises
    GitOpsSecretsError over Kubernetes' 1 MiB.
    """
    if len(dockerconfigjson) > MAX_SECRET_BYTES:
        raise GitOpsSecretsError(
            f"the credentials make a Secret of {len(dockerconfigjson)} bytes, "
            f"and Kubernetes takes {MAX_SECRET_BYTES}",
            "give some registries an --image-pull-secret of their own",
        )
    return f"""\
apiVersion: v1
kind: Secret
metadata:
  name: {json.dumps(name) if name.replace(".", "").isdigit() else name}
  namespace: {namespace}
  annotations:
    {CLUSTER_ANNOTATION}: {json.dumps(cluster_path)}
    kustomize.toolkit.fluxcd.io/prune: disabled
    kustomize.toolkit.fluxcd.io/substitute: disabled
type: {PULL_SECRET_TYPE}
data:
  {DOCKERCONFIGJSON}: {base64.b64encode(dockerconfigjson).decode()}
""".encode()


def read_pull_secret(content: bytes, name: str) -> bytes:
    """Return the docker config JSON of a decrypted pull Secret.

    Raises GitOpsSecretsError, naming *name*, where *content* is no Secret of that type.
    """
    root = compose_single(content, name)
    value = text(root, "data", DOCKERCONFIGJSON)
    if text(root, "kind") != "Secret" or text(root, "type") != PULL_SECRET_TYPE or value is None:
        raise GitOpsSecretsError(f"{name}: is not a Secret of type {PULL_SECRET_TYPE}")
    try:
        return base64.b64decode(value, validate=True)
    except ValueError:
        raise GitOpsSecretsError(f"{name}: its {DOCKERCONFIGJSON} is not base64") from None
