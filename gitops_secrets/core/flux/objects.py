"""What a repository says of its Flux: if it is installed, what it reads, how it is locked down."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import yaml

from gitops_secrets.core.repository.layout import Cluster, as_laid_out
from gitops_secrets.core.yamltext.nodes import (
    compose_documents,
    entries,
    get,
    is_yaml,
    items,
    position,
    text,
)
from gitops_secrets.errors import GitOpsSecretsError

DEFAULT_NAMESPACE = "flux-system"
COMPONENTS, SYNC = "gotk-components.yaml", "gotk-sync.yaml"
KUSTOMIZATION_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""The names that kustomize recognises, in its order."""
KUSTOMIZATION_GROUP = "kustomize.toolkit.fluxcd.io"
_KUSTOMIZATION = rb"apiVersion[\"']?\s*:\s*[\"']?kustomize\.toolkit\.fluxcd\.io/"
_OBJECT = rb"(?m)^apiVersion:[ \t]*[^\s#]", rb"(?m)^kind:[ \t]*[^\s#]"
_CONTENT = rb"(?m)^[^\s#]"
_DOCUMENT_SPLIT = rb"(?m)^---[ \t]*(?:#.*)?$"


class Source(NamedTuple):
    """The source that Flux's own Kustomization reads."""

    kind: str = "GitRepository"
    name: str = DEFAULT_NAMESPACE
    ignore: str | None = None
    sparse_checkout: tuple[str, ...] = ()


class FluxKustomization(NamedTuple):
    """A Kustomization object of Flux, and the file it stands in."""

    file: str
    line: int
    name: str
    namespace: str | None
    path: str
    """spec.path, normalised: relative to the artifact's root, "." for the root."""
    prune: bool
    source: tuple[str | None, str | None]
    source_namespace: str | None
    decryption_provider: str | None
    decryption_secret: str | None
    service_account: str | None
    annotations: Mapping[str, str]
    target_namespace: str | None = None
    root: yaml.Node | None = None
    """All of it, None if it is not written yet."""


class FluxInstallation(NamedTuple):
    """What the repository says of the Flux of one cluster."""

    namespace: str
    source: Source
    bootstrapped: bool
    """Whether ``flux bootstrap`` has written gotk-sync.yaml; before it, all else here is the default."""
    service_account: str | None = None
    """The serviceAccountName that Flux's own Kustomization carries, where it carries one."""


def find_clusters(files: Sequence[str], config: bytes = b"") -> list[Cluster]:
    """Return the clusters that ``flux bootstrap`` has been at: each folder above a gotk-sync.yaml.

    *config* is ``.sops.yaml``; with *files* it shows which of them are laid out inline.
    """
    found = [posixpath.dirname(posixpath.dirname(f)) for f in files if f.endswith(f"/{SYNC}")]
    return [as_laid_out(Cluster(path or "."), files, config) for path in sorted(set(found))]


def manifests(content: bytes, name: str, wanted: bytes) -> list[yaml.Node]:
    """Return the documents of *content* in which the bytes *wanted* stand.

    A quick way through machine-made files of a megabyte: only those documents are parsed. Raises
    InvalidDocumentError where one of them is not YAML.
    """
    if wanted not in content:
        return []
    parts = re.split(_DOCUMENT_SPLIT, content)
    return [n for part in parts if wanted in part for n in compose_documents(part, name)]


def find_kustomizations(file: str, content: bytes) -> list[FluxKustomization]:
    """Return the Kustomization objects of Flux in the manifest *file*, lines counted in it."""
    found = []
    for line, node in select_documents(content, file, _KUSTOMIZATION):
        api, kind = text(node, "apiVersion") or "", text(node, "kind")
        if kind == "Kustomization" and api.startswith(f"{KUSTOMIZATION_GROUP}/"):
            found.append(_kustomization(file, line, node))
    return found


