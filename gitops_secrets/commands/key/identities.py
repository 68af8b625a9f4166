"""Each cluster's own identity: found, or made and kept where plain sops can be told of it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from gitops_secrets.adapters import age
from gitops_secrets.adapters.age import Identity
from gitops_secrets.adapters.keyring import Keyring
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.errors import GitOpsSecretsError


class ClusterIdentity(NamedTuple):
    """A cluster's recipient, and its identity if it is at hand."""

    recipient: str
    identity: Identity | None
    file: Path | None
    """Where the identity is, or is to be, kept."""
    notes: tuple[str, ...] = ()
    """For a new identity: what its file says above it. Empty where the file exists."""

    @property
    def is_new(self) -> bool:
        """Whether the identity has yet to be written to its file."""
        return bool(self.notes)


def choose_identity(
    cluster: Cluster, recorded: str | None, keyring: Keyring, top: Path
) -> ClusterIdentity:
    """Return the identity of *cluster*, whose recipient *recorded* ``.sops.yaml`` names if it does.

    The file that the user named is the one that it is to be in, or is in. A new one is only made
    here, in memory, and is in *keyring* then; keep_identity writes it. Raises GitOpsSecretsError if that
    file holds another identity.
    """
    named = keyring.named
    if recorded is not None:
        age.refuse_missing(named)
        found = keyring.find(recorded)
        if found is None and named is not None:
            raise GitOpsSecretsError(
                f"identity file {named} does not hold the identity of {cluster.path}, "
                f"whose recipient in .sops.yaml is {recorded}"
            )
        return ClusterIdentity(recorded, *(found or (None, None)))
    if named is not None and named.exists():
        identities = age.read_identities(named)
        if len(identities) > 1:
            raise GitOpsSecretsError(
                f"identity file {named} holds {len(identities)} identities, and a cluster has one",
                "pass a file with the cluster's identity alone",
            )
        return ClusterIdentity(identities[0].recipient, identities[0], named)
    notes = (f"cluster: {cluster.path}", f"repository: {top}")
    path = named or _default_file(cluster)
    if named is None and path.exists():
        if all(f"# {note}\n".encode() in path.read_bytes() for note in notes):
            identity = age.read_identities(path)[0]
            return ClusterIdentity(identity.recipient, identity, path)
        import hashlib

        digest = hashlib.sha256(str(top).encode()).hexdigest()[:8]
        path = path.with_name(f"{path.stem}-{digest}.agekey")
        if path.exists():
            identity = age.read_identities(path)[0]
            return ClusterIdentity(identity.recipient, identity, path)
    age.refuse_work_tree(path)
    identity = age.create_identity()
    keyring.add(identity)
    return ClusterIdentity(identity.recipient, identity, path, notes)


def keep_identity(chosen: ClusterIdentity) -> None:
    """Write a new identity to its file. Raises GitOpsSecretsError if it cannot be kept there."""
    if chosen.is_new and chosen.identity is not None and chosen.file is not None:
        age.write_identity(chosen.file, chosen.identity, list(chosen.notes))


def forget_identity(chosen: ClusterIdentity) -> None:
    """Remove the file that keep_identity wrote, for a run of which nothing else is left either."""
    if not chosen.is_new or chosen.file is None or chosen.identity is None:
        return
    # Not one that somebody else put there meanwhile.
    if chosen.file.is_file() and chosen.identity.secret in chosen.file.read_bytes():
        chosen.file.unlink()


def _default_file(cluster: Cluster) -> Path:
    folder = age.sops_config_folder() / "age" / "gitops-secrets"
    return folder / f"{cluster.name}.agekey"
