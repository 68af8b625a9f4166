"""What a repository is, and the likely next command."""

from __future__ import annotations

from pathlib import Path

from gitops_secrets.adapters.files import read_plain
from gitops_secrets.adapters.git.repository import open_repository
from gitops_secrets.adapters.writing.transaction import is_half_way
from gitops_secrets.core.flux.roots.find import clusters_of
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.report.words import count


def overview(folder: Path) -> list[str]:
    """Return a few lines for a person. Raises GitOpsSecretsError outside a Git work tree."""
    repository = open_repository(folder)
    tree = Overlay(repository.list_files(), lambda path: read_plain(repository.top, path))
    clusters = clusters_of(tree)
    lines = [f"{repository.top}: {count(len(clusters), 'clusters')} of Flux"]
    if is_half_way(repository):
        lines.append(
            "  a bootstrap was ended half-way, or is at work: the next command that writes clears it up"
        )
    bare = []
    for cluster in clusters:
        secrets = [f for f in tree.files() if f.startswith(f"{cluster.folder}/") and ".sops." in f]
        wired = cluster.inline or tree.read(cluster.kustomization_file) is not None
        state = "no pull Secret"
        if wired:
            state = f"{count(len(secrets), 'pull Secrets')} in {cluster.folder}"
        lines.append(f"  {cluster.path}: {state}")
        if not (wired and secrets):
            bare.append(cluster)
    return [*lines, "", "next:", *_next(clusters, bare)]


def _next(clusters: list[Cluster], bare: list[Cluster]) -> list[str]:
    if clusters and not bare:
        return [f"  gitops-secrets apply --path {clusters[0].path} --context CONTEXT"]
    path = bare[0].path if bare else "clusters/prod"
    return [
        f"  gitops-secrets bootstrap --path {path} --image-pull-secret regcred \\",
        "    --registry registry.example.com:5000",
        "  gitops-secrets --help",
    ]
