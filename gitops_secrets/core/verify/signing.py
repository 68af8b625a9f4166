"""Files held against the signatures of the commits that changed them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from gitops_secrets.core.guard.judge.signing import SignedRule
from gitops_secrets.core.guard.record.finding import Finding
from gitops_secrets.core.verify.checks import found
from gitops_secrets.core.verify.signatures import Signature, Signers
from gitops_secrets.core.yamltext.nodes import Position

_TOP = Position(1, 1)


class Changed(NamedTuple):
    """A commit that last changed a file, and the one that brought it to the branch."""

    commit: str
    brought_by: str
    """The first commit on the branch's first-parent line that has it; itself, if it was made there."""


class Need(NamedTuple):
    """What one file needs."""

    path: str
    rule: SignedRule
    changes: tuple[Changed, ...]

    def commits(self) -> Iterator[str]:
        """Yield the commits whose signatures matter."""
        for change in self.changes:
            yield change.commit
            if self.rule.signers > 1:
                yield change.brought_by


def uncommitted(path: str, what: str) -> Finding:
    """Return the finding that nobody has signed *path* as it is, of which *what* says why."""
    return found("unsigned", path, _TOP, what, fix="git add {path} && git commit --gpg-sign")


def check_need(
    need: Need, signers: Signers, signatures: Mapping[str, Signature]
) -> Iterator[Finding]:
    """Yield where *signatures* are not what *need* asks for."""
    for change in need.changes:
        signature = signatures[change.commit]
        flaw = _flaw(need, f"commit {change.commit[:10]}, which last changed it,", signature)
        flaw = flaw or _stranger(need, signers, signature)
        if flaw is not None:
            yield flaw._replace(commit=change.commit)
            continue
        first = signers.signer_of(signature)
        if need.rule.signers > 1:
            missing = _no_second(need, change, str(first), signers, signatures)
            if missing:
                second = found("one-signer", need.path, _TOP, missing)
                yield second._replace(commit=change.commit)


def _flaw(need: Need, subject: str, signature: Signature) -> Finding | None:
    if signature.is_absent:
        return found("unsigned", need.path, _TOP, f"{subject} is not signed")
    if signature.letter == "B":
        return found("bad-signature", need.path, _TOP, f"{subject} {signature.flaw}")
    if signature.flaw:
        return found("untrusted-signer", need.path, _TOP, f"{subject} {signature.flaw}")
    return None


def _stranger(need: Need, signers: Signers, signature: Signature) -> Finding | None:
    why = _not_allowed(need.rule, signers, signature)
    message = f"commit {signature.commit[:10]}, which last changed it, {why}"
    return found("untrusted-signer", need.path, _TOP, message) if why else None


def _not_allowed(rule: SignedRule, signers: Signers, signature: Signature) -> str:
    """Return why the good *signature* does not count for *rule*, "" if it does."""
    person = signers.signer_of(signature)
    if person is None:
        return f"is signed with the key {signature.shown_key}, which is no signer's"
    if rule.by and person not in rule.by:
        return f"is signed by {person}, who is not among its signers: {', '.join(rule.by)}"
    return ""


def _no_second(
    need: Need,
    change: Changed,
    first: str,
    signers: Signers,
    signatures: Mapping[str, Signature],
) -> str:
    """Return why nobody else signed the merge that brought *change*, "" if somebody did."""
    begin = f"two signers are needed: commit {change.commit[:10]} is signed by {first}, and"
    if change.brought_by == change.commit:
        return f"{begin} no merge brought it, it was made on the branch itself"
    merge = f"{begin} the merge {change.brought_by[:10]} that brought it"
    signature = signatures[change.brought_by]
    if signature.is_absent:
        return f"{merge} is not signed"
    why = signature.flaw or _not_allowed(need.rule, signers, signature)
    if why:
        return f"{merge} {why}"
    return f"{merge} as well" if signers.signer_of(signature) == first else ""


def commits_of(needs: Iterable[Need]) -> list[str]:
    """Return the commits whose signatures *needs* ask for, each once."""
    return list(dict.fromkeys(commit for need in needs for commit in need.commits()))
