"""What a repository says of its Flux: if it is installed, what it reads, how it is locked down."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

import yaml

from gitops_secrets.core.yamltext.nodes import compose_documents, position
from gitops_secrets.errors import GitOpsSecretsError

DEFAULT_NAMESPACE = "flux-system"
COMPONENTS, SYNC = "gotk-components.yaml", "gotk-sync.yaml"
KUSTOMIZATION_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""The names that kustomize recognises, in its order."""
KUSTOMIZATION_GROUP = "kustomize.toolkit.fluxcd.io"
SOURCE_KINDS = ("GitRepository", "OCIRepository", "Bucket")
ARTIFACTS = ("OCIRepository", "Bucket")
"""The sources that may hold a part of a repository."""
_SOURCE_GROUP = b"source.toolkit.fluxcd.io/"
_SOURCE = rb"apiVersion[\"']?\s*:\s*[\"']?" + re.escape(_SOURCE_GROUP)
DOCUMENT_SPLIT = rb"(?m)^---[ \t]*(?:#.*)?$"


class Source(NamedTuple):
    """The source that Flux's own Kustomization reads."""

    kind: str = "GitRepository"
    name: str = DEFAULT_NAMESPACE
    ignore: str | None = None
    sparse_checkout: tuple[str, ...] = ()


class FluxInstallation(NamedTuple):
    """What the repository says of the Flux of one cluster."""

    namespace: str
    source: Source
    bootstrapped: bool
    """Whether ``flux bootstrap`` has written gotk-sync.yaml; before it, all else here is the default."""
    service_account: str | None = None
    """The serviceAccountName that Flux's own Kustomization carries, where it carries one."""


def manifests(content: bytes, name: str, wanted: bytes) -> list[yaml.Node]:
    """Return the documents of *content* in which the bytes *wanted* stand.

    A quick way through machine-made files of a megabyte: only those documents are parsed. Raises
    InvalidDocumentError where one of them is not YAML.
    """
    if wanted not in content:
        return []
    parts = re.split(DOCUMENT_SPLIT, content)
    return [n for part in parts if wanted in part for n in compose_documents(part, name)]


def select_documents(content: bytes, name: str, wanted: bytes) -> Iterator[tuple[int, yaml.Node]]:
    """Yield the documents of *content* that the regex *wanted* is found in, each with its line in the file.

    Only those are parsed: a machine-made file holds a megabyte beside them. Raises
    InvalidDocumentError where one of them is not YAML.
    """
    if re.search(wanted, content) is None:
        return
    ends = [match.end() for match in re.finditer(DOCUMENT_SPLIT, content)]
    for begin, end in zip([0, *ends], [*ends, len(content)], strict=True):
        part = content[begin:end]
        if re.search(wanted, part) is not None:
            above = content.count(b"\n", 0, begin)
            yield from ((above + position(n).line, n) for n in compose_documents(part, name))


def composed(content: bytes, name: str) -> list[yaml.Node] | None:
    """Return the root nodes of a file, None if it is not YAML."""
    try:
        return compose_documents(content, name)
    except GitOpsSecretsError:
        return None


def sources_in(content: bytes, name: str) -> list[yaml.Node]:
    """Return the sources of Flux in a manifest, of whatever kind; of one that is not YAML those ahead of the error."""
    found: list[yaml.Node] = []
    # Every file is asked, and finding a word is a fraction of finding the regex.
    if _SOURCE_GROUP not in content:
        return found
    try:
        for _, node in select_documents(content, name, _SOURCE):
            found.append(node)
    except GitOpsSecretsError:
        pass
    return found


def normalise(path: str) -> str:
    """Return a path of a Flux spec relative to the artifact's root, without ``./`` and slashes at the end.

    Flux joins it below that root: ``../apps`` is ``apps``.
    """
    return posixpath.normpath(f"/{path.lstrip('/')}")[1:] or "."