def select_documents(content: bytes, name: str, wanted: bytes) -> Iterator[tuple[int, yaml.Node]]:
    """Yield the documents of *content* that the regex *wanted* is found in, each with its line in the file.

    Only those are parsed: a machine-made file holds a megabyte beside them. Raises
    InvalidDocumentError where one of them is not YAML.
    """
    if re.search(wanted, content) is None:
        return
    ends = [match.end() for match in re.finditer(_DOCUMENT_SPLIT, content)]
    for begin, end in zip([0, *ends], [*ends, len(content)], strict=True):
        part = content[begin:end]
        if re.search(wanted, part) is not None:
            above = content.count(b"\n", 0, begin)
            yield from ((above + position(n).line, n) for n in compose_documents(part, name))


def _kustomization(file: str, line: int, node: yaml.Node) -> FluxKustomization:
    return FluxKustomization(
        file=file,
        line=line,
        name=text(node, "metadata", "name") or "",
        namespace=text(node, "metadata", "namespace"),
        path=normalise(text(node, "spec", "path") or "."),
        prune=text(node, "spec", "prune") == "true",
        source=(text(node, "spec", "sourceRef", "kind"), text(node, "spec", "sourceRef", "name")),
        source_namespace=text(node, "spec", "sourceRef", "namespace"),
        decryption_provider=text(node, "spec", "decryption", "provider"),
        decryption_secret=text(node, "spec", "decryption", "secretRef", "name"),
        service_account=text(node, "spec", "serviceAccountName"),
        annotations={
            k: str(v.value)
            for k, v in entries(node, "metadata", "annotations")
            if isinstance(v, yaml.ScalarNode)
        },
        target_namespace=text(node, "spec", "targetNamespace"),
        root=node,
    )


def own_kustomization(cluster: Cluster, sync_file: str) -> FluxKustomization:
    """Return the Kustomization that ``flux bootstrap`` will write to *sync_file* for *cluster*."""
    namespace = posixpath.basename(posixpath.dirname(sync_file)) or DEFAULT_NAMESPACE
    return FluxKustomization(
        file=sync_file,
        line=1,
        name=namespace,
        namespace=namespace,
        path=cluster.path,
        prune=True,
        source=("GitRepository", namespace),
        source_namespace=None,
        decryption_provider=None,
        decryption_secret=None,
        service_account=None,
        annotations={},
    )


def read_installation(
    cluster: Cluster, sync_file: str, sync: bytes, default: FluxInstallation
) -> FluxInstallation:
    """Return what gotk-sync.yaml says of *cluster*'s Flux, or *default* while it is empty.

    Raises GitOpsSecretsError if its Kustomization reads another path than *cluster*'s: the
    artifact's root is then not the repository's top, and the folder would not be in it.
    """
    documents = compose_documents(sync, sync_file)
    if not documents:
        return default
    kustomizations = find_kustomizations(sync_file, sync)
    if not kustomizations:
        raise GitOpsSecretsError(f"{sync_file}: holds no Kustomization of Flux")
    own = kustomizations[0]
    if own.path != cluster.path:
        raise GitOpsSecretsError(
            f"{sync_file}: Flux reads the path {own.path!r}, not {cluster.path!r}",
            f"pass --path {own.path}"
            if own.path != "."
            else f"if the artifact is made from {cluster.path}, run in a repository whose top it is",
        )
    kind, name = own.source
    source = Source(kind or "GitRepository", name or DEFAULT_NAMESPACE)
    for node in documents:
        if text(node, "kind") == source.kind and text(node, "metadata", "name") == source.name:
            source = Source(
                source.kind,
                source.name,
                text(node, "spec", "ignore"),
                tuple(str(n.value) for n in items(node, "spec", "sparseCheckout")),
            )
    return FluxInstallation(
        own.namespace or DEFAULT_NAMESPACE,
        source,
        bootstrapped=True,
        service_account=own.service_account,
    )


def normalise(path: str) -> str:
    """Return a path of a Flux spec relative to the artifact's root, without ``./`` and slashes at the end."""
    return posixpath.normpath(path.lstrip("/") or ".")


