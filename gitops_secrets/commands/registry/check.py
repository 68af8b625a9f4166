"""check: whether the credentials of the pull Secrets pull."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from gitops_secrets.adapters.git.opening import open_repository
from gitops_secrets.commands.registry.finding import Seen, see
from gitops_secrets.commands.registry.opened import open_pull_secrets
from gitops_secrets.commands.registry.proving import Question, prove
from gitops_secrets.commands.repository.clusters import Choice
from gitops_secrets.core.flux.pulls.commands import commands_for
from gitops_secrets.core.flux.pulls.secrets import PullSecret, pull_secrets
from gitops_secrets.core.flux.pulls.usage import Use, uses
from gitops_secrets.core.flux.suggesting import bootstrap_of
from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.image import Image, images_at
from gitops_secrets.core.registry.proof import Means, Proof
from gitops_secrets.core.registry.reference import Registry, covers, find_key
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.errors import GitOpsSecretsError


class Request(NamedTuple):
    """What the user asks of registry check."""

    repository: Path
    choice: Choice
    secret: str | None
    """The name of the pull Secrets; None for all of the cluster."""
    registries: Sequence[Registry]
    """The registries that are meant; none for all."""
    images: Sequence[Image]
    """The images to prove by; none for those of the repository."""
    means: Means
    identity_file: Path | None = None
    progress: Callable[[str], None] = lambda _: None
    """Is told what is under way."""


class Checked(NamedTuple):
    """One credential, and the pull Secrets that hold it."""

    holders: tuple[PullSecret, ...]
    proof: Proof

    @property
    def paths(self) -> list[str]:
        """The paths of the clusters that hold it."""
        return list(dict.fromkeys(holder.cluster.path for holder in self.holders))


class Outcome(NamedTuple):
    """What was checked, and what could not be."""

    checked: tuple[Checked, ...]
    unopened: tuple[PullSecret, ...]
    """The pull Secrets that no identity at hand opens."""


def check(request: Request) -> Outcome:
    """Ask each registry of the pull Secrets that are meant; a credential that several hold is asked for once.

    The registries' addresses are those of the Secrets, or of images that the user named. An image that
    stands in Git alone only says which path is asked for there. Raises GitOpsSecretsError if nothing is to
    be checked.
    """
    repository = open_repository(request.repository)
    request.progress("reading the work tree")
    seen = see(repository, request.choice)
    request.progress("decrypting the pull Secrets")
    opened = open_pull_secrets(seen.view, request.identity_file)
    meant = [
        secret
        for secret in pull_secrets(seen.view)
        if secret.cluster in seen.clusters and request.secret in (None, secret.name)
    ]
    held: dict[tuple[str, Credentials], list[PullSecret]] = {}
    for secret in meant:
        for key, credentials in opened.get(secret.place, {}).items():
            if _is_meant(request, key):
                held.setdefault((key, credentials), []).append(secret)
    unopened = tuple(secret for secret in meant if secret.place not in opened)
    if not held and not unopened:
        raise _nothing(request, seen, meant)
    used = {cluster: uses(seen.view, cluster) for cluster in seen.clusters}
    questions = [
        Question(key, credentials, _images(request, key, holders, used))
        for (key, credentials), holders in held.items()
    ]
    names = ", ".join(dict.fromkeys(Registry(q.key).host for q in questions))
    request.progress(f"asking {names}")
    proofs = prove(questions, request.means) if questions else []
    return Outcome(
        tuple(Checked(tuple(h), p) for h, p in zip(held.values(), proofs, strict=True)), unopened
    )


def _images(
    request: Request,
    key: str,
    holders: Sequence[PullSecret],
    used: dict[Cluster, list[Use]],
) -> tuple[Image, ...]:
    if request.images:
        return tuple(image for image in request.images if covers(key, image.name))
    found = (
        image
        for h in holders
        for image in images_at((use.reference for use in used[h.cluster]), key)
    )
    return tuple(dict.fromkeys(found))


def _is_meant(request: Request, key: str) -> bool:
    if request.registries and not any(find_key([key], r) for r in request.registries):
        return False
    return not request.images or any(covers(key, image.name) for image in request.images)


def _nothing(request: Request, seen: Seen, secrets: Sequence[PullSecret]) -> GitOpsSecretsError:
    if not secrets:
        return GitOpsSecretsError(
            "there is no pull Secret to check", bootstrap_of(seen.view, seen.clusters[0])
        )
    if request.images:
        names = ", ".join(image.name for image in request.images)
        return GitOpsSecretsError(
            f"no registry of the pull Secrets covers {names}",
            _add(secrets, Registry(request.images[0].host)),
        )
    if request.registries:
        names = ", ".join(registry.key for registry in request.registries)
        return GitOpsSecretsError(
            f"no pull Secret has an entry for {names}", "gitops-secrets registry list"
        )
    return GitOpsSecretsError("there is no registry to check", _add(secrets, Registry("HOST:PORT")))


def _add(secrets: Sequence[PullSecret], registry: Registry) -> str:
    """Return the command that adds *registry* to the first of *secrets*, of those that are ours if there are any."""
    ours = [secret for secret in secrets if secret.is_whole]
    return commands_for("add", (ours or secrets)[:1], registry)
