"""The creation rule that a file without one needs: for the clusters that apply it, as Git records them."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from typing import NamedTuple

from gitops_secrets.core.flux.view import View
from gitops_secrets.core.repository.layout import CONFIG, ENDINGS, escaped
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.sops.creationrules import CreationRule, Recipient, parse_rules
from gitops_secrets.errors import GitOpsSecretsError

_TO_COME = b"apiVersion: v1\nkind: Secret\nmetadata: {name: to-come}\n"


class FileRule(NamedTuple):
    """A rule to add."""

    path_regex: str
    recipients: tuple[Recipient, ...]
    notes: tuple[str, ...]
    """What else Flux needs to apply the file."""


def rule_for_file(tree: Overlay, path: str) -> FileRule:
    """Return the rule by which the clusters that apply *path* can decrypt it, and who reads their pull Secrets.

    A file that no cluster applies yet is for the only cluster. Raises GitOpsSecretsError if it cannot be told
    for whom it is.
    """
    rules = parse_rules(tree.read(CONFIG) or b"")
    recorded: dict[str, Recipient] = {}
    for recipient in (r for rule in rules for r in rule.recipients):
        if recipient.cluster:
            recorded.setdefault(recipient.cluster, recipient)
    if tree.read(path) is None:
        # Where it is going to be, Flux takes it for a manifest.
        tree.write(path, _TO_COME)
    view = View(tree)
    applying = [a for a in view.applied if path in a.reach.files]
    paths = sorted({a.cluster.path for a in applying})
    if not paths:
        paths = sorted(recorded)
        if len(paths) != 1:
            found = f", and {', '.join(paths)} have one each" if paths else ""
            raise GitOpsSecretsError(
                f"no Kustomization applies {path} yet, so it is not known whose recipient it needs{found}",
                f"gitops-secrets encrypt {path} --age-recipient AGE1...",
            )
    unknown = [cluster for cluster in paths if cluster not in recorded]
    if unknown:
        raise GitOpsSecretsError(
            f"{unknown[0]} applies {path}, and {CONFIG} records no recipient for it",
            f"gitops-secrets bootstrap --path {unknown[0]} --image-pull-secret regcred",
        )
    people = _people(rules, paths)
    notes = [
        f"{a.place}: {a.object} applies {path} without spec.decryption: gitops-secrets doctor says what it needs"
        for a in applying
        if a.kustomization.decryption_provider is None
    ]
    return FileRule(
        _regex(path), (*(recorded[cluster] for cluster in paths), *people), tuple(notes)
    )


def _people(rules: Sequence[CreationRule], paths: Sequence[str]) -> list[Recipient]:
    """Return the people who read the pull Secrets of all the clusters at *paths*."""
    readers = [
        {r.value for rule in rules for r in rule.recipients if _is_of(rule, path) and not r.cluster}
        for path in paths
    ]
    everywhere = set.intersection(*readers) if readers else set()
    return [Recipient(value) for value in sorted(everywhere)]


def _is_of(rule: CreationRule, path: str) -> bool:
    return any(r.cluster == path for r in rule.recipients)


def _regex(path: str) -> str:
    """Return what matches *path*, and beside a file whose name says that it is encrypted the others like it."""
    folder, name = posixpath.split(path)
    if name.endswith(ENDINGS):
        below = f"{escaped(folder)}/" if folder else ""
        return rf"^{below}[^/]*\.sops\.ya?ml$"
    return f"^{escaped(path)}$"
