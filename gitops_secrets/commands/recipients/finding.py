"""The creation rules of a cluster, and the encrypted files that they are for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from gitops_secrets.core.flux.suggesting import bootstrap_of
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.repository.layout import CONFIG, Cluster
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.sops.reader.structure import read_encrypted
from gitops_secrets.core.sops.rules.creation import (
    CreationRule,
    choose_rule,
    parse_rules,
    recorded_recipient,
)
from gitops_secrets.core.sops.structure import encrypted_documents
from gitops_secrets.errors import GitOpsSecretsError, InvalidDocumentError

_ENDINGS = (".yaml", ".yml", ".json")


class Rules(NamedTuple):
    """The creation rules that name a cluster's own recipient."""

    own: str
    """The cluster's own recipient."""
    rules: tuple[CreationRule, ...]


def rules_of(tree: Overlay, cluster: Cluster) -> Rules:
    """Return the creation rules of *cluster*. Raises GitOpsSecretsError if ``.sops.yaml`` records no recipient for it."""
    every = parse_rules(tree.read(CONFIG) or b"")
    own = recorded_recipient(every, cluster)
    if own is None:
        raise GitOpsSecretsError(
            f"{CONFIG} records no recipient for {cluster.path}",
            bootstrap_of(View(tree, only=[cluster]), cluster),
        )
    return Rules(own, tuple(r for r in every if own in [one.value for one in r.recipients]))


def files_of(tree: Overlay, rules: Sequence[CreationRule]) -> Iterator[str]:
    """Yield the encrypted manifests that sops would choose one of *rules* for.

    Of two rules of one position only the order counts: *rules* may be of another state of the file.
    """
    for path in _ruled(tree, rules):
        if path.endswith(_ENDINGS) and encrypted_documents(tree.read(path) or b"", path):
            yield path


def other_files_of(
    tree: Overlay, rules: Sequence[CreationRule]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the other encrypted files that sops would choose one of *rules* for, and their recipients: dotenv and the like."""
    for path in _ruled(tree, rules):
        if path.endswith(_ENDINGS):
            continue
        with suppress(InvalidDocumentError):
            file = read_encrypted(path, tree.read(path) or b"")
            if file is not None and file.metadata is not None:
                yield path, file.metadata.recipients


def _ruled(tree: Overlay, rules: Sequence[CreationRule]) -> Iterator[str]:
    every = parse_rules(tree.read(CONFIG) or b"")
    orders = {rule.order for rule in rules}
    nearer = tuple(
        path.removesuffix(CONFIG) for path in tree.files() if path.endswith(f"/{CONFIG}")
    )
    for path in tree.files():
        if nearer and path.startswith(nearer):
            continue
        rule = choose_rule(every, path)
        if rule is not None and rule.order in orders:
            yield path
