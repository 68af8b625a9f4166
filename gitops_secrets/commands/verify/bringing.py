"""One file brought to its creation rule in a plan, in the fewest lines."""

from __future__ import annotations

from collections.abc import Callable

from gitops_secrets.adapters.age import check_recipient
from gitops_secrets.adapters.sops.failures import TamperedError
from gitops_secrets.commands.secrets.ruling import ruling_by_recipients, ruling_by_rule
from gitops_secrets.commands.secrets.sealing import Opened, Sealer
from gitops_secrets.core.guard.judge.followed import followed
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.core.sops.refusals import refuse_loss
from gitops_secrets.core.sops.rules.startconfig import Ruling
from gitops_secrets.core.verify.fixing import ANEW, Fixed, Left, Repair, difference
from gitops_secrets.core.verify.rules import MANIFESTS, Rules
from gitops_secrets.errors import GitOpsSecretsError, MachineError

_NOT_OURS = "it is no YAML or JSON manifest of Secrets, which is all that gitops-secrets encrypts"


class Bringer:
    """Brings files to the rules of *rules* in *tree*, with a *sealer* that plans them there.

    *committed* gives what the last commit holds of a path, None if nothing.
    """

    def __init__(
        self,
        rules: Rules,
        tree: Overlay,
        sealer: Sealer,
        committed: Callable[[str], bytes | None],
    ) -> None:
        self._rules = rules
        self._tree = tree
        self._sealer = sealer
        self._committed = committed

    def bring(self, repair: Repair, content: bytes) -> Fixed | Left:
        """Plan the file of *repair*, which holds *content*, as its rule says; return what changes, or why it is left.

        Raises GitOpsSecretsError if no identity at hand opens it, and MachineError if the machine cannot encrypt now.
        """
        if not repair.path.endswith(MANIFESTS):
            return Left(repair.path, _NOT_OURS)
        held = Manifest(content, repair.path)
        try:
            ruling = self._ruling(held)
            if held.has_ciphertext:
                refuse_loss(held.path, held.other_keys)
        except GitOpsSecretsError as error:
            return Left(repair.path, error.message, error.hints)
        if held.has_ciphertext:
            # Before anything else of the file is judged: who cannot open one is told that first.
            self._sealer.identities(held)
        try:
            sealed = self._sealed(repair, held, ruling)
        except TamperedError:
            return Left(repair.path, "its MAC does not fit: more was changed than values added")
        except MachineError:
            # Nothing is wrong with this file, and no other one will do better.
            raise
        except GitOpsSecretsError as error:
            return Left(repair.path, error.message, error.hints)
        # A readable file is read by nobody new, unless the last commit kept it from somebody.
        before = held if held.has_ciphertext else self._committed_version(held.path)
        return difference(repair, held, sealed, before)

    def _ruling(self, held: Manifest) -> Ruling:
        """Return the ruling by the rule that verify held the file against, else by those who read it now."""
        path = held.path
        chosen = self._rules.choose(path)
        broken = [c for c in self._rules.above(path) if c in self._rules.broken]
        if broken:
            raise GitOpsSecretsError(f"{broken[0]} cannot be read, so no rule is known for it")
        if chosen is not None:
            content = followed(self._rules.configs, chosen.config)
            return ruling_by_rule(content, chosen.rule, path, chosen.config)
        if held.metadata is None or held.metadata.groups:
            raise GitOpsSecretsError("no creation rule is for it")
        for recipient in held.recipients:
            check_recipient(recipient)
        return ruling_by_recipients(held.recipients)

    def _sealed(self, repair: Repair, held: Manifest, ruling: Ruling) -> Manifest:
        sealer = self._sealer
        if not held.has_ciphertext:
            _refuse_other_kinds(held)
            return self._as_committed(held, ruling) or sealer.seal(held, ruling)
        opened, wanted = self._opened(repair, held)
        _refuse_other_kinds(wanted)
        if not ANEW.isdisjoint(repair.findings):
            return sealer.seal(wanted, ruling)
        is_same = wanted.is_same(opened.plain)
        if is_same and set(held.recipients) < set(ruling.recipients) and not ruling.groups:
            return sealer.rewrap(opened, ruling)
        return sealer.reseal(opened, wanted, ruling, renew=True)

    def _as_committed(self, held: Manifest, ruling: Ruling) -> Manifest | None:
        """Plan the readable *held* with the ciphertext that the last commit has for equal values.

        None, and nothing is planned, if the last commit has no encrypted version that opens and has its MAC.
        """
        before = self._committed_version(held.path)
        if before is None:
            return None
        try:
            opened = self._sealer.open_manifest(before)
        except GitOpsSecretsError:
            return None
        sealed = self._sealer.reseal(opened, held, ruling, renew=True)
        self._tree.write(held.path, sealed.content)
        return sealed

    def _committed_version(self, path: str) -> Manifest | None:
        """Return what the last commit has at *path*, None if that is not encrypted."""
        before = Manifest(self._committed(path) or b"", path)
        try:
            return before if before.has_ciphertext and not before.is_empty_shell else None
        except GitOpsSecretsError:
            return None

    def _opened(self, repair: Repair, held: Manifest) -> tuple[Opened, Manifest]:
        """Return *held* opened, its MAC checked, and all that it holds.

        A value that somebody added is no part of what the MAC is over; one that the file's rule leaves readable is.
        """
        if "readable-value" not in repair.findings:
            opened = self._sealer.open_manifest(held)
            return opened, opened.plain
        blanked, readable = held.blank_readable()
        opened = self._sealer.open_manifest(blanked)
        return opened, opened.plain.fill(readable)


def _refuse_other_kinds(plain: Manifest) -> None:
    """Raise GitOpsSecretsError unless the readable *plain* holds Secrets alone, as Kubernetes takes them."""
    _ = plain.secrets
