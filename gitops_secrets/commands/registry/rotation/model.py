"""What a rotation is asked for, and what became of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from gitops_secrets.adapters.registries.minter import Minter
from gitops_secrets.commands.repository.branches import NewBranch
from gitops_secrets.commands.repository.clusters import Choice
from gitops_secrets.core.flux.pulls.secrets import PullSecret
from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.image import Image
from gitops_secrets.core.registry.proof import Means, Proof
from gitops_secrets.core.registry.reference import Registry
from gitops_secrets.core.registry.rotation.record import Record
from gitops_secrets.core.registry.rotation.stages import Step
from gitops_secrets.core.repository.filechange import Change


class Request(NamedTuple):
    """What the user asks of registry rotate."""

    repository: Path
    choice: Choice
    """The clusters by whose pull Secrets the old credential is found."""
    secret: str | None
    registry: Registry
    resume_with: str
    """The command that goes on, without a password."""
    minter: Minter | None = None
    """What mints and revokes; None if the user brings the new credential."""
    read: Callable[[], Credentials] | None = None
    """Reads the credential that the user brings."""
    means: Means = Means()
    images: Sequence[Image] = ()
    check: bool = True
    """Whether the new credential has to be proven."""
    contexts: tuple[str, ...] = ()
    """The contexts of clusters that are to be asked: NAME if there is one cluster, PATH=NAME."""
    kubeconfig: Path | None = None
    confirmed: frozenset[str] = frozenset()
    """The paths of clusters that the user confirms."""
    wait: float = 300.0
    """Seconds for all clusters to apply the commit."""
    revoke: tuple[str, ...] = ()
    """The ids that the user names to be revoked."""
    branch: str | None = None
    """The branch for the commit, made for it; None for the one that is checked out."""
    push: bool = False
    keep_old: bool = False
    revoke_after: dt.timedelta = dt.timedelta()
    """How long the old credential stays after the commit."""
    pause_after: dt.timedelta | None = None
    """How long after the commit the old credential is paused; None for just before it is revoked."""
    reactivate: bool = False
    """Take the old credential into use again that was paused, and do nothing else."""
    due: dt.timedelta | None = None
    """Do nothing unless the credential ends within this time, or a rotation of it is unfinished."""
    resume: bool = False
    dry_run: bool = False
    identity_file: Path | None = None
    progress: Callable[[str], None] = lambda _: None
    """Is told what is under way."""
    tell: Callable[[Step], None] = lambda _: None
    """Is told each step as it is made."""


class Failure(NamedTuple):
    """Why a rotation stopped after it had begun."""

    message: str
    hints: tuple[str, ...]


class Outcome(NamedTuple):
    """What was done, or in a dry run would be."""

    steps: tuple[Step, ...]
    holders: tuple[PullSecret, ...]
    branch: str = ""
    commit: str | None = None
    """The commit with the new credential; None as long as there is none."""
    changes: tuple[Change, ...] = ()
    record: Record | None = None
    """What is noted in Git about the new credential."""
    proofs: tuple[Proof, ...] = ()
    orphans: tuple[str, ...] = ()
    """The ids of credentials that were made for this repository, and that nothing in it holds."""
    failure: Failure | None = None
    resume: str | None = None
    """The command that goes on; None if the rotation is complete, or nothing of it stands."""
    recovered: str | None = None
    new_branch: NewBranch | None = None
    """*branch*, if it was made for the commit."""
    addresses: tuple[str, ...] = ()
    """Where the server says that a merge request can be opened."""
    is_complete: bool = False
    """Whether the old credential was seen to be refused."""
