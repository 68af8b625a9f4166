"""What the last commit wants of a cluster: its namespace, its identity and its pull Secrets, decrypted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from gitops_secrets.adapters import age
from gitops_secrets.adapters.age import Identity
from gitops_secrets.adapters.keyring import Keyring
from gitops_secrets.commands.repository.clusters import cluster_at
from gitops_secrets.commands.secrets.sealing import Sealer
from gitops_secrets.core.flux import objects as flux
from gitops_secrets.core.flux.kustomizations import FluxKustomization, find_kustomizations
from gitops_secrets.core.flux.roots.find import clusters_of, named_cluster, root_at
from gitops_secrets.core.repository.commands import bootstrap_command
from gitops_secrets.core.repository.layout import CONFIG, ENDINGS, Cluster
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.sops.pullsecret import read_config
from gitops_secrets.core.sops.rules.creation import parse_rules, recorded_recipient
from gitops_secrets.core.veiled import Veiled
from gitops_secrets.core.wiring.kustomization import IDENTITY_SECRET
from gitops_secrets.core.yamltext.nodes import compose_single, text
from gitops_secrets.errors import GitOpsSecretsError, UsageError


class PullSecret(Veiled):
    """A pull Secret as it is applied."""

    __slots__ = ("dockerconfigjson", "file", "name", "namespace")

    def __init__(self, file: str, name: str, namespace: str, dockerconfigjson: bytes) -> None:
        self.file = file
        self.name = name
        self.namespace = namespace
        self.dockerconfigjson = dockerconfigjson


class Wanted(NamedTuple):
    """What one cluster path wants of the cluster."""

    namespace: str
    identity: Identity
    identity_secret: str
    pull_secrets: tuple[PullSecret, ...]


def meant_clusters(
    tree: Overlay, top: Path, paths: Sequence[str], *, all_clusters: bool
) -> list[Cluster]:
    """Return the clusters at *paths*, or all of them. Raises UsageError if it is not said which."""
    if paths and all_clusters:
        raise UsageError("--path and --all exclude each other")
    if paths:
        named = dict.fromkeys(cluster_at(path, tree, top) for path in paths)
        return [named_cluster(tree, cluster) for cluster in named]
    found = clusters_of(tree)
    if len(found) == 1 or (found and all_clusters):
        return found
    names = ", ".join(cluster.path for cluster in found) or "none that Flux was bootstrapped at"
    raise UsageError(f"which cluster? in this commit: {names}", "--path clusters/prod")


def read_wanted(tree: Overlay, path: Cluster, keyring: Keyring) -> Wanted:
    """Return what *tree* has for the cluster *path*. Raises GitOpsSecretsError if it cannot be decrypted."""
    secrets = [f for f in tree.files() if f.startswith(f"{path.folder}/") and f.endswith(ENDINGS)]
    if path.inline:
        namespace, identity_secret = _own(tree, path)
    else:
        kustomization = _kustomization(path, tree.read(path.kustomization_file))
        namespace = kustomization.namespace or flux.DEFAULT_NAMESPACE
        identity_secret = kustomization.decryption_secret or IDENTITY_SECRET
    recipient = recorded_recipient(parse_rules(tree.read(CONFIG) or b""), path)
    if recipient is None:
        raise GitOpsSecretsError(
            f"{CONFIG} records no recipient for {path.path}",
            bootstrap_command(path.path),
        )
    age.refuse_missing(keyring.named)
    identity = keyring.first([recipient])
    if identity is None:
        raise GitOpsSecretsError(
            f"the identity of {path.path} is not at hand; its recipient is {recipient}",
            "pass --age-identity-file with the cluster's identity",
        )
    sealer = Sealer(tree, Keyring.of(identity))
    return Wanted(
        namespace,
        identity,
        identity_secret,
        tuple(_open(sealer, file) for file in secrets),
    )


def _own(tree: Overlay, path: Cluster) -> tuple[str, str]:
    """Return the namespace of an inline cluster's Flux, and the Secret that it decrypts with."""
    from gitops_secrets.core.wiring.inline import own_decryption

    own = own_decryption(tree, path)
    if own is None:
        root = root_at(tree, path)
        return root.namespace if root is not None else flux.DEFAULT_NAMESPACE, IDENTITY_SECRET
    return own.namespace, own.secret or IDENTITY_SECRET


def _kustomization(path: Cluster, content: bytes | None) -> FluxKustomization:
    found = find_kustomizations(path.kustomization_file, content or b"")
    if len(found) != 1:
        raise GitOpsSecretsError(
            f"{path.kustomization_file} is not in the last commit",
            bootstrap_command(path.path),
        )
    return found[0]


def _open(sealer: Sealer, file: str) -> PullSecret:
    plain = sealer.open(file).plain
    root = compose_single(plain.content, file)
    name, namespace = text(root, "metadata", "name"), text(root, "metadata", "namespace")
    if name is None or namespace is None:
        raise GitOpsSecretsError(f"{file}: names no namespace and name")
    return PullSecret(file, name, namespace, read_config(plain))
