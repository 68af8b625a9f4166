"""One file brought to its creation rule in a plan, in the fewest lines."""

from __future__ import annotations

from gitops_secrets.adapters.age import check_recipient
from gitops_secrets.adapters.sops.failures import TamperedError
from gitops_secrets.commands.secrets.ruling import ruling_by_recipients, ruling_by_rule
from gitops_secrets.commands.secrets.sealing import Opened, Sealer
from gitops_secrets.core.guard.judge.followed import followed
from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.core.sops.refusals import refuse_loss
from gitops_secrets.core.sops.rules.startconfig import Ruling
from gitops_secrets.core.verify.fixing import ANEW, Fixed, Left, Repair, difference
from gitops_secrets.core.verify.rules import MANIFESTS, Rules
from gitops_secrets.errors import GitOpsSecretsError

_NOT_OURS = "it is no YAML or JSON manifest of Secrets, which is all that gitops-secrets encrypts"


class Bringer:
    """Brings files to the rules of *rules*, with a sealer that plans them."""

    def __init__(self, rules: Rules, sealer: Sealer) -> None:
        self._rules = rules
        self._sealer = sealer

    def bring(self, repair: Repair, content: bytes) -> Fixed | Left:
        """Plan the file of *repair*, which holds *content*, as its rule says; return what changes, or why it is left.

        Raises GitOpsSecretsError if no identity at hand opens it.
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
        except GitOpsSecretsError as error:
            return Left(repair.path, error.message, error.hints)
        return difference(repair, held, sealed)

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
            return sealer.seal(held, ruling)
        opened, wanted = self._opened(repair, held)
        _refuse_other_kinds(wanted)
        if not ANEW.isdisjoint(repair.findings):
            return sealer.seal(wanted, ruling)
        is_same = wanted.is_same(opened.plain)
        if is_same and set(held.recipients) < set(ruling.recipients) and not ruling.groups:
            return sealer.rewrap(opened, ruling)
        return sealer.reseal(opened, wanted, ruling, renew=True)

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
