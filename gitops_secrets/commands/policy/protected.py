"""The protected branch of a server: whose rules and exceptions count for a push, and which refs it holds."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gitops_secrets.adapters.git.objects import Git
from gitops_secrets.commands.policy import policies, revisions
from gitops_secrets.errors import GitOpsSecretsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gitops_secrets.commands.policy.policies import Terms


class Update(NamedTuple):
    """One line of a pre-receive's input."""

    old: str
    new: str
    ref: str

    @property
    def creates(self) -> bool:
        """Whether the ref was not there before."""
        return not self.old.strip("0")

    @property
    def deletes(self) -> bool:
        """Whether the ref is to go."""
        return not self.new.strip("0")


class Protected(NamedTuple):
    """What a push is judged by."""

    commit: str
    """That the policy is taken from; empty in an empty repository."""
    refs: frozenset[str]
    """The refs whose policy is to stay: the branch that the policy is taken from."""
    is_all: bool
    """Whether they are all the branches there are, because none of them is the default branch."""
    terms: Terms

    def guards(self, ref: str) -> bool:
        """Return whether *ref* has to keep the policy."""
        return ref in self.refs or (self.is_all and ref.startswith("refs/heads/"))


class Refs:
    """The refs of the repository as they were before the push."""

    def __init__(self, git: Git) -> None:
        listed = git.ask("for-each-ref", "--format=%(objectname)%00%(symref)%00%(refname)")
        lines = [os.fsdecode(line).split("\0") for line in listed.split(b"\n") if line]
        self.objects = {ref: name for name, _, ref in lines}
        self._leads_to = {ref: to for _, to, ref in lines if to}

    @property
    def branches(self) -> Mapping[str, str]:
        """The branches' commits."""
        return {r: c for r, c in self.objects.items() if r.startswith("refs/heads/")}

    def meant(self, ref: str) -> str:
        """Return the ref that an update of *ref* moves: another, if it is symbolic."""
        return self._leads_to.get(ref, ref)


def protected(git: Git, refs: Refs, policy: str | None, updates: Sequence[Update]) -> Protected:
    """Return what counts for *updates*: the default branch as it was, or the revision *policy*.

    It is the same for every ref: a branch that was begun at an old commit has old rules. Raises
    GitOpsSecretsError if that branch is not there, and those that are have not all the same rules.
    """
    if policy is not None and refs.branches:
        source: revisions.Revision | None = revisions.trusted(git, policy)
    else:
        source = revisions.head(git)
    if source is not None:
        terms = policies.of_revision(git, source.id, own_markers=False)
        return Protected(source.id, frozenset({source.ref}), is_all=False, terms=terms)
    commits = list(dict.fromkeys(refs.branches.values()))
    if not commits:
        tips = [update.new for update in updates if not update.deletes]
        return Protected("", frozenset(), is_all=False, terms=policies.of_first_push(git, tips))
    if len({_policy_of(git, commit) for commit in commits}) > 1:
        raise GitOpsSecretsError(
            "HEAD of this repository names no branch, so it is not known whose policy counts",
            "on the server: git symbolic-ref HEAD refs/heads/main",
        )
    terms = policies.of_revision(git, commits[0], own_markers=False)
    return Protected(
        commits[0], frozenset(refs.branches), is_all=True, terms=terms._replace(trusted=_nothing)
    )


def _policy_of(git: Git, commit: str) -> frozenset[tuple[str, str]]:
    return frozenset((p, b) for p, b in git.tree(commit).items() if policies.is_policy(p))


def _nothing(path: str) -> bytes | None:  # noqa: ARG001
    return None
