"""The creation rules of a ``.sops.yaml``, matched as sops matches them.

``core.sops`` has the reader of whole rules, which refuses a file on which sops fails. The guard asks one thing of a
rule, which paths it matches, and a mistake in a field that has nothing to do with that must neither hide a readable
Secret nor block every commit. That reader also takes 10 ms to import, which a hook with one Secret would wait for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gitops_secrets.core.goregex.match import is_found


class CreationRule(NamedTuple):
    """One entry of ``creation_rules``."""

    config: str
    """The repository path of the ``.sops.yaml`` it stands in."""
    number: int
    """Its place in the list, from 0: sops takes the first that matches."""
    path_regex: str
    """Empty if it matches every path."""


def parse_creation_rules(content: bytes, name: str) -> tuple[CreationRule, ...]:
    """Return the rules in their order, merge keys and aliases resolved.

    Raises InvalidDocumentError, naming *name*, for what is not YAML. ``filename_regex`` says nothing: no
    sops since 3.4 reads it, and a rule without ``path_regex`` matches every path.
    """
    from gitops_secrets.core.guard.read.nodes import child, scalar
    from gitops_secrets.core.yamltext.nodes import compose_documents, items

    documents = compose_documents(content, name)
    root = documents[0] if documents else None
    return tuple(
        CreationRule(name, index, scalar(child(entry, "path_regex")) or "")
        for index, entry in enumerate(items(child(root, "creation_rules")))
    )


def find_rule(rules: Sequence[CreationRule], path: str) -> CreationRule | None:
    """Return the first of *rules* whose path_regex is found in *path*, relative to their file.

    Raises InvalidDocumentError for a path_regex ahead of it that is not understood: the rule could be
    that one.
    """
    for rule in rules:
        where = f"{rule.config}: creation rule {rule.number + 1}: path_regex"
        if not rule.path_regex or is_found(rule.path_regex, path, where):
            return rule
    return None
