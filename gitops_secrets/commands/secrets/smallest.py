"""An encrypted file as it would be if only the values had been changed that differ from the last commit."""

from __future__ import annotations

from typing import NamedTuple

from gitops_secrets.commands.secrets.file import SecretFile
from gitops_secrets.commands.secrets.sealing import Sealer
from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.core.sops.rules.startconfig import Ruling
from gitops_secrets.errors import GitOpsSecretsError


class Lessened(NamedTuple):
    """What became of the file."""

    plain: Manifest
    note: str


def lessen(file: SecretFile, held: Manifest, sealer: Sealer, ruling: Ruling) -> Lessened:
    """Plan *held*, the encrypted file as it is now, with the data key and ciphertext that HEAD has for equal values.

    Raises GitOpsSecretsError if HEAD has no encrypted version for the readers of *ruling*, one in which other keys are
    encrypted, or one of which sops cannot make the file value by value.
    """
    path = file.path
    revision, contents = file.repository.contents("HEAD", [path])
    before = Manifest(contents[path] or b"", path)
    if not before.has_ciphertext:
        raise GitOpsSecretsError(f"HEAD has no encrypted version of {path}", f"git add {path}")
    if not before.is_encrypted_for(ruling.recipients, mac_only=ruling.mac_only):
        raise GitOpsSecretsError(
            f"{path} has other readers in HEAD than its creation rule names, so its change is no noise",
            f"git add {path}",
        )
    if _rule_of(before) != _rule_of(held):
        raise GitOpsSecretsError(
            f"{path} encrypts other keys than in HEAD, so its change is no noise", f"git add {path}"
        )
    now, old = sealer.open_manifest(held), sealer.open_manifest(before)
    changes = old.plain.changes_to(now.plain)
    sealed = sealer.change(old, changes, ruling) if changes else old
    if changes is None or not sealed.plain.is_same(now.plain):
        raise GitOpsSecretsError(
            f"{path} cannot be made from what HEAD has value by value: a comment was changed, or one of several "
            "documents",
            f"git add {path}",
        )
    sealed.sealed.check_encrypted(ruling.recipients, mac_only=ruling.mac_only)
    file.tree.write(path, sealed.sealed.content)
    return Lessened(
        now.plain,
        f"every value that did not change is as in commit {revision[:10]}, the data key too",
    )


def _rule_of(sealed: Manifest) -> tuple[str, str] | None:
    """Return what says which values of *sealed* are encrypted."""
    return sealed.metadata.rule if sealed.metadata is not None else None
