"""The kustomization that Flux generates for a folder without one."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from gitops_secrets.core.flux.objects import DOCUMENT_SPLIT, KUSTOMIZATION_NAMES
from gitops_secrets.core.yamltext.nodes import compose_documents, get, is_yaml, text
from gitops_secrets.errors import GitOpsSecretsError

_OBJECT = rb"(?m)^apiVersion:[ \t]*[^\s#]", rb"(?m)^kind:[ \t]*[^\s#]"
_CONTENT = rb"(?m)^[^\s#]"


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
    parts = [p for p in re.split(DOCUMENT_SPLIT, content) if re.search(_CONTENT, p)]
    if parts and all(re.search(regex, part) for part in parts for regex in _OBJECT):
        return is_yaml(content)
    try:
        documents = compose_documents(content, path)
    except GitOpsSecretsError:
        return False
    return all(get(d, "apiVersion") is not None and text(d, "kind") for d in documents)
