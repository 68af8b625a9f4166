"""A cluster's pull Secret while it is readable: for sops' standard input, and nowhere else."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Mapping

from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.dockerconfig import build_dockerconfigjson, read_dockerconfigjson
from gitops_secrets.core.registry.gobase64 import decode_base64
from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.core.sops.secrets import DOCKERCONFIGJSON, MAX_SECRET_BYTES, PULL_SECRET_TYPE
from gitops_secrets.core.veiled import Veiled
from gitops_secrets.core.yamltext.nodes import compose_single, text, to_value
from gitops_secrets.errors import GitOpsSecretsError

ANNOTATION_PREFIX = "gitops-secrets/"
"""Every annotation that the tool writes and reads begins with it."""
CLUSTER_ANNOTATION = f"{ANNOTATION_PREFIX}cluster"
"""The path of the cluster that an object of ours was made for. A hint: nothing is allowed on its word."""


class PullSecret(Veiled):
    """The pull Secret of one cluster: which registry takes which credentials."""

    __slots__ = ("cluster_path", "entries", "name", "namespace")

    def __init__(
        self, cluster_path: str, namespace: str, name: str, entries: Mapping[str, Credentials]
    ) -> None:
        self.cluster_path = cluster_path
        self.namespace = namespace
        self.name = name
        self.entries = dict(entries)
        """By registry key."""

    def put(self, entries: Mapping[str, Credentials]) -> PullSecret:
        """Return it with *entries* added, or in place of those of the same registry."""
        more = {**self.entries, **entries}
        return PullSecret(self.cluster_path, self.namespace, self.name, more)

    def without(self, keys: Collection[str]) -> PullSecret:
        """Return it without the entries of *keys*."""
        rest = {key: c for key, c in self.entries.items() if key not in keys}
        return PullSecret(self.cluster_path, self.namespace, self.name, rest)

    def manifest(self, path: str) -> Manifest:
        """Return the manifest that is made for it.

        Base64 ``data`` and substitution off, since Flux's post-build substitution would rewrite ``${x}``
        in a password; prune off, so that removing a file never takes a cluster's credential away. Raises
        GitOpsSecretsError over Kubernetes' 1 MiB.
        """
        docker = build_dockerconfigjson(self.entries)
        if len(docker) > MAX_SECRET_BYTES:
            raise GitOpsSecretsError(
                f"the credentials make a Secret of {len(docker)} bytes, "
                f"and Kubernetes takes {MAX_SECRET_BYTES}",
                "give some registries an --image-pull-secret of their own",
            )
        quoted = json.dumps(self.name) if self.name.replace(".", "").isdigit() else self.name
        content = f"""\
apiVersion: v1
kind: Secret
metadata:
  name: {quoted}
  namespace: {self.namespace}
  annotations:
    {CLUSTER_ANNOTATION}: {json.dumps(self.cluster_path)}
    kustomize.toolkit.fluxcd.io/prune: disabled
    kustomize.toolkit.fluxcd.io/substitute: disabled
type: {PULL_SECRET_TYPE}
data:
  {DOCKERCONFIGJSON}: {base64.b64encode(docker).decode()}
""".encode()
        return Manifest(content, path)

    def over(self, plain: Manifest) -> Manifest:
        """Return *plain*, what the file holds now, with these entries; or made anew if it is another object.

        Labels and annotations that the user added to it are kept.
        """
        made = self.manifest(plain.path)
        target, held = (to_value(compose_single(m.content, m.path)) for m in (made, plain))
        assert isinstance(target, dict)
        del target["data"]
        if not _contains(held, target):
            return made
        if read_entries(plain) == self.entries:
            return plain
        return plain.with_value(f"data.{DOCKERCONFIGJSON}", build_dockerconfigjson(self.entries))


def read_entries(plain: Manifest) -> dict[str, Credentials]:
    """Return the credentials of a readable pull Secret by registry key.

    Raises GitOpsSecretsError if *plain* is not a Secret of that type.
    """
    return read_dockerconfigjson(read_config(plain), plain.path)


def read_config(plain: Manifest) -> bytes:
    """Return the docker config JSON of a readable pull Secret; the errors are those of read_entries."""
    root = compose_single(plain.content, plain.path)
    value = text(root, "data", DOCKERCONFIGJSON)
    if text(root, "kind") != "Secret" or text(root, "type") != PULL_SECRET_TYPE or value is None:
        raise GitOpsSecretsError(f"{plain.path}: is not a Secret of type {PULL_SECRET_TYPE}")
    try:
        return decode_base64(value)
    except ValueError:
        raise GitOpsSecretsError(f"{plain.path}: its {DOCKERCONFIGJSON} is not base64") from None


def _contains(whole: object, part: object) -> bool:
    """Return whether *part* stands in *whole*."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(
            key in whole and _contains(whole[key], value) for key, value in part.items()
        )
    return whole == part
