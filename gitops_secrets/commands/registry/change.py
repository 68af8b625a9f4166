"""add, update, remove and import: other entries in the pull Secret of one or several clusters, in one commit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from gitops_secrets.adapters.files import check_inside
from gitops_secrets.adapters.git.repository import Head, Repository
from gitops_secrets.adapters.keyring import Keyring
from gitops_secrets.adapters.writing.step import Steps
from gitops_secrets.adapters.writing.transaction import open_transaction
from gitops_secrets.commands.registry.edits import Edit
from gitops_secrets.commands.registry.finding import Seen, copies, open_found, own_secret, see
from gitops_secrets.commands.repository.branches import NewBranch, new_branch
from gitops_secrets.commands.repository.clusters import Choice
from gitops_secrets.commands.repository.committing import (
    open_for_change,
    refuse_changed,
    refuse_detached,
)
from gitops_secrets.commands.repository.messages import CommitMessage
from gitops_secrets.commands.secrets.pull_secret import (
    OpenedPullSecret,
    Registries,
    plan_entries,
    refuse_new_readers,
)
from gitops_secrets.commands.secrets.ruling import ruling_for
from gitops_secrets.commands.secrets.sealing import Sealer
from gitops_secrets.core.flux.pulls.secrets import PullSecret as Place
from gitops_secrets.core.flux.pulls.usage import uses
from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.image import Image, images_at
from gitops_secrets.core.registry.proof import Means, Proof
from gitops_secrets.core.registry.reference import Registry, covers
from gitops_secrets.core.registry.verdict import Verdict
from gitops_secrets.core.repository.filechange import Change
from gitops_secrets.core.repository.layout import CONFIG
from gitops_secrets.errors import GitOpsSecretsError


class Mode(StrEnum):
    """When new credentials are written."""

    REQUIRE = "require"
    """If they are proven."""
    AUTO = "auto"
    """Unless the registry refuses them."""
    NEVER = "never"
    """Unchecked."""


class Checking(NamedTuple):
    """How new credentials are checked before they are written."""

    mode: Mode = Mode.NEVER
    means: Means = Means()
    images: Sequence[Image] = ()
    """The images to prove by; none for those of the repository."""


class Request(NamedTuple):
    """What the user asks of registry add, update, remove or import."""

    repository: Path
    choice: Choice
    secret: str | None
    """The name of the pull Secret; None for the only one."""
    edit: Edit
    identity_file: Path | None = None
    checking: Checking = Checking()
    branch: str | None = None
    """The branch for the commit, made for it; None for the one that is checked out."""
    dry_run: bool = False
    progress: Callable[[str], None] = lambda _: None
    """Is told what is under way."""


class Changed(NamedTuple):
    """What became of the pull Secret of one cluster, or of a copy for a namespace, or would in a dry run."""

    place: Place
    registries: Registries


class Outcome(NamedTuple):
    """What was done, or in a dry run would be."""

    clusters: tuple[Changed, ...]
    changes: tuple[Change, ...]
    branch: str
    commit: str | None
    recovered: str | None = None
    uncommitted: tuple[str, ...] = ()
    """Files that are as they should be, but in no commit yet."""
    proofs: tuple[Proof, ...] = ()
    """What the registries said of the new credentials."""
    new_branch: NewBranch | None = None
    """*branch*, if it was made for the commit."""


class _Plan(NamedTuple):
    clusters: tuple[Changed, ...]
    changes: tuple[Change, ...]
    head: Head
    uncommitted: tuple[str, ...]
    proofs: tuple[Proof, ...]
    new_branch: NewBranch | None


def change(request: Request) -> Outcome:
    """Plan the entries of every pull Secret that is meant, then write them as one commit.

    Raises UsageError for an invalid request, GitOpsSecretsError for a repository in which it cannot be
    done; in both cases nothing was written.
    """
    repository = open_for_change(request.repository, dry_run=request.dry_run)
    if request.dry_run:
        plan = _plan(request, repository)
        branch = plan.head.branch or ""
        return Outcome(plan.clusters, plan.changes, branch, None, proofs=plan.proofs)
    with open_transaction(repository) as transaction:
        plan = _plan(request, repository)
        outcome = Outcome(
            plan.clusters,
            plan.changes,
            plan.head.branch or "",
            None,
            transaction.recovered,
            plan.uncommitted,
            plan.proofs,
        )
        if not plan.changes:
            return outcome
        request.progress("committing, with the hooks of the repository")
        name = plan.clusters[0].place.name
        paths = list(dict.fromkeys(changed.place.cluster.path for changed in plan.clusters))
        steps = Steps(
            CommitMessage().over(request.edit.message(name, paths), repository),
            branch=request.branch,
        )
        commit = transaction.commit(plan.changes, plan.head, steps)
        branch = request.branch or outcome.branch
        return outcome._replace(commit=commit, branch=branch, new_branch=plan.new_branch)


def _plan(request: Request, repository: Repository) -> _Plan:
    request.progress("reading the repository")
    listing = repository.begin_listing()
    seen = see(repository, request.choice)
    own = [own_secret(seen, cluster, request.secret) for cluster in seen.clusters]
    places = [place for one in own for place in (one, *copies(seen, one))]
    files = [place.path for place in places]
    for path in files:
        check_inside(repository.top, path)
    head, states = repository.status(files)
    refuse_detached(repository, head)
    branch = new_branch(repository, head, request.branch)
    with Sealer(seen.tree, Keyring(request.identity_file)) as sealer:
        request.progress(f"decrypting {', '.join(files)}")
        held = [open_found(sealer, seen.tree, place) for place in places]
        for place, opened in zip(places, held, strict=True):
            if place in own:
                request.edit.refuse_misfit(opened.secret, place.cluster.path)
        # Only now, when all else is seen to be in order: one of the sources may be a prompt.
        credentials = dict(zip(request.edit.registries, request.edit.read(), strict=False))
        proofs = _check(request, seen, credentials)
        request.progress(f"encrypting {', '.join(files)}")
        changed = tuple(
            Changed(place, _plan_one(sealer, seen, opened, request.edit, credentials))
            for place, opened in zip(places, held, strict=True)
        )
    changes = seen.tree.changes()
    refuse_changed(repository, listing(), states, changes, run_filters=not request.dry_run)
    return _Plan(changed, changes, head, tuple(sorted(states)), proofs, branch)


def _check(
    request: Request, seen: Seen, credentials: Mapping[Registry, Credentials]
) -> tuple[Proof, ...]:
    """Return what the registries say of *credentials*. Raises GitOpsSecretsError if they are not to be written then."""
    mode, means, named = request.checking
    if mode is Mode.NEVER or not credentials:
        return ()
    from gitops_secrets.commands.registry.proving import Question, prove
    from gitops_secrets.report.proofs import hint, sentence

    used = [use.reference for cluster in seen.clusters for use in uses(seen.view, cluster)]
    questions = [
        Question(
            r.key,
            c,
            tuple(image for image in named if covers(r.key, image.name))
            if named
            else images_at(used, r.key),
        )
        for r, c in credentials.items()
    ]
    request.progress(f"asking {', '.join(r.host for r in credentials)}")
    proofs = tuple(prove(questions, means))
    bad = [
        proof
        for proof in proofs
        if proof.judgement.verdict is Verdict.REFUSED
        or (mode is Mode.REQUIRE and not proof.is_good)
    ]
    if bad:
        raise GitOpsSecretsError(
            "; ".join(f"{proof.key}: {sentence(proof)}" for proof in bad)
            + "; --check never writes without asking",
            *(
                hint(proof, "--image")
                for proof in bad
                if proof.judgement.verdict is not Verdict.REFUSED
            ),
            "--check never",
        )
    return proofs


def _plan_one(
    sealer: Sealer,
    seen: Seen,
    held: OpenedPullSecret,
    edit: Edit,
    credentials: Mapping[Registry, Credentials],
) -> Registries:
    ruling = ruling_for(seen.tree.read(CONFIG) or b"", held.opened.sealed.path)
    refuse_new_readers(held.opened.sealed, held.secret.cluster_path, ruling)
    return plan_entries(sealer, held, edit.apply(held.secret, credentials), ruling)
