"""A recipient more, or one less, in all rules of a cluster and in all files that they are for: one commit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from gitops_secrets.adapters.age import check_recipient
from gitops_secrets.adapters.files import check_inside
from gitops_secrets.adapters.git.repository import Head, Repository
from gitops_secrets.adapters.keyring import Keyring
from gitops_secrets.adapters.writing.step import Steps
from gitops_secrets.adapters.writing.transaction import open_transaction
from gitops_secrets.commands.recipients.finding import Rules, files_of, other_files_of, rules_of
from gitops_secrets.commands.repository.branches import NewBranch, new_branch
from gitops_secrets.commands.repository.clusters import Choice, chosen_clusters
from gitops_secrets.commands.repository.committing import (
    open_for_change,
    refuse_changed,
    refuse_detached,
)
from gitops_secrets.commands.repository.messages import CommitMessage
from gitops_secrets.commands.repository.worktree import work_tree
from gitops_secrets.commands.secrets.ruling import ruling_for
from gitops_secrets.commands.secrets.sealing import Sealer
from gitops_secrets.core.flux.roots.find import named_cluster
from gitops_secrets.core.repository.filechange import Change
from gitops_secrets.core.repository.layout import CONFIG, Cluster
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.sops.keys.recipients import shorten
from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.core.sops.rules.creation import (
    CreationRule,
    Recipient,
    choose_rule,
    parse_rules,
)
from gitops_secrets.core.sops.rules.edits import add_reader, drop_reader, name_reader
from gitops_secrets.errors import GitOpsSecretsError, UsageError


class Verb(StrEnum):
    """What is done with a recipient."""

    ADD = "add"
    REMOVE = "remove"


class Request(NamedTuple):
    """What the user asks of key add or key remove."""

    repository: Path
    choice: Choice
    verb: Verb
    recipient: str
    name: str | None = None
    """Whose recipient it is, for the comment in ``.sops.yaml``."""
    identity_file: Path | None = None
    branch: str | None = None
    """The branch for the commit, made for it; None for the one that is checked out."""
    dry_run: bool = False
    progress: Callable[[str], None] = lambda _: None
    """Is told what is under way."""


class Changed(NamedTuple):
    """What became of the rules and files of one cluster."""

    cluster: Cluster
    rules: int
    files: tuple[str, ...]
    named: int
    """How many of the rules have the recipient already, and only say now whose it is."""
    left: tuple[str, ...]
    """Files that are no manifests, and have other readers than their rule names."""


class Outcome(NamedTuple):
    """What was done, or in a dry run would be."""

    clusters: tuple[Changed, ...]
    changes: tuple[Change, ...]
    branch: str
    commit: str | None = None
    recovered: str | None = None
    new_branch: NewBranch | None = None
    """*branch*, if it was made for the commit."""


class _Plan(NamedTuple):
    clusters: tuple[Changed, ...]
    changes: tuple[Change, ...]
    head: Head
    new_branch: NewBranch | None


def change(request: Request) -> Outcome:
    """Plan the rules and files of every cluster that is meant, then write them as one commit.

    A recipient that is added gets the data keys that are there. One that is removed had them: its files are
    encrypted anew. Raises UsageError for an invalid request, GitOpsSecretsError if it cannot be done in
    full; in both cases nothing was written.
    """
    check_recipient(request.recipient)
    if request.name is not None and not re.fullmatch(r"[^\s#](?:.*\S)?", request.name):
        raise UsageError("--name is one line that names a person", "--name alice")
    repository = open_for_change(request.repository, dry_run=request.dry_run)
    if request.dry_run:
        plan = _plan(request, repository)
        return Outcome(plan.clusters, plan.changes, plan.head.branch or "")
    with open_transaction(repository) as transaction:
        plan = _plan(request, repository)
        outcome = Outcome(
            plan.clusters, plan.changes, plan.head.branch or "", None, transaction.recovered
        )
        if not plan.changes:
            return outcome
        request.progress("committing, with the hooks of the repository")
        steps = Steps(
            CommitMessage().over(_message(request, plan), repository), branch=request.branch
        )
        commit = transaction.commit(plan.changes, plan.head, steps)
        branch = request.branch or outcome.branch
        return outcome._replace(commit=commit, branch=branch, new_branch=plan.new_branch)


def _plan(request: Request, repository: Repository) -> _Plan:
    request.progress("reading the repository")
    listing = repository.begin_listing()
    tree, _ = work_tree(repository)
    clusters = chosen_clusters(request.choice, tree, repository.top)
    with Sealer(tree, Keyring(request.identity_file)) as sealer:
        changed = tuple(_plan_cluster(request, tree, sealer, cluster) for cluster in clusters)
    changes = tree.changes()
    for one in changes:
        check_inside(repository.top, one.path)
    head, states = repository.status([one.path for one in changes] or [CONFIG])
    refuse_detached(repository, head)
    branch = new_branch(repository, head, request.branch)
    refuse_changed(repository, listing(), states, changes, run_filters=not request.dry_run)
    return _Plan(changed, changes, head, branch)


def _plan_cluster(request: Request, tree: Overlay, sealer: Sealer, cluster: Cluster) -> Changed:
    before = rules_of(tree, cluster)
    paths = tuple(files_of(tree, before.rules))
    others = dict(other_files_of(tree, before.rules))
    is_added = request.verb is Verb.ADD
    if not is_added:
        read = [Manifest(tree.read(path) or b"", path).recipients for path in paths]
        _refuse_removal(request, before, cluster, [*read, *others.values()])
    rules = named = 0
    for rule in before.rules:
        held = next((r for r in rule.recipients if r.value == request.recipient), None)
        content = tree.read(CONFIG) or b""
        if not is_added:
            if held is None:
                continue
            edited = drop_reader(content, rule, request.recipient)
        elif held is None:
            edited = add_reader(content, rule, request.recipient, request.name)
        elif request.name in (None, held.name):
            continue
        else:
            _refuse_name_of_cluster(held)
            edited = name_reader(content, rule, request.recipient, request.name or "")
            named += 1
        tree.write(CONFIG, edited)
        rules += 1
    files = []
    for path in paths:
        request.progress(f"encrypting {path}")
        opened = sealer.open(path)
        ruling = ruling_for(tree.read(CONFIG) or b"", path)
        if opened.sealed.is_encrypted_for(ruling.recipients, mac_only=ruling.mac_only):
            continue
        if is_added:
            sealer.rewrap(opened, ruling)
        else:
            sealer.reseal(opened, opened.plain, ruling, renew=True)
        files.append(path)
    every = parse_rules(tree.read(CONFIG) or b"")
    left = tuple(p for p, held in others.items() if set(held) != _named(choose_rule(every, p)))
    return Changed(named_cluster(tree, cluster), rules, tuple(files), named, left)


def _named(rule: CreationRule | None) -> set[str]:
    return {recipient.value for recipient in rule.recipients} if rule is not None else set()


def _refuse_name_of_cluster(held: Recipient) -> None:
    """Raise UsageError if the line of *held* says for which cluster it is: bootstrap and doctor read that."""
    if held.cluster is not None:
        raise UsageError(
            f"{shorten(held.value)} is the recipient of {held.cluster}, which its line in {CONFIG} says",
            "leave --name away",
        )


def _refuse_removal(
    request: Request, rules: Rules, cluster: Cluster, held: Iterable[Iterable[str]]
) -> None:
    """Raise GitOpsSecretsError for the cluster's own recipient, and for one whom neither a rule nor a file names."""
    if request.recipient == rules.own:
        raise GitOpsSecretsError(
            f"{shorten(rules.own)} is the recipient of {cluster.path} itself: without it Flux decrypts nothing",
            f"gitops-secrets key list --path {cluster.path}",
        )
    named = {r.value for rule in rules.rules for r in rule.recipients}
    if request.recipient not in named.union(*held):
        raise GitOpsSecretsError(
            f"no creation rule and no file of {cluster.path} names {shorten(request.recipient)}",
            f"gitops-secrets key list --path {cluster.path}",
        )


def _message(request: Request, plan: _Plan) -> str:
    paths = ", ".join(changed.cluster.path for changed in plan.clusters)
    whose = f" of {request.name}" if request.name else ""
    who = shorten(request.recipient)
    if request.verb is Verb.ADD and all(c.rules == c.named and not c.files for c in plan.clusters):
        return f"Say whose a recipient of {paths} is\n\nThe recipient{whose} is {who}.\n"
    if request.verb is Verb.ADD:
        return f"Let one more recipient decrypt the Secrets of {paths}\n\nThe recipient{whose} is {who}.\n"
    return (
        f"Take a recipient out of the Secrets of {paths}\n\n{who} can still decrypt what earlier commits "
        "hold.\n"
    )
