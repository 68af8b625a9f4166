"""The stage that brings the commit to the server, by a push or by a merge request, which others merge."""

from __future__ import annotations

from gitops_secrets.adapters.git.repository import Head, Repository
from gitops_secrets.commands.registry.rotation.holders import Found
from gitops_secrets.commands.registry.rotation.model import Request
from gitops_secrets.commands.registry.rotation.reviewed import remember_base, unreached
from gitops_secrets.commands.repository.branches import NewBranch
from gitops_secrets.commands.repository.pushing import is_pushed, push_again, target_of
from gitops_secrets.core.registry.rotation.stages import Journey, Stage, State
from gitops_secrets.errors import GitOpsSecretsError


def push_to_upstream(
    request: Request,
    repository: Repository,
    head: Head,
    found: Found,
    commit: str,
    journey: Journey,
) -> bool:
    """Push *commit*, unless the upstream has it, and return whether the branches that Flux reads have it now.

    Raises GitOpsSecretsError if the push fails.
    """
    branch = head.branch
    if not is_pushed(repository, commit):
        if not request.push:
            journey.note(Stage.PUSH, State.WAITING, f"{branch} is not pushed: git push")
            return False
        request.progress(f"pushing {branch}")
        try:
            push_again(repository, target_of(repository, head, None, request.branch))
        except GitOpsSecretsError as error:
            journey.note(Stage.PUSH, State.FAILED, f"{branch} could not be pushed")
            raise GitOpsSecretsError(
                error.message, "git pull --rebase", request.resume_with
            ) from None
    lacking = unreached(repository, head, found, commit)
    if lacking:
        words = f"{lacking}, which Flux reads, does not have the commit of {branch}: once it is merged and pulled there, --resume goes on"
        journey.note(Stage.PUSH, State.WAITING, words)
        return False
    journey.note(Stage.PUSH, State.DONE, f"the upstream of {branch} has the commit")
    return True


def push_for_review(
    request: Request, repository: Repository, head: Head, new: NewBranch, journey: Journey
) -> tuple[str, ...]:
    """Push the branch *new*, if pushes are asked for, and return where a merge request of it can be opened.

    The rotation waits then until others have merged it. Raises GitOpsSecretsError if the push fails.
    """
    remember_base(repository, new)
    waits = f"once {new.name} is merged into {new.base}, --resume goes on"
    if not request.push:
        journey.note(Stage.PUSH, State.WAITING, f"{new.name} is not pushed; {waits}")
        return ()
    request.progress(f"pushing {new.name}")
    try:
        addresses = push_again(repository, target_of(repository, head, new, request.branch))
    except GitOpsSecretsError as error:
        journey.note(Stage.PUSH, State.FAILED, f"{new.name} could not be pushed")
        again = f"git push --set-upstream {new.remote} {new.name}"
        raise GitOpsSecretsError(error.message, again) from None
    journey.note(Stage.PUSH, State.WAITING, f"{new.name} is pushed; {waits}")
    return addresses
