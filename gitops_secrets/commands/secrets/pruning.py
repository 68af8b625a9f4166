"""apply --prune: what of ours a cluster has and Git no longer wants, and its deletion."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from gitops_secrets.adapters.cluster.answers import ConflictError, Object
from gitops_secrets.adapters.cluster.api import NAMING, Cluster
from gitops_secrets.adapters.git.commits import changes_of
from gitops_secrets.adapters.git.missing import lacks
from gitops_secrets.adapters.git.objects import Git
from gitops_secrets.adapters.git.repository import Repository
from gitops_secrets.adapters.git.revision import tree_of
from gitops_secrets.commands.secrets.wanted import Wanted
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.live.leftovers import appliers, leftover_entries, names_secret, not_ours
from gitops_secrets.core.repository.layout import ENDINGS
from gitops_secrets.core.repository.layout import Cluster as ClusterPath
from gitops_secrets.core.sops.structure import encrypted_documents
from gitops_secrets.errors import GitOpsSecretsError

Name = tuple[str, str]
"""Namespace and name."""
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
        self._now = View(tree_of(repository, revision))

    def find(self, paths: Sequence[ClusterPath], wanted: Sequence[Wanted]) -> list[Leftover]:
        """Return what is left over of the clusters at *paths*, of which *wanted* is what Git has.

        Nothing is deleted yet. Raises GitOpsSecretsError if the history or the cluster cannot be looked at.
        """
        self._progress(f"looking for leftovers in {self._cluster.context}")
        before = self._before(paths)
        found = []
        for (namespace, name), path in before.items():
            secret = self._cluster.find("Secret", name, namespace)
            if secret is not None:
                found.append(self._judged(secret, path))
        for identities in dict.fromkeys((w.namespace, w.identity_secret) for w in wanted):
            found += self._identities(*identities, wanted)
        return found

    def _judged(self, secret: Object, path: str) -> Leftover:
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
            return Leftover(secret, None, f"{path} is no longer in Git")
        return Leftover(secret, None, reason, stays=True)

    def _using(self, namespace: str, name: str) -> Iterator[str]:
        for kind in NAMING:
            for item in self._cluster.list_in(namespace, kind):
                if names_secret(kind, item, name):
                    yield f"{kind} {item['metadata']['name']}"

    @cached_property
    def _kustomizations(self) -> list[Object]:
        return list(self._cluster.list_all("Kustomization"))

    def _before(self, paths: Sequence[ClusterPath]) -> dict[Name, str]:
        """Return the Secrets that the folders of *paths* had in the history of the commit and no file has now."""
        git = Git(str(self._repository.top))
        if git.is_shallow():
            raise GitOpsSecretsError(
                "this clone is shallow, and what Git had before cannot be seen in it",
                "git fetch --unshallow",
                "in CI, have the whole history fetched: fetch-depth: 0",
            )
        layouts = [path._replace(inline=inline) for path in paths for inline in (False, True)]
        folders = dict.fromkeys(f for c in layouts for f in (c.folder, c.tenants_folder))
        literal = [f":(top,literal){folder}" for folder in folders]
        changes = changes_of(git, self._revision, "--", *literal)
        files = {c.new: c.path for c in changes if c.new and c.path.endswith(ENDINGS)}
        names = {(d.namespace, d.name) for f in self._now.encrypted.values() for d in f}
        found: dict[Name, str] = {}
        for blob, content in git.contents(list(files)):
            if content is None:
                raise lacks(f"an earlier version of {files[blob]}")
            for document in encrypted_documents(content, files[blob]):
                at, name = document.namespace, document.name
                if at and name and not {(at, name), (None, name)} & names:
                    found[at, name] = files[blob]
        return found

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
