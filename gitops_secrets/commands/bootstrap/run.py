"""From registry credentials to one commit that Flux decrypts."""

from __future__ import annotations

from gitops_secrets.adapters.age import check_recipient
from gitops_secrets.adapters.git.repository import Repository
from gitops_secrets.adapters.sops.binary import find_sops
from gitops_secrets.adapters.sops.program import refuse_outranking
from gitops_secrets.adapters.writing.step import Beside, Steps
from gitops_secrets.adapters.writing.transaction import (
    Transaction,
    open_transaction,
    refuse_half_way,
)
from gitops_secrets.commands.bootstrap.model import Outcome, Plan, Request
from gitops_secrets.commands.bootstrap.questions import begin_questions
from gitops_secrets.commands.key.identities import forget_identity, keep_identity
from gitops_secrets.commands.repository.committing import refuse_operation
from gitops_secrets.commands.repository.guarded import is_guarded
from gitops_secrets.commands.repository.messages import CommitMessage
from gitops_secrets.commands.repository.pushing import (
    is_ahead,
    push,
    push_again,
    target_of,
    try_push,
)
from gitops_secrets.core.discretion.suspicion import is_a_word
from gitops_secrets.core.repository.kubenames import check_namespace, check_secret_name
from gitops_secrets.core.veiled import held
from gitops_secrets.errors import GitOpsSecretsError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gitops_secrets.adapters.running.interrupts import Held


def bootstrap(request: Request) -> Outcome:
    """Plan everything, then write it as one commit; the same request again changes nothing.

    Raises UsageError for an invalid request, GitOpsSecretsError for a repository in
    which it cannot be done; in both cases nothing was written.
    """
    _check(request)
    repository = request.open_repository()
    refuse_operation(repository)
    if request.dry_run:
        refuse_half_way(repository)
        return _outcome(_plan(request, repository), None)
    with open_transaction(repository) as transaction:
        guarded = request.attach or is_guarded(repository)
        outcome = _apply(request, _plan(request, repository), transaction)
        return outcome._replace(guarded=guarded)


def _plan(request: Request, repository: Repository) -> Plan:
    request.progress("reading the repository")
    # What takes longest to import is imported while git answers.
    questions = begin_questions(request, repository)
    from gitops_secrets.commands.bootstrap.plan import make_plan

    return make_plan(request, repository, questions)


def _check(request: Request) -> None:
    if request.secret or not request.attach:
        check_secret_name(request.secret)
    if request.namespace is not None:
        check_namespace(request.namespace)
    for recipient in request.age_recipients:
        check_recipient(recipient)
    if request.identity_file is not None and (len(request.paths) > 1 or request.all_clusters):
        raise UsageError(
            "--age-identity-file is one cluster's, and several are asked for",
            "run it once for each --path with its --age-identity-file",
        )
    refuse_outranking()
    find_sops()


def _apply(request: Request, plan: Plan, transaction: Transaction) -> Outcome:
    repository, head = transaction.repository, plan.head
    if not plan.changes:
        return _push_earlier(request, plan, transaction)
    beside = Beside(lambda: _keep_identities(plan), lambda: _forget_identities(plan))
    if not request.commit:
        transaction.write(plan.changes, beside)
        changed = tuple(change.path for change in plan.changes)
        return _outcome(plan, None, transaction.recovered, changed)
    target = plan.target
    addresses: tuple[str, ...] = ()
    if target is not None:
        request.progress(f"checking that {target.branch} can be pushed")
        try_push(repository, head, target)

    def send(held: Held) -> None:
        nonlocal addresses
        assert target is not None
        request.progress(f"pushing {target.branch}")
        addresses = push(repository, target, held)

    _refuse_password_in(request.message)
    steps = Steps(
        request.message.over(_message(request, plan), repository),
        beside,
        send if target is not None else None,
        request.branch,
    )
    request.progress("committing, with the hooks of the repository")
    commit = transaction.commit(plan.changes, head, steps)
    outcome = _outcome(plan, commit, transaction.recovered, pushed=request.push)
    return outcome._replace(
        branch=request.branch or outcome.branch, new_branch=plan.new_branch, addresses=addresses
    )


def _push_earlier(request: Request, plan: Plan, transaction: Transaction) -> Outcome:
    """Push the commit of an earlier run, which did not push, or did not get so far; nothing is to be written."""
    repository, head = transaction.repository, plan.head
    uncommitted = tuple(sorted(plan.states))
    ahead = request.push and not uncommitted and is_ahead(repository)
    addresses: tuple[str, ...] = ()
    if ahead:
        request.progress(f"pushing {head.branch}")
        # That of plan is for a branch that is not made now.
        addresses = push_again(repository, target_of(repository, head, None, request.branch))
    outcome = _outcome(plan, None, transaction.recovered, uncommitted, pushed=ahead)
    return outcome._replace(addresses=addresses)


def _refuse_password_in(message: CommitMessage) -> None:
    """Raise GitOpsSecretsError if the user's words for the commit hold a password that this run encrypts."""
    for password in held():
        if not is_a_word(password) and any(password in text for text in message.words):
            raise GitOpsSecretsError(
                "the commit message holds a password of this run, and Git would keep it readable",
                "leave it out of --message, --message-prefix and --trailer",
            )


def _keep_identities(plan: Plan) -> None:
    for outcome in plan.clusters:
        keep_identity(outcome.identity)


def _forget_identities(plan: Plan) -> None:
    for outcome in plan.clusters:
        forget_identity(outcome.identity)


def _message(request: Request, plan: Plan) -> str:
    paths = ", ".join(outcome.cluster.path for outcome in plan.clusters)
    if all(outcome.decryption_only for outcome in plan.clusters):
        return (
            f"Have Flux decrypt what {paths} holds\n\nThe pull Secret {request.secret} comes with the next "
            "commit: a Flux that met both at once would apply neither.\n"
        )
    namespaces = dict.fromkeys(n.namespace for o in plan.clusters for n in o.namespaces)
    if request.attach:
        sources = dict.fromkeys(source for o in plan.clusters for source in o.sources)
        named = "\n".join(f"- {name}" for name in (*namespaces, *sources))
        whom = "other namespaces" if namespaces else "sources"
        return f"Give {whom} the pull Secret {plan.clusters[0].secret_name} of {paths}\n\n{named}\n"
    registries = "\n".join(f"- {key}" for key in _registry_keys(plan))
    more = f"other namespaces that pull with it: {', '.join(namespaces)}\n" if namespaces else ""
    return (
        f"Give Flux the pull Secret {request.secret} in {paths}\n\n"
        f"Encrypted with SOPS for the cluster's own identity; registries:\n{registries}\n"
        f"{more}"
    )


def _registry_keys(plan: Plan) -> list[str]:
    keys: dict[str, None] = {}
    for outcome in plan.clusters:
        found = outcome.registries
        keys |= dict.fromkeys([*found.added, *found.updated, *found.unchanged])
    return sorted(keys)


def _outcome(
    plan: Plan,
    commit: str | None,
    recovered: str | None = None,
    uncommitted: tuple[str, ...] = (),
    *,
    pushed: bool = False,
) -> Outcome:
    return Outcome(
        plan.clusters,
        plan.changes,
        plan.head.branch or "",
        commit,
        pushed,
        recovered,
        uncommitted,
        follows=plan.head.commit is not None,
    )