def check_artifact_holds(
    file: str, source: Source, sourceignores: Mapping[str, str], where: str
) -> None:
    """Raise GitOpsSecretsError if the source's artifact would leave *file* out.

    *sourceignores* are the .sourceignore files on the way to *file*, by folder ("" is the top);
    *where* names the file that the source stands in.
    """
    folder = posixpath.dirname(file)
    sparse = [normalise(p) for p in source.sparse_checkout]
    if sparse and not any(folder == p or folder.startswith(f"{p}/") or p == "." for p in sparse):
        raise GitOpsSecretsError(
            f"{where}: spec.sparseCheckout leaves {folder} out of what Flux fetches",
            f"add {folder.split('/', 1)[0]} to spec.sparseCheckout in {where}, commit, and run again",
        )
    rules = [*sorted(sourceignores.items()), ("", source.ignore or "")]
    if ignored_by(rules)(file):
        blame = where if source.ignore else ".sourceignore"
        raise GitOpsSecretsError(
            f"{blame}: its ignore rules leave {folder} out of what Flux fetches",
            f"add the line !/{folder.split('/', 1)[0]} to them, commit, and run again",
        )


def ignored_by(rules: Iterable[tuple[str, str]]) -> Callable[[str], bool]:
    """Return what says whether the last of *rules* that takes a file, or a folder above it, leaves it out.

    *rules* are .sourceignore texts with the folder each stands in ("" is the top). As Flux decides it
    (fluxcd/pkg, sourceignore), and not as Git does, which would not let a file below an ignored folder
    in again.
    """
    from pathspec import GitIgnoreSpec

    lines: list[str] = []
    for folder, written in rules:
        for line in written.splitlines():
            bang, rule = ("!", line[1:]) if line.startswith("!") else ("", line)
            anchored = folder and rule.strip() and not rule.startswith("#")
            lines.append(f"{bang}{folder}/{rule.lstrip('/')}" if anchored else line)
    return GitIgnoreSpec.from_lines(lines).match_file


def generated_resources(base: str, files: Mapping[str, bytes]) -> tuple[list[str], list[str]]:
    """Return what kustomize-controller's generator would list for the path *base*, and what it chokes on.

    *files* are all files below *base* that an artifact holds, by their path in the repository. As
    the generator does: a folder with a kustomization of its own is one entry and is not entered;
    every other .yaml and .yml counts. What is not a Kubernetes object is in the second list: it would
    stop the whole cluster.
    """
    prefix = "" if base == "." else f"{base}/"
    folders = {
        posixpath.dirname(path)
        for path in files
        if posixpath.basename(path) in KUSTOMIZATION_NAMES
        and posixpath.dirname(path) != base.strip(".")
    }
    resources: set[str] = set()
    foreign: list[str] = []
    for path, content in sorted(files.items()):
        owner = next((f for f in _folders_above(path) if f in folders), None)
        if owner is not None:
            resources.add(owner.removeprefix(prefix))
        elif (
            path.endswith((".yaml", ".yml")) and posixpath.basename(path) not in KUSTOMIZATION_NAMES
        ):
            if _holds_objects(path, content):
                resources.add(path.removeprefix(prefix))
            else:
                foreign.append(path)
    return sorted(resources), foreign


def _folders_above(path: str) -> Iterator[str]:
    """Yield the folders that *path* is in, the outermost first."""
    at = path.find("/")
    while at != -1:
        yield path[:at]
        at = path.find("/", at + 1)


def _holds_objects(path: str, content: bytes) -> bool:
    # As people write manifests, their first two lines say it, and the rest has only to be YAML.
    parts = [p for p in re.split(_DOCUMENT_SPLIT, content) if re.search(_CONTENT, p)]
    if parts and all(re.search(regex, part) for part in parts for regex in _OBJECT):
        return is_yaml(content)
    try:
        documents = compose_documents(content, path)
    except GitOpsSecretsError:
        return False
    return all(get(d, "apiVersion") is not None and text(d, "kind") for d in documents)
