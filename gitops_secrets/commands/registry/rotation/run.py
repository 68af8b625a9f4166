"""A rotation from its first stage to its last, or on from where an earlier run stopped.

What an earlier run did is read from the repository, the list of what mints, the registry and the clusters; no file
remembers it.
"""

from __future__ import annotations

import datetime as dt

from gitops_secrets.adapters.git.repository import Head, Repository
from gitops_secrets.adapters.running.interrupts import Interrupted, unheard
from gitops_secrets.adapters.writing.transaction import Transaction, open_transaction
from gitops_secrets.commands.registry.rotation.asking import is_refused, see_pull
from gitops_secrets.commands.registry.rotation.bridging import Bridge
from gitops_secrets.commands.registry.rotation.confirming import (
    confirm_all,
    contexts_of,
    refuse_unknown,
)
from gitops_secrets.commands.registry.rotation.due import is_unfinished, why_not
from gitops_secrets.commands.registry.rotation.earlier import Earlier
from gitops_secrets.commands.registry.rotation.history import Switched
from gitops_secrets.commands.registry.rotation.holders import find
from gitops_secrets.commands.registry.rotation.minting import make_new, prefix_of, take_back
from gitops_secrets.commands.registry.rotation.model import Failure, Outcome, Request
from gitops_secrets.commands.registry.rotation.pausing import refuse_unpausable
from gitops_secrets.commands.registry.rotation.pushing import push_for_review, push_to_upstream
from gitops_secrets.commands.registry.rotation.revoking import Ending, is_time, refuse_others
from gitops_secrets.commands.registry.rotation.switching import Switch
from gitops_secrets.commands.repository.branches import NewBranch
from gitops_secrets.commands.repository.committing import open_for_change
from gitops_secrets.commands.repository.pushing import target_of
from gitops_secrets.core.registry.proof import Proof
from gitops_secrets.core.registry.rotation.minted import Listed, Minted, orphans
from gitops_secrets.core.registry.rotation.record import BROUGHT, Record
from gitops_secrets.core.registry.rotation.stages import Journey, Stage, State, Step
from gitops_secrets.core.repository.filechange import Change
from gitops_secrets.errors import GitOpsSecretsError
from gitops_secrets.report.proofs import hint, sentence
from gitops_secrets.report.words import count


def rotate(request: Request) -> Outcome:
    """Rotate the credential that *request* means, as far as that can be done now.

    Raises UsageError for an invalid request, and GitOpsSecretsError as long as nothing was minted or
    written. What fails later is in the outcome; the old credential works then.
    """
    refuse_unpausable(request)
    repository = open_for_change(request.repository, dry_run=request.dry_run)
    if request.due is not None and is_unfinished(request, repository):
        request = request._replace(resume=True)
    elif words := why_not(request, repository):
        step = Step(Stage.FIND, State.SKIPPED, words)
        request.tell(step)
        return Outcome((step,), ())
    if request.dry_run:
        return _Rotation(request, repository).plan()
    with open_transaction(repository) as transaction:
        rotation = _Rotation(request, repository)
        rotation.recovered = transaction.recovered
        goes_on = rotation.begin(transaction)
    return rotation.end() if goes_on else rotation.outcome()


