"""apply --prune: what of ours a cluster has and Git no longer wants, and its deletion."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from gitops_secrets.adapters.cluster.answers import ConflictError, Object
from gitops_secrets.adapters.cluster.api import NAMING, Cluster
from gitops_secrets.adapters.git.repository import Repository
from gitops_secrets.adapters.git.revision import tree_of
from gitops_secrets.commands.secrets.bygone import Bygone, Had, Name
from gitops_secrets.commands.secrets.wanted import Wanted
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.live.leftovers import appliers, leftover_entries, names_secret, not_ours
from gitops_secrets.core.repository.layout import Cluster as ClusterPath
from gitops_secrets.errors import GitOpsSecretsError

_COMMIT = re.compile(r"[:/]([0-9a-f]{40,64})$")
"""The end of a revision, as Flux writes that of a Git source."""
_SHOWN = 3


class Leftover(NamedTuple):
    """A Secret, or an entry of one, that the cluster has and Git no longer wants."""

    secret: Object
    entry: str | None
    """The entry that is to be removed; None for the whole Secret."""
    why: str
    """Where Git had it last, or why it stays."""
    stays: bool = False

    def __repr__(self) -> str:
        return f"Leftover({self.object!r}, ...)"

    @property
    def object(self) -> str:
        """The object as it is called in messages."""
        metadata = self.secret["metadata"]
        return f"Secret {metadata['namespace']}/{metadata['name']}"

    @property
    def shown(self) -> str:
        """What is to be deleted, in a line."""
        entry = f", entry {self.entry}" if self.entry else ""
        return f"{self.object}{entry}: {self.why}"


class Pruning:
    """Looks in *cluster* for what the commit *revision* no longer wants."""

    def __init__(
        self,
        repository: Repository,
        revision: str,
        cluster: Cluster,
        progress: Callable[[str], None],
    ) -> None:
        self._repository, self._revision = repository, revision
        self._cluster, self._progress = cluster, progress
        self._bygone = Bygone(repository, revision)
        self._now = View(tree_of(repository, revision))

    def find(self, paths: Sequence[ClusterPath], wanted: Sequence[Wanted]) -> list[Leftover]:
        """Return what is left over of the clusters at *paths*, of which *wanted* is what Git has.

        Nothing is deleted yet. Raises GitOpsSecretsError if the history or the cluster cannot be looked at.
        """
        self._progress(f"looking for leftovers in {self._cluster.context}")
        before = self._before(paths)
        found = []
        for (namespace, name), had in before.items():
            secret = self._cluster.find("Secret", name, namespace)
            if secret is not None:
                found.append(self._judged(secret, had))
        for identities in dict.fromkeys((w.namespace, w.identity_secret) for w in wanted):
            found += self._identities(*identities, wanted)
        return found

    @property
    def unseen(self) -> str:
        """What could not be looked at, and how to see it."""
        every = "get secrets --all-namespaces --field-selector type=kubernetes.io/dockerconfigjson"
        return f"{self._bygone.unseen()}; all pull Secrets of the cluster: {self._cluster.kubectl} {every}"

    def _judged(self, secret: Object, had: Had) -> Leftover:
        namespace, name = secret["metadata"]["namespace"], secret["metadata"]["name"]
        reason = not_ours(secret)
        if reason is None and secret["metadata"].get("deletionTimestamp"):
            reason = "it is being deleted already"
        if reason is None:
            applying = list(appliers(self._kustomizations, namespace, name))
            if applying:
                reason = (
                    f"Flux still applies it by {', '.join(applying)}: git push, and wait for Flux"
                )
        if reason is None:
            using = list(self._using(namespace, name))
            if using:
                more = f" and {len(using) - _SHOWN} more" if using[_SHOWN:] else ""
                reason = f"named by {', '.join(using[:_SHOWN])}{more}"
        if reason is None:
            ref = self._bygone.still_at(had)
            if ref is not None:
                reason = f"{ref} has it, and is not merged"
        if reason is None:
            return Leftover(secret, None, had.why)
        return Leftover(secret, None, reason, stays=True)

    def _using(self, namespace: str, name: str) -> Iterator[str]:
        for kind in NAMING:
            for item in self._cluster.list_in(namespace, kind):
                if names_secret(kind, item, name):
                    yield f"{kind} {item['metadata']['name']}"

    @cached_property
    def _kustomizations(self) -> list[Object]:
        return list(self._cluster.list_all("Kustomization"))

    def _before(self, paths: Sequence[ClusterPath]) -> dict[Name, Had]:
        """Return the Secrets that the folders of *paths* had and no file has now."""
        layouts = [path._replace(inline=inline) for path in paths for inline in (False, True)]
        folders = dict.fromkeys(f for c in layouts for f in (c.folder, c.tenants_folder))
        now = {(d.namespace, d.name) for f in self._now.encrypted.values() for d in f}
        return self._bygone.find(folders, now)

    def _identities(
        self, namespace: str, name: str, wanted: Sequence[Wanted]
    ) -> Iterator[Leftover]:
        secret = self._cluster.find("Secret", name, namespace)
        own = {w.identity.recipient for w in wanted}
        needed = own | _recipients(self._now)
        for entry in leftover_entries(secret, needed):
            assert secret is not None
            reason = self._still_decrypts(namespace, name, secret, entry)
            why = reason or "no file in Git is encrypted for its identity any more"
            yield Leftover(secret, entry, why, stays=reason is not None)

    def _still_decrypts(self, namespace: str, name: str, secret: Object, entry: str) -> str | None:
        """Return why some Kustomization may still need the identity in *entry*, None if none does."""
        for found in self._kustomizations:
            decryption = (found.get("spec") or {}).get("decryption") or {}
            place = (
                found["metadata"]["namespace"],
                (decryption.get("secretRef") or {}).get("name"),
            )
            if place != (namespace, name):
                continue
            shown = f"Kustomization {namespace}/{found['metadata']['name']}"
            revision = str((found.get("status") or {}).get("lastAppliedRevision") or "")
            commit = _COMMIT.search(revision)
            if commit is None or not self._repository.commit(commit[1]):
                return f"{shown} decrypts with it, and applied {revision or 'nothing yet'}, which is not in this clone"
            then = _recipients(View(tree_of(self._repository, commit[1])))
            if entry not in leftover_entries(secret, then):
                return f"{shown} applied {commit[1][:10]}, in which a file is encrypted for its identity"
        return None


def delete(cluster: Cluster, leftover: Leftover) -> None:
    """Delete *leftover* if it is still as it was looked at. Raises GitOpsSecretsError if it is not."""
    try:
        if leftover.entry is None:
            cluster.delete_secret(leftover.secret)
        else:
            cluster.remove_entry(leftover.secret, leftover.entry)
    except ConflictError:
        raise GitOpsSecretsError(
            f"{leftover.object} was changed while this ran, and is left as it is",
            "the same command again looks at it anew",
        ) from None


def _recipients(view: View) -> set[str]:
    """Return everyone whom a file of *view* is encrypted for, or a creation rule names."""
    held = {
        recipient
        for documents in view.encrypted.values()
        for document in documents
        if document.metadata is not None
        for recipient in document.metadata.recipients
    }
    return held | {r.value for rule in view.rules for r in rule.recipients}
