"""What Flux's artifact holds, and what the kustomization that Flux generates would take from it."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from gitops_secrets.core.flux import objects as flux
from gitops_secrets.core.flux.ignoring import check_artifact_holds
from gitops_secrets.core.flux.kustomizations import FluxKustomization
from gitops_secrets.core.flux.kustomize.generated import generated_resources
from gitops_secrets.core.flux.objects import FluxInstallation, Source
from gitops_secrets.core.repository.layout import PULL_SECRETS, Cluster
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.yamltext.nodes import compose_single, items, text
from gitops_secrets.core.yamltext.splice import insert_item, quote, scalar_item
from gitops_secrets.errors import GitOpsSecretsError

_NEVER_FETCHED = (".sops.yaml", ".flux.yaml", ".goreleaser.yml", ".travis.yml", ".gitlab-ci.yml")
_NEVER_FETCHED_FOLDERS = (".github/", ".circleci/")
"""What source-controller leaves out of an artifact as long as it has no ignore rule of the user's
(fluxcd/pkg, sourceignore), as far as it is YAML."""


def kustomization_at(tree: Overlay, folder: str) -> tuple[str, bytes | None]:
    """Return the kustomization file of *folder* and its content; None if there is none yet."""
    for name in flux.KUSTOMIZATION_NAMES:
        path = name if folder == "." else f"{folder}/{name}"
        content = tree.read(path)
        if content is not None:
            return path, content
    return (flux.KUSTOMIZATION_NAMES[0] if folder == "." else f"{folder}/kustomization.yaml"), None


def list_resource(tree: Overlay, folder: str, file: str) -> None:
    """Name *file* in the kustomization of *folder*, where there is one: it takes only what it lists.

    Raises InvalidDocumentError for one that cannot be edited safely.
    """
    path, content = kustomization_at(tree, folder)
    if content is None:
        return
    root = compose_single(content, path)
    listed = {posixpath.normpath(text(node) or "") for node in items(root, "resources")}
    if file not in listed and "." not in listed:
        tree.write(path, insert_item(content, path, "resources", scalar_item(file)))


def guard_generated(
    tree: Overlay, cluster: Cluster, objects: Sequence[FluxKustomization]
) -> list[str]:
    """See to it that no path whose kustomization Flux generates holds our folder.

    The generator takes every .yaml below the path: an encrypted Secret among them, without
    decryption there, would stop all that the path holds.
    """
    notes = []
    others = sorted({o.path for o in objects if o.name != cluster.kustomization} - {cluster.path})
    for path in others:
        inside = path in (".", cluster.folder) or cluster.folder.startswith(f"{path}/")
        if inside and kustomization_at(tree, path)[1] is None:
            # What Flux's own Kustomization decrypts, another that decrypts may apply too.
            if cluster.inline and all(o.decryption_provider for o in objects if o.path == path):
                continue
            owner = next(o for o in objects if o.path == path)
            raise GitOpsSecretsError(
                f"{owner.file}:{owner.line}: the Kustomization {owner.name} takes all of "
                f"{path!r}, and would apply {cluster.folder} without decrypting it",
                f"in {path}: kustomize create --autodetect --recursive, and take "
                f"{PULL_SECRETS} out of what it lists",
            )
    inside = not cluster.inline and cluster.contains(f"{cluster.folder}/")
    path, content = kustomization_at(tree, cluster.path)
    if inside and content is None:
        skipped = (f"{PULL_SECRETS}/", f"{cluster.folder}/")
        resources, foreign = generated_from(tree, cluster.path, skipped)
        lines = "".join(f"- {quote(r)}\n" for r in resources)
        tree.write(
            path,
            f"# What Flux would take from here by itself, less {PULL_SECRETS}/, which it decrypts apart.\n"
            f"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n{lines}".encode(),
        )
        notes.append(
            f"{path} now lists what Flux applies from there: a new manifest has to be added to it"
        )
        notes += [f"{f} is not a Kubernetes manifest and is not listed in {path}" for f in foreign]
    return notes


def is_left_out(path: str) -> bool:
    """Return whether source-controller leaves *path* out by itself, if there is no ignore rule at all."""
    name = posixpath.basename(path)
    return name in _NEVER_FETCHED or path.startswith(_NEVER_FETCHED_FOLDERS)


def ignore_rules(tree: Overlay) -> list[tuple[str, str]]:
    """Return the .sourceignore files of *tree* that hold a rule, by the folder each stands in."""
    found = [
        (posixpath.dirname(path), (tree.read(path) or b"").decode(errors="replace"))
        for path in tree.files()
        if posixpath.basename(path) == ".sourceignore"
    ]
    return [rules for rules in found if holds_rule(rules[1])]


def holds_rule(text: str) -> bool:
    """Return whether an ignore file's *text* says anything: one rule, and no default counts any more."""
    return any(line.strip() and not line.startswith("#") for line in text.splitlines())


def generated_from(
    tree: Overlay, folder: str, skipped: tuple[str, ...] = (), *, defaults: bool | None = None
) -> tuple[list[str], list[str]]:
    """Return what the kustomization that Flux generates for *folder* lists, and what it chokes on.

    Files below *skipped* are left out, and, with *defaults*, those that source-controller leaves out
    by itself. None asks the .sourceignore files of *tree* whether it does.
    """
    if defaults is None:
        defaults = not ignore_rules(tree)
    files = {
        path: tree.read(path) or b""
        for path in tree.below(folder)
        if path.endswith((".yaml", ".yml", "/Kustomization"))
        and not path.startswith(skipped)
        and not (defaults and is_left_out(path))
    }
    return generated_resources(folder, files)


def _folders_to(path: str) -> list[str]:
    """Return the folders that *path* is in, the outermost first."""
    parts = posixpath.dirname(path).split("/")
    return ["/".join(parts[: n + 1]) for n in range(len(parts))]


def check_artifact(
    tree: Overlay, cluster: Cluster, installation: FluxInstallation, described: str, secret: str
) -> None:
    """Raise GitOpsSecretsError if what Flux fetches would lack the pull Secret's folder; *described* names the file that says what."""
    file = cluster.secret_file(secret)
    check_artifact_holds(file, installation.source, _ignores_above(tree, file), described)


def is_fetched(tree: Overlay, source: Source, file: str) -> bool:
    """Return whether Flux has *file* in what it fetches of *source*, made of these files."""
    try:
        check_artifact_holds(file, source, _ignores_above(tree, file), "")
    except GitOpsSecretsError:
        return False
    return True


def _ignores_above(tree: Overlay, file: str) -> dict[str, str]:
    """Return the .sourceignore files on the way to *file*, by folder."""
    found = {}
    for parent in ["", *_folders_to(file)]:
        content = tree.read(f"{parent}/.sourceignore".lstrip("/"))
        if content is not None:
            found[parent] = content.decode(errors="replace")
    return found