class _Rotation:
    """One run: what it knows, and the steps that it made."""

    def __init__(self, request: Request, repository: Repository) -> None:
        self.recovered: str | None = None
        self._request = request
        self._repository = repository
        self._journey = Journey(request.tell)
        self._proofs: list[Proof] = []
        self._changes: tuple[Change, ...] = ()
        self._record: Record | None = None
        self._switched: Switched | None = None
        self._token_seconds: int | None = None
        self._failure: Failure | None = None
        self._new_branch: NewBranch | None = None
        self._addresses: tuple[str, ...] = ()
        request.progress("reading and decrypting the repository")
        self._found = find(request, repository)
        self._contexts = contexts_of(request, self._found.holding.clusters)
        refuse_unknown(request, self._contexts)
        self._bridge = Bridge(request, self._found, self._contexts)
        self._head: Head = repository.status([self._found.first.secret.path])[0]
        if request.push and request.branch is None:
            target_of(repository, self._head, None, None)
        self._prefix = prefix_of(request, repository)
        self._listed: list[Listed] = request.minter.list() if request.minter is not None else []
        self._earlier = Earlier(request, repository, self._found, self._listed, self._prefix)

    def plan(self) -> Outcome:
        """Return what a run would do first."""
        if not self._request.resume:
            Switch.prepare(self._request, self._repository, self._found)
        self._note_found()
        return self.outcome()

    def begin(self, transaction: Transaction) -> bool:
        """Mint, prove and switch, unless an earlier run did; return whether the rotation goes on from there."""
        self._switched = self._earlier.find()
        if self._switched is None and self._request.reactivate:
            raise GitOpsSecretsError(
                "there is no rotation whose old credential could be re-activated",
                "gitops-secrets registry list",
            )
        if self._switched is not None:
            self._record = self._found.record
            return self._resume()
        refuse_others(self._request, self._found)
        switch = Switch.prepare(self._request, self._repository, self._found)
        self._note_found()
        minted, previous = self._mint()
        try:
            self._prove(minted)
            self._bridge.lay(minted.credentials, self._journey)
            self._switch(switch, transaction, minted, previous)
        except Interrupted as error:
            with unheard():
                raise Interrupted(error.number, self._settle(switch, minted)) from None
        except GitOpsSecretsError as error:
            became = self._settle(switch, minted)
            self._failure = Failure(error.message, (*error.hints, became))
            return False
        return True

    def _settle(self, switch: Switch, minted: Minted) -> str:
        """Take back what was minted, unless a commit has it; return what became of it."""
        if switch.stands(self._changes):
            return "the commit with the new credential stands, and --resume goes on"
        left = self._bridge.take_back()
        if left:
            return (
                f"{', '.join(left)} may still have the new credential, and so it was not revoked: once Flux has "
                f"reconciled there, --revoke {minted.ident or 'ID'} revokes it with the old one"
            )
        return take_back(self._request.minter, minted, self._listed)

    def end(self) -> Outcome:
        """Push, confirm, prove again and revoke, as far as the request and the clusters allow."""
        try:
            if self._request.reactivate:
                self._ending().take_back(self._journey)
            elif self._push() and self._confirm() and self._prove_again():
                self._ending().revoke(self._journey)
        except GitOpsSecretsError as error:
            self._failure = Failure(error.message, error.hints)
        return self.outcome()

    def outcome(self) -> Outcome:
        """Return what was done so far."""
        goes_on = self._switched is not None and not self._journey.is_complete
        new = self._new_branch
        return Outcome(
            self._journey.steps,
            tuple(holder.secret for holder in self._found.holding.ours),
            new.name if new is not None else self._head.branch or "",
            self._switched.commit if self._switched is not None else None,
            self._changes,
            self._record,
            tuple(self._proofs),
            self._orphans(),
            failure=self._failure,
            resume=self._request.resume_with if goes_on else None,
            recovered=self.recovered,
            new_branch=new,
            addresses=self._addresses,
            is_complete=self._journey.is_complete,
        )

    def _resume(self) -> bool:
        """Note what an earlier run did. Return whether something is left to do."""
        assert self._switched is not None
        self._note_found()
        if not self._request.revoke and self._earlier.is_revoked(self._switched):
            self._journey.note_ended(
                "the registry refuses the old credential; nothing is left to do"
            )
            return False
        self._journey.note(Stage.MINT, State.DONE, "the new credential is in the repository")
        self._journey.note(
            Stage.PROVE, State.SKIPPED, "it is proven again before anything is revoked"
        )
        words = f"it came with commit {self._commit()[:10]}"
        self._journey.note(Stage.SWITCH, State.DONE, words)
        return True

    # -- the stages

    def _note_found(self) -> None:
        self._journey.note(Stage.FIND, State.DONE, self._found.sentence)

    def _mint(self) -> tuple[Minted, str | None]:
        """Return the new credential, and the id of the old one if it is known."""
        minted, old = make_new(
            self._request, self._found, self._listed, self._prefix, self._journey
        )
        self._token_seconds = minted.token_seconds
        return minted, old

    def _prove(self, minted: Minted) -> None:
        request, found = self._request, self._found
        proof = see_pull(request, found, minted.credentials, Stage.PROVE, self._journey)
        if proof is None:
            return
        self._proofs.append(proof)
        if not proof.is_good:
            raise GitOpsSecretsError(
                f"the new credential is not proven, and was not written: {sentence(proof)}",
                *([hint(proof, "--image")] if not is_refused(proof) else []),
            )

    def _switch(
        self, switch: Switch, transaction: Transaction, minted: Minted, previous: str | None
    ) -> None:
        request = self._request
        provider = request.minter.kind if request.minter is not None else BROUGHT
        record = Record(provider, minted.ident, minted.expires, previous)
        old = self._found.current
        request.progress("encrypting, and committing with the hooks of the repository")
        self._changes = switch.plan(minted.credentials, record)
        commit = switch.commit(transaction, self._changes)
        self._record, self._switched = record, Switched(commit, old)
        self._new_branch = switch.new_branch
        files = count(len(self._changes), "files")
        self._journey.note(Stage.SWITCH, State.DONE, f"{files} in commit {commit[:10]}")
        # From here on the repository is asked for what it holds now.
        self._found = find(request, self._repository)

    def _push(self) -> bool:
        request, repository, head = self._request, self._repository, self._head
        if self._new_branch is not None:
            self._addresses = push_for_review(
                request, repository, head, self._new_branch, self._journey
            )
            return False
        return push_to_upstream(
            request, repository, head, self._found, self._commit(), self._journey
        )

    def _confirm(self) -> bool:
        return confirm_all(
            self._request,
            self._repository,
            self._found,
            self._contexts,
            self._commit(),
            self._journey,
        )

    def _prove_again(self) -> bool:
        request, found = self._request, self._found
        proof = see_pull(request, found, found.current, Stage.PROVE_AGAIN, self._journey)
        self._proofs += [proof] if proof is not None else []
        if proof is not None and not proof.is_good:
            raise GitOpsSecretsError(
                f"the new credential is not proven any more, and nothing was revoked: {sentence(proof)}",
                request.resume_with,
            )
        if request.keep_old:
            words = "the old credential is kept, as --keep-old says"
            self._journey.note(Stage.REVOKE, State.SKIPPED, words)
            return False
        return self._journey.may(Stage.REVOKE) and is_time(request, self._since(), self._journey)

    def _ending(self) -> Ending:
        assert self._record is not None
        assert self._switched is not None
        return Ending(
            self._request,
            self._found,
            self._switched,
            self._record,
            self._listed,
            self._prefix,
            self._since(),
            self._token_seconds,
        )

    # -- what is asked several times

    def _commit(self) -> str:
        assert self._switched is not None
        return self._switched.commit

    def _since(self) -> dt.datetime:
        return self._repository.time_of(self._commit())

    def _orphans(self) -> tuple[str, ...]:
        """Return the ids of what was made and is held by nothing, as the list was at the start."""
        known = {*self._request.revoke}
        record = self._record or self._found.record
        if record is not None:
            known |= {one for one in (record.ident, record.previous) if one is not None}
        return tuple(one.ident for one in orphans(self._listed, self._prefix, known))
