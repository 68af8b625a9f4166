"""The edits of ``.sops.yaml`` that add a cluster's creation rule, or make it anew: every other byte stays."""

from __future__ import annotations

from collections.abc import Sequence

from gitops_secrets.core.repository.layout import CONFIG, Cluster
from gitops_secrets.core.sops.creationrules import ENCRYPTED_REGEX, Recipient
from gitops_secrets.core.yamltext.splice import Item, insert_item, quote, replace_item


def rule_item(path_regex: str, recipients: Sequence[Recipient]) -> Item:
    """Return the creation rule for what *path_regex* matches: whose each recipient is, is said on its line."""
    age = tuple(f"  - {r.value} # {_label(r)}" for r in recipients)
    lines = (
        f"path_regex: {quote(path_regex)}",
        f"encrypted_regex: {ENCRYPTED_REGEX}",
        "age:",
        *age,
    )
    return Item(
        lines,
        {
            "path_regex": path_regex,
            "encrypted_regex": ENCRYPTED_REGEX,
            "age": [r.value for r in recipients],
        },
    )


def add_rule(
    content: bytes | None, cluster: Cluster, recipients: Sequence[Recipient], before: int | None
) -> bytes:
    """Return ``.sops.yaml`` with the rule for *cluster* before rule *before*, or last."""
    return add_path_rule(content, cluster.path_regex, recipients, before)


def add_path_rule(
    content: bytes | None,
    path_regex: str,
    recipients: Sequence[Recipient],
    before: int | None = None,
) -> bytes:
    """Return ``.sops.yaml`` with the rule for what *path_regex* matches before rule *before*, or last.

    A new file also pins the indent, so that no later sops rewrites a file it only meant to edit.
    """
    item = rule_item(path_regex, recipients)
    if content is None:
        start = b"# How sops encrypts here. The first rule whose path_regex matches is the one.\n"
        new = insert_item(start, CONFIG, "creation_rules", item)
        return new + b"stores:\n  yaml:\n    indent: 2\n"
    return insert_item(content, CONFIG, "creation_rules", item, before, aliases=True)


def replace_rule(
    content: bytes, cluster: Cluster, recipients: Sequence[Recipient], index: int
) -> bytes:
    """Return ``.sops.yaml`` with rule *index*, one of ours, made anew with *recipients*."""
    item = rule_item(cluster.path_regex, recipients)
    return replace_item(content, CONFIG, "creation_rules", index, item, aliases=True)


def _label(recipient: Recipient) -> str:
    return f"cluster: {recipient.cluster}" if recipient.cluster else "person"
