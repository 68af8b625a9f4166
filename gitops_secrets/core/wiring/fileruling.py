"""The creation rule that a file without one needs: for the clusters that apply it, as Git records them."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gitops_secrets.core.flux.objects import KUSTOMIZATION_NAMES
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.repository.commands import bootstrap_command
from gitops_secrets.core.repository.layout import CONFIG, ENDINGS, escaped
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.sops.rules.creation import (
    CreationRule,
    Recipient,
    parse_rules,
    recorded_recipients,
)
from gitops_secrets.core.wiring.kustomization import IDENTITY_SECRET
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

    A file that no cluster applies yet is for those that apply the kustomization beside or above it, which does
    not list it, else for the only cluster. Raises GitOpsSecretsError if it cannot be told for whom it is.
    """
    rules = parse_rules(tree.read(CONFIG) or b"")
    recorded = recorded_recipients(rules)
    if tree.read(path) is None:
        # Where it is going to be, Flux takes it for a manifest.
        tree.write(path, _TO_COME)
    applied = View(tree).applied
    applying = [a for a in applied if path in a.reach.files]
    notes = []
    if not applying and (above := _kustomization_above(tree, path)):
        applying = [a for a in applied if above in a.reach.kustomizations]
        name = posixpath.relpath(path, posixpath.dirname(above))
        notes = [f"{above} does not list {name} yet: Flux applies it once it is under resources"]
    paths = sorted({a.cluster.path for a in applying})
    if not paths:
        paths = sorted(recorded)
        if len(paths) != 1:
            raise _not_known(path, recorded)
    unknown = [cluster for cluster in paths if cluster not in recorded]
    if unknown:
        raise GitOpsSecretsError(
            f"{unknown[0]} applies {path}, and {CONFIG} records no recipient for it",
            bootstrap_command(unknown[0]),
        )
    people = _people(rules, paths)
    verb = "will apply" if notes else "applies"
    notes += [
        f"{a.place}: {a.object} {verb} {path} without spec.decryption: in {a.kustomization.file}, spec: "
        f"decryption: {{provider: sops, secretRef: {{name: {IDENTITY_SECRET}}}}}"
        for a in applying
        if a.kustomization.decryption_provider is None and not a.is_own
    ]
    notes += [
        f"{a.place}: {a.object} {verb} {path} without spec.decryption: move the file to what another Kustomization "
        "applies, which decrypts"
        for a in applying
        if a.kustomization.decryption_provider is None and a.is_own
    ]
    return FileRule(
        _regex(path), (*(recorded[cluster] for cluster in paths), *people), tuple(notes)
    )


def _kustomization_above(tree: Overlay, path: str) -> str:
    """Return the kustomization of the nearest folder that has one; empty if none has."""
    files = set(tree.files())
    folder = posixpath.dirname(path)
    while True:
        found = next(
            (f for n in KUSTOMIZATION_NAMES if (f := posixpath.join(folder, n)) in files), ""
        )
        if found or not folder:
            return found
        folder = posixpath.dirname(folder)


def _not_known(path: str, recorded: Mapping[str, Recipient]) -> GitOpsSecretsError:
    """Return the error for a file of which nothing says who is to read it; a hint for each cluster's recipient."""
    name = shlex.quote(path)
    found = f": that of {', or that of '.join(sorted(recorded))}" if recorded else ""
    return GitOpsSecretsError(
        f"no Kustomization applies {path} yet, so it is not known whose recipient it needs{found}",
        *(
            f"gitops-secrets encrypt {name} --age-recipient {recorded[cluster].value}"
            for cluster in sorted(recorded)
        ),
        *(() if recorded else (f"gitops-secrets encrypt {name} --age-recipient AGE1...",)),
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
