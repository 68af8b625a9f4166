"""Who can decrypt the Secrets of each cluster."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from gitops_secrets.adapters.git.opening import open_repository
from gitops_secrets.adapters.keyring import Keyring
from gitops_secrets.commands.recipients.finding import files_of, other_files_of, rules_of
from gitops_secrets.commands.repository.clusters import Choice, chosen_clusters
from gitops_secrets.commands.repository.worktree import work_tree
from gitops_secrets.core.repository.layout import CONFIG, Cluster
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.core.sops.rules.creation import parse_rules, recorded_recipients


class Reader(NamedTuple):
    """One recipient, of the creation rules of a cluster or of a file that they are for."""

    recipient: str
    name: str | None
    """Whose it is, None if ``.sops.yaml`` does not say."""
    is_cluster: bool
    """Whether it is the cluster's own."""
    in_rules: bool
    """Whether a rule names it. If not, files still do."""
    files: int
    """How many files it can decrypt."""
    identity_file: Path | None
    """Where its identity is on this machine, None if it is not here."""


class Readers(NamedTuple):
    """The recipients of one cluster."""

    cluster: Cluster
    files: int
    """How many encrypted files its rules are for."""
    readers: tuple[Reader, ...]


def listed(repository: Path, choice: Choice, identity_file: Path | None) -> list[Readers]:
    """Return the recipients of each cluster that is meant; if none is named, of all that have a pull Secret.

    Raises GitOpsSecretsError if ``.sops.yaml`` records no recipient for a cluster that is named, or for none.
    """
    opened = open_repository(repository)
    tree, _ = work_tree(opened)
    every = choice if choice.paths else choice._replace(all_clusters=True)
    keyring = Keyring(identity_file)
    meant = chosen_clusters(every, tree, opened.top)
    if not choice.paths:
        recorded = recorded_recipients(parse_rules(tree.read(CONFIG) or b""))
        meant = [cluster for cluster in meant if cluster.path in recorded] or meant
    return [_readers(tree, cluster, keyring) for cluster in meant]


def _readers(tree: Overlay, cluster: Cluster, keyring: Keyring) -> Readers:
    rules = rules_of(tree, cluster)
    named: dict[str, str | None] = {}
    for recipient in (r for rule in rules.rules for r in rule.recipients):
        named[recipient.value] = named.get(recipient.value) or recipient.name
    held: Counter[str] = Counter()
    files = 0
    for path in files_of(tree, rules.rules):
        files += 1
        held.update(set(Manifest(tree.read(path) or b"", path).recipients))
    for _, recipients in other_files_of(tree, rules.rules):
        files += 1
        held.update(set(recipients))
    readers = []
    for value in dict.fromkeys([rules.own, *named, *held]):
        at_hand = keyring.find(value)
        readers.append(
            Reader(
                value,
                named.get(value),
                value == rules.own,
                value in named,
                held[value],
                at_hand.file if at_hand is not None else None,
            )
        )
    return Readers(cluster, files, tuple(readers))
