"""The artifacts that an ArtifactGenerator makes of other sources, and which folder of one stands at a path of them.

As https://github.com/fluxcd/source-watcher/blob/main/docs/spec/v1beta1/artifactgenerators.md describes them: a copy
of ``dir/**`` puts what the folder holds into its destination, a copy of ``dir/`` the folder itself.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

import yaml

from gitops_secrets.core.flux.objects import DEFAULT_NAMESPACE, select_documents
from gitops_secrets.core.flux.reach import Fetched
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.yamltext.nodes import items, text
from gitops_secrets.errors import GitOpsSecretsError

ARTIFACT = "ExternalArtifact"
_GENERATOR = b"ArtifactGenerator"
_FROM = re.compile(r"@([\w-]+)/([^*?\[{]*)(.*)")
_TO = "@artifact/"


class Copied(NamedTuple):
    """A folder of a source in an artifact."""

    artifact: tuple[str, str]
    """Name and namespace."""
    source: tuple[str, str, str]
    """Kind, name and namespace."""
    folder: str
    to: str
    """Where it is in the artifact; "." for the top of it."""


class Origin(NamedTuple):
    """What stands at a path of an artifact."""

    source: tuple[str, str, str]
    path: str
    """Relative to the source."""


def origin(fetched: Fetched, base: str, artifact: tuple[str, str], path: str) -> Origin | None:
    """Return what stands at *path* of *artifact*; None if that is of several folders, or is not known.

    What is no folder below *base*, the top of what Flux fetches, is left out: a file of its own, or a folder of
    another repository.
    """
    found = set()
    for copied in fetched.tree.remember(_copies):
        here = posixpath.normpath(posixpath.join(base, copied.folder))
        if copied.artifact != artifact or not fetched.tree.below(here):
            continue
        if copied.to in (path, ".") or path.startswith(f"{copied.to}/"):
            rest = posixpath.relpath(path, copied.to)
            found.add(Origin(copied.source, posixpath.normpath(f"{copied.folder}/{rest}")))
        elif path == "." or copied.to.startswith(f"{path}/"):
            found.add(Origin(copied.source, copied.folder))
    return found.pop() if len(found) == 1 else None


def _copies(tree: Overlay) -> tuple[Copied, ...]:
    return tuple(
        copied
        for file in tree.files()
        if file.endswith((".yaml", ".yml")) and _GENERATOR in (tree.read(file) or b"")
        for copied in tree.derive(file, _copies_in)
    )


def _copies_in(content: bytes, name: str) -> tuple[Copied, ...]:
    """Return the folders that the generators of a manifest copy."""
    try:
        found = [node for _, node in select_documents(content, name, _GENERATOR)]
    except GitOpsSecretsError:
        return ()
    return tuple(copied for node in found for copied in _of_generator(node))


def _of_generator(node: yaml.Node) -> Iterator[Copied]:
    if text(node, "kind") != _GENERATOR.decode():
        return
    namespace = text(node, "metadata", "namespace") or DEFAULT_NAMESPACE
    sources = {
        text(one, "alias"): (
            text(one, "kind") or "",
            text(one, "name") or "",
            text(one, "namespace") or namespace,
        )
        for one in items(node, "spec", "sources")
    }
    for artifact in items(node, "spec", "artifacts"):
        for copy in items(artifact, "copy"):
            read = _FROM.fullmatch(text(copy, "from") or "")
            to = text(copy, "to") or ""
            if read is None or read[1] not in sources or not to.startswith(_TO):
                continue
            folder, to = posixpath.normpath(read[2] or "."), to.removeprefix(_TO)
            if read[3] and not read[2].endswith("/") and read[2]:
                continue  # files by their names
            if not read[3] and (not to or to.endswith("/")):
                to = posixpath.join(to, posixpath.basename(folder))
            yield Copied(
                (text(artifact, "name") or "", namespace),
                sources[read[1]],
                folder,
                posixpath.normpath(to or "."),
            )
