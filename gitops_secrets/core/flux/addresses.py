"""Which repository, and which of its branches, a source of Flux reads, whatever way leads there."""

from __future__ import annotations

import re

import yaml

from gitops_secrets.core.yamltext.nodes import entries, text

_REFERENCES = {"branch": "refs/heads/", "tag": "refs/tags/"}


def address_of(url: str, reference: str) -> str:
    """Return what a source reads, whatever way leads there: host and path of *url*, and the *reference* of Git in full."""
    return f"{repository_of(url)} {reference}".lower()


def address_in(node: yaml.Node) -> str | None:
    """Return the same of a source, the manifest *node*; None if it does not say it."""
    url = text(node, "spec", "url") or text(node, "spec", "bucketName")
    if not url:
        return None
    said = {key: text(value) or "" for key, value in entries(node, "spec", "ref")}
    is_git = text(node, "kind") == "GitRepository"
    if is_git and not said:
        said = {"branch": "master"}  # which source-controller reads then
    reference = said.get("name") or " ".join(
        f"{_REFERENCES.get(key, key) if is_git else ''}{value}"
        for key, value in sorted(said.items())
    )
    return address_of(url, reference)


def repository_of(url: str) -> str:
    """Return the repository at *url*, whatever scheme and user lead there: host and path."""
    scp = re.match(r"(?:[\w.-]+@)?([\w.-]+):(?!//|\d+/)(.+)", url)
    bare = f"{scp[1]}/{scp[2]}" if scp is not None else url.partition("://")[2] or url
    host, _, path = bare.rpartition("@")[2].partition("/")
    return f"{host.partition(':')[0]}/{path.rstrip('/').removesuffix('.git')}".lower()
