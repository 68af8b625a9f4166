"""What must not be written: values left readable, other readers than were asked for, or readers lost."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from gitops_secrets.core.sops.structure import MasterKey, SopsDocument
from gitops_secrets.errors import GitOpsSecretsError


def check_encrypted(
    documents: Sequence[SopsDocument],
    path: str,
    recipients: Sequence[str],
    others: Sequence[MasterKey] = (),
    *,
    mac_only: bool = False,
) -> None:
    """Raise GitOpsSecretsError unless every value of each Secret is ENC, for just *recipients* and *others*.

    sops exits 0 if its rule's regex matched nothing, with all of the Secret left readable. *mac_only* allows a
    MAC over the encrypted values alone.
    """
    if not documents:
        raise GitOpsSecretsError(f"{path}: sops wrote no document")
    for document in documents:
        metadata = document.metadata
        if metadata is None:
            raise GitOpsSecretsError(f"{path}: sops wrote no metadata")
        values = [v for v in document.values if v.path[0] in ("data", "stringData")]
        if document.readable_values() or not any(v.encrypted for v in values):
            raise GitOpsSecretsError(
                f"the creation rule for {path} leaves its values readable, and nothing was written",
                "its encrypted_regex has to be ^(data|stringData)$",
            )
        if metadata.mac is None or (metadata.mac_only_encrypted and not mac_only):
            raise GitOpsSecretsError(f"{path}: sops wrote no MAC over all of it")
        beside = [key for key in metadata.keys if key.kind != "age"]
        if sorted(metadata.recipients) != sorted(recipients) or beside != list(others):
            raise GitOpsSecretsError(
                f"{path} is encrypted for other recipients than .sops.yaml names for it",
                f"gitops-secrets encrypt {shlex.quote(path)} --age-identity-file FILE",
            )


def refuse_loss(path: str, others: Sequence[MasterKey]) -> None:
    """Raise GitOpsSecretsError if encrypting *path* anew would take away the readers *others*."""
    if others:
        kinds = ", ".join(dict.fromkeys(key.kind for key in others))
        raise GitOpsSecretsError(
            f"{path} would have to be encrypted anew, which takes away its readers by {kinds}",
            f"sops edit {path}",
            f"or take {kinds} out of its sops block, if nobody reads it by that",
        )
