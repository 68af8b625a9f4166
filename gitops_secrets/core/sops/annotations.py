"""What is noted in the readable annotations of a pull Secret about the credentials in it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

import yaml

from gitops_secrets.core.registry.rotation.record import Record, format_records, parse_records
from gitops_secrets.core.sops.fieldedits import splice
from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.core.sops.pullsecret import ANNOTATION_PREFIX
from gitops_secrets.core.yamltext.nested import edit_block
from gitops_secrets.core.yamltext.nodes import compose_single, get, text

ROTATION_ANNOTATION = f"{ANNOTATION_PREFIX}rotation-records"
"""Which credential each registry has, and which it had before. A hint: nothing is revoked on its word."""


def records_in(manifest: Manifest) -> dict[str, Record]:
    """Return what the Secret in *manifest*, encrypted or readable, notes about its credentials, by registry key."""
    root = compose_single(manifest.content, manifest.path)
    return parse_records(text(root, "metadata", "annotations", ROTATION_ANNOTATION))


def with_records(
    manifest: Manifest, changed: Collection[str], records: Mapping[str, Record]
) -> Manifest:
    """Return readable *manifest* with *records*, and without those of other keys that *changed*.

    Every other byte stays. Raises InvalidDocumentError for annotations that are not in block style.
    """
    before = records_in(manifest)
    wanted = {k: r for k, r in before.items() if k not in changed} | dict(records)
    if wanted == before:
        return manifest
    root = compose_single(manifest.content, manifest.path)
    node = get(root, "metadata", "annotations", ROTATION_ANNOTATION)
    shown = json.dumps(format_records(wanted))
    if isinstance(node, yaml.ScalarNode):
        return Manifest(splice(manifest.content, [(node, shown)]), manifest.path)
    line = f"{ROTATION_ANNOTATION}: {shown}\n".encode()
    way = ("metadata", "annotations")
    content = edit_block(manifest.content, manifest.path, way, lambda old: old + line)
    return Manifest(content, manifest.path)
