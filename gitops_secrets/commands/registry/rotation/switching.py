"""The new credential in every pull Secret that holds the old one: one commit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Self

from gitops_secrets.adapters.files import check_inside
from gitops_secrets.adapters.git.repository import Head, Repository
from gitops_secrets.adapters.keyring import Keyring
from gitops_secrets.adapters.writing.step import Steps
from gitops_secrets.adapters.writing.transaction import Transaction
from gitops_secrets.commands.registry.finding import open_found
from gitops_secrets.commands.registry.rotation.holders import Found, Holder
from gitops_secrets.commands.registry.rotation.model import Request
from gitops_secrets.commands.repository.branches import NewBranch, new_branch
from gitops_secrets.commands.repository.committing import refuse_changed, refuse_detached
from gitops_secrets.commands.repository.messages import CommitMessage
from gitops_secrets.commands.repository.pushing import target_of, try_push
from gitops_secrets.commands.secrets.pull_secret import plan_entries, refuse_new_readers
from gitops_secrets.commands.secrets.ruling import ruling_for
from gitops_secrets.commands.secrets.sealing import Sealer
from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.rotation.record import Record
from gitops_secrets.core.repository.filechange import Change
from gitops_secrets.core.repository.layout import CONFIG
from gitops_secrets.core.sops.manifest import Manifest


class Switch(NamedTuple):
    """A commit that can be made here: all that can be seen beforehand is in order."""

    request: Request
    repository: Repository
    found: Found
    head: Head
    new_branch: NewBranch | None
    """The branch to be made for the commit; None for the one that is checked out."""

    @classmethod
    def prepare(cls, request: Request, repository: Repository, found: Found) -> Self:
        """Raise GitOpsSecretsError if the holders cannot be changed, committed or pushed: before anything is minted."""
        listing = repository.begin_listing()
        paths = _paths(found.holding.ours)
        for path in paths:
            check_inside(repository.top, path)
        head, states = repository.status(paths)
        refuse_detached(repository, head)
        new = new_branch(repository, head, request.branch)
        before = [Change(path, found.seen.tree.read(path), b"") for path in paths]
        refuse_changed(repository, listing(), states, before, run_filters=not request.dry_run)
        for holder in found.holding.ours:
            path, tree = holder.secret.path, found.seen.tree
            ruling = ruling_for(tree.read(CONFIG) or b"", path)
            sealed = Manifest(tree.read(path) or b"", path)
            refuse_new_readers(sealed, holder.secret.cluster.path, ruling)
        if request.push and not request.dry_run:
            target = target_of(repository, head, new, request.branch)
            request.progress(f"checking that {target.branch} can be pushed")
            try_push(repository, head, target)
        return cls(request, repository, found, head, new)

    def plan(self, credentials: Credentials, record: Record) -> tuple[Change, ...]:
        """Return what gives every holder the new credential."""
        tree = self.found.seen.tree
        with Sealer(tree, Keyring(self.request.identity_file)) as sealer:
            for path in _paths(self.found.holding.ours):
                holders = [h for h in self.found.holding.ours if h.secret.path == path]
                held = open_found(sealer, tree, holders[0].secret)
                wanted = held.secret.put({h.key: credentials for h in holders})
                ruling = ruling_for(tree.read(CONFIG) or b"", path)
                plan_entries(sealer, held, wanted, ruling, {h.key: record for h in holders})
        return tree.changes()

    def commit(self, transaction: Transaction, changes: Sequence[Change]) -> str:
        """Commit *changes* and return the commit; the errors are those of a transaction."""
        places = "\n".join(f"- {path}" for path in _paths(self.found.holding.ours))
        key = self.request.registry.key
        message = f"Rotate the credential for {key}\n\nThe pull Secrets that hold it:\n{places}\n"
        return transaction.commit(
            changes,
            self.head,
            Steps(CommitMessage().over(message, self.repository), branch=self.request.branch),
        )

    def stands(self, changes: Sequence[Change]) -> bool:
        """Return whether the last commit holds any of *changes*, whatever was said about it."""
        held = self.repository.contents("HEAD", [change.path for change in changes])[1]
        return any(held[change.path] == change.after for change in changes)


def _paths(holders: Sequence[Holder]) -> list[str]:
    return list(dict.fromkeys(holder.secret.path for holder in holders))
