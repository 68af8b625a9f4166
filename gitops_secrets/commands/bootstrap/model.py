"""What bootstrap is asked, plans and answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from gitops_secrets.commands.repository.messages import CommitMessage

if TYPE_CHECKING:
    from pathlib import Path

    from gitops_secrets.adapters.git.repository import Head, Repository
    from gitops_secrets.commands.key.identities import ClusterIdentity
    from gitops_secrets.commands.registry.sources import Source as CredentialSource
    from gitops_secrets.commands.repository.branches import NewBranch
    from gitops_secrets.commands.repository.pushing import Target
    from gitops_secrets.commands.secrets.pull_secret import Registries
    from gitops_secrets.core.flux.objects import Source
    from gitops_secrets.core.registry.reference import Registry
    from gitops_secrets.core.repository.filechange import Change
    from gitops_secrets.core.repository.layout import Cluster
    from gitops_secrets.core.sops.rules.creation import CreationRule, Recipient
    from gitops_secrets.core.wiring.sources import SourceName
    from gitops_secrets.core.wiring.wire import Wired


class Request(NamedTuple):
    """What the user asks of bootstrap."""

    open_repository: Callable[[], Repository]
    groups: Sequence[tuple[Registry | None, CredentialSource]]
    """Each registry with its credential source; None for the one that Flux's images come from."""
    secret: str
    """The name of the pull Secret; empty, with *attach*, for the only one that the cluster has."""
    paths: Sequence[str] = ()
    all_clusters: bool = False
    new_cluster: bool = False
    """Whether a path at which Flux reads nothing yet is meant, in a repository with other clusters."""
    namespace: str | None = None
    source: Source | None = None
    flavour: str | None = None
    """What installs Flux, if it is not to be found out: one of wiring.FLAVOURS."""
    layout: str | None = None
    """"separate" or "inline"; None for the one that a cluster has, else separate."""
    accounts: Sequence[tuple[str, str]] = ()
    """Namespaces that are to pull with the Secret too, each with a ServiceAccount, "" for its default."""
    all_namespaces: bool = False
    """Whether every namespace that Git makes in the cluster is to have a copy, and this is recorded."""
    resource_set: bool = False
    """Whether the Flux Operator is to copy the Secret, in place of a file for each namespace."""
    sources: Sequence[SourceName] = ()
    """Sources of Flux that are to log in with the Secret, in whatever namespace."""
    attach: bool = False
    """Whether only they are asked for: the pull Secret of Flux is there, and is left as it is."""
    folder: str | None = None
    """The folder that is to hold pull-secrets/; None for the first that Flux fetches."""
    resume: bool = False
    """Whether the user says that Flux decrypts what is inline by now."""
    context: str | None = None
    """The kubeconfig's context of the cluster to see that in; None to believe the user."""
    kubeconfig: Path | None = None
    age_recipients: Sequence[str] = ()
    identity_file: Path | None = None
    keep_shadowed: bool | None = None
    """Whether the recipients of a rule that ours goes ahead of are to read the Secret too; None if it is not said."""
    ask_shadowed: Callable[[Cluster, CreationRule, Sequence[str]], bool] = lambda *_: False
    """Asked that if it is not said."""
    commit: bool = True
    message: CommitMessage = CommitMessage()
    branch: str | None = None
    """The branch for the commit, made for it; None for the one that is checked out."""
    push: bool = False
    dry_run: bool = False
    progress: Callable[[str], None] = lambda _: None
    """Is told what is under way."""


class NamespaceOutcome(NamedTuple):
    """What was planned for the pull Secret of a further namespace."""

    namespace: str
    secret_file: str
    kustomization: str | None
    """The name of the Kustomization that applies it; None if a ResourceSet does."""
    registries: Registries
    recipients: tuple[str, ...]
    """Who can decrypt it."""
    accounts: tuple[str, ...]
    """The ServiceAccounts, of those asked for, that pull with it."""
    notes: tuple[str, ...]
    resource_set: str | None = None
    """The name of the ResourceSet by which the Flux Operator copies it; *secret_file* is that one's."""
    account_file: str | None = None
    """The new file that makes its ServiceAccount ``default``, None if there is none."""


def notes_of_accounts(namespaces: Sequence[NamespaceOutcome]) -> tuple[str, ...]:
    """Return what to know of the ServiceAccounts ``default`` that were made for *namespaces*: one note for all."""
    new = {one.namespace: one.account_file for one in namespaces if one.account_file is not None}
    if not new:
        return ()
    from gitops_secrets.core.wiring.namespaces import account_notes

    return account_notes(new)


class ClusterOutcome(NamedTuple):
    """What was planned for one cluster."""

    cluster: Cluster
    namespace: str
    secret_file: str
    registries: Registries
    recipients: tuple[Recipient, ...]
    identity: ClusterIdentity
    wired: Wired
    decryption_only: bool = False
    """Whether the pull Secret has to wait for a second commit."""
    namespaces: tuple[NamespaceOutcome, ...] = ()
    sources: tuple[str, ...] = ()
    """The sources asked for, which log in with the Secret of their namespace."""

    @property
    def secret_name(self) -> str:
        """The name of the pull Secret."""
        return self.secret_file.rsplit("/", 1)[1].removesuffix(".sops.yaml")


class Outcome(NamedTuple):
    """What bootstrap did, or with dry_run would do."""

    clusters: tuple[ClusterOutcome, ...]
    changes: tuple[Change, ...]
    branch: str
    """The branch that the commit is on."""
    commit: str | None
    pushed: bool
    recovered: str | None
    uncommitted: tuple[str, ...] = ()
    """Files that are as they should be, but in no commit yet."""
    follows: bool = False
    """Whether the commit has one before it."""
    new_branch: NewBranch | None = None
    """*branch*, if it was made for the commit."""
    addresses: tuple[str, ...] = ()
    """Where the server says that a merge request can be opened."""
    guarded: bool = True
    """Whether the guard looks at what is committed here; True too if that was not asked."""


class Plan(NamedTuple):
    """Everything that is to be done, computed before any of it is."""

    clusters: tuple[ClusterOutcome, ...]
    changes: tuple[Change, ...]
    head: Head
    states: Mapping[str, str]
    """Those of the files concerned that differ from the last commit, with Git's state."""
    new_branch: NewBranch | None = None
    """The branch to be made for the commit; None for the one that is checked out."""
    target: Target | None = None
    """Where the commit is pushed to; None if it is not."""
