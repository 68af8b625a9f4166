"""One cluster's pull Secret: encrypted before it is written, changed in the fewest lines."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Mapping
from typing import NamedTuple

from gitops_secrets.commands.secrets.sealing import Opened, Sealer
from gitops_secrets.core.registry.rotation.record import Record
from gitops_secrets.core.repository.layout import CONFIG, ENDINGS
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.sops.annotations import with_records
from gitops_secrets.core.sops.keys.recipients import shorten
from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.core.sops.pullsecret import CLUSTER_ANNOTATION, PullSecret, read_entries
from gitops_secrets.core.sops.rules.startconfig import Ruling
from gitops_secrets.core.veiled import Veiled
from gitops_secrets.core.yamltext.nodes import compose_single, text
from gitops_secrets.errors import GitOpsSecretsError


class Registries(NamedTuple):
    """What became of each registry of a pull Secret, by its key."""

    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class OpenedPullSecret(Veiled):
    """A pull Secret that this tool made, as its file holds it."""

    __slots__ = ("opened", "secret")

    def __init__(self, opened: Opened, secret: PullSecret) -> None:
        self.opened = opened
        self.secret = secret


class Planned(NamedTuple):
    """What was planned for one pull Secret."""

    registries: Registries
    whole: PullSecret
    """The Secret with all that it holds then."""


def plan_pull_secret(
    sealer: Sealer, tree: Overlay, path: str, wanted: PullSecret, ruling: Ruling
) -> Planned:
    """Plan the encrypted manifest of *wanted* at *path*; byte for byte what is there if nothing changes.

    Registries that the file holds and *wanted* does not name are kept. Raises GitOpsSecretsError if the
    file is not ours or cannot be opened, and if what sops made does not read back.
    """
    if tree.read(path) is None:
        sealer.seal(wanted.manifest(path), ruling)
        return Planned(Registries(added=tuple(wanted.entries)), wanted)
    held = open_pull_secret(sealer, tree, path, wanted)
    whole = held.secret.put(wanted.entries)
    return Planned(plan_entries(sealer, held, whole, ruling), whole)


def open_pull_secret(
    sealer: Sealer, tree: Overlay, path: str, named: PullSecret
) -> OpenedPullSecret:
    """Return what the file *path* holds of the pull Secret that *named* names; its entries do not matter.

    Raises GitOpsSecretsError if the file is not ours or cannot be opened.
    """
    _refuse_foreign(Manifest(tree.read(path) or b"", path), named)
    opened = sealer.open(path)
    held = read_entries(opened.plain)
    return OpenedPullSecret(
        opened, PullSecret(named.cluster_path, named.namespace, named.name, held)
    )


def plan_entries(
    sealer: Sealer,
    held: OpenedPullSecret,
    wanted: PullSecret,
    ruling: Ruling,
    records: Mapping[str, Record] | None = None,
) -> Registries:
    """Plan the file of *held* with the entries of *wanted* and no others, in the fewest lines.

    *records* say what is noted about entries that change; of the others that change nothing is noted any more.
    """
    before, after = held.secret.entries, wanted.entries
    found = Registries(
        added=tuple(key for key in after if key not in before),
        updated=tuple(key for key in after if key in before and before[key] != after[key]),
        unchanged=tuple(key for key in before if key in after and before[key] == after[key]),
        removed=tuple(key for key in before if key not in after),
    )
    changed = {*found.updated, *found.removed}
    manifest = with_records(wanted.over(held.opened.plain), changed, records or {})
    sealer.reseal(held.opened, manifest, ruling, renew=True)
    return found


def refuse_new_readers(sealed: Manifest, cluster_path: str, ruling: Ruling) -> None:
    """Raise GitOpsSecretsError if *ruling* names somebody for whom *sealed* is not encrypted: that is not asked for."""
    new = [r for r in ruling.recipients if r not in sealed.recipients]
    if new:
        path = shlex.quote(cluster_path)
        raise GitOpsSecretsError(
            f"{CONFIG} lets {', '.join(map(shorten, new))} read {sealed.path}, which was not encrypted for them: "
            "new credentials are given to no reader on the word of a file",
            f"gitops-secrets key add {new[0]} --path {path}",
            f"or take them out of the rule in {CONFIG}",
        )


def beside_others(sealer: Sealer, tree: Overlay, path: str, wanted: PullSecret) -> list[str]:
    """Return what is to be said of a new pull Secret *wanted* at *path* beside those that are there."""
    folder = posixpath.dirname(path)
    notes = []
    for file in tree.below(folder):
        if posixpath.dirname(file) != folder or not file.endswith(ENDINGS):
            continue
        name = posixpath.basename(file).partition(".sops.")[0]
        try:
            held = read_entries(sealer.open(file).plain)
        except GitOpsSecretsError:
            held = {}
        same = [key for key in wanted.entries if key in held]
        if same:
            notes.append(
                f"{file} has a key for {same[0]} already: the kubelet tries both, and Flux's own library "
                f"takes one; to change that one: --image-pull-secret {name}"
            )
        else:
            notes.append(
                f"{wanted.name} is one more pull Secret beside {name}; for one Secret with all registries: "
                f"--image-pull-secret {name}"
            )
    return notes


def _refuse_foreign(before: Manifest, wanted: PullSecret) -> None:
    """Raise GitOpsSecretsError unless *before* is *wanted* as this tool made it, and encrypted."""
    path = before.path
    root = compose_single(before.content, path)
    owner = text(root, "metadata", "annotations", CLUSTER_ANNOTATION)
    named = text(root, "metadata", "namespace"), text(root, "metadata", "name")
    if owner is not None and owner != wanted.cluster_path:
        raise GitOpsSecretsError(
            f"{path} belongs to the cluster at {owner}, not to {wanted.cluster_path}",
            "give one of the two clusters a path whose last elements differ",
        )
    if owner is None or named != (wanted.namespace, wanted.name):
        raise GitOpsSecretsError(
            f"{path} is there and was not made by gitops-secrets for this Secret",
            "pass another --image-pull-secret name, or move that file away",
        )
    if before.metadata is None:
        raise GitOpsSecretsError(
            f"{path} is not encrypted, though it should be",
            f"gitops-secrets encrypt {path} && git add {path} && git commit",
            "change its credentials at the registry: whoever reads Git can read them",
        )
