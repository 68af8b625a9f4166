"""What a repository is, and the likely next command."""

from __future__ import annotations

from pathlib import Path

from gitops_secrets.adapters.files import read_plain
from gitops_secrets.adapters.git.repository import open_repository
from gitops_secrets.adapters.writing.transaction import is_half_way
from gitops_secrets.core.doctor.unpulled import Unpulled, unpulled
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.report.words import count


def overview(folder: Path) -> list[str]:
    """Return a few lines for a person. Raises GitOpsSecretsError outside a Git work tree."""
    repository = open_repository(folder)
    tree = Overlay(repository.list_files(), lambda path: read_plain(repository.top, path))
    view = View(tree)
    clusters = view.known
    lines = [f"{repository.top}: {count(len(clusters), 'clusters')} of Flux"]
    if is_half_way(repository):
        lines.append(
            "  a bootstrap was ended half-way, or is at work: the next command that writes clears it up"
        )
    bare: list[tuple[Cluster, list[Unpulled]]] = []
    for cluster in clusters:
        secrets = [f for f in tree.files() if f.startswith(f"{cluster.folder}/") and ".sops." in f]
        wired = cluster.inline or tree.read(cluster.kustomization_file) is not None
        state = "no pull Secret"
        if wired:
            state = f"{count(len(secrets), 'pull Secrets')} in {cluster.folder}"
        lines.append(f"  {cluster.path}: {state}")
        if not (wired and secrets):
            found = unpulled(view, cluster)
            lines += (f"    {one.words}" for one in found)
            bare.append((cluster, found))
    return [*lines, "", "next:", *_next(clusters, bare)]


def _next(clusters: list[Cluster], bare: list[tuple[Cluster, list[Unpulled]]]) -> list[str]:
    if clusters and not bare:
        return [f"  gitops-secrets apply --path {clusters[0].path} --context CONTEXT"]
    if bare and bare[0][1]:
        return [f"  {bare[0][1][0].command}", "  gitops-secrets --help"]
    path = bare[0][0].path if bare else "clusters/prod"
    return [
        f"  gitops-secrets bootstrap --path {path} --image-pull-secret regcred \\",
        "    --registry registry.example.com:5000",
        "  gitops-secrets --help",
    ]
