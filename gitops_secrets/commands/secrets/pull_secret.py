"""One cluster's pull Secret: encrypted before it is written, changed in the fewest lines, read back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from gitops_secrets.adapters import age
from gitops_secrets.adapters.age import Identity
from gitops_secrets.adapters.sops import program as sops
from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.dockerconfig import build_dockerconfigjson, read_dockerconfigjson
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.sops.pullsecret import (
    CLUSTER_ANNOTATION,
    DOCKERCONFIGJSON,
    MAX_ENCRYPTED_BYTES,
    read_pull_secret,
    render_pull_secret,
)
from gitops_secrets.core.sops.structure import (
    MasterKey,
    check_encrypted,
    other_keys,
    read_documents,
    refuse_loss,
)
from gitops_secrets.core.sops.valuechanges import Change
from gitops_secrets.core.yamltext.nodes import compose_single, text, to_value
from gitops_secrets.errors import GitOpsSecretsError

_KEY = json.dumps(["data"]) + json.dumps([DOCKERCONFIGJSON])


class PullSecret(NamedTuple):
    """What a pull Secret is to hold, and by what it is encrypted."""

    cluster: Cluster
    name: str
    namespace: str
    credentials: Mapping[str, Credentials]
    """By registry key. They are added to what the Secret holds, or take the place of their like."""
    recipients: tuple[str, ...]
    config: bytes
    """All that sops gets to see of the ``.sops.yaml`` as it will be."""
    identity: Identity | None
    """The cluster's, where it is at hand."""
    identity_file: Path | None
    """The file that the user named, to look for identities in."""

    @property
    def path(self) -> str:
        """Where its manifest stands."""
        return self.cluster.secret_file(self.name)


class Encrypted(NamedTuple):
    """The manifest as it will be, and what became of each registry."""

    content: bytes
    added: tuple[str, ...]
    updated: tuple[str, ...]
    unchanged: tuple[str, ...]


def encrypt_pull_secret(
    wanted: PullSecret, before: bytes | None, encrypt: sops.Encrypt | None = None
) -> Encrypted:
    """Return the encrypted manifest of *wanted*; byte for byte *before* where nothing changes.

    Registries that *before* holds and *wanted* does not name are kept. *encrypt* is used where all of
    it is encrypted anew and it was started already, for just this path and these recipients. Raises GitOpsSecretsError
    where *before* is not ours or cannot be opened, and where what sops made does not read back.
    """
    if before is None:
        docker = build_dockerconfigjson(wanted.credentials)
        content = _encrypt_anew(wanted, docker, encrypt)
        return Encrypted(content, tuple(wanted.credentials), (), ())
    _refuse_foreign(wanted, before)
    identity = _identity_for(wanted, before)
    old = sops.decrypt(before, wanted.path, [identity.secret])
    held = read_dockerconfigjson(read_pull_secret(old, wanted.path), wanted.path)
    docker = build_dockerconfigjson({**held, **wanted.credentials})
    content = before
    others = other_keys(before, wanted.path)
    if not _fits(wanted, before, old, others):
        refuse_loss(wanted.path, others)
        content = _encrypt_anew(wanted, docker)
    elif held != {**held, **wanted.credentials}:
        plain = render_pull_secret(wanted.name, wanted.namespace, wanted.cluster.path, docker)
        value = json.dumps(text(compose_single(plain, wanted.path), "data", DOCKERCONFIGJSON))
        content = sops.change(
            before,
            wanted.path,
            [Change(_KEY, value.encode())],
            [identity.secret],
            wanted.config,
        )
        read = sops.decrypt(content, wanted.path, [identity.secret])
        _check_read_back(wanted, content, docker, read, others)
    given = wanted.credentials
    return Encrypted(
        content,
        added=tuple(k for k in given if k not in held),
        updated=tuple(k for k in given if k in held and held[k] != given[k]),
        unchanged=tuple(k for k in held if k not in given or held[k] == given[k]),
    )


def _encrypt_anew(wanted: PullSecret, docker: bytes, encrypt: sops.Encrypt | None = None) -> bytes:
    plain = render_pull_secret(wanted.name, wanted.namespace, wanted.cluster.path, docker)
    if encrypt is not None:
        content, read = encrypt(plain)
    else:
        identities = [wanted.identity.secret] if wanted.identity is not None else []
        with sops.encrypting(wanted.config, wanted.path, identities) as begun:
            content, read = begun(plain)
    _check_read_back(wanted, content, docker, read)
    return content


def _check_read_back(
    wanted: PullSecret,
    content: bytes,
    docker: bytes,
    read: bytes | None,
    others: Sequence[MasterKey] = (),
) -> None:
    """Raise GitOpsSecretsError unless *content* is *docker*, encrypted in full, for the recipients.

    *read* is *content* decrypted again, None where no identity is at hand.
    """
    check_encrypted(content, wanted.path, wanted.recipients, others)
    if len(content) > MAX_ENCRYPTED_BYTES:
        raise GitOpsSecretsError(
            f"{wanted.path} would be {len(content)} bytes, and Flux decrypts at most {MAX_ENCRYPTED_BYTES}",
            "let fewer recipients read it, or give some registries an --image-pull-secret of their own",
        )
    if read is not None and read_pull_secret(read, wanted.path) != docker:
        raise GitOpsSecretsError(f"{wanted.path} does not read back as it was encrypted")


def _fits(wanted: PullSecret, before: bytes, plain: bytes, others: Sequence[MasterKey]) -> bool:
    """Return whether *before* is encrypted as the rule says and is the object that is wanted."""
    try:
        check_encrypted(before, wanted.path, wanted.recipients, others)
    except GitOpsSecretsError:
        return False
    template = render_pull_secret(wanted.name, wanted.namespace, wanted.cluster.path, b"")
    target = to_value(compose_single(template, wanted.path))
    assert isinstance(target, dict)
    del target["data"]
    return _contains(to_value(compose_single(plain, wanted.path)), target)


def _contains(whole: object, part: object) -> bool:
    """Return whether *part* stands in *whole*: a user may have added labels and annotations."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(
            key in whole and _contains(whole[key], value) for key, value in part.items()
        )
    return whole == part


def _refuse_foreign(wanted: PullSecret, before: bytes) -> None:
    root = compose_single(before, wanted.path)
    owner = text(root, "metadata", "annotations", CLUSTER_ANNOTATION)
    named = text(root, "metadata", "namespace"), text(root, "metadata", "name")
    if owner == wanted.cluster.path and named == (wanted.namespace, wanted.name):
        return
    if owner is not None and owner != wanted.cluster.path:
        raise GitOpsSecretsError(
            f"{wanted.path} belongs to the cluster at {owner}, not to {wanted.cluster.path}",
            "give one of the two clusters a path whose last elements differ",
        )
    raise GitOpsSecretsError(
        f"{wanted.path} is there and was not made by gitops-secrets for this Secret",
        "pass another --image-pull-secret name, or move that file away",
    )


def _identity_for(wanted: PullSecret, before: bytes) -> Identity:
    """Return an identity that opens *before*. Raises GitOpsSecretsError where none is at hand."""
    metadata = read_documents(before, wanted.path)[0].metadata
    if metadata is None:
        raise GitOpsSecretsError(
            f"{wanted.path} is not encrypted, though it should be",
            f"git rm --cached {wanted.path}, and treat its credentials as leaked",
        )
    recipients = metadata.recipients
    if wanted.identity is not None and wanted.identity.recipient in recipients:
        return wanted.identity
    for recipient in recipients:
        found = age.find_identity(recipient, wanted.identity_file)
        if found is not None:
            return found[0]
    raise GitOpsSecretsError(
        f"no identity at hand opens {wanted.path}, so it cannot be compared with what is given",
        "pass --age-identity-file with an identity of one of its recipients: "
        + ", ".join(recipients),
    )
